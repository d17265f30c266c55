"""The pool of recogniser processes, as the service sees them: started, watched, replaced, ended.

One more process than there are sessions runs at any time, its model loaded, so that a new session need not
wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

from ..audio.units import SAMPLE_RATE, samples_to_seconds
from ..errors import RecognizerUnavailable
from .worker_messages import (
    HEAD, AudioTaken, LoadRecognizer, RecognizerFailed, RecognizerReady, UtteranceAudio, WorkerCommand,
    WorkerResult, pack, unpack,
)

log = logging.getLogger("qwen_asr_widgets")

BACKLOG = 20 * SAMPLE_RATE
"""Samples a recogniser may lag behind before the service reads no more from its client."""

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
        reason = first.message if isinstance(first, RecognizerFailed) else "its process ended"
        raise RecognizerUnavailable(f"The recogniser did not start: {reason}")

    def send(self, command: WorkerCommand) -> None:
        """Write a command to the process's pipe; if the process has ended, the command is lost with it."""
        if self._process.stdin is None or self._process.stdin.is_closing():
            return
        if isinstance(command, UtteranceAudio):
            self._backlog += len(command.samples)
        self._process.stdin.write(pack(command))

    async def wait_for_room(self) -> None:
        """Wait while the recogniser lags more than `BACKLOG` behind, until half of that is decoded."""
        if self._backlog > BACKLOG and self.is_alive:
            log.warning(
                "the recogniser lags %.1f s behind: reading from the client pauses",
                samples_to_seconds(self._backlog, SAMPLE_RATE),
            )
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
                if self._backlog <= BACKLOG // 2:
                    self._has_room.set()
            else:
                yield result

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
    """Workers with the same recogniser: one for each session, and a spare one.

    Parameters
    ----------
    recognizer : LoadRecognizer
        Which recogniser, with which options.
    """

    def __init__(self, recognizer: LoadRecognizer) -> None:
        self._recognizer = recognizer
        self._spare: asyncio.Task[Worker] | None = None
        self._in_use: set[Worker] = set()
        self._closing = False

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

    async def take(self) -> Worker:
        """Return the spare worker, for a session, and start another in its place."""
        spare = self._spare or self._start_worker()
        self._spare = None if self._closing else self._start_worker()
        worker = await asyncio.shield(spare)
        if not worker.is_alive:
            await worker.end()
            worker = await Worker.start(self._recognizer)
        self._in_use.add(worker)
        return worker

    async def release(self, worker: Worker) -> int:
        """End a worker whose session is over, or that has died; return its exit code."""
        self._in_use.discard(worker)
        return await worker.end()

    async def close(self) -> None:
        """End all workers."""
        self._closing = True
        spare = [] if self._spare is None else [await self._spare]
        await asyncio.gather(*(worker.end() for worker in (*spare, *self._in_use)), return_exceptions=True)

    def _start_worker(self) -> asyncio.Task[Worker]:
        return asyncio.ensure_future(Worker.start(self._recognizer))
