"""The language model that pocketsphinx makes of a session's context text (``corpus.text``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_SENTENCE_ENDS = re.compile(r"[.!?;:\r\n]+(?:\s|$)|\n")
_WORD = re.compile(r"\w+(?:['.\-]\w+)*")


@dataclass(frozen=True)
class ContextSentences:
    """Context text as a recogniser with a fixed vocabulary can use it.

    Parameters
    ----------
    sentences : tuple of tuple of str
        Known words, sentence by sentence.
    unknown : tuple of str
        Words without a known pronunciation, in the order in which they first appear.
    """

    sentences: tuple[tuple[str, ...], ...]
    unknown: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All known words, each once, sorted."""
        return tuple(sorted({word for sentence in self.sentences for word in sentence}))


def read_context(text: str, knows: Callable[[str], bool]) -> ContextSentences:
    """Split context text into sentences of known words.

    Parameters
    ----------
    text : str
        Sentences or lists of terms; line breaks and ends of sentences separate.
    knows : callable
        Says of a word in lower case whether its pronunciation is known.

    Examples
    --------
    >>> read_context("Ask Qwen, then Anna.\\nGoodbye!", lambda word: word != "qwen")
    ContextSentences(sentences=(('ask', 'then', 'anna'), ('goodbye',)), unknown=('qwen',))
    """
    sentences: list[tuple[str, ...]] = []
    unknown: dict[str, None] = {}
    for part in _SENTENCE_ENDS.split(text.lower().replace("\u2019", "'")):
        known = []
        for word in _words(part, knows):
            if knows(word):
                known.append(word)
            else:
                unknown[word] = None
        if known:
            sentences.append(tuple(known))
    return ContextSentences(tuple(sentences), tuple(unknown))


def _words(part: str, knows: Callable[[str], bool]) -> Iterable[str]:
    """Return the words of a sentence; a compound that is not known as such counts as its parts."""
    for word in _WORD.findall(part):
        if knows(word):
            yield word
        else:
            yield from re.split(r"[.\-]", word)


def write_model(
    context: ContextSentences, pronounce: Callable[[str], Iterable[str]], folder: Path
) -> tuple[Path, Path]:
    """Write the language model and the dictionary of a context; return their paths.

    Parameters
    ----------
    context : ContextSentences
        At least one sentence: the model builder ends the process without any.
    pronounce : callable
        Gives the pronunciations of a known word, each as phones separated by spaces.
    folder : Path
        Where to write; pocketsphinx loads models from files alone.
    """
    from pocketsphinx.lm import ArpaBoLM

    model = ArpaBoLM(text="".join(f"<s> {' '.join(words)} </s>\n" for words in context.sentences))
    model.compute()
    model_path, dictionary_path = folder / "corpus.arpa", folder / "corpus.dict"
    model.write_file(str(model_path))
    lines = []
    for word in context.words:
        for number, phones in enumerate(pronounce(word), 1):
            lines.append(f"{word if number == 1 else f'{word}({number})'} {phones}\n")
    dictionary_path.write_text("".join(lines), encoding="utf-8")
    return model_path, dictionary_path
