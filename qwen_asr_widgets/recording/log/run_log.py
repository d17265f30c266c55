"""What happened in a run: sound, send times, events and settings, each noted as it comes."""

from __future__ import annotations

import threading
import time as wall
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ...audio.tape import Tape
from ...errors import ServiceError
from ...protocol.events import ClientTurn, LocalEvent
from ...protocol.config import SessionConfig
from ...protocol.events import AppendAudio, Event, SessionCreated, SessionUpdate
from ...protocol.session import Session
from ...protocol.session_settings import SettingsAnswer
from ...protocol.codec import well_formed
from .event_log import EventLog
from .ledger import SendLedger
from .run_info import named_by_service
from .settings_log import SettingsLog
from ..utterances import UtteranceTimer
from ..values import (
    AudioSent, AudioSkipped, Connection, RecordingState, RunInfo, SettingsChange, TimedEvent,
    now_with_zone, sent_audio,
)


class RunLog:
    """The writing half of a `Recording`, which documents the parameters: what comes in, what was noted.

    It is the observer of an audio stream. Every method may be called from any thread.
    """

    def __init__(
        self,
        config: SessionConfig | None = None,
        info: RunInfo | None = None,
        clock: Callable[[], float] = wall.monotonic,
    ) -> None:
        config = config or SessionConfig()
        self._lock = threading.RLock()
        self._began = clock()
        self._info = info or RunInfo(started_at=now_with_zone())
        self.tape = Tape(config.sample_rate)
        is_clients = self._info.turn_taking == "client"
        self._session = Session(replace(config, turn_detection=None) if is_clients else config)
        self._ledger = SendLedger()
        self._timer = UtteranceTimer(self._ledger.at, config.sample_rate, self.drift)
        self._events = EventLog(self._ledger)
        self._settings = SettingsLog(config, self._info.turn_taking)
        self._connections: list[Connection] = []
        self._lost: list[tuple[int, int]] = []
        self._notes: list[str] = []
        self._complete = False
        self._version = 0

    def snapshot(self) -> RecordingState:
        """Return everything the recording consists of at this moment."""
        with self._lock:
            return RecordingState(
                self._info, self.tape.read(), self._events.events, tuple(self._settings.changes),
                tuple(self._connections), tuple(self._lost), tuple(self._notes), self._complete,
            )

    # What happened: the observer of the stream, and whoever hands in sound.

    def opened(self, time: float) -> None:
        """Note that the connection stands."""
        with self._lock:
            self._connections.append(Connection(time - self._began))
            self._version += 1

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that went out, other than audio."""
        self._take(TimedEvent(time - self._began, "out", message, event))

    def audio_sent(self, start: int, stop: int, time: float) -> None:
        """Note that samples ``start`` to ``stop`` (exclusive) of the tape went out."""
        self._take(sent_audio(start, stop, time - self._began))

    def audio_skipped(self, start: int, stop: int, time: float) -> None:
        """Note that samples ``start`` to ``stop`` (exclusive) of the tape were passed over."""
        self._take_local(AudioSkipped(start, stop), time)

    def turn_taken(self, turn: ClientTurn, time: float) -> None:
        """Note what the client's own turn detector found; nothing can come of it without a connection."""
        with self._lock:
            if not self._connections or self._connections[-1].closed is None:
                self._take_local(turn, time)

    def _take_local(self, event: LocalEvent, time: float) -> None:
        message = {"type": event.type, **asdict(event)}
        self._take(TimedEvent(time - self._began, "local", message, event))

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> TimedEvent:
        """Note an event that came in, and return it as it stands in `events`."""
        timed = TimedEvent(time - self._began, "in", message, event)
        self._take(timed)
        return timed

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """Note that the connection closed; what has no transcript by then is lost."""
        with self._lock:
            self._close(replace(
                self._connections.pop() if self._connections else Connection(time - self._began),
                closed=time - self._began, code=code, reason=reason,
            ))

    def _close(self, connection: Connection) -> None:
        self._connections.append(connection)
        if connection.closed is not None and not self._session.finished:
            self._session.lost(connection.closed)
        self._version += 1

    def lose(self, samples: int, why: str = "lost in the browser") -> None:
        """Put ``samples`` zeros on the tape for sound that never arrived, and list them."""
        with self._lock:
            start = self.tape.append(np.zeros(samples, np.int16))
            self._lost.append((start, start + samples))
            self.note(f"{samples / self.tape.sample_rate:.2f} s {why}")

    def note(self, text: str) -> None:
        """Add a sentence on something out of the ordinary."""
        with self._lock:
            self._notes.append(well_formed(text))
            self._version += 1

    def finish(self, complete: bool) -> None:
        """Say whether everything handed in was sent and answered."""
        with self._lock:
            self._complete = complete
            self._version += 1

    def _take(self, timed: TimedEvent) -> None:
        with self._lock:
            self._events.add(timed)
            event: Any = timed.event
            if isinstance(event, AudioSent):
                self._session.send(AppendAudio(b""), timed.time, event.stop - event.start)
            elif isinstance(event, AudioSkipped):
                self._ledger.skip(event.start, event.stop)
                self._session.skip(event.stop - event.start)
            elif timed.direction == "local":
                self._session.take_turn(event, timed.time)
            elif timed.direction == "out":
                if isinstance(event, SessionUpdate):
                    self._settings.ask(self._ledger.stop)
                self._session.send(event, timed.time, event_id=timed.message.get("event_id"))
            else:
                if isinstance(event, SessionCreated):
                    self._info = named_by_service(self._info, event.session)
                self._session.receive(event, timed.time)
                self._settings.read(self._session, timed.time, self._ledger.stop)
            self._version += 1

    # What was noted.

    @property
    def version(self) -> int:
        """Grows with every change, sound included."""
        with self._lock:
            return self._version + len(self.tape)

    @property
    def info(self) -> RunInfo:
        """Where the sound came from and how it was sent."""
        with self._lock:
            return self._info

    @property
    def config(self) -> SessionConfig:
        """The settings in force; the turn detection is that of whoever takes turns."""
        with self._lock:
            return self._settings.changes[-1].config

    @property
    def settings(self) -> tuple[SettingsChange, ...]:
        """Every setting that was in force, with the sample from which it held."""
        with self._lock:
            return tuple(self._settings.changes)

    @property
    def settings_answers(self) -> tuple[SettingsAnswer, ...]:
        """What the service has answered to each ``session.update``, oldest answer first."""
        with self._lock:
            return self._session.settings_answers

    @property
    def settings_held(self) -> tuple[SettingsChange, ...]:
        """Those of `settings` under which some sound went out, each unlike the one before; at least one."""
        with self._lock:
            return self._settings.held(self._ledger.stop)

    @property
    def events(self) -> Sequence[TimedEvent]:
        """Every event, in the order in which it passed; compares and reads as a tuple does."""
        with self._lock:
            return self._events.events

    @property
    def connections(self) -> tuple[Connection, ...]:
        """When the connection to the service stood, and how it ended."""
        with self._lock:
            return tuple(self._connections)

    @property
    def lost(self) -> tuple[tuple[int, int], ...]:
        """Sample ranges that stand on the tape as zeros because the sound never arrived."""
        with self._lock:
            return tuple(self._lost)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was out of the ordinary."""
        with self._lock:
            errors = (ServiceError.from_wire(event.error) for event in self._session.errors)
            return (
                *self._notes, *(f"The service reported: {error}" for error in errors),
                *(violation.reason for violation in self._session.violations),
            )

    @property
    def complete(self) -> bool:
        """Whether everything handed in was sent and the service finished answering."""
        with self._lock:
            return self._complete

    @property
    def session_id(self) -> str:
        """The id the service gave the session; empty before it did."""
        with self._lock:
            return self._session.session_id

    @property
    def errors(self) -> tuple[Any, ...]:
        """The ``error`` events received, in order."""
        with self._lock:
            return tuple(self._session.errors)

    @property
    def duration(self) -> float:
        """Length of the sound in seconds."""
        return self.tape.duration

    @property
    def sent_duration(self) -> float:
        """Length in seconds of the sound that went out."""
        with self._lock:
            return self._ledger.sent / self.tape.sample_rate

    @property
    def skipped_duration(self) -> float:
        """Length in seconds of the silence that was passed over because the client takes turns."""
        with self._lock:
            return self._ledger.skipped / self.tape.sample_rate

    @property
    def finish_sent_at(self) -> float | None:
        """When ``session.finish`` went out, in seconds since the recording began; None if it did not."""
        with self._lock:
            return self._session.finish_sent_at

    @property
    def unsent_duration(self) -> float:
        """Length in seconds of the sound that is still to go out, or never did though it should have."""
        with self._lock:
            done = self._ledger.sent + self._ledger.skipped
            return max(0, len(self.tape) - done) / self.tape.sample_rate

    def sent_at(self, sample: int) -> float | None:
        """Return when the chunk with this sample first went out, in seconds since the recording began."""
        with self._lock:
            return self._ledger.at(sample)

    def drift(self, sample: int, until: float) -> float:
        """Return by how many seconds sound went out too soon for the run's pace, see `SendLedger.drift`."""
        pace = self.info.pace
        if pace is None:
            return 0.0
        with self._lock:
            return self._ledger.drift(sample, until, pace * self.tape.sample_rate)
