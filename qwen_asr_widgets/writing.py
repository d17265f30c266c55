"""Files written in one step: a reader sees the old or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import FolderNotFound, WriteFailed


def write_atomically(path: str | os.PathLike[str], write: Callable[[Any], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in its place.

    A link keeps pointing where it does, a file keeps its permissions, and a device or pipe is written to, not
    replaced.

    Raises
    ------
    FolderNotFound
        The folder of ``path`` does not exist.
    WriteFailed
        It cannot be written, or the disk is full; what stood there before is untouched.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> write_atomically(folder.name + "/talk.txt", lambda file: file.write(b"good morning"))
    >>> Path(folder.name, "talk.txt").read_text(), os.listdir(folder.name)
    ('good morning', ['talk.txt'])
    >>> folder.cleanup()
    """
    try:
        target = _target(Path(path))
        if stat.S_ISREG(_mode(target)):
            _replace(target, write)
        else:
            with open(target, "wb") as file:
                write(file)
    except WriteFailed:
        raise
    except OSError as error:
        raise WriteFailed(error.errno, error.strerror or str(error), os.fspath(path)) from error


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text as UTF-8, its line breaks as they are, as `write_atomically` does."""
    data = text.encode("utf-8")
    write_atomically(path, lambda file: file.write(data))


def _target(path: Path) -> Path:
    """Return the file that a path leads to; its folder must exist."""
    try:
        target = path.resolve()
        is_folder, has_parent = target.is_dir(), target.parent.is_dir()
    except (RuntimeError, ValueError) as error:  # links in a circle; a NUL or what no file name can hold
        raise WriteFailed(errno.EINVAL, str(error), os.fspath(path)) from error
    if not has_parent:
        raise FolderNotFound(str(path))
    if is_folder:
        raise IsADirectoryError(errno.EISDIR, "This is a folder; give the path of a file in it", str(path))
    return target


def _mode(target: Path) -> int:
    """Return the mode of the file to write: its own where there is one, else what the umask leaves."""
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return stat.S_IFREG | (0o666 & ~_umask())


def _replace(path: Path, write: Callable[[Any], None]) -> None:
    mode = stat.S_IMODE(_mode(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
