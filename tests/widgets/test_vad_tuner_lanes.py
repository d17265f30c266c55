"""The second lane hears what was asked for, judged as the clip is; the other speaker is counted apart."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.tuner_view import View
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import AudioError, SettingError
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from qwen_asr_widgets.widgets.tuner.lanes import second_lane
from qwen_asr_widgets.widgets.tuner.lanes.other_speaker import other_channel
from qwen_asr_widgets.widgets.tuner.sources import open_cases
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

TIGHT = TurnDetection(0.0, 400)
PLAIN = {"detector": "silero", "noise": "none", "snr": 15, "level": 0, "telephone": False, "threshold": None}
CALL = qaw.sample("call")
BY_SPEAKER = [[turn for turn in CALL.turns if turn.speaker == name] for name in ("caller", "agent")]


@pytest.fixture
def tuner(request):
    made = VadTuner(qaw.sample("noisy"), settings=TIGHT, noise=qaw.sample("dictation"))
    yield made
    made.close()


@pytest.fixture
def view(tuner):
    return View(tuner)


def ints(buffer: bytes) -> list[int]:
    return np.frombuffer(buffer, np.int32).tolist()


CASES = [
    ({"noise": "pink", "snr": 0}, qaw.Condition("pink", 0)),
    ({"noise": "babble", "snr": -3, "level": -12}, qaw.Condition("babble", -3, -12)),
    ({"level": 10, "telephone": True}, qaw.Condition(level_db=10, telephone=True)),
    ({"noise": "recorded", "snr": 5}, qaw.Condition(qaw.sample("dictation"), 5)),
]


@pytest.mark.parametrize(("asked", "condition"), CASES, ids=[str(one) for _, one in CASES])
def test_what_a_page_asks_for_is_heard_and_judged_as_measure_does_it(tuner, view, asked, condition) -> None:
    heard = view.ask(kind="second", serial=1, **{**PLAIN, **asked})
    assert [content["kind"] for content, _ in heard] == ["second-scores", "second"]
    sample = qaw.sample("noisy")
    spans = [(turn.start, turn.end) for turn in tuner.labels.turns]
    scores = qaw.speech_scores(condition.apply(sample, spans), cache=False)
    np.testing.assert_array_equal(np.frombuffer(heard[0][1][0], np.float32), scores.values)
    content, (turns, _, _) = heard[1]
    expected = detect_turns(scores, TIGHT)
    assert ints(turns)[::3] == [round(turn.onset * 16_000) for turn in expected]
    judged = measure(expected, sample, duration=sample.clip.duration, settings=TIGHT)
    assert {name: content["figures"][name] for name in ("cut", "merged", "missed", "invented")} == {
        "cut": judged.cut, "merged": judged.merged, "missed": judged.missed, "invented": judged.invented,
    }
    assert content["name"] == str(condition) and content["on"] and not content["busy"]
    assert content["serial"] == 1 and content["recorded"] == "dictation.flac"


def test_another_detector_has_a_threshold_of_its_own(tuner, view) -> None:
    heard = view.ask(kind="second", serial=2, **{**PLAIN, "detector": "energy", "threshold": 0.1})
    content = heard[-1][0]
    assert content["settings"] == {"threshold": 0.1, "silence": 400, "padding": TIGHT.prefix_padding_ms}
    scores = qaw.speech_scores(qaw.sample("noisy"), detector="energy")
    assert content["figures"]["turns"] == len(detect_turns(scores, TurnDetection(0.1, 400)))
    assert tuner.settings == TIGHT


def test_the_lane_follows_the_settings_tried_and_goes_with_what_differs(tuner, view) -> None:
    view.ask(kind="second", serial=1, **{**PLAIN, "noise": "pink"})
    heard = view.ask(kind="try", threshold=0.6, silence=300, padding=300, serial=5)
    second = next(content for content, _ in heard if content["kind"] == "second")
    assert second["settings"]["threshold"] == 0.6 and second["serial"] is None
    assert [content["kind"] for content, _ in heard if content["kind"] == "second-scores"] == []
    off = view.ask(kind="second", serial=2, **PLAIN)
    assert [(content["kind"], content["on"]) for content, _ in off] == [("second", False)]
    assert off[0][1] == [] and tuner.hear_under() is None


def test_what_cannot_be_heard_is_told_and_changes_nothing(tuner, view) -> None:
    view.ask(kind="second", serial=1, **{**PLAIN, "noise": "pink"})
    for wrong, sentence in (
        ({"noise": "pink", "snr": 50}, "snr_db is 50"), ({"detector": "sonar"}, "There is no detector"),
        ({"level": -50}, "level_db is -50"),
    ):
        heard = view.ask(kind="second", serial=2, **{**PLAIN, **wrong})
        assert [content["kind"] for content, _ in heard] == ["tuner-problem"]
        assert sentence in heard[0][0]["text"]
    assert str(tuner.model.second.hearing.condition) == "pink noise 15 dB"
    alone = VadTuner(qaw.sample("noisy"))
    heard = View(alone).ask(kind="second", serial=1, **{**PLAIN, "noise": "recorded"})
    assert "No recorded noise was given" in heard[0][0]["text"]
    alone.close()


def test_a_silent_clip_cannot_be_heard_in_noise() -> None:
    tuner = VadTuner(qaw.AudioClip(np.zeros(16_000), 16_000))
    with pytest.raises(AudioError, match="The clip is silent"):
        tuner.hear_under(qaw.Condition("pink", 5))
    assert not tuner.model.second.hearing.differs
    tuner.close()


def test_of_a_long_clip_only_what_was_asked_for_last_is_heard(monkeypatch, view, tuner) -> None:
    monkeypatch.setattr(second_lane, "AT_ONCE_SECONDS", 1.0)
    may_go, scored, real = threading.Event(), [], second_lane.speech_scores

    def slow(sound, **options):
        assert may_go.wait(30)
        scored.append(sound)
        return real(sound, **options)

    monkeypatch.setattr(second_lane, "speech_scores", slow)
    for snr in (30, 20, 10, 0):
        heard = view.ask(kind="second", serial=snr, **{**PLAIN, "noise": "pink", "snr": snr})
        assert heard[-1][0]["busy"] and heard[-1][0]["figures"] is None
    may_go.set()
    wait_until(tuner.model.judged_second, 30, "it is heard")
    spans = [(turn.start, turn.end) for turn in tuner.labels.turns]
    wanted = qaw.Condition("pink", 0).apply(qaw.sample("noisy"), spans)
    assert scored[-1] == wanted and len(scored) <= 2


def test_python_sees_what_a_page_does(tuner, view) -> None:
    measures = tuner.hear_under(qaw.Condition("pink", -10))
    assert view.last("second")[0]["figures"]["missed"] == measures.missed
    assert tuner.hear_under(detector="energy").turns == measure(
        detect_turns(qaw.speech_scores(qaw.sample("noisy"), detector="energy"), TIGHT), None, duration=30.0,
    ).turns
    with pytest.raises(SettingError, match="threshold is 2"):
        tuner.hear_under(detector="energy", threshold=2)


def test_how_far_settings_hold_is_what_each_distance_costs_and_follows_the_settings(tuner, view) -> None:
    with pytest.raises(SettingError, match="There is no noise"):
        tuner.reach()
    tuner.hear_under(qaw.Condition("pink", 20))
    found = tuner.reach()
    assert view.last("second")[0]["reach"] == [[snr, found[snr].errors] for snr in sorted(found)]
    for snr in (40, 5, -10):
        assert tuner.hear_under(qaw.Condition("pink", snr)).errors == found[snr].errors
    tuner.settings = TurnDetection(0.8, 250)
    other = {snr: tuner.hear_under(qaw.Condition("pink", snr)).errors for snr in (40, 5)}
    reach = dict(view.last("second")[0]["reach"])
    assert other == {snr: reach[snr] for snr in other} and reach != {snr: found[snr].errors for snr in found}
    tuner.hear_under(qaw.Condition("pink", 20, telephone=True))
    assert view.last("second")[0]["reach"] is None


def test_another_clip_in_sight_is_heard_in_the_same_way() -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("prompts")], settings=TIGHT)
    view = View(tuner)
    tuner.hear_under(qaw.Condition("pink", -10))
    view.ask(kind="case", index=1)
    content, _ = view.wait("second", lambda content: content["figures"] is not None)
    assert content["figures"]["missed"] == 7
    tuner.close()


def test_the_other_channel_of_a_call_is_found_by_where_it_comes_from() -> None:
    cases = open_cases([*CALL.channels, qaw.sample("noisy"), CALL.channels[0][:5.0]], None)
    assert [other_channel(cases, at) for at in range(4)] == [1, 0, None, None]


def test_both_speakers_are_counted_as_overlaps_does_it() -> None:
    tuner = VadTuner(list(CALL.channels), BY_SPEAKER, settings=TIGHT)
    view = View(tuner)
    heard = view.ask(kind="try", threshold=0.2, silence=400, padding=300, serial=1)
    content, buffers = next(one for one in heard if one[0]["kind"] == "speaker")
    turns = [detect_turns(qaw.speech_scores(clip), tuner.settings) for clip in CALL.channels]
    expected = qaw.overlaps(*turns, speakers=("caller", "agent"))
    assert tuner.other_speaker.tried == expected and content["name"] == "agent"
    assert content["tried"]["interruptions"] == [
        expected.count("interruption", "caller"), expected.count("interruption", "agent"),
    ]
    assert content["true"]["seconds"] == pytest.approx(qaw.overlaps(*BY_SPEAKER).seconds, abs=2e-3)
    assert ints(buffers[0])[::3] == [round(turn.onset * 16_000) for turn in turns[1]]
    assert len(ints(buffers[1])) == 2 * len(expected.stretches)
    assert len(buffers[3]) == len(buffers[4]) == len(expected.events)
    tuner.close()


def test_a_single_clip_has_no_other_speaker(tuner, view) -> None:
    assert tuner.other_speaker is None
    assert all(content["kind"] != "speaker" for content, _ in view.ask(kind="hello", view="v"))
