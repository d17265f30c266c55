"""Files written in one step: a reader sees the old or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import FolderNotFound


def write_atomically(path: Path, write: Callable[[Any], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in its place.

    A link keeps pointing where it does, and a device or pipe is written to, not replaced.

    Raises
    ------
    FolderNotFound
        The folder of ``path`` does not exist.
    OSError
        Naming ``path``; what stood there before is untouched.
    """
    target = path.resolve()
    if not target.parent.is_dir():
        raise FolderNotFound(str(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "This is a folder; give the path of a file in it", str(path))
    try:
        if target.exists() and not target.is_file():
            with open(target, "wb") as file:
                write(file)
        else:
            _replace(target, write)
    except OSError as error:
        raise type(error)(error.errno, error.strerror or str(error), str(path)) from error


def _replace(path: Path, write: Callable[[Any], None]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
