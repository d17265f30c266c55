"""A run that was broken off goes on later, an idle service costs nothing, and a dead one is found soon."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest
from support.scripted_server import ScriptedServer, created, updated
from support.tone_service import RATE, ToneService, close, drop, talk
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, Recording, Retry, SessionConfig, TurnDetection, sample, transcribe
from qwen_asr_widgets import cli, load_recording
from qwen_asr_widgets.client import stream
from qwen_asr_widgets.errors import QawError, ServiceClosed
from qwen_asr_widgets.recording.run import Run

TALK = talk(2, 3, 1, 4, 2)
WORDS = [f"w{number}" for number in range(1, 13)]
CONFIG = SessionConfig(turn_detection=TurnDetection(0.0, 600))
FREE = {"pace": None, "progress": False, "sample_rate": RATE}
TOOK_TOO_LONG = 15


def broken_off(server, **options):
    """Return the recording of a run that ended with an error."""
    with pytest.raises(QawError) as caught:
        transcribe(TALK, Endpoint(server.url), CONFIG, **FREE, **options)
    return caught.value.recording


def test_the_recording_of_an_error_goes_on_after_its_last_final(tmp_path):
    service, finals = ToneService((7.0, close(1008, "not today"))), []
    with ScriptedServer(service) as server:
        before = broken_off(server)
        assert 0 < len(before.text.split()) < 12 and before.duration == len(TALK) / RATE
        kept = load_recording(before.save(tmp_path / "broken.qasr"))
        for recording in (before, kept):
            again = transcribe(recording, Endpoint(server.url), **FREE, on_final=finals.append)
            assert again.text.split() == WORDS and again.complete and again.config == CONFIG
            assert (again.tape.read() == TALK).all()
    answered = [one for one in before.utterances if one.status == "final"][-1]
    assert [gap.why for gap in again.gaps] == ["again"] and again.gaps[0].start >= answered.end
    assert [one.number for one in finals] == [4, 5, 4, 5], "what was answered before is not told again"


def test_with_other_settings_or_elsewhere_it_begins_anew():
    service = ToneService((7.0, close(1008, "not today")))
    with ScriptedServer(service) as server:
        before = broken_off(server)
        other = SessionConfig(turn_detection=TurnDetection(0.0, 500))
        again = transcribe(before, Endpoint(server.url), other, **FREE)
        assert len(service.sessions[1].audio) == len(TALK) and again.gaps == ()
        whole = transcribe(again, Endpoint(server.url), **FREE)
        assert len(service.sessions[2].audio) == len(TALK) and whole.config == SessionConfig()


def test_a_recording_that_goes_on_keeps_one_clock():
    with ScriptedServer(ToneService((7.0, close(1008, "not today")))) as server:
        before = broken_off(server)
        again = transcribe(before, Endpoint(server.url), **FREE)
    times = [timed.time for timed in again.events]
    assert times == sorted(times) and again.events[:len(before.events)] == tuple(before.events)
    assert len(again.connections) == 2 and again.connections[1].opened >= again.connections[0].closed


def test_a_service_that_closes_in_silence_costs_no_word_where_the_client_takes_turns():
    speech = sample("conversation").clip[:4.0].to_pcm16()
    sound = np.concatenate([speech, np.zeros(4 * RATE, np.int16), speech])
    config = SessionConfig(turn_detection=TurnDetection(0.0, 400))
    options = {"progress": False, "sample_rate": RATE, "turn_taking": "client"}
    idle = ToneService(idle=0.5)
    with ScriptedServer(idle) as server, ScriptedServer(ToneService()) as patient:
        cut = transcribe(sound, Endpoint(server.url), config, pace=4.0, **options)
        whole = transcribe(sound, Endpoint(patient.url), config, pace=None, **options)
    assert len(idle.sessions) >= 2 and cut.complete and len(whole.turns) >= 2
    assert [one.text for one in cut.utterances] == [one.text for one in whole.utterances]
    for ours, theirs in zip(cut.turns, whole.turns, strict=True):
        assert (ours.onset, ours.end) == pytest.approx((theirs.onset, theirs.end), abs=0.05)


def deaf(peer):
    """Begin a session, then read nothing more."""
    peer.send(created())
    peer.send(updated(**peer.until("session.update")["session"]))
    GATE.wait(TOOK_TOO_LONG)


GATE = threading.Event()


def test_a_service_that_has_gone_silent_is_found_and_what_it_was_sent_goes_to_the_next(monkeypatch):
    monkeypatch.setattr(stream, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(stream, "PING_TIMEOUT", 0.3)
    service, scripts = ToneService(), [deaf]
    with ScriptedServer(lambda peer: (scripts.pop() if scripts else service)(peer), max_queue=1) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG), retry=Retry(patience=10, first=0.05))
        run.start()
        assert run.wait_for_service(TOOK_TOO_LONG)
        for at in range(0, len(TALK), RATE // 10):
            run.append(TALK[at:at + RATE // 10])
        run.finish()
        assert run.wait(TOOK_TOO_LONG) and run.error is None
        GATE.set()
    assert run.recording.text.split() == WORDS and run.recording.gaps[0].start == 0.0


def test_a_dead_service_is_found_within_ten_seconds():
    pings = stream.PING_INTERVAL + stream.PING_TIMEOUT
    assert pings + 2 * 0.3 < 10.0, "also where an answer took 0.3 s before"


def test_a_run_can_be_ended_at_once_while_it_waits_for_its_next_try():
    with ScriptedServer(ToneService((1.0, drop))) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG), retry=Retry(first=60.0, longest=60.0))
        run.start()
        run.append(TALK)
        wait_until(lambda: run.outage is not None)
        assert run.phase == "connecting" and run.active and run.recording.interrupted
        assert isinstance(run.outage.error, ServiceClosed) and run.outage.tries == 1
        began = time.monotonic()
        assert not run.give_up() and time.monotonic() - began < 10.0
    assert not run.active and not run.recording.complete and run.recording.duration == len(TALK) / RATE


def test_a_try_can_be_made_now_instead_of_later():
    service = ToneService((1.0, drop))
    with ScriptedServer(service) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG), retry=Retry(first=60.0, longest=60.0))
        run.start()
        run.append(TALK)
        run.finish()
        wait_until(lambda: run.outage is not None)
        run.hurry()
        assert run.wait(TOOK_TOO_LONG) and run.recording.complete


def test_ctrl_c_while_it_reconnects_ends_the_wait_at_once_and_keeps_the_sound():
    def interrupt(outage):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with ScriptedServer(ToneService((3.0, drop))) as server:
        began = time.monotonic()
        recording = transcribe(
            TALK, Endpoint(server.url), CONFIG, **FREE, on_outage=interrupt, retry=Retry(first=60, longest=60)
        )
        assert time.monotonic() - began < 30.0
    assert recording.text.split() == WORDS[:2] and not recording.complete
    assert (recording.tape.read() == TALK).all() and recording.notes[0].startswith("Interrupted at ")


def test_the_command_line_says_that_it_reconnects_and_goes_on(tmp_path, capsys):
    import soundfile

    soundfile.write(tmp_path / "talk.wav", TALK, RATE)
    with ScriptedServer(ToneService((5.0, close(1011, "worn out \x1b[31m")))) as server:
        code = cli.main([
            "transcribe", str(tmp_path / "talk.wav"), "--endpoint", server.url, "--pace", "0", "--quiet",
            "--threshold", "0", "--silence", "600",
        ])
    said = capsys.readouterr()
    assert code == 0 and said.out.split() == WORDS
    assert "Reconnecting: trying again; nothing is lost." in said.err and "\x1b" not in said.err
