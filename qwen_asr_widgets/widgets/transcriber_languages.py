"""Which languages may be asked for: those the service documents, and codes it may have learnt since."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from ..errors import SettingError

LANGUAGES: Mapping[str, str] = {
    "zh": "Chinese", "yue": "Cantonese", "en": "English", "ja": "Japanese", "de": "German", "ko": "Korean",
    "ru": "Russian", "fr": "French", "pt": "Portuguese", "ar": "Arabic", "it": "Italian", "es": "Spanish",
    "hi": "Hindi", "id": "Indonesian", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "cs": "Czech", "da": "Danish", "fil": "Filipino", "fi": "Finnish", "is": "Icelandic", "ms": "Malay",
    "no": "Norwegian", "pl": "Polish", "sv": "Swedish",
}
"""Codes in the service's documentation, whose list ends with "…": the cloud may know more."""

_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def checked_language(language: str | None) -> str | None:
    """Return a language that may be asked for; the service judges codes that are not documented.

    Raises
    ------
    SettingError
        It is no code at all; the message suggests one where a language's name was given.

    Examples
    --------
    >>> checked_language("en-GB"), checked_language("eo"), checked_language(None)
    ('en-GB', 'eo', None)
    """
    if language is None or _CODE.fullmatch(language):
        return language
    names = {name.lower(): code for code, name in LANGUAGES.items()}
    near = difflib.get_close_matches(language.lower(), names, 1, 0.8)
    remedy = f"did you mean {names[near[0]]!r}?" if near else "give one such as 'en' or 'zh'."
    raise SettingError(
        f"language is {language!r}, which is no language code; {remedy} None lets the service detect it. "
        f"Documented are {', '.join(LANGUAGES)}.", "input_audio_transcription.language",
    )


def is_documented(language: str | None) -> bool:
    """Tell whether the service's documentation names a language (its region aside), or none is asked for.

    Examples
    --------
    >>> is_documented("zh-CN"), is_documented("eo"), is_documented(None)
    (True, False, True)
    """
    return language is None or re.split("[-_]", language)[0].lower() in LANGUAGES
