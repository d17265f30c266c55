"""Which channel of a file is transcribed: what there is to choose from, and whether it matters."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip, Channel
from ...audio.files import open_sound

COMPARED_SECONDS = 300
"""Seconds of a file from its beginning in which its channels are compared."""

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
