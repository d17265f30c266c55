"""Turn detection: from speech scores to turns, one rule for the service (streaming) and the tuner (batch)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import SettingError

HOP = 512
"""New samples (at 16 kHz) in one scored frame: 32 ms."""

THRESHOLD_RANGE = (-1.0, 1.0)
SILENCE_RANGE_MS = (200, 6_000)
PADDING_RANGE_MS = (0, 6_000)
MAX_TURN_SECONDS = 60.0
"""A turn still open after this long is closed: a threshold of -1 would never end."""


def _checked(value: object, low: float, high: float, name: str, unit: str) -> float:
    """Return ``value`` as a number within [low, high], or raise ``SettingError`` naming it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SettingError(f"{name} must be a number, not {value!r}.", f"turn_detection.{name}")
    if not low <= value <= high:
        raise SettingError(
            f"{name} is {value:g}{unit}; it must lie between {low:g} and {high:g}{unit}.",
            f"turn_detection.{name}",
        )
    return value


@dataclass(frozen=True)
class TurnDetection:
    """The settings that decide when a turn of speech opens and closes (server VAD).

    Parameters
    ----------
    threshold : float
        Score in [-1, 1] from which a frame counts as speech; lower is more sensitive. Default 0.2.
    silence_duration_ms : int
        Milliseconds of silence that close a turn, in [200, 6000]. Default 800.
    prefix_padding_ms : int
        Milliseconds reported before the onset of speech, in [0, 6000]. Default 300.

    Raises
    ------
    SettingError
        A value is out of its range or not a number.

    Notes
    -----
    Ranges and defaults are those of the service's documentation, which also names two presets:
    low latency (0.0, 400 ms) and balanced (0.2, 800 ms).

    Examples
    --------
    >>> TurnDetection(threshold=0.0, silence_duration_ms=400).silence_frames
    13
    """

    threshold: float = 0.2
    silence_duration_ms: int = 800
    prefix_padding_ms: int = 300

    def __post_init__(self) -> None:
        _checked(self.threshold, *THRESHOLD_RANGE, "threshold", "")
        for name, limits in (
            ("silence_duration_ms", SILENCE_RANGE_MS),
            ("prefix_padding_ms", PADDING_RANGE_MS),
        ):
            value = _checked(getattr(self, name), *limits, name, " ms")
            object.__setattr__(self, name, round(value))

    @property
    def silence_frames(self) -> int:
        """Number of 32 ms frames below the threshold that close a turn (rounded up)."""
        return -(-self.silence_duration_ms * 16 // HOP)


@dataclass(frozen=True, order=True)
class Turn:
    """One turn of speech as a turn detector found it.

    Parameters
    ----------
    onset : float
        Seconds at which speech begins.
    start : float
        ``onset`` minus the prefix padding, as the service reports it; never before the previous end or 0.
    end : float
        Seconds at which the last frame of speech ends.

    Examples
    --------
    >>> Turn(onset=1.0, start=0.7, end=2.5).duration
    1.5
    """

    onset: float
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Length of the speech in seconds, from onset to end."""
        return self.end - self.onset
