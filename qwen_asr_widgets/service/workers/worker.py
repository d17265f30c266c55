"""A process of recognisers as the service sees it, and one session's recogniser in it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

from ...audio.units import SAMPLE_RATE, samples_to_seconds
from ...errors import RecognizerUnavailable
from .forking import ForkControl, ForkedProcess
from .messages import (
    HEAD, PROCESS, AudioTaken, CloseSession, LoadRecognizer, OpenSession, RecognizerFailed, RecognizerReady,
    UtteranceAudio, WorkBegun, WorkerCommand, WorkerResult, pack, unpack,
)

log = logging.getLogger("qwen_asr_widgets")

BACKLOG = 20 * SAMPLE_RATE
"""Samples a recogniser may lag behind before the service reads no more from its client."""

ROOM = SAMPLE_RATE
"""Samples by which a lag must shrink until the client is read again: little, so that it is read often."""

MOST_LAST_WORDS = 2_000
"""Characters kept of what a process says on stderr."""

_START_SECONDS = 60.0
_END_SECONDS = 2.0
_LAST_WORDS_SECONDS = 1.0


class SessionRecognizer:
    """One session's recogniser in a worker: commands go in, results come out.

    Parameters
    ----------
    worker : Worker
        The process.
    number : int
        The session's number in it.
    """

    def __init__(self, worker: Worker, number: int) -> None:
        self.worker = worker
        self.number = number
        self.was_at_work = False
        """Whether the process was working for this session when it ended."""
        self._backlog = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._results: asyncio.Queue[WorkerResult | None] = asyncio.Queue()

    @property
    def behind(self) -> float:
        """Seconds of sound that it was given and has not begun to decode."""
        return samples_to_seconds(self._backlog, SAMPLE_RATE)

    def send(self, command: WorkerCommand) -> None:
        """Give it a command; if the process has ended, the command is lost with it."""
        if isinstance(command, UtteranceAudio):
            self._backlog += len(command.samples)
        self.worker.write(self.number, command)

    async def wait_for_room(self) -> None:
        """Wait while it lags more than `BACKLOG` behind, until `ROOM` of that is decoded."""
        if self._backlog > BACKLOG and self.worker.is_alive:
            log.info("the recogniser is %.1f s behind: reading from the client pauses", self.behind)
            self._has_room.clear()
            await self._has_room.wait()

    async def results(self) -> AsyncIterator[WorkerResult]:
        """Yield results until the process ends.

        Raises
        ------
        RecognizerUnavailable
            The process could make no recogniser for this session.
        """
        first = await self._results.get()
        if not isinstance(first, RecognizerReady):
            how = await self.worker.how_it_ended() if first is None else getattr(first, "message", "")
            raise RecognizerUnavailable(f"The recogniser did not start: {how}")
        while True:
            result = await self._results.get()
            if result is None:
                return
            yield result

    def take(self, result: WorkerResult) -> None:
        """Take a result that has come for this session."""
        if isinstance(result, AudioTaken):
            self._backlog -= result.samples
            if self._backlog <= BACKLOG - ROOM:
                self._has_room.set()
        else:
            self._results.put_nowait(result)

    def end(self, was_at_work: bool) -> None:
        """Note that the process has ended."""
        self.was_at_work = was_at_work
        self._backlog = 0
        self._has_room.set()
        self._results.put_nowait(None)


class Worker:
    """One process of recognisers; made by `Worker.start` or `Worker.fork`.

    Attributes
    ----------
    engine : str
        Name and version of the recogniser, known once `ready` has returned.
    can_fork : bool
        Whether it makes copies of itself that work; then it does not work itself.
    """

    def __init__(
        self, process: Process | ForkedProcess, reader: StreamReader,
        writer: StreamWriter | asyncio.WriteTransport, errors: StreamReader,
        control: ForkControl | None = None,
    ) -> None:
        self.engine = ""
        self.can_fork = False
        self._process = process
        self._reader, self._writer = reader, writer
        self._last_words = ""
        self._control = control
        self._sessions: dict[int, SessionRecognizer] = {}
        self._opened = PROCESS
        self._at_work = PROCESS
        self._is_ending = False
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.ensure_future(self._listen(errors))
        self._reading = asyncio.ensure_future(self._read_all())

    @classmethod
    async def start(cls, recognizer: LoadRecognizer) -> Worker:
        """Start a process, which then loads the recogniser; `ready` waits for that."""
        control = ForkControl() if sys.platform == "linux" else None
        handed = () if control is None else (control.theirs,)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{__package__}.process", *map(str, handed), stdin=PIPE, stdout=PIPE,
            stderr=PIPE, start_new_session=os.name == "posix", pass_fds=handed, env=_environment(),
        )
        assert process.stdin and process.stdout and process.stderr
        if control is not None:
            control.started()
        worker = cls(process, process.stdout, process.stdin, process.stderr, control)
        worker.write(PROCESS, recognizer)
        return worker

    async def fork(self) -> Worker:
        """Have a copy made that works, its recogniser loaded.

        Raises
        ------
        RecognizerUnavailable
            This process has ended.
        """
        assert self._control is not None
        copy = Worker(*await self._control.fork())
        copy.engine = self.engine
        copy._loaded.set_result(None)
        return copy

    @property
    def is_alive(self) -> bool:
        """Whether the process runs and is not being ended."""
        return self._process.returncode is None and not self._reader.at_eof() and not self._is_ending

    @property
    def behind(self) -> float:
        """Seconds of sound that it was given, for all its sessions, and has not begun to decode."""
        return sum(session.behind for session in self._sessions.values())

    async def ready(self) -> None:
        """Wait until the recogniser is loaded.

        Raises
        ------
        RecognizerUnavailable
            It could not be loaded.
        """
        try:
            await asyncio.wait_for(asyncio.shield(self._loaded), _START_SECONDS)
        except asyncio.TimeoutError:
            raise RecognizerUnavailable(
                f"The recogniser did not start: it was not loaded within {_START_SECONDS:.0f} s"
            ) from None

    def open_session(self) -> SessionRecognizer:
        """Return a recogniser for a session."""
        self._opened += 1
        session = self._sessions[self._opened] = SessionRecognizer(self, self._opened)
        session.send(OpenSession())
        return session

    def close_session(self, session: SessionRecognizer) -> None:
        """Throw a session's recogniser away."""
        if self._sessions.pop(session.number, None) is not None:
            self.write(session.number, CloseSession())

    def write(self, session: int, command: WorkerCommand) -> None:
        """Write a command to the process's pipe."""
        if not self._writer.is_closing():
            self._writer.write(pack(session, command))

    async def how_it_ended(self) -> str:
        """Return how the process ended, and the last that it said."""
        code = await self._process.wait()
        await asyncio.wait([self._listening], timeout=_LAST_WORDS_SECONDS)
        if code == -getattr(signal, "SIGILL", 4):
            return ("this processor lacks instructions that it is compiled for (AVX, for example); "
                    'take another one, as in embedded("pocketsphinx")')
        said = self._last_words.strip().rpartition("\n")[2]
        return f"its process ended ({_name(code)})" + (f"; it said: {said}" if said else "")

    async def end(self) -> int:
        """End the process by closing its input, after 2 s by a kill; return its exit code."""
        self._is_ending = True
        self._writer.close()
        if self._control is not None:
            self._control.close()
        try:
            code = await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except asyncio.TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        tasks = (self._reading, self._listening)
        await asyncio.wait(tasks, timeout=_END_SECONDS)
        for task in tasks:
            task.cancel()
        return code

    async def _listen(self, errors: StreamReader) -> None:
        """Pass on what the process says on stderr, and keep the last of it."""
        while data := await errors.read(4_096):
            said = data.decode("utf-8", errors="replace")
            self._last_words = (self._last_words + said)[-MOST_LAST_WORDS:]
            sys.stderr.write(said)
            sys.stderr.flush()

    async def _read_all(self) -> None:
        """Give each result to the session that it is for, until the process ends."""
        frame = await self._read()
        if frame is not None and frame[0] == PROCESS:
            self._note_loading(frame[1])
            frame = await self._read()
        while frame is not None:
            number, result = frame
            if isinstance(result, WorkBegun):
                self._at_work = number
            elif number in self._sessions:
                self._sessions[number].take(result)
            frame = await self._read()
        if not self._loaded.done():
            self._fail(await self.how_it_ended())
        for number, session in self._sessions.items():
            session.end(was_at_work=number == self._at_work)

    def _note_loading(self, result: WorkerResult) -> None:
        if isinstance(result, RecognizerReady):
            self.engine, self.can_fork = result.engine, result.can_fork
            self._loaded.set_result(None)
        elif isinstance(result, RecognizerFailed):
            self._fail(result.message)

    def _fail(self, reason: str) -> None:
        self._loaded.set_exception(RecognizerUnavailable(f"The recogniser did not start: {reason}"))
        self._loaded.exception()  # is told to whom it concerns by `ready`

    async def _read(self) -> tuple[int, WorkerResult] | None:
        try:
            session, length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            return session, unpack(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None


def _name(code: int) -> str:
    """Return an exit code in words: by the signal that ended the process, where one did.

    Examples
    --------
    >>> _name(-9), _name(70)
    ('SIGKILL', 'exit code 70')
    """
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def _environment() -> dict[str, str]:
    """Return the environment of a process: products of matrices take no threads of their own."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
