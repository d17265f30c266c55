"""What went wrong in the transcriber, as its views show it with a way on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import (
    AudioError, BundleError, ConnectFailed, EndpointError, MissingDependency, MissingKey, QawError,
    ServiceClosed, ServiceError, SettingError,
)
from .transcriber_answers import Reported, RunBroken

if TYPE_CHECKING:
    from .transcriber_run import LiveRun

OF_SERVICE = ("connect", "key", "nokey", "endpoint", "refused", "closed", "service")
"""What speaks of the endpoint there was: no longer true once another is chosen."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Notice:
    """What went wrong, as the views show it with a way on.

    Parameters
    ----------
    code : str
        One of those that strings.js has as ``transcriber.problem.CODE``.
    detail : str
        What the error says, in English.
    """

    code: str
    detail: str
    id: int = field(default_factory=lambda: next(_numbers))


def notice_of(error: Exception) -> Notice:
    """Return the notice that stands for an error.

    Examples
    --------
    >>> notice_of(ConnectFailed("No connection: the key was refused (401).", 401)).code
    'key'
    """
    if isinstance(error, ConnectFailed):
        return Notice("key" if error.status in (401, 403) else "connect", str(error))
    if isinstance(error, ServiceError) and error.param:
        return Notice("refused", str(error))
    kinds = (
        (RunBroken, "internal"), (MissingKey, "nokey"), (EndpointError, "endpoint"),
        (SettingError, "settings"), ((AudioError, BundleError, MissingDependency), "file"),
        (ServiceClosed, "closed"),
    )
    code = next((code for kind, code in kinds if isinstance(error, kind)), "service")
    return Notice(code, str(error))


def notice_of_reports(reports: Sequence[Reported]) -> Notice:
    """Return the notice that stands for errors which a run survives: refused settings before anything else.

    Examples
    --------
    >>> notice_of_reports([Reported("not today", True), Reported("slow down", False)]).code
    'settings'
    """
    told = next((one for one in reversed(reports) if one.refuses), reports[-1])
    return Notice("settings" if told.refuses else "reported", told.text)


def notice_elsewhere(notice: Notice | None, run: LiveRun | None) -> Notice | None:
    """Return what is still to be said once another endpoint is chosen.

    Where a run has failed that is the way to send its sound there.

    Parameters
    ----------
    notice : Notice or None
        What was said until now.
    run : LiveRun or None
        The last one.

    Examples
    --------
    >>> notice_elsewhere(Notice("endpoint", "There is no such choice."), None) is None
    True
    """
    if notice is None or notice.code not in OF_SERVICE:
        return notice
    failed = run is not None and run.error is not None and (run.active or len(run.recording.tape) > 0)
    return Notice("chosen", "") if failed else None


class ErrorWatch:
    """Makes a notice of each thing that goes wrong in one run, once."""

    def __init__(self) -> None:
        self._ended_by: QawError | None = None
        self._reported = 0

    def look(self, run: LiveRun) -> Notice | None:
        """Return the notice of what has ended the run, else of what it has survived since the last look."""
        if run.error is not None:
            seen, self._ended_by = self._ended_by, run.error
            return None if run.error is seen else notice_of(run.error)
        fresh = run.errors[self._reported :]
        self._reported += len(fresh)
        return notice_of_reports(fresh) if fresh else None
