"""From where on a new session sends the sound again: values in, a place on the timeline out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..protocol.cloud_facts import ServiceFacts
from ..protocol.utterance import Utterance
from ..vad.turns import HOP, TurnDetection

LEAD = 1.0
"""Seconds of sound before a turn that are sent again with it, so that the turn detector knows the silence."""

WARM_UP = 10.0
"""Seconds of sound that are heard again before the place where a session goes on.

The turn detector carries what it has heard from frame to frame: of 46 pauses in the bundled speech at two
settings, after a cut the next turn lay more than 50 ms elsewhere at 13 without sound before it, at 9 after
1 s, at 4 after 5 s and at none after 10 s.
"""

REPORTED_WITHIN = 120.0
"""Seconds within which a service whose connection stands has reported that speech has begun, however far it
is behind: far more than was ever seen."""

_OVERLAP = 0.3
"""Seconds by which a turn may begin before the one before it was closed (`cloud_facts`, 4), rounded up."""

_FRAME = HOP / 16_000


@dataclass(frozen=True)
class ResumePlan:
    """Where a session goes on with the sound of those before it.

    Parameters
    ----------
    start : float
        Seconds on the timeline from which on sound is sent (again).
    first_number : int
        Number of the first utterance that the session will report. What earlier sessions reported from that
        number on is superseded by what this one finds.
    warm_up : float
        Seconds of sound before ``start`` that are heard again first, so that the turn detector knows what
        came before. What is found in them is known.
    """

    start: float = 0.0
    first_number: int = 1
    warm_up: float = 0.0

    @property
    def heard_from(self) -> float:
        """Seconds on the timeline from which on the turn detector hears the sound."""
        return round(self.start - self.warm_up, 6)


def resume_plan(
    utterances: Sequence[Utterance], detections: Sequence[TurnDetection | None], facts: ServiceFacts,
    silent_before: float = 0.0, finished_at: float | None = None, held_since: float = 0.0,
) -> ResumePlan:
    """Return where to go on: behind the last utterance before which every one has its answer.

    Parameters
    ----------
    utterances : sequence of Utterance
        What was reported until now, in order.
    detections : sequence of TurnDetection or None
        The settings by which turns were found; empty or None: by commits.
    facts : ServiceFacts
        What is known of the service.
    silent_before : float
        Seconds on the timeline before which the service would have reported all speech by now: sound before
        it that is in no utterance is silence (`REPORTED_WITHIN`), and is not sent again.
    finished_at : float or None
        Seconds on the timeline up to which the session was sent and answered, where it finished cleanly.
    held_since : float
        Seconds on the timeline from which on the settings in force have held. Sound before that is not heard
        again, for its turns would be others; nor is any behind a turn that silence did not close: heard from
        its midst on, it would go on beyond the place where it was cut.

    Examples
    --------
    >>> from qwen_asr_widgets.protocol.cloud_facts import IDEAL
    >>> said = Utterance(1, "a", start=0.7, onset=1.0, end=2.0, ended_by="silence", status="final")
    >>> cut = Utterance(2, "b", start=8.0, onset=8.3, status="lost")
    >>> resume_plan([said], [TurnDetection(silence_duration_ms=800)], IDEAL)
    ResumePlan(start=2.496, first_number=2, warm_up=2.496)
    >>> resume_plan([said, cut], [TurnDetection()], IDEAL)
    ResumePlan(start=6.976, first_number=2, warm_up=6.976)
    """
    settled = 0
    while settled < len(utterances) and utterances[settled].status in ("final", "failed"):
        settled += 1
    last = utterances[settled - 1] if settled else None
    found = [detection for detection in detections if detection is not None]
    start = 0.0 if last is None else _after(last, found, facts, finished_at)
    if found and settled < len(utterances):
        start = max(start, _to_frame((utterances[settled].start or 0.0) - LEAD))
    elif found:
        start = max(start, _to_frame(max(silent_before, (finished_at or 0.0) - LEAD)))
    elif finished_at is not None:
        start = finished_at
    start = round(start, 6)
    is_closed_by_silence = last is None or last.ended_by == "silence"
    warms_up = bool(found) and is_closed_by_silence
    return ResumePlan(start, settled + 1, _warm_up(start, held_since) if warms_up else 0.0)


def _warm_up(start: float, held_since: float) -> float:
    """Return how much sound before a place is heard again, from the beginning of a frame on."""
    first = _to_frame(max(start - WARM_UP, held_since))
    if first < held_since:
        first += _FRAME
    return round(max(0.0, start - first), 6)


def _after(
    last: Utterance, detections: Sequence[TurnDetection], facts: ServiceFacts, finished_at: float | None
) -> float:
    """Return the place behind an utterance from which on nothing is lost and none of its words comes again.

    Where silence closed it, that is as late in this silence as the padding of the next turn allows: of the
    fading end of a word a turn detector without memory could make another turn.
    """
    end = last.end or 0.0
    if last.ended_by == "finish" and finished_at is not None:
        return max(end, finished_at)
    if last.ended_by != "silence" or not detections:
        return end
    padding = max(detection.prefix_padding_ms for detection in detections) / 1_000
    if facts.end_contains_silence and last.end_source != "client":
        return max(end, (last.reported_end or end) - max(padding, _OVERLAP))
    is_exact = last.end_source == "client" or facts.grade("end_contains_silence") in ("own", "measured")
    silence = min(detection.silence_frames for detection in detections) * _FRAME
    return max(end, _to_frame(end + silence - padding)) if is_exact else end


def _to_frame(seconds: float) -> float:
    """Return the beginning of the detector's frame (32 ms) at a place: all sessions then cut sound alike."""
    return max(0.0, math.floor(seconds / _FRAME + 1e-6) * _FRAME)
