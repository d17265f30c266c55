"""The items of a session: one is open at most, and for those that are closed a transcript is owed.

In the protocol an item is what gets one transcript: a turn that the VAD found, or what a client in manual
mode appended up to its commit. An item's life::

    turn opens (speech_started), or in manual mode the first audio after a commit (nothing is sent)
        |
        v
      open ----- clear, or longer than one commit may be -----> dropped, never heard of again
        |
        |  turn closes (speech_stopped), commit, session.finish, change to or from manual mode
        v
      closed (committed, conversation.item.created)
        |
        |-- the recogniser had already failed on it ----------> failed
        v
      owed ----- recogniser fails or is lost, response.cancel -> failed
        |
        v
      completed
"""

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
from ..protocol.state import MAX_COMMIT_SECONDS, empty_buffer, nothing_to_cancel
from .segmenter import SegmentAudio, SegmentEnded, SegmentSilence, SegmentStarted
from .workers.messages import (
    DropUtterance, FinalText, FinishUtterance, PartialText, StartUtterance, UtteranceAudio, UtteranceSilence,
    WorkerCommand,
)

_MAX_COMMIT = MAX_COMMIT_SECONDS * SAMPLE_RATE

ItemOutput = Union[ServerEvent, WorkerCommand]


@dataclass
class OpenItem:
    """The item that audio goes to now.

    Parameters
    ----------
    is_manual : bool
        Whether the client will commit it; else it is a turn, which silence will close.
    item_id : str
        Its id.
    samples : int
        Its length so far, at 16 kHz.
    failure : Mapping or None
        The error to be reported once it is closed.
    held : PartialText or None
        The latest partial result of a manual item, kept back until the client knows the item.
    """

    is_manual: bool
    item_id: str = field(default_factory=lambda: "item_" + os.urandom(12).hex())
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
    """The open item and the closed ones whose transcript is owed; each method yields what is to be sent.

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
    >>> [type(output).__name__ for output in items.open_turn(SegmentStarted(0, 4_800))]
    ['SpeechStarted', 'StartUtterance']
    >>> [type(output).__name__ for output in items.close_turn(SegmentEnded(32_000, "silence"))]
    ['SpeechStopped', 'BufferCommitted', 'ItemCreated', 'FinishUtterance']
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

    def open_turn(self, turn: SegmentStarted) -> Iterator[ItemOutput]:
        """Open an item for a turn."""
        self.open = OpenItem(is_manual=False)
        onset = None if turn.onset is None else samples_to_ms(turn.onset, SAMPLE_RATE)
        yield SpeechStarted(self.open.item_id, samples_to_ms(turn.start, SAMPLE_RATE), onset)
        yield StartUtterance(self.open.item_id, turn.start)

    def append(self, audio: SegmentAudio, position: int) -> Iterator[ItemOutput]:
        """Give the recogniser audio that ends at the sample ``position``; open a manual item if none is."""
        item = self.open
        if item is None:
            item = self.open = OpenItem(is_manual=True)
            yield StartUtterance(item.item_id, position - len(audio.samples))
        item.samples += len(audio.samples)
        if item.failure is None and not item.is_too_long:
            yield UtteranceAudio(audio.samples, audio.remaining)

    def announce_silence(self, silence: SegmentSilence) -> Iterator[ItemOutput]:
        """Tell the recogniser how soon silence will close the open turn."""
        if self.open is not None and self.open.failure is None:
            yield UtteranceSilence(silence.remaining)

    def close_turn(self, turn: SegmentEnded) -> Iterator[ItemOutput]:
        """Close the open turn."""
        if self.open is not None:
            yield SpeechStopped(self.open.item_id, samples_to_ms(turn.end, SAMPLE_RATE), turn.reason)
            yield from self.close()

    def close(self) -> Iterator[ItemOutput]:
        """Close the open item, after which its transcript is owed.

        Raises
        ------
        ProtocolError
            No item is open: there is nothing to commit.
        """
        item, self.open = self.open, None
        if item is None:
            raise empty_buffer()
        previous, self._previous = self._previous, item.item_id
        yield BufferCommitted(item.item_id, previous)
        yield ItemCreated(item.item_id, previous, _item_object())
        if item.failure is not None:
            yield TranscriptFailed(item.item_id, item.failure)
            return
        self._owed[item.item_id] = None
        if item.held is not None:
            yield from self.partial(item.held)
        yield FinishUtterance(item.item_id)

    def drop_open(self) -> Iterator[ItemOutput]:
        """Throw the open item away, if there is one."""
        item, self.open = self.open, None
        if item is not None:
            yield DropUtterance(item.item_id)

    def partial(self, result: PartialText) -> Iterator[ItemOutput]:
        """Pass a partial result on; that of a manual item once the client knows the item."""
        item = self.open
        is_open = item is not None and item.item_id == result.item_id
        if item is not None and is_open and item.is_manual:
            item.held = result
        elif is_open or result.item_id in self._owed:
            language = self._language() or result.language
            yield TranscriptPartial(result.item_id, result.settled, result.draft, language)

    def complete(self, result: FinalText) -> Iterator[ItemOutput]:
        """Pass a final text on, if it is still owed."""
        if self._settle(result.item_id):
            yield TranscriptCompleted(result.item_id, result.text, self._language() or result.language)

    def fail(self, item_id: str, code: str, message: str) -> Iterator[ItemOutput]:
        """Say that an item gets no transcript: now if it is owed, at its end if it is still open."""
        error = {"code": code, "message": message, "param": None}
        if self.open is not None and self.open.item_id == item_id:
            self.open.failure = error
        elif self._settle(item_id):
            yield TranscriptFailed(item_id, error)

    def cancel(self) -> Iterator[ItemOutput]:
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


def _item_object() -> dict[str, Any]:
    """Return the ``item`` object of ``conversation.item.created``, without its id."""
    return {
        "object": "realtime.item", "type": "message", "status": "in_progress", "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
