"""The notebooks on tuning and calibration run from top to bottom, and show what they promise."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"


def said(notebook) -> list[str]:
    """Return what each code cell printed, and the kinds of its other outputs."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    text = [[out.get("text", "") or " ".join(out.get("data", {})) for out in cell.outputs] for cell in cells]
    return ["".join(parts) for parts in text]


def tuning_holds(notebook) -> None:
    """From a bad default to settings that are measurably better, verified by replay."""
    before, tuner, why, best, verified, code = said(notebook)
    assert "8 turns were spoken, 3 came" in before
    assert "text/html" in tuner and "image/png" in best
    assert why.count("merged at") == 5 and "heals it" in why
    assert "0.0% of turns cut off" in best and "exact: all 8 turns as expected" in verified
    waits = [float(wait) for wait in re.findall(r"final: median ([\d.]+) s", verified)]
    assert "default: 3 of 8 turns" in verified and "tuned: 8 of 8 turns" in verified
    assert waits[1] < waits[0] - 0.2
    assert "turn_detection_silence_duration_ms=320" in code


def calibration_holds(notebook) -> None:
    _, naive, fit, checked, tuner, poor = said(notebook)
    found = [re.search(r"± (\d+) ms", text) for text in (naive, fit, checked)]
    median = [0 if one is None else int(one[1]) for one in found]
    assert fit.startswith("Good fit") and max(median[1:]) <= 40 < median[0]
    assert "text/html" in tuner and poor.startswith("Poor fit")


NOTEBOOKS = [("03_tune_the_vad", tuning_holds), ("04_calibrate", calibration_holds)]


@pytest.mark.parametrize("name, holds", NOTEBOOKS)
def test_the_kept_outputs_show_the_result(name, holds) -> None:
    path = FOLDER / f"{name}.ipynb"
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    holds(notebook)
    assert path.stat().st_size < 300_000
    assert "widgets" not in notebook.metadata and "widget-view" not in path.read_text(encoding="utf-8")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name, holds", NOTEBOOKS)
def test_it_runs_from_top_to_bottom(name, holds) -> None:
    from nbclient import NotebookClient

    notebook = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(notebook, timeout=240, store_widget_state=False).execute()
    holds(notebook)
