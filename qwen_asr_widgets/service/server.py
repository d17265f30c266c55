"""The embedded service: who may connect, and one session for each client, on this machine alone."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ..client.endpoints import DEFAULT_MODEL, is_loopback_host
from ..errors import EndpointError
from ..protocol.quirks import NO_QUIRKS, Quirks
from .client_connection import ClientConnection
from .detuned_vad import DetunedSegmenter, Detuning
from .quirks import QuirkySegmenter, QuirkySession
from .recognizers import find_recognizer
from .segmenter import Segmenter
from .server_session import MakeSegmenter, ServerSession
from .worker_messages import LoadRecognizer
from .worker_pool import MOST_WORKERS, WorkerPool

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

PATH = "/api-ws/v1/realtime"

KEY_VARIABLE = "QWEN_ASR_WIDGETS_KEY"
"""Where ``serve`` looks for the key it is to ask for."""

MAX_FRAME = 20 * 1024 * 1024
"""Bytes of a frame that is read at all: an append over 15 MiB gets its error, a frame over this a close."""

MOST_CONNECTIONS = 256
"""Clients at the same time; one more is refused in the handshake (429)."""

HANDSHAKE_SECONDS = 10.0
"""Seconds a client may take to ask for what it wants."""

PATIENCE = 120.0
"""Seconds a ping may go unanswered: a client is not read while its recogniser is behind."""

_FRAMES_WAITING = 2
"""Frames read ahead: each may have 20 MiB."""


class Service:
    """A running service; made by `Service.start`.

    Attributes
    ----------
    port : int
        Where it listens.
    engine : str
        The recogniser's name and version.
    """

    def __init__(
        self, key: str, recognizer: str, options: Mapping[str, Any], quirks: Quirks = NO_QUIRKS,
        workers: int = MOST_WORKERS,
    ) -> None:
        self.port = 0
        self.engine = ""
        self._key = key
        self._languages = find_recognizer(recognizer).languages
        own = dict(options)
        self._quirks = quirks
        self._make_segmenter = _segmenter_of(Detuning.of(own.pop("detector", None)), quirks)
        self._pool = WorkerPool(LoadRecognizer(recognizer, own), workers)
        self._server: Server | None = None

    def __repr__(self) -> str:
        return f"<Service {self.url} {self.engine}>"

    @classmethod
    async def start(
        cls, key: str, recognizer: str = "pocketsphinx", options: Mapping[str, Any] | None = None,
        host: str = "127.0.0.1", port: int = 0, quirks: Quirks = NO_QUIRKS, workers: int = MOST_WORKERS,
    ) -> Service:
        """Start listening.

        Parameters
        ----------
        key : str
            Clients must name it as ``Authorization: Bearer``.
        recognizer : str
            Which recogniser answers, one of `recognizers.available`.
        options : Mapping or None
            Keywords for it.
        host : str
            An address of this machine's loopback.
        port : int
            0 takes a free one.
        quirks : Quirks
            What it does otherwise than the documentation says.
        workers : int
            Sessions that may send sound at the same time; one more is told and closed with 1013.

        Raises
        ------
        EndpointError
            The host is not loopback, the key is empty, or there is no such recogniser.
        MissingDependency
            The package that the recogniser needs is not installed.
        RecognizerUnavailable
            The recogniser cannot be started with these options.
        OSError
            The port is taken.
        """
        if not is_loopback_host(host):
            raise EndpointError(
                f"The embedded service listens on this machine only, not on {host!r}; leave the host out."
            )
        if not key:
            raise EndpointError("The embedded service wants a key that is not empty.")
        service = cls(key, recognizer, options or {}, quirks, workers)
        await service._listen(host, port)
        return service

    @property
    def url(self) -> str:
        """The address of the service, without model."""
        return f"ws://127.0.0.1:{self.port}{PATH}"

    async def close(self) -> None:
        """Close every connection and end every recogniser."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await self._pool.close()

    async def _listen(self, host: str, port: int) -> None:
        from websockets.asyncio.server import serve as listen

        try:
            self.engine = await self._pool.open()
            self._server = await listen(
                self._serve, host, port, process_request=self._admit, compression=None, max_size=MAX_FRAME,
                max_queue=_FRAMES_WAITING, server_header=None, close_timeout=2, logger=_quiet_logger(),
                ping_timeout=PATIENCE, open_timeout=HANDSHAKE_SECONDS, backlog=2 * MOST_CONNECTIONS,
            )
        except BaseException:
            await self._pool.close()
            raise
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        refusal = refuse_handshake(request.path, request.headers, self._key, self.port)
        if refusal is None and self._server is not None and len(self._server.connections) >= MOST_CONNECTIONS:
            refusal = HandshakeRefusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This service serves {MOST_CONNECTIONS} connections at once, and has as many. Close one.",
            )
        if refusal is None:
            return None
        return connection.respond(refusal.status, refusal.message + "\n")

    async def _serve(self, socket: ServerConnection) -> None:
        target = socket.request.path if socket.request is not None else PATH
        await ClientConnection(socket, self._pool, self._session(requested_model(target))).run()

    def _session(self, model: str) -> ServerSession | QuirkySession:
        make = partial(ServerSession, model, self.engine, self._languages, self._make_segmenter)
        return make() if self._quirks == NO_QUIRKS else QuirkySession(make, self._quirks)


def _segmenter_of(detuning: Detuning | None, quirks: Quirks) -> MakeSegmenter:
    """Return what makes the segmenter of each session."""
    longest = quirks.longest_turn_s
    make: MakeSegmenter = (
        partial(Segmenter, longest_turn_s=longest) if detuning is None
        else partial(DetunedSegmenter, detuning=detuning, longest_turn_s=longest)
    )
    return make if quirks == NO_QUIRKS else partial(QuirkySegmenter, quirks=quirks, make=make)


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    key: str | None = None,
    recognizer: str = "pocketsphinx",
    options: Mapping[str, Any] | None = None,
    announce: Callable[[str], Any] | None = None,
    quirks: Quirks = NO_QUIRKS,
    workers: int = MOST_WORKERS,
) -> None:
    """Run the service until it is interrupted (Ctrl-C).

    Parameters
    ----------
    host, port, recognizer, options, quirks, workers
        As for `Service.start`.
    key : str or None
        None takes ``QWEN_ASR_WIDGETS_KEY`` from the environment, or makes a random key.
    announce : callable or None
        Is given the lines that tell the user address and key; None writes them to stdout. A key that was
        given is not repeated.

    Raises
    ------
    EndpointError, MissingDependency, RecognizerUnavailable, OSError
        As `Service.start`.
    """
    given = key or os.environ.get(KEY_VARIABLE)
    wanted = given or secrets.token_urlsafe(24)
    announce = announce or _say

    async def run() -> None:
        service = await Service.start(wanted, recognizer, options, host, port, quirks, workers)
        role = "" if quirks == NO_QUIRKS else ", standing in for DashScope,"
        announce(f"{service.engine}{role} answers at {service.url}\n")
        announce(f"key: {'the one you gave' if given else wanted}\nCtrl-C ends it.\n")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await service.close()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        announce("\n")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _quiet_logger() -> logging.Logger:
    """Return a logger for the WebSocket library that stays above DEBUG: there it would log the headers."""
    logger = logging.getLogger("qwen_asr_widgets.websockets")
    logger.setLevel(logging.WARNING)
    return logger


# ---- who may connect

@dataclass(frozen=True)
class HandshakeRefusal:
    """Why a handshake is refused: the HTTP status and a sentence."""

    status: HTTPStatus
    message: str


def refuse_handshake(target: str, headers: Mapping[str, str], key: str, port: int) -> HandshakeRefusal | None:
    """Return why a handshake must be refused, or None.

    Parameters
    ----------
    target : str
        Path and query of the request.
    headers : Mapping
        Its headers; looked up by ``get`` in their usual spelling.
    key : str
        The key that must stand in ``Authorization: Bearer``.
    port : int
        The service's own port: Host and Origin must name it on this machine.

    Notes
    -----
    A Host that is not this machine's means a DNS name was pointed here; an Origin that is not the service's
    own means a web page tries. Clients outside a browser send no Origin, or (websocket-client) the service's.

    Examples
    --------
    >>> headers = {"Host": "127.0.0.1:80", "Authorization": "Bearer no"}
    >>> refuse_handshake("/api-ws/v1/realtime", headers, "yes", 80)
    HandshakeRefusal(status=<HTTPStatus.UNAUTHORIZED: 401>, message='The key is missing or wrong.')
    """
    host, origin = headers.get("Host") or "", headers.get("Origin")
    if not _is_own(f"http://{host}", port):
        return HandshakeRefusal(HTTPStatus.FORBIDDEN, "The Host header does not name this machine.")
    if origin is not None and not _is_own(origin, port):
        return HandshakeRefusal(HTTPStatus.FORBIDDEN, "Pages of another origin may not connect.")
    if urlsplit(target).path != PATH:
        return HandshakeRefusal(HTTPStatus.NOT_FOUND, f"There is nothing here; the service is at {PATH}.")
    scheme, _, given = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
        return HandshakeRefusal(HTTPStatus.UNAUTHORIZED, "The key is missing or wrong.")
    return None


def requested_model(target: str) -> str:
    """Return the model a request names, or the usual one."""
    return parse_qs(urlsplit(target).query).get("model", [DEFAULT_MODEL])[0]


def _is_own(url: str, port: int) -> bool:
    """Return whether an origin is this service: by address, since names such as 127.0.0.1.evil.org exist."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        is_here = name == "localhost" or ip_address(name).is_loopback
        return is_here and (parts.port or 80) == port
    except ValueError:
        return False
