"""Subtitles: SubRip (``.srt``) and WebVTT (``.vtt``)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from ...formatting import timestamp
from ...vad.labels.text_formats import without_arrow
from ..delays.stability import settlings
from ..recording import Recording
from .captions import Caption, captions
from .options import ExportOptions
from .spans import SpokenSpan, spoken_spans


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
    spans = spoken_spans(recording, options.include_drafts)
    cues = [
        f"{number}\n{timestamp(one.start)} --> {timestamp(one.end)}\n{_srt_text(one)}\n"
        for number, one in enumerate(_captions(recording, spans, options), 1)
    ]
    return "\n".join(cues)


def to_vtt(recording: Recording, options: ExportOptions = ExportOptions()) -> str:
    """Return the utterances as WebVTT subtitles, with ``&``, ``<`` and ``>`` escaped as WebVTT wants.

    With ``options.word_times``, a time within a cue (as ``<00:00:01.200>``) says up to where the sound had
    gone out when the service had settled the words after it; what settled later than the cue stands is
    marked ``<c.late>``. A note before the cues, which players pass over, names what made the words; SubRip
    has no place for either.
    """
    spans = spoken_spans(recording, options.include_drafts)
    unknown = repeat(math.inf)
    letters = [_settled_letters(recording, one) if options.word_times else unknown for one in spans]
    cues = [
        f"\n{timestamp(one.start, '.')} --> {timestamp(one.end, '.')}\n"
        f"{_timed_text(one, letters[one.turn])}\n"
        for one in _captions(recording, spans, options)
    ]
    made_by = _vtt_text(" ".join(recording.info.made_by.split()))
    note = [f"\nNOTE Words by {made_by}\n"] if made_by and cues else []
    return "".join(["WEBVTT\n", *note, *cues])


def _captions(
    recording: Recording, spans: Sequence[SpokenSpan], options: ExportOptions
) -> Iterator[Caption]:
    """Yield what is shown of the spans, in order of time."""
    turns = [(one.start, one.end, one.text) for one in spans]
    if options.rules is None:
        yield from (Caption(start, end, (text,), turn) for turn, (start, end, text) in enumerate(turns))
    else:
        yield from captions(turns, options.rules, recording.duration)


def _settled_letters(recording: Recording, span: SpokenSpan) -> Iterator[float]:
    """Yield for each letter of a span, spaces left out, up to where the sound had gone out when it settled.

    Infinite where only the final settled it, and where there is none.
    """
    for word in settlings(span.utterance, recording.sent_at, recording.tape.sample_rate):
        place = math.inf if word.by_final else recording.sent_by(word.settled_at)
        yield from repeat(round(place, 3), len("".join(word.word.split())))
    yield from repeat(math.inf)


def _timed_text(caption: Caption, letters: Iterator[float]) -> str:
    """Return the text of a cue with the times at which words in it settled; takes its letters' times."""
    text = "\n".join(caption.lines)
    places = [None if letter.isspace() else next(letters) for letter in text]
    known = [place for place in places if place is not None and place < caption.end]
    if not known:
        return _vtt_text(text)
    written, last = [], caption.start
    for letter, place in zip(text, places):
        if place is not None and place > last:
            late = place >= caption.end
            written.append("<c.late>" if late else f"<{timestamp(place, '.')}>")
            last = math.inf if late else place
        written.append(_vtt_text(letter))
    return "".join([*written, "</c>" if math.isinf(last) else ""])


def _srt_text(caption: Caption) -> str:
    return "\n".join(map(without_arrow, caption.lines))


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
