"""What the service has said in a run of the transcriber: errors, and what became of settings asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import QawError
from ...protocol.events import ErrorEvent, SessionUpdate, SessionUpdated
from ...protocol.session_settings import SESSION_PARAMS

if TYPE_CHECKING:
    from ...protocol.events import Event
    from ...recording import Recording


class RunBroken(QawError):
    """A run was ended by an error that nobody foresaw, which is its cause."""


class Reported(NamedTuple):
    """What an ``error`` event says, and whether it refuses settings that were asked for."""

    text: str
    refuses: bool


class Announced:
    """Notes in a recording what a stream does, and says so at once when the service has spoken.

    Attributes
    ----------
    errors : list of Reported
        The ``error`` events that a run survives.
    answered : int
        How many settings asked for were confirmed or refused.
    """

    def __init__(self, recording: Recording, told: Callable[[], None]) -> None:
        self._recording = recording
        self._told = told
        self._asked: deque[str] = deque()
        self.errors: list[Reported] = []
        self.answered = 0
        self.opened = recording.opened
        self.audio_sent, self.audio_skipped = recording.audio_sent, recording.audio_skipped

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that went out, other than audio."""
        self._recording.sent(message, event, time)
        if isinstance(event, SessionUpdate):
            self._asked.append(str(message["event_id"]))

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that came in."""
        self._recording.received(message, event, time)
        if isinstance(event, SessionUpdated):
            self.answered += 1
            if self._asked:
                self._asked.popleft()
        elif isinstance(event, ErrorEvent) and event.error.get("type") != "server_error":
            text = str(event.error.get("message") or event.error.get("code") or "")
            self.errors.append(Reported(text, self._refuses(event.error)))
        self._told()

    def _refuses(self, error: Mapping[str, Any]) -> bool:
        """Tell whether an error answers settings asked for: by the event it names, else by its field."""
        named = error.get("event_id")
        if named in self._asked:
            self._asked.remove(str(named))
        elif self._asked and str(error.get("param") or "").startswith(SESSION_PARAMS):
            self._asked.popleft()
        else:
            return False
        self.answered += 1
        return True

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """Note that the connection closed."""
        self._recording.closed(code, reason, time)
        self._told()
