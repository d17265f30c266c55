"""A clip is a value: equal where its sound is, an array for numpy, the same after a pickle."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets import AudioClip
from qwen_asr_widgets.errors import AudioError

SOUND = np.sin(np.arange(1_600) / 10).astype(np.float32) / 2


def test_clips_of_the_same_sound_are_equal_wherever_it_came_from(tmp_path: Any) -> None:
    clip = AudioClip(np.rint(SOUND * 32_768).astype(np.int16), 16_000)
    clip.save(tmp_path / "clip.wav")
    loaded = AudioClip.load(tmp_path / "clip.wav")
    assert loaded == clip and hash(loaded) == hash(clip) and len({loaded, clip}) == 1
    assert clip[0.0:0.05] == loaded[:0.05]


def test_another_rate_length_or_sample_is_another_clip() -> None:
    clip = AudioClip(SOUND, 16_000)
    changed = SOUND.copy()
    changed[-1] += 0.001
    assert clip != AudioClip(SOUND, 8_000) and clip != AudioClip(SOUND[1:], 16_000)
    assert clip != AudioClip(changed, 16_000) and clip != "clip"


def test_numpy_takes_a_clip_for_its_samples() -> None:
    clip = AudioClip(SOUND, 16_000)
    assert np.array_equal(np.asarray(clip), SOUND) and np.asarray(clip) is clip.samples
    assert np.asarray(clip, np.float64).dtype == np.float64
    own = np.array(clip)
    own[0] = 0.25
    assert clip.samples[0] == SOUND[0] and float(np.abs(clip).max()) == float(np.abs(SOUND).max())
    assert AudioClip.load(np.asarray(clip), sample_rate=16_000) == clip


def test_numpy_is_not_given_zeros_for_integers() -> None:
    with pytest.raises(AudioError, match=r"float in \[-1, 1\], not int16; use clip.to_pcm16\(\)"):
        np.asarray(AudioClip(SOUND, 16_000), np.int16)


def test_a_clip_survives_pickle_and_copy_and_stays_read_only() -> None:
    clip = AudioClip.load(qaw.sample("noisy"))
    for other in (pickle.loads(pickle.dumps(clip)), copy.copy(clip), copy.deepcopy(clip)):
        assert other == clip and other.origin == clip.origin and not other.samples.flags.writeable


@pytest.mark.parametrize("rate", [None, 16_000])
def test_a_generator_is_told_what_a_clip_needs(rate: int | None) -> None:
    with pytest.raises(AudioError, match=r"A generator gives sound piece by piece, .*np\.concatenate\(list"):
        AudioClip.load((SOUND for _ in range(2)), rate)  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="A generator gives sound piece by piece"):
        AudioClip((SOUND for _ in range(2)), 16_000)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [None, 3, 0.5, True, {"sound": SOUND}])
def test_what_is_no_sound_is_told_what_is(source: Any) -> None:
    with pytest.raises(AudioError, match="is no sound; give a path"):
        AudioClip.load(source)
