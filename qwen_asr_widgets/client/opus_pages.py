"""Live audio as Ogg pages that know which samples they carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CLOCK = 48_000
"""Granule positions of Opus count at 48 kHz, whatever the input's rate (RFC 7845, 4)."""


@dataclass(frozen=True)
class Page:
    """One Ogg page, one append; it completes samples ``start`` to ``stop`` (none in the header pages)."""

    data: bytes
    start: int
    stop: int


class OpusPages:
    """Encodes a live signal; every flush ends an Ogg stream and the next samples begin another.

    Parameters
    ----------
    sample_rate : int
        Hz of what is pushed.
    """

    def __init__(self, sample_rate: int) -> None:
        from ..audio.opus import OggOpusEncoder

        self._make = OggOpusEncoder
        self._sample_rate = sample_rate
        self._encoder: OggOpusEncoder | None = OggOpusEncoder(sample_rate)
        self._begin = 0
        self._pushed = 0
        self._reached = 0
        self._pre_skip = 0

    def push(self, samples: NDArray[np.int16]) -> list[Page]:
        """Take in int16 samples of shape (n,) and return the pages that are ready."""
        if self._encoder is None:
            self._encoder = self._make(self._sample_rate)
            self._begin = self._pushed
        self._pushed += len(samples)
        return list(self._placed(self._encoder.push(samples)))

    def skip(self, samples: int) -> None:
        """Count samples that are not encoded; only after `flush`, since a stream cannot have a gap."""
        self._pushed += samples
        self._begin = self._reached = self._pushed

    def flush(self) -> list[Page]:
        """Return what is held back; together all pages carry every sample pushed."""
        if self._encoder is None or self._pushed == self._begin:
            return []
        pages = list(self._placed(self._encoder.flush()))
        self._encoder = None
        if pages and self._reached < self._pushed:
            pages[-1] = Page(pages[-1].data, pages[-1].start, self._pushed)
            self._reached = self._pushed
        return pages

    def _placed(self, pages: list[bytes]) -> Iterator[Page]:
        for data in pages:
            start = self._reached
            if b"OpusHead" in data[:64]:
                head = data.index(b"OpusHead")
                self._pre_skip = int.from_bytes(data[head + 10 : head + 12], "little")
            granule = int.from_bytes(data[6:14], "little", signed=True) - self._pre_skip
            if granule > 0:
                stop = self._begin + granule * self._sample_rate // _CLOCK
                self._reached = min(max(stop, start), self._pushed)
            yield Page(data, start, self._reached)
