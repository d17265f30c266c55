"""The notebooks run from top to bottom and show what they promise; what they keep is small."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from support.notebooks import FOLDER, code_cells, html_of, read, run, text_of

WIDGET = "application/vnd.jupyter.widget-view+json"
LIMIT = 300_000
"""Bytes of a notebook with what it shows."""


def quickstart_holds(notebook: Any) -> None:
    """From an array to words, turns, latency and a picture."""
    sound, transcript, turns, latency, picture = code_cells(notebook)
    assert "8 turns" in text_of(sound) and "show me how this works" in html_of(transcript)
    assert text_of(turns).count("\n") >= 8
    assert "speech ends by the reference" in html_of(latency) and "image/png" in text_of(picture)


def live_holds(notebook: Any) -> None:
    """The widget, what was said, and the same sound at other settings."""
    widget, _, words, compared = code_cells(notebook)
    assert any(WIDGET in output.get("data", {}) for output in widget.outputs)
    assert "data:image/png;base64," in html_of(widget) and "show me how this works" in html_of(widget)
    assert text_of(words).count("\n") >= 8
    assert "800 ms" in html_of(compared) and "400 ms" in html_of(compared)


def tuning_holds(notebook: Any) -> None:
    """From a bad default to settings that are measurably better, verified by replay."""
    before, tuner, why, best, verified, code = map(text_of, code_cells(notebook))
    assert "8 turns were spoken, 3 came" in before
    assert "text/html" in tuner and "image/png" in best
    assert why.count("merged at") == 5 and "heals it" in why
    assert "0.0% of turns cut off" in best and "exact: all 8 turns as expected" in verified
    assert "default: 3 of 8 turns" in verified and "tuned: 8 of 8 turns" in verified
    default, tuned = (float(wait) for wait in re.findall(r"final: median ([\d.]+) s", verified))
    assert tuned < 0.7 * default
    assert "turn_detection_silence_duration_ms=320" in code


def calibration_holds(notebook: Any) -> None:
    """A hidden scale is found out, and another kind of detector is called a poor fit."""
    _, naive, fit, checked, tuner, poor = map(text_of, code_cells(notebook))
    found = [re.search(r"± (\d+) ms", text) for text in (naive, fit, checked)]
    median = [0 if one is None else int(one[1]) for one in found]
    assert fit.startswith("Good fit") and max(median[1:]) <= 40 < median[0]
    assert "text/html" in tuner and poor.startswith("Poor fit")


NOTEBOOKS = {
    "01_quickstart": quickstart_holds,
    "02_live_transcriber": live_holds,
    "03_tune_the_vad": tuning_holds,
    "04_calibrate": calibration_holds,
}

FASTER = {
    "01_quickstart": {"sample_rate=talk.clip.sample_rate,": "sample_rate=talk.clip.sample_rate, pace=4.0,"},
    "02_live_transcriber": {"qaw.Transcriber(talk, ": "qaw.Transcriber(talk, pace=6.0, "},
    "03_tune_the_vad": {"progress=False)": "progress=False, pace=3.0)", "pace=1.0": "pace=3.0"},
}
"""Sound that is kept waiting in real time for the reader need not be for the test."""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_kept_outputs_show_the_result(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    NOTEBOOKS[name](notebook)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_kept_is_small_and_needs_no_kernel(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert len(text.encode()) < LIMIT
    assert "widgets" not in read(name).metadata and "_esm" not in text
    assert name == "02_live_transcriber" or "widget-view" not in text


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_from_top_to_bottom(name: str) -> None:
    NOTEBOOKS[name](run(name, FASTER.get(name)))
