"""Speech with noise added at a chosen distance, for experiments on how far settings hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import is_number
from ..errors import AudioError
from .clip import AudioClip, Sound, as_clip
from .units import seconds_to_samples


def mix(
    clip: Sound, noise: Sound, snr_db: float, *, speech: Sequence[tuple[float, float]] | None = None
) -> AudioClip:
    """Return a clip with noise added so many decibels below it.

    Parameters
    ----------
    clip, noise : AudioClip, Sample, Recording or sound file
        The noise is brought to the rate of the clip, repeated where it is shorter and cut where it is longer.
    snr_db : float
        Mean power of the clip over that of the noise, in dB; 0 makes both equally loud.
    speech : sequence of (start, end), optional
        Seconds over which the power of the clip is taken, such as its reference turns: pauses then do not
        count as quiet speech. By default the whole clip.

    Returns
    -------
    AudioClip
        As long as ``clip``. Where the sum would go beyond full scale all of it is turned down to just there,
        so that nothing is distorted and the distance is kept.

    Raises
    ------
    AudioError
        One of both is silent, ``snr_db`` is no number, or ``speech`` lies outside the clip.

    Examples
    --------
    >>> import math
    >>> tone = AudioClip(0.5 * np.sin(np.arange(16_000) / 5), 16_000)
    >>> hiss = AudioClip(np.random.default_rng(0).normal(0, 0.1, 4_000), 16_000)
    >>> noisy = mix(tone, hiss, 10)
    >>> added = noisy.samples - tone.samples
    >>> round(10 * math.log10(np.mean(tone.samples**2) / np.mean(added**2)), 2), noisy.duration
    (10.0, 1.0)
    """
    spoken, disturbing = as_clip(clip, "mix"), as_clip(noise, "mix")
    if not is_number(snr_db, Real) or not math.isfinite(snr_db):
        raise AudioError(f"snr_db is {snr_db!r}; give the distance of speech and noise in dB, such as 10.")
    added = np.resize(disturbing.resample(spoken.sample_rate).samples, len(spoken)).astype(np.float64)
    signal = _power(_parts(spoken, speech), "clip")
    factor = math.sqrt(signal / _power(added, "noise") * 10 ** (-snr_db / 10))
    total = spoken.samples + factor * added
    return AudioClip(total / max(1.0, float(np.abs(total).max())), spoken.sample_rate, spoken.origin)


def _parts(clip: AudioClip, speech: Any) -> NDArray[np.float32]:
    """Return the samples over which the power of a clip is taken."""
    if speech is None:
        return clip.samples
    spans = [[seconds_to_samples(time, clip.sample_rate) for time in pair] for pair in speech]
    wrong = next((span for span in spans if not 0 <= span[0] < span[1] <= len(clip)), None)
    if wrong is not None or not spans:
        what = "is empty" if wrong is None else f"has a part from {wrong[0]} to {wrong[1]} samples"
        raise AudioError(
            f"speech {what}; give (start, end) in seconds within a clip of {clip.duration:.3f} s."
        )
    return np.concatenate([clip.samples[start:end] for start, end in spans])


def _power(samples: NDArray[Any], name: str) -> float:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    if not power:
        raise AudioError(f"The {name} is silent: there is no distance in dB to keep. Give one with sound.")
    return power
