"""A growing recording is on disk within a second, whatever ends the process that makes it."""

from __future__ import annotations

import errno
import json
import os
import random
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from support.recordings import Script, three_turns
from support.scripted_server import ScriptedServer, created, item_events, updated
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, Recording, recover, transcribe
from qwen_asr_widgets.errors import BundleError, WriteFailed
from qwen_asr_widgets.recording.autosave import Autosave, folder_lock, left_overs, remove_old

GROWS = """
import sys, time
import numpy as np
from qwen_asr_widgets.protocol.codec import read_server
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.recording.autosave import Autosave

recording = Recording()
saving = Autosave(recording, sys.argv[1])
began = time.monotonic()
recording.opened(began)
print("begun", flush=True)
for number in range(10_000):
    time.sleep(max(0.0, began + number / 50 - time.monotonic()))
    samples = np.arange(320, dtype=np.int16) + np.int16(number)
    start = recording.tape.append(samples)
    recording.audio_sent(start, start + 320, time.monotonic())
    message = {"type": "something", "number": number}
    recording.received(message, read_server(message), time.monotonic())
    print(number, flush=True)
"""


def tone(number: int) -> np.ndarray:
    return np.arange(320, dtype=np.int16) + np.int16(number)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("seed", [1, 5, 9, *(pytest.param(k, marks=pytest.mark.soak) for k in range(10, 30))])
def test_after_kill_9_at_any_moment_all_but_the_last_second_is_recovered(tmp_path: Path, seed: int) -> None:
    """A process records chunks of 20 ms in real time and says each number once it is in the recording."""
    with subprocess.Popen(
        [sys.executable, "-c", GROWS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        time.sleep(random.Random(seed).uniform(0.05, 2.0))  # the moment is what is tried
        child.kill()
        said = [line for line in child.stdout.read().split("\n") if line]
    [recording] = recover(tmp_path)
    samples = recording.tape.read()
    chunks = -(-len(samples) // 320)
    expected = np.concatenate([np.zeros(0, np.int16), *map(tone, range(chunks))])[: len(samples)]
    assert (samples == expected).all()
    assert len(said) * 320 - len(samples) <= 16_000
    numbers = [one.message["number"] for one in recording.events if one.direction == "in"]
    assert numbers == list(range(len(numbers))) and len(numbers) >= len(said) - 50
    assert not recording.complete and recording.notes[-1].startswith("Recovered from disk: it ends at ")


def test_what_is_recovered_is_what_was_recorded(tmp_path):
    recording = three_turns()
    recording.lose(160)
    with Autosave(recording, tmp_path):
        pass
    [back] = recover(tmp_path)
    assert (back.tape.read() == recording.tape.read()).all() and back.events == recording.events
    assert back.text == recording.text and back.settings == recording.settings
    assert back.info == recording.info and back.notes == recording.notes and back.complete
    assert back.connections == recording.connections and back.lost == recording.lost


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_folder_and_what_is_in_it_belong_to_their_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        with Autosave(three_turns(), tmp_path / "new" / "folder") as saving:
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in saving.path.iterdir()}
            assert stat.S_IMODE(saving.path.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    assert modes == dict.fromkeys(["audio.pcm", "events.jsonl", "manifest.json", "writing"], 0o600)


FULL = """
import json, resource, sys, time
sys.dont_write_bytecode = True  # it would be cut off, too
import numpy as np
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.recording.autosave import Autosave, recover

recording = Recording()
saving = Autosave(recording, sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for _ in range(12):
    recording.tape.append(np.ones(16_000, np.int16))
    time.sleep(0.1)
saving.stop()
print(json.dumps([list(recording.notes), recording.duration, recover(sys.argv[1])[0].duration]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_full_disk_is_reported_once_and_the_run_goes_on_in_memory(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    notes, duration, kept = json.loads(run.stdout)
    assert len(notes) == 1 and notes[0].startswith("Nothing is saved to disk from ") and duration == 12.0
    assert "File too large" in notes[0] and kept == 50_000 / 16_000


def test_a_recording_may_not_take_more_than_the_limit(tmp_path):
    recording = Recording()
    saving = Autosave(recording, tmp_path, limit=50_000)
    recording.tape.append(np.ones(160_000, np.int16))
    saving.stop()
    assert recording.notes == (
        "Nothing is saved to disk from 0.0 s on (the limit of 0 MB is reached); the run goes on in memory",
    )


def kept(folder, seconds, over=None):
    """Begin to keep a recording of so much sound; end it, unless ``over`` tells when it is over."""
    recording = Recording()
    saving = Autosave(recording, folder, limit=ROOM, over=over or (lambda: False))
    recording.tape.append(np.ones(16_000 * seconds, np.int16))
    if over is None:
        saving.stop()
    return saving


ROOM = 120_000
"""Bytes: three seconds of sound and their manifests, not four."""


def test_before_the_folder_is_full_the_oldest_finished_recording_goes_and_that_is_told_once(tmp_path):
    names = [kept(tmp_path, 1).path.rename(tmp_path / f"recording-2026010{day}-000000-x") for day in (1, 2)]
    growing = kept(tmp_path, 1, over=threading.Event().is_set)
    assert all(name.exists() for name in names)
    wait_until(lambda: growing.saved_seconds == 1.0)
    growing.recording.tape.append(np.ones(16_000, np.int16))
    wait_until(lambda: growing.saved_seconds == 2.0)
    assert [name.exists() for name in names] == [False, True]
    growing.recording.tape.append(np.ones(16_000, np.int16))
    growing.stop()
    assert growing.saved_seconds == 3.0 and not names[1].exists()
    assert growing.recording.notes == (
        "Older recordings that were kept beside this one were removed: together they may take 0 MB",
    )


def test_one_that_is_under_way_is_never_removed_to_make_room(tmp_path):
    first = kept(tmp_path, 2, over=threading.Event().is_set)
    wait_until(lambda: first.saved_seconds == 2.0)
    second = kept(tmp_path, 3)
    assert first.path.exists() and not first.removed and second.saved_seconds == 0.0
    assert "the limit of 0 MB is reached" in second.recording.notes[0]
    first.stop()


def test_a_finished_one_of_this_process_goes_too_and_is_known_to_be_gone(tmp_path):
    over = threading.Event()
    first = kept(tmp_path, 2, over=over.is_set)
    over.set()
    wait_until(lambda: first.is_finished)
    second = kept(tmp_path, 3)
    assert first.removed and not first.path.exists() and second.saved_seconds == 3.0
    assert [one.path for one in left_overs(tmp_path)] == [second.path]


def test_what_is_still_written_is_not_recovered_and_what_is_discarded_is_gone(tmp_path):
    saving = Autosave(three_turns(), tmp_path)
    if sys.platform != "win32":
        assert recover(tmp_path) == []
    saving.discard()
    assert recover(tmp_path) == [] and list(tmp_path.iterdir()) == []


def test_after_seven_days_a_recording_is_removed_when_the_next_begins(tmp_path):
    for days in (6.9, 7.1):
        with Autosave(three_turns(), tmp_path) as saving:
            pass
        then = time.time() - days * 86_400
        for path in (*saving.path.iterdir(), saving.path):
            os.utime(path, (then, then))
        remove_old(tmp_path)
        assert saving.path.exists() == (days < 7)


def test_a_folder_that_cannot_be_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteFailed, match="file"):
        Autosave(Recording(), tmp_path / "file")
    with pytest.raises(BundleError, match="There is no folder"):
        recover(tmp_path / "nowhere")


def test_one_that_is_damaged_keeps_no_other_from_being_opened(tmp_path):
    for _ in range(2):
        with Autosave(Script(1.0).play().recording, tmp_path) as saving:
            pass
    (saving.path / "manifest.json").write_text("{")
    assert len(recover(tmp_path)) == 1


def test_a_transcription_is_on_disk_and_no_key_with_it(tmp_path):
    key = "sk-planted-0123456789abcdef"

    def script(peer):
        peer.send(created())
        peer.send(updated(**peer.until("session.update")["session"]))
        peer.until("input_audio_buffer.append")
        peer.send(*item_events())
        peer.until("session.finish")
        peer.send({"type": "session.finished"})
        peer.drain()

    with ScriptedServer(script) as server:
        endpoint = Endpoint(f"{server.url}?token={key}", api_key=key)
        sound = np.ones(16_000, np.int16)
        options = {"sample_rate": 16_000, "pace": None, "progress": False, "autosave": tmp_path}
        recording = transcribe(sound, endpoint, **options)
    [back] = recover(tmp_path)
    assert back.text == recording.text == "good morning" and back.complete
    assert all(key.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_recording_that_was_saved_is_kept_nowhere_else(tmp_path):
    kept = tmp_path / "kept"
    recording = three_turns()
    with Autosave(recording, kept) as saving:
        recording.save(tmp_path / "talk.qasr")
    assert not saving.path.exists()
    with Autosave(three_turns(), kept):
        pass
    [back] = recover(kept)
    back.export(tmp_path / "talk.srt")
    assert len(recover(kept)) == 1
    back.save(tmp_path / "back.qasr")
    assert recover(kept) == []


def test_a_recording_that_grows_on_after_it_was_saved_is_kept_with_what_came_then(tmp_path):
    recording = three_turns()
    with Autosave(recording, tmp_path / "kept"):
        recording.export(tmp_path / "talk.qasr")
        recording.tape.append(np.ones(16_000, np.int16))
    [back] = recover(tmp_path / "kept")
    assert back.duration == recording.duration
    recording.export(tmp_path / "talk.qasr")
    assert recover(tmp_path / "kept") == []


def test_a_run_that_is_over_is_no_left_over_before_it_is_let_go(tmp_path):
    over = threading.Event()
    with Autosave(three_turns(), tmp_path, over=over.is_set) as saving:
        over.set()
        wait_until(lambda: not saving.is_writing)
        assert left_overs(tmp_path) == []
    [one] = left_overs(tmp_path)
    assert one.path == saving.path and one.duration == one.open().duration
    lock = one.lock()
    assert left_overs(tmp_path) == []
    lock.release()
    one.remove()
    assert list(tmp_path.iterdir()) == []


BESIDE = """
import sys
from qwen_asr_widgets.recording.autosave import left_overs
print(len(left_overs(sys.argv[1])))
"""


def test_another_process_takes_no_live_recording_for_a_left_over(tmp_path):
    def count() -> int:
        run = subprocess.run(
            [sys.executable, "-c", BESIDE, str(tmp_path)], capture_output=True, text=True, check=True
        )
        return int(run.stdout)

    with Autosave(three_turns(), tmp_path):
        assert count() == 0
    assert count() == 1


def test_where_files_cannot_be_locked_what_changed_within_an_hour_is_in_use(tmp_path, monkeypatch):
    def lock(handle: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(folder_lock, "_lock", lock)
    saving = Autosave(three_turns(), tmp_path)
    monkeypatch.setattr(folder_lock, "_ours", set())  # as another process sees it
    assert left_overs(tmp_path) == []
    then = time.time() - 4_000
    for path in (*saving.path.iterdir(), saving.path):
        os.utime(path, (then, then))
    assert len(left_overs(tmp_path)) == 1
