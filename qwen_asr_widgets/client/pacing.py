"""Pacing: recorded sound is handed out as if it were spoken now; no upload is faster than a service bears."""

from __future__ import annotations

import time as wall
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import is_number
from ..errors import SettingError

PACES = (0.001, 1_000_000)
"""Multiples of real time: slower takes for ever, faster cannot be told from as fast as possible."""


WATCHED = 5.0
"""Seconds of sound that wait, and over which it is watched, before a line is called slow."""


def check_pace(pace: Any) -> float | None:
    """Return a pace as it is kept: a multiple of real time, or None for as fast as taken, which 0 means too.

    Raises
    ------
    SettingError
        ``pace`` is neither None, 0 nor a number in `PACES`.

    Examples
    --------
    >>> check_pace(2.0), check_pace(None), check_pace(0)
    (2.0, None, None)
    """
    if pace is None or (is_number(pace) and pace == 0):
        return None
    low, high = PACES
    if not is_number(pace) or not low <= pace <= high:
        raise SettingError(
            f"pace is {pace!r:.60}; it must be a number from {low:g} to {high:,} (1.0 is real time), or 0 or "
            "None for as fast as taken.",
            "pace",
        )
    return pace


def paced(
    chunks: Iterable[NDArray[np.int16]],
    sample_rate: int,
    pace: float | None = 1.0,
    clock: Callable[[], float] = wall.monotonic,
    wait: Callable[[float], Any] = wall.sleep,
) -> Iterator[NDArray[np.int16]]:
    """Give out chunks when they would have been spoken: each when its last sample is.

    Parameters
    ----------
    chunks : iterable of int16 arrays of shape (n,)
        The sound.
    sample_rate : int
        Hz.
    pace : float or None
        1.0 is real time, 2.0 twice as fast; 0 or None gives them out as fast as they are taken.
    clock, wait : callable
        Monotonic seconds, and how to wait for some. A late chunk does not delay the ones after it.

    Raises
    ------
    SettingError
        ``pace`` is neither None, 0 nor in `PACES`.

    Examples
    --------
    >>> now = [0.0]
    >>> def wait(seconds): now[0] += seconds
    >>> chunks = [np.zeros(1_600, np.int16)] * 3
    >>> [round(now[0], 1) for _ in paced(chunks, 16_000, 1.0, lambda: now[0], wait)]
    [0.1, 0.2, 0.3]
    """
    return _paced(chunks, sample_rate, check_pace(pace), clock, wait)


def _paced(
    chunks: Iterable[NDArray[np.int16]], sample_rate: int, pace: float | None,
    clock: Callable[[], float], wait: Callable[[float], Any],
) -> Iterator[NDArray[np.int16]]:
    began, samples = clock(), 0
    for chunk in chunks:
        samples += len(chunk)
        if pace is not None:
            early = began + samples / (sample_rate * pace) - clock()
            if early > 0:
                wait(early)
        yield chunk


class UploadPace:
    """Says how many bytes may be written now, so that no second carries more than a service bears.

    A token bucket without a clock: whoever writes hands in the time. The bucket fills with 95 % of the pace
    and holds 5 % of a second, so that any one second carries the pace at most.

    Parameters
    ----------
    kilobytes : float
        1,000 bytes a second, everything on the wire counted (audio as base64).

    Examples
    --------
    >>> pace = UploadPace(1_900)
    >>> pace.allowed(1_000_000, now=0.0)
    95000
    >>> pace.spend(95_000, now=0.0)
    >>> pace.allowed(1_000_000, now=0.0), round(pace.wait(1_000_000, now=0.0), 3)
    (0, 0.026)
    """

    def __init__(self, kilobytes: float) -> None:
        self._rate = 950.0 * kilobytes
        self._most = 50.0 * kilobytes
        self._left = self._most
        self._at: float | None = None

    def allowed(self, size: int, now: float) -> int:
        """Return how many of ``size`` bytes may be written now: none, a piece worth a write, or all."""
        left = self._filled(now)
        return min(size, int(left)) if left >= min(size, self._piece) else 0

    def wait(self, size: int, now: float) -> float:
        """Return the seconds until some of ``size`` bytes may be written."""
        return max(0.0, min(size, self._piece) - self._filled(now)) / self._rate

    def spend(self, count: int, now: float) -> None:
        """Note that ``count`` bytes were written."""
        self._left, self._at = self._filled(now) - count, now

    @property
    def _piece(self) -> float:
        return self._most / 2

    def _filled(self, now: float) -> float:
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        return min(self._most, self._left + passed * self._rate)


class LineWatch:
    """Tells a line that carries less than real time from one that only catches up.

    A line is slow once more than `WATCHED` seconds of sound wait, and over as many seconds less of it went
    out than was spoken. It has no clock: whoever sends hands in the time.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Examples
    --------
    >>> watch = LineWatch(16_000)
    >>> [watch.is_slow(now, sent=6_000 * now, taken=16_000 * now) for now in range(0, 30, 5)]
    [False, False, False, True, True, True]
    >>> watch.is_slow(30, sent=480_000, taken=480_000)
    False
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._since: tuple[float, int] | None = None
        self._slow = False

    @property
    def is_timing(self) -> bool:
        """Whether so much waits that it is being found out how slow the line is."""
        return self._since is not None

    def is_slow(self, now: float, sent: int, taken: int) -> bool:
        """Return whether the line is slow; ``sent`` of ``taken`` samples have gone out at ``now`` seconds."""
        if taken - sent <= WATCHED * self._rate:
            self._since, self._slow = None, False
        elif self._since is None:
            self._since = now, sent
        elif now - self._since[0] >= WATCHED:
            self._slow = sent - self._since[1] < (now - self._since[0]) * self._rate
            self._since = now, sent
        return self._slow
