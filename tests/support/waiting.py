"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def wait_until(
    condition: Callable[[], Result | None],
    timeout: float = 10.0,
    what: str = "the condition holds",
    every: float = 0.05,
) -> Result:
    """Return the first true value of ``condition()``; fail when none comes within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s until {what}; the last value was {value!r}")
        time.sleep(every)
