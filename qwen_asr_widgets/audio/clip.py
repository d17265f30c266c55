"""A sound at hand: one channel of float samples, the rate, and where it came from."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, Protocol, Union

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..arguments import is_number
from ..errors import AudioError
from ..formatting import table
from . import files
from .files import Encoded
from .intake import Intake, array_to_float, has_int16_scale
from .resample import checked_rate, resample
from .units import float_to_pcm16, samples_to_seconds, seconds_to_samples

Channel = Union[int, Literal["mean"], None]


class HoldsClip(Protocol):
    """What has a clip of its own, such as a ``Sample`` or a ``Recording``."""

    @property
    def clip(self) -> AudioClip:
        """Its sound as one channel."""


Sound = Union["AudioClip", HoldsClip, Encoded]
"""A sound that says its own sample rate."""

Source = Union[Sound, ArrayLike]


class ChannelsAveraged(UserWarning):
    """Several channels became one by averaging, because none was chosen."""


class AudioCutShort(UserWarning):
    """The end of a sound file is missing; what is there was loaded."""


class AudioTooQuiet(UserWarning):
    """Integers of 32 bits hold values of 16 bits: at their own full scale the sound is 96 dB too quiet."""


class AudioClipped(UserWarning):
    """The sound reaches beyond full scale, or stands flat at it: parts of it are distorted."""


@dataclass(frozen=True)
class Origin:
    """Where a clip came from.

    Parameters
    ----------
    sample_rate : int
        Hz, before any resampling.
    channels : int
        Number of channels the source had.
    channel : int, "mean" or None
        The channel taken, ``"mean"`` where several were averaged, None where there was only one.
    name : str
        The file's name, or ``"array"``, ``"bytes"`` …
    clipped : int
        Samples at or beyond full scale in the channels taken.
    """

    sample_rate: int
    channels: int = 1
    channel: Channel = None
    name: str = "array"
    clipped: int = 0


@dataclass(frozen=True, eq=False, repr=False, init=False)
class AudioClip:
    """One channel of sound with its sample rate.

    Make one with ``AudioClip.load``; the constructor takes samples that are already mono.

    Parameters
    ----------
    samples : array-like, shape (n,)
        Floats in [-1, 1], or int8, uint8, int16 or int32 at the full scale of their type; copied.
    sample_rate : int
        Hz. A clip of 8 kHz stays one of 8 kHz until ``resample``.
    origin : Origin, optional
        Where it came from; by default an array.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        In [-1, 1] whatever was given; read-only.

    Raises
    ------
    AudioError
        No samples, NaN or infinite samples, values far beyond [-1, 1], more than one dimension, or a rate
        that cannot be one.

    Examples
    --------
    >>> clip = AudioClip(np.zeros(24_000, np.float32), 16_000)
    >>> clip.duration, clip[0.5:1.0].duration, len(clip.resample(8_000))
    (1.5, 0.5, 12000)
    >>> AudioClip(np.array([-32_768, 0, 16_384], np.int16), 16_000).samples.tolist()
    [-1.0, 0.0, 0.5]

    Clips of the same samples and rate are equal, wherever they came from, and numpy takes a clip for its
    samples:

    >>> clip[:0.5] == AudioClip(np.zeros(8_000), 16_000), float(np.abs(clip).max())
    (True, 0.0)
    """

    samples: NDArray[np.float32]
    sample_rate: int
    origin: Origin

    def __init__(self, samples: ArrayLike, sample_rate: int, origin: Origin | None = None) -> None:
        rate = checked_rate(sample_rate)
        given = np.asarray(_checked_array(samples))
        if given.ndim != 1:
            raise AudioError(
                f"AudioClip takes one channel of shape (n,), not shape {given.shape}; "
                "AudioClip.load chooses or averages channels."
            )
        intake = Intake(origin.name if origin else "array", rate, channel=None)
        intake.add(array_to_float(given, "the array"))
        warn_of_int16_scale(has_int16_scale(given), "The array", stacklevel=3)
        _warn_if_clipped(intake, stacklevel=3)
        self._set(intake.mono(), rate, origin or Origin(rate, clipped=intake.clipped))

    def _set(self, samples: NDArray[np.float32], sample_rate: int, origin: Origin) -> None:
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "sample_rate", sample_rate)
        object.__setattr__(self, "origin", origin)

    @classmethod
    def _checked(cls, samples: NDArray[np.float32], sample_rate: int, origin: Origin) -> AudioClip:
        """Return a clip of samples known to be good, without a second look at each of them."""
        clip = object.__new__(cls)
        clip._set(samples, sample_rate, origin)
        return clip

    @classmethod
    def load(cls, source: Source, sample_rate: int | None = None, channel: Channel = None) -> AudioClip:
        """Return a clip from a file, its bytes, or an array.

        Parameters
        ----------
        source : path, bytes, binary file object, array, AudioClip, Sample, Recording or dict
            wav, flac, mp3 and ogg are read by libsndfile; m4a, webm, mp4, opus and others by PyAV (extra
            ``media``). Arrays are int16, int32, uint8, int8 at their full scale or float in [-1, 1], of
            shape (n,), (n, channels) or (channels, n): the channels are the axis of length 8 or less. A dict
            is the ``audio`` of a row of a Hugging Face data set: its array and rate, its bytes or its path.
        sample_rate : int, optional
            Hz. Needed for arrays, which do not say it; for a file it must be what the file says.
        channel : int, "mean" or None
            Which channel to take, counted from 0, or ``"mean"`` for the average. None averages too, and
            warns (``ChannelsAveraged``) where a file or an array has several.

        Returns
        -------
        AudioClip
            At the rate of the source; a clip is returned as it is.

        Raises
        ------
        AudioError
            The sound cannot be used; the message says why and what to do.
        AudioFileNotFound
            The path does not exist.
        MissingDependency
            The format needs PyAV, which is not installed.

        Warns
        -----
        ChannelsAveraged
            Several channels and no choice.
        AudioCutShort
            The end of a WAV, Ogg, Opus or MP3 file is missing.
        AudioTooQuiet
            An int32 array whose values are those of int16.
        AudioClipped
            Float samples beyond full scale were limited to it (up to 2.0; more is an error), or three and
            more samples in a row stand at full scale.

        Examples
        --------
        >>> stereo = np.zeros((2, 8_000), np.int16)
        >>> AudioClip.load(stereo, sample_rate=8_000, channel=1)
        <AudioClip 'array' 1.00 s at 8000 Hz, channel 1 of 2>
        """
        ready = _ready(source, channel)
        if ready is not None:
            return ready
        intake = _taken_in(source, sample_rate, channel)
        if channel is None and intake.channels > 1:
            warnings.warn(
                f"{intake.name} has {intake.channels} channels; they were averaged. "
                'Choose with channel=0, channel=1 … or channel="mean" to say that this is meant.',
                ChannelsAveraged,
                stacklevel=2,
            )
        _warn_if_clipped(intake, stacklevel=3)
        return _clip(cls, intake, intake.mono(), channel)

    @classmethod
    def load_channels(cls, source: Source, sample_rate: int | None = None) -> list[AudioClip]:
        """Return every channel of a source as a clip of its own; parameters and errors as in ``load``.

        Examples
        --------
        >>> [clip.origin.channel for clip in AudioClip.load_channels(np.zeros((800, 2)), sample_rate=8_000)]
        [0, 1]
        """
        if isinstance(source, AudioClip):
            return [source]
        if hasattr(source, "channels") and hasattr(source, "clip"):
            return list(source.channels)
        intake = _taken_in(source, sample_rate, "each")
        _warn_if_clipped(intake, stacklevel=3)
        return [
            _clip(cls, intake, samples, number if intake.channels > 1 else None)
            for number, samples in enumerate(intake.separate())
        ]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return samples_to_seconds(len(self.samples), self.sample_rate)

    @property
    def channel(self) -> Channel:
        """The channel of the source that this is: a number, ``"mean"``, or None where there was one."""
        return self.origin.channel

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __eq__(self, other: object) -> bool:
        """Tell whether another clip has the same samples at the same rate."""
        if not isinstance(other, AudioClip):
            return NotImplemented
        return self.sample_rate == other.sample_rate and np.array_equal(self.samples, other.samples)

    def __hash__(self) -> int:
        return hash((self.sample_rate, len(self.samples), self.samples[:256].tobytes()))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[np.floating]:
        """Return the samples, shape (n,), for numpy: read-only and not copied where nothing asks for it."""
        wanted = np.dtype(np.float32 if dtype is None else dtype)
        if wanted.kind != "f":
            raise AudioError(f"A clip's samples are float in [-1, 1], not {wanted}; use clip.to_pcm16().")
        if copy is False and wanted != np.float32:
            raise ValueError(f"A clip's samples are float32; {wanted} needs a copy.")
        return self.samples.astype(wanted, copy=bool(copy))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy what cannot be had from the class: the samples stay read-only."""
        return AudioClip._checked, (self.samples, self.sample_rate, self.origin)

    def __repr__(self) -> str:
        origin = self.origin
        parts = [f"{self.origin.name!r} {self.duration:.2f} s at {self.sample_rate} Hz"]
        if origin.sample_rate != self.sample_rate:
            parts.append(f"from {origin.sample_rate} Hz")
        if origin.channel == "mean":
            parts.append(f"mean of {origin.channels} channels")
        elif origin.channel is not None:
            parts.append(f"channel {origin.channel} of {origin.channels}")
        if origin.clipped:
            parts.append(f"{origin.clipped} samples at full scale")
        return f"<AudioClip {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: length, rate, level, and where the sound came from."""
        origin = self.origin
        rows = [
            ("length", f"{self.duration:.2f} s, {len(self)} samples"),
            ("sample rate", f"{self.sample_rate} Hz"),
            ("peak", level(float(np.abs(self.samples).max(initial=0.0)))),
            ("mean level", level(float(np.sqrt(np.mean(np.square(self.samples, dtype=np.float64)))))),
            ("source", f"{origin.channels} × {origin.sample_rate} Hz"),
        ]
        return table((f"AudioClip {origin.name}", ""), rows)

    def __getitem__(self, span: slice) -> AudioClip:
        """Return the part between two times in seconds, e.g. ``clip[1.0:2.5]``; negative from the end.

        Raises
        ------
        AudioError
            The part holds no sample, or the index is not a slice of seconds without a step.
        """
        if not isinstance(span, slice) or span.step is not None:
            raise AudioError(f"A clip is cut by seconds, e.g. clip[1.0:2.5], not by {span!r}.")
        first, last = (
            None if time is None else seconds_to_samples(time, self.sample_rate)
            for time in (span.start, span.stop)
        )
        part = self.samples[first:last]
        if not len(part):
            raise AudioError(
                f"From {span.start} s to {span.stop} s there is nothing in a clip of {self.duration:.3f} s."
            )
        return AudioClip._checked(part, self.sample_rate, self.origin)

    def resample(self, sample_rate: int) -> AudioClip:
        """Return the clip at another rate in Hz (itself where the rate is the same).

        Raises
        ------
        AudioError
            No sample rate, or the clip is too short to have one sample at that rate.
        """
        rate = checked_rate(sample_rate)
        if rate == self.sample_rate:
            return self
        samples = resample(self.samples, self.sample_rate, rate)
        if not len(samples):
            raise AudioError(f"A clip of {len(self)} samples is too short to be resampled to {rate} Hz.")
        return AudioClip._checked(np.clip(samples, -1.0, 1.0), rate, self.origin)

    def gain(self, db: float) -> AudioClip:
        """Return the clip so many decibels louder, or quieter where that is negative.

        What goes beyond full scale is cut there, as a converter does, and warned of (``AudioClipped``).

        Examples
        --------
        >>> AudioClip(np.array([0.1, -0.2]), 16_000).gain(6.0206).samples.round(4).tolist()
        [0.20000000298023224, -0.4000000059604645]
        """
        louder, beyond = amplified(self, db)
        if beyond:
            warnings.warn(
                f"{beyond} samples go beyond full scale at {db:+g} dB and are cut there.", AudioClipped,
                stacklevel=2,
            )
        return louder

    def to_pcm16(self) -> NDArray[np.int16]:
        """Return the samples as int16 of shape (n,); what was int16 before comes back unchanged."""
        return float_to_pcm16(self.samples)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the clip as wav, flac (both 16 bit, exact), ogg, mp3 or opus, as the suffix says.

        Raises
        ------
        AudioError
            Another suffix, a rate that the format cannot hold, or a path that cannot be written.
        """
        files.write_pcm16(path, self.to_pcm16(), self.sample_rate)


def level(amplitude: float) -> str:
    """Return an amplitude in [0, 1] in decibels below full scale.

    Examples
    --------
    >>> level(0.5), level(0.0)
    ('-6.0 dBFS', 'silence')
    """
    return f"{20 * math.log10(amplitude):.1f} dBFS" if amplitude else "silence"


def amplified(clip: AudioClip, db: float) -> tuple[AudioClip, int]:
    """Return a clip so many decibels louder, and how many of its samples are cut at full scale by it."""
    if not is_number(db, Real) or not math.isfinite(db):
        raise AudioError(f"db is {db!r}; give decibels, such as -6 for half of the amplitude.")
    samples = clip.samples * np.float32(10 ** (db / 20))
    beyond = int((np.abs(samples) > 1).sum())
    return AudioClip._checked(np.clip(samples, -1.0, 1.0), clip.sample_rate, clip.origin), beyond


def as_clip(sound: Any, taker: str) -> AudioClip:
    """Return the clip of a sound that says its own rate, for a function that takes no ``sample_rate``.

    Parameters
    ----------
    sound : AudioClip, Sample, Recording, path, bytes or binary file object
    taker : str
        The function that takes it, for messages.

    Raises
    ------
    AudioError
        It is something else, such as an array, or cannot be read.

    Examples
    --------
    >>> as_clip(np.zeros(16_000, np.int16), "speech_scores")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.AudioError: speech_scores takes an AudioClip, a Sample, a Recording or a sound \
file, not ndarray; AudioClip.load(samples, sample_rate=16000) makes a clip of samples.
    """
    if _ready(sound, None) is None and not _is_encoded(sound):
        raise AudioError(
            f"{taker} takes an AudioClip, a Sample, a Recording or a sound file, not {type(sound).__name__}; "
            "AudioClip.load(samples, sample_rate=16000) makes a clip of samples."
        )
    return AudioClip.load(sound)


def _ready(source: Any, channel: Any) -> AudioClip | None:
    """Return the clip that a clip, a sample or a recording is or holds, None for any other source."""
    clips = getattr(source, "channels", ())
    if isinstance(channel, int) and isinstance(clips, tuple) and len(clips) > 1:
        if isinstance(channel, bool) or not 0 <= channel < len(clips):
            raise AudioError(f"{source.name} has channels 0 to {len(clips) - 1}, not {channel!r}.")
        return clips[channel]
    clip = source if isinstance(source, AudioClip) else getattr(source, "clip", None)
    return clip if isinstance(clip, AudioClip) else None


def _is_encoded(source: Any) -> bool:
    """Tell whether a source is a sound file: its path, its bytes, or open."""
    return isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(source, "read")


def _taken_in(source: Any, sample_rate: int | None, channel: Any) -> Intake:
    """Decode a source and check it; ``channel`` may also be ``"each"``."""
    source, sample_rate = _of_row(source, sample_rate)
    if _is_encoded(source):
        with files.open_sound(source) as sound:
            intake = Intake(sound.name, checked_rate(sound.sample_rate, f"the rate of {sound.name}"), channel)
            if sample_rate is not None and checked_rate(sample_rate) != sound.sample_rate:
                raise AudioError(
                    f"{sound.name} says {sound.sample_rate} Hz, sample_rate={sample_rate} was given; "
                    f"leave it out and use .resample({sample_rate}) to change the rate."
                )
            for block in sound.blocks:
                intake.add(block)
        if sound.cut_short:
            warnings.warn(
                f"{sound.name} was cut short: {sound.cut_short}; {intake.duration:.1f} s of it were loaded.",
                AudioCutShort, stacklevel=3,
            )
        return intake
    source = _checked_array(source)
    if sample_rate is None:
        raise AudioError("An array does not say its sample rate; give it, e.g. sample_rate=16000.")
    intake = Intake("array", checked_rate(sample_rate), channel)
    intake.add(array_to_float(source, "the array"))
    warn_of_int16_scale(has_int16_scale(np.asarray(source)), "The array", stacklevel=4)
    return intake


def warn_of_int16_scale(found: bool, name: str, stacklevel: int) -> None:
    """Warn, where it was found, that a sound of int32 has the scale of int16."""
    if found:
        warnings.warn(
            f"{name} is int32 and nowhere beyond the values of int16: at the full scale of int32 it is 96 dB "
            "too quiet to be heard. If it is 16-bit sound, give samples.astype(np.int16).",
            AudioTooQuiet, stacklevel=stacklevel,
        )


def _of_row(source: Any, sample_rate: int | None) -> tuple[Any, int | None]:
    """Return sound and rate of ``row["audio"]`` of a Hugging Face data set; other sources as they are."""
    if not isinstance(source, dict):
        return source, sample_rate
    if source.get("array") is not None:
        return source["array"], source.get("sampling_rate") if sample_rate is None else sample_rate
    encoded = source.get("bytes") or source.get("path")
    return (source if encoded is None else encoded), sample_rate


def _checked_array(samples: Any) -> Any:
    """Return what may be an array of samples, or say what to do with a generator and what is no sound."""
    if isinstance(samples, Iterator):
        raise AudioError(
            f"A {type(samples).__name__} gives sound piece by piece, a clip needs it as a whole; join the "
            "pieces with np.concatenate(list(pieces)), or give them to transcribe(), which takes pieces."
        )
    if samples is None or isinstance(samples, (bool, int, float, complex, dict, set)):
        raise AudioError(
            f"{samples!r:.60} is no sound; give a path, the bytes of a file, an array or another clip."
        )
    return samples


def _clip(
    cls: type[AudioClip], intake: Intake, samples: NDArray[np.float32], channel: Channel
) -> AudioClip:
    chosen: Channel = ("mean" if channel is None else channel) if intake.channels > 1 else None
    origin = Origin(intake.sample_rate, intake.channels, chosen, intake.name, intake.clipped)
    return cls._checked(samples, intake.sample_rate, origin)


def _warn_if_clipped(intake: Intake, stacklevel: int) -> None:
    """Warn of distortion: of samples that were limited, or of a flat top. A lone full-scale peak is none."""
    if intake.limited or intake.flat:
        what = f"{intake.limited} beyond it were limited" if intake.limited else "some of them in a row"
        warnings.warn(
            f"{intake.name} is clipped: {intake.clipped} samples at or beyond full scale ({what}). "
            "Record at a lower level; recognition suffers where speech is distorted.",
            AudioClipped,
            stacklevel=stacklevel,
        )
