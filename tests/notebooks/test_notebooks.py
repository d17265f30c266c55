"""The notebooks run from top to bottom and show what they promise."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.notebooks import code_cells, html_of, read, run, text_of

pytestmark = pytest.mark.service


def by_name(notebook: Any) -> dict[str, Any]:
    """Return the cells of code by their names."""
    return {cell.id[3:]: cell for cell in code_cells(notebook)}


def quickstart(notebook: Any) -> dict[str, bool]:
    """From an array to words, turns, latency and a picture."""
    cells = by_name(notebook)
    return {
        "turns are counted": "8 turns" in text_of(cells["sound"]),
        "words are shown": "show me how this works" in html_of(cells["transcript"]),
        "turns are listed": text_of(cells["turns"]).count("\n") >= 8,
        "waits are measured": "speech ends by the reference" in html_of(cells["latency"]),
        "the picture is there": "image/png" in text_of(cells["picture"]),
    }


def live(notebook: Any) -> dict[str, bool]:
    """The widget, what was said, what was taken back, and the same sound at other settings."""
    cells = by_name(notebook)
    shown, both = html_of(cells["widget"]), html_of(cells["again"])
    return {
        "its picture is kept": "data:image/png;base64," in shown,
        "its words are kept": "show me how this works" in shown,
        "turns are listed": text_of(cells["words"]).count("\n") >= 8,
        "drafts are shown": "[" in text_of(cells["drafts"]) and "image/png" in text_of(cells["drafts"]),
        "two runs are compared": "800 ms" in both and "400 ms" in both,
    }


def detecting(notebook: Any) -> dict[str, bool]:
    """What a detector hears, drawn, and how scores become turns."""
    shown = {name: text_of(cell) for name, cell in by_name(notebook).items()}
    return {
        "every section has a picture": all("image/png" in shown[name] for name in (
            "sounds", "energy-picture", "crossings-picture", "neural-picture", "turns-picture")),
        "stretches are no turns": "14 stretches of speech frames, 3 turns of 8" in shown["turns-picture"],
    }


def tuning(notebook: Any) -> dict[str, bool]:
    """From a bad default to settings that are measurably better, verified by replay."""
    cells = by_name(notebook)
    shown = {name: text_of(cell) for name, cell in cells.items()}
    waits = [float(wait) for wait in re.findall(r"finalization: median ([\d.]+) s", shown["verified-run"])]
    not_stated = shown["verified-run"].count("no wait: sent at 6 × real time") == 2
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
        "the wait is shorter": not_stated or (len(waits) == 2 and waits[1] < 0.7 * waits[0]),
        "the settings are taken away": "turn_detection_silence_duration_ms=320" in shown["taken-code"],
    }


def protocol(notebook: Any) -> dict[str, bool]:
    """Both modes as pictures, an item in full, a commit within a sentence, and the protocol view."""
    cells = by_name(notebook)
    shown = {name: text_of(cell) for name, cell in cells.items()}
    return {
        "both modes are drawn": all("image/png" in shown[f"{each}-run"] for each in ("vad", "manual")),
        "an item is shown": "'audio_start_ms': 564, 'audio_onset_ms': 864" in shown["vad-item"]
        and "completed" in shown["vad-item"],
        "one commit is one item": "eight nine" in shown["manual-run"] and "', '" not in shown["manual-run"],
        "two commits are two": "eight', 'nine" in shown["knob-run"],
        "the view keeps its words": "two three four" in html_of(cells["predict-view"]),
    }


def latency(notebook: Any) -> dict[str, bool]:
    """Each part of the wait alone, as a picture, and a pace at which nothing is stated."""
    shown = {name: text_of(cell) for name, cell in by_name(notebook).items()}
    parts = ("anatomy", "silence", "chunks", "network", "decoding", "pace")
    return {
        "every part is drawn": all("image/png" in shown[f"{part}-picture"] for part in parts),
        "a wait is taken apart": "endpoint_delay=" in shown["anatomy-picture"],
        "no wait is stated without a pace": "no wait: sent as fast as it was taken" in shown["pace-picture"],
    }


def calibration(notebook: Any) -> dict[str, bool]:
    """A hidden scale is found out, another kind of detector is a poor fit, quirks are told from outside."""
    shown = {name: text_of(cell) for name, cell in by_name(notebook).items()}
    found = [re.search(r"± (\d+) ms", shown[name]) for name in ("naive", "fit", "checked")]
    off, fitted, unseen = (0 if one is None else int(one[1]) for one in found)
    return {
        "without a fit it is off": off > 40,
        "both are drawn": "image/png" in shown["naive"],
        "the fit is good": shown["fit"].startswith("Good fit") and fitted <= 40,
        "it holds for what it has not seen": unseen <= 40,
        "the tuner takes it": "text/html" in shown["tuner"],
        "another family is a poor fit": shown["poor"].startswith("Poor fit"),
        "what differs is found": re.findall(r"(\w+): differs", shown["probe"]) == ["usage", "finish_delay_s"],
    }


def turn_taking(notebook: Any) -> dict[str, bool]:
    """Holds and ends, the trade-off, a model that listens, and a run by it, or how to get it."""
    cells = by_name(notebook)
    shown = {name: text_of(cell) for name, cell in cells.items()}
    is_missing = "pip install --no-deps pipecat-ai" in shown["model"]
    return {
        "holds and ends are counted": "8 holds, 7 ends in 7 turns" in html_of(cells["holds"]),
        "the hazard is drawn": "image/png" in shown["hazard"],
        "what the figures rest on is said": "14 ends of 2 clips" in shown["alone"],
        "doubts are said": "too narrow with so few clips" in shown["alone"],
        "the trade-off is drawn": all("image/png" in shown[name] for name in ("alone", "compared")),
        "every pause has a probability": is_missing or shown["model"].count("%") == 14,
        "the model stands beside silence": is_missing or "smart-turn" in shown["compared"],
        "a short silence cuts": "silence of 300 ms: 14 turns" in shown["live"],
        "a long one does not": "silence of 1100 ms: 8 turns" in shown["live"],
        "the model ends turns in a run": is_missing or "smart-turn, threshold 0.9" in shown["live"],
    }


def words(notebook: Any) -> dict[str, bool]:
    """An alignment, what normalisation does, characters, noise with intervals, and a wrong context."""
    shown = {name: text_of(cell) for name, cell in by_name(notebook).items()}
    drawn = ("alignment", "normal", "characters", "noise", "context")
    return {
        "every section has a picture": all("image/png" in shown[f"{name}-picture"] for name in drawn),
        "characters are counted": "CER 12%, WER 100%" in shown["characters-picture"],
        "intervals stand beside the rates": shown["noise-picture"].count("90 % interval") == 4,
    }


def nothing_lost(notebook: Any) -> dict[str, bool]:
    """A cut in a sentence changes no word; a run that was given up is taken up again."""
    shown = {name: text_of(cell) for name, cell in by_name(notebook).items()}
    whole, healed = (shown[f"{name}-run"].split("\nimage")[0] for name in ("whole", "resume"))
    return {
        "every run is drawn": all("image/png" in shown[name] for name in (
            "whole-run", "cut-run", "gaps", "patience-run", "resume-run")),
        "no word is lost": "the same words: True" in shown["cut-run"],
        "the gap is told": "why: lost" in shown["gaps"],
        "what was final is kept": "['final', " in shown["patience-run"],
        "a draft is kept": "'lost']" in shown["patience-run"],
        "what was given up is taken up": whole.split()[:6] == healed.split()[:6],
    }


PROMISES = {
    "01_quickstart": quickstart,
    "02_live_transcriber": live,
    "03_what_is_a_vad": detecting,
    "04_tune_by_sight": tuning,
    "05_when_is_a_turn_over": turn_taking,
    "06_the_protocol_by_hand": protocol,
    "07_where_latency_comes_from": latency,
    "08_words": words,
    "09_anothers_service": calibration,
    "10_nothing_lost": nothing_lost,
}

FASTER = {
    "01_quickstart": {"sample_rate=talk.clip.sample_rate,": "sample_rate=talk.clip.sample_rate, pace=8.0,"},
    "02_live_transcriber": {"qaw.Transcriber(talk, ": "qaw.Transcriber(talk, pace=None, "},
    "04_tune_by_sight": {"progress=False)": "progress=False, pace=6.0)", "pace=1.0": "pace=6.0"},
    "06_the_protocol_by_hand": {"PACE = 1.0": "PACE = 40.0"},
    "07_where_latency_comes_from": {"PACE = 1.0": "PACE = 8.0"},
    "09_anothers_service": {'("conversation", "noisy", "dictation")': '("conversation", "noisy")'},
    "08_words": {"service = qaw.embedded() ": 'service = qaw.embedded("script") '},
    "10_nothing_lost": {
        "PACE = 2.0": "PACE = 6.0", "service = qaw.embedded() ": 'service = qaw.embedded("script") ',
    },
}
"""Sound that is kept waiting in real time for the reader need not be for the test, nor is so much of it;
where the words do not matter, they are said by a script."""


def broken(name: str, notebook: Any) -> list[str]:
    """Return the promises that a notebook does not keep."""
    return [promise for promise, kept in PROMISES[name](notebook).items() if not kept]


@pytest.mark.parametrize("name", PROMISES)
def test_the_kept_outputs_show_the_result(name: str) -> None:
    import nbformat

    notebook = read(name)
    nbformat.validate(notebook)
    assert broken(name, notebook) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PROMISES)
def test_it_runs_from_top_to_bottom(name: str) -> None:
    assert broken(name, run(name, FASTER.get(name))) == []
