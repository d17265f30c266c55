"""A recording as one JSON document: texts, times, delays and what they were measured with."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ..recording import Recording


def write_json(recording: Recording, file: Any, include_drafts: bool = False) -> None:
    """Write `to_json` into a binary file."""
    file.write(to_json(recording, include_drafts).encode("utf-8"))


def to_json(recording: Recording, include_drafts: bool = False) -> str:
    """Return the utterances with their latencies and what they were measured with, as JSON.

    See `Recording.export` for its fields.
    """
    latency = recording.latency()
    delays = {row.number: asdict(row) for row in latency}
    utterances = [
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
    document: dict[str, Any] = {
        "text": recording.transcript(include_drafts),
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
        "utterances": utterances,
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
