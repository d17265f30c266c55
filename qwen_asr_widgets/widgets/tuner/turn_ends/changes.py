"""What the tuner's part on ends of turns tells those who follow it: one value a kind of change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EndsChanged:
    """What decides is another, or it has said what it says of the pauses, or cannot."""


@dataclass(frozen=True)
class EndsAsked:
    """A model has been asked at ``done`` of ``count`` pauses."""

    done: int
    count: int


@dataclass(frozen=True)
class PolicyTried:
    """Another policy is tried; ``serial`` is the number of a page's request, None where Python set it."""

    serial: int | None = None


@dataclass(frozen=True)
class Traded:
    """There is a trade-off, and perhaps a policy that was chosen for a purpose."""
