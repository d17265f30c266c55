"""Values of a bundle, which anybody may have written: checked before anything is computed with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...arguments import is_number

MAX_SECONDS = 10**9
"""A time further from the beginning (32 years) is none."""

MAX_COUNT = 10**15


def is_bounded(value: Any) -> bool:
    """Tell whether a value is a finite number of a size that can be computed with."""
    return is_number(value) and abs(value) <= MAX_SECONDS


def seconds(value: Any, name: str) -> float:
    """Return a time in seconds, or raise ``ValueError``.

    Examples
    --------
    >>> seconds(10**400, "time")
    Traceback (most recent call last):
    ValueError: time must be a number of seconds, not 1000000000000000000000000000000000000000
    """
    if not is_bounded(value):
        raise ValueError(f"{name} must be a number of seconds, not {value!r:.40}")
    return float(value)


def count(value: Any, name: str) -> int:
    """Return a whole number from 0 on, or raise ``ValueError``."""
    if not is_number(value, int) or not 0 <= value <= MAX_COUNT:
        raise ValueError(f"{name} must be a whole number from 0 on, not {value!r:.40}")
    return value


def texts(value: Any, name: str) -> Mapping[str, str]:
    """Return an object whose values are texts, or raise ``ValueError``."""
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for part in value.values()):
        raise ValueError(f"{name} must be an object of texts, not {value!r:.40}")
    return value
