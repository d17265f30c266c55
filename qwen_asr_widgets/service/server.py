"""The embedded service's listening socket: lets clients in by `operation`, gives each a session."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ..client.embedded import default_recognizer
from ..client.endpoints import DEFAULT_MODEL, REALTIME_PATH
from ..protocol.quirks import NO_QUIRKS, Quirks
from .client_connection import ClientConnection
from .detuned_vad import DetunedSegmenter, Detuning
from .operation.access import HEALTH, METRICS, Access, HandshakeRefusal, cannot_listen, refuse_handshake
from .operation.metrics import CONTENT_TYPE, ServiceMetrics
from .recognizers import find_recognizer
from .replay.recognizer import ReplayedSessions, ReplayRecognizer
from .replay.replay_session import ReplaySession
from .segmenter import Segmenter
from .server_session import MakeSegmenter, ServerSession
from .standin import QuirkySegmenter, QuirkySession
from .workers.messages import LoadRecognizer
from .workers.pool import MOST_SESSIONS, WorkerPool

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

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
        self, access: Access, recognizer: str, options: Mapping[str, Any], quirks: Quirks = NO_QUIRKS,
        sessions: int = MOST_SESSIONS, workers: int | None = None,
    ) -> None:
        self.port = 0
        self.engine = ""
        self._access = access
        self._metrics = ServiceMetrics()
        self._clients: set[ClientConnection] = set()
        found = find_recognizer(recognizer)
        self._languages = found.languages
        own = dict(options)
        self._quirks = quirks
        self._make_segmenter = _segmenter_of(Detuning.of(own.pop("detector", None)), quirks)
        self._replayed: ReplayedSessions | None = (
            found.answers(own) if issubclass(found, ReplayRecognizer) else None
        )
        self._pool = WorkerPool(LoadRecognizer(recognizer, own), sessions, workers)
        self._server: Server | None = None

    def __repr__(self) -> str:
        return f"<Service {self.url} {self.engine}>"

    @classmethod
    async def start(
        cls, access: Access, recognizer: str | None = None, options: Mapping[str, Any] | None = None,
        port: int = 0, quirks: Quirks = NO_QUIRKS, sessions: int = MOST_SESSIONS, workers: int | None = None,
    ) -> Service:
        """Start listening.

        Parameters
        ----------
        access : Access
            Where it listens, which keys clients may name, and with what it encrypts.
        recognizer : str or None
            Which recogniser answers, one of `recognizers.available`; None takes `default_recognizer`.
        options : Mapping or None
            Keywords for it.
        port : int
            0 takes a free one.
        quirks : Quirks
            What it does otherwise than the documentation says.
        sessions : int
            Sessions that may send sound at the same time; one more is told and closed with 1013.
        workers : int or None
            Processes of the recogniser that these share at most; None: one for each session.

        Raises
        ------
        EndpointError
            There is no such recogniser, the port is taken, or the address is none of this machine's.
        MissingDependency
            The package that the recogniser needs is not installed.
        RecognizerUnavailable
            The recogniser cannot be started with these options.
        """
        service = cls(access, recognizer or default_recognizer(), options or {}, quirks, sessions, workers)
        await service._listen(port)
        return service

    @property
    def url(self) -> str:
        """The address of the service, without model."""
        scheme = "ws" if self._access.tls is None else "wss"
        host = f"[{self._access.host}]" if ":" in self._access.host else self._access.host
        return f"{scheme}://{host}:{self.port}{REALTIME_PATH}"

    async def close(self) -> None:
        """Close every connection and end every recogniser."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await self._pool.close()

    async def _listen(self, port: int) -> None:
        try:
            self.engine = await self._pool.open()
            self._server = await self._bind(port)
        except BaseException:
            await self._pool.close()
            raise
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def _bind(self, port: int) -> Server:
        from websockets.asyncio.server import serve as listen

        host = self._access.host
        try:
            return await listen(
                self._serve, host, port, process_request=self._admit, compression=None,
                max_size=MAX_FRAME, max_queue=_FRAMES_WAITING, server_header=None, close_timeout=2,
                logger=_quiet_logger(), ping_timeout=PATIENCE, open_timeout=HANDSHAKE_SECONDS, backlog=2 *
                MOST_CONNECTIONS, ssl=self._access.tls,
            )
        except OSError as problem:
            raise cannot_listen(host, port, problem) from None

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        refusal = refuse_handshake(request.path, request.headers, self._access, self.port)
        path = urlsplit(request.path).path
        if refusal is None and path in (HEALTH, METRICS):
            return self._page(connection, path)
        if refusal is None and self._server is not None and len(self._server.connections) >= MOST_CONNECTIONS:
            refusal = HandshakeRefusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This service serves {MOST_CONNECTIONS} connections at once, and has as many. Close one.",
            )
        if refusal is None:
            return None
        return connection.respond(refusal.status, refusal.message + "\n")

    def _page(self, connection: ServerConnection, path: str) -> Response:
        """Answer a plain request: whether the service is well, or what it has done."""
        if path == HEALTH:
            return connection.respond(HTTPStatus.OK, "ok\n")
        assert self._server is not None
        behind = max((client.behind for client in self._clients), default=0.0)
        page = connection.respond(HTTPStatus.OK, self._metrics.text(
            self.engine, len(self._clients), self._pool, behind,
        ))
        del page.headers["Content-Type"]
        page.headers["Content-Type"] = CONTENT_TYPE
        return page

    async def _serve(self, socket: ServerConnection) -> None:
        target = socket.request.path if socket.request is not None else REALTIME_PATH
        session = self._session(requested_model(target))
        client = ClientConnection(socket, self._pool, session, self._metrics)
        self._clients.add(client)
        self._metrics.sessions_total += 1
        try:
            await client.run()
        finally:
            self._clients.discard(client)

    def _session(self, model: str) -> ServerSession | QuirkySession | ReplaySession:
        if self._replayed is not None:
            return self._replayed.next()
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
    access: Access,
    port: int = 0,
    recognizer: str | None = None,
    options: Mapping[str, Any] | None = None,
    announce: Callable[[str], Any] | None = None,
    quirks: Quirks = NO_QUIRKS,
    sessions: int = MOST_SESSIONS,
    workers: int | None = None,
    told: str = "the one you gave",
) -> None:
    """Run the service until it is interrupted (Ctrl-C).

    Parameters
    ----------
    access, port, recognizer, options, quirks, sessions, workers
        As for `Service.start`.
    announce : callable or None
        Is given the lines that tell the user address and key; None writes them to stdout.
    told : str
        What is said of the key there.

    Raises
    ------
    EndpointError, MissingDependency, RecognizerUnavailable
        As `Service.start`.
    """
    announce = announce or _say

    async def run() -> None:
        service = await Service.start(access, recognizer, options, port, quirks, sessions, workers)
        role = "" if quirks == NO_QUIRKS else ", standing in for DashScope,"
        announce(f"{service.engine}{role} answers at {service.url}\n")
        announce(f"key: {told}\nCtrl-C ends it.\n")
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


def requested_model(target: str) -> str:
    """Return the model a request names, or the usual one."""
    return parse_qs(urlsplit(target).query).get("model", [DEFAULT_MODEL])[0]
