"""What pages may ask of the ends of turns, and what is done with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ....vad.trade_off.policy import Policy
from ...shared.commands import Command, Commands
from .ends import TurnEnds


@dataclass(frozen=True)
class Decide:
    """Let something else decide that a turn is over."""

    detector: str


@dataclass(frozen=True)
class TryPolicy:
    """Three handles, in seconds but for the threshold. Their ranges are checked by `TurnEnds`."""

    threshold: float | None
    delay: float
    time_out: float
    serial: int


@dataclass(frozen=True)
class Trade:
    """Sweep what decides; for a purpose take the best policy, with its own limit where that is None."""

    purpose: Literal["agent", "dictation", "captions", "telephone", ""] = ""
    limit: float | None = None


class TurnEndsCommands:
    """Acts on what pages ask.

    Parameters
    ----------
    ends : TurnEnds
    begin : callable
        Begins work of a name in the background.
    """

    def __init__(self, ends: TurnEnds, begin: Callable[[str, Callable[[], object]], None]) -> None:
        self._ends = ends
        self._begin = begin

    @property
    def table(self) -> Commands:
        """The commands by kind of message."""
        return {
            "decide": Command(Decide, lambda asked: self._ends.decide(asked.detector)),
            "policy": Command(TryPolicy, self._try),
            "trade": Command(Trade, self._trade),
        }

    def _try(self, asked: TryPolicy) -> None:
        threshold = math.nan if asked.threshold is None else asked.threshold
        self._ends.try_policy(Policy(threshold, asked.delay, asked.time_out), asked.serial)

    def _trade(self, asked: Trade) -> None:
        if asked.purpose:
            self._begin("trade-off", lambda: self._ends.tune_for(asked.purpose, asked.limit))
        else:
            self._begin("trade-off", self._ends.trade_off)
