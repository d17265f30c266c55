"""Which session a process works for next: everybody gets the same time, and who speaks gets the finals first.

A session that uploads as fast as it can always has work waiting; one that speaks in real time has a little
now and then. So the second waits for the piece of work that was begun before its own came, not for the
other's backlog.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from ..recognizers import Recognizer
from .decoder import UtteranceDecoder
from .messages import (
    CloseSession, Configure, FinishUtterance, OpenSession, RecognizerFailed, RecognizerReady, UtteranceAudio,
    WorkBegun, WorkerCommand, WorkerResult,
)

HEAD_START = 1.0
"""Seconds of work that a session may have had more than another, and its final still goes before the other's
partials and than the finals of an upload."""

LIVE_SAMPLES = 48_000
"""Samples (3 s) of later utterances that may wait behind a final for it to have that lead: an upload has
more."""


class FairQueue:
    """Start-time fair queueing: next is the session with the least time spent on it, among those with work.

    A session that had none for a while begins where the queue stands, so that nobody saves up time.
    Goyal, Vin and Cheng, "Start-time Fair Queueing" (SIGCOMM 1996), with all weights equal.

    Examples
    --------
    >>> queue = FairQueue()
    >>> for _ in range(3):
    ...     chosen = queue.next({1: False, 2: False})
    ...     queue.spent(chosen, 0.2 if chosen == 1 else 0.05)
    ...     print(chosen)
    1
    2
    2
    """

    def __init__(self) -> None:
        self._time: dict[int, float] = {}
        self._waiting: frozenset[int] = frozenset()
        self._now = 0.0

    def next(self, waiting: Mapping[int, bool]) -> int:
        """Return whose turn it is; ``waiting`` says of each session with work whether it has the lead."""
        for session in waiting.keys() - self._waiting:
            self._time[session] = max(self._now, self._time.get(session, 0.0))
        self._waiting = frozenset(waiting)
        chosen = min(waiting, key=lambda one: (self._time[one] - HEAD_START * waiting[one], one))
        self._now = max(self._now, self._time[chosen])
        return chosen

    def spent(self, session: int, seconds: float) -> None:
        """Note that so much time was spent on a session."""
        self._time[session] = self._time.get(session, 0.0) + seconds

    def remove(self, session: int) -> None:
        """Forget a session."""
        self._time.pop(session, None)


class SessionWork:
    """What one session has asked for and is not done yet.

    Commands are followed at once, but for those that take time (settings, the end of an utterance): such a
    command, and all after it, waits until it is this session's turn.
    """

    def __init__(self, decoder: UtteranceDecoder) -> None:
        self.decoder = decoder
        self._waiting: deque[WorkerCommand] = deque()
        self._samples = 0

    @property
    def has_work(self) -> bool:
        """Whether something waits for its turn."""
        return bool(self._waiting) or self.decoder.has_work

    @property
    def has_lead(self) -> bool:
        """Whether somebody who speaks now waits: an utterance has ended or is about to, and little is
        behind it."""
        return (self.decoder.is_ending or bool(self._waiting)) and self._samples <= LIVE_SAMPLES

    def handle(self, command: WorkerCommand) -> None:
        """Follow a command, or let it wait."""
        self._waiting.append(command)
        self._samples += _samples_of(command)
        self._follow()

    def work(self) -> None:
        """Do one piece of work."""
        if self._waiting and not self.decoder.has_step:
            self.decoder.handle(self._waiting.popleft())
            self._follow()
        else:
            self.decoder.work()

    def _follow(self) -> None:
        while self._waiting and not isinstance(self._waiting[0], (FinishUtterance, Configure)):
            command = self._waiting.popleft()
            self._samples -= _samples_of(command)
            self.decoder.handle(command)


def _samples_of(command: WorkerCommand) -> int:
    return len(command.samples) if isinstance(command, UtteranceAudio) else 0


class SessionScheduler:
    """The sessions of a process, and the order in which it works for them.

    Parameters
    ----------
    make_recognizer : callable
        Returns a recogniser for one session.
    send : callable
        Takes the number of a session and each `WorkerResult` for it.
    clock : callable
        Monotonic seconds.

    Examples
    --------
    >>> from qwen_asr_widgets.service.recognizers import find_recognizer
    >>> from qwen_asr_widgets.service.workers.messages import StartUtterance
    >>> results = []
    >>> scheduler = SessionScheduler(find_recognizer("script"), lambda *result: results.append(result))
    >>> for command in (OpenSession(), StartUtterance("a", 0), FinishUtterance("a")):
    ...     scheduler.handle(3, command)
    >>> scheduler.work()
    >>> [(session, type(result).__name__) for session, result in results]
    [(3, 'RecognizerReady'), (3, 'WorkBegun'), (3, 'FinalText')]
    """

    def __init__(
        self, make_recognizer: Callable[[], Recognizer], send: Callable[[int, WorkerResult], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_recognizer = make_recognizer
        self._send = send
        self._clock = clock
        self._sessions: dict[int, SessionWork] = {}
        self._queue = FairQueue()
        self._at_work = 0

    @property
    def has_work(self) -> bool:
        """Whether `work` has something to do."""
        return any(one.has_work for one in self._sessions.values())

    def handle(self, session: int, command: WorkerCommand) -> None:
        """Take a session's command."""
        if isinstance(command, OpenSession):
            self._open(session)
        elif isinstance(command, CloseSession):
            self._sessions.pop(session, None)
            self._queue.remove(session)
        elif session in self._sessions:
            self._sessions[session].handle(command)

    def work(self) -> None:
        """Do one piece of work for the session whose turn it is."""
        waiting = {number: one.has_lead for number, one in self._sessions.items() if one.has_work}
        chosen = self._queue.next(waiting)
        if chosen != self._at_work:
            self._at_work = chosen
            self._send(chosen, WorkBegun())
        work = self._sessions[chosen]
        work.decoder.speaking = sum(one.decoder.is_speaking for one in self._sessions.values())
        begun = self._clock()
        work.work()
        self._queue.spent(chosen, self._clock() - begun)

    def _open(self, session: int) -> None:
        try:
            recognizer = self._make_recognizer()
        except Exception as problem:
            self._send(session, RecognizerFailed(None, str(problem)))
            return
        decoder = UtteranceDecoder(recognizer, lambda result: self._send(session, result), self._clock)
        self._sessions[session] = SessionWork(decoder)
        self._send(session, RecognizerReady(recognizer.engine))
