"""The recognisers' processes as the service sees them: hired, watched, replaced, sent home.

One process stands ready at any time, so that a session need not wait while a model is loaded.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

from ..audio.units import SAMPLE_RATE, samples_to_seconds
from ..errors import QawError
from .commands import HEAD, Command, Failed, Hear, Heard, Hire, Ready, Result, pack, unpack

log = logging.getLogger("qwen_asr_widgets")

BACKLOG = 20 * SAMPLE_RATE
"""Samples a recogniser may lag behind before the service reads no more from its client."""

_START_SECONDS = 60.0
_GOODBYE_SECONDS = 2.0


class RecognizerUnavailable(QawError, RuntimeError):
    """A recogniser's process did not start; the message says why."""


class Worker:
    """One recogniser in its own process.

    Parameters
    ----------
    process : Process
        Started by `Worker.hire`.

    Attributes
    ----------
    engine : str
        Name and version, known once `ready` has returned.
    """

    def __init__(self, process: Process) -> None:
        self.engine = ""
        self._process = process
        self._backlog = 0
        self._room = asyncio.Event()
        self._room.set()
        self._is_ready: asyncio.Task[None] = asyncio.ensure_future(self._greet())

    @classmethod
    async def hire(cls, hire: Hire) -> Worker:
        """Start a process; it gets ready on its own."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{__package__}.worker", stdin=PIPE, stdout=PIPE,
            start_new_session=os.name == "posix",
        )
        worker = cls(process)
        worker.send(hire)
        return worker

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    async def ready(self) -> None:
        """Wait until the recogniser is loaded.

        Raises
        ------
        RecognizerUnavailable
            It could not be loaded.
        """
        await asyncio.shield(self._is_ready)

    async def _greet(self) -> None:
        try:
            first = await asyncio.wait_for(self._read(), _START_SECONDS)
        except asyncio.TimeoutError:
            first = Failed(None, f"it was not loaded within {_START_SECONDS:.0f} s")
        if isinstance(first, Ready):
            self.engine = first.engine
            return
        reason = first.message if isinstance(first, Failed) else "its process ended"
        raise RecognizerUnavailable(f"The recogniser did not start: {reason}")

    def send(self, command: Command) -> None:
        """Put a command on the way; one to a process that has ended is lost with it."""
        if self._process.stdin is None or self._process.stdin.is_closing():
            return
        if isinstance(command, Hear):
            self._backlog += len(command.samples)
        self._process.stdin.write(pack(command))

    async def room(self) -> None:
        """Wait until the recogniser has caught up enough to be given more."""
        if self._backlog > BACKLOG and self.is_alive:
            log.warning(
                "the recogniser lags %.1f s behind: reading from the client pauses",
                samples_to_seconds(self._backlog, SAMPLE_RATE),
            )
            self._room.clear()
            await self._room.wait()

    async def results(self) -> AsyncIterator[Result]:
        """Yield results until the process ends."""
        await self.ready()
        while True:
            result = await self._read()
            if result is None:
                self._backlog = 0
                self._room.set()
                return
            if isinstance(result, Heard):
                self._backlog -= result.samples
                if self._backlog <= BACKLOG // 2:
                    self._room.set()
            else:
                yield result

    async def _read(self) -> Result | None:
        assert self._process.stdout is not None
        try:
            (length,) = HEAD.unpack(await self._process.stdout.readexactly(HEAD.size))
            result: Result = unpack(await self._process.stdout.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return result

    async def end(self) -> int:
        """End the process, gently if it lets us; return its exit code."""
        self._room.set()
        if not self._is_ready.done():
            self._is_ready.cancel()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GOODBYE_SECONDS)
        except asyncio.TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(self._is_ready, return_exceptions=True)
        return self._process.returncode or 0


class WorkerPool:
    """Workers of one kind: those at work and one that stands ready.

    Parameters
    ----------
    hire : Hire
        Which recogniser, with which options.
    """

    def __init__(self, hire: Hire) -> None:
        self._hire = hire
        self._spare: asyncio.Task[Worker] | None = None
        self._at_work: set[Worker] = set()
        self._closing = False

    async def open(self) -> str:
        """Have the first worker ready; return its engine's name and version.

        Raises
        ------
        RecognizerUnavailable
            The recogniser cannot be started with these options.
        """
        self._spare = asyncio.ensure_future(Worker.hire(self._hire))
        worker = await asyncio.shield(self._spare)
        await worker.ready()
        return worker.engine

    async def take(self) -> Worker:
        """Return a worker for a session and prepare the next."""
        spare = self._spare or asyncio.ensure_future(Worker.hire(self._hire))
        self._spare = None if self._closing else asyncio.ensure_future(Worker.hire(self._hire))
        worker = await asyncio.shield(spare)
        if not worker.is_alive:
            await worker.end()
            worker = await Worker.hire(self._hire)
        self._at_work.add(worker)
        return worker

    async def release(self, worker: Worker) -> int:
        """End a worker whose session is over, or that has died; return its exit code."""
        self._at_work.discard(worker)
        return await worker.end()

    async def close(self) -> None:
        """End all workers."""
        self._closing = True
        spare = [] if self._spare is None else [await self._spare]
        await asyncio.gather(*(worker.end() for worker in (*spare, *self._at_work)), return_exceptions=True)
