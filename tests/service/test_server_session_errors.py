"""What the service's side of a session refuses: each with its code, its parameter and the remedy."""

from __future__ import annotations

import numpy as np
import pytest
from support.server_session import MANUAL, SPEECH, Session, error_of

from qwen_asr_widgets.errors import ProtocolError
from qwen_asr_widgets.protocol.codec import MAX_APPEND_CHARS, decode_audio
from qwen_asr_widgets.service.workers import messages as worker_messages


@pytest.mark.parametrize(("param", "detection"), [
    ("turn_detection.threshold", {"threshold": 1.5}),
    ("turn_detection.silence_duration_ms", {"silence_duration_ms": 100}),
    ("turn_detection.prefix_padding_ms", {"prefix_padding_ms": -1}),
    ("turn_detection.type", {"type": "semantic_vad"}),
])
def test_settings_out_of_range_are_refused_and_the_old_ones_stay(param, detection):
    session = Session()
    before = session.server.config
    error = error_of(session.update(turn_detection=detection))
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "invalid_value", param)
    assert error["event_id"] == "event_7" and session.server.config == before


@pytest.mark.parametrize(("param", "session", "suggested"), [
    ("session.turn_detecton", {"turn_detecton": None}, "turn_detection"),
    ("turn_detection.treshold", {"turn_detection": {"treshold": 0.1}}, "threshold"),
    ("turn_detection.silence_ms", {"turn_detection": {"silence_ms": 400}}, "silence_duration_ms"),
    ("input_audio_transcription.langauge", {"input_audio_transcription": {"langauge": "en"}}, "language"),
    ("input_audio_transcription.corpus.txt", {"input_audio_transcription": {"corpus": {"txt": "a"}}}, "text"),
    ("audio.input.format.sample_rte", {"audio": {"input": {"format": {"sample_rte": 8_000}}}}, "sample_rate"),
    ("session.input_audio_formt", {"input_audio_formt": "opus"}, "input_audio_format"),
])
def test_a_misspelt_field_is_refused_by_its_name_with_the_right_one(param, session, suggested):
    client = Session()
    before = client.server.config
    error = error_of(client.update(**session))
    assert (error["type"], error["code"], error["param"]) == (
        "invalid_request_error", "unknown_parameter", param
    )
    assert f"did you mean '{suggested}'?" in error["message"] and client.server.config == before


def test_a_field_like_no_other_is_refused_with_those_there_are():
    error = error_of(Session().update(turn_detection={"wibble": 1}))
    assert error["param"] == "turn_detection.wibble" and "known are type, threshold," in error["message"]


@pytest.mark.parametrize("modalities", [["text", "audio"], ["audio"], "text", [None]])
def test_a_session_that_is_to_answer_in_speech_is_refused(modalities):
    error = error_of(Session().update(modalities=modalities))
    assert (error["code"], error["param"]) == ("invalid_value", "modalities")


def test_a_refused_session_does_not_change_any_of_its_other_fields():
    session = Session()
    error_of(session.update(sample_rate=8_000, turn_detection=None, voic="Cherry"))
    assert session.update()[-1]["session"]["sample_rate"] == 16_000
    assert session.server.config.turn_detection is not None


def test_a_language_the_recogniser_does_not_know_is_named_with_the_remedy():
    session = Session()
    error = error_of(session.update(input_audio_transcription={"language": "zh"}, **MANUAL))
    assert error["code"] == "unsupported_language" and error["param"] == "input_audio_transcription.language"
    assert "'zh'" in error["message"] and "DashScope" in error["message"]
    assert session.server.config.turn_detection is not None
    assert [m["type"] for m in session.update(input_audio_transcription={"language": "en"})] == [
        "session.updated"
    ]


def raw(session, frame):
    before = len(session.sent)
    session.take(session.server.receive(frame))
    return session.sent[before:]


def test_bad_frames_are_refused_with_their_codes():
    session = Session()
    assert error_of(raw(session, "{nonsense"))["code"] == "invalid_json"
    assert error_of(raw(session, "[1]"))["code"] == "invalid_event"
    assert error_of(raw(session, '{"type": 3}'))["param"] == "type"
    assert error_of(raw(session, b"\x00"))["code"] == "invalid_event"
    assert error_of(session.send("nonsense.event"))["code"] == "unknown_event"
    assert "no meaning" in error_of(session.send("response.create"))["message"]


def test_bad_audio_is_refused_with_its_codes():
    session = Session()
    bad = {"audio": "***"}
    assert error_of(session.send("input_audio_buffer.append", **bad))["code"] == "invalid_base64"
    assert error_of(session.append(b"abc"))["code"] == "invalid_audio"
    assert error_of(session.send("input_audio_buffer.append"))["param"] == "audio"
    long = error_of(session.send("input_audio_buffer.append", audio="A" * (MAX_APPEND_CHARS + 4)))
    assert long["code"] == "audio_too_large" and long["event_id"] == "event_7"


def test_what_is_not_possible_now_is_refused():
    session = Session()
    assert error_of(session.send("input_audio_buffer.commit"))["code"] == "commit_in_vad_mode"
    assert error_of(session.send("response.cancel"))["code"] == "response_cancel_not_active"
    session.update(**MANUAL)
    assert error_of(session.send("input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"
    session.append(SPEECH[:1_600])
    assert error_of(session.update(sample_rate=8_000))["param"] == "sample_rate"
    session.send("session.finish")
    assert error_of(session.append(SPEECH[:1_600]))["code"] == "session_finished"


def test_a_commit_of_more_than_a_minute_is_refused_and_the_buffer_cleared():
    session = Session()
    session.update(**MANUAL)
    session.append(np.zeros(61 * 16_000, np.int16))
    error = error_of(session.send("input_audio_buffer.commit"))
    assert error["code"] == "audio_too_long" and "61.0 s" in error["message"]
    assert session.audio <= 61 * 16_000
    session.append(SPEECH)
    assert session.send("input_audio_buffer.commit")[-1]["transcript"] == "words"


def test_settings_the_recogniser_cannot_take_are_taken_back():
    session = Session(answer=False)
    session.update(input_audio_transcription={"corpus": {"text": "words"}})
    assert session.server.awaits_configuration
    session.result(worker_messages.RecognizerFailed(None, "no model"))
    assert error_of(session.sent[-1:])["event_id"] == "event_7"
    assert session.server.config.corpus_text is None and not session.server.awaits_configuration


@pytest.mark.parametrize("where", [10, 2**18 - 2, 2**18 - 1, 2**19, 2**20 + 5])
def test_padding_in_the_middle_of_a_large_append_is_an_error_wherever_it_stands(where):
    audio = "A" * (2**20 + 8)
    with pytest.raises(ProtocolError) as caught:
        decode_audio(audio[:where] + "=" + audio[where + 1:])
    assert caught.value.code == "invalid_base64"
