"""The search behind a calibration: the model improved in one respect after the other, over all recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..scoring.frames import HOP_SECONDS
from ..turns import MAX_TURN_SECONDS, TurnDetection, silent_frames
from .model import Model
from .timing import EndFit, fit_ends, fit_starts, plain_or_middle
from .track import Numbers, Pairs, Point, Track

LEVELS = np.linspace(-0.975, 0.975, 79).round(4)
SLOPES = np.geomspace(0.2, 5.0, 65)
SHIFTS_MS = tuple(range(-192, 401, 8))
"""By how much the silence waited for may differ from the one in force."""
FLOORS_MS = (0, *range(220, 1_001, 20))
HYSTERESES = tuple(np.round(np.arange(0.0, 0.81, 0.05), 3).tolist())
MIN_TURNS = (0.0, *np.round(np.arange(2.5, 33) * HOP_SECONDS, 3).tolist())
"""Between two numbers of frames: all values between them do the same."""
SHORTEST_CUT = 4.0
"""Seconds: no service is expected to cut turns that are shorter."""
ROUNDS = 5
_STARTS = [
    [
        Model(hysteresis=h, min_turn=m, silence_shift_ms=d, silence_floor_ms=f)
        for m in (0.0, 0.24, 0.496)
        for d, f in ((0, 0), (96, 0), (0, 400), (-96, 0), (192, 0), (0, 600), (128, 500))
    ] for h in (0.0, 0.3)
]
"""First values, without a hysteresis and with one."""

_EQUAL = 1e-6


@dataclass(frozen=True, eq=False)
class LineCosts:
    """What every line from their thresholds to ours costs.

    Parameters
    ----------
    surface : ndarray, float64, shape (79, s)
        Cost by our threshold at the middle of theirs (`LEVELS`) and by slope.
    slopes : ndarray, float64, shape (s,)
        1 alone where only one threshold was seen.
    middle : float
        The mean of their thresholds.
    """

    surface: Numbers
    slopes: Numbers
    middle: float

    def best(self, tolerance: float) -> tuple[float, float, float]:
        """Return offset, slope and cost in the middle of the best place."""
        place = np.argwhere(self.surface <= self.surface.min() + tolerance)
        level, slope = place.mean(axis=0)
        at = float(np.interp(level, np.arange(len(LEVELS)), LEVELS))
        tilt = float(np.interp(slope, np.arange(len(self.slopes)), self.slopes))
        return at - tilt * self.middle, tilt, float(self.surface.min())


@dataclass(frozen=True, eq=False)
class Search:
    """Recordings to fit a model to, and what is known of their service beforehand.

    Parameters
    ----------
    tracks : sequence of Track
    known : Mapping of str to object
        Fields of `Model` that are not searched, with their values.
    """

    tracks: Sequence[Track]
    known: Mapping[str, Any] = field(default_factory=dict)

    # ---- costs

    def costs(self, models: Sequence[Model]) -> Numbers:
        """Return what each model costs, however positions are reported."""
        points = {one: [model.point(one) for model in models] for one in self._settings}
        return np.sum([track.costs(points[track.settings]) for track in self.tracks], axis=0)

    @property
    def _settings(self) -> set[TurnDetection]:
        return {track.settings for track in self.tracks}

    def pairs(self, model: Model) -> list[Pairs]:
        """Return the turns of each recording beside those that a model finds."""
        return [track.pairs(model.point(track.settings)) for track in self.tracks]

    def line(self, model: Model) -> LineCosts:
        """Return what lines cost; each recording's cost is known at every level, and a line reads one."""
        theirs = np.array([track.settings.threshold for track in self.tracks])
        middle = float(theirs.mean())
        slopes = SLOPES if len(np.unique(theirs)) > 1 else np.ones(1)
        total = np.zeros((len(LEVELS), len(slopes)))
        for threshold, rows in self._by_threshold(model):
            levels = LEVELS[:, None] + slopes[None, :] * (threshold - middle)
            total += np.interp(levels, LEVELS, rows) + np.maximum(np.abs(levels) - 1.0, 0.0)
        return LineCosts(total, slopes, middle)

    def _by_threshold(self, model: Model) -> list[tuple[float, Numbers]]:
        """Return for each threshold what recordings at it cost at every level."""
        levels, found = LEVELS.tolist(), dict[float, Numbers]()
        points = {one: _at_levels(model.point(one), levels) for one in self._settings}
        for track in self.tracks:
            rows = track.costs(points[track.settings])
            found[track.settings.threshold] = found.get(track.settings.threshold, 0.0) + rows
        return list(found.items())

    def waits(self, model: Model) -> Numbers:
        """Return what each floor and shift of the silence costs, float64 (floors, shifts)."""
        shifts, floors = np.array(SHIFTS_MS), np.array(self.floors)
        total = np.zeros((len(floors), len(shifts)))
        for track in self.tracks:
            point, asked = model.point(track.settings), track.settings.silence_duration_ms
            waited = np.maximum(asked, floors)[:, None] + shifts[None, :]
            each, where = np.unique(waited, return_inverse=True)
            rows = track.costs([point._replace(silence=silent_frames(ms / 1_000)) for ms in each.tolist()])
            total += rows[where.reshape(waited.shape)]
        return total

    @property
    def floors(self) -> tuple[int, ...]:
        """The floors to choose from."""
        return (self.known["silence_floor_ms"],) if "silence_floor_ms" in self.known else FLOORS_MS

    def longest(self) -> list[float]:
        """Return the lengths at which turns may be cut: those about the longest turns reported, and 60 s."""
        if "longest_turn" in self.known:
            return [self.known["longest_turn"]]
        lengths = [(track.ends - track.starts).max() for track in self.tracks if len(track.starts)]
        paddings = [track.settings.prefix_padding_ms / 1_000 for track in self.tracks]
        low, high = max(lengths) - max(paddings) - 0.5, min(max(lengths) + 0.6, MAX_TURN_SECONDS)
        return [*np.arange(max(low, SHORTEST_CUT), high, HOP_SECONDS).round(3).tolist(), MAX_TURN_SECONDS]

    # ---- the search

    def fit(self) -> tuple[Search, Model]:
        """Return the model of least cost over all recordings, and the search in which it was found.

        Silence, shortest turn, hysteresis and threshold can stand in for each other, so their first values
        come from two grids; from the best of each they are improved in turn. Once it is known how late ends
        are reported, turns are paired without that, and the model is improved once more.
        """
        length = self._cut(self._begun(_STARTS[0][:5])).longest_turn
        begun = [
            self._begun([replace(one, longest_turn=length) for one in starts]) for starts in _STARTS
        ]
        improved = [self.improved(one) for one in begun]
        model = self.reporting(improved[int(np.argmin(self.costs(improved)))])
        if not model.end_includes_silence and abs(model.end_shift) < HOP_SECONDS / 2:
            return self, model
        known = [one.knowing(model.contained(one.settings), model.end_shift) for one in self.tracks]
        search = Search(known, self.known)
        return search, search.reporting(search.improved(model))

    def _begun(self, starts: Sequence[Model]) -> Model:
        """Return the first values with the line that costs least."""
        lined = [self._best_line(replace(one, **self._fixed)) for one in starts]
        return min(lined, key=lambda one: one[1])[0]

    @property
    def _fixed(self) -> dict[str, Any]:
        return {name: value for name, value in self.known.items() if name != "end_includes_silence"}

    def improved(self, model: Model, rounds: int = ROUNDS) -> Model:
        """Improve line, silence, hysteresis, shortest and longest turn in turn until nothing changes."""
        for _ in range(rounds):
            before = model
            for step in (self.lined, self.waiting, self._lasting, self.shortest, self._cut,
                         self.refined):
                model = self._better(step(model), model)
            if model == before:
                break
        return model

    def _better(self, model: Model, current: Model) -> Model:
        new, old = self.costs([model, current])
        return model if new < old - _EQUAL else current

    def _best_line(self, model: Model) -> tuple[Model, float]:
        offset, slope, cost = self.line(model).best(_EQUAL + 0.002 * len(self.tracks))
        return replace(model, offset=offset, slope=slope), cost

    def lined(self, model: Model) -> Model:
        return self._best_line(model)[0]

    def refined(self, model: Model) -> Model:
        """Move the line by steps finer than those of the first search."""
        theirs = np.array([track.settings.threshold for track in self.tracks])
        middle = float(theirs.mean())
        level = model.offset + model.slope * middle
        tilts = model.slope * np.linspace(0.8, 1.2, 9) if len(np.unique(theirs)) > 1 else [model.slope]
        return self._least([
            replace(model, offset=float(level + step - tilt * middle), slope=float(tilt))
            for tilt in tilts for step in np.linspace(-0.04, 0.04, 9)
        ])

    def waiting(self, model: Model) -> Model:
        floor, shift = simplest(self.waits(model), self.floors, SHIFTS_MS)
        return replace(model, silence_floor_ms=floor, silence_shift_ms=shift)

    def _lasting(self, model: Model) -> Model:
        """Choose the hysteresis, each with the line that suits it."""
        near = {round(model.hysteresis + step, 3) for step in (-0.025, 0.025)}
        values = sorted({*HYSTERESES, *(value for value in near if value >= 0)})
        return self._least([self._best_line(replace(model, hysteresis=value))[0] for value in values])

    def shortest(self, model: Model) -> Model:
        return self._least([replace(model, min_turn=value) for value in MIN_TURNS])

    def _cut(self, model: Model) -> Model:
        return self._least([replace(model, longest_turn=value) for value in self.longest()], last=True)

    def _least(self, models: Sequence[Model], last: bool = False) -> Model:
        """Return the cheapest model; of equals the first if that is the plain one, else the middle one."""
        costs = self.costs(models)
        equal = np.flatnonzero(costs <= costs.min() + _EQUAL)
        if last and equal[-1] == len(models) - 1:
            return models[-1]
        return models[0] if equal[0] == 0 else models[int(equal[(len(equal) - 1) // 2])]

    # ---- how positions are reported

    def reporting(self, model: Model) -> Model:
        """Return a model with the way in which positions are reported, and the floor that suits it."""
        ends = self.ends(model)
        floor = ends.floor_ms
        model = replace(
            model, end_shift=ends.shift, end_includes_silence=ends.includes_silence, silence_floor_ms=floor,
        )
        costs = self.waits(model)[self.floors.index(floor)]
        model = replace(model, silence_shift_ms=simplest(costs[None, :], (floor,), SHIFTS_MS)[1])
        starts = fit_starts(self.pairs(model))
        return replace(
            model, start_shift=starts.shift, starts_overlap=starts.overlap, touch_within=starts.touch_within
        )

    def ends(self, model: Model) -> EndFit:
        """Return what the ends tell, together with what the waits tell of the floor."""
        return fit_ends(
            self.pairs(model), self.floors, self.waits(model).min(axis=1),
            self.known.get("end_includes_silence"),
        )


def _at_levels(point: Point, levels: Sequence[float]) -> list[Point]:
    return [Point(level, *point[1:]) for level in levels]


def simplest(costs: NDArray[np.float64], floors: Sequence[int], shifts: tuple[int, ...]) -> tuple[int, int]:
    """Return the floor and shift of least cost; of equals none where that is one of them, else the middle."""
    equal = costs <= costs.min() + _EQUAL
    row = plain_or_middle(equal.any(axis=1), 0)
    return floors[row], shifts[plain_or_middle(equal[row], shifts.index(0))]
