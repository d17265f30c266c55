"""What ``AudioClip`` makes of arrays: scale, shape, channels, and every input that cannot be used."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qwen_asr_widgets.audio.clip import AudioClip, AudioClipped, AudioTooQuiet, ChannelsAveraged
from qwen_asr_widgets.errors import AudioError

TONE = (0.5 * np.sin(np.arange(1_600) * 0.1)).astype(np.float32)
STEREO = np.stack([TONE, -TONE / 2], axis=1)


@given(hnp.arrays(np.int16, st.integers(1, 50)))
def test_int16_goes_in_and_comes_out_unchanged(samples):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioClipped)
        assert np.array_equal(AudioClip(samples, 16_000).to_pcm16(), samples)


@pytest.mark.parametrize(
    ("dtype", "half"),
    [(np.int8, 64), (np.uint8, 192), (np.int16, 2**14), (np.int32, 2**30), (np.float64, 0.5)],
)
def test_each_type_is_scaled_from_its_own_full_scale(dtype, half):
    clip = AudioClip.load(np.full(10, half, dtype), sample_rate=16_000)
    assert clip.samples.dtype == np.float32
    assert np.all(clip.samples == 0.5)


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8"])
def test_the_order_of_the_bytes_makes_no_difference(dtype):
    samples = TONE if dtype[0] == "f" else TONE * 2.0 ** (8 * int(dtype[1]) - 1)
    little, big = (AudioClip.load(samples.astype(order + dtype), 16_000).samples for order in "<>")
    assert little.dtype == big.dtype == np.float32 and little.dtype.isnative and big.dtype.isnative
    assert np.abs(little).max() > 0.4 and np.array_equal(little, big)
    assert np.array_equal(AudioClip(samples.astype(">" + dtype), 16_000).samples, big)


@pytest.mark.parametrize("shape", ["(n, channels)", "(channels, n)"])
def test_channels_are_the_short_axis(shape):
    array = STEREO if shape == "(n, channels)" else STEREO.T
    left, right = AudioClip.load_channels(array, sample_rate=8_000)
    assert np.array_equal(left.samples, TONE)
    assert np.array_equal(right.samples, -TONE / 2)
    assert (left.channel, right.channel, left.origin.channels) == (0, 1, 2)
    assert AudioClip.load(array, 8_000, channel=1).samples.tolist() == right.samples.tolist()


def test_averaging_is_announced_unless_it_was_chosen():
    with pytest.warns(ChannelsAveraged, match="2 channels; they were averaged.*channel=0"):
        averaged = AudioClip.load(STEREO, 16_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen = AudioClip.load(STEREO, 16_000, channel="mean")
    assert np.allclose(averaged.samples, TONE / 4, atol=1e-7)
    assert np.array_equal(averaged.samples, chosen.samples)
    assert averaged.channel == chosen.channel == "mean"


def test_one_channel_needs_no_choice_and_says_none():
    clip = AudioClip.load(TONE[None, :], 8_000)
    assert (clip.channel, clip.origin.channels, clip.sample_rate, len(clip)) == (None, 1, 8_000, 1_600)


@pytest.mark.parametrize(
    ("array", "rate", "says"),
    [
        (np.zeros(0), 16_000, "empty"),
        (np.zeros((0, 2)), 16_000, "empty"),
        (np.zeros((2, 3, 4)), 16_000, r"3 dimensions \(shape \(2, 3, 4\)\)"),
        (np.float32(0.5), 16_000, "0 dimensions"),
        (np.zeros((100, 100)), 16_000, "neither axis can be the channels"),
        (np.zeros((2, 2)), 16_000, "which axis is time"),
        (np.zeros(10, np.int64), 16_000, "int64.*convert it to int16"),
        (np.zeros(10, complex), 16_000, "complex128"),
        (["a", "b"], 16_000, "full scale is not known"),
        ((16_000, np.zeros(9)), 16_000, "cannot be read as one array"),
        (np.zeros(10), None, "does not say its sample rate"),
        (np.zeros(10), 0, "sample_rate is 0 Hz"),
        (np.zeros(10), -16_000, "sample_rate is -16000 Hz"),
        (np.zeros(10), 16, "did you mean 16000"),
        (np.zeros(10), 10**9, "sample_rate is 1000000000 Hz"),
        (np.zeros(10), 16_000.5, "whole number of hertz.*16000.5"),
        (np.zeros(10), "16k", "whole number of hertz.*'16k'"),
        (np.zeros(10), True, "whole number of hertz.*True"),
        (np.full(10, 12_000.0), 16_000, "reaches 12000.*divide by 32768"),
        (np.full(10, -2.1), 16_000, "reaches 2.1 "),
    ],
)
def test_an_array_that_cannot_be_sound_says_why(array, rate, says):
    with pytest.raises(AudioError, match=says):
        AudioClip.load(array, sample_rate=rate)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_counted_and_located(bad):
    samples = np.zeros(16_000)
    samples[[4_000, 9_000]] = bad
    with pytest.raises(AudioError, match=r"2 of 16000, the first at index 4000 \(0.250 s\).*nan_to_num"):
        AudioClip.load(samples, 16_000)


@pytest.mark.parametrize("channel", [2, -1, True, "left", 0.5])
def test_a_channel_that_does_not_exist_names_those_that_do(channel):
    with pytest.raises(AudioError, match='channel=0 to 1, or "mean"'):
        AudioClip.load(STEREO, 16_000, channel=channel)


def test_slight_overs_are_limited_counted_and_announced():
    with pytest.warns(AudioClipped, match="3 samples at or beyond full scale.*2 beyond it were limited"):
        clip = AudioClip.load(np.array([0.0, 1.3, -1.0, -1.9, 0.2]), 16_000)
    assert clip.origin.clipped == 3
    assert clip.samples.tolist() == pytest.approx([0.0, 1.0, -1.0, -1.0, 0.2])


def test_a_flat_top_is_clipping_and_a_lone_peak_is_not():
    peak = np.zeros(100, np.int16)
    peak[50] = 32_767
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AudioClip.load(peak, 16_000).origin.clipped == 1
    peak[50:53] = -32_768
    with pytest.warns(AudioClipped, match="3 samples"):
        assert AudioClip.load(peak, 16_000).origin.clipped == 3


def test_clipping_is_seen_in_a_channel_before_it_is_averaged_away():
    loud = np.stack([np.full(50, 32_767), np.zeros(50)], axis=1).astype(np.int16)
    with pytest.warns(AudioClipped):
        assert AudioClip.load(loud, 16_000, channel="mean").origin.clipped == 50
    assert AudioClip.load(loud, 16_000, channel=1).origin.clipped == 0


@given(st.integers(1, 2_000), st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_slice_by_seconds_is_the_slice_of_samples(length, first, last):
    clip = AudioClip(np.linspace(-1, 1, length, dtype=np.float32), 8_000)
    expected = clip.samples[first:last]
    if len(expected):
        assert np.array_equal(clip[first / 8_000 : last / 8_000].samples, expected)
    else:
        with pytest.raises(AudioError, match="there is nothing in a clip of"):
            clip[first / 8_000 : last / 8_000]


def test_a_clip_is_cut_by_seconds_only():
    clip = AudioClip(TONE, 16_000)
    assert clip[-0.05:].duration == 0.05
    for wrong in (3, slice(0, 1, 2)):
        with pytest.raises(AudioError, match=r"clip\[1.0:2.5\]"):
            clip[wrong]


def test_a_clip_cannot_be_changed_and_does_not_hold_the_callers_array():
    samples = TONE.copy()
    clip = AudioClip(samples, 16_000)
    samples[:] = 0
    assert np.array_equal(clip.samples, TONE)
    for part in (clip, clip[0.01:0.02], clip.resample(8_000)):
        with pytest.raises(ValueError, match="read-only"):
            part.samples[0] = 1


def test_resampling_keeps_the_origin_and_says_so():
    clip = AudioClip.load(STEREO, 8_000, channel=0).resample(16_000)
    assert (clip.sample_rate, len(clip), clip.origin.sample_rate) == (16_000, 3_200, 8_000)
    assert repr(clip) == "<AudioClip 'array' 0.20 s at 16000 Hz, from 8000 Hz, channel 0 of 2>"


def test_one_sample_is_a_clip_but_may_be_too_short_for_another_rate():
    clip = AudioClip(np.array([0.5]), 48_000)
    assert len(clip.resample(96_000)) == 2
    with pytest.raises(AudioError, match="1 samples is too short to be resampled to 16000 Hz"):
        clip.resample(16_000)


def test_the_constructor_takes_one_channel_only():
    with pytest.raises(AudioError, match="AudioClip.load chooses or averages channels"):
        AudioClip(STEREO, 16_000)


def test_int16_values_in_an_int32_array_are_warned_of_with_the_remedy() -> None:
    quiet = np.array([12_000, -32_768, 9_000], np.int32)
    for make in (lambda: AudioClip(quiet, 16_000), lambda: AudioClip.load(quiet, 16_000)):
        with pytest.warns(AudioTooQuiet, match=r"96 dB too quiet.*astype\(np.int16\)") as warned:
            make()
        assert warned[0].filename == __file__


@pytest.mark.parametrize("samples", [
    np.array([12_000, -9_000], np.int16), np.array([40_000, -9_000], np.int32), np.zeros(8, np.int32),
])
def test_other_integers_are_not_warned_of(samples: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AudioClip(samples, 16_000)
