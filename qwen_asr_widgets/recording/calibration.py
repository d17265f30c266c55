"""Collecting what a calibration is fitted to: turns that a service reported, with our scores of the sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Union

from ..client.endpoints import facts_of
from ..client.probe.report import ProbeReport
from ..arguments import checked_keywords
from ..errors import SettingError
from ..protocol.cloud_facts import ServiceFacts
from ..protocol.config import SessionConfig
from ..vad.calibration.calibrate import Calibration, Observation
from ..vad.calibration.calibrate import calibrate as fit
from ..vad.scoring.frames import HOP, HOP_SECONDS, SpeechScores
from ..vad.scoring.scores import speech_scores
from ..vad.turns import Turn
from .recording import Recording

Seen = Union[Recording, Observation]

TERMS = {
    "end_contains_silence": "end_includes_silence", "silence_floor_ms": "silence_floor_ms",
    "longest_turn_s": "longest_turn",
}
"""Facts of a service that are terms of a calibration, by their names in both."""

MIN_SECONDS = 2.0
"""A stretch between two changes of the settings shorter than this tells nothing."""


@checked_keywords
def calibrate(recordings: Seen | Iterable[Seen], *, probe: ProbeReport | None = None) -> Calibration:
    """Fit our detector to the service that made some recordings, and say what they cannot tell of it.

    Parameters
    ----------
    recordings : Recording, Observation, or iterable of them
        At known settings with turn detection by the service. Two different thresholds tell how its scale
        lies on ours; two silences, one of them 200 ms, whether its ends contain the silence and where its
        floor is.
    probe : ProbeReport, optional
        What `probe` measured of the service. By default what is kept of it, and what the recordings' facts
        hold as measured, stands in for terms that the recordings leave open.

    Returns
    -------
    Calibration
        ``print(fit)`` says how well it holds, what is known, and for what is not which setting to record
        next; one that does not hold is called a poor fit.

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
    several: list[Seen] = [recordings] if one else list(recordings)  # type: ignore[list-item, arg-type]
    seen: list[Observation] = []
    for recording in several:
        seen += [recording] if isinstance(recording, Observation) else observations(recording)
    seen_of = [recording for recording in several if isinstance(recording, Recording)]
    if not seen:
        raise SettingError(
            "There is nothing to calibrate with: in none of the recordings did the service detect turns. "
            "Transcribe with turn detection (not in manual mode) at two or more thresholds.", "recordings",
        )
    return fit(seen, _measured(seen_of, probe))


def reported_turns(recording: Recording) -> list[Turn]:
    """Return the turns of a recording with their ends as the service reported them.

    ``recording.turns`` end where speech does: where the service is known to count the silence in, it is
    taken out there by the facts about it. Whether it does is what a calibration finds out.
    """
    turns = []
    for one in recording.utterances:
        end = one.end if one.reported_end is None else one.reported_end
        if one.onset is None or one.start is None or end is None or one.end_source == "bound":
            continue
        end = max(end, one.start)
        turns.append(Turn(max(min(one.onset, end), one.start), one.start, end))
    return turns


def _measured(recordings: Iterable[Recording], probe: ProbeReport | None) -> dict[str, Any]:
    """Return what was measured of the service, by term; nothing of what two measurements contradict."""
    if probe is not None:
        return _terms_of(probe.measured)
    known: dict[str, Any] = {}
    contradicted = set()
    for recording in recordings:
        info = recording.info
        then, now = info.facts, facts_of(info.endpoint, info.model)
        for name, value in (*_measured_in(then).items(), *_measured_in(now).items()):
            if known.setdefault(name, value) != value:
                contradicted.add(name)
    return {name: value for name, value in known.items() if name not in contradicted}


def _measured_in(facts: ServiceFacts) -> dict[str, Any]:
    """Return the terms of which a service's facts hold a measured value."""
    return _terms_of({name: getattr(facts, name) for name in TERMS if facts.grade(name) == "measured"})


def _terms_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {term: facts[fact] for fact, term in TERMS.items() if fact in facts}


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
    turns = reported_turns(recording)
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
