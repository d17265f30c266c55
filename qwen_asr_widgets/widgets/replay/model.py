"""A recording that is seen again: where in its run a view stands, and what was seen there."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from ...recording import Recording
from ...recording.earlier.history import History
from ..delays.model import DelaysChoice, DelaysModel
from ..shared.commands import Command, Commands, Within
from ..shared.run_messages import RunMessages
from ..shared.shown import Shown
from ..shared.throttle import Message

MOST_SECONDS = 1e6
"""No run is longer: eleven days."""


@dataclass(frozen=True)
class MomentRequest:
    """A view wants what was seen at a second of the run; ``serial`` is in the answer."""

    time: Annotated[float, Within(0, MOST_SECONDS)]
    serial: int


@dataclass(frozen=True)
class StepRequest:
    """A view wants the moment of the next event (``by`` 1), or of the one before (−1)."""

    by: Annotated[int, Within(-1, 1)]
    serial: int


class ReplayModel:
    """Says in messages what was seen at any moment of a run; a `ViewModel`. Thread-safe.

    Beside those of `Shown`, views are told ``moment``: where in the run they stand, and how many seconds of
    the sound had gone out by then.

    Parameters
    ----------
    recording : Recording
        The whole run.
    speed : float
        How many seconds of the run pass in one, at first.

    Attributes
    ----------
    shown : Shown
        The run as it was at `time`, and all of the sound; the page hides what had not gone out yet.
    time : float
        Seconds since the recording began.
    delays : DelaysModel
        What the waits of the whole run consist of, for a view that asks.

    Examples
    --------
    >>> model = ReplayModel(Recording(), 2.0)
    >>> [content["kind"] for content, _ in model.opening()], model.opening()[-1][0]["speed"]
    (['run', 'sound', 'moment'], 2.0)
    """

    def __init__(self, recording: Recording, speed: float = 1.0) -> None:
        self.history = History(recording)
        self.speed = speed
        self.time = 0.0
        self._lock = threading.Lock()
        self._seen = self.history.at(0.0)
        run = RunMessages(
            uuid.uuid4().hex, self._seen, "", growing=lambda: self.time < self.history.duration
        )
        self.shown = Shown(recording, recording.tape, run=run)
        self.delays = DelaysModel(recording, run.source)

    @property
    def growing(self) -> bool:
        """Whether more comes by itself: never, a view asks for each moment."""
        return False

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        with self._lock:
            return [*self.shown.opening(), self._moment(0)]

    def changes(self) -> list[Message]:
        """Return what has changed since views were told last: nothing, unless they ask."""
        return []

    def go_to(self, wanted: MomentRequest) -> list[Message]:
        """Stand at a moment and return what is seen there."""
        with self._lock:
            return self._go(wanted.time, wanted.serial)

    def step(self, wanted: StepRequest) -> list[Message]:
        """Stand at the next event, or at the one before, and return what is seen there."""
        with self._lock:
            return self._go(self.history.next(self.time, wanted.by), wanted.serial)

    def _go(self, time: float, serial: int) -> list[Message]:
        self.time = min(time, self.history.duration)
        self._seen = self.history.at(self.time)
        self.shown.run.turn_to(self._seen)
        return [*self.shown.run.changes(), self._moment(serial)]

    def _moment(self, serial: int) -> Message:
        """Return where views stand; ``serial`` is that of the request, 0 for what nobody asked for."""
        content: dict[str, Any] = {
            "kind": "moment", "source": self.shown.run.source, "serial": serial, "time": self.time,
            "duration": self.history.duration, "heard": self._seen.duration, "speed": self.speed,
            "pace": self.history.recording.info.pace,
        }
        return content, []

    @property
    def commands(self) -> Commands:
        """What a view may ask: moments, the waits taken apart, and what `Shown` answers."""
        return {
            **self.shown.commands,
            "moment": Command(MomentRequest, self.go_to), "step": Command(StepRequest, self.step),
            **self.delays.commands,
            "delays": Command(DelaysChoice, lambda choice: self.delays.opening() if choice.on else []),
        }
