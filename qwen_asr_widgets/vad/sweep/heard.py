"""Scoring clips as they are heard: by one detector, under one or more acoustic conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

from ...audio.clip import AudioClip
from ...audio.condition import Condition
from ...errors import SettingError
from ..detectors.registry import Detector, find_detector
from ..scoring.frames import SILERO, SpeechScores
from ..scoring.scores import speech_scores
from .spread import spread

Spans = Sequence["tuple[float, float]"]
Conditions = tuple["Condition | None", ...]

UNCHANGED: Conditions = (None,)
"""No condition: clips are heard as they are."""


def checked_conditions(conditions: Any) -> Conditions:
    """Return conditions as a tuple, `UNCHANGED` where there are none.

    Raises
    ------
    SettingError
        One is no `Condition`, or two of them have one name.

    Examples
    --------
    >>> [str(each) for each in checked_conditions([Condition(), Condition("pink", 5)])]
    ['clean', 'pink noise 5 dB']
    """
    if conditions is None:
        return UNCHANGED
    given = [conditions] if isinstance(conditions, Condition) else conditions
    listed = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else ()
    wrong = [each for each in listed if not isinstance(each, Condition)]
    if wrong or not listed:
        shown = f"hold {wrong[0]!r:.60}" if wrong else f"are {conditions!r:.60}"
        raise SettingError(
            f"The conditions {shown}; give a list of Condition, such as [Condition(), Condition('pink', "
            "10)].", "conditions",
        )
    names = [str(each) for each in listed]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingError(
            f"The conditions hold {twice!r} twice; results are told apart by it.", "conditions"
        )
    return listed


def checked_detector(detector: Detector | None, sounds: Sequence[Any], conditions: Conditions) -> Detector:
    """Return the detector that scores clips; None means that of the scores given, else Silero.

    Raises
    ------
    SettingError
        There is no such detector, or scores that were given are another's or are to be heard under
        conditions.
    """
    given = {sound.detector for sound in sounds if isinstance(sound, SpeechScores)}
    if given and conditions != UNCHANGED:
        raise SettingError(
            "Conditions change the sound, and speech scores were given; give clips.", "conditions"
        )
    wanted = SILERO if detector is None else find_detector(detector).name
    if detector is not None or any(not isinstance(sound, SpeechScores) for sound in sounds):
        given.add(wanted)
    if len(given) > 1:
        raise SettingError(
            f"The clips are scored by {' and '.join(sorted(given))}; one threshold means something else for "
            "each: give the scores of one detector.", "detector",
        )
    return SILERO if detector is None else detector


def hear(sound: AudioClip, speech: Spans, conditions: Conditions, detector: Detector) -> list[SpeechScores]:
    """Return the scores of a clip under each condition; runs on a worker.

    Parameters
    ----------
    sound : AudioClip
    speech : sequence of (start, end)
        Seconds over which the power of the speech is taken; empty: the whole clip.
    conditions : tuple of Condition or None
    detector : str or SpeechDetector
    """
    return [speech_scores(heard_under(sound, speech, one), detector=detector) for one in conditions]


def heard_under(sound: AudioClip, speech: Spans, condition: Condition | None) -> AudioClip:
    """Return what a clip sounds like under a condition, the speech being where its reference says.

    Labels may end some milliseconds after the clip; what lies outside counts for nothing.
    """
    if condition is None:
        return sound
    inside = [(start, min(end, sound.duration)) for start, end in speech if start < sound.duration]
    return condition.apply(sound, inside or None)


def score_all(
    sounds: Sequence[Any], speech: Sequence[Spans], conditions: Conditions, detector: Detector,
    executor: Executor | None,
) -> tuple[dict[int, list[SpeechScores]], BaseException | None]:
    """Return the scores of clips under each condition, and what lost a worker.

    Audio is sent to a worker once and never comes back; scores that were given stay as they are.
    """
    scores = {k: [sound] for k, sound in enumerate(sounds) if isinstance(sound, SpeechScores)}
    missing = [k for k in range(len(sounds)) if k not in scores]
    tasks = [(sounds[k], speech[k], conditions, detector) for k in missing]
    if executor is None:
        return scores | {k: hear(*task) for k, task in zip(missing, tasks)}, None
    found, lost = spread(executor, hear, tasks)
    return scores | {missing[number]: rows for number, rows in found.items()}, lost
