"""Every event of a run, kept so small that a live recording grows by its sound."""

from __future__ import annotations

import logging
import pickle
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import overload

from ...protocol.compressed import Compressed
from .ledger import SendLedger
from ..values import AudioSent, TimedEvent, sent_audio

logger = logging.getLogger("qwen_asr_widgets")

PACK = 64
"""Events packed together: about 100 kB as values, 5 kB packed."""


Pack = Sequence[TimedEvent]
"""`PACK` events, packed where that is possible."""


class EventLog:
    """Events in the order in which they passed. Not thread-safe: its owner holds a lock.

    Parameters
    ----------
    ledger : SendLedger
        Keeps the audio that is sent: an append is a row of it, and only that.

    Notes
    -----
    A minute of speech brings 600 appends and some 400 events from the service: 0.7 MB as values, 0.04 MB as
    they are kept here. What the ledger has no row for is packed, `PACK` events at a time.

    Examples
    --------
    >>> log = EventLog(SendLedger())
    >>> log.add(sent_audio(0, 1600, 0.1))
    >>> log.events[-1].event
    AudioSent(start=0, stop=1600)
    """

    def __init__(self, ledger: SendLedger) -> None:
        self._ledger = ledger
        self._places = array("q")
        self._packed: list[Pack] = []
        self._newest: list[TimedEvent] = []

    def add(self, timed: TimedEvent) -> None:
        """Keep an event; one of sent audio goes to the ledger."""
        event, place = timed.event, len(self._ledger) + len(self._places)
        if isinstance(event, AudioSent) and self._ledger.add(event.start, event.stop, timed.time):
            return
        self._places.append(place)
        self._newest.append(timed)
        if len(self._newest) == PACK:
            self._packed.append(_pack(self._newest))
            self._newest.clear()

    @property
    def events(self) -> EventView:
        """Everything kept until now."""
        return EventView(self._ledger, self._places, tuple(self._packed), tuple(self._newest))


def _pack(events: Sequence[TimedEvent]) -> Pack:
    """Pack events, or keep them as they are: what a caller hands in may be beyond what pickles."""
    try:
        return Compressed(events)
    except (RecursionError, pickle.PicklingError, TypeError, AttributeError) as problem:
        logger.debug("%d events are kept as they are: %s", len(events), problem)
        return tuple(events)


class EventView(Sequence[TimedEvent]):
    """The events of a run up to a moment, read-only like a tuple; each is made when it is asked for.

    It may be read while the run goes on, from any thread: of the ledger and of the places, which grow, it
    reads only what was there when it was made, and that never changes.

    Parameters
    ----------
    ledger : SendLedger
        The appends.
    places : array of int
        Where each of the other events stands among all.
    packed : tuple of sequences
        The older of those, `PACK` at a time.
    newest : tuple of TimedEvent
        The rest of them.
    """

    def __init__(
        self, ledger: SendLedger, places: array[int], packed: tuple[Pack, ...],
        newest: tuple[TimedEvent, ...],
    ) -> None:
        self._ledger = ledger
        self._places = places
        self._packed = packed
        self._newest = newest
        self._others = len(packed) * PACK + len(newest)
        self._length = len(ledger) + self._others
        self._read: tuple[int, tuple[TimedEvent, ...]] = (-1, ())

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> TimedEvent: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[TimedEvent, ...]: ...

    def __getitem__(self, index: int | slice) -> TimedEvent | tuple[TimedEvent, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(len(self))[index])
        place = range(len(self))[index]
        other = bisect_left(self._places, place, 0, self._others)
        if other < self._others and self._places[other] == place:
            return self._pack(other // PACK)[other % PACK]
        return self._append(place - other)

    def __iter__(self) -> Iterator[TimedEvent]:
        return self.since(0)

    def since(self, index: int) -> Iterator[TimedEvent]:
        """Yield the events from an index on, quicker than one by one."""
        first = bisect_left(self._places, index, 0, self._others)
        row = index - first
        for other in range(first, self._others):
            before, row = row, self._places[other] - other
            yield from map(self._append, range(before, row))
            yield self._pack(other // PACK)[other % PACK]
        yield from map(self._append, range(row, len(self) - self._others))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (EventView, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other))

    def __repr__(self) -> str:
        if not self:
            return "<no events>"
        return f"<{len(self)} events from {self[0].time:.2f} s to {self[-1].time:.2f} s>"

    def _append(self, row: int) -> TimedEvent:
        return sent_audio(*self._ledger.row(row))

    def _pack(self, number: int) -> tuple[TimedEvent, ...]:
        """Return the events of a pack; those read last stay at hand."""
        if number == len(self._packed):
            return self._newest
        at_hand, events = self._read
        if at_hand != number:
            events = tuple(self._packed[number])
            self._read = number, events
        return events
