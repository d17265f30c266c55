"""How long the waits of a setting are beside their mean: small histograms, which add up exactly as sums do.

A wait is mostly the silence of the setting and a little more or less. The bins lie about the silence, a frame
of 32 ms wide from 64 ms below to 256 ms above it and wider farther out, so that a quantile is known to its
bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ..scoring.frames import HOP

EDGES = HOP * np.array([-32, -16, -8, -4, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 64, 128])
"""Edges of the bins in samples from the silence on; the first bin begins at no wait, the last is open."""

BINS = len(EDGES) + 1
QUANTILES = {"wait_p50": 0.5, "wait_p90": 0.9}
"""What of the waits is told beside their mean."""


def binned(
    waits: NDArray[np.int64], silence: int, owner: NDArray[np.int64], owners: int
) -> NDArray[np.int64]:
    """Return how many waits lie in each bin, int64 (owners, BINS).

    Parameters
    ----------
    waits : ndarray, int64, shape (w,)
        In samples.
    silence : int
        Samples of silence that close a turn.
    owner : ndarray, int64, shape (w,)
        Which of so many clips or blocks each is of.

    Examples
    --------
    >>> binned(np.array([6_600, 6_700]), 6_656, np.array([0, 0]), 1)[0, 5:8].tolist()
    [0, 1, 1]
    """
    bins = np.searchsorted(EDGES, waits - silence, side="right")
    return np.bincount(owner * BINS + bins, minlength=owners * BINS).reshape(owners, BINS)


def quantile(counts: NDArray[np.float64], silences: NDArray[np.int64], q: float) -> NDArray[np.float64]:
    """Return a quantile of waits in seconds, to within the bin in which it lies.

    Parameters
    ----------
    counts : ndarray, float64, shape (…, S, BINS)
        By silence; whole numbers, or clips weighted.
    silences : ndarray, int64, shape (S,)
        In samples.
    q : float
        In (0, 1). Within a bin the waits are taken for evenly spread; of the last, open one the beginning is
        returned.

    Returns
    -------
    ndarray, float64, shape (…, S)
        NaN where there are no waits.
    """
    upto = counts.cumsum(axis=-1)
    total = upto[..., -1]
    rank = q * total[..., None]
    at = np.minimum((upto < rank).sum(axis=-1), BINS - 1)[..., None]
    inside = np.take_along_axis(counts, at, axis=-1)
    into = (rank - np.take_along_axis(upto, at, axis=-1) + inside) / np.maximum(inside, 1)
    edges = np.maximum(silences[:, None] + EDGES, 0)
    low = np.concatenate([np.zeros_like(edges[:, :1]), edges], axis=1)
    high = np.concatenate([edges, edges[:, -1:]], axis=1)
    starts, ends = (np.broadcast_to(row, counts.shape) for row in (low, high))
    start, end = (np.take_along_axis(row, at, axis=-1) for row in (starts, ends))
    found: NDArray[np.float64] = (start + into * (end - start))[..., 0] / SAMPLE_RATE
    return np.where(total > 0, found, np.nan)
