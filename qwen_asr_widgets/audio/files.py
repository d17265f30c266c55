"""Sound files in and out: libsndfile where it can, PyAV for the containers it cannot read."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Union

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError, AudioFileNotFound, MissingDependency, WriteFailed
from .opus import opus_decoder

_BLOCK = 1 << 17

_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".opus": ("OGG", "OPUS"),
}

_HEADERLESS = (".raw", ".pcm")


@dataclass(frozen=True)
class SoundStream:
    """A sound being decoded.

    Parameters
    ----------
    name : str
        What messages call it: the file's name, or ``"bytes"``.
    sample_rate : int
        Hz, as the file says.
    channels : int
        Number of channels in every block.
    blocks : iterator of ndarray of float32, shape (k, channels)
        Full scale is 1.0; values of lossy or float files may lie beyond.
    """

    name: str
    sample_rate: int
    channels: int
    blocks: Iterator[NDArray[np.float32]]
    cut_short: str = ""
    """What shows that its end is missing; empty where nothing does."""


Encoded = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, BinaryIO]
"""A sound file: its path, its bytes, or open for reading."""


@contextmanager
def open_sound(source: Encoded) -> Iterator[SoundStream]:
    """Open a sound file for decoding, block by block.

    Parameters
    ----------
    source : path, bytes or binary file object
        The file, or what it contains.

    Raises
    ------
    AudioFileNotFound
        There is no such file.
    AudioError
        It cannot be read, holds no sound, or is damaged (then while the blocks are read).
    MissingDependency
        Only PyAV can read it, and it is not installed.
    """
    import soundfile

    from .cut_short import why_cut_short

    path, data, name = _located(source)
    head = _head(path, data)
    if not head:
        raise AudioError(f"{name} is empty (0 bytes); it holds no sound.")
    with _as_file(path, data) as file:
        cut = why_cut_short(file)
        try:
            sound = soundfile.SoundFile(file)
        except soundfile.LibsndfileError:
            sound = None
        if sound is not None:
            with sound:
                yield SoundStream(name, sound.samplerate, sound.channels, _sndfile_blocks(sound, name), cut)
            return
        file.seek(0)
        with _av_stream(file, name, head) as stream:
            yield stream


def _located(source: Any) -> tuple[Path | None, bytes | None, str]:
    """Return path or content of a source, and what to call it."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return None, bytes(source), "bytes"
    if isinstance(source, (str, os.PathLike)):
        return _checked_path(os.fspath(source)), None, os.path.basename(os.fspath(source))
    content = source.read()
    name = os.path.basename(str(getattr(source, "name", "") or "file object"))
    if not isinstance(content, bytes):
        raise AudioError(f"{name} was opened as text; open it with mode 'rb'.")
    return None, content, name


def _checked_path(text: str | bytes) -> Path:
    text = os.fsdecode(text)
    path = Path(text).expanduser()
    if "://" in text:
        raise AudioError(f"{text} is an address, not a file; download it first and give the path.")
    if not path.exists():
        raise AudioFileNotFound(f"There is no file {text!r} (looked in {Path.cwd()}); check the path.")
    if path.is_dir():
        raise AudioError(f"{text!r} is a folder, not a sound file; give the path of one file in it.")
    if not path.is_file():
        raise AudioError(f"{text!r} is a pipe or a device, not a file; write the sound to a file first.")
    if path.suffix.lower() in _HEADERLESS:
        raise AudioError(
            f"{path.name} has no header that says its rate; "
            "load it with AudioClip.load(np.fromfile(path, '<i2'), sample_rate=16000)."
        )
    return path


def _head(path: Path | None, data: bytes | None) -> bytes:
    if data is not None:
        return data[:64]
    assert path is not None
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}.") from error


def _as_file(path: Path | None, data: bytes | None) -> BinaryIO:
    return path.open("rb") if path is not None else io.BytesIO(data or b"")


def _sndfile_blocks(sound: Any, name: str) -> Iterator[NDArray[np.float32]]:
    """Read as float32: asked for int16, libsndfile turns a float file into zeros.

    The count of samples in a damaged header may be anything: what ends the reading is that nothing comes.
    """
    import soundfile

    frames = max(1, _BLOCK // sound.channels)
    try:
        while len(block := sound.read(frames, dtype="float32", always_2d=True)):
            yield block
    except soundfile.LibsndfileError as error:
        at = sound.tell() / sound.samplerate
        raise AudioError(f"{name} is damaged: decoding stopped after {at:.1f} s ({error}).") from error


@contextmanager
def _av_stream(file: BinaryIO, name: str, head: bytes) -> Iterator[SoundStream]:
    if text := _as_text(head):
        raise AudioError(f"{name} is a text file, not sound: it begins with {text[:16]!r}.")
    try:
        import av
    except ImportError:
        raise MissingDependency(
            f"{name} is not a format that libsndfile reads (wav, flac, mp3, ogg); "
            'for m4a, webm, mp4 and others install PyAV: pip install "qwen-asr-widgets[media]".'
        ) from None
    try:
        container = av.open(file)
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioError(f"{name} is not a sound file in any known format ({_reason(error)}).") from error
    with closing(container):
        if not container.streams.audio:
            raise AudioError(f"{name} has no sound track.")
        track = container.streams.audio[0]
        if track.codec_context is None:
            raise AudioError(f"{name} is coded in a way that is not known here; convert it to WAV or FLAC.")
        if not (track.rate and track.channels):
            raise AudioError(f"{name} is not a sound file in any known format (no rate, no channels).")
        yield SoundStream(name, track.rate, track.channels, _av_blocks(container, track, name))


def _av_blocks(container: Any, track: Any, name: str) -> Iterator[NDArray[np.float32]]:
    """Decode with the layout kept: FFmpeg's own mix to one channel raises the level by 1.41."""
    import av

    planar = av.AudioResampler(format="fltp")
    coding = track.codec_context
    decoder = opus_decoder(track.channels, coding.extradata) if coding.name == "opus" else coding
    at = 0.0
    try:
        for frame in (frame for packet in container.demux(track) for frame in decoder.decode(packet)):
            at = frame.time or at
            for part in planar.resample(frame):
                yield part.to_ndarray().T
    except av.error.FFmpegError as error:
        reason = _reason(error)
        raise AudioError(f"{name} is damaged: decoding stopped after {at:.1f} s ({reason}).") from error
    for part in planar.resample(None):
        yield part.to_ndarray().T


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _as_text(head: bytes) -> str | None:
    """Return the beginning of a file as text, None where it is none; a character may be cut at its end."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character in "\r\n\t\f" for character in text) else None


def write_pcm16(
    target: str | os.PathLike[str] | BinaryIO, samples: NDArray[np.int16], sample_rate: int, suffix: str = ""
) -> None:
    """Write int16 samples as a sound file.

    Parameters
    ----------
    target : path or binary file object
        Where to. A file that exists is replaced in one step; until then it stays as it is.
    samples : ndarray of int16, shape (n,) or (n, channels)
        What to write. wav and flac keep every bit.
    sample_rate : int
        Hz.
    suffix : str
        ``".wav"``, ``".flac"``, ``".ogg"``, ``".mp3"`` or ``".opus"``; by default that of the path.

    Raises
    ------
    AudioError
        The format is another one, cannot hold this rate, or the path cannot be written.
    OSError
        A file object took no more.
    """
    path = os.fspath(target) if isinstance(target, (str, os.PathLike)) else None
    suffix = (suffix or Path(path or "").suffix).lower()
    if suffix not in _FORMATS:
        asked = repr(suffix) if suffix else "a file without suffix"
        raise AudioError(f"Cannot write sound as {asked}; choose {', '.join(_FORMATS)}.")
    if path is None:
        _encode(target, samples, sample_rate, suffix)
        return
    from ..writing import write_atomically

    try:
        write_atomically(path, lambda file: _encode(file, samples, sample_rate, suffix))
    except WriteFailed as error:
        raise AudioError(f"Cannot write {path}: {error}") from error


def _encode(file: Any, samples: NDArray[np.int16], sample_rate: int, suffix: str) -> None:
    """Write a sound into a binary file; `OSError` where the file takes no more."""
    import soundfile

    container, subtype = _FORMATS[suffix]
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    sink = _Sink(file)
    try:
        with soundfile.SoundFile(sink, "w", sample_rate, channels, subtype, format=container) as sound:
            for start in range(0, len(samples), _BLOCK):  # one long Ogg Vorbis write crashes libsndfile
                sound.write(samples[start : start + _BLOCK])
    except soundfile.LibsndfileError as error:
        raise AudioError(f"Cannot write a {suffix} file at {sample_rate} Hz: {error}.") from error
    if sink.problem is not None:
        raise sink.problem


class _Sink:
    """A file for libsndfile to write into, which takes no error from the functions it calls.

    Parameters
    ----------
    file : binary file object
        Where to. After its first error nothing more is written.

    Attributes
    ----------
    problem : OSError or None
        That error.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.problem: OSError | None = None

    def write(self, data: bytes) -> int:
        self._attempt(lambda: self._file.write(data))
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        self._attempt(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._attempt(self._file.tell) or 0

    def _attempt(self, step: Callable[[], int]) -> int | None:
        if self.problem is None:
            try:
                return step()
            except OSError as problem:
                self.problem = problem
        return None
