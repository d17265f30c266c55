"""One client of the service: its socket, its responder and its recogniser, brought together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..protocol.codec import encode
from ..protocol.events import ErrorEvent, ServerEvent
from .commands import Configured, Final, Result
from .segmenter import Pause
from .server_session import Output, ServerSession
from .worker_pool import RecognizerUnavailable, WorkerPool, Worker

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

log = logging.getLogger("qwen_asr_widgets")

OUTBOX = 256
"""Events waiting for a slow client before nothing more is read from it."""


class Connection:
    """Serves one client.

    Frames of the client and results of the recogniser go to the responder as they come; events leave in the
    order in which it made them, from an outbox. While the outbox is full or the recogniser lags, nothing more
    is read, so that the client feels it and nothing is lost.

    Parameters
    ----------
    socket : ServerConnection
        The open WebSocket.
    staff : WorkerPool
        Where recognisers come from.
    responder : ServerSession
        The session's machine, fresh.
    """

    def __init__(self, socket: ServerConnection, staff: WorkerPool, responder: ServerSession) -> None:
        self._socket = socket
        self._staff = staff
        self._responder = responder
        self._outbox: asyncio.Queue[ServerEvent] = asyncio.Queue()
        self._moved = asyncio.Event()
        self._worker: Worker | None = None

    async def run(self) -> None:
        """Serve the client until it leaves."""
        from websockets.exceptions import ConnectionClosed

        self._post(self._responder.open())
        parts = [asyncio.ensure_future(self._send())]
        try:
            self._worker = await self._staff.take()
            parts += [asyncio.ensure_future(part) for part in (self._receive(), self._recognise())]
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        except ConnectionClosed:
            log.debug("session %s: the client has left", self._responder.session_id)
        except RecognizerUnavailable as problem:
            await self._give_up(str(problem))
        finally:
            await self._leave(parts)

    async def _leave(self, parts: Iterable[asyncio.Future[None]]) -> None:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        if self._worker is not None:
            await self._staff.release(self._worker)

    async def _receive(self) -> None:
        """Give the client's frames to the responder, one when the other is done with."""
        async for frame in self._socket:
            for output in self._responder.receive(frame):
                self._post([output])
                if isinstance(output, Pause):
                    await self._breathe()
            await self._breathe()

    async def _breathe(self) -> None:
        """Let others run; wait while the client reads too little or the recogniser is not ready for more."""
        await asyncio.sleep(0)
        while self._outbox.qsize() > OUTBOX or self._responder.awaits_configuration:
            self._moved.clear()
            await self._moved.wait()
        if self._worker is not None:
            await self._worker.room()

    async def _recognise(self) -> None:
        """Pass results on; when the process has died, go on with another."""
        while self._worker is not None:
            async for result in self._worker.results():
                _note(result)
                self._post(self._responder.recognised(result))
                self._moved.set()
            code = await self._staff.release(self._worker)
            log.warning("the recogniser's process ended with code %s; another takes its place", code)
            self._worker = await self._staff.take()
            reason = f"The recogniser's process ended (code {code}); another has taken its place."
            self._post(self._responder.recognizer_lost(reason))
            self._moved.set()

    def _post(self, outputs: Iterable[Output]) -> None:
        """Put events in the outbox and commands on the recogniser's pipe."""
        for output in outputs:
            if isinstance(output, ServerEvent):
                self._outbox.put_nowait(output)
            elif self._worker is not None and not isinstance(output, Pause):
                self._worker.send(output)

    async def _send(self) -> None:
        while True:
            event = await self._outbox.get()
            await self._socket.send(encode(event))
            self._moved.set()

    async def _give_up(self, reason: str) -> None:
        """Tell the client that the service is at fault, and close."""
        log.error("%s", reason)
        error = {
            "type": "server_error", "code": "recognizer_unavailable", "message": reason, "param": None,
            "event_id": None,
        }
        await self._socket.send(encode(ErrorEvent(error)))
        await self._socket.close(1011, "the recogniser is not available")


def _note(result: Result) -> None:
    if isinstance(result, Final):
        log.debug(
            "final of %s took %.3f s (%s), %.3f s of rehearsals were wasted", result.item_id, result.seconds,
            "rehearsed" if result.rehearsed else "not rehearsed", result.wasted,
        )
    elif isinstance(result, Configured) and result.unknown_words:
        log.info("context words without a known pronunciation: %s", ", ".join(result.unknown_words))
