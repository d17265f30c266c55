"""The utterances of a recording that have words and a place, as most formats write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...audio.reference import ReferenceTurn
from ...vad.labels.labels import Labels
from ..recording import Recording

SHORTEST = 0.001
"""Seconds; a span must end after it begins."""


@dataclass(frozen=True)
class SpokenSpan:
    """One utterance on the axis of the sound: times in seconds, words in one line."""

    start: float
    end: float
    text: str
    utterance: Any


def spoken_spans(recording: Recording, include_drafts: bool = False) -> list[SpokenSpan]:
    """Return the utterances with text, in order of time.

    A span lasts from the onset to the end of speech, an open turn until the sound ends. What was last shown
    of an utterance that got no final transcript is left out, or marked ``[draft]``.
    """
    spans = []
    for utterance in recording.utterances:
        if utterance.is_draft and not include_drafts:
            continue
        text = ("[draft] " if utterance.is_draft else "") + " ".join(utterance.text.split())
        start = utterance.onset if utterance.onset is not None else utterance.start
        if text and start is not None:
            end = utterance.end if utterance.end is not None else recording.duration
            spans.append(SpokenSpan(start, max(end, start + SHORTEST), text, utterance))
    return sorted(spans, key=lambda span: (span.start, span.end))


def as_labels(recording: Recording, include_drafts: bool, uri: str) -> Labels:
    """Return the utterances as labels, for formats in which turns of one speaker cannot overlap.

    Where a service lets two of its turns overlap, the first one ends where the second begins; one that
    begins with its successor, or lies within it, lasts 1 ms.
    """
    spans = spoken_spans(recording, include_drafts)
    starts = [round(span.start, 3) for span in spans]
    for number in range(1, len(starts)):
        starts[number] = round(max(starts[number], starts[number - 1] + SHORTEST), 3)
    following = [*starts[1:], max([recording.duration, *(span.end for span in spans)], default=0.0)]
    turns = [
        ReferenceTurn(start, max(start + SHORTEST, min(span.end, after)), span.text)
        for span, start, after in zip(spans, starts, following)
    ]
    return Labels(turns, None, uri)
