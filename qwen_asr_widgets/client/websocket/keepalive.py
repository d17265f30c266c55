"""When to ping, and when to give a silent connection up: times in, decisions out."""

from __future__ import annotations


class KeepAlive:
    """Pings after each interval of silence; an unanswered one is overdue after the timeout.

    Parameters
    ----------
    interval : float or None
        Seconds between pings; None sends none.
    timeout : float
        Seconds after a ping within which something must arrive.

    Examples
    --------
    >>> pings = KeepAlive(20.0, 5.0)
    >>> pings.wait(now=100.0, heard=90.0)
    10.0
    >>> pings.ping(now=110.0)
    >>> pings.wait(now=112.0, heard=90.0), pings.overdue(now=115.0, heard=90.0)
    (3.0, True)
    """

    def __init__(self, interval: float | None, timeout: float) -> None:
        self.timeout = timeout
        self._interval = interval
        self._pinged: float | None = None

    def wait(self, now: float, heard: float) -> float | None:
        """Seconds until the next ping is due or the answer to the last one is overdue; None: for ever."""
        if self._interval is None:
            return None
        if self._pinged is not None and heard < self._pinged:
            return max(0.0, self._pinged + self.timeout - now)
        return max(0.0, max(heard, self._pinged or 0.0) + self._interval - now)

    def due(self, now: float, heard: float) -> bool:
        """Whether it is time to ping, or to give up."""
        return self.wait(now, heard) == 0.0

    def overdue(self, now: float, heard: float) -> bool:
        """Whether the last ping was not answered in time."""
        return self.due(now, heard) and self._pinged is not None and heard < self._pinged

    def ping(self, now: float) -> None:
        """Note that a ping goes out."""
        self._pinged = now

    def forget(self) -> None:
        """Note that the connection was given up: the ping is no longer waited for."""
        self._pinged = None
