"""An event in full: its JSON, what is known of it beyond the documentation, the code that sends it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...protocol.cloud_facts import FACTS
from ...recording import Recording
from .rows import ProtocolRow

ABOUT_FIELD: Mapping[str, tuple[str, ...]] = {
    "audio_end_ms": ("end_contains_silence", "stopped_after_end_s"),
    "audio_start_ms": ("turns_touch",),
    "silence_duration_ms": ("silence_floor_ms",),
    "text": ("text_stash_exclusive", "late_partials"),
    "stash": ("text_stash_exclusive",),
    "transcript": ("empty_finals", "invented_words", "decode_delay_s"),
    "usage": ("usage",),
    "error": ("errors_without_code",),
}
"""The facts of `cloud_facts` that say what a field means beyond its documentation."""

ABOUT_TYPE: Mapping[str, tuple[str, ...]] = {
    "session.update": ("update_midway",),
    "session.finish": ("finish_delay_s",),
    "input_audio_buffer.append": ("upload_limit_kB_s",),
    "input_audio_buffer.commit": ("commit_in_vad_mode",),
    "conversation.item.create": ("takes_items",),
}
"""The same for whole events."""

_CONNECT = '''\
import base64, json, os
import websocket  # pip install websocket-client

socket = websocket.create_connection(
    {url!r},
    header=["Authorization: Bearer " + os.environ["DASHSCOPE_API_KEY"]],
)
'''
_SEND = "socket.send(json.dumps({message}))\n"
_SEND_AUDIO = '''\
import qwen_asr_widgets as qaw

tape = qaw.load_recording("recording.qasr").tape  # the recording, saved under this name
for start in range({start}, {stop}, {step}):
    audio = base64.b64encode(tape.read(start, min(start + {step}, {stop})).tobytes()).decode("ascii")
    socket.send(json.dumps({{"type": "input_audio_buffer.append", "audio": audio}}))
'''


def event_details(recording: Recording, row: ProtocolRow) -> dict[str, Any]:
    """Return what a view shows of a row: message, facts by field, code (empty where the service sent it)."""
    if row.count == 0:
        return {"message": {"type": row.type, "time": row.time, "said": row.text}, "facts": {}, "code": ""}
    events = recording.events
    first = events[row.first]
    message = dict(first.message)
    if row.samples:
        begin: Any = first.event
        end: Any = events[row.last].event
        message = _band(recording, row, begin.start, end.stop)
    return {
        "message": message, "facts": dict(_facts(message, row.type)),
        "code": "" if row.way != "out" else _code(recording, row, message),
    }


def _band(recording: Recording, row: ProtocolRow, start: int, stop: int) -> dict[str, Any]:
    """Return what is told of appends that were folded: bytes as sent, base64 counted, and their pace."""
    seconds, took = row.samples / recording.tape.sample_rate, row.until - row.time
    later = seconds * (row.count - 1) / row.count  # what followed the first append in that time
    return {
        "type": row.type, "appends": row.count, "samples": [start, stop], "seconds": round(seconds, 3),
        "bytes": 2 * row.samples, "base64_bytes": -(-2 * row.samples // 3) * 4,
        "pace": round(later / took, 2) if took > 0 and row.count > 1 else None,
    }


def _facts(message: Mapping[str, Any], kind: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield the fields of which something is known beyond the documentation, "" for the event itself."""
    known = {fact.name: fact for fact in FACTS}
    about = {"": ABOUT_TYPE.get(kind, ()), **{
        name: ABOUT_FIELD[name] for name in _names(message) if name in ABOUT_FIELD
    }}
    for name, facts in about.items():
        if facts:
            yield name, [{"text": known[one].text, "grade": known[one].grade} for one in facts]


def _names(value: Any) -> Iterator[str]:
    """Yield the names of all fields, of objects within objects too."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)


def _code(recording: Recording, row: ProtocolRow, message: Mapping[str, Any]) -> str:
    """Return Python that sends the event, or the appends of a band, on a connection of its own."""
    info = recording.info
    connect = _CONNECT.format(url=f"{info.endpoint}?model={info.model.partition(' ')[0]}")
    if row.samples:
        start, stop = message["samples"]
        step = max(1, row.samples // row.count)
        return connect + _SEND_AUDIO.format(start=start, stop=stop, step=step)
    literal = json.dumps(message, ensure_ascii=False)
    return connect + _SEND.format(message=repr(json.loads(literal)))
