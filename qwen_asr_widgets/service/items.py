"""The items of a session: what each holds while it is open, how it is announced, what is owed for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from ..audio.units import SAMPLE_RATE, samples_to_ms
from ..protocol.events import (
    BufferCommitted, ItemCreated, ServerEvent, SpeechStarted, SpeechStopped, TranscriptCompleted,
    TranscriptFailed, TranscriptPartial,
)
from ..protocol.state import MAX_COMMIT_SECONDS
from .commands import Begin, Command, Drop, End, Final, Hear, PartialText, Quiet
from .segmenter import Closed, Fed, Opened, Silence
from .protocol_errors import empty_buffer, nothing_to_cancel

_MAX_COMMIT = MAX_COMMIT_SECONDS * SAMPLE_RATE

Announced = Iterator[Union[ServerEvent, Command]]


def new_item_id() -> str:
    """Return a fresh item id."""
    return "item_" + os.urandom(12).hex()


def item_object() -> dict[str, Any]:
    """Return the ``item`` object of ``conversation.item.created``, without its id."""
    return {
        "object": "realtime.item", "type": "message", "status": "in_progress", "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }


@dataclass
class OpenItem:
    """The item that audio goes to now: an open turn, or what was appended since the last commit.

    Parameters
    ----------
    is_manual : bool
        Whether the client will commit it.
    item_id : str
        Its id.
    samples : int
        Its length so far, at 16 kHz.
    failure : Mapping or None
        The error to be reported once it is committed.
    held : PartialText or None
        The latest partial result of an item the client does not know of yet.
    """

    is_manual: bool
    item_id: str = field(default_factory=new_item_id)
    samples: int = 0
    failure: Mapping[str, Any] | None = None
    held: PartialText | None = None

    @property
    def is_too_long(self) -> bool:
        """Whether it is longer than one commit may be."""
        return self.is_manual and self.samples > _MAX_COMMIT

    @property
    def seconds(self) -> float:
        """Its length so far."""
        return self.samples / SAMPLE_RATE


class Items:
    """One open item at most, and those whose transcript is owed; each change yields what is to be sent.

    Parameters
    ----------
    language : callable
        Returns the language to be named with a text.

    Attributes
    ----------
    open : OpenItem or None
        The item that audio goes to now.

    Examples
    --------
    >>> items = Items(lambda: "en")
    >>> [type(output).__name__ for output in items.begin(Opened(0, 4_800))]
    ['SpeechStarted', 'Begin']
    >>> [type(output).__name__ for output in items.stop(Closed(32_000, "silence"))]
    ['SpeechStopped', 'BufferCommitted', 'ItemCreated', 'End']
    >>> len(items.owed)
    1
    """

    def __init__(self, language: Callable[[], str | None]) -> None:
        self.open: OpenItem | None = None
        self._language = language
        self._owed: dict[str, None] = {}
        self._previous: str | None = None

    @property
    def owed(self) -> tuple[str, ...]:
        """Ids of the items whose transcript is owed, oldest first."""
        return tuple(self._owed)

    def begin(self, turn: Opened) -> Announced:
        """A turn has opened."""
        self.open = OpenItem(is_manual=False)
        onset = None if turn.onset is None else _ms(turn.onset)
        yield SpeechStarted(self.open.item_id, _ms(turn.start), onset)
        yield Begin(self.open.item_id, turn.start)

    def feed(self, fed: Fed, position: int) -> Announced:
        """Give samples that end at ``position`` to the recogniser; in manual mode the first begin an item."""
        item = self.open
        if item is None:
            item = self.open = OpenItem(is_manual=True)
            yield Begin(item.item_id, position - len(fed.samples))
        item.samples += len(fed.samples)
        if item.failure is None and not item.is_too_long:
            yield Hear(fed.samples)

    def quiet(self, silence: Silence) -> Announced:
        """A silence runs in the open turn."""
        if self.open is not None and self.open.failure is None:
            yield Quiet(silence.remaining)

    def stop(self, turn: Closed) -> Announced:
        """The open turn is over."""
        if self.open is not None:
            yield SpeechStopped(self.open.item_id, _ms(turn.end), turn.reason)
            yield from self.commit()

    def commit(self) -> Announced:
        """Close the open item: from here on its transcript is owed.

        Raises
        ------
        ProtocolError
            No item is open.
        """
        item, self.open = self.open, None
        if item is None:
            raise empty_buffer()
        previous, self._previous = self._previous, item.item_id
        yield BufferCommitted(item.item_id, previous)
        yield ItemCreated(item.item_id, previous, item_object())
        if item.failure is not None:
            yield TranscriptFailed(item.item_id, item.failure)
            return
        self._owed[item.item_id] = None
        if item.held is not None:
            yield from self.partial(item.held)
        yield End(item.item_id)

    def drop_open(self) -> Announced:
        """Throw the open item away, if there is one."""
        item, self.open = self.open, None
        if item is not None:
            yield Drop(item.item_id)

    def partial(self, result: PartialText) -> Announced:
        """Pass a partial result on; in manual mode not before its item exists."""
        item = self.open
        is_open = item is not None and item.item_id == result.item_id
        if item is not None and is_open and item.is_manual:
            item.held = result
        elif is_open or result.item_id in self._owed:
            yield TranscriptPartial(result.item_id, result.settled, result.draft, self._language())

    def complete(self, result: Final) -> Announced:
        """Pass a final text on, if it is still owed."""
        if self._settle(result.item_id):
            yield TranscriptCompleted(result.item_id, result.text, self._language())

    def fail(self, item_id: str, code: str, message: str) -> Announced:
        """Say that an item gets no transcript; of an open one, once it is committed."""
        error = {"code": code, "message": message, "param": None}
        if self.open is not None and self.open.item_id == item_id:
            self.open.failure = error
        elif self._settle(item_id):
            yield TranscriptFailed(item_id, error)

    def fail_all(self, code: str, message: str) -> Announced:
        """Say so of every item, the open one included."""
        begun = () if self.open is None else (self.open.item_id,)
        for item_id in (*self.owed, *begun):
            yield from self.fail(item_id, code, message)

    def cancel(self) -> Announced:
        """Give up every transcript that is owed.

        Raises
        ------
        ProtocolError
            None is.
        """
        if not self._owed:
            raise nothing_to_cancel()
        for item_id in self.owed:
            yield from self.fail(item_id, "cancelled", "The client cancelled this response.")

    def _settle(self, item_id: str) -> bool:
        """Return whether a transcript was owed for this item; it no longer is."""
        was_owed = item_id in self._owed
        self._owed.pop(item_id, None)
        return was_owed


def _ms(sample: int) -> int:
    return samples_to_ms(sample, SAMPLE_RATE)
