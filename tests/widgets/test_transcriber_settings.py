"""The transcriber's settings: applied live, marked, and what is refused is said."""

from __future__ import annotations

import re
import threading

import pytest
from support.node import WIDGETS
from support.scripted_server import ScriptedServer, created, updated
from support.transcribing import SECONDS, ask, of_kind, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import ServiceError, SettingError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.protocol.config import LANGUAGES, is_documented
from qwen_asr_widgets.client.dashscope.params import TranscriptionParams
from qwen_asr_widgets.vad.turns import TurnDetection

pytestmark = pytest.mark.service


def test_settings_changed_midway_hold_from_a_place_on_the_axis(made) -> None:
    t = made(sample("conversation").clip[:8.0], pace=4.0)
    t.start()
    wait_until(lambda: t.recording.sent_duration > 1.0)
    ask(t, "settings", config={"threshold": 0.5, "silence": 400})
    recording = t.wait(SECONDS)
    first, second = recording.settings
    assert second.config.turn_detection == TurnDetection(0.5, 400, 300)
    assert second.sample >= 16_000
    marks = t.view.shown.run.snapshot()[0]["marks"]
    assert [(mark["kind"], mark["label"]) for mark in marks] == [("settings", "0.50 · 400")]


def test_a_setting_out_of_its_range_is_said_and_changes_nothing(made) -> None:
    t = made()
    ask(t, "hello")
    ask(t, "settings", config={"silence": 50})
    notice = of_kind(t, "state")[-1]["notice"]
    assert notice["code"] == "settings" and "50 ms" in notice["detail"]
    assert notice["about"] == {"param": "silence_duration_ms", "value": 50.0, "low": 200, "high": 6000}
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
        t = made(sample("conversation").clip[:8.0], Endpoint(server.url), pace=20.0)
        t.start()
        wait_until(lambda: state(t)["phase"] == "live")
        ask(t, "settings", config={"threshold": 0.9})
        wait_until(lambda: (state(t)["notice"] or {}).get("detail") == "not today")
        assert t.config.turn_detection.threshold == 0.2
        assert t.wait(SECONDS).complete


def test_a_refusal_in_the_clouds_words_is_taken_back_and_nothing_stays_pending(made) -> None:
    """DashScope names neither type nor field nor the event it refuses."""
    said = "Session update error: session already started or finished or failed."

    def as_the_cloud(peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        peer.until("session.update")
        peer.send({"type": "error", "error": {"code": "invalid_value", "message": said}})
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    with ScriptedServer(as_the_cloud) as server:
        t = made(sample("conversation").clip[:8.0], Endpoint(server.url), pace=20.0)
        t.start()
        wait_until(lambda: state(t)["phase"] == "live")
        ask(t, "settings", config={"threshold": 0.9})
        wait_until(lambda: (state(t)["notice"] or {}).get("detail") == said)
        in_force = t.config.turn_detection.threshold
        recording = t.wait(SECONDS)
    assert (in_force, t.config.turn_detection.threshold) == (0.2, 0.2)
    assert [change.config.turn_detection.threshold for change in recording.settings] == [0.2]
    assert recording.complete and f"The service reported: {said}" in recording.notes


def other_language(peer, *answers) -> None:
    """Confirm the first settings and give ``answers`` to the next, each made of the event it answers."""
    peer.send(created())
    peer.until("session.update")
    peer.send(updated())
    asked = peer.until("session.update")
    for answer in answers:
        answer(peer, asked)
    peer.until("session.finish")
    peer.send({"type": "session.finished"})


def confirm(peer, asked) -> None:
    peer.send(updated(**asked["session"]))


def refuse(peer, asked) -> None:
    error = {"type": "invalid_request_error", "message": "not today", "event_id": asked["event_id"]}
    peer.send({"type": "error", "error": error})


def complain(peer, _) -> None:
    peer.send({"type": "error", "error": {"type": "invalid_request_error", "message": "slow down"}})


def changed_midway(made, server):
    """Return a transcriber whose language was changed while it runs, and a way to see its notice."""
    t = made(sample("conversation"), Endpoint(server.url), pace=1.0)
    t.start()
    wait_until(lambda: state(t)["phase"] == "live")
    t.config = SessionConfig(language="en")
    return t, lambda: state(t)["notice"]


def test_an_error_that_is_about_something_else_leaves_the_settings_alone(made) -> None:
    with ScriptedServer(lambda peer: other_language(peer, complain)) as server:
        t, notice = changed_midway(made, server)
        assert wait_until(notice)["code"] == "reported" and notice()["detail"] == "slow down"
        assert t.config.language == "en"
    with ScriptedServer(lambda peer: other_language(peer, complain, confirm)) as server:
        t, notice = changed_midway(made, server)
        wait_until(lambda: notice() and t.recording.config.language == "en")
        assert t.config.language == "en"


def test_settings_refused_by_the_event_they_came_in_are_taken_back_until_they_are_confirmed(made) -> None:
    go_on = threading.Event()

    def later(peer, asked) -> None:
        assert go_on.wait(SECONDS)
        confirm(peer, asked)

    with ScriptedServer(lambda peer: other_language(peer, refuse, later)) as server:
        t, notice = changed_midway(made, server)
        assert wait_until(notice)["code"] == "settings"
        wait_until(lambda: notice() and t.config.language is None)
        go_on.set()
        wait_until(lambda: notice() and t.config.language == "en")
        t.stop()
        assert t.wait(SECONDS).notes[0].startswith("Stopped at")


def test_an_empty_context_of_the_page_is_none(made) -> None:
    t = made(config=SessionConfig(corpus_text="names"))
    for context, kept in (("  names ", "names"), ("", None), (5, None)):
        ask(t, "settings", config={"context": context})
        assert t.config.corpus_text == kept


@pytest.mark.parametrize("language, remedy", [
    ("klingon", "give one such as 'en'"), ("english", "did you mean 'en'"),
    ("Cantonese", "did you mean 'yue'"), ("", "None lets the service detect it"),
])
def test_what_is_no_language_code_is_one_sentence_with_the_remedy(made, language, remedy) -> None:
    with pytest.raises(SettingError, match=remedy):
        SessionConfig(language=language)
    assert TranscriptionParams(language=language).language == language
    t = made()
    if language:
        ask(t, "settings", config={"language": language})
        assert state(t)["notice"]["code"] == "settings" and remedy in state(t)["notice"]["detail"]
        assert t.config.language is None


def test_a_code_the_documentation_does_not_name_is_the_services_business(made) -> None:
    t = made(config=SessionConfig(language="eo"))
    assert state(t)["config"]["language"] == "eo" and state(t)["notice"] is None
    assert not is_documented("eo") and is_documented("zh-CN") and is_documented(None)


def test_page_and_kernel_know_the_same_languages() -> None:
    text = (WIDGETS / "transcriber" / "logic.js").read_text(encoding="utf-8")
    listed = re.search(r'export const LANGUAGES = \(\s*"([a-z ]+)"', text)
    assert listed is not None and listed[1].split() == list(LANGUAGES)


def test_settings_the_recogniser_does_not_take_are_said_to_be_those(made) -> None:
    t = made(sample("conversation"), Endpoint("ws://127.0.0.1:9/realtime"), pace=None)
    with ScriptedServer(lambda peer: peer.send(created(), {"type": "error", "error": {
        "type": "invalid_request_error", "code": "unsupported_language", "message": "only 'en'",
        "param": "input_audio_transcription.language",
    }})) as server:
        t.model.choice.choose("custom", server.url)
        t.start()
        with pytest.raises(ServiceError, match="only 'en'"):
            t.wait(SECONDS)
        assert state(t)["notice"]["code"] == "refused"
    t.config = SessionConfig(language="en")
    t.model.choice = made().model.choice
    ask(t, "retry")
    assert t.wait(SECONDS).complete and state(t)["notice"] is None
