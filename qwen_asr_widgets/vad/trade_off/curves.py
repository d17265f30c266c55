"""One detector's policies and what they cost: rates, and the best policy under a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...formatting import with_units
from ..sweep.choice import MIN_COVERAGE
from .counting import Sums
from .policy import Policy, PolicyGrid

EPSILON = 1e-9
"""By how much a rate may exceed a budget through rounding; eot-bench's figure."""

CUT_OFFS, LATENCY = "cut_off_rate", "latency"
"""The two measures of the trade-off: one is limited by a budget, the other optimised."""

Rates = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class JudgedClip:
    """One clip of a trade-off: its name, whose voice it is, and how many pauses of it were judged."""

    name: str
    speaker: str
    holds: int
    ends: int
    turns: int


@dataclass(frozen=True, eq=False)
class Curve:
    """What one detector did at each of its V policies, counted for each of C clips.

    Parameters
    ----------
    detector : str
        What tables call it: its name and, where there is one, the condition under which it heard.
    grid : PolicyGrid
    clips : tuple of JudgedClip
    sums : dict of ndarray, int64, shape (C, V)
        See ``counting.NAMES``.
    condition : str
        The name of that condition; empty where the clips were heard as they are.
    """

    detector: str
    grid: PolicyGrid
    clips: tuple[JudgedClip, ...]
    sums: Sums = field(repr=False)
    condition: str = ""

    @property
    def alone(self) -> str:
        """The detector's name without the condition."""
        return self.detector.removesuffix(f", {self.condition}")

    def rates(self, weights: NDArray[Any]) -> Rates:
        """Return the rates of every policy over clips counted with weights (G, C): each float64 (G, V).

        ``cut_off_rate``, ``latency`` (s), ``answered_rate``, ``turn_cut_off_rate``, ``timed_out_rate`` and
        ``unseen_rate``; NaN where there is nothing to divide by.
        """
        ends, turns = self._whole("ends", weights), self._whole("turns", weights)
        return {
            **self.measures(weights),
            "turn_cut_off_rate": _over(self._sum("turns_cut", weights), turns),
            "timed_out_rate": _over(self._sum("timed_out", weights), ends),
            "unseen_rate": _over(self._sum("unseen", weights), ends),
        }

    def measures(self, weights: NDArray[Any]) -> Rates:
        """Return of the rates those by which policies are chosen."""
        answered = self._sum("answered", weights)
        cut = self._sum("holds_cut", weights) + self._sum("early", weights)
        return {
            CUT_OFFS: _over(cut, self._whole("holds", weights)),
            LATENCY: _over(self._sum("wait", weights), answered) / SAMPLE_RATE,
            "answered_rate": _over(answered, self._whole("ends", weights)),
        }

    def distinct(self) -> Curve:
        """Return the curve without the policies that cost in every clip what another does."""
        stacked = np.concatenate([self.sums[name] for name in ("holds_cut", "early", "wait", "answered")])
        kept = np.sort(np.unique(stacked, axis=1, return_index=True)[1])
        grid = PolicyGrid(*(row[kept] for row in (
            self.grid.threshold, self.grid.action_delay, self.grid.time_out
        )))
        return Curve(self.detector, grid, self.clips, {name: row[:, kept] for name, row in self.sums.items()})

    def _sum(self, name: str, weights: NDArray[Any]) -> NDArray[np.float64]:
        # A product of floats is BLAS's, and counts of this size stay exact.
        total: NDArray[np.float64] = weights.astype(np.float64) @ self.sums[name].astype(np.float64)
        return total

    def _whole(self, name: str, weights: NDArray[Any]) -> NDArray[np.float64]:
        """Return how many holds, ends or turns there are, float64 (G, 1)."""
        total: NDArray[np.float64] = weights @ np.array([[float(getattr(clip, name))] for clip in self.clips])
        return total

    def best(self, rates: Rates, limited: str, budget: float) -> int | None:
        """Return the best policy of rates (V,) that keeps to a budget, None where none does."""
        kept = usable(rates) & (rates[limited] <= budget + EPSILON)
        order = self.grid.order(rates[other_of(limited)], rates[limited])
        feasible = order[kept[order]]
        return int(feasible[0]) if len(feasible) else None


def other_of(limited: str) -> str:
    """Return the measure that is optimised where the other one is limited."""
    return LATENCY if limited == CUT_OFFS else CUT_OFFS


def usable(rates: Rates) -> NDArray[np.bool_]:
    """Tell for each policy whether it has both measures and answers at least half of the ends."""
    known = np.isfinite(rates[LATENCY]) & np.isfinite(rates[CUT_OFFS])
    kept: NDArray[np.bool_] = known & (rates["answered_rate"] >= MIN_COVERAGE)
    return kept


def best_values(rates: Rates, limited: str, budgets: Sequence[float]) -> NDArray[np.float64]:
    """Return the best values of rates (G, V) under N budgets, float64 (G, N).

    Infinite where no policy keeps to a budget; NaN where there is no hold or no end to judge by.
    """
    kept = usable(rates)
    costs, values = (np.where(kept, rates[name], np.inf) for name in (limited, other_of(limited)))
    order = np.argsort(costs, axis=1)
    lowest = np.minimum.accumulate(np.take_along_axis(values, order, axis=1), axis=1)
    found = np.full((len(costs), len(budgets)), np.inf)
    for row, (sorted_costs, best) in enumerate(zip(np.take_along_axis(costs, order, axis=1), lowest)):
        within = np.searchsorted(sorted_costs, np.array(budgets) + EPSILON, side="right")
        found[row] = np.where(within > 0, best[within - 1], np.inf)
    found[np.isnan(rates[CUT_OFFS]).all(axis=1) | np.isnan(rates["answered_rate"]).all(axis=1)] = np.nan
    return found


def _over(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``part / whole`` with NaN where the whole is 0."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


@with_units(
    index="", cut_off_rate="", latency="s", turn_cut_off_rate="", holds="", ends="", held_out="",
)
@dataclass(frozen=True)
class OperatingPoint:
    """A policy and what it costs.

    Parameters
    ----------
    detector : str
    policy : Policy
    index : int
        Number of the policy among the detector's.
    cut_off_rate : float
        Share of the holds judged that were cut off.
    latency : float
        Mean seconds from the end of a turn to the answer.
    turn_cut_off_rate : float
        Share of the turns with at least one cut-off.
    holds, ends : int
        What the two rest on: the holds judged and the ends answered.
    interval : (float, float)
        95 % of what was optimised (the cut-off rate under a latency budget, the latency under a cut-off
        budget); the choice is made anew in each resample. NaN with one speaker or clip; infinite where the
        budget is missed.
    held_out : float
        The same on speakers or clips that had no part in the choice; NaN where there are none.

    Examples
    --------
    >>> point = OperatingPoint("vad", Policy(0.2, 0.4, 0.4), 0, 0.05, 0.42, 0.1, 40, 20, (0.0, 0.1), 0.07)
    >>> print(point)
    vad, threshold 0.2, silence 0.4 s: 5.0 % of 40 holds cut off, latency 0.420 s over 20 ends
    """

    detector: str
    policy: Policy
    index: int
    cut_off_rate: float
    latency: float
    turn_cut_off_rate: float
    holds: int
    ends: int
    interval: tuple[float, float] = (float("nan"), float("nan"))
    held_out: float = float("nan")

    def __str__(self) -> str:
        return (
            f"{self.detector}, {self.policy}: {self.cut_off_rate * 100:.1f} % of {self.holds} holds cut off, "
            f"latency {self.latency:.3f} s over {self.ends} ends"
        )


@dataclass(frozen=True)
class Difference:
    """How far two operating points lie apart, seen on the same pauses.

    Parameters
    ----------
    cut_off_rate, latency : float
        The second point minus the first.
    cut_off_interval, latency_interval : (float, float)
        95 %, the same speakers or clips drawn for both.
    told_apart : bool
        Whether the interval of the cut-off rates leaves 0 out, six holds or more
        differ, and there are six speakers or clips.
    holds : int
        The holds judged.
    holds_needed : int or None
        About how many, of speakers or clips like these, tell a difference of this size apart with a power
        of 80 % at 5 %; None where there is no difference or nothing to draw.
    """

    cut_off_rate: float
    latency: float
    cut_off_interval: tuple[float, float]
    latency_interval: tuple[float, float]
    told_apart: bool
    holds: int
    holds_needed: int | None

    def __str__(self) -> str:
        text = f"{self.cut_off_rate * 100:+.1f} points of the holds cut off, {self.latency:+.3f} s of latency"
        if self.told_apart:
            return f"{text}; told apart by {self.holds} holds."
        if self.holds_needed is None:
            return f"{text}; {self.holds} holds do not tell them apart."
        return f"{text}; {self.holds} holds do not tell them apart, about {self.holds_needed:,} would."
