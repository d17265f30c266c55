"""Wherever a change of settings during a run is promised, what DashScope wants for it is said too."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "qwen_asr_widgets"

LIVE = re.compile(
    r"\b(appl(y|ies|ied) (at once|live|midway)|be changed while|changed? (live|midway|during)|"
    r"(gets?|sends?|takes?) (them|it) at once|take effect (at once|immediately)|live change)\b|立即生效", re.I
)
SETTINGS = re.compile(r"\b(settings?|threshold|silence|sliders?|language)\b|更改|阈值|上下文", re.I)
SAID = re.compile(r"new session|新的?会话")
NO_PROMISE = {"compared.changed", "transcriber.settings.when"}
"""Keys of a text that tells of a change that is over, and of one for services that take it, where
``transcriber.settings.renews`` is said of the others."""


def paragraphs() -> Iterator[tuple[str, str]]:
    """Yield where a text for users stands, and the text: documents, notebooks, pages, docstrings."""
    pages = sorted((ROOT / "notebooks").rglob("*.md"))
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *pages, *PACKAGE.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for number, paragraph in enumerate(re.split(r"\n\n|\n(?=[-|] )", text)):
            yield f"{path.name}:{number}", paragraph
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            yield f"{path.name}:{number}", "".join(cell["source"])
    for path in sorted((PACKAGE / "widgets" / "locales").glob("*.json")):
        for key, text in json.loads(path.read_text(encoding="utf-8")).items():
            if key not in NO_PROMISE:
                yield f"{path.name}:{key}", text
    for path in sorted([*PACKAGE.glob("widgets/**/*.py"), *PACKAGE.glob("client/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                name = getattr(node, "name", "")
                for number, part in enumerate((ast.get_docstring(node) or "").split("\n\n")):
                    yield f"{path.name}:{name}:{number}", part


def promises() -> dict[str, str]:
    return {where: " ".join(text.split()) for where, text in paragraphs()
            if LIVE.search(text) and SETTINGS.search(text)}


def test_a_live_change_of_settings_is_promised_nowhere_without_the_words_new_session() -> None:
    assert {where: text for where, text in promises().items() if not SAID.search(text)} == {}


def test_the_places_that_promise_it_are_found() -> None:
    found = {where.partition(":")[0] for where in promises()}
    named = {"README.md", "CHANGELOG.md", "02_live_transcriber.ipynb", "en.json", "zh.json", "model.py"}
    assert named <= found


@pytest.mark.parametrize("text", [
    "The sliders apply at once, also midway.", "Threshold and silence may be changed while one speaks.",
    "更改立即生效。", "settings applied live; pause",
])
def test_such_a_promise_would_be_seen(text: str) -> None:
    assert LIVE.search(text) and SETTINGS.search(text) and not SAID.search(text)


def test_what_the_documentation_says_of_dashscope_names_what_it_rests_on() -> None:
    page = (ROOT / "notebooks" / "docs" / "howto" / "dashscope.md").read_text(encoding="utf-8")
    rows = [row.strip("| ").split(" | ") for row in page.splitlines() if row.startswith("| ")][2:]
    assert len(rows) >= 9 and all(len(row) == 2 and row[1].strip() for row in rows)
    graded = re.compile(r"client|vendor's pages|read in the SDK|inferred")
    assert [row for row in rows if not graded.search(row[1])] == []
