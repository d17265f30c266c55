"""TEN VAD: a small network by Agora, a probability for each 16 ms.

Its wheel brings a library for Linux (x86_64), macOS and Windows, under a licence of its own: Apache-2.0 with
the condition, among others, that it is not used to compete with Agora. So no other extra asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ...errors import MissingDependency
from .base import AveragedScorer

_FRAME = 256
"""Samples of a frame: the longer of the two lengths that it is made for."""

_UNUSED_THRESHOLD = 0.5
"""It also says yes or no by a threshold, which is not used."""


@dataclass(frozen=True)
class TenDetector:
    """TEN VAD by the package ten-vad.

    Raises
    ------
    MissingDependency
        When it is first asked: the package is not installed, or its library cannot be loaded.
    """

    name: str = "ten"
    scale: str = "2 * p - 1 of the mean p of its two probabilities of speech"

    @property
    def identity(self) -> str:
        """Name and version."""
        try:
            return f"{self.name}:{version('ten-vad')}"
        except PackageNotFoundError:
            raise _missing("which is not installed: pip install ten-vad") from None

    def scorer(self) -> AveragedScorer:
        """Return what scores one clip."""
        detector = _loaded()
        return AveragedScorer(lambda frame: detector.process(frame)[0], _FRAME)


def _loaded() -> Any:
    try:
        from ten_vad import TenVad
    except ImportError:
        raise _missing("which is not installed: pip install ten-vad") from None

    class Loaded(TenVad):  # type: ignore[misc]  # it has no types
        """One that is silent where its library could not be loaded."""

        def __del__(self) -> None:
            if hasattr(self, "vad_library"):
                super().__del__()

    try:
        return Loaded(_FRAME, _UNUSED_THRESHOLD)
    except NotImplementedError as problem:
        raise _missing(f"which has no library for this machine ({problem})") from None
    except OSError as problem:
        hint = " (Debian, Ubuntu: apt-get install libc++1)" if "libc++" in str(problem) else ""
        raise _missing(f"whose library cannot be loaded: {problem}{hint}") from None


def _missing(why: str) -> MissingDependency:
    return MissingDependency(f"The detector 'ten' needs ten-vad, {why}")
