"""Noise lies as far below a clip as was asked, and nothing is distorted."""

from __future__ import annotations

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip, AudioClipped
from qwen_asr_widgets.errors import AudioError


def tone(seconds: float, peak: float = 0.3, rate: int = 16_000) -> AudioClip:
    return AudioClip(peak * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate), rate)


def hiss(seconds: float, rate: int = 16_000) -> AudioClip:
    return AudioClip(np.random.default_rng(1).normal(0, 0.05, round(seconds * rate)), rate)


def db(signal: np.ndarray, noise: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(signal**2) / np.mean(noise**2)))


@pytest.mark.parametrize("snr", [-10, 0, 5.5, 40])
@pytest.mark.parametrize("length", [0.3, 2.0, 7.0])
def test_the_noise_lies_as_far_below_the_clip_as_was_asked(snr: float, length: float) -> None:
    clip = tone(2.0, 0.05)
    mixed = qaw.mix(clip, hiss(length), snr)
    assert len(mixed) == len(clip) and mixed.sample_rate == 16_000
    assert db(clip.samples, mixed.samples - clip.samples) == pytest.approx(snr, abs=0.02)


def test_power_may_be_that_of_the_speech_alone() -> None:
    clip = AudioClip(np.concatenate([tone(1.0).samples, np.zeros(48_000)]), 16_000)
    mixed = qaw.mix(clip, hiss(1), 10, speech=[(0.0, 1.0)])
    assert db(clip[:1.0].samples, mixed.samples - clip.samples) == pytest.approx(10, abs=0.02)
    for speech in ([], [(3.0, 5.0)], [(1.0, 0.5)]):
        with pytest.raises(AudioError, match="give .start, end. in seconds within a clip of 4.000 s"):
            qaw.mix(clip, hiss(1), 10, speech=speech)


def test_a_sum_beyond_full_scale_is_turned_down_as_a_whole() -> None:
    clip = tone(1.0, 0.9)
    mixed = qaw.mix(clip, hiss(1), 0)
    assert np.abs(mixed.samples).max() == pytest.approx(1.0)
    scale = float(np.dot(mixed.samples, clip.samples) / np.dot(clip.samples, clip.samples))
    assert db(scale * clip.samples, mixed.samples - scale * clip.samples) == pytest.approx(0, abs=0.2)


def test_noise_of_another_rate_is_brought_to_that_of_the_clip() -> None:
    mixed = qaw.mix(tone(1.0, 0.05, 8_000), hiss(1.0, 48_000), 10)
    assert (mixed.sample_rate, len(mixed)) == (8_000, 8_000)


def test_silence_has_no_distance() -> None:
    silent = AudioClip(np.zeros(1_600), 16_000)
    with pytest.raises(AudioError, match="The noise is silent"):
        qaw.mix(tone(0.1), silent, 10)
    with pytest.raises(AudioError, match="The clip is silent"):
        qaw.mix(silent, hiss(0.1), 10)
    with pytest.raises(AudioError, match="snr_db is '10'; give the distance"):
        qaw.mix(tone(0.1), hiss(0.1), "10")


def test_gain_is_in_decibels_and_cuts_at_full_scale_with_a_warning() -> None:
    clip = tone(0.1, 0.5)
    assert np.abs(clip.gain(-20).samples).max() == pytest.approx(0.05, abs=1e-3)
    with pytest.warns(AudioClipped, match="go beyond full scale at [+]12 dB"):
        loud = clip.gain(12)
    assert np.abs(loud.samples).max() == 1.0
    with pytest.raises(AudioError, match="db is nan; give decibels"):
        clip.gain(float("nan"))
