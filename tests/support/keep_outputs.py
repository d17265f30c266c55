"""Run notebooks and keep what they show: ``python tests/support/keep_outputs.py FILE…``."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WIDGET = "application/vnd.jupyter.widget-view+json"


def keep_outputs(path: Path) -> None:
    """Execute a notebook in place; views of widgets that will not exist any more are dropped."""
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=300, store_widget_state=False).execute()
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        keep_outputs(Path(name))
