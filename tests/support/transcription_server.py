"""A scripted server with ``POST /v1/audio/transcriptions`` on loopback, and the log of all it was asked."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Asked:
    """A request for a transcription.

    Parameters
    ----------
    fields : dict
        The form's fields but for the file.
    file : dict
        Name and content type of the file.
    samples : array of int16
        Its sound.
    headers : dict
        Lower-case names.
    connection : int
        Port of the client's end: equal where a connection was kept.
    """

    fields: dict[str, str]
    file: dict[str, str | None]
    samples: NDArray[np.int16]
    headers: dict[str, str]
    connection: int

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / 16_000


Answer = Callable[["Exchange"], None]


@dataclass
class TranscriptionServer:
    """Answers with what it is scripted to; the last answer stands for all that follow."""

    answers: list[Answer]
    models: Any = ("tiny",)
    asked: list[Asked] = field(default_factory=list)
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    gone: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        """Its address as far as ``/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"

    def next_answer(self) -> Answer:
        """Return the next answer of the script."""
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Exchange(BaseHTTPRequestHandler):
    """One connection; a script answers by its methods."""

    protocol_version = "HTTP/1.1"
    server_of: TranscriptionServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List the models, or say 404 where there is no list."""
        models = self.server_of.models
        if isinstance(models, int):
            self.reply({"error": {"message": "no"}}, models)
        else:
            self.reply({"object": "list", "data": [{"id": name, "object": "model"} for name in models]})

    def do_POST(self) -> None:
        """Note what is asked and let the script answer."""
        here = self.server_of
        body = self.rfile.read(int(self.headers["content-length"]))
        with here.lock:
            here.asked.append(self._parsed(body))
            here.now += 1
            here.most_at_once = max(here.most_at_once, here.now)
        try:
            here.next_answer()(self)
        except OSError:
            self.close_connection = True
        finally:
            with here.lock:
                here.now -= 1

    def _parsed(self, body: bytes) -> Asked:
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        fields, file, samples = {}, {}, np.zeros(0, np.int16)
        for part in message_from_bytes(head + body, policy=HTTP).iter_parts():
            content = part.get_payload(decode=True)
            if part.get_filename():
                file = {"filename": part.get_filename(), "type": part.get_content_type()}
                samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
                assert rate == 16_000 and samples.ndim == 1
            else:
                fields[part.get_param("name", header="content-disposition")] = content.decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(fields, file, samples, headers, self.client_address[1])

    def reply(self, body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """Send a whole answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def stream(self, *events: Any) -> None:
        """Send events as they are streamed."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            data = event if isinstance(event, str) else json.dumps(event)
            line = f"data: {data}\n\n".encode()
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def text(words: str, **more: Any) -> Answer:
    """Answer with a transcript."""
    return lambda exchange: exchange.reply({"text": words, **more})


def status(code: int, message: str = "no", **headers: str) -> Answer:
    """Answer with an error in OpenAI's form."""
    return lambda exchange: exchange.reply({"error": {"message": message}}, code, **headers)


def page(exchange: Exchange) -> None:
    """Answer with a web page."""
    exchange.reply(b"<html><body>Welcome to nginx!</body></html>", kind="text/html")


def half(exchange: Exchange) -> None:
    """Answer with half a body, then close."""
    exchange.send_response(200)
    exchange.send_header("Content-Length", "400")
    exchange.end_headers()
    exchange.wfile.write(b'{"text": "Nobody is')
    exchange.close_connection = True


def silence(exchange: Exchange) -> None:
    """Say nothing until the server ends."""
    exchange.server_of.gone.wait(60.0)
    exchange.close_connection = True


def endless(exchange: Exchange) -> None:
    """Answer without end, a piece at a time."""
    exchange.send_response(200)
    exchange.send_header("Content-Length", str(10**9))
    exchange.end_headers()
    while not exchange.server_of.gone.wait(0.02):
        exchange.wfile.write(b" " * 64)


def count_seconds(exchange: Exchange) -> None:
    """Answer with a word for each half second that was sent."""
    words = "one two three four five six seven eight nine ten".split()
    halves = int(2 * exchange.server_of.asked[-1].seconds)
    exchange.reply({"text": " ".join(words[number % 10] for number in range(halves))})


@contextmanager
def transcription_server(*answers: Answer, models: Any = ("tiny",)) -> Iterator[TranscriptionServer]:
    """Run a server for the time of a block."""
    script = TranscriptionServer(list(answers) or [text("hello")], models)
    handler = type("Handler", (Exchange,), {"server_of": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    script.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.gone.set()
        server.shutdown()
        server.server_close()
        thread.join(5.0)
