"""The tuner from Python: what it judges, what it tells its views, and why."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.tuner_view import View

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

LOOSE = TurnDetection(0.2, 800)
TIGHT = TurnDetection(0.9, 250)


def test_turns_and_measures_are_those_of_the_settings(tuner, noisy):
    scores = qaw.speech_scores(noisy.clip)
    for settings in (LOOSE, TIGHT):
        tuner.settings = settings
        turns = detect_turns(scores, settings)
        assert tuner.turns == turns
        wanted = measure(turns, Labels(noisy.turns), duration=noisy.clip.duration, settings=settings)
        assert tuner.measures == wanted
        assert tuner.expected_wait == wanted.quantile("waits", 0.5)


def test_a_try_is_answered_with_turns_errors_and_what_was(tuner):
    view = View(tuner)
    heard = view.ask(kind="try", serial=7, threshold=0.9, silence=250, padding=300)
    (content, buffers), = heard
    assert content["kind"] == "judged" and content["serial"] == 7
    assert content["settings"] == {"threshold": 0.9, "silence": 250, "padding": 300}
    rows = np.frombuffer(buffers[0], np.int32).reshape(-1, 3) / 16_000
    assert rows.tolist() == [[t.onset, t.start, t.end] for t in tuner.turns]
    problems = tuner.measures.problems
    assert np.frombuffer(buffers[1], np.int32).reshape(-1, 2).tolist() == [
        [round(p.start * 16_000), round(p.end * 16_000)] for p in problems
    ]
    assert [("cut", "merged", "missed", "invented")[k] for k in buffers[2]] == [p.kind for p in problems]
    assert content["figures"]["cut"] == 1 and content["was"]["merged"] == 3
    assert content["was"]["wait"] > content["figures"]["wait"]
    json.dumps(content)


def test_python_hears_what_is_tried_and_views_what_python_sets(tuner):
    view, seen = View(tuner), []
    tuner.observe(lambda change: seen.append(change["new"]), "settings")
    view.ask(kind="try", serial=1, threshold=0.0, silence=400, padding=100)
    assert seen == [TurnDetection(0.0, 400, 100)] and tuner.settings == seen[0]
    view.heard.clear()
    tuner.settings = LOOSE
    content, _ = view.last("judged")
    assert content["serial"] is None and content["settings"]["silence"] == 800


def test_a_setting_out_of_range_is_said_and_changes_nothing(tuner):
    view = View(tuner)
    before = tuner.settings
    (content, _), = view.ask(kind="try", serial=1, threshold=3.0, silence=400, padding=0)
    assert content["kind"] == "tuner-problem" and "must lie between -1 and 1" in content["text"]
    assert tuner.settings == before


def test_the_reference_is_edited_and_taken_back(tuner):
    view = View(tuner)
    count = len(tuner.labels.turns)
    view.ask(kind="edit", action="move", index=0, edge="end", time=2.0)
    assert tuner.labels.turns[0].end == 2.0
    view.ask(kind="edit", action="delete", index=1)
    assert len(tuner.labels.turns) == count - 1
    view.ask(kind="edit", action="add", start=27.6, end=28.4)
    content, buffers = view.last("reference")
    assert content["undo"] and len(np.frombuffer(buffers[0], np.float32)) == 2 * count
    assert view.last("judged")[0]["figures"]["reference_turns"] == count
    for _ in range(3):
        view.ask(kind="edit", action="undo")
    assert tuner.labels == Labels(qaw.sample("noisy").turns)
    (content, _), = view.ask(kind="edit", action="add", start=1.0, end=1.001)
    assert "draw at least" in content["text"]


def test_what_is_drawn_without_a_reference_is_judged_only_around_it(noisy):
    tuner = VadTuner(noisy.clip)
    view = View(tuner)
    assert tuner.measures.cut is None
    first = noisy.turns[0]
    view.ask(kind="edit", action="add", start=first.start, end=first.end)
    figures = view.last("judged")[0]["figures"]
    assert figures["reference_turns"] == 1 and figures["invented"] == 0
    assert figures["minutes"] * 60 == pytest.approx(first.end - first.start + 1.0, abs=0.01)
    tuner.close()


def test_every_error_explains_itself_with_remedies_that_heal_it(tuner):
    tuner.settings = TIGHT
    view = View(tuner)
    problem, = tuner.measures.problems
    view.ask(kind="explain", index=0, start=problem.start, end=problem.end, error=0)
    content, _ = view.last("explanation")
    why, = tuner.explanations
    assert why.sentence.startswith("cut at 0:15.4: the score stayed below 0.90 for 320 ms")
    assert content["cause"] == {"kind": "below", "threshold": 0.9, "ms": 320}
    assert [one["setting"] for one in content["remedies"]] == ["silence", "threshold"]
    for remedy in content["remedies"]:
        view.ask(kind="try", serial=1, **{key: remedy[key] for key in ("threshold", "silence", "padding")})
        assert view.last("judged")[0]["figures"]["cut"] == 0


def test_cues_lie_on_the_samples_at_which_endpoints_come(tuner):
    tuner.settings = TIGHT
    view = View(tuner)
    (content, buffers), = view.ask(kind="hear", on=True)
    assert content["kind"] == "cues"
    for data, settings in zip(buffers, (LOOSE, TIGHT)):
        turns = detect_turns(tuner.scores, settings)
        expected = [round(t.end * 16_000) + settings.silence_frames * 512 for t in turns]
        got = np.frombuffer(data, np.int32).tolist()
        assert got[:-1] == expected[:-1] and got[-1] <= len(tuner.case.clip)
    view.ask(kind="try", serial=1, threshold=0.0, silence=400, padding=300)
    assert view.last("cues") is not None
    heard = tuner.hear(TIGHT)
    first = np.frombuffer(buffers[1], np.int32)[0]
    changed = np.flatnonzero(heard.samples[:len(tuner.case.clip)] != tuner.case.clip.samples)
    assert 0 <= changed[0] - first <= 2


def test_dir_lists_what_a_user_needs_and_repr_is_one_line(tuner):
    assert dir(tuner) == [
        "best", "case", "close", "code", "cues", "estimate_kind", "expected_wait", "explanations", "hear",
        "hear_under", "height", "in_force", "labels", "lang", "measures", "other_speaker", "presentation",
        "reach", "report", "save_labels", "save_outputs", "scores", "selected", "settings", "sweep", "turns",
        "verifications", "verify",
    ]
    assert repr(tuner) == (
        "<VadTuner: noisy (28.9 s), trying threshold 0.20, silence 800 ms, padding 300 ms>"
    )
