"""How English words sound, as phones of the CMU dictionary, and how common they are.

Dictionary and word counts come from pocketsphinx, where that is installed; words that the dictionary lacks
are spelt out by a letter-to-sound rule. Neither is exact: it serves to find out which words sound alike.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

COMMON = -126_600
"""Score in pocketsphinx's unigram model, log to the base 1.0001, from which a word is common: ``10 ** -5.5``.

"moment" and "schedule" are, "moist" and "brigand" are not; nor is "schwarzkopf".
"""

PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()

_SOUNDS = {
    "tsch": "CH", "sch": "SH", "tch": "CH", "szcz": "SH CH", "cz": "CH", "sz": "SH", "zh": "ZH",
    "sh": "SH", "ch": "CH", "ck": "K", "ph": "F", "th": "TH", "gh": "G", "wh": "W", "wr": "R",
    "kn": "N", "ng": "NG", "qu": "K W", "dg": "JH", "tz": "T S", "rz": "ZH", "ee": "IY", "ea": "IY",
    "ie": "IY", "ei": "AY", "ey": "IY", "ai": "EY", "ay": "EY", "oa": "OW", "oo": "UW", "ou": "AW",
    "ow": "OW", "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "ew": "UW", "eu": "OY", "ue": "UW",
    "er": "ER", "ir": "ER", "ur": "ER", "ar": "AA R", "or": "AO R", "ce": "S EH", "ci": "S IH",
    "cy": "S IY", "x": "K S", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G",
    "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P",
    "q": "K W", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "y": "IH", "z": "Z",
}
_ENDINGS = (
    ("tion", "SH AH N"), ("sion", "ZH AH N"), ("y", "IY"), ("e", ""), ("o", "OW"), ("i", "IY"), ("a", "AH"),
)
_LETTERS = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))


class Pronunciations:
    """What is known of the words of a language model; without pocketsphinx every word is spelt out.

    Examples
    --------
    >>> Pronunciations().of("Anna")
    ('AE', 'N', 'AH')
    """

    def __init__(self) -> None:
        self._dictionary, self._counts = _from_pocketsphinx()

    def of(self, word: str) -> tuple[str, ...]:
        """Return the phones of a word: those of the dictionary, or by the rule."""
        known = self._dictionary.get(word.lower())
        return spelt_out(word) if known is None else tuple(known.split())

    def is_known(self, word: str) -> bool:
        """Return whether the dictionary has a word; without one every word may be English."""
        return not self._dictionary or word.lower() in self._dictionary

    def is_common(self, word: str) -> bool:
        """Return whether a word is said often; without the counts, whether it is in lower case."""
        return word.islower() if self._counts is None else self._counts.prob([word.lower()]) >= COMMON


def spelt_out(word: str) -> tuple[str, ...]:
    """Return the phones of a word by its letters; what is no Latin letter is silent.

    Examples
    --------
    >>> spelt_out("Qwen"), spelt_out("shemit")
    (('K', 'W', 'EH', 'N'), ('SH', 'EH', 'M', 'IH', 'T'))
    """
    stem, last = re.sub(r"([^\W\d_])\1", r"\1", word.lower()).replace("qw", "qu"), ""
    for ending, sound in _ENDINGS:
        if len(stem) > len(ending) + 2 and stem.endswith(ending) and stem[-len(ending) - 1] not in "aeiou":
            stem, last = stem[:-len(ending)], sound
            break
    return tuple(" ".join([*(_SOUNDS[part] for part in _LETTERS.findall(stem)), last]).split())


@lru_cache(maxsize=None)
def _from_pocketsphinx() -> tuple[dict[str, str], Any]:
    """Return the phones by word, in the first way to say it, and the model that counts words."""
    if find_spec("pocketsphinx") is None:
        return {}, None
    from pocketsphinx import NGramModel, get_model_path

    folder = Path(get_model_path("en-us"))
    phones: dict[str, str] = {}
    for line in (folder / "cmudict-en-us.dict").read_text(encoding="utf-8").splitlines():
        word, _, sounds = line.partition(" ")
        phones.setdefault(word, sounds)
    return phones, NGramModel.readfile(str(folder / "en-us.lm.bin"))
