"""A service that follows a script: it records every frame, says what it is told to and breaks on purpose.

The script is a function that is given a `Peer` for each connection::

    def script(peer):
        peer.send(created())
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    with ScriptedServer(script) as server:
        ...connect to server.url...
        assert server.peer().types == ["session.finish"]
"""

from __future__ import annotations

import http
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

PATH = "/api-ws/v1/realtime"
PATIENCE = 20.0
"""Seconds any wait may take before the test fails; never reached when all is well."""

_QUIET = logging.getLogger("support.scripted_server")
_QUIET.setLevel(logging.ERROR)  # at DEBUG a server logs the headers it was sent, keys among them


def created(session_id: str = "sess_1", **session: Any) -> dict[str, Any]:
    """Return a ``session.created`` event."""
    return {"event_id": "event_c", "type": "session.created", "session": {"id": session_id, **session}}


def updated(**session: Any) -> dict[str, Any]:
    """Return a ``session.updated`` event."""
    return {"event_id": "event_u", "type": "session.updated", "session": session}


def item_events(item: str = "item_1", text: str = "good morning", start_ms: int = 200, end_ms: int = 900,
                previous: str | None = None) -> list[dict[str, Any]]:
    """Return the events of one item in the documented order."""
    transcription = "conversation.item.input_audio_transcription."
    return [
        {"type": "input_audio_buffer.speech_started", "item_id": item, "audio_start_ms": start_ms},
        {"type": transcription + "text", "item_id": item, "content_index": 0, "text": "", "stash": text[:4],
         "language": "en", "emotion": "neutral"},
        {"type": "input_audio_buffer.speech_stopped", "item_id": item, "audio_end_ms": end_ms},
        {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": previous},
        {"type": "conversation.item.created", "previous_item_id": previous, "item": {"id": item}},
        {"type": transcription + "completed", "item_id": item, "content_index": 0, "transcript": text,
         "language": "en", "emotion": "neutral"},
    ]


def answer_half(peer: Peer) -> None:
    """Answer one utterance, open another, and never finish."""
    peer.send(created())
    peer.until("session.update")
    peer.send(updated())
    peer.until("input_audio_buffer.append")
    peer.send(*item_events(start_ms=200, end_ms=900))
    peer.send(*item_events("item_2", "half a word", start_ms=1_400, end_ms=2_000)[:2])
    peer.drain()


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self.frames: list[str | bytes] = []
        self.path = connection.request.path if connection.request else ""
        self.headers = connection.request.headers if connection.request else {}
        self.close_code: int | None = None
        self.ended = False
        self.failure: BaseException | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every frame received so far, parsed."""
        return [json.loads(frame) for frame in list(self.frames)]

    @property
    def types(self) -> list[str]:
        """The type of every message received so far."""
        return [message["type"] for message in self.messages]

    def send(self, *events: Mapping[str, Any]) -> None:
        """Send events, each with an id."""
        for number, event in enumerate(events):
            self.send_raw(json.dumps({"event_id": f"event_{number}", **event}))

    def send_raw(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        self._connection.send(frame)

    def receive(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """Wait for one frame, record it and return it parsed."""
        frame = self._connection.recv(timeout=timeout)
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()
        return json.loads(frame)

    def until(self, kind: str) -> dict[str, Any]:
        """Receive until an event of this type has come; return it."""
        while True:
            message = self.receive()
            if message["type"] == kind:
                return message

    def drain(self) -> None:
        """Receive until the connection ends."""
        while True:
            self.receive()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a close frame."""
        self._connection.close(code, reason)

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._connection.socket.shutdown(socket.SHUT_RDWR)

    def wait_for_frames(self, count: int) -> None:
        """Wait until ``count`` frames were received."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.frames) >= count, PATIENCE), self.types

    def run(self, script: Callable[[Peer], None]) -> None:
        """Follow the script; the end of the connection ends it."""
        try:
            script(self)
        except ConnectionClosed:
            pass
        except BaseException as problem:
            self.failure = problem
            raise
        finally:
            with self._changed:
                self.close_code = self._connection.protocol.close_code
                self.ended = True
                self._changed.notify_all()

    def wait_until_ended(self) -> None:
        """Wait until the script is over."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.ended, PATIENCE)


class ScriptedServer:
    """A WebSocket server on loopback that follows a script.

    Parameters
    ----------
    script : callable
        Run for each connection with its `Peer`; None greets and records until the client leaves.
    status : int or None
        Refuse the handshake with this HTTP status.
    tls : ssl.SSLContext or None
        Serve ``wss://``.
    max_queue : int
        Frames taken from the network before the script asks for them.
    """

    def __init__(self, script: Callable[[Peer], None] | None = None, status: int | None = None,
                 tls: ssl.SSLContext | None = None, max_queue: int = 16) -> None:
        self._script = script or greet_and_record
        self._status = status
        self._tls = tls
        self._max_queue = max_queue
        self._changed = threading.Condition()
        self.peers: list[Peer] = []
        self.requests: list[str] = []

    def __enter__(self) -> ScriptedServer:
        self._server = serve(
            self._handle, "127.0.0.1", 0, process_request=self._process, ssl=self._tls, max_size=None,
            logger=_QUIET, max_queue=self._max_queue, compression=None, close_timeout=1, ping_interval=None,
        )
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE)

    @property
    def url(self) -> str:
        """The address without the model."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}{PATH}"

    def peer(self, number: int = 0) -> Peer:
        """Wait for a connection and return it."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.peers) > number, PATIENCE)
        return self.peers[number]

    def _process(self, connection: ServerConnection, request: Any) -> Any:
        self.requests.append(request.path)
        if self._status is not None:
            told = f"refused by the script: {request.headers.get('Authorization')}\n"
            return connection.respond(http.HTTPStatus(self._status), told)
        return None

    def _handle(self, connection: ServerConnection) -> None:
        peer = Peer(connection)
        with self._changed:
            self.peers.append(peer)
            self._changed.notify_all()
        peer.run(self._script)


def greet_and_record(peer: Peer) -> None:
    """Greet, confirm every update, answer a finish, and record whatever comes."""
    peer.send(created())
    while True:
        message = peer.receive()
        if message["type"] == "session.update":
            peer.send(updated(**message.get("session", {})))
        elif message["type"] == "session.finish":
            peer.send({"type": "session.finished"})
