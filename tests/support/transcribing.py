"""A transcriber whose messages are remembered, and pages that speak to it as a browser does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

RATE = 48_000
NOWHERE = "ws://127.0.0.1:9/api-ws/v1/realtime"
"""An address at which nothing listens."""

SECONDS = 30
"""How long a test waits for a run to be over; none comes near it."""


def spoken(seconds: float | None = None) -> NDArray[np.int16]:
    """Return the conversation at 48 kHz, as a microphone hears it."""
    clip = sample("conversation").clip
    samples = clip.to_pcm16() if seconds is None else clip[:seconds].to_pcm16()
    return resample(samples, clip.sample_rate, RATE)


def spoken_words() -> list[tuple[float, str]]:
    """Return the words of the conversation, each with the time at which it is said, for `script`."""
    return [
        (turn.start + (turn.end - turn.start) * (k + 1) / (len(turn.text.split()) + 1), word)
        for turn in sample("conversation").turns for k, word in enumerate(turn.text.split())
    ]


def script(**options: Any) -> Endpoint:
    """Return the embedded service that counts from one to ten: the real turns, no recogniser."""
    return embedded("script", **options)


def transcriber(source: Any = None, endpoint: Any = None, **options: Any) -> Transcriber:
    """Return a transcriber that keeps what it sends in ``heard`` instead of sending it."""
    widget = Transcriber(source, endpoint or script(), **options)
    heard: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(content: dict[str, Any], buffers: Any = None) -> None:
        heard.append((json.loads(json.dumps(content)), [bytes(buffer) for buffer in buffers or []]))

    widget.send = send
    widget.heard = heard
    return widget


def transcribers() -> Iterator[Callable[..., Transcriber]]:
    """Yield what makes transcribers, and close all that were made."""
    widgets: list[Transcriber] = []

    def make(*args: Any, **options: Any) -> Transcriber:
        widgets.append(transcriber(*args, **options))
        return widgets[-1]

    yield make
    for widget in widgets:
        widget.close()


def ask(widget: Transcriber, kind: str, **content: Any) -> None:
    """Say something to the widget as a view does."""
    widget._handle_custom_msg({"kind": kind, "view": "v", **content}, [])


def of_kind(widget: Transcriber, kind: str) -> list[dict[str, Any]]:
    """Return the messages of a kind that the widget has sent."""
    return [content for content, _ in widget.heard if content["kind"] == kind]


def compared(widget: Transcriber) -> dict[str, Any]:
    """Return what views were last told of the run shown beside its baseline."""
    return of_kind(widget, "compared")[-1]


def state(widget: Transcriber) -> dict[str, Any]:
    """Return what views are told now."""
    return widget.view.state()


def beside_cells(take: Callable[[], None]) -> None:
    """Let a kernel take a message as one does that hears pages while a cell runs: on another thread."""
    thread = threading.Thread(target=take)
    thread.start()
    thread.join()


class MicrophonePage:
    """A page that records: 48 kHz, chunks of 100 ms."""

    def __init__(self, widget: Transcriber, name: str = "page") -> None:
        self.widget = widget
        self.name = name
        self.number = 0
        self.chunks = 0

    def say(self, kind: str, buffers: tuple[bytes, ...] = (), **more: Any) -> None:
        """Send one message of the uplink."""
        session = f"{self.name}/{self.number}"
        content = {"kind": kind, "client": self.name, "session": session, "rate": RATE, **more}
        beside_cells(lambda: self.widget.uplink.inbox.take(content, buffers))

    def start(self, **settings: Any) -> MicrophonePage:
        """Begin a recording, with what the track really does."""
        self.number += 1
        self.chunks = 0
        settings = {"channelCount": 1, **settings}
        self.say("start", label="Built-in", settings=settings, asked={}, start_delay=0.1)
        return self

    def speak(self, samples: NDArray[np.int16], lose: tuple[int, ...] = ()) -> None:
        """Send samples at 48 kHz; the chunks numbered in ``lose`` never arrive."""
        for at in range(0, len(samples), RATE // 10):
            if self.chunks not in lose:
                piece = samples[at : at + RATE // 10].astype("<i2").tobytes()
                self.say("chunk", (piece,), seq=self.chunks, peak=0.5, clipped=0)
            self.chunks += 1

    def stop(self) -> None:
        """End the recording."""
        self.say("stop", chunks=self.chunks, reason="stopped")

    def upload(self, name: str, data: bytes, slice_bytes: int = 1 << 20) -> None:
        """Send a file in slices."""
        count = max(1, -(-len(data) // slice_bytes))
        for index in range(count):
            part = data[index * slice_bytes : (index + 1) * slice_bytes]
            about = {"upload": f"u-{name}", "name": name, "size": len(data), "slice": index, "slices": count}
            self.say("file", (part,), **about)
