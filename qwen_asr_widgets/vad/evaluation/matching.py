"""Which detected turns belong to which stretches of true speech, in whole samples and without loops.

Everything here is an interval ``[start, end)`` of samples at 16 kHz, so that sums are exact and a result
does not depend on the order of additions. One clip or many laid end to end: the rules are the same, which
is how a sweep measures an hour of short calls as fast as one long recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...audio.units import SAMPLE_RATE
from ..scoring.frames import HOP
from ..turns import MAX_TURN_FRAMES

Intervals = NDArray[np.int64]
"""Intervals of samples, int64 (k, 2): start, and the sample after the last one."""

MIN_OVERLAP = SAMPLE_RATE // 10
"""Samples (100 ms) from which an overlap counts as a match; for shorter intervals half of the shorter one.

A boundary that is a few frames off reaches into the neighbour without having heard it.
"""


def to_samples(seconds: ArrayLike) -> Intervals:
    """Return times in seconds as the nearest samples, int64 (k, 2)."""
    return np.rint(np.asarray(seconds, dtype=np.float64).reshape(-1, 2) * SAMPLE_RATE).astype(np.int64)


def support(intervals: Intervals) -> tuple[Intervals, NDArray[np.int64]]:
    """Unite intervals that overlap or touch (pyannote's ``Timeline.support``).

    Returns
    -------
    united : ndarray, int64, shape (m, 2)
        In order; there is at least one sample between two of them.
    member_of : ndarray, int64, shape (k,)
        For each interval given, the united one that holds it.

    Examples
    --------
    >>> united, member_of = support(np.array([[0, 5], [9, 12], [3, 7], [12, 13]]))
    >>> united.tolist(), member_of.tolist()
    ([[0, 7], [9, 13]], [0, 1, 0, 1])
    """
    if not len(intervals):
        return intervals.reshape(0, 2), np.empty(0, dtype=np.int64)
    order = np.lexsort((intervals[:, 1], intervals[:, 0]))
    starts, reach = intervals[order, 0], np.maximum.accumulate(intervals[order, 1])
    fresh = np.concatenate(([True], starts[1:] > reach[:-1]))
    member_of = np.empty(len(intervals), dtype=np.int64)
    member_of[order] = np.cumsum(fresh) - 1
    last = np.append(np.flatnonzero(fresh)[1:] - 1, len(intervals) - 1)
    return np.column_stack((starts[fresh], reach[last])), member_of


@dataclass(frozen=True, eq=False)
class Cropped:
    """What of some intervals lies within the scored regions.

    Parameters
    ----------
    pieces : ndarray, int64, shape (k, 2)
        In order, none of them empty.
    owner : ndarray, int64, shape (k,)
        The interval that each piece was cut from.
    true_start, true_end : ndarray, bool, shape (k,)
        Whether that edge is the interval's own and not that of a region.
    """

    pieces: Intervals
    owner: NDArray[np.int64]
    true_start: NDArray[np.bool_]
    true_end: NDArray[np.bool_]


def crop(intervals: Intervals, regions: Intervals) -> Cropped:
    """Cut disjoint, ordered intervals to disjoint, ordered regions."""
    owner, region = overlapping(intervals, regions)
    whole, limits = intervals[owner], regions[region]
    pieces = np.column_stack((np.maximum(whole[:, 0], limits[:, 0]), np.minimum(whole[:, 1], limits[:, 1])))
    return Cropped(pieces, owner, pieces[:, 0] == whole[:, 0], pieces[:, 1] == whole[:, 1])


def overlapping(first: Intervals, second: Intervals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices (i, j) of all pairs that share a sample; each list disjoint and in order."""
    low = np.searchsorted(second[:, 1], first[:, 0], side="right")
    counts = np.maximum(np.searchsorted(second[:, 0], first[:, 1], side="left") - low, 0)
    i = np.repeat(np.arange(len(first)), counts)
    j = np.arange(len(i)) + np.repeat(low - (np.cumsum(counts) - counts), counts)
    return i, j


@dataclass(frozen=True, eq=False)
class Closings:
    """When turns are closed, and by what.

    Parameters
    ----------
    samples : ndarray, int64, shape (m,)
        Where each is closed: at the end of its silence or at the limit, even where the sound ends before.
    in_sound, by_silence : ndarray, bool, shape (m,)
        Whether that lies within the sound, so that an endpoint comes; and whether it is one by silence.
    """

    samples: NDArray[np.int64]
    in_sound: NDArray[np.bool_]
    by_silence: NDArray[np.bool_]


def closings(turns: Intervals, silence: int, length: float | NDArray[np.int64]) -> Closings:
    """Return when turns are closed, by the rule of ``vad.turns``.

    Parameters
    ----------
    turns : ndarray, int64, shape (m, 2)
        Onsets and ends in samples. One that lasts beyond 60 s comes from a service without that limit.
    silence : int
        Samples of silence that close a turn.
    length : float, or ndarray of int64, shape (m,)
        Where the sound of each ends.

    Examples
    --------
    >>> found = closings(np.array([[0, 16_000], [32_000, 48_000]]), 8_192, length=56_000)
    >>> found.samples.tolist(), found.by_silence.tolist()
    ([24192, 56192], [True, False])
    """
    silent = turns[:, 1] + silence
    limit = turns[:, 0] + MAX_TURN_FRAMES * HOP
    is_limited = (limit < silent) & (turns[:, 1] <= limit)
    samples = np.where(is_limited, limit, silent)
    in_sound = samples <= length
    return Closings(samples, in_sound, in_sound & ~is_limited)


@dataclass(frozen=True, eq=False)
class Ends:
    """What became of the ends of true speech.

    Parameters
    ----------
    cut_off : ndarray, bool, shape (k,)
        Stretches of true speech that see an endpoint before their end.
    waited : ndarray, int64, shape (w,)
        Stretches that get an endpoint after it, by silence, ...
    waits : ndarray, int64, shape (w,)
        ... and how many samples after.
    censored : ndarray, int64, shape (c,)
        Stretches whose turn was still open when the sound ended or the limit came: their wait is not known.
    """

    cut_off: NDArray[np.bool_]
    waited: NDArray[np.int64]
    waits: NDArray[np.int64]
    censored: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Match:
    """How detected turns and true speech belong together.

    Parameters
    ----------
    truth, found : Cropped
        The stretches of true speech and the turns, both within the scored regions.
    truth_index, found_index : ndarray, int64, shape (p,)
        The pairs that match, ordered by both.
    shared : ndarray, int64, shape (q,)
        Samples shared by every pair that overlaps at all; ``shared_truth`` says by which stretch.
    """

    truth: Cropped
    found: Cropped
    truth_index: NDArray[np.int64]
    found_index: NDArray[np.int64]
    shared: NDArray[np.int64]
    shared_truth: NDArray[np.int64]

    @property
    def per_truth(self) -> NDArray[np.int64]:
        """Number of turns that match each stretch of speech: 0 missed, 2 or more cut."""
        return np.bincount(self.truth_index, minlength=len(self.truth.pieces))

    @property
    def per_found(self) -> NDArray[np.int64]:
        """Number of stretches of speech that match each turn: 0 invented, 2 or more merged."""
        return np.bincount(self.found_index, minlength=len(self.found.pieces))

    def onset_pairs(self) -> NDArray[np.int64]:
        """Return the pairs whose onsets can be compared: the first of its turn and of its stretch."""
        first = _is_first(self.truth_index) & _is_first(self.found_index)
        first &= self.truth.true_start[self.truth_index] & self.found.true_start[self.found_index]
        return np.flatnonzero(first)

    def offset_pairs(self) -> NDArray[np.int64]:
        """Return the pairs whose ends can be compared: the last of its turn and of its stretch."""
        last = _is_first(self.truth_index[::-1])[::-1] & _is_first(self.found_index[::-1])[::-1]
        last &= self.truth.true_end[self.truth_index] & self.found.true_end[self.found_index]
        return np.flatnonzero(last)

    def errors(self, pairs: NDArray[np.int64], edge: int) -> NDArray[np.int64]:
        """Return found minus true edge (0 start, 1 end) in samples of the pairs given."""
        found = self.found.pieces[self.found_index[pairs], edge]
        return found - self.truth.pieces[self.truth_index[pairs], edge]

    def ends(self, closed: Closings) -> Ends:
        """Return which stretches of speech are cut off, which wait for how long, and which nobody can tell.

        Parameters
        ----------
        closed : Closings
            Of the turns that were matched.
        """
        pairs = self.offset_pairs()
        stretch, turn = self.truth_index[pairs], self.found.owner[self.found_index[pairs]]
        late = closed.samples[turn] - self.truth.pieces[stretch, 1]
        early = (late < 0) & closed.in_sound[turn]
        cut_off = self.per_truth > 1
        cut_off[stretch[early]] = True
        waited = closed.by_silence[turn] & ~early
        return Ends(cut_off, stretch[waited], late[waited], stretch[~waited & ~early])


@dataclass(frozen=True, eq=False)
class Times:
    """How long is said, found and both, stretch by stretch and turn by turn.

    Parameters
    ----------
    said, found, shared : ndarray, int64, shape (k,), (m,), (q,)
        Samples of true speech, of turns, and of what lies in both.
    said_by, found_by, shared_by : ndarray, int64
        The stretch (of a turn: the turn) of the `Match` that each belongs to.
    """

    said: NDArray[np.int64]
    found: NDArray[np.int64]
    shared: NDArray[np.int64]
    said_by: NDArray[np.int64]
    found_by: NDArray[np.int64]
    shared_by: NDArray[np.int64]


def times(result: Match, timed: Intervals | None = None) -> Times:
    """Return the times of a match.

    Parameters
    ----------
    result : Match
    timed : ndarray, int64, shape (r, 2), optional
        Where time counts, see ``outside_collars``; by default everywhere in the scored regions.
    """
    truth, found = result.truth.pieces, result.found.pieces
    if timed is None:
        counts = np.arange(len(truth)), np.arange(len(found)), result.shared_truth
        return Times(truth[:, 1] - truth[:, 0], found[:, 1] - found[:, 0], result.shared, *counts)
    said, heard = crop(truth, timed), crop(found, timed)
    i, _, shared, _ = overlaps(said.pieces, heard.pieces)
    of_said, of_heard = (cropped.pieces[:, 1] - cropped.pieces[:, 0] for cropped in (said, heard))
    return Times(of_said, of_heard, shared, said.owner, heard.owner, said.owner[i])


def outside_collars(regions: Intervals, given: Intervals, collar: int) -> Intervals | None:
    """Return what of scored regions lies at least a collar away from every edge of true speech.

    Parameters
    ----------
    regions : ndarray, int64, shape (r, 2)
        Disjoint and in order.
    given : ndarray, int64, shape (k, 2)
        True speech; of intervals that overlap, the edges inside another count too, as NIST counts them.
    collar : int
        Samples before and after each edge.

    Returns
    -------
    ndarray, int64, shape (m, 2), or None
        None where the collar is 0: all of the regions.

    Examples
    --------
    >>> outside_collars(np.array([[0, 100]]), np.array([[20, 50], [55, 90]]), 4).tolist()
    [[0, 16], [24, 46], [59, 86], [94, 100]]
    """
    if not collar:
        return None
    edges = given.ravel()
    collars = support(np.column_stack((edges - collar, edges + collar)))[0].ravel()
    furthest = np.iinfo(np.int64).max
    between = np.concatenate(([-furthest], collars, [furthest])).reshape(-1, 2)
    return crop(regions, between).pieces


def match(truth: Cropped, turns: Intervals, regions: Intervals) -> Match:
    """Match turns with the stretches of true speech they hold.

    Parameters
    ----------
    truth : Cropped
        Disjoint stretches of true speech, cropped to ``regions``.
    turns : ndarray, int64, shape (m, 2)
        Detected turns, disjoint and in order.
    regions : ndarray, int64, shape (k, 2)
        The scored regions, disjoint and in order.
    """
    found = crop(turns, regions)
    i, j, shared, counts = overlaps(truth.pieces, found.pieces)
    return Match(truth, found, i[counts], j[counts], shared, i)


def overlaps(
    truth: Intervals, found: Intervals
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return all overlapping pairs, the samples they share, and whether that makes them a match.

    Examples
    --------
    >>> i, j, shared, counts = overlaps(np.array([[0, 9000]]), np.array([[100, 5000], [8999, 20000]]))
    >>> j.tolist(), shared.tolist(), counts.tolist()
    ([0, 1], [4900, 1], [True, False])
    """
    j, i = overlapping(found, truth)
    a, b = truth[i], found[j]
    shared = np.minimum(a[:, 1], b[:, 1]) - np.maximum(a[:, 0], b[:, 0])
    return i, j, shared, is_match(shared, a[:, 1] - a[:, 0], b[:, 1] - b[:, 0])


def is_match(
    shared: NDArray[np.int64], length: NDArray[np.int64], other_length: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell of pairs of intervals, by what they share and how long they are, whether they match.

    This is what *missed* and *invented* mean: matched by none.
    """
    shorter = np.minimum(length, other_length)
    return (shared > 0) & (2 * shared >= np.minimum(shorter, 2 * MIN_OVERLAP))


def _is_first(ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each value of an ordered row whether it is the first of its kind."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
