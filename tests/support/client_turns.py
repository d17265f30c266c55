"""Runs in which the client takes turns, and a service for them."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

import numpy as np
from qwen_asr_widgets import Endpoint, Recording, SessionConfig, TurnDetection, sample, transcribe
from qwen_asr_widgets.audio.clip import AudioClip
from support.scripted_server import Peer, created, item_events, updated

TALK = sample("conversation")
APPEND, COMMIT = "input_audio_buffer.append", "input_audio_buffer.commit"


def by_client(
    source: Any, endpoint: Endpoint, detection: TurnDetection | None = TurnDetection(0.0, 400), **options: Any
) -> Recording:
    """Transcribe with turns taken by the client; options are those of ``transcribe`` and of the session."""
    config = SessionConfig(turn_detection=detection, **{
        name: options.pop(name) for name in ("sample_rate", "input_audio_format") if name in options
    })
    options = {"sample_rate": config.sample_rate, **options} if isinstance(source, list) else options
    options = {"pace": None, "progress": False, **options}
    return transcribe(source, endpoint, config, turn_taking="client", **options)


def padded(clip: AudioClip, before: float = 8.0, after: float = 8.0) -> AudioClip:
    """Return a clip with so many seconds of silence around it."""
    rate = clip.sample_rate
    quiet = [np.zeros(round(seconds * rate), np.float32) for seconds in (before, after)]
    return AudioClip(np.concatenate([quiet[0], clip.samples, quiet[1]]), rate)


class ManualService:
    """A manual-mode service that answers every commit with a word, and keeps what was appended to each.

    Parameters
    ----------
    refuse : collection of int
        Numbers of the commits, counted from 1, that are errors.
    """

    def __init__(self, refuse: Collection[int] = ()) -> None:
        self.refuse = refuse
        self.seconds: list[float] = []
        self.pcm = b""

    def __call__(self, peer: Peer) -> None:
        peer.send(created())
        buffered = b""
        while True:
            message = peer.receive()
            kind = message["type"]
            if kind == "session.update":
                peer.send(updated(**message["session"]))
            elif kind == APPEND:
                buffered += base64.b64decode(message["audio"])
            elif kind == COMMIT:
                self.seconds.append(len(buffered) / 32_000)
                self.pcm, buffered = self.pcm + buffered, b""
                self.answer(peer, len(self.seconds))
            elif kind == "session.finish":
                peer.send({"type": "session.finished"})

    def answer(self, peer: Peer, number: int) -> None:
        """Answer a commit, counted from 1, with its words or a refusal."""
        if number in self.refuse:
            error = {"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty",
                     "message": "too little"}
            peer.send({"type": "error", "error": error})
        else:
            peer.send(*item_events(f"item_{number}", f"words {number}")[3:])
