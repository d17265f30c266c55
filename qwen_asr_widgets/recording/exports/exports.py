"""A recording in the formats of others: subtitles, JSON, sound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SettingError
from .bundle import write_atomically

if TYPE_CHECKING:
    from ..recording import Recording

SHORTEST_CUE = 0.001
"""Seconds; a cue must end after it begins."""


def export_recording(recording: Recording, path: str | Path) -> Path:
    """Write a recording in the format its path's ending names; see `Recording.export`."""
    path = Path(path)
    ending = path.suffix.lower()
    if ending in _TEXT_FORMATS:
        text = _TEXT_FORMATS[ending](recording)
        write_atomically(path, lambda file: file.write(text.encode("utf-8")))
    elif ending == ".wav":
        recording.clip.save(path)
    elif ending == ".qasr":
        recording.save(path)
    else:
        known = ", ".join([*_TEXT_FORMATS, ".wav", ".qasr"])
        raise SettingError(f"{path.name!r} ends in {ending or 'nothing'!r}; export knows {known}.", "path")
    return path


def to_srt(recording: Recording) -> str:
    """Return the utterances as SubRip subtitles.

    A cue lasts from the onset to the end of speech; an utterance without text has none. Text is kept as text:
    line breaks become spaces, since a blank line ends a cue.
    """
    cues = [
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(_cues(recording), 1)
    ]
    return "\n".join(cues)


def to_vtt(recording: Recording) -> str:
    """Return the utterances as WebVTT subtitles, with ``&``, ``<`` and ``>`` escaped as WebVTT wants."""
    cues = [
        f"\n{_clock(start, '.')} --> {_clock(end, '.')}\n{_vtt_text(text)}\n"
        for start, end, text in _cues(recording)
    ]
    return "WEBVTT\n" + "".join(cues)


def to_json(recording: Recording) -> str:
    """Return the utterances with their latencies and what they were measured with, as JSON.

    See `Recording.export` for its fields.
    """
    latency = recording.latency()
    delays = {row.number: asdict(row) for row in latency}
    utterances = [
        {
            "number": utterance.number, "item_id": utterance.item_id,
            "onset": utterance.onset, "start": utterance.start, "end": utterance.end,
            "onset_source": utterance.onset_source, "text": utterance.text,
            "language": utterance.language, "emotion": utterance.emotion,
            "ended_by": utterance.ended_by, "status": utterance.status,
            "partials": [asdict(partial) for partial in utterance.partials],
            "latency": {
                name: value for name, value in delays[utterance.number].items()
                if name not in ("number", "ended_by", "reference")
            },
        }
        for utterance in recording.utterances
    ]
    document: dict[str, Any] = {
        "text": recording.text,
        "duration": recording.duration,
        "complete": recording.complete,
        "notes": list(recording.notes),
        "run": asdict(recording.info),
        "session": recording.config.to_wire(),
        "settings": [
            {
                "from": change.sample / recording.tape.sample_rate, "time": change.time,
                "session": change.config.to_wire(),
            }
            for change in recording.settings
        ],
        "utterances": utterances,
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


_TEXT_FORMATS = {".srt": to_srt, ".vtt": to_vtt, ".json": to_json}


def _cues(recording: Recording) -> Iterator[tuple[float, float, str]]:
    """Yield (start, end, text) in seconds, in order of time; an open turn lasts until the sound ends."""
    cues = []
    for utterance in recording.utterances:
        text = " ".join(utterance.text.split())
        start = utterance.onset if utterance.onset is not None else utterance.start
        if text and start is not None:
            end = utterance.end if utterance.end is not None else recording.duration
            cues.append((start, max(end, start + SHORTEST_CUE), text))
    yield from sorted(cues)


def _clock(seconds: float, point: str) -> str:
    """Return ``01:02:03,456``."""
    ms = round(seconds * 1_000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1_000 % 60:02d}{point}{ms % 1_000:03d}"


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
