"""Speech scores kept on disk, so that a second look at the same sound is free.

A file is found by its clip's beginning and length and believed only if the digest of the whole sound stands
in it: so scoring can begin before the whole sound was read. A file that is damaged, or of another format
version, another detector, other weights or other sound, counts as absent. A folder that cannot be written
means scoring again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger("qwen_asr_widgets")

FORMAT_VERSION = 1
LIMIT_BYTES = 64 * 2**20
"""Most that the folder holds: the scores of about 140 hours."""

_SUFFIX = ".scores"
_HEADER = struct.Struct("<4sHxx32s32sQ")  # magic, version, digest of the sound, of the scores, frames
_MAGIC = b"QAWS"


def cache_folder() -> Path:
    """Return the folder of this package's caches: where the platform keeps such things for this user.

    ``XDG_CACHE_HOME`` or ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``LOCALAPPDATA`` on Windows.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "qwen_asr_widgets"


def clear() -> int:
    """Remove all cached scores and return how many clips they were of."""
    return ScoreCache().clear()


class ScoreCache:
    """Scores of whole clips in a folder of bounded size; the ones not used for longest go first.

    Parameters
    ----------
    folder : Path or None
        None: ``scores`` in ``cache_folder()``.
    limit_bytes : int
        Most that the files may take together.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = cache_folder() / "scores" if folder is None else folder
        self.limit_bytes = limit_bytes

    def has(self, key: str) -> bool:
        """Return whether there is a file under the key, believable or not."""
        return self._path(key).is_file()

    def get(self, key: str, digest: bytes) -> NDArray[np.float32] | None:
        """Return the scores under a key if they belong to the sound with this digest, else None.

        Parameters
        ----------
        key : str
            A file name without suffix.
        digest : bytes
            32 bytes that identify the whole sound.
        """
        path = self._path(key)
        try:
            values = _unpacked(path.read_bytes(), digest)
            if values is not None:
                os.utime(path)
        except OSError as error:
            logger.debug("Cached scores cannot be read: %s", error)
            return None
        return values

    def put(self, key: str, digest: bytes, values: NDArray[np.float32]) -> None:
        """Keep the scores of the sound with this digest under a key, whole or not at all."""
        body = values.astype("<f4").tobytes()
        header = _HEADER.pack(_MAGIC, FORMAT_VERSION, digest, _digest(body), len(values))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(self._path(key), header + body)
            self._shrink()
        except OSError as error:
            logger.info("Scores are not cached in %s: %s", self.folder, error)

    def clear(self) -> int:
        """Remove all scores and return how many clips they were of."""
        files = self._files()
        for path in files:
            _remove(path)
        return sum(path.suffix == _SUFFIX for path in files)

    def _path(self, key: str) -> Path:
        return self.folder / (key + _SUFFIX)

    def _files(self) -> list[Path]:
        """Return the files, with those that an interrupted writer left."""
        return [path for path in self.folder.glob("*.*") if path.suffix in (_SUFFIX, ".part")]

    def _write(self, path: Path, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
            try:
                file.write(data)
                file.close()
                os.replace(file.name, path)
            except BaseException:
                file.close()
                os.unlink(file.name)
                raise

    def _shrink(self) -> None:
        """Remove the files used longest ago until the rest fits."""
        stats = {path: path.stat() for path in self._files() if path.exists()}
        excess = sum(stat.st_size for stat in stats.values()) - self.limit_bytes
        for path in sorted(stats, key=lambda path: stats[path].st_mtime_ns):
            if excess <= 0:
                return
            excess -= _remove(path)


def _unpacked(data: bytes, digest: bytes) -> NDArray[np.float32] | None:
    """Return the scores in a file's bytes if they are whole and of this sound, else None."""
    if len(data) < _HEADER.size:
        return None
    magic, version, sound, scores, frames = _HEADER.unpack_from(data)
    body = data[_HEADER.size:]
    if (magic, version, sound) != (_MAGIC, FORMAT_VERSION, digest) or _digest(body) != scores:
        return None
    values = np.frombuffer(body, "<f4").astype(np.float32)
    return values if len(values) == frames else None


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def _remove(path: Path) -> int:
    """Remove a file and return its size, 0 if another process was faster."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return size
