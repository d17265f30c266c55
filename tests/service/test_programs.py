"""Programs of the kind that DashScope's documentation shows, run by both SDKs: only the import differs."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
import websocket
from support.service import KEY, service

import qwen_asr_widgets
from qwen_asr_widgets.audio.samples import sample

pytestmark = pytest.mark.service

dashscope = pytest.importorskip("dashscope")
pytest.importorskip("dashscope.audio.qwen_omni")
SDKS = {
    "official": ("dashscope.audio.qwen_omni", "dashscope.audio.qwen_omni.omni_realtime"),
    "ours": ("qwen_asr_widgets", "qwen_asr_widgets"),
}
WORDS = [[0.9, "good"], [1.2, "morning"], [2.2, "show"], [2.8, "me"], [6.0, "and"], [7.0, "again"]]
TALK = sample("conversation").clip[0:9.0].to_pcm16()

BASIS = """
import base64, threading, dashscope
from {module} import OmniRealtimeConversation, OmniRealtimeCallback, MultiModality, AudioFormat
from {module} import *
from {inner} import TranscriptionParams, TranslationParams

dashscope.api_key = key

class Handlers(OmniRealtimeCallback):
    def __init__(self, conversation):
        self.conversation = conversation
        self.finished, self.completed = threading.Event(), threading.Event()
        self.table = {{
            "session.created": lambda event: said.append(("session", event["session"]["id"][:5])),
            "conversation.item.input_audio_transcription.completed": self.on_final,
            "conversation.item.input_audio_transcription.text": lambda event: event["text"] + event["stash"],
            "session.finished": lambda event: self.finished.set(),
            "error": lambda event: said.append(("error", event["error"]["code"])),
        }}

    def on_open(self):
        said.append(("open",))

    def on_close(self, close_status_code, close_msg):
        said.append(("close",))

    def on_event(self, response):
        kind = response["type"]
        if not kind.endswith(".text"):
            said.append((kind,))
        self.table.get(kind, lambda event: None)(response)

    def on_final(self, event):
        said.append(("text", event["transcript"], event["language"]))
        self.completed.set()

def pieces(data, size=3200):
    for start in range(0, len(data), size):
        yield base64.b64encode(data[start:start + size]).decode("ascii")

callback = Handlers(conversation=None)
conversation = OmniRealtimeConversation(model="qwen3-asr-flash-realtime", url=url, callback=callback)
callback.conversation = conversation
"""

PROGRAMS = {
    "turn detection, one wait for the end": """
conversation.connect()
conversation.update_session(
    output_modalities=[MultiModality.TEXT], enable_input_audio_transcription=True,
    transcription_params=TranscriptionParams(language="en", sample_rate=16000, input_audio_format="pcm"),
)
for piece in pieces(talk):
    conversation.append_audio(piece)
conversation.end_session()
said.append(("last", conversation.get_last_message()["type"], conversation.get_session_id()[:5]))
conversation.close()
""",
    "manual commits, context, a callback that waits": """
conversation.connect()
conversation.update_session(
    output_modalities=[MultiModality.TEXT], enable_turn_detection=False,
    transcription_params=TranscriptionParams(
        language="en", sample_rate=16000, input_audio_format="pcm", corpus_text="good morning"),
)
for half in (talk[:len(talk) // 4 * 2], talk[len(talk) // 4 * 2:]):
    callback.completed.clear()
    for piece in pieces(half, 1024):
        conversation.append_audio(piece)
    conversation.commit()
    assert callback.completed.wait(20)
conversation.end_session(timeout=20)
conversation.close()
""",
    "settings as keywords, a commit too many, an end that is not waited for": """
conversation.connect()
conversation.update_session(
    output_modalities=[MultiModality.TEXT], enable_turn_detection=True,
    turn_detection={"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400},
    input_audio_format=AudioFormat.PCM_16000HZ_MONO_16BIT, enable_input_audio_transcription=True,
    transcription_params=TranscriptionParams(language="en", sample_rate=16000, input_audio_format="pcm"),
)
for piece in pieces(talk):
    conversation.append_audio(piece)
conversation.commit()
conversation.end_session_async()
assert callback.finished.wait(20)
conversation.close()
""",
    "closed from the callback that sees the end": """
ended = threading.Event()
callback.table["session.finished"] = lambda event: (callback.conversation.close(), ended.set())
conversation.connect()
conversation.update_session(output_modalities=[MultiModality.TEXT], turn_detection_threshold=0.0,
                            turn_detection_silence_duration_ms=400)
for piece in pieces(talk):
    conversation.append_audio(piece)
conversation.end_session_async()
assert ended.wait(20)
""",
    "settings changed midway, audio cleared, nothing said after": """
conversation.connect()
text = [MultiModality.TEXT]
conversation.update_session(output_modalities=text, turn_detection_silence_duration_ms=400)
for piece in pieces(talk[:len(talk) // 4 * 2]):
    conversation.append_audio(piece)
conversation.update_session(output_modalities=text, enable_turn_detection=False)
conversation.append_audio(next(pieces(talk)))
conversation.clear_appended_audio()
conversation.update_session(output_modalities=text, turn_detection_threshold=0.2)
conversation.end_session(20)
conversation.close()
""",
    "an empty session": """
conversation.connect()
conversation.end_session(20)
try:
    conversation.close()
    conversation.append_audio("AAAA")
except ConnectionError as problem:
    said.append(("refused", isinstance(problem, ConnectionError)))
""",
}


@pytest.fixture(scope="module")
def url():
    with service("script", words=WORDS) as address:
        yield address


def run(name: str, sdk: str, url: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Run a program and return what it said, but for the close, which the official class tells of late.

    The first event may overtake ``on_open``, and a turn's text the next turn, in either SDK.
    """
    for named_dashscope in (dashscope, qwen_asr_widgets.dashscope):  # the programs set api_key on either
        monkeypatch.setattr(named_dashscope, "api_key", None, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    module, inner = SDKS[sdk]
    said: list[tuple[Any, ...]] = []
    source = BASIS.format(module=module, inner=inner) + PROGRAMS[name]
    names = {"said": said, "url": url, "key": KEY, "talk": TALK.tobytes()}
    exec(compile(source, f"<{sdk}: {name}>", "exec"), names)
    return [item for item in said if item != ("close",)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_documented_program_does_the_same_with_either_sdk(name, url, monkeypatch):
    official, ours = (run(name, sdk, url, monkeypatch) for sdk in SDKS)
    assert sorted(ours, key=repr) == sorted(official, key=repr)
    assert {("open",), ("session.finished",), ("session", "sess_")} <= set(ours)
    texts = [[item for item in said if item[0] == "text"] for said in (ours, official)]
    assert texts[0] == texts[1]


def test_the_program_by_turn_detection_hears_every_turn(url, monkeypatch):
    said = run("turn detection, one wait for the end", "ours", url, monkeypatch)
    assert [item[1:] for item in said if item[0] == "text"][0] == ("good morning show me", "en")
    assert said[-1] == ("last", "session.finished", "sess_")


SERVER_VAD = {"type": "server_vad", "threshold": 0.2, "silence_duration_ms": 800}


@pytest.mark.parametrize("detection", [None, SERVER_VAD])
def test_a_program_on_bare_websockets_runs_too(url, detection):
    events: list[dict[str, Any]] = []

    def on_open(app: Any) -> None:
        session = {"modalities": ["text"], "input_audio_format": "pcm", "sample_rate": 16_000,
                   "input_audio_transcription": {"language": "en"}, "turn_detection": detection}
        app.send(json.dumps({"event_id": "event_123", "type": "session.update", "session": session}))
        threading.Thread(target=talk, args=(app,)).start()

    def talk(app: Any) -> None:
        for start in range(0, len(TALK), 1_600):
            audio = base64.b64encode(TALK[start:start + 1_600].tobytes()).decode("utf-8")
            event = {"event_id": f"event_{start}", "type": "input_audio_buffer.append", "audio": audio}
            app.send(json.dumps(event))
        if detection is None:
            app.send(json.dumps({"event_id": "event_789", "type": "input_audio_buffer.commit"}))
        app.send(json.dumps({"event_id": "event_end", "type": "session.finish"}))

    def on_message(app: Any, message: str) -> None:
        events.append(json.loads(message))
        if events[-1]["type"] == "session.finished":
            app.close()

    app = websocket.WebSocketApp(
        f"{url}?model=qwen3-asr-flash-realtime", on_open=on_open, on_message=on_message,
        header=[f"Authorization: Bearer {KEY}", "OpenAI-Beta: realtime=v1"],
    )
    app.run_forever(http_no_proxy=["*"])
    texts = [event["transcript"] for event in events if event["type"].endswith("completed")]
    assert not [event for event in events if event["type"] == "error"]
    assert " ".join(texts).startswith("good morning show me")
