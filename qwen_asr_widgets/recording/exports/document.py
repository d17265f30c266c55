"""A recording as text, as a JSON document or as JSON Lines: words, times, delays and how measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ..recording import Recording
from .options import ExportOptions


def write_json(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write `to_json` into a binary file."""
    file.write(to_json(recording, options).encode("utf-8"))


def write_text(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the transcript into a binary file, an utterance a line."""
    text = recording.transcript(options.include_drafts)
    file.write((text + "\n" if text else "").encode("utf-8"))


def write_jsonl(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write one utterance a line into a binary file, as the document lists them, and what made its words.

    Drafts say so.
    """
    for utterance in _utterances(recording):
        if options.include_drafts or not utterance["is_draft"]:
            utterance["engine"] = recording.info.made_by
            file.write((json.dumps(utterance, ensure_ascii=False) + "\n").encode("utf-8"))


def _utterances(recording: Recording) -> list[dict[str, Any]]:
    delays = {row.number: asdict(row) for row in recording.latency()}
    return [
        {
            "number": utterance.number, "item_id": utterance.item_id,
            "onset": utterance.onset, "start": utterance.start, "end": utterance.end,
            "onset_source": utterance.onset_source, "end_source": utterance.end_source,
            "reported_end": utterance.reported_end, "speech": utterance.speech,
            "text": utterance.text, "is_draft": utterance.is_draft,
            "language": utterance.language, "emotion": utterance.emotion,
            "ended_by": utterance.ended_by, "status": utterance.status, "usage": utterance.usage,
            "partials": [asdict(partial) for partial in utterance.partials],
            "latency": {
                name: value for name, value in delays[utterance.number].items()
                if name not in ("number", "ended_by", "reference")
            },
        }
        for utterance in recording.utterances
    ]


def to_json(recording: Recording, options: ExportOptions = ExportOptions()) -> str:
    """Return the utterances with their latencies and what they were measured with, as JSON.

    See `Recording.export` for its fields.
    """
    document: dict[str, Any] = {
        "text": recording.transcript(options.include_drafts),
        "duration": recording.duration,
        "complete": recording.complete,
        "notes": list(recording.notes),
        "usage": recording.usage,
        "run": asdict(recording.info),
        "session": recording.config.to_wire(),
        "settings": [
            {
                "from": change.sample / recording.tape.sample_rate, "time": change.time,
                "session": change.config.to_wire(),
            }
            for change in recording.settings
        ],
        "utterances": _utterances(recording),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
