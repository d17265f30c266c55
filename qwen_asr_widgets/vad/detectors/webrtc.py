"""The voice activity detector of WebRTC: Gaussian mixtures over six bands, yes or no for each 10 ms."""

from __future__ import annotations

from dataclasses import dataclass

from ...audio.units import SAMPLE_RATE
from ...arguments import checked_number
from ...errors import MissingDependency
from .base import AveragedScorer

_FRAME = SAMPLE_RATE // 100
"""Samples of the shortest frame it takes: 10 ms."""


@dataclass(frozen=True)
class WebRtcDetector:
    """WebRTC's detector by the package webrtcvad-wheels (or webrtcvad).

    Parameters
    ----------
    mode : int
        0 to 3: how readily it says that there is no speech.

    Raises
    ------
    SettingError
        There is no such mode.
    MissingDependency
        When it is first asked: the package is not installed.
    """

    mode: int = 2
    name: str = "webrtc"
    scale: str = "2 * s - 1 of the share s of its 10 ms frames that are speech: it says yes or no"

    def __post_init__(self) -> None:
        checked_number("mode", self.mode, 0, 3, whole=True)

    @property
    def identity(self) -> str:
        """Name, version and mode."""
        return f"{self.name}:{getattr(_module(), '__version__', '')}:{self.mode}"

    def scorer(self) -> AveragedScorer:
        """Return what scores one clip."""
        detector = _module().Vad(self.mode)
        return AveragedScorer(lambda frame: detector.is_speech(frame.tobytes(), SAMPLE_RATE), _FRAME)


def _module():  # type: ignore[no-untyped-def]  # it has no types
    try:
        import webrtcvad
    except ImportError:
        raise MissingDependency(
            "The detector 'webrtc' needs webrtcvad-wheels, which is not installed: pip install "
            "webrtcvad-wheels"
        ) from None
    return webrtcvad
