"""`transcribe` against a service that follows a script: what it sends, what it returns, how it ends."""

from __future__ import annotations

import base64
import logging
import signal
import threading

import numpy as np
import pytest
from support.scripted_server import ScriptedServer, created, item_events, updated

from qwen_asr_widgets import Endpoint, Retry, SessionConfig, TurnDetection, recover, transcribe
from qwen_asr_widgets.errors import (
    AudioError, ConnectFailed, EndpointError, MissingKey, ServiceClosed, ServiceError, SettingError,
)

SECOND = (5_000 * np.sin(np.arange(16_000) / 11)).astype(np.int16)


def greet(peer):
    peer.send(created())
    message = peer.until("session.update")
    peer.send(updated(**message["session"]))


def run(script, source=SECOND, **options):
    """Transcribe with a scripted service; return the recording and the server's peer."""
    options = {"pace": None, "progress": False, "sample_rate": 16_000, "retry": Retry(patience=0), **options}
    with ScriptedServer(script) as server:
        recording = transcribe(source, Endpoint(server.url), **options)
        return recording, server.peer()


def sent_audio(peer):
    data = b"".join(
        base64.b64decode(message["audio"]) for message in peer.messages
        if message["type"] == "input_audio_buffer.append"
    )
    return np.frombuffer(data, "<i2")


def friendly(peer):
    greet(peer)
    peer.until("input_audio_buffer.append")
    peer.send(*item_events())
    peer.until("session.finish")
    peer.send({"type": "session.finished"})


def test_sound_goes_out_and_comes_back_as_a_recording():
    recording, peer = run(friendly)
    assert (sent_audio(peer) == SECOND).all()
    assert (recording.tape.read() == SECOND).all()
    assert recording.text == "good morning" and recording.complete and recording.notes == ()
    assert recording.sent_duration == recording.duration == 1.0
    assert peer.types[0] == "session.update" and peer.types[-1] == "session.finish"
    assert peer.types.count("input_audio_buffer.append") == 10


def test_the_settings_asked_for_are_sent_and_recorded():
    config = SessionConfig("zh", "names", turn_detection=TurnDetection(0.0, 400, 100))
    recording, peer = run(None, config=config)
    assert peer.messages[0]["session"] == config.to_wire()
    assert recording.config == config and recording.settings[0].sample == 0


@pytest.mark.parametrize("pace", [0, 0.0, None])
def test_pace_0_is_as_fast_as_taken_as_on_the_command_line(pace):
    recording, _ = run(friendly, np.tile(SECOND, 60), pace=pace)
    assert recording.info.pace is None and recording.sent_duration == 60.0


def test_the_recording_says_how_it_was_made():
    recording, _ = run(None, chunk_ms=200)
    info = recording.info
    assert (info.pace, info.chunk_ms, info.original_rate, info.channel) == (None, 200, 16_000, None)
    assert info.started_at[:2] == "20" and info.started_at[-6] in "+-"
    assert {"python", "platform", "qwen_asr_widgets"} <= set(info.environment)


def test_sound_of_another_rate_is_sent_at_the_session_rate():
    recording, peer = run(None, SECOND, sample_rate=8_000, config=SessionConfig(sample_rate=8_000))
    assert recording.tape.sample_rate == 8_000 and (sent_audio(peer) == SECOND).all()
    recording, peer = run(None, SECOND, sample_rate=8_000)
    assert recording.tape.sample_rate == 16_000 and len(sent_audio(peer)) == 32_000


def test_chunks_of_an_iterable_are_streamed_as_they_come():
    def live(peer_seen=threading.Event()):
        yield SECOND[:8_000]
        yield SECOND[8_000:]

    recording, peer = run(friendly, live())
    assert (sent_audio(peer) == SECOND).all() and recording.text == "good morning"


def test_manual_mode_commits_at_the_end():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.commit")
        peer.send({"type": "input_audio_buffer.committed", "item_id": "m"},
                  {"type": "conversation.item.created", "item": {"id": "m"}}, item_events("m", "all")[-1])
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    recording, peer = run(script, config=SessionConfig(turn_detection=None))
    assert peer.types[-2:] == ["input_audio_buffer.commit", "session.finish"]
    utterance = recording.utterances[0]
    assert (utterance.text, utterance.ended_by, utterance.end) == ("all", "commit", 1.0)
    assert utterance.latency.decode_delay is not None and utterance.latency.endpoint_delay is None


def test_manual_mode_never_commits_more_than_a_minute():
    recording, peer = run(None, np.zeros(16_000 * 125, np.int16), chunk_ms=2_000,
                          config=SessionConfig(turn_detection=None))
    between, seconds = [], 0.0
    for message in peer.messages:
        if message["type"] == "input_audio_buffer.append":
            seconds += len(base64.b64decode(message["audio"])) / 32_000
        elif message["type"] == "input_audio_buffer.commit":
            between.append(seconds)
            seconds = 0.0
    assert between == [60.0, 60.0, 5.0]


def test_callbacks_see_events_and_finals_in_order():
    events, finals = [], []
    recording, _ = run(friendly, on_event=events.append, on_final=finals.append)
    assert [timed.event.type for timed in events][:3] == [
        "session.created", "session.updated", "input_audio_buffer.speech_started"
    ]
    assert events == [timed for timed in recording.events if timed.direction == "in"]
    assert finals == list(recording.utterances)


def test_a_callback_that_raises_is_logged_and_ends_nothing(caplog):
    def fail(_):
        raise ValueError("user's mistake")

    with caplog.at_level(logging.ERROR, "qwen_asr_widgets"):
        recording, _ = run(friendly, on_event=fail, on_final=fail)
    assert recording.complete and recording.text == "good morning"
    assert "user's mistake" in caplog.text


def test_a_service_that_closes_midway_gives_what_there_is():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        peer.send(*item_events()[:2])
        peer.close(1011, "out of service")

    with pytest.raises(ServiceClosed, match="1011.*out of service") as caught:
        run(script, np.tile(SECOND, 20), pace=1.0, chunk_ms=20)
    recording = caught.value.recording
    assert not recording.complete and recording.utterances[0].status == "lost"
    assert recording.text == "" and recording.transcript(include_drafts=True) == "good"
    assert recording.duration == 20.0, "everything handed in is in the recording"
    assert recording.sent_duration < 20.0 and "were not sent" in recording.notes[0]
    assert recording.connections[0].code == 1011


def test_a_connection_that_is_cut_gives_what_there_is():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        peer.drop()

    with pytest.raises(ServiceClosed) as caught:
        run(script, np.tile(SECOND, 20), pace=1.0, chunk_ms=20)
    assert caught.value.recording.duration == 20.0 and not caught.value.recording.complete


def test_a_server_error_ends_it_and_carries_the_recording():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        error = {"type": "server_error", "code": "overload", "message": "too busy"}
        peer.send({"type": "error", "error": error})
        peer.drain()

    with pytest.raises(ServiceError, match="too busy") as caught:
        run(script, np.tile(SECOND, 20), pace=1.0, chunk_ms=20)
    assert caught.value.code == "overload" and caught.value.recording.duration == 20.0


def test_refused_settings_are_a_clear_error():
    def script(peer):
        peer.send(created())
        peer.until("session.update")
        peer.send({"type": "error", "error": {
            "type": "invalid_request_error", "code": "invalid_value", "message": "language 'xx' is not known",
            "param": "session.input_audio_transcription.language"}})
        peer.drain()

    with pytest.raises(ServiceError, match="'xx' is not known") as caught:
        run(script, config=SessionConfig("xx"))
    assert caught.value.param.endswith("language") and caught.value.recording.duration == 1.0


def test_an_error_that_is_only_an_answer_is_noted():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        peer.send({"type": "error", "error": {"type": "invalid_request_error", "message": "no such thing"}})
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    recording, _ = run(script)
    assert recording.complete and recording.notes == ("The service reported: no such thing",)


def interrupt_main_thread():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def test_ctrl_c_finishes_the_session_and_returns_what_there_is():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        peer.send(*item_events())
        interrupt_main_thread()
        peer.until("session.finish")
        peer.send({"type": "session.finished"})
        peer.drain()

    recording, peer = run(script, np.tile(SECOND, 60), pace=1.0, chunk_ms=20)
    peer.wait_until_ended()
    assert peer.types[-1] == "session.finish" and peer.close_code == 1000
    assert recording.text == "good morning" and not recording.complete
    assert recording.duration == 60.0 and recording.sent_duration < 60.0
    assert recording.notes[0].startswith("Interrupted at 0:0")


def test_a_second_ctrl_c_does_not_wait_for_the_answer():
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        interrupt_main_thread()
        peer.until("session.finish")
        interrupt_main_thread()
        peer.drain()

    recording, _ = run(script, np.tile(SECOND, 60), pace=1.0, chunk_ms=20)
    assert not recording.complete and recording.duration == 60.0


@pytest.mark.parametrize("pace", [-1, "fast", True, float("nan"), float("inf")])
def test_a_pace_out_of_range_is_refused_with_its_value(pace):
    with pytest.raises(SettingError, match=f"pace is {pace!r}"):
        transcribe(SECOND, sample_rate=16_000, pace=pace)


def test_what_is_wrong_is_said_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    silent = {"sample_rate": 16_000, "progress": False, "pace": None}
    with pytest.raises(EndpointError, match="'paris'.*beijing, singapore"):
        transcribe(SECOND, "paris", **silent)
    with pytest.raises(MissingKey, match="DASHSCOPE_API_KEY"):
        transcribe(SECOND, "beijing", **silent)
    with pytest.raises(ConnectFailed):
        transcribe(SECOND, "ws://127.0.0.1:9/api-ws/v1/realtime", **silent)
    with pytest.raises(AudioError, match="sample_rate"):
        transcribe(SECOND, "ws://127.0.0.1:9/api-ws/v1/realtime")
    with pytest.raises(TypeError, match="thresold"):
        transcribe(SECOND, thresold=0.1)


@pytest.mark.parametrize("status", [401, 404])
def test_a_refused_handshake_says_its_status(status):
    with ScriptedServer(status=status) as server, pytest.raises(ConnectFailed) as caught:
        transcribe(SECOND, Endpoint(server.url), sample_rate=16_000, progress=False)
    assert caught.value.status == status


def test_loopback_goes_past_a_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    recording, _ = run(friendly)
    assert recording.complete


def test_the_bar_shows_seconds_and_the_words_as_they_come(capsys, monkeypatch):
    shown = []
    monkeypatch.setattr("qwen_asr_widgets.recording.transcription.Progress.show",
                        lambda self, recording: shown.append((recording.sent_duration, self._enabled)))
    run(friendly, progress=True)
    assert len(shown) == 10 and shown[-1][1] is True


def test_a_source_that_fails_midway_loses_nothing_of_what_came_before():
    def microphone():
        yield SECOND
        raise OSError("the microphone was unplugged")

    with ScriptedServer(friendly) as server, pytest.raises(OSError, match="unplugged") as caught:
        transcribe(microphone(), Endpoint(server.url), pace=None, progress=False, sample_rate=16_000)
    recording = caught.value.recording
    assert (recording.tape.read() == SECOND).all() and recording.sent_duration == 1.0
    assert recording.text == "good morning" and not recording.complete
    assert any("unplugged" in note for note in recording.notes)


def test_a_config_that_is_none_is_refused_at_once():
    with pytest.raises(SettingError, match="config must be a SessionConfig or None, not {'language': 'en'}"):
        transcribe(SECOND, config={"language": "en"}, sample_rate=16_000)


@pytest.mark.parametrize(("given", "said"), [
    ({"autosave": True}, "autosave is True; give the path of a folder"), ({"autosave": ""}, "autosave is ''"),
    ({"autosave": "a\0"}, "autosave is 'a"), ({"on_event": 3}, "on_event is 3; give a function"),
    ({"on_final": "print"}, "on_final is 'print'"), ({"on_outage": []}, "on_outage is "),
])
def test_a_callback_or_folder_that_is_none_is_refused_at_once(given, said):
    with pytest.raises(SettingError, match=said):
        transcribe(SECOND, sample_rate=16_000, **given)


@pytest.mark.parametrize("given", [None, 3, b"kept", "", "a\0"])
def test_recordings_are_recovered_from_a_path_alone(given):
    with pytest.raises(SettingError, match="folder is .*; give the path of a folder"):
        recover(given)
