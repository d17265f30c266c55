"""The first notebook runs from top to bottom, and its kept outputs are small and show the result."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"


def kinds(cell):
    return [kind for output in cell.outputs for kind in output.get("data", {"text/plain": ""})]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def assert_shows_the_result(notebook):
    sound, transcript, turns, latency, picture = code_cells(notebook)
    assert "8 turns" in sound.outputs[0].text
    assert any("show me how this works" in output.data["text/html"] for output in transcript.outputs
               if "text/html" in output.get("data", {}))
    assert turns.outputs[0].text.count("\n") >= 8
    assert "speech ends by the reference" in latency.outputs[0].data["text/html"]
    assert "image/png" in kinds(picture)


def test_the_kept_outputs_show_the_result():
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    assert_shows_the_result(notebook)
    assert NOTEBOOK.stat().st_size < 300_000
    assert "widgets" not in notebook.metadata
    assert "widget-view" not in NOTEBOOK.read_text(encoding="utf-8")


@pytest.mark.timeout(300)
def test_it_runs_from_top_to_bottom():
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, 4)
    for cell in code_cells(notebook):
        cell.outputs = []
    NotebookClient(notebook, timeout=240, store_widget_state=False).execute()
    assert_shows_the_result(notebook)
