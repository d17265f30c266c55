"""The search behind a calibration: the model improved in one respect after the other, over all recordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ..evaluation.matching import overlaps, to_samples
from ..runs import Frames, join_runs, speech_runs
from ..scoring.frames import HOP, HOP_SECONDS, SpeechScores
from ..turns import MAX_TURN_FRAMES, Turn, TurnDetection

Times = NDArray[np.float64]
"""Onset and end of turns in seconds, float64 (k, 2)."""

THRESHOLDS = np.linspace(-0.975, 0.975, 79)
SLOPES = np.geomspace(0.2, 5.0, 65)
SILENCE_SHIFTS = tuple(range(-6, 13))
"""Frames by which the silence may differ."""
FIRST_SHIFTS = (0, 3, -3, 6)
FIRST_TURNS = (0.0, 0.2, 0.4)
MIN_TURNS = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0)
CAP = 0.5
"""Seconds that a boundary can cost at most; a turn without a partner costs two of them."""
ROUNDS = 4
CLAMPED = 0.04
"""Seconds to the previous end or 0 within which a start may have been held back, and tells nothing."""


@dataclass(frozen=True, eq=False)
class Track:
    """One observation as the search needs it.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Speech scores.
    settings : TurnDetection
        What the service was set to.
    reported : ndarray, float64, shape (k, 2)
        Start plus padding, and end, of each turn reported, in seconds.
    free_start : ndarray, bool, shape (k,)
        Whether that start was not held back by the previous end or the beginning.
    """

    values: NDArray[np.float32]
    settings: TurnDetection
    reported: Times
    free_start: NDArray[np.bool_]
    _runs: dict[float, Frames] = field(default_factory=dict, repr=False)
    _spreads: dict[Model, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, scores: SpeechScores, settings: TurnDetection, turns: Iterable[Turn]) -> Track:
        """Make the track of an observation."""
        rows = np.array([(turn.start, turn.end) for turn in turns], dtype=np.float64).reshape(-1, 2)
        before = np.concatenate(([0.0], rows[:-1, 1]))
        free = rows[:, 0] > before[: len(rows)] + CLAMPED
        rows[:, 0] += settings.prefix_padding_ms / 1_000
        return cls(scores.values, settings, rows, free)

    def runs(self, threshold: float) -> Frames:
        """Return the runs of speech at a threshold, found once."""
        if threshold not in self._runs:
            self._runs[threshold] = speech_runs(self.values, threshold)
        return self._runs[threshold]

    def spreads(self, model: Model) -> NDArray[np.float64]:
        """Return ``Pairing.spread`` at each of ``THRESHOLDS``; the model's line has no part in it.

        Found once: the fits that hold out a recording ask for the same of all others.
        """
        lineless = replace(model, offset=0.0, slope=1.0)
        if lineless not in self._spreads:
            found = [pair(self, lineless, level).spread() for level in THRESHOLDS]
            self._spreads[lineless] = np.array(found)
        return self._spreads[lineless]

    def parts(self, count: int) -> list[Track]:
        """Cut the track between turns into up to ``count`` parts with about the same number of turns each."""
        cuts = [k * len(self.reported) // count for k in range(1, count)]
        frames = [0]
        for turn in sorted({cut for cut in cuts if cut}):
            middle = (self.reported[turn - 1, 1] + self.reported[turn, 0]) / 2
            frames.append(max(int(middle / HOP_SECONDS), frames[-1]))
        frames.append(len(self.values))
        return [self._between(a, b) for a, b in zip(frames, frames[1:]) if b > a]

    def _between(self, first: int, stop: int) -> Track:
        start, end = first * HOP_SECONDS, stop * HOP_SECONDS
        middle = self.reported.mean(axis=1)
        inside = (middle >= start) & (middle < end)
        return Track(
            self.values[first:stop], self.settings, self.reported[inside] - start, self.free_start[inside]
        )


@dataclass(frozen=True)
class Model:
    """What is fitted; ``silence_shift`` in frames, the rest as in ``Calibration``."""

    offset: float = 0.0
    slope: float = 1.0
    start_shift: float = 0.0
    end_shift: float = 0.0
    end_includes_silence: bool = False
    silence_shift: int = 0
    min_turn: float = 0.0

    def threshold(self, theirs: float) -> float:
        """Return our threshold for one of theirs."""
        return float(np.clip(self.offset + self.slope * theirs, -1.0, 1.0))

    def reported(self, track: Track, threshold: float | None = None) -> Times:
        """Return the turns that the service should report (start plus padding, end)."""
        level = self.threshold(track.settings.threshold) if threshold is None else threshold
        silence = max(track.settings.silence_frames + self.silence_shift, 1)
        frames = join_runs(track.runs(level), silence, MAX_TURN_FRAMES)
        times = frames * HOP / SAMPLE_RATE
        times = times[times[:, 1] - times[:, 0] >= self.min_turn - 1e-9]
        tail = track.settings.silence_duration_ms / 1_000 if self.end_includes_silence else 0.0
        return times + (self.start_shift, self.end_shift + tail)


@dataclass(frozen=True, eq=False)
class Pairing:
    """Turns predicted beside turns reported.

    Parameters
    ----------
    errors : ndarray, float64, shape (m, 2)
        Reported minus predicted start and end of the turns that belong together one to one, seconds.
    free_start : ndarray, bool, shape (m,)
        Whether the start tells something.
    found, reported : int
        Number of turns predicted and reported.
    """

    errors: Times
    free_start: NDArray[np.bool_]
    found: int
    reported: int

    def boundaries(self) -> NDArray[np.float64]:
        """Return the errors of all starts that tell something and of all ends, in seconds."""
        return np.concatenate((self.errors[self.free_start, 0], self.errors[:, 1]))

    def cost(self) -> float:
        """Return the seconds that boundaries are off, each at most ``CAP``, plus the price of lone turns."""
        return _capped(self.boundaries()) + self._lone()

    def spread(self) -> float:
        """Return the cost once the median error of starts and that of ends is taken out."""
        starts, ends = self.errors[self.free_start, 0], self.errors[:, 1]
        return sum(_capped(row - np.median(row)) for row in (starts, ends) if len(row)) + self._lone()

    def _lone(self) -> float:
        return 2 * CAP * (self.found + self.reported - 2 * len(self.errors))


def _capped(errors: NDArray[np.float64]) -> float:
    return float(np.minimum(np.abs(errors), CAP).sum())


def pair(track: Track, model: Model, threshold: float | None = None) -> Pairing:
    """Pair what a model predicts with what was reported."""
    found = model.reported(track, threshold)
    known = track.reported
    if not len(found) or not len(known):
        return Pairing(np.empty((0, 2)), np.empty(0, dtype=np.bool_), len(found), len(known))
    # A shift may move positions before the clip: matching asks only for order, so all are moved together.
    floor = min(found.min(), known.min())
    ours, theirs = to_samples(_disjoint(found - floor)), to_samples(_disjoint(known - floor))
    i, j, _, counts = overlaps(theirs, ours)
    i, j = i[counts], j[counts]
    single = (np.bincount(i, minlength=len(known))[i] == 1) & (np.bincount(j, minlength=len(found))[j] == 1)
    i, j = i[single], j[single]
    return Pairing(known[i] - found[j], track.free_start[i], len(found), len(known))


def _disjoint(times: Times) -> Times:
    """Keep turns from reaching into the next one where shifts or silences make them long."""
    rows = times.copy()
    rows[:-1, 1] = np.minimum(rows[:-1, 1], rows[1:, 0])
    rows[:, 1] = np.maximum(rows[:, 1], rows[:, 0] + 0.001)
    rows[1:, 0] = np.maximum(rows[1:, 0], rows[:-1, 1])
    rows[:, 1] = np.maximum(rows[:, 1], rows[:, 0] + 0.001)
    return rows


def fit(tracks: Sequence[Track]) -> Model:
    """Return the model with the least cost over all tracks.

    Silence, shortest turn and threshold can stand in for each other, so their first values come from a grid;
    from the best of it each is improved in turn.
    """
    begun = [
        _with_line(Model(silence_shift=shift, min_turn=shortest), tracks)
        for shift in FIRST_SHIFTS for shortest in FIRST_TURNS
    ]
    best, _ = min(begun, key=lambda pair: pair[1])
    found = []
    for inside in (False, True):
        model = _with_shifts(replace(best, end_includes_silence=inside), tracks)
        found.append(_improved(model, tracks))
    return _least(found, tracks, found[0])


def _cost(model: Model, tracks: Sequence[Track]) -> float:
    return sum(pair(track, model).cost() for track in tracks)


def _improved(model: Model, tracks: Sequence[Track]) -> Model:
    """Improve line, shifts, silence and shortest turn in turn until nothing changes."""
    for _ in range(ROUNDS):
        before = model
        model = _least([_with_shifts(_with_line(model, tracks)[0], tracks)], tracks, model)
        model = _least(
            [_with_shifts(replace(model, silence_shift=shift), tracks) for shift in SILENCE_SHIFTS], tracks,
            model,
        )
        model = _least([replace(model, min_turn=shortest) for shortest in MIN_TURNS], tracks, model)
        model = _least(_neighbours(model, tracks), tracks, model)
        if model == before:
            break
    return model


def _least(models: Sequence[Model], tracks: Sequence[Track], current: Model | None = None) -> Model:
    """Return the cheapest model; of equals the middle one, and the current one unless another is better."""
    costs = np.array([_cost(model, tracks) for model in models])
    if current is not None and costs.min() >= _cost(current, tracks) - 1e-9:
        return current
    equal = np.flatnonzero(costs <= costs.min() + 1e-9)
    return models[int(equal[(len(equal) - 1) // 2])]


def _with_line(model: Model, tracks: Sequence[Track]) -> tuple[Model, float]:
    """Return the model with the best line from their thresholds to ours, and its cost whatever the shifts.

    Every track's cost is known at every threshold of ours; a line reads one of them for each track.
    """
    costs = np.array([track.spreads(model) for track in tracks])
    theirs = np.array([track.settings.threshold for track in tracks])
    middle = float(theirs.mean())
    slopes = SLOPES if len(np.unique(theirs)) > 1 else np.ones(1)
    levels = THRESHOLDS[:, None, None] + slopes[None, :, None] * (theirs - middle)
    total = sum(np.interp(levels[..., k], THRESHOLDS, row) for k, row in enumerate(costs))
    outside = np.maximum(np.abs(levels) - 1.0, 0.0).sum(axis=-1)
    surface = np.asarray(total) + outside
    best = np.argwhere(surface <= surface.min() + 1e-6 + 0.002 * len(tracks))
    level, slope = best.mean(axis=0)
    at = float(np.interp(level, np.arange(len(THRESHOLDS)), THRESHOLDS))
    tilt = float(np.interp(slope, np.arange(len(slopes)), slopes))
    return replace(model, offset=at - tilt * middle, slope=tilt), float(surface.min())


def _neighbours(model: Model, tracks: Sequence[Track]) -> list[Model]:
    """Return the models whose line lies near this one's, finer than the first search."""
    theirs = np.array([track.settings.threshold for track in tracks])
    middle = float(theirs.mean())
    level = model.offset + model.slope * middle
    tilts = model.slope * np.linspace(0.8, 1.2, 9) if len(np.unique(theirs)) > 1 else [model.slope]
    return [
        replace(model, offset=float(level + step - tilt * middle), slope=float(tilt))
        for tilt in tilts for step in np.linspace(-0.04, 0.04, 9)
    ]


def _with_shifts(model: Model, tracks: Sequence[Track]) -> Model:
    """Return the model with the shifts that put the median boundary in its place."""
    pairings = [pair(track, model) for track in tracks]
    starts = np.concatenate([row.errors[row.free_start, 0] for row in pairings])
    ends = np.concatenate([row.errors[:, 1] for row in pairings])
    return replace(
        model,
        start_shift=round(model.start_shift + (float(np.median(starts)) if len(starts) else 0.0), 6),
        end_shift=round(model.end_shift + (float(np.median(ends)) if len(ends) else 0.0), 6),
    )
