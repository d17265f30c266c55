"""A plain baseline from the text alone: how the words end that were recognised so far.

Its three probabilities are set, not learnt: it says what a model must beat to have been worth its while.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DONE, OPEN, UNDECIDED = 0.9, 0.1, 0.5
"""What it says after a full stop, after a comma or a word that wants another, and else."""

_UNFINISHED = re.compile(r"(?:\.\.\.|…|[,，、;；:：\-–—])$")
_FINISHED = re.compile(r"[.?!。？！]['\"”’)]*$")
_LEADING_ON = frozenset(
    "a an and as at because but by er for from he i if in into is it like my of on or our so than that the "
    "their then they this to uh um was we well were when which who with you your".split()
)
_LEADING_ON_ZH = ("和", "跟", "但", "但是", "因为", "然后", "所以", "如果", "就是", "那个", "的", "嗯", "呃", "啊")


@dataclass(frozen=True)
class Punctuation:
    """Ends by punctuation, and by words that are seldom last.

    Examples
    --------
    >>> model = Punctuation()
    >>> nothing = np.zeros(0, np.float32)
    >>> [model.probability(nothing, text) for text in ("Yes, I do.", "I went to the", "I do")]
    [0.9, 0.1, 0.5]
    """

    name: str = "punctuation"
    needs_sound: bool = False

    @property
    def identity(self) -> str:
        """Name and version."""
        return f"{self.name}:1"

    def probability(self, samples: NDArray[np.float32], text: str = "") -> float:
        """Return the probability that the words are all of the turn; NaN without any."""
        said = text.strip()
        if not said:
            return float("nan")
        if _UNFINISHED.search(said):
            return OPEN
        if _FINISHED.search(said):
            return DONE
        last = said.split()[-1].lower()
        return OPEN if last in _LEADING_ON or said.endswith(_LEADING_ON_ZH) else UNDECIDED
