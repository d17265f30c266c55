"""What must not happen to a transcriber's runs: none hangs, none is sent twice, none outlives its widget."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from support.scripted_server import ScriptedServer
from support.transcribing import NOWHERE, SECONDS, MicrophonePage, ask, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import NotConnected, RunBroken, SettingError
from qwen_asr_widgets.recording.upload import Upload
from qwen_asr_widgets.widgets.transcriber import sources as transcriber_sources

pytestmark = pytest.mark.service


def test_a_pace_that_cannot_be_kept_begins_no_other_run(made) -> None:
    t = made(sample("conversation").clip[:1.0], pace=None)
    t.start()
    t.wait(SECONDS)
    for pace in ("fast", math.nan, -1, [], True):
        with pytest.raises(SettingError, match="None for as fast as"):
            t.run_again(pace=pace)
        ask(t, "again", pace=pace)
        assert not t.active and len(t.recordings) == 1
    ask(t, "again", pace=-1)
    notice = state(t)["notice"]
    assert notice["code"] == "settings" and "pace is -1;" in notice["detail"]


def test_whatever_ends_the_feed_ends_the_run_and_is_said(made, monkeypatch) -> None:
    def breaking(pieces, *_):
        yield next(iter(pieces))
        raise OSError("the disk is gone")

    monkeypatch.setattr(transcriber_sources, "paced", breaking)
    t = made(sample("conversation"))
    t.start()
    with pytest.raises(RunBroken, match="the disk is gone") as raised:
        t.wait(SECONDS)
    assert isinstance(raised.value.__cause__, OSError)
    assert state(t)["notice"]["code"] == "internal" and not t.recording.complete
    assert t.recording.duration == pytest.approx(0.1)


def test_whatever_breaks_the_sending_is_said_and_the_sound_is_kept(made, monkeypatch) -> None:
    def breaking(self):
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(Upload, "send", breaking)
    t = made()
    page = MicrophonePage(t).start()
    wait_until(lambda: (state(t)["notice"] or {}).get("code") == "internal")
    monkeypatch.undo()
    page.speak(spoken(0.5))
    wait_until(lambda: t.recording.duration > 0.4)
    ask(t, "retry")
    page.stop()
    recording = t.wait(SECONDS)
    assert recording.complete and recording.duration == pytest.approx(0.5)


def test_sound_handed_out_while_a_run_is_tried_again_is_in_the_new_one_whole_and_once(made) -> None:
    clip = sample("conversation").clip[:2.0]
    t = made(clip, NOWHERE)
    t.start()
    t.pause()
    old = wait_until(lambda: t.model.run.error and t.model.run)
    t.model.choice = made().model.choice
    make, take, taken = t.model.make_run, old.append, threading.Event()

    def noting(samples) -> None:
        take(samples)
        taken.set()

    def making(*args):
        run = make(*args)
        t.resume()
        taken.wait(0.5)  # the time in which a piece would get lost
        return run

    old.append, t.model.make_run = noting, making
    ask(t, "retry")
    recording = t.wait(SECONDS)
    assert recording.complete and not taken.is_set()
    assert np.array_equal(recording.tape.read(), clip.resample(16_000).to_pcm16())


def test_trying_again_sends_nothing_twice_and_a_healthy_run_goes_on(made) -> None:
    t = made(endpoint=NOWHERE)
    page = MicrophonePage(t).start()
    wait_until(lambda: t.recording is not None and t.model.run.error)
    t.model.choice = made().model.choice
    for _ in range(3):
        ask(t, "retry")
    wait_until(lambda: t.model.run.phase == "live")
    ask(t, "retry")
    page.speak(spoken(0.5))
    page.stop()
    assert t.wait(SECONDS).complete
    ask(t, "retry")
    assert len(t.recordings) == 2 and not t.active


def test_of_several_threads_that_start_one_begins_the_run(made) -> None:
    t = made(sample("conversation"))
    gate = threading.Barrier(6)
    threads = [threading.Thread(target=lambda: gate.wait() and None or t.start()) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(t.recordings) == 1 and t.active


def test_closing_ends_the_runs_of_earlier_takes_too(made) -> None:
    with ScriptedServer(lambda peer: peer.until("session.finish")) as server:
        before = set(threading.enumerate())
        t = made(endpoint=server.url)
        page = MicrophonePage(t)
        for _ in range(3):
            page.start().speak(spoken(0.3))
            page.stop()
        wait_until(lambda: len(t.recordings) == 3)
        server.peer(2)
        t.close()
        ours = [one for one in set(threading.enumerate()) - before if one.name == "qaw-run"]
        wait_until(lambda: not any(one.is_alive() for one in ours))
        for recording in t.recordings:
            assert recording.notes[0].startswith("Ended before the service had answered")


def test_a_closed_transcriber_sends_nothing(made) -> None:
    for source in (None, sample("conversation").clip[:0.5]):
        t = made(source, pace=None)
        t.close()
        with pytest.raises(NotConnected, match="closed; make a new one"):
            t.start()
        assert t.recordings == () and not t.active
