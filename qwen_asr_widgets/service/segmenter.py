"""Turns in a session's audio, and the samples of each turn that the recogniser is to have.

The recogniser gets a turn from its start (prefix padding included) up to `TAIL` samples after its last speech
frame. The rest of a silence is held back until speech goes on; so the recognised text depends neither on how
long the silence was nor on how the audio was cut into appends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE, ms_to_samples
from ..vad.scoring.frames import HOP
from ..vad.scoring.silero import SpeechScorer
from ..vad.turns import (
    MAX_TURN_SECONDS, PADDING_RANGE_MS, TurnChange, TurnClosed, TurnDetection, TurnDetector, TurnOpened,
)

PIECE = 16 * HOP
"""Samples (0.5 s, about 2 ms of work) after which other tasks may run."""

TAIL = 4 * HOP
"""Samples (128 ms) after the last speech frame that a recogniser gets; the shortest silence is longer."""

_KEPT = ms_to_samples(PADDING_RANGE_MS[1], SAMPLE_RATE) + 2 * PIECE


# ---- what a segmenter yields; positions are samples at 16 kHz since the session's first

@dataclass(frozen=True)
class SegmentStarted:
    """A turn has opened; ``onset`` is None where the detector does not tell it (`DetunedSegmenter`)."""

    start: int
    onset: int | None


@dataclass(frozen=True, eq=False)
class SegmentAudio:
    """The next samples for the recogniser, int16, shape (n,).

    Where the speaker is silent at their end, so many more seconds of silence as ``remaining`` says close the
    turn.
    """

    samples: NDArray[np.int16]
    remaining: float | None = None


@dataclass(frozen=True)
class SegmentSilence:
    """The recogniser has all of the turn, unless speech goes on in the ``remaining`` seconds till its end."""

    remaining: float


@dataclass(frozen=True)
class SegmentEnded:
    """The turn has closed; its last speech frame ended at the sample ``end``.

    ``decided`` is the sample up to which sound was heard when it closed: after the silence, or at the limit.
    """

    end: int
    reason: str
    decided: int = field(default=0, repr=False, compare=False)


@dataclass(frozen=True)
class YieldPoint:
    """Half a second of audio is done with: the caller may let other tasks run before it asks for more."""


SegmentEvent = Union[SegmentStarted, SegmentAudio, SegmentSilence, SegmentEnded, YieldPoint]


class FrameScorer(Protocol):
    """Gives each complete frame of `HOP` samples a score in [-1, 1], however the audio is cut."""

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Take the next samples; return the scores of the frames that they complete."""
        ...


class FindsSegments(Protocol):
    """What finds the turns of a session's audio: a `Segmenter`, or one that departs from it."""

    @property
    def position(self) -> int:
        """Samples taken so far."""
        ...

    def push(self, samples: NDArray[np.int16]) -> Iterator[SegmentEvent]:
        """Take the next samples, int16 at 16 kHz, and yield what follows from them."""
        ...

    def update(self, settings: TurnDetection | None) -> Iterator[SegmentEvent]:
        """Put other settings in force; None closes an open turn."""
        ...

    def finish(self) -> Iterator[SegmentEvent]:
        """Close an open turn."""
        ...


class Segmenter:
    """Finds turns in a session's audio and yields each turn's samples.

    Parameters
    ----------
    settings : TurnDetection or None
        When turns open and close; None is manual mode: all audio is yielded, no turn is found.
    scorer : FrameScorer or None
        What scores the frames; None is Silero VAD.
    longest_turn_s : float
        Seconds after its onset at which an open turn is cut.

    Examples
    --------
    >>> segmenter = Segmenter(None)
    >>> [type(event).__name__ for event in segmenter.push(np.zeros(16_000, np.int16))]
    ['SegmentAudio', 'YieldPoint', 'SegmentAudio', 'YieldPoint']
    """

    def __init__(
        self, settings: TurnDetection | None, scorer: FrameScorer | None = None,
        longest_turn_s: float = MAX_TURN_SECONDS,
    ) -> None:
        self._scorer = scorer or SpeechScorer()
        self._detector = TurnDetector(settings, max_turn_frames=round(longest_turn_s * SAMPLE_RATE) // HOP)
        self._recent = RingBuffer(_KEPT)
        self._yielded = 0

    @property
    def position(self) -> int:
        """Samples taken so far."""
        return self._recent.stop

    def push(self, samples: NDArray[np.int16]) -> Iterator[SegmentEvent]:
        """Take the next samples, int16 at 16 kHz, and yield what follows from them."""
        for first in range(0, len(samples), PIECE):
            piece = samples[first:first + PIECE]
            self._recent.append(piece)
            changes = self._detector.push(self._scorer.push(piece))
            if self._detector.settings is None:
                yield SegmentAudio(piece)
            yield from self._follow(changes)
            yield from self._open_turn_audio()
            yield YieldPoint()

    def update(self, settings: TurnDetection | None) -> Iterator[SegmentEvent]:
        """Put other settings in force; None closes an open turn."""
        yield from self._follow(self._detector.update(settings))

    def finish(self) -> Iterator[SegmentEvent]:
        """Close an open turn."""
        yield from self._follow(self._detector.finish())

    def _follow(self, changes: Iterable[TurnChange]) -> Iterator[SegmentEvent]:
        for change in changes:
            if isinstance(change, TurnOpened):
                self._yielded = change.start_sample
                yield SegmentStarted(change.start_sample, change.onset_sample)
            else:
                yield from self._audio_up_to(self._last_sample(change))
                yield SegmentEnded(change.end_sample, change.reason, (change.frame + 1) * HOP)

    def _last_sample(self, change: TurnClosed) -> int:
        """Return where the audio of a closed turn ends for the recogniser: its tail, if scored that far."""
        scored = self._recent.stop if change.reason == "finish" else (change.frame + 1) * HOP
        return min(change.end_sample + TAIL, scored)

    def _open_turn_audio(self) -> Iterator[SegmentEvent]:
        """Yield what was scored while a turn is open; of a silence only the tail, and how much is left."""
        settings = self._detector.settings
        if not self._detector.is_open or settings is None:
            return
        run = self._detector.silence_frames_run
        remaining = (settings.silence_frames - run) * HOP / SAMPLE_RATE if run else None
        yield from self._audio_up_to(self._detector.frames * HOP - max(0, run * HOP - TAIL), remaining)
        if remaining is not None and run * HOP >= TAIL:
            yield SegmentSilence(remaining)

    def _audio_up_to(self, stop: int, remaining: float | None = None) -> Iterator[SegmentEvent]:
        if stop > self._yielded:
            yield SegmentAudio(self._recent.read(self._yielded, stop), remaining)
            self._yielded = stop


class RingBuffer:
    """The newest samples of an endless stream, addressed by their position in all of it.

    Parameters
    ----------
    keep : int
        Samples kept at least; up to one appended piece more may be readable.

    Attributes
    ----------
    start, stop : int
        The positions that can be read: from ``start`` up to, not including, ``stop``.

    Examples
    --------
    >>> recent = RingBuffer(keep=4)
    >>> recent.append(np.arange(3, dtype=np.int16))
    >>> recent.append(np.arange(3, 8, dtype=np.int16))
    >>> recent.start, recent.stop, recent.read(5, 8).tolist()
    (3, 8, [5, 6, 7])
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._pieces: deque[NDArray[np.int16]] = deque()
        self.start = 0
        self.stop = 0

    def append(self, samples: NDArray[np.int16]) -> None:
        """Add samples at the end; forget pieces that lie further back than is to be kept."""
        self._pieces.append(samples)
        self.stop += len(samples)
        while self.start + len(self._pieces[0]) <= self.stop - self._keep:
            self.start += len(self._pieces.popleft())

    def read(self, start: int, stop: int) -> NDArray[np.int16]:
        """Return a copy of the samples from ``start`` up to ``stop``.

        Raises
        ------
        IndexError
            Some of them are forgotten or not there yet.
        """
        if not self.start <= start <= stop <= self.stop:
            raise IndexError(f"samples {start} to {stop} are not within {self.start} to {self.stop}")
        found = [np.zeros(0, np.int16)]
        at = self.start
        for piece in self._pieces:
            if at + len(piece) > start and at < stop:
                found.append(piece[max(0, start - at):stop - at])
            at += len(piece)
        return np.concatenate(found)
