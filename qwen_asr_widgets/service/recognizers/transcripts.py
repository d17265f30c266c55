"""What speech models write beside the words: Qwen3-ASR's raw form, names of languages, repetition loops."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...protocol.config import LANGUAGES

LANGUAGE_CODES = {
    **{name.lower(): code for code, name in LANGUAGES.items()},
    "dutch": "nl", "greek": "el", "hungarian": "hu", "macedonian": "mk", "persian": "fa", "romanian": "ro",
}
"""Codes by the English names, in lower case, of the languages that DashScope lists and Qwen3-ASR names."""

_RAW = re.compile(r"(?:language\s+([^<>\n]{1,60}?)\s*)?<asr_text>")
_HALF_RAW = re.compile(r"language(\s+[A-Z][a-z]*)?(<[a-z_]{0,8})?")
_LOOP = re.compile(r"(.{1,60}?)\1{4,}", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[a-z]{2}[.?!] )[a-z]")  # not behind "e.g."
_SHORTEST_LOOP = 24
"""Characters under which five times the same may have been said: "no no no no no"."""
_LONGEST_ROUND = 8
"""Words of which one round of a loop at the end of a draft has at most."""


@dataclass(frozen=True)
class Transcript:
    """The words of an utterance and the code of the language they are in, where the model says it."""

    text: str
    language: str | None = None


def read_transcript(answer: str, language: str | None = None) -> Transcript:
    """Return what a model's answer says.

    Parameters
    ----------
    answer : str
        The text of an answer, also where it is not yet whole. Qwen3-ASR's raw form is
        ``language English<asr_text>words``, once or again for each piece of long audio; ``language None`` for
        silence.
    language : str or None
        What the answer says of the language beside its text: a code or an English name.

    Examples
    --------
    >>> read_transcript("language English<asr_text>Good morning.")
    Transcript(text='Good morning.', language='en')
    >>> read_transcript("language None<asr_text>"), read_transcript(" Bonjour.", "french")
    (Transcript(text='', language=None), Transcript(text='Bonjour.', language='fr'))
    """
    named = [match.group(1) for match in _RAW.finditer(answer) if match.group(1)]
    words = "" if _HALF_RAW.fullmatch(answer.strip()) else _RAW.sub("", answer)
    codes = (language_code(name) for name in [*named, language])
    return Transcript(without_loops(words.strip()), next((code for code in codes if code), None))


def language_code(name: str | None) -> str | None:
    """Return the code of a language by its English name or by its code; None where it is neither.

    Examples
    --------
    >>> language_code("Cantonese"), language_code("en-US"), language_code("None")
    ('yue', 'en', None)
    """
    word = re.split(r"[,\s_-]", (name or "").strip().lower())[0]
    return LANGUAGE_CODES.get(word) or (word if re.fullmatch("[a-z]{2,3}", word) else None)


def with_capitals(text: str) -> str:
    """Return a text of which every sentence begins with a capital: a model that writes them forgets some.

    Examples
    --------
    >>> with_capitals("That is not valid. please try again.")
    'That is not valid. Please try again.'
    """
    return _SENTENCE.sub(lambda first: first.group().upper(), text)


def without_end_loop(text: str) -> str:
    """Return a draft whose end does not go round: what follows itself there stands once.

    A model that is given a word cut in two fills up the sound with what it wrote last. One or two words must
    have come three times, more words twice; of a final, which may hold just that, nothing is taken.

    Examples
    --------
    >>> without_end_loop("Nobody is of of of of of")
    'Nobody is of'
    >>> without_end_loop("Nobody can take your call up to take your call up to take")
    'Nobody can take your call up to'
    >>> without_end_loop("The number you had had")
    'The number you had had'
    """
    words = text.split()
    plain = [word.strip(",.?!").casefold() for word in words]
    for size in range(1, min(_LONGEST_ROUND, len(words) // 2) + 1):
        again = 0
        while again < len(plain) - size and plain[-1 - again] == plain[-1 - again - size]:
            again += 1
        if again >= size * (2 if size < 3 else 1):
            return " ".join(words[:len(words) - again])
    return text


def without_loops(text: str) -> str:
    """Return a text in which what follows itself five times or more, a model's loop, stands once.

    Examples
    --------
    >>> without_loops("Yes, I am a geek." + " I am a geek." * 40)
    'Yes, I am a geek.'
    >>> without_loops("no no no no no, not that one")
    'no no no no no, not that one'
    """
    def once(loop: re.Match[str]) -> str:
        return loop.group(1) if len(loop.group()) >= _SHORTEST_LOOP else loop.group()

    return _LOOP.sub(once, f"{text.strip()} ").strip()
