"""A run that ends early at the command line: what came is written; no text of others steers the terminal."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import re
import signal
import threading

import numpy as np
import pytest
import soundfile
from support.scripted_server import ScriptedServer, created, item_events, updated

from qwen_asr_widgets import Endpoint, Retry, ServiceClosed, cli, load_recording, transcribe
from qwen_asr_widgets.formatting import printable
from qwen_asr_widgets.recording.run import Run

NASTY = "good\x1b]0;owned\x07 \x9b31m mor\u202ening\0 \u2066a\u2069"
UNSAFE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, (5_000 * np.sin(np.arange(32_000) / 11)).astype(np.int16), 16_000)
    return path


def greet(peer):
    peer.send(created())
    peer.send(updated(**peer.until("session.update")["session"]))


def close_midway(peer):
    greet(peer)
    peer.until("input_audio_buffer.append")
    peer.send(*item_events())
    peer.close(1011, "worn out \x1b[31m")


def interrupt(number=signal.SIGINT):
    signal.pthread_kill(threading.main_thread().ident, number)


def command(script, clip, *more):
    with ScriptedServer(script) as server:
        options = ["--endpoint", server.url, "--pace", "0", "--patience", "0", *map(str, more)]
        return cli.main(["transcribe", str(clip), *options])


def test_a_service_that_closes_midway_costs_no_word_that_came(clip, tmp_path, capsys):
    outs = [tmp_path / "talk.qasr", tmp_path / "talk.srt"]
    assert command(close_midway, clip, "--out", outs[0], "--out", outs[1]) == 1
    said = capsys.readouterr()
    recording = load_recording(outs[0])
    assert recording.text == "good morning" and recording.duration == 2.0 and not recording.complete
    assert "good morning" in outs[1].read_text()
    for path in outs:
        assert f"Wrote {path} (incomplete)" in said.err
    assert "closed the connection" in said.err and not UNSAFE.search(said.err)


def test_an_output_that_cannot_be_written_keeps_no_other_from_being(clip, tmp_path, capsys):
    (tmp_path / "taken.srt").mkdir()
    more = ["--out", tmp_path / "taken.srt", "--out", tmp_path / "talk.json"]
    assert command(close_midway, clip, *more) == 1
    assert "taken.srt was not written" in capsys.readouterr().err and (tmp_path / "talk.json").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl_c", "kill"])
def test_ctrl_c_and_kill_while_the_last_answers_are_awaited_keep_those_that_come(
    clip, tmp_path, capsys, number
):
    def script(peer):
        greet(peer)
        peer.until("session.finish")
        first, *rest = item_events()
        peer.send(first)
        interrupt(number)
        peer.send(*rest, {"type": "session.finished"})
        peer.drain()

    assert command(script, clip, "--quiet", "--out", tmp_path / "talk.qasr") == 130
    assert capsys.readouterr().out == "good morning\n"
    assert load_recording(tmp_path / "talk.qasr").notes == ("Interrupted at 0:02.0",)


@pytest.mark.parametrize("impatient", [False, True])
def test_ctrl_c_that_is_pressed_again_keeps_what_came_and_writes_it(clip, tmp_path, monkeypatch, impatient):
    awaited = threading.Semaphore(0)

    def script(peer):
        greet(peer)
        peer.until("session.finish")
        peer.send(*item_events())
        for _ in range(2):
            assert awaited.acquire(timeout=20)
            interrupt()
        peer.drain()

    def wait(run, timeout=None):
        awaited.release()
        return wait_before(run, timeout)

    def give_up(run):
        give_up_before(run)
        if impatient:
            raise KeyboardInterrupt

    wait_before, give_up_before = Run.wait, Run.give_up
    monkeypatch.setattr(Run, "wait", wait)
    monkeypatch.setattr(Run, "give_up", give_up)
    assert command(script, clip, "--quiet", "--out", tmp_path / "talk.qasr") == 130
    recording = load_recording(tmp_path / "talk.qasr")
    assert recording.text == "good morning" and recording.notes[0].startswith("Interrupted")


@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_a_transcript_reaches_the_terminal_without_what_would_steer_it(clip, capsys, options):
    def script(peer):
        greet(peer)
        peer.until("input_audio_buffer.append")
        peer.send(*item_events(text=NASTY))
        peer.until("session.finish")
        peer.send({"type": "session.finished"})
        peer.drain()

    assert command(script, clip, *options) == 0
    printed = capsys.readouterr().out
    assert "good ]0;owned  " in printed and not UNSAFE.search(printed)


def test_scripts_that_need_joiners_and_direction_marks_are_printed_as_they_are():
    for text in ("سلام\u200cها", "क्\u200dष", "\u200fשלום!", "早上好", "👩\u200d🔬", "naïve"):
        assert printable(text) == text
    assert printable("a\nb", keep_lines=True) == "a\nb" and printable("a\nb\x85c") == "a b c"


def lost_in_a_worker(url: str) -> None:
    transcribe(
        np.zeros(16_000, np.int16), Endpoint(url), sample_rate=16_000, pace=None, progress=False,
        retry=Retry(patience=0),
    )


def test_an_error_with_its_recording_comes_out_of_a_pool_of_processes():
    context = multiprocessing.get_context("spawn")
    with ScriptedServer(close_midway) as server:
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            with pytest.raises(ServiceClosed, match="closed the connection") as caught:
                pool.submit(lost_in_a_worker, server.url).result(60)
    assert caught.value.recording.text == "good morning" and not caught.value.recording.complete
