"""A service that hears words by their loudness, at any place of any session, and breaks where it is told to.

A word is 0.3 s of a square wave whose amplitude says which word it is; an utterance is words with short gaps,
and silence. Whatever a session begins with, the same sound has the same turns and the same words in it: what
a run makes of a cut connection can be compared with a run without one to the sample.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qwen_asr_widgets import SessionConfig, TurnDetection
from qwen_asr_widgets.vad.turns import HOP, TurnDetector, TurnOpened
from support.scripted_server import PATIENCE, Peer, created, updated

RATE = 16_000
STEP = 64
"""Amplitude of word 1; word n has n times that."""

WORD, BETWEEN, PAUSE = 0.3, 0.1, 1.2
"""Seconds of a word, of the gap between two words, and of the silence after an utterance."""

Break = Callable[[Peer], None]


def talk(*counts: int, pause: float = PAUSE) -> NDArray[np.int16]:
    """Return the sound of utterances with so many words each, numbered through from 1."""
    pieces, word = [np.zeros(round(0.8 * RATE), np.int16)], 0
    for count in counts:
        for _ in range(count):
            word += 1
            wave = STEP * word * np.where(np.arange(round(WORD * RATE)) % 40 < 20, 1, -1)
            pieces += [wave.astype(np.int16), np.zeros(round(BETWEEN * RATE), np.int16)]
        pieces.append(np.zeros(round(pause * RATE), np.int16))
    return np.concatenate(pieces)


def words_in(samples: NDArray[np.int16]) -> list[str]:
    """Return the words that begin in samples: one that was begun before is not among them."""
    loud = np.abs(samples.astype(int)) // STEP
    starts = np.flatnonzero((loud > 0) & (np.concatenate([[0], loud[:-1]]) == 0))
    return [f"w{loud[start]}" for start in starts]


class ToneSession:
    """One session: audio comes in, events go out; the service or, in manual mode, the client takes turns."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._items = self._scored = self._committed = 0
        self._open: tuple[str, int] | None = None
        self.audio = np.zeros(0, np.int16)
        self.configure(SessionConfig().to_wire())

    def configure(self, session: dict[str, Any]) -> None:
        """Take settings."""
        detection = SessionConfig().updated(session).turn_detection
        self._detector = TurnDetector(detection or TurnDetection())
        self._is_manual = detection is None

    def hear(self, samples: NDArray[np.int16]) -> Iterator[dict[str, Any]]:
        """Take audio and yield what is found."""
        self.audio = np.concatenate([self.audio, samples])
        while not self._is_manual and self._scored + HOP <= len(self.audio):
            frame = self.audio[self._scored:self._scored + HOP]
            self._scored += HOP
            for change in self._detector.push([1.0 if np.abs(frame).max() >= STEP else -1.0]):
                yield from self._follow(change)

    def commit(self) -> Iterator[dict[str, Any]]:
        """Make an item of what was appended since the last commit."""
        item, start = self._new_item(), self._committed
        self._committed = len(self.audio)
        yield from _committed(item)
        yield _completed(item, words_in(self.audio[start:]))

    def finish(self) -> Iterator[dict[str, Any]]:
        """Close what is open."""
        for change in self._detector.finish():
            yield from self._follow(change)
        yield {"type": "session.finished"}

    def _new_item(self) -> str:
        self._items += 1
        return f"item_{self._name}_{self._items}"

    def _follow(self, change: Any) -> Iterator[dict[str, Any]]:
        if isinstance(change, TurnOpened):
            item = self._new_item()
            self._open = item, change.start_sample
            yield {"type": "input_audio_buffer.speech_started", "item_id": item,
                   "audio_start_ms": change.start_sample // 16, "audio_onset_ms": change.onset_sample // 16}
            yield {"type": "conversation.item.input_audio_transcription.text", "item_id": item,
                   "content_index": 0, "text": "", "stash": "w"}
            return
        assert self._open is not None
        (item, start), self._open = self._open, None
        yield {"type": "input_audio_buffer.speech_stopped", "item_id": item,
               "audio_end_ms": change.end_sample // 16, "reason": change.reason}
        yield from _committed(item)
        yield _completed(item, words_in(self.audio[start:change.end_sample]))


def _committed(item: str) -> list[dict[str, Any]]:
    return [
        {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": None},
        {"type": "conversation.item.created", "previous_item_id": None, "item": {"id": item}},
    ]


def _completed(item: str, words: Sequence[str]) -> dict[str, Any]:
    return {"type": "conversation.item.input_audio_transcription.completed", "item_id": item,
            "content_index": 0, "transcript": " ".join(words)}


class ToneService:
    """The script of a `ScriptedServer`: one `ToneSession` for each connection.

    It hears PCM; Opus it takes without a word.

    Parameters
    ----------
    breaks : sequence of (float, callable)
        For each connection in turn, after how many seconds of its audio it breaks, and how: the callable is
        given the peer. Later connections do not break.
    update_midway : bool
        Whether settings can change once audio was sent; if not, that ends the session with 1007.
    idle : float
        Seconds without a message after which the session is closed with 1007.
    """

    def __init__(
        self, *breaks: tuple[float, Break], update_midway: bool = True, idle: float = PATIENCE
    ) -> None:
        self.idle = idle
        self.breaks = list(breaks)
        self.update_midway = update_midway
        self.sessions: list[ToneSession] = []
        self.updates: list[list[dict[str, Any]]] = []

    def __call__(self, peer: Peer) -> None:
        number = len(self.sessions)
        session = ToneSession(str(number))
        self.sessions.append(session)
        self.updates.append([])
        seconds, end = self.breaks[number] if number < len(self.breaks) else (0.0, None)
        limit = round(seconds * RATE)
        peer.send(created(f"sess_{number}"))
        while True:
            try:
                message = peer.receive(self.idle)
            except TimeoutError:
                peer.close(1007, f"closed because no response was generated for {self.idle} seconds")
                return
            if message["type"] == "session.update":
                if len(session.audio) and not self.update_midway:
                    peer.close(1007, "Session update error: session already started")
                    return
                self.updates[-1].append(message["session"])
                session.configure(message["session"])
                peer.send(updated(**message["session"]))
            elif message["type"] == "input_audio_buffer.append":
                if self.updates[-1] and self.updates[-1][-1].get("input_audio_format") == "opus":
                    continue
                samples = np.frombuffer(base64.b64decode(message["audio"]), "<i2")
                left = len(samples) if end is None else max(0, limit - len(session.audio))
                peer.send(*session.hear(samples[:left]))
                if end is not None and len(session.audio) >= limit:
                    end(peer)
                    return
            elif message["type"] == "input_audio_buffer.commit":
                peer.send(*session.commit())
            elif message["type"] == "session.finish":
                peer.send(*session.finish())


def drop(peer: Peer) -> None:
    """Cut the connection without a word."""
    peer.drop()


def close(code: int, reason: str = "") -> Break:
    """Return what closes a connection with a code."""
    return lambda peer: peer.close(code, reason)


def server_error(peer: Peer) -> None:
    """Report an error of the service's own, and listen no more."""
    peer.send({"type": "error", "error": {"type": "server_error", "code": "internal", "message": "oh"}})
    peer.drain()
