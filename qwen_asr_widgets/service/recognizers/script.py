"""A recogniser that says given words at given positions, whatever the sound: for tests and for teaching."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE, samples_to_seconds, seconds_to_samples
from ...client.recognizers import Footprint
from ...arguments import checked_number, is_number
from ...errors import SettingError
from .base import Hypothesis

COUNTING = "one two three four five six seven eight nine ten".split()


class ScriptRecognizer:
    """Says the words of a script, each from its second of the session's audio on; ignores the sound.

    Parameters
    ----------
    words : sequence of (float, str) or None
        Seconds of session audio at which a word has been heard to its end, and the word. None counts
        from one to ten, one word every half second, again and again.
    fail_at : float or None
        An utterance that hears this second raises, so that its item fails.
    crash_at : float or None
        The process ends at this second, as if the engine had crashed.
    cost : float
        Seconds of work for each second of sound: over 1 it falls behind what is said in real time.

    Raises
    ------
    SettingError
        The words are not pairs of a number and a text, or the cost is no number from 0 to 100.

    Examples
    --------
    >>> recognizer = ScriptRecognizer(words=[(0.5, "good"), (0.9, "morning")])
    >>> recognizer.start(0)
    >>> recognizer.accept(np.zeros(16_000, np.int16))
    >>> recognizer.partial()
    Hypothesis(settled='good', draft=' morning')
    >>> recognizer.finish()
    'good morning'
    """

    engine = "script"
    languages: ClassVar[tuple[str, ...] | None] = None
    footprint: ClassVar[Footprint] = Footprint(0, ignores_sound=True)
    costly_partials: ClassVar[bool] = False
    can_finish_early = False

    def __init__(
        self,
        words: Sequence[tuple[float, str]] | None = None,
        fail_at: float | None = None,
        crash_at: float | None = None,
        cost: float = 0.0,
    ) -> None:
        self._words = None if words is None else sorted(_checked(pair) for pair in words)
        self._fail_at, self._crash_at = fail_at, crash_at
        self._cost = checked_number("cost", cost, 0, 100)
        self.start(0)

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take any settings; no word of a context is unknown."""
        return ()

    def start(self, first_sample: int) -> None:
        """Begin an utterance at this sample of the session."""
        self._first = self._heard = first_sample

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Take samples, in the time that this costs; crash where that was asked for."""
        before, self._heard = self._heard, self._heard + len(samples)
        if self._cost:
            time.sleep(self._cost * samples_to_seconds(len(samples), SAMPLE_RATE))
        if self._crash_at is None:
            return
        if before <= seconds_to_samples(self._crash_at, SAMPLE_RATE) < self._heard:
            os._exit(70)

    def partial(self) -> Hypothesis:
        """Return the words over by now; the last of them is the draft."""
        said = self._said()
        settled, draft = " ".join(said[:-1]), " ".join(said[-1:])
        return Hypothesis(settled, f" {draft}" if settled else draft)

    def finish(self) -> str:
        """Return the words over by now."""
        return " ".join(self._said())

    def _said(self) -> list[str]:
        start, now = (samples_to_seconds(at, SAMPLE_RATE) for at in (self._first, self._heard))
        if self._fail_at is not None and start <= self._fail_at < now:
            raise RuntimeError(f"the script fails at {self._fail_at:g} s")
        if self._words is not None:
            return [word for at, word in self._words if start < at <= now]
        return [COUNTING[(half - 1) % 10] for half in range(int(2 * start) + 1, int(2 * now) + 1)]


def _checked(pair: Sequence[object]) -> tuple[float, str]:
    """Return one (second, word) of a script, or raise ``SettingError``."""
    at, word = pair if isinstance(pair, (list, tuple)) and len(pair) == 2 else (None, None)
    if not is_number(at) or not isinstance(word, str):
        raise SettingError(
            f"words holds {pair!r}; give pairs of a second and a word, e.g. (0.5, 'good').", "words"
        )
    return float(at), word
