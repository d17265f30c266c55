"""What a trade-off found: rates of every policy, the Pareto front, operating points with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import checked_number, suggestion
from ...errors import SettingError
from ..sweep.intervals import percentiles, wilson
from . import tables
from .curves import (
    CUT_OFFS, EPSILON, LATENCY, Curve, Difference, JudgedClip, OperatingPoint, Rates, best_values, usable,
)
from .resampling import Interval, Resampler
from .ttfs import MeasuredTtfs

if TYPE_CHECKING:
    from pandas import DataFrame

LATENCY_BUDGETS = (0.3, 0.6)
"""Seconds of latency at which cut-offs are compared (eot-bench)."""

CUT_OFF_BUDGETS = (0.05, 0.10)
"""Cut-off rates at which latencies are compared (eot-bench)."""

AREA_BUDGETS = tuple(step / 1_000 for step in range(101))
"""Cut-off rates over which the area is the mean: 0 to 10 % in steps of 0.1 % (eot-bench)."""

USUAL_BUDGETS = {LATENCY: LATENCY_BUDGETS, CUT_OFFS: AREA_BUDGETS}
"""What is limited in every table; the budgets of cut-offs are among those of the area."""


@dataclass(frozen=True, eq=False, repr=False)
class TradeOff:
    """False cut-offs against latency of one or more detectors, as ``trade_off`` returns them.

    Parameters
    ----------
    curves : tuple of Curve
        One for each detector.
    clips : tuple of JudgedClip
        What was judged.
    resampler : Resampler
        What is drawn and held out together: speakers, or clips where fewer than two speakers are named.
    source : str
        Where the holds come from.
    ttfs : MeasuredTtfs or None
        What was really waited for the final, where recordings were given.

    Notes
    -----
    Methods that concern one detector take ``detector=``; without it the first is meant. One that heard under
    conditions stands there once for each, as ``"vad, pink noise 10 dB"``. The definitions stand in
    ``vad.trade_off``.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, trade_off
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.9] * 14 + [0.5] * 40 + [-1] * 60)
    >>> found = trade_off(scores, [(0.64, 3.648)], silences_ms=[200, 400, 800], thresholds=0.0)
    >>> found
    <TradeOff of vad (3 policies): 1 hold and 1 end of 1 clip>
    >>> [(point.policy.time_out, point.cut_off_rate, point.latency) for point in found.pareto()]
    [(0.2, 1.0, 0.224), (0.8, 0.0, 0.8)]
    >>> [point.latency for point in found.latency_at(0.05) if point]
    [0.8]
    """

    curves: tuple[Curve, ...]
    clips: tuple[JudgedClip, ...]
    resampler: Resampler
    source: str
    ttfs: MeasuredTtfs | None = None

    def __repr__(self) -> str:
        names = ", ".join(f"{curve.detector} ({len(curve.grid):,} policies)" for curve in self.curves)
        return f"<TradeOff of {names}: {self._judged}>"

    def __str__(self) -> str:
        return tables.as_text(self._summary)

    def _repr_html_(self) -> str:
        return tables.as_html(self._summary)

    @property
    def detectors(self) -> tuple[str, ...]:
        """The names of the detectors, in the order in which they were given."""
        return tuple(curve.detector for curve in self.curves)

    @property
    def holds(self) -> int:
        """Number of holds judged."""
        return sum(clip.holds for clip in self.clips)

    @property
    def ends(self) -> int:
        """Number of ends judged."""
        return sum(clip.ends for clip in self.clips)

    def curve(self, detector: str | None = None) -> Curve:
        """Return what one detector did, by its name; the first without one."""
        for curve in self.curves:
            if detector in (None, curve.detector):
                return curve
        raise SettingError(
            f"There is no detector {detector!r:.40} here{suggestion(str(detector), self.detectors)}; there "
            f"are {', '.join(self.detectors)}.", "detector",
        )

    def pareto(self, detector: str | None = None) -> list[OperatingPoint]:
        """Return the policies that no other beats in both measures, by rising latency."""
        curve = self.curve(detector)
        rates, kept = self._rates[curve.detector], usable(self._rates[curve.detector])
        front: list[OperatingPoint] = []
        lowest = np.inf
        for index in curve.grid.order(rates[LATENCY], rates[CUT_OFFS]).tolist():
            if kept[index] and rates[CUT_OFFS][index] < lowest - EPSILON:
                front.append(self.point(index, curve.detector))
                lowest = front[-1].cut_off_rate
        return front

    def at_budget(
        self, *latencies: float, detector: str | None = None
    ) -> tuple[OperatingPoint | None, ...]:
        """Return the policy with the fewest cut-offs for each latency budget, None where none keeps to it.

        Parameters
        ----------
        *latencies : float
            Budgets in seconds; without any 0.3 and 0.6.
        detector : str, optional
        """
        return self._chosen(LATENCY, latencies or LATENCY_BUDGETS, detector)

    def latency_at(self, *rates: float, detector: str | None = None) -> tuple[OperatingPoint | None, ...]:
        """Return the policy with the lowest latency for each cut-off budget, None where none keeps to it.

        Parameters
        ----------
        *rates : float
            Budgets as shares of the holds, in [0, 1]; without any 0.05 and 0.1.
        detector : str, optional
        """
        return self._chosen(CUT_OFFS, rates or CUT_OFF_BUDGETS, detector)

    def band(
        self, latencies: Sequence[float], detector: str | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the 95 % interval of the lowest cut-off rate under each of N latencies (s).

        Low and high edges, float64 (N,); NaN with one speaker or clip, or where a latency is missed.
        """
        curve = self.curve(detector)
        rates = {name: row[None] for name, row in self._rates[curve.detector].items()}
        best = best_values(rates, LATENCY, latencies)[0]
        drawn = self.resampler.values(curve, {LATENCY: latencies})[LATENCY]
        edges = [
            self._widened(percentiles(drawn[:, k]), rate) if np.isfinite(rate) else (np.nan, np.nan)
            for k, rate in enumerate(best.tolist())
        ]
        low, high = np.array(edges).reshape(-1, 2).T
        return low, high

    def area(self, detector: str | None = None) -> float:
        """Return the mean of the lowest latencies (s) under cut-off budgets of 0, 0.1, … 10 %.

        Budgets that no policy keeps to are left out; NaN where none is kept.
        """
        rates = self._rates[self.curve(detector).detector]
        lowest = best_values({name: row[None] for name, row in rates.items()}, CUT_OFFS, AREA_BUDGETS)[0]
        kept = lowest[np.isfinite(lowest)]
        return float(kept.mean()) if len(kept) else float("nan")

    def area_interval(self, detector: str | None = None) -> Interval:
        """Return the 95 % interval of the area (s); NaN with one speaker or clip."""
        values = self._draws(self.curve(detector))[CUT_OFFS]
        values = values[~np.isnan(values).any(axis=1)]
        kept = np.isfinite(values)
        total = np.where(kept, values, 0).sum(axis=1)
        return percentiles(np.where(kept.any(axis=1), total / np.maximum(kept.sum(axis=1), 1), np.nan))

    def compare(self, first: OperatingPoint, second: OperatingPoint) -> Difference:
        """Tell how far two operating points lie apart, and whether these pauses tell them apart."""
        return self.resampler.difference(
            (self.curve(first.detector), first), (self.curve(second.detector), second)
        )

    def point(self, index: int, detector: str | None = None) -> OperatingPoint:
        """Return a policy by its number, with what it costs."""
        curve = self.curve(detector)
        rates = self._rates[curve.detector]
        return OperatingPoint(
            curve.detector, curve.grid[index], index, float(rates[CUT_OFFS][index]),
            float(rates[LATENCY][index]), float(rates["turn_cut_off_rate"][index]), self.holds,
            int(curve.sums["answered"][:, index].sum()),
        )

    def to_frame(self, by: str | None = None) -> DataFrame:
        """Return a tidy pandas frame: a row for each detector and policy, or for each clip of those.

        Parameters
        ----------
        by : {"clip", "speaker"} or None
            What a row is about besides; None puts all clips together.

        Returns
        -------
        DataFrame
            ``detector``, ``condition``, ``threshold``, ``action_delay``, ``time_out`` (s), the rates
            (``latency`` in s), ``holds`` and ``ends``; with all clips together also ``is_pareto``. The
            condition is empty where clips were heard as they are.
        """
        import pandas as pd

        if by not in (None, "clip", "speaker"):
            raise SettingError(f"by is {by!r:.40}; it must be 'clip', 'speaker' or None.", "by")
        return pd.concat([self._frame_of(curve, by) for curve in self.curves], ignore_index=True)

    def _frame_of(self, curve: Curve, by: str | None) -> DataFrame:
        """Return the rows of one detector."""
        import pandas as pd

        of_clip = [clip.name if by == "clip" else clip.speaker if by else "" for clip in self.clips]
        groups = list(range(len(of_clip))) if by == "clip" else list(dict.fromkeys(of_clip))
        owners = list(range(len(of_clip))) if by == "clip" else of_clip
        members = np.array([[int(owner == group) for owner in owners] for group in groups], dtype=np.int64)
        policies = len(curve.grid)
        columns: dict[str, Any] = {"detector": curve.alone, "condition": curve.condition}
        if by is not None:
            names = of_clip if by == "clip" else groups
            columns[by] = np.repeat(np.array(names, dtype=object), policies)
        for name in ("threshold", "action_delay", "time_out"):
            columns[name] = np.tile(getattr(curve.grid, name), len(groups))
        columns |= {name: rows.ravel() for name, rows in curve.rates(members).items()}
        for name in ("holds", "ends"):
            counts = members @ np.array([getattr(clip, name) for clip in self.clips])
            columns[name] = np.repeat(counts, policies)
        if by is None:
            front = [point.index for point in self.pareto(curve.detector)]
            columns["is_pareto"] = np.isin(np.arange(policies), front)
        return pd.DataFrame(columns)

    def to_markdown(self) -> str:
        """Return the operating points as a table of Markdown, with what they rest on below."""
        return tables.as_markdown(self._summary)

    def to_latex(self) -> str:
        """Return the operating points as a LaTeX ``tabular`` (booktabs); what they rest on as comments."""
        return tables.as_latex(self._summary)

    def to_csv(self) -> str:
        """Return the operating points as CSV: numbers alone, a row for each detector and budget."""
        return tables.as_csv(self._summary)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known to read the figures: n, source, intervals, held-out figures, what is too few."""
        basis = f"{self._judged}; holds {self.source}; {self.resampler.text}."
        measured = () if self.ttfs is None else (f"{self.ttfs}.",)
        return (basis, *measured, *self._held_out(), *self._doubts())

    @cached_property
    def _rates(self) -> dict[str, Rates]:
        """The rates over all clips, (V,), by detector."""
        everything = np.ones((1, len(self.clips)), dtype=np.int64)
        return {curve.detector: {name: rows[0] for name, rows in curve.rates(everything).items()}
                for curve in self.curves}

    @cached_property
    def _found(self) -> dict[tuple[str, str, float], OperatingPoint | None]:
        """The operating points that were asked for so far."""
        return {}

    @cached_property
    def _drawn(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """The draws made so far, by detector: they take seconds."""
        return {}

    @cached_property
    def _summary(self) -> tables.Summary:
        rows = tuple(
            tables.DetectorRow(
                name, self.at_budget(detector=name), self.latency_at(detector=name), self.area(name),
                self.area_interval(name),
            )
            for name in self.detectors
        )
        return tables.Summary(LATENCY_BUDGETS, CUT_OFF_BUDGETS, rows, self.notes)

    @property
    def _judged(self) -> str:
        counts = ((self.holds, "hold"), (self.ends, "end"), (len(self.clips), "clip"))
        holds, ends, clips = (f"{number:,} {name}{'' if number == 1 else 's'}" for number, name in counts)
        return f"{holds} and {ends} of {clips}"

    def _held_out(self) -> list[str]:
        """Say what the points chosen for a latency of 300 ms did where they had not been chosen."""
        found = [(name, self.at_budget(LATENCY_BUDGETS[0], detector=name)[0]) for name in self.detectors]
        return [
            f"{name}: held out, {point.held_out * 100:.1f} % cut off under a latency of 300 ms."
            for name, point in found if point is not None and not np.isnan(point.held_out)
        ]

    def _doubts(self) -> list[str]:
        """Say which of the settings compared are not told apart, and how many holds would do it."""
        points = [self.at_budget(LATENCY_BUDGETS[0], detector=name)[0] for name in self.detectors]
        if len(self.detectors) == 1:
            points = list(self.at_budget())
        known = [point for point in points if point is not None]
        pairs = [(known[0], other, self.compare(known[0], other)) for other in known[1:]]
        return [f"{one.detector} ({one.policy}) and {other.detector} ({other.policy}): {found}"
                for one, other, found in pairs if not found.told_apart and one != other]

    def _chosen(
        self, limited: str, budgets: Sequence[float], detector: str | None
    ) -> tuple[OperatingPoint | None, ...]:
        curve = self.curve(detector)
        what, high = ("cut-off", 1.0) if limited == CUT_OFFS else ("latency", 60.0)
        points: list[OperatingPoint | None] = []
        for budget in budgets:
            checked_number(f"a {what} budget", budget, 0.0, high)
            key = (curve.detector, limited, float(budget))
            if key not in self._found:
                self._found[key] = self._best(curve, limited, budget)
            points.append(self._found[key])
        return tuple(points)

    def _best(self, curve: Curve, limited: str, budget: float) -> OperatingPoint | None:
        """Return the best policy under a budget, with its interval and its held-out figure."""
        index = curve.best(self._rates[curve.detector], limited, budget)
        if index is None:
            return None
        point = self.point(index, curve.detector)
        edges = self._interval(curve, limited, budget)
        if limited == LATENCY:
            edges = self._widened(edges, point.cut_off_rate)
        held_out = self.resampler.held_out(curve, limited, budget)
        return replace(point, interval=edges, held_out=held_out)

    def _widened(self, edges: Interval, cut_off_rate: float) -> Interval:
        """Return the interval of a cut-off rate, at least as wide as the number of holds allows."""
        if not self.resampler.possible:
            return edges
        low, high = wilson(round(min(cut_off_rate, 1.0) * self.holds), self.holds)
        return min(edges[0], low), max(edges[1], high)

    def _interval(self, curve: Curve, limited: str, budget: float) -> Interval:
        """Return the interval of what is optimised; the usual budgets are drawn once, together."""
        usual = USUAL_BUDGETS[limited]
        if budget in usual:
            return percentiles(self._draws(curve)[limited][:, usual.index(budget)])
        return percentiles(self.resampler.values(curve, {limited: [budget]})[limited][:, 0])

    def _draws(self, curve: Curve) -> dict[str, NDArray[np.float64]]:
        """Return the best values under the usual budgets in each draw, (R, N) by measure."""
        if curve.detector not in self._drawn:
            self._drawn[curve.detector] = self.resampler.values(curve, USUAL_BUDGETS)
        return self._drawn[curve.detector]
