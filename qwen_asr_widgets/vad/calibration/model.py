"""A service as a calibration imagines it: our detector, with the departures that services are known for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..scoring.frames import HOP_SECONDS, SpeechScores
from ..turns import MAX_TURN_SECONDS, Turn, TurnDetection, silent_frames
from .track import Numbers, Pairs, Point, Track, seconds_to_frames


@dataclass(frozen=True)
class Model:
    """What is fitted; times in seconds unless the name says otherwise, the rest as in ``Calibration``.

    Parameters
    ----------
    offset, slope : float
        Our threshold is ``offset + slope * theirs``.
    hysteresis : float
        By how much our score may lie below it once a turn is open.
    silence_shift_ms, silence_floor_ms : int
        Waited for is ``max(silence asked for, floor) + shift``.
    min_turn, longest_turn : float
        Speech below which no turn is reported; how long after its onset an open turn is cut.
    start_shift, end_shift : float
        Added to the starts and ends found.
    end_includes_silence : bool
        Whether the end reported contains ``max(silence asked for, floor)``.
    starts_overlap : bool
        Whether a start may be reported before the end of the turn before it.
    touch_within : float
        A start that lies less than this after the end of the turn before it is reported there.
    """

    offset: float = 0.0
    slope: float = 1.0
    hysteresis: float = 0.0
    silence_shift_ms: int = 0
    silence_floor_ms: int = 0
    min_turn: float = 0.0
    longest_turn: float = MAX_TURN_SECONDS
    start_shift: float = 0.0
    end_shift: float = 0.0
    end_includes_silence: bool = False
    starts_overlap: bool = False
    touch_within: float = 0.0

    def threshold(self, theirs: float) -> float:
        """Return our threshold for one of theirs."""
        return min(max(self.offset + self.slope * theirs, -1.0), 1.0)

    def silence(self, settings: TurnDetection) -> float:
        """Seconds of silence in force: what was asked for, or the floor."""
        return max(settings.silence_duration_ms, self.silence_floor_ms) / 1_000

    def contained(self, settings: TurnDetection) -> float:
        """Seconds of silence in the end of a turn that silence closed."""
        return self.silence(settings) if self.end_includes_silence else 0.0

    def point(self, settings: TurnDetection) -> Point:
        """Return how turns are found at these settings."""
        waited = max(settings.silence_duration_ms, self.silence_floor_ms) + self.silence_shift_ms
        return Point(
            round(self.threshold(settings.threshold), 4), round(self.hysteresis, 4),
            silent_frames(waited / 1_000), round(self.min_turn, 4), seconds_to_frames(self.longest_turn),
        )

    def ends(self, pairs: Pairs) -> Numbers:
        """Return where the ends of turns that were found are reported, float64 (m,)."""
        ends = pairs.speech_end
        if self.end_includes_silence:
            late = ends + self.silence(pairs.settings)
            ends = np.where(pairs.by_silence, late, np.minimum(late, np.maximum(pairs.decided, ends)))
        return ends + self.end_shift

    def free_starts(self, pairs: Pairs) -> Numbers:
        """Return where starts would be reported were there no turn before, float64 (m,)."""
        return np.maximum(pairs.onset - pairs.padding + self.start_shift, 0.0)

    def starts(self, pairs: Pairs) -> Numbers:
        """Return where starts are reported, given the reported end of the turn before, float64 (m,)."""
        free, before = self.free_starts(pairs), pairs.before
        held = (free < before) & (not self.starts_overlap)
        touching = (free >= before) & (free < before + self.touch_within)
        return np.where((before > 0) & (held | touching), before, free)

    def turns(self, scores: SpeechScores, settings: TurnDetection, end_of_speech: bool) -> Iterator[Turn]:
        """Yield the turns to expect, see ``Calibration.predict``."""
        found = Track.of(scores, settings, ()).found([self.point(settings)])
        padding = settings.prefix_padding_ms / 1_000
        before = last = 0.0
        for onset, end, decided, silent in zip(found.onset, found.end, found.decided, found.by_silence):
            alone = _alone(onset, end, decided, silent, before, settings)
            start, free = float(self.starts(alone)[0]), float(self.free_starts(alone)[0])
            before = max(float(self.ends(alone)[0]), 0.0)
            if end_of_speech:
                start = max(start, last)
                last = max(float(alone.speech_end[0]) + self.end_shift, start)
                yield Turn(min(max(free + padding, start), last), start, last)
            else:
                yield Turn(min(start + padding, max(before, start)), start, max(before, start))


def _alone(
    onset: int, end: int, decided: int, silent: bool, before: float, settings: TurnDetection
) -> Pairs:
    """Return one turn found as a row of pairs, with the end of the turn before it."""
    none = np.zeros(1)
    onsets, ends, closings = (np.array([frame * HOP_SECONDS]) for frame in (onset, end, decided))
    return Pairs(
        turn=np.zeros(1, dtype=np.int64), start=none, end=none, before=np.array([before]), onset=onsets,
        speech_end=ends, decided=closings, by_silence=np.array([silent]), found=1, reported=0,
        settings=settings,
    )
