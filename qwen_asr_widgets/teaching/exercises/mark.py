"""What a judge says of an answer, and what judges share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any


@dataclass(frozen=True)
class Mark:
    """What a judge found out about an answer.

    Parameters
    ----------
    right : bool
    text : str
        Key of the explanation in the texts of the exercise, ``"right"`` or one for each mistake.
    values : mapping
        What is filled into that text.
    """

    right: bool
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


Judge = Callable[[Any, Any], Mark]
"""Given the answer and what it was computed from (None where nothing is), returns its mark."""

RIGHT = Mark(True, "right")


class NotAnswer(Exception):
    """The answer is of a kind that cannot be judged."""


def wrong(text: str, **values: Any) -> Mark:
    """Return the mark of a wrong answer.

    Examples
    --------
    >>> wrong("too_few", found=5).values
    {'found': 5}
    """
    return Mark(False, text, values)


def number_in(answer: Any) -> float:
    """Return an answer as a number, or raise `NotAnswer`.

    Examples
    --------
    >>> number_in(3)
    3.0
    """
    if not isinstance(answer, Real) or isinstance(answer, bool) or not math.isfinite(answer):
        raise NotAnswer
    return float(answer)


def is_near(first: float, second: float, within: float = 1e-6) -> bool:
    """Tell whether two numbers are the same but for rounding."""
    return abs(first - second) <= within


def mistake_in(answer: float, mistakes: Mapping[str, float], within: float = 1e-6) -> str | None:
    """Return which known mistake leads to a number; None where none does.

    Examples
    --------
    >>> mistake_in(25.0, {"percent": 25.0, "ends": 0.5})
    'percent'
    """
    return next((name for name, value in mistakes.items() if is_near(answer, value, within)), None)
