"""What passed between a run and its service, in order, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from itertools import islice

from ...client.resume_plan import REPORTED_WITHIN, ResumePlan, resume_plan
from ...protocol.config import SessionConfig
from ...protocol.events import (
    AppendAudio, ClientTurnClosed, ClientTurnOpened, LocalEvent, SessionCreated, SessionUpdate,
)
from ...protocol.session import Session
from ...protocol.utterance import Utterance
from ..values import (
    AudioSent, AudioSkipped, ConnectionSpan, RoundTrip, SessionBegun, TimedEvent, WordsPainted,
)
from .event_log import EventLog
from .ledger import SendLedger
from .run_info import RunInfo, named_by_service
from .sessions import Gap, SessionList
from .settings import SettingsLog

_APPENDED = AppendAudio(b"")
"""An append whose bytes are not told: those are on the tape."""


class RunLog:
    """Events, connections and sessions of one run. Not thread-safe: its owner holds a lock.

    Parameters
    ----------
    config : SessionConfig
        The settings asked for at the start.
    info : RunInfo
        How the sound is sent, who takes turns, what is known of the service.

    Attributes
    ----------
    info : RunInfo
        As given, with what the service has said of itself.
    events : EventLog
        Every event.
    ledger : SendLedger
        When each sample went out.
    settings : SettingsLog
        Which settings held from which sample on.
    sessions : SessionList
        The sessions and the utterances that they found.
    connections : list of ConnectionSpan
        When a connection stood.
    gaps : list of Gap
        Where one session ended and another went on.
    round_trips : list of tuple of float
        When a ping was answered, and how long that took (s).
    painted : dict of str to float
        When a page has reported the final words of an item as painted (s).

    Examples
    --------
    >>> from qwen_asr_widgets.recording.values import sent_audio
    >>> log = RunLog(SessionConfig(), RunInfo())
    >>> log.open(0.1)
    >>> log.take(sent_audio(0, 1600, 0.2))
    >>> log.ledger.sent, log.last_sign
    (1600, 0.2)
    >>> log.close(0.9, 1011, "restart")
    >>> log.take(TimedEvent(1.4, "local", {}, SessionBegun(start=0, first_number=1, why="lost")))
    >>> log.gaps
    [Gap(at=0.1, start=0.0, lost=0.9, resumed=1.4, why='lost', reason='restart')]
    """

    def __init__(self, config: SessionConfig, info: RunInfo) -> None:
        self.info = info
        self.connections: list[ConnectionSpan] = []
        self.gaps: list[Gap] = []
        self.round_trips: list[tuple[float, float]] = []
        self.painted: dict[str, float] = {}
        self.ledger = SendLedger()
        self.events = EventLog(self.ledger)
        self.settings = SettingsLog(config, info.turn_taking)
        self._is_clients = info.turn_taking == "client"
        self._rate = config.sample_rate
        asked = replace(config, turn_detection=None) if self._is_clients else config
        self.sessions = SessionList(asked, info.facts, self._rate)

    # ---- what happens

    def open(self, time: float) -> None:
        """Note that a connection stands."""
        self.connections.append(ConnectionSpan(time))

    def close(self, time: float, code: int | None, reason: str) -> None:
        """Note that the connection closed; what has no transcript by then is lost."""
        span = self.connections.pop() if self.connections else ConnectionSpan(time)
        self._end(replace(span, closed=time, code=code, reason=reason))

    def _end(self, connection: ConnectionSpan) -> None:
        self.connections.append(connection)
        if connection.closed is not None and not self.session.finished:
            self.session.lost(connection.closed)

    def replay(self, events: Iterable[TimedEvent], connections: Iterable[ConnectionSpan]) -> None:
        """Take what passed in a run that is over: a connection ends before the next session begins."""
        ended = iter(connections)
        for timed in events:
            if isinstance(timed.event, SessionBegun):
                for connection in islice(ended, 1):
                    self._end(connection)
            self.take(timed)
        for connection in ended:
            self._end(connection)

    def take(self, timed: TimedEvent) -> None:
        """Take the next event."""
        self.events.add(timed)
        event, session = timed.event, self.session
        if isinstance(event, AudioSent):
            session.send(_APPENDED, timed.time, event.stop - event.start)
            self.sessions.position = event.stop
        elif isinstance(event, LocalEvent):
            self._take_local(event, timed.time)
        elif timed.direction == "out":
            if isinstance(event, SessionUpdate):
                self.settings.ask(self.sessions.position)
            event_id = timed.message.get("event_id")
            session.send(event, timed.time, event_id=event_id)  # type: ignore[arg-type]
        else:
            if isinstance(event, SessionCreated):
                self.info = named_by_service(self.info, event.session)
            session.receive(event, timed.time)  # type: ignore[arg-type]
            self.settings.read(session, timed.time, self.sessions.position)

    def _take_local(self, event: LocalEvent, time: float) -> None:
        """Take what happened at the client."""
        if isinstance(event, AudioSkipped):
            self.ledger.skip(event.start, event.stop)
            self.session.skip(event.stop - event.start)
            self.sessions.position = event.stop
        elif isinstance(event, SessionBegun):
            self.gaps.append(self._gap(event, time))
            self.sessions.begin(event.start, event.first_number)
            self.settings.begin(event.start)
        elif isinstance(event, (ClientTurnOpened, ClientTurnClosed)):
            self.sessions.take_turn(event, time)
        elif isinstance(event, RoundTrip):
            self.round_trips.append((time, event.seconds))
        elif isinstance(event, WordsPainted):
            self.painted.setdefault(event.item_id, time)

    def _gap(self, begun: SessionBegun, time: float) -> Gap:
        """Return the gap before a session that begins now."""
        before = self.connections[-1] if self.connections else ConnectionSpan(time, time)
        said = "" if before.code is None or begun.why != "lost" else before.reason or f"code {before.code}"
        lost = time if before.closed is None else before.closed
        settled = self.sessions.utterances[: begun.first_number - 1]
        start = max([begun.start / self._rate, *(one.end for one in settled[-1:] if one.end is not None)])
        at = max(self.sessions.position / self._rate, start)
        return Gap(at, start, lost, time, begun.why, said)

    def copy(self) -> RunLog:
        """Return the same log, to which other things may happen; what never changes is shared.

        Examples
        --------
        >>> log = RunLog(SessionConfig(), RunInfo())
        >>> log.copy().open(0.5)
        >>> log.connections
        []
        """
        return deepcopy(self)

    # ---- what follows from it

    @property
    def session(self) -> Session:
        """The present session."""
        return self.sessions.current

    @property
    def has_open_connection(self) -> bool:
        """Whether the connection stands, or none was made yet."""
        return not self.connections or self.connections[-1].closed is None

    @property
    def failed(self) -> list[Utterance]:
        """The utterances to which the service gave no transcript, and not because it was asked not to."""
        failed = (one for one in self.sessions.utterances if one.status == "failed")
        return [one for one in failed if (one.error or {}).get("code") != "cancelled"]

    @property
    def settings_expected(self) -> SessionConfig:
        """The settings that will be in force if the service confirms all that was asked for."""
        expected = self.session.settings_expected
        if not self._is_clients:
            return expected
        return replace(expected, turn_detection=self.settings.changes[-1].config.turn_detection)

    @property
    def last_sign(self) -> float:
        """When the last connection ended, or the last event passed, in seconds since the recording began."""
        ended = self.connections[-1].closed if self.connections else None
        passed = self.events.events
        return max(ended or 0.0, passed[-1].time if passed and ended is None else 0.0)

    @property
    def plan(self) -> ResumePlan:
        """Where another session goes on, see `resume_plan`."""
        detections = [change.config.turn_detection for change in self.settings.changes]
        silent = self.ledger.sent_by(self.last_sign - REPORTED_WITHIN) / self._rate
        finished = self.sessions.position / self._rate if self.session.finished else None
        held_since = self.settings.changes[-1].sample / self._rate
        return resume_plan(
            self.sessions.utterances, detections, self.session.facts, silent, finished, held_since
        )

    @property
    def progress(self) -> tuple[int, int]:
        """How far the service has come: utterances that are settled, and characters it shows behind them.

        Of two such values the larger one is further, whichever session it was reached in.
        """
        first = self.plan.first_number
        return first - 1, sum(len(one.text) for one in self.sessions.found if one.number >= first)

    def is_settled(self, until: float) -> bool:
        """Whether nothing that follows can change the `drift` until a time: sound was sent after it."""
        return self.info.pace is None or until < self.ledger.last_time

    def drift(self, sample: int, until: float) -> float:
        """Return by how many seconds sound went out too soon for the run's pace, see `SendLedger.drift`.

        Where the connection was lost meanwhile, sending was held up for as long as can be.
        """
        pace = self.info.pace
        if pace is None:
            return 0.0
        begun = self.ledger.at(sample)
        if begun is not None and any(begun < gap.resumed and gap.lost < until for gap in self.gaps):
            return -math.inf
        return self.ledger.drift(sample, until, pace * self._rate)
