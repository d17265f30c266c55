"""How languages are written: with spaces between the words, or without."""

from __future__ import annotations

import re

WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages written without spaces between words."""

_NO_SPACE_SCRIPTS = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
"""A pattern that is compiled where text needs it: so large a class of characters takes milliseconds."""


def primary_subtag(language: str | None) -> str:
    """Return what a code of a language begins with, in lower case; empty without one.

    Examples
    --------
    >>> primary_subtag("zh-CN"), primary_subtag("pt_BR"), primary_subtag(None)
    ('zh', 'pt', '')
    """
    return (language or "").lower().replace("_", "-").split("-")[0]


def canonical_tag(language: str | None) -> str | None:
    """Return a code of a language as RFC 5646 (2.1.1) writes it: ``en``, ``zh-Hans-CN``; None without one.

    Examples
    --------
    >>> canonical_tag("EN"), canonical_tag("zh_hans_cn"), canonical_tag("En-gb"), canonical_tag(None)
    ('en', 'zh-Hans-CN', 'en-GB', None)
    """
    if language is None:
        return None
    first, *others = language.replace("_", "-").lower().split("-")
    shaped = {2: str.upper, 4: str.title}
    return "-".join([first, *(shaped.get(len(part), str)(part) for part in others)])


def has_spaces(text: str, language: str | None = None) -> bool:
    """Tell whether words are separated by spaces: by the language where known, else by the script.

    Examples
    --------
    >>> has_spaces("good morning"), has_spaces("早上好")
    (True, False)
    """
    code = primary_subtag(language)
    if code:
        return code not in WITHOUT_SPACES
    return text.isascii() or not re.search(_NO_SPACE_SCRIPTS, text)
