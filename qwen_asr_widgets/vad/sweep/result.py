"""What a sweep found: a tidy frame, intervals, the trade-off of cut-offs against waits, the best settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...audio.condition import Condition
from ...audio.units import SAMPLE_RATE
from ...errors import SettingError
from ...formatting import table
from ..evaluation.measures import COUNTS
from ..scoring.frames import HOP, SILERO
from .batch import START_SUMS, WAIT_BINS, Sums
from .choice import (
    MIN_COVERAGE, SHOWN, Cells, Choice, Limits, best_cell, check_seconds, check_share, edges_of,
    fold_of_calls,
    known_waits, nothing_within,
)
from .intervals import (
    SHARES, jackknife_variance, mean_interval, members, rate_interval, share_interval, student,
)
from .rates import ClipInfo, rates
from ..turns import TurnDetection
from .waits import QUANTILES, quantile

if TYPE_CHECKING:
    from pandas import DataFrame

GROUPS = ("clip", "call", "channel", "speaker", "condition")
NEED_REFERENCE = (*COUNTS, "cuts", "merges", "cut_off", "censored", "late_starts")
"""Counts that mean nothing without a reference."""
FEWER_IS_WORSE = ("coverage", "waits")
"""Of several conditions the worst has the fewest of these, and the most of everything else."""


@dataclass(frozen=True)
class SweepPoint:
    """One setting of a sweep with what it costs.

    Parameters
    ----------
    settings : TurnDetection
    wait : float
        Mean seconds from the true end of speech to the endpoint.
    cut_off_rate : float
        Share of reference turns with an endpoint before their true end.
    errors_per_minute : float
        Cuts, merges, and turns missed, invented or ended early per minute.
    waits, censored : int
        Reference turns whose wait is known, and those that were still open when their clip ended or after
        60 s: theirs is not.
    """

    settings: TurnDetection
    wait: float
    cut_off_rate: float
    errors_per_minute: float
    waits: int
    censored: int


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """Measures of every clip at every setting, as ``sweep`` returns them.

    Parameters
    ----------
    thresholds, silences, paddings : tuple
        The settings tried, in rising order: T scores, S and P milliseconds.
    clips : tuple of ClipInfo
        The clips measured.
    sums : dict of ndarray, int64
        Counts and sums of samples, shape (clips, T, S), or (clips, T, S, P) for what depends on the padding.
    overhead : float
        Seconds added to every wait.
    detector : str
        What scored the clips.
    collar : float
        Seconds before and after each true edge whose time was not judged.

    Notes
    -----
    Of a sweep under several conditions, measures are those of all of them together, every clip counted once
    under each; ``under`` leaves those of one.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, sweep
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40)
    >>> found = sweep(scores, [-0.5, 0.0], [400, 800], reference=[(0.64, 3.6)])
    >>> found
    <SweepResult of 1 clip at 2 thresholds x 2 silences x 1 padding, 1 reference turn>
    >>> found.total("cut").tolist(), len(found.to_frame()), found.best().settings.threshold
    ([[0, 0], [1, 0]], 4, -0.5)
    """

    thresholds: tuple[float, ...]
    silences: tuple[int, ...]
    paddings: tuple[int, ...]
    clips: tuple[ClipInfo, ...]
    sums: Sums = field(repr=False)
    overhead: float = 0.0
    detector: str = SILERO
    collar: float = 0.0

    def __repr__(self) -> str:
        counts = (
            _counted(len(row), name) for row, name in (
                (self.thresholds, "threshold"), (self.silences, "silence"), (self.paddings, "padding")
            )
        )
        turns = sum(clip.reference_turns for clip in self.clips)
        known = f", {_counted(turns, 'reference turn')}" if self.has_reference else ", no reference"
        clips = len(self.clips) // max(len(self.conditions), 1)
        under = f" under {_counted(len(self.conditions), 'condition')}" if self.conditions else ""
        by = "" if self.detector == SILERO else f", scored by {self.detector}"
        by += f", collar {self.collar:g} s" if self.collar else ""
        return f"<SweepResult of {_counted(clips, 'clip')}{under} at {' x '.join(counts)}{known}{by}>"

    def _repr_html_(self) -> str:
        head = ["Threshold", "Silence", "Wait", "Turns cut off", "Errors a minute", "Waits known"]
        if not self.conditions:
            rows = self._front_rows()
        else:
            head.insert(0, "Condition")
            rows = [[name, *row] for name in self.conditions for row in self.under(name)._front_rows()]
        below = "Settings that no other beats in both wait and cut-offs. " if rows else ""
        return table(head, rows, f"{below}{repr(self)[1:-1]}.")

    def _front_rows(self) -> list[list[str]]:
        """Return the settings that no other beats, as text."""
        return [
            [f"{point.settings.threshold:g}", f"{point.settings.silence_duration_ms} ms",
             *(form.format(getattr(point, name)) for name, (_, form) in SHOWN.items()),
             known_waits(point.waits, point.censored)]
            for point in (self.pareto() if self.has_reference else [])
        ]

    @property
    def conditions(self) -> tuple[str, ...]:
        """The names of the conditions under which the clips were heard; empty without any."""
        return tuple(dict.fromkeys(clip.condition for clip in self.clips if clip.condition))

    def under(self, condition: Condition | str) -> SweepResult:
        """Return what was found under one condition alone.

        Parameters
        ----------
        condition : Condition or str
            One of the sweep's, or its name as in ``conditions``.

        Raises
        ------
        SettingError
            The clips were not heard under it.

        Examples
        --------
        >>> from qwen_asr_widgets import Condition, sample, sweep
        >>> heard, prompts = [Condition(), Condition("pink", -10)], sample("prompts")
        >>> found = sweep(prompts, 0.2, 400, reference=prompts, conditions=heard)
        >>> [found.under(name).total("missed").tolist() for name in found.conditions]
        [[[0]], [[7]]]
        """
        name = str(condition)
        kept = [k for k, clip in enumerate(self.clips) if clip.condition == name]
        if not kept or not name:
            there = ", ".join(self.conditions) or "none: give conditions= to sweep()"
            raise SettingError(
                f"The clips were not heard under {name!r:.60}; conditions are {there}.", "condition"
            )
        sums = {key: rows[kept] for key, rows in self.sums.items()}
        return replace(self, clips=tuple(self.clips[k] for k in kept), sums=sums)

    @property
    def has_reference(self) -> bool:
        """Whether every clip has a reference."""
        return bool(self.clips) and all(clip.has_reference for clip in self.clips)

    def settings_at(self, threshold: int, silence: int, padding: int = 0) -> TurnDetection:
        """Return the settings of one cell by its three indices."""
        return TurnDetection(self.thresholds[threshold], self.silences[silence], self.paddings[padding])

    def nearest(self, settings: TurnDetection) -> tuple[int, int]:
        """Return the cell nearest to some settings: indices of threshold and silence (on a log scale)."""
        t = np.abs(np.array(self.thresholds) - settings.threshold).argmin()
        s = np.abs(np.log(np.array(self.silences) / settings.silence_duration_ms)).argmin()
        return int(t), int(s)

    def total(self, name: str, padding: int = 0) -> Cells:
        """Return one measure over all clips, shape (T, S).

        Parameters
        ----------
        name : str
            A count (``"turns"``, ``"cut"``, ``"merged"``, ``"missed"``, ``"invented"``, ``"clipped_starts"``,
            ``"late_starts"``), or a column of ``to_frame`` such as ``"wait"`` or ``"errors_per_minute"``.
        padding : int
            Index of the padding, where it matters.
        """
        weights = np.ones((1, len(self.clips)), dtype=np.int64)
        values: Cells = self.weighted(weights, padding)[name][0]
        return values

    def weighted(self, weights: NDArray[Any], padding: int = 0) -> dict[str, Cells]:
        """Return every measure over clips counted with weights, each of shape (groups, T, S).

        Parameters
        ----------
        weights : ndarray, shape (groups, clips)
            How often each clip counts in each group; ones and zeros select, others draw anew.
        padding : int
            Index of the padding, where it matters.
        """
        sums = {
            name: np.tensordot(weights, rows[..., padding] if name in START_SUMS else rows, axes=1)
            for name, rows in self.sums.items() if name != WAIT_BINS
        }
        return {**sums, **rates(sums, weights, self.clips, self.silences, self.overhead)}

    def to_frame(self, by: str | None = "clip") -> DataFrame:
        """Return a tidy pandas frame: one row for each group and setting.

        Parameters
        ----------
        by : {"clip", "call", "channel", "speaker", "condition"} or None
            What a row is about; None puts all clips together. With ``"clip"`` the other groups are
            columns too, ``condition`` where there are conditions.

        Returns
        -------
        DataFrame
            The group, ``threshold``, ``silence_ms``, ``padding_ms``, then counts and measures; times in
            seconds. What needs a reference is NaN without one. ``waits`` counts the turns whose wait is
            known, ``censored`` those that were still open when their clip ended or after 60 s; ``coverage``
            is the share of reference turns in the first. ``wait``, ``onset_error`` and
            ``offset_error`` are means (of sizes for the errors), since means of parts can be put together;
            ``wait_p50`` and ``wait_p90`` are as ``wait_quantiles`` gives them.
        """
        import pandas as pd

        keys, weights = self._grouping(by)
        blocks = []
        for p, padding in enumerate(self.paddings):
            block = self._columns(keys, {**self.weighted(weights, p), **self.wait_quantiles(weights)})
            block.insert(len(keys) + 2, "padding_ms", padding)
            blocks.append(block)
        return pd.concat(blocks, ignore_index=True)

    def _columns(self, keys: dict[str, list[str]], cells: dict[str, Cells]) -> DataFrame:
        """Return one padding's rows of ``to_frame``."""
        import pandas as pd

        groups, wide, high = next(iter(cells.values())).shape
        columns: dict[str, Any] = {name: np.repeat(np.array(row, dtype=object), wide * high)
                                   for name, row in keys.items()}
        columns["threshold"] = np.tile(np.repeat(self.thresholds, high), groups)
        columns["silence_ms"] = np.tile(np.array(self.silences), groups * wide)
        blind = np.isnan(cells["errors_per_minute"])
        for name in ("turns", "clipped_starts", *NEED_REFERENCE):
            counts = cells[name]
            columns[name] = (np.where(blind, np.nan, counts) if name in NEED_REFERENCE else counts).ravel()
        columns.update((name, row.ravel()) for name, row in cells.items() if name not in self.sums)
        return pd.DataFrame(columns)

    def _grouping(self, by: str | None) -> tuple[dict[str, list[str]], NDArray[np.int64]]:
        """Return the group columns and the weights that add up each group's clips."""
        if by is None:
            return {}, np.ones((1, len(self.clips)), dtype=np.int64)
        if by == "clip":
            names = {"clip": [clip.name for clip in self.clips]}
            groups = GROUPS[1:] if self.conditions else GROUPS[1:-1]
            names |= {key: [getattr(clip, key) for clip in self.clips] for key in groups}
            return names, np.eye(len(self.clips), dtype=np.int64)
        if by not in GROUPS:
            raise SettingError(f"by is {by!r}; it must be one of {', '.join(GROUPS)} or None.", "by")
        keys, weights = self.group_weights(by)
        return {by: keys}, weights

    def group_weights(self, by: str) -> tuple[list[str], NDArray[np.int64]]:
        """Return the groups of a kind and which clips are in each, int64 (groups, clips)."""
        of_clip = [getattr(clip, by) for clip in self.clips]
        return list(dict.fromkeys(of_clip)), members(of_clip)

    def wait_quantiles(self, weights: NDArray[Any] | None = None) -> dict[str, Cells]:
        """Return the waits (s) that half and 90 % of the turns keep to: ``wait_p50`` and ``wait_p90``.

        Known to within a bin of the histograms that are kept of each cell: 32 ms from 64 ms below to 256 ms
        above the silence, wider farther out (see ``vad.sweep.waits``). NaN where no wait is known.

        Parameters
        ----------
        weights : ndarray, shape (groups, clips), optional
            As for ``weighted``; without it all clips together, each of shape (T, S).
        """
        given = np.ones((1, len(self.clips))) if weights is None else weights.astype(np.float64)
        counts = np.tensordot(given, self.sums[WAIT_BINS].astype(np.float64), axes=1)
        silences = np.array([TurnDetection(0, ms).silence_frames * HOP for ms in self.silences])
        found = {name: quantile(counts, silences, q) + self.overhead for name, q in QUANTILES.items()}
        return found if weights is not None else {name: cells[0] for name, cells in found.items()}

    def interval(self, name: str, confidence: float = 0.95) -> tuple[Cells, Cells]:
        """Return intervals of a measure, clustered by call: low and high, each of shape (T, S).

        What they rest on stands in ``intervals``. They are those of a setting that was fixed beforehand: of
        the best of many, on the calls it was chosen on, they promise too much. With a single call both are
        NaN, since one call says nothing about others; of a long one ``sweep(..., block_seconds=120)`` makes
        several.

        Parameters
        ----------
        name : str
            As for ``total``; no plain count.
        confidence : float
            In (0, 1).
        """
        _, of_call = self.group_weights("call")
        if len(of_call) < 2:
            empty = np.full((len(self.thresholds), len(self.silences)), np.nan)
            return empty, empty.copy()
        whole = self.weighted(np.ones((1, len(self.clips)), dtype=np.int64))
        value = whole[name][0]
        variance = jackknife_variance(self.weighted(1 - of_call)[name])
        reach = student(confidence, len(of_call) - 1)
        if name in SHARES:
            return share_interval(value, np.array(float(self._sum_of("reference_turns"))), variance, reach)
        if name.endswith("_per_minute"):
            minutes = np.array(self._sum_of("scored_samples") / (60 * SAMPLE_RATE))
            return rate_interval(value, minutes, variance, reach)
        return mean_interval(value, variance, reach)

    def _sum_of(self, name: str) -> int:
        return sum(getattr(clip, name) for clip in self.clips)

    def pareto(self) -> list[SweepPoint]:
        """Return the settings that no other beats in both wait and cut-off rate, by rising wait.

        Settings at which fewer than half of the reference turns get an endpoint of their own (the others
        being merged, missed, or still open when their clip ends) are left out: their wait says nothing.
        """
        self.require_reference("the trade-off")
        waits, cuts = self.total("wait"), self.total("cut_off_rate")
        errors, known, censored = map(self.total, ("errors_per_minute", "waits", "censored"))
        usable = np.argwhere(self.total("coverage") >= MIN_COVERAGE)
        ordered = sorted(usable.tolist(), key=lambda cell: (waits[tuple(cell)], cuts[tuple(cell)]))
        front: list[SweepPoint] = []
        for t, s in ordered:
            if not front or cuts[t, s] < front[-1].cut_off_rate:
                wait, cut, error = (float(row[t, s]) for row in (waits, cuts, errors))
                counts = int(known[t, s]), int(censored[t, s])
                front.append(SweepPoint(self.settings_at(t, s), wait, cut, error, *counts))
        return front

    def at_budget(self, *budgets: float) -> tuple[SweepPoint | None, ...]:
        """Return for each budget the settings that cut off the fewest turns with a mean wait within it.

        Parameters
        ----------
        *budgets : float
            Seconds from the true end of speech to the endpoint.

        Returns
        -------
        tuple of SweepPoint or None
            Points of ``pareto()``; None where no setting waits as short.

        Examples
        --------
        >>> from qwen_asr_widgets import SpeechScores, sweep
        >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40)
        >>> found = sweep(scores, [0.0], [400, 800], reference=[(0.64, 3.6)])
        >>> [point and point.cut_off_rate for point in found.at_budget(0.3, 0.6, 1.0)]
        [None, 1.0, 0.0]
        """
        for budget in budgets:
            check_seconds(budget, "budget")
        front = self.pareto()
        return tuple(
            next((point for point in reversed(front) if point.wait <= budget), None) for budget in budgets
        )

    def latency_at(self, *shares: float) -> tuple[SweepPoint | None, ...]:
        """Return for each share of turns cut off the settings with the shortest mean wait that keep to it.

        Parameters
        ----------
        *shares : float
            In [0, 1].

        Returns
        -------
        tuple of SweepPoint or None
            Points of ``pareto()``; None where every setting cuts off more.

        Examples
        --------
        >>> from qwen_asr_widgets import SpeechScores, sweep
        >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40)
        >>> point, = sweep(scores, [0.0], [400, 800], reference=[(0.64, 3.6)]).latency_at(0.05)
        >>> point.settings.silence_duration_ms, round(point.wait, 3)
        (800, 0.848)
        """
        for share in shares:
            check_share(share, "share")
        front = self.pareto()
        return tuple(
            next((point for point in front if point.cut_off_rate <= share), None) for share in shares
        )

    def best(
        self, max_wait: float | None = None, max_cut: float | None = None, *, objective: str = "errors",
        weights: Mapping[str, float] | None = None, over: Literal["mean", "worst"] = "mean", folds: int = 5,
        seed: int = 0,
    ) -> Choice:
        """Return the settings that are best within limits, checked on held-out calls.

        Parameters
        ----------
        max_wait : float, optional
            Longest mean wait in seconds.
        max_cut : float, optional
            Largest share of reference turns that may be cut off, in [0, 1].
        objective : {"errors", "wait"}
            What is to be small: the errors a minute, or the mean wait in seconds and with it what errors
            cost. Of equals the other one decides.
        weights : mapping of str to float, optional
            What each error counts for: ``"cuts"``, ``"merges"``, ``"missed"``, ``"invented"``, ``"early"``
            (an endpoint before the end of speech, without a cut). With "errors" 1 where nothing is given;
            with "wait" the seconds of wait for which one error a turn would be put up with, 0 where nothing
            is given.
        over : {"mean", "worst"}
            Of a sweep under several conditions: whether errors and limits are those of all conditions
            together, or each measure that of the condition which is worst in it.
        folds : int
            Parts into which the calls are divided; each is held out once while the others choose.
        seed : int
            Decides who is in which part.

        Returns
        -------
        Choice

        Raises
        ------
        SettingError
            No setting stays within the limits, there is no reference, or no such objective or error.

        Examples
        --------
        >>> from qwen_asr_widgets import SpeechScores, sweep
        >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40)
        >>> found = sweep(scores, [0.0], [400, 800], reference=[(0.64, 3.6)])
        >>> for seconds_a_cut in (0.2, 2.0):
        ...     best = found.best(objective="wait", weights={"cuts": seconds_a_cut})
        ...     print(best.settings.silence_duration_ms, round(best.wait, 3))
        400 0.464
        800 0.848
        """
        self.require_reference("a best choice")
        if over not in ("mean", "worst"):
            raise SettingError(f"over is {over!r:.40}; it must be 'mean' or 'worst'.", "over")
        limits = Limits(max_wait, max_cut, objective, weights or {})
        return _choose(self, limits, over if self.conditions else "mean", folds, seed)

    def require_reference(self, what: str) -> None:
        """Raise ``SettingError`` where a clip has no reference."""
        blind = [clip.name for clip in self.clips if not clip.has_reference]
        if blind or not self.clips:
            raise SettingError(
                f"There is no reference for {blind[0] if blind else 'any clip'}, so {what} cannot be judged; "
                "give reference= to sweep().", "reference",
            )


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _choose(result: SweepResult, limits: Limits, over: str, folds: int, seed: int) -> Choice:
    """Choose as ``SweepResult.best`` says."""
    cells, chosen = _best(result, np.ones(len(result.clips), dtype=np.int64), over, limits)
    if chosen is None:
        raise nothing_within(cells, limits, result.silences)
    t, s = chosen
    intervals = {name: _interval(result, name, t, s, over) for name in SHOWN}
    late = [int(result.sums["late_starts"][:, t, s, p].sum()) for p in range(len(result.paddings))]
    settings = result.settings_at(t, s, late.index(min(late)))
    held_out, others, judged = _held_out(result, limits, over, folds, seed)
    within = None if held_out is None else bool(limits.kept({**held_out, "coverage": np.array(1.0)}))
    wait, cut_off_rate, errors = (float(cells[name][t, s]) for name in SHOWN)
    copies = max(len(result.conditions), 1)
    return Choice(
        settings, wait, cut_off_rate, errors, intervals, held_out, others, within,
        len(result.group_weights("call")[0]), sum(clip.reference_turns for clip in result.clips) // copies,
        int(cells["waits"][t, s]), int(cells["censored"][t, s]), judged,
        **_quantiles(result, t, s, over), goal=limits.goal, conditions=result.conditions, over=over,
        edges=edges_of(
            {"threshold": result.thresholds, "silence": result.silences}, {"threshold": t, "silence": s}
        ),
    )


def _best(
    result: SweepResult, counts: NDArray[np.int64], over: str, limits: Limits
) -> tuple[dict[str, Cells], tuple[int, int] | None]:
    """Return every measure (T, S) over the clips that count, (clips,), and the best cell within limits."""
    measured = result.weighted(_groups(result, over) * counts)
    cost, second = (np.fmax.reduce(rows, axis=0) for rows in limits.cost(measured))
    cells = _worst(measured)
    return cells, best_cell(cells, limits, (cost, second))


def _groups(result: SweepResult, over: str) -> NDArray[np.int64]:
    """Return which clips are judged together, int64 (groups, clips): all of them, or those of a condition."""
    if over == "mean":
        return np.ones((1, len(result.clips)), dtype=np.int64)
    return result.group_weights("condition")[1]


def _worst(measured: dict[str, Cells]) -> dict[str, Cells]:
    """Return each measure (T, S) of the group that is worst in it, from (groups, T, S)."""
    return {
        name: (np.fmin if name in FEWER_IS_WORSE else np.fmax).reduce(rows, axis=0)
        for name, rows in measured.items()
    }


def _quantiles(result: SweepResult, t: int, s: int, over: str) -> dict[str, float]:
    """Return what half and 90 % of the waits keep to in one cell, in the group that waits longest."""
    found = result.wait_quantiles(_groups(result, over))
    return {name: float(np.fmax.reduce(rows[:, t, s])) for name, rows in found.items()}


def _interval(result: SweepResult, name: str, t: int, s: int, over: str) -> tuple[float, float]:
    """Return the interval of one cell, under the condition that is worst in it where that is what counts."""
    one = _cell(result, t, s)
    parts = [one] if over == "mean" else [one.under(condition) for condition in one.conditions]
    worst = max(parts, key=lambda part: np.nan_to_num(part.total(name)[0, 0], nan=-np.inf))
    low, high = worst.interval(name)
    return float(low[0, 0]), float(high[0, 0])


def _cell(result: SweepResult, t: int, s: int) -> SweepResult:
    """Return the result of one cell alone."""
    sums = {name: rows[:, t:t + 1, s:s + 1] for name, rows in result.sums.items()}
    return replace(
        result, thresholds=result.thresholds[t:t + 1], silences=result.silences[s:s + 1], sums=sums
    )


def _held_out(
    result: SweepResult, limits: Limits, over: str, folds: int, seed: int
) -> tuple[dict[str, float] | None, tuple[TurnDetection, ...], int]:
    """Judge every part of the calls by the settings that the others choose.

    Returns
    -------
    The three measures in total, the settings chosen, and the number of calls judged: where the others find no
    settings within the limits, none can be.
    """
    _, of_call = result.group_weights("call")
    if len(of_call) < 2:
        return None, (), 0
    judged = 0
    chosen, pieces, infos = [], [], []
    for part in fold_of_calls(len(of_call), max(folds, 2), seed):
        inside = of_call[part].sum(axis=0)
        _, cell = _best(result, 1 - inside, over, limits)
        if cell is None:
            continue
        judged += len(part)
        chosen.append(result.settings_at(*cell))
        members = np.flatnonzero(inside)
        infos += [result.clips[k] for k in members]
        pieces.append((cell, members))
    if not pieces:
        return None, (), 0
    return _judged(result, pieces, infos, over), tuple(chosen), judged


def _judged(
    result: SweepResult, pieces: list[tuple[tuple[int, int], NDArray[np.int64]]], infos: list[Any],
    over: str,
) -> dict[str, float]:
    """Return the three measures over clips of which each part has settings of its own."""
    sums = {
        name: np.concatenate([rows[members][:, t:t + 1, s:s + 1] for (t, s), members in pieces])
        for name, rows in result.sums.items()
    }
    one = replace(
        result, thresholds=result.thresholds[:1], silences=result.silences[:1], clips=tuple(infos), sums=sums
    )
    cells = _worst(one.weighted(_groups(one, over)))
    return {name: float(cells[name][0, 0]) for name in SHOWN}
