"""The same script through the official SDK and through our class: frames, callbacks, answers, exceptions."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.scripted_server import PATIENCE, Peer, ScriptedServer, created, greet_and_record, item_events

from qwen_asr_widgets.client.dashscope import conversation as our_conversation
from qwen_asr_widgets.client.dashscope import params as our_params

official = pytest.importorskip("dashscope.audio.qwen_omni.omni_realtime")

OURS = types.SimpleNamespace(**{**vars(our_params), **vars(our_conversation)})
BOTH = pytest.mark.parametrize("sdk", [official, OURS], ids=["official", "ours"])
KEY = "sk-a-key-for-tests"
MODEL = "qwen3-asr-flash-realtime"


class Log:
    """Callbacks in the order in which they came."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._changed = threading.Condition()

    def add(self, *call: Any) -> None:
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()

    def wait_for(self, name: str, count: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: sum(call[0] == name for call in self.calls) >= count, PATIENCE
            ), self.calls


def callback(sdk: Any, log: Log) -> Any:
    class Callback(sdk.OmniRealtimeCallback):  # type: ignore[misc,name-defined]
        def on_open(self) -> None:
            log.add("open")

        def on_close(self, code: Any, message: Any) -> None:
            log.add("close", code, message)

        def on_event(self, message: Any) -> None:
            log.add("event", message)

    return Callback()


@contextlib.contextmanager
def connected(sdk: Any, script: Callable[[Peer], None] = greet_and_record, **options: Any) -> Any:
    log = Log()
    with ScriptedServer(script) as server:
        conversation = sdk.OmniRealtimeConversation(
            model=MODEL, callback=callback(sdk, log), url=server.url, api_key=KEY, **options
        )
        conversation.connect()
        line = conversation.ws.sock if sdk is official else None
        try:
            yield conversation, server.peer(), log
        finally:
            conversation.close()  # the official class may call on_close only 10 s later: not waited for
            if line is not None:
                line.shutdown()  # where the service closes first, the official class leaves its socket open


def without_ids(frames: list[Any]) -> list[str]:
    """Return frames as text, their event ids replaced: key order and spacing count."""
    texts = []
    for frame in frames:
        event_id = json.loads(frame)["event_id"]
        assert event_id.startswith("event_") and len(event_id) == 38
        texts.append(frame.replace(event_id, "event"))
    return texts


def frames_of(sdk: Any, act: Callable[[Any, Any], int]) -> list[str]:
    """Return the frames that ``act(conversation, sdk)`` sends; it returns how many."""
    with connected(sdk) as (conversation, peer, _):
        peer.wait_for_frames(act(conversation, sdk))
        return without_ids(peer.frames)


def test_every_method_sends_the_same_frame() -> None:
    def act(conversation: Any, sdk: Any) -> int:
        conversation.update_session([sdk.MultiModality.TEXT])
        conversation.append_audio(base64.b64encode(bytes(3200)).decode())
        conversation.append_audio('needs "escaping"\n\\ é')
        conversation.append_video("QUI=")
        conversation.commit()
        conversation.clear_appended_audio()
        conversation.create_item({"type": "message", "content": [{"text": "ü"}]})
        conversation.create_response()
        conversation.create_response("be brief", [sdk.MultiModality.TEXT, sdk.MultiModality.AUDIO])
        conversation.cancel_response()
        conversation.send_raw('{"event_id": "event_' + "0" * 32 + '", "type": "x.y"}')
        conversation.end_session_async()
        return 12

    assert frames_of(OURS, act) == frames_of(official, act)


NUMBERS = st.integers(-10_000, 10_000) | st.floats(-2, 2)
JSON = st.recursive(st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
                    lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=2), max_leaves=4)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=3)


def rarely(strategy: Any) -> Any:
    return st.none() | strategy


@st.composite
def update_arguments(draw: Any) -> dict[str, Any]:
    """Return arguments of update_session, with makers (of an SDK) for the values of its own types."""
    audio_format = st.sampled_from(["PCM_16000HZ_MONO_16BIT", "PCM_24000HZ_MONO_16BIT"])
    config = st.tuples(st.sampled_from(["enum", "raw"]), st.sampled_from(["pcm", "wav"]),
                       st.sampled_from([8000, 16000, 24000, 48000]), st.none() | OBJECTS)
    optional = {
        "voice": rarely(st.text(max_size=5)),
        "input_audio_format": audio_format,
        "output_audio_format": audio_format,
        "enable_input_audio_transcription": st.booleans(),
        "input_audio_transcription_model": rarely(st.text(max_size=5)),
        "enable_turn_detection": st.booleans(),
        "turn_detection_type": st.sampled_from(["server_vad", "semantic_vad"]),
        "prefix_padding_ms": NUMBERS,
        "turn_detection_threshold": NUMBERS,
        "turn_detection_silence_duration_ms": NUMBERS,
        "turn_detection_param": rarely(OBJECTS),
        "translation_params": rarely(st.tuples(st.text(max_size=3), rarely(rarely(OBJECTS)))),
        "transcription_params": rarely(st.tuples(
            rarely(st.text(max_size=3)), st.sampled_from([8000, 16000]), st.sampled_from(["pcm", "opus"]),
            rarely(OBJECTS), rarely(st.text(max_size=5)))),
        "input_audio_config": rarely(config),
        "output_audio_config": rarely(config),
        "input_video_representation_compact": rarely(st.text(max_size=5)),
        "instructions": rarely(st.text(max_size=5)),
        "audio": rarely(OBJECTS),
    }
    arguments = draw(st.fixed_dictionaries({}, optional=optional))
    arguments["output_modalities"] = draw(st.lists(st.sampled_from(["TEXT", "AUDIO"]), max_size=2))
    return arguments


def in_terms_of(sdk: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with the values an SDK has types for made by that SDK."""
    made = dict(arguments)
    made["output_modalities"] = [sdk.MultiModality[name] for name in arguments["output_modalities"]]
    for name in ("input_audio_format", "output_audio_format"):
        if name in made:
            made[name] = sdk.AudioFormat[made[name]]
    for name in ("input_audio_config", "output_audio_config"):
        if made.get(name) is not None:
            kind, form, rate, extra = made[name]
            if kind == "enum":
                form, rate = sdk.AudioFormatType(form), sdk.AudioSampleRate(rate)
            made[name] = sdk.AudioFormatConfig(form, rate, extra)
    if made.get("translation_params") is not None:
        language, phrases = made["translation_params"]
        corpus = sdk.TranslationParams.Corpus(phrases) if phrases is not None else None
        made["translation_params"] = sdk.TranslationParams(language, corpus)
    if made.get("transcription_params") is not None:
        made["transcription_params"] = sdk.TranscriptionParams(*made["transcription_params"])
    return made


@pytest.fixture(scope="module")
def pair() -> Any:
    """Both classes, connected to servers of their own for as long as the module runs."""
    with connected(official) as theirs, connected(OURS) as ours:
        yield (official, *theirs), (OURS, *ours)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(update_arguments(), min_size=1, max_size=3))
def test_update_session_sends_the_same_frames_and_keeps_the_same_config(pair: Any, calls: Any) -> None:
    results = []
    for sdk, conversation, peer, _ in pair:
        before = len(peer.frames)
        configs = []
        for arguments in calls:
            conversation.update_session(**in_terms_of(sdk, arguments))
            configs.append(json.dumps(conversation.config))
        peer.wait_for_frames(before + len(calls))
        results.append((without_ids(peer.frames[before:]), configs))
    assert results[0] == results[1]


RESPONSE = [
    {"type": "response.created", "response": {"id": "resp_1"}},
    {"type": "response.audio_transcript.delta", "delta": "a"},
    {"type": "response.audio.delta", "delta": "b"},
    {"type": "response.done", "response": {"id": "resp_1"}},
]


def run_session(sdk: Any) -> tuple[Any, ...]:
    """Return what a whole session shows: callbacks, answers of the getters, frames."""
    def script(peer: Peer) -> None:
        peer.send(created("sess_9"), {"type": "some.future.event", "x": [1]})
        peer.until("input_audio_buffer.append")
        peer.send(*item_events(), *RESPONSE)
        peer.until("session.finish")
        peer.send({"type": "session.finished"})
        peer.drain()

    log = Log()
    with ScriptedServer(script) as server:
        conversation = sdk.OmniRealtimeConversation(MODEL, callback(sdk, log), url=server.url, api_key=KEY)
        conversation.connect()
        conversation.update_session([sdk.MultiModality.TEXT])
        conversation.append_audio("QUI=")
        answer = conversation.end_session()
        answers = (
            answer, conversation.get_session_id(), conversation.get_last_message(),
            conversation.get_last_response_id(),
            conversation.get_last_first_text_delay() >= 0, conversation.get_last_first_audio_delay() >= 0,
            conversation.disconnect_event,
        )
        conversation.close()
        calls = [call for call in log.calls if call[0] == "event"]
        return calls, answers, without_ids(server.peer().frames), server.peer().path


def test_a_whole_session_gives_the_same_events_and_answers() -> None:
    theirs, ours = run_session(official), run_session(OURS)
    assert ours == theirs


def ends_with(events: list[dict[str, Any]]) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.send(created())
        peer.until("session.finish")
        peer.send(*events)
        peer.drain()

    return script


ERROR = {"type": "error", "error": {"type": "server_error", "code": "internal", "message": "broken"}}


@BOTH
@pytest.mark.parametrize(
    ("events", "kind", "timeout"), [([ERROR], RuntimeError, 20), ([], TimeoutError, 0.1)],
    ids=["error", "silence"],
)
def test_end_session_raises_and_closes(sdk: Any, events: Any, kind: Any, timeout: float) -> None:
    with connected(sdk, ends_with(events)) as (conversation, _, _log):
        with pytest.raises(kind) as caught:
            conversation.end_session(timeout)
        if events:
            assert str(caught.value) == f"Session ended with error: {ERROR['error']}"
        else:
            assert str(caught.value) == f"Session end timeout after {timeout} seconds"
        with pytest.raises(ConnectionError):
            conversation.commit()


@BOTH
def test_sending_before_connecting_or_after_closing_is_a_connection_error(sdk: Any) -> None:
    idle = sdk.OmniRealtimeConversation(MODEL, sdk.OmniRealtimeCallback(), api_key=KEY)
    with pytest.raises(ConnectionError):
        idle.append_audio("QUI=")
    with connected(sdk) as (conversation, _, _log):
        conversation.close()
        with pytest.raises(ConnectionError):
            conversation.append_audio("QUI=")


@pytest.mark.parametrize("leave", [
    lambda peer: peer.close(4001, "go away"), lambda peer: peer.close(1000), lambda peer: peer.drop(),
], ids=["reason", "bare", "dropped"])
def test_on_close_is_told_the_same_when_the_service_leaves(leave: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.send(created())
        peer.until("input_audio_buffer.append")
        leave(peer)

    calls = []
    for sdk in (official, OURS):
        with connected(sdk, script) as (conversation, _, log):
            conversation.append_audio("QUI=")
            log.wait_for("close")
            calls.append([call for call in log.calls if call[0] != "event"])
    assert calls[0] == calls[1]


@BOTH
def test_constructor_wants_model_and_callback(sdk: Any) -> None:
    for arguments in ((None, sdk.OmniRealtimeCallback()), (MODEL, None)):
        with pytest.raises(Exception, match="(?i)required|missing"):
            sdk.OmniRealtimeConversation(*arguments)


def test_headers_keep_the_precedence_of_the_official_class() -> None:
    seen = []
    for sdk in (official, OURS):
        options = {"headers": {"X-Mine": "1", "Authorization": "theirs"}, "workspace": "ws-7"}
        with connected(sdk, **options) as (_, peer, _log):
            seen.append({name: peer.headers.get(name) for name in
                         ("X-Mine", "Authorization", "X-DashScope-WorkSpace")})
    assert seen[0] == seen[1] == {
        "X-Mine": "1", "Authorization": f"Bearer {KEY}", "X-DashScope-WorkSpace": "ws-7"
    }


@pytest.mark.parametrize("switch", [None, "1", "0", ""])
def test_the_headers_that_say_what_calls_are_those_of_the_official_class(
    switch: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHSCOPE_DISABLE_SDK_HEADERS", raising=False)
    if switch is not None:
        monkeypatch.setenv("DASHSCOPE_DISABLE_SDK_HEADERS", switch)
    seen = []
    for sdk in (official, OURS, OURS):
        with connected(sdk, headers={"x-dashscope-sdk-client": "mine"}) as (_, peer, _log):
            seen.append({name.lower(): value for name, value in peer.headers.raw_items()
                         if name.lower().startswith("x-dashscope-sdk")})
    theirs, ours, again = seen
    assert set(theirs) == set(ours) and ours == again
    assert len(ours) == (1 if switch in ("1", "0") else 2)  # set to anything, it switches them off
    if not switch:
        name, _, module = ours["x-dashscope-sdk-client"].split("/")
        assert (name, module) == ("qwen-asr-widgets", theirs["x-dashscope-sdk-client"].split("/")[-1])
        assert all(re.fullmatch("[0-9a-f]{32}", one["x-dashscope-sdk-session-id"]) for one in seen)
