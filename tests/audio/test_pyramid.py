"""The pyramid: every tile equals the plain minimum and maximum, whatever it is built from and when."""

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
@given(st.integers(1, len(NOISE)), st.integers(0, 9))
def test_every_tile_is_the_plain_minimum_and_maximum(length, level):
    samples = NOISE[:length]
    pyramid = Pyramid(samples)
    expected = plain(samples, 4**level)
    tiles = [pyramid.tile(level, index) for index in range(-(-len(expected) // TILE))]
    assert all(tile.dtype == np.int16 and len(tile) <= TILE for tile in tiles)
    assert np.array_equal(np.concatenate(tiles), expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=8), st.integers(0, 8))
def test_a_growing_tape_gives_the_tiles_of_the_whole(sizes, level):
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
    assert len(pyramid.tile(0, 1)) == 1_000 - TILE
    pyramid.update()
    assert len(pyramid.tile(0, 1)) == TILE


def test_a_clip_gives_the_tiles_of_its_pcm():
    clip = AudioClip(NOISE[:50_000] // 2, 16_000)
    assert np.array_equal(Pyramid(clip).peaks(3, 0, 1_000), plain(clip.to_pcm16(), 64))


def test_any_range_of_bins_is_the_slice_of_all():
    pyramid = Pyramid(NOISE)
    for level in (1, 3, 5):
        everything = plain(NOISE, 4**level)
        for start, stop in ((0, 3), (17, 450), (len(everything) - 2, len(everything) + 9), (9, 9)):
            assert np.array_equal(pyramid.peaks(level, start, stop), everything[start:stop])


def test_the_top_level_shows_everything_in_one_tile():
    for length in (0, 1, TILE, TILE + 1, 4 * TILE, len(NOISE)):
        pyramid = Pyramid(NOISE[:length])
        top = pyramid.levels - 1
        assert len(pyramid.tile(top, 1)) == 0
        assert len(pyramid.tile(top, 0)) == -(-length // 4**top)
        assert top == 0 or len(pyramid.tile(top - 1, 1)) > 0


def test_an_hour_needs_few_bytes_to_show():
    hour = Pyramid(np.zeros(57_600_000, np.int16))
    level = hour.level_for(57_600_000 / 1_200)
    pairs = hour.peaks(level, 0, 57_600_000)
    assert 1_200 <= len(pairs) <= 4 * 1_200
    assert pairs.nbytes < 20_000


def test_the_level_for_a_zoom_has_a_bin_for_every_pixel():
    pyramid = Pyramid(NOISE)
    for samples_per_pixel in (0.1, 1, 3.9, 4, 63, 64, 65, 10_000):
        level = pyramid.level_for(samples_per_pixel)
        assert level == 0 or pyramid.samples_per_bin(level) <= samples_per_pixel
        assert pyramid.samples_per_bin(level + 1) > samples_per_pixel


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1)])
def test_what_does_not_exist_is_named(level, index):
    with pytest.raises(AudioError, match="-1 does not exist"):
        Pyramid(NOISE).tile(level, index)


def test_past_the_end_there_is_nothing():
    assert Pyramid(NOISE).tile(3, 10**6).shape == (0, 2)
    assert Pyramid(Tape(16_000)).tile(0, 0).shape == (0, 2)
    assert Pyramid(Tape(16_000)).tile(5, 0).shape == (0, 2)


def test_floats_are_refused_with_the_way_to_give_them():
    with pytest.raises(AudioError, match="from a clip, a tape or int16"):
        Pyramid(np.zeros(10))
