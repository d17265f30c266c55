"""Subtitles: SubRip (``.srt``) and WebVTT (``.vtt``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...formatting import timestamp
from ..recording import Recording

SHORTEST_CUE = 0.001
"""Seconds; a cue must end after it begins."""


def write_srt(recording: Recording, file: Any, include_drafts: bool = False) -> None:
    """Write the utterances as SubRip subtitles into a binary file."""
    file.write(to_srt(recording, include_drafts).encode("utf-8"))


def write_vtt(recording: Recording, file: Any, include_drafts: bool = False) -> None:
    """Write the utterances as WebVTT subtitles into a binary file."""
    file.write(to_vtt(recording, include_drafts).encode("utf-8"))


def to_srt(recording: Recording, include_drafts: bool = False) -> str:
    """Return the utterances as SubRip subtitles.

    A cue lasts from the onset to the end of speech; an utterance without text has none. Text is kept as text:
    line breaks become spaces, since a blank line ends a cue. What was last shown of an utterance that got no
    final transcript is left out, or marked ``[draft]`` with ``include_drafts``.
    """
    cues = [
        f"{number}\n{timestamp(start)} --> {timestamp(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(_cues(recording, include_drafts), 1)
    ]
    return "\n".join(cues)


def to_vtt(recording: Recording, include_drafts: bool = False) -> str:
    """Return the utterances as WebVTT subtitles, with ``&``, ``<`` and ``>`` escaped as WebVTT wants."""
    cues = [
        f"\n{timestamp(start, '.')} --> {timestamp(end, '.')}\n{_vtt_text(text)}\n"
        for start, end, text in _cues(recording, include_drafts)
    ]
    return "WEBVTT\n" + "".join(cues)


def _cues(recording: Recording, include_drafts: bool) -> Iterator[tuple[float, float, str]]:
    """Yield (start, end, text) in seconds, in order of time; an open turn lasts until the sound ends."""
    cues = []
    for utterance in recording.utterances:
        if utterance.is_draft and not include_drafts:
            continue
        text = ("[draft] " if utterance.is_draft else "") + " ".join(utterance.text.split())
        start = utterance.onset if utterance.onset is not None else utterance.start
        if text and start is not None:
            end = utterance.end if utterance.end is not None else recording.duration
            cues.append((start, max(end, start + SHORTEST_CUE), text))
    yield from sorted(cues)


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
