"""The wait for the last answers of a slow service is given up: what came is kept, what is missing is said."""

from __future__ import annotations

import pytest
from support.scripted_server import ScriptedServer, answer_half
from support.transcribing import SECONDS, MicrophonePage, ask, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.vad.turns import TurnDetection

pytestmark = pytest.mark.service


def held(made, server):
    """Return a transcriber whose recording has stopped and whose service has still to answer."""
    t = made(endpoint=server.url)
    page = MicrophonePage(t).start()
    page.speak(spoken(2.5))
    wait_until(lambda: t.recording is not None and len(t.recording.utterances) == 2)
    assert not state(t)["waiting"]
    page.stop()
    wait_until(lambda: state(t)["phase"] == "finishing" and t.recording.unsent_duration == 0)
    return t


def test_a_slow_service_is_given_up_and_what_it_has_said_is_kept(made) -> None:
    with ScriptedServer(answer_half) as server:
        t = held(made, server)
        assert state(t)["waiting"] and t.active
        ask(t, "leave")
        assert not t.active and state(t)["phase"] == "done" and not state(t)["waiting"]
    recording = t.wait(SECONDS)
    assert [one.text for one in recording.utterances] == ["good morning", "half"]
    assert recording.utterances[1].status == "lost"
    assert not recording.complete and recording.duration == pytest.approx(2.5, abs=0.01)
    assert recording.notes == ("Ended before the service had answered",)


def test_what_is_missing_is_said_and_the_sound_can_be_sent_again(made) -> None:
    with ScriptedServer(answer_half) as server:
        t = held(made, server)
        t.stop_waiting()
    notice = state(t)["notice"]
    second = t.recording.utterances[1]
    assert notice["code"] == "unanswered" and notice["unsent"] == 0
    assert notice["since"] == (second.onset or second.start)
    t.model.choice = made().model.choice
    ask(t, "retry")
    assert state(t)["notice"] is None
    assert t.wait(SECONDS).complete and len(t.recordings) == 2


def test_a_service_that_does_not_even_take_the_settings_is_given_up_and_all_is_unsent(made) -> None:
    with ScriptedServer(lambda peer: peer.until("session.finish")) as server:
        t = made(endpoint=server.url)
        page = MicrophonePage(t).start()
        page.speak(spoken(1.0))
        wait_until(lambda: t.recording is not None and t.recording.duration > 0.9)
        page.stop()
        wait_until(lambda: state(t)["waiting"])
        assert state(t)["phase"] == "connecting"
        ask(t, "leave")
        wait_until(lambda: not t.active)
    notice = state(t)["notice"]
    assert (notice["code"], notice["since"]) == ("unanswered", 0)
    assert notice["unsent"] == pytest.approx(1.0, abs=0.01)
    assert t.recording.notes == ("Ended before the service had answered; the last 1.0 s were not sent",)


def test_while_sound_is_still_to_come_nothing_is_given_up(made) -> None:
    t = made()
    t.stop_waiting()
    page = MicrophonePage(t).start()
    page.speak(spoken(1.0))
    wait_until(lambda: t.active)
    ask(t, "leave")
    assert t.active and state(t)["notice"] is None
    page.stop()
    assert t.wait(SECONDS).complete
    ask(t, "leave")
    assert state(t)["notice"] is None


def test_a_setting_that_was_not_accepted_is_told_until_one_is(made) -> None:
    t = made(sample("conversation"))
    ask(t, "settings", config={"threshold": 7})
    assert state(t)["notice"]["code"] == "settings"
    ask(t, "settings", config={"threshold": 0.4})
    assert state(t)["notice"] is None
    assert t.config == SessionConfig(turn_detection=TurnDetection(threshold=0.4))
