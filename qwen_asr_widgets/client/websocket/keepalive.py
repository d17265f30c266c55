"""When to ping, and when a peer that does not answer is dead: sans-I/O, told the time."""

from __future__ import annotations

import struct

LONGEST = 60.0
"""Seconds beyond which an answer is none: what stands in it is the peer's word."""

_STAMP = struct.Struct("!d")


class KeepAlive:
    """Pings every few seconds; a peer from which nothing comes for too long after one is dead.

    How long is too long depends on how long answers took before: where a slow line has filled, a ping waits
    behind the sound, and its answer takes seconds although the peer is well.

    Parameters
    ----------
    interval : float or None
        Seconds between pings; None sends none.
    timeout : float
        Seconds after a ping within which something must arrive, and twice what the last answer took.

    Attributes
    ----------
    delay : float
        Seconds that the last answered ping took.

    Examples
    --------
    >>> pings = KeepAlive(3.0, 5.0)
    >>> pings.wait(now=100.0, heard=99.0)
    2.0
    >>> stamp = pings.ping(now=102.0)
    >>> pings.answered(stamp, now=103.5)
    1.5
    >>> pings.delay, pings.wait(now=103.5, heard=103.5)
    (1.5, 1.5)
    >>> _ = pings.ping(now=105.0)
    >>> pings.overdue(now=112.9, heard=103.5), pings.overdue(now=113.0, heard=103.5)
    (False, True)
    """

    def __init__(self, interval: float | None, timeout: float) -> None:
        self.timeout = timeout
        self.delay = 0.0
        self._interval = interval
        self._pinged: float | None = None
        self._sent: float | None = None

    def wait(self, now: float, heard: float) -> float | None:
        """Seconds until the next ping is due or the answer to the last one is overdue; None: for ever."""
        if self._interval is None:
            return None
        if self._pinged is not None and heard < self._pinged:
            return max(0.0, self._pinged + self.timeout + 2 * self.delay - now)
        return max(0.0, (heard if self._pinged is None else self._pinged) + self._interval - now)

    def due(self, now: float, heard: float) -> bool:
        """Whether it is time to ping, or to give up."""
        return self.wait(now, heard) == 0.0

    def overdue(self, now: float, heard: float) -> bool:
        """Whether the peer is dead: nothing came for too long after a ping."""
        return self.due(now, heard) and self.silent(now, heard) > 0.0

    def silent(self, now: float, heard: float) -> float:
        """Return for how many seconds an answer has been waited for; 0.0 where none is."""
        return 0.0 if self._pinged is None or heard >= self._pinged else now - self._pinged

    def ping(self, now: float) -> bytes:
        """Note that a ping goes out; return what it carries."""
        self._pinged = self._sent = now
        return _STAMP.pack(now)

    def measure(self, now: float) -> bytes | None:
        """Return what a ping carries whose answer only tells how long the line takes; None: it is not time.

        Where events keep coming no other ping is due. This one is not waited for.

        Examples
        --------
        >>> pings = KeepAlive(3.0, 5.0)
        >>> pings.measure(now=100.0), pings.measure(now=102.0)
        (None, None)
        >>> pings.answered(pings.measure(now=103.0), now=103.5), pings.silent(now=109.0, heard=99.0)
        (0.5, 0.0)
        """
        if self._sent is None:
            self._sent = now
        if self._interval is None or now - self._sent < self._interval:
            return None
        self._sent = now
        return _STAMP.pack(now)

    def answered(self, stamp: bytes, now: float) -> float | None:
        """Take a pong, which carries what its ping did; more than one may be on its way.

        Returns
        -------
        float or None
            Seconds that the ping took there and back; None where this answers none of ours.
        """
        delay = now - _STAMP.unpack(stamp)[0] if len(stamp) == _STAMP.size else -1.0
        if not 0.0 <= delay <= LONGEST:
            return None
        self.delay = delay
        return delay

    def forget(self) -> None:
        """Note that the connection was given up: no answer is waited for."""
        self._pinged = None
