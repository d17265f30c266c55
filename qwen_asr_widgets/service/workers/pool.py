"""The pool of workers: started, shared among the sessions, watched, replaced, ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from ...errors import QawError, RecognizersBusy, RecognizerUnavailable
from .messages import LoadRecognizer
from .worker import SessionRecognizer, Worker

MOST_SESSIONS = 16
"""Sessions that may send sound at the same time, unless the service is told otherwise."""

MOST_SPARE = 2
"""Workers without a session that are kept, their model loaded: one started ahead, and one that came back."""


@dataclass(eq=False)
class Place:
    """A worker, or one that is being started, and how many sessions it works for.

    Parameters
    ----------
    starting : Task
        Returns the worker.
    sessions : int
        Sessions that have a recogniser in it, or wait for one.
    """

    starting: asyncio.Task[Worker]
    sessions: int = 0

    @property
    def worker(self) -> Worker | None:
        """The worker, once it was started."""
        has_started = self.starting.done() and not self.starting.cancelled() and not self.starting.exception()
        return self.starting.result() if has_started else None

    @property
    def is_usable(self) -> bool:
        """Whether a session may be given to it."""
        worker = self.worker
        return not self.starting.done() if worker is None else worker.is_alive

    @property
    def load(self) -> tuple[int, float]:
        """How much it has to do: its sessions, and the seconds of sound that wait in it."""
        worker = self.worker
        return self.sessions, 0.0 if worker is None else worker.behind


class WorkerPool:
    """Workers with the same recogniser, which the sessions that send sound share.

    One process stands ready at any time, its model loaded, so that a session need not wait for that: one that
    forks workers where that is safe; else a spare worker, which the next session takes. Of the workers whose
    last session has left, one is then kept as well.

    Parameters
    ----------
    recognizer : LoadRecognizer
        Which recogniser, with which options.
    sessions : int
        Sessions that may have a recogniser at the same time.
    workers : int or None
        Processes that work for them at most; None: each session has one to itself.
    """

    def __init__(
        self, recognizer: LoadRecognizer, sessions: int = MOST_SESSIONS, workers: int | None = None
    ) -> None:
        self.most_sessions = sessions
        self.most_workers = sessions if workers is None else min(workers, sessions)
        self._recognizer = recognizer
        self._ready: list[asyncio.Task[Worker]] = []
        self._forks = False
        self._places: list[Place] = []
        self._place_of: dict[SessionRecognizer, Place] = {}
        self._lending = asyncio.Lock()
        self._reviving = asyncio.Lock()
        self._endings: set[asyncio.Task[int]] = set()
        self._closing = False

    @property
    def sessions(self) -> int:
        """Sessions that have a recogniser."""
        return sum(place.sessions for place in self._places)

    @property
    def workers(self) -> int:
        """Processes that work for sessions."""
        return sum(place.is_usable for place in self._places)

    async def open(self) -> str:
        """Start the process that stands ready and wait until it is loaded; return its engine's name and
        version.

        Raises
        ------
        RecognizerUnavailable
            The recogniser cannot be started with these options.
        """
        self._ready = [self._start()]
        worker = await asyncio.shield(self._ready[0])
        await worker.ready()
        self._forks = worker.can_fork
        return worker.engine

    async def take(self, is_lent: bool = False) -> SessionRecognizer:
        """Return a recogniser for a session: in a worker of its own while there may be one more, else in the
        one with the fewest sessions.

        Raises
        ------
        RecognizersBusy
            As many sessions as may have a recogniser have one.
        RecognizerUnavailable
            It does not start.
        """
        if self.sessions >= self.most_sessions:
            raise RecognizersBusy(
                f"All {self.most_sessions} recognisers of this service are at work: try again when another "
                "session has ended."
            )
        place = self._choose()
        place.sessions += 1
        if not is_lent:
            self._stand_ready()
        try:
            worker = await asyncio.shield(place.starting)
            await worker.ready()
        except BaseException:
            self._leave_later(place)
            raise
        session = worker.open_session()
        self._place_of[session] = place
        return session

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[SessionRecognizer]:
        """Lend a recogniser to one session after the other, which keeps no process for it."""
        async with self._lending:
            session = await self.take(is_lent=True)
            try:
                yield session
            finally:
                await self.release(session)

    async def release(self, session: SessionRecognizer) -> int:
        """Throw a recogniser away whose session is over, or whose process has died; return the exit code.

        A worker without sessions is ended, or stands ready again.
        """
        session.worker.close_session(session)
        code = await self._leave(self._place_of.pop(session))
        self._stand_ready()
        return code

    async def close(self) -> None:
        """End all processes."""
        self._closing = True
        places = (_end(place.starting) for place in self._places)
        await asyncio.gather(*places, *self._endings, return_exceptions=True)
        for starting in self._ready:  # after them, as it tells how its copies end
            await _end(starting)

    def _choose(self) -> Place:
        usable = [place for place in self._places if place.is_usable]
        if len(usable) >= self.most_workers:
            return min(usable, key=lambda place: place.load)
        if self._forks:
            starting = asyncio.ensure_future(self._fork())
        else:
            ready = [one for one in self._ready if Place(one).is_usable]
            starting = ready.pop(0) if ready else self._start()
            self._ready = ready
        place = Place(starting)
        self._places.append(place)
        return place

    async def _leave(self, place: Place) -> int:
        """Take one session off a place; end its worker where that was the last one."""
        place.sessions -= 1
        if place.sessions:
            return 0 if place.is_usable else await _end(place.starting)
        self._places.remove(place)
        is_spare = place.is_usable and not self._forks and len(self._ready) < MOST_SPARE
        if is_spare and not self._closing:
            self._ready.append(place.starting)
            return 0
        return await _end(place.starting)

    def _leave_later(self, place: Place) -> None:
        """Take a session off a place that nobody waits for any more, as soon as that has started."""
        ending = asyncio.ensure_future(self._leave(place))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    def _stand_ready(self) -> None:
        """Have a process stand ready, unless that would be one worker too many."""
        is_wanted = self._forks or self.workers < self.most_workers
        if not self._ready and is_wanted and not self._closing:
            self._ready = [self._start()]

    def _start(self) -> asyncio.Task[Worker]:
        return asyncio.ensure_future(Worker.start(self._recognizer))

    async def _fork(self) -> Worker:
        """Return a copy of the process that stands ready, which is started again if it has died."""
        dead: Worker | None = None
        while True:
            original = await self._original(dead)
            if not original.can_fork:
                self._ready, self._forks = [], False
                return original
            try:
                return await original.fork()
            except RecognizerUnavailable:
                if dead is not None:
                    raise
                dead = original  # a moment ago: nobody had noticed yet

    async def _original(self, dead: Worker | None) -> Worker:
        """Return the process that stands ready, another one than ``dead``."""
        async with self._reviving:
            ready = Place(self._ready[0]) if self._ready else None
            if ready is None or not ready.is_usable or (dead is not None and ready.worker is dead):
                self._ready = [self._start()]
            original = await self._ready[0]
            await original.ready()
        return original


async def _end(starting: asyncio.Task[Worker]) -> int:
    """End a worker, which may still be starting; return its exit code."""
    with suppress(QawError, OSError):
        return await (await starting).end()
    return 0
