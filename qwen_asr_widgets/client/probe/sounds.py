"""The sounds of a probe: sentences of a bundled clip with silences between, so that all ends are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...audio.samples import sample
from ...audio.units import SAMPLE_RATE, float_to_pcm16, samples_to_seconds, seconds_to_samples

PAUSES = (0.32, 0.38, 0.44, 0.52, 0.62, 0.74, 0.86, 0.92, 1.2, 1.2)
"""Seconds of silence in ``"pauses"``: around each of the silences asked for, and two longer than all."""

TAIL = 1.5
"""Seconds of silence after the last sentence: longer than any silence asked for."""

_LEAD = 0.5
_LINK = 0.15
"""Seconds between the sentences of ``"unbroken"``: shorter than any silence that can be asked for."""

_SENTENCE = 6
"""A turn of ``"conversation"`` without a pause of its own that would end it; 2.2 s."""

_UNBROKEN = (0, 1, 2, 3, 4, 6, 7, 0, 1, 2, 3)
"""Turns of ``"conversation"`` that make 34 s; the fifth has a pause in it and is left out."""


@dataclass(frozen=True, eq=False)
class ProbeSound:
    """A sound and where speech is in it.

    Parameters
    ----------
    name : str
        What it is called in a plan.
    samples : int16 array of shape (n,)
        At 16 kHz.
    speech : tuple of (float, float)
        Seconds at which each stretch of speech begins and ends, in order.

    Examples
    --------
    >>> sound = probe_sound("pauses")
    >>> len(sound.speech), round(sound.seconds, 1)
    (11, 32.9)
    >>> sound.pause(0)
    0.32
    """

    name: str
    samples: NDArray[np.int16]
    speech: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return samples_to_seconds(len(self.samples), SAMPLE_RATE)

    def pause(self, number: int) -> float:
        """Return the seconds of silence after a stretch of speech."""
        following = self.speech[number + 1][0] if number + 1 < len(self.speech) else self.seconds
        return round(following - self.speech[number][1], 4)


@lru_cache(maxsize=None)
def probe_sound(name: str) -> ProbeSound:
    """Return one of the sounds, made from the bundled clip ``"conversation"``.

    Parameters
    ----------
    name : {"pauses", "sentence", "unbroken", "silence"}
        One sentence again and again with the silences of `PAUSES` between; the sentence once; sentences for
        34 s without a silence that could end a turn; two seconds of digital silence.

    Raises
    ------
    KeyError
        There is no such sound.
    """
    return _MADE[name](name)


def _pauses(name: str) -> ProbeSound:
    return _joined(name, [_SENTENCE] * (len(PAUSES) + 1), PAUSES, TAIL)


def _sentence(name: str) -> ProbeSound:
    return _joined(name, [_SENTENCE], (), TAIL)


def _unbroken(name: str) -> ProbeSound:
    return _joined(name, _UNBROKEN, [_LINK] * (len(_UNBROKEN) - 1), TAIL)


def _silence(name: str) -> ProbeSound:
    return ProbeSound(name, np.zeros(2 * SAMPLE_RATE, np.int16), ())


def _joined(name: str, turns: Sequence[int], pauses: Sequence[float], tail: float) -> ProbeSound:
    """Return turns of the clip, each followed by its silence, after half a second of silence."""
    pieces, speech = [_zeros(_LEAD)], []
    at = len(pieces[0])
    for turn, pause in zip(turns, [*pauses, tail]):
        said, silence = _said(turn), _zeros(pause)
        speech.append((samples_to_seconds(at, SAMPLE_RATE), samples_to_seconds(at + len(said), SAMPLE_RATE)))
        pieces += [said, silence]
        at += len(said) + len(silence)
    return ProbeSound(name, np.concatenate(pieces), tuple(speech))


def _said(turn: int) -> NDArray[np.int16]:
    bundled = sample("conversation")
    first, last = (
        seconds_to_samples(at, SAMPLE_RATE) for at in (bundled.turns[turn].start, bundled.turns[turn].end)
    )
    return float_to_pcm16(bundled.clip.samples[first:last])


def _zeros(seconds: float) -> NDArray[np.int16]:
    return np.zeros(seconds_to_samples(seconds, SAMPLE_RATE), np.int16)


_MADE = {"pauses": _pauses, "sentence": _sentence, "unbroken": _unbroken, "silence": _silence}
