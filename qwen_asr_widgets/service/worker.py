"""A recogniser's process: ``python -m qwen_asr_widgets.service.worker``, commands in, results out.

Engines hold the interpreter's lock while they decode, so each session's recogniser lives apart. While the
silence at the end of an utterance runs, the final pass is rehearsed, just early enough to be over when the
utterance ends; if speech goes on, its result is thrown away.
"""

from __future__ import annotations

import inspect
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE
from ..errors import EndpointError
from .commands import (
    Begin, Command, Configure, Configured, Drop, End, Failed, Final, Hear, Heard, Hire, PartialText, Quiet,
    Ready, Result, pack, read_value,
)
from .recognizers import Recognizer, find_recognizer
from .recognizers.base import Hypothesis

STEP = 3_200
"""Samples (200 ms) between two partials: five a second."""

PILED_UP = 9_600
"""Samples (600 ms) waiting from which costly partials become rare, so that work done twice is saved."""

RARELY = 5 * STEP
"""Samples (1 s) after which even then one is due."""

INBOX = 256
"""Commands waiting in this process; the service sees a full pipe beyond them."""

_EARLY = 0.15
"""Seconds by which a rehearsal is begun earlier than it need be: silences are told of every 100 ms."""

_POLL = 0.002


class Desk:
    """Obeys commands with a recogniser; has no pipe of its own.

    Parameters
    ----------
    recognizer : Recognizer
        The engine.
    send : callable
        Takes each result.
    clock : callable
        Monotonic seconds, to learn how long a final pass takes.
    """

    def __init__(
        self, recognizer: Recognizer, send: Callable[[Result], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer = recognizer
        self._send = send
        self._clock = clock
        self._cost = 0.25
        self._item: str | None = None

    @property
    def has_work(self) -> bool:
        """Whether there is audio to be decoded or a rehearsal due."""
        return self._item is not None and (
            self._waiting_samples >= self._to_next_step or self._rehearsal_due or self._catch_up_due
        )

    def obey(self, command: Command) -> None:
        """Do what a command asks at once; audio alone is left for `work`."""
        if isinstance(command, Hear):
            self._take(command.samples)
        elif isinstance(command, Quiet):
            self._use_silence(command)
        elif isinstance(command, Begin):
            self._begin(command)
        elif isinstance(command, End):
            self._guarded(self._end)
        elif isinstance(command, Drop):
            self._forget()
        elif isinstance(command, Configure):
            self._configure(command)

    def work(self) -> None:
        """Decode one step of what waits, or rehearse the final pass."""
        if self._rehearsal_due:
            self._guarded(self._rehearse)
        else:
            self._guarded(self._catch_up if self._catch_up_due else self._step)

    def _configure(self, command: Configure) -> None:
        try:
            unknown = self._recognizer.configure(command.language, command.corpus_text)
        except Exception as problem:
            self._send(Failed(None, f"{type(problem).__name__}: {problem}"))
        else:
            self._send(Configured(tuple(unknown)))

    def _begin(self, command: Begin) -> None:
        self._forget()
        self._item = command.item_id
        self._waiting: list[NDArray[np.int16]] = []
        self._waiting_samples = self._given = 0
        self._shown, self._shown_at = Hypothesis(), 0
        self._rehearsal_due = self._catch_up_due = False
        self._rehearsed: tuple[str, float] | None = None
        self._wasted = 0.0
        self._guarded(lambda: self._recognizer.start(command.first_sample))

    def _take(self, samples: NDArray[np.int16]) -> None:
        if self._item is None:
            self._send(Heard(len(samples)))
            return
        self._waiting.append(samples)
        self._waiting_samples += len(samples)
        self._rehearsal_due = self._catch_up_due = False
        if self._rehearsed is not None:
            self._wasted += self._rehearsed[1]
            self._rehearsed = None

    def _use_silence(self, quiet: Quiet) -> None:
        """Rehearse, as late as lets the pass be over when the utterance ends; or decode what is left."""
        if self._item is None or self._rehearsed is not None:
            return
        if self._recognizer.can_rehearse:
            expected = self._cost * (self._given + self._waiting_samples) / SAMPLE_RATE
            self._rehearsal_due = expected + _EARLY >= quiet.remaining
        else:
            self._catch_up_due = self._recognizer.costly_partials and self._waiting_samples > 0

    def _catch_up(self) -> None:
        self._catch_up_due = False
        self._hand_over(self._waiting_samples)
        self._partial()

    @property
    def _to_next_step(self) -> int:
        return STEP - self._given % STEP

    def _step(self) -> None:
        self._hand_over(self._to_next_step)
        piled_up = self._recognizer.costly_partials and self._waiting_samples >= PILED_UP
        if not piled_up or self._given - self._shown_at >= RARELY:
            self._partial()

    def _hand_over(self, count: int) -> None:
        """Give the next ``count`` waiting samples to the recogniser."""
        waiting = np.concatenate(self._waiting) if self._waiting else np.zeros(0, np.int16)
        piece, rest = waiting[:count], waiting[count:]
        self._waiting, self._waiting_samples = [rest], len(rest)
        self._given += len(piece)
        self._send(Heard(len(piece)))
        self._recognizer.accept(piece)

    def _partial(self) -> None:
        self._shown_at = self._given
        found = self._recognizer.partial()
        if found != self._shown and self._item is not None:
            self._shown = found
            self._send(PartialText(self._item, found.settled, found.draft))

    def _rehearse(self) -> None:
        self._rehearsal_due = False
        self._hand_over(self._waiting_samples)
        self._rehearsed = self._final_pass()

    def _final_pass(self) -> tuple[str, float]:
        """Return the final text and the wall time it took; remember what a second of audio costs."""
        begun = self._clock()
        text = self._recognizer.finish()
        took = self._clock() - begun
        if self._given >= SAMPLE_RATE // 2:
            self._cost = 0.7 * self._cost + 0.3 * min(1.0, took * SAMPLE_RATE / self._given)
        return text, took

    def _end(self) -> None:
        if not self._recognizer.costly_partials:
            while self._waiting_samples >= self._to_next_step:
                self._step()
        if self._waiting_samples:
            self._hand_over(self._waiting_samples)
        rehearsed = self._rehearsed is not None
        text, took = self._rehearsed or self._final_pass()
        item, self._item = self._item, None
        if item is not None:
            self._send(Final(item, text, took, rehearsed, self._wasted))

    def _forget(self) -> None:
        if self._item is not None and self._waiting_samples:
            self._send(Heard(self._waiting_samples))
        self._item = None

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do something for the item; where the recogniser raises, the item has failed and work goes on."""
        if self._item is None:
            return
        try:
            action()
        except Exception as problem:
            failed = self._item
            self._forget()
            self._send(Failed(failed, f"{type(problem).__name__}: {problem}"))


class Inbox:
    """Commands from a pipe, read by a thread so that the desk can see whether more are waiting."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._commands: queue.Queue[Command | None] = queue.Queue(INBOX)
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def _read(self) -> None:
        command = True
        while command is not None:
            command = read_value(self._pipe)
            self._commands.put(command)

    def take(self, wait: bool) -> Iterator[Command | None]:
        """Yield what is there, waiting for the first where asked; None is the end of the pipe.

        Even without waiting the reader gets a moment: it cannot run while the engine decodes.
        """
        try:
            yield self._commands.get(timeout=None if wait else _POLL)
            while True:
                yield self._commands.get_nowait()
        except queue.Empty:
            return


def run(pipe_in: BinaryIO, pipe_out: BinaryIO) -> int:
    """Be the recogniser that the first command names until the pipe ends; return the exit code."""

    def send(result: Result) -> None:
        pipe_out.write(pack(result))
        pipe_out.flush()

    hire = read_value(pipe_in)
    if not isinstance(hire, Hire):
        return 0
    try:
        recognizer = _construct(hire)
    except Exception as problem:
        send(Failed(None, str(problem)))
        return 1
    send(Ready(recognizer.engine))
    desk, inbox = Desk(recognizer, send), Inbox(pipe_in)
    while True:
        for command in inbox.take(wait=not desk.has_work):
            if command is None:
                return 0
            desk.obey(command)
        if desk.has_work:
            desk.work()


def _construct(hire: Hire) -> Recognizer:
    """Make the recogniser; options it does not take are named in the error."""
    kind = find_recognizer(hire.recognizer)
    try:
        inspect.signature(kind).bind(**hire.options)
    except TypeError as problem:
        raise EndpointError(
            f"The recogniser {hire.recognizer!r} does not take these options: {problem}."
        ) from None
    return kind(**hire.options)


def main() -> None:
    """Serve on the process's own pipes; what an engine prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        code = run(sys.stdin.buffer, out)
    except (BrokenPipeError, KeyboardInterrupt):
        code = 0
    os._exit(code)


if __name__ == "__main__":
    main()
