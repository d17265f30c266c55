"""The tape: what was appended can be read, in any pieces, by any thread, for ever."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.audio.tape import BLOCK, Tape
from qwen_asr_widgets.errors import AudioError

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


def test_readers_see_a_true_beginning_while_a_writer_appends():
    tape = Tape(16_000)
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
    assert wrong == []
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
