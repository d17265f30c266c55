"""Percentiles of a sample, each with the interval in which the percentile of all such values lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log
from typing import Any

import numpy as np

LEVEL = 0.95
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Percentile:
    """One percentile of a sample, and how far that of all such values may be from it.

    Parameters
    ----------
    value : float
        Of the sample, linear between neighbours (numpy's default).
    low, high : float or None
        The interval that holds the percentile of all such values in at least 95 % of samples, whatever
        their distribution: two values of the sample, by the binomial distribution (Conover, "Practical
        nonparametric statistics", 1999, 3.2). None where the sample is too small for a bound: the 99th
        percentile has an upper one from 368 values on.
    """

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        low = "below" if self.low is None else f"{self.low:.2f}"
        high = "above" if self.high is None else f"{self.high:.2f}"
        return f"{self.value:.2f} s ({low} to {high})"


@dataclass(frozen=True)
class Distribution:
    """How a delay is spread over utterances or words, in seconds.

    Parameters
    ----------
    n : int
        Number of values.
    p50, p95, p99 : Percentile
        With their intervals.

    Examples
    --------
    >>> spread = distribution([0.1 * k for k in range(1, 101)])
    >>> spread.n, str(spread.p50), str(spread.p99)
    (100, '5.05 s (4.00 to 6.10)', '9.90 s (9.70 to above)')
    """

    n: int
    p50: Percentile
    p95: Percentile
    p99: Percentile

    def to_row(self) -> dict[str, Any]:
        """Return its figures as a row of a table: ``n``, ``p50``, ``p50_low``, ``p50_high`` …"""
        row: dict[str, Any] = {"n": self.n}
        for name in ("p50", "p95", "p99"):
            one = getattr(self, name)
            row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
        return row


def distribution(values: Sequence[float]) -> Distribution:
    """Return the percentiles of at least one value (seconds)."""
    ordered = sorted(values)
    return Distribution(len(ordered), *(_percentile(ordered, percent) for percent in PERCENTILES))


def _percentile(ordered: Sequence[float], percent: int) -> Percentile:
    low, high = ranks(len(ordered), percent / 100)
    return Percentile(
        float(np.percentile(ordered, percent)),
        ordered[low - 1] if low >= 1 else None, ordered[high - 1] if high <= len(ordered) else None,
    )


@lru_cache(maxsize=256)
def ranks(n: int, share: float) -> tuple[int, int]:
    """Return between which of n ordered values (from 1) a percentile lies; 0 and n + 1 where none bounds it.

    Examples
    --------
    >>> ranks(100, 0.5), ranks(20, 0.95)
    ((40, 61), (17, 21))
    """
    below = np.cumsum([_binomial(n, k, share) for k in range(n + 1)])
    tail = (1 - LEVEL) / 2
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail, side="left")) + 1
    return low, high


def _binomial(n: int, k: int, share: float) -> float:
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(ways + k * log(share) + (n - k) * log(1 - share))
