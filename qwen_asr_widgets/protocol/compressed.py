"""Values that are kept for the record and seldom read: in a tenth of the memory, or the first few of many."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T", covariant=True)
K = TypeVar("K")


class Compressed(Sequence[T]):
    """A tuple kept as compressed bytes; it reads, compares and hashes as the tuple does.

    Every access decompresses all of it (about 10 µs a value): make a tuple of it first to read much of it.

    Parameters
    ----------
    values : iterable
        Values that `pickle` takes, many of them alike: a few hundred at most.

    Examples
    --------
    >>> compressed = Compressed(["so", "so the", "so the first"])
    >>> compressed[-1], len(compressed), compressed == ("so", "so the", "so the first")
    ('so the first', 3, True)
    """

    __slots__ = ("_data", "_length")

    def __init__(self, values: Iterable[T]) -> None:
        values = tuple(values)
        self._length = len(values)
        self._data = zlib.compress(pickle.dumps(values, pickle.HIGHEST_PROTOCOL))

    def _values(self) -> tuple[T, ...]:
        values: tuple[T, ...] = pickle.loads(zlib.decompress(self._data))
        return values

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._values()[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self._values())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (Compressed, tuple)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __deepcopy__(self, memo: object) -> Compressed[T]:
        """Return itself: the bytes never change."""
        return self

    def __repr__(self) -> str:
        return repr(self._values())


class Kept(Generic[K]):
    """The first so many of what may come without end; the others are counted.

    Examples
    --------
    >>> notes = Kept(2)
    >>> for note in ("a", "b", "c", "d"): notes.add(note)
    >>> notes.values, notes.left_out
    (('a', 'b'), 2)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: list[K] = []
        self.left_out = 0

    @property
    def values(self) -> tuple[K, ...]:
        """Those that are kept, oldest first."""
        return tuple(self._values)

    def add(self, value: K) -> None:
        """Keep a value, or count it where there are enough."""
        if len(self._values) < self._most:
            self._values.append(value)
        else:
            self.left_out += 1
