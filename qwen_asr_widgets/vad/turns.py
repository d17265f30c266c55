"""Turn detection: from speech scores to turns, one rule for the service (streaming) and the tuner (batch).

`TurnDetector` goes frame by frame; `detect_turns` finds the same turns of a whole clip at once, with the
array operations of `runs.join_runs`. A property test (``tests/vad/test_turns.py``) holds both together, to
the frame.

Sound is scored in frames of 32 ms. A frame is *speech* where its score is at or above the threshold (both as
float32), else it is *silence*. In the order in which things happen:

* **Opening.** Two speech frames in a row open a turn; its onset is the beginning of the first of them. Frames
  of an earlier turn do not count: after a turn has closed, two new ones are needed.
* **Start.** The start reported is the onset minus the prefix padding, but never before the end of the
  previous turn, nor before 0.
* **Closing.** ``ceil(silence_duration_ms / 32)`` silent frames in a row close the turn; one speech frame sets
  that count back to 0. The end of a turn is the end of its last speech frame, not of the silence.
* **Limit.** A turn still open 60 s after its onset is closed there (``"limit"``), with the same rule for its
  end. Where the silence is complete on that very frame, the reason given is ``"silence"``.
* **End of the sound.** ``finish`` closes an open turn at the end of its last speech frame. A single speech
  frame that has not opened a turn is dropped, and so are the last samples that do not fill a frame.
* **Settings that change midway.** Frames already judged stay judged. A new threshold applies to the frames
  that follow; a new silence also to the silence that is being counted, which goes on from where it is; a new
  padding to the next turn that opens. ``None`` (no turn detection) closes an open turn as ``finish`` does.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE
from ..arguments import checked_keywords, is_number
from ..errors import LabelError, SettingError
from ..formatting import with_units
from .runs import join_runs, speech_runs
from .scoring.frames import HOP, HOP_SECONDS, SpeechScores

THRESHOLD_RANGE = (-1.0, 1.0)
SILENCE_RANGE_MS = (200, 6_000)
PADDING_RANGE_MS = (0, 6_000)
MAX_TURN_SECONDS = 60.0
"""A turn still open after this long is closed: a threshold of -1 would never end."""

MAX_TURN_FRAMES = round(MAX_TURN_SECONDS * SAMPLE_RATE) // HOP
"""The same in frames: 1,875, exactly 60 s."""

CloseReason = Literal["silence", "limit", "finish"]


def _checked(value: Any, limits: tuple[float, float], name: str, unit: str = "") -> float:
    """Return a number of any type within its limits as int or float, or raise ``SettingError`` naming it."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not is_number(plain, Real) or not abs(plain) <= sys.float_info.max:
        raise SettingError(f"{name} must be a number, not {value!r:.60}.", f"turn_detection.{name}")
    low, high = limits
    if not low <= plain <= high:
        raise SettingError(
            f"{name} is {float(plain):g}{unit}; it must lie between {low:g} and {high:g}{unit}."
            + _seconds_meant(plain, limits, unit), f"turn_detection.{name}", float(plain), limits,
        )
    if isinstance(plain, Integral):
        return int(plain)
    return float(str(value) if isinstance(value, np.floating) else plain)


def _checked_ms(value: Any, limits: tuple[float, float], name: str) -> int:
    """Return a whole number of milliseconds within its limits, or raise ``SettingError`` naming it."""
    checked = _checked(value, limits, name, " ms")
    if checked != int(checked):
        meant = _seconds_meant(checked, limits, " ms") or f" Write {int(checked)} or {int(checked) + 1}."
        raise SettingError(
            f"{name} is {checked:g} ms; it takes whole milliseconds.{meant}", f"turn_detection.{name}"
        )
    return int(checked)


def _seconds_meant(value: float, limits: tuple[float, float], unit: str) -> str:
    """Return a hint where a value in milliseconds is one only if seconds were meant."""
    if not unit or not 0 < value < 10:
        return ""
    ms = round(float(value) * 1_000)
    if not limits[0] <= ms <= limits[1]:
        return ""
    return f" If {value:g} s is meant, write {ms}."


@checked_keywords
@with_units(threshold="")
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

        Numbers of numpy and other types are taken too, and kept as int and float.

    Raises
    ------
    SettingError
        A value is out of its range or not a number, or a fraction of a millisecond.

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
        checked = {
            "threshold": _checked(self.threshold, THRESHOLD_RANGE, "threshold"),
            "silence_duration_ms": _checked_ms(
                self.silence_duration_ms, SILENCE_RANGE_MS, "silence_duration_ms"
            ),
            "prefix_padding_ms": _checked_ms(self.prefix_padding_ms, PADDING_RANGE_MS, "prefix_padding_ms"),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def silence_frames(self) -> int:
        """Number of 32 ms frames below the threshold that close a turn (rounded up)."""
        return -(-self.silence_duration_ms * SAMPLE_RATE // (1_000 * HOP))

    @property
    def prefix_padding_samples(self) -> int:
        """The prefix padding in samples at 16 kHz."""
        return self.prefix_padding_ms * SAMPLE_RATE // 1_000


@with_units(onset="s", start="s", end="s")
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

    Raises
    ------
    LabelError
        A time is not a finite number, or not ``0 <= start <= onset <= end``.

    Examples
    --------
    >>> Turn(onset=1.0, start=0.7, end=2.5).duration
    1.5
    """

    onset: float
    start: float
    end: float

    def __post_init__(self) -> None:
        numbers = all(isinstance(time, Real) for time in (self.onset, self.start, self.end))
        if not numbers or not 0 <= self.start <= self.onset <= self.end < math.inf:
            raise LabelError(
                f"A turn has onset {self.onset!r}, start {self.start!r} and end {self.end!r}; they must be "
                "seconds with 0 <= start <= onset <= end."
            )

    @classmethod
    def _found(cls, onset: float, start: float, end: float) -> Turn:
        """Return a turn that a detector found, whose times are in order: an hour has a thousand of them."""
        turn = object.__new__(cls)
        turn.__dict__.update(onset=onset, start=start, end=end)
        return turn

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

    def close(self) -> TurnClosed:
        """Close the open turn in its silence at the last frame seen, and return its closing.

        For what decides by more than the length of the silence; a turn must be open.
        """
        return self._close(self._frame - 1, "silence")

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


@checked_keywords
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


def list_of_turns(turns: Any, name: str, kinds: tuple[type, ...] = (Turn,)) -> list[Any]:
    """Return detected turns as a list, or raise ``SettingError`` that says what was given in their place.

    Parameters
    ----------
    turns : iterable of Turn
        What was given.
    name : str
        The parameter, as the message calls it.
    kinds : tuple of types
        What else is taken for a turn, beside ``Turn``.

    Examples
    --------
    >>> list_of_turns([(0.5, 1.25)], "turns")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: turns holds tuple; give a list of Turn, as detect_turns(scores) or \
recording.turns gives it.
    """
    is_list = isinstance(turns, Iterable) and not isinstance(turns, (str, bytes))
    listed = list(turns) if is_list else [turns]
    wrong = next((type(one) for one in listed if not isinstance(one, kinds)), None)
    if wrong is not None or not is_list:
        given = f"holds {wrong.__name__}" if is_list and wrong else f"is {turns!r:.60}"
        raise SettingError(
            f"{name} {given}; give a list of Turn, as detect_turns(scores) or recording.turns gives it.", name
        )
    return listed


def silent_frames(seconds: float) -> int:
    """Return the frames of a silence that has lasted so long, rounded up; at least 1.

    Examples
    --------
    >>> silent_frames(0.2), silent_frames(0.224), silent_frames(-0.005)
    (7, 7, 1)
    """
    return max(1, math.ceil(seconds / HOP_SECONDS - 1e-9))


def turns_from_frames(frames: NDArray[np.int64], padding_samples: int) -> list[Turn]:
    """Return turns in seconds from onset and end frames, int64 (m, 2), and the padding in samples."""
    onsets, ends = frames[:, 0] * HOP, frames[:, 1] * HOP
    previous_end = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    starts = np.maximum(onsets - padding_samples, previous_end)
    columns = ((column / SAMPLE_RATE).tolist() for column in (onsets, starts, ends))
    return list(map(Turn._found, *columns))
