"""The last seconds of a session's audio, addressed by the position in all of it."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray


class RingBuffer:
    """Keeps the newest samples of a stream that has no end.

    Parameters
    ----------
    keep : int
        Samples kept at least; a little more may be readable.

    Examples
    --------
    >>> window = RingBuffer(keep=4)
    >>> window.append(np.arange(3, dtype=np.int16))
    >>> window.append(np.arange(3, 8, dtype=np.int16))
    >>> window.start, window.stop, window.read(5, 8).tolist()
    (3, 8, [5, 6, 7])
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._pieces: deque[NDArray[np.int16]] = deque()
        self.start = 0
        self.stop = 0

    def append(self, samples: NDArray[np.int16]) -> None:
        """Add samples at the end, and forget what lies further back than is to be kept."""
        self._pieces.append(samples)
        self.stop += len(samples)
        while self.start + len(self._pieces[0]) <= self.stop - self._keep:
            self.start += len(self._pieces.popleft())

    def read(self, start: int, stop: int) -> NDArray[np.int16]:
        """Return a copy of the samples from ``start`` up to ``stop``; both must still be in the window."""
        if not self.start <= start <= stop <= self.stop:
            raise IndexError(f"samples {start} to {stop} are not within {self.start} to {self.stop}")
        found = [np.zeros(0, np.int16)]
        at = self.start
        for piece in self._pieces:
            if at + len(piece) > start and at < stop:
                found.append(piece[max(0, start - at):stop - at])
            at += len(piece)
        return np.concatenate(found)
