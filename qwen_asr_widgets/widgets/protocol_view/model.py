"""What views of a protocol are told: its rows, what is new, and an event in full."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated

from ...recording import Recording
from ..shared.commands import Command, Commands, Within
from ..shared.run_messages import is_growing
from ..shared.shown import source_name
from ..shared.throttle import Message
from .details import event_details
from .rows import EventRows

MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class EventRequest:
    """A view opens a row, counted from 0."""

    row: Annotated[int, Within(0, MOST_ROWS)]


class ProtocolModel:
    """Says in messages what passed between client and service; a `ViewModel`. Thread-safe.

    Views are told ``protocol`` (rows, from the row ``base`` on; all rows where that is 0) and, where they
    ask, ``event``: a row in full.

    Parameters
    ----------
    recording : Recording
        Over or growing.
    source : str
        The name under which views of the page know it; by default its own.

    Examples
    --------
    >>> model = ProtocolModel(Recording())
    >>> [(content["kind"], content["rows"]) for content, _ in model.opening()]
    [('protocol', [])]
    """

    def __init__(self, recording: Recording, source: str = "") -> None:
        self.recording = recording
        self._source = source or source_name(recording)
        self._rows = EventRows(recording)
        self._seen = -1
        self._grew = False
        self._lock = threading.Lock()

    @property
    def growing(self) -> bool:
        """Whether more is to come."""
        return is_growing(self.recording)

    def opening(self) -> list[Message]:
        """Return all rows."""
        with self._lock:
            self._look()
            return [self._told(0)]

    def changes(self) -> list[Message]:
        """Return the rows that are new or have changed since views were told last."""
        with self._lock:
            first = self._look()
            return [] if first is None else [self._told(first)]

    def event(self, wanted: EventRequest) -> list[Message]:
        """Return a row in full; nothing where there is no such row."""
        with self._lock:
            if wanted.row >= len(self._rows.rows):
                return []
            details = event_details(self.recording, self._rows.rows[wanted.row])
        return [({"kind": "event", "source": self._source, "row": wanted.row, **details}, [])]

    def _look(self) -> int | None:
        """Take what is new; return the first row that differs, None where nothing is to be told."""
        version, grew = self.recording.version, self._grew
        if version == self._seen:
            return None
        self._seen, self._grew = version, self.growing
        before = len(self._rows.rows)
        first = self._rows.update()
        return first if first < before or len(self._rows.rows) > before or grew != self._grew else None

    def _told(self, first: int) -> Message:
        recording = self.recording
        return {
            "kind": "protocol", "source": self._source, "base": first,
            "rows": [row.told for row in self._rows.rows[first:]], "rate": recording.tape.sample_rate,
            "growing": self._grew,
        }, []

    @property
    def commands(self) -> Commands:
        """What a view may ask: a row in full."""
        return {"event": Command(EventRequest, self.event)}
