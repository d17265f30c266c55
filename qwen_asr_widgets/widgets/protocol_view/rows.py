"""The rows of a protocol view: each event one, audio appends that follow each other in one together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...protocol.events import (
    BufferCleared, BufferCommitted, ClearBuffer, CommitBuffer, ErrorEvent, FinishSession, SessionFinished,
    SessionUpdate, SessionUpdated, SpeechStarted, SpeechStopped, TranscriptCompleted, TranscriptFailed,
)
from ...recording import Recording
from ...recording.values import (
    AudioSent, AudioSkipped, ConnectionSpan, RoundTrip, SessionBegun, TimedEvent,
)

ANSWERS: Mapping[type, type] = {
    SessionUpdated: SessionUpdate, BufferCleared: ClearBuffer, SessionFinished: FinishSession,
    SpeechStopped: SpeechStarted, TranscriptCompleted: BufferCommitted, TranscriptFailed: BufferCommitted,
}
"""Which event answers, or ends, which: of the same item where both name one, else the oldest not answered."""

ASKED = frozenset((*ANSWERS.values(), CommitBuffer))
"""What is noted until it is answered; commits are answered by what they have committed."""

OPENED, CLOSED = "connection.opened", "connection.closed"


@dataclass
class ProtocolRow:
    """One line of the chart.

    Parameters
    ----------
    time, until : float
        When its first and its last event passed, in seconds since the recording began.
    way : {"in", "out", "local", "wire"}
        From the service, to it, at the client alone; "wire": a connection opened or closed.
    type : str
        The event's type.
    first, count : int
        Which events it stands for, by their index in the recording; none for a connection.
    item, text : str
        The item it is about, and what it says, in short.
    mark : str
        Why it was not allowed where it came, or what went wrong.
    partner : int
        Index of the row that it answers, or that answers it; −1 where there is none.
    samples : int
        Audio samples that it carried.
    last : int
        The last event that it stands for, by its index; what the connection itself did may lie between.
    """

    time: float
    until: float
    way: str
    type: str
    first: int
    count: int = 1
    item: str = ""
    text: str = ""
    mark: str = ""
    partner: int = -1
    samples: int = 0
    last: int = -1

    @property
    def told(self) -> list[Any]:
        """The row as views take it; see ``readRows`` in ``rows.js``."""
        return [
            round(self.time, 4), round(self.until, 4), self.way, self.type, self.first, self.count, self.item,
            self.text, self.mark, self.partner, self.samples,
        ]


class EventRows:
    """The rows of a recording, which may be growing. Not thread-safe: its owner holds a lock.

    Parameters
    ----------
    recording : Recording
        Read only.

    Attributes
    ----------
    rows : list of ProtocolRow
        As far as `update` has come.

    Examples
    --------
    >>> recording = Recording(clock=lambda: 0.0)
    >>> recording.opened(0.0)
    >>> for k in range(3):
    ...     recording.audio_sent(1600 * k, 1600 * k + 1600, 0.1 * k + 0.1)
    >>> rows = EventRows(recording)
    >>> rows.update()
    0
    >>> [(row.type, row.count, row.samples) for row in rows.rows]
    [('connection.opened', 0, 0), ('input_audio_buffer.append', 3, 4800)]
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.rows: list[ProtocolRow] = []
        self._read = 0
        self._connections = 0
        self._open: dict[tuple[type, str], list[int]] = {}
        self._by_id: dict[str, int] = {}
        self._changed = 0

    def update(self) -> int:
        """Take what has passed since; return the first row that is new or has changed."""
        recording = self._recording
        events, connections = recording.events, recording.connections
        wrong = {(one.time, one.event.type): one.reason for one in recording.violations}
        self._changed = len(self.rows)
        if self._read < len(events):
            for timed in events.since(self._read):
                self._connect(connections, timed.time, isinstance(timed.event, SessionBegun))
                self._take(timed, wrong.get((timed.time, timed.event.type), ""))
                self._read += 1
        self._connect(connections, float("inf"), True)
        return self._changed

    def _connect(self, connections: Sequence[ConnectionSpan], time: float, ends: bool) -> None:
        """Add what connections did before an event; ``ends``: one has ended by then, the next waits."""
        while self._connections < 2 * len(connections):
            at, is_close = divmod(self._connections, 2)
            span = connections[at]
            due = span.closed if is_close else span.opened
            waits = due == time and (not ends if is_close else ends)
            if due is None or due > time or waits:
                return
            said = f"{span.code or ''} {span.reason}".strip() if is_close else ""
            lost = is_close and at + 1 < len(connections)
            self._connections += 1
            kind, mark = CLOSED if is_close else OPENED, said if lost else ""
            self.rows.append(ProtocolRow(due, due, "wire", kind, self._read, 0, text=said, mark=mark))

    def _take(self, timed: TimedEvent, mark: str) -> None:
        event = timed.event
        if isinstance(event, RoundTrip):
            return  # a ping is no event of the protocol
        if isinstance(event, (AudioSent, AudioSkipped)) and self._goes_on(timed):
            return
        row = ProtocolRow(
            timed.time, timed.time, timed.direction, _type_of(timed), self._read, item=_item_of(timed),
            text=_text_of(timed), mark=mark, last=self._read,
        )
        if isinstance(event, (AudioSent, AudioSkipped)):
            row.samples = event.stop - event.start
        elif isinstance(event, ErrorEvent):
            row.mark = mark or row.text or "error"
        self.rows.append(row)
        self._link(timed, len(self.rows) - 1)

    def _goes_on(self, timed: TimedEvent) -> bool:
        """Fold an append into the row before it, where that is of such; return whether it was."""
        last, event = (self.rows[-1] if self.rows else None), timed.event
        if last is None or last.type != event.type or last.way != timed.direction:
            return False
        assert isinstance(event, (AudioSent, AudioSkipped))
        last.until, last.count, last.last = timed.time, last.count + 1, self._read
        last.samples += event.stop - event.start
        self._changed = min(self._changed, len(self.rows) - 1)
        return True

    def _link(self, timed: TimedEvent, at: int) -> None:
        """Note what an event may be answered by, and join it to what it answers."""
        event, item = timed.event, self.rows[at].item
        name = timed.message.get("event_id")
        if timed.direction == "out" and isinstance(name, str):
            self._by_id[name] = at
        if type(event) in ASKED:
            self._open.setdefault((type(event), item), []).append(at)
        asked = ANSWERS.get(type(event))
        if isinstance(event, ErrorEvent):
            self._join(self._by_id.get(str(event.error.get("event_id")), -1), at)
        elif isinstance(event, BufferCommitted):
            self._join(self._oldest(CommitBuffer, ""), at)
        elif asked is not None:
            self._join(self._oldest(asked, item), at)

    def _oldest(self, kind: type, item: str) -> int:
        waiting = self._open.get((kind, item))
        return waiting.pop(0) if waiting else -1

    def _join(self, asked: int, answer: int) -> None:
        if asked < 0:
            return
        self.rows[asked].partner, self.rows[answer].partner = answer, asked
        self._changed = min(self._changed, asked)


def _type_of(timed: TimedEvent) -> str:
    return str(timed.message.get("type") or timed.event.type)


def _item_of(timed: TimedEvent) -> str:
    return str(getattr(timed.event, "item_id", "") or "")


def _text_of(timed: TimedEvent) -> str:
    """Return what an event says, in a few words: texts, places, settings, errors."""
    message, event = timed.message, timed.event
    if "transcript" in message or "stash" in message or "text" in message:
        said = (message.get(name) for name in ("text", "stash", "transcript"))
        return "".join(one for one in said if isinstance(one, str))
    for name in ("audio_start_ms", "audio_end_ms"):
        place = message.get(name)
        if isinstance(place, (int, float)):
            return f"{place / 1000:.2f} s"
    error = message.get("error")
    if isinstance(error, Mapping):
        return str(error.get("message") or error.get("code") or "")
    session = message.get("session")
    if isinstance(session, Mapping):
        return _settings_text(session)
    return event.why if isinstance(event, SessionBegun) else ""


def _settings_text(session: Mapping[str, Any]) -> str:
    detection = session.get("turn_detection", {})
    if detection is None:
        return "turn_detection: null"
    named = ("threshold", "silence_duration_ms") if isinstance(detection, Mapping) else ()
    return ", ".join(f"{name} {detection[name]}" for name in named if name in detection)
