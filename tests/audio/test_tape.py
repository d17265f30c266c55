"""The tape: what was appended can be read, in any pieces, by any thread, for ever."""

import copy
import errno
import os
import pickle
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.audio import tape as tape_module
from qwen_asr_widgets.audio.sample_file import SampleFile
from qwen_asr_widgets.audio.tape import BLOCK, IN_MEMORY_SECONDS, Tape
from qwen_asr_widgets.errors import AudioError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.recording import Recording

SOUND = np.arange(3 * BLOCK + 1_000).astype(np.int16)


@given(st.lists(st.integers(0, BLOCK), max_size=6), st.integers(-5, len(SOUND)), st.integers(-5, len(SOUND)))
def test_a_tape_reads_like_the_array_of_all_that_was_appended(sizes, start, stop):
    tape = Tape(16_000)
    at = 0
    for size in sizes:
        size = min(size, len(SOUND) - at)
        assert tape.append(SOUND[at : at + size]) == at
        at += size
    assert len(tape) == at
    assert np.array_equal(tape.read(), SOUND[:at])
    assert np.array_equal(tape.read(start, stop), SOUND[:at][start:stop])


def test_an_append_longer_than_a_block_is_whole():
    tape = Tape(8_000)
    tape.append(SOUND[:5])
    tape.append(SOUND[5:])
    assert np.array_equal(tape.read(), SOUND)
    assert tape.duration == len(SOUND) / 8_000


def test_what_is_read_is_a_copy_and_what_was_appended_was_copied():
    tape = Tape(16_000)
    samples = SOUND[:100].copy()
    tape.append(samples)
    samples[:] = -1
    tape.read()[:] = -1
    assert np.array_equal(tape.read(), SOUND[:100])


def false_readings(tape: Tape) -> list[int]:
    """Append the sound while another thread reads; return how long false readings were."""
    done = threading.Event()
    wrong = []

    def read() -> None:
        while not done.is_set():
            seen = tape.read()
            if not np.array_equal(seen, SOUND[: len(seen)]):
                wrong.append(len(seen))

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, len(SOUND), 1_600):
        tape.append(SOUND[start : start + 1_600])
    done.set()
    reader.join()
    return wrong


def test_readers_see_a_true_beginning_while_a_writer_appends():
    tape = Tape(16_000)
    assert false_readings(tape) == []
    assert len(tape) == len(SOUND)


def test_appends_of_several_threads_stay_whole():
    tape = Tape(16_000)
    starts: dict[int, list[int]] = {1: [], 2: [], 3: []}

    def write(value: int) -> None:
        for _ in range(200):
            starts[value].append(tape.append(np.full(777, value, np.int16)))

    threads = [threading.Thread(target=write, args=(value,)) for value in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tape) == 3 * 200 * 777
    for value, positions in starts.items():
        assert all(np.all(tape.read(start, start + 777) == value) for start in positions)


MINUTE = np.arange(60 * 8_000, dtype=np.int64).astype(np.int16)


def minute(number: int) -> np.ndarray:
    return MINUTE + np.int16(number)


@pytest.mark.parametrize("at_once", [False, True])
def test_memory_holds_five_minutes_and_no_more_however_long_the_tape_is(at_once):
    whole = np.concatenate([minute(number) for number in range(30)])
    tape = Tape(8_000)
    for piece in [whole] if at_once else np.array_split(whole, 900):
        tape.append(piece)
        least = min(len(tape), IN_MEMORY_SECONDS * 8_000)
        assert least <= tape.samples_in_memory <= least + 2 * BLOCK
    assert np.array_equal(tape.read(), whole)
    for start, stop in ((0, 5), (BLOCK - 3, BLOCK + 3), (len(whole) - 3_000_000, None), (-9, -2), (7, 7)):
        assert np.array_equal(tape.read(start, stop), whole[start:stop])


def test_readers_see_a_true_sound_while_it_moves_to_disk(monkeypatch):
    monkeypatch.setattr(tape_module, "IN_MEMORY_SECONDS", 0)
    tape = Tape(16_000)
    assert false_readings(tape) == []
    assert tape.samples_in_memory <= BLOCK


def test_where_the_disk_is_full_sound_stays_in_memory_until_there_is_room(monkeypatch):
    monkeypatch.setattr(tape_module, "IN_MEMORY_SECONDS", 0)
    full = True

    def write(self, start, samples, as_it_is=SampleFile.write):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        as_it_is(self, start, samples)

    monkeypatch.setattr(SampleFile, "write", write)
    tape = Tape(16_000)
    tape.append(SOUND[: 2 * BLOCK + 5])
    assert tape.samples_in_memory == 2 * BLOCK + 5
    full = False
    tape.append(SOUND[2 * BLOCK + 5 :])
    assert tape.samples_in_memory <= BLOCK
    assert np.array_equal(tape.read(), SOUND)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc lists the open files")
def test_the_file_of_old_sound_has_no_name_and_goes_with_its_tape(monkeypatch, tmp_path):
    monkeypatch.setattr(tape_module, "IN_MEMORY_SECONDS", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def held() -> list[str]:
        links = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        return [link for link in links if link.startswith(str(tmp_path))]

    tape = Tape(16_000)
    tape.append(SOUND)
    assert list(tmp_path.iterdir()) == [] and len(held()) == 1
    del tape
    assert held() == []


def test_a_recording_with_sound_on_disk_pickles_and_copies():
    recording = Recording(SessionConfig(sample_rate=8_000))
    recording.tape.append(np.concatenate([minute(number) for number in range(8)]))
    assert recording.tape.samples_in_memory < len(recording.tape)
    for other in (copy.deepcopy(recording), pickle.loads(pickle.dumps(recording))):
        assert np.array_equal(other.tape.read(), recording.tape.read())


def test_a_file_of_samples_is_read_as_written_also_where_places_cannot_be_named(monkeypatch):
    for name in ("pread", "pwrite"):
        monkeypatch.delattr(os, name, raising=False)
    file = SampleFile()
    file.write(0, SOUND[:1_000])
    file.write(500, SOUND[:10])
    assert np.array_equal(file.read(495, 515), [*SOUND[495:500], *SOUND[:10], *SOUND[510:515]])
    with pytest.raises(OSError, match="ends before sample 2000"):
        file.read(900, 2_000)


def test_a_tape_becomes_a_clip_without_a_changed_bit():
    tape = Tape(8_000)
    tape.append(SOUND[:8_000])
    clip = tape.to_clip("live")
    assert (clip.sample_rate, clip.origin.name) == (8_000, "live")
    assert np.array_equal(clip.to_pcm16(), SOUND[:8_000])


def test_an_empty_tape_is_no_clip():
    with pytest.raises(AudioError, match="still empty"):
        Tape(16_000).to_clip()


@pytest.mark.parametrize("wrong", [np.zeros(4), np.zeros((2, 4), np.int16), [1, 2]])
def test_only_int16_of_one_channel_goes_on_the_tape(wrong):
    with pytest.raises(AudioError, match=r"to_pcm16\(\)"):
        Tape(16_000).append(wrong)


def test_a_tape_needs_a_rate():
    with pytest.raises(AudioError, match="sample_rate is 0 Hz"):
        Tape(0)
