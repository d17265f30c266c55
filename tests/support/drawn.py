"""Turns and scores drawn as text: one character is one step, a dot is silence, anything else speech."""

from __future__ import annotations

import re

import numpy as np
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn

STEP = 0.5
"""Seconds that one character stands for."""


def stretches(drawing: str, step: float = STEP) -> list[tuple[float, float]]:
    """Return start and end in seconds of each stretch of the same letter."""
    found = re.finditer(r"([^.])\1*", drawing)
    return [(match.start() * step, match.end() * step) for match in found]


def reference(drawing: str, step: float = STEP) -> list[ReferenceTurn]:
    """Return the reference turns drawn."""
    return [ReferenceTurn(start, end) for start, end in stretches(drawing, step)]


def turns(drawing: str, step: float = STEP, padding: float = 0.0) -> list[Turn]:
    """Return the detected turns drawn, each starting ``padding`` seconds before its onset."""
    found: list[Turn] = []
    for start, end in stretches(drawing, step):
        earliest = found[-1].end if found else 0.0
        found.append(Turn(start, max(start - padding, earliest), end))
    return found


def scores(drawing: str, low: float = -0.8, high: float = 0.8) -> SpeechScores:
    """Return scores of which every character is one frame of 32 ms."""
    return SpeechScores(np.float32([low if mark == "." else high for mark in drawing]))


def wandering_scores(frames: int, seed: int) -> SpeechScores:
    """Return scores that rise and fall as speech does: turns of seconds, dips of a few frames, noise."""
    random = np.random.default_rng(seed)
    level = np.repeat(random.choice([-0.8, 0.7], frames // 40 + 1), random.integers(10, 70, frames // 40 + 1))
    level = np.resize(level, frames)
    smooth = np.convolve(level, np.full(5, 0.2), mode="same")
    dips = np.repeat(random.random(frames // 8 + 1) < 0.12, 8)[:frames] * random.uniform(0.3, 1.2)
    return SpeechScores(np.clip(smooth - dips + random.normal(0, 0.15, frames), -1, 1).astype(np.float32))
