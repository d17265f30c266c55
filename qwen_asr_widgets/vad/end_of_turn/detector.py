"""The turn detector with a model over it: at a pause the model is asked whether the speaker is done.

One machine decides for a whole clip (`EndOfTurn.turns`) and for sound as it comes (`recording.turn_taking`).
It has no clock, thread or model of its own: scores and answers go in; turns that open and close, and
questions, come out. By the rules of ``vad.turns``, and beyond them:

* **Asking.** A question is put each time the silence of an open turn has lasted for one of the model's
  instants, in whole frames of 32 ms, rounded up. The model hears from 0.5 s before the onset up to then.
* **Closing.** The turn closes at the first frame at which the silence has lasted for the action delay and an
  answer about it was above the threshold. Without one the turn detector closes it: its silence is the
  time-out.
* **Speech again.** One speech frame ends the silence. What was answered about it holds no longer, and an
  answer that comes after is passed over.
* **Late answers.** An answer counts from the frame that follows its coming. Where each is given before the
  next frame is taken, as for a whole clip, nothing is late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ..scoring.frames import HOP
from ..turns import (
    MAX_TURN_FRAMES, TurnChange, TurnClosed, TurnDetection, TurnDetector, TurnOpened, silent_frames,
)

BEFORE_TURN = 0.5
"""Seconds of sound before a turn that a model hears too; pipecat's figure."""


@dataclass(frozen=True)
class Question:
    """Whether the speaker is done, of sound in samples at 16 kHz.

    Parameters
    ----------
    start : int
        Where what the model hears begins; negative where that would be before the first sample.
    silence : int
        Where the silence begins.
    stop : int
        How far it has lasted.
    """

    start: int
    silence: int
    stop: int


class EndOfTurnDetector:
    """Find turns in scores as they come, by the rules at the top of this module.

    Parameters
    ----------
    settings : TurnDetection
        Threshold of a frame and padding as for `TurnDetector`; the silence is the time-out.
    threshold : float
        The probability above which an answer ends the turn.
    action_delay : float
        Seconds of silence before which no answer does.
    instants : sequence of float
        Seconds of silence after which a question is put.
    max_turn_frames : int
        As for `TurnDetector`.

    Attributes
    ----------
    unanswered : int
        How many turns were closed by the time-out although a question about that silence was still open.

    Examples
    --------
    >>> detector = EndOfTurnDetector(TurnDetection(0.0, 3_000, 0), 0.5, 0.2, [0.2])
    >>> for change in detector.push([0.5] * 4 + [-0.5] * 10):
    ...     print(change)
    ...     if isinstance(change, Question):
    ...         detector.answer(change, 0.9)
    TurnOpened(frame=1, onset_frame=0, start_sample=0, onset_sample=0)
    Question(start=-8000, silence=2048, stop=5632)
    TurnClosed(frame=10, end_frame=4, end_sample=2048, reason='silence')
    """

    def __init__(
        self, settings: TurnDetection, threshold: float, action_delay: float, instants: Sequence[float],
        *, max_turn_frames: int = MAX_TURN_FRAMES,
    ) -> None:
        self._turns = TurnDetector(settings, max_turn_frames=max_turn_frames)
        self._threshold = threshold
        self._delay = silent_frames(action_delay)
        self._instants = frozenset(map(silent_frames, instants))
        self._time_out = settings.silence_frames
        self._heard_from = 0
        self._silence = -1
        self._open = 0
        self._is_end = False
        self.unanswered = 0

    @property
    def frames(self) -> int:
        """Number of frames seen so far."""
        return self._turns.frames

    @property
    def is_open(self) -> bool:
        """Whether a turn is open."""
        return self._turns.is_open

    def push(self, scores: NDArray[np.float32] | Sequence[float]) -> Iterator[Union[TurnChange, Question]]:
        """Take the next scores, float32 of shape (k,), and yield what they changed or ask, frame by frame.

        An answer given while its question is held counts in the same frame.
        """
        for score in np.asarray(scores, dtype=np.float32):
            yield from self._step(score)

    def answer(self, question: Question, probability: float) -> None:
        """Take what the model says to a question; of a silence that is over it is passed over."""
        if question.silence == self._silence:
            self._open -= 1
            self._is_end = self._is_end or probability > self._threshold

    def finish(self) -> list[TurnChange]:
        """Close an open turn, as `TurnDetector.finish` does."""
        return self._turns.finish()

    def _step(self, score: np.float32) -> Iterator[Union[TurnChange, Question]]:
        for change in self._turns.push([float(score)]):
            if isinstance(change, TurnOpened):
                self._heard_from = change.onset_sample - round(BEFORE_TURN * SAMPLE_RATE)
            elif self._open and self._is_timed_out(change):
                self.unanswered += 1
            yield change
        silence = self._turns.silence_frames_run
        if not silence:
            self._silence, self._open, self._is_end = -1, 0, False
            return
        if silence in self._instants:
            stop = self.frames * HOP
            self._silence = stop - silence * HOP
            self._open += 1
            yield Question(self._heard_from, self._silence, stop)
        if self._is_end and silence >= self._delay:
            self._silence, self._open, self._is_end = -1, 0, False
            yield self._turns.close()

    def _is_timed_out(self, closed: TurnClosed) -> bool:
        return closed.frame + 1 - closed.end_frame >= self._time_out
