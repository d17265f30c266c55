"""Which terms the recordings tell: the range in which each can move before the fit becomes worse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..turns import MAX_TURN_SECONDS
from .fit import HYSTERESES, LEVELS, MIN_TURNS, SHIFTS_MS, SLOPES, Search
from .model import Model
from .terms import SCORE, TIME, CalibrationTerm, Status, Value, advice
from .timing import StartFit, capped, fit_starts
from .track import CAP, HELD, Pairs

_STEPS = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)
_STEPS_MS = (16, 32, 48, 64)
"""How far terms are moved: hysteresis in units of the score, silence in milliseconds."""

_HALF_LEVEL = float(LEVELS[1] - LEVELS[0]) / 2
_HALF_SLOPE = float(np.sqrt(SLOPES[1] / SLOPES[0]))
"""Half of the distance between two neighbours of the grid: what lies between was not tried."""
_SAFE_SPEECH = 0.064
"""Seconds: no turn is shorter, so a shortest turn up to this has no effect."""


def slack_of_positions(pairs: Sequence[Pairs], cost: float) -> float:
    """Return by how many seconds positions may be worse explained than by the best fit, and still be so.

    Four times the mean error of a boundary and a tenth of a second: the likelihood of a model with errors
    of that size falls by more than a factor of fifty.
    """
    return 0.1 + 4 * cost / max(2 * sum(len(one.turn) for one in pairs), 1)


def slack_of_turns(pairs: Sequence[Pairs]) -> float:
    """Return what chance may add for turns without a partner: the price of the root of their number."""
    return 2 * CAP * sum(one.lone for one in pairs) ** 0.5


@dataclass
class _Range:
    """The values of a term that were found to explain the recordings."""

    low: float
    high: float

    def take(self, values: Iterable[float]) -> None:
        """Widen it to hold these as well."""
        for value in values:
            self.low, self.high = min(self.low, float(value)), max(self.high, float(value))


class Identification:
    """The search for what else would explain the recordings.

    Parameters
    ----------
    search : Search
    model : Model
        Its best model.
    """

    def __init__(self, search: Search, model: Model) -> None:
        self._search, self._model = search, model
        self._pairs = search.pairs(model)
        self._best = float(search.costs([model])[0])
        self._fine_slack = slack_of_positions(self._pairs, self._best)
        self._slack = self._fine_slack + slack_of_turns(self._pairs)
        values = {
            "threshold": self._level(model), "threshold_slope": model.slope, "hysteresis": model.hysteresis,
            "silence_shift": model.silence_shift_ms / 1_000, "min_turn": model.min_turn,
            "longest_turn": model.longest_turn,
        }
        self._ranges = {name: _Range(value, value) for name, value in values.items()}

    def terms(self) -> list[CalibrationTerm]:
        """Return every term with its interval and whether it is identified."""
        self._explore()
        return [*self._of_scale(), *self._of_silence(), *self._of_turns(), *self._of_starts()]

    def _level(self, model: Model) -> float:
        """Return our threshold at the middle of theirs."""
        theirs = [track.settings.threshold for track in self._search.tracks]
        return model.offset + model.slope * float(np.mean(theirs))

    # ---- what else explains the recordings

    def _explore(self) -> None:
        """Move each term away from its best value, let the others follow, and note what still fits."""
        search, model = self._search, self._model
        self._note(model, self._best)
        for sign in (-1, 1):
            near = [round(model.hysteresis + sign * step, 3) for step in _STEPS]
            self._walk(
                [replace(model, hysteresis=h) for h in near if 0 <= h <= HYSTERESES[-1]], search.waiting
            )
            shifts = [model.silence_shift_ms + sign * step for step in _STEPS_MS]
            self._walk([replace(model, silence_shift_ms=shift) for shift in shifts], search.shortest)
            others = sorted((m for m in MIN_TURNS if sign * (m - model.min_turn) > 0), key=lambda m: sign * m)
            self._walk([replace(model, min_turn=m) for m in others], search.waiting)
        lengths = search.longest()
        costs = search.costs([replace(model, longest_turn=value) for value in lengths])
        self._ranges["longest_turn"].take(np.array(lengths)[costs <= self._best + self._slack])

    def _walk(self, models: Sequence[Model], follow: Callable[[Model], Model]) -> None:
        """Take models further and further from the best until one does not fit any more.

        Each is given the line that suits it, and another term that may follow.
        """
        for model in models:
            lined = self._search.refined(self._search.lined(model))
            options = [lined, follow(lined)]
            costs = self._search.costs(options)
            if costs.min() > self._best + self._slack:
                return
            self._note(options[int(costs.argmin())], float(costs.min()))

    def _note(self, model: Model, cost: float) -> None:
        """Take a model that fits, and the lines near it that do."""
        left = max(self._best + self._slack - cost, 0.0)
        ranges = self._ranges
        ranges["hysteresis"].take([max(model.hysteresis - _HALF_LEVEL, 0.0), model.hysteresis + _HALF_LEVEL])
        ranges["silence_shift"].take([model.silence_shift_ms / 1_000])
        ranges["min_turn"].take([model.min_turn])
        ranges["threshold"].take([self._level(model)])
        ranges["threshold_slope"].take([model.slope])
        line = self._search.line(model)
        fits = np.argwhere(line.surface <= min(line.surface.min(), cost) + left)
        if len(fits):
            levels, slopes = LEVELS[fits[:, 0]], line.slopes[fits[:, 1]]
            ranges["threshold"].take([levels.min() - _HALF_LEVEL, levels.max() + _HALF_LEVEL])
            if len(line.slopes) > 1:
                ranges["threshold_slope"].take([slopes.min() / _HALF_SLOPE, slopes.max() * _HALF_SLOPE])

    # ---- the terms

    def _term(self, name: str, value: Value, low: Value, high: Value, identified: bool) -> CalibrationTerm:
        field_of = {"silence_shift": "silence_shift_ms"}.get(name, name)
        status: Status = "identified" if identified else "not identifiable"
        if field_of in self._search.known:
            return CalibrationTerm(name, value, value, value, "measured")
        silences = sorted({track.settings.silence_duration_ms for track in self._search.tracks})
        thresholds = sorted({track.settings.threshold for track in self._search.tracks})
        wanted = "" if identified else advice(name, silences, thresholds)
        return CalibrationTerm(name, value, low, high, status, wanted)

    def _ranged(self, name: str, value: float, width: float, also: bool = True) -> CalibrationTerm:
        found = self._ranges[name]
        narrow = value - found.low <= width + 1e-9 and found.high - value <= width + 1e-9
        return self._term(name, round(value, 4), round(found.low, 4), round(found.high, 4), narrow and also)

    def _of_scale(self) -> list[CalibrationTerm]:
        theirs = [track.settings.threshold for track in self._search.tracks]
        reach = (max(theirs) - min(theirs)) / 2
        slope = self._ranged("threshold_slope", self._model.slope, SCORE / reach if reach else 0.0, reach > 0)
        if not reach:
            slope = replace(slope, low=0.0, high=float("inf"))
        return [
            self._ranged("threshold", self._level(self._model), SCORE), slope,
            self._ranged("hysteresis", self._model.hysteresis, SCORE),
        ]

    def _of_silence(self) -> list[CalibrationTerm]:
        """Return shift and floor of the silence, and what ends are."""
        search, model = self._search, self._model
        waits, floors = search.waits(model), np.array(search.floors)
        ends = search.ends(model)
        fits = ends.costs <= ends.costs.min() + self._slack
        joint = waits - waits.min(axis=1)[:, None] + ends.costs.min(axis=0)[:, None]
        accepted = joint <= ends.costs.min() + self._slack
        self._ranges["silence_shift"].take(np.array(SHIFTS_MS)[accepted.any(axis=0)] / 1_000)
        told = ends.count >= 3
        shifts = ends.shifts[fits]
        spare = min(self._fine_slack / max(ends.count, 1), TIME / 2)
        low, high = float(shifts.min()) - spare, float(shifts.max()) + spare
        narrow = max(model.end_shift - low, high - model.end_shift) <= TIME
        either = fits.any(axis=1)
        return [
            self._ranged("silence_shift", model.silence_shift_ms / 1_000, TIME),
            self._floor(floors[fits.any(axis=0)]),
            self._term("end_shift", model.end_shift, round(low, 4), round(high, 4), told and narrow),
            self._term(
                "end_includes_silence", model.end_includes_silence, bool(not either[0]), bool(either[1]),
                told and int(either.sum()) == 1,
            ),
        ]

    def _floor(self, accepted: NDArray[np.int64]) -> CalibrationTerm:
        """Return the floor: one at or under the shortest silence seen has had no effect."""
        asked = {track.settings.silence_duration_ms for track in self._search.tracks}
        least = min(asked)
        value = self._model.silence_floor_ms
        low = 0 if accepted[0] <= least else int(accepted[0])
        high = max(int(accepted[-1]), least if low == 0 else 0)
        if value <= least:
            value, narrow = 0, high <= 200 + 1_000 * TIME
        else:
            narrow = max(value - low, high - value) <= 1_000 * TIME and value < max(asked)
        is_open = high >= self._search.floors[-1] and len(self._search.floors) > 1
        return self._term("silence_floor_ms", value, low, float("inf") if is_open else high, bool(narrow))

    def _of_turns(self) -> list[CalibrationTerm]:
        """Return shortest and longest turn."""
        shortest = self._ranges["min_turn"]
        value = self._model.min_turn
        if value <= _SAFE_SPEECH:
            shortest.low, narrow = 0.0, shortest.high <= _SAFE_SPEECH + TIME
        else:
            narrow = max(value - shortest.low, shortest.high - value) <= TIME
        cuts = sum(int(self._is_cut(one).sum()) for one in self._pairs)
        longest = self._ranged("longest_turn", self._model.longest_turn, TIME, cuts > 0)
        if not cuts and longest.status != "measured":
            spoken = [(one.speech_end - one.onset).max() for one in self._pairs if len(one.turn)]
            longest = replace(longest, low=round(float(max(spoken, default=0.0)), 3), high=float("inf"))
        return [
            self._term("min_turn", round(value, 3), round(shortest.low, 3), round(shortest.high, 3), narrow),
            longest,
        ]

    def _is_cut(self, pairs: Pairs) -> NDArray[np.bool_]:
        limit = min(self._model.longest_turn, MAX_TURN_SECONDS)
        return ~pairs.by_silence & (np.abs(pairs.decided - pairs.onset - limit) < 0.033)

    def _of_starts(self) -> list[CalibrationTerm]:
        starts = fit_starts(self._pairs)
        told = starts.free >= 3
        spare = self._start_spare()
        touches = starts.touch_within > 0
        near = starts.touch_high - starts.touch_low <= 2 * TIME if touches else starts.touch_high <= TIME
        decided = starts.early >= 2 and abs(starts.held_cost - starts.overlap_cost) > self._slack
        return [
            self._term(
                "start_shift", starts.shift, round(starts.shift - spare, 4), round(starts.shift + spare, 4),
                told and spare <= TIME,
            ),
            self._overlap(starts, decided),
            self._term(
                "touch_within", round(starts.touch_within, 3), round(starts.touch_low, 3),
                round(starts.touch_high, 3), bool(near),
            ),
        ]

    def _overlap(self, starts: StartFit, decided: bool) -> CalibrationTerm:
        value = starts.overlap
        return self._term("starts_overlap", value, value and decided, value or not decided, decided)

    def _start_spare(self) -> float:
        """Return how far the shift of the starts can move before it explains them worse."""
        free = [(one.start > one.before + HELD) for one in self._pairs]
        errors = np.concatenate([
            (one.start - one.onset + one.padding)[is_free] for one, is_free in zip(self._pairs, free)
        ]) - self._model.start_shift
        limit = capped(errors) + self._fine_slack
        moved = np.arange(0.0, 0.21, 0.004)
        fits = [step for step in moved if min(capped(errors - step), capped(errors + step)) <= limit]
        return float(max(fits)) if len(errors) else CAP
