"""Turn detection: from speech scores to turns, one rule for the service (streaming) and the tuner (batch).

The rule, in frames of 32 ms; a frame is speech where its score reaches the threshold (compared as float32):

* **Opening.** Two consecutive speech frames open a turn; the first of them is its onset. Both must come
  after the previous turn was closed: a frame that belonged to a turn never opens the next one.
* **Start.** The onset minus the prefix padding, but not before the previous turn's end, nor before 0.
* **Closing.** ``ceil(silence_duration_ms / 32)`` consecutive frames below the threshold close the turn; a
  single speech frame starts the count again. The end is the end of the last speech frame.
* **Limit.** A turn still open 60 s after its onset is closed there, at the end of its last speech frame.
  Where the silence runs out on that same frame, the reason is the silence.
* **Finish.** An open turn is closed at the end of its last speech frame; a lone speech frame is no turn.
* **Tail.** Less than a whole frame of samples has no score and changes nothing.
* **Settings changed midway.** Threshold and silence apply from the next frame, also to the silence already
  running: it keeps its count. Padding applies to the next turn that opens. A frame already judged stays
  judged, so a first speech frame before the change and a second one after it open a turn. None closes an
  open turn as finish does; from then on frames are only counted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE
from ..errors import SettingError
from .runs import join_runs, speech_runs
from .scoring.scores import HOP, SpeechScores

THRESHOLD_RANGE = (-1.0, 1.0)
SILENCE_RANGE_MS = (200, 6_000)
PADDING_RANGE_MS = (0, 6_000)
MAX_TURN_SECONDS = 60.0
"""A turn still open after this long is closed: a threshold of -1 would never end."""

MAX_TURN_FRAMES = round(MAX_TURN_SECONDS * SAMPLE_RATE) // HOP
"""The same in frames: 1,875, exactly 60 s."""

CloseReason = Literal["silence", "limit", "finish"]


def _checked(value: Any, low: float, high: float, name: str, unit: str) -> float:
    """Return ``value`` as a number within [low, high], or raise ``SettingError`` naming it."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not abs(value) <= sys.float_info.max:
        raise SettingError(f"{name} must be a number, not {value!r:.60}.", f"turn_detection.{name}")
    if not low <= value <= high:
        raise SettingError(
            f"{name} is {value:g}{unit}; it must lie between {low:g} and {high:g}{unit}.",
            f"turn_detection.{name}", float(value), (low, high),
        )
    return value


@dataclass(frozen=True)
class TurnDetection:
    """The settings that decide when a turn of speech opens and closes (server VAD).

    Parameters
    ----------
    threshold : float
        Score in [-1, 1] from which a frame counts as speech; lower is more sensitive. Default 0.2.
    silence_duration_ms : int
        Milliseconds of silence that close a turn, in [200, 6000]. Default 800.
    prefix_padding_ms : int
        Milliseconds reported before the onset of speech, in [0, 6000]. Default 300.

    Raises
    ------
    SettingError
        A value is out of its range or not a number.

    Notes
    -----
    Ranges and defaults are those of the service's documentation, which also names two presets:
    low latency (0.0, 400 ms) and balanced (0.2, 800 ms).

    Examples
    --------
    >>> TurnDetection(threshold=0.0, silence_duration_ms=400).silence_frames
    13
    """

    threshold: float = 0.2
    silence_duration_ms: int = 800
    prefix_padding_ms: int = 300

    def __post_init__(self) -> None:
        _checked(self.threshold, *THRESHOLD_RANGE, "threshold", "")
        for name, limits in (
            ("silence_duration_ms", SILENCE_RANGE_MS),
            ("prefix_padding_ms", PADDING_RANGE_MS),
        ):
            value = _checked(getattr(self, name), *limits, name, " ms")
            object.__setattr__(self, name, round(value))

    @property
    def silence_frames(self) -> int:
        """Number of 32 ms frames below the threshold that close a turn (rounded up)."""
        return -(-self.silence_duration_ms * SAMPLE_RATE // (1_000 * HOP))

    @property
    def prefix_padding_samples(self) -> int:
        """The prefix padding in samples at 16 kHz."""
        return self.prefix_padding_ms * SAMPLE_RATE // 1_000


@dataclass(frozen=True, order=True)
class Turn:
    """One turn of speech as a turn detector found it.

    Parameters
    ----------
    onset : float
        Seconds at which speech begins.
    start : float
        ``onset`` minus the prefix padding, as the service reports it; never before the previous end or 0.
    end : float
        Seconds at which the last frame of speech ends.

    Examples
    --------
    >>> Turn(onset=1.0, start=0.7, end=2.5).duration
    1.5
    """

    onset: float
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Length of the speech in seconds, from onset to end."""
        return self.end - self.onset


@dataclass(frozen=True)
class TurnOpened:
    """A turn has opened.

    Parameters
    ----------
    frame : int
        The frame that decided it, the second of the opening pair.
    onset_frame : int
        The frame with which speech begins.
    start_sample, onset_sample : int
        Start (with padding) and onset in samples at 16 kHz.
    """

    frame: int
    onset_frame: int
    start_sample: int
    onset_sample: int


@dataclass(frozen=True)
class TurnClosed:
    """A turn has closed.

    Parameters
    ----------
    frame : int
        The frame that decided it: the last of the silence, the one at the limit, or the last one scored.
    end_frame : int
        The frame after the last speech frame.
    end_sample : int
        The end of the last speech frame in samples at 16 kHz, ``512 * end_frame``.
    reason : {"silence", "limit", "finish"}
        What closed it.
    """

    frame: int
    end_frame: int
    end_sample: int
    reason: CloseReason


TurnChange = Union[TurnOpened, TurnClosed]


class TurnDetector:
    """Find turns in scores as they come, by the rule at the top of this module.

    Parameters
    ----------
    settings : TurnDetection or None
        The settings in force at the beginning. None (manual mode): frames are only counted.
    max_turn_frames : int
        A turn still open this many frames after its onset is closed; at least 3.

    Examples
    --------
    >>> detector = TurnDetector(TurnDetection(threshold=0.0, silence_duration_ms=200, prefix_padding_ms=0))
    >>> detector.push([-0.5, 0.5, 0.5])
    [TurnOpened(frame=2, onset_frame=1, start_sample=512, onset_sample=512)]
    >>> detector.push([-0.5] * 7)
    [TurnClosed(frame=9, end_frame=3, end_sample=1536, reason='silence')]
    """

    def __init__(
        self, settings: TurnDetection | None = TurnDetection(), *, max_turn_frames: int = MAX_TURN_FRAMES
    ) -> None:
        if max_turn_frames < 3:
            raise ValueError(f"max_turn_frames is {max_turn_frames}; it must be 3 or more.")
        self._max_turn_frames = max_turn_frames
        self._frame = 0
        self._first_of_pair = False
        self._onset: int | None = None
        self._end = 0
        self._apply(settings)

    @property
    def settings(self) -> TurnDetection | None:
        """The settings in force from the next frame on; None in manual mode."""
        return self._settings

    @property
    def frames(self) -> int:
        """Number of frames seen so far."""
        return self._frame

    @property
    def is_open(self) -> bool:
        """Whether a turn is open."""
        return self._onset is not None

    @property
    def silence_frames_run(self) -> int:
        """Frames below the threshold since the last speech frame while a turn is open; else 0."""
        return 0 if self._onset is None else self._frame - self._end

    def push(self, scores: NDArray[np.float32] | Sequence[float]) -> list[TurnChange]:
        """Take the next scores and return what they changed.

        Parameters
        ----------
        scores : array_like, float32, shape (k,)
            Scores of the next k frames, in [-1, 1]; k may be 0.

        Returns
        -------
        list of TurnOpened or TurnClosed
            In the order of their frames, an opening always before its closing.
        """
        row = np.asarray(scores, dtype=np.float32).tolist()
        if self._settings is None:
            self._frame += len(row)
            return []
        threshold = self._threshold
        changes: list[TurnChange] = []
        for score in row:
            change = self._step(score >= threshold)
            if change is not None:
                changes.append(change)
        return changes

    def update(self, settings: TurnDetection | None) -> list[TurnChange]:
        """Put other settings in force and return the closing of an open turn where they are None."""
        changes = self.finish() if settings is None else []
        self._apply(settings)
        return changes

    def finish(self) -> list[TurnChange]:
        """Close an open turn and return its closing; scores that follow count as new speech."""
        self._first_of_pair = False
        return [] if self._onset is None else [self._close(self._frame - 1, "finish")]

    def _apply(self, settings: TurnDetection | None) -> None:
        self._settings = settings
        if settings is not None:
            self._threshold = float(np.float32(settings.threshold))
            self._silence_frames = settings.silence_frames
            self._padding = settings.prefix_padding_samples

    def _step(self, speech: bool) -> TurnChange | None:
        frame = self._frame
        self._frame = frame + 1
        if self._onset is None:
            if speech and self._first_of_pair:
                return self._open(frame)
            self._first_of_pair = speech
            return None
        if speech:
            self._end = frame + 1
        if frame + 1 - self._end >= self._silence_frames:
            return self._close(frame, "silence")
        if frame + 1 - self._onset >= self._max_turn_frames:
            return self._close(frame, "limit")
        return None

    def _open(self, frame: int) -> TurnOpened:
        onset = frame - 1
        start = max(onset * HOP - self._padding, self._end * HOP)
        self._first_of_pair = False
        self._onset, self._end = onset, frame + 1
        return TurnOpened(frame, onset, start, onset * HOP)

    def _close(self, frame: int, reason: CloseReason) -> TurnClosed:
        self._onset = None
        return TurnClosed(frame, self._end, self._end * HOP, reason)


def detect_turns(
    scores: SpeechScores, settings: TurnDetection = TurnDetection(), *, max_turn_frames: int = MAX_TURN_FRAMES
) -> list[Turn]:
    """Return the turns in a clip's scores, exactly those a ``TurnDetector`` finds in them.

    Parameters
    ----------
    scores : SpeechScores
        The scores of the whole clip.
    settings : TurnDetection
        Threshold, silence and padding.
    max_turn_frames : int
        As for ``TurnDetector``.

    Returns
    -------
    list of Turn
        In order, in seconds. A turn still open at the end of the clip is closed there.

    Raises
    ------
    SettingError
        ``scores`` are no ``SpeechScores``, or ``settings`` no ``TurnDetection``.

    Examples
    --------
    >>> scores = SpeechScores([-1] * 10 + [1] * 20 + [-1] * 30)
    >>> detect_turns(scores, TurnDetection(threshold=0.2, silence_duration_ms=400, prefix_padding_ms=100))
    [Turn(onset=0.32, start=0.22, end=0.96)]
    """
    check_detected(scores, settings, "detect_turns")
    runs = speech_runs(scores.values, settings.threshold)
    frames = join_runs(runs, settings.silence_frames, max_turn_frames)
    return turns_from_frames(frames, settings.prefix_padding_samples)


def check_detected(scores: Any, settings: Any, taker: str) -> None:
    """Raise ``SettingError`` where a function is given something else than scores and settings.

    Examples
    --------
    >>> check_detected([0.1, 0.9], TurnDetection(), "detect_turns")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: detect_turns takes SpeechScores, not list; make them with \
SpeechScores(values).
    """
    if not isinstance(scores, SpeechScores):
        are_values = isinstance(scores, (list, tuple, np.ndarray))
        remedy = "SpeechScores(values)" if are_values else "speech_scores(clip)"
        raise SettingError(
            f"{taker} takes SpeechScores, not {type(scores).__name__}; make them with {remedy}.", "scores"
        )
    if not isinstance(settings, TurnDetection):
        raise SettingError(
            f"{taker} takes its settings as TurnDetection(threshold, silence_duration_ms, "
            f"prefix_padding_ms), not {type(settings).__name__}.", "settings",
        )


def turns_from_frames(frames: NDArray[np.int64], padding_samples: int) -> list[Turn]:
    """Return turns in seconds from onset and end frames, int64 (m, 2), and the padding in samples."""
    onsets, ends = frames[:, 0] * HOP, frames[:, 1] * HOP
    previous_end = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    starts = np.maximum(onsets - padding_samples, previous_end)
    columns = ((column / SAMPLE_RATE).tolist() for column in (onsets, starts, ends))
    return list(map(Turn, *columns))
