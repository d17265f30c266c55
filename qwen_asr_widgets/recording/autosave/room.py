"""How much a folder of growing recordings may take: before it is full, the oldest finished ones go."""

from __future__ import annotations

import contextlib
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from .folder_lock import is_in_use
from .recovery import PREFIX

MAX_BYTES = 4 << 30
"""Bytes of all recordings in a folder: 37 hours of sound at 16 kHz."""

GRANTED = 64 << 20
"""Bytes that are granted at once, 35 minutes of sound: so often a folder that grows is measured."""


class Copy(Protocol):
    """A recording of this process on disk."""

    path: Path

    @property
    def is_finished(self) -> bool:
        """Whether its run is over and no more of it will be written."""

    def discard(self) -> None:
        """Remove it from the disk."""


_ours: weakref.WeakSet[Copy] = weakref.WeakSet()
"""The copies of this process, whose folders stay locked until it ends: `is_in_use` tells nothing of them."""


class FolderRoom:
    """What one recording may still write to a folder that several share, those of other processes too.

    Parameters
    ----------
    folder : Path
        Where the recordings lie.
    limit : int
        Bytes that all of them may take; several that grow at once may exceed it by `GRANTED` each.

    Attributes
    ----------
    has_removed : bool
        Whether older recordings were removed to make room.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> room = FolderRoom(Path(folder.name), limit=1_000)
    >>> room.take(900), room.take(1_100)
    (True, False)
    >>> folder.cleanup()
    """

    def __init__(self, folder: Path, limit: int = MAX_BYTES) -> None:
        self.has_removed = False
        self._folder = folder
        self._limit = limit
        self._granted = 0

    def take(self, size: int) -> bool:
        """Take room for so many bytes, to be written next; False where there is none.

        Where the limit is reached, recordings are removed, the oldest first: those that processes have left
        which are gone, and those of this process that are finished; none under way or open elsewhere.
        """
        if self._granted < size:
            self._granted = min(self._make_room(size), max(size, GRANTED))
        if self._granted < size:
            return False
        self._granted -= size
        return True

    def _make_room(self, size: int) -> int:
        """Return how many bytes are free, after what had to go for ``size`` of them."""
        free = self._limit - sum(map(_size, self._folder.glob(f"{PREFIX}*")))
        for place, copy in self._finished():
            if free >= size:
                break
            free += _size(place)
            self.has_removed = True
            if copy is None:
                shutil.rmtree(place, ignore_errors=True)
            else:
                copy.discard()
        return free

    def _finished(self) -> Iterator[tuple[Path, Copy | None]]:
        """Yield what may be removed, the oldest first, with the copy where it is one of this process."""
        ours = {copy.path: copy for copy in list(_ours)}
        for place in sorted(self._folder.glob(f"{PREFIX}*")):
            copy = ours.get(place.resolve())
            with contextlib.suppress(OSError):
                if copy.is_finished if copy is not None else not is_in_use(place):
                    yield place, copy


def count_as_ours(copy: Copy) -> None:
    """Let a copy of this process be removed to make room once it is finished."""
    _ours.add(copy)


def _size(place: Path) -> int:
    """Return the bytes of a recording's files; 0 where it is gone."""
    try:
        return sum(entry.stat().st_size for entry in place.iterdir())
    except OSError:
        return 0
