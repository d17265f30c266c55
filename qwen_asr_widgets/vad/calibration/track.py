"""What a calibration compares: turns found in our scores, by many candidates at once, and turns reported.

A candidate is a `Point`: what decides where turns lie in one recording, apart from how their positions are
reported. A batch of points is laid end to end on one long axis, so that forty candidates cost little more
than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ..evaluation.matching import MIN_OVERLAP, overlaps, to_samples
from ..runs import Frames, speech_runs
from ..scoring.frames import HOP, HOP_SECONDS, SpeechScores
from ..turns import Turn, TurnDetection

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

CAP = 0.5
"""Seconds that a boundary can cost at most; a turn without a partner costs two of them."""
HELD = 0.04
"""Seconds to the previous end or 0 within which a start may have been held back, and tells little."""
_APART = 1 << 20
"""Frames between two candidates on the common axis: more than any silence or turn."""


class Point(NamedTuple):
    """A candidate: how turns are found in one recording.

    Parameters
    ----------
    level : float
        Score from which two frames in a row open a turn.
    hysteresis : float
        By how much the score may lie below it, once open, and still count as speech.
    silence : int
        Frames of silence that close a turn.
    min_turn : float
        Seconds of speech below which a turn is not reported.
    longest : int
        Frames after its onset at which an open turn is cut.
    """

    level: float
    hysteresis: float
    silence: int
    min_turn: float
    longest: int


@dataclass(frozen=True, eq=False)
class Found:
    """Turns found by some candidates, in frames on the recording's own axis.

    Parameters
    ----------
    onset, end, decided : ndarray, int64, shape (m,)
        First frame of speech, the frame after the last one, and the frame after the one that closed it.
    by_silence : ndarray, bool, shape (m,)
        Whether silence closed it, not the limit or the end of the sound.
    by : ndarray, int64, shape (m,)
        The candidate that found it.
    """

    onset: Indices
    end: Indices
    decided: Indices
    by_silence: NDArray[np.bool_]
    by: Indices


@dataclass(frozen=True, eq=False)
class Pairs:
    """Turns reported beside those found, one to one; times in seconds, float64 (m,).

    Parameters
    ----------
    turn : ndarray, int64, shape (m,)
        Index of the turn reported.
    start, end : ndarray
        What was reported.
    before : ndarray
        The reported end of the turn before it; 0 where there is none.
    onset, speech_end, decided : ndarray
        What was found: see `Found`.
    by_silence : ndarray, bool, shape (m,)
    found, reported : int
        How many turns there are on both sides, paired or not.
    settings : TurnDetection
        What the service was set to.
    """

    turn: Indices
    start: Numbers
    end: Numbers
    before: Numbers
    onset: Numbers
    speech_end: Numbers
    decided: Numbers
    by_silence: NDArray[np.bool_]
    found: int
    reported: int
    settings: TurnDetection

    @property
    def padding(self) -> float:
        """The prefix padding asked for, in seconds."""
        return self.settings.prefix_padding_ms / 1_000

    @property
    def lone(self) -> int:
        """Turns without a partner, on both sides."""
        return self.found + self.reported - 2 * len(self.turn)


@dataclass(frozen=True, eq=False)
class Track:
    """One observation, or a part of it, as the search needs it.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Speech scores.
    settings : TurnDetection
        What the service was set to.
    starts, ends, before : ndarray, float64, shape (k,)
        Start and end of each turn reported, and the reported end of the one before it, in seconds.
    contained, late : float
        Seconds of silence that ends contain, and by which they are reported later, as far as that is known
        already: turns are paired with regard to it.
    """

    values: NDArray[np.float32]
    settings: TurnDetection
    starts: Numbers
    ends: Numbers
    before: Numbers
    contained: float = 0.0
    late: float = 0.0
    _runs: dict[float, Frames] = field(default_factory=dict, repr=False)
    _costs: dict[Point, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, scores: SpeechScores, settings: TurnDetection, turns: Iterable[Turn]) -> Track:
        """Make the track of an observation."""
        rows = np.array([(turn.start, turn.end) for turn in turns], dtype=np.float64).reshape(-1, 2)
        before = np.concatenate(([0.0], rows[:-1, 1]))[: len(rows)]
        return cls(scores.values, settings, rows[:, 0], rows[:, 1], before)

    def knowing(self, contained: float, late: float) -> Track:
        """Return the track with other ``contained`` and ``late``; its costs are found anew."""
        return Track(
            self.values, self.settings, self.starts, self.ends, self.before, contained, late, self._runs
        )

    # ---- the turns that candidates find

    def found(self, points: Sequence[Point]) -> Found:
        """Return the turns that each candidate finds."""
        opening = _laid([self._at(one.level) for one in points])
        lasting = _laid([self._at(round(one.level - one.hysteresis, 4)) for one in points])
        silence = np.array([one.silence for one in points], dtype=np.int64)
        longest = np.array([one.longest for one in points], dtype=np.int64)
        opening = opening[opening[:, 1] - opening[:, 0] >= 2]
        turns = _joined(opening, lasting, silence)
        turns = _cut(turns, opening, lasting, longest)
        by = turns[:, 0] // _APART
        decided = np.minimum(turns[:, 1] + silence[by], turns[:, 0] + longest[by])
        by_silence = (turns[:, 1] + silence[by] <= decided) & (decided - by * _APART <= len(self.values))
        shortest = np.array([one.min_turn for one in points])
        kept = (turns[:, 1] - turns[:, 0]) * HOP_SECONDS >= shortest[by] - 1e-9
        origin = by * _APART
        decided = np.minimum(decided - origin, len(self.values))
        return Found(
            (turns[:, 0] - origin)[kept], (turns[:, 1] - origin)[kept], decided[kept], by_silence[kept],
            by[kept],
        )

    def _at(self, level: float) -> Frames:
        """Return the runs of speech at a level, found once."""
        if level not in self._runs:
            self._runs[level] = speech_runs(self.values, level)
        return self._runs[level]

    # ---- beside the turns reported

    def pairs(self, point: Point) -> Pairs:
        """Pair the turns that a candidate finds with those reported."""
        found = self.found([point])
        i, j = self._paired(found, 1)
        return Pairs(
            turn=i, start=self.starts[i], end=self.ends[i], before=self.before[i],
            onset=seconds(found.onset[j]), speech_end=seconds(found.end[j]),
            decided=seconds(found.decided[j]), by_silence=found.by_silence[j],
            found=len(found.onset), reported=len(self.starts), settings=self.settings,
        )

    def costs(self, points: Sequence[Point]) -> Numbers:
        """Return for each candidate the seconds that boundaries lie off, and the price of lone turns.

        How positions are reported has no part in it: the median error of starts and that of ends is taken
        out. Every candidate is judged once; fits that hold out other recordings ask for the same.
        """
        new = list(dict.fromkeys(one for one in points if one not in self._costs))
        if new:
            self._costs.update(zip(new, self._judged(new).tolist()))
        return np.array([self._costs[one] for one in points])

    def _judged(self, points: Sequence[Point]) -> Numbers:
        count, found = len(points), self.found(points)
        i, j = self._paired(found, count)
        by = found.by[j]
        free = self.starts[i] > self.before[i] + HELD
        onsets = self.starts[i] + self.settings.prefix_padding_ms / 1_000 - found.onset[j] * HOP_SECONDS
        ends = self.ends[i] - found.end[j] * HOP_SECONDS
        silent = found.by_silence[j]
        turns = np.bincount(found.by, minlength=count) + len(self.starts)
        lone = turns - 2 * np.bincount(by, minlength=count)
        return (
            _spread(onsets[free], by[free], count) + _spread(ends[silent], by[silent], count)
            + 2 * CAP * lone
        )

    def _paired(self, found: Found, count: int) -> tuple[Indices, Indices]:
        """Return the indices of turns reported and found that belong together one to one."""
        span = _APART * HOP
        ours = self._as_reported(found) + (found.by * span)[:, None]
        ours[1:, 0] = np.maximum(ours[1:, 0], ours[:-1, 1])
        ours[:, 1] = np.maximum(ours[:, 1], ours[:, 0] + 1)
        known = self._reported()
        shift = np.repeat(np.arange(count) * span, len(known))
        theirs = np.tile(known, (count, 1)) + shift[:, None]
        i, j, _, counts = overlaps(theirs, ours)
        i, j = i[counts], j[counts]
        single = np.bincount(i, minlength=len(theirs))[i] == 1
        single &= np.bincount(j, minlength=len(ours))[j] == 1
        return i[single] % max(len(known), 1), j[single]

    def _as_reported(self, found: Found) -> Indices:
        """Return the turns found in samples, their ends where they would be reported."""
        contained, late = round(self.contained * SAMPLE_RATE), round(self.late * SAMPLE_RATE)
        ends = found.end * HOP + contained
        closed = np.maximum(found.decided, found.end) * HOP
        ends = np.where(found.by_silence, ends, np.minimum(ends, closed)) + late
        return np.column_stack((np.minimum(found.onset * HOP, ends - MIN_OVERLAP), ends))

    def _reported(self) -> Indices:
        """Return the turns reported as disjoint intervals of samples, none before the end of the last."""
        starts = np.maximum(self.starts, np.maximum.accumulate(np.append(0.0, self.ends))[:-1])
        return to_samples(np.column_stack((starts, np.maximum(self.ends, starts + 0.001))))

    # ---- parts

    def parts(self, count: int) -> list[Track]:
        """Cut the track between turns into up to ``count`` parts with about the same number of turns each."""
        cuts = [k * len(self.starts) // count for k in range(1, count)]
        frames = [0]
        for turn in sorted({cut for cut in cuts if cut}):
            middle = (self.ends[turn - 1] + self.starts[turn]) / 2
            frames.append(max(int(middle / HOP_SECONDS), frames[-1]))
        frames.append(len(self.values))
        return [self._between(a, b) for a, b in zip(frames, frames[1:]) if b > a]

    def _between(self, first: int, stop: int) -> Track:
        start, end = first * HOP_SECONDS, stop * HOP_SECONDS
        middle = (self.starts + self.ends) / 2
        inside = (middle >= start) & (middle < end)
        starts, ends, before = (row[inside] - start for row in (self.starts, self.ends, self.before))
        return Track(self.values[first:stop], self.settings, starts, ends, before, self.contained, self.late)


def _laid(runs: Sequence[Frames]) -> Frames:
    """Lay the runs of each candidate on one axis, far apart."""
    shift = np.repeat(np.arange(len(runs)) * _APART, [len(one) for one in runs])
    return np.concatenate(runs) + shift[:, None] if runs else np.empty((0, 2), dtype=np.int64)


def _joined(opening: Frames, lasting: Frames, silence: Indices) -> Frames:
    """Return onset and end of turns: opened by the first kind of runs, kept open by the second."""
    if not len(opening):
        return np.empty((0, 2), dtype=np.int64)
    breaks = lasting[1:, 0] - lasting[:-1, 1] >= silence[lasting[1:, 0] // _APART]
    group = np.concatenate(([0], np.cumsum(breaks)))
    last = np.append(np.flatnonzero(breaks), len(lasting) - 1)
    groups = group[np.searchsorted(lasting[:, 1], opening[:, 0], side="right")]
    first = np.ones(len(groups), dtype=np.bool_)
    np.not_equal(groups[1:], groups[:-1], out=first[1:])
    return np.column_stack((opening[first, 0], lasting[last[groups[first]], 1]))


def _cut(turns: Frames, opening: Frames, lasting: Frames, longest: Indices) -> Frames:
    """Cut turns that are open for longer than their candidate allows, and open what follows anew."""
    limit = longest[turns[:, 0] // _APART]
    if (turns[:, 1] - turns[:, 0] <= limit).all():
        return turns
    pieces: list[tuple[int, int]] = []
    for (onset, end), most in zip(turns.tolist(), limit.tolist()):
        while end - onset > most:
            closing = onset + most
            run = int(np.searchsorted(lasting[:, 0], closing)) - 1
            pieces.append((onset, min(int(lasting[run, 1]), closing)))
            onset = _reopened(opening, closing, end)
        if onset < end:
            pieces.append((onset, end))
    return np.array(pieces, dtype=np.int64).reshape(-1, 2)


def _reopened(opening: Frames, frame: int, end: int) -> int:
    """Return where two frames from ``frame`` on open a turn again; ``end`` where none do before it."""
    for run in range(int(np.searchsorted(opening[:, 1], frame, side="right")), len(opening)):
        first = max(int(opening[run, 0]), frame)
        if first >= end:
            break
        if opening[run, 1] - first >= 2:
            return first
    return end


def _spread(errors: Numbers, by: Indices, count: int) -> Numbers:
    """Return for each candidate the sum of its errors' distances to their median, each at most ``CAP``."""
    order = np.lexsort((errors, by))
    errors, by = errors[order], by[order]
    sizes = np.bincount(by, minlength=count)
    middle = np.cumsum(sizes) - sizes + (sizes - 1) // 2
    medians = errors[np.minimum(np.maximum(middle, 0), len(errors) - 1)] if len(errors) else np.zeros(count)
    distances = np.minimum(np.abs(errors - medians[by]), CAP)
    return np.bincount(by, distances, minlength=count).astype(np.float64)


def seconds(frames: Indices) -> Numbers:
    """Return where frames begin, in seconds."""
    return frames.astype(np.float64) * HOP_SECONDS


def seconds_to_frames(seconds: float) -> int:
    """Return how many whole frames fit in a time."""
    return int(round(seconds * SAMPLE_RATE) // HOP)
