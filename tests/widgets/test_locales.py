"""Strings of the interface: every language has all of them, a page has those its widget can ask for."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.widgets.shared.assets import WIDGETS, joined_modules
from qwen_asr_widgets.widgets.shared.locales import LANGUAGES, LOCALES, checked_lang, strings, used_keys

ENGLISH = strings("en")
MODULES = {
    path.relative_to(WIDGETS).as_posix(): path.read_text("utf-8") for path in sorted(WIDGETS.rglob("*.js"))
}
ENTRIES = [name for name, text in MODULES.items() if "\nexport default " in text]


def blanks(text: str) -> list[str]:
    """List the values that are filled in, e.g. ``["count"]``."""
    return sorted(set(re.findall(r"\{(\w+)\}", text)))


def locales(joined: str) -> dict[str, Any]:
    """Return the languages of a page and its strings in each."""
    line = re.search(r"^const locales = (\{.*\});$", joined, re.M)
    assert line is not None
    return json.loads(line[1])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_the_same_keys_with_the_same_blanks(lang: str) -> None:
    table = strings(lang)
    assert list(table) == list(ENGLISH)
    assert {key: blanks(text) for key, text in table.items()} == {
        key: blanks(text) for key, text in ENGLISH.items()
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_file_of_strings_says_each_key_once_and_nothing_is_empty(lang: str) -> None:
    pairs = json.loads((LOCALES / f"{lang}.json").read_text("utf-8"), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs)
    assert [key for key, text in pairs if not isinstance(text, str) or not text.strip(" \n")] == []


def test_a_form_for_one_stands_beside_the_form_for_many() -> None:
    singular = {key for key in ENGLISH if key.endswith(".one")}
    assert singular == {"tuner.why.adds.one"}
    for key in singular:
        assert blanks(ENGLISH[key]) == blanks(ENGLISH[key.removesuffix(".one")])


def test_every_key_is_used_somewhere() -> None:
    assert used_keys(MODULES.values(), ENGLISH) == list(ENGLISH)


def test_every_key_that_is_used_exists() -> None:
    asked = re.compile(r"""\bt\(\s*["'](?P<key>[^"']+)["']""")
    views = "|".join({key.split(".")[0] for key in ENGLISH})
    computed = re.compile(rf"`(?P<beginning>(?:{views})\.[\w.]*)\$\{{")
    for name, text in MODULES.items():
        assert set(asked.findall(text)) <= set(ENGLISH), name
        for beginning in computed.findall(text):
            assert any(key.startswith(beginning) for key in ENGLISH), (name, beginning)


def test_a_computed_key_begins_narrowly_enough_that_a_page_gets_only_what_it_uses() -> None:
    """What begins with ``tuner.`` alone would bring every string of the tuner, needed or not."""
    for name, text in MODULES.items():
        for beginning in re.findall(r"`((?:\w+\.)+)\$\{", text):
            matched = [key for key in ENGLISH if key.startswith(beginning)]
            assert beginning.count(".") >= 2 or len(matched) < 10, (name, beginning, len(matched))


def test_no_key_is_made_of_a_text_that_the_type_checker_does_not_know() -> None:
    """A cast would let a key through that stands in no module, and so in no page."""
    for name, text in MODULES.items():
        assert re.findall(r"@type \{[^}]*\bKey\b[^}]*\} \*/ \(", text) == [], name


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_page_has_the_strings_of_the_modules_it_is_joined_from_and_no_others(entry: str) -> None:
    joined = joined_modules(entry)
    held = locales(joined)["strings"]
    code = re.sub(r"^const locales = .*$", "", joined, flags=re.M)
    assert list(held) == used_keys([code], ENGLISH)
    assert 0 < len(held) < len(ENGLISH)
    assert held["mic.record"] == ["Record", "录音"] if "mic.record" in held else True


def test_a_language_is_added_by_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "widgets"
    shutil.copytree(WIDGETS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    french = ENGLISH | {"transcript.copy": "Copier le texte"}
    (folder / "locales" / "fr.json").write_text(json.dumps(french), encoding="utf-8")
    held = locales(joined_modules("transcript/widget.js", folder))
    assert held["languages"] == ["en", "fr", "zh"]
    assert held["strings"]["transcript.copy"] == ["Copy text", "Copier le texte", "复制文本"]


def test_milliseconds_have_their_word_in_every_chinese_string_of_the_page() -> None:
    for key, text in strings("zh").items():
        if key.split(".")[0] in {"transcriber", "transcript", "run", "wave", "mic", "clip", "common"}:
            assert not re.search(r"\bms\b", re.sub(r"\{\w+\}", "", text)), key


def test_a_language_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert [checked_lang(lang) for lang in ("", *LANGUAGES)] == ["", *LANGUAGES]
    with pytest.raises(SettingError, match=r"lang is 'fr'; give 'en', 'zh' or '' for the browser's language"):
        checked_lang("fr")


def test_python_asks_for_english_where_no_language_is_chosen() -> None:
    assert strings("")["mic.record"] == strings("fr")["mic.record"] == "Record"
    assert strings("zh")["mic.record"] == "录音"
