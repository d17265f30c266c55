"""The transcriber's Python half: what becomes of sound, with services that work and with some that fail."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from support.scripted_server import ScriptedServer, created, greet_and_record, item_events, updated
from support.transcribing import MicrophonePage, ask, of_kind, script, state, transcriber
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import AudioError, ConnectFailed, EndpointError, ServiceClosed, SettingError
from qwen_asr_widgets.realtime.config import SessionConfig
from qwen_asr_widgets.realtime.endpoints import Endpoint
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.transcriber import Transcriber

NOWHERE = "ws://127.0.0.1:9/api-ws/v1/realtime"
SECONDS = 30


def spoken(seconds: float | None = None) -> np.ndarray:
    """Return the conversation at 48 kHz, as a microphone hears it."""
    clip = sample("conversation").clip
    samples = clip.to_pcm16() if seconds is None else clip[:seconds].to_pcm16()
    return resample(samples, clip.sample_rate, 48_000)


@pytest.fixture
def made():
    widgets = []

    def make(*args, **options) -> Transcriber:
        widgets.append(transcriber(*args, **options))
        return widgets[-1]

    yield make
    for widget in widgets:
        widget.close()


def test_a_sample_is_heard_turn_by_turn_within_200_ms_of_its_reference(made) -> None:
    talk = sample("conversation")
    t = made(talk, pace=None)
    t.start()
    recording = t.wait(SECONDS)
    assert recording.complete and recording.text
    turns = recording.turns
    for reference in talk.turns:
        nearest = min(turns, key=lambda turn: abs(turn.onset - reference.start))
        assert abs(nearest.onset - reference.start) <= 0.2
        assert abs(nearest.end - reference.end) <= 0.2


def test_the_recording_grows_while_it_runs(made) -> None:
    t = made(sample("conversation"))
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    assert t.active and not t.recording.complete
    assert state(t)["phase"] in ("connecting", "live")
    t.stop()
    assert 0 < t.wait(SECONDS).duration < 20


def test_a_file_can_be_held_up_and_goes_on(made) -> None:
    t = made(sample("conversation"))
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    t.pause()
    held = wait_until(lambda: state(t)["paused"] and t.recording.duration)
    t.resume()
    wait_until(lambda: t.recording.duration > held + 0.2)
    assert not state(t)["paused"]
    t.stop()


def test_everything_the_microphone_sends_is_on_the_tape_in_order(made) -> None:
    t, heard = made(), spoken(3.0)
    page = MicrophonePage(t).start()
    page.speak(heard)
    page.stop()
    wait_until(lambda: t.recording is not None)
    recording = t.wait(SECONDS)
    assert recording.complete and t.recordings == (recording,)
    expected = resample(heard, 48_000, 16_000)
    assert np.array_equal(recording.tape.read(), expected)
    assert recording.info.original_rate == 48_000 and recording.info.name == "Built-in"


def test_lost_chunks_stand_as_listed_zeros_and_are_shown(made) -> None:
    t, heard = made(), spoken(2.0)
    page = MicrophonePage(t).start()
    page.speak(heard, lose=(7, 8))
    page.stop()
    wait_until(lambda: t.recording is not None)
    recording = t.wait(SECONDS)
    assert len(recording.tape) == 32_000
    ((start, stop),) = recording.lost
    assert abs(start - 11_200) <= 1 and abs(stop - 14_400) <= 1
    assert not recording.tape.read(start, stop).any()
    assert state(t)["lost"] == 0.2


def test_settings_changed_midway_hold_from_a_place_on_the_axis(made) -> None:
    t = made(sample("conversation"), pace=4.0)
    t.start()
    wait_until(lambda: t.recording.sent_duration > 1.0)
    ask(t, "settings", config={"threshold": 0.5, "silence": 400})
    recording = t.wait(SECONDS)
    first, second = recording.settings
    assert second.config.turn_detection == TurnDetection(0.5, 400, 300)
    assert second.sample >= 16_000
    marks = t._run.snapshot()[0]["marks"]
    assert [(mark["kind"], mark["label"]) for mark in marks] == [("settings", "0.50 · 400 ms")]


def test_a_setting_out_of_its_range_is_said_and_changes_nothing(made) -> None:
    t = made()
    ask(t, "hello")
    ask(t, "settings", config={"silence": 50})
    notice = of_kind(t, "state")[-1]["notice"]
    assert notice["code"] == "settings" and "50 ms" in notice["detail"]
    assert t.config.turn_detection == TurnDetection()
    ask(t, "dismiss", id=notice["id"])
    assert of_kind(t, "state")[-1]["notice"] is None


def test_a_setting_the_service_refuses_is_said_and_taken_back(made) -> None:
    def refusing(peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        asked = peer.until("session.update")
        peer.send({"type": "error", "error": {
            "type": "invalid_request_error", "code": "invalid_value",
            "param": "session.turn_detection.threshold", "message": "not today",
            "event_id": asked["event_id"],
        }})
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    with ScriptedServer(refusing) as server:
        t = made(sample("conversation"), Endpoint(server.url), pace=20.0)
        t.start()
        wait_until(lambda: state(t)["phase"] == "live")
        ask(t, "settings", config={"threshold": 0.9})
        wait_until(lambda: t._tell_state() or (state(t)["notice"] or {}).get("detail") == "not today")
        assert t.config.turn_detection.threshold == 0.2
        assert t.wait(SECONDS).complete


def test_commit_closes_an_utterance_in_manual_mode(made) -> None:
    t = made(config=SessionConfig(turn_detection=None))
    page = MicrophonePage(t).start()
    page.speak(spoken(2.0))
    wait_until(lambda: t.recording is not None and t.recording.duration > 1.9)
    ask(t, "commit")
    page.speak(spoken(1.5))
    wait_until(lambda: t.recording.duration > 3.4)
    page.stop()
    recording = t.wait(SECONDS)
    assert [one.ended_by for one in recording.utterances] == ["commit", "commit"]
    assert recording.utterances[0].end == pytest.approx(2.0, abs=0.06)


def test_an_endpoint_that_is_down_keeps_the_sound_and_trying_again_sends_it_all(made) -> None:
    t = made(endpoint=NOWHERE)
    page = MicrophonePage(t).start()
    page.speak(spoken(1.0))
    page.stop()
    wait_until(lambda: t.recording is not None)
    with pytest.raises(ConnectFailed):
        t.wait(SECONDS)
    t._tell_state()
    assert state(t)["notice"]["code"] == "connect" and state(t)["notice"]["kept"] == pytest.approx(1.0)
    assert not t.recording.complete and "were not sent" in t.recording.notes[0]
    t.desk.choice = made().desk.choice
    ask(t, "retry")
    recording = t.wait(SECONDS)
    assert recording.complete and len(recording.tape) == 16_000
    assert len(t.recordings) == 2 and state(t)["notice"] is None


def test_trying_again_while_recording_sends_what_was_missed_and_goes_on(made) -> None:
    t = made(endpoint=NOWHERE)
    page, heard = MicrophonePage(t).start(), spoken(2.0)
    page.speak(heard[:48_000])
    wait_until(lambda: t.recording is not None and t.desk.live.error and t.recording.duration > 0.9)
    t._tell_state()
    assert state(t)["phase"] == "failed"
    t.desk.choice = made().desk.choice
    ask(t, "retry")
    page.speak(heard[48_000:])
    page.stop()
    recording = t.wait(SECONDS)
    assert recording.complete
    assert np.array_equal(recording.tape.read(), resample(heard, 48_000, 16_000))


def test_a_wrong_key_and_a_missing_one_are_told_apart(made, monkeypatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    with ScriptedServer(greet_and_record, status=401) as server:
        t = made(sample("conversation"), Endpoint(server.url, api_key="sk-wrong"), pace=None)
        t.start()
        with pytest.raises(ConnectFailed):
            t.wait(SECONDS)
        t._tell_state()
        assert state(t)["notice"]["code"] == "key"
    ask(t, "endpoint", id="beijing")
    assert state(t)["endpoint"]["cloud"] and not state(t)["endpoint"]["has_key"]
    t.start()
    wait_until(lambda: not t.active)
    t._tell_state()
    assert state(t)["notice"]["code"] == "nokey"


def test_a_service_that_dies_midway_loses_no_sound(made) -> None:
    def dying(peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        for event in item_events():
            peer.send(event)
        peer.until("input_audio_buffer.append")
        peer.close(1011)

    with ScriptedServer(dying) as server:
        t = made(endpoint=server.url)
        page = MicrophonePage(t).start()
        page.speak(spoken(1.0))
        wait_until(lambda: t.recording is not None and t.desk.live.error is not None, what="it noticed")
        page.speak(spoken(2.0)[48_000:])
        page.stop()
        with pytest.raises(ServiceClosed):
            t.wait(SECONDS)
    t._tell_state()
    assert state(t)["notice"]["code"] == "closed"
    assert t.recording.duration == pytest.approx(2.0) and t.recording.text == "good morning"


def test_a_service_that_never_answers_holds_up_nobody(made) -> None:
    with ScriptedServer(lambda peer: peer.until("session.finish")) as server:
        t = made(endpoint=server.url)
        page = MicrophonePage(t).start()
        page.speak(spoken(3.0))
        wait_until(lambda: t.recording is not None and t.recording.duration > 2.9)
        assert state(t)["phase"] == "connecting"
        t.close()


def test_run_again_keeps_both_runs_and_compares_them(made) -> None:
    t = made(sample("conversation"), pace=None)
    t.start()
    before = t.wait(SECONDS)
    ask(t, "hello")
    ask(t, "settings", config={"silence": 3_000})
    ask(t, "again", pace=None)
    after = t.wait(SECONDS)
    assert t.recordings == (before, after) and after is t.recording
    assert np.array_equal(before.tape.read(), after.tape.read())
    assert len(after.utterances) < len(before.utterances)
    rows = state(t)["compared"]
    assert [row["count"] for row in rows] == [len(before.utterances), len(after.utterances)]
    other = of_kind(t, "other")[-1]
    assert other["source"] == of_kind(t, "run")[-1]["source"]
    assert len(other["utterances"]) == len(before.utterances)


def test_a_finished_recording_is_shown_and_can_be_run_again(made, tmp_path) -> None:
    first = made(sample("conversation"), pace=None)
    first.start()
    path = first.wait(SECONDS).save(tmp_path / "talk.qasr")
    t = made(path)
    assert state(t)["phase"] == "done" and t.recording.text == first.recording.text
    t.run_again(SessionConfig(language="en"), pace=50.0)
    assert t.wait(SECONDS).config.language == "en"


def test_a_file_sent_in_slices_is_transcribed_and_one_without_sound_is_said(made, tmp_path) -> None:
    path = tmp_path / "talk.wav"
    sample("conversation").clip.resample(44_100).save(path)
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("talk.wav", path.read_bytes())
    wait_until(lambda: t.recording is not None)
    assert t.wait(SECONDS).info.name == "talk.wav"
    assert state(t)["title"] == "talk.wav"
    MicrophonePage(t).upload("notes.txt", b"this is no sound" * 100)
    notice = wait_until(lambda: of_kind(t, "state")[-1]["notice"])
    assert notice["code"] == "file" and notice["detail"].startswith("notes.txt")
    assert t.recording.complete


def test_a_path_that_does_not_exist_is_said_and_raised_by_start(made) -> None:
    t = made("no/such/talk.wav")
    assert state(t)["notice"]["code"] == "file" and "no/such/talk.wav" in state(t)["notice"]["detail"]
    with pytest.raises(FileNotFoundError):
        t.start()


def test_an_array_without_a_rate_says_what_is_missing(made) -> None:
    assert "sample rate" in state(made(np.zeros(100)))["notice"]["detail"]


@pytest.mark.parametrize("config, error", [("loud", SettingError), (0.2, SettingError)])
def test_what_is_no_config_is_refused(config, error) -> None:
    with pytest.raises(error, match="SessionConfig"):
        Transcriber(config=config)


def test_an_unknown_keyword_suggests_the_right_one() -> None:
    with pytest.raises(TypeError, match="did you mean endpoint"):
        Transcriber(endpiont="embedded")
    with pytest.raises(TypeError, match="it takes source"):
        Transcriber(colour="red")


@pytest.mark.parametrize("options", [{"pace": 0}, {"pace": True}, {"lang": "xx"}, {"height": 3}])
def test_a_bad_option_is_refused(options) -> None:
    with pytest.raises(SettingError):
        Transcriber(**options)


def test_an_endpoint_that_does_not_exist_is_refused(made) -> None:
    with pytest.raises(EndpointError):
        Transcriber(endpoint="mars")
    t = made()
    ask(t, "endpoint", id="custom", url="not an address")
    assert state(t)["notice"]["code"] == "endpoint" and state(t)["endpoint"]["id"] == "given"


def test_start_from_code_lets_one_page_record(made) -> None:
    t = made()
    t.start()
    ask(t, "hello", view="a")
    (call, again) = of_kind(t, "call")
    assert call == again
    ask(t, "claim", view="b", token=call["token"])
    ask(t, "claim", view="a", token=call["token"])
    assert [message["view"] for message in of_kind(t, "begin")] == ["b"]
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: t.active)
    t.stop()
    assert of_kind(t, "halt")
    page.stop()
    assert t.wait(SECONDS).duration == pytest.approx(0.5)


def test_waiting_for_nothing_is_an_error_and_for_too_long_too(made) -> None:
    with pytest.raises(AudioError, match="Nothing was started"):
        made().wait(1)
    t = made(sample("conversation"))
    t.start()
    with pytest.raises(TimeoutError):
        t.wait(0.1)
    t = made()
    t.live_while_busy = False
    page = MicrophonePage(t).start()
    wait_until(lambda: t.active)
    with pytest.raises(AudioError, match="ipykernel 6"):
        t.wait(1)
    page.stop()


def test_a_second_recording_leaves_the_first_where_it_was(made) -> None:
    t = made()
    page = MicrophonePage(t)
    for count in (1, 2):
        page.start().speak(spoken(0.4))
        page.stop()
        wait_until(lambda: len(t.recordings) == count)
        t.wait(SECONDS)
    assert [recording.duration for recording in t.recordings] == [pytest.approx(0.4)] * 2


def test_views_are_told_the_run_in_patches_and_the_sound_as_it_grows(made) -> None:
    t = made(AudioClip(sample("conversation").clip.samples[:64_000], 16_000), pace=8.0)
    ask(t, "hello")
    assert of_kind(t, "state")[-1]["phase"] == "ready"
    t.start()
    t.wait(SECONDS)
    wait_until(lambda: of_kind(t, "state")[-1]["phase"] == "done")
    kinds = {content["kind"] for content, _ in t.heard}
    assert {"state", "run", "sound", "grow"} <= kinds
    assert of_kind(t, "state")[-1]["figures"]["count"] == len(t.recording.utterances)
    assert wait_until(lambda: not t._pump.running)


def test_the_recogniser_is_the_one_given(made) -> None:
    t = made(endpoint=script(words=[(1.0, "hello")]))
    assert state(t)["endpoint"]["name"] == "script" and state(t)["endpoint"]["offline"]


def test_a_clip_recorder_is_a_source_once_it_has_a_clip(made) -> None:
    pytest.importorskip("ipywebrtc")
    from qwen_asr_widgets.widgets.clip_recorder import ClipRecorder

    recorder = ClipRecorder()
    t = made(recorder, pace=None)
    with pytest.raises(AudioError, match="record with it first"):
        t.start()
    assert "record with it first" in state(t)["notice"]["detail"]
    recorder.clip = sample("conversation").clip[:4.0]
    t.start()
    assert t.wait(SECONDS).duration == pytest.approx(4.0)
    recorder.close()


def test_a_page_that_is_gone_ends_the_run_and_keeps_what_came(made) -> None:
    t = made()
    t.uplink._receiver.heartbeat_timeout = 0.3
    page = MicrophonePage(t).start()
    page.speak(spoken(1.0))
    wait_until(lambda: t.recording is not None)
    recording = t.wait(SECONDS)
    assert recording.complete and recording.duration == pytest.approx(1.0)
    assert t.uplink.state == "interrupted"


def test_closing_ends_threads_and_the_run(made) -> None:
    import threading

    t = made(sample("conversation"))
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    t.close()
    wait_until(lambda: not t.active)
    ours = ("qaw-transcriber", "qaw-feed")
    wait_until(lambda: not [one for one in threading.enumerate() if one.name in ours and one.is_alive()])
    assert not t.recording.complete


def test_what_a_clip_recorder_brings_is_ready_to_be_transcribed(made) -> None:
    pytest.importorskip("ipywebrtc")
    from qwen_asr_widgets.widgets.clip_recorder import ClipRecorder

    recorder = ClipRecorder()
    t = made(recorder, pace=None)
    assert state(t)["phase"] == "empty" and state(t)["notice"] is None
    file = io.BytesIO()
    soundfile.write(file, sample("conversation").clip[:4.0].samples, 16_000, format="WAV")
    recorder._recorder.audio.value = file.getvalue()
    assert state(t)["phase"] == "ready"
    ask(t, "transcribe")
    assert t.wait(SECONDS).duration == pytest.approx(4.0, abs=0.01)
    recorder.close()
