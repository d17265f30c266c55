"""What decides that a turn is over, in the tuner: pauses, a model asked once at each, policies, purposes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.said_ends import MissingEnds, SaidEnds
from support.tuner_view import View

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import LabelError, SettingError
from qwen_asr_widgets.vad.end_of_turn.end_of_turn import EndOfTurn
from qwen_asr_widgets.vad.trade_off.policy import Policy
from qwen_asr_widgets.widgets.tuner.turn_ends.saved import BY, report_parts
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

PROMPTS = ((0, 2), (3, 5), (6, 6))
"""The first and the last prompt of each turn."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def talk() -> tuple[qaw.AudioClip, list[tuple[float, float]]]:
    """A human voice whose prompts are taken three at a time, so that the pauses between them are holds."""
    prompts = qaw.sample("prompts")
    taken = ((prompts.turns[first].start, prompts.turns[last].end) for first, last in PROMPTS)
    return prompts.clip, [(round(start, 3), round(end, 3)) for start, end in taken]


@pytest.fixture
def make(talk) -> Iterator[Callable[..., VadTuner]]:
    made: list[VadTuner] = []

    def tuner(**options: Any) -> VadTuner:
        made.append(VadTuner(*talk, **options))
        return made[-1]

    yield tuner
    for each in made:
        each.close()


def ends_message(tuner: VadTuner) -> tuple[dict[str, Any], list[bytes]]:
    """Return what an opening page is told of the ends."""
    return next(one for one in tuner.view.opening() if one[0]["kind"] == "ends")


def test_pauses_are_read_off_the_scores_as_qaw_pauses_does(make, talk) -> None:
    tuner = make()
    assert tuner.ends.pauses == qaw.pauses(*talk)
    assert len(tuner.ends.pauses.holds) >= 4
    content, buffers = ends_message(tuner)
    assert content["known"] and not content["given"] and content["threshold"] == 0.0
    rows = np.frombuffer(buffers[0], np.int32).reshape(-1, 4)
    judged = [p for p in tuner.ends.pauses.holds if p.duration >= 0.2] + list(tuner.ends.pauses.ends)
    assert rows[:, :2].tolist() == [[round(p.start * 16_000), round(p.end * 16_000)] for p in judged]
    assert content["holds"] + content["left_out"] == len(tuner.ends.pauses.holds)


def test_pauses_labelled_by_hand_are_used_until_the_reference_is_another(make, talk) -> None:
    clip, turns = talk
    by_hand = qaw.pauses(clip, turns, holds=[(turns[0][0] + 0.5, turns[0][0] + 1.0)])
    tuner = make(pauses=by_hand)
    assert tuner.ends.pauses is by_hand and ends_message(tuner)[0]["given"]
    tuner.model.edit(lambda editor: editor.delete(2))
    assert not ends_message(tuner)[0]["given"]
    assert tuner.ends.pauses == qaw.pauses(clip, turns[:2])


@pytest.mark.parametrize("wrong", [[(0.1, 0.3)], "pauses", []])
def test_pauses_of_another_kind_are_refused_in_one_sentence(make, wrong) -> None:
    with pytest.raises(LabelError, match=r"pauses takes what qaw\.pauses\(clip, reference\) returns"):
        make(pauses=wrong)


def test_pauses_of_another_reference_are_refused(make, talk) -> None:
    with pytest.raises(LabelError, match="are those of other turns than its reference has"):
        make(pauses=qaw.pauses(talk[0], [(1.0, 2.0)]))


def test_a_model_is_asked_once_at_each_pause_and_never_while_something_is_tried(make) -> None:
    model = SaidEnds()
    tuner = make(end_of_turn=EndOfTurn(model))
    said = tuner.ends.probabilities
    count = len(said)
    assert len(model.asked) == count
    assert said.ravel().tolist() == pytest.approx([model.said[k % 3] for k in range(count)])
    tuner.settings = qaw.TurnDetection(0.5, 300)
    for threshold in (0.2, 0.4, 0.6):
        tuner.ends.policy = Policy(threshold, 0.3, 1.0)
    assert tuner.ends.probabilities.tolist() == said.tolist() and len(model.asked) == count


def test_what_a_model_said_is_kept_on_disk(make) -> None:
    first = make(end_of_turn=EndOfTurn(SaidEnds())).ends.probabilities
    again = SaidEnds(said=(0.5,))
    assert make(end_of_turn=EndOfTurn(again)).ends.probabilities.tolist() == first.tolist()
    assert again.asked == []


def test_after_an_edit_a_model_is_asked_about_new_pauses_alone(make) -> None:
    model = SaidEnds()
    tuner = make(end_of_turn=EndOfTurn(model))
    count = len(tuner.ends.probabilities)
    tuner.model.edit(lambda editor: editor.delete(0))
    left = len(tuner.ends.probabilities)
    assert left < count and len(model.asked) == count
    tuner.model.edit(lambda editor: editor.undo())
    assert len(tuner.ends.probabilities) == count and len(model.asked) == count


def test_a_page_hears_how_far_the_asking_is_and_what_was_said(make) -> None:
    tuner = make()
    view = View(tuner)
    tuner.ends.decide(EndOfTurn(SaidEnds()))
    view.wait("ends", lambda content: content["detector"] == "said" and not content["asking"])
    content, buffers = view.last("ends")
    count = len(buffers[0]) // 16
    assert len(buffers[3]) == 4 * count and content["instants"] == [3_200]
    steps = [one[0]["done"] for one in view.heard if one[0]["kind"] == "asking"]
    assert steps == list(range(count))


def test_a_model_that_is_not_installed_says_so_and_is_not_asked_again(make) -> None:
    model = MissingEnds()
    tuner = make(end_of_turn=EndOfTurn(model))
    with pytest.raises(SettingError, match="It needs its file: install it."):
        tuner.ends.probabilities
    assert ends_message(tuner)[0]["problem"] == "It needs its file: install it."
    tuner.model.edit(lambda editor: editor.delete(0))
    assert model.asked == 1
    tuner.ends.decide("silence")
    assert ends_message(tuner)[0]["problem"] == ""


def test_models_that_hear_are_doubted_on_synthetic_samples_alone() -> None:
    for name, synthetic in (("noisy", True), ("call", True), ("prompts", False)):
        tuner = VadTuner(qaw.sample(name), end_of_turn=EndOfTurn(SaidEnds()))
        assert ends_message(tuner)[0]["synthetic"] is synthetic
        tuner.ends.decide("punctuation")
        assert ends_message(tuner)[0]["synthetic"] is False
        tuner.close()


def test_without_a_reference_there_is_nothing_to_judge_by(talk) -> None:
    tuner = VadTuner(talk[0])
    assert ends_message(tuner)[0]["known"] is False
    with pytest.raises(SettingError, match="draw its turns or give reference="):
        tuner.ends.pauses
    with pytest.raises(LabelError, match="draw its turns or give reference="):
        tuner.ends.tune_for("agent")
    tuner.close()


@pytest.mark.parametrize(("policy", "sentence"), [
    (Policy(1.5, 0.2, 1.0), "threshold is 1.5"),
    (Policy(0.5, 0.1, 1.0), "action_delay is 0.1"),
    (Policy(0.5, 0.2, 9.0), "time_out is 9.0"),
    (Policy(0.5, 1.0, 0.5), "The time-out of 0.5 s is shorter than the action delay of 1 s"),
    (0.5, "policy takes a Policy, not float"),
])
def test_a_policy_out_of_range_is_refused_in_one_sentence(make, policy, sentence) -> None:
    tuner = make()
    before = tuner.ends.policy
    with pytest.raises(SettingError, match=sentence):
        tuner.ends.policy = policy
    assert tuner.ends.policy == before


def test_a_page_and_python_try_policies_and_every_page_hears_of_both(make) -> None:
    tuner = make()
    view = View(tuner)
    view.ask(kind="policy", threshold=0.7, delay=0.3, time_out=1.5, serial=4)
    assert view.last("policy")[0] == {
        "kind": "policy", "policy": {"threshold": 0.7, "delay": 0.3, "timeOut": 1.5}, "serial": 4,
    }
    assert tuner.ends.policy == Policy(0.7, 0.3, 1.5)
    tuner.ends.policy = Policy(0.6, 0.2, 2.0)
    assert view.last("policy")[0]["serial"] is None


def test_a_policy_of_numpys_numbers_is_tried_and_told_as_one_of_pythons(make) -> None:
    tuner = make()
    view = View(tuner)
    tuner.ends.policy = Policy(np.float32(0.75), np.float64(0.5), np.int64(2))
    policy = view.last("policy")[0]["policy"]
    assert {name: (type(value), value) for name, value in policy.items()} == {
        "threshold": (float, 0.75), "delay": (float, 0.5), "timeOut": (int, 2),
    }
    model = EndOfTurn("punctuation", policy=Policy(np.float32(0.75), np.float64(0.5), np.int64(2)))
    assert model.policy == tuner.ends.policy and type(model.policy.threshold) is float


def test_an_unknown_detector_or_purpose_is_refused_with_those_there_are(make) -> None:
    tuner = make()
    with pytest.raises(SettingError, match="There is no end-of-turn model 'smart'"):
        tuner.ends.decide("smart")
    with pytest.raises(SettingError, match="There is no purpose 'agents'"):
        tuner.ends.tune_for("agents")


# Purposes.


def test_each_purpose_takes_the_best_of_the_trade_off_within_its_limit(make) -> None:
    tuner = make(end_of_turn=EndOfTurn(SaidEnds()))
    found = tuner.ends.trade_off()
    assert found.detectors == ("vad", "silence", "said")
    for purpose, point in (
        ("agent", found.at_budget(0.6, detector="said")),
        ("telephone", found.at_budget(0.3, detector="said")),
        ("dictation", found.latency_at(0.0, detector="said")),
        ("captions", found.latency_at(0.1, detector="said")),
    ):
        assert tuner.ends.tune_for(purpose) == point[0]
        assert tuner.ends.policy == point[0].policy
    assert tuner.ends.tune_for("agent", 1.2) == found.at_budget(1.2, detector="said")[0]


def test_a_purpose_of_the_detector_moves_the_tuners_own_settings() -> None:
    tuner = VadTuner(qaw.sample("conversation"), settings=qaw.TurnDetection(0.2, 800, 120))
    point = tuner.ends.tune_for("dictation")
    assert point.cut_off_rate == 0
    silence = round(1_000 * point.policy.time_out)
    assert tuner.settings == qaw.TurnDetection(point.policy.threshold, silence, 120)
    tuner.close()


def test_a_purpose_of_silence_alone_sets_the_time_out(make) -> None:
    tuner = make()
    tuner.ends.decide("silence")
    point = tuner.ends.tune_for("dictation")
    assert math.isnan(point.policy.threshold) and tuner.ends.policy.time_out == point.policy.time_out
    longest = max(hold.duration for hold in tuner.ends.pauses.holds)
    assert longest <= point.policy.time_out < longest + 0.01


def test_where_no_policy_keeps_the_limit_nothing_is_taken(make) -> None:
    tuner = make()
    tuner.ends.decide("silence")
    before = tuner.ends.policy
    assert tuner.ends.tune_for("agent", 0.1) is None
    assert tuner.ends.policy == before


@pytest.mark.parametrize(("purpose", "limit", "most"), [("agent", 61, 60), ("captions", 5, 1)])
def test_a_limit_out_of_its_range_is_refused_before_anything_is_swept(make, purpose, limit, most) -> None:
    tuner = make()
    with pytest.raises(SettingError, match=f"limit is {limit}; it must be a number from 0 to {most}"):
        tuner.ends.tune_for(purpose, limit)
    assert tuner.ends.traded is None and tuner.ends.aim is None


def test_a_page_tunes_for_a_purpose_and_hears_what_was_found() -> None:
    tuner = VadTuner(qaw.sample("conversation"))
    view = View(tuner)
    view.ask(kind="trade", purpose="captions", limit=None)
    content, _ = view.wait("traded", lambda content: content["chosen"] is not None)
    point = tuner.ends.aim.point
    assert content["chosen"]["purpose"] == "captions" and content["chosen"]["limit"] == 0.1
    assert content["chosen"]["point"]["latency"] == point.latency
    assert content["curves"]["silence"][0] == (0.2, pytest.approx(1.0))
    tuner.work.join()
    tuner.close()


def test_a_trade_off_goes_with_the_labels_it_was_made_with(make) -> None:
    tuner = make()
    first = tuner.ends.trade_off()
    assert tuner.ends.trade_off() is first is tuner.ends.traded
    tuner.model.edit(lambda editor: editor.delete(0))
    assert tuner.ends.traded is None
    assert tuner.ends.trade_off().ends == first.ends - 1


def test_several_clips_are_tuned_for_together() -> None:
    one, other = qaw.sample("noisy"), qaw.sample("conversation")
    tuner = VadTuner([one, other, other.clip], [one, other, None])
    assert len(tuner.ends.trade_off().clips) == 2
    assert not math.isnan(tuner.ends.tune_for("captions").held_out)
    tuner.close()


# ---- what is kept of it

def kept_figures(html: str) -> list[float]:
    """Return what a saved page says a policy costs: cut-offs and holds, answers and ends, the wait."""
    plain = re.sub(r"<[^>]+>", " ", html[html.index("Holds cut off"):])
    return [float(number) for number in re.findall(r"[\d.]+", plain)[:5]]


@pytest.mark.parametrize("decides", ["said", "silence"])
def test_the_report_and_a_saved_notebook_say_what_the_policy_costs(make, talk, tmp_path, decides) -> None:
    detector = EndOfTurn(SaidEnds()) if decides == "said" else decides
    tuner = make(end_of_turn=detector)
    tuner.ends.policy = Policy(0.5, 0.3, 0.5)
    assert tuner.ends.probabilities is None or len(tuner.ends.probabilities)
    found = qaw.trade_off(
        [talk[0]], [talk[1]], detector, probabilities=[0.5], action_delays=[0.3], time_outs=[0.5]
    )
    row = found.to_frame().query("abs(time_out - 0.5) < 1e-9").iloc[0]
    costs = [
        round(row.cut_off_rate * row.holds), row.holds, round(row.answered_rate * row.ends), row.ends,
        pytest.approx(row.latency, abs=0.006),
    ]
    report = tuner.report(tmp_path / "report.html").read_text(encoding="utf-8")
    for page in (report, tuner.saved.output()):
        assert kept_figures(page) == costs
        assert f"What ends a turn: {BY.get(decides, decides)}, {tuner.ends.policy_in_force}." in page
    assert report.count("data:image/png") == (3 if decides == "said" else 2)
    rows = re.findall(r"<td[^>]*>(hold|end)</td>", report)
    assert (rows.count("hold"), rows.count("end")) == (row.holds, row.ends)


def test_with_the_turn_detector_the_costs_are_those_of_its_settings(make, talk) -> None:
    tuner = make()
    tuner.settings = qaw.TurnDetection(0.5, 300)
    row = qaw.trade_off([talk[0]], [talk[1]], "vad", thresholds=[0.5], silences_ms=[300]).to_frame().iloc[0]
    costs = tuner.ends.costs()
    assert (costs.holds, costs.ends) == (row.holds, row.ends)
    assert costs.cut_off == round(row.cut_off_rate * row.holds)
    assert costs.wait == pytest.approx(row.latency)


def test_the_report_holds_the_trade_off_and_what_serves_a_purpose(make) -> None:
    tuner = make()
    assert report_html(tuner) == ""
    assert tuner.ends.tune_for("dictation") is None
    assert "at most 0% of the holds cut off: no policy keeps that." in report_html(tuner)
    tuner.ends.decide("silence")
    point = tuner.ends.tune_for("dictation")
    html = report_html(tuner)
    assert "False cut-offs against latency" in html
    assert f"For dictation, at most 0% of the holds cut off: {point.policy}, with 0.0% of" in html


def test_a_model_that_cannot_be_asked_says_so_in_the_report(make) -> None:
    tuner = make(end_of_turn=EndOfTurn(MissingEnds()))
    with pytest.raises(SettingError):
        assert tuner.ends.probabilities
    assert "It needs its file: install it." in report_html(tuner)


def report_html(tuner: VadTuner) -> str:
    """Return the part of the report on the ends of turns."""
    return "".join(report_parts(tuner.ends))
