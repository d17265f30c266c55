"""Sweeps, the best of them, and replays through a service: from Python, and from a page."""

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
from qwen_asr_widgets.widgets.tuner.changes import Replaying, Swept
from qwen_asr_widgets.widgets.tuner.model import TunerModel
from qwen_asr_widgets.widgets.tuner.sources import open_cases

pytestmark = pytest.mark.service

LOOSE = TurnDetection(0.2, 800)
TIGHT = TurnDetection(0.9, 250)


@pytest.fixture
def model(noisy):
    made = TunerModel(open_cases(noisy, None), settings=TIGHT)
    yield made
    made.close()


def two_clips(noisy, **options):
    return TunerModel(open_cases([noisy, qaw.sample("conversation")], None), **options)


def corners_of(model):
    front = model.sweep_result.pareto()
    return list(dict.fromkeys([front[0].settings, front[-1].settings, model.choice.settings, model.settings]))


# Sweeps.


def test_a_sweep_shows_errors_and_the_best_is_taken(tuner):
    view = View(tuner)
    view.ask(kind="sweep")
    content, buffers = view.wait("sweep", lambda c: c["state"] == "done")
    assert np.frombuffer(buffers[0], np.float32).size == len(content["thresholds"]) * len(content["silences"])
    assert content["known"] and content["front"]
    view.wait("best")
    best = tuner.best(max_cut=0.0)
    assert tuner.settings == best.settings and tuner.measures.cut == 0
    figures = view.last("judged")[0]
    assert figures["figures"]["errors"] == tuner.measures.errors < figures["was"]["errors"]


def test_without_a_limit_no_turn_is_cut_off_where_that_can_be(noisy):
    """Of these clips fewer errors could be had by cutting one turn off."""
    clips = [noisy, qaw.sample("conversation"), qaw.sample("prompts")]
    model = TunerModel(open_cases(clips, None))
    result = model.sweep()
    assert result.best().cut_off_rate > 0 == model.choice.cut_off_rate
    assert model.best() == model.choice and model.settings == model.choice.settings
    assert model.measures.cut_off == 0
    assert model.choice.held_out["cut_off_rate"] > 0, "on held-out calls it does not hold, which is said"
    assert f"{model.choice.held_out['cut_off_rate']:.1%} cut off" in str(model.choice)
    assert model.best(max_cut=1.0).settings == result.best().settings
    least = model.best(max_wait=0.3)
    assert 0 < least.cut_off_rate == result.at_budget(0.3)[0].cut_off_rate, "the fewest within the wait"
    model.close()


def test_a_sweep_asked_for_in_a_page_says_how_far_it_is_from_its_beginning(tuner):
    view = View(tuner)
    view.ask(kind="sweep")
    view.wait("sweep", lambda c: c["state"] == "done")
    shares = [c["done"] for c, _ in view.heard if c["kind"] == "sweep" and c["state"] == "running"]
    assert shares[0] == 0.0 and shares == sorted(shares) and shares[-1] <= 1.0


def test_limits_that_nothing_keeps_are_said_in_the_view(tuner):
    view = View(tuner)
    view.ask(kind="best", max_wait=0.01, max_cut=None)
    content, _ = view.wait("tuner-problem")
    assert "the shortest is" in content["text"]


def test_a_sweep_with_an_empty_or_wrong_grid_is_refused_and_loses_nothing(model):
    with pytest.raises(SettingError, match="thresholds is empty"):
        model.sweep([], [400])
    with pytest.raises(SettingError, match="must lie between 200 and 6000"):
        model.sweep([0.0], [100])
    assert model.settings == TIGHT and model.sweep_result is None


def test_a_dying_worker_is_one_sentence_and_the_tuner_goes_on(model, noisy):
    class Dead(Executor):
        def submit(self, fn, /, *args, **kwargs):
            task = Future()
            task.set_exception(BrokenProcessPool("a worker was killed"))
            return task

    with pytest.raises(WorkerLost) as caught:
        model.sweep([0.0, 0.5], [400, 800], executor=Dead())
    assert "a worker was killed" in str(caught.value) and "\n" not in str(caught.value)
    assert model.sweep_result is None and model.case.editor.labels == Labels(noisy.turns)
    assert model.sweep([0.0, 0.5], [400, 800]).has_reference


def test_a_sweep_without_a_reference_names_no_best(noisy):
    model, changes = TunerModel(open_cases(noisy.clip, None)), []
    model.subscribe(changes.append)
    assert not model.sweep([0.0, 0.5], [400, 800]).has_reference
    assert model.choice is None and changes == [Swept()]
    with pytest.raises(SettingError, match="Sweep first"):
        model.corners()


# Replays.


def test_the_embedded_service_does_exactly_what_was_shown(tuner):
    with qaw.embedded("script") as endpoint:
        for settings in (LOOSE, TIGHT, TurnDetection(-0.4, 600, 500)):
            done = tuner.verify(settings, endpoint)
            assert done.agreement.exact and [round(t.start, 3) for t in done.turns] == [
                round(t.start, 3) for t in done.expected
            ]
            assert tuner.case.service.exact and tuner.estimate_kind == "exact"
    assert tuner.case.service.turns == done.turns


def test_the_lane_of_real_turns_says_whether_they_are_a_recordings_or_a_replays(noisy):
    recording = qaw.transcribe(noisy.clip, endpoint=qaw.embedded("script"), pace=None, progress=False)
    tuner = qaw.VadTuner(recording, endpoint=qaw.embedded("script"))
    assert tuner.view.about()[0]["service"]["replayed"] is False
    tuner.verify(TIGHT, pace=None)
    assert tuner.view.about()[0]["service"]["replayed"] is True
    tuner.close()


def test_a_replay_is_asked_for_and_stated_in_the_view(noisy):
    tuner = qaw.VadTuner(noisy, endpoint=qaw.embedded("script"), settings=TIGHT)
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
    tuner = qaw.VadTuner(noisy, endpoint=qaw.embedded("script"), settings=TIGHT)
    view = View(tuner)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    corners = corners_of(tuner.model)
    view.heard.clear()
    view.ask(kind="verify", endpoint="given", which="corners", max_cost=None)
    content, _ = view.wait("verify", lambda c: len(c["results"]) == len(corners))
    assert [one.settings for one in tuner.verifications] == corners
    assert all(one["exact"] for one in content["results"])
    assert {one[0]["which"] for one in view.heard if one[0]["kind"] == "verifying"} == {
        f"{k + 1}/{len(corners)}" for k in range(len(corners))
    }
    tuner.close()


def test_of_several_clips_the_one_in_sight_is_replayed(noisy):
    model = two_clips(noisy)
    model.show_case(1)
    done = model.verify(endpoint=qaw.embedded("script"))
    first, second = model.cases
    assert done.recording.duration == pytest.approx(second.clip.duration, abs=0.1)
    assert second.service.turns == done.turns and first.service is None
    model.close()


def test_all_clips_that_a_page_asks_for_are_replayed(noisy):
    clips = [noisy, qaw.sample("conversation")]
    tuner = qaw.VadTuner(clips, endpoint=qaw.embedded("script"), settings=TIGHT)
    view = View(tuner)
    view.ask(kind="verify", endpoint="given", which="trying", clips="all", max_cost=None)
    content, _ = view.wait("verify", lambda c: len(c["results"]) == 2)
    assert [one["clip"] for one in content["results"]] == ["noisy", "conversation"]
    assert all(one["exact"] for one in content["results"])
    tuner.close()


def test_all_clips_are_replayed_at_each_of_the_settings(noisy):
    model, changes = two_clips(noisy, endpoint=qaw.embedded("script")), []
    model.subscribe(changes.append)
    model.verify([LOOSE, TIGHT], all_clips=True)
    assert [(case, one.settings) for case, one in model.replays] == [
        (case, settings) for case in model.cases for settings in (LOOSE, TIGHT)
    ]
    begun = [change for change in changes if isinstance(change, Replaying) and not change.seconds]
    assert [(change.number, change.count) for change in begun] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for case in model.cases:
        last = [one for replayed, one in model.replays if replayed is case][-1]
        assert case.service.turns == last.turns and case.service.settings == TIGHT
        assert last.recording.duration == pytest.approx(case.clip.duration, abs=0.1)
    model.close()


def test_a_replay_that_is_cancelled_ends_early_and_begins_no_other(model):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 20

    done = model.verify([LOOSE, TIGHT], qaw.embedded("script"), cancelled=cancelled)
    assert 1.9 < done.recording.duration < 2.3 and len(model.replays) == 1


def test_the_cap_is_for_all_clips_together_and_nothing_is_sent_above_it(noisy):
    tuner = qaw.VadTuner([noisy, qaw.sample("conversation")])
    price = offered(tuner)["singapore"]["price"][0]
    assert price["all"] == pytest.approx(price["cost"] * (1 + 36.415875 / noisy.clip.duration))
    with pytest.raises(SettingError, match="more than the cap"):
        tuner.verify(endpoint=qaw.dashscope("singapore", api_key="k"), all_clips=True,
                     max_cost=0.99 * price["all"])
    assert tuner.verifications == []
    tuner.close()


def test_a_replay_in_the_cloud_shows_its_price_and_keeps_its_cap(tuner):
    cloud = offered(tuner)["singapore"]
    price = cloud["price"][0]
    assert cloud["cloud"] and price["currency"] == "CNY" and "read on" in price["source"]
    assert price["cost"] == pytest.approx(0.00066 * tuner.case.clip.duration)
    with pytest.raises(SettingError, match="more than the cap of 0.001"):
        tuner.verify(endpoint=qaw.dashscope("singapore", api_key="k"), max_cost=0.001)


def offered(tuner):
    """Return the endpoints that a page offers for a replay, by name."""
    view = View(tuner)
    view.ask(kind="hello")
    return {one["id"]: one for one in view.last("verify")[0]["endpoints"]}


def test_one_piece_of_work_runs_at_a_time_and_another_is_told_so(noisy):
    tuner = qaw.VadTuner(noisy, endpoint=qaw.embedded("script"))
    view = View(tuner)
    view.ask(kind="verify")
    (content, _), = [one for one in view.ask(kind="sweep") if one[0]["kind"] == "tuner-problem"]
    assert content["text"] == "The replay still runs; wait or cancel it."
    view.ask(kind="cancel")
    view.wait("verify")
    tuner.close()
