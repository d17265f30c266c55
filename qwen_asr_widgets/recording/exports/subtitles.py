"""Subtitles: SubRip (``.srt``) and WebVTT (``.vtt``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...formatting import timestamp
from ...vad.labels.text_formats import without_arrow
from ..recording import Recording
from .captions import Caption, captions
from .options import ExportOptions
from .spans import spoken_spans


def write_srt(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the utterances as SubRip subtitles into a binary file."""
    file.write(to_srt(recording, options).encode("utf-8"))


def write_vtt(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the utterances as WebVTT subtitles into a binary file."""
    file.write(to_vtt(recording, options).encode("utf-8"))


def to_srt(recording: Recording, options: ExportOptions = ExportOptions()) -> str:
    """Return the utterances as SubRip subtitles.

    Text is kept as text: line breaks become spaces, since a blank line ends a subtitle, and an arrow in
    it is written ``--›``, since readers take a line with ``-->`` for the time line of another subtitle.
    """
    cues = [
        f"{number}\n{timestamp(one.start)} --> {timestamp(one.end)}\n{_srt_text(one)}\n"
        for number, one in enumerate(_captions(recording, options), 1)
    ]
    return "\n".join(cues)


def to_vtt(recording: Recording, options: ExportOptions = ExportOptions()) -> str:
    """Return the utterances as WebVTT subtitles, with ``&``, ``<`` and ``>`` escaped as WebVTT wants.

    A note before them, which players pass over, names what made the words; SubRip has no place for one.
    """
    cues = [
        f"\n{timestamp(one.start, '.')} --> {timestamp(one.end, '.')}\n{_vtt_text(one.lines)}\n"
        for one in _captions(recording, options)
    ]
    made_by = _vtt_text([" ".join(recording.info.made_by.split())])
    note = [f"\nNOTE Words by {made_by}\n"] if made_by and cues else []
    return "".join(["WEBVTT\n", *note, *cues])


def _captions(recording: Recording, options: ExportOptions) -> Iterator[Caption]:
    """Yield what is shown, in order of time."""
    turns = [(one.start, one.end, one.text) for one in spoken_spans(recording, options.include_drafts)]
    if options.rules is None:
        yield from (Caption(start, end, (text,)) for start, end, text in turns)
    else:
        yield from captions(turns, options.rules, recording.duration)


def _srt_text(caption: Caption) -> str:
    return "\n".join(map(without_arrow, caption.lines))


def _vtt_text(lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
