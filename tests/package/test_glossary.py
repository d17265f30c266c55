"""One word a number: the glossary decides, and everything that is shown or written keeps to it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import qwen_asr_widgets
from qwen_asr_widgets.glossary import (
    GlossaryTerm, documentation, explained, heading, link_to, page_texts, terms,
)
from qwen_asr_widgets.formatting import table
from qwen_asr_widgets.widgets.shared.locales import LANGUAGES, LOCALES

ROOT = Path(__file__).parents[2]
TERMS = {one.id: one for one in terms()}


def test_no_two_figures_have_one_name_and_none_has_two() -> None:
    for lang in LANGUAGES:
        names = [one.term[lang].lower() for one in terms()]
        assert len(set(names)) == len(names)
    assert len(TERMS) == len({one.anchor for one in terms()}) == len(terms())


@pytest.mark.parametrize("one", terms(), ids=lambda one: one.id)
def test_a_term_says_what_it_is_how_it_is_computed_and_where_it_is_measured(one: GlossaryTerm) -> None:
    for lang in LANGUAGES:
        for text in (one.text[lang], one.measured[lang]):
            assert re.fullmatch(r"[^\n]{5,160}[.。]", text)
        assert re.search(r"[.。]\s*\S", one.text[lang].removesuffix(".")) is None
    assert one.formula and re.fullmatch(r"[a-z0-9-]+", one.anchor)


@pytest.mark.parametrize("one", [one for one in terms() if one.python], ids=lambda one: one.id)
def test_the_attribute_that_a_term_names_exists(one: GlossaryTerm) -> None:
    first, *rest = one.python.split(".")
    homes = {
        "RunInfo": "recording.log.run_info", "Measure": "recording.summary",
        "ComparedRun": "recording.comparing.comparison",
    }
    home = qwen_asr_widgets
    if first in homes:
        home = __import__(f"qwen_asr_widgets.{homes[first]}", fromlist=[first])
    owner = getattr(home, first)
    for name in rest:
        assert name in getattr(owner, "__dataclass_fields__", {}) or hasattr(owner, name), one.python


def test_a_column_is_explained_by_its_title() -> None:
    assert explained(heading("finalization")).startswith("What a person waits")
    assert explained("Finalization (median)") == explained("finalization")
    assert explained("") == explained("Transcript") == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pages_call_a_figure_by_its_one_name(lang: str) -> None:
    shown = json.loads((LOCALES / f"{lang}.json").read_text(encoding="utf-8"))
    for one in terms():
        for key in one.strings:
            assert shown[key].lower() == one.term[lang].lower(), (key, one.id)


def python_texts(source: str) -> Iterator[str]:
    """Yield the texts of a module, but for its docstrings' examples of code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def notebook_texts(source: str) -> Iterator[str]:
    """Yield what a notebook says and shows, without its pictures."""
    for cell in json.loads(source)["cells"]:
        yield "".join(cell["source"])
        for output in cell.get("outputs", []):
            yield "".join(output.get("text", []))
            shown = "".join(output.get("data", {}).get("text/html", []))
            yield re.sub(r"base64,[A-Za-z0-9+/=]+", "", shown)


def texts_of(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return python_texts(source)
    if path.suffix == ".ipynb":
        return notebook_texts(source)
    return iter(json.loads(source).values() if path.suffix == ".json" else [source])


def sources() -> list[Path]:
    """List what is read: code, strings of the pages, notebooks and documentation."""
    package = [path for path in (ROOT / "qwen_asr_widgets").rglob("*.py")]
    notebooks = [path for kind in ("ipynb", "md") for path in (ROOT / "notebooks").rglob(f"*.{kind}")]
    return [*package, LOCALES / "en.json", ROOT / "README.md", ROOT / "CONTRIBUTING.md", *notebooks]


def test_nothing_that_is_said_uses_a_word_that_the_glossary_rules_out() -> None:
    """The command line's words are texts of its modules."""
    refused = re.compile("|".join(f"(?:{word})" for one in terms() for word in one.refused))
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}" for path in sources() for text in texts_of(path)
        for match in refused.finditer(text)
    ]
    assert found == []


def test_the_reading_of_strings_finds_what_is_ruled_out() -> None:
    said = python_texts('print(f"final: median {wait} s", "Starts not heard")')
    words = [word for one in terms() for word in one.refused]
    assert sum(any(re.search(word, text, re.I) for word in words) for text in said) >= 2


def test_every_column_of_a_table_that_is_a_figure_says_what_it_is() -> None:
    shown = table(["", "Finalization (median)", "Note"], [["a", "0.40 s", "x"]])
    heads = re.findall(r"<th[^>]*>.*?</th>", shown)
    assert [("What a person waits" in head, " ?" in head) for head in heads] == [
        (False, False), (True, True), (False, False)
    ]


def test_the_documentation_is_linked_where_its_address_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN_ASR_WIDGETS_DOCS", "https://docs.example/")
    documentation.cache_clear()
    try:
        assert link_to(TERMS["endpoint_delay"]) == "https://docs.example/docs/glossary.html#endpoint-delay"
        assert page_texts("en")["term.run.endpoint_delay.link"] == link_to(TERMS["endpoint_delay"])
    finally:
        documentation.cache_clear()
