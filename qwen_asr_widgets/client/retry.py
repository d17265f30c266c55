"""When a lost connection is tried again, and for how long: settings, and the waits that follow from them.

Nothing here has a socket, a clock or a thread: losses and times go in, delays come out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..arguments import is_number
from ..errors import SettingError
from ..formatting import with_units

AFTER_SOUND = 60.0
"""Seconds that a run without a patience of its own waits for its service once no more sound comes."""


@with_units(patience="s", first="s", longest="s")
@dataclass(frozen=True)
class Retry:
    """How a lost connection is taken up again.

    Each try comes after a random time (full jitter) of at most ``first`` seconds, then twice that, and so
    on up to ``longest``: many clients that lost their service at once do not come back at once. What stood
    for a while, or brought a transcript, begins anew with ``first``.

    Parameters
    ----------
    patience : float or None
        Seconds without progress after which the service is given up; 0 takes the first loss for the end.
        None: as long as sound comes, and for a minute after its end.
    first, longest : float
        Seconds before the first try, and between later ones, at most; 0.01 to 3600.
    opus_when_slow : bool
        Whether a run whose line proves slower than its sound goes on in Opus, which needs a tenth of PCM: in
        another session, without a gap. It needs PyAV (extra ``media``).

    Raises
    ------
    SettingError
        A value is out of its range.

    Examples
    --------
    >>> Retry(patience=60).delay(0, lambda: 1.0), Retry().delay(10, lambda: 1.0)
    (0.5, 15.0)
    """

    patience: float | None = None
    first: float = 0.5
    longest: float = 15.0
    opus_when_slow: bool = False

    def __post_init__(self) -> None:
        if self.patience is not None:
            _check("patience", self.patience, 0.0, math.inf)
        _check("first", self.first, 0.01, 3_600)
        _check("longest", self.longest, self.first, 3_600)

    def delay(self, tries: int, chance: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait after so many tries that failed; ``chance`` gives a number in [0, 1]."""
        return chance() * min(self.longest, self.first * 2 ** min(tries, 32))


def _check(name: str, value: Any, low: float, high: float) -> None:
    if not is_number(value) or not low <= value <= high:
        raise SettingError(
            f"{name} is {value!r:.60}; it must be a number of seconds from {low:g}"
            f"{f' to {high:g}' if high < math.inf else ' on'}.", name,
        )


def checked_retry(retry: Any, default: Retry) -> Retry:
    """Return a `Retry`, or the default for None; `SettingError` for anything else."""
    if retry is None:
        return default
    if not isinstance(retry, Retry):
        raise SettingError(
            f"retry must be a Retry or None, not {retry!r:.60}; e.g. Retry(patience=60).", "retry"
        )
    return retry


class Backoff:
    """When to try again, and when to give up: one for each run, told of losses and of progress.

    Parameters
    ----------
    retry : Retry
        How often and how long.
    chance : callable
        Returns a random number in [0, 1].

    Attributes
    ----------
    tries : int
        Tries since the last progress.

    Examples
    --------
    >>> backoff = Backoff(Retry(patience=3.0), lambda: 1.0)
    >>> backoff.next(now=10.0), backoff.next(now=10.5), backoff.next(now=12.5), backoff.next(now=13.0)
    (0.5, 1.0, 0.5, None)
    """

    def __init__(self, retry: Retry, chance: Callable[[], float] = random.random) -> None:
        self._retry = retry
        self._chance = chance
        self._since: float | None = None
        self.tries = 0

    def next(self, now: float, sound_ended: float | None = None, throttled: bool = False) -> float | None:
        """Return the seconds to wait before the next try, or None where the patience is at its end.

        Parameters
        ----------
        now : float
            Seconds of any one clock.
        sound_ended : float or None
            When the sound ended; None while it comes.
        throttled : bool
            Whether the service has asked to come back later: then the wait is at least half of its longest.
        """
        if self._since is None:
            self._since = now
        left = self._left(now, sound_ended)
        if left <= 0:
            return None
        most = min(self._retry.longest, 2.0) if throttled else 0.0
        wait = max(self._retry.delay(self.tries, self._chance), most * (1 + self._chance()) / 2)
        self.tries += 1
        return min(wait, left)

    def _left(self, now: float, sound_ended: float | None) -> float:
        since, patience = now if self._since is None else self._since, self._retry.patience
        if patience is not None:
            return since + patience - now
        return math.inf if sound_ended is None else max(since, sound_ended) + AFTER_SOUND - now

    def reset(self) -> None:
        """Note progress: the next loss is a first one."""
        self._since, self.tries = None, 0
