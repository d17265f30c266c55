"""From events to the text frames that are sent, and back.

What the service sent is read leniently: missing ids, nulls and floats are accepted, an event of an unknown
type is kept as it came. What a client sent is read strictly, since the service must say what was wrong with
it. JSON of others is made safe to keep: no lone surrogates (UTF-8 cannot carry them), no absurd nesting.
"""

from __future__ import annotations

import binascii
import json
import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from itertools import chain
from typing import Any

from ..arguments import is_number
from ..errors import ProtocolError
from ..formatting import well_formed
from .events import (
    CLIENT_EVENTS, SERVER_EVENTS, AppendAudio, ClientEvent, ErrorEvent, Event, ItemCreated, ServerEvent,
    SessionUpdate, TranscriptFailed, UnknownEvent,
)

MAX_APPEND_CHARS = 15 * 1024 * 1024
"""Characters of base64 in one append, as documented."""

_PIECE_CHARS = 256 * 1024
"""Characters decoded at a time; a multiple of four."""

MAX_MS = 10**12
"""A position further from the beginning (32 years) is none."""

_OPTIONAL = frozenset({"audio_onset_ms", "reason", "usage"})
"""Fields left out of the frame where there is nothing to say."""

MAX_NESTING = 64
"""Levels of arrays and objects taken in a message; the protocol itself uses six."""

_LONE_ESCAPED = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"  # these stay: a backslash, a pair
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def new_event_id() -> str:
    """Return a fresh event id: ``event_`` and 32 hexadecimal digits."""
    return "event_" + os.urandom(16).hex()


def encode_append(audio: bytes | bytearray | memoryview, event_id: str | None = None) -> str:
    """Return the ``input_audio_buffer.append`` frame for audio bytes.

    The payload is not passed through a JSON encoder: base64 needs no escaping.

    Examples
    --------
    >>> encode_append(b"AB", "event_1")
    '{"event_id": "event_1", "type": "input_audio_buffer.append", "audio": "QUI="}'
    """
    return encode_append_base64(binascii.b2a_base64(audio, newline=False).decode("ascii"), event_id)


def encode_append_base64(audio_b64: str, event_id: str | None = None) -> str:
    """Return the append frame for text that is known to need no escaping."""
    return (
        f'{{"event_id": "{event_id or new_event_id()}", "type": "input_audio_buffer.append", '
        f'"audio": "{audio_b64}"}}'
    )


def encode(event: Event, event_id: str | None = None) -> str:
    """Return the text frame of any event, client's or server's.

    Parameters
    ----------
    event : Event
        An `UnknownEvent` is written as it came; its own ``event_id`` is kept.
    event_id : str or None
        None makes a fresh one.

    Examples
    --------
    >>> from qwen_asr_widgets.protocol.events import SpeechStopped
    >>> encode(SpeechStopped("item_1", 900), "event_1").partition('"item_id"')[2]
    ': "item_1", "audio_end_ms": 900}'
    """
    if isinstance(event, AppendAudio):
        return encode_append(event.audio, event_id)
    return json.dumps(to_message(event, event_id))


def to_message(event: Event, event_id: str | None = None) -> dict[str, Any]:
    """Return an event as the JSON object of its frame (audio as base64)."""
    if isinstance(event, UnknownEvent):
        return {"event_id": event_id or event.message.get("event_id") or new_event_id(), **{
            key: value for key, value in event.message.items() if key != "event_id"
        }}
    message: dict[str, Any] = {"event_id": event_id or new_event_id(), "type": event.type}
    for spec in fields(event):
        value = getattr(event, spec.name)
        if value is None and spec.name in _OPTIONAL:
            continue
        message[spec.name] = dict(value) if isinstance(value, Mapping) else value
    if isinstance(event, AppendAudio):
        message["audio"] = binascii.b2a_base64(event.audio, newline=False).decode("ascii")
    if isinstance(event, ItemCreated):
        message["item"] = {"id": message.pop("item_id"), **message["item"]}
    return message


def parse(text: str | bytes | bytearray) -> dict[str, Any]:
    """Return the JSON object of a frame; a lone surrogate in a text of it becomes U+FFFD.

    Raises
    ------
    ProtocolError
        Not JSON or nested too deep (``invalid_json``), not an object or without a ``type``
        (``invalid_event``).
    """
    try:
        message = read_json(text)
    except (ValueError, RecursionError) as problem:
        raise ProtocolError(f"The message is not valid JSON: {problem}.", "invalid_json") from None
    if not isinstance(message, dict):
        raise ProtocolError(
            f"The message must be a JSON object, not {type(message).__name__}.", "invalid_event"
        )
    if not isinstance(message.get("type"), str):
        raise ProtocolError(
            f"type must name an event, not {message.get('type')!r}.", "invalid_event", "type"
        )
    return message


def decode_server(text: str | bytes | bytearray) -> tuple[dict[str, Any], ServerEvent]:
    """Read a frame that the service sent.

    Returns
    -------
    message : dict
        The frame as it came.
    event : ServerEvent
        Its typed value. A frame of an unknown type, or of a known type with a field that cannot be
        read, is an `UnknownEvent`; the latter says why in ``problem``.

    Raises
    ------
    ProtocolError
        The frame is not a JSON object with a type.

    Examples
    --------
    >>> decode_server('{"type": "session.finished"}')[1]
    SessionFinished()
    """
    message = parse(text)
    return message, read_server(message)


def read_server(message: Mapping[str, Any]) -> ServerEvent:
    """Return the typed value of a message the service sent; never raises for its fields."""
    cls = SERVER_EVENTS.get(message["type"])
    if cls is None:
        return UnknownEvent(message)
    try:
        return cls(**_arguments(cls, message))
    except ProtocolError as problem:
        return UnknownEvent(message, problem=str(problem))


def read_client(message: Mapping[str, Any]) -> ClientEvent:
    """Return the typed value of a message a client sent.

    An event of an unknown type is an `UnknownEvent`: whether to refuse it is the service's decision.

    Raises
    ------
    ProtocolError
        ``invalid_value`` (a field of the wrong type), ``invalid_base64`` or ``audio_too_large`` (over 15 MiB
        in one append).

    Examples
    --------
    >>> read_client({"type": "input_audio_buffer.append", "audio": "QUI="})
    AppendAudio(audio=b'AB')
    """
    cls = CLIENT_EVENTS.get(message["type"])
    if cls is None:
        return UnknownEvent(message)
    if cls is AppendAudio:
        return AppendAudio(decode_audio(message.get("audio")))
    if cls is SessionUpdate:
        session = message.get("session")
        if not isinstance(session, Mapping):
            raise ProtocolError(
                f"session must be an object with settings, not {session!r}.", "invalid_value", "session"
            )
        return SessionUpdate(session)
    return cls()


def decode_audio(audio: Any) -> bytes:
    """Return the bytes of the base64 text in an append.

    Raises
    ------
    ProtocolError
        ``invalid_value``, ``audio_too_large`` or ``invalid_base64``, all with ``param`` "audio".
    """
    return b"".join(decode_audio_in_pieces(audio))


def decode_audio_in_pieces(audio: Any) -> Iterator[bytes]:
    """Yield the same bytes piece by piece, each a millisecond of work; raises as `decode_audio` does.

    Examples
    --------
    >>> list(decode_audio_in_pieces("QUI="))
    [b'AB']
    """
    if not isinstance(audio, str):
        raise ProtocolError(
            f"audio must be base64 text, not {type(audio).__name__}.", "invalid_value", "audio"
        )
    if len(audio) > MAX_APPEND_CHARS:
        raise ProtocolError(
            f"One append carries at most 15 MiB of base64; this one has {len(audio):,} characters.",
            "audio_too_large", "audio",
        )
    try:
        for start in range(0, max(1, len(audio)), _PIECE_CHARS):
            piece = b64decode(audio[start : start + _PIECE_CHARS], validate=True)
            if start + _PIECE_CHARS < len(audio) and len(piece) < _PIECE_CHARS // 4 * 3:
                raise ValueError("Excess data after padding")
            yield piece
    except ValueError as problem:
        raise ProtocolError(f"audio is not valid base64: {problem}.", "invalid_base64", "audio") from None


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProtocolError(f"{name} must be text, not {value!r}.", "invalid_value", name)
    return value


def _optional_text(value: Any, name: str) -> str | None:
    return None if value is None else _text(value, name)


def _milliseconds(value: Any, name: str) -> int:
    if not is_number(value) or not -MAX_MS <= value <= MAX_MS:
        raise ProtocolError(
            f"{name} must be a number of milliseconds, not {value!r:.60}.", "invalid_value", name
        )
    return round(value)


def _optional_milliseconds(value: Any, name: str) -> int | None:
    return None if value is None else _milliseconds(value, name)


def _index(value: Any, name: str) -> int:
    return 0 if value is None else _milliseconds(value, name)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ProtocolError(f"{name} must be an object, not {value!r}.", "invalid_value", name)
    return value


def _error(value: Any, name: str) -> Mapping[str, Any]:
    """Read an error; one that is a text alone is its message."""
    return {"message": value} if isinstance(value, str) else _mapping(value, name)


def _usage(value: Any, name: str) -> Mapping[str, Any] | None:
    """Read a count, which must not cost the transcript that it comes with."""
    return value if isinstance(value, Mapping) else None


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "item_id": _text,
    "previous_item_id": _optional_text,
    "audio_start_ms": _milliseconds,
    "audio_onset_ms": _optional_milliseconds,
    "audio_end_ms": _milliseconds,
    "behind_ms": _milliseconds,
    "reason": _optional_text,
    "text": _text,
    "stash": _text,
    "transcript": _text,
    "language": _optional_text,
    "emotion": _optional_text,
    "content_index": _index,
    "session": _mapping,
    "item": _mapping,
    "error": _error,
    "usage": _usage,
}


def _arguments(cls: type[ServerEvent], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constructor's arguments for a server event, each read by the reader of its field."""
    values = {spec.name: _READERS[spec.name](message.get(spec.name), spec.name) for spec in fields(cls)}
    if cls is ItemCreated and not values["item_id"]:
        values["item_id"] = _text(values["item"].get("id"), "item.id")
    if cls in (ErrorEvent, TranscriptFailed) and not values["error"]:
        values["error"] = {key: message[key] for key in ("code", "message", "param") if key in message}
    return values


def read_json(text: str | bytes | bytearray, levels: int = MAX_NESTING) -> Any:
    """Return the value of a JSON text; lone surrogates in it are replaced by U+FFFD.

    Parameters
    ----------
    text : str or bytes
        The text.
    levels : int
        Arrays and objects that may be nested within each other.

    Raises
    ------
    ValueError
        It is no JSON, or nests values deeper than ``levels``.

    Examples
    --------
    >>> read_json(r'["a\\ud800b", "\\ud83d\\ude00"]') == ["a\ufffdb", "\U0001f600"]
    True
    """
    text = text if isinstance(text, str) else bytes(text).decode(json.detect_encoding(text))
    if "\\u" in text:
        text = _LONE_ESCAPED.sub(lambda found: found[1] or r"\ufffd", text)
    whole: str = well_formed(text)
    value = _DECODER.decode(whole)
    if whole.count("[") + whole.count("{") > levels and _nesting(value) > levels:
        raise ValueError(f"values are nested more than {levels} deep")
    return value


def _nesting(value: Any) -> int:
    """Return how deep the arrays and objects within a value are nested, itself included."""
    depth, level = 0, [value] if isinstance(value, (dict, list)) else []
    while level:
        depth += 1
        parts = chain.from_iterable(one.values() if isinstance(one, dict) else one for one in level)
        level = [part for part in parts if isinstance(part, (dict, list))]
    return depth


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)  # one for all: making it takes longer than a line
