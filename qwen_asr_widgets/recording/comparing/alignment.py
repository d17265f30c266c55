"""Texts of one sound side by side, word by word: what each run wrote where the other has another word.

The alignment is jiwer's: the fewest words put in, left out or replaced, after the normalisation of
`normalized` (Unicode NFKC, without case and punctuation). Languages without settled words are aligned by
character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING

from ...formatting import printable
from ..text import judged_by_character, normalized

if TYPE_CHECKING:
    from ..recording import Recording

SAME, REPLACED, ADDED, LEFT_OUT, NOTHING = "=", "~", "+", "-", ""
"""What a run has in a column beside the text it is compared with; `NOTHING` where neither has a word."""


@dataclass(frozen=True)
class SpokenText:
    """A text that is compared, in the pieces (turns, utterances) in which it was said.

    Parameters
    ----------
    name : str
        What it is called.
    pieces : tuple of str
        What each says; a text without turns is one piece.
    """

    name: str
    pieces: tuple[str, ...]

    @classmethod
    def of_recording(cls, name: str, recording: Recording) -> SpokenText:
        """Return what a recording's utterances say, a piece each; one without a final says nothing."""
        return cls(name, tuple("" if one.is_draft else one.text for one in recording.utterances))


@dataclass(frozen=True)
class AlignedWord:
    """One word, or character, of a text.

    Parameters
    ----------
    written : str
        As it stands in the text, with its punctuation.
    token : str
        As it is compared.
    piece : int
        Index of the piece it is in.
    """

    written: str
    token: str
    piece: int


Column = tuple["AlignedWord | None", ...]
"""What each text has at one place; the first is what the others are compared with."""


@dataclass(frozen=True)
class EditCounts:
    """How a text differs from the one it is compared with.

    Parameters
    ----------
    same, replaced, left_out, added : int
        Words, or characters.

    Examples
    --------
    >>> EditCounts(same=3, replaced=1, left_out=0, added=1).rate
    0.5
    """

    same: int
    replaced: int
    left_out: int
    added: int

    @property
    def differing(self) -> int:
        """How many places differ."""
        return self.replaced + self.left_out + self.added

    @property
    def rate(self) -> float | None:
        """The error rate; None where the text compared with has no words."""
        length = self.same + self.replaced + self.left_out
        return self.differing / length if length else None


@dataclass(frozen=True)
class Alignment:
    """Texts in columns, as `align` returns them.

    Parameters
    ----------
    names : tuple of str
        What the texts are called; the others are compared with the first.
    columns : tuple of tuple
        One `AlignedWord` or None for each text.
    by_character : bool
        Whether characters stand in place of words.

    Examples
    --------
    >>> found = align(SpokenText("said", ("a good day",)), [SpokenText("heard", ("good day, um",))])
    >>> [found.mark(column, 1) for column in found.columns]
    ['-', '=', '=', '+']
    """

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    by_character: bool

    @staticmethod
    def mark(column: Column, row: int) -> str:
        """Return how a text differs in a column from the first one."""
        base, word = column[0], column[row]
        if base is None or word is None:
            return NOTHING if base is word else ADDED if base is None else LEFT_OUT
        return SAME if base.token == word.token else REPLACED

    def counts(self, row: int) -> EditCounts:
        """Return how a text differs from the first one."""
        marks = [self.mark(column, row) for column in self.columns]
        return EditCounts(*(marks.count(kind) for kind in (SAME, REPLACED, LEFT_OUT, ADDED)))

    def blocks(self) -> Iterator[tuple[Column, ...]]:
        """Yield the columns in stretches: a new one with each piece of the first text that has several."""
        several = [len({word.piece for word in self._words(row)}) > 1 for row in range(len(self.names))]
        lead = several.index(True) if True in several else 0
        block: list[Column] = []
        at = None
        for column in self.columns:
            word = column[lead]
            if word is not None and at not in (None, word.piece):
                yield tuple(block)
                block = []
            at = at if word is None else word.piece
            block.append(column)
        if block:
            yield tuple(block)

    def _words(self, row: int) -> Iterator[AlignedWord]:
        return (word for column in self.columns if (word := column[row]) is not None)

    def __str__(self) -> str:
        return "\n".join(self._differs(row) for row in range(1, len(self.names)))

    def _differs(self, row: int) -> str:
        """Return in how many places a text differs from the first one, and how."""
        counts, base, name = self.counts(row), printable(self.names[0]), printable(self.names[row])
        if not counts.differing:
            return f"{name}: the same words as {base}" if counts.same else f"{name}: no words"
        places = "1 place" if counts.differing == 1 else f"{counts.differing} places"
        unit = "characters" if self.by_character else "words"
        length = counts.same + counts.replaced + counts.left_out
        share = "" if counts.rate is None else f" ({100 * counts.rate:.1f} %)"
        return (
            f"{name}: differs from {base} in {places} of {length} {unit}{share}: {counts.replaced} replaced, "
            f"{counts.left_out} left out, {counts.added} added"
        )

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><b>{escape(name)}</b> {self._as_edits(row) if row else self._as_text()}</p>"
            for row, name in enumerate(self.names)
        )

    def _as_text(self) -> str:
        return self._space.join(escape(word.written) for word in self._words(0))

    def _as_edits(self, row: int) -> str:
        """Return a text with what it leaves out struck through and what it has otherwise underlined."""
        parts = []
        for column in self.columns:
            base, word, kind = column[0], column[row], self.mark(column, row)
            if base is not None and kind in (REPLACED, LEFT_OUT):
                parts.append(f"<del>{escape(base.written)}</del>")
            if word is not None:
                written = escape(word.written)
                parts.append(written if kind == SAME else f"<ins>{written}</ins>")
        return self._space.join(parts)

    @property
    def _space(self) -> str:
        return "" if self.by_character else " "


def align(base: SpokenText, others: Sequence[SpokenText], language: str | None = None) -> Alignment:
    """Align texts with the first one, word by word.

    Parameters
    ----------
    base : SpokenText
        What the others are compared with.
    others : sequence of SpokenText
        What runs wrote.
    language : str, optional
        Says whether words or characters are aligned; without it the script of ``base`` does.

    Returns
    -------
    Alignment
        Words that several runs have where ``base`` has none share columns, from the left.

    Examples
    --------
    >>> found = align(SpokenText("said", ("Good day.",)), [SpokenText("heard", ("good night",))])
    >>> found.counts(1).rate
    0.5
    """
    by_character = judged_by_character(" ".join(base.pieces), language)
    said = _words_of(base, by_character)
    rows = [_beside(said, _words_of(other, by_character)) for other in others]
    columns: list[Column] = []
    for place, word in enumerate([*said, None]):
        columns += [(None, *added) for added in zip_longest(*(row.added[place] for row in rows))]
        if word is not None:
            columns.append((word, *(row.beside[place] for row in rows)))
    return Alignment((base.name, *(other.name for other in others)), tuple(columns), by_character)


@dataclass(frozen=True)
class _Row:
    """What one text has beside each word of another, and before each, one more time after the last."""

    beside: list[AlignedWord | None]
    added: list[list[AlignedWord]]


def _beside(said: Sequence[AlignedWord], heard: Sequence[AlignedWord]) -> _Row:
    """Find what stands where by jiwer's alignment."""
    row = _Row([None] * len(said), [[] for _ in range(len(said) + 1)])
    if not said:
        row.added[0].extend(heard)
        return row
    import jiwer

    texts = [" ".join(word.token for word in words) for words in (said, heard)]
    output = jiwer.process_words(texts[0], texts[1])
    for chunk in output.alignments[0]:
        words = heard[chunk.hyp_start_idx:chunk.hyp_end_idx]
        if chunk.type == "insert":
            row.added[chunk.ref_start_idx].extend(words)
        elif chunk.type != "delete":
            row.beside[chunk.ref_start_idx:chunk.ref_end_idx] = words
    return row


def _words_of(text: SpokenText, by_character: bool) -> list[AlignedWord]:
    """Return the words of a text as they are compared; a written word of several keeps none of its signs."""
    split = _characters if by_character else _written_words
    return [
        AlignedWord(written, token, place) for place, piece in enumerate(text.pieces)
        for written, token in split(piece)
    ]


def _characters(piece: str) -> Iterable[tuple[str, str]]:
    return ((one, one) for one in normalized(piece) if not one.isspace())


def _written_words(piece: str) -> Iterable[tuple[str, str]]:
    for written in piece.split():
        tokens = normalized(written).split()
        yield from ((written if len(tokens) == 1 else token, token) for token in tokens)
