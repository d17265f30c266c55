"""Recordings in the formats of label files, so that other tools of speech open them.

What can carry the words of a turn carries them; RTTM has no place for them. CTM lists single words: a
service says when a turn was spoken, not when each word was, so their times are estimates, by the share of
letters before a word.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

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
    file.write(labels_to_text(labels, format, duration=recording.duration).encode("utf-8"))


write_textgrid, write_elan, write_audacity, write_rttm, write_stm = (
    partial(write_labels, format) for format in ("textgrid", "elan", "audacity", "rttm", "stm")
)


def write_ctm(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the words as NIST's CTM into a binary file: clip, channel, start, duration, word."""
    name = clip_name(_stem(recording))
    lines = [";; start and duration of a word are estimated by the share of letters in its turn"]
    for span in spoken_spans(recording, options.include_drafts):
        for start, end, word in word_times(span.start, span.end, span.text):
            lines.append(f"{name} 1 {start:.3f} {end - start:.3f} {word}")
    file.write(("\n".join(lines) + "\n").encode("utf-8"))


def _stem(recording: Recording) -> str:
    return Path(recording.info.name).stem
