"""Sound files whose end is missing load as far as they go and say so; files that lie are refused."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_asr_widgets.audio.clip import AudioClip, AudioCutShort
from qwen_asr_widgets.audio.files import write_pcm16
from qwen_asr_widgets.audio.opus import OggOpusEncoder
from qwen_asr_widgets.errors import AudioError

RATE = 16_000
NOISE = (3_000 * np.random.default_rng(1).standard_normal(4 * RATE)).astype(np.int16)


def file_of(suffix: str) -> bytes:
    sink = io.BytesIO()
    write_pcm16(sink, NOISE, RATE, suffix)
    return sink.getvalue()


WAV = file_of(".wav")


def strictly(data: bytes) -> AudioClip:
    """Load a clip; a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return AudioClip.load(data)


@pytest.mark.parametrize(("suffix", "shown"), [
    (".wav", "its header says 4.0 s; 2.4 s of it were loaded"),
    (".ogg", r"it ends in the middle of a page; [12]\.\d s of it were loaded"),
    (".opus", r"it ends in the middle of a page; [12]\.\d s of it were loaded"),
    (".mp3", "its header says .* bytes, .* are there"),
])
def test_a_file_cut_short_loads_as_far_as_it_goes_and_says_so(tmp_path, suffix, shown):
    data = file_of(suffix)
    assert strictly(data).duration == pytest.approx(4.0, abs=0.2)
    path = tmp_path / f"talk{suffix}"
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.warns(AudioCutShort, match=f"talk{suffix} was cut short: {shown}") as seen:
        clip = AudioClip.load(path)
    assert seen[0].filename == __file__ and clip.duration > 0.9


def test_an_ogg_file_cut_between_two_pages_says_that_the_last_is_missing():
    encoder = OggOpusEncoder(RATE)
    pages = [*encoder.push(NOISE), *encoder.flush()]
    assert strictly(b"".join(pages)).duration == pytest.approx(4.0, abs=0.03)
    with pytest.warns(AudioCutShort, match="its last page is missing"):
        assert AudioClip.load(b"".join(pages[:100])).duration == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("size", [0, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_wav_that_was_written_to_a_pipe_is_not_called_cut_short(size):
    data = bytearray(WAV)
    assert data[36:40] == b"data"
    data[40:44] = struct.pack("<I", size)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AudioCutShort)
        try:
            assert AudioClip.load(bytes(data)).duration == pytest.approx(4.0)
        except AudioError as error:  # libsndfile takes a size of 0 at its word
            assert size == 0 and "empty" in str(error)


def test_a_wav_of_an_unknown_codec_is_refused_in_one_sentence():
    data = bytearray(WAV)
    data[20:22] = struct.pack("<H", 0x4242)
    with pytest.raises(AudioError, match="coded in a way that is not known here; convert it to WAV or FLAC"):
        AudioClip.load(bytes(data))


SEEDS = [file_of(suffix)[:6_000] for suffix in (".wav", ".flac", ".ogg", ".mp3")]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 99), st.binary(min_size=1, max_size=8)),
                                        min_size=1, max_size=4), st.integers(20, 6_000))
def test_a_header_of_any_bytes_gives_a_clip_or_an_audio_error(seed, changes, length):
    data = bytearray(seed)
    for at, piece in changes:
        data[at : at + len(piece)] = piece
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clip = AudioClip.load(bytes(data[:length]), channel=0)
        except AudioError as error:
            assert str(error) and "\n" not in str(error)
        else:
            assert np.isfinite(clip.samples).all()


def test_what_libsndfile_wrote_is_never_called_cut_short():
    for subtype in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM", "GSM610"):
        for container in ("WAV", "WAVEX", "RF64"):
            if soundfile.check_format(container, subtype):
                sink = io.BytesIO()
                soundfile.write(sink, NOISE[:RATE] / 32_768, RATE, subtype, format=container)
                strictly(sink.getvalue())
