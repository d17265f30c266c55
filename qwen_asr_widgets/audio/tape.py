"""The tape: the one timeline of a run, growing while it is read."""

from __future__ import annotations

import logging
import threading

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError
from .clip import AudioClip, Origin
from .resample import checked_rate
from .sample_file import SampleFile
from .units import pcm16_to_float, samples_to_seconds

logger = logging.getLogger("qwen_asr_widgets")

BLOCK = 1 << 18
"""Samples in one block of the tape: 512 KiB, 16 s at 16 kHz."""

IN_MEMORY_SECONDS = 300
"""Sound that is older than this is on disk, to the block."""


class Tape:
    """A growing record of one channel of int16 audio; any thread may append and read.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Raises
    ------
    AudioError
        The rate is no sample rate, something else than int16 of shape (n,) is appended, or anything to
        the beginning of another tape (`first`).

    Notes
    -----
    The tape is a list of blocks of fixed size. An append copies its own samples and nothing else, however
    long the tape is: a live recording never pauses to move an hour of audio. Blocks older than five minutes
    move to a temporary file without a name, so that memory holds 10 MB of sound and no more; where that
    cannot be written they stay in memory. Samples once appended never change.

    Examples
    --------
    >>> tape = Tape(16_000)
    >>> tape.append(np.arange(4, dtype=np.int16)), tape.append(np.zeros(16_000, np.int16))
    (0, 4)
    >>> len(tape), tape.read(1, 4).tolist()
    (16004, [1, 2, 3])
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = checked_rate(sample_rate)
        self._blocks: list[NDArray[np.int16]] = []
        self._moved = 0
        self._file: SampleFile | None = None
        self._most_blocks = -(-IN_MEMORY_SECONDS * self.sample_rate // BLOCK) + 1
        self._length = 0
        self._is_closed = False
        self._lock = threading.Lock()
        self._appending = threading.Lock()

    def __len__(self) -> int:
        """Return the number of samples appended so far."""
        return self._length

    def __repr__(self) -> str:
        return f"<Tape {self.duration:.2f} s at {self.sample_rate} Hz>"

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return samples_to_seconds(self._length, self.sample_rate)

    @property
    def samples_in_memory(self) -> int:
        """How many of the samples are in memory; the others are on disk."""
        with self._lock:
            return max(0, self._length - self._moved * BLOCK)

    def first(self, samples: int) -> Tape:
        """Return the first ``samples`` as a tape that shares them with this one and takes no more.

        Examples
        --------
        >>> tape = Tape(16_000)
        >>> start = tape.append(np.arange(4, dtype=np.int16))
        >>> tape.first(3).read().tolist(), len(tape.first(9))
        ([0, 1, 2], 4)
        """
        beginning = Tape(self.sample_rate)
        with self._lock:
            beginning._blocks, beginning._moved, beginning._file = list(self._blocks), self._moved, self._file
            beginning._length = max(0, min(samples, self._length))
        beginning._is_closed = True
        return beginning

    def append(self, samples: NDArray[np.int16]) -> int:
        """Add samples at the end and return the index of the first of them.

        Parameters
        ----------
        samples : ndarray of int16, shape (n,)
            Copied; the caller may reuse the array.
        """
        if self._is_closed:
            raise AudioError("This is the beginning of another tape, as it was once: it takes no more.")
        samples = np.asarray(samples)
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise AudioError(
                f"A tape takes int16 samples of shape (n,), not {samples.dtype} of shape {samples.shape}; "
                "convert floats with AudioClip(...).to_pcm16()."
            )
        with self._appending:
            start, taken = self._length, 0
            while taken < len(samples):
                taken += self._fill_block(samples[taken:])
                self._move_old()
        return start

    def _fill_block(self, samples: NDArray[np.int16]) -> int:
        """Put as many samples on the tape as its newest block takes, a new one where it is full."""
        with self._lock:
            offset = self._length % BLOCK
            if offset == 0:
                self._blocks.append(np.empty(BLOCK, np.int16))
            piece = samples[: BLOCK - offset]
            self._blocks[-1][offset : offset + len(piece)] = piece
            self._length += len(piece)
        return len(piece)

    def _move_old(self) -> None:
        """Move to disk what memory need not hold; readers wait for none of it."""
        while len(self._blocks) > self._most_blocks:
            try:
                self._file = self._file or SampleFile()
                self._file.write(self._moved * BLOCK, self._blocks[0])
            except OSError as problem:
                logger.debug("old sound stays in memory: %s", problem)
                return  # tried again when the next block begins
            with self._lock:
                del self._blocks[0]
                self._moved += 1

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[np.int16]:
        """Return a copy of the samples in [start, stop).

        Parameters
        ----------
        start, stop : int or None
            Sample indices, limited to what is on the tape as a slice would be; ``stop=None`` reads to the
            end as it is now.
        """
        with self._lock:
            start, stop, _ = slice(start, stop).indices(self._length)
            moved, file, blocks = self._moved, self._file, list(self._blocks)
        out = np.empty(max(0, stop - start), np.int16)
        position = start
        while position < stop:
            number, offset = divmod(position, BLOCK)
            upto = min(stop, position + BLOCK - offset)
            if number >= moved:
                piece = blocks[number - moved][offset : offset + upto - position]
            else:
                assert file is not None
                piece = file.read(position, upto)
            out[position - start : upto - start] = piece
            position = upto
        return out

    def to_clip(self, name: str = "tape") -> AudioClip:
        """Return what is on the tape now as a clip.

        Raises
        ------
        AudioError
            Nothing has been appended yet.
        """
        samples = self.read()
        if not len(samples):
            raise AudioError("The tape is still empty: nothing has been recorded.")
        origin = Origin(self.sample_rate, channels=1, channel=None, name=name)
        return AudioClip(pcm16_to_float(samples), self.sample_rate, origin)
