"""The audio a session has sent: how much it is, and which part each unanswered commit covers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Commit:
    """The audio a commit covers, in seconds of the session's audio.

    Parameters
    ----------
    start, end : float
        The audio it covers.
    sent_at : float or None
        When it was sent; None where the service committed by itself.
    """

    start: float
    end: float
    sent_at: float | None


class InputAudioBuffer:
    """Counts a session's audio and keeps what was committed until the service has made an item of it.

    Attributes
    ----------
    seconds : float
        Audio sent or skipped.

    Examples
    --------
    >>> audio = InputAudioBuffer()
    >>> audio.add(1.5)
    >>> audio.commit(2.0)
    >>> audio.add(0.5)
    >>> audio.take_commit(), audio.take_commit()
    (Commit(start=0.0, end=1.5, sent_at=2.0), Commit(start=1.5, end=2.0, sent_at=None))
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._buffer_start = 0.0
        self._commits: deque[Commit] = deque()

    def add(self, seconds: float) -> None:
        """Count audio that was sent, or passed over."""
        self.seconds += seconds

    def empty_buffer(self) -> None:
        """Begin a buffer: the next commit is about what follows."""
        self._buffer_start = self.seconds

    def commit(self, time: float) -> None:
        """Record that a commit of all that is in the buffer was sent."""
        self._commits.append(Commit(self._buffer_start, self.seconds, time))
        self.empty_buffer()

    def take_commit(self) -> Commit:
        """Return what a new item covers: the oldest unanswered commit, else all that is in the buffer."""
        if self._commits:
            return self._commits.popleft()
        whole = Commit(self._buffer_start, self.seconds, None)
        self.empty_buffer()
        return whole

    def drop_commit(self) -> Commit | None:
        """Take away and return the oldest unanswered commit, of which no item will come; None without one."""
        return self._commits.popleft() if self._commits else None
