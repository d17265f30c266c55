"""Opus as a stream: pages others can read, any framing in, as long out as in."""

import io
import os
import subprocess
import sys

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support.signals import likeness

from qwen_asr_widgets.audio.opus import OggOpusEncoder, OpusDecoder
from qwen_asr_widgets.errors import AudioError, MissingDependency


def speechlike(rate: int, samples: int) -> np.ndarray:
    """Return a tone that wavers between 300 and 700 Hz."""
    time = np.arange(samples) / rate
    phase = 2 * np.pi * 500 * time - 200 / 3 * np.cos(2 * np.pi * 3 * time)
    return (8_000 * np.sin(phase)).astype(np.int16)


def pages_of(rate: int, sound: np.ndarray, chunk: int = 1_600) -> list[bytes]:
    encoder = OggOpusEncoder(rate)
    pages = [page for at in range(0, len(sound), chunk) for page in encoder.push(sound[at : at + chunk])]
    return pages + encoder.flush()


def decoded(rate: int, pieces: list[bytes]) -> np.ndarray:
    decoder = OpusDecoder(rate)
    return np.concatenate([*map(decoder.push, pieces), decoder.flush()])


SOUND = speechlike(16_000, 24_123)
PAGES = pages_of(16_000, SOUND)


def test_headers_come_first_then_a_page_for_each_20_ms():
    assert all(page[:4] == b"OggS" for page in PAGES)
    assert PAGES[0][28:36] == b"OpusHead"
    assert PAGES[1].find(b"OpusTags") == 28
    granules = [int.from_bytes(page[6:14], "little", signed=True) for page in PAGES[2:]]
    assert set(np.diff(granules)[:-1]) == {960}


def test_libsndfile_reads_what_the_encoder_writes():
    samples, rate = soundfile.read(io.BytesIO(b"".join(PAGES)), dtype="int16")
    assert rate in (16_000, 48_000)
    assert len(samples) / rate == pytest.approx(len(SOUND) / 16_000, abs=1e-3)
    assert likeness(samples[:: rate // 16_000], SOUND, within=2) > 0.98


@pytest.mark.parametrize("rate", [8_000, 12_000, 16_000, 24_000, 48_000])
def test_as_much_comes_out_as_went_in_at_its_place_and_level(rate):
    sound = speechlike(rate, rate + 77)
    out = decoded(rate, pages_of(rate, sound))
    assert abs(len(out) - len(sound)) <= 1
    assert likeness(out, sound, within=rate // 2_500) > 0.97
    assert np.std(out.astype(float)) == pytest.approx(np.std(sound.astype(float)), rel=0.05)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 6_000), max_size=10))
def test_pages_cut_anywhere_give_the_same_sound(cuts):
    data = b"".join(PAGES)
    bounds = sorted({0, len(data), *cuts})
    pieces = [data[start:stop] for start, stop in zip(bounds, bounds[1:])]
    if len(pieces[0]) < 4:
        pieces[:2] = [b"".join(pieces[:2])]
    assert np.array_equal(decoded(16_000, pieces), decoded(16_000, [data]))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5_000))
def test_the_chunks_pushed_do_not_change_the_pages(chunk):
    def packets(pages: list[bytes]) -> list[bytes]:
        return [page[27 + page[26] :] for page in pages[2:]]

    assert packets(pages_of(16_000, SOUND[:8_000], chunk)) == packets(pages_of(16_000, SOUND[:8_000]))


def test_bare_packets_decode_as_they_come():
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 16_000, "mono", "s16"
    codec.options = {"frame_duration": "20"}
    packets = []
    for at in range(0, 16_000, 320):
        frame = av.AudioFrame.from_ndarray(SOUND[None, at : at + 320], "s16", "mono")
        frame.sample_rate, frame.pts = 16_000, at
        packets += [bytes(packet) for packet in codec.encode(frame)]
    out = decoded(16_000, packets)
    assert len(out) == 320 * len(packets)
    lead_in = 104
    assert likeness(out[lead_in:], SOUND[: 16_000 - lead_in], within=4) > 0.97


def test_two_channels_are_averaged_at_their_level():
    sink = io.BytesIO()
    soundfile.write(sink, np.stack([SOUND, SOUND // 2], axis=1), 16_000, "OPUS", format="OGG")
    out = decoded(16_000, [sink.getvalue()])
    assert likeness(out, SOUND, within=4) > 0.97
    assert np.std(out.astype(float)) == pytest.approx(0.75 * np.std(SOUND.astype(float)), rel=0.05)


ABANDON = """
import gc
import numpy as np
from qwen_asr_widgets.audio.opus import OggOpusEncoder
for samples in (0, 16_000) * 10:
    encoder = OggOpusEncoder(16_000)
    encoder.push(np.zeros(samples, np.int16))
    encoder.itself = encoder
    del encoder
    gc.collect()
print("alive")
"""


def test_a_process_outlives_encoders_that_nobody_flushed():
    """Freed memory is overwritten (glibc), so that a use of it shows each time."""
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", ABANDON],
        env={**os.environ, "MALLOC_PERTURB_": "165"}, capture_output=True, text=True, timeout=60,
    )
    assert (run.returncode, run.stdout.strip()) == (0, "alive"), run.stderr


@pytest.mark.parametrize("garbage", [b"\xff" * 3, b"\x03\xff\xff\xff\xff"])
def test_bytes_that_are_no_packet_are_refused(garbage):
    with pytest.raises(AudioError, match="neither Ogg pages nor an Opus packet"):
        OpusDecoder(16_000).push(garbage)


def test_a_stream_that_loses_its_pages_says_so():
    decoder = OpusDecoder(16_000)
    decoder.push(PAGES[0])
    with pytest.raises(AudioError, match="an Ogg page was expected, not b'junk'"):
        decoder.push(b"junk and more")


def test_nothing_in_is_nothing_out():
    assert len(OpusDecoder(16_000).push(b"")) == 0
    assert len(decoded(16_000, pages_of(16_000, SOUND[:0]))) == 0


@pytest.mark.parametrize("make", [OggOpusEncoder, OpusDecoder])
def test_a_rate_that_opus_does_not_code_names_those_it_does(make):
    with pytest.raises(AudioError, match="44100 Hz; choose one of 8000, 12000, 16000"):
        make(44_100)


@pytest.mark.parametrize("make", [OggOpusEncoder, OpusDecoder])
def test_without_pyav_the_message_says_what_to_install(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match=r"qwen-asr-widgets\[media\].*pcm"):
        make(16_000)
