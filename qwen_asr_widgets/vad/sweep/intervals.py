"""How far a measure of some calls may be from that of all calls like them: intervals, clustered by call.

Turns of one call are alike, so that whole calls (speakers, clips) are what varies. Sweeps and trade-offs both
take their intervals from here, in the two ways there are:

**Of a setting that was fixed beforehand** (`jackknife_variance` and what follows it) the variance is that of
leaving out one call after the other (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 11),
with as many degrees of freedom as there are calls, less one.

* A share of turns has Wilson's score interval on the effective number of turns: their number divided by the
  design effect, the ratio of that variance to the one of independent turns (Franco, Little, Louis and Slud,
  "Comparative study of confidence intervals for proportions in complex sample surveys", Journal of Survey
  Statistics and Methodology 7, 2019). Of 0 of 49 it says 0 to 7 %, and not 0 to 0.
* A count per minute has the score interval of a Poisson rate, its minutes divided by the overdispersion.
* What is neither (a mean wait, F1) has Student's interval.

With few calls that hardly differ they are somewhat wide: a design effect below 1 is taken for 1.

**Of what is chosen** (`draws`, `percentiles`) calls are drawn with replacement and the choice is made anew in
each draw (the bootstrap, ch. 13 there), so that the interval holds the choice as well. With fewer than ten
calls it is too narrow; of a share, `wilson` says how narrow it may be at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.float64]

NORMAL = NormalDist().inv_cdf(0.975)
"""How far a 95 % interval reaches in standard errors, where those are known."""

SHARES = ("cut_rate", "cut_off_rate", "missed_rate", "coverage")
"""Measures that are shares of the reference turns."""


def members(names: Sequence[str]) -> NDArray[np.int64]:
    """Return which clips belong to each call, int64 (calls, clips), given the call of each clip.

    Examples
    --------
    >>> members(["a", "b", "a"]).tolist()
    [[1, 0, 1], [0, 1, 0]]
    """
    of_clip = np.array(names, dtype=object)
    return np.array([of_clip == name for name in dict.fromkeys(names)]).astype(np.int64)


def draws(calls: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return how often each call counts where as many are drawn with replacement, int64 (count, calls)."""
    drawn: NDArray[np.int64] = np.random.default_rng(seed).multinomial(
        calls, np.full(calls, 1 / calls), size=count
    )
    return drawn


def percentiles(values: Cells) -> tuple[float, float]:
    """Return the percentiles 2.5 and 97.5 of draws, of which some may be infinite; NaN without any.

    Examples
    --------
    >>> percentiles(np.arange(1_000.0)), percentiles(np.array([np.nan]))
    ((24.0, 974.0), (nan, nan))
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.percentile(known, [2.5, 97.5], method="inverted_cdf")
    return float(low), float(high)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of ``n`` that have nothing to do with one another.

    Examples
    --------
    >>> [round(edge, 3) for edge in wilson(0, 49)]
    [0.0, 0.073]
    """
    low, high = share_interval(np.array(hits / n), np.array(float(n)), np.array(0.0), NORMAL)
    return float(low), float(high)


def jackknife_variance(left_out: Cells) -> Cells:
    """Return the variance of a measure from its values without one call after the other.

    Parameters
    ----------
    left_out : ndarray, float64, shape (calls, …)
        Of at least two calls.

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 4.0, 7.0])
    >>> means = (values.sum() - values) / 3
    >>> bool(np.isclose(jackknife_variance(means), values.var(ddof=1) / 4))
    True
    """
    calls = len(left_out)
    return (calls - 1) * left_out.var(axis=0)


@lru_cache(maxsize=64)
def student(confidence: float, freedom: int) -> float:
    """Return how far a two-sided interval reaches in standard errors, by Student's t.

    Examples
    --------
    >>> round(student(0.95, 29), 3), round(student(0.95, 1), 2)
    (2.045, 12.71)
    """
    if freedom > 1_000:
        return NormalDist().inv_cdf((1 + confidence) / 2)
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < confidence else (low, middle)
    return math.tan(low) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """Return the probability of |t| < tan(angle) · √freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    odd = freedom % 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for k in range(freedom // 2):
        total += term
        term *= math.cos(angle) ** 2 * (2 * k + 1 + odd) / (2 * k + 2 + odd)
    along = math.sin(angle) * total
    return 2 / math.pi * (angle + along) if odd else along


def share_interval(share: Cells, count: Cells, variance: Cells, reach: float) -> tuple[Cells, Cells]:
    """Return Wilson's interval of a share of ``count`` turns on its effective number of turns.

    Examples
    --------
    >>> low, high = share_interval(*map(np.array, (0.0, 49.0, 0.0)), reach=1.96)
    >>> round(float(low), 3), round(float(high), 3)
    (0.0, 0.073)
    """
    alone = share * (1 - share)
    effect = np.maximum(_over(variance * count, alone), 1)
    effective = count / effect
    middle = (share + reach**2 / (2 * effective)) / (1 + reach**2 / effective)
    half = reach / (1 + reach**2 / effective) * np.sqrt(alone / effective + reach**2 / (4 * effective**2))
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)


def rate_interval(rate: Cells, exposure: Cells, variance: Cells, reach: float) -> tuple[Cells, Cells]:
    """Return the score interval of a count per minute.

    Examples
    --------
    >>> low, high = rate_interval(*map(np.array, (0.0, 10.0, 0.0)), reach=1.96)
    >>> round(float(low), 3), round(float(high), 3)
    (0.0, 0.384)
    """
    effective = exposure / np.maximum(_over(variance * exposure, rate), 1)
    count = rate * effective
    middle, half = count + reach**2 / 2, reach * np.sqrt(count + reach**2 / 4)
    return np.maximum(middle - half, 0) / effective, (middle + half) / effective


def mean_interval(mean: Cells, variance: Cells, reach: float) -> tuple[Cells, Cells]:
    """Return Student's interval; no measure here is negative."""
    half = reach * np.sqrt(variance)
    return np.maximum(mean - half, 0), mean + half


def _over(part: Cells, whole: Cells) -> Cells:
    """Return ``part / whole``, 0 where the whole is 0: nothing varies there."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=np.float64), whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
