"""A growing recording on disk: what is lost with the process that made it is its last moment, no more.

A folder of its own, readable by its owner alone, holds ``audio.pcm`` (16-bit mono, little-endian) and
``events.jsonl``, to which is only ever added, and ``manifest.json``, which is replaced in one step; events
and manifest are as in a bundle (see BUNDLE.md). Sound is written before the events that speak of it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from ...errors import QawError, WriteFailed
from ...writing import write_atomically
from ..bundle.event_lines import EVENTS, event_line
from ..bundle.manifest import MANIFEST, manifest_json
from ..recording import Recording
from ..values import RecordingState
from .folder_lock import FolderLock, private_file
from .recovery import AUDIO, PREFIX, remove_old
from .room import MAX_BYTES, FolderRoom, count_as_ours

logger = logging.getLogger("qwen_asr_widgets")

FOLDER = ".qaw"
"""Where a transcriber keeps recordings, in the kernel's working directory: beside the notebook."""

EVERY_SECONDS = 0.25
"""Seconds between two looks at the recording."""

PIECE = 1 << 20
"""Samples written at once: what is on the tape already does not come into memory a second time."""


class Autosave:
    """Writes a recording to disk as it grows, on a thread of its own.

    Whoever records is never kept waiting: the recording itself is what is still to be written. Where the disk
    is full, the recording says so once in its notes, and the run goes on in memory. Where the folder has
    reached its limit, the oldest recordings in it that are finished are removed, which is noted once as well;
    where none is left to go, it is as with a full disk (`FolderRoom`). What was written goes when the
    recording was saved; one that still grows is written on, for the file it was saved to lacks the rest.

    Parameters
    ----------
    recording : Recording
        What is kept.
    folder : str or path
        Where; made if it is missing. Recordings in it that are older than seven days are removed.
    limit : int
        Bytes that all recordings in the folder may take.
    over : callable, optional
        Tells that no more is to come. Then the rest is written and the thread ends, but the recording counts
        as in use until it is saved or discarded, or this process ends.

    Attributes
    ----------
    path : Path
        The recording's own folder in ``folder``.
    problem : OSError or None
        Why nothing more is written.
    removed : bool
        Whether what was written is gone, because the recording was saved or it was not wanted.

    Raises
    ------
    WriteFailed
        The folder cannot be made.

    Examples
    --------
    >>> import numpy as np
    >>> from qwen_asr_widgets import recover
    >>> folder = tempfile.TemporaryDirectory()
    >>> recording = Recording()
    >>> with Autosave(recording, folder.name):
    ...     start = recording.tape.append(np.ones(16_000, np.int16))
    >>> [one.duration for one in recover(folder.name)]
    [1.0]
    >>> folder.cleanup()
    """

    def __init__(
        self, recording: Recording, folder: str | PathLike[str], limit: int = MAX_BYTES,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.recording = recording
        self.problem: OSError | None = None
        self.removed = False
        self._limit = limit
        self._over = over
        self._events = self._samples = 0
        self._manifest: tuple[Any, ...] = ()
        self._stopped = threading.Event()
        try:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_old(folder)
            stamp = time.strftime(f"{PREFIX}%Y%m%d-%H%M%S-")
            self.path = Path(tempfile.mkdtemp(prefix=stamp, dir=folder)).resolve()  # made with 0700
            self._lock = FolderLock(self.path)
            self._room = FolderRoom(self.path.parent, limit)
            self._audio, self._lines = (private_file(self.path / name) for name in (AUDIO, EVENTS))
        except OSError as error:
            raise WriteFailed(error.errno, error.strerror or str(error), os.fspath(folder)) from error
        self._write()
        recording.when_saved(self._saved)
        self._thread = threading.Thread(target=self._keep_writing, name="qaw-autosave", daemon=True)
        self._thread.start()
        count_as_ours(self)

    def __enter__(self) -> Autosave:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def saved_seconds(self) -> float:
        """Seconds of sound that are on disk."""
        return self._samples / self.recording.tape.sample_rate

    @property
    def is_writing(self) -> bool:
        """Whether more may still be written."""
        return self._thread.is_alive()

    @property
    def is_finished(self) -> bool:
        """Whether its run is over and no more of it will be written."""
        return not self._thread.is_alive() and (self._stopped.is_set() or self._over())

    def stop(self) -> None:
        """Write what is left and end; what was written stays, for `recover`. May be called twice."""
        self._stopped.set()
        self._thread.join()
        self._lock.release()

    def discard(self) -> None:
        """End, and remove what was written: the recording was saved, or is not wanted."""
        self.stop()
        self._remove()

    def _remove(self) -> None:
        self.removed = True
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def _saved(self) -> None:
        if self._stopped.is_set() or self._over():
            self.discard()

    def _keep_writing(self) -> None:
        is_last = False
        while self.problem is None and not is_last:
            is_last = self._stopped.wait(EVERY_SECONDS) or self._over()
            self._write()
        for handle in (self._audio, self._lines):
            with contextlib.suppress(OSError):
                os.close(handle)
        if self.recording.is_saved:
            self._remove()

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
        had_removed = self._room.has_removed
        has_room = self._room.take(len(data))
        if self._room.has_removed and not had_removed:
            self.recording.note(
                f"Older recordings that were kept beside this one were removed: together they may take "
                f"{self._limit / 1e6:,.0f} MB"
            )
        if not has_room:
            raise OSError(errno.EFBIG, f"the limit of {self._limit / 1e6:,.0f} MB is reached")
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]

    def _give_up(self, problem: Exception) -> None:
        self.problem = problem if isinstance(problem, OSError) else OSError(str(problem))
        logger.warning("autosave stopped: %s", problem)
        what = self.problem.strerror or str(problem)
        self.recording.note(
            f"Nothing is saved to disk from {self.saved_seconds:.1f} s on ({what}); the run goes on in memory"
        )


__all__ = ["FOLDER", "Autosave"]
