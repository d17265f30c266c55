"""Measuring many settings on many clips at once: the clips laid end to end, the work done per setting.

For one threshold the runs of speech are found once, every silence only joins them anew, and a padding moves
nothing but the starts. All sums are whole samples, so that parts add up to the same total in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..evaluation.matching import Cropped, Intervals, Match, closings, crop, match, times
from ..runs import join_runs, speech_runs
from ..scoring.frames import HOP
from ..turns import MAX_TURN_FRAMES, TurnDetection
from .waits import BINS, binned

_GAP_FRAMES = 256
"""Unscored frames between two clips: more than the longest silence (6 s are 188 frames) leaves open."""
_NEVER_SPEECH = -2.0

COUNT_SUMS = (
    "turns", "cut", "cuts", "cut_off", "merged", "merges", "missed", "invented", "onset_n", "offset_n",
    "wait_n", "censored",
)
"""Counts per clip and setting; the ``_n`` ones tell how many edges could be compared, and how many waited."""
SAMPLE_SUMS = ("speech", "found", "hit", "onset_size", "offset_size", "wait_sum")
"""Sums of samples per clip and setting, of errors without their sign.

``speech`` is all time in turns, ``found`` what of it a collar lets be judged, ``hit`` what of that is speech.
"""
START_SUMS = ("clipped_starts", "late_starts")
"""Counts per clip, setting and padding."""
WAIT_BINS = "wait_bins"
"""Histogram of the waits per clip and setting, see ``waits``."""

Sums = dict[str, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class SweepClip:
    """What a sweep needs of one clip; this is all that travels to a worker.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Its speech scores.
    regions : ndarray, int64, shape (r, 2)
        Scored regions in samples at 16 kHz, disjoint and in order.
    truth : ndarray, int64, shape (k, 2)
        Stretches of true speech in samples, disjoint and in order; empty without a reference.
    blocks : ndarray, int64, shape (b,)
        Where the blocks begin that are counted apart, in samples; the first at 0. Turns and stretches belong
        to the one in which they begin.
    timed : ndarray, int64, shape (m, 2), optional
        What of the regions no collar covers, where there is one.
    """

    values: NDArray[np.float32]
    regions: Intervals
    truth: Intervals
    blocks: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    timed: Intervals | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """The settings to try: thresholds (T,), silences in ms (S,), paddings in ms (P,)."""

    thresholds: tuple[float, ...]
    silences: tuple[int, ...]
    paddings: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of thresholds and silences."""
        return len(self.thresholds), len(self.silences)


@dataclass(frozen=True, eq=False)
class _Line:
    """Clips laid end to end: scores, true speech and regions on one axis."""

    values: NDArray[np.float32]
    first_sample: NDArray[np.int64]
    last_sample: NDArray[np.int64]
    first_of_block: NDArray[np.int64]
    regions: Intervals
    truth: Cropped
    timed: Intervals | None

    def clip_of(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which clip each position lies in."""
        return np.searchsorted(self.first_sample, samples, side="right") - 1

    def block_of(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which block each position lies in, over all clips."""
        return np.searchsorted(self.first_of_block, samples, side="right") - 1


def measure_batch(
    clips: Sequence[SweepClip], grid: Grid, progress: Callable[[], None] | None = None
) -> Sums:
    """Measure every clip at every setting of a grid.

    Parameters
    ----------
    clips : sequence of SweepClip
    grid : Grid
    progress : callable, optional
        Called after each threshold.

    Returns
    -------
    dict of ndarray, int64
        ``COUNT_SUMS`` and ``SAMPLE_SUMS`` of shape (blocks, T, S), ``START_SUMS`` of shape (blocks, T, S, P),
        ``WAIT_BINS`` of shape (blocks, T, S, BINS); a clip that is not divided is one block.
    """
    blocks = sum(len(clip.blocks) for clip in clips)
    sums: Sums = {name: np.zeros((blocks, *grid.shape), dtype=np.int64) for name in COUNT_SUMS + SAMPLE_SUMS}
    for name in START_SUMS:
        sums[name] = np.zeros((blocks, *grid.shape, len(grid.paddings)), dtype=np.int64)
    sums[WAIT_BINS] = np.zeros((blocks, *grid.shape, BINS), dtype=np.int64)
    if not clips:
        return sums
    line = _lay(clips)
    frames = [TurnDetection(0.0, silence).silence_frames for silence in grid.silences]
    paddings = [TurnDetection(0.0, 200, padding).prefix_padding_samples for padding in grid.paddings]
    for t, threshold in enumerate(grid.thresholds):
        runs = speech_runs(line.values, threshold)
        for s, silence_frames in enumerate(frames):
            if s and silence_frames == frames[s - 1]:
                for row in sums.values():
                    row[:, t, s] = row[:, t, s - 1]
                continue
            turns = join_runs(runs, silence_frames, MAX_TURN_FRAMES) * HOP
            _measure_cell(line, turns, silence_frames * HOP, paddings, sums, t, s)
        if progress is not None:
            progress()
    return sums


def _lay(clips: Sequence[SweepClip]) -> _Line:
    """Lay clips end to end, with gaps that no silence bridges."""
    values, starts, stops, blocks, regions, truth, timed = [], [], [], [], [], [], []
    frame = 0
    for clip in clips:
        sample = frame * HOP
        starts.append(sample)
        stops.append(sample + len(clip.values) * HOP)
        blocks.append(clip.blocks + sample)
        regions.append(clip.regions + sample)
        truth.append(clip.truth + sample)
        timed.append((clip.regions if clip.timed is None else clip.timed) + sample)
        reach = max((int(rows.max()) for rows in (clip.regions, clip.truth) if len(rows)), default=0)
        tail = max(-(-reach // HOP) - len(clip.values), 0) + _GAP_FRAMES
        values += [clip.values, np.full(tail, _NEVER_SPEECH, dtype=np.float32)]
        frame += len(clip.values) + tail
    areas = np.concatenate(regions)
    truths = crop(np.concatenate(truth), areas)
    edges = np.array(starts), np.array(stops), np.concatenate(blocks)
    has_collar = any(clip.timed is not None for clip in clips)
    return _Line(np.concatenate(values), *edges, areas, truths, np.concatenate(timed) if has_collar else None)


def _measure_cell(
    line: _Line, turns: Intervals, silence: int, paddings: Sequence[int], sums: Sums, t: int, s: int
) -> None:
    """Put the sums of one setting in their place."""
    result = match(line.truth, turns, line.regions)
    blocks = len(line.first_of_block)
    truth_block = line.block_of(result.truth.pieces[:, 0])
    found_block = line.block_of(result.found.pieces[:, 0])

    def add(name: str, clip: NDArray[np.int64], weights: NDArray[np.int64] | None = None) -> None:
        if len(clip):
            sums[name][:, t, s] = np.bincount(clip, weights, minlength=blocks)

    per_truth, per_found = result.per_truth, result.per_found
    lengths = times(result, line.timed)
    add("turns", found_block)
    add("speech", found_block, result.found.pieces[:, 1] - result.found.pieces[:, 0])
    add("found", found_block[lengths.found_by], lengths.found)
    add("hit", truth_block[lengths.shared_by], lengths.shared)
    add("cut", truth_block[per_truth > 1])
    add("cuts", truth_block, np.maximum(per_truth - 1, 0))
    add("merges", found_block, np.maximum(per_found - 1, 0))
    ends = result.ends(closings(turns, silence, line.last_sample[line.clip_of(turns[:, 0])]))
    add("cut_off", truth_block[ends.cut_off])
    add("censored", truth_block[ends.censored])
    add("wait_n", truth_block[ends.waited])
    add("wait_sum", truth_block[ends.waited], ends.waits)
    sums[WAIT_BINS][:, t, s] = binned(ends.waits, silence, truth_block[ends.waited], blocks)
    add("missed", truth_block[per_truth == 0])
    add("merged", found_block[per_found > 1])
    add("invented", found_block[per_found == 0])
    offsets = result.offset_pairs()
    clip, errors = truth_block[result.truth_index[offsets]], result.errors(offsets, 1)
    add("offset_n", clip)
    add("offset_size", clip, np.abs(errors))
    onsets = result.onset_pairs()
    clip = truth_block[result.truth_index[onsets]]
    add("onset_n", clip)
    add("onset_size", clip, np.abs(result.errors(onsets, 0)))
    _measure_starts(line, turns, result, onsets, found_block, clip, paddings, sums, t, s)


def _measure_starts(
    line: _Line,
    turns: Intervals,
    result: Match,
    onsets: NDArray[np.int64],
    found_block: NDArray[np.int64],
    onset_block: NDArray[np.int64],
    paddings: Sequence[int],
    sums: Sums,
    t: int,
    s: int,
) -> None:
    """Count for each padding the starts that did not fit in and those that come too late."""
    blocks = len(line.first_of_block)
    first_sample = line.first_sample[line.clip_of(turns[:, 0])]
    earliest = first_sample.copy()
    np.maximum(earliest[1:], turns[:-1, 1], out=earliest[1:])
    follows = earliest > first_sample
    own_start = result.found.true_start
    owner = result.found.owner[own_start]
    heard = result.found.owner[result.found_index[onsets]]
    said = result.truth.pieces[result.truth_index[onsets], 0]
    for p, padding in enumerate(paddings):
        wanted = turns[:, 0] - padding
        clipped = (follows & (wanted <= earliest))[owner]
        late = np.maximum(wanted, earliest)[heard] > said
        sums["clipped_starts"][:, t, s, p] = np.bincount(found_block[own_start][clipped], minlength=blocks)
        sums["late_starts"][:, t, s, p] = np.bincount(onset_block[late], minlength=blocks)
