"""Which words of a turn that is recognised again and again, longer each time, are settled."""

from __future__ import annotations

import re
from itertools import takewhile

from .base import Hypothesis

_EAST_ASIAN = r"\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"\s*(?:[{_EAST_ASIAN}]|[^\s{_EAST_ASIAN}]+)")


class AgreedText:
    """Splits texts of a growing utterance into words that are settled and a draft.

    Words on which two texts that follow one another agree are settled, but for the last ``margin`` of them,
    which what is said next may still change. Chinese and Japanese characters count as words.

    Examples
    --------
    >>> agreed = AgreedText(margin=1)
    >>> agreed.update("It was the best.")
    Hypothesis(settled='', draft='It was the best.')
    >>> agreed.update("It was the best of times")
    Hypothesis(settled='It was', draft=' the best of times')
    """

    def __init__(self, margin: int = 1) -> None:
        self._margin = margin
        self._settled: list[str] = []
        self._last: list[str] = []

    def update(self, text: str) -> Hypothesis:
        """Take the next text, of everything said so far, and return how it is to be shown."""
        tokens = _tokens(text)
        same = takewhile(lambda pair: pair[0] == pair[1], zip(tokens, self._last))
        agreed = max(0, len(list(same)) - self._margin)
        self._settled += tokens[len(self._settled):agreed]
        self._last = tokens
        return Hypothesis("".join(self._settled), "".join(tokens[len(self._settled):]))


def _tokens(text: str) -> list[str]:
    """Return the words of a text, each with the space before it."""
    return _TOKEN.findall(text.strip())
