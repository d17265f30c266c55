"""Samples of a timeline as ranges that do not overlap, however often and in whatever order they are named."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class SampleRanges:
    """A set of sample numbers, kept as ranges in order. Ranges that meet are one.

    Notes
    -----
    What goes on where the last range ends only moves that end, so sound that is sent from start to end is a
    single range, and one whose silences are passed over has a range a turn.

    Examples
    --------
    >>> ranges = SampleRanges()
    >>> ranges.add(0, 100), ranges.add(100, 200), ranges.add(150, 300), ranges.add(500, 600)
    (None, None, None, None)
    >>> ranges.count, list(ranges.missing(250, 700))
    (400, [(300, 500), (600, 700)])
    >>> ranges.remove(50, 550)
    >>> ranges.count, list(ranges.missing(0, 600))
    (100, [(50, 550)])
    """

    def __init__(self) -> None:
        self._starts = array("q")
        self._stops = array("q")
        self.count = 0
        """How many samples there are."""

    def add(self, start: int, stop: int) -> None:
        """Add the samples ``start`` to ``stop`` (exclusive); none where that is not later."""
        if start >= stop:
            return
        first, last = bisect_left(self._stops, start), bisect_right(self._starts, stop)
        if first < last:
            start, stop = min(start, self._starts[first]), max(stop, self._stops[last - 1])
        self._put(first, last, [(start, stop)])

    def remove(self, start: int, stop: int) -> None:
        """Remove those of the samples ``start`` to ``stop`` (exclusive) that are there."""
        first, last = bisect_right(self._stops, start), bisect_left(self._starts, stop)
        if first < last:
            left, right = (self._starts[first], start), (stop, self._stops[last - 1])
            self._put(first, last, [side for side in (left, right) if side[0] < side[1]])

    def missing(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of samples from ``start`` to ``stop`` (exclusive) that are not there, in order."""
        for index in range(bisect_right(self._stops, start), len(self._starts)):
            if self._starts[index] >= stop:
                break
            if start < self._starts[index]:
                yield start, self._starts[index]
            start = self._stops[index]
        if start < stop:
            yield start, stop

    def _put(self, first: int, last: int, ranges: list[tuple[int, int]]) -> None:
        """Put ranges in the place of those from ``first`` to ``last`` (exclusive)."""
        before = sum(self._stops[first:last]) - sum(self._starts[first:last])
        self.count += sum(stop - start for start, stop in ranges) - before
        self._starts[first:last] = array("q", (start for start, _ in ranges))
        self._stops[first:last] = array("q", (stop for _, stop in ranges))
