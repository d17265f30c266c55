"""An end-of-turn model on a thread of its own, so that neither the sending nor the reading of a run waits."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip
from ...audio.units import pcm16_to_float

if TYPE_CHECKING:
    from .end_of_turn import EndOfTurn

logger = logging.getLogger("qwen_asr_widgets")

PATIENCE = 10.0
"""Seconds that a run whose sound is not live waits for an answer; then it goes on as if it were late."""

Q = TypeVar("Q")
"""What a question is known by, to whoever asks it."""


class ModelThread(Generic[Q]):
    """Asks a model one question after the other, on a thread that lives while there are any.

    One question is being answered and one waits. A newer one takes the place of that which waits: the pause
    it was about is over.

    Parameters
    ----------
    model : EndOfTurn
        What is asked.

    Attributes
    ----------
    problem : Exception or None
        What the model raised last; such a question has no answer.

    Examples
    --------
    >>> from qwen_asr_widgets import EndOfTurn
    >>> thread = ModelThread[str](EndOfTurn("punctuation"))
    >>> thread.ask("first", np.zeros(8, np.int16), 16_000)
    >>> thread.answers(wait=True)
    [('first', nan)]
    """

    def __init__(self, model: EndOfTurn) -> None:
        self.model = model
        self.problem: Exception | None = None
        self._changed = threading.Condition()
        self._waiting: tuple[Q, NDArray[np.int16], int] | None = None
        self._said: list[tuple[Q, float]] = []
        self._works = False

    def ask(self, question: Q, samples: NDArray[np.int16], sample_rate: int) -> None:
        """Ask about sound, int16 of shape (n,); returns at once."""
        with self._changed:
            self._waiting = (question, samples, sample_rate)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="qaw-end-of-turn", daemon=True).start()

    def answers(self, wait: bool = False) -> list[tuple[Q, float]]:
        """Return what was answered since the last call, with ``wait`` once nothing is being answered."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: not self._works, PATIENCE)
            said, self._said = self._said, []
        return said

    def _work(self) -> None:
        while (asked := self._next()) is not None:
            question, samples, rate = asked
            probability = self._probability(AudioClip(pcm16_to_float(samples), rate))
            with self._changed:
                self._said.append((question, probability))

    def _next(self) -> tuple[Q, NDArray[np.int16], int] | None:
        with self._changed:
            asked, self._waiting = self._waiting, None
            self._works = asked is not None
            self._changed.notify_all()
        return asked

    def _probability(self, clip: AudioClip) -> float:
        """Return the model's answer, NaN where it raises: its error ends no run."""
        try:
            return float(self.model.probability(clip))
        except Exception as problem:
            logger.exception("the end-of-turn model %s failed", self.model.name)
            self.problem = problem
            return float("nan")
