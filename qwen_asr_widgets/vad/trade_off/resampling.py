"""Intervals and held-out figures of a choice: speakers or clips drawn anew, and parts of them left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..sweep.choice import fold_of_calls
from ..sweep.intervals import NORMAL, draws, members, percentiles
from .curves import CUT_OFFS, LATENCY, Curve, Difference, OperatingPoint, best_values, other_of

RESAMPLES = 1_000
FOLDS = 5

_CHUNK = 50
"""Draws judged at once: bounds the memory at some MB."""

_POWER = NormalDist().inv_cdf(0.8)
"""Normal quantile of a power of 80 %."""

_FEWEST_APART = 6
"""Holds by which two policies must differ, and units there must be, to call them told apart.

Six out of six is p = 0.03 in a sign test, five out of five is not enough; a bootstrap of a few units that
happen to be alike would be sure with fewer.
"""

_FEW_UNITS = 10
"""With fewer speakers or clips a bootstrap interval is too narrow."""

Interval = tuple[float, float]
_UNKNOWN = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Resampler:
    """Draws of whole speakers or clips.

    Parameters
    ----------
    units : tuple of str
        For each of C clips the unit it belongs to.
    unit : {"speaker", "clip"}
        What the units are.
    seed : int
    """

    units: tuple[str, ...]
    unit: str
    seed: int

    @cached_property
    def members(self) -> NDArray[np.int64]:
        """Which clips belong to each of U units, int64 (U, C)."""
        return members(self.units)

    @cached_property
    def draws(self) -> NDArray[np.int64]:
        """How often each clip counts in each of 1,000 draws, int64 (R, C)."""
        return draws(len(self.members), RESAMPLES, self.seed) @ self.members

    @property
    def possible(self) -> bool:
        """Whether there are at least two units: one says nothing about others."""
        return len(self.members) > 1

    @property
    def text(self) -> str:
        """How intervals and held-out figures were made, for people to read."""
        count = len(self.members)
        if not self.possible:
            return f"one {self.unit}: no intervals, nothing held out"
        doubt = f", too narrow with so few {self.unit}s" if count < _FEW_UNITS else ""
        parts = "each held out in turn" if count <= FOLDS else f"{FOLDS} parts, each held out in turn"
        return (
            f"{count} {self.unit}s, {parts} while the others choose; 95 % intervals from {RESAMPLES:,} "
            f"resamples of {self.unit}s{doubt}; seed {self.seed}"
        )

    def values(self, curve: Curve, budgets: Mapping[str, Sequence[float]]) -> dict[str, NDArray[np.float64]]:
        """Return the best values in each draw under N budgets of each measure: float64 (R, N).

        Infinite where a budget is missed; NaN throughout with one unit.
        """
        if not self.possible:
            return {name: np.full((1, len(row)), np.nan) for name, row in budgets.items()}
        parts, curve = [], curve.distinct()
        for start in range(0, len(self.draws), _CHUNK):
            rates = curve.measures(self.draws[start:start + _CHUNK])
            parts.append({name: best_values(rates, name, row) for name, row in budgets.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in budgets}

    def held_out(self, curve: Curve, limited: str, budget: float) -> float:
        """Return what is optimised, each part judged by the policy that the other parts chose.

        NaN with one unit, or where no policy keeps to the budget on the others of some part.
        """
        if not self.possible:
            return float("nan")
        inside = np.zeros(curve.sums["wait"].shape, dtype=np.bool_)
        for part in fold_of_calls(len(self.members), FOLDS, self.seed):
            held = self.members[part].sum(axis=0)
            others = {name: row[0] for name, row in curve.measures(1 - held[None]).items()}
            index = curve.best(others, limited, budget)
            if index is None:
                return float("nan")
            inside[held > 0, index] = True
        sums = {
            name: np.where(inside, rows, 0).sum(axis=1, keepdims=True) for name, rows in curve.sums.items()
        }
        everything = np.ones((1, len(self.units)))
        judged = Curve(curve.detector, curve.grid, curve.clips, sums).measures(everything)
        return float(judged[other_of(limited)][0, 0])

    def difference(
        self, one: tuple[Curve, OperatingPoint], other: tuple[Curve, OperatingPoint]
    ) -> Difference:
        """Tell how far two operating points lie apart, the same units drawn for both."""
        first, second = (_one_policy(*each).measures(self.draws) for each in (one, other))
        moved = {name: (second[name] - first[name])[:, 0] for name in (CUT_OFFS, LATENCY)}
        cut_offs, n = other[1].cut_off_rate - one[1].cut_off_rate, one[1].holds
        edges, latency_edges = (percentiles(rows) if self.possible else _UNKNOWN for rows in moved.values())
        excludes_zero = self.possible and (edges[0] > 0 or edges[1] < 0)
        needed = None
        if self.possible and cut_offs:
            error = float(np.nanstd(moved[CUT_OFFS]))
            enough = n * _FEWEST_APART / min(len(self.members), _FEWEST_APART)
            by_size = n * ((NORMAL + _POWER) * error / cut_offs) ** 2
            needed = max(by_size, _FEWEST_APART / abs(cut_offs), enough)
        return Difference(
            cut_offs, other[1].latency - one[1].latency, edges, latency_edges,
            excludes_zero and min(abs(cut_offs) * n, len(self.members)) >= _FEWEST_APART, n,
            None if needed is None else int(np.ceil(needed)),
        )


def _one_policy(curve: Curve, point: OperatingPoint) -> Curve:
    """Return a curve of one policy."""
    sums = {name: rows[:, point.index:point.index + 1] for name, rows in curve.sums.items()}
    return Curve(curve.detector, curve.grid, curve.clips, sums)
