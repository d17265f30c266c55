"""The send ledger: when each sample first went out."""

from __future__ import annotations

from array import array
from bisect import bisect_right, insort
from operator import itemgetter

from .sample_ranges import SampleRanges


class SendLedger:
    """Sample ranges in the order in which they left, found again by bisection.

    A range that was sent before (after a reconnection) keeps its first time. One that was skipped has none,
    unless a later session sends it after all: then it counts as sent and no more as skipped.

    Notes
    -----
    A live recording adds ten ranges a second: they are kept as columns of numbers, 24 bytes each. What a
    later session sends of sound that an earlier one had skipped before its last range is a row apart.

    Examples
    --------
    >>> ledger = SendLedger()
    >>> ledger.add(0, 1600, 0.1), ledger.add(1600, 3200, 0.2), ledger.add(0, 1600, 0.3)
    (True, True, False)
    >>> ledger.at(1599), ledger.at(1600), ledger.at(3200)
    (0.1, 0.2, None)
    >>> ledger.skip(3200, 8000)
    >>> ledger.add(8000, 9600, 0.6)
    True
    >>> ledger.at(7999), ledger.at(8000), ledger.stop, ledger.sent, ledger.skipped
    (None, 0.6, 9600, 4800, 4800)
    >>> ledger.add(6400, 8000, 0.9), ledger.at(7999), ledger.sent, ledger.skipped
    (False, 0.9, 6400, 3200)
    """

    def __init__(self) -> None:
        self._starts = array("q")
        self._stops = array("q")
        self._times = array("d")
        self._filled: list[tuple[int, int, float]] = []
        self._sent = SampleRanges()
        self._skipped = SampleRanges()
        self._skipped_to = 0

    @property
    def sent(self) -> int:
        """How many samples were sent, each counted once."""
        return self._sent.count

    @property
    def skipped(self) -> int:
        """How many samples were passed over and not sent by any session."""
        return self._skipped.count

    def __len__(self) -> int:
        """Return how many ranges are kept."""
        return len(self._times)

    def row(self, index: int) -> tuple[int, int, float]:
        """Return a range as it was added: start, stop (exclusive), time (s). Once kept it never changes."""
        return self._starts[index], self._stops[index], self._times[index]

    @property
    def stop(self) -> int:
        """One past the last sample that was sent or skipped; 0 when nothing was."""
        return max(self._sent_to, self._skipped_to)

    @property
    def last_time(self) -> float:
        """When sound went out last (s); 0 where none did."""
        return self._times[-1] if self._times else 0.0

    @property
    def _sent_to(self) -> int:
        return self._stops[-1] if self._stops else 0

    def skip(self, start: int, stop: int) -> None:
        """Note that samples ``start`` to ``stop`` (exclusive) were passed over; earlier ones may wait."""
        for part in self._sent.missing(start, stop):
            self._skipped.add(*part)
        self._skipped_to = max(self._skipped_to, stop)

    def add(self, start: int, stop: int, time: float) -> bool:
        """Note that samples ``start`` to ``stop`` (exclusive) left at ``time`` seconds.

        Returns
        -------
        bool
            Whether the range is kept as a row: one that reaches no further than those before it is not.
        """
        before = self._sent_to
        for part in self._sent.missing(start, min(stop, before)):
            insort(self._filled, (*part, time))
        self._sent.add(start, stop)
        self._skipped.remove(start, stop)
        if stop <= max(start, before):
            return False
        self._starts.append(start)
        self._stops.append(stop)
        self._times.append(time)
        return True

    def at(self, sample: int) -> float | None:
        """Return the time (s) at which the chunk with this sample first went out; None if it never did."""
        index = bisect_right(self._stops, sample)
        if 0 <= sample and index < len(self._stops) and sample >= self._starts[index]:
            return self._times[index]
        filled = bisect_right(self._filled, sample, key=itemgetter(0)) - 1
        return self._filled[filled][2] if filled >= 0 and sample < self._filled[filled][1] else None

    def sent_by(self, time: float) -> int:
        """Return one past the last sample that had been sent by then."""
        index = bisect_right(self._times, time)
        return self._stops[index - 1] if index else 0

    def drift(self, sample: int, until: float, samples_per_second: float) -> float:
        """Return by how many seconds sound went out too soon (or, negative, was held up) on a stretch.

        Parameters
        ----------
        sample : int
            Where the stretch begins.
        until : float
            The time (s) at which it ends.
        samples_per_second : float
            What the pace should have been.

        Notes
        -----
        0.0 where nothing of it was sent. Where no sound followed, the time since its last held
        nothing up.

        Examples
        --------
        >>> ledger = SendLedger()
        >>> for second in range(4):
        ...     _ = ledger.add(1000 * second, 1000 * second + 1000, [0.0, 0.1, 2.0, 5.0][second])
        >>> round(ledger.drift(0, 1.0, 1000), 3), round(ledger.drift(1000, 4.9, 1000), 3)
        (1.0, -2.8)
        """
        begun, index = self.at(sample), bisect_right(self._times, until)
        if begun is None or index == 0:
            return 0.0
        passed = (self._stops[index - 1] - sample) / samples_per_second
        drift = passed - (until - begun)
        if index < len(self):
            return drift
        return max(drift, min(0.0, passed - (self._times[-1] - begun)))
