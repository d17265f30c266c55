"""Acoustic conditions: what a room, a level and a telephone line make of a clean clip, for experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Union

import numpy as np

from ..arguments import checked_keywords, checked_number
from ..errors import SettingError
from ..formatting import with_units
from .clip import AudioClip, Sound, amplified, as_clip
from .g711 import through_mu_law
from .mix import mix
from .units import SAMPLE_RATE

Noise = Union[Literal["pink", "babble"], Sound, None]

NOISES = ("pink", "babble")
"""Noises that are made here; others are recorded ones."""

SNR_RANGE_DB = (-10.0, 40.0)
"""Distances of speech and noise that are taken, in dB."""

LEVEL_RANGE_DB = (-40.0, 10.0)
"""Changes of the level that are taken, in dB."""

TELEPHONE_RATE = 8_000
"""Sample rate (Hz) of G.711."""

PINK_BAND = (50.0, 8_000.0)
"""Hz in which pink noise has power: below, where nobody hears it, would lie as much as above."""

PINK_SECONDS = 60
"""Length of pink noise in seconds, after which it begins anew, without a seam."""

VOICES = 8
"""Voices of babble: among six to eight speech is hardest to make out (Simpson and Cooke, 2005)."""


@checked_keywords
@with_units(seed="")
@dataclass(frozen=True)
class Condition:
    """Noise, level and line under which a clip is heard; the clip itself stays clean.

    They come in the order of a call: the noise of the room, the level of the microphone, the line.

    Parameters
    ----------
    noise : {"pink", "babble"}, AudioClip, Sample, Recording, sound file or None
        ``"pink"`` has equal power in each octave from 50 Hz to 8 kHz. ``"babble"`` is made of the clip
        itself: eight copies at other places, every second one reversed. A recorded noise is repeated where
        it is shorter than the clip.
    snr_db : float, optional
        Mean power of the speech over that of the noise in dB, -10 to 40; needed with a noise.
    level_db : float
        How much louder or quieter all of it is, -40 to 10 dB. What goes beyond full scale is cut there, as a
        converter does.
    telephone : bool
        Whether it goes over a telephone line: 8 kHz, G.711 mu-law.
    seed : int
        Of the noises that are made here; the same seed makes the same noise.

    Raises
    ------
    SettingError
        A value is out of its range, or there is a noise without a distance or the reverse.
    AudioError
        The noise is no sound.

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> heard = Condition("pink", 10, telephone=True)
    >>> print(heard)
    pink noise 10 dB, G.711
    >>> heard.apply(sample("conversation")).sample_rate
    8000
    """

    noise: Noise = None
    snr_db: float | None = None
    level_db: float = 0.0
    telephone: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        self._set("level_db", checked_number("level_db", self.level_db, *LEVEL_RANGE_DB))
        self._set("seed", checked_number("seed", self.seed, 0, 2**32 - 1, whole=True))
        if not isinstance(self.telephone, bool):
            raise SettingError(f"telephone is {self.telephone!r:.40}; it must be True or False.", "telephone")
        if (self.noise is None) != (self.snr_db is None):
            missing, given = ("snr_db", "noise") if self.snr_db is None else ("noise", "snr_db")
            raise SettingError(f"{given} is given without {missing}; give both or none.", missing)
        if self.snr_db is not None:
            self._set("snr_db", checked_number("snr_db", self.snr_db, *SNR_RANGE_DB))
        if self.noise is not None and not (isinstance(self.noise, str) and self.noise in NOISES):
            self._set("noise", _recorded(self.noise))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __str__(self) -> str:
        parts = []
        if self.noise is not None:
            made = isinstance(self.noise, str)
            seed = f" (seed {self.seed})" if made and self.seed else ""
            parts.append(f"{_name(self.noise)} {self.snr_db:g} dB{seed}")
        if self.level_db:
            parts.append(f"level {self.level_db:+g} dB")
        if self.telephone:
            parts.append("G.711")
        return ", ".join(parts) or "clean"

    def apply(self, clip: Sound, speech: Sequence[tuple[float, float]] | None = None) -> AudioClip:
        """Return what a clip sounds like under this condition.

        Parameters
        ----------
        clip : AudioClip, Sample, Recording or sound file
        speech : sequence of (start, end), optional
            Seconds over which the power of the speech is taken, such as its reference turns; by default the
            whole clip.

        Returns
        -------
        AudioClip
            As long as the clip (to a sample at the telephone's rate). Where speech and noise together would
            go beyond full scale both are turned down to just there, before ``level_db``.

        Raises
        ------
        AudioError
            The clip or the noise is silent, or ``speech`` lies outside the clip.
        """
        heard = as_clip(clip, "apply")
        if self.noise is not None and self.snr_db is not None:
            heard = mix(heard, self._noise_for(heard), self.snr_db, speech=speech)
        if self.level_db:
            heard, _ = amplified(heard, self.level_db)
        return _over_telephone(heard) if self.telephone else heard

    def _noise_for(self, clip: AudioClip) -> Any:
        """Return the noise that is added to a clip."""
        if self.noise == "pink":
            return pink_noise(self.seed)
        return babble(clip, self.seed) if self.noise == "babble" else self.noise


@lru_cache(maxsize=2)
def pink_noise(seed: int) -> AudioClip:
    """Return a minute of pink noise at 16 kHz: power that falls by 3 dB an octave from 50 Hz to 8 kHz."""
    length = PINK_SECONDS * SAMPLE_RATE
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    low, high = PINK_BAND
    inside = (frequency >= low) & (frequency <= high)
    spectrum *= np.where(inside, 1 / np.sqrt(np.maximum(frequency, low)), 0.0)
    samples = np.fft.irfft(spectrum, length)
    return AudioClip(0.5 * samples / np.abs(samples).max(), SAMPLE_RATE)


def babble(clip: AudioClip, seed: int) -> AudioClip:
    """Return the voices of a clip all at once: copies moved to other places, every second one reversed.

    No copy stays at its own place, where it would only make the clip louder.
    """
    moves = np.arange(1, VOICES + 1) + np.random.default_rng(seed).uniform(-0.25, 0.25, VOICES)
    total = np.zeros(len(clip), dtype=np.float32)
    for number, move in enumerate((moves / (VOICES + 1) * len(clip)).astype(int).tolist()):
        voice = np.roll(clip.samples, move)
        total += voice[::-1] if number % 2 else voice
    return AudioClip(total / max(1.0, float(np.abs(total).max())), clip.sample_rate, clip.origin)


def _over_telephone(clip: AudioClip) -> AudioClip:
    narrow = clip.resample(TELEPHONE_RATE)
    return AudioClip(through_mu_law(narrow.to_pcm16()), TELEPHONE_RATE, clip.origin)


def _recorded(noise: Any) -> AudioClip:
    """Return a noise that was recorded, or raise an error that also names those that are made here."""
    if isinstance(noise, str) and "." not in noise:
        raise SettingError(
            f"noise is {noise!r:.40}; give 'pink', 'babble', a clip or a sound file.", "noise"
        )
    return as_clip(noise, "Condition(noise=…)")


def _name(noise: Any) -> str:
    return {"pink": "pink noise", "babble": "babble"}[noise] if isinstance(noise, str) else noise.origin.name
