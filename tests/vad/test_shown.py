"""Results print in one line and show themselves as a table in a notebook, with text as text."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets import Labels, ReferenceTurn, Turn, TurnDetection
from qwen_asr_widgets.vad.calibration.calibrate import Observation, calibrate
from qwen_asr_widgets.vad.scoring.frames import SpeechScores

MARKS = [-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40
TRUTH = [(0.64, 3.6)]


@functools.cache
def found() -> dict[str, Any]:
    """Return one of each kind of result, and what its table must say."""
    scores = SpeechScores(MARKS)
    tight = TurnDetection(0.0, 400)
    swept = qaw.sweep([scores, scores], [-0.5, 0.0], [400, 800], reference=[TRUTH, TRUTH])
    steady = SpeechScores(([-0.9] * 40 + [0.9] * 40) * 12 + [-0.9] * 40)
    fitted = calibrate([Observation(steady, tight, qaw.detect_turns(steady, tight))])
    measures = qaw.measure(qaw.detect_turns(scores, tight), TRUTH, duration=scores.duration, settings=tight)
    return {
        "sweep": (swept, ["<td", "400 ms", "0.0%", "2 clips at 2 thresholds x 2 silences x 1 padding"]),
        "choice": (swept.best(), ["Held out", "95 %", "Turns cut off", "0.46 s"]),
        "calibration": (fitted, ["Our threshold", "Good fit", "ours +0 ms"]),
        "measures": (
            measures, ["Cut", "98.1%", "Offset error (median, p90)", "4.9 s judged"]
        ),
        "explanations": (qaw.explain(scores, tight, TRUTH), ["the score stayed below 0.00 for 448 ms"]),
        "labels": (Labels([ReferenceTurn(1, 2, "<b>hi</b>", "anna")], uri="talk"),
                   ["&lt;b&gt;hi&lt;/b&gt;", "anna", "with 1 turn up to 2.000 s"]),
    }


@pytest.mark.parametrize("name", ["sweep", "choice", "calibration", "measures", "explanations", "labels"])
def test_a_result_is_a_table_in_a_notebook(name: str) -> None:
    result, said = found()[name]
    html = result._repr_html_()
    assert html.count("<table") == 1 and all(part in html for part in said), html


def test_results_print_in_one_line() -> None:
    many = Labels([ReferenceTurn(k, k + 0.5, "words " * 20) for k in range(1_000)])
    assert repr(many) == "<Labels with 1000 turns up to 999.500 s>"
    assert repr(Labels([(ReferenceTurn(0, 1, "", "a"))], [(0, 2.5)], "x")) == (
        "<Labels of 'x' with 1 turn up to 2.500 s, speakers a, 2.500 s scored>"
    )
    blind = qaw.sweep(SpeechScores(MARKS))
    assert repr(blind) == (
        "<SweepResult of 1 clip at 41 thresholds x 30 silences x 1 padding, no reference>"
    )
    assert "no reference" in blind._repr_html_()


def test_a_table_of_labels_ends_and_says_so() -> None:
    html = Labels([ReferenceTurn(k, k + 0.5) for k in range(1_000)])._repr_html_()
    assert html.count("<tr>") == 201 and "The first 200 are shown" in html


def test_measures_without_a_reference_say_so() -> None:
    assert "without a reference" in qaw.measure([Turn(1, 1, 2)], duration=10)._repr_html_()
