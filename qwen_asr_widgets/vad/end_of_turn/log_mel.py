"""The log-mel spectrogram that Whisper's encoder takes, in numpy.

As OpenAI's Whisper (Radford et al., 2022) and the ``WhisperFeatureExtractor`` of transformers define it:
16 kHz, frames of 25 ms every 10 ms, centred, Hann's window, 80 mel bands on Slaney's scale, each of the same
area, decimal logarithm, at most 80 dB below the loudest.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE

BANDS = 80
FRAME = 400
STEP = 160

_LEAST_POWER = 1e-10
_LEAST_VARIANCE = 1e-7
_LINEAR_HZ = 200 / 3
"""Hertz a mel below 1 kHz; above, a factor of 6.4 is 27 mels (Slaney's Auditory Toolbox, 1998)."""

_BEND_HZ, _LOG_STEP = 1_000.0, np.log(6.4) / 27


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the spectrogram of sound that is first brought to mean 0 and variance 1.

    Parameters
    ----------
    samples : ndarray, float32, shape (n,)
        At 16 kHz; a multiple of 160 samples, 400 or more.

    Returns
    -------
    ndarray, float32, shape (80, n / 160)
        Bands from low to high, a column each 10 ms.

    Examples
    --------
    >>> log_mel(np.zeros(16_000, np.float32)).shape
    (80, 100)
    """
    even = (samples - samples.mean()) / np.sqrt(samples.var() + _LEAST_VARIANCE)
    padded = np.pad(even.astype(np.float64), FRAME // 2, mode="reflect")
    frames = sliding_window_view(padded, FRAME)[::STEP][:-1]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    power = spectrum.real ** 2 + spectrum.imag ** 2
    decades = np.log10(np.maximum(power @ mel_filters(), _LEAST_POWER)).T
    decades = np.maximum(decades, decades.max() - 8)
    return np.asarray(decades / 4 + 1, dtype=np.float32)


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float64]:
    """Return Hann's window, periodic, float64 (400,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)


@lru_cache(maxsize=1)
def mel_filters() -> NDArray[np.float64]:
    """Return the weights of each frequency in each band, float64 (201, 80): triangles of equal area."""
    frequencies = np.linspace(0, SAMPLE_RATE / 2, FRAME // 2 + 1)[:, None]
    edges = _hertz(np.linspace(0, _mel(SAMPLE_RATE / 2), BANDS + 2))
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (frequencies - low) / (peak - low), (high - frequencies) / (high - peak)
    triangles: NDArray[np.float64] = np.maximum(np.minimum(rising, falling), 0) * 2 / (high - low)
    return triangles


def _mel(hertz: float) -> float:
    """Return a frequency above 1 kHz on Slaney's scale."""
    return float(_BEND_HZ / _LINEAR_HZ + np.log(hertz / _BEND_HZ) / _LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return frequencies of places on Slaney's scale."""
    bend = _BEND_HZ / _LINEAR_HZ
    above: NDArray[np.float64] = _BEND_HZ * np.exp(_LOG_STEP * (np.maximum(mels, bend) - bend))
    return np.where(mels < bend, _LINEAR_HZ * mels, above)
