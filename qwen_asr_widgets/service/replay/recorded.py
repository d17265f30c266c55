"""What the sessions of a recording were told by their service, and what each had sent before that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import EndpointError
from ...protocol.config import SessionConfig
from ...protocol.events import (
    BufferCleared, BufferCommitted, ClearBuffer, CommitBuffer, ErrorEvent, FinishSession, ServerEvent,
    SessionCreated, SessionUpdated, SpeechStarted,
)
from ...protocol.session import Session
from ...recording import Recording
from ...recording.values import AudioSent, ConnectionSpan, SessionBegun, TimedEvent

BROKE = 1011
"""The close code that stands for a connection that broke without one."""


@dataclass(frozen=True)
class RecordedEvent:
    """An event of the service, and what a client has sent before it comes.

    Parameters
    ----------
    event : ServerEvent
        The event.
    message : Mapping
        The same as it stood on the wire.
    samples : int
        Samples of audio of this session, at its rate.
    commits, clears : int
        Commits, and clears, that this event answers or follows; 0 where it is about neither.
    finished : bool
        Whether ``session.finish`` was sent before it.
    """

    event: ServerEvent
    message: Mapping[str, Any]
    samples: int
    commits: int = 0
    clears: int = 0
    finished: bool = False


@dataclass(frozen=True)
class RecordedSession:
    """What one session was told.

    Parameters
    ----------
    config : SessionConfig
        The settings that its client began with.
    events : tuple of RecordedEvent
        In their order, without the answers to ``session.update``.
    answers : tuple of RecordedEvent
        What answered each ``session.update``, the first one first.
    samples, commits : int
        How much audio, and how many commits, it was sent in all.
    close : tuple of (int, str), or None
        Code and reason with which its connection was lost; None where it was not.
    """

    config: SessionConfig
    events: tuple[RecordedEvent, ...]
    answers: tuple[RecordedEvent, ...]
    samples: int
    commits: int
    close: tuple[int, str] | None = None


def recorded_sessions(recording: Recording) -> tuple[RecordedSession, ...]:
    """Return the sessions of a recording, oldest first.

    Raises
    ------
    EndpointError
        Its service has said nothing.

    Examples
    --------
    >>> recorded_sessions(Recording())
    Traceback (most recent call last):
    qwen_asr_widgets.errors.EndpointError: There is nothing to replay: no service has answered in this \
recording.
    """
    state = recording.snapshot(with_sound=False)
    reading = _Reading(state.config, recording)
    readings = [reading]
    for timed in state.events:
        if isinstance(timed.event, SessionBegun):
            before = state.connections[len(readings) - 1] if len(state.connections) >= len(readings) else None
            reading.end(timed.event, before)
            reading = _Reading(state.config, recording)
            readings.append(reading)
        else:
            reading.take(timed)
    if not any(one.events for one in readings):
        raise EndpointError("There is nothing to replay: no service has answered in this recording.")
    return tuple(one.session for one in readings)


class _Reading:
    """One session while its events are read."""

    def __init__(self, config: SessionConfig, recording: Recording) -> None:
        self._config = config
        self._session = Session(config, facts=recording.info.facts)
        self._answered = self._samples = self._commits = self._clears = 0
        self._finished = False
        self._detected: set[str] = set()
        self._close: tuple[int, str] | None = None
        self.events: list[RecordedEvent] = []
        self._answers: list[RecordedEvent] = []

    def take(self, timed: TimedEvent) -> None:
        """Take the next event of the session; what happened at the client alone says nothing to a service."""
        event = timed.event
        if isinstance(event, AudioSent):
            self._samples += event.stop - event.start
        elif timed.direction == "out":
            self._commits += isinstance(event, CommitBuffer)
            self._clears += isinstance(event, ClearBuffer)
            self._finished = self._finished or isinstance(event, FinishSession)
            event_id = timed.message.get("event_id")
            self._session.send(event, timed.time, event_id=event_id)  # type: ignore[arg-type]
        elif isinstance(event, ServerEvent):
            self._session.receive(event, timed.time)
            self._told(event, timed.message)

    def _told(self, event: ServerEvent, message: Mapping[str, Any]) -> None:
        if isinstance(event, SpeechStarted):
            self._detected.add(event.item_id)
        by_hand = isinstance(event, BufferCommitted) and event.item_id not in self._detected
        about_commit = by_hand or isinstance(event, ErrorEvent)
        told = RecordedEvent(
            event, message, self._samples, self._commits if about_commit else 0,
            self._clears if isinstance(event, (BufferCleared, ErrorEvent)) else 0, self._finished,
        )
        answers = len(self._session.settings_answers)
        if answers > self._answered or isinstance(event, SessionUpdated):
            self._answers.append(told)
        else:
            self.events.append(told)
        self._answered = answers

    def end(self, begun: SessionBegun, connection: ConnectionSpan | None) -> None:
        """Note how the session ended that another one followed."""
        if begun.why == "lost" and connection is not None:
            known = connection.code is not None and connection.code not in (1005, 1006)
            code = connection.code if known else None
            self._close = (BROKE if code is None else code, connection.reason)

    @property
    def session(self) -> RecordedSession:
        """What was read."""
        return RecordedSession(
            self._config, tuple(self.events), tuple(self._answers), self._samples, self._commits, self._close
        )


def greeting(session: RecordedSession) -> Mapping[str, Any]:
    """Return the ``session`` object of a session's first event; empty where it had none."""
    first = session.events[0].event if session.events else None
    return first.session if isinstance(first, SessionCreated) else {}
