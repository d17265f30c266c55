"""Written text as it is counted and compared: units, error rates, and how much partials took back.

Text is counted by words where a language puts spaces between them, else by characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ..errors import SettingError
from ..protocol.languages import WITHOUT_SPACES, has_spaces, primary_subtag
from ..protocol.utterance import Utterance

JUDGED_BY_CHARACTER = WITHOUT_SPACES | {"ko"}
"""Languages whose accuracy is stated as character error rate: Korean has spaces, but not settled ones."""

_HANGUL = "[\u1100-\u11ff\uac00-\ud7af]"


def judged_by_character(text: str, language: str | None = None) -> bool:
    """Tell whether accuracy is stated per character (CER) rather than per word (WER)."""
    code = primary_subtag(language)
    if code:
        return code in JUDGED_BY_CHARACTER
    return not has_spaces(text) or re.search(_HANGUL, text) is not None


def units(text: str, language: str | None = None) -> list[str]:
    """Split a text into what a reader sees change: words, or characters where there are no spaces.

    Examples
    --------
    >>> units("so it was"), units("早上 好")
    (['so', 'it', 'was'], ['早', '上', '好'])
    """
    if has_spaces(text, language):
        return text.split()
    return [character for character in text if not character.isspace()]


def error_rate(reference: str, hypothesis: str, language: str | None = None) -> float:
    """Return the word error rate, or the character error rate where spaces do not settle what a word is.

    Raises
    ------
    SettingError
        The reference holds no words.

    Examples
    --------
    >>> error_rate("Good morning, everyone.", "good morning every one")
    0.6666666666666666
    >>> error_rate("早上好", "早上号")
    0.3333333333333333
    """
    import jiwer

    by_character = judged_by_character(reference, language)
    said, heard = normalized(reference), normalized(hypothesis)
    if by_character:
        said, heard = said.replace(" ", ""), heard.replace(" ", "")
    if not said:
        raise SettingError(f"The reference text {reference!r} holds no words to compare with.", "reference")
    return float(jiwer.cer(said, heard) if by_character else jiwer.wer(said, heard))


def normalized(text: str) -> str:
    """Return a text without case, punctuation and differences in width; apostrophes inside words stay.

    Examples
    --------
    >>> normalized("Ｗell—it's  fine!")
    "well it's fine"
    """
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    text = re.sub(r"(?<!\w)'|'(?!\w)", " ", text)
    kept = (
        character if character == "'" or unicodedata.category(character)[0] in "LNM" else " "
        for character in text
    )
    return " ".join("".join(kept).split())


@lru_cache(maxsize=None)
def whisper_english() -> Callable[[str], str] | None:
    """Return Whisper's normalisation of English, None where whisper-normalizer is not installed."""
    try:
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError:
        return None
    normalizer: Any = EnglishTextNormalizer()
    return lambda text: str(normalizer(text))


def whisper_error_rate(reference: str, hypothesis: str) -> float | None:
    """Return the word error rate of English as Whisper's authors count it, None where that is not possible.

    Numbers, spellings, contractions and fillers that mean the same are the same: see appendix C of Radford et
    al. (2022), "Robust Speech Recognition via Large-Scale Weak Supervision". None where whisper-normalizer is
    not installed, or leaves nothing of the reference.
    """
    import jiwer

    normalize = whisper_english()
    said = "" if normalize is None else normalize(reference)
    if normalize is None or not said:
        return None
    return float(jiwer.wer(said, normalize(hypothesis)))


def revised_share(versions: Sequence[str], language: str | None = None) -> float | None:
    """Return the share of shown words (or characters) that a later version took back.

    Each version is compared with the next: what stands after their common beginning is taken back. The last
    version is the final; it can take back, but what it adds was never a partial. This is the erasure of
    Arivazhagan et al. (2020), "Re-translation versus streaming", over what the partials wrote.

    Examples
    --------
    >>> revised_share(["so it", "so I was", "so I was there"], "en")
    0.25
    """
    written = erased = 0
    shown: list[str] = []
    for position, version in enumerate(versions):
        following = units(version, language)
        common = 0
        while common < min(len(shown), len(following)) and shown[common] == following[common]:
            common += 1
        erased += len(shown) - common
        if position < len(versions) - 1:
            written += len(following) - common
        shown = following
    return erased / written if written else None


def revised(utterance: Utterance) -> float | None:
    """Return the revised share once nothing more can be revised."""
    if utterance.open or not utterance.partials:
        return None
    versions = [partial.text + partial.stash for partial in utterance.partials]
    final = utterance.text if utterance.status == "final" else versions[-1]
    return revised_share([*versions, final], utterance.language)
