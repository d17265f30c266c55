"""Sound files: what goes in comes out, whoever wrote the file, and every file that is none."""

import io
import os
import sys
import warnings

import av
import numpy as np
import pytest
import soundfile
from support.signals import likeness

from qwen_asr_widgets.audio.clip import AudioClip, AudioClipped, ChannelsAveraged
from qwen_asr_widgets.errors import AudioError, AudioFileNotFound, MissingDependency

RATE = 48_000
SWEEP = (0.4 * np.sin(np.cumsum(np.linspace(0.02, 0.2, RATE)))).astype(np.float32)
STEREO = np.stack([SWEEP, 0.5 * SWEEP], axis=1)


def encoded(container: str, codec: str, samples: np.ndarray, layout: str) -> bytes:
    """Return samples (n, channels) as PyAV encodes them: a file that nobody here wrote."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.codec_context.format, layout, RATE, stream.frame_size or None)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "bytearray", "memoryview", "file", "BytesIO"])
def test_every_kind_of_source_gives_the_same_clip(tmp_path, kind):
    path = tmp_path / "tone.wav"
    soundfile.write(path, SWEEP, RATE, "PCM_16")
    content = path.read_bytes()
    source = {
        "path": path, "str": str(path), "bytes": content, "bytearray": bytearray(content),
        "memoryview": memoryview(content), "file": path.open("rb"), "BytesIO": io.BytesIO(content),
    }[kind]
    clip = AudioClip.load(source)
    assert clip.sample_rate == RATE
    assert np.array_equal(clip.to_pcm16(), soundfile.read(path, dtype="int16")[0])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_wav_of_every_sample_type_has_its_true_level(tmp_path, subtype):
    path = tmp_path / "tone.wav"
    soundfile.write(path, SWEEP, RATE, subtype)
    coarse = subtype in ("PCM_U8", "ULAW")
    assert np.max(np.abs(AudioClip.load(path).samples - SWEEP)) < (0.02 if coarse else 1e-4)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".opus"])
def test_save_writes_what_load_reads(tmp_path, suffix):
    clip = AudioClip(SWEEP, RATE)
    path = tmp_path / f"tone{suffix}"
    clip.save(path)
    back = AudioClip.load(path)
    assert back.sample_rate == RATE
    assert likeness(back.samples, clip.samples, within=2_400) > 0.99
    if suffix in (".wav", ".flac"):
        assert np.array_equal(back.to_pcm16(), clip.to_pcm16())


@pytest.mark.parametrize(
    ("container", "codec"),
    [("ipod", "aac"), ("webm", "libopus"), ("mp4", "aac"), ("ogg", "libopus"), ("mp3", "libmp3lame")],
)
def test_containers_of_browsers_and_phones_keep_channels_apart_and_at_their_level(container, codec):
    data = encoded(container, codec, STEREO, "stereo")
    left, right = AudioClip.load_channels(data)
    assert left.sample_rate == RATE
    assert left.duration == pytest.approx(1.0, abs=0.06)
    assert likeness(left.samples, SWEEP, within=2_400) > 0.99
    ratio = np.sqrt(np.mean(right.samples**2) / np.mean(left.samples**2))
    assert ratio == pytest.approx(0.5, abs=0.03)
    mean = AudioClip.load(data, channel="mean")
    assert np.sqrt(np.mean(mean.samples**2) / np.mean(left.samples**2)) == pytest.approx(0.75, abs=0.02)
    assert np.sqrt(np.sum(left.samples**2) / np.sum(SWEEP**2)) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("rate", [8_000, 12_000, 16_000])
def test_opus_of_a_narrow_band_is_speech_and_not_noise(rate):
    sink = io.BytesIO()
    tone = (8_000 * np.sin(np.arange(rate) * 2 * np.pi * 700 / rate)).astype(np.int16)
    with av.open(sink, "w", format="webm") as out:
        stream = out.add_stream("libopus", rate=rate, layout="mono", options={"application": "voip"})
        frame = av.AudioFrame.from_ndarray(tone[None, :], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler("s16", "mono", rate, stream.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    clip = AudioClip.load(sink.getvalue()).resample(rate)
    assert likeness(clip.samples, tone, within=rate // 1_000) > 0.97


def test_a_stereo_file_is_averaged_with_a_warning_that_names_it(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, STEREO, RATE)
    with pytest.warns(ChannelsAveraged, match="talk.wav has 2 channels"):
        clip = AudioClip.load(path)
    assert np.allclose(clip.samples, STEREO.mean(axis=1), atol=1e-4)
    assert (clip.origin.name, clip.origin.channels, clip.channel) == ("talk.wav", 2, "mean")


def test_a_telephone_file_stays_at_8_khz(tmp_path):
    path = tmp_path / "call.wav"
    soundfile.write(path, SWEEP[:8_000], 8_000, "ULAW")
    assert AudioClip.load(path).sample_rate == AudioClip.load(path, sample_rate=8_000).sample_rate == 8_000
    says = r"call.wav says 8000 Hz, sample_rate=16000 was given.*resample\(16000\)"
    with pytest.raises(AudioError, match=says):
        AudioClip.load(path, sample_rate=16_000)


def test_a_long_vorbis_file_is_written_whole(tmp_path):
    clip = AudioClip(np.tile(SWEEP, 120), RATE)
    clip.save(tmp_path / "long.ogg")
    assert AudioClip.load(tmp_path / "long.ogg").duration == pytest.approx(120.0, abs=0.01)


def test_a_hot_float_file_is_limited_and_reported(tmp_path):
    soundfile.write(tmp_path / "hot.wav", SWEEP * 3, RATE, "FLOAT")
    with pytest.warns(AudioClipped, match="hot.wav is clipped"):
        clip = AudioClip.load(tmp_path / "hot.wav")
    assert clip.origin.clipped == np.sum(np.abs(SWEEP * 3) >= 32_767 / 32_768)
    assert np.abs(clip.samples).max() == 1.0


def test_a_file_in_another_scale_or_not_finite_is_refused(tmp_path):
    soundfile.write(tmp_path / "scaled.wav", SWEEP * 32_768, RATE, "FLOAT")
    with pytest.raises(AudioError, match="scaled.wav reaches 13.*divide by 32768"):
        AudioClip.load(tmp_path / "scaled.wav")
    broken = np.tile(SWEEP, 4)
    broken[150_000] = np.nan
    soundfile.write(tmp_path / "nan.wav", broken, RATE, "FLOAT")
    with pytest.raises(AudioError, match="nan.wav has NaN.*index 150000"):
        AudioClip.load(tmp_path / "nan.wav")


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AudioFileNotFound, match=f"no file 'talk.wav' .looked in {tmp_path}"):
        AudioClip.load("talk.wav")
    with pytest.raises(FileNotFoundError):
        AudioClip.load(tmp_path / "nowhere" / "talk.wav")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("notes.wav", b"These are notes.\n", "notes.wav is a text file, not sound.*'These are notes.'"),
        ("page.mp3", ("<p>Grüße</p>" + "ü" * 100).encode(), "page.mp3 is a text file.*'<p>Grüße"),
        ("empty.wav", b"", r"empty.wav is empty \(0 bytes\)"),
        ("noise.flac", bytes(range(200, 256)) * 40, "noise.flac is not a sound file"),
        ("talk.raw", b"\x00" * 100, "no header.*np.fromfile"),
    ],
)
def test_a_file_that_is_no_sound_says_what_it_is(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError, match=says):
        AudioClip.load(tmp_path / name)


def test_a_file_without_samples_is_empty(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    with pytest.raises(AudioError, match="none.wav is empty"):
        AudioClip.load(tmp_path / "none.wav")


def test_folders_addresses_and_text_streams_are_no_files(tmp_path):
    with pytest.raises(AudioError, match="is a folder"):
        AudioClip.load(tmp_path)
    with pytest.raises(AudioError, match="is a pipe or a device, not a file"):
        AudioClip.load(os.devnull)
    with pytest.raises(AudioError, match="is an address, not a file; download it"):
        AudioClip.load("https://example.org/talk.wav")
    with pytest.raises(AudioError, match="opened as text; open it with mode 'rb'"):
        AudioClip.load(io.StringIO("RIFF"))


def test_a_video_without_sound_says_so():
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    with pytest.raises(AudioError, match="has no sound track"):
        AudioClip.load(sink.getvalue())


def test_without_pyav_the_message_says_what_to_install(monkeypatch):
    data = encoded("ipod", "aac", STEREO, "stereo")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match=r"m4a, webm.*qwen-asr-widgets\[media\]"):
        AudioClip.load(data)


def test_a_cut_off_file_gives_what_there_is_or_says_where_it_broke():
    data = encoded("webm", "libopus", STEREO, "stereo")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clip = AudioClip.load(data[: len(data) * 3 // 4], channel=0)
    assert 0.5 < clip.duration < 1.0


@pytest.mark.parametrize(
    ("name", "says"),
    [("a.m4a", "'.m4a'; choose .wav, .flac"), ("a", "without suffix"), ("x/a.wav", "Cannot write")],
)
def test_what_cannot_be_written_says_why(tmp_path, name, says):
    with pytest.raises(AudioError, match=says):
        AudioClip(SWEEP, RATE).save(tmp_path / name)


def test_a_rate_that_the_format_cannot_hold_is_an_error(tmp_path):
    with pytest.raises(AudioError, match="at 44100 Hz"):
        AudioClip(SWEEP, 44_100).save(tmp_path / "a.opus")
