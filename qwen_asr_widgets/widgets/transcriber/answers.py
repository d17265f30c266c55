"""What the service has said in a run of the transcriber: errors, and what became of settings asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import QawError
from ...protocol.events import ErrorEvent

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
    """

    def __init__(self, recording: Recording, told: Callable[[], None]) -> None:
        self._recording = recording
        self._told = told
        self.errors: list[Reported] = []
        self.opened = recording.opened
        self.audio_sent, self.audio_skipped = recording.audio_sent, recording.audio_skipped

    @property
    def answered(self) -> int:
        """How many settings asked for were confirmed or refused."""
        return len(self._recording.settings_answers)

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that went out, other than audio."""
        self._recording.sent(message, event, time)

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that came in."""
        before = self.answered
        self._recording.received(message, event, time)
        if isinstance(event, ErrorEvent) and event.error.get("type") != "server_error":
            text = str(event.error.get("message") or event.error.get("code") or "")
            self.errors.append(Reported(text, refuses=self.answered > before))
        self._told()

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """Note that the connection closed."""
        self._recording.closed(code, reason, time)
        self._told()
