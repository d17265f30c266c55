"""A process of recognisers: ``python -m qwen_asr_widgets.service.workers.process``, commands in, results out.

It loads the recogniser that the first command names. Given a control socket (`forking`), it then forks
workers with that recogniser on request, where that is safe; else it works itself.
"""

from __future__ import annotations

import inspect
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from socket import socket
from typing import BinaryIO

from ...errors import EndpointError
from ..recognizers import Recognizer, find_recognizer
from .forking import fork_on_request, is_safe_to_fork
from .messages import (
    PROCESS, LoadRecognizer, RecognizerFailed, RecognizerReady, WorkerCommand, WorkerResult, pack, read_frame,
)
from .scheduler import SessionScheduler

COMMANDS_WAITING = 256
"""Commands read ahead in this process; beyond them the pipe fills up and the service notices."""

_POLL = 0.002

Frame = tuple[int, WorkerCommand]


class CommandQueue:
    """Commands from a pipe, read by a thread so that the scheduler can see whether more are waiting."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._frames: queue.Queue[Frame | None] = queue.Queue(COMMANDS_WAITING)
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def _read(self) -> None:
        frame: Frame | None = (PROCESS, LoadRecognizer("", {}))
        while frame is not None:
            frame = read_frame(self._pipe)
            self._frames.put(frame)

    def take(self, wait: bool) -> Iterator[Frame | None]:
        """Yield what is there, waiting for the first where asked; None is the end of the pipe.

        Even without waiting the reading thread gets a moment: it cannot run while the engine decodes.
        """
        try:
            yield self._frames.get(timeout=None if wait else _POLL)
            while True:
                yield self._frames.get_nowait()
        except queue.Empty:
            return


class RecognizerSource:
    """Recognisers for the sessions of one process, each with a state of its own.

    Parameters
    ----------
    wanted : LoadRecognizer
        Which one, with which options.

    Raises
    ------
    EndpointError
        There is no such recogniser, or it does not take these options, which are named.

    Examples
    --------
    >>> source = RecognizerSource(LoadRecognizer("script", {}))
    >>> source.engine, source.take() is source.take()
    ('script', False)
    """

    def __init__(self, wanted: LoadRecognizer) -> None:
        kind = find_recognizer(wanted.recognizer)
        try:
            inspect.signature(kind).bind(**wanted.options)
        except TypeError as problem:
            raise EndpointError(
                f"The options of the recogniser {wanted.recognizer!r} do not fit: {problem}."
            ) from None
        self._make: Callable[[], Recognizer] = partial(kind, **wanted.options)
        self._loaded: Recognizer | None = self._make()
        self.engine = self._loaded.engine

    def take(self) -> Recognizer:
        """Return a recogniser for one session, with the model that is loaded where the recogniser can share
        it."""
        share: Callable[[], Recognizer] | None = getattr(self._loaded, "for_another_session", None)
        if share is not None:
            return share()
        loaded, self._loaded = self._loaded, None
        return self._make() if loaded is None else loaded


def run(pipe_in: BinaryIO, pipe_out: BinaryIO, control: socket | None = None) -> int:
    """Load the recogniser that the first command names, fork or work until the pipe ends, return the exit
    code."""
    send = partial(_send, pipe_out)
    frame = read_frame(pipe_in)
    if frame is None or not isinstance(frame[1], LoadRecognizer):
        return 0
    try:
        source = RecognizerSource(frame[1])
    except Exception as problem:
        send(PROCESS, RecognizerFailed(None, str(problem)))
        return 1
    can_fork = control is not None and is_safe_to_fork(control)
    send(PROCESS, RecognizerReady(source.engine, can_fork))
    if control is None or not can_fork:
        return work(pipe_in, pipe_out, source)
    pipes = fork_on_request(control)
    if pipes is None:
        return 0
    pipe_in.close()
    pipe_out.close()
    return work(*pipes, source)


def work(pipe_in: BinaryIO, pipe_out: BinaryIO, source: RecognizerSource) -> int:
    """Do what commands ask for until their pipe ends; return the exit code."""
    scheduler, commands = SessionScheduler(source.take, partial(_send, pipe_out)), CommandQueue(pipe_in)
    while True:
        for frame in commands.take(wait=not scheduler.has_work):
            if frame is None:
                return 0
            scheduler.handle(*frame)
        if scheduler.has_work:
            scheduler.work()


def _send(pipe: BinaryIO, session: int, result: WorkerResult) -> None:
    pipe.write(pack(session, result))
    pipe.flush()


def main() -> None:
    """Serve on the process's own pipes; what an engine prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    control = socket(fileno=int(sys.argv[1])) if len(sys.argv) > 1 else None
    try:
        code = run(sys.stdin.buffer, out, control)
    except (BrokenPipeError, KeyboardInterrupt):
        code = 0
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
