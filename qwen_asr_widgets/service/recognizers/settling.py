"""Which words of a growing hypothesis are settled: those that later hypotheses no longer change."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .base import Hypothesis


@dataclass(frozen=True)
class Word:
    """A recognised word and the frames (of the recogniser's own length) in which it was heard."""

    text: str
    first: int
    last: int


class Settler:
    """Splits hypotheses that follow one another into words that are settled and a draft.

    A word settles once the last ``patience`` hypotheses agree on it and on all before it, and ``margin``
    words follow it. A settled word is kept whatever later hypotheses say: the draft is what they hear after
    it.

    Examples
    --------
    >>> settler = Settler(patience=2, margin=1)
    >>> words = [Word("turn", 0, 20), Word("of", 21, 40)]
    >>> settler.update(words)
    Hypothesis(settled='', draft='turn of')
    >>> settler.update([*words[:1], Word("off", 21, 45)])
    Hypothesis(settled='turn', draft=' off')
    """

    def __init__(self, patience: int = 4, margin: int = 2) -> None:
        self._recent: deque[Sequence[Word]] = deque(maxlen=patience)
        self._margin = margin
        self._settled: list[Word] = []

    def update(self, words: Sequence[Word]) -> Hypothesis:
        """Take the next hypothesis, over everything heard so far, and return how it is to be shown."""
        self._recent.append(self._after_settled(words))
        if len(self._recent) == self._recent.maxlen:
            agreed = self._agreed()
            self._settled += self._recent[-1][:agreed]
            for index, row in enumerate(self._recent):
                self._recent[index] = row[agreed:]
        settled = " ".join(word.text for word in self._settled)
        draft = " ".join(word.text for word in self._recent[-1])
        return Hypothesis(settled, f" {draft}" if settled and draft else draft)

    def _after_settled(self, words: Sequence[Word]) -> Sequence[Word]:
        """Return the words heard after those settled: a word belongs where its middle lies."""
        if not self._settled:
            return words
        end = self._settled[-1].last
        return [word for word in words if word.first + word.last > 2 * end]

    def _agreed(self) -> int:
        """Return how many leading words all recent hypotheses share, the margin left off."""
        latest = self._recent[-1]
        shared = 0
        for column in zip(*self._recent):
            if any(word.text != column[0].text for word in column):
                break
            shared += 1
        return max(0, min(shared, len(latest) - self._margin))
