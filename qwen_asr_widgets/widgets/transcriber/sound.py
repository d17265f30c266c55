"""The sound at hand in the transcriber: loaded from whatever was given, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ...audio.clip import AudioClip, Channel
from ...audio.intake import AT_FULL_SCALE
from ...audio.samples import Sample
from ...errors import AudioError, BundleError
from ..shared.shown import clip_title
from .channels import Channels, channels_of

if TYPE_CHECKING:
    from ...recording import Recording

BLOCK = 1 << 20
"""Samples that are looked at in one go."""


@dataclass(frozen=True)
class SoundAtHand:
    """What there is to transcribe, and what the page says of it.

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
    """

    clip: AudioClip | None = None
    title: str = ""
    clipped: bool = False
    channels: Channels | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether it depends on the channel taken what is heard."""
        return self.channels is not None and self.channels.differ

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
        from ...recording import load_recording

        return load_recording(str(source))
    return AudioClip.load(source)


def is_clipped(clip: AudioClip) -> bool:
    """Tell whether a sound stands flat at full scale: three samples in a row; a lone peak is no distortion.

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
        from ...recording import load_recording

        with TemporaryDirectory(prefix="qaw-") as folder:
            path = f"{folder}/upload.qasr"
            with open(path, "wb") as file:
                file.write(data)
            try:
                return load_recording(path)
            except BundleError as problem:
                raise BundleError(str(problem).replace(path, name)) from problem
    try:
        return AudioClip.load(data, channel="mean")
    except AudioError as problem:
        raise AudioError(f"{name} holds no sound that can be read. {problem}") from problem
