"""The course's notebooks are those of their sources, in both languages, and every exercise can be solved."""

from __future__ import annotations

import base64
import io
import re
import runpy
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from support.notebooks import FOLDER

from qwen_asr_widgets.teaching.exercises.catalogue import EXERCISES

MAKE = runpy.run_path(str(FOLDER / "sources" / "make.py"), run_name="make")
NAMES: list[str] = MAKE["names"]()
LANGUAGES: dict[str, Path] = MAKE["LANGUAGES"]
LIMIT = 300_000
"""Bytes of a notebook with what it shows."""


@lru_cache(maxsize=None)
def lying(name: str, language: str = "en") -> Any:
    import nbformat

    return nbformat.read(LANGUAGES[language] / f"{name}.ipynb", 4)


def code(name: str, language: str = "en") -> list[Any]:
    return [cell for cell in lying(name, language).cells if cell.cell_type == "code"]


def outputs(name: str) -> list[Any]:
    return [output for cell in code(name) for output in cell.outputs]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_that_of_its_source(name: str, language: str) -> None:
    made = MAKE["notebook"](name, language)
    parts = [[(cell.id, cell.source, cell.cell_type) for cell in each.cells]
             for each in (lying(name, language), made)]
    assert parts[0] == parts[1], "run: make notebooks"


@pytest.mark.parametrize("name", NAMES)
def test_the_chinese_notebook_has_the_code_of_the_english_one_and_other_texts(name: str) -> None:
    assert [cell.source for cell in code(name, "zh")] == [cell.source for cell in code(name)]
    texts = [[cell.source for cell in lying(name, language).cells if cell.cell_type == "markdown"]
             for language in LANGUAGES]
    assert all(ours != theirs and re.search("[\u4e00-\u9fff]", theirs) for ours, theirs in zip(*texts))


@pytest.mark.parametrize("name", NAMES)
def test_what_it_shows_was_made_by_its_code_and_without_an_error(name: str) -> None:
    notebook = lying(name)
    assert notebook.metadata[MAKE["HASH"]] == MAKE["code_hash"](notebook), "run: make notebooks RUN=" + name
    assert [cell.execution_count for cell in code(name)] == list(range(1, len(code(name)) + 1))
    assert "error" not in {output.output_type for output in outputs(name)}


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_is_empty_and_all_is_small(name: str) -> None:
    from PIL import Image

    pictures = [output.data["image/png"] for output in outputs(name) if "image/png" in output.get("data", {})]
    for picture in pictures:
        drawn = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
        assert len(drawn.getcolors(1 << 20) or ()) > 8
    for folder in LANGUAGES.values():
        text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
        assert len(text.encode()) < LIMIT and "widget-view" not in text and "_esm" not in text


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_is_asked_and_its_folded_solution_is_right(exercise: str) -> None:
    [name] = [name for name in NAMES if name[:2] == exercise[:2]]
    asked = [cell for cell in code(name) if f'course.check("{exercise}"' in cell.source]
    open_cells = [cell for cell in asked if "solution" not in cell.metadata.get("tags", ())]
    folded = [cell for cell in asked if "solution" in cell.metadata.get("tags", ())]
    assert len(open_cells) == len(folded) == 1
    assert "✘" in open_cells[0].outputs[-1].data["text/plain"]
    assert "✔" in folded[0].outputs[-1].data["text/plain"]
    assert folded[0].metadata.jupyter.source_hidden and folded[0].metadata.jupyter.outputs_hidden


@pytest.mark.parametrize("name", NAMES)
def test_no_star_of_a_text_is_left_as_it_is_written(name: str) -> None:
    """Behind a Chinese full stop a bold text ends only where a space follows."""
    markdown = pytest.importorskip("markdown_it").MarkdownIt()
    for cell in MAKE["read_source"](name):
        if cell.kind == "text":
            pages = [markdown.render(text) for text in cell.text.values()]
            assert not any("**" in page for page in pages), cell.name
