"""Frames to events and back."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.errors import ProtocolError
from qwen_asr_widgets.protocol import events as ev
from qwen_asr_widgets.protocol.codec import decode_server, encode, encode_append, parse, read_client

OBJECTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=3)
BY_TYPE: dict[str, Any] = {
    "int": st.integers(0, 10**7), "str": st.text(max_size=10), "bytes": st.binary(max_size=50),
    "int | None": st.none() | st.integers(0, 10**7), "str | None": st.none() | st.text(max_size=10),
    "Mapping[str, Any]": OBJECTS, "Mapping[str, Any] | None": st.none() | OBJECTS,
}


def values_of(cls: type) -> Any:
    arguments = {spec.name: BY_TYPE[str(spec.type)] for spec in dataclasses.fields(cls)}
    if cls is ev.ItemCreated:
        return st.builds(
            lambda item, previous: ev.ItemCreated(item, previous, {"id": item, "status": "completed"}),
            st.text(min_size=1, max_size=9), arguments["previous_item_id"],
        )
    if cls in (ev.ErrorEvent, ev.TranscriptFailed):
        arguments["error"] = st.just({"code": "c", "message": "m", "param": None})
    return st.builds(cls, **arguments)


@given(st.one_of([values_of(cls) for cls in ev.SERVER_EVENTS.values()]))
def test_server_events_survive_the_wire(event: ev.ServerEvent) -> None:
    message, back = decode_server(encode(event))
    assert back == event
    assert message["type"] == event.type and len(message["event_id"]) == 38


@given(st.one_of([values_of(cls) for cls in ev.CLIENT_EVENTS.values()]))
def test_client_events_survive_the_wire(event: ev.ClientEvent) -> None:
    assert read_client(parse(encode(event))) == event


@given(st.binary(max_size=100))
def test_the_fast_append_is_what_json_would_write(audio: bytes) -> None:
    message = {"event_id": "event_1", "type": "input_audio_buffer.append",
               "audio": base64.b64encode(audio).decode()}
    assert encode_append(audio, "event_1") == json.dumps(message)


@pytest.mark.parametrize(("message", "event"), [
    ({"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 320.0, "new": 1},
     ev.SpeechStarted("i", 320)),
    ({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 12.6}, ev.SpeechStopped("", 13)),
    ({"type": "conversation.item.created", "item": {"id": "i"}}, ev.ItemCreated("i", None, {"id": "i"})),
    ({"type": "conversation.item.input_audio_transcription.completed", "item_id": "i", "transcript": None,
      "emotion": None, "content_index": 0.0}, ev.TranscriptCompleted("i")),
    ({"type": "conversation.item.input_audio_transcription.text", "item_id": "i", "stash": "a"},
     ev.TranscriptPartial("i", stash="a")),
    ({"type": "session.created", "session": None}, ev.SessionCreated()),
    ({"type": "error", "code": "x", "message": "y"}, ev.ErrorEvent({"code": "x", "message": "y"})),
])
def test_missing_null_and_float_fields_are_borne(message: dict[str, Any], event: ev.ServerEvent) -> None:
    assert decode_server(json.dumps(message)) == (message, event)


def test_an_unknown_type_is_kept_as_it_came() -> None:
    message = {"type": "some.future.event", "x": [1, {"y": None}], "event_id": "event_7"}
    kept, event = decode_server(json.dumps(message))
    assert event == ev.UnknownEvent(message) and kept == message
    assert json.loads(encode(event)) == message


def test_a_known_type_that_cannot_be_read_says_why() -> None:
    message = {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": "soon"}
    event = decode_server(json.dumps(message))[1]
    assert isinstance(event, ev.UnknownEvent) and "audio_start_ms" in event.problem


@pytest.mark.parametrize("position", [10**400, -(10**400), 1e300])
def test_a_position_beyond_all_time_is_an_event_that_cannot_be_read(position: float) -> None:
    message = {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": position}
    event = decode_server(json.dumps(message))[1]
    assert isinstance(event, ev.UnknownEvent) and "audio_start_ms" in event.problem
    assert len(event.problem) < 200


@given(st.text(st.sampled_from('a"\\/ué😀') | st.characters(categories=["Cs"])))
def test_every_text_of_the_service_can_be_saved_and_is_changed_only_where_it_could_not(text: str) -> None:
    read = parse(json.dumps({"type": "x", text: [text]}))
    whole = json.loads(json.dumps(text)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert read == {"type": "x", whole: [whole]}
    parse(json.dumps({"type": "x", "y": text}, ensure_ascii=False))["y"].encode("utf-8")


def test_absurd_nesting_is_refused_before_anything_has_to_walk_it() -> None:
    for opening, closing in ("[]", ('{"x":', "}")):
        assert parse('{"type": "x", "y": ' + opening * 63 + "1" + closing * 63 + "}")["type"] == "x"
        with pytest.raises(ProtocolError, match="nested more than 64 deep"):
            parse('{"type": "x", "y": ' + opening * 64 + "1" + closing * 64 + "}")
    assert parse('{"type": "x", "y": "' + "[" * 600 + '"}')["y"] == "[" * 600


def append(audio: Any) -> str:
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio})


@pytest.mark.parametrize(("frame", "code", "param"), [
    ("{", "invalid_json", None),
    ('{"type": NaN}', "invalid_json", None),
    ("[" * 100_000, "invalid_json", None),
    ("[]", "invalid_event", None),
    ('{"audio": ""}', "invalid_event", "type"),
    (append(None), "invalid_value", "audio"),
    (append("QUI"), "invalid_base64", "audio"),
    (append("QU I="), "invalid_base64", "audio"),
    (append("é"), "invalid_base64", "audio"),
    (append("A" * (15 * 1024 * 1024 + 4)), "audio_too_large", "audio"),
    ('{"type": "session.update"}', "invalid_value", "session"),
])
def test_what_a_client_sends_is_read_strictly(frame: str, code: str, param: str | None) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_client(parse(frame))
    assert (caught.value.code, caught.value.param) == (code, param)


@given(st.dictionaries(st.sampled_from(["item_id", "audio_start_ms", "audio_end_ms", "text", "item", "error",
                                        "session", "transcript"]),
                       st.none() | st.integers() | st.text(max_size=3) | st.lists(st.none()) | st.floats()
                       | OBJECTS), st.sampled_from([*ev.SERVER_EVENTS, "x.y"]))
def test_no_field_whatever_makes_reading_fail(fields: dict[str, Any], kind: str) -> None:
    message = {**fields, "type": kind}
    try:
        text = json.dumps(message, allow_nan=False)
    except ValueError:
        return
    assert isinstance(decode_server(text)[1], ev.ServerEvent)
