"""Samples in a file without a name: out of memory, and gone with what holds them, however that ends."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref

import numpy as np
from numpy.typing import NDArray

SAMPLE_BYTES = 2


class SampleFile:
    """A temporary file of int16 samples, written and read at any place, by any thread.

    It lies where ``TMPDIR`` says, else in ``/var/tmp`` where that exists: ``/tmp`` is memory on many systems.

    Raises
    ------
    OSError
        The file cannot be made; also of its methods, where the disk is full or broken.

    Examples
    --------
    >>> file = SampleFile()
    >>> file.write(2, np.array([5, 6], np.int16))
    >>> file.read(3, 4).tolist()
    [6]
    """

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(prefix="qaw-sound-", dir=_folder(), buffering=0)
        self._file = file
        self._lock = threading.Lock()
        weakref.finalize(self, file.close)

    def write(self, start: int, samples: NDArray[np.int16]) -> None:
        """Write samples of shape (n,) to the place of sample ``start``."""
        rest, place = memoryview(samples.tobytes()), start * SAMPLE_BYTES
        while rest:
            done = self._write_at(rest, place)
            rest, place = rest[done:], place + done

    def read(self, start: int, stop: int) -> NDArray[np.int16]:
        """Return the samples in [start, stop), which were written before."""
        size, place = (stop - start) * SAMPLE_BYTES, start * SAMPLE_BYTES
        parts = []
        while size > 0:
            part = self._read_at(size, place)
            if not part:
                raise OSError(f"the file of the sound ends before sample {stop}")
            parts.append(part)
            size, place = size - len(part), place + len(part)
        return np.frombuffer(b"".join(parts), np.int16)

    # A process that was forked shares the position in the file: where it can be named, it is not moved.

    def _write_at(self, data: memoryview, place: int) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(self._file.fileno(), data, place)
        with self._lock:
            self._file.seek(place)
            return self._file.write(data)

    def _read_at(self, size: int, place: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, place)
        with self._lock:
            self._file.seek(place)
            return self._file.read(size)


def _folder() -> str | None:
    """Return where the file is made; None for the system's choice."""
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    roomy = "/var/tmp"
    return roomy if not chosen and os.path.isdir(roomy) and os.access(roomy, os.W_OK) else None
