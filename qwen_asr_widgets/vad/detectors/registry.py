"""Which detectors there are. Another one is given as an object with the methods of `SpeechDetector`.

To add one to this package: a module here with a frozen dataclass that can be made without arguments (import
its heavy package where it is used), and a row in `DETECTORS`.
"""

from __future__ import annotations

from typing import Union

from ...arguments import suggestion
from ...errors import MissingDependency, SettingError
from .base import SpeechDetector
from .energy import EnergyDetector
from .silero import SileroDetector
from .ten import TenDetector
from .webrtc import WebRtcDetector

Detector = Union[str, SpeechDetector]

DETECTORS: dict[str, type[SpeechDetector]] = {
    "silero": SileroDetector, "webrtc": WebRtcDetector, "ten": TenDetector, "energy": EnergyDetector,
}
"""The detectors of this package, by name."""


def find_detector(detector: Detector) -> SpeechDetector:
    """Return a detector by its name; one that is given as an object is returned as it is.

    Raises
    ------
    SettingError
        There is none of that name, or it is something else.

    Examples
    --------
    >>> find_detector("energy").name
    'energy'
    >>> find_detector("silera")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: There is no detector 'silera'; did you mean 'silero'? There are \
silero, webrtc, ten, energy.
    """
    if isinstance(detector, str):
        if detector not in DETECTORS:
            raise SettingError(
                f"There is no detector {detector!r:.40}{suggestion(detector, DETECTORS) or '.'} There are "
                f"{', '.join(DETECTORS)}.", "detector",
            )
        return DETECTORS[detector]()
    if isinstance(detector, type) or not isinstance(detector, SpeechDetector):
        raise SettingError(
            f"detector is {detector!r:.60}; give a name ({', '.join(DETECTORS)}) or an object with the "
            "methods of SpeechDetector.", "detector",
        )
    return detector


def usable(name: str) -> bool:
    """Tell whether a detector of this package can be asked here: its package is installed and loads."""
    try:
        find_detector(name).scorer()
    except MissingDependency:
        return False
    return True
