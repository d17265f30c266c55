"""Which languages may be asked for: those the service documents, and codes it may have learnt since."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

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


def check_language(language: Any) -> None:
    """Raise `SettingError` unless a language may be asked for; the service judges undocumented codes.

    The message suggests a code where a language's name was given.

    Examples
    --------
    >>> check_language("en-GB"), check_language("eo"), check_language(None)
    (None, None, None)
    """
    if language is None or (isinstance(language, str) and _CODE.fullmatch(language)):
        return
    names = {name.lower(): code for code, name in LANGUAGES.items()}
    near = difflib.get_close_matches(str(language).lower(), names, 1, 0.8)
    remedy = f"did you mean {names[near[0]]!r}?" if near else "give one such as 'en' or 'zh'."
    raise SettingError(
        f"language is {language!r:.60}, which is no language code; {remedy} None lets the service detect it. "
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
