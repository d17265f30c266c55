"""`Run`, the one driver: sound handed in is kept and sent, what ends it is said, and no caller waits."""

from __future__ import annotations

import base64
import threading

import numpy as np
import pytest
from support.scripted_server import ScriptedServer, created, item_events, updated
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, Recording, Retry, SessionConfig, TurnDetection
from qwen_asr_widgets.errors import ConnectFailed, RunBroken, ServiceClosed, SettingError
from qwen_asr_widgets.recording import RunInfo
from qwen_asr_widgets.recording.run import ROOM_SECONDS, Reported, Run, RunObserver

SECOND = (5_000 * np.sin(np.arange(16_000) / 11)).astype(np.int16)
NOWHERE = Endpoint("ws://127.0.0.1:9/api-ws/v1/realtime")
MANUAL = SessionConfig(turn_detection=None)
TOOK_TOO_LONG = 10


class Seen(RunObserver):
    """Keeps what a run tells, with the thread that told it."""

    def __init__(self):
        self.reports, self.errors, self.types, self.changes = [], [], [], 0

    def changed(self):
        self.changes += 1

    def received(self, timed):
        self.types.append(timed.event.type)

    def reported(self, report):
        self.reports.append(report)

    def failed(self, error):
        self.errors.append(error)


def greet(peer):
    peer.send(created())
    message = peer.until("session.update")
    peer.send(updated(**message["session"]))


def finish(peer):
    peer.until("session.finish")
    peer.send({"type": "session.finished"})


def friendly(peer):
    greet(peer)
    finish(peer)


def run_at(server, config=None, observer=None, **info):
    run = Run(Endpoint(server.url), Recording(config, RunInfo(**info)), observer, Retry(patience=0))
    run.start()
    return run


def sent_samples(peer):
    sizes, commits = 0, []
    for message in peer.messages:
        if message["type"] == "input_audio_buffer.append":
            sizes += len(base64.b64decode(message["audio"])) // 2
        elif message["type"] == "input_audio_buffer.commit":
            commits.append(sizes)
    return sizes, commits


def test_sound_handed_in_is_on_the_tape_at_once_and_sent_in_its_order():
    with ScriptedServer(friendly) as server:
        run = run_at(server)
        for start in range(0, 16_000, 1_000):
            run.append(SECOND[start:start + 1_000])
            assert run.recording.duration == (start + 1_000) / 16_000
        run.finish()
        assert run.wait(TOOK_TOO_LONG)
        assert sent_samples(server.peer())[0] == 16_000
    assert run.recording.complete and run.phase == "done" and run.error is None
    assert (run.recording.tape.read() == SECOND).all()


def test_sound_that_is_on_the_tape_already_is_sent_first():
    with ScriptedServer(friendly) as server:
        recording = Recording()
        recording.tape.append(SECOND)
        run = Run(Endpoint(server.url), recording)
        run.start()
        run.append(SECOND)
        run.finish()
        assert run.wait(TOOK_TOO_LONG) and recording.complete and recording.sent_duration == 2.0


def test_a_service_that_cannot_be_reached_keeps_nobody_waiting_and_the_sound_is_kept():
    seen = Seen()
    run = Run(NOWHERE, Recording(), seen)
    run.start()
    assert run.wait_for_service(TOOK_TOO_LONG)
    wait_until(lambda: run.phase == "failed")
    run.append(SECOND)
    assert not run.wait_for_room() and run.active
    run.finish()
    assert run.wait(TOOK_TOO_LONG) and run.phase == "done"
    assert isinstance(run.error, ConnectFailed) and seen.errors == [run.error]
    assert run.recording.duration == 1.0 and not run.recording.complete
    assert run.recording.notes[-1].startswith("Ended early: ")
    assert run.recording.notes[-1].endswith("; the last 1.0 s were not sent")


def test_a_source_that_runs_ahead_of_the_service_waits_for_room():
    go = threading.Event()

    def script(peer):
        go.wait(TOOK_TOO_LONG)
        friendly(peer)

    with ScriptedServer(script) as server:
        run = run_at(server)
        handed = threading.Event()

        def source():
            for _ in range(4):
                run.append(SECOND)
                run.wait_for_room()
            handed.set()

        threading.Thread(target=source, daemon=True).start()
        wait_until(lambda: run.recording.duration > ROOM_SECONDS)
        assert not handed.wait(0.2) and run.recording.duration == 2.0
        go.set()
        assert handed.wait(TOOK_TOO_LONG)
        run.finish()
        assert run.wait(TOOK_TOO_LONG) and run.recording.complete


def test_a_commit_is_sent_at_its_place_in_the_sound_however_late_that_goes_out():
    go = threading.Event()

    def script(peer):
        go.wait(TOOK_TOO_LONG)
        friendly(peer)

    with ScriptedServer(script) as server:
        run = run_at(server, MANUAL)
        run.append(SECOND[:5_000])
        run.commit()
        run.append(SECOND[5_000:])
        assert run.gathered == pytest.approx(11_000 / 16_000)
        go.set()
        run.finish()
        assert run.wait(TOOK_TOO_LONG)
        assert sent_samples(server.peer()) == (16_000, [5_000, 16_000])


def test_settings_changed_midway_are_sent_and_confirmed():
    wanted = SessionConfig(turn_detection=TurnDetection(0.5, 400))

    def script(peer):
        greet(peer)
        peer.send(updated(**peer.until("session.update")["session"]))
        finish(peer)

    with ScriptedServer(script) as server:
        run = run_at(server)
        assert run.wait_for_service(TOOK_TOO_LONG) and run.settled
        run.update(wanted)
        assert not run.settled or run.recording.config == wanted
        wait_until(lambda: run.settled)
        assert run.recording.config == wanted
        run.finish()
        assert run.wait(TOOK_TOO_LONG) and run.recording.complete


def test_what_the_service_reports_is_pushed_with_whether_it_refuses_settings():
    seen = Seen()

    def script(peer):
        greet(peer)
        update = peer.until("session.update")
        peer.send({"type": "error", "error": {"message": "not that", "event_id": update["event_id"]}})
        peer.send({"type": "error", "error": {"message": "slow down"}})
        finish(peer)

    with ScriptedServer(script) as server:
        run = run_at(server, observer=seen)
        run.update(SessionConfig("xx"))
        wait_until(lambda: len(seen.reports) == 2)
        run.finish()
        assert run.wait(TOOK_TOO_LONG)
    assert seen.reports == [Reported("not that", True), Reported("slow down", False)]
    assert run.reports == tuple(seen.reports) and run.settled and seen.errors == []
    assert run.recording.config.language is None


def test_a_refusal_in_the_clouds_words_leaves_no_settings_pending():
    """DashScope names neither type nor field nor the event it refuses."""
    said, seen = "Session update error: session already started or finished or failed.", Seen()

    def script(peer):
        greet(peer)
        peer.until("session.update")
        peer.send({"type": "error", "error": {"code": "invalid_value", "message": said}})
        finish(peer)

    with ScriptedServer(script) as server:
        run = run_at(server, observer=seen)
        assert run.wait_for_service(TOOK_TOO_LONG)
        run.append(SECOND)
        run.update(SessionConfig(turn_detection=TurnDetection(0.5, 400)))
        wait_until(lambda: seen.reports)
        assert run.settled and run.recording.config == SessionConfig()
        run.finish()
        assert run.wait(TOOK_TOO_LONG)
    assert seen.reports == [Reported(said, refuses=True)] and seen.errors == []
    assert len(run.recording.settings) == 1 and run.recording.complete


def test_a_run_whose_service_dies_says_so_once_and_keeps_what_still_comes():
    seen = Seen()

    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        peer.close(1011, "out of service")

    with ScriptedServer(script) as server:
        run = run_at(server, observer=seen)
        run.append(SECOND)
        wait_until(lambda: run.phase == "failed")
        run.append(SECOND)
        run.finish()
        assert run.wait(TOOK_TOO_LONG)
    assert [type(error) for error in seen.errors] == [ServiceClosed] and run.error is seen.errors[0]
    assert run.recording.duration == 2.0 and "out of service" in run.recording.notes[0]


def test_sound_that_is_withheld_is_kept_and_the_recording_says_where_it_stopped():
    with ScriptedServer(friendly) as server:
        run = run_at(server)
        run.append(SECOND)
        run.withhold(SECOND)
        run.finish()
        assert run.wait(TOOK_TOO_LONG)
        assert sent_samples(server.peer())[0] == 16_000
    assert run.recording.duration == 2.0 and not run.recording.complete
    assert run.recording.notes == ("Stopped at 0:01.0; the last 1.0 s were not sent",)


def test_a_run_that_is_aborted_waits_for_no_answer():
    def script(peer):
        greet(peer)
        peer.send(*item_events()[:2])
        peer.drain()

    with ScriptedServer(script) as server:
        run = run_at(server)
        run.append(SECOND)
        wait_until(lambda: run.recording.utterances)
        run.abort()
        assert run.wait(TOOK_TOO_LONG) and run.error is None
    assert run.recording.utterances[0].status == "lost"
    assert run.recording.notes == ("Ended before the service had answered",)


def test_an_error_of_the_source_is_the_cause_of_what_the_run_says():
    with ScriptedServer(friendly) as server:
        run = run_at(server)
        run.append(SECOND)
        run.fail(OSError("the disk is gone"))
        assert run.wait(TOOK_TOO_LONG)
    assert isinstance(run.error, RunBroken) and isinstance(run.error.__cause__, OSError)
    assert run.recording.sent_duration == 1.0 and not run.recording.complete


def test_an_observer_that_raises_is_logged_and_ends_nothing(caplog):
    class Broken(RunObserver):
        def received(self, timed):
            raise ValueError("the view is gone")

    with ScriptedServer(friendly) as server:
        run = run_at(server, observer=Broken())
        run.append(SECOND)
        run.finish()
        assert run.wait(TOOK_TOO_LONG) and run.recording.complete
    assert "the view is gone" in caplog.text


def test_turns_by_the_client_need_turn_detection():
    with pytest.raises(SettingError, match="turn_detection is None"):
        Run(NOWHERE, Recording(MANUAL, RunInfo(turn_taking="client")))
