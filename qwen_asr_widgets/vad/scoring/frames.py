"""A score for every 32 ms of sound, as values: what computes them is in ``scores.py``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...audio.units import SAMPLE_RATE
from ...errors import AudioError
from ...formatting import table

HOP = 512
"""New samples (at 16 kHz) in one scored frame: 32 ms."""

HOP_SECONDS = HOP / SAMPLE_RATE
"""Length of one scored frame in seconds: 0.032."""

SILERO = "silero"
"""The detector whose scores the service's settings are made for."""

SILERO_SCALE = "2 * p - 1 of a probability p of speech"


@dataclass(frozen=True, eq=False, repr=False)
class SpeechScores:
    """The speech score of every frame of a clip.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Score of frame k, in [-1, 1]: by Silero ``2 * p - 1`` for a speech probability p. Frame k covers the
        samples ``512 * k`` to ``512 * (k + 1)`` at 16 kHz. A tail of under 512 samples has no score.
    duration : float or None
        Length of the clip in seconds, with its unscored tail. None: that of the frames.
    detector : str
        What scored them; thresholds mean something else on the scores of another.
    scale : str
        What a score means, for people to read.

    Raises
    ------
    AudioError
        The values are not one row of numbers in [-1, 1], or the duration is shorter than their frames.

    Examples
    --------
    >>> scores = SpeechScores([-0.9, 0.4, 0.8])
    >>> scores
    <SpeechScores of 3 frames, 0.10 s, from -0.90 to 0.80>
    >>> scores.values.dtype, scores.duration
    (dtype('float32'), 0.096)
    """

    values: NDArray[np.float32]
    duration: float = None  # type: ignore[assignment]
    detector: str = SILERO
    scale: str = SILERO_SCALE

    if TYPE_CHECKING:
        def __init__(
            self, values: ArrayLike, duration: float | None = None, detector: str = SILERO,
            scale: str = SILERO_SCALE,
        ) -> None: ...

    def __post_init__(self) -> None:
        values = _checked_values(self.values)
        object.__setattr__(self, "values", values)
        frames = len(values) * HOP / SAMPLE_RATE
        if self.duration is None:
            object.__setattr__(self, "duration", frames)
        elif not isinstance(self.duration, Real) or not frames - HOP_SECONDS < self.duration < math.inf:
            raise AudioError(
                f"The duration is {self.duration!r:.40}; {len(values)} scores are of {frames:g} s or more."
            )

    def __repr__(self) -> str:
        span = f", from {self.values.min():.2f} to {self.values.max():.2f}" if len(self) else ""
        by = "" if self.detector == SILERO else f", by {self.detector}"
        return f"<SpeechScores of {len(self)} frames, {self.duration:.2f} s{span}{by}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        span = f"{self.values.min():.2f} to {self.values.max():.2f}" if len(self) else "none"
        rows = [
            ("frames", f"{len(self)} of {1_000 * HOP_SECONDS:g} ms"), ("length", f"{self.duration:.2f} s"),
            ("scores", span), ("scale", self.scale), ("detector", self.detector),
        ]
        return table(("SpeechScores", ""), rows)

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
    try:
        row = np.array(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise AudioError(f"Speech scores must be one row of numbers, not {type(values).__name__}.") from None
    if row.ndim != 1:
        raise AudioError(f"Speech scores must be one row of numbers, not an array of shape {row.shape}.")
    if not np.isfinite(row).all():
        raise AudioError("Speech scores must be finite numbers; some are NaN or infinite.")
    if len(row) and max(-row.min(), row.max()) > 1:
        raise AudioError(
            f"Speech scores reach from {row.min():g} to {row.max():g}; they must lie in [-1, 1]. Of a "
            "probability p of speech the score is 2 * p - 1."
        )
    row.flags.writeable = False
    return row
