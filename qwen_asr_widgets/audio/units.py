"""The one place where time and sample formats are converted.

Inside the package a position is a sample index, on the wire it is milliseconds, on axes and in public
results it is seconds. Audio is int16 on the tape and on the wire, float32 in [-1, 1] in clips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Sample rate (Hz) at which the recogniser and the VAD listen."""

SESSION_RATES = (16_000, 8_000)
"""Sample rates (Hz) a session can be given."""

FULL_SCALE = 32_768
"""The int16 value that float 1.0 stands for."""


def samples_to_ms(samples: int, sample_rate: int) -> int:
    """Return the position of a sample on the wire, in whole milliseconds (rounded to nearest)."""
    return (2_000 * samples + sample_rate) // (2 * sample_rate)


def ms_to_samples(ms: float, sample_rate: int) -> int:
    """Return the sample index nearest to a position in milliseconds."""
    return round(ms * sample_rate / 1_000)


def seconds_to_samples(seconds: float, sample_rate: int) -> int:
    """Return the sample index nearest to a position in seconds."""
    return round(seconds * sample_rate)


def samples_to_seconds(samples: int, sample_rate: int) -> float:
    """Return the position of a sample in seconds."""
    return samples / sample_rate


def ms_to_seconds(ms: float) -> float:
    """Return a position of the wire (milliseconds) in seconds."""
    return ms / 1_000


def seconds_to_ms(seconds: float) -> int:
    """Return a position in seconds as whole milliseconds of the wire (rounded to nearest)."""
    return round(seconds * 1_000)


def pcm16_to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return int16 samples as float32 in [-1, 1): full scale 32768 becomes 1.0."""
    return np.multiply(samples, np.float32(1 / FULL_SCALE), dtype=np.float32)


def float_to_pcm16(samples: NDArray[np.floating]) -> NDArray[np.int16]:
    """Return float samples in [-1, 1] as int16; what lies outside is clipped, not wrapped.

    ``pcm16_to_float`` followed by this returns the same int16 samples.
    """
    scaled = np.rint(np.asarray(samples, dtype=np.float32) * np.float32(FULL_SCALE))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
