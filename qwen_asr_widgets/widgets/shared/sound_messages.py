"""What views are told of a sound: lowest and highest samples at a zoom, and slices to listen to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Union

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip
from ...audio.pyramid import TILE, Pyramid
from ...audio.tape import Tape
from ...audio.units import float_to_pcm16
from .commands import Within
from .throttle import Message

Sound = Union[AudioClip, Tape]

OVERVIEW_BINS = 4_096
"""Most bins of the overview: 16 kB, whatever the length of the sound."""

GROWTH_LEVEL = 4
"""Level in which a growing sound is sent: bins of 256 samples, 250 bytes a second at 16 kHz."""

MAX_GROWTH = 8_192
"""Most bins sent as growth; a larger leap is sent as a new overview."""

MAX_TILES = 64
MAX_SLICE_SECONDS = 30
LEVELS = 16
"""Levels a view is told of: bins of 1 to 4^15 samples."""


@dataclass(frozen=True)
class TileRange:
    """Bins ``first`` to ``first + count`` of a level of the pyramid; `TILE` of them are answered at most."""

    level: Annotated[int, Within(0, LEVELS - 1)]
    first: int
    count: int


@dataclass(frozen=True)
class TilesRequest:
    """A view zooms in: it wants lowest and highest samples; `MAX_TILES` ranges are answered at most."""

    ranges: tuple[TileRange, ...]


@dataclass(frozen=True)
class AudioRequest:
    """A view plays: it wants the samples from ``start`` to ``stop``."""

    start: int
    stop: int


class SoundMessages:
    """Answers a view's questions about one sound, which may be growing. Thread-safe.

    Parameters
    ----------
    sound : AudioClip or Tape
        What is shown and played.
    source : str
        The name under which views of the page know it.

    Examples
    --------
    >>> sound = SoundMessages(AudioClip(np.zeros(16_000, np.float32), 16_000), "a")
    >>> [content["kind"] for content, _ in sound.opening()]
    ['sound', 'tiles']
    """

    def __init__(self, sound: Sound, source: str) -> None:
        self.sound = sound
        self.source = source
        self._pyramid: Pyramid | None = None
        self._told = 0
        self._lock = threading.Lock()

    @property
    def pyramid(self) -> Pyramid:
        """Built when it is first needed: most widgets are made before anybody looks."""
        if self._pyramid is None:
            self._pyramid = Pyramid(self.sound)
        return self._pyramid

    def opening(self, growing: bool = False) -> list[Message]:
        """Return what a view needs before its first picture: rate, length and an overview of everything."""
        with self._lock:
            length = self.pyramid.update()
            self._told = length
            sound = {
                "kind": "sound", "source": self.source, "rate": self.sound.sample_rate, "length": length,
                "growing": growing, "tile_bins": TILE,
                "bin_sizes": [Pyramid.samples_per_bin(level) for level in range(LEVELS)],
            }
            level = 0
            while -(-length // Pyramid.samples_per_bin(level)) > OVERVIEW_BINS:
                level += 1
            bins = -(-length // Pyramid.samples_per_bin(level))
            return [(sound, []), self._tiles([(level, 0, bins)])] if length else [(sound, [])]

    def growth(self) -> list[Message]:
        """Return what the sound has gained since views were told last."""
        with self._lock:
            length = self.pyramid.update()
            if length <= self._told:
                return []
            size = Pyramid.samples_per_bin(GROWTH_LEVEL)
            first = self._told // size
            last = -(-length // size)
            if last - first <= MAX_GROWTH:
                self._told = length
                content = {
                    "kind": "grow", "source": self.source, "level": GROWTH_LEVEL, "first": first,
                    "length": length,
                }
                return [(content, [self.pyramid.peaks(GROWTH_LEVEL, first, last).tobytes()])]
        return self.opening(growing=True)

    def tiles(self, wanted: TilesRequest) -> list[Message]:
        """Return the lowest and highest samples that a view asks for."""
        ranges = [(one.level, one.first, min(one.count, TILE)) for one in wanted.ranges[:MAX_TILES]]
        with self._lock:
            self.pyramid.update()
            return [self._tiles(ranges)]

    def audio(self, wanted: AudioRequest) -> list[Message]:
        """Return samples to play, half a minute of them at most."""
        start = max(0, wanted.start)
        stop = min(wanted.stop, len(self.sound), start + MAX_SLICE_SECONDS * self.sound.sample_rate)
        content = {"kind": "pcm", "source": self.source, "start": start, "rate": self.sound.sample_rate}
        return [(content, [self._samples(start, max(start, stop)).tobytes()])]

    def _tiles(self, ranges: Sequence[tuple[int, int, int]]) -> Message:
        parts = [{"level": level, "first": first} for level, first, _ in ranges]
        content = {"kind": "tiles", "source": self.source, "length": len(self.pyramid), "parts": parts}
        peaks = [self.pyramid.peaks(level, first, first + count) for level, first, count in ranges]
        return content, [pairs.tobytes() for pairs in peaks]

    def _samples(self, start: int, stop: int) -> NDArray[np.int16]:
        if isinstance(self.sound, Tape):
            return self.sound.read(start, stop)
        return float_to_pcm16(self.sound.samples[start:stop])
