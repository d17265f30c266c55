"""Captions: how the words of a turn are laid out on a screen, and for how long.

The rules are those that the style guides of subtitlers share: short lines, two at most, cut at the ends of
clauses where there are such, and on screen long enough to be read. When a word within a turn was spoken is
not known; it is estimated by the share of letters before it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from numbers import Real

from ...errors import SettingError
from ...formatting import with_units

_WIDE = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_CLOSING = "\u3001\u3002\u300d\u300f\uff01\uff0c\uff1a\uff1b\uff1f\uff09"
_PIECE = re.compile(rf"[{_WIDE}][{_CLOSING}]*|[^{_WIDE}]+")
_CLAUSE_ENDS = tuple(",.;:!?\u2026\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f")

_CLAUSE_WORTH = 0.3
"""Share of a line or caption by which a cut may be off the balance to stand at the end of a clause."""


@with_units(line_chars="characters", lines="", chars_per_second="characters/s")
@dataclass(frozen=True)
class SubtitleRules:
    """How much of a text is shown at once, and how long it stands.

    Parameters
    ----------
    line_chars : int
        Most letters of a line, at least 8. A letter as wide as two (Chinese, Japanese, Korean) counts as two.
    lines : int
        Most lines at once, at least 1.
    chars_per_second : float
        A caption stands long enough to be read at this pace, where the next one leaves the time; above 0.

    Raises
    ------
    SettingError
        A value outside its range.

    Examples
    --------
    >>> SubtitleRules(lines=1).line_chars
    42
    """

    line_chars: int = 42
    lines: int = 2
    chars_per_second: float = 17.0

    def __post_init__(self) -> None:
        for name, least in (("line_chars", 8), ("lines", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SettingError(f"{name} is {value!r}; give a whole number of at least {least}.", name)
        pace = self.chars_per_second
        if not isinstance(pace, Real) or not 0 < pace < math.inf:
            raise SettingError(
                f"chars_per_second is {pace!r}; give a number above 0.", "chars_per_second"
            )


@dataclass(frozen=True)
class Caption:
    """What stands on the screen from ``start`` to ``end`` (seconds of the sound), of which turn, from 0."""

    start: float
    end: float
    lines: tuple[str, ...]
    turn: int = 0


@dataclass(frozen=True)
class _Token:
    """A word, or a letter of a language without spaces; ``space``: one stands before it."""

    text: str
    space: bool
    width: int


def captions(turns: Sequence[tuple[float, float, str]], rules: SubtitleRules, until: float) -> list[Caption]:
    """Lay out the texts of turns as captions.

    Parameters
    ----------
    turns : sequence of (start, end, text)
        In order of start, in seconds.
    rules : SubtitleRules
        What a caption holds.
    until : float
        Where the sound ends: no caption is made to stand longer.

    Examples
    --------
    >>> rules = SubtitleRules(line_chars=12, lines=1)
    >>> [(one.start, one.lines) for one in captions([(1.0, 2.0, "it works, as you see")], rules, 9.0)]
    [(1.0, ('it works,',)), (1.45, ('as you see',))]
    """
    laid_out = [
        replace(caption, turn=number)
        for number, turn in enumerate(turns) for caption in _of_turn(*turn, rules)
    ]
    following = [*(one.start for one in laid_out[1:]), until]
    return [_readable(one, rules, after) for one, after in zip(laid_out, following)]


def word_times(start: float, end: float, text: str) -> Iterator[tuple[float, float, str]]:
    """Yield (start, end, word) in seconds: estimates by the share of letters before a word.

    A letter of a language without spaces is a word here.

    Examples
    --------
    >>> list(word_times(1.0, 3.0, "so it"))
    [(1.0, 1.8, 'so'), (2.2, 3.0, 'it')]
    """
    tokens = list(_tokens(text, len(text) or 1))
    whole = _width(tokens) or 1
    per_letter = (end - start) / whole
    at = 0
    for token in tokens:
        at += token.space
        first, at = at, at + token.width
        yield round(start + first * per_letter, 3), round(start + at * per_letter, 3), token.text


def _of_turn(start: float, end: float, text: str, rules: SubtitleRules) -> Iterator[Caption]:
    tokens = list(_tokens(text, rules.line_chars))
    parts = _divided(tokens, rules.line_chars * rules.lines, lambda part: _rows(part, rules) <= rules.lines)
    at, whole = 0, _width(tokens)
    for part in parts:
        begin, at = at, at + sum(token.width + token.space for token in part)
        first, last = (start + (end - start) * min(1.0, place / whole) for place in (begin, at))
        yield Caption(round(first, 3), round(last, 3), tuple(_lines(part, rules)))


def _readable(caption: Caption, rules: SubtitleRules, after: float) -> Caption:
    """Return a caption that stands long enough to be read, as far as there is time before what follows."""
    letters = sum(_width(list(_tokens(line, rules.line_chars))) for line in caption.lines)
    wanted = min(caption.start + letters / rules.chars_per_second, after)
    return replace(caption, end=round(max(caption.end, wanted), 3))


def _tokens(text: str, longest: int) -> Iterator[_Token]:
    """Yield the words of a text; one that no line holds comes in pieces."""
    for number, word in enumerate(text.split()):
        first = True
        for piece in _PIECE.findall(word):
            for at in range(0, len(piece), longest):
                part = piece[at : at + longest]
                yield _Token(part, first and number > 0, sum(map(_letter_width, part)))
                first = False


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _width(tokens: Sequence[_Token]) -> int:
    """Return how wide a line of these is: no space stands before the first."""
    return sum(token.width + token.space for token in tokens) - tokens[0].space if tokens else 0


def _rows(tokens: Sequence[_Token], rules: SubtitleRules) -> int:
    """Return how many lines these need at least."""
    rows, used = 1, 0
    for token in tokens:
        wider = used + token.width + (token.space if used else 0)
        rows, used = (rows, wider) if wider <= rules.line_chars or not used else (rows + 1, token.width)
    return rows


def _lines(tokens: Sequence[_Token], rules: SubtitleRules) -> Iterator[str]:
    """Yield the lines of a caption, about equally long."""
    rest, rows = tokens, _rows(tokens, rules)
    while rows > 1:
        left = rows - 1
        cut = _cut(rest, rows, lambda k: _fits(rest, k, left, rules))
        yield _text(rest[:cut])
        rest, rows = rest[cut:], left
    yield _text(rest)


def _fits(tokens: Sequence[_Token], cut: int, left: int, rules: SubtitleRules) -> bool:
    return _width(tokens[:cut]) <= rules.line_chars and _rows(tokens[cut:], rules) <= left


def _divided(
    tokens: Sequence[_Token], room: int, fits: Callable[[Sequence[_Token]], bool]
) -> Iterator[Sequence[_Token]]:
    """Yield the parts of a text, one a caption, of about the same length and cut at clauses."""
    rest, left = tokens, _width(tokens)
    while left > room or not fits(rest):
        parts = max(2, math.ceil(left / room))
        head = rest[: room + 1]
        cut = _cut(head, parts, lambda k: fits(head[:k]), left)
        yield rest[:cut]
        rest = rest[cut:]
        left = _width(rest)
    if rest:
        yield rest


def _cut(
    tokens: Sequence[_Token], parts: int, allowed: Callable[[int], bool], whole: int | None = None
) -> int:
    """Return after how many tokens to cut: near an equal share, rather at the end of a clause."""
    share = (_width(tokens) if whole is None else whole) / parts
    ends = list(accumulate(token.width + token.space for token in tokens))
    possible = [k for k in range(1, len(tokens)) if ends[k - 1] < 4 * share and allowed(k)] or [1]

    def cost(k: int) -> float:
        at_clause = tokens[k - 1].text.endswith(_CLAUSE_ENDS)
        return abs(ends[k - 1] - share) / share - (_CLAUSE_WORTH if at_clause else 0.0)

    return min(possible, key=cost)


def _text(tokens: Sequence[_Token]) -> str:
    return "".join(f" {token.text}" if token.space else token.text for token in tokens).strip()
