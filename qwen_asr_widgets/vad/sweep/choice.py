"""Choosing among the settings of a sweep, and what was chosen; ``SweepResult.best`` does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import is_number, suggestion
from ...errors import SettingError
from ...formatting import table
from ..turns import MAX_TURN_SECONDS, SILENCE_RANGE_MS, TurnDetection

Cells = NDArray[np.float64]
"""One measure at every threshold and silence, float64 (T, S)."""

SHOWN = {
    "wait": ("Wait", "{:.2f} s"), "cut_off_rate": ("Turns cut off", "{:.1%}"),
    "errors_per_minute": ("Errors a minute", "{:.2f}"),
}
"""The measures a choice is told by: their titles, and how they are written."""

EDGES = {
    "threshold_low": "lowest threshold tried", "threshold_high": "highest threshold tried",
    "silence_low": "shortest silence tried", "silence_high": "longest silence tried",
}
"""Where a choice may lie at the edge of a grid."""

OBJECTIVES = ("errors", "wait")
ERRORS = ("cuts", "merges", "missed", "invented", "early")
"""The errors of which all are counted together, by the names under which each can be given a weight."""

MIN_COVERAGE = 0.5
"""Share of reference turns that must get an endpoint of their own: else the wait says nothing.

Those still open at the end of their clip have none: at a threshold that never ends a turn, all are.
"""


@dataclass(frozen=True, repr=False)
class Choice:
    """The best settings of a sweep within limits.

    Parameters
    ----------
    settings : TurnDetection
        Chosen on all calls. The padding is the shortest with the fewest late starts.
    wait, cut_off_rate, errors_per_minute : float
        What they do on all calls (seconds, share, count).
    intervals : mapping of str to (low, high)
        95 % intervals of the three, clustered by call (see ``SweepResult.interval``); NaN with a single call.
        They are those after selection: for the best of many settings, on the calls it was chosen on, they
        promise too much. ``held_out`` does not.
    held_out : mapping of str to float, or None
        The same three on calls that had no part in the choice: each part of the calls judged by the
        settings that the others chose. None with a single call, or where none could be judged.
    held_out_settings : tuple of TurnDetection
        What each part's others chose.
    within_limits : bool or None
        Whether the limits hold on the held-out calls; None where none was held out.
    calls, reference_turns : int
        How much the choice rests on.
    waits, censored : int
        Turns whose wait is known, and those still open when their clip ended or after 60 s: theirs is not.
    held_out_calls : int
        Calls judged by settings that others chose. Fewer than ``calls`` where some others have no setting
        within the limits.
    wait_p50, wait_p90 : float
        Seconds that half and 90 % of the waits keep to, see ``SweepResult.wait_quantiles``.
    goal : str
        What was to be small, where that is not the plain number of errors.
    conditions : tuple of str
        Those under which the clips were heard; ``reference_turns`` counts each turn once.
    over : {"mean", "worst"}
        Whether the measures are those of all conditions together, or each that of the condition which is
        worst in it.
    edges : tuple of str
        Where the settings lie at the edge of the grid, keys of ``EDGES``: others beyond it were not tried.

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
    waits: int
    censored: int
    held_out_calls: int
    wait_p50: float = float("nan")
    wait_p90: float = float("nan")
    goal: str = ""
    conditions: tuple[str, ...] = ()
    over: str = "mean"
    edges: tuple[str, ...] = ()

    @property
    def recommended(self) -> bool:
        """Whether nothing speaks against the settings: on held-out calls they do not leave the limits."""
        return self.within_limits is not False

    def __repr__(self) -> str:
        return f"<Choice: {self}>"

    def __str__(self) -> str:
        chosen = self.settings
        said = {name: form.format(getattr(self, name)) + self._interval(name)
                for name, (_, form) in SHOWN.items()}
        parts = [
            f"threshold {chosen.threshold:g}, silence {chosen.silence_duration_ms} ms, padding "
            f"{chosen.prefix_padding_ms} ms: wait {said['wait']}, {said['cut_off_rate']} of turns cut off, "
            f"{said['errors_per_minute']} errors a minute ({self.reference_turns} turns, "
            f"{_calls(self.calls)}{self._heard}).",
        ]
        if not np.isnan(self.wait_p90):
            parts.append(f"Half wait at most {self.wait_p50:.2f} s, 90 % at most {self.wait_p90:.2f} s.")
        if self.edges:
            parts.append(f"At the edge of the grid: the {', the '.join(EDGES[one] for one in self.edges)}.")
        if self.goal:
            parts.append(f"Chosen for {self.goal}.")
        if self.calls > 1:
            parts.append("In brackets: 95 %, after selection.")
        if self.censored:
            parts.append(f"The wait is that of {known_waits(self.waits, self.censored)}.")
        return " ".join([*parts, self._verdict()])

    @property
    def _heard(self) -> str:
        """Return under which conditions, and what of them is said."""
        if not self.conditions:
            return ""
        count = f"{len(self.conditions)} condition{'' if len(self.conditions) == 1 else 's'}"
        return f", {count}: {'each figure of the worst' if self.over == 'worst' else 'all together'}"

    def _interval(self, name: str) -> str:
        """Return the interval of a measure in brackets, nothing with a single call."""
        if self.calls < 2:
            return ""
        form = SHOWN[name][1]
        return f" [{'–'.join(form.removesuffix(' s').format(edge) for edge in self.intervals[name])}]"

    def _verdict(self) -> str:
        """Return what the held-out calls say."""
        if self.calls < 2:
            return "Not checked: with one call there is none to hold out."
        if self.held_out is None:
            return "Not checked: without any part of the calls, the others have no setting within the limits."
        found = self.held_out
        judged = "held-out calls" if self.held_out_calls == self.calls else (
            f"{self.held_out_calls} of {_calls(self.calls)}, held out (for the others no setting keeps the "
            "limits)"
        )
        verdict = "" if self.recommended else ", outside the limits: not recommended"
        return (
            f"On {judged}: wait {found['wait']:.2f} s, {found['cut_off_rate']:.1%} cut off, "
            f"{found['errors_per_minute']:.2f} errors a minute{verdict}."
        )

    def _repr_html_(self) -> str:
        head = ["", "All calls"]
        head += ["95 %, after selection"] if self.calls > 1 else []
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


def check_seconds(value: Any, name: str) -> None:
    """Raise ``SettingError`` where a wait is no number of seconds, or one that constrains nothing.

    Examples
    --------
    >>> check_seconds(500, "max_wait")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: max_wait is 500; it is in seconds, and no wait is longer than \
60 s: for 500 ms write 0.5.
    """
    _check_number(value, name)
    if value > MAX_TURN_SECONDS:
        raise SettingError(
            f"{name} is {value:g}; it is in seconds, and no wait is longer than {MAX_TURN_SECONDS:g} s: for "
            f"{value:g} ms write {value / 1_000:g}.", name,
        )


def check_share(value: Any, name: str) -> None:
    """Raise ``SettingError`` where a share of turns is no number from 0 to 1.

    Examples
    --------
    >>> check_share(5, "max_cut")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: max_cut is 5; it is a share of the turns, from 0 to 1: for 5 % \
write 0.05.
    """
    _check_number(value, name)
    if value > 1:
        raise SettingError(
            f"{name} is {value:g}; it is a share of the turns, from 0 to 1: for {value:g} % write "
            f"{value / 100:g}.", name,
        )


def _check_number(value: Any, name: str) -> None:
    if not is_number(value, Real) or not value >= 0:
        raise SettingError(f"{name} is {value!r}; it must be a number from 0 on.", name)


@dataclass(frozen=True)
class Limits:
    """What a choice must keep to, and what is to be small.

    Parameters
    ----------
    wait : float or None
        Longest mean wait in seconds.
    cut : float or None
        Largest share of reference turns that may be cut off.
    objective : {"errors", "wait"}
    weights : mapping of str to float
        What each of ``ERRORS`` counts for, see ``SweepResult.best``.

    Raises
    ------
    SettingError
        One of them is no number from 0 on, or too large for its unit; there is no such objective or error.
    """

    wait: float | None
    cut: float | None
    objective: str = "errors"
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.wait is not None:
            check_seconds(self.wait, "max_wait")
        if self.cut is not None:
            check_share(self.cut, "max_cut")
        if self.objective not in OBJECTIVES:
            raise SettingError(
                f"objective is {self.objective!r:.40}; it must be 'errors' or 'wait'.", "objective"
            )
        for name, weight in self.weights.items():
            if name not in ERRORS:
                raise SettingError(
                    f"weights names {name!r:.40}{suggestion(str(name), ERRORS)}; errors are "
                    f"{', '.join(ERRORS)}.", "weights",
                )
            _check_number(weight, f"weights[{name!r}]")

    @property
    def goal(self) -> str:
        """What is to be small, for people to read; empty where that is the plain number of errors."""
        unit = " s" if self.objective == "wait" else ""
        said = ", ".join(f"{name} {weight:g}{unit}" for name, weight in self.weights.items())
        counted = f" ({said} each)" if said else ""
        if self.objective == "wait":
            return f"the shortest wait{counted}"
        return f"the fewest errors{counted}" if said else ""

    def cost(self, cells: Mapping[str, Cells]) -> tuple[Cells, Cells]:
        """Return what is to be small, and what decides between equals; NaN where no wait is known."""
        counts = error_counts(cells)
        default = 0.0 if self.objective == "wait" else 1.0
        errors = sum(self.weights.get(name, default) * counts[name] for name in ERRORS)
        if self.objective == "errors":
            return np.asarray(errors, dtype=np.float64), cells["wait"]
        turns = cells["waits"] / np.where(cells["coverage"] > 0, cells["coverage"], np.nan)
        return cells["wait"] + errors / turns, cells["errors_per_minute"]

    def kept(self, cells: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Tell for each cell whether it keeps to the limits and can be judged at all."""
        kept = np.asarray(cells["coverage"] >= MIN_COVERAGE)
        if self.wait is not None:
            kept = kept & (cells["wait"] <= self.wait)
        if self.cut is not None:
            kept = kept & (cells["cut_off_rate"] <= self.cut)
        return kept


def error_counts(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many there are of each of ``ERRORS``.

    Examples
    --------
    >>> error_counts({"cuts": 3, "merges": 0, "missed": 1, "invented": 0, "cut_off": 4, "cut": 2})
    {'cuts': 3, 'merges': 0, 'missed': 1, 'invented': 0, 'early': 2}
    """
    given = {**cells, "early": cells["cut_off"] - cells["cut"]}
    return {name: given[name] for name in ERRORS}


def best_cell(
    cells: Mapping[str, Cells], limits: Limits, costs: tuple[Cells, Cells]
) -> tuple[int, int] | None:
    """Return the cell of least cost within limits: its threshold and its silence, by index; None without any.

    ``costs`` is what is to be small, and what decides between equals, see ``Limits.cost``: of those the
    silence is taken. Of the thresholds that cost the same at it the one in their middle is: it is the least
    likely to be a chance of these very calls.
    """
    usable = limits.kept(cells)
    if not usable.any():
        return None
    cost, second = (np.nan_to_num(row, nan=np.inf) for row in costs)
    allowed = np.where(usable, cost, np.inf)
    equal = allowed <= allowed.min() + 1e-9
    s = int(np.where(equal, second, np.inf).argmin() % allowed.shape[1])
    thresholds = np.flatnonzero(equal[:, s])
    return int(thresholds[(len(thresholds) - 1) // 2]), s


def edges_of(grid: Mapping[str, Sequence[float]], cell: Mapping[str, int]) -> tuple[str, ...]:
    """Return at which edges of the grid a cell lies, keys of ``EDGES``; an axis of one value has none.

    Parameters
    ----------
    grid : mapping of str to sequence of float
        The thresholds and the silences, in rising order.
    cell : mapping of str to int
        The index in each.

    Examples
    --------
    >>> edges_of({"threshold": [0.0, 0.2, 0.4], "silence": [200, 400]}, {"threshold": 1, "silence": 0})
    ('silence_low',)
    """
    ends = {"low": 0, "high": -1}
    return tuple(
        f"{name}_{end}" for name, values in grid.items() for end, index in ends.items()
        if len(values) > 1 and cell[name] == range(len(values))[index]
    )


def nothing_within(cells: Mapping[str, Cells], limits: Limits, silences: Sequence[int]) -> SettingError:
    """Return the error that says how near the settings tried, with their silences, come to the limits."""
    shorter = " or sweep shorter silences" if silences[0] > SILENCE_RANGE_MS[0] else ""
    longer = " or sweep longer silences" if silences[-1] < SILENCE_RANGE_MS[1] else ""
    usable = cells["coverage"] >= MIN_COVERAGE
    if not usable.any() and _mostly_censored(cells):
        most = float(np.nanmax(cells["coverage"]))
        return SettingError(
            f"The wait cannot be judged: at the best setting tried it is known of {most:.0%} of the turns, "
            "since most clips end before the silence after their last turn. Give clips that go on for some "
            "seconds after it.", "clips",
        )
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
            f"max_wait{shorter}.", "max_wait",
        )
    if limits.cut is not None and fewest > limits.cut:
        return SettingError(
            f"No setting tried cuts off as few as {limits.cut:.1%} of the turns; the fewest are "
            f"{fewest:.1%}. Raise max_cut{longer}.", "max_cut",
        )
    allowed = usable & (cells["cut_off_rate"] <= (limits.cut if limits.cut is not None else np.inf))
    wait = float(np.nanmin(np.where(allowed, cells["wait"], np.nan)))
    return SettingError(
        f"No setting tried keeps both limits; with at most {limits.cut or 0:.1%} of turns cut off the "
        f"shortest wait is {wait:.2f} s. Raise max_wait or max_cut.", "max_wait",
    )


def _calls(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"


def _mostly_censored(cells: Mapping[str, Cells]) -> bool:
    """Tell whether turns lack an endpoint because their clip ends, more than by being merged or missed."""
    cell = (cells["waits"] + cells["censored"]).argmax()
    lost = cells["merges"] + cells["missed"]
    return bool(cells["censored"].flat[cell] > lost.flat[cell])


def known_waits(waits: int, censored: int) -> str:
    """Return how many turns a wait comes from, and how many had none since their clip ended.

    Examples
    --------
    >>> known_waits(17, 29), known_waits(8, 0)
    ('17 turns, 29 more were still open at the end', '8 turns')
    """
    were = "was" if censored == 1 else "were"
    more = f", {censored} more {were} still open at the end" if censored else ""
    return f"{waits} turn{'' if waits == 1 else 's'}{more}"


def fold_of_calls(calls: int, folds: int, seed: int) -> Sequence[NDArray[np.int64]]:
    """Divide calls at random into at most ``folds`` parts of about the same size."""
    order = np.random.default_rng(seed).permutation(calls)
    return [part for part in np.array_split(order, min(folds, calls)) if len(part)]
