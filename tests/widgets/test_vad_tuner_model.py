"""The tuner's model, which needs no page: what it tells of changes, what it keeps, and that it never waits
while it holds its lock.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.tuner_view import View
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import LabelError, SettingError
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner import model as model_module
from qwen_asr_widgets.widgets.tuner.changes import (
    ClipChosen, Failed, InForce, ReferenceEdited, Scored, ScoresGrew, Tried,
)
from qwen_asr_widgets.widgets.tuner.model import TunerModel
from qwen_asr_widgets.widgets.tuner.sources import open_cases
from qwen_asr_widgets.widgets.tuner.view import TunerView

LOOSE = TurnDetection(0.2, 800)
TIGHT = TurnDetection(0.9, 250)


@pytest.fixture
def model(noisy):
    made = TunerModel(open_cases([noisy, qaw.sample("conversation")], None))
    yield made
    made.close()


@pytest.fixture
def changes(model):
    told = []
    model.subscribe(told.append)
    return told


def test_every_change_is_told_once_by_what_it_is(model, changes):
    model.try_settings(TIGHT)
    model.put_in_force(TIGHT)
    model.show_case(1)
    model.edit(lambda editor: editor.delete(0))
    assert changes == [Tried(), InForce(), ClipChosen(), ReferenceEdited()]


def test_settings_tried_already_are_told_only_to_the_page_that_asks(model, changes):
    model.try_settings(model.settings)
    assert changes == []
    model.try_settings(model.settings, serial=3)
    assert changes == [Tried(serial=3)]


def test_what_cannot_be_shown_or_edited_changes_nothing(model, changes):
    labels = model.case.editor.labels
    with pytest.raises(SettingError, match="There is no clip 2; there are 2, counted from 0."):
        model.show_case(2)
    with pytest.raises(LabelError):
        model.edit(lambda editor: editor.add(1.0, 1.001))
    assert changes == [] and model.at == 0 and model.case.editor.labels == labels


def test_a_judgement_is_made_once_and_anew_for_other_settings_or_labels(model):
    first = model.judged()
    assert model.judged() is first
    model.try_settings(TIGHT)
    second = model.judged()
    assert second.settings == TIGHT and second is not first
    model.edit(lambda editor: editor.delete(0))
    assert model.judged().measures.reference_turns == second.measures.reference_turns - 1
    assert model.judged_in_force().settings == LOOSE


def test_a_subscriber_finds_the_lock_free_and_what_it_is_told_of_done(model):
    seen = []

    def look(change):
        taken = threading.Thread(target=lambda: seen.append((model.lock.acquire(timeout=10), model.settings)))
        taken.start()
        taken.join(20)

    model.subscribe(look)
    model.try_settings(TIGHT)
    assert seen == [(True, TIGHT)]


def test_a_closed_model_tells_nobody(model, changes):
    model.close()
    model.try_settings(TIGHT)
    assert changes == []


# Long sound is scored in the background.


@pytest.fixture
def held_scoring(monkeypatch):
    """Score a clip in two pieces, the second when the test allows it."""
    go_on = threading.Event()
    real = model_module.speech_scores

    def slowly(clip, progress=None):
        scores = real(clip)
        half = len(scores) // 2
        progress(scores.values[:half], len(scores))
        assert go_on.wait(30)
        progress(scores.values, len(scores))
        return scores

    monkeypatch.setattr(model_module, "speech_scores", slowly)
    monkeypatch.setattr(model_module, "AT_ONCE_SECONDS", 0.0)
    yield go_on
    go_on.set()


def test_scores_that_come_later_are_told_as_they_grow(held_scoring, noisy):
    changes = []
    model = TunerModel(open_cases(noisy, None))
    model.subscribe(changes.append)
    half = len(noisy.clip) // 512 // 2
    wait_until(lambda: model.case.growing, 30, "the first half is scored")
    assert len(model.case.growing.scores) == half and model.case.scores is None
    held_scoring.set()
    assert len(model.scores()) == len(noisy.clip) // 512
    wait_until(lambda: Scored(model.case, True) in changes, 10, "the end is told")
    assert changes[-2:] == [ScoresGrew(model.case, half), Scored(model.case, True)]
    model.close()


def test_a_page_that_opens_while_scores_grow_is_given_those_that_are_there(held_scoring, noisy):
    model = TunerModel(open_cases(noisy, None))
    wait_until(lambda: model.case.growing, 30, "the first half is scored")
    told = {content["kind"]: (content, buffers) for content, buffers in TunerView(model).opening()}
    content, buffers = told["scores"]
    assert content["first"] == 0 and content["total"] == len(noisy.clip) // 512
    assert np.frombuffer(buffers[0], np.float32).size == content["total"] // 2
    assert "judged" not in told
    held_scoring.set()
    model.close()


def test_what_waits_for_scores_leaves_the_lock_to_others(held_scoring, noisy):
    model = TunerModel(open_cases([noisy, qaw.sample("call")], None))
    waiting = threading.Thread(target=lambda: model.measures)
    waiting.start()
    wait_until(lambda: model.case.growing, 30, "scoring is under way")
    model.try_settings(TIGHT)
    assert model.settings == TIGHT and waiting.is_alive()
    held_scoring.set()
    waiting.join(30)
    assert not waiting.is_alive()
    model.close()


def test_scores_that_cannot_be_computed_are_said_and_not_waited_for(monkeypatch, noisy):
    begin, changes = threading.Event(), []

    def failing(clip, progress=None):
        assert begin.wait(30)
        raise OSError("no weights here")

    monkeypatch.setattr(model_module, "speech_scores", failing)
    monkeypatch.setattr(model_module, "AT_ONCE_SECONDS", 0.0)
    model = TunerModel(open_cases(noisy, None))
    model.subscribe(changes.append)
    begin.set()
    wait_until(lambda: changes, 10, "the failure is told")
    assert changes == [Failed("OSError: no weights here")]
    with pytest.raises(SettingError, match="could not be computed"):
        model.judged()
    model.close()


def test_a_report_that_a_page_asks_for_waits_for_scores_and_stops_nothing(held_scoring, noisy):
    tuner = qaw.VadTuner([noisy, qaw.sample("call")])
    view = View(tuner)
    asking = threading.Thread(target=lambda: view.ask(kind="export", what="report"))
    asking.start()
    wait_until(lambda: tuner.model.case.growing, 30, "scoring is under way")
    held_scoring.set()
    asking.join(60)
    assert not asking.is_alive() and view.last("file")[0]["name"] == "noisy-vad.html"
    tuner.close()
