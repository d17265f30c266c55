"""What autosave left on disk of recordings whose process is gone: listed, opened, removed."""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
import time
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...arguments import checked_folder
from ...errors import BundleError, QawError
from ..bundle.event_lines import EVENTS, read_events
from ..bundle.manifest import MANIFEST, Manifest, read_manifest
from ..log.run_info import RunInfo
from ..recording import Recording
from ..values import RecordingState
from .folder_lock import FolderLock, is_in_use, last_change

logger = logging.getLogger("qwen_asr_widgets")

AUDIO = "audio.pcm"
PREFIX = "recording-"

KEPT_DAYS = 7

DAMAGED = (OSError, QawError, LookupError, TypeError, ValueError, AttributeError)
"""What reading a damaged file may raise."""


@dataclass(frozen=True)
class LeftOver:
    """A recording that autosave kept, and that no process works on any more.

    Parameters
    ----------
    path : Path
        Its folder.
    info : RunInfo
        Where its sound came from, and when.
    duration : float
        Seconds of sound.
    complete : bool
        Whether everything was sent and answered.
    """

    path: Path
    info: RunInfo
    duration: float
    complete: bool

    def open(self) -> Recording:
        """Return the recording; what is on disk of it goes when it is saved.

        Raises
        ------
        BundleError
            It cannot be read.
        """
        try:
            recording = _opened(self.path)
        except DAMAGED as problem:
            raise BundleError(f"The recording left in {self.path} cannot be read: {problem}") from problem
        recording.when_saved(self.remove)
        return recording

    def lock(self) -> FolderLock:
        """Keep other processes from taking it for a left-over while it is at work here.

        Raises
        ------
        OSError
            Another process was first, or it is gone.
        """
        return FolderLock(self.path)

    def remove(self) -> None:
        """Remove it from the disk."""
        shutil.rmtree(self.path, ignore_errors=True)


def left_overs(folder: str | PathLike[str]) -> list[LeftOver]:
    """Return what autosave left in a folder, oldest first; none where there is no such folder.

    What cannot be read is passed over, and so is what is still being written.

    Examples
    --------
    >>> left_overs("there is no such folder")
    []
    """
    found = []
    for place in sorted(Path(folder).glob(f"{PREFIX}*")):
        try:
            if not is_in_use(place):
                found.append(_left_over(place))
        except DAMAGED as problem:
            logger.warning("nothing can be recovered from %s: %s", place, problem)
    return found


def recover(folder: str | PathLike[str] = ".qaw") -> list[Recording]:
    """Open the recordings that autosave kept in a folder, oldest first; at most their last second is missing.

    One that is still being written is left out, and so is one of which nothing can be read. What was kept of
    a recording is removed when it is saved, at the latest after seven days.

    Parameters
    ----------
    folder : str or path
        What was given as ``autosave``; by default where a `Transcriber` keeps its recordings, if it was made
        in the same working directory.

    Raises
    ------
    BundleError
        There is no such folder.
    SettingError
        What was given is no path.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> recover(folder.name)
    []
    >>> folder.cleanup()
    """
    if not Path(checked_folder("folder", folder)).is_dir():
        raise BundleError(f"There is no folder {str(folder)!r} to recover recordings from.")
    found = []
    for one in left_overs(folder):
        try:
            found.append(one.open())
        except BundleError as problem:
            logger.warning("%s", problem)
    return found


def remove_old(folder: str | PathLike[str], days: float = KEPT_DAYS) -> None:
    """Remove what autosave kept in a folder and nobody fetched for so many days."""
    before = time.time() - days * 86_400
    for place in Path(folder).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if last_change(place) < before and not is_in_use(place):
                shutil.rmtree(place, ignore_errors=True)


def _left_over(place: Path) -> LeftOver:
    manifest = _manifest(place)
    samples = (place / AUDIO).stat().st_size // 2
    return LeftOver(place, manifest.info, samples / manifest.sample_rate, manifest.complete)


def _manifest(place: Path) -> Manifest:
    return read_manifest((place / MANIFEST).read_bytes())


def _opened(place: Path) -> Recording:
    manifest = _manifest(place)
    samples = _sound(place / AUDIO)
    data = (place / EVENTS).read_bytes()
    whole = io.BytesIO(data[: data.rfind(b"\n") + 1])
    notes = manifest.notes
    if not manifest.complete:
        notes = (*notes, f"Recovered from disk: it ends at {len(samples) / manifest.sample_rate:.1f} s")
    return Recording.restore(RecordingState(
        manifest.info, samples, read_events(whole, len(samples)), manifest.settings,
        manifest.connections, manifest.lost, notes, manifest.complete,
    ))


def _sound(path: Path) -> NDArray[np.int16]:
    """Return the samples of a file without reading them: the tape takes them over piece by piece."""
    count = path.stat().st_size // 2
    if not count:
        return np.zeros(0, np.int16)
    return np.memmap(path, "<i2", "r", shape=(count,)).astype(np.int16, copy=False)


__all__ = ["LeftOver", "left_overs", "recover", "remove_old"]
