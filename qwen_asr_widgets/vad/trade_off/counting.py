"""Counting, for each clip and policy, the pauses that are cut off and the waits at the ends of turns.

Everything is counted in samples at 16 kHz and in whole numbers, so that clips add up exactly, in any order
and on any number of machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pauses import Pause, Pauses
from ..runs import join_runs, speech_runs
from ..scoring.frames import HOP
from ..turns import MAX_TURN_FRAMES, TurnDetection
from .policy import PolicyGrid, in_samples

NAMES = ("holds_cut", "early", "turns_cut", "answered", "wait", "timed_out", "unseen")
"""What is counted for each clip and policy; ``wait`` is a sum of samples."""

Sums = dict[str, NDArray[np.int64]]
Samples = NDArray[np.int64]

_GAP_FRAMES = 200
"""Frames between clips laid end to end: more than the longest silence, so that no turn bridges them."""

_NEVER_SPEECH = np.float32(-2.0)
_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, eq=False)
class JudgedPauses:
    """The pauses of one clip that are judged; holds and ends in order of time.

    Parameters
    ----------
    holds, ends : ndarray, int64, shape (H, 2) and (E, 2)
        Start and end in samples.
    hold_since, end_since : ndarray, int64, shape (H,) and (E,)
        Where the speech before each pause begins: the end of the pause before, else the start of the turn.
    hold_turn, end_turn : ndarray, int64
        Number of the turn.
    at_clip_end : ndarray, bool, shape (E,)
        Whether it is the end of the clip that ends the pause.
    turns : int
        Number of reference turns.
    """

    holds: Samples
    ends: Samples
    hold_since: Samples
    end_since: Samples
    hold_turn: Samples
    end_turn: Samples
    at_clip_end: NDArray[np.bool_]
    turns: int


def is_judged(pause: Pause, shortest: float, longest: float) -> bool:
    """Tell whether a pause is judged: every end is, and the holds of a length in that range (s)."""
    return pause.kind == "end" or shortest - 1e-9 <= pause.duration <= longest + 1e-9


def holds_and_ends(found: Pauses, shortest: float, longest: float) -> tuple[list[Pause], list[Pause]]:
    """Return the holds and the ends that are judged, each in order of time, as `judged_pauses` has them."""
    judged = [pause for pause in found if is_judged(pause, shortest, longest)]
    return [one for one in judged if one.kind == "hold"], [one for one in judged if one.kind == "end"]


def judged_pauses(found: Pauses, shortest: float, longest: float) -> JudgedPauses:
    """Return the pauses of a clip that are judged."""
    rows: dict[str, list[tuple[float, float, float, int]]] = {"hold": [], "end": []}
    since = {number: turn.start for number, turn in enumerate(found.turns)}
    for pause in found:
        if is_judged(pause, shortest, longest):
            rows[pause.kind].append((pause.start, pause.end, since[pause.turn], pause.turn))
        since[pause.turn] = pause.end
    holds, ends = (np.array(rows[kind], dtype=np.float64).reshape(-1, 4) for kind in ("hold", "end"))
    times = [in_samples(part[:, :3]) for part in (holds, ends)]
    return JudgedPauses(
        times[0][:, :2], times[1][:, :2], times[0][:, 2], times[1][:, 2],
        holds[:, 3].astype(np.int64), ends[:, 3].astype(np.int64), ends[:, 1] >= found.duration - 1e-9,
        len(found.turns),
    )


def count_timers(
    clips: Sequence[JudgedPauses],
    grid: PolicyGrid,
    instants: NDArray[np.float64],
    probabilities: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]] | None = None,
) -> Sums:
    """Count what policies do that rest on a model's probabilities, or on silence alone.

    Parameters
    ----------
    clips : sequence of JudgedPauses
        C of them.
    grid : PolicyGrid
        V policies; those of one threshold stand together.
    instants : ndarray, float64, shape (K,)
        Seconds of silence after which the model was asked, rising.
    probabilities : sequence of (holds, ends), float32, shapes (H, K) and (E, K), optional
        Of each clip; NaN where the pause was over before. None: silence alone, the time-out decides.

    Returns
    -------
    dict of ndarray, int64, shape (C, V)
    """
    pool = _Pool(clips)
    heard_holds, heard_ends = _stacked(probabilities, len(instants))
    delays, time_outs, after = in_samples(grid.action_delay), in_samples(grid.time_out), in_samples(instants)
    sums = {name: np.zeros((len(clips), len(grid)), dtype=np.int64) for name in NAMES}
    for policies in _of_one_threshold(grid):
        threshold, delay, limit = grid.threshold[policies.start], delays[policies], time_outs[policies]
        hold_fire = _fired(heard_holds, threshold, after, len(pool.hold_clip))[:, None]
        end_fire = _fired(heard_ends, threshold, after, len(pool.end_clip))[:, None]
        row = {name: sums[name][:, policies] for name in NAMES}
        _count_holds(pool, np.minimum(np.maximum(hold_fire, delay), limit), row)
        _count_ends(pool, np.maximum(end_fire, delay), limit, row)
    return sums


class _Pool:
    """The pauses of all clips, one after the other, and which clip and turn each is of."""

    def __init__(self, clips: Sequence[JudgedPauses]) -> None:
        numbers = np.arange(len(clips))
        turns = np.array([clip.turns for clip in clips], dtype=np.int64)
        self.clips = len(clips)
        self.turn_clip = np.repeat(numbers, turns)
        self.hold_clip = np.repeat(numbers, [len(clip.holds) for clip in clips])
        self.end_clip = np.repeat(numbers, [len(clip.ends) for clip in clips])
        before = np.cumsum(turns) - turns
        self.hold_turn = _joined([clip.hold_turn for clip in clips]) + before[self.hold_clip]
        self.end_turn = _joined([clip.end_turn for clip in clips]) + before[self.end_clip]
        self.holds = _joined([clip.holds for clip in clips]).reshape(-1, 2)
        self.ends = _joined([clip.ends for clip in clips]).reshape(-1, 2)
        self.hold_since = _joined([clip.hold_since for clip in clips])
        self.end_since = _joined([clip.end_since for clip in clips])
        self.at_clip_end = _joined([clip.at_clip_end for clip in clips]).astype(np.bool_)

    def by_clip(self, clip: Samples) -> Samples:
        """Return how many of some pauses or turns are of each clip, given the clip of each."""
        return np.bincount(clip, minlength=self.clips)


def _joined(rows: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    return np.concatenate(rows).astype(np.int64) if rows else np.empty(0, dtype=np.int64)


def _stacked(
    probabilities: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]] | None, instants: int
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the probabilities at all holds and at all ends; None for silence alone."""
    if probabilities is None:
        return None, None
    holds, ends = (
        np.concatenate([part[k].reshape(-1, instants) for part in probabilities]).astype(np.float64)
        for k in (0, 1)
    )
    return holds, ends


def _of_one_threshold(grid: PolicyGrid) -> list[slice]:
    """Return the stretches of policies that share a threshold."""
    thresholds = np.nan_to_num(grid.threshold, nan=-1.0)
    changes = np.flatnonzero(np.diff(thresholds)) + 1
    edges = [0, *changes.tolist(), len(grid)]
    return [slice(start, stop) for start, stop in zip(edges[:-1], edges[1:])]


def _fired(heard: NDArray[np.float64] | None, threshold: float, after: Samples, pauses: int) -> Samples:
    """Return when the model first exceeds the threshold in each pause, in samples of silence."""
    fire = np.full(pauses, _NEVER, dtype=np.int64)
    if heard is not None:
        above = heard > threshold
        ever = above.any(axis=1)
        fire[ever] = after[above.argmax(axis=1)[ever]]
    return fire


def _count_holds(pool: _Pool, answer: Samples, row: Sums) -> None:
    """Count the holds that last longer than the policy waits, int64 (H, V), and the turns they are in."""
    cut = (pool.holds[:, 1] - pool.holds[:, 0])[:, None] > answer
    _add_up(cut, pool.hold_clip, row["holds_cut"])
    first = np.flatnonzero(np.diff(pool.hold_turn, prepend=-1))
    if len(first):
        _add_up(np.logical_or.reduceat(cut, first, axis=0), pool.hold_clip[first], row["turns_cut"])


def _count_ends(pool: _Pool, fire: Samples, limit: Samples, row: Sums) -> None:
    """Add the waits at the ends, int64 (E, V), each until the model fires or the time-out."""
    in_time = fire <= limit
    wait = np.where(in_time, fire, limit)
    row["answered"][:] = pool.by_clip(pool.end_clip)[:, None]
    _add_up(wait, pool.end_clip, row["wait"])
    _add_up(~in_time, pool.end_clip, row["timed_out"])
    _add_up(wait > (pool.ends[:, 1] - pool.ends[:, 0])[:, None], pool.end_clip, row["unseen"])


def _add_up(rows: NDArray[Any], clip: Samples, into: Samples) -> None:
    """Add rows (n, V) to their clips, int64 (C, V); the rows of a clip stand together."""
    first = np.flatnonzero(np.diff(clip, prepend=-1))
    if len(first):
        into[clip[first]] += np.add.reduceat(rows, first, axis=0, dtype=np.int64)


def count_vad(
    clips: Sequence[JudgedPauses], values: Sequence[NDArray[np.float32]], thresholds: Sequence[float],
    silences_ms: Sequence[int],
) -> Sums:
    """Count what the turn detector does at every threshold and silence.

    Parameters
    ----------
    clips : sequence of JudgedPauses
        C of them.
    values : sequence of ndarray, float32
        The speech scores of each.
    thresholds, silences_ms : sequence
        T and S settings to try.

    Returns
    -------
    dict of ndarray, int64, shape (C, T * S)
        Thresholds outermost.
    """
    frames = [TurnDetection(0.0, silence).silence_frames for silence in silences_ms]
    shape = (len(clips), len(thresholds) * len(frames))
    sums = {name: np.zeros(shape, dtype=np.int64) for name in NAMES}
    line = _Line(clips, values)
    for t, threshold in enumerate(thresholds):
        runs = speech_runs(line.scores, threshold)
        for s, silence in enumerate(frames):
            place = t * len(frames) + s
            if s and silence == frames[s - 1]:
                for row in sums.values():
                    row[:, place] = row[:, place - 1]
            else:
                line.count(runs, silence, {name: row[:, place] for name, row in sums.items()})
    return sums


class _Line:
    """Clips laid end to end: their scores, and their pauses in samples of that line."""

    def __init__(self, clips: Sequence[JudgedPauses], values: Sequence[NDArray[np.float32]]) -> None:
        lengths = np.array([_length(clip, row) for clip, row in zip(clips, values)], dtype=np.int64)
        self._first = np.cumsum(lengths + _GAP_FRAMES) - (lengths + _GAP_FRAMES)
        self._scored_until = self._first + np.array([len(row) for row in values], dtype=np.int64)
        self.scores = np.full(int((lengths + _GAP_FRAMES).sum()), _NEVER_SPEECH, dtype=np.float32)
        for row, start in zip(values, self._first.tolist()):
            self.scores[start:start + len(row)] = row
        self._pool = pool = _Pool(clips)
        self._hold_since, self._end_since = self._placed(pool.hold_since, pool.end_since)
        self._hold_until, self._end_until = self._placed(pool.holds[:, 1], pool.ends[:, 1])
        self._end_from = self._placed(pool.holds[:, 0], pool.ends[:, 0])[1]

    def _placed(self, of_holds: Samples, of_ends: Samples) -> tuple[Samples, Samples]:
        """Return positions in clips as positions on the line."""
        moved = self._first * HOP
        return of_holds + moved[self._pool.hold_clip], of_ends + moved[self._pool.end_clip]

    def count(self, runs: NDArray[np.int64], silence: int, row: Sums) -> None:
        """Put the counts of one threshold and silence (frames) in their place, each int64 (C,)."""
        pool = self._pool
        closed, by_silence = self._closings(runs, silence)
        hold_cut = _between(closed, self._hold_since, self._hold_until)
        early = _between(closed, self._end_since, self._end_from)
        turn_cut = np.zeros(len(pool.turn_clip), dtype=np.bool_)
        turn_cut[pool.hold_turn[hold_cut]] = True
        turn_cut[pool.end_turn[early]] = True
        answer = np.append(by_silence, _NEVER)[np.searchsorted(by_silence, self._end_from, side="right")]
        answered = answer <= self._end_until
        waits = (answer - self._end_from)[answered]
        row["holds_cut"][:] = pool.by_clip(pool.hold_clip[hold_cut])
        row["early"][:] = pool.by_clip(pool.end_clip[early])
        row["turns_cut"][:] = pool.by_clip(pool.turn_clip[turn_cut])
        row["answered"][:] = pool.by_clip(pool.end_clip[answered])
        row["wait"][:] = np.bincount(pool.end_clip[answered], waits, minlength=pool.clips)
        row["unseen"][:] = pool.by_clip(pool.end_clip[~answered & pool.at_clip_end])

    def _closings(self, runs: NDArray[np.int64], silence: int) -> tuple[Samples, Samples]:
        """Return the samples at which turns are closed while the clip goes on: all, and those by silence."""
        turns = join_runs(runs, silence, MAX_TURN_FRAMES)
        by_limit = turns[:, 1] + silence > turns[:, 0] + MAX_TURN_FRAMES
        frame = np.where(by_limit, turns[:, 0] + MAX_TURN_FRAMES, turns[:, 1] + silence)
        clip = np.searchsorted(self._first, turns[:, 0], side="right") - 1
        seen = frame <= self._scored_until[clip]
        return frame[seen] * HOP, frame[seen & ~by_limit] * HOP


def _length(clip: JudgedPauses, values: NDArray[np.float32]) -> int:
    """Return the frames that a clip takes on the line: its scores, and whatever its pauses reach beyond."""
    reach = max((int(rows.max()) for rows in (clip.holds, clip.ends) if len(rows)), default=0)
    return max(len(values), -(-reach // HOP))


def _between(times: Samples, since: Samples, until: Samples) -> NDArray[np.bool_]:
    """Tell for each stretch whether one of the times lies in it: after its beginning, up to its end."""
    before, upto = (np.searchsorted(times, edge, side="right") for edge in (since, until))
    return upto > before
