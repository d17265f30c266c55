"""What a transcriber keeps on disk until it is saved, and what kernels that ended have left there."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Protocol, Union

from ...errors import BundleError, SettingError, WriteFailed
from ...recording import Recording
from ...recording.autosave import FOLDER, Autosave, LeftOver, left_overs, remove_old
from ...recording.run import Run

AutosaveChoice = Union[bool, str, "PathLike[str]"]


class OnDisk(Protocol):
    """A recording's copy on disk."""

    recording: Recording
    problem: OSError | None

    @property
    def removed(self) -> bool:
        """Whether it is gone, because the recording was saved or the copy not wanted."""

    @property
    def saved_seconds(self) -> float:
        """Seconds of sound that it holds."""

    def stop(self) -> None:
        """Leave it on disk, for the next transcriber."""

    def discard(self) -> None:
        """Remove it."""


class OpenedLeftOver:
    """A recording that was left on disk and is shown now; the copy goes when it is saved.

    Parameters
    ----------
    left : LeftOver
        What is opened.

    Raises
    ------
    BundleError
        It cannot be read, or another kernel has opened it.
    """

    problem: OSError | None = None

    def __init__(self, left: LeftOver) -> None:
        self._left = left
        try:
            self._lock = left.lock()
        except OSError as error:
            message = f"The recording in {left.path} is gone, or open in another notebook."
            raise BundleError(message) from error
        try:
            self.recording = left.open()
        except BundleError:
            self._lock.release()
            raise
        self.recording.when_saved(self.discard)
        self.saved_seconds = left.duration
        self.removed = False

    def stop(self) -> None:
        """Leave it on disk, for the next transcriber."""
        self._lock.release()

    def discard(self) -> None:
        """Remove it."""
        self.removed = True
        self._lock.release()
        self._left.remove()


@dataclass
class NotOnDisk:
    """A recording of which no copy could be begun, and why."""

    recording: Recording
    problem: OSError | None
    removed: bool = field(default=False, init=False)
    saved_seconds: float = field(default=0.0, init=False)

    def stop(self) -> None:
        """There is nothing on disk."""

    def discard(self) -> None:
        """Say no more of it."""
        self.removed = True


class KeptOnDisk:
    """The copies on disk of a transcriber's recordings, and what other kernels have left.

    When the kernel ends in order, copies stay for the next transcriber: but for complete runs of a file or a
    sample, whose sound is elsewhere and whose words can be had again.

    Parameters
    ----------
    autosave : bool or str
        True: in ``.qaw`` beside the notebook, where the kernel works. A folder: there. False: nowhere.
    wanted : callable
        Tells whether copies are wanted where no folder was given; asked when a run begins.

    Attributes
    ----------
    left : tuple of LeftOver
        What is offered to be opened or thrown away, newest first.

    Examples
    --------
    >>> KeptOnDisk(False).state(Recording()) is None
    True
    """

    def __init__(self, autosave: AutosaveChoice, wanted: Callable[[], bool] = lambda: True) -> None:
        self._where = FOLDER if autosave is True else str(autosave or "")
        self._wanted = wanted
        self._given = not isinstance(autosave, bool)
        self._folder = Path(self._where).absolute()
        self._copies: list[OnDisk] = []
        self.left: tuple[LeftOver, ...] = ()
        if self._is_on:
            remove_old(self._folder)
            self.left = tuple(reversed(left_overs(self._folder)))
        weakref.finalize(self, _end, self._copies)

    @property
    def _is_on(self) -> bool:
        return bool(self._where) and (self._given or self._wanted())

    def begin(self, recording: Recording, run: Run) -> None:
        """Keep the recording of a run that begins; where that is not possible, the recording says so."""
        if not self._is_on:
            return
        try:
            copy: OnDisk = Autosave(recording, self._folder, over=lambda: not run.active)
        except WriteFailed as problem:
            recording.note(f"Nothing is saved to disk ({problem.strerror}); the run goes on in memory")
            copy = NotOnDisk(recording, problem)
        self._copies.append(copy)

    def open(self, name: str) -> Recording:
        """Open a left-over; whether it can be read or not, it is offered no more.

        Raises
        ------
        BundleError
            It is gone, cannot be read, or is open in another notebook.
        """
        left = self._take(name)
        if left is None:
            raise BundleError("This recording is not on disk any more.")
        copy = OpenedLeftOver(left)
        self._copies.append(copy)
        return copy.recording

    def of_session(self, session: str) -> str | None:
        """Return the name of the left-over that holds the beginning of what a page records."""
        found = (one.path.name for one in self.left if one.info.capture.get("session") == session)
        return next(found, None)

    def throw_away(self, name: str) -> None:
        """Remove a left-over from the disk."""
        left = self._take(name)
        if left is not None:
            left.remove()

    def pass_over(self) -> None:
        """Offer what is left no more; the next transcriber does, until it is seven days old."""
        self.left = ()

    def discard(self, recording: Recording | None = None) -> None:
        """Remove the copy of a recording, or all of them; recordings stay in memory."""
        for copy in self._copies:
            if recording is None or copy.recording is recording:
                copy.discard()

    def follow(self) -> None:
        """Remove all copies where they are no longer wanted."""
        if not self._is_on:
            self.discard()

    def state(self, recording: Recording | None) -> dict[str, Any] | None:
        """Return what views say of a recording's copy; None where there is none."""
        copy = self._copy_of(recording)
        if copy is None:
            return None
        why = "" if copy.problem is None else copy.problem.strerror or str(copy.problem)
        return {"where": self._where, "problem": why, "until": round(copy.saved_seconds, 1) if why else 0.0}

    def saved_seconds(self, recording: Recording | None) -> float | None:
        """Return how much of a recording is on disk; None where no more of it is written."""
        copy = self._copy_of(recording)
        return None if copy is None or copy.problem is not None else copy.saved_seconds

    def _copy_of(self, recording: Recording | None) -> OnDisk | None:
        """Return the copy of a recording; None where there is none, or none any more."""
        copy = next((one for one in self._copies if one.recording is recording), None)
        return None if copy is None or copy.removed else copy

    def left_state(self) -> list[dict[str, Any]]:
        """Return what views offer to open: one that was removed to make room is not among them."""
        return [
            {
                "id": one.path.name, "name": one.info.name, "when": one.info.started_at,
                "seconds": round(one.duration, 1),
            }
            for one in self.left if one.path.exists()
        ]

    def _take(self, name: str) -> LeftOver | None:
        found = next((one for one in self.left if one.path.name == name), None)
        self.left = tuple(one for one in self.left if one is not found)
        return found


def checked_autosave(autosave: Any) -> AutosaveChoice:
    """Return a choice of where to keep recordings.

    Raises
    ------
    SettingError
        It is neither a bool nor a folder.

    Examples
    --------
    >>> checked_autosave(None), checked_autosave("kept")
    (False, 'kept')
    """
    if autosave is None or isinstance(autosave, bool):
        return bool(autosave)
    if isinstance(autosave, (str, PathLike)) and fspath(autosave):
        return str(fspath(autosave))
    raise SettingError(f"autosave is {autosave!r:.60}; give True, False or a folder.", "autosave")


def _end(copies: list[OnDisk]) -> None:
    """Let copies go when their transcriber or the kernel ends."""
    for copy in copies:
        info = copy.recording.info
        if copy.recording.complete and info.name and not info.capture:
            copy.discard()
        else:
            copy.stop()


__all__ = ["AutosaveChoice", "KeptOnDisk", "checked_autosave"]
