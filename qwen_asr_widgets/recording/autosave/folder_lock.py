"""Whether somebody works in a folder: a locked file in it, free again however its process ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path

NAME = "writing"

TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
"""How an attempt fails where another process has the lock; otherwise the file system knows no locks."""

RECENT_SECONDS = 3_600
"""Where files cannot be locked, a folder in which something has changed for less than this is in use."""

_ours: set[Path] = set()
"""Folders locked by this process. On some network file systems looking at the file would end the lock."""


class FolderLock:
    """A folder that this process works in, from the making of the lock to its `release`.

    Parameters
    ----------
    folder : Path
        Where the locked file is made, readable by its owner alone.

    Raises
    ------
    OSError
        The file cannot be made, or another process has locked it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> lock = FolderLock(Path(folder.name))
    >>> is_in_use(Path(folder.name)), lock.release(), is_in_use(Path(folder.name))
    (True, None, False)
    >>> folder.cleanup()
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._handle = private_file(folder / NAME)
        try:
            _lock(self._handle)
        except OSError as error:
            if error.errno in TAKEN:
                os.close(self._handle)
                raise
        _ours.add(self._folder)

    def release(self) -> None:
        """Let the folder go; may be called twice."""
        if self._folder not in _ours:
            return
        _ours.discard(self._folder)
        with contextlib.suppress(OSError):
            os.close(self._handle)
            os.unlink(self._folder / NAME)


def is_in_use(folder: Path) -> bool:
    """Tell whether a process that still runs, be it this one, has locked a folder."""
    if folder.resolve() in _ours:
        return True
    try:
        handle = os.open(folder / NAME, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        _lock(handle)
        return False
    except OSError as error:
        return error.errno in TAKEN or time.time() - last_change(folder) < RECENT_SECONDS
    finally:
        os.close(handle)


def last_change(folder: Path) -> float:
    """Return when a folder or a file in it was written last, in seconds as `time.time` counts them."""
    return max(entry.stat().st_mtime for entry in (folder, *folder.iterdir()))


def private_file(path: Path) -> int:
    """Open a file to add to it, made where it is missing, readable by its owner alone; return its handle."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)


def _lock(handle: int) -> None:
    """Lock an open file until it is closed; `OSError` at once where another has done so."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
