"""What the service hears: turns, and just the audio of each turn that the recogniser is to have.

A recogniser gets the turn from its start (padding included) up to a short tail after its last speech
frame. The rest of a silence is held back until speech goes on, so that what is recognised depends neither on
the length of the silence nor on how the audio was cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE, ms_to_samples
from ..vad.scoring.silero import HOP, SpeechScorer
from ..vad.turns import PADDING_RANGE_MS, TurnChange, TurnClosed, TurnDetection, TurnDetector, TurnOpened
from .ring_buffer import RingBuffer

PIECE = 16 * HOP
"""Samples (half a second, 2 ms of work) after which others may have their turn."""

TAIL = 4 * HOP
"""Samples (128 ms) after the last speech frame that a recogniser gets; the shortest silence is longer."""

_KEPT = ms_to_samples(PADDING_RANGE_MS[1], SAMPLE_RATE) + 2 * PIECE
_NOTHING = np.zeros(0, np.int16)


@dataclass(frozen=True)
class Opened:
    """A turn has opened; positions are samples at 16 kHz. A service in disguise tells no onset."""

    start: int
    onset: int | None


@dataclass(frozen=True, eq=False)
class Fed:
    """The next samples for the recogniser."""

    samples: NDArray[np.int16]


@dataclass(frozen=True)
class Silence:
    """A silence runs; after ``remaining`` more seconds of it the turn is over."""

    remaining: float


@dataclass(frozen=True)
class Closed:
    """The turn is over, its last speech frame ended at this sample."""

    end: int
    reason: str


@dataclass(frozen=True)
class Pause:
    """A good moment to let others have their turn."""


Step = Union[Opened, Fed, Silence, Closed, Pause]


class Segmenter:
    """Finds turns in a session's audio and hands out each turn's samples.

    Parameters
    ----------
    settings : TurnDetection or None
        None is manual mode: everything heard is handed out.

    Examples
    --------
    >>> listener = Segmenter(TurnDetection())
    >>> [type(step).__name__ for step in listener.hear(np.zeros(16_000, np.int16))]
    ['Pause', 'Pause']
    """

    def __init__(self, settings: TurnDetection | None) -> None:
        self._scorer = SpeechScorer()
        self._detector = TurnDetector(settings)
        self._window = RingBuffer(_KEPT)
        self._fed = 0

    @property
    def position(self) -> int:
        """Samples heard so far."""
        return self._window.stop

    def hear(self, samples: NDArray[np.int16]) -> Iterator[Step]:
        """Take the next samples, int16 at 16 kHz, and yield what follows from them."""
        for first in range(0, len(samples), PIECE):
            piece = samples[first:first + PIECE]
            self._window.append(piece)
            changes = self._detector.push(self._scorer.push(piece))
            if self._detector.settings is None:
                yield Fed(piece)
            yield from self._follow(changes)
            yield from self._feed()
            yield Pause()

    def update(self, settings: TurnDetection | None) -> Iterator[Step]:
        """Put other settings in force; None closes an open turn."""
        yield from self._follow(self._detector.update(settings))

    def finish(self) -> Iterator[Step]:
        """Close an open turn."""
        yield from self._follow(self._detector.finish())

    def _follow(self, changes: Iterable[TurnChange]) -> Iterator[Step]:
        for change in changes:
            if isinstance(change, TurnOpened):
                self._fed = change.start_sample
                yield Opened(change.start_sample, change.onset_sample)
            else:
                yield from self._feed_up_to(self._last_sample(change))
                yield Closed(change.end_sample, change.reason)

    def _last_sample(self, change: TurnClosed) -> int:
        scored = self._window.stop if change.reason == "finish" else (change.frame + 1) * HOP
        return min(change.end_sample + TAIL, scored)

    def _feed(self) -> Iterator[Step]:
        """Hand out what was scored while a turn is open, a silence only up to its tail."""
        if not self._detector.is_open or self._detector.settings is None:
            return
        run = self._detector.silence_frames_run
        yield from self._feed_up_to(self._detector.frames * HOP - max(0, run * HOP - TAIL))
        if run * HOP > TAIL:
            frames = self._detector.settings.silence_frames - run
            yield Silence(frames * HOP / SAMPLE_RATE)

    def _feed_up_to(self, stop: int) -> Iterator[Step]:
        if stop > self._fed:
            yield Fed(self._window.read(self._fed, stop))
            self._fed = stop
