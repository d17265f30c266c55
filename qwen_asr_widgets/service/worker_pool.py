"""The pool of recogniser processes, as the service sees them: started, watched, replaced, ended.

One more process than there are sessions that send sound runs at any time, its model loaded, so that a new
session need not wait for it. There is an end to how many there may be.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..audio.units import SAMPLE_RATE, samples_to_seconds
from ..errors import RecognizersBusy, RecognizerUnavailable
from .worker_messages import (
    HEAD, AudioTaken, Configure, Configured, LoadRecognizer, RecognizerFailed, RecognizerReady,
    UtteranceAudio, WorkerCommand, WorkerResult, pack, unpack,
)

log = logging.getLogger("qwen_asr_widgets")

BACKLOG = 20 * SAMPLE_RATE
"""Samples a recogniser may lag behind before the service reads no more from its client."""

MOST_WORKERS = 16
"""Sessions that may send sound at the same time: each has a process with a model of its own."""

ROOM = SAMPLE_RATE
"""Samples by which a lag must shrink until the client is read again: little, so that it is read often."""

_START_SECONDS = 60.0
_END_SECONDS = 2.0


class Worker:
    """One recogniser in its own process.

    Parameters
    ----------
    process : Process
        Started by `Worker.start`.

    Attributes
    ----------
    engine : str
        Name and version, known once `ready` has returned.
    """

    def __init__(self, process: Process) -> None:
        self.engine = ""
        self._process = process
        self._backlog = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._loading: asyncio.Task[None] = asyncio.ensure_future(self._wait_until_loaded())

    @classmethod
    async def start(cls, recognizer: LoadRecognizer) -> Worker:
        """Start a process, which then loads the recogniser; `ready` waits for that."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{__package__}.worker", stdin=PIPE, stdout=PIPE,
            start_new_session=os.name == "posix",
        )
        worker = cls(process)
        worker.send(recognizer)
        return worker

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    @property
    def behind(self) -> float:
        """Seconds of sound that it was given and has not begun to decode."""
        return samples_to_seconds(self._backlog, SAMPLE_RATE)

    async def ready(self) -> None:
        """Wait until the recogniser is loaded.

        Raises
        ------
        RecognizerUnavailable
            It could not be loaded.
        """
        await asyncio.shield(self._loading)

    async def _wait_until_loaded(self) -> None:
        try:
            first = await asyncio.wait_for(self._read(), _START_SECONDS)
        except asyncio.TimeoutError:
            first = RecognizerFailed(None, f"it was not loaded within {_START_SECONDS:.0f} s")
        if isinstance(first, RecognizerReady):
            self.engine = first.engine
            return
        reason = first.message if isinstance(first, RecognizerFailed) else await self._how_it_ended()
        raise RecognizerUnavailable(f"The recogniser did not start: {reason}")

    async def _how_it_ended(self) -> str:
        """Return how the process ended while it loaded the recogniser."""
        if await self._process.wait() == -signal.SIGILL:
            return ("this processor lacks instructions that it is compiled for (AVX, for example); "
                    'take another one, as in embedded("pocketsphinx")')
        return f"its process ended (exit code {self._process.returncode})"

    def send(self, command: WorkerCommand) -> None:
        """Write a command to the process's pipe; if the process has ended, the command is lost with it."""
        if self._process.stdin is None or self._process.stdin.is_closing():
            return
        if isinstance(command, UtteranceAudio):
            self._backlog += len(command.samples)
        self._process.stdin.write(pack(command))

    async def wait_for_room(self) -> None:
        """Wait while the recogniser lags more than `BACKLOG` behind, until `ROOM` of that is decoded."""
        if self._backlog > BACKLOG and self.is_alive:
            log.info("the recogniser is %.1f s behind: reading from the client pauses", self.behind)
            self._has_room.clear()
            await self._has_room.wait()

    async def results(self) -> AsyncIterator[WorkerResult]:
        """Yield results until the process ends."""
        await self.ready()
        while True:
            result = await self._read()
            if result is None:
                self._backlog = 0
                self._has_room.set()
                return
            if isinstance(result, AudioTaken):
                self._backlog -= result.samples
                if self._backlog <= BACKLOG - ROOM:
                    self._has_room.set()
            else:
                yield result

    async def reset(self) -> bool:
        """Forget the settings of whom it was lent to; return whether it did."""
        self.send(Configure(None, None))
        result = await self._read()
        return isinstance(result, Configured)

    async def _read(self) -> WorkerResult | None:
        assert self._process.stdout is not None
        try:
            (length,) = HEAD.unpack(await self._process.stdout.readexactly(HEAD.size))
            result: WorkerResult = unpack(await self._process.stdout.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return result

    async def end(self) -> int:
        """End the process by closing its input, after 2 s by a kill; return its exit code."""
        self._has_room.set()
        if not self._loading.done():
            self._loading.cancel()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except asyncio.TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(self._loading, return_exceptions=True)
        return self._process.returncode or 0


class WorkerPool:
    """Workers with the same recogniser: one for each session that sends sound, and a spare one.

    Parameters
    ----------
    recognizer : LoadRecognizer
        Which recogniser, with which options.
    most : int
        Sessions that may have a worker at the same time.
    """

    def __init__(self, recognizer: LoadRecognizer, most: int = MOST_WORKERS) -> None:
        self._recognizer = recognizer
        self._most = most
        self._spare: asyncio.Task[Worker] | None = None
        self._in_use: set[asyncio.Task[Worker] | Worker] = set()
        self._lending = asyncio.Lock()
        self._endings: set[asyncio.Task[int]] = set()
        self._closing = False

    @property
    def most(self) -> int:
        """Sessions that may have a worker at the same time."""
        return self._most

    @property
    def in_use(self) -> int:
        """Sessions that have one."""
        return len(self._in_use)

    async def open(self) -> str:
        """Start the spare worker and wait until it is loaded; return its engine's name and version.

        Raises
        ------
        RecognizerUnavailable
            The recogniser cannot be started with these options.
        """
        self._spare = self._start_worker()
        worker = await asyncio.shield(self._spare)
        await worker.ready()
        return worker.engine

    async def take(self, replace: bool = True) -> Worker:
        """Return the spare worker, for a session.

        Parameters
        ----------
        replace : bool
            Whether to start another in its place.

        Raises
        ------
        RecognizersBusy
            As many sessions as may have a worker have one.
        """
        if len(self._in_use) >= self._most:
            raise RecognizersBusy(
                f"All {self._most} recognisers of this service are at work: try again when another session "
                "has ended."
            )
        starting, self._spare = self._spare or self._start_worker(), None
        self._in_use.add(starting)
        if replace:
            self._have_spare()
        try:
            worker = await asyncio.shield(starting)
        except BaseException:
            self._end_later(starting)
            raise
        finally:
            self._in_use.discard(starting)
        if not worker.is_alive:
            await worker.end()
            worker = await Worker.start(self._recognizer)
        self._in_use.add(worker)
        return worker

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Worker]:
        """Lend the spare worker, to one session after the other: it is spare again afterwards."""
        async with self._lending:
            worker = await self.take(replace=False)
            kept = False
            try:
                yield worker
                kept = await worker.reset()
            finally:
                self._in_use.discard(worker)
                if kept and self._spare is None and not self._closing:
                    self._spare = asyncio.ensure_future(_started(worker))
                else:
                    await worker.end()
                    self._have_spare()

    async def release(self, worker: Worker) -> int:
        """End a worker whose session is over, or that has died; return its exit code."""
        self._in_use.discard(worker)
        code = await worker.end()
        self._have_spare()
        return code

    async def close(self) -> None:
        """End all workers."""
        self._closing = True
        if self._spare is not None:
            self._end_later(self._spare)
        workers = [worker for worker in self._in_use if isinstance(worker, Worker)]
        await asyncio.gather(*(worker.end() for worker in workers), *self._endings, return_exceptions=True)

    def _have_spare(self) -> None:
        """Start a spare worker unless there is one, or one session more than that would be too many."""
        if self._spare is None and not self._closing and len(self._in_use) < self._most:
            self._spare = self._start_worker()

    def _start_worker(self) -> asyncio.Task[Worker]:
        return asyncio.ensure_future(Worker.start(self._recognizer))

    def _end_later(self, starting: asyncio.Task[Worker]) -> None:
        """End a worker that nobody waits for any more, as soon as it has started."""
        async def end() -> int:
            return await (await starting).end()

        ending = asyncio.ensure_future(end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)


async def _started(worker: Worker) -> Worker:
    return worker
