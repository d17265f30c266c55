"""The notebooks run from top to bottom and show what they promise; what they keep is small."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.notebooks import FOLDER, code_cells, html_of, read, run, text_of

pytestmark = pytest.mark.service

LIMIT = 300_000
"""Bytes of a notebook with what it shows."""


def quickstart(notebook: Any) -> dict[str, bool]:
    """From an array to words, turns, latency and a picture."""
    sound, transcript, turns, latency, picture = code_cells(notebook)
    return {
        "turns are counted": "8 turns" in text_of(sound),
        "words are shown": "show me how this works" in html_of(transcript),
        "turns are listed": text_of(turns).count("\n") >= 8,
        "waits are measured": "speech ends by the reference" in html_of(latency),
        "the picture is there": "image/png" in text_of(picture),
    }


def live(notebook: Any) -> dict[str, bool]:
    """The widget, what was said, and the same sound at other settings."""
    widget, _, words, compared = code_cells(notebook)
    shown, both = html_of(widget), html_of(compared)
    return {
        "its picture is kept": "data:image/png;base64," in shown,
        "its words are kept": "show me how this works" in shown,
        "turns are listed": text_of(words).count("\n") >= 8,
        "two runs are compared": "800 ms" in both and "400 ms" in both,
    }


def detecting(notebook: Any) -> dict[str, bool]:
    """What a detector hears, drawn, and how scores become turns."""
    shown = {cell.id: text_of(cell) for cell in code_cells(notebook)}
    return {
        "every section has a picture": all("image/png" in shown[f"03-{name}"] for name in (
            "sounds", "energy-picture", "crossings-picture", "neural-picture", "turns-picture")),
        "stretches are no turns": "14 stretches of speech frames, 3 turns of 8" in shown["03-turns-picture"],
    }


def tuning(notebook: Any) -> dict[str, bool]:
    """From a bad default to settings that are measurably better, verified by replay."""
    cells = {cell.id.removeprefix("04-"): cell for cell in code_cells(notebook)}
    shown = {name: text_of(cell) for name, cell in cells.items()}
    waits = re.findall(r"finalization: median ([\d.]+) s", shown["verified-run"])
    default, tuned = (float(wait) for wait in waits)
    return {
        "the default merges turns": "8 turns were spoken, 3 came" in shown["before-run"],
        "the tuner is there": "text/html" in shown["tuner-widget"],
        "it does not tell the solution": "0.65" not in html_of(cells["tuner-widget"]),
        "errors are explained": shown["why-explained"].count("merged at") == 5,
        "what heals them is said": shown["why-explained"].count("heals it") == 5,
        "the sweep is drawn": "image/png" in shown["all-picture"],
        "the best cuts nobody off": "0.0% of turns cut off" in shown["all-picture"],
        "what was shown comes true": "exact: all 8 turns as expected" in shown["verified-run"],
        "more turns are right": "default: 3 of 8 turns" in shown["verified-run"]
        and "tuned: 8 of 8 turns" in shown["verified-run"],
        "the wait is shorter": tuned < 0.7 * default,
        "the settings are taken away": "turn_detection_silence_duration_ms=320" in shown["taken-code"],
    }


def protocol(notebook: Any) -> dict[str, bool]:
    """Both modes as pictures, an item in full, a commit within a sentence, and the protocol view."""
    cells = {cell.id.removeprefix("06-"): cell for cell in code_cells(notebook)}
    shown = {name: text_of(cell) for name, cell in cells.items()}
    return {
        "both modes are drawn": all("image/png" in shown[f"{each}-run"] for each in ("vad", "manual")),
        "an item is shown": "'audio_start_ms': 564, 'audio_onset_ms': 864" in shown["vad-item"]
        and "completed" in shown["vad-item"],
        "one commit is one item": "eight nine" in shown["manual-run"] and "', '" not in shown["manual-run"],
        "two commits are two": "eight', 'nine" in shown["knob-run"],
        "the view keeps its words": "two three four" in html_of(cells["predict-view"]),
    }


def calibration(notebook: Any) -> dict[str, bool]:
    """A hidden scale is found out, and another kind of detector is called a poor fit."""
    _, naive, fit, checked, tuner, poor = map(text_of, code_cells(notebook))
    found = [re.search(r"± (\d+) ms", text) for text in (naive, fit, checked)]
    off, fitted, unseen = (0 if one is None else int(one[1]) for one in found)
    return {
        "without a fit it is off": off > 40,
        "the fit is good": fit.startswith("Good fit") and fitted <= 40,
        "it holds for what it has not seen": unseen <= 40,
        "the tuner takes it": "text/html" in tuner,
        "another family is a poor fit": poor.startswith("Poor fit"),
    }


def turn_taking(notebook: Any) -> dict[str, bool]:
    """Holds and ends, the trade-off, a model that listens, and a run by it, or how to get it."""
    found, hazard, alone, asked, compared, live = code_cells(notebook)
    is_missing = "pip install --no-deps pipecat-ai" in text_of(asked)
    return {
        "holds and ends are counted": "8 holds, 7 ends in 7 turns" in html_of(found),
        "the hazard is drawn": "image/png" in text_of(hazard),
        "what the figures rest on is said": "14 ends of 2 clips" in text_of(alone),
        "doubts are said": "too narrow with so few clips" in text_of(alone),
        "the trade-off is drawn": all("image/png" in text_of(cell) for cell in (alone, compared)),
        "every pause has a probability": is_missing or text_of(asked).count("%") == 14,
        "the model stands beside silence": is_missing or "smart-turn" in text_of(compared),
        "a short silence cuts": "silence of 300 ms: 14 turns" in text_of(live),
        "a long one does not": "silence of 1100 ms: 8 turns" in text_of(live),
        "the model ends turns in a run": is_missing or "smart-turn, threshold 0.9" in text_of(live),
    }


PROMISES = {
    "01_quickstart": quickstart,
    "02_live_transcriber": live,
    "03_what_is_a_vad": detecting,
    "04_tune_by_sight": tuning,
    "05_turn_taking": turn_taking,
    "06_the_protocol_by_hand": protocol,
    "09_anothers_service": calibration,
}

FASTER = {
    "01_quickstart": {"sample_rate=talk.clip.sample_rate,": "sample_rate=talk.clip.sample_rate, pace=8.0,"},
    "02_live_transcriber": {"qaw.Transcriber(talk, ": "qaw.Transcriber(talk, pace=None, "},
    "04_tune_by_sight": {"progress=False)": "progress=False, pace=6.0)", "pace=1.0": "pace=6.0"},
    "06_the_protocol_by_hand": {"PACE = 1.0": "PACE = 40.0"},
    "09_anothers_service": {'("conversation", "noisy", "dictation")': '("conversation", "noisy")'},
}
"""Sound that is kept waiting in real time for the reader need not be for the test, nor is so much of it."""


def broken(name: str, notebook: Any) -> list[str]:
    """Return the promises that a notebook does not keep."""
    return [promise for promise, kept in PROMISES[name](notebook).items() if not kept]


@pytest.mark.parametrize("name", PROMISES)
def test_the_kept_outputs_show_the_result(name: str) -> None:
    import nbformat

    notebook = read(name)
    nbformat.validate(notebook)
    assert broken(name, notebook) == []


@pytest.mark.parametrize("name", PROMISES)
def test_what_is_kept_is_small_and_needs_no_kernel(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert len(text.encode()) < LIMIT
    assert "widgets" not in read(name).metadata and "_esm" not in text
    assert "widget-view" not in text


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PROMISES)
def test_it_runs_from_top_to_bottom(name: str) -> None:
    assert broken(name, run(name, FASTER.get(name))) == []
