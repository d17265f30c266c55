"""What a tuner's model tells those who follow it: one value a kind of change.

The values say what has changed, not what it is now: that is read from the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ...vad.turns import TurnDetection
from .case import Case
from .turn_ends.changes import EndsAsked, EndsChanged, PolicyTried, Traded


@dataclass(frozen=True)
class Tried:
    """Other settings are tried; ``serial`` is the number of a page's request, None where Python set them."""

    serial: int | None = None


@dataclass(frozen=True)
class InForce:
    """What the settings tried are compared with is another."""


@dataclass(frozen=True)
class ClipChosen:
    """Another clip is in sight."""


@dataclass(frozen=True)
class ReferenceEdited:
    """The labels of the clip in sight are others."""


@dataclass(frozen=True)
class ScoresGrew:
    """More of a clip is scored: the frames from ``first`` on are new."""

    case: Case
    first: int


@dataclass(frozen=True)
class Scored:
    """A clip has all its scores; ``last`` where no other clip still waits for them."""

    case: Case
    last: bool


@dataclass(frozen=True)
class Swept:
    """There is a sweep, or another choice from it."""


@dataclass(frozen=True)
class Replaying:
    """A replay is ``seconds`` into its clip; it is the ``number``-th of ``count``."""

    case: Case
    settings: TurnDetection
    seconds: float
    number: int
    count: int


@dataclass(frozen=True)
class Replayed:
    """A replay is over; its turns are the service's turns of the clip from now on."""

    case: Case


@dataclass(frozen=True)
class HeardOtherwise:
    """The second lane hears otherwise; ``serial`` is the number of a page's request, if one asked for it."""

    serial: int | None = None


@dataclass(frozen=True)
class Failed:
    """Work in the background ended with an error, in one sentence."""

    sentence: str


Change = Union[
    Tried, InForce, ClipChosen, ReferenceEdited, ScoresGrew, Scored, Swept, Replaying, Replayed,
    HeardOtherwise, Failed, EndsChanged, EndsAsked, PolicyTried, Traded,
]
