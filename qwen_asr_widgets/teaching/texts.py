"""What the exercises say, a JSON file a language in ``locales/``; every file has the same keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ..errors import SettingError

FOLDER = Path(__file__).parent / "locales"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
DEFAULT = "en"


def language_here() -> str:
    """Return the language of the notebook that asks: its kernel runs in the folder in which it lies."""
    folder = Path.cwd().name
    return folder if folder in LANGUAGES else DEFAULT


def checked_language(language: str | None) -> str:
    """Return a language that there are texts in; for None the one of the notebook.

    Examples
    --------
    >>> checked_language("zh")
    'zh'
    """
    if language is None:
        return language_here()
    if language not in LANGUAGES:
        known = " and ".join(map(repr, LANGUAGES))
        raise SettingError(f"language is {language!r:.40}; there are {known}.", "language")
    return language


@lru_cache(maxsize=None)
def texts(language: str) -> Mapping[str, str]:
    """Return all texts in a language, by key."""
    read: Mapping[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return read
