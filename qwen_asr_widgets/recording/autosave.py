"""A growing recording on disk: what is lost with the process that made it is its last moment, no more.

A folder of its own, readable by its owner alone, holds ``audio.pcm`` (16-bit mono, little-endian) and
``events.jsonl``, to which is only ever added, and ``manifest.json``, which is replaced in one step; events
and manifest are as in a bundle (see BUNDLE.md). Sound is written before the events that speak of it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BundleError, QawError, WriteFailed
from ..writing import write_atomically
from .exports.event_lines import EVENTS, event_line, read_events
from .exports.manifest import MANIFEST, manifest_json, read_manifest
from .recording import Recording
from .values import RecordingState

logger = logging.getLogger("qwen_asr_widgets")

AUDIO, LOCK = "audio.pcm", "writing"
PREFIX = "recording-"

EVERY_SECONDS = 0.25
"""Seconds between two looks at the recording."""

MAX_BYTES = 4 << 30
"""Bytes of one recording on disk: 37 hours of sound at 16 kHz."""

KEPT_DAYS = 7
PIECE = 1 << 20
"""Samples written at once: what is on the tape already does not come into memory a second time."""


class Autosave:
    """Writes a recording to disk as it grows, on a thread of its own.

    Whoever records is never kept waiting: the recording itself is what is still to be written. Where the disk
    is full or the limit reached, the recording says so once in its notes, and the run goes on in memory.

    Parameters
    ----------
    recording : Recording
        What is kept.
    folder : str or path
        Where; made if it is missing. Recordings in it that are older than seven days are removed.
    limit : int
        Bytes that the recording may take.

    Attributes
    ----------
    path : Path
        The recording's own folder in ``folder``.
    problem : OSError or None
        Why nothing more is written.

    Raises
    ------
    WriteFailed
        The folder cannot be made.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> recording = Recording()
    >>> with Autosave(recording, folder.name):
    ...     start = recording.tape.append(np.ones(16_000, np.int16))
    >>> [one.duration for one in recover(folder.name)]
    [1.0]
    >>> folder.cleanup()
    """

    def __init__(self, recording: Recording, folder: str | PathLike[str], limit: int = MAX_BYTES) -> None:
        self.recording = recording
        self.problem: OSError | None = None
        self._limit = limit
        self._events = self._samples = self._bytes = 0
        self._manifest: tuple[Any, ...] = ()
        self._stopped = threading.Event()
        try:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_old(folder)
            stamp = time.strftime(f"{PREFIX}%Y%m%d-%H%M%S-")
            self.path = Path(tempfile.mkdtemp(prefix=stamp, dir=folder))  # made with 0700
            self._lock = _locked(self.path / LOCK)
            self._audio, self._lines = (_private(self.path / name) for name in (AUDIO, EVENTS))
        except OSError as error:
            raise WriteFailed(error.errno, error.strerror or str(error), os.fspath(folder)) from error
        self._write()
        recording.when_saved(self.discard)
        self._thread = threading.Thread(target=self._keep_writing, name="qaw-autosave", daemon=True)
        self._thread.start()

    def __enter__(self) -> Autosave:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Write what is left and end; what was written stays, for `recover`."""
        self._stopped.set()
        self._thread.join()
        for handle in (self._audio, self._lines, self._lock):
            with contextlib.suppress(OSError):
                os.close(handle)

    def discard(self) -> None:
        """End, and remove what was written: the recording was saved, or is not wanted."""
        if not self._stopped.is_set():
            self.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def _keep_writing(self) -> None:
        while self.problem is None:
            is_last = self._stopped.wait(EVERY_SECONDS)
            self._write()
            if is_last:
                return

    def _write(self) -> None:
        try:
            state = self.recording.snapshot(with_sound=False)
            events, stop = self.recording.events, len(self.recording.tape)
            self._write_sound(stop)
            self._write_events("".join(map(event_line, events[self._events :])))
            self._events = len(events)
            self._write_manifest(state)
        except (OSError, QawError) as problem:
            self._give_up(problem)

    def _write_sound(self, stop: int) -> None:
        while self._samples < stop:
            upto = min(stop, self._samples + PIECE)
            samples = self.recording.tape.read(self._samples, upto)
            self._add(self._audio, samples.astype("<i2").tobytes())
            self._samples = upto

    def _write_events(self, lines: str) -> None:
        if lines:
            self._add(self._lines, lines.encode("utf-8"))

    def _write_manifest(self, state: RecordingState) -> None:
        said = (state.info, state.settings, state.connections, state.lost, state.notes, state.complete)
        if said != self._manifest:
            data = manifest_json(state, self._samples).encode("utf-8")
            write_atomically(self.path / MANIFEST, lambda file: file.write(data))
            os.chmod(self.path / MANIFEST, 0o600)
            self._manifest = said

    def _add(self, handle: int, data: bytes) -> None:
        if self._bytes + len(data) > self._limit:
            raise OSError(errno.EFBIG, f"the limit of {self._limit / 1e6:,.0f} MB is reached")
        view = memoryview(data)
        while view:
            done = os.write(handle, view)
            self._bytes += done
            view = view[done:]

    def _give_up(self, problem: Exception) -> None:
        self.problem = problem if isinstance(problem, OSError) else OSError(str(problem))
        logger.warning("autosave stopped: %s", problem)
        what = self.problem.strerror or str(problem)
        kept = self._samples / self.recording.tape.sample_rate
        self.recording.note(
            f"Nothing is saved to disk from {kept:.1f} s on ({what}); the run goes on in memory"
        )


def recover(folder: str | PathLike[str]) -> list[Recording]:
    """Open the recordings that autosave kept in a folder, oldest first; at most their last second is missing.

    One that is still being written is left out, and so is one of which nothing can be read. What was kept of
    a recording is removed when it is saved, at the latest after seven days.

    Parameters
    ----------
    folder : str or path
        What was given as ``autosave``.

    Raises
    ------
    BundleError
        There is no such folder.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> recover(folder.name)
    []
    >>> folder.cleanup()
    """
    path = Path(folder)
    if not path.is_dir():
        raise BundleError(f"There is no folder {str(folder)!r} to recover recordings from.")
    found = []
    for place in sorted(path.glob(f"{PREFIX}*")):
        if _is_written(place / LOCK):
            continue
        try:
            found.append(_opened(place))
        except (OSError, QawError, LookupError, TypeError, ValueError, AttributeError) as problem:
            logger.warning("nothing can be recovered from %s: %s", place, problem)
    return found


def remove_old(folder: str | PathLike[str], days: float = KEPT_DAYS) -> None:
    """Remove what autosave kept in a folder and nobody fetched for so many days."""
    before = time.time() - days * 86_400
    for place in Path(folder).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            newest = max(entry.stat().st_mtime for entry in (place, *place.iterdir()))
            if newest < before and not _is_written(place / LOCK):
                shutil.rmtree(place, ignore_errors=True)


def _opened(place: Path) -> Recording:
    manifest = read_manifest((place / MANIFEST).read_bytes())
    sound = (place / AUDIO).read_bytes()
    samples = np.frombuffer(sound, "<i2", len(sound) // 2).astype(np.int16)
    data = (place / EVENTS).read_bytes()
    whole = io.BytesIO(data[: data.rfind(b"\n") + 1])
    notes = manifest.notes
    if not manifest.complete:
        notes = (*notes, f"Recovered from disk: it ends at {len(samples) / manifest.sample_rate:.1f} s")
    recording = Recording.restore(RecordingState(
        manifest.info, samples, read_events(whole, len(samples)), manifest.settings,
        manifest.connections, manifest.lost, notes, manifest.complete,
    ))
    recording.when_saved(lambda: shutil.rmtree(place, ignore_errors=True))
    return recording


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)


def _locked(path: Path) -> int:
    """Return a file that is locked until it is closed or the process ends, however that comes."""
    handle = _private(path)
    for fcntl in _fcntl():
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _is_written(path: Path) -> bool:
    """Tell whether another holds the lock; where locks are not known, nobody is said to."""
    for fcntl in _fcntl():
        with contextlib.suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
            finally:
                os.close(handle)
    return False


def _fcntl() -> Iterator[Any]:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    yield fcntl


__all__ = ["Autosave", "recover", "remove_old"]
