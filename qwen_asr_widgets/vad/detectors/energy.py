"""The level alone: the baseline that every detector must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...audio.units import FULL_SCALE
from ..scoring.frames import HOP

RANGE_DB = 80.0
"""Decibels from the lowest score to full scale."""


@dataclass(frozen=True)
class EnergyDetector:
    """The level of each frame, on a scale of 80 dB.

    Examples
    --------
    >>> tenth = np.full(512, 3_276.8).astype(np.int16)
    >>> EnergyDetector().scorer().push(tenth).round(3).tolist()
    [0.5]
    """

    name: str = "energy"
    scale: str = "level / 40 + 1 of a level in dB below full scale: -1 is -80 dB, 0 is -40 dB, 1 is 0 dB"
    identity: str = "energy:1"

    def scorer(self) -> _EnergyScorer:
        """Return what scores one clip."""
        return _EnergyScorer()


class _EnergyScorer:
    def __init__(self) -> None:
        self._pending = np.empty(0, np.int16)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        sound = np.concatenate((self._pending, samples))
        whole = len(sound) // HOP * HOP
        self._pending = sound[whole:]
        power = np.mean(np.square(sound[:whole].reshape(-1, HOP) / FULL_SCALE), axis=1)
        level = 10 * np.log10(np.maximum(power, 10 ** (-RANGE_DB / 10)))
        scores: NDArray[np.float32] = (2 * level / RANGE_DB + 1).astype(np.float32)
        return scores
