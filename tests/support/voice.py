"""A synthetic voice, like enough to speech for a voice activity detector to take it for that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""First three formants in Hz of a, i, u, e, o in a man's voice (Peterson and Barney, 1952)."""


def vowel(formants: tuple[int, ...], seconds: float, pitch: float) -> NDArray[np.float64]:
    """Return a vowel: harmonics of a gliding pitch, weighted by resonances at the formants."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * pitch * (time - 0.1 * time**2)
    harmonics = np.arange(1, 30)
    frequency = harmonics * pitch
    gain = sum(1 / (1 + ((frequency - formant) / 80) ** 2) for formant in formants) / harmonics
    sound = (gain[:, None] * np.sin(harmonics[:, None] * phase)).sum(axis=0)
    return sound * np.sin(np.pi * np.arange(len(time)) / len(time)) ** 0.5


def babble(seconds: float = 8.0, seed: int = 1) -> NDArray[np.int16]:
    """Return sound at 16 kHz: vowels and hisses in groups, pauses between, over a floor of noise."""
    random = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * RATE:
        for _ in range(random.integers(3, 8)):
            parts.append(0.25 * random.normal(size=random.integers(400, 1_200)) * 0.2)
            formants = VOWELS[random.integers(len(VOWELS))]
            parts.append(vowel(formants, random.uniform(0.08, 0.22), random.uniform(95, 150)))
        parts.append(np.zeros(random.integers(3_000, 14_000)))
    sound = np.concatenate(parts)[:round(seconds * RATE)]
    sound = 9_000 * sound / np.abs(sound).max() + 40 * random.normal(size=len(sound))
    return np.rint(sound).astype(np.int16)
