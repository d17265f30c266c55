"""The official ``dashscope`` SDK, unchanged, as a client of the embedded service."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.service import KEY, service
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample

omni = pytest.importorskip("dashscope.audio.qwen_omni")
from dashscope.audio.qwen_omni.omni_realtime import TranscriptionParams, TranslationParams  # noqa: E402

pytestmark = pytest.mark.service

SPEECH = sample("conversation").clip.to_pcm16()[:70_000]


@pytest.fixture(scope="module")
def url():
    with service("pocketsphinx") as address:
        yield address


class KeptEvents(omni.OmniRealtimeCallback):
    """A callback that keeps every event."""

    def __init__(self):
        self.events, self.opened = [], False

    def on_open(self):
        self.opened = True

    def on_event(self, event):
        self.events.append(event)

    def of_type(self, ending):
        return [event for event in self.events if event["type"].endswith(ending)]


@pytest.fixture
def conversation(url, monkeypatch):
    monkeypatch.setattr("dashscope.api_key", KEY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    kept = KeptEvents()
    conversation = omni.OmniRealtimeConversation(
        model="qwen3-asr-flash-realtime", callback=kept, url=url
    )
    conversation.connect()
    yield conversation, kept
    conversation.close()


def settings(**more):
    return {
        "output_modalities": [omni.MultiModality.TEXT],
        "transcription_params": TranscriptionParams(
            language="en", sample_rate=16_000, input_audio_format="pcm"
        ),
        **more,
    }


def append(conversation, samples):
    for first in range(0, len(samples), 1_600):
        conversation.append_audio(base64.b64encode(samples[first:first + 1_600].tobytes()).decode("ascii"))


def test_turn_detection_with_its_settings_and_end_session(conversation):
    client, kept = conversation
    client.update_session(**settings(
        enable_turn_detection=True, turn_detection_type="server_vad", turn_detection_threshold=0.0,
        turn_detection_silence_duration_ms=400,
    ))
    append(client, SPEECH)
    client.end_session(timeout=60)
    assert kept.opened and client.get_session_id().startswith("sess_")
    updated = kept.of_type("session.updated")[0]["session"]
    assert updated["turn_detection"] == {
        "type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400, "prefix_padding_ms": 300
    }
    assert [event["audio_end_ms"] for event in kept.of_type("speech_stopped")] == [3_648]
    completed = kept.of_type("completed")
    assert [event["transcript"] for event in completed] == ["good morning can you show me how this works"]
    assert kept.events[-1]["type"] == "session.finished"


def test_manual_mode_with_commit_and_clear(conversation):
    client, kept = conversation
    client.update_session(**settings(enable_turn_detection=False))
    append(client, SPEECH[:20_000])
    client.clear_appended_audio()
    append(client, SPEECH)
    client.commit()
    client.end_session(timeout=60)
    assert kept.of_type("session.updated")[0]["session"]["turn_detection"] is None
    assert len(kept.of_type("buffer.cleared")) == 1
    assert "can you show me how this works" in kept.of_type("completed")[0]["transcript"]
    assert not kept.of_type("speech_started")


def test_every_field_the_sdk_can_send_is_borne(conversation):
    client, kept = conversation
    everything = settings(
        voice="Cherry", enable_input_audio_transcription=True, input_audio_transcription_model="asr",
        turn_detection_param={"create_response": False, "interrupt_response": False},
        translation_params=TranslationParams(
            language="en", corpus=TranslationParams.Corpus(phrases={"Qwen": "Qwen"})
        ),
        input_video_representation_compact="low", instructions="be brief", temperature=0.1, tools=[],
    )
    client.update_session(**everything)
    client.update_session(**{
        **everything, "transcription_params": None,
        "input_audio_config": omni.AudioFormatConfig(extra_params={"speech_rate": 1.2}),
        "output_audio_config": omni.AudioFormatConfig(sample_rate=24_000, extra_params={"speech_rate": 1.2}),
    })
    client.end_session(timeout=60)
    assert len(kept.of_type("session.updated")) == 2 and not kept.of_type("error")


@pytest.mark.parametrize(("given", "code", "param"), [
    ({"turn_detecton": None}, "unknown_parameter", "session.turn_detecton"),
    ({"turn_detection_param": {"treshold": 0.1}}, "unknown_parameter", "turn_detection.treshold"),
    ({"output_modalities": [omni.MultiModality.TEXT, omni.MultiModality.AUDIO]},
     "invalid_value", "modalities"),
])
def test_a_field_that_does_not_exist_or_cannot_be_is_refused_by_its_name(conversation, given, code, param):
    client, kept = conversation
    client.update_session(**settings(**given))
    wait_until(lambda: kept.of_type("error"), what="the error is told")
    error, = (event["error"] for event in kept.of_type("error"))
    assert (error["code"], error["param"]) == (code, param)
    assert not kept.of_type("session.updated")


def test_an_error_reaches_the_callback_and_ends_a_session_that_waits(conversation):
    client, kept = conversation
    client.commit()
    client.cancel_response()
    wait_until(lambda: len(kept.of_type("error")) == 2, what="both errors are told")
    assert [event["error"]["code"] for event in kept.of_type("error")] == [
        "commit_in_vad_mode", "response_cancel_not_active"
    ]
    append(client, SPEECH)  # its words are what the end of the session waits for
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(client.end_session, timeout=60)
        wait_until(lambda: client.disconnect_event, what="it waits", every=0.001)
        client.commit()
        with pytest.raises(RuntimeError, match="Session ended with error"):
            ended.result(60)
