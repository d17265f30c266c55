"""How written text is counted: by words where a language puts spaces between them, else by characters."""

from __future__ import annotations

import re

WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages written without spaces between words."""

JUDGED_BY_CHARACTER = WITHOUT_SPACES | {"ko"}
"""Languages whose accuracy is stated as character error rate: Korean has spaces, but not settled ones."""

_NO_SPACE_SCRIPTS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")


def _code(language: str | None) -> str:
    """Return the primary subtag: ``"zh"`` for ``"zh-CN"``."""
    return (language or "").lower().replace("_", "-").split("-")[0]


def has_spaces(text: str, language: str | None = None) -> bool:
    """Tell whether words are separated by spaces: by the language where known, else by the script.

    Examples
    --------
    >>> has_spaces("good morning"), has_spaces("早上好")
    (True, False)
    """
    code = _code(language)
    return code not in WITHOUT_SPACES if code else not _NO_SPACE_SCRIPTS.search(text)


def judged_by_character(text: str, language: str | None = None) -> bool:
    """Tell whether accuracy is stated per character (CER) rather than per word (WER)."""
    code = _code(language)
    if code:
        return code in JUDGED_BY_CHARACTER
    return bool(_NO_SPACE_SCRIPTS.search(text) or _HANGUL.search(text))


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
