"""A turn cut at its pauses into pieces, for engines that decode recordings, not streams.

Such an engine takes the longer the longer a recording is, invents words for silence, and does not know where
in it a word was said. So a turn is decoded in pieces. Speech scores of the sound alone decide where they are
cut: the final text depends neither on how the sound came nor on which partials were asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...vad.scoring.frames import HOP
from ...vad.scoring.silero import SpeechScorer
from ..segmenter import FrameScorer

SPEECH = 0.0
"""Score from which a frame counts as speech: a probability of 0.5."""

MAYBE_SPEECH = -0.3
"""Score (a probability of 0.35) from which a frame may be speech: a pause has none of these."""

LONG_ENOUGH = 5 * SAMPLE_RATE // HOP
"""Frames (5 s) that a piece must have to be cut at any pause.

Moonshine gets 5.3 % of the words of 40 human prompts wrong where it decodes them whole, 5.4 % in such pieces;
nine in ten of these are shorter than 8 s and take it 0.7 s.
"""

PAUSE = 4
"""Frames (128 ms) without speech that are a pause: within a word the mouth is closed for less."""

LONG_PAUSE = SAMPLE_RATE // HOP
"""Frames (1 s) after which a piece is cut however short it is; there are such pauses in manual turns."""

LONGEST = 20 * SAMPLE_RATE // HOP
"""Frames (20 s) at which a piece without any pause is cut; engines of this kind take 30 s at most."""

TAIL = 3
"""Frames (96 ms) after the last that may be speech which belong to a piece."""

LEAD = 10
"""Frames (320 ms) before the first that may be speech which belong to a piece."""


@dataclass(frozen=True)
class Piece:
    """The samples from ``start`` up to ``stop`` of a turn."""

    start: int
    stop: int


class TurnPieces:
    """The sound of one turn and the pieces in it: the closed ones, and the one that still grows.

    Parameters
    ----------
    scorer : FrameScorer or None
        What scores the frames; None is Silero VAD.

    Attributes
    ----------
    closed : list of Piece
        Pieces that are complete, in order.

    Examples
    --------
    >>> turn = TurnPieces()
    >>> turn.accept(np.zeros(32_000, np.int16))
    >>> turn.closed, turn.open, turn.speech_seconds
    ([], None, 0.0)
    """

    def __init__(self, scorer: FrameScorer | None = None) -> None:
        self.closed: list[Piece] = []
        self._scorer = scorer or SpeechScorer()
        self._sound: list[NDArray[np.int16]] = []
        self._samples = 0
        self._scores: list[float] = []
        self._speech_frames = 0
        self._start = 0  # the sample at which the open piece begins
        self._first: int | None = None  # its first and its last frame that may be speech
        self._last = 0

    @property
    def speech_seconds(self) -> float:
        """Seconds of speech in all of the turn, by the scores."""
        return self._speech_frames * HOP / SAMPLE_RATE

    @property
    def open(self) -> Piece | None:
        """The piece that still grows, as it would be were the turn over; None before there is speech."""
        if self._first is None:
            return None
        return Piece(self._start, min(self._stop_after(self._last), self._samples))

    def samples(self, piece: Piece) -> NDArray[np.int16]:
        """Return the sound of a piece."""
        self._sound = [np.concatenate(self._sound)]
        return self._sound[0][piece.start:piece.stop]

    def speech_in(self, piece: Piece) -> float:
        """Return the seconds of a piece that are speech, by the scores."""
        scores = self._scores[piece.start // HOP:piece.stop // HOP]
        return sum(score >= SPEECH for score in scores) * HOP / SAMPLE_RATE

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, int16 at 16 kHz, shape (n,)."""
        self._sound.append(samples)
        self._samples += len(samples)
        for score in self._scorer.push(samples):
            self._take(len(self._scores), float(score))
            self._scores.append(float(score))

    def _take(self, frame: int, score: float) -> None:
        self._speech_frames += score >= SPEECH
        if score < MAYBE_SPEECH:
            return
        if self._first is not None and self._ends_before(frame):
            self._close(self._stop_after(self._last))
        elif self._first is not None and frame - self._first >= LONGEST:
            quietest = self._quietest(frame)
            self._close(HOP * quietest)
            self._first = quietest
        if self._first is None:
            self._first = frame
            self._start = max(self._start, HOP * (frame - LEAD))
        self._last = frame

    def _ends_before(self, frame: int) -> bool:
        """Return whether the silence before a frame of speech ends the piece."""
        assert self._first is not None
        silence = frame - self._last - 1
        return silence >= LONG_PAUSE or silence >= PAUSE and frame - self._first >= LONG_ENOUGH

    def _quietest(self, frame: int) -> int:
        """Return the frame of the piece's last quarter that is least like speech."""
        first = frame - LONGEST // 4
        return first + int(np.argmin(self._scores[first:frame]))

    def _close(self, stop: int) -> None:
        self.closed.append(Piece(self._start, stop))
        self._start, self._first = stop, None

    def _stop_after(self, frame: int) -> int:
        return HOP * (frame + 1 + TAIL)
