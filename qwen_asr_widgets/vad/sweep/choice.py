"""Choosing settings from a sweep, and saying honestly how well the choice holds on calls it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SettingError
from .result import MIN_COVERAGE, Cells, SweepResult, fold_of_calls
from ..turns import TurnDetection

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = ("wait", "cut_off_rate", "errors_per_minute")


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


@dataclass(frozen=True)
class _Limits:
    """What a choice must keep to."""

    wait: float | None
    cut: float | None

    def kept(self, cells: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Tell for each cell whether it keeps to the limits and can be judged at all."""
        kept = np.asarray(cells["coverage"] >= MIN_COVERAGE)
        if self.wait is not None:
            kept = kept & (cells["wait"] <= self.wait)
        if self.cut is not None:
            kept = kept & (cells["cut_off_rate"] <= self.cut)
        return kept


def choose(
    result: SweepResult, max_wait: float | None, max_cut: float | None, folds: int, seed: int
) -> Choice:
    """Choose as ``SweepResult.best`` says."""
    limits = _Limits(_limit(max_wait, "max_wait"), _limit(max_cut, "max_cut"))
    everything = np.ones((1, len(result.clips)), dtype=np.int64)
    cells = {name: rows[0] for name, rows in result.weighted(everything).items()}
    chosen = _fewest_errors(cells, limits, len(result.silences))
    if chosen is None:
        raise _nothing_within(result, cells, limits)
    t, s = chosen
    intervals = {}
    for name in SHOWN:
        low, high = _cell(result, t, s).interval(name, seed=seed)
        intervals[name] = (float(low[0, 0]), float(high[0, 0]))
    late = [int(result.sums["late_starts"][:, t, s, p].sum()) for p in range(len(result.paddings))]
    settings = result.settings_at(t, s, late.index(min(late)))
    held_out, others = _held_out(result, limits, folds, seed)
    within = None if held_out is None else bool(limits.kept({**held_out, "coverage": np.array(1.0)}))
    wait, cut_off_rate, errors = (float(cells[name][t, s]) for name in SHOWN)
    return Choice(
        settings, wait, cut_off_rate, errors, intervals, held_out, others, within,
        len(result.group_weights("call")[0]), sum(clip.reference_turns for clip in result.clips),
    )


def _limit(value: float | None, name: str) -> float | None:
    if value is not None and (isinstance(value, bool) or not value >= 0):
        raise SettingError(f"{name} is {value!r}; it must be a number from 0 on.", name)
    return value


def _fewest_errors(
    cells: Mapping[str, Cells], limits: _Limits, silences: int
) -> tuple[int, int] | None:
    """Return the cell with the fewest errors within limits.

    Of equals the shortest wait is taken, and of those with the same silence the threshold in their middle: it
    is the least likely to be a chance of these very calls.
    """
    usable = limits.kept(cells)
    if not usable.any():
        return None
    errors = np.where(usable, cells["errors_per_minute"], np.inf)
    equal = errors <= errors.min() + 1e-9
    s = int(np.where(equal, np.nan_to_num(cells["wait"], nan=np.inf), np.inf).argmin() % silences)
    thresholds = np.flatnonzero(equal[:, s])
    return int(thresholds[(len(thresholds) - 1) // 2]), s


def _nothing_within(result: SweepResult, cells: Mapping[str, Cells], limits: _Limits) -> SettingError:
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


def _cell(result: SweepResult, t: int, s: int) -> SweepResult:
    """Return the result of one cell alone."""
    sums = {name: rows[:, t:t + 1, s:s + 1] for name, rows in result.sums.items()}
    return SweepResult(
        result.thresholds[t:t + 1], result.silences[s:s + 1], result.paddings, result.clips, sums,
        result.overhead,
    )


def _held_out(
    result: SweepResult, limits: _Limits, folds: int, seed: int
) -> tuple[dict[str, float] | None, tuple[TurnDetection, ...]]:
    """Judge every part of the calls by the settings that the others choose; return the three in total."""
    _, of_call = result.group_weights("call")
    if len(of_call) < 2:
        return None, ()
    chosen, pieces, infos = [], [], []
    for part in fold_of_calls(len(of_call), max(folds, 2), seed):
        inside = of_call[part].sum(axis=0, keepdims=True)
        rest = {name: rows[0] for name, rows in result.weighted(1 - inside).items()}
        cell = _fewest_errors(rest, limits, len(result.silences))
        if cell is None:
            continue
        chosen.append(result.settings_at(*cell))
        members = np.flatnonzero(inside[0])
        infos += [result.clips[k] for k in members]
        pieces.append((cell, members))
    if not pieces:
        return None, ()
    return _judged(result, pieces, infos), tuple(chosen)


def _judged(
    result: SweepResult, pieces: list[tuple[tuple[int, int], NDArray[np.int64]]], infos: list[Any]
) -> dict[str, float]:
    """Return the three measures over clips of which each part has settings of its own."""
    sums = {
        name: np.concatenate([rows[members][:, t:t + 1, s:s + 1] for (t, s), members in pieces])
        for name, rows in result.sums.items()
    }
    one = SweepResult(
        result.thresholds[:1], result.silences[:1], result.paddings, tuple(infos), sums, result.overhead
    )
    cells = one.weighted(np.ones((1, len(infos)), dtype=np.int64))
    return {name: float(cells[name][0, 0, 0]) for name in SHOWN}
