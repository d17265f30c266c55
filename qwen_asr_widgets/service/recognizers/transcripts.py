"""What speech models write beside the words: repetition loops."""

from __future__ import annotations

import re

_LOOP = re.compile(r"(.{1,60}?)\1{4,}", re.DOTALL)
_SHORTEST_LOOP = 24
"""Characters under which five times the same may have been said: "no no no no no"."""


def without_loops(text: str) -> str:
    """Return a text in which what follows itself five times or more, a model's loop, stands once.

    Examples
    --------
    >>> without_loops("Yes, I am a geek." + " I am a geek." * 40)
    'Yes, I am a geek.'
    >>> without_loops("no no no no no, not that one")
    'no no no no no, not that one'
    """
    def once(loop: re.Match[str]) -> str:
        return loop.group(1) if len(loop.group()) >= _SHORTEST_LOOP else loop.group()

    return _LOOP.sub(once, text).strip()
