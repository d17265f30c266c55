"""What waits to be sent: bounded in bytes, first in first out, with a count of everything that happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Sent = Callable[[float], None]
"""Called with the time at which the first byte of a message went to the socket."""


@dataclass(frozen=True)
class OutboxStats:
    """What became of the messages given to a connection.

    Parameters
    ----------
    direct : int
        Messages that went out on the caller's thread.
    queued : int
        Messages that waited in the outbox.
    refused : int
        Messages not taken because the outbox stayed full until the deadline.
    waiting_bytes, peak_bytes : int
        Bytes in the outbox now and at its fullest.
    """

    direct: int = 0
    queued: int = 0
    refused: int = 0
    waiting_bytes: int = 0
    peak_bytes: int = 0


class Outbox:
    """A queue of frames, bounded in bytes. Not thread-safe: the connection holds its lock."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.direct = 0
        self.queued = 0
        self.refused = 0
        self.waiting = 0
        self.peak = 0
        self.sent = 0
        self._frames: deque[tuple[memoryview, Sent | None]] = deque()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._frames

    def has_room(self, size: int) -> bool:
        """Whether a frame fits; one larger than the limit fits an empty outbox."""
        return not self._frames or self.waiting + size <= self.limit

    def put(self, frame: memoryview, on_sent: Sent | None, urgent: bool = False) -> None:
        """Add a frame: at the end, or, for control frames, before the others.

        The head is never overtaken, since part of it may be on the wire.
        """
        if urgent and self._frames:
            self._frames.insert(1, (frame, on_sent))
        else:
            self._frames.append((frame, on_sent))
        self.queued += 1
        self.waiting += len(frame)
        self.peak = max(self.peak, self.waiting)

    def drop_waiting(self) -> None:
        """Throw away all but the head, part of which may be on the wire."""
        while len(self._frames) > 1:
            frame, _ = self._frames.pop()
            self.waiting -= len(frame)

    def head(self) -> tuple[memoryview, Sent | None]:
        """Return the oldest frame, or what is left of it."""
        return self._frames[0]

    def advance(self, count: int) -> None:
        """Note that ``count`` bytes of the head were sent."""
        frame, _ = self._frames.popleft()
        self.waiting -= count
        self.sent += count
        if count < len(frame):
            self._frames.appendleft((frame[count:], None))

    def clear(self) -> None:
        """Throw everything away: the socket is gone."""
        self._frames.clear()
        self.waiting = 0

    def stats(self) -> OutboxStats:
        """Return the counts as a value."""
        return OutboxStats(self.direct, self.queued, self.refused, self.waiting, self.peak)
