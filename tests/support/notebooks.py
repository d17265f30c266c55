"""Read the notebooks, and run them from top to bottom in a kernel of their own.

nbformat is imported where it is needed: it takes longer than most files of tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "notebooks"


def read(name: str) -> Any:
    """Return a notebook as it is kept."""
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


def run(name: str, changes: Mapping[str, str] | None = None) -> Any:
    """Return a notebook run anew.

    Parameters
    ----------
    name : str
    changes : mapping of str to str, optional
        What is to stand in its code in place of what: each once, as a rule so that sound is sent faster than
        it is spoken.
    """
    from nbclient import NotebookClient

    notebook = read(name)
    for old, new in (changes or {}).items():
        found = [cell for cell in code_cells(notebook) if old in cell.source]
        assert len(found) == 1, f"{old!r} stands in {len(found)} cells of {name}"
        found[0].source = found[0].source.replace(old, new)
    for cell in code_cells(notebook):
        cell.outputs = []
    NotebookClient(notebook, timeout=240, store_widget_state=False).execute()
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    """Return the cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def html_of(cell: Any) -> str:
    """Return all HTML that a cell shows."""
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)


def text_of(cell: Any) -> str:
    """Return what a cell printed, and the kinds of its other outputs."""
    return "".join(output.get("text", "") or " ".join(output.get("data", {})) for output in cell.outputs)
