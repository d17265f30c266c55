"""The service's side of a session: what it answers, and in which order."""

from __future__ import annotations

import numpy as np
from support.server_session import BRIEF, MANUAL, SPEECH, TALK, TURN, Session, error_of

from qwen_asr_widgets.service.workers import messages as worker_messages


def test_the_first_event_is_session_created_as_documented():
    session = Session().sent[0]["session"]
    assert session["id"] and session["object"] == "realtime.session"
    assert session["model"] == "qwen3-asr-flash-realtime" and session["modalities"] == ["text"]
    assert session["input_audio_format"] == "pcm" and session["input_audio_transcription"] == {}
    assert session["turn_detection"] == {
        "type": "server_vad", "threshold": 0.2, "silence_duration_ms": 800
    }


def test_a_turn_is_answered_in_the_documented_order():
    session = Session()
    session.update(**BRIEF)
    session.append(SPEECH)
    session.send("session.finish")
    assert session.types == ["session.created", "session.updated", *TURN, "session.finished"]
    assert session.violations == []


def test_positions_of_a_turn_are_milliseconds_of_the_sessions_audio():
    session = Session()
    session.update(**BRIEF)
    session.append(SPEECH)
    started, stopped = session.sent[2], session.sent[3]
    assert (started["audio_start_ms"], started["audio_onset_ms"]) == (564, 864)
    assert (stopped["audio_end_ms"], stopped["reason"]) == (3_648, "silence")


def test_a_turn_open_at_the_finish_is_closed_and_answered():
    session = Session()
    session.append(SPEECH[:40_000])
    assert session.types[1:] == TURN[:1]
    session.send("session.finish")
    assert session.types[1:] == [*TURN, "session.finished"]
    assert session.sent[2]["reason"] == "finish"


def test_finish_before_speech_goes_straight_to_finished():
    session = Session()
    session.append(np.zeros(8_000, np.int16))
    assert [message["type"] for message in session.send("session.finish")] == ["session.finished"]


def test_items_form_a_chain():
    session = Session()
    session.update(**BRIEF)
    session.append(TALK[:300_000])
    committed = [m for m in session.sent if m["type"].endswith("committed")]
    created = [m for m in session.sent if m["type"] == "conversation.item.created"]
    assert len(committed) > 2
    assert [m["previous_item_id"] for m in committed] == [None, *(m["item_id"] for m in committed[:-1])]
    assert [m["item"]["id"] for m in created] == [m["item_id"] for m in committed]
    assert created[0]["item"]["content"] == [{"type": "input_audio", "transcript": None}]


def test_what_is_not_known_is_null_and_what_is_known_is_said():
    session = Session()
    session.append(SPEECH[:40_000])
    session.send("session.finish")
    completed = session.sent[-2]
    assert completed["emotion"] is None and completed["language"] == "en"
    assert completed["content_index"] == 0 and completed["transcript"] == "words"


def test_partials_reach_the_client_while_speech_goes_on():
    session = Session()
    session.append(SPEECH[:40_000])
    item = session.sent[-1]["item_id"]
    session.result(worker_messages.PartialText(item, "good", " morning"))
    assert session.sent[-1]["text"] == "good" and session.sent[-1]["stash"] == " morning"
    assert session.types[-1] == "text" and session.violations == []


def test_manual_mode_answers_a_commit_and_shows_partials_only_then():
    session = Session()
    session.update(**MANUAL)
    session.append(SPEECH)
    begin = next(c for c in session.commands if isinstance(c, worker_messages.StartUtterance))
    session.result(worker_messages.PartialText(begin.item_id, "", "good"))
    assert session.types[2:] == []
    session.send("input_audio_buffer.commit")
    session.append(SPEECH)
    session.send("session.finish")
    assert session.types[2:] == [
        "input_audio_buffer.committed", "conversation.item.created", "text", "completed",
        "input_audio_buffer.committed", "conversation.item.created", "completed", "session.finished",
    ]
    assert session.audio == 2 * len(SPEECH) and session.violations == []


def test_clear_forgets_an_open_turn_and_what_was_appended():
    session = Session()
    session.append(SPEECH[:40_000])
    assert [m["type"] for m in session.send("input_audio_buffer.clear")] == ["input_audio_buffer.cleared"]
    assert [m["type"] for m in session.send("session.finish")] == ["session.finished"]
    manual = Session()
    manual.update(**MANUAL)
    manual.append(SPEECH)
    manual.send("input_audio_buffer.clear")
    assert error_of(manual.send("input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"


def test_a_session_object_may_come_back_as_it_was_sent():
    session = Session()
    updated = session.update(input_audio_transcription={"corpus": {"text": "ask Qwen"}})[-1]["session"]
    assert updated["input_audio_transcription"]["corpus"]["unknown_words"] == ["qwen"]
    assert session.update(**updated)[-1]["session"] == updated


def test_the_official_sdks_nulls_are_borne():
    session = Session()
    answer = session.update(
        modalities=["text"], voice=None, input_audio_format="pcm16", output_audio_format="pcm16",
        input_audio_transcription={"model": None},
        turn_detection={"type": "server_vad", "threshold": 0.2, "prefix_padding_ms": 300,
                        "silence_duration_ms": 800},
    )
    assert [m["type"] for m in answer] == ["session.updated"]
    assert answer[0]["session"]["input_audio_format"] == "pcm"


def test_words_the_recogniser_cannot_know_are_reported():
    session = Session()
    answer = session.update(input_audio_transcription={"language": "en", "corpus": {"text": "Ask Qwen"}})
    corpus = answer[0]["session"]["input_audio_transcription"]["corpus"]
    assert corpus == {"text": "Ask Qwen", "unknown_words": ["qwen"]}


def test_cancel_gives_up_a_transcript_that_is_owed():
    session = Session(answer=False)
    session.update(**MANUAL)
    session.append(SPEECH)
    session.send("input_audio_buffer.commit")
    answer = session.send("response.cancel")
    assert answer[0]["error"]["code"] == "cancelled" and session.types[-1] == "failed"
    session.result(worker_messages.FinalText(session.commands[-1].item_id, "too late"))
    assert session.types[-1] == "failed"


def test_threshold_and_silence_change_within_a_turn_and_null_closes_it():
    session = Session()
    session.append(SPEECH[:40_000])
    answer = session.update(turn_detection=None)
    assert [m["type"].rpartition("_transcription.")[2] for m in answer] == [*TURN[1:], "session.updated"]
    session.append(SPEECH[:16_000])
    answer = session.update(**BRIEF)
    assert answer[0]["type"] == "input_audio_buffer.committed"
    assert answer[-1]["session"]["turn_detection"]["silence_duration_ms"] == 400
    assert session.violations == []


def test_absent_settings_keep_their_values():
    session = Session()
    session.update(turn_detection={"type": "server_vad", "threshold": 0.5})
    answer = session.update(input_audio_transcription={"language": "en"})
    assert answer[-1]["session"]["turn_detection"]["threshold"] == 0.5
    assert answer[-1]["session"]["turn_detection"]["prefix_padding_ms"] == 300


def test_an_item_that_no_recogniser_survives_fails_and_the_session_goes_on():
    session = Session(answer=False)
    session.update(**BRIEF)
    session.append(SPEECH[:40_000])
    session.take(session.server.recognizer_lost(session.sent[-1]["item_id"], "gone"))
    session.append(SPEECH[40_000:])
    assert session.types[-1] == "failed" and session.sent[-1]["error"]["code"] == "recognizer_lost"
    session.answer = True
    session.append(SPEECH)
    assert session.types[-5:] == TURN and session.violations == []
