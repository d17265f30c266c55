"""Where turns are wrong: every error with its place and the numbers of the turns it touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from .matching import Match

ProblemKind = Literal["cut", "merged", "missed", "invented"]


@dataclass(frozen=True, order=True)
class Problem:
    """One error of a turn detector.

    Parameters
    ----------
    start, end : float
        Seconds of the place: for a cut the gap within the reference turn, for a merge the gap that went
        unnoticed, else the reference turn missed or the turn invented.
    kind : {"cut", "merged", "missed", "invented"}
        What is wrong. A reference turn in three turns is one turn cut, at two places: two problems.
    reference : tuple of int
        Numbers of the reference turns concerned, from 1 as they were given.
    turns : tuple of int
        Numbers of the detected turns concerned, from 1.
    """

    start: float
    end: float
    kind: ProblemKind
    reference: tuple[int, ...] = ()
    turns: tuple[int, ...] = ()


def find_problems(result: Match, member_of: NDArray[np.int64]) -> tuple[Problem, ...]:
    """Return every error in order of time.

    Parameters
    ----------
    result : Match
        Turns against stretches of true speech.
    member_of : ndarray, int64, shape (k,)
        The stretch that holds each reference turn given.
    """
    numbers: dict[int, list[int]] = {}
    for number, stretch in enumerate(member_of.tolist(), start=1):
        numbers.setdefault(stretch, []).append(number)
    names = [tuple(numbers[owner]) for owner in result.truth.owner.tolist()]
    turns = [owner + 1 for owner in result.found.owner.tolist()]
    problems = [*_gaps(result, names, turns), *_unmatched(result, names, turns)]
    return tuple(sorted(problems))


def _gaps(result: Match, names: list[tuple[int, ...]], turns: list[int]) -> list[Problem]:
    """Return the cuts and merges: neighbouring pairs that share a stretch of speech or a turn."""
    problems = []
    i, j = result.truth_index, result.found_index
    truth, found = result.truth.pieces, result.found.pieces
    for k in np.flatnonzero(i[1:] == i[:-1]).tolist():
        start, end = _place(found[j[k], 1], found[j[k + 1], 0])
        problems.append(Problem(start, end, "cut", names[i[k]], (turns[j[k]], turns[j[k + 1]])))
    for k in np.flatnonzero(j[1:] == j[:-1]).tolist():
        start, end = _place(truth[i[k], 1], truth[i[k + 1], 0])
        problems.append(Problem(start, end, "merged", names[i[k]] + names[i[k + 1]], (turns[j[k]],)))
    return problems


def _unmatched(result: Match, names: list[tuple[int, ...]], turns: list[int]) -> list[Problem]:
    """Return the reference turns missed and the turns invented."""
    problems = []
    for k in np.flatnonzero(result.per_truth == 0).tolist():
        problems.append(Problem(*_place(*result.truth.pieces[k]), "missed", names[k], ()))
    for k in np.flatnonzero(result.per_found == 0).tolist():
        problems.append(Problem(*_place(*result.found.pieces[k]), "invented", (), (turns[k],)))
    return problems


def _place(start: np.int64, end: np.int64) -> tuple[float, float]:
    return int(start) / SAMPLE_RATE, int(end) / SAMPLE_RATE
