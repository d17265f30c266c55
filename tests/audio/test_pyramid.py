"""The pyramid: every bin equals the plain minimum and maximum, whatever it is built from and when."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.pyramid import TILE, Pyramid
from qwen_asr_widgets.audio.tape import Tape
from qwen_asr_widgets.errors import AudioError

NOISE = np.random.default_rng(3).integers(-32_768, 32_768, 200_000, dtype=np.int16)


def plain(samples: np.ndarray, width: int) -> np.ndarray:
    """Return the pairs by the definition."""
    bins = -(-len(samples) // width)
    if not bins:
        return np.empty((0, 2), np.int16)
    padded = np.pad(samples, (0, bins * width - len(samples)), mode="edge").reshape(bins, width)
    return np.stack([padded.min(axis=1), padded.max(axis=1)], axis=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, len(NOISE)), st.integers(0, 9), st.integers(1, 2_000))
def test_every_bin_is_the_plain_minimum_and_maximum_however_many_are_asked_for(length, level, count):
    samples = NOISE[:length]
    pyramid = Pyramid(samples)
    expected = plain(samples, 4**level)
    groups = [pyramid.peaks(level, start, start + count) for start in range(0, len(expected), count)]
    assert all(group.dtype == np.int16 and len(group) <= count for group in groups)
    assert np.array_equal(np.concatenate(groups), expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=8), st.integers(0, 8))
def test_a_growing_tape_gives_the_bins_of_the_whole(sizes, level):
    tape = Tape(16_000)
    pyramid = Pyramid(tape)
    at = 0
    for size in sizes:
        size = min(size, len(NOISE) - at)
        tape.append(NOISE[at : at + size])
        at += size
        assert pyramid.update() == len(pyramid) == at
        assert np.array_equal(pyramid.peaks(level, 0, at + 1), plain(NOISE[:at], 4**level))


def test_what_the_tape_gained_shows_after_update_only():
    tape = Tape(16_000)
    tape.append(NOISE[:1_000])
    pyramid = Pyramid(tape)
    tape.append(NOISE[1_000:2_000])
    assert len(pyramid) == 1_000
    assert len(pyramid.peaks(0, TILE, 2 * TILE)) == 1_000 - TILE
    pyramid.update()
    assert len(pyramid.peaks(0, TILE, 2 * TILE)) == TILE


def test_a_clip_gives_the_bins_of_its_pcm():
    clip = AudioClip(NOISE[:50_000] // 2, 16_000)
    assert np.array_equal(Pyramid(clip).peaks(3, 0, 1_000), plain(clip.to_pcm16(), 64))


def test_any_range_of_bins_is_the_slice_of_all():
    pyramid = Pyramid(NOISE)
    for level in (1, 3, 5):
        everything = plain(NOISE, 4**level)
        for start, stop in ((0, 3), (17, 450), (len(everything) - 2, len(everything) + 9), (9, 9)):
            assert np.array_equal(pyramid.peaks(level, start, stop), everything[start:stop])


def test_an_hour_needs_few_bytes_to_show():
    hour = Pyramid(np.zeros(57_600_000, np.int16))
    pairs = hour.peaks(7, 0, 57_600_000)
    assert len(pairs) == -(-57_600_000 // 4**7) > 1_200, "at least one bin a pixel"
    assert pairs.nbytes < 20_000


def test_a_level_that_does_not_exist_is_named():
    with pytest.raises(AudioError, match="-1 does not exist"):
        Pyramid(NOISE).peaks(-1, 0, 1)


def test_past_the_end_there_is_nothing():
    assert Pyramid(NOISE).peaks(3, 10**6, 10**6 + 512).shape == (0, 2)
    assert Pyramid(Tape(16_000)).peaks(0, 0, 512).shape == (0, 2)
    assert Pyramid(Tape(16_000)).peaks(5, 0, 512).shape == (0, 2)


def test_floats_are_refused_with_the_way_to_give_them():
    with pytest.raises(AudioError, match="from a clip, a tape or int16"):
        Pyramid(np.zeros(10))
