"""Which setting heals an error: exact critical values, found in the scores and not by trying a grid.

An error is *healed*, in whole frames:

* a cut, when one turn holds the gap and the speech on both sides of it;
* a merge, when no turn holds both the last frame before the gap and the first one after it;
* a miss, when a turn matches the reference turn as ``matching`` defines it for every measure: they share
  100 ms, or half of the shorter of them;
* an invention, when no turn touches it.

A lower threshold only adds speech, and a longer silence only joins turns. So each setting has one critical
value: on one side of it the error is healed, on the other it is not. A critical threshold is one of the
scores near the error, a critical silence one of the pauses there, and a bisection of those finds it. There is
none where it would lie out of range, or where the 60 s limit would part the healed turn again. A miss alone
may be healed earlier, by a turn so short that half of it is enough; the few thresholds at which that may be
so are tried one by one.

All of it looks no further than the silences that part the error from the rest of the clip.

A critical threshold equals a score, and on another processor that score may lie on its other side. What a
user is offered is therefore ``offered_thresholds``: few decimals, and clear of every score.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE, seconds_to_samples
from .matching import is_match
from .measures import Problem
from ..runs import Frames, join_runs, mask_runs, speech_runs
from ..scoring.frames import HOP
from ..scoring.silero import SCORE_TOLERANCE
from ..turns import MAX_TURN_FRAMES, SILENCE_RANGE_MS, THRESHOLD_RANGE, TurnDetection

Scores = NDArray[np.float32]

FRAME_MS = 1_000 * HOP // SAMPLE_RATE
CLEARANCE = SCORE_TOLERANCE + 2**-22
"""Distance of an offered threshold from every score: the tolerance, and what float32 may round away."""
DECIMALS = (2, 3, 4, 5)
"""Decimals that an offered threshold may have."""
_HEARD_FRAMES = 6
_BLOCK = 256
"""Numbers that are looked at together for one that is clear of the scores."""


def turn_frames(values: Scores, settings: TurnDetection) -> Frames:
    """Return onset and end frame of each turn, int64 (m, 2)."""
    return join_runs(speech_runs(values, settings.threshold), settings.silence_frames, MAX_TURN_FRAMES)


def is_healed(problem: Problem, turns: Frames) -> bool:
    """Tell whether an error is gone, by the definitions at the top of this module.

    Parameters
    ----------
    problem : Problem
        An error as ``measure`` lists it.
    turns : ndarray, int64, shape (m, 2)
        Onset and end frames of the turns to look at.
    """
    onsets, ends = turns[:, 0], turns[:, 1]
    first, stop = span(problem)
    if problem.kind == "missed":
        lengths = (ends - onsets) * HOP
        return bool(is_match(_shared(problem, turns), _length(problem), lengths).any())
    if problem.kind == "invented":
        return not ((onsets < stop) & (ends > first)).any()
    held = bool(((onsets <= first) & (ends >= stop)).any())
    return held if problem.kind == "cut" else not held


def span(problem: Problem) -> tuple[int, int]:
    """Return the frames of an error, first and after the last; a gap has one more on both sides."""
    start, end = _samples(problem)
    if problem.kind in ("cut", "merged"):
        return (start - 1) // HOP, end // HOP + 1
    return start // HOP, -(-end // HOP)


def healing_threshold(values: Scores, settings: TurnDetection, problem: Problem) -> float | None:
    """Return the threshold nearest to the present one that heals an error at the present silence.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        The scores of the clip.
    settings : TurnDetection
        The settings in force.
    problem : Problem
        An error of the turns found with them.

    Returns
    -------
    float or None
        For a cut or a miss the highest threshold below, for a merge or an invention the lowest above.
    """
    threshold = (_lowered if problem.wants_lower else _raised)(values, settings, problem)
    if threshold is None or not THRESHOLD_RANGE[0] <= threshold <= THRESHOLD_RANGE[1]:
        return None
    return threshold if is_healed_by(values, replace(settings, threshold=threshold), problem) else None


def is_healed_by(values: Scores, settings: TurnDetection, problem: Problem) -> bool:
    """Tell whether an error is gone at other settings."""
    return is_healed(problem, turns_near(values, settings, problem))


def turns_near(values: Scores, settings: TurnDetection, problem: Problem) -> Frames:
    """Return the turns around an error, int64 (m, 2): those that frames of it could lie in."""
    low, high = _apart(values, settings.threshold, settings.silence_frames, *span(problem))
    return turn_frames(values[low:high], settings) + low


def offered_thresholds(ordered: NDArray[np.float64], critical: float, lower: bool) -> tuple[float, ...]:
    """Return the thresholds to offer in place of a critical one, the most readable first.

    Parameters
    ----------
    ordered : ndarray, float64, shape (n,)
        The scores to keep clear of, in rising order.
    critical : float
        Where healing begins.
    lower : bool
        Whether it goes on below; else above.

    Returns
    -------
    tuple of float
        The nearest in hundredths, and, where that passes more scores than it must, the nearest with more
        decimals that does not. Each lies beyond the critical value and keeps ``CLEARANCE`` from every score,
        so that it gives the same turns on every processor. Empty where the scale ends before.

    Examples
    --------
    >>> offered_thresholds(np.array([-0.9, -0.126, -0.12, 0.8]), -0.12, lower=True)
    (-0.13, -0.121)
    >>> offered_thresholds(np.array([-0.9, 0.4, 0.8]), 0.4, lower=False)
    (0.41,)
    """
    if not lower:
        mirrored = offered_thresholds(-ordered[::-1], -critical, lower=True)
        return tuple(0.0 - value for value in mirrored)
    framed = np.append(ordered, np.inf)
    clear = [_clear_below(framed, critical, digits) for digits in DECIMALS]
    passed = [math.inf if value is None else _between(ordered, value, critical) for value in clear]
    nearest = clear[passed.index(min(passed))]
    return tuple(dict.fromkeys(value for value in (clear[0], nearest) if value is not None))


def scores_around(values: Scores, settings: TurnDetection, problem: Problem) -> Scores:
    """Return the scores that can decide at which threshold an error is healed, the others left out."""
    first, stop = _whole(span(problem), len(values))
    has_floor = problem.wants_lower and stop - first > 1
    level = _floor(values[first:stop], settings, problem) if has_floor else settings.threshold
    return _around(values, level, settings.silence_frames, first, stop)[1]


def healing_silence(values: Scores, settings: TurnDetection, problem: Problem) -> int | None:
    """Return the silence nearest to the present one that heals an error at the present threshold.

    Parameters are those of ``healing_threshold``.

    Returns
    -------
    int or None
        Milliseconds: for a cut the shortest that joins it, for a merge the longest that parts it. No
        silence heals a miss or an invention.
    """
    if problem.kind == "cut":
        frames = longest_pause(values, settings.threshold, problem) + 1
        milliseconds = (frames - 1) * FRAME_MS + 1 if frames > settings.silence_frames else None
    elif problem.kind == "merged":
        milliseconds = _parting_silence(values, settings, problem)
    else:
        return None
    if milliseconds is None or not SILENCE_RANGE_MS[0] <= milliseconds <= SILENCE_RANGE_MS[1]:
        return None
    changed = replace(settings, silence_duration_ms=milliseconds)
    return milliseconds if is_healed_by(values, changed, problem) else None


def longest_pause(values: Scores, threshold: float, problem: Problem) -> int:
    """Return the most consecutive frames below the threshold in the frames of an error."""
    first, stop = span(problem)
    pauses = mask_runs(values[first:stop] < np.float32(threshold))
    return int((pauses[:, 1] - pauses[:, 0]).max(initial=0))


def peak_pair(values: Scores, problem: Problem) -> float | None:
    """Return the highest threshold that two consecutive frames of an error reach, None without two."""
    first, stop = span(problem)
    row = values[first:stop]
    return float(np.minimum(row[1:], row[:-1]).max()) if len(row) > 1 else None


def _samples(problem: Problem) -> tuple[int, int]:
    return seconds_to_samples(problem.start, SAMPLE_RATE), seconds_to_samples(problem.end, SAMPLE_RATE)


def _lowered(values: Scores, settings: TurnDetection, problem: Problem) -> float | None:
    """Return the highest score below the threshold that heals when it is the threshold."""
    first, stop = _whole(span(problem), len(values))
    if stop - first < 2:
        return None
    floor = _floor(values[first:stop], settings, problem)
    offset, local = _around(values, floor, settings.silence_frames, first, stop)
    known = np.unique(local[(local >= floor) & (local < np.float32(settings.threshold))])

    def healed(index: int, surely: bool = False) -> bool:
        return _heals(problem, local >= known[-1 - index], settings.silence_frames, offset, surely)

    index = _first_true(lambda index: healed(index, surely=True), len(known))
    if problem.kind == "missed":
        first_heard = len(known) - int(np.searchsorted(known, values[first:stop].max(), side="right"))
        earlier = range(first_heard, len(known) if index is None else index)
        index = next(filter(healed, earlier), index)
    return None if index is None else float(known[-1 - index])


def _floor(row: Scores, settings: TurnDetection, problem: Problem) -> float:
    """Return a threshold that heals a cut or a miss for sure: what is no speech even then cannot matter.

    A cut is healed where every stretch as long as the silence has speech, a miss where six frames in a row
    (more than 100 ms, however they lie) have. In a place that is shorter all its frames must be speech.
    """
    size = settings.silence_frames if problem.kind == "cut" else _HEARD_FRAMES
    if len(row) < size:
        return float(row.min())
    stretches = np.lib.stride_tricks.sliding_window_view(row, size)
    return float(stretches.max(axis=1).min() if problem.kind == "cut" else stretches.min(axis=1).max())


def _whole(frames: tuple[int, int], length: int) -> tuple[int, int]:
    """Return the frames of an error widened to the two that open a turn, within those scored."""
    first, stop = frames
    stop = min(max(stop, first + 2), length)
    return max(min(first, stop - 2), 0), stop


def _raised(values: Scores, settings: TurnDetection, problem: Problem) -> float | None:
    """Return the least number above the lowest score that heals when it is no longer speech."""
    first, stop = span(problem)
    offset, local = _around(values, settings.threshold, settings.silence_frames, first, stop)
    known = np.unique(local[local >= np.float32(settings.threshold)])

    def healed(index: int) -> bool:
        return _heals(problem, local > known[index], settings.silence_frames, offset)

    index = _first_true(healed, len(known))
    return None if index is None else float(np.nextafter(known[index], np.float32(np.inf)))


def _parting_silence(values: Scores, settings: TurnDetection, problem: Problem) -> int | None:
    """Return the longest silence, shorter than the present one, at which the turn comes apart in the gap."""
    first, stop = span(problem)
    offset, local = _around(values, settings.threshold, settings.silence_frames, first, stop)
    speech = local >= np.float32(settings.threshold)
    runs = mask_runs(speech)
    gaps = np.unique(runs[1:, 0] - runs[:-1, 1])
    gaps = gaps[gaps < settings.silence_frames]

    def healed(index: int) -> bool:
        return _heals(problem, speech, int(gaps[-1 - index]), offset)

    index = _first_true(healed, len(gaps))
    return None if index is None else int(gaps[-1 - index]) * FRAME_MS


def _clear_below(framed: NDArray[np.float64], limit: float, digits: int) -> float | None:
    """Return the highest number with some decimals, below a limit and clear of every score; None below -1."""
    top, lowest = math.floor((limit - CLEARANCE) * 10**digits), round(THRESHOLD_RANGE[0] * 10**digits)
    for first in range(top, lowest - 1, -_BLOCK):
        values = np.arange(first, max(first - _BLOCK, lowest - 1), -1) / 10**digits
        near = np.searchsorted(framed, values - CLEARANCE, side="right")
        clear = framed[near] >= values + CLEARANCE
        if clear.any():
            return float(values[clear.argmax()])
    return None


def _between(ordered: NDArray[np.float64], low: float, high: float) -> int:
    """Return how many scores lie between two numbers."""
    return int(np.searchsorted(ordered, high) - np.searchsorted(ordered, low))


def _around(values: Scores, threshold: float, silence: int, first: int, stop: int) -> tuple[int, Scores]:
    """Return the scores that silence parts from the rest of the clip, and where they begin.

    Beyond lies enough silence that with a higher threshold or a shorter silence nothing there matters.
    """
    low, high = _apart(values, threshold, silence, first, stop)
    return low, values[low:high]


def _apart(values: Scores, threshold: float, silence: int, first: int, stop: int) -> tuple[int, int]:
    """Return the frames from the last silence that closes every turn before some frames to the next after."""
    low, high = min(first, len(values)), min(stop, len(values))
    before, after = values[:low][::-1], values[high:]
    return low - _until_silence(before, threshold, silence), high + _until_silence(after, threshold, silence)


def _until_silence(values: Scores, threshold: float, silence: int) -> int:
    """Return how many frames come before a silence that closes every turn; all without one."""
    size = 4 * silence
    while True:
        pauses = mask_runs(values[:size] < np.float32(threshold))
        enough = pauses[pauses[:, 1] - pauses[:, 0] >= silence]
        if len(enough) or size >= len(values):
            return int(enough[0, 0]) if len(enough) else len(values)
        size *= 2


def _heals(
    problem: Problem, speech: NDArray[np.bool_], silence: int, offset: int, surely: bool = False
) -> bool:
    """Tell whether the turns in some frames of speech, the limit apart, heal an error.

    Surely: so that with more speech it stays healed. A turn of a miss must then hold enough of the reference
    turn, whatever its own length.
    """
    turns = join_runs(mask_runs(speech), silence, len(speech) + 1) + offset
    if surely and problem.kind == "missed":
        return bool(is_match(_shared(problem, turns), _length(problem), _length(problem)).any())
    return is_healed(problem, turns)


def _shared(problem: Problem, turns: Frames) -> NDArray[np.int64]:
    """Return the samples that each turn shares with the place of an error; negative where they are apart."""
    start, end = _samples(problem)
    return np.minimum(turns[:, 1] * HOP, end) - np.maximum(turns[:, 0] * HOP, start)


def _length(problem: Problem) -> NDArray[np.int64]:
    start, end = _samples(problem)
    return np.array(end - start, dtype=np.int64)


def _first_true(holds: Callable[[int], bool], count: int) -> int | None:
    """Return the first of ``count`` indices from which on something holds, None where it never does."""
    if not count or not holds(count - 1):
        return None
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
