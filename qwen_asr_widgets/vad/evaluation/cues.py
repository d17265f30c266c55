"""Hear it: a soft tone at every moment at which the endpoint (or the final) would come.

One hears who is interrupted and who waits. A cue lies on the very sample at which the detector decides:
the end of the last frame of the silence, of the limit, or of the clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip
from ...audio.units import SAMPLE_RATE, seconds_to_samples
from ...errors import SettingError
from ..scoring.frames import HOP
from ..turns import Turn, TurnDetection
from .matching import closings, to_samples

TONES = {"A": 880.0, "B": 660.0}
"""Pitch (Hz) of a cue: settings A and B, which are compared by ear, sound different."""
TONE_SECONDS = 0.09
LEVEL_DB = -20.0
"""Peak of a cue below full scale: soft, but heard beside speech."""

Reason = Literal["silence", "limit", "finish"]


@dataclass(frozen=True, order=True)
class Cue:
    """The moment at which something would come.

    Parameters
    ----------
    sample : int
        Position at 16 kHz.
    turn : int
        Number of the turn, from 1.
    kind : {"endpoint", "final"}
        The end of the turn, or its final text.
    reason : {"silence", "limit", "finish"}
        What closed the turn.
    """

    sample: int
    turn: int
    kind: Literal["endpoint", "final"] = "endpoint"
    reason: Reason = "silence"

    @property
    def time(self) -> float:
        """Position in seconds."""
        return self.sample / SAMPLE_RATE


def cue_times(
    turns: Sequence[Turn],
    settings: TurnDetection,
    duration: float,
    *,
    overhead: float = 0.0,
    decode_delay: float | None = None,
) -> tuple[Cue, ...]:
    """Return a cue for each turn.

    Parameters
    ----------
    turns : sequence of Turn
        As ``detect_turns`` finds them with ``settings``.
    settings : TurnDetection
        Their silence is what passes between the end of a turn and its endpoint.
    duration : float
        Length of the clip in seconds; a turn still open there is closed there.
    overhead : float
        Seconds from the decision to the event.
    decode_delay : float, optional
        Seconds from the event to the final; given, the cues are those of the finals.

    Returns
    -------
    tuple of Cue

    Raises
    ------
    SettingError
        A delay is negative.

    Examples
    --------
    >>> cues = cue_times([Turn(1.024, 0.724, 2.048)], TurnDetection(silence_duration_ms=400), duration=10.0)
    >>> cues[0].time
    2.464
    """
    for name, value in (("overhead", overhead), ("decode_delay", decode_delay or 0.0)):
        if not value >= 0:
            raise SettingError(f"{name} is {value:g} s; a delay cannot be negative.", name)
    length = seconds_to_samples(duration, SAMPLE_RATE)
    later = seconds_to_samples(overhead + (decode_delay or 0.0), SAMPLE_RATE)
    kind: Literal["endpoint", "final"] = "endpoint" if decode_delay is None else "final"
    spoken = to_samples([(turn.onset, turn.end) for turn in turns])
    closed = closings(spoken, settings.silence_frames * HOP, length)
    cues = []
    for number, sample in enumerate(closed.samples.tolist(), start=1):
        reason: Reason = "finish"
        if closed.in_sound[number - 1]:
            reason = "silence" if closed.by_silence[number - 1] else "limit"
        cues.append(Cue(min(sample, length) + later, number, kind, reason))
    return tuple(cues)


def cue_track(
    clip: AudioClip, cues: Iterable[Cue], *, tone: float = TONES["A"], level_db: float = LEVEL_DB
) -> AudioClip:
    """Return the clip with a soft tone from each cue's sample on; ``.save("hear.wav")`` writes it.

    Parameters
    ----------
    clip : AudioClip
        Any rate; the result has the same.
    cues : iterable of Cue
        As ``cue_times`` gives them. Silence is added behind the clip where a cue comes later.
    tone : float
        Pitch in Hz; ``TONES["A"]`` and ``TONES["B"]`` tell two settings apart.
    level_db : float
        Peak of the tone below full scale, at most 0.

    Returns
    -------
    AudioClip
        Unchanged but for the tones.
    """
    if not level_db <= 0:
        raise SettingError(f"level_db is {level_db:g}; it must be 0 or lower.", "level_db")
    if not 0 < tone < clip.sample_rate / 2:
        raise SettingError(
            f"A tone of {tone:g} Hz cannot be heard at {clip.sample_rate} Hz; take one below half of it.",
            "tone",
        )
    sound = _sound(clip.sample_rate, tone, level_db)
    starts = [round(cue.sample * clip.sample_rate / SAMPLE_RATE) for cue in cues]
    samples = np.zeros(max([len(clip)] + [start + len(sound) for start in starts]), dtype=np.float32)
    samples[: len(clip)] = clip.samples
    for start in starts:
        samples[start:start + len(sound)] += sound
    return AudioClip(np.clip(samples, -1.0, 1.0), clip.sample_rate, clip.origin)


def _sound(sample_rate: int, tone: float, level_db: float) -> NDArray[np.float32]:
    """Return one tone that swells and fades (raised cosine), so that it does not click."""
    time = np.arange(round(TONE_SECONDS * sample_rate)) / sample_rate
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * time / TONE_SECONDS)
    wave = 10 ** (level_db / 20) * swell * np.cos(2 * np.pi * tone * time)
    return np.asarray(wave, dtype=np.float32)
