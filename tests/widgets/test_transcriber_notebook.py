"""The live transcriber's notebook runs from top to bottom; what it keeps needs no kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_live_transcriber.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def html_of(cell) -> str:
    return "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)


def assert_shows_the_result(notebook) -> None:
    widget, _, words, compared = code_cells(notebook)
    assert "data:image/png;base64," in html_of(widget) and "show me how this works" in html_of(widget)
    assert words.outputs[0].text.count("\n") >= 8
    assert "800 ms" in html_of(compared) and "400 ms" in html_of(compared)


def test_the_kept_outputs_show_the_result() -> None:
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    assert_shows_the_result(notebook)
    assert NOTEBOOK.stat().st_size < 300_000
    assert "widgets" not in notebook.metadata and "_esm" not in NOTEBOOK.read_text(encoding="utf-8")


@pytest.mark.timeout(240)
def test_it_runs_from_top_to_bottom() -> None:
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, 4)
    cells = code_cells(notebook)
    for cell in cells:
        cell.outputs = []
    assert "qaw.Transcriber(talk, " in cells[0].source
    # Faster than it is spoken, so that the test is.
    cells[0].source = cells[0].source.replace("qaw.Transcriber(talk, ", "qaw.Transcriber(talk, pace=6.0, ")
    NotebookClient(notebook, timeout=200, store_widget_state=False).execute()
    assert any(WIDGET in output.get("data", {}) for output in cells[0].outputs)
    assert_shows_the_result(notebook)
