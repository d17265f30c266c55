"""What a run tells whoever shows it, and what is noted of each of its sessions."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import QawError
from ..protocol.events import ErrorEvent, Event
from .recording import Recording
from .values import SessionBegun, TimedEvent

logger = logging.getLogger("qwen_asr_widgets")


@dataclass(frozen=True)
class Outage:
    """A lost connection that is being taken up again.

    Parameters
    ----------
    error : QawError
        What ended it, or the last try.
    tries : int
        Which try is under way or comes next, from 1.
    since : float
        When the connection was lost, by the monotonic clock.
    """

    error: QawError
    tries: int
    since: float


class Reported(NamedTuple):
    """What an ``error`` event says, and whether it refuses settings that were asked for."""

    text: str
    refuses: bool


class RunObserver:
    """What a run tells whoever shows it; each method does nothing until a subclass overrides it.

    Calls come from several threads and must not wait. What a method raises is logged and ends nothing.
    """

    def changed(self) -> None:
        """There is something new to show: sound, an event, another phase."""

    def received(self, timed: TimedEvent) -> None:
        """The service has sent an event, which the recording holds already."""

    def reported(self, report: Reported) -> None:
        """The service has reported an error that the run survives."""

    def interrupted(self, outage: Outage) -> None:
        """The connection was lost, or could not be made again; the run goes on trying."""

    def failed(self, error: QawError) -> None:
        """The run has lost its service; sound goes into the recording all the same until it ends."""


class SessionObserver:
    """The observer of one session's stream: notes everything in the recording, then tells the run's own.

    Parameters
    ----------
    recording : Recording
        Where everything is noted.
    observer : RunObserver
        The run's.
    reports : list of Reported
        Takes the ``error`` events that the run survives.
    begun : SessionBegun or None
        What is noted of the session once it is open; None for the first of a recording.
    """

    def __init__(
        self, recording: Recording, observer: RunObserver, reports: list[Reported],
        begun: SessionBegun | None,
    ) -> None:
        self._recording = recording
        self._observer = observer
        self._reports = reports
        self._begun = begun
        self._is_open = self._is_over = self._has_opened = False
        self._guard = threading.RLock()

    @property
    def took_settings(self) -> bool:
        """Whether the session was open and the service has answered to the settings it began with."""
        return self._has_opened and bool(self._recording.settings_answers)

    def opened(self, time: float) -> None:
        """Note that the connection stands."""
        with self._guard:
            if not self._is_over:
                self._is_open = self._has_opened = True
                self._recording.opened(time, self._begun)

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that went out."""
        with self._guard:
            if not self._is_over:
                self._recording.sent(message, event, time)

    def audio_sent(self, start: int, stop: int, time: float) -> None:
        """Note sound that went out."""
        with self._guard:
            if not self._is_over:
                self._recording.audio_sent(start, stop, time)

    def audio_skipped(self, start: int, stop: int, time: float) -> None:
        """Note sound that was passed over."""
        with self._guard:
            if not self._is_over:
                self._recording.audio_skipped(start, stop, time)

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that came in."""
        with self._guard:
            if self._is_over:
                return
            before = len(self._recording.settings_answers)
            timed = self._recording.received(message, event, time)
            refuses = len(self._recording.settings_answers) > before
        tell(self._observer.received, timed)
        if isinstance(event, ErrorEvent) and event.error.get("type") != "server_error":
            text = str(event.error.get("message") or event.error.get("code") or "")
            self._reports.append(Reported(text, refuses))
            tell(self._observer.reported, self._reports[-1])
        tell(self._observer.changed)

    def round_trip(self, seconds: float, time: float) -> None:
        """Note how long a ping and its answer took."""
        with self._guard:
            if not self._is_over:
                self._recording.round_trip(seconds, time)

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """Note that the connection closed."""
        with self._guard:
            if self._is_open and not self._is_over:
                self._is_open = False
                self._recording.closed(code, reason, time)
        tell(self._observer.changed)

    def detach(self) -> None:
        """Note nothing more: whatever the old connection still brings, another session goes on."""
        with self._guard:
            if self._is_open:
                self._recording.closed(None, "given up", time.monotonic())
            self._is_open, self._is_over = False, True


def tell(method: Callable[..., object], *values: Any) -> None:
    """Call an observer: its error is logged and does not end the run."""
    try:
        method(*values)
    except Exception:
        logger.exception("the observer %r failed", method)
