"""The service answers from a recording: the same events, at the same places of the sound, for any client."""

from __future__ import annotations

import base64
import json
import os

import numpy as np
import pytest
from support.service import KEY, Client, service
from support.waiting import wait_until

from qwen_asr_widgets import (
    Recording, SessionConfig, TurnDetection, embedded, load_recording, sample, transcribe,
)
from qwen_asr_widgets.errors import BundleError, EndpointError
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE
from qwen_asr_widgets.protocol.codec import read_client, read_server
from qwen_asr_widgets.recording.earlier.history import History
from qwen_asr_widgets.recording.log.run_info import RunInfo
from qwen_asr_widgets.recording.values import SessionBegun
from qwen_asr_widgets.service.replay import recognizer
from qwen_asr_widgets.service.replay.recognizer import ReplayedSessions
from qwen_asr_widgets.service.replay.recorded import recorded_sessions

ITEM = "conversation.item."
TALK = sample("conversation").clip[:9.0]


class Made:
    """A recording made by hand: sound, and what is sent and comes between its chunks of 0.1 s."""

    def __init__(self, config=None, rate=16_000, **info):
        self.config = config or SessionConfig(language="en", sample_rate=rate)
        self.recording = Recording(self.config, RunInfo(pace=1.0, **info), clock=lambda: 0.0)
        self.time = 0.0
        self.recording.opened(0.0)
        self.comes("session.created", session={"id": "sess_recorded", "engine": "of old"})

    def goes(self, kind, **fields):
        message = {"event_id": f"e{self.time}", "type": kind, **fields}
        self.recording.sent(message, read_client(message), self.time)
        return self

    def comes(self, kind, **fields):
        message = {"event_id": f"s{self.time}", "type": kind, **fields}
        self.recording.received(message, read_server(message), self.time)
        return self

    def sound(self, seconds):
        rate = self.recording.tape.sample_rate
        for _ in range(round(10 * seconds)):
            start = self.recording.tape.append(np.zeros(rate // 10, np.int16))
            self.time = round(self.time + 0.1, 3)
            self.recording.audio_sent(start, start + rate // 10, self.time)
        return self

    def turn(self, item="a", text="good morning", seconds=1.0):
        self.comes("input_audio_buffer.speech_started", item_id=item, audio_start_ms=round(1000 * self.time))
        self.comes(ITEM + "input_audio_transcription.text", item_id=item, text="", stash="good")
        self.sound(seconds)
        self.comes("input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=round(1000 * self.time))
        return self.item(item, text)

    def item(self, item, text="good morning"):
        self.comes("input_audio_buffer.committed", item_id=item)
        self.comes(ITEM + "created", item={"id": item})
        return self.comes(ITEM + "input_audio_transcription.completed", item_id=item, transcript=text)

    def finished(self):
        self.goes("session.finish").comes("session.finished")
        self.recording.closed(1000, "", self.time + 0.1)
        return self.recording


def replayed(recording, frames, session=1):
    """Return what a session of the recording says to each frame of a client, as it goes out on the wire."""
    replay = ReplayedSessions(recording, session).next()
    return [said(replay.open()), *(said(replay.receive(json.dumps(frame))) for frame in frames)]


def said(outputs):
    return [getattr(one, "message", None) or one.type if hasattr(one, "type") else one for one in outputs]


def kinds(answers):
    def kind(one):
        return one["type"].rpartition(".")[2] if isinstance(one, dict) else one

    return [[kind(one) for one in each] for each in answers]


def append(seconds, rate=16_000):
    data = bytes(2 * round(seconds * rate))
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode("ascii")}


FINISH = {"type": "session.finish"}


def test_each_event_comes_once_as_much_sound_has_as_had_then():
    recording = Made().sound(0.5).turn().sound(0.5).finished()
    answers = replayed(recording, [append(0.4), append(0.1), append(0.9), append(0.1), append(0.5), FINISH])
    assert kinds(answers) == [
        ["created"], [], ["speech_started", "text"], [],
        ["speech_stopped", "committed", "created", "completed"], [], ["finished"],
    ]


def test_events_are_what_stood_on_the_wire_to_the_letter():
    recording = Made().sound(0.2).turn().finished()
    answers = [one for each in replayed(recording, [append(9.0), FINISH]) for one in each]
    assert answers == [timed.message for timed in recording.events if timed.direction == "in"]


def test_places_hold_for_a_client_at_another_rate():
    recording = Made().sound(0.5).turn().finished()
    update = {"type": "session.update", "session": {"sample_rate": 8000}}
    answers = replayed(recording, [update, append(0.4, 8000), append(0.1, 8000)])
    assert kinds(answers)[2:] == [[], ["speech_started", "text"]]


def test_settings_are_answered_as_they_were_and_a_further_update_with_those_in_force():
    before = {"turn_detection": {"silence_duration_ms": 400}}
    made = Made().goes("session.update", session=before).comes("session.updated", session=before)
    recording = made.finished()
    update = {"type": "session.update", "session": {"turn_detection": {"silence_duration_ms": 900}}}
    replay = ReplayedSessions(recording).next()
    list(replay.open())
    first, second = (list(replay.receive(json.dumps(update))) for _ in range(2))
    assert first[0].message["session"]["turn_detection"]["silence_duration_ms"] == 400
    assert second[0].session["turn_detection"]["silence_duration_ms"] == 400


def test_a_commit_is_answered_when_it_comes_and_one_too_many_refused():
    made = Made(SessionConfig(turn_detection=None)).sound(1.0).goes("input_audio_buffer.commit").item("a")
    answers = replayed(made.finished(), [append(1.0), {"type": "input_audio_buffer.commit"}])
    assert kinds(answers)[1:] == [[], ["committed", "created", "completed"]]
    replay = ReplayedSessions(made.recording).next()
    frames = 2 * [append(1.0), {"type": "input_audio_buffer.commit"}]
    last = [list(replay.receive(json.dumps(frame))) for frame in frames][-1][0]
    assert last.error["message"] == "The recording that is replayed has no more than 1 commits."


def test_who_finishes_early_is_told_the_rest_of_what_had_begun_and_no_more():
    recording = Made().sound(0.5).turn("a").sound(1.0).turn("b").finished()
    answers = replayed(recording, [append(0.6), FINISH])
    assert kinds(answers)[2] == ["speech_stopped", "committed", "created", "completed", "finished"]
    assert {one["item_id"] for one in answers[2] if "item_id" in one} == {"a"}


def test_what_came_of_the_finish_waits_for_it():
    made = Made().sound(0.5)
    made.comes("input_audio_buffer.speech_started", item_id="a", audio_start_ms=0).sound(0.5)
    made.goes("session.finish").item("a").comes("session.finished")
    answers = replayed(made.recording, [append(9.0), FINISH])
    assert kinds(answers)[1:] == [["speech_started"], ["committed", "created", "completed", "finished"]]


def test_a_lost_connection_is_lost_there_again_and_the_next_client_gets_what_followed():
    made = Made().sound(0.5).turn("a", "before")
    made.recording.closed(None, "", 2.0)
    made.recording.opened(2.5, SessionBegun(16_000, 2, "lost"))
    made.comes("session.created", session={"id": "second"})
    made.sound(0.5).turn("b", "after").finished()
    sessions = ReplayedSessions(made.recording)
    first = sessions.next()
    list(first.open())
    *_, close = first.receive(json.dumps(append(1.5)))
    assert (close.code, close.reason) == (1011, "")
    assert [sessions.next().session_id for _ in range(2)] == ["second", "sess_recorded"]
    assert ReplayedSessions(made.recording, session=2).next().session_id == "second"


def test_an_error_about_a_commit_that_nobody_sends_holds_nothing_up():
    made = Made().sound(0.5).goes("input_audio_buffer.commit")
    made.comes("error", error={"code": "commit_in_vad_mode", "message": "no"}).sound(0.5).turn()
    answers = replayed(made.finished(), [append(0.5), append(0.5), append(9.0)])
    assert kinds(answers)[2:] == [
        ["speech_started", "text"], ["speech_stopped", "committed", "created", "completed"],
    ]


def test_what_is_no_event_is_refused_as_the_service_does():
    replay = ReplayedSessions(Made().finished()).next()
    frames = ["{", b"\x00", '{"type": "speak"}', '{"type": "input_audio_buffer.append", "audio": "A"}']
    codes = [next(iter(replay.receive(frame))).error["code"] for frame in frames]
    assert codes == ["invalid_json", "invalid_event", "unknown_event", "invalid_base64"]


@pytest.mark.parametrize("options, sentence", [
    ({}, r'needs recording=…, a Recording or the path of a .qasr file, not None\.'),
    ({"recording": 7}, r"not 7\."),
    ({"recording": "nowhere.qasr"}, "There is no file nowhere.qasr"),
    ({"recording": Recording()}, "nothing to replay: no service has answered"),
    ({"recording": Made().finished(), "session": 2}, "session is 2; this recording has 1, counted from 1"),
    ({"recording": Made().finished(), "session": "one"}, "session is 'one'"),
])
def test_bad_input_is_one_sentence_before_anything_starts(options, sentence):
    with pytest.raises((EndpointError, BundleError), match=sentence) as caught:
        embedded("replay", **options)
    assert "\n" not in str(caught.value)


def test_a_bundle_is_read_once_until_it_is_another_file(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(recognizer, "load_recording", lambda path: read.append(path) or load_recording(path))
    path = Made(facts=DASHSCOPE).sound(0.5).turn().finished().save(tmp_path / "cloud.qasr")
    for _ in range(3):
        assert embedded("replay", recording=path).facts == DASHSCOPE
    assert read == [str(path)]
    os.utime(path, ns=(1, 1))
    assert embedded("replay", recording=path).facts == DASHSCOPE and len(read) == 2


def test_the_reports_of_a_cloud_recording_are_read_as_of_the_cloud(tmp_path):
    made = Made(facts=DASHSCOPE).sound(0.5).turn()
    path = made.finished().save(tmp_path / "talk.qasr")
    assert embedded("replay", recording=path).facts == DASHSCOPE
    assert embedded("replay", recording=made.recording).facts == DASHSCOPE
    assert recorded_sessions(made.recording)[0].samples == 24_000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run with the embedded service, as a file."""
    with embedded("script") as endpoint:
        config = SessionConfig(turn_detection=TurnDetection(0.0, 400))
        recording = transcribe(TALK, endpoint, config, pace=None, progress=False)
    return recording.save(tmp_path_factory.mktemp("replay") / "talk.qasr"), recording


@pytest.mark.service
def test_a_run_against_it_is_the_recorded_run_again(recorded):
    path, before = recorded
    with embedded("replay", recording=path) as endpoint:
        again = transcribe(TALK, endpoint, before.config, pace=None, progress=False)
    told = [[timed.message for timed in one.events if timed.direction == "in"] for one in (again, before)]
    assert told[0] == told[1] and again.text == before.text and again.complete
    words = ("item_id", "start", "onset", "end", "text", "status", "ended_by")
    assert [[getattr(u, name) for name in words] for u in again.utterances] == [
        [getattr(u, name) for name in words] for u in before.utterances
    ]
    assert History(again).at(99).text == before.text


@pytest.mark.service
def test_a_plain_client_and_the_official_sdk_are_told_the_same(recorded, monkeypatch):
    omni = pytest.importorskip("dashscope.audio.qwen_omni")
    path, before = recorded
    told = [timed.message for timed in before.events if timed.direction == "in"]
    samples = TALK.to_pcm16()
    with service("replay", recording=str(path)) as url:
        with Client(url) as plain:
            plain.update(**before.config.to_wire())
            plain.append(samples)
            assert plain.finish() == told
        assert told_to_the_sdk(omni, url, samples, monkeypatch) == told


def told_to_the_sdk(omni, url, samples, monkeypatch):
    """Return the events that the official SDK hands to its callback."""
    events = []

    class Kept(omni.OmniRealtimeCallback):
        def on_event(self, event):
            events.append(event)

    monkeypatch.setattr("dashscope.api_key", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    client = omni.OmniRealtimeConversation(model="qwen3-asr-flash-realtime", callback=Kept(), url=url)
    client.connect()
    client.update_session(output_modalities=[omni.MultiModality.TEXT])
    wait_until(lambda: len(events) == 2, 10, "the settings are answered")
    for first in range(0, len(samples), 1_600):
        client.append_audio(base64.b64encode(samples[first:first + 1_600].tobytes()).decode("ascii"))
    client.end_session(timeout=30)
    client.close()
    return events
