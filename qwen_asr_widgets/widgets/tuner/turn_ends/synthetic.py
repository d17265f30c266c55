"""Whether a sound is one of the bundled samples that no human has spoken."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ....audio.clip import AudioClip
from ....audio.samples import SAMPLE_NAMES, sample
from ....audio.units import SAMPLE_RATE, float_to_pcm16

LEAST_COMPARED = SAMPLE_RATE
"""Samples that must be there to be compared: a second."""


def is_synthetic(clip: AudioClip) -> bool:
    """Tell whether a clip begins as one of the synthetic samples does, for as long as both last.

    A recording of a sample is found too, since its sound is the same.

    Examples
    --------
    >>> is_synthetic(sample("noisy").clip), is_synthetic(sample("prompts").clip)
    (True, False)
    """
    heard = _as_sent(clip)
    return any(_begin_alike(heard, known) for known in _synthetic())


def _begin_alike(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    both = min(len(one), len(other))
    return both >= LEAST_COMPARED and np.array_equal(one[:both], other[:both])


@lru_cache(maxsize=1)
def _synthetic() -> tuple[NDArray[np.int16], ...]:
    """Return the sound of the samples that credit nobody's voice, and of their channels."""
    made = [found for found in map(sample, SAMPLE_NAMES) if not found.credit]
    return tuple(_as_sent(clip) for found in made for clip in {found.clip, *found.channels})


def _as_sent(clip: AudioClip) -> NDArray[np.int16]:
    return float_to_pcm16(clip.resample(SAMPLE_RATE).samples)
