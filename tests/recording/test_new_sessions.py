"""Where a service takes settings at a session's beginning only, a run changes them by another session."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from support.scripted_server import ScriptedServer, created
from support.tone_service import RATE, ToneService, drop, talk
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, Recording, Retry, SessionConfig, TurnDetection
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, DOCUMENTED
from qwen_asr_widgets.recording.run import Run, RunObserver

TALK = talk(2, 3, 1, 4, 2)
WORDS = [f"w{number}" for number in range(1, 13)]
CONFIG, OTHER = (SessionConfig(turn_detection=TurnDetection(0.0, silence)) for silence in (600, 400))
TOOK_TOO_LONG = 15


class FixedSettings(Endpoint):
    """An endpoint whose service takes no settings midway."""

    known = dataclasses.replace(DOCUMENTED, update_midway=False)

    @property
    def facts(self):
        return self.known


def started(server, observer=None, endpoint=FixedSettings):
    run = Run(endpoint(server.url), Recording(CONFIG), observer, Retry(patience=10, first=0.05))
    run.start()
    assert run.wait_for_service(TOOK_TOO_LONG)
    return run


def speak(run, start, stop):
    for at in range(round(start * RATE), min(round(stop * RATE), len(TALK)), RATE // 10):
        run.append(TALK[at:at + RATE // 10])
    wait_until(lambda: run.lag == 0)


def ended(run):
    run.finish()
    assert run.wait(TOOK_TOO_LONG) and run.error is None
    return run.recording


def words(recording):
    return recording.text.split()


@pytest.fixture
def service():
    return ToneService(update_midway=False)


def test_settings_changed_in_a_pause_take_another_session_and_lose_nothing(service):
    with ScriptedServer(service) as server:
        run = started(server)
        speak(run, 0.0, 2.4)
        wait_until(lambda: words(run.recording) == WORDS[:2])
        run.update(OTHER)
        wait_until(lambda: len(service.sessions) == 2 and run.settled)
        speak(run, 2.4, 60.0)
        recording = ended(run)
    assert words(recording) == WORDS and recording.complete and (recording.tape.read() == TALK).all()
    assert [len(updates) for updates in service.updates] == [1, 1], "no second update in any session"
    assert recording.config == OTHER and [change.config for change in recording.settings] == [CONFIG, OTHER]
    [gap] = recording.gaps
    assert gap.why == "settings" and gap.seconds < 1.0 and recording.settings[1].sample == gap.start * RATE
    assert recording.notes == ("A new session began for other settings at 0:02.4",)


def test_other_settings_wait_for_the_open_turn(service):
    with ScriptedServer(service) as server:
        run = started(server)
        speak(run, 0.0, 1.2)
        wait_until(lambda: run.recording.is_awaiting)
        run.update(OTHER)
        assert run.renewing and len(service.sessions) == 1
        speak(run, 1.2, 2.4)
        wait_until(lambda: len(service.sessions) == 2 and run.settled)
        speak(run, 2.4, 60.0)
        recording = ended(run)
    assert words(recording) == WORDS and not run.renewing
    assert len(recording.utterances) == 5 and recording.gaps[0].at >= recording.utterances[0].end


def test_but_no_longer_than_their_patience_and_the_turn_is_heard_again_as_one(service, monkeypatch):
    monkeypatch.setattr("qwen_asr_widgets.recording.upload.SETTINGS_PATIENCE", 0.2)
    with ScriptedServer(service) as server:
        run = started(server)
        speak(run, 0.0, 1.2)
        wait_until(lambda: run.recording.is_awaiting)
        run.update(OTHER)
        wait_until(lambda: len(service.sessions) == 2 and run.settled)
        speak(run, 1.2, 60.0)
        recording = ended(run)
    assert words(recording) == WORDS and len(recording.utterances) == 5
    assert {one.status for one in recording.utterances} == {"final"}


def test_nor_at_all_where_one_is_in_a_hurry(service, monkeypatch):
    monkeypatch.setattr("qwen_asr_widgets.recording.upload.SETTINGS_PATIENCE", 60.0)
    with ScriptedServer(service) as server:
        run = started(server)
        speak(run, 0.0, 1.2)
        wait_until(lambda: run.recording.is_awaiting)
        run.update(OTHER)
        run.hurry()
        wait_until(lambda: len(service.sessions) == 2 and run.settled)
        speak(run, 1.2, 60.0)
        assert words(ended(run)) == WORDS


def test_settings_that_are_refused_are_told_and_the_old_ones_go_on(service):
    told = []

    class Told(RunObserver):
        def reported(self, report):
            told.append(report)

    def refusing(peer):
        if len(service.sessions) == 1 and not told:
            peer.send(created())
            peer.until("session.update")
            error = {"type": "invalid_request_error", "param": "turn_detection", "message": "not that"}
            peer.send({"type": "error", "error": error})
            peer.drain()
        service(peer)

    with ScriptedServer(refusing) as server:
        run = started(server, Told())
        speak(run, 0.0, 2.4)
        run.update(OTHER)
        wait_until(lambda: len(service.sessions) == 2 and run.settled)
        speak(run, 2.4, 60.0)
        recording = ended(run)
    assert [(one.text, one.refuses) for one in told] == [("not that", True)]
    assert words(recording) == WORDS and recording.config == CONFIG and recording.complete


def test_settings_survive_a_network_that_fails_meanwhile(service):
    gate = threading.Event()

    def script(peer):
        if len(service.sessions) == 1 and not gate.is_set():
            gate.set()
            drop(peer)
            return
        service(peer)

    with ScriptedServer(script) as server:
        run = started(server)
        speak(run, 0.0, 2.4)
        run.update(OTHER)
        wait_until(lambda: len(service.sessions) == 2 and run.settled)
        speak(run, 2.4, 60.0)
        recording = ended(run)
    assert words(recording) == WORDS and recording.config == OTHER


def test_a_session_is_renewed_at_a_pause_before_its_limit(service):
    class Short(FixedSettings):
        known = dataclasses.replace(DOCUMENTED, session_renewal_s=0.4, session_limit_s=600.0)

    with ScriptedServer(service) as server:
        run = started(server, endpoint=Short)
        speak(run, 0.0, 2.4)
        wait_until(lambda: run.recording.gaps)
        speak(run, 2.4, 60.0)
        recording = ended(run)
    assert words(recording) == WORDS and recording.complete
    assert recording.gaps and {gap.why for gap in recording.gaps} == {"renewed"}
    assert recording.notes[0].startswith("A new session began before the service's limit at ")


def test_at_dashscope_settings_take_a_new_session_and_elsewhere_they_do_not():
    assert not DASHSCOPE.update_midway and DASHSCOPE.session_renewal_s == 6_600.0
    service = ToneService()
    with ScriptedServer(service) as server:
        run = started(server, endpoint=Endpoint)
        speak(run, 0.0, 2.4)
        run.update(OTHER)
        wait_until(lambda: run.settled)
        speak(run, 2.4, 60.0)
        recording = ended(run)
    assert len(service.sessions) == 1 and len(service.updates[0]) == 2 and recording.gaps == ()
    assert not run.renews_for_settings
