"""Development: an edited file of the front end reaches the widgets that live."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import anywidget
import pytest
from support.waiting import wait_until

from qwen_asr_widgets.widgets.shared.assets import WIDGETS, css, esm, joined_modules


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the front end's folder, which may be edited."""
    monkeypatch.setenv("QWEN_ASR_WIDGETS_DEV", "1")
    shutil.copytree(WIDGETS, tmp_path / "widgets", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "widgets"


@pytest.fixture
def widget(folder: Path) -> anywidget.AnyWidget:
    class Transcript(anywidget.AnyWidget):
        _esm = esm("transcript/widget.js", folder)
        _css = css("transcript/transcript.css", folder)

    return Transcript()


def edit(path: Path, more: str) -> None:
    path.write_text(path.read_text("utf-8") + more, encoding="utf-8")


def test_an_edited_module_or_sheet_reaches_a_living_widget(widget: anywidget.AnyWidget, folder: Path) -> None:
    assert widget._esm == joined_modules("transcript/widget.js")
    edit(folder / "shared" / "dom.js", "// edited\n")
    edit(folder / "shared" / "tokens.css", ".edited {}\n")
    wait_until(lambda: "// edited" in widget._esm and ".edited {}" in widget._css)
    assert widget._esm == joined_modules("transcript/widget.js", folder)


def test_an_edited_string_reaches_a_living_widget(widget: anywidget.AnyWidget, folder: Path) -> None:
    english = folder / "locales" / "en.json"
    english.write_text(english.read_text("utf-8").replace("Copy text", "Copy every word"), encoding="utf-8")
    wait_until(lambda: "Copy every word" in widget._esm)
    assert "Copy text" not in widget._esm


def test_a_file_that_cannot_be_joined_leaves_the_view_as_it_was(
    widget: anywidget.AnyWidget, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = widget._esm
    with caplog.at_level(logging.WARNING):
        edit(folder / "shared" / "dom.js", 'import "half a line";\n')
        wait_until(lambda: "dom.js: this form cannot be joined" in caplog.text)
    assert widget._esm == before


def test_without_the_variable_a_class_has_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QWEN_ASR_WIDGETS_DEV", raising=False)
    assert isinstance(esm("transcript/widget.js"), str)
    assert isinstance(css("transcript/transcript.css"), str)
