"""What a page may ask of a tuner: what stands in its table, of the right types, and nothing else."""

from __future__ import annotations

import logging

import pytest
from support.tuner_view import View

from qwen_asr_widgets.vad.turns import TurnDetection


@pytest.mark.parametrize("kind", [
    "displayed", "msg", "close", "_on_displayed", "settings_set", "__class__", "verify_one", "", None, 3,
    ["try"],
])
def test_a_kind_that_is_no_command_does_nothing_and_is_logged(tuner, kind, caplog):
    view = View(tuner)
    with caplog.at_level(logging.WARNING, "qwen_asr_widgets"):
        assert view.ask(kind=kind) == []
    assert "a message to the VadTuner was dropped: kind" in caplog.text


@pytest.mark.parametrize("asked", [
    {"kind": "try", "threshold": "0.5", "silence": 400, "padding": 300},
    {"kind": "try", "threshold": float("nan"), "silence": 400, "padding": 300},
    {"kind": "try", "threshold": 0.5, "silence": 400},
    {"kind": "case"}, {"kind": "case", "index": "1"}, {"kind": "case", "index": 0.5},
    {"kind": "edit"}, {"kind": "edit", "action": "__init__"}, {"kind": "edit", "action": "add", "start": 1.0},
    {"kind": "edit", "action": "move", "index": 0, "edge": "middle", "time": 2.0},
    {"kind": "edit", "action": "move", "index": 0, "edge": "end"}, {"kind": "edit", "action": "delete"},
    {"kind": "explain", "start": 0.0, "end": 1.0, "error": 4}, {"kind": "hear", "on": "yes"},
    {"kind": "best", "max_wait": "soon"}, {"kind": "verify", "which": "everything"}, {"kind": "export"},
])
def test_a_field_that_is_missing_or_of_another_type_drops_the_message(tuner, asked, caplog):
    view, settings, labels = View(tuner), tuner.settings, tuner.labels
    with caplog.at_level(logging.WARNING, "qwen_asr_widgets"):
        assert view.ask(**asked) == []
    assert f"was dropped: {asked['kind']} " in caplog.text and "\n" not in caplog.messages[0]
    assert tuner.settings == settings and tuner.labels == labels and not tuner.work.busy


def test_what_has_the_right_form_but_cannot_be_done_is_said_in_the_view(tuner):
    view = View(tuner)
    for asked, said in (
        ({"kind": "case", "index": 7}, "There is no clip 7; there are 1, counted from 0."),
        ({"kind": "edit", "action": "delete", "index": 99}, "There is no turn 99"),
        ({"kind": "export", "what": "docx"}, "docx"),
    ):
        (content, _), = view.ask(**asked)
        assert content["kind"] == "tuner-problem" and said in content["text"]


def test_whole_numbers_that_javascript_writes_as_floats_are_whole(tuner):
    view = View(tuner)
    (content, _), = view.ask(kind="try", serial=2.0, threshold=0, silence=400.0, padding=300)
    assert content["serial"] == 2 and tuner.settings == TurnDetection(0.0, 400)


def test_an_error_healed_meanwhile_is_not_explained(tuner):
    tuner.settings = TurnDetection(0.9, 250)
    problem, = tuner.measures.problems
    asked = {"kind": "explain", "index": 0, "start": problem.start, "end": problem.end, "error": 0}
    view = View(tuner)
    assert [content["kind"] for content, _ in view.ask(**asked)] == ["explanation"]
    tuner.settings = TurnDetection(0.9, 321)
    assert view.ask(**asked) == []


def test_where_a_drag_rests_the_differences_from_the_service_are_told(tuner):
    view = View(tuner)
    (content, buffers), = view.ask(kind="rest")
    assert content["kind"] == "differences" and [len(buffer) for buffer in buffers] == [0, 0]
