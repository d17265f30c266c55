"""Speech scores: how much each 32 ms of sound resembles speech, on the service's own scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..audio.units import SAMPLE_RATE
from ..errors import AudioError

HOP = 512
"""New samples (at 16 kHz) in one scored frame: 32 ms."""

HOP_SECONDS = HOP / SAMPLE_RATE
"""Length of one scored frame in seconds: 0.032."""


@dataclass(frozen=True, eq=False)
class SpeechScores:
    """The speech score of every frame of a clip.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Score of frame k, in [-1, 1]: ``2 * p - 1`` for a speech probability p. Frame k covers the
        samples ``512 * k`` to ``512 * (k + 1)`` at 16 kHz. A tail of under 512 samples has no score.
    duration : float or None
        Length of the clip in seconds, with its unscored tail. None: that of the frames.

    Raises
    ------
    AudioError
        The values are not one row of finite numbers.

    Examples
    --------
    >>> scores = SpeechScores([-0.9, 0.4, 0.8])
    >>> len(scores), scores.duration
    (3, 0.096)
    """

    values: NDArray[np.float32]
    duration: float = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        values = _checked_values(self.values)
        object.__setattr__(self, "values", values)
        if self.duration is None:
            object.__setattr__(self, "duration", len(values) * HOP / SAMPLE_RATE)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def hop(self) -> float:
        """Seconds from one score to the next: 0.032."""
        return HOP_SECONDS

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds at which each frame begins, float64 (n,)."""
        return np.arange(len(self.values)) * HOP / SAMPLE_RATE


def _checked_values(values: ArrayLike) -> NDArray[np.float32]:
    """Return the scores as a read-only float32 row, or raise ``AudioError``."""
    row = np.array(values, dtype=np.float32)
    if row.ndim != 1:
        raise AudioError(f"Speech scores must be one row of numbers, not an array of shape {row.shape}.")
    if not np.isfinite(row).all():
        raise AudioError("Speech scores must be finite numbers; some are NaN or infinite.")
    row.flags.writeable = False
    return row
