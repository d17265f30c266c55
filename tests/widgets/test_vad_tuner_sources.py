"""What a tuner takes and what it makes of it: clips, recordings, labels, a fit; and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from support.recordings import Script
from support.tuner_view import View

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError, SettingError
from qwen_asr_widgets.vad.calibration.calibrate import Observation, calibrate
from qwen_asr_widgets.vad.labels.files import load_labels, save_labels
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.turns import Turn, TurnDetection
from qwen_asr_widgets.widgets.tuner.report import honesty
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

LOOSE = TurnDetection(0.2, 800)
TIGHT = TurnDetection(0.9, 250)


def told_at_opening(tuner):
    """Return what a page is told when it opens that does not change while one drags."""
    view = View(tuner)
    view.ask(kind="hello")
    return view.last("tuner")[0]


def test_a_recording_brings_its_turns_settings_and_delays():
    script = Script(26.0, config=qaw.SessionConfig(turn_detection=TurnDetection(0.1, 600)))
    script.turn("a", 1.0, 5.0, "one", endpoint=0.7, decode=0.2)
    script.turn("b", 8.0, 12.0, "two", endpoint=0.72, decode=0.3)
    tuner = VadTuner(script.finish())
    state = told_at_opening(tuner)
    assert tuner.in_force == TurnDetection(0.1, 600) and tuner.settings == tuner.in_force
    assert state["service"]["turns"] == [[1.0, 5.0], [8.0, 12.0]]
    overhead = state["overhead"]
    assert overhead["n"] == 2 and 0.09 < overhead["endpoint"] < 0.12 and overhead["decode"] > 0.19
    assert tuner.expected_wait == pytest.approx(19 * 0.032 + overhead["endpoint"] + overhead["decode"])
    tuner.close()


def test_turns_of_the_cloud_are_called_estimated(noisy):
    assert VadTuner(noisy, endpoint="beijing").estimate_kind == "estimated"
    assert VadTuner(noisy).estimate_kind == "exact"
    script = Script(10.0, engine="qwen3-asr-flash-realtime, DashScope beijing")
    script.turn("a", 1.0, 5.0, "one", exact=False)
    assert VadTuner(script.finish()).estimate_kind == "estimated"


def test_a_good_fit_is_used_and_named_and_a_poor_one_refused(noisy, shifted_fit):
    scores = qaw.speech_scores(noisy.clip)
    assert shifted_fit.good
    tuner = VadTuner(noisy, calibration=shifted_fit, endpoint="beijing", settings=TurnDetection(0.0, 400))
    assert tuner.estimate_kind == "calibrated" and told_at_opening(tuner)["fit"]["turns"] == shifted_fit.turns
    assert tuner.turns == shifted_fit.predict(scores, TurnDetection(0.0, 400), end_of_speech=True)
    found = tuner.sweep([-0.4, 0.0, 0.4], [400, 800])
    assert found.thresholds == (-0.4, 0.0, 0.4) and found.silences == (400, 800)
    wrong = [Turn(k * 1.0, k * 1.0, k * 1.0 + 0.3) for k in range(28)]
    with pytest.raises(SettingError, match="Poor fit"):
        VadTuner(noisy, calibration=calibrate([Observation(scores, LOOSE, wrong)]))


def test_a_silence_below_the_floor_of_the_service_is_shown_without_effect(noisy):
    talk = qaw.SpeechScores(np.tile(qaw.speech_scores(qaw.sample("conversation").clip).values, 3))
    seen = [
        Observation(talk, one, qaw.detect_turns(talk, replace(one, silence_duration_ms=max(asked, 600))))
        for asked in (200, 600, 1_000) for one in (TurnDetection(0.2, asked),)
    ]
    fit = calibrate(seen, {"silence_floor_ms": 600})
    assert fit.good and fit.floor_ms == 600
    tuner = VadTuner(noisy, calibration=fit, endpoint="beijing", settings=TurnDetection(0.2, 200))
    told = told_at_opening(tuner)["fit"]
    assert told["floor"] == fit.floor_ms and told["seen"]["silence"] == [200, 1_000]
    short, wait = tuner.turns, tuner.expected_wait
    tuner.settings = TurnDetection(0.2, 500)
    assert tuner.turns == short and tuner.expected_wait == pytest.approx(wait)
    tuner.settings = TurnDetection(0.2, 1_200)
    assert "not seen by the fit: silence 1200 ms (seen: 200 to 1000 ms)" in honesty(tuner.model)
    tuner.settings = TurnDetection(0.2, 1_000)
    assert tuner.expected_wait > wait + 0.3
    found = tuner.sweep([0.2], [300, 400, 800])
    assert found.silences == (400, 800), "of silences without effect the longest stands for all"
    assert found.total("waits").min() > 0 and tuner.settings.silence_duration_ms == 1_000
    tuner.close()


def test_several_clips_have_figures_of_each_and_of_all():
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")], settings=TIGHT)
    view = View(tuner)
    view.ask(kind="try", serial=1, threshold=0.9, silence=250, padding=300)
    rows = view.last("judged")[0]["table"]
    assert [row["case"] for row in rows] == [0, 1, None]
    assert rows[2]["figures"]["turns"] == rows[0]["figures"]["turns"] + rows[1]["figures"]["turns"]
    assert tuner.measures.turns == rows[2]["figures"]["turns"]
    heard = view.ask(kind="case", index=1)
    assert [c["kind"] for c, _ in heard][:2] == ["run", "sound"]
    assert tuner.case.name == "conversation" and view.last("tuner")[0]["at"] == 1
    tuner.close()


def test_long_sound_is_scored_while_it_is_shown_and_python_waits_for_it():
    clip = qaw.sample("conversation").clip
    long = AudioClip(np.tile(clip.samples, 5), 16_000)
    tuner = VadTuner(long)
    assert len(tuner.scores) == len(long) // 512 and tuner.turns
    tuner.close()


def test_a_tuner_shown_by_run_all_fills_at_once_also_while_its_sound_is_scored(monkeypatch):
    """Its page need not say hello, which waits for the cells after it, nor wait for the scores."""
    from qwen_asr_widgets.widgets.shared import page_link
    from qwen_asr_widgets.widgets.tuner import model

    scoring, scored = Event(), model.speech_scores
    monkeypatch.setattr(page_link, "in_kernel", lambda: True)
    monkeypatch.setattr(model, "speech_scores", lambda *of: scoring.wait(30) and scored(*of))
    clip = qaw.sample("conversation").clip
    tuner = VadTuner(AudioClip(np.tile(clip.samples, 4), 16_000), settings=TIGHT)
    view = View(tuner)
    tuner.page.displayed()
    content, _ = view.wait("tuner")
    assert content["settings"] == {"threshold": 0.9, "silence": 250, "padding": 300}
    assert {"run", "sound", "reference"} <= {heard["kind"] for heard, _ in view.heard}
    assert [heard for heard, _ in view.ask(kind="try", serial=3, threshold=0.1, silence=400, padding=0)] == [
        {"kind": "tried", "serial": 3}
    ]
    scoring.set()
    judged, _ = view.wait("judged")
    assert judged["settings"]["threshold"] == 0.1 and judged["figures"]["turns"] == len(tuner.turns)
    tuner.close()


def test_a_clip_without_speech_and_one_sample_are_no_problem(tmp_path):
    for samples in (np.zeros(32_000, np.float32), np.zeros(1, np.float32)):
        tuner = VadTuner(AudioClip(samples, 16_000), Labels([]))
        assert tuner.turns == [] and tuner.measures.invented == 0
        tuner.sweep([0.0, 0.5], [400, 800])
        page = tuner.report(tmp_path / "report.html").read_text(encoding="utf-8")
        assert "<img" in tuner.saved.html() and "None: every reference turn" in page
        tuner.close()


def test_scores_kept_by_another_version_are_made_anew(noisy, monkeypatch, tmp_path):
    from qwen_asr_widgets.vad.scoring import cache

    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    wanted = VadTuner(noisy.clip).turns
    kept, = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(b"of another version" + kept.read_bytes()[18:])
    assert VadTuner(noisy.clip).turns == wanted


def test_unsorted_labels_are_put_in_order(noisy):
    assert VadTuner(noisy.clip, list(reversed(noisy.turns))).labels == Labels(noisy.turns)


def test_a_reference_of_two_channels_asks_for_one(noisy, tmp_path):
    path = tmp_path / "noisy.rttm"
    path.write_text("".join(
        f"SPEAKER noisy {channel} {turn.start + 0.1 * channel:.3f} 1.000 <NA> <NA> s{channel} <NA> <NA>\n"
        for turn in noisy.turns[:3] for channel in (1, 2)
    ))
    with pytest.raises(LabelError) as caught:
        VadTuner(noisy.clip, path)
    assert "channel" in str(caught.value) and "\n" not in str(caught.value)
    tuner = VadTuner(noisy.clip, load_labels(path, channel=1))
    assert tuner.labels.turns[0].start == pytest.approx(noisy.turns[0].start + 0.2, abs=6e-4)
    tuner.close()


@pytest.mark.parametrize("source, reference, error, said", [
    ([], None, SettingError, "the list of clips is empty"),
    (3.5, None, SettingError, "not float"),
    ("clip", [ReferenceTurn(1.0, 99.0)], LabelError, "but the clip is 28.9"),
    ("clip", [ReferenceTurn(1.0, 4.0), ReferenceTurn(3.0, 5.0)], LabelError, "overlap"),
    ("clip", Labels([ReferenceTurn(1, 2)], uri="another"), LabelError, "These labels are of 'another'"),
    ("clip", 5, LabelError, "reference is 5; give Labels"),
    ("two", [None], LabelError, "2 clips but 1 reference"),
    ("two", Labels([]), LabelError, "one for each clip"),
])
def test_what_cannot_be_used_is_said_in_one_sentence(noisy, source, reference, error, said):
    given = {"clip": noisy.clip, "two": [noisy.clip, noisy.clip]}.get(source, source) \
        if isinstance(source, str) else source
    with pytest.raises(error) as caught:
        VadTuner(given, reference)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["labels", "sample", "path", "text", "turns", "pairs", "generator"])
def test_a_reference_may_be_given_in_every_form(noisy, form, tmp_path):
    labels = Labels(noisy.turns)
    path = save_labels(labels, tmp_path / "noisy.csv", duration=noisy.clip.duration)
    given = {
        "labels": labels, "sample": noisy, "path": path, "text": str(path), "turns": list(noisy.turns),
        "pairs": [(turn.start, turn.end) for turn in noisy.turns], "generator": iter(noisy.turns),
    }[form]
    tuner = VadTuner(noisy.clip, given)
    assert [(t.start, t.end) for t in tuner.labels] == [(t.start, t.end) for t in labels]
    assert tuner.measures.reference_turns == len(labels)
    tuner.close()


@pytest.mark.parametrize("given, said", [
    ({"treshold": 0.2}, "VadTuner() takes no argument 'treshold'"),
    ({"setting": TIGHT}, "VadTuner() takes no argument 'setting'; did you mean 'settings'?"),
    ({"refrence": None}, "did you mean 'reference'?"),
    ({"inforce": TIGHT}, "did you mean 'in_force'?"),
])
def test_a_misspelt_keyword_is_answered_with_the_right_one(noisy, given, said):
    with pytest.raises(TypeError) as caught:
        VadTuner(noisy, **given)
    assert said in str(caught.value)


@pytest.mark.parametrize("method, given, said", [
    ("sweep", {"treshholds": [0.0]}, "sweep() takes no argument 'treshholds'; did you mean 'thresholds'?"),
    ("best", {"maxwait": 1.0}, "best() takes no argument 'maxwait'; did you mean 'max_wait'?"),
    ("verify", {"setings": TIGHT}, "verify() takes no argument 'setings'; did you mean 'settings'?"),
    ("hear", {"tones": "A"}, "hear() takes no argument 'tones'; did you mean 'tone'?"),
])
def test_a_misspelt_keyword_of_a_method_is_answered_too(tuner, method, given, said):
    with pytest.raises(TypeError) as caught:
        getattr(tuner, method)(**given)
    assert str(caught.value) == said


@pytest.mark.parametrize("given, said", [
    ({"settings": (0.2, 800)}, "settings takes a TurnDetection, not tuple; for example TurnDetection("),
    ({"in_force": 0.2}, "in_force takes a TurnDetection, not float; for example TurnDetection("),
    ({"config": {"language": "en"}}, "config takes a SessionConfig, not dict."),
    ({"calibration": 0.5}, "calibration takes what calibrate() returns, not float."),
    ({"lang": "fr"}, "lang is 'fr'; give 'en', 'zh'"),
    ({"height": 10}, "height is 10; give 40 to 2000 CSS pixels."),
])
def test_a_setting_of_the_wrong_type_is_said_in_one_sentence(noisy, given, said):
    with pytest.raises(SettingError) as caught:
        VadTuner(noisy, **given)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("limit", ["1 s", -0.5, float("nan"), True])
def test_a_limit_that_is_no_number_is_said_in_one_sentence(tuner, limit):
    for name, ask in (("max_wait", tuner.best), ("max_cut", tuner.best), ("max_cost", tuner.verify)):
        with pytest.raises(SettingError) as caught:
            ask(**{name: limit})
        assert str(caught.value) == f"{name} is {limit!r}; it must be a number from 0 on, or None."


def test_settings_of_the_wrong_type_change_nothing(tuner):
    for wrong in ((0.2, 800), None, "low"):
        with pytest.raises(SettingError, match="settings takes a TurnDetection"):
            tuner.settings = wrong
        with pytest.raises(SettingError, match="in_force takes a TurnDetection"):
            tuner.in_force = wrong
        with pytest.raises(SettingError, match="settings takes a TurnDetection"):
            tuner.verify([wrong])
    assert tuner.settings == tuner.in_force == TurnDetection()


def test_other_settings_in_force_are_compared_with_at_once(tuner):
    view = View(tuner)
    tuner.settings = TIGHT
    view.heard.clear()
    tuner.in_force = TIGHT
    assert view.last("tuner")[0]["in_force"]["threshold"] == 0.9
    judged = view.last("judged")[0]
    assert judged["figures"] == judged["was"] and tuner.settings == tuner.in_force == TIGHT
