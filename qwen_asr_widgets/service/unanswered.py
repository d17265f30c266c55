"""What a session's recogniser was asked and has not answered, so that another one can be asked the same.

A recogniser is a process: it may not have been started yet, and it may die. Each command for it and each
result from it is noted here; `Unanswered.again` is what a fresh process must be told to go on where the last
one stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .workers.messages import (
    Configure, Configured, DropUtterance, FinalText, FinishUtterance, RecognizerFailed, StartUtterance,
    UtteranceAudio, WorkerCommand, WorkerResult,
)

MOST_LOSSES = 2
"""Processes that one request may cost before it is given up: its sound may be what kills them."""


@dataclass
class Request:
    """An utterance, or settings, that are not answered yet.

    Parameters
    ----------
    item_id : str or None
        The utterance's item; None: settings.
    commands : list
        What was asked, in order.
    losses : int
        Processes that have died over it.
    complete_at : float or None
        When it was complete, in seconds of the caller's clock; from then on its answer is waited for.
    """

    item_id: str | None
    commands: list[WorkerCommand] = field(default_factory=list)
    losses: int = 0
    complete_at: float | None = None


class Unanswered:
    """The requests of one session that have no answer, oldest first.

    Examples
    --------
    >>> asked = Unanswered()
    >>> for command in (StartUtterance("a", 0), FinishUtterance("a")):
    ...     asked.note(command, now=1.0)
    >>> list(asked.again())
    [StartUtterance(item_id='a', first_sample=0), FinishUtterance(item_id='a')]
    >>> asked.waited(now=3.5)
    2.5
    >>> asked.settle(FinalText("a", "words"))
    True
    >>> list(asked.again())
    []
    """

    def __init__(self) -> None:
        self._requests: dict[str | None, Request] = {}
        self._open = ""
        self._settings: Configure | None = None
        self._asked_again = False

    def __len__(self) -> int:
        return len(self._requests)

    def note(self, command: WorkerCommand, now: float) -> None:
        """Note a command."""
        if isinstance(command, StartUtterance):
            self._open = command.item_id
            self._requests[command.item_id] = Request(command.item_id, [command])
        elif isinstance(command, Configure):
            self._requests[None] = Request(None, [command], complete_at=now)
        elif isinstance(command, DropUtterance):
            self._requests.pop(command.item_id, None)
        elif isinstance(command, FinishUtterance) and command.item_id in self._requests:
            request = self._requests[command.item_id]
            request.commands.append(command)
            request.complete_at = now
        elif isinstance(command, UtteranceAudio) and self._open in self._requests:
            self._requests[self._open].commands.append(command)

    def settle(self, result: WorkerResult) -> bool:
        """Note a result; return whether it answers the session, not only what was asked once more."""
        if isinstance(result, FinalText):
            self._requests.pop(result.item_id, None)
        elif isinstance(result, (Configured, RecognizerFailed)):
            item_id = result.item_id if isinstance(result, RecognizerFailed) else None
            if item_id is None and self._asked_again:
                self._asked_again = False
                return False
            request = self._requests.pop(item_id, None)
            if isinstance(result, Configured) and request is not None:
                (self._settings,) = request.commands  # type: ignore[assignment]
        return True

    def lost(self) -> Request | None:
        """Note that the process has died; return the oldest request if it is to be given up."""
        request = next(iter(self._requests.values()), None)
        if request is None:
            return None
        request.losses += 1
        return self._requests.pop(request.item_id) if request.losses >= MOST_LOSSES else None

    def again(self) -> Iterator[WorkerCommand]:
        """Yield what a fresh process must be told: the settings in force, then every request."""
        self._asked_again = self._settings is not None
        if self._settings is not None:
            yield self._settings
        for request in self._requests.values():
            yield from request.commands

    def waited(self, now: float) -> float:
        """Return for how many seconds the oldest complete request has waited for its answer."""
        since = [one.complete_at for one in self._requests.values() if one.complete_at is not None]
        return max(0.0, now - since[0]) if since else 0.0
