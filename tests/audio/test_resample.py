"""Streamed equals one-shot, delays are counted, and nothing is lost."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_asr_widgets.audio.resample import StreamResampler, resample
from qwen_asr_widgets.errors import AudioError

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
SIGNAL = np.random.default_rng(7).uniform(-0.9, 0.9, 9_000).astype(np.float32)


def streamed(stream: StreamResampler, samples: np.ndarray, cuts: list[int]) -> np.ndarray:
    bounds = sorted({min(cut, len(samples)) for cut in cuts} | {0, len(samples)})
    pieces = [stream.push(samples[start:stop]) for start, stop in zip([0, *bounds], bounds)]
    return np.concatenate([*pieces, stream.flush()])


@settings(max_examples=80, deadline=None)
@given(RATES, RATES, st.integers(0, 9_000), st.lists(st.integers(0, 9_000), max_size=12), st.booleans())
def test_streamed_equals_one_shot_however_it_is_cut(from_rate, to_rate, length, cuts, integer):
    samples = SIGNAL[:length]
    samples = (samples * 32_767).astype(np.int16) if integer else samples
    whole = resample(samples, from_rate, to_rate)
    pieces = streamed(StreamResampler(from_rate, to_rate), samples, cuts)
    assert pieces.dtype == whole.dtype == samples.dtype
    assert np.array_equal(pieces, whole)


@pytest.mark.parametrize("low_delay", [False, True])
@pytest.mark.parametrize(("from_rate", "to_rate"), [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000)])
@pytest.mark.parametrize("chunk", [1, 7, 160, 4_800])
def test_every_chunk_size_gives_the_same_samples(from_rate, to_rate, chunk, low_delay):
    samples = SIGNAL[:4_000]
    whole = streamed(StreamResampler(from_rate, to_rate, low_delay), samples, [])
    pieces = streamed(StreamResampler(from_rate, to_rate, low_delay), samples, list(range(0, 4_000, chunk)))
    assert np.array_equal(pieces, whole)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44_100, 16_000), (48_000, 8_000), (8_000, 16_000)])
def test_one_shot_is_what_soxr_does(from_rate, to_rate):
    expected = soxr.resample(SIGNAL, from_rate, to_rate, "HQ")
    assert np.array_equal(resample(SIGNAL, from_rate, to_rate), expected)


@pytest.mark.parametrize("low_delay", [False, True])
@pytest.mark.parametrize(("from_rate", "to_rate"), [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000)])
def test_a_moment_stays_where_it_was(from_rate, to_rate, low_delay):
    click = np.zeros(from_rate, np.float32)
    click[from_rate // 2 - 8 : from_rate // 2 + 9] = np.hanning(17)
    out = streamed(StreamResampler(from_rate, to_rate, low_delay), click, list(range(0, from_rate, 480)))
    assert len(out) == to_rate
    assert abs(int(np.argmax(out)) / to_rate - 0.5) <= 0.0002


def test_the_delay_counts_what_is_held_back_and_flush_gives_it():
    stream = StreamResampler(48_000, 16_000)
    given_out = 0
    for start in range(0, 9_000, 480):
        piece = SIGNAL[start : start + 480]
        given_out += len(stream.push(piece))
        assert stream.delay == round(min(start + 480, 9_000) / 3) - given_out
        assert stream.delay < 0.045 * 16_000
    held = stream.delay
    assert len(stream.flush()) == held > 0
    assert stream.delay == 0


def test_the_low_delay_engine_holds_back_less():
    def longest(low_delay: bool) -> int:
        stream = StreamResampler(8_000, 16_000, low_delay)
        delays = []
        for start in range(0, 8_000, 160):
            stream.push(SIGNAL[start : start + 160])
            delays.append(stream.delay)
        return max(delays)

    assert longest(True) <= 0.031 * 16_000 < 0.1 * 16_000 < longest(False)


def test_equal_rates_pass_through_without_delay():
    stream = StreamResampler(16_000, 16_000)
    out = stream.push(SIGNAL)
    assert np.array_equal(out, SIGNAL) and out is not SIGNAL
    assert (stream.delay, len(stream.flush())) == (0, 0)


def test_after_a_flush_a_new_signal_begins():
    stream = StreamResampler(44_100, 16_000)
    first = streamed(stream, SIGNAL, [100])
    assert np.array_equal(streamed(stream, SIGNAL, [5_000]), first)


def test_loud_integers_are_clipped_not_wrapped():
    square = np.where(np.arange(4_800) // 24 % 2, 32_767, -32_768).astype(np.int16)
    out = resample(square, 48_000, 16_000).astype(int)
    assert out.max() == 32_767 and out.min() == -32_768
    assert np.abs(np.diff(out)).max() <= 65_535
    assert np.all(np.sign(out[4::16]) == np.sign(square[12::48].astype(int)))


@pytest.mark.parametrize("wrong", [np.zeros((4, 2), np.float32), np.zeros(4), np.zeros(4, np.int32)])
def test_what_is_not_one_channel_of_a_known_type_is_refused(wrong):
    with pytest.raises(AudioError, match="one channel of float32 or int16, not"):
        StreamResampler(48_000, 16_000).push(wrong)


def test_a_rate_in_kilohertz_is_recognised():
    with pytest.raises(AudioError, match="from_rate is 48 Hz.*did you mean 48000"):
        StreamResampler(48, 16_000)
