"""Minimum and maximum of a sound at every zoom, for a view that asks only for what it draws."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError
from .clip import AudioClip
from .tape import Tape
from .units import float_to_pcm16

FACTOR = 4
"""Each level has a fourth of the bins of the one below."""

TILE = 512
"""Bins that a view asks for at a time: 2 KiB as int16 pairs."""

_STORED = 5
_STEP = 1 << 18

Peaks = NDArray[np.int16]
Sampled = Union[AudioClip, Tape, NDArray[np.int16]]


def _reader(source: Sampled) -> tuple[Callable[[int, int], NDArray[Any]], Callable[[], int]]:
    """Return how to read samples [start, stop) from a source, int16 or float, and how to ask its length."""
    if isinstance(source, Tape):
        return source.read, lambda: len(source)
    if isinstance(source, AudioClip):
        return lambda start, stop: source.samples[start:stop], lambda: len(source)
    samples = np.asarray(source)
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise AudioError(
            "A pyramid is built from a clip, a tape or int16 samples of shape (n,), "
            f"not {samples.dtype} of shape {samples.shape}."
        )
    return lambda start, stop: samples[start:stop], lambda: len(samples)


def _pairs(low: NDArray[Any], high: NDArray[Any]) -> Peaks:
    """Return minima and maxima as int16 pairs; rounding keeps order, so only these need converting."""
    pairs = np.stack([low, high], axis=1)
    return pairs if pairs.dtype == np.int16 else float_to_pcm16(pairs)


def _fold(peaks: Peaks) -> Peaks:
    """Return the pair of every four neighbours; ``len(peaks)`` is a multiple of four."""
    grouped = peaks.reshape(-1, FACTOR, 2)
    return _pairs(grouped[:, :, 0].min(axis=1), grouped[:, :, 1].max(axis=1))


class _Level:
    """Pairs of one level, growing by doubling."""

    def __init__(self) -> None:
        self._pairs = np.empty((TILE, 2), np.int16)
        self.count = 0

    def extend(self, pairs: Peaks) -> None:
        needed = self.count + len(pairs)
        if needed > len(self._pairs):
            grown = np.empty((max(needed, 2 * len(self._pairs)), 2), np.int16)
            grown[: self.count] = self._pairs[: self.count]
            self._pairs = grown
        self._pairs[self.count : needed] = pairs
        self.count = needed

    def read(self, start: int, stop: int) -> Peaks:
        return self._pairs[start : min(stop, self.count)]


class Pyramid:
    """Min/max pairs of a clip or of a growing tape, at bins of 1, 4, 16, 64 … samples.

    Parameters
    ----------
    source : AudioClip, Tape or ndarray of int16, shape (n,)
        A tape may go on growing: ``update`` takes in what it gained, at a cost that depends on the gain
        alone.

    Raises
    ------
    AudioError
        The source is something else, or a level is negative.

    Notes
    -----
    Bins of 1024 samples and coarser are kept (about 0.3 % of the size of the sound as int16), finer ones are
    read from the source when asked for. The last bin of a level may cover less than its full width. As many
    bins cost the same at a deep zoom and over a whole hour.

    Examples
    --------
    >>> pyramid = Pyramid(np.arange(10_000, dtype=np.int16))
    >>> pyramid.samples_per_bin(3), pyramid.peaks(3, 0, 10)[1].tolist()
    (64, [64, 127])
    """

    def __init__(self, source: Sampled) -> None:
        self._read, self._source_length = _reader(source)
        self._stored: list[_Level] = [_Level()]
        self._taken = 0
        self._length = 0
        self._lock = threading.Lock()
        self.update()

    def __len__(self) -> int:
        """Return the number of samples the pyramid stands for, as of the last ``update``."""
        return self._length

    @staticmethod
    def samples_per_bin(level: int) -> int:
        """Return the number of samples a bin of this level stands for."""
        if level < 0:
            raise AudioError(f"Level {level} does not exist; levels count from 0.")
        return int(FACTOR**level)

    def update(self) -> int:
        """Take in what the source gained and return the length in samples."""
        with self._lock:
            length = self._source_length()
            unit = self.samples_per_bin(_STORED)
            while length - self._taken >= unit:
                stop = self._taken + min(_STEP, (length - self._taken) // unit * unit)
                samples = self._read(self._taken, stop).reshape(-1, unit)
                self._add(0, _pairs(samples.min(axis=1), samples.max(axis=1)))
                self._taken = stop
            self._length = length
            return length

    def _add(self, kept: int, pairs: Peaks) -> None:
        """Append pairs to a kept level, and what they complete to the levels above it."""
        if kept == len(self._stored):
            self._stored.append(_Level())
        level = self._stored[kept]
        level.extend(pairs)
        folded = self._stored[kept + 1].count * FACTOR if kept + 1 < len(self._stored) else 0
        ready = level.read(folded, level.count // FACTOR * FACTOR)
        if len(ready):
            self._add(kept + 1, _fold(ready))

    def peaks(self, level: int, start: int, stop: int) -> Peaks:
        """Return the pairs of some bins of a level.

        Parameters
        ----------
        level : int
            0 for bins of one sample, then 4, 16, 64 … samples.
        start, stop : int
            Bins [start, stop), as many of them as there are.

        Returns
        -------
        ndarray of int16, shape (k, 2)
            (minimum, maximum) of each bin.
        """
        width = self.samples_per_bin(level)
        with self._lock:
            start = max(0, start)
            stop = min(stop, -(-self._length // width))
            if stop <= start:
                return np.empty((0, 2), np.int16)
            if level < _STORED:
                return self._from_samples(start * width, min(stop * width, self._length), width)
            return self._from_levels(level, start, stop)

    def _from_samples(self, start: int, stop: int, width: int) -> Peaks:
        samples = self._read(start, stop)
        starts = np.arange(0, len(samples), width)
        return _pairs(np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts))

    def _from_levels(self, level: int, start: int, stop: int) -> Peaks:
        kept = level - _STORED
        pairs = self._stored[kept].read(start, stop).copy() if kept < len(self._stored) else None
        complete = self._stored[kept].count if pairs is not None else 0
        if stop <= complete:
            return pairs  # type: ignore[return-value]
        tail = self._tail(level)[None, :]
        return tail if pairs is None else np.concatenate([pairs, tail])

    def _tail(self, level: int) -> NDArray[np.int16]:
        """Return the pair of the last, incomplete bin of a level: of all that its complete bins leave out."""
        kept = level - _STORED
        parts = []
        done = self._stored[kept].count * self.samples_per_bin(level) if kept < len(self._stored) else 0
        for finer in range(min(kept, len(self._stored)) - 1, -1, -1):
            width = self.samples_per_bin(finer + _STORED)
            pairs = self._stored[finer].read(done // width, self._stored[finer].count)
            parts.append(pairs)
            done += len(pairs) * width
        if done < self._length:
            parts.append(self._from_samples(done, self._length, self._length - done))
        everything = np.concatenate(parts)
        return np.array([everything[:, 0].min(), everything[:, 1].max()], np.int16)
