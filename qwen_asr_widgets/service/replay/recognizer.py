"""The recogniser "replay": none at all, since sessions are answered from a recording."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...client.recognizers import Footprint
from ...errors import EndpointError
from ...protocol.cloud_facts import ServiceFacts
from ...recording import Recording, load_recording
from ..recognizers import Hypothesis
from .recorded import recorded_sessions
from .replay_session import ReplaySession

_saved: weakref.WeakKeyDictionary[Recording, tuple[int, str]] = weakref.WeakKeyDictionary()
_folder: list[tempfile.TemporaryDirectory[str]] = []


class ReplayRecognizer:
    """Stands where a recogniser would: every session is answered by `answers`.

    Parameters
    ----------
    recording : str
        Path of the bundle.
    session : int
        Which of its sessions a client is given, from 1.

    Raises
    ------
    EndpointError
        There is no such session.
    """

    engine = "replay"
    languages: ClassVar[tuple[str, ...] | None] = None
    footprint: ClassVar[Footprint] = Footprint(0, ignores_sound=True)
    costly_partials: ClassVar[bool] = False
    can_finish_early = False

    def __init__(self, recording: str, session: int = 1) -> None:
        """Take the options; the recording is read where sessions are answered."""

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take any settings."""
        return ()

    def start(self, first_sample: int) -> None:
        """Begin nothing."""

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Hear nothing."""

    def partial(self) -> Hypothesis:
        """Return no words."""
        return Hypothesis()

    def finish(self) -> str:
        """Return no words."""
        return ""

    @staticmethod
    def carried(options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options as they reach another process: a recording as the path of its bundle.

        Raises
        ------
        EndpointError
            ``recording`` is missing, neither a recording nor a path, or there is no such session in it.
        BundleError
            The file cannot be read.
        """
        given = options.get("recording")
        if not isinstance(given, (Recording, str, os.PathLike)):
            raise EndpointError(
                'embedded("replay") needs recording=…, a Recording or the path of a .qasr file, '
                f"not {given!r:.60}."
            )
        if isinstance(given, Recording):
            count, path = len(recorded_sessions(given)), _bundle_of(given)
        else:
            count, path = _described(given).sessions, str(Path(given).resolve())
        _checked_session(options.get("session", 1), count)
        return {**options, "recording": path}

    @staticmethod
    def facts_of(options: Mapping[str, Any]) -> ServiceFacts:
        """Return what was known of the service that the recording is of: how its reports are read."""
        return _described(options["recording"]).facts

    @staticmethod
    def answers(options: Mapping[str, Any]) -> ReplayedSessions:
        """Return what gives a session to each client."""
        return ReplayedSessions(load_recording(options["recording"]), options.get("session", 1))


class ReplayedSessions:
    """Gives each client a session of a recording.

    Parameters
    ----------
    recording : Recording
        What is replayed.
    session : int
        Which of its sessions a client is given, from 1. Where its connection is lost as that of the recording
        was, the next client is given the session that followed.
    """

    def __init__(self, recording: Recording, session: int = 1) -> None:
        self._sessions = recorded_sessions(recording)
        self._first = _checked_session(session, len(self._sessions))
        self._followers: deque[int] = deque()

    def next(self) -> ReplaySession:
        """Return the session of the next client."""
        at = self._followers.popleft() if self._followers else self._first
        follows = at + 1 < len(self._sessions)
        return ReplaySession(self._sessions[at], lambda: self._followers.append(at + 1) if follows else None)


@dataclass(frozen=True)
class _Description:
    """What is to be known of a bundle before it is replayed: facts of its service, how many sessions."""

    facts: ServiceFacts
    sessions: int


def _described(path: str | os.PathLike[str]) -> _Description:
    """Return what is to be known of a bundle, which is read once as long as the file is the same."""
    try:
        now = os.stat(path)
    except OSError:
        return _description(load_recording(path))  # which says what is wrong
    return _read_once(str(Path(path).resolve()), now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=64)
def _read_once(path: str, size: int, changed: int) -> _Description:
    return _description(load_recording(path))


def _description(recording: Recording) -> _Description:
    return _Description(recording.info.facts, len(recorded_sessions(recording)))


def _checked_session(session: Any, count: int) -> int:
    """Return the index of a session counted from 1."""
    if not isinstance(session, int) or isinstance(session, bool) or not 1 <= session <= count:
        raise EndpointError(f"session is {session!r:.40}; this recording has {count}, counted from 1.")
    return session - 1


def _bundle_of(recording: Recording) -> str:
    """Return the path of a recording's bundle, written once, that lasts as long as this process."""
    version, path = _saved.get(recording, (-1, ""))
    if version != recording.version:
        if not _folder:
            _folder.append(tempfile.TemporaryDirectory(prefix="qaw-replay-"))
        version = recording.version
        path = str(recording.save(Path(_folder[0].name) / f"{os.urandom(8).hex()}.qasr"))
        _saved[recording] = version, path
    return path
