"""The tuner's longer trials: sweeps, the best of them, and replays through a service."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
from support.tuner_view import View

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import SettingError, WorkerLost
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

LOOSE = TurnDetection(0.2, 800)
TIGHT = TurnDetection(0.9, 250)


def test_a_sweep_shows_errors_and_the_best_is_taken(tuner):
    view = View(tuner)
    view.ask(kind="sweep")
    content, buffers = view.wait("sweep", lambda c: c["state"] == "done")
    assert np.frombuffer(buffers[0], np.float32).size == len(content["thresholds"]) * len(content["silences"])
    assert content["known"] and content["front"]
    view.wait("best")
    assert tuner._work.join(10)
    best = tuner.best(max_cut=0.0)
    assert tuner.settings == best.settings and tuner.measures.cut == 0
    assert tuner.measures.errors < tuner._judge_in_force(0).measures.errors


def test_limits_that_nothing_keeps_are_said_in_the_view(tuner):
    view = View(tuner)
    view.ask(kind="best", max_wait=0.01, max_cut=None)
    content, _ = view.wait("tuner-problem")
    assert "the shortest is" in content["text"]


def test_a_sweep_with_an_empty_or_wrong_grid_is_refused_and_loses_nothing(tuner):
    tuner.settings = TIGHT
    with pytest.raises(SettingError, match="thresholds is empty"):
        tuner.sweep([], [400])
    with pytest.raises(SettingError, match="must lie between 200 and 6000"):
        tuner.sweep([0.0], [100])
    assert tuner.settings == TIGHT and tuner._sweep is None


def test_a_dying_worker_is_one_sentence_and_the_tuner_goes_on(tuner):
    class Dead(Executor):
        def submit(self, fn, /, *args, **kwargs):
            task = Future()
            task.set_exception(BrokenProcessPool("a worker was killed"))
            return task

    with pytest.raises(WorkerLost) as caught:
        tuner.sweep([0.0, 0.5], [400, 800], executor=Dead())
    assert "a worker was killed" in str(caught.value) and "\n" not in str(caught.value)
    assert tuner._sweep is None and tuner.labels == Labels(qaw.sample("noisy").turns)
    assert tuner.sweep([0.0, 0.5], [400, 800]).has_reference


def test_the_embedded_service_does_exactly_what_was_shown(tuner):
    with qaw.embedded("script") as endpoint:
        for settings in (LOOSE, TIGHT, TurnDetection(-0.4, 600, 500)):
            done = tuner.verify(settings, endpoint)
            assert done.agreement.exact and [round(t.start, 3) for t in done.turns] == [
                round(t.start, 3) for t in done.expected
            ]
            assert tuner.case.exact and tuner.estimate_kind == "exact"
    assert tuner.case.service == done.turns


def test_a_replay_is_asked_for_and_stated_in_the_view(noisy):
    tuner = VadTuner(noisy, endpoint=qaw.embedded("script"), settings=TIGHT)
    view = View(tuner)
    view.ask(kind="verify", endpoint="given", which="trying", max_cost=None)
    content, _ = view.wait("verify")
    assert content["results"][0]["exact"] and content["results"][0]["settings"]["silence"] == 250
    assert view.wait("tuner")[0]["service"]["turns"] == [
        [pytest.approx(t.onset, abs=6e-4), pytest.approx(t.end, abs=6e-4)] for t in tuner.turns
    ]
    (content, _), = view.ask(kind="verify", endpoint="given", which="corners")
    assert "Sweep first" in content["text"]
    tuner.close()


def test_the_corner_points_of_a_sweep_are_verified_one_after_the_other(noisy):
    tuner = VadTuner(noisy, endpoint=qaw.embedded("script"), settings=TIGHT)
    view = View(tuner)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    view.heard.clear()
    view.ask(kind="verify", endpoint="given", which="corners", max_cost=None)
    front = tuner._sweep.pareto()
    corners = dict.fromkeys([front[0].settings, front[-1].settings, tuner._best.settings, TIGHT])
    content, _ = view.wait("verify", lambda c: len(c["results"]) == len(corners))
    assert tuner._work.join(30)
    assert [one.settings for one in tuner.verifications] == list(corners)
    assert all(one["exact"] for one in content["results"])
    assert {one[0]["which"] for one in view.heard if one[0]["kind"] == "verifying"} == {
        f"{k + 1}/{len(corners)}" for k in range(len(corners))
    }
    tuner.close()


def test_of_several_clips_the_one_in_sight_is_replayed(noisy):
    tuner = VadTuner([noisy, qaw.sample("conversation")])
    view = View(tuner)
    view.ask(kind="case", index=1)
    done = tuner.verify(endpoint=qaw.embedded("script"))
    assert done.recording.duration == pytest.approx(tuner._cases[1].clip.duration, abs=0.1)
    assert tuner._cases[1].service == done.turns and tuner._cases[0].service is None
    tuner.close()


def test_all_clips_are_replayed_at_each_of_the_settings(noisy):
    tuner = VadTuner([noisy, qaw.sample("conversation")], endpoint=qaw.embedded("script"), settings=TIGHT)
    view = View(tuner)
    view.ask(kind="verify", endpoint="given", which="trying", clips="all", max_cost=None)
    content, _ = view.wait("verify", lambda c: len(c["results"]) == 2)
    assert tuner._work.join(30)
    assert [one["clip"] for one in content["results"]] == ["noisy", "conversation"]
    assert all(one["exact"] for one in content["results"])
    tuner.verify([LOOSE, TIGHT], all_clips=True)
    cases = tuner._cases
    assert [(case, one.settings) for case, one in tuner._replays[2:]] == [
        (case, settings) for case in cases for settings in (LOOSE, TIGHT)
    ]
    for case in cases:
        known = [one for replayed, one in tuner._replays if replayed is case]
        assert case.service == known[-1].turns and case.service_settings == TIGHT
        assert known[-1].recording.duration == pytest.approx(case.clip.duration, abs=0.1)
    tuner.close()


def test_the_cap_is_for_all_clips_together_and_nothing_is_sent_above_it(noisy):
    tuner = VadTuner([noisy, qaw.sample("conversation")])
    cloud = {one["id"]: one for one in tuner._verify_state()[0]["endpoints"]}["singapore"]
    price = cloud["price"][0]
    assert price["all"] == pytest.approx(price["cost"] * (1 + 36.415875 / noisy.clip.duration))
    with pytest.raises(SettingError, match="more than the cap"):
        tuner.verify(endpoint=qaw.dashscope("singapore", api_key="k"), all_clips=True,
                     max_cost=0.99 * price["all"])
    assert tuner.verifications == []
    tuner.close()


def test_a_replay_in_the_cloud_shows_its_price_and_keeps_its_cap(tuner):
    endpoints = tuner._verify_state()[0]["endpoints"]
    cloud = {one["id"]: one for one in endpoints}["singapore"]
    price = cloud["price"][0]
    assert cloud["cloud"] and price["currency"] == "CNY" and "read on" in price["source"]
    assert price["cost"] == pytest.approx(0.00066 * tuner.case.clip.duration)
    with pytest.raises(SettingError, match="more than the cap of 0.001"):
        tuner.verify(endpoint=qaw.dashscope("singapore", api_key="k"), max_cost=0.001)
