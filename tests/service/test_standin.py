"""The stand-in for DashScope as a process: this package's client and the official SDK talk to it."""

from __future__ import annotations

import base64
import subprocess
import sys
import time

import pytest
from support.service import Client, service
from support.waiting import wait_until
from websockets.exceptions import ConnectionClosed

import qwen_asr_widgets as qaw
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE
from qwen_asr_widgets.service.standin import IDLE, TRAFFIC, UPDATE_REFUSED

pytestmark = pytest.mark.service

CLIP = qaw.sample("conversation").clip[:20.0]
SPEECH = CLIP.to_pcm16()[:70_000]
SETTINGS = qaw.SessionConfig(turn_detection=qaw.TurnDetection(0.0, 400))
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}
SOON = {"finish_delay_s": 0.1}


@pytest.fixture(scope="module")
def standin():
    with qaw.embedded("script", behaviour="dashscope", quirks=SOON) as endpoint:
        yield endpoint


def raw(endpoint) -> Client:
    return Client(endpoint.base_url, endpoint.key())


# ---- our client


def test_a_recording_of_it_has_the_words_turns_and_ends_of_an_ideal_one(standin) -> None:
    said = qaw.transcribe(CLIP, config=SETTINGS, endpoint=standin, pace=None, progress=False)
    with qaw.embedded("script") as ideal:
        true = qaw.transcribe(CLIP, config=SETTINGS, endpoint=ideal, pace=None, progress=False)
    assert said.complete and said.text == true.text != ""
    assert [u.text for u in said.utterances] == [u.text for u in true.utterances]
    for ours, real in zip(said.utterances[:-1], true.utterances[:-1]):
        assert ours.end == pytest.approx(real.end, abs=0.001) and ours.end_source == "estimated"
        assert ours.reported_end == pytest.approx(real.end + 0.4, abs=0.001)
    assert said.info.facts == DASHSCOPE and said.usage["seconds"] > 10
    assert [u.ended_by for u in said.utterances] == [u.ended_by for u in true.utterances]


def test_its_recording_names_it(standin) -> None:
    recording = qaw.transcribe(CLIP[:2.0], endpoint=standin, pace=None, progress=False)
    assert "standing in for DashScope" in recording.info.engine


# ---- the wire


def test_a_second_update_after_sound_ends_the_session_with_1007(standin) -> None:
    with raw(standin) as client:
        client.update(turn_detection=BRIEF)
        client.append(SPEECH[:1_600])
        client.update(turn_detection=BRIEF)
        error = client.until("error")["error"]
        with pytest.raises(ConnectionClosed) as closed:
            client.until("session.finished")
    assert error == {"code": "invalid_value", "message": UPDATE_REFUSED}
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1007, UPDATE_REFUSED)


def test_session_finished_comes_late_and_the_service_closes(standin) -> None:
    with raw(standin) as client:
        client.until("session.created")
        began = time.monotonic()
        client.finish()
        assert time.monotonic() - began >= 0.1
        with pytest.raises(ConnectionClosed) as closed:
            client.socket.recv(10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1000


@pytest.mark.parametrize(("quirk", "value", "reason"), [
    ("idle_close_s", 0.2, IDLE.format(0.2)), ("upload_limit_kB_s", 60, TRAFFIC),
])
def test_too_long_without_a_final_or_too_fast_is_closed_with_1007(quirk, value, reason) -> None:
    with service("script", quirks={quirk: value}) as url, Client(url) as client:
        if quirk == "upload_limit_kB_s":
            client.append(SPEECH)
        with pytest.raises(ConnectionClosed) as closed:
            client.until("session.finished")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1007, reason)


def test_serve_takes_behaviour_and_quirks_and_says_what_it_is() -> None:
    command = [sys.executable, "-m", "qwen_asr_widgets", "serve", "--recognizer", "script"]
    process = subprocess.Popen(
        [*command, "--behaviour", "dashscope", "--quirk", "finish_delay_s=0.1"], stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        key = process.stdout.readline().split()[-1]
        with Client(said.split()[-1], key) as client:
            client.append(SPEECH)
            client.finish()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert "standing in for DashScope" in said
    assert "usage" in client.of_type("completed")[0]
    refused = subprocess.run([*command, "--quirk", "finish_dely_s=1"], capture_output=True, text=True)
    assert refused.returncode == 2 and "did you mean 'finish_delay_s'" in refused.stderr


# ---- the official SDK


def test_the_official_sdk_is_answered_as_by_the_cloud(standin, monkeypatch) -> None:
    omni = pytest.importorskip("dashscope.audio.qwen_omni")

    class Kept(omni.OmniRealtimeCallback):
        def __init__(self):
            self.events, self.closed = [], []

        def on_event(self, event):
            self.events.append(event)

        def on_close(self, code, reason):
            self.closed.append((code, reason))

    def conversation() -> tuple:
        kept = Kept()
        made = omni.OmniRealtimeConversation(
            model="qwen3-asr-flash-realtime", callback=kept, url=standin.base_url
        )
        made.connect()
        made.update_session(
            output_modalities=[omni.MultiModality.TEXT], enable_turn_detection=True,
            turn_detection_threshold=0.0, turn_detection_silence_duration_ms=400,
        )
        for first in range(0, len(SPEECH), 1_600):
            made.append_audio(base64.b64encode(SPEECH[first:first + 1_600].tobytes()).decode())
        return made, kept

    monkeypatch.setattr("dashscope.api_key", standin.key())
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    client, kept = conversation()
    client.end_session(timeout=20)
    kinds = [event["type"].rpartition(".")[2] for event in kept.events]
    assert kinds[-3:] == ["completed", "text", "finished"], "a late partial, then the end"
    client, kept = conversation()
    client.update_session(output_modalities=[omni.MultiModality.TEXT], turn_detection_threshold=0.5)
    wait_until(lambda: kept.closed, what="the service closes")
    assert kept.closed[0][0] == 1007
    errors = [event["error"] for event in kept.events if event["type"] == "error"]
    assert errors == [{"code": "invalid_value", "message": UPDATE_REFUSED}]
    client.close()


def test_our_conversation_explains_the_refusal(standin, caplog) -> None:
    class Kept(qaw.OmniRealtimeCallback):
        def __init__(self):
            self.closed = []

        def on_close(self, code, reason):
            self.closed.append(code)

    kept = Kept()
    client = qaw.OmniRealtimeConversation(
        model="qwen3-asr-flash-realtime", callback=kept, url=standin.base_url, api_key=standin.key()
    )
    client.connect()
    client.update_session(output_modalities=[qaw.MultiModality.TEXT])
    client.append_audio(base64.b64encode(SPEECH[:1_600].tobytes()).decode())
    client.update_session(output_modalities=[qaw.MultiModality.TEXT])
    wait_until(lambda: kept.closed, what="the service closes")
    assert kept.closed == [1007]
    assert any("need a new session" in record.getMessage() for record in caplog.records)
    client.close()
