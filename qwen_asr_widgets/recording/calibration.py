"""Collecting what a calibration is fitted to: turns that a service reported, with our scores of the sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Union

from ..errors import SettingError
from ..protocol.config import SessionConfig
from ..vad.calibration.calibrate import Calibration, Observation
from ..vad.calibration.calibrate import calibrate as fit
from ..vad.scoring.frames import HOP, HOP_SECONDS, SpeechScores
from ..vad.scoring.scores import speech_scores
from ..vad.turns import Turn
from .recording import Recording

Seen = Union[Recording, Observation]

MIN_SECONDS = 2.0
"""A stretch between two changes of the settings shorter than this tells nothing."""


def calibrate(recordings: Seen | Iterable[Seen]) -> Calibration:
    """Fit our detector to the service that made some recordings.

    Parameters
    ----------
    recordings : Recording, Observation, or iterable of them
        At known settings with turn detection by the service; at least two different thresholds tell how its
        scale lies on ours, three recordings let the fit be checked on those it has not seen.

    Returns
    -------
    Calibration
        ``print(fit)`` says how well it holds; one that does not is called a poor fit.

    Raises
    ------
    SettingError
        None of the recordings holds a turn found by the service.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, TurnDetection, detect_turns
    >>> from qwen_asr_widgets.vad.calibration.calibrate import Observation
    >>> scores = SpeechScores(([-0.9] * 40 + [0.9] * 40) * 12 + [-0.9] * 40)
    >>> settings = TurnDetection(0.0, 400)
    >>> calibrate(Observation(scores, settings, detect_turns(scores, settings))).good
    True
    """
    one = isinstance(recordings, (Observation, Recording))
    several: Iterable[Seen] = [recordings] if one else recordings  # type: ignore[list-item, assignment]
    seen: list[Observation] = []
    for recording in several:
        seen += [recording] if isinstance(recording, Observation) else observations(recording)
    if not seen:
        raise SettingError(
            "There is nothing to calibrate with: in none of the recordings did the service detect turns. "
            "Transcribe with turn detection (not in manual mode) at two or more thresholds.", "recordings",
        )
    return fit(seen)


def observations(recording: Recording) -> list[Observation]:
    """Return what a recording tells of its service: one observation for each stretch under the same settings.

    Parameters
    ----------
    recording : Recording
        Turns under settings that changed while they were open are left out, and so are manual mode and
        turns that the client found itself.
    """
    if recording.info.turn_taking == "client":
        return []
    scores = speech_scores(recording.clip)
    turns = recording.turns
    name = recording.info.name or "recording"
    found = []
    for first, stop, config in _stretches(recording, len(scores)):
        if config.turn_detection is None or (stop - first) * HOP_SECONDS < MIN_SECONDS:
            continue
        start = first * HOP_SECONDS
        end = stop * HOP_SECONDS if stop < len(scores) else scores.duration
        held = [turn for turn in turns if start <= turn.start and turn.end <= end + HOP_SECONDS]
        inside = [_moved(turn, start) for turn in held]
        part = SpeechScores(scores.values[first:stop], end - start)
        found.append(Observation(part, config.turn_detection, inside, name))
    return found


def _stretches(recording: Recording, frames: int) -> Iterator[tuple[int, int, SessionConfig]]:
    """Yield first frame, frame after the last, and settings of each stretch; those that are empty are not."""
    changes = list(recording.settings)
    for change, following in zip(changes, [*changes[1:], None]):
        first = min(-(-change.sample * 16_000 // (change.config.sample_rate * HOP)), frames)
        stop = frames if following is None else min(following.frame, frames)
        if stop > first:
            yield first, stop, change.config


def _moved(turn: Turn, start: float) -> Turn:
    """Return a turn on the axis of a stretch that begins at ``start`` seconds."""
    return replace(turn, onset=turn.onset - start, start=turn.start - start, end=turn.end - start)
