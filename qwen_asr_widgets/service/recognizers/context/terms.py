"""Names and rare words of a context (``corpus.text``), put into a final text where it sounds like them.

An engine that knows no context writes a name it has never seen as what is nearest in sound: "gold shemit" for
Goldschmidt. So spans of the text are compared with the terms, phone by phone. One with a word that is no
English is replaced by a term much like it; plain English by what sounds the same, or where it stands between
the same words as the term in the context ("we use gun to write", for Qwen).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from .pronunciation import PHONES, Pronunciations

ALIKE = 0.4
"""Distance up to which a span that is not plain English is taken for one of up to ten terms."""

STRICTER = 0.06
"""By how much less for ten times as many terms: the more there are, the more are alike by chance."""

EXPECTED = 0.5
"""Distance up to which a span is taken for a term that stands between the same two words in the context."""

SAME = 0.05
"""Distance up to which plain English is taken for a term: it sounds the same and is spelt otherwise."""

SHORTEST = 4
"""Phones that a term must have, and one more to replace plain English: shorter ones sound like much."""

MOST_WORDS = 4
"""Words of a span, as in "cats and brigand" for Katzenberg."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_BEFORE = 40
"""Letters before a word in which the end of a sentence is looked for."""

_SENTENCE_END = re.compile(r"(?<!\bMr)(?<!\bMrs)(?<!\bDr)[.!?;:\r\n]\s*$")
_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor"}

_LETTER = {phone: chr(ord("A") + index) for index, phone in enumerate(PHONES)}
_VOWELS = "AA AE AH AO AW AY EH EY IH IY OW OY UH UW"
_CONSONANTS = "P B|T D TH DH|K G|F V|S Z|SH ZH CH JH|M|N NG|L|R ER|W|Y|HH".split("|")
_KINDS = (*_CONSONANTS, _VOWELS)
_KIND = {phone: chr(ord("A") + index) for index, kind in enumerate(_KINDS) for phone in kind.split()}


@dataclass(frozen=True)
class Span:
    """Words ``first`` up to ``stop`` of a text, which stand at the characters ``begin`` up to ``end``.

    ``between`` are the words before and after it, in lower case, empty where there is none.
    """

    first: int
    stop: int
    begin: int
    end: int
    phones: tuple[str, ...]
    is_plain: bool
    between: tuple[str, str]


@dataclass(frozen=True)
class Term:
    """A word of the context: how it sounds, whether it is said often, and between which words it stands."""

    text: str
    phones: tuple[str, ...]
    is_common: bool
    between: frozenset[tuple[str, str]]


class TermCorrector:
    """Puts the terms of a context into texts.

    The distance of two sounds is the mean of two edit distances, each as a share of the longer sound: of the
    phones, and of the kinds of phones, where all vowels are one kind, and P and B, T and D, K and G.

    Parameters
    ----------
    corpus_text : str
        Sentences or lists of terms. Its terms are the words that are not common, and those with a capital
        where no sentence begins.
    pronunciations : Pronunciations
        How words sound, and which are common.

    Attributes
    ----------
    terms : tuple of Term
        In the order in which they first stand in the context.

    Examples
    --------
    >>> corrector = TermCorrector("Ask Goldschmidt or Katzenberg.", Pronunciations())
    >>> [term.text for term in corrector.terms], corrector.correct("Is gold shemit here?")
    (['Goldschmidt', 'Katzenberg'], 'Is Goldschmidt here?')
    """

    def __init__(self, corpus_text: str, pronunciations: Pronunciations) -> None:
        self._sounds = pronunciations
        words = list(_WORD.finditer(corpus_text))
        self.terms = tuple(term for term in self._terms(corpus_text, words) if len(term.phones) >= SHORTEST)
        self._limit = ALIKE - STRICTER * max(0.0, math.log10(max(1, len(self.terms)) / 10))

    def correct(self, text: str) -> str:
        """Return a text with the terms that were said, as far as their sound shows it."""
        spans = self._spans(text) if self.terms else []
        if not spans:
            return text
        chosen: list[tuple[Span, Term]] = []
        excess = self._distances(spans) - self._limits(spans)
        for place in np.argsort(excess, axis=None, kind="stable"):
            row, column = np.unravel_index(place, excess.shape)
            span = spans[row]
            if excess[row, column] > 0:
                break
            if all(span.stop <= other.first or other.stop <= span.first for other, _ in chosen):
                chosen.append((span, self.terms[column]))
        for span, term in sorted(chosen, key=lambda pair: -pair[0].begin):
            before = text[:span.begin]
            text = (f"{before[:-1]} " if before.endswith("-") else before) + term.text + text[span.end:]
        return text

    def _distances(self, spans: Sequence[Span]) -> NDArray[np.float32]:
        """Return the distance of each span to each term, shape (spans, terms)."""
        both = [
            cdist(
                ["".join(map(alphabet.__getitem__, span.phones)) for span in spans],
                ["".join(map(alphabet.__getitem__, term.phones)) for term in self.terms],
                scorer=Levenshtein.normalized_distance, dtype=np.float32,
            )
            for alphabet in (_LETTER, _KIND)
        ]
        distances: NDArray[np.float32] = (both[0] + both[1]) / 2
        return distances

    def _limits(self, spans: Sequence[Span]) -> NDArray[np.float32]:
        """Return the distance up to which each span is taken for each term, shape (spans, terms)."""
        is_plain = np.array([span.is_plain for span in spans])[:, None]
        is_common = np.array([term.is_common for term in self.terms])
        is_short = np.array([len(term.phones) <= SHORTEST for term in self.terms])
        limits = np.where(is_plain | is_common, np.where(is_short, -1.0, SAME), self._limit)
        expected = [[span.between in term.between for term in self.terms] for span in spans]
        return np.where(expected, EXPECTED, limits).astype(np.float32)

    def _spans(self, text: str) -> list[Span]:
        """Return all spans of up to `MOST_WORDS` words."""
        found = list(_WORD.finditer(text))
        words, stems = [match.group() for match in found], [_stem(match) for match in found]
        plain = [self._is_plain(match, text) for match in found]
        spans = []
        for first in range(len(found)):
            for stop in range(first + 1, min(first + MOST_WORDS, len(found)) + 1):
                end = found[stop - 1].start() + len(stems[stop - 1])
                is_title = stems[stop - 1].lower() in _TITLES and text[end:end + 1] == "."
                spans.append(Span(
                    first, stop, found[first].start(), end + is_title,
                    self._phones([*words[first:stop - 1], stems[stop - 1]]),
                    all(plain[first:stop]), _between(found, first, stop),
                ))
        return spans

    def _is_plain(self, match: re.Match[str], text: str) -> bool:
        """Return whether a word of a text is English and not written as a name that is rare."""
        stem = _stem(match)
        return self._sounds.is_known(stem) and (self._sounds.is_common(stem) or not _is_name(match, text))

    def _terms(self, corpus_text: str, words: Sequence[re.Match[str]]) -> Iterator[Term]:
        """Yield each term once, as it is written first."""
        places: dict[str, list[int]] = {}
        for index, match in enumerate(words):
            places.setdefault(_stem(match).lower(), []).append(index)
        for indices in places.values():
            stem = _stem(words[indices[0]])
            is_common = self._sounds.is_common(stem)
            if not is_common or any(_is_name(words[index], corpus_text) for index in indices):
                between = {_between(words, index, index + 1) for index in indices}
                yield Term(stem, self._phones([stem]), is_common, frozenset(b for b in between if all(b)))

    def _phones(self, words: Iterable[str]) -> tuple[str, ...]:
        written = (_TITLES.get(word.lower(), word) for word in words)
        return tuple(phone for word in written for phone in self._sounds.of(word))


def _stem(match: re.Match[str]) -> str:
    """Return a word without the ``'s`` of a possessive."""
    return re.sub(r"['\u2019]s$", "", match.group())


def _is_name(match: re.Match[str], text: str) -> bool:
    """Return whether a word has a capital though no sentence begins with it."""
    before = text[max(0, match.start() - _BEFORE):match.start()]
    return match.group()[0].isupper() and bool(before) and not _SENTENCE_END.search(before)


def _between(words: Sequence[re.Match[str]], first: int, stop: int) -> tuple[str, str]:
    """Return the words before and after some, in lower case; empty where there is none."""
    before, after = (
        _TITLES.get(word, word) for word in (
            words[first - 1].group().lower() if first else "",
            words[stop].group().lower() if stop < len(words) else "",
        )
    )
    return before, after
