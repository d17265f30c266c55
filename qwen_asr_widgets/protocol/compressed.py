"""Values that are kept for the record and seldom read, in a tenth of the memory."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, overload

T = TypeVar("T", covariant=True)


class Compressed(Sequence[T]):
    """A tuple kept as compressed bytes; it reads, compares and hashes as the tuple does.

    Every access unpacks all of it (about 10 µs a value): whoever reads much of it makes a tuple of it first.

    Parameters
    ----------
    values : iterable
        Values that `pickle` takes, many of them alike: a few hundred at most.

    Examples
    --------
    >>> packed = Compressed(["so", "so the", "so the first"])
    >>> packed[-1], len(packed), packed == ("so", "so the", "so the first")
    ('so the first', 3, True)
    """

    __slots__ = ("_data", "_length")

    def __init__(self, values: Iterable[T]) -> None:
        values = tuple(values)
        self._length = len(values)
        self._data = zlib.compress(pickle.dumps(values, pickle.HIGHEST_PROTOCOL))

    def _unpacked(self) -> tuple[T, ...]:
        values: tuple[T, ...] = pickle.loads(zlib.decompress(self._data))
        return values

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._unpacked()[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self._unpacked())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (Compressed, tuple)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._unpacked())

    def __repr__(self) -> str:
        return repr(self._unpacked())
