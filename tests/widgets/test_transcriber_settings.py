"""The transcriber's settings: applied live, marked, and what is refused is said."""

from __future__ import annotations

import pytest
from support.scripted_server import ScriptedServer, created, updated
from support.transcribing import SECONDS, ask, of_kind, state, transcribers
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.realtime.endpoints import Endpoint
from qwen_asr_widgets.vad.turns import TurnDetection


@pytest.fixture
def made():
    yield from transcribers()


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
