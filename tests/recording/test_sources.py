"""Whatever sound is handed in becomes pieces at the session's rate, all of it."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import three_turns

from qwen_asr_widgets import AudioClip
from qwen_asr_widgets.audio.clip import AudioTooQuiet
from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import AudioError, AudioFileNotFound, SettingError
from qwen_asr_widgets.recording.sources import open_source

SOUND = (8_000 * np.sin(np.arange(16_000) / 9)).astype(np.int16)


def whole(source, rate=16_000, chunk_ms=100, **options):
    return np.concatenate(list(open_source(source, rate, chunk_ms, **options).pieces))


@given(st.sampled_from([10, 20, 33, 100, 250, 2_000]))
def test_pieces_put_together_are_the_sound(chunk_ms):
    assert (whole(SOUND, chunk_ms=chunk_ms, sample_rate=16_000) == SOUND).all()


def test_pieces_have_the_length_asked_for():
    pieces = list(open_source(SOUND[:4_000], 16_000, 100, sample_rate=16_000).pieces)
    assert [len(piece) for piece in pieces] == [1_600, 1_600, 800]


def test_every_kind_of_source_is_taken(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, SOUND, 16_000, "PCM_16")
    clip = AudioClip.load(path)
    for source in (path, str(path), path.read_bytes(), path.open("rb"), clip):
        assert (whole(source) == SOUND).all()
    assert (whole(three_turns()) == three_turns().tape.read()).all()
    assert len(whole(sample("dictation"))) == len(sample("dictation").clip.resample(16_000))


@pytest.mark.parametrize("chunks", [
    lambda: iter(np.array_split(SOUND, 13)),
    lambda: list(np.array_split(SOUND, 7)),
    lambda: (part for part in np.array_split(SOUND.astype(np.float32) / 32_768, 5)),
    lambda: iter([SOUND[:0], SOUND[:5_000], SOUND[:0], SOUND[5_000:]]),
])
def test_chunks_of_an_iterable_are_taken_as_they_come(chunks):
    source = open_source(chunks(), 16_000, 100, sample_rate=16_000)
    assert source.duration is None
    assert (np.concatenate(list(source.pieces)) == SOUND).all()


def test_chunks_of_another_rate_are_resampled_as_one_sound():
    expected = AudioClip(resample(AudioClip(SOUND, 48_000).samples, 48_000, 16_000), 16_000).to_pcm16()
    assert (whole(iter(np.array_split(SOUND, 11)), sample_rate=48_000) == expected).all()


def test_8_khz_sound_stays_8_khz_in_a_session_of_8_khz():
    assert (whole(AudioClip(SOUND, 8_000), rate=8_000) == SOUND).all()


def test_a_channel_of_a_sample_is_that_channel():
    call = sample("call")
    assert (whole(call, rate=8_000, channel=1) == call.channels[1].to_pcm16()).all()


@pytest.mark.parametrize("source, options, error, sentence", [
    (lambda: iter([SOUND]), {}, AudioError, "sample_rate="),
    (lambda: iter([]), {"sample_rate": 16_000}, AudioError, "not one chunk"),
    (lambda: iter([SOUND.astype(np.float32)]), {"sample_rate": 16_000}, AudioError, "chunk 0"),
    (lambda: iter([SOUND / 1e5, SOUND * np.nan]), {"sample_rate": 16_000}, AudioError, "chunk 1"),
    (lambda: iter(["text"]), {"sample_rate": 16_000}, AudioError, "chunk 0"),
    (lambda: SOUND, {}, AudioError, "sample_rate"),
    (lambda: SOUND[:0], {"sample_rate": 16_000}, AudioError, "empty"),
    (lambda: SOUND.reshape(10, 40, 40), {"sample_rate": 16_000}, AudioError, "3 dimensions"),
    (lambda: "no/such.wav", {}, AudioFileNotFound, "no/such.wav"),
    (lambda: sample("call"), {"channel": 5}, AudioError, "not 5"),
    (lambda: 7, {"sample_rate": 16_000}, AudioError, "7 is no sound"),
    (lambda: None, {}, AudioError, "None is no sound"),
    (lambda: AudioClip(SOUND, 16_000), {"channel": 7}, AudioError, "no channel 7 to take"),
    (lambda: AudioClip.load(np.stack([SOUND] * 2), 16_000, channel=1), {"channel": 0}, AudioError,
     "one channel already"),
    (lambda: SOUND, {"sample_rate": 16_000, "chunk_ms": 5}, SettingError, "chunk_ms is 5"),
    (lambda: SOUND, {"sample_rate": 16_000, "chunk_ms": True}, SettingError, "chunk_ms is True"),
    (lambda: SOUND, {"sample_rate": 16_000, "chunk_ms": "100"}, SettingError, "chunk_ms is '100'"),
])
def test_what_cannot_be_used_is_refused_with_the_value(source, options, error, sentence):
    with pytest.raises(error, match=sentence):
        whole(source(), **options)


def test_chunks_of_int32_with_int16_values_are_warned_of_once_and_louder_ones_are_not():
    chunks = np.split(SOUND.astype(np.int32), 10)
    with pytest.warns(AudioTooQuiet, match="The sound in chunks") as warned:
        whole(iter(chunks), sample_rate=16_000)
    assert len(warned) == 1
    whole(iter([*chunks, chunks[0] << 16]), sample_rate=16_000)
