"""The sound that can be transcribed: loading it, choosing a channel, and telling if it is distorted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip, Channel
from ...audio.files import open_sound
from ...audio.intake import AT_FULL_SCALE
from ...audio.samples import Sample
from ...errors import AudioError, BundleError
from ...formatting import clock
from ...recording import Recording, load_recording
from ..shared.shown import clip_title

BLOCK = 1 << 20
"""Samples that are examined at a time, to bound memory."""

COMPARED_SECONDS = 300
"""Seconds of a file from its beginning in which its channels are compared."""

ASKED_SECONDS = 300.0
"""A file that is longer is not transcribed before it is asked how."""

SHORTEST_PART = 0.1
"""Seconds: one chunk."""

ALIKE = 1e-4
"""Share of the power by which channels may differ and still count as alike: 40 dB below the sound."""


class Channels:
    """The channels of a file at hand.

    Parameters
    ----------
    source : path or bytes
        The file; it is decoded again for another channel.
    count : int
        How many it has.

    Attributes
    ----------
    differ : bool
        Whether they carry different sound.
    """

    def __init__(self, source: Any, count: int) -> None:
        self._source = source
        self.count = count
        with open_sound(source) as sound:
            self.differ = channels_differ(sound.blocks, COMPARED_SECONDS * sound.sample_rate)

    def load(self, channel: Channel) -> AudioClip:
        """Return one of them, counted from 0, or their ``"mean"``.

        Raises
        ------
        AudioError
            There is no such channel, or the file cannot be read any more.
        """
        return AudioClip.load(self._source, channel=channel)


def channels_of(source: Any, clip: AudioClip) -> Channels | None:
    """Return the channels of what a clip was loaded from; None where there is nothing to choose."""
    if clip.origin.channels < 2 or not isinstance(source, (str, os.PathLike, bytes)):
        return None
    return Channels(source, clip.origin.channels)


def channels_differ(blocks: Iterable[NDArray[np.float32]], limit: int) -> bool:
    """Tell whether channels differ from their mean by more than coding makes them.

    Parameters
    ----------
    blocks : iterable of ndarray, shape (k, channels)
        The sound.
    limit : int
        Samples after which it is not looked at any further.

    Examples
    --------
    >>> both = np.array([[0.5, 0.5], [-0.25, -0.25]])
    >>> channels_differ([both], 100), channels_differ([both * [1, 0]], 100)
    (False, True)
    """
    apart = power = 0.0
    seen = 0
    for block in blocks:
        apart += float(np.square(block - block.mean(axis=1, keepdims=True), dtype=np.float64).sum())
        power += float(np.square(block, dtype=np.float64).sum())
        seen += len(block)
        if seen >= limit:
            break
    return apart > ALIKE * power


@dataclass(frozen=True)
class SoundAtHand:
    """The sound that `begin` transcribes, and what views show of it.

    Parameters
    ----------
    clip : AudioClip or None
        The sound; None where there is none.
    title : str
        What it is called.
    clipped : bool
        Whether it is distorted because it was recorded too loud.
    channels : Channels or None
        What else could be taken of its file, where that has several.
    whole : SoundAtHand or None
        The sound of which this is a part; None where it is no part.
    start : float
        Seconds of the whole at which it begins.
    """

    clip: AudioClip | None = None
    title: str = ""
    clipped: bool = False
    channels: Channels | None = None
    whole: SoundAtHand | None = None
    start: float = 0.0

    @property
    def is_long(self) -> bool:
        """Whether it lasts so long that it is asked first how, and how much of it, is to be transcribed."""
        return self.clip is not None and self.clip.duration > ASKED_SECONDS

    @property
    def ambiguous(self) -> bool:
        """Whether the file has channels with different sound, so that one must be chosen."""
        return self.channels is not None and self.channels.differ

    def part(self, clip: AudioClip, start: float, end: float) -> SoundAtHand:
        """Return a stretch of it as a sound of its own.

        Parameters
        ----------
        clip : AudioClip
            All of it, also where only a recording has its sound.
        start, end : float
            Seconds.

        Raises
        ------
        AudioError
            The stretch lies outside of the sound, or is shorter than `SHORTEST_PART`.
        """
        end = min(end, clip.duration)
        if not 0 <= start <= end - SHORTEST_PART:
            raise AudioError(
                f"From {start:g} s to {end:g} s there are not {SHORTEST_PART:g} s of a sound of "
                f"{clip.duration:.1f} s: choose a longer part within it."
            )
        piece = clip[start:end]
        title = f"{self.title} {clock(start)}–{clock(end)}".strip()
        return SoundAtHand(piece, title, is_clipped(piece), None, self, start)

    def is_same(self, other: SoundAtHand) -> bool:
        """Tell whether both are the same sound: of one file the same channel, else the very same."""
        if self is other:
            return True
        ours, theirs = self.clip, other.clip
        return (
            self.channels is not None and self.channels is other.channels
            and ours is not None and theirs is not None and ours.channel == theirs.channel
        )

    def with_channel(self, channel: Channel) -> SoundAtHand:
        """Return it with another channel of the file taken; itself where the file has one.

        Raises
        ------
        AudioError
            There is no such channel, or the file cannot be read any more.
        """
        if self.channels is None:
            return self
        clip = self.channels.load(channel)
        return replace(self, clip=clip, clipped=is_clipped(clip))


def is_recording(source: Any) -> bool:
    """Tell whether a source is a recording, which is shown as it is."""
    return hasattr(source, "tape") and hasattr(source, "utterances")


def sound_at_hand(found: Any, name: str, source: Any) -> SoundAtHand:
    """Return what is at hand once something was loaded; a recording has no clip.

    Parameters
    ----------
    found : AudioClip or Recording
        What was loaded.
    name : str
        What it is called where it does not say it.
    source : path, bytes or anything
        What it was loaded from.

    Raises
    ------
    AudioError
        Its channels cannot be read.
    """
    if is_recording(found):
        return SoundAtHand(None, found.info.name or name)
    return SoundAtHand(found, clip_title(found) or name, is_clipped(found), channels_of(source, found))


def load_source(source: Any) -> AudioClip | Recording:
    """Load whatever was given as a source: path, bytes, array with its rate, clip, sample, recording.

    Raises
    ------
    AudioError
        It is no sound, or its file is not there.
    BundleError
        It is a damaged bundle.
    """
    if is_recording(source) or isinstance(source, AudioClip):
        return source
    if isinstance(source, Sample):
        return source.clip
    if isinstance(source, np.ndarray):
        raise AudioError("An array does not say its sample rate; give AudioClip(array, sample_rate).")
    if isinstance(source, (str, PurePath)) and str(source).lower().endswith(".qasr"):
        return load_recording(str(source))
    return AudioClip.load(source)


def is_clipped(clip: AudioClip) -> bool:
    """Tell whether a sound was recorded too loud: three samples in a row at full scale; one alone is a peak.

    Examples
    --------
    >>> is_clipped(AudioClip(np.float32([0, 1, 0, -1, -1, 0, 1]), 16_000))
    False
    """
    if clip.origin.clipped < 3:
        return False
    for start in range(0, len(clip.samples), BLOCK):
        full = np.abs(clip.samples[start : start + BLOCK + 2]) >= AT_FULL_SCALE
        if (full[:-2] & full[1:-1] & full[2:]).any():
            return True
    return False


def load_upload(name: str, data: bytes) -> AudioClip | Recording:
    """Load a file that was opened in the browser.

    Raises
    ------
    AudioError, BundleError
        It holds no sound.
    """
    if name.lower().endswith(".qasr"):
        try:
            return load_recording(data)
        except BundleError as problem:
            raise BundleError(str(problem).replace("the bundle", name, 1)) from problem
    try:
        return AudioClip.load(data, channel="mean")
    except AudioError as problem:
        raise AudioError(f"{name} holds no sound that can be read. {problem}") from problem
