"""Partial results of an utterance: what is settled, what may change, and the list that grows one by one.

The documentation has ``text`` (settled) followed by ``stash`` (may change) in every partial. One client saw
the cloud send either alone: ``stash`` while the turn is open, ``text`` in a refined pass. `follow` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True)
class Partial:
    """One partial result: ``text`` is settled, ``stash`` may still change; ``time`` as given to `receive`.

    Together they are the line that was shown. Where the service sends either alone, what it had settled
    before stands in ``text`` again.
    """

    time: float
    text: str
    stash: str


class Partials(Sequence[Partial]):
    """The partials so far, a value that reads, compares and hashes as a tuple does.

    Lists that grew out of each other share their memory, so that the next one costs the same however long
    the list is.

    Examples
    --------
    >>> one = Partials().plus(Partial(0.5, "", "so"))
    >>> two = one.plus(Partial(0.9, "so", " it"))
    >>> len(one), len(two), two[-1].text, one == (Partial(0.5, "", "so"),)
    (1, 2, 'so', True)
    """

    __slots__ = ("_shared", "_length")

    def __init__(self, values: Sequence[Partial] = ()) -> None:
        self._shared = list(values)
        self._length = len(self._shared)

    @classmethod
    def of(cls, values: Sequence[Partial]) -> Partials:
        """Return the values as such a list; one that is stays itself."""
        return values if isinstance(values, cls) else cls(values)

    def plus(self, partial: Partial) -> Partials:
        """Return a list with one more at its end; this one stays as it is."""
        longer = Partials()
        is_newest = len(self._shared) == self._length and self._length
        longer._shared = self._shared if is_newest else self._shared[: self._length]
        longer._shared.append(partial)
        longer._length = self._length + 1
        return longer

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Partial: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Partial, ...]: ...

    def __getitem__(self, index: int | slice) -> Partial | tuple[Partial, ...]:
        places = range(self._length)[index]
        if isinstance(places, range):
            return tuple(self._shared[place] for place in places)
        return self._shared[places]

    def __iter__(self) -> Iterator[Partial]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, list)):
            return NotImplemented
        return len(self) == len(other) and self[:] == tuple(other)

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return repr(self[:])

    def __reduce__(self) -> tuple[type[Partials], tuple[tuple[Partial, ...]]]:
        return Partials, (self[:],)


def follow(settled: str, draft: str, text: str, stash: str, exclusive: bool = False) -> tuple[str, str]:
    """Return what is settled and what is draft after a partial.

    Parameters
    ----------
    settled, draft : str
        Before it.
    text, stash : str
        The partial.
    exclusive : bool
        Whether the service sends either alone: then a settled text that covers part of the draft leaves the
        rest of it standing.

    Examples
    --------
    >>> follow("so it", " wa", "so it was", " a")
    ('so it was', ' a')

    What was settled stays, whether the stash goes on from it or says it again:

    >>> follow("so it was", "", "", "a bright")
    ('so it was', ' a bright')
    >>> follow("So it was.", "", "", "so it was a bright")
    ('So it was.', ' a bright')
    >>> follow("", "so it was a", "So it was", "", exclusive=True)
    ('So it was', ' a')
    >>> follow("so", "", "", "some more")
    ('so', ' some more')
    """
    if settled and not text:
        return settled, _continued(settled, stash)
    if exclusive and text and not stash:
        return text, (_rest(settled + draft, text) or "").rstrip()
    return text, stash


def _continued(settled: str, stash: str) -> str:
    """Return a stash as what follows the settled text."""
    rest = _rest(stash, settled)
    if rest is not None:
        return rest if settled[-1:].isalnum() else rest.lstrip(_MARKS)
    joins_words = settled[-1:].isascii() and stash[:1].isascii() and stash[:1].isalnum()
    return f" {stash}" if joins_words and not settled.endswith(" ") else stash


_MARKS = ".,;:!?\u3001\u3002\uff0c\uff01\uff1f"


def _rest(whole: str, beginning: str) -> str | None:
    """Return what follows a beginning in a text, letters alone compared; None where it does not begin so."""
    letters = [letter for letter in beginning.casefold() if letter.isalnum()]
    place, found = 0, 0
    while found < len(letters):
        folded = [letter for letter in whole[place : place + 1].casefold() if letter.isalnum()]
        if place == len(whole) or folded != letters[found : found + len(folded)]:
            return None
        place, found = place + 1, found + len(folded)
    rest = whole[place:]
    within_word = rest[:1].isalnum() and rest[:1].isascii() and beginning[-1:].isalnum()
    return None if within_word else rest
