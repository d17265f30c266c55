"""One client of the service: its socket, its session and its recogniser, brought together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import RecognizersBusy, RecognizerUnavailable
from ..protocol.codec import encode
from ..protocol.events import ErrorEvent, ServerEvent
from .operation.metrics import ServiceMetrics
from .replay.replay_session import ReplaySession
from .segmenter import YieldPoint
from .server_session import ServerSession
from .standin import CloseConnection, QuirkySession, WaitUntil, WireOutput
from .unanswered import Unanswered
from .workers.messages import Configured, FinalText, UtteranceSilence, WorkerCommand, WorkerResult
from .workers.pool import WorkerPool
from .workers.worker import SessionRecognizer

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

log = logging.getLogger("qwen_asr_widgets")

REPORT_SECONDS = 1.0
"""Seconds between two reports that the recogniser is behind."""

BEHIND_SECONDS = 3.0
"""Seconds from which on it is reported to be behind."""

MOST_FAILED_STARTS = 3
"""Recognisers that may fail to start for a session, until it is given up."""

MOST_DEATHS = 3
"""Processes that may end while they work for a session, within `DEATHS_SECONDS`, until it is given up."""

DEATHS_SECONDS = 60.0
"""Seconds within which they count."""

OUTBOX = 256
"""Events waiting for a slow client from which on nothing more is read from it."""


class ClientConnection:
    """Serves one client.

    The client's frames and the recogniser's results go to the session as they come. What the session answers
    goes out in the order in which it was made: events through an outbox to the socket, commands to the
    recogniser. While the outbox is full or the recogniser lags, no frame is read: TCP then slows the client
    down, and nothing is lost.

    A recogniser is taken from the pool when sound comes; until then settings are tried on one that is only
    lent. Where its process dies, the next one is asked again for all that was not answered; where it dies
    again and again, the session is given up.

    Parameters
    ----------
    socket : ServerConnection
        The open WebSocket.
    pool : WorkerPool
        Where recognisers come from.
    session : ServerSession, QuirkySession or ReplaySession
        A fresh one.
    metrics : ServiceMetrics
        The service's counters, to which the results of its recogniser are added.
    """

    def __init__(
        self, socket: ServerConnection, pool: WorkerPool,
        session: ServerSession | QuirkySession | ReplaySession, metrics: ServiceMetrics,
    ) -> None:
        self._socket = socket
        self._pool = pool
        self._session = session
        self._metrics = metrics
        self._outbox: asyncio.Queue[ServerEvent | WaitUntil | CloseConnection] = asyncio.Queue()
        self._progress = asyncio.Event()
        self._asked = Unanswered()
        self._needs_worker = asyncio.Event()
        self._recognizer: SessionRecognizer | None = None
        self._failed_starts = 0
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self._frame_since: float | None = None

    async def run(self) -> None:
        """Serve the client until it leaves."""
        from websockets.exceptions import ConnectionClosed

        self._dispatch(self._session.open())
        tasks = [asyncio.ensure_future(self._send())]
        try:
            jobs = (self._receive(), self._recognise(), self._wake(), self._report())
            tasks += [asyncio.ensure_future(job) for job in jobs]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ConnectionClosed:
            log.debug("session %s: the client has left", self._session.session_id)
        except RecognizersBusy as problem:
            self._metrics.refused_total += 1
            await self._close_with_error("too_many_sessions", str(problem), 1013, "too many sessions")
        except RecognizerUnavailable as problem:
            reason = "the recogniser is not available"
            await self._close_with_error("recognizer_unavailable", str(problem), 1011, reason)
        finally:
            await self._clean_up(tasks)

    async def _clean_up(self, tasks: Iterable[asyncio.Future[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        """Give the client's frames to the session, each once the one before is answered."""
        async for frame in self._socket:
            self._frame_since = time.monotonic()
            for output in self._session.receive(frame):
                self._dispatch([output])
                if isinstance(output, YieldPoint):
                    await self._wait_for_room()
            if self._session.has_audio:
                self._needs_worker.set()
            await self._wait_for_room()
            self._frame_since = None

    async def _wait_for_room(self) -> None:
        """Let other tasks run; wait while the client reads too little or the recogniser cannot take more."""
        await asyncio.sleep(0)
        while self._outbox.qsize() > OUTBOX or self._session.awaits_configuration or self._awaits_worker:
            self._progress.clear()
            await self._progress.wait()
        if self._recognizer is not None:
            await self._recognizer.wait_for_room()

    @property
    def _awaits_worker(self) -> bool:
        """Whether commands wait for a recogniser's process."""
        return self._recognizer is None and len(self._asked) > 0

    async def _recognise(self) -> None:
        """Have a recogniser where one is needed, and pass its results on."""
        while True:
            await self._needs_worker.wait()
            lost = await self._work_with_one()
            if lost is not None:
                await self._after_loss(lost)

    async def _work_with_one(self) -> SessionRecognizer | None:
        """Work with a recogniser; return it if its process has died."""
        try:
            if self._session.has_audio:
                return await self._recognise_with(await self._pool.take())
            async with self._pool.lent() as recognizer:
                return await self._try_settings(recognizer)
        except RecognizersBusy:
            raise
        except RecognizerUnavailable:
            self._recognizer = None
            self._failed_starts += 1
            if self._failed_starts == MOST_FAILED_STARTS:
                raise
            return None

    async def _recognise_with(self, recognizer: SessionRecognizer) -> SessionRecognizer:
        """Pass a recogniser's results on until its process has died; what it leaves is for the next one."""
        self._employ(recognizer)
        try:
            async for result in recognizer.results():
                self._pass_on(result)
        finally:
            self._recognizer = None
            await self._pool.release(recognizer)
        return recognizer

    async def _try_settings(self, recognizer: SessionRecognizer) -> SessionRecognizer | None:
        """Let a recogniser answer whether it takes the settings; return it if it died over them."""
        self._needs_worker.clear()
        self._employ(recognizer)
        async for result in recognizer.results():
            self._pass_on(result)
            if not self._asked:
                break
        self._recognizer = None
        if not self._asked:
            return None
        self._needs_worker.set()
        return recognizer

    def _employ(self, recognizer: SessionRecognizer) -> None:
        self._recognizer = recognizer
        for command in self._asked.again():
            recognizer.send(command)
        self._progress.set()

    def _pass_on(self, result: WorkerResult) -> None:
        _log_result(result)
        self._metrics.recognised(result)
        if self._asked.settle(result):
            self._dispatch(self._session.recognised(result))
        self._progress.set()

    async def _after_loss(self, recognizer: SessionRecognizer) -> None:
        """Give up the request over which two processes have died, and the session after the third.

        Raises
        ------
        RecognizerUnavailable
            It is given up.
        """
        how = await recognizer.worker.how_it_ended()
        log.warning("the recogniser is lost, %s; another takes its place", how)
        if recognizer.was_at_work and len(self._asked) > 0:
            self._metrics.lost_total += 1
            self._note_death(recognizer.worker.engine, how)
            request = self._asked.lost()
            if request is not None:
                reason = f"Two processes of the recogniser ended over it: {how}. A third goes on."
                self._dispatch(self._session.recognizer_lost(request.item_id, reason))
        self._progress.set()

    def _note_death(self, engine: str, how: str) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == MOST_DEATHS and now - self._deaths[0] <= DEATHS_SECONDS:
            raise RecognizerUnavailable(
                f"The recogniser {engine!r} has ended {MOST_DEATHS} times within a minute and is "
                f"given up for this session: {how}. "
                "Run qwen-asr-widgets doctor, or choose another recogniser."
            )

    async def _wake(self) -> None:
        """Let the session act at the times it names, though nothing comes."""
        while self._session.wake_at is not None:
            await asyncio.sleep(max(0.0, self._session.wake_at - time.monotonic()))
            self._dispatch(self._session.woken())
        await self._socket.wait_closed()

    async def _report(self) -> None:
        """Say how far the recogniser is behind, once a second while it is, and when it has caught up."""
        was_behind = False
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            behind = self.behind
            is_behind = behind >= BEHIND_SECONDS
            if (is_behind or was_behind) and self._outbox.qsize() <= OUTBOX:
                self._dispatch(self._session.behind(behind if is_behind else 0.0))
            was_behind = is_behind

    @property
    def behind(self) -> float:
        """Seconds of sound not decoded yet, or that a frame or the oldest answer owed have taken so far."""
        now = time.monotonic()
        waiting = 0.0 if self._recognizer is None else self._recognizer.behind
        working = 0.0 if self._frame_since is None else now - self._frame_since
        return max(waiting, working, self._asked.waited(now))

    def _dispatch(self, outputs: Iterable[WireOutput]) -> None:
        """Put events in the outbox and give commands to the recogniser."""
        for output in outputs:
            if isinstance(output, (ServerEvent, WaitUntil, CloseConnection)):
                self._outbox.put_nowait(output)
            elif not isinstance(output, YieldPoint):
                self._ask(output)

    def _ask(self, command: WorkerCommand) -> None:
        """Give a command to the recogniser, now or as soon as there is one."""
        self._asked.note(command, time.monotonic())
        if self._recognizer is not None:
            self._recognizer.send(command)
        elif not isinstance(command, UtteranceSilence):
            self._needs_worker.set()

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

    async def _close_with_error(self, error: str, message: str, code: int, reason: str) -> None:
        """Tell the client that the service is at fault, and close."""
        log.error("%s", message)
        event = {"type": "server_error", "code": error, "message": message, "param": None, "event_id": None}
        await self._socket.send(encode(ErrorEvent(event)))
        await self._socket.close(code, reason)


def _log_result(result: WorkerResult) -> None:
    if isinstance(result, FinalText):
        log.debug(
            "final of %s took %.3f s (%s), %.3f s of early passes were wasted", result.item_id,
            result.seconds, "made early" if result.made_early else "made at the end", result.wasted,
        )
    elif isinstance(result, Configured) and result.unknown_words:
        log.info("context words without a known pronunciation: %s", ", ".join(result.unknown_words))
