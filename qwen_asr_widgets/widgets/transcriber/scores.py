"""The strip under a live waveform: does this sound count as speech? Scored as it comes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...audio.resample import StreamResampler
from ...audio.tape import Tape
from ...audio.units import SAMPLE_RATE
from ...vad.scoring.frames import HOP
from ...vad.scoring.silero import SpeechScorer
from ..shared.throttle import Message

MOST_AT_ONCE = 10.0
"""Seconds of sound scored between two updates of the page: about 10 ms of work."""

_STEPS = 127


class LiveScores:
    """Scores a growing sound, and says what a view lacks of that and of the threshold.

    Parameters
    ----------
    tape : Tape
        The sound; at other rates than 16 kHz it is resampled for the detector.
    threshold : callable
        Returns the threshold in force, in [-1, 1], or None where none is.

    Examples
    --------
    >>> tape = Tape(16_000)
    >>> scores = LiveScores(tape, lambda: 0.2)
    >>> tape.append(np.zeros(1_600, np.int16))
    0
    >>> [(content["total"], content["threshold"]) for content, _ in scores.changes()], scores.changes()
    ([(3, 0.2)], [])
    """

    def __init__(self, tape: Tape, threshold: Callable[[], float | None]) -> None:
        self._tape = tape
        self._threshold = threshold
        self._scorer = SpeechScorer()
        rate = tape.sample_rate
        self._resampler = None if rate == SAMPLE_RATE else StreamResampler(rate, SAMPLE_RATE)
        self._read = 0
        self._codes = np.zeros(0, np.int8)
        self._told: tuple[int, float | None] = (0, None)

    def opening(self) -> list[Message]:
        """Return all scores there are."""
        self._told = (0, None)
        return self.changes()

    def changes(self) -> list[Message]:
        """Return the scores that have come since, and the threshold where it is another one."""
        self._score()
        (told, before), threshold = self._told, self._threshold()
        if told == len(self._codes) and threshold == before:
            return []
        self._told = (len(self._codes), threshold)
        content = {
            "kind": "score", "hop": HOP / SAMPLE_RATE, "first": told, "total": len(self._codes),
            "threshold": threshold,
        }
        return [(content, [self._codes[told:].tobytes()])]

    def _score(self) -> None:
        stop = min(len(self._tape), self._read + round(MOST_AT_ONCE * self._tape.sample_rate))
        if stop == self._read:
            return
        samples = self._tape.read(self._read, stop)
        self._read = stop
        if self._resampler is not None:
            samples = self._resampler.push(samples)
        codes = np.rint(_STEPS * np.clip(self._scorer.push(samples), -1, 1)).astype(np.int8)
        self._codes = np.concatenate([self._codes, codes])
