"""Exercises on words: errors counted by hand, and what a wrong context costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...audio.samples import sample
from ...recording.comparing.comparison import compare
from ...recording.recording import Recording
from .mark import RIGHT, Mark, NotAnswer, mistake_in, number_in, wrong

SAID = "the train to the city leaves at half past seven"
HEARD = "a train to city leaves it at half past eleven"
"""Two texts with one alignment that has the fewest errors: 2 substitutions, a deletion, an insertion."""


def judge_counts(answer: Any, about: Any = None) -> Mark:
    """Judge the substitutions, deletions and insertions between two texts, beside jiwer's."""
    import jiwer

    if not isinstance(answer, Sequence) or isinstance(answer, (str, bytes)) or len(answer) != 3:
        raise NotAnswer
    found = tuple(int(number_in(each)) for each in answer)
    counted = jiwer.process_words(SAID, HEARD)
    right = (counted.substitutions, counted.deletions, counted.insertions)
    if found == right:
        return RIGHT
    given = {"s": found[0], "d": found[1], "i": found[2], "total": sum(found)}
    if sum(found) == sum(right) + 1:
        return wrong("one_more", **given)
    if sum(found) == sum(right):
        return wrong("kinds", **given)
    return wrong("few" if sum(found) < sum(right) else "many", **given)


WITHIN = 0.05
"""Percentage points by which an answer may be off: it may be rounded."""


def judge_harm(answer: Any, about: Any = None) -> Mark:
    """Judge by how many percentage points a wrong context raised the word error rate of the dictation.

    ``about`` is the recording without a context and the one with the wrong one.
    """
    found = number_in(answer)
    pair = about if isinstance(about, (tuple, list)) else ()
    if len(pair) != 2 or not all(isinstance(each, Recording) for each in pair):
        raise NotAnswer
    compared = compare(*pair, reference=sample("dictation")).runs
    plain, misled = (100 * (run.error_rate or 0.0) for run in compared)
    harm = misled - plain
    values = {"found": found, "harm": harm, "plain": plain, "misled": misled}
    if abs(found - harm) <= WITHIN:
        return Mark(True, "right", values)
    known = mistake_in(found, {
        "fraction": harm / 100, "sign": -harm, "relative": 100 * harm / plain if plain else 0.0,
        "only_misled": misled, "only_plain": plain,
    }, WITHIN)
    return wrong(known or "other", **values)
