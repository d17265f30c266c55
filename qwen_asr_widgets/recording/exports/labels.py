"""Recordings in the formats of label files, so that other tools of speech open them.

What can carry the words of a turn carries them; RTTM has no place for them. STM, CTM and ELAN files also
name what made the words; the others have no place for that which their readers pass over. CTM lists single
words: a service says when a turn was spoken, not when each word was, so their times are estimates, by the
share of letters before a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...vad.labels.elan import xml_attribute
from ...vad.labels.files import labels_to_text
from ...vad.labels.nist import clip_name
from ..recording import Recording
from .captions import word_times
from .options import ExportOptions
from .spans import as_labels, spoken_spans


def write_labels(
    format: str, recording: Recording, file: Any, options: ExportOptions = ExportOptions()
) -> None:
    """Write the turns in one of the formats of ``save_labels`` into a binary file."""
    labels = as_labels(recording, options.include_drafts, _stem(recording))
    text = labels_to_text(labels, format, duration=recording.duration)
    made_by = " ".join(recording.info.made_by.split())
    if format == "stm":
        text = "".join(_comment(made_by)) + text
    elif format == "elan":
        text = text.replace('AUTHOR=""', f"AUTHOR={xml_attribute(made_by)}", 1)
    file.write(text.encode("utf-8"))


write_textgrid, write_elan, write_audacity, write_rttm, write_stm = (
    partial(write_labels, format) for format in ("textgrid", "elan", "audacity", "rttm", "stm")
)


def write_ctm(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the words as NIST's CTM into a binary file: clip, channel, start, duration, word."""
    name = clip_name(_stem(recording))
    lines = [
        *map(str.rstrip, _comment(" ".join(recording.info.made_by.split()))),
        ";; start and duration of a word are estimated by the share of letters in its turn",
    ]
    for span in spoken_spans(recording, options.include_drafts):
        for start, end, word in word_times(span.start, span.end, span.text):
            lines.append(f"{name} 1 {start:.3f} {end - start:.3f} {word}")
    file.write(("\n".join(lines) + "\n").encode("utf-8"))


def _comment(made_by: str) -> Iterator[str]:
    """Yield the line of a NIST file that names what made the words, where that is known."""
    if made_by:
        yield f";; words by {made_by}\n"


def _stem(recording: Recording) -> str:
    return Path(recording.info.name).stem
