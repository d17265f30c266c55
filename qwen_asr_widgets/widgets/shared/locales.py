"""The strings of the user interface: one JSON file a language, ``widgets/locales/en.json`` and its siblings.

A language is added by adding its file: whatever lies in the folder can be chosen, in Python and in the page.
Every file has the same keys; ``{name}`` stands for a value that is filled in. English is the language of
whoever asks for none that is there.

A page receives only the strings its widget can ask for. :func:`used_keys` finds them in the widget's modules:
a key is written there whole, ``t("mic.record")``, or as a template literal that begins with its fixed part,
``t(`mic.problem.${code}`)``, which stands for every key that begins so. A key put together in any other way
would not be found; the type checker refuses it, because such a text is no ``Key``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from ...errors import SettingError
from ...glossary import page_texts

LOCALES = Path(__file__).parents[1] / "locales"

DEFAULT = "en"

_WHOLE = re.compile(r"""["'`](?P<key>[a-z]\w*(?:\.\w+)+)["'`]""")
_COMPUTED = re.compile(r"`(?P<beginning>[a-z]\w*\.[\w.]*)\$\{")


def languages_in(folder: Path) -> tuple[str, ...]:
    """List the languages a folder has strings of."""
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


LANGUAGES = languages_in(LOCALES)
"""Codes of the languages of the interface, e.g. ``("en", "zh")``."""


def checked_lang(lang: str) -> str:
    """Return ``lang``, the language asked of a widget: one of ``LANGUAGES``, or "" for the browser's.

    Raises
    ------
    SettingError
        There is no such language.

    Examples
    --------
    >>> checked_lang("zh")
    'zh'
    """
    if lang == "" or lang in LANGUAGES:
        return lang
    known = ", ".join(repr(code) for code in LANGUAGES)
    raise SettingError(f"lang is {lang!r}; give {known} or '' for the browser's language.", "lang")


def strings(lang: str, folder: Path = LOCALES) -> dict[str, str]:
    """Return the strings in one language, the glossary's among them; English where ``lang`` is "" or unknown.

    Examples
    --------
    >>> strings("en")["mic.record"]
    'Record'
    """
    name = lang if lang in languages_in(folder) else DEFAULT
    table: dict[str, str] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return {**table, **page_texts(name)}


def used_keys(modules: Iterable[str], known: Iterable[str]) -> list[str]:
    """List those of the ``known`` keys that the text of some modules can ask for, in their order.

    Examples
    --------
    >>> used_keys(['t("a.b")', 't(`c.${kind}`)'], ["a.b", "a.x", "c.one", "c.two"])
    ['a.b', 'c.one', 'c.two']
    """
    whole: set[str] = set()
    beginnings: set[str] = set()
    for text in modules:
        whole.update(_WHOLE.findall(text))
        beginnings.update(_COMPUTED.findall(text))
    return [key for key in known if key in whole or key.startswith(tuple(beginnings))]


def page_strings(modules: Iterable[str], folder: Path = LOCALES) -> str:
    """Write the strings some modules use as a JavaScript value: what an import of ``…?strings`` stands for.

    Returns
    -------
    str
        ``{"languages": ["en", "zh"], "strings": {"mic.record": ["Record", "录音"], …}}``: every key once,
        with its texts in the order of the languages.
    """
    languages = languages_in(folder)
    tables = [strings(lang, folder) for lang in languages]
    used = used_keys(modules, tables[languages.index(DEFAULT)])
    listed = {key: [table[key] for table in tables] for key in used}
    return json.dumps({"languages": languages, "strings": listed}, ensure_ascii=False, separators=(",", ":"))
