"""Choosing among the settings of a sweep, and what was chosen; ``SweepResult.best`` does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SettingError
from ...formatting import table
from ..turns import TurnDetection

Cells = NDArray[np.float64]
"""One measure at every threshold and silence, float64 (T, S)."""

SHOWN = {
    "wait": ("Wait", "{:.2f} s"), "cut_off_rate": ("Turns cut off", "{:.1%}"),
    "errors_per_minute": ("Errors a minute", "{:.2f}"),
}
"""The measures a choice is told by: their titles, and how they are written."""

MIN_COVERAGE = 0.5
"""Share of reference turns that must get an endpoint of their own: else the wait says nothing."""


@dataclass(frozen=True)
class Choice:
    """The best settings of a sweep within limits.

    Parameters
    ----------
    settings : TurnDetection
        Chosen on all calls. The padding is the shortest with the fewest starts that are not heard.
    wait, cut_off_rate, errors_per_minute : float
        What they do on all calls (seconds, share, count).
    intervals : mapping of str to (low, high)
        95 % bootstrap intervals of the three, clustered by call; NaN with a single call.
    held_out : mapping of str to float, or None
        The same three on calls that had no part in the choice: each part of the calls judged by the
        settings that the others chose. None with a single call.
    held_out_settings : tuple of TurnDetection
        What each part's others chose.
    within_limits : bool or None
        Whether the limits hold on the held-out calls; None where none was held out.
    calls, reference_turns : int
        How much the choice rests on.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, sweep
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40)
    >>> best = sweep(scores, [0.0], [400, 800], reference=[(0.64, 3.6)]).best()
    >>> best.settings.silence_duration_ms, best.cut_off_rate
    (800, 0.0)
    """

    settings: TurnDetection
    wait: float
    cut_off_rate: float
    errors_per_minute: float
    intervals: Mapping[str, tuple[float, float]]
    held_out: Mapping[str, float] | None
    held_out_settings: tuple[TurnDetection, ...]
    within_limits: bool | None
    calls: int
    reference_turns: int

    def __str__(self) -> str:
        chosen = self.settings
        text = (
            f"threshold {chosen.threshold:g}, silence {chosen.silence_duration_ms} ms, padding "
            f"{chosen.prefix_padding_ms} ms: wait {self.wait:.2f} s, "
            f"{self.cut_off_rate:.1%} of turns cut off, "
            f"{self.errors_per_minute:.2f} errors a minute ({self.reference_turns} turns, {self.calls} "
            f"call{'s' if self.calls > 1 else ''}). "
        )
        if self.held_out is None:
            return text + "Not checked: with one call there is none to hold out."
        verdict = "" if self.within_limits else ", outside the limits"
        return text + (
            f"On held-out calls: wait {self.held_out['wait']:.2f} s, "
            f"{self.held_out['cut_off_rate']:.1%} cut off, "
            f"{self.held_out['errors_per_minute']:.2f} errors a minute{verdict}."
        )

    def _repr_html_(self) -> str:
        head = ["", "All calls"]
        head += ["95 %"] if self.calls > 1 else []
        head += [] if self.held_out is None else ["Held out"]
        rows = []
        for name, (title, form) in SHOWN.items():
            row = [title, form.format(getattr(self, name))]
            if self.calls > 1:
                row.append(" – ".join(map(form.format, self.intervals[name])))
            if self.held_out is not None:
                row.append(form.format(self.held_out[name]))
            rows.append(row)
        return table(head, rows, str(self))


@dataclass(frozen=True)
class Limits:
    """What a choice must keep to.

    Parameters
    ----------
    wait : float or None
        Longest mean wait in seconds.
    cut : float or None
        Largest share of reference turns that may be cut off.

    Raises
    ------
    SettingError
        One of them is no number from 0 on.
    """

    wait: float | None
    cut: float | None

    def __post_init__(self) -> None:
        for name, value in (("max_wait", self.wait), ("max_cut", self.cut)):
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if value is not None and not (is_number and value >= 0):
                raise SettingError(f"{name} is {value!r}; it must be a number from 0 on.", name)

    def kept(self, cells: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Tell for each cell whether it keeps to the limits and can be judged at all."""
        kept = np.asarray(cells["coverage"] >= MIN_COVERAGE)
        if self.wait is not None:
            kept = kept & (cells["wait"] <= self.wait)
        if self.cut is not None:
            kept = kept & (cells["cut_off_rate"] <= self.cut)
        return kept


def fewest_errors(cells: Mapping[str, Cells], limits: Limits) -> tuple[int, int] | None:
    """Return the cell with the fewest errors within limits: its threshold and its silence, by index.

    Of equals the shortest wait is taken, and of those with the same silence the threshold in their middle: it
    is the least likely to be a chance of these very calls.
    """
    usable = limits.kept(cells)
    if not usable.any():
        return None
    errors = np.where(usable, cells["errors_per_minute"], np.inf)
    equal = errors <= errors.min() + 1e-9
    s = int(np.where(equal, np.nan_to_num(cells["wait"], nan=np.inf), np.inf).argmin() % errors.shape[1])
    thresholds = np.flatnonzero(equal[:, s])
    return int(thresholds[(len(thresholds) - 1) // 2]), s


def nothing_within(cells: Mapping[str, Cells], limits: Limits) -> SettingError:
    """Return the error that says how near the settings tried come to the limits."""
    usable = cells["coverage"] >= MIN_COVERAGE
    if not usable.any():
        return SettingError(
            "At every setting tried most reference turns are merged or missed; sweep other thresholds, or "
            "check that the labels belong to these clips.", "thresholds",
        )
    shortest = float(np.nanmin(np.where(usable, cells["wait"], np.nan)))
    fewest = float(np.nanmin(np.where(usable, cells["cut_off_rate"], np.nan)))
    if limits.wait is not None and shortest > limits.wait:
        return SettingError(
            f"No setting tried keeps the wait to {limits.wait:g} s; the shortest is {shortest:.2f} s. Raise "
            "max_wait or sweep shorter silences.", "max_wait",
        )
    if limits.cut is not None and fewest > limits.cut:
        return SettingError(
            f"No setting tried cuts off as few as {limits.cut:.1%} of the turns; the fewest are "
            f"{fewest:.1%}. Raise max_cut or sweep longer silences.", "max_cut",
        )
    allowed = usable & (cells["cut_off_rate"] <= (limits.cut if limits.cut is not None else np.inf))
    wait = float(np.nanmin(np.where(allowed, cells["wait"], np.nan)))
    return SettingError(
        f"No setting tried keeps both limits; with at most {limits.cut or 0:.1%} of turns cut off the "
        f"shortest wait is {wait:.2f} s. Raise max_wait or max_cut.", "max_wait",
    )


def fold_of_calls(calls: int, folds: int, seed: int) -> Sequence[NDArray[np.int64]]:
    """Divide calls at random into at most ``folds`` parts of about the same size."""
    order = np.random.default_rng(seed).permutation(calls)
    return [part for part in np.array_split(order, min(folds, calls)) if len(part)]
