"""A line that is slower than the sound: noticed, told, and where that is wanted answered by Opus."""

from __future__ import annotations

import base64
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_server import ScriptedServer
from support.tone_service import RATE, ToneService, talk
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, Recording, Retry, SessionConfig, TurnDetection
from qwen_asr_widgets.client.pacing import WATCHED, LineWatch
from qwen_asr_widgets.client.resume_plan import ResumePlan
from qwen_asr_widgets.client.websocket.keepalive import KeepAlive
from qwen_asr_widgets.recording.observers import RunObserver, SessionObserver
from qwen_asr_widgets.recording.run import Run
from qwen_asr_widgets.recording.upload import ENDED, SETTINGS, Outgoing, Upload

CONFIG = SessionConfig(turn_detection=TurnDetection(0.0, 600))


@given(st.floats(0.0, 0.95), st.floats(0.05, 0.5))
def test_a_line_below_real_time_is_noticed_whatever_its_speed(share, step):
    watch, now, slow = LineWatch(RATE), 0.0, False
    while now < 20 * WATCHED / (1 - share) and not slow:
        now += step
        slow = watch.is_slow(now, round(share * now * RATE), round(now * RATE))
    assert slow


@given(st.floats(1.05, 40.0), st.floats(6.0, 600.0))
def test_a_line_that_catches_up_is_never_called_slow(speed, behind):
    watch, now, sent = LineWatch(RATE), behind, 0.0
    while sent < now:
        now += 0.1
        sent += 0.1 * speed
        assert not watch.is_slow(now, round(min(sent, now) * RATE), round(now * RATE))
        if now > behind + 60:
            return


def test_a_peer_on_a_line_that_has_filled_is_given_the_time_its_last_answer_took():
    pings = KeepAlive(3.0, 5.0)
    pings.answered(pings.ping(10.0), 14.0)
    pings.ping(20.0)
    assert not pings.overdue(32.9, heard=19.0) and pings.overdue(33.0, heard=19.0)
    assert pings.silent(25.0, heard=19.0) == 5.0 and pings.silent(25.0, heard=21.0) == 0.0


@pytest.mark.parametrize("stamp", [b"", b"x", b"\xff" * 8, bytes(8)])
def test_an_answer_that_no_ping_asked_for_says_nothing(stamp):
    pings = KeepAlive(3.0, 5.0)
    pings.ping(1_000.0)
    pings.answered(stamp, 1_001.0)
    assert pings.delay == 0.0


def test_a_run_on_a_slow_line_goes_on_in_opus_where_that_is_wanted(monkeypatch):
    pytest.importorskip("av")
    monkeypatch.setattr("qwen_asr_widgets.recording.upload.LineWatch.is_slow", lambda *_: True)
    service, sound = ToneService(), talk(2, 3)
    with ScriptedServer(service) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG), retry=Retry(patience=10, opus_when_slow=True))
        run.start()
        assert run.wait_for_service(10)
        for at in range(0, len(sound), RATE // 10):
            run.append(sound[at:at + RATE // 10])
            time.sleep(0.002)
        wait_until(lambda: len(service.updates) == 2 and service.updates[1])
        run.abort()
        formats = [updates[0]["input_audio_format"] for updates in service.updates]
        second = [m for m in server.peer(1).messages if m["type"] == "input_audio_buffer.append"]
    assert formats == ["pcm", "opus"] and not run.slow_line
    assert [gap.why for gap in run.recording.gaps] == ["settings"]
    assert all(base64.b64decode(message["audio"]).startswith(b"OggS") for message in second)


def test_opus_that_was_asked_for_carries_what_waits_also_where_the_sound_has_ended():
    pytest.importorskip("av")
    service = ToneService()
    with ScriptedServer(service) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG))
        run.append(talk(2, 3))
        run.update(replace(CONFIG, input_audio_format="opus"))
        run.finish()
        run.start()
        assert run.wait(10) and run.recording.complete
    assert [updates[0]["input_audio_format"] for updates in service.updates] == ["pcm", "opus"]
    assert len(service.sessions[0].audio) == 0


SOUND = round(10.8 * RATE)
"""Samples of a sound that the outbox takes whole before the line can be found slow."""


class VirtualLine:
    """A line of a certain share of real time; its clock moves when it is read, once all was handed in."""

    connected = True
    position = 0

    def __init__(self, share: float) -> None:
        self.share, self.now, self.handed = share, 0.0, 0
        self.sessions: list[str] = []

    def open(self, endpoint: object, config: SessionConfig, *_: object, **__: object) -> VirtualLine:
        self.sessions.append(config.input_audio_format)
        return self

    def append(self, samples: np.ndarray) -> None:
        self.handed += len(samples)

    def monotonic(self) -> float:
        self.now += 0.1 if self.handed == SOUND else 0.0
        return self.now

    @property
    def sent(self) -> int:
        return min(self.handed, round(self.share * self.now * RATE))


@pytest.fixture
def virtual_line(monkeypatch):
    """Return a function that makes the line of every upload one of a certain share of real time."""
    def lay(share: float) -> VirtualLine:
        line = VirtualLine(share)
        monkeypatch.setattr("qwen_asr_widgets.recording.upload.AudioStream", line.open)
        monkeypatch.setattr("qwen_asr_widgets.recording.upload.time", line)
        monkeypatch.setattr("qwen_asr_widgets.recording.upload.DRAIN_SECONDS", 0.0)
        monkeypatch.setattr(Recording, "position", property(lambda recording: line.sent))
        return line

    return lay


def upload_at_its_end() -> tuple[Upload, Outgoing]:
    """Return the upload of a sound that has come to its end before a byte of it went out."""
    recording = Recording(CONFIG)
    recording.tape.append(np.zeros(SOUND, np.int16))
    outgoing = Outgoing(recording.tape)
    outgoing.end()
    there = Endpoint("ws://127.0.0.1:1/x", api_key="none")
    observer = SessionObserver(recording, RunObserver(), [], None)
    return Upload(there, recording, outgoing, CONFIG, ResumePlan(), observer), outgoing


def test_a_line_found_slow_while_the_outbox_drains_is_offered_opus(virtual_line):
    line = virtual_line(0.4)
    upload, outgoing = upload_at_its_end()
    told = []
    watch = upload._watch_line
    upload._watch_line = lambda: (watch(), told.append(outgoing.is_slow))
    assert upload.send() == ENDED
    assert True in told and not told[-1]
    assert line.now == pytest.approx((10.8 - WATCHED) / 0.4, abs=0.5)  # until no more waits than at any time


def test_a_line_found_slow_while_the_outbox_drains_goes_on_in_opus_where_that_is_wanted(virtual_line):
    pytest.importorskip("av")
    virtual_line(0.4)
    upload, outgoing = upload_at_its_end()
    outgoing.opus_when_slow = True
    assert upload.send() == SETTINGS
    assert [config.input_audio_format for config in outgoing.settings] == ["opus"]


@pytest.mark.parametrize("share", [1.5, 40.0])
def test_a_line_that_carries_what_is_said_is_not_taken_for_slow_while_the_outbox_drains(share, virtual_line):
    line = virtual_line(share)
    upload, outgoing = upload_at_its_end()
    outgoing.opus_when_slow = True
    assert upload.send() == ENDED and line.sessions == ["pcm"] and not outgoing.is_slow


def test_where_it_is_not_wanted_the_run_says_so_and_goes_on(monkeypatch):
    monkeypatch.setattr("qwen_asr_widgets.recording.upload.LineWatch.is_slow", lambda *_: True)
    service = ToneService()
    with ScriptedServer(service) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG))
        run.start()
        run.append(np.zeros(RATE, np.int16))
        wait_until(lambda: run.slow_line)
        run.finish()
        assert run.wait(10) and run.recording.complete and len(service.sessions) == 1
