"""Whatever sound is handed in, as int16 pieces at the session's rate."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio.clip import AudioClip, Origin, warn_of_int16_scale
from ..audio.intake import Intake, array_to_float, has_int16_scale
from ..audio.resample import StreamResampler
from ..audio.samples import Sample
from ..audio.units import float_to_pcm16
from ..arguments import is_number
from ..errors import AudioError, SettingError

CHUNK_RANGE_MS = (10, 2_000)
"""Lengths of a piece that make sense: below, every piece is mostly envelope; above, nothing is live."""

Piece = NDArray[np.int16]


@dataclass
class SoundSource:
    """Sound on its way into a session.

    Parameters
    ----------
    pieces : iterator of int16 arrays
        At the session's rate. Each is taken once.
    origin : Origin
        Where it came from.
    duration : float or None
        Seconds; None where it is not known beforehand.
    """

    pieces: Iterator[Piece]
    origin: Origin
    duration: float | None


def open_source(
    source: Any, session_rate: int, chunk_ms: float, channel: Any = None, sample_rate: int | None = None
) -> SoundSource:
    """Open a path, bytes, array, clip, sample or iterable of chunks.

    Parameters
    ----------
    source : path, bytes, binary file, array, AudioClip, Sample or iterable of arrays
        Chunks of an iterable are mono or have channels, int16 at full scale or float in [-1, 1].
    session_rate : int
        Rate (Hz) of the pieces.
    chunk_ms : float
        Length of the pieces, in [10, 2000].
    channel : int, "mean" or None
        The channel to take.
    sample_rate : int, optional
        Rate (Hz) of an array or of chunks, which do not say it.

    Raises
    ------
    AudioError
        The sound cannot be used, or its rate is not given.
    SettingError
        ``chunk_ms`` is out of range.
    """
    chunk_ms = checked_chunk_ms(chunk_ms)
    if source is None or isinstance(source, (bool, int, float, complex, dict)):
        raise AudioError(
            f"{source!r:.60} is no sound; give a path, bytes, an array, a clip or chunks of sound."
        )
    length = round(chunk_ms * session_rate / 1_000)
    source = _chosen(source, channel)
    if _is_chunks(source):
        if sample_rate is None:
            raise AudioError("Chunks of sound do not say their sample rate; give sample_rate=…, in Hz.")
        pieces = _recut(_resampled(source, sample_rate, session_rate, channel), length)
        return SoundSource(pieces, Origin(sample_rate, channel=channel, name="chunks"), None)
    clip = AudioClip.load(source, sample_rate, channel)
    samples = clip.resample(session_rate).to_pcm16()
    cut = (samples[start : start + length] for start in range(0, len(samples), length))
    return SoundSource(cut, clip.origin, len(samples) / session_rate)


def checked_chunk_ms(chunk_ms: float) -> float:
    """Return the length of a piece in ms, or raise `SettingError` where it is out of range."""
    low, high = CHUNK_RANGE_MS
    if not is_number(chunk_ms) or not low <= chunk_ms <= high:
        raise SettingError(f"chunk_ms is {chunk_ms!r}; it must lie between {low} and {high}.", "chunk_ms")
    return chunk_ms


def _chosen(source: Any, channel: Any) -> Any:
    """Return the clip of a sample or recording; of a sample with several channels the one asked for."""
    if isinstance(source, Sample) and isinstance(channel, int) and len(source.channels) > 1:
        if not 0 <= channel < len(source.channels):
            raise AudioError(f"{source.name} has channels 0 to {len(source.channels) - 1}, not {channel}.")
        return source.channels[channel]
    clip = getattr(source, "clip", source)
    if not isinstance(clip, AudioClip):
        return source
    if channel not in (None, "mean", 0 if clip.channel is None else clip.channel):
        raise AudioError(
            f"{clip.origin.name or 'The clip'} is one channel already: there is no channel {channel!r} to "
            "take. Give channel=… where the file is loaded."
        )
    return clip


def _is_chunks(source: Any) -> bool:
    """Tell an iterable of chunks from a sound that is there as a whole."""
    if isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview, np.ndarray, AudioClip)):
        return False
    if hasattr(source, "read") or not isinstance(source, Iterable):
        return False
    if isinstance(source, (list, tuple)):
        return bool(source) and all(isinstance(part, np.ndarray) for part in source)
    return not hasattr(source, "__array__")


def _resampled(chunks: Iterable[Any], rate: int, session_rate: int, channel: Any) -> Iterator[Piece]:
    resampler = StreamResampler(rate, session_rate)
    number, scales = -1, set()
    for number, chunk in enumerate(chunks):
        if np.size(chunk) == 0:
            continue
        if np.any(chunk):
            scales.add(has_int16_scale(np.asarray(chunk)))
        intake = Intake(f"chunk {number}", rate, channel)
        intake.add(array_to_float(chunk, f"chunk {number}"))
        yield float_to_pcm16(resampler.push(intake.mono()))
    if number < 0:
        raise AudioError("There was not one chunk of sound to transcribe.")
    warn_of_int16_scale(scales == {True}, "The sound in chunks", stacklevel=2)
    yield float_to_pcm16(resampler.flush())


def _recut(pieces: Iterator[Piece], length: int) -> Iterator[Piece]:
    """Cut pieces that are longer than ``length``; shorter ones pass as they come, so that nothing waits."""
    for piece in pieces:
        for start in range(0, len(piece), length):
            yield piece[start : start + length]
