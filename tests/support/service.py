"""The embedded service as a child process, and a plain client that keeps every event it receives."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import ClientConnection, connect

KEY = "planted-key-5f1c"
PATH = "/api-ws/v1/realtime"
Message = dict[str, Any]


@contextmanager
def service(
    recognizer: str = "script", key: str = KEY, quirks: Any = None, sessions: int = 16,
    workers: int | None = None, **options: Any,
) -> Iterator[str]:
    """Run the service and yield its URL."""
    running = service_process(recognizer, key, quirks=quirks, sessions=sessions, workers=workers, **options)
    with running as (_, port):
        yield f"ws://127.0.0.1:{port}{PATH}"


@contextmanager
def service_process(
    recognizer: str = "script", key: str = KEY, stderr: Any = None, quirks: Any = None, sessions: int = 16,
    workers: int | None = None, **options: Any,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the service and yield its process and port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qwen_asr_widgets.service"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=stderr,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        settings = {
            "key": key, "recognizer": recognizer, "options": options, "quirks": quirks, "sessions": sessions,
            "workers": workers,
        }
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
        yield process, json.loads(process.stdout.readline())["port"]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


class Client:
    """A client with no opinion: sends what it is told, keeps what it gets."""

    def __init__(self, url: str, key: str = KEY, **more: Any) -> None:
        self.received: list[Message] = []
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(connect(
            f"{url}?model=qwen3-asr-flash-realtime", additional_headers={"Authorization": f"Bearer {key}"},
            proxy=None, max_size=None, **more,
        ))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def send(self, kind: str, **fields: Any) -> None:
        """Send an event; its id is made of its type."""
        self.socket.send(json.dumps({"event_id": f"event_{kind}", "type": kind, **fields}))

    def update(self, **session: Any) -> None:
        """Send a ``session.update``."""
        self.send("session.update", session=session)

    def append(self, samples: NDArray[np.int16] | bytes, chunk: int = 3_200) -> None:
        """Append samples, or bytes, in chunks of so many bytes."""
        data = samples if isinstance(samples, bytes) else samples.tobytes()
        for first in range(0, len(data), chunk):
            audio = base64.b64encode(data[first:first + chunk]).decode("ascii")
            self.send("input_audio_buffer.append", audio=audio)

    def until(self, wanted: str | Callable[[Message], bool], timeout: float = 30.0) -> Message:
        """Receive until an event of this type, or one that fits, and return it."""
        while True:
            message = json.loads(self.socket.recv(timeout))
            self.received.append(message)
            if message["type"] == wanted if isinstance(wanted, str) else wanted(message):
                return message

    def finish(self, timeout: float = 60.0) -> list[Message]:
        """Finish the session and return all events received in it."""
        self.send("session.finish")
        self.until("session.finished", timeout)
        return self.received

    def of_type(self, ending: str) -> list[Message]:
        """Return the events received whose type ends so."""
        return [message for message in self.received if message["type"].endswith(ending)]
