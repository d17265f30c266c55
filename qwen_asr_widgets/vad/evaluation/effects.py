"""What other settings would do to every error of a clip: how many they heal, and how many they add.

Errors are kept as rows of numbers and not as ``Problem`` values, and a setting is judged by array operations
alone: an hour of speech has hundreds of errors, and each asks what its remedies would do to all the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..labels.references import Reference, read_reference
from ..runs import Frames
from ..scoring.frames import HOP, SpeechScores
from ..turns import TurnDetection
from .critical import span, turn_frames
from .matching import Intervals, Match, crop, match, overlapping, support, to_samples
from .measures import Problem
from .metrics import find_problems, scored_regions


@dataclass(frozen=True, eq=False)
class Effect:
    """What some settings would do.

    Parameters
    ----------
    healed : ndarray, bool, shape (p,)
        Which of the present errors are gone, by the definitions of ``critical``.
    adds : int
        Errors that were not there: of another kind or turn, or inventions where there was none.
    missed : ndarray, bool, shape (k,)
        Which stretches of true speech are missed.
    """

    healed: NDArray[np.bool_]
    adds: int
    missed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Errors:
    """The errors of some turns: places per stretch of true speech, merged pairs as one number, inventions."""

    cuts: NDArray[np.int64]
    missed: NDArray[np.int64]
    merges: NDArray[np.int64]
    invented: Intervals

    @classmethod
    def of(cls, result: Match, stretches: int) -> _Errors:
        """Read them from turns matched with ``stretches`` of true speech."""
        owner, i, j = result.truth.owner, result.truth_index, result.found_index
        per_truth = result.per_truth
        joined = np.flatnonzero(j[1:] == j[:-1])
        return cls(
            np.bincount(owner, np.maximum(per_truth - 1, 0), stretches).astype(np.int64),
            np.bincount(owner[per_truth == 0], minlength=stretches),
            np.sort(owner[i[joined]] * stretches + owner[i[joined + 1]]),
            result.found.pieces[result.per_found == 0],
        )

    def added_to(self, before: _Errors) -> int:
        """Return how many of these were not there before."""
        pairs, counts = np.unique(self.merges, return_counts=True)
        known = np.searchsorted(before.merges, pairs, "right") - np.searchsorted(before.merges, pairs)
        more = (self.cuts - before.cuts, self.missed - before.missed, counts - known)
        old = len(np.unique(overlapping(self.invented, before.invented)[0]))
        return sum(int(np.maximum(row, 0).sum()) for row in more) + len(self.invented) - old


class Effects:
    """The errors of a clip at the present settings, and what others would do to them.

    Parameters
    ----------
    scores : SpeechScores
    settings : TurnDetection
        Those in force.
    reference : Labels, Sample, path of a label file, or list of turns
        What is true.

    Attributes
    ----------
    present : tuple of Problem
        The errors there are, as ``measure`` lists them.
    """

    def __init__(self, scores: SpeechScores, settings: TurnDetection, reference: Reference) -> None:
        turns = read_reference(reference)
        self._values = scores.values
        self._known: dict[TurnDetection, Effect] = {}
        stretches, self._stretch_of = support(to_samples([(turn.start, turn.end) for turn in turns]))
        self._stretches = len(stretches)
        self._regions = scored_regions(turns, None, scores.duration)
        self._truth = crop(stretches, self._regions)
        result = self._matched(turn_frames(scores.values, settings))
        self.present = find_problems(result, self._stretch_of)
        self._before = _Errors.of(result, self._stretches)
        self._index = {problem: number for number, problem in enumerate(self.present)}
        self._kinds = np.array([problem.kind for problem in self.present], dtype="<U8")
        self._spans = np.array([span(problem) for problem in self.present], dtype=np.int64).reshape(-1, 2)
        starts = to_samples([(problem.start, problem.end) for problem in self.present])[:, 0]
        self._pieces = np.searchsorted(self._truth.pieces[:, 0], starts)

    def of(self, settings: TurnDetection) -> Effect:
        """Return what other settings would do; worked out once for each."""
        if settings not in self._known:
            frames = turn_frames(self._values, settings)
            result = self._matched(frames)
            after = _Errors.of(result, self._stretches)
            self._known[settings] = Effect(
                self._healed(frames, result), after.added_to(self._before), after.missed > 0
            )
        return self._known[settings]

    def heals(self, effect: Effect, problem: Problem) -> bool:
        """Tell whether an effect heals one of the errors present; a merge not by missing one of its turns."""
        number = self._index.get(problem)
        if number is None or not effect.healed[number]:
            return False
        merged = self._stretch_of[np.array(problem.reference, dtype=np.int64) - 1]
        return problem.kind != "merged" or not effect.missed[merged].any()

    def _matched(self, frames: Frames) -> Match:
        return match(self._truth, frames * HOP, self._regions)

    def _healed(self, frames: Frames, result: Match) -> NDArray[np.bool_]:
        """Tell which present errors some turns heal."""
        first, stop = self._spans.T
        bounds = np.vstack((frames, np.full((1, 2), np.iinfo(np.int64).max)))
        over = np.searchsorted(frames[:, 0], first, side="right") - 1
        held = (over >= 0) & (bounds[over, 1] >= stop)
        touched = bounds[np.searchsorted(frames[:, 1], first, side="right"), 0] < stop
        heard = np.append(result.per_truth > 0, False)[self._pieces]
        conditions = [self._kinds == kind for kind in ("cut", "merged", "missed")]
        return np.select(conditions, [held, ~held, heard], ~touched)
