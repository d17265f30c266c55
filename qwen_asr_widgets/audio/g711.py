"""G.711 mu-law: what a telephone line of 64 kbit/s in North America and Japan makes of a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BIAS = 132
_LARGEST = 32_635
"""The largest magnitude of 16 bits that has a code word; louder ones take the same."""


def through_mu_law(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return samples as they arrive after mu-law coding (ITU-T G.711): one of 255 values each.

    Parameters
    ----------
    pcm : ndarray, int16, any shape
        The 14 higher bits count, as in the recommendation.

    Returns
    -------
    ndarray, int16, of the same shape
        In -32124 to 32124.

    Examples
    --------
    >>> through_mu_law(np.array([0, 100, -1_000, 32_767], np.int16)).tolist()
    [0, 104, -988, 32124]
    """
    given = pcm.astype(np.int32)
    magnitude = np.minimum(np.abs(given), _LARGEST) + _BIAS
    exponent = np.frexp(magnitude)[1] - 8
    step = 1 << (exponent + 3)
    decoded = (magnitude // step) * step + step // 2 - _BIAS
    arrived: NDArray[np.int16] = np.where(given < 0, -decoded, decoded).astype(np.int16)
    return arrived
