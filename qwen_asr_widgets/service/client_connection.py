"""One client of the service: its socket, its session and its recogniser, brought together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import RecognizerUnavailable
from ..protocol.codec import encode
from ..protocol.events import ErrorEvent, ServerEvent
from .quirks import CloseConnection, QuirkySession, WaitUntil, WireOutput
from .segmenter import YieldPoint
from .server_session import ServerSession
from .worker_messages import Configured, FinalText, WorkerResult
from .worker_pool import Worker, WorkerPool

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

log = logging.getLogger("qwen_asr_widgets")

OUTBOX = 256
"""Events waiting for a slow client from which on nothing more is read from it."""


class ClientConnection:
    """Serves one client.

    The client's frames and the recogniser's results go to the session as they come. What the session answers
    goes out in the order in which it was made: events through an outbox to the socket, commands to the
    recogniser. While the outbox is full or the recogniser lags, no frame is read: TCP then slows the client
    down, and nothing is lost.

    Parameters
    ----------
    socket : ServerConnection
        The open WebSocket.
    pool : WorkerPool
        Where recognisers come from.
    session : ServerSession or QuirkySession
        A fresh one.
    """

    def __init__(
        self, socket: ServerConnection, pool: WorkerPool, session: ServerSession | QuirkySession
    ) -> None:
        self._socket = socket
        self._pool = pool
        self._session = session
        self._outbox: asyncio.Queue[ServerEvent | WaitUntil | CloseConnection] = asyncio.Queue()
        self._progress = asyncio.Event()
        self._worker: Worker | None = None

    async def run(self) -> None:
        """Serve the client until it leaves."""
        from websockets.exceptions import ConnectionClosed

        self._dispatch(self._session.open())
        tasks = [asyncio.ensure_future(self._send())]
        try:
            self._worker = await self._pool.take()
            jobs = (self._receive(), self._recognise(), self._wake())
            tasks += [asyncio.ensure_future(job) for job in jobs]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ConnectionClosed:
            log.debug("session %s: the client has left", self._session.session_id)
        except RecognizerUnavailable as problem:
            await self._close_with_error(str(problem))
        finally:
            await self._clean_up(tasks)

    async def _clean_up(self, tasks: Iterable[asyncio.Future[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._worker is not None:
            await self._pool.release(self._worker)

    async def _receive(self) -> None:
        """Give the client's frames to the session, each once the one before is answered."""
        async for frame in self._socket:
            for output in self._session.receive(frame):
                self._dispatch([output])
                if isinstance(output, YieldPoint):
                    await self._wait_for_room()
            await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        """Let other tasks run; wait while the client reads too little or the recogniser cannot take more."""
        await asyncio.sleep(0)
        while self._outbox.qsize() > OUTBOX or self._session.awaits_configuration:
            self._progress.clear()
            await self._progress.wait()
        if self._worker is not None:
            await self._worker.wait_for_room()

    async def _recognise(self) -> None:
        """Pass results on; when the recogniser's process has died, go on with another."""
        while self._worker is not None:
            async for result in self._worker.results():
                _log_result(result)
                self._dispatch(self._session.recognised(result))
                self._progress.set()
            code = await self._pool.release(self._worker)
            log.warning("the recogniser's process ended with code %s; another takes its place", code)
            self._worker = await self._pool.take()
            reason = f"The recogniser's process ended (code {code}); another has taken its place."
            self._dispatch(self._session.recognizer_lost(reason))
            self._progress.set()

    async def _wake(self) -> None:
        """Let the session act at the times it names, though nothing comes."""
        while self._session.wake_at is not None:
            await asyncio.sleep(max(0.0, self._session.wake_at - time.monotonic()))
            self._dispatch(self._session.woken())
        await self._socket.wait_closed()

    def _dispatch(self, outputs: Iterable[WireOutput]) -> None:
        """Put events in the outbox and give commands to the recogniser."""
        for output in outputs:
            if isinstance(output, (ServerEvent, WaitUntil, CloseConnection)):
                self._outbox.put_nowait(output)
            elif self._worker is not None and not isinstance(output, YieldPoint):
                self._worker.send(output)

    async def _send(self) -> None:
        while True:
            output = await self._outbox.get()
            if isinstance(output, WaitUntil):
                await asyncio.sleep(max(0.0, output.time - time.monotonic()))
            elif isinstance(output, CloseConnection):
                await self._socket.close(output.code, output.reason)
            else:
                await self._socket.send(encode(output))
            self._progress.set()

    async def _close_with_error(self, reason: str) -> None:
        """Tell the client that the service is at fault, and close."""
        log.error("%s", reason)
        error = {
            "type": "server_error", "code": "recognizer_unavailable", "message": reason, "param": None,
            "event_id": None,
        }
        await self._socket.send(encode(ErrorEvent(error)))
        await self._socket.close(1011, "the recogniser is not available")


def _log_result(result: WorkerResult) -> None:
    if isinstance(result, FinalText):
        log.debug(
            "final of %s took %.3f s (%s), %.3f s of early passes were wasted", result.item_id,
            result.seconds, "made early" if result.made_early else "made at the end", result.wasted,
        )
    elif isinstance(result, Configured) and result.unknown_words:
        log.info("context words without a known pronunciation: %s", ", ".join(result.unknown_words))
