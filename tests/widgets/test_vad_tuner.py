"""The tuner from Python: what it judges, what it tells its views, what it takes and refuses."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
from support.recordings import Script
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError, SettingError, WorkerLost
from qwen_asr_widgets.vad.calibrate import Observation, calibrate
from qwen_asr_widgets.vad.labels import Labels, load_labels
from qwen_asr_widgets.vad.metrics import measure
from qwen_asr_widgets.vad.scores import SpeechScores
from qwen_asr_widgets.vad.turns import Turn, TurnDetection, detect_turns
from qwen_asr_widgets.widgets.vad_tuner import VadTuner

LOOSE = TurnDetection(0.2, 800)
TIGHT = TurnDetection(0.9, 250)


class View:
    """A view without a browser: what it asks and what it hears."""

    def __init__(self, tuner):
        self.tuner = tuner
        self.heard = []
        tuner.send = self.hear

    def hear(self, content, buffers=None):
        self.heard.append((content, [bytes(buffer) for buffer in buffers or []]))

    def ask(self, **content):
        self.heard.clear()
        self.tuner._handle_custom_msg({"view": "v", **content}, [])
        return self.heard

    def last(self, kind):
        return next((one for one in reversed(self.heard) if one[0]["kind"] == kind), None)

    def wait(self, kind, holds=lambda content: True):
        def found():
            return next((one for one in self.heard if one[0]["kind"] == kind and holds(one[0])), None)
        return wait_until(found, 30, kind)


@pytest.fixture
def noisy():
    return qaw.sample("noisy")


@pytest.fixture
def tuner(noisy):
    made = VadTuner(noisy)
    yield made
    made.close()


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
    assert content["cause"] == {"word": "below", "threshold": 0.9, "ms": 320}
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


def test_a_replay_in_the_cloud_shows_its_price_and_keeps_its_cap(tuner):
    endpoints = tuner._verify_state()[0]["endpoints"]
    cloud = {one["id"]: one for one in endpoints}["singapore"]
    price = cloud["price"][0]
    assert cloud["cloud"] and price["currency"] == "CNY" and "read on" in price["source"]
    assert price["cost"] == pytest.approx(0.00066 * tuner.case.clip.duration)
    with pytest.raises(SettingError, match="more than the cap of 0.001"):
        tuner.verify(endpoint=qaw.dashscope("singapore", api_key="k"), max_cost=0.001)


def test_a_recording_brings_its_turns_settings_and_delays():
    script = Script(26.0, config=qaw.SessionConfig(turn_detection=TurnDetection(0.1, 600)))
    script.turn("a", 1.0, 5.0, "one", endpoint=0.7, decode=0.2)
    script.turn("b", 8.0, 12.0, "two", endpoint=0.72, decode=0.3)
    tuner = VadTuner(script.finish())
    state = tuner._state()
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


def test_a_good_fit_is_used_and_named_and_a_poor_one_refused(noisy):
    scores = qaw.speech_scores(noisy.clip)
    talk = np.tile(qaw.speech_scores(qaw.sample("conversation").clip).values, 3)
    shifted = [
        Observation(SpeechScores(talk), TurnDetection(theirs, 400),
                    detect_turns(SpeechScores(talk), TurnDetection(theirs * 0.5 + 0.3, 500)))
        for theirs in (-0.4, -0.2, 0.0, 0.2, 0.6)
    ]
    fit = calibrate(shifted)
    assert fit.good
    tuner = VadTuner(noisy, calibration=fit, endpoint="beijing", settings=TurnDetection(0.0, 400))
    assert tuner.estimate_kind == "calibrated" and tuner._state()["fit"]["turns"] == fit.turns
    assert tuner.turns == fit.predict(scores, TurnDetection(0.0, 400))
    found = tuner.sweep([-0.4, 0.0, 0.4], [400, 800])
    assert found.thresholds == (-0.4, 0.0, 0.4) and found.silences == (400, 800)
    wrong = [Turn(k * 1.0, k * 1.0, k * 1.0 + 0.3) for k in range(28)]
    with pytest.raises(SettingError, match="Poor fit"):
        VadTuner(noisy, calibration=calibrate([Observation(scores, LOOSE, wrong)]))


def test_settings_are_taken_away_as_code_that_sets_them(tuner):
    tuner.settings = TurnDetection(-0.1, 450, 200)
    assert eval(tuner.code("python"), {"TurnDetection": TurnDetection}) == tuner.settings
    wire = json.loads(tuner.code("json"))["session"]["turn_detection"]
    assert wire == {
        "type": "server_vad", "threshold": -0.1, "silence_duration_ms": 450, "prefix_padding_ms": 200,
    }
    asked = {}

    class Conversation:
        def update_session(self, **given):
            asked.update(given)

    exec(tuner.code("sdk"), {"conversation": Conversation(), "MultiModality": qaw.MultiModality})
    assert asked["turn_detection_threshold"] == -0.1 and asked["turn_detection_silence_duration_ms"] == 450
    assert asked["prefix_padding_ms"] == 200
    with pytest.raises(SettingError, match="must be one of"):
        tuner.code("yaml")


@pytest.mark.parametrize("kind", ["rttm", "textgrid", "audacity", "csv", "srt"])
def test_labels_are_taken_away_in_every_format(tuner, kind, tmp_path):
    view = View(tuner)
    (content, buffers), = view.ask(kind="export", what=kind)
    path = tmp_path / content["name"]
    path.write_bytes(buffers[0])
    loaded = load_labels(path).turns
    assert [(t.start, t.end) for t in loaded] == [(t.start, t.end) for t in tuner.labels.turns]


def test_the_report_is_one_page_with_pictures_and_figures(tuner, tmp_path):
    tuner.settings = TIGHT
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    page = tuner.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2 and "<script" not in page and "http" not in page
    assert "cut at 0:15.4" in page and "exact for the embedded service" in page
    assert "turn_detection_threshold=0.9" in page


def test_a_saved_notebook_keeps_picture_and_figures(tuner):
    html = tuner._static_output()
    assert "data:image/png" in html and "expected wait" in html and len(html) < 300_000
    tuner.save_outputs = False
    assert "data:image/png" not in tuner._static_output()


def test_several_clips_have_figures_of_each_and_of_all():
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")], settings=TIGHT)
    view = View(tuner)
    rows = tuner._table()
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


@pytest.mark.parametrize("source, reference, error, said", [
    ([], None, SettingError, "the list of clips is empty"),
    (3.5, None, SettingError, "not float"),
    ("clip", [ReferenceTurn(1.0, 99.0)], LabelError, "but the clip is 28.9"),
    ("clip", [ReferenceTurn(1.0, 4.0), ReferenceTurn(3.0, 5.0)], LabelError, "overlap"),
    ("clip", Labels([ReferenceTurn(1, 2)], uri="another"), LabelError, "These labels are of 'another'"),
    ("clip", 5, LabelError, "not int"),
    ("two", [None], LabelError, "2 clips but 1 reference"),
    ("two", Labels([]), LabelError, "one for each clip"),
])
def test_what_cannot_be_used_is_said_in_one_sentence(noisy, source, reference, error, said):
    given = {"clip": noisy.clip, "two": [noisy.clip, noisy.clip]}.get(source, source) \
        if isinstance(source, str) else source
    with pytest.raises(error) as caught:
        VadTuner(given, reference)
    assert said in str(caught.value) and "\n" not in str(caught.value)


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


def test_scores_kept_by_another_version_are_made_anew(noisy, monkeypatch, tmp_path):
    from qwen_asr_widgets.vad import cache

    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    wanted = VadTuner(noisy.clip).turns
    kept, = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(b"of another version" + kept.read_bytes()[18:])
    assert VadTuner(noisy.clip).turns == wanted


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


def test_unsorted_labels_are_put_in_order(noisy):
    assert VadTuner(noisy.clip, list(reversed(noisy.turns))).labels == Labels(noisy.turns)


def test_a_clip_without_speech_and_one_sample_are_no_problem():
    for samples in (np.zeros(32_000, np.float32), np.zeros(1, np.float32)):
        tuner = VadTuner(AudioClip(samples, 16_000), Labels([]))
        assert tuner.turns == [] and tuner.measures.invented == 0
        tuner.sweep([0.0, 0.5], [400, 800])
        assert "<img" in tuner.static_html() and "None: every reference turn" in _report(tuner)
        tuner.close()


def _report(tuner):
    from qwen_asr_widgets.widgets.vad_tuner_report import report_html

    return report_html(tuner)


def test_a_sweep_with_an_empty_or_wrong_grid_is_refused_and_loses_nothing(tuner):
    tuner.settings = TIGHT
    with pytest.raises(SettingError, match="thresholds is empty"):
        tuner.sweep([], [400])
    with pytest.raises(SettingError, match="must lie between 200 and 6000"):
        tuner.sweep([0.0], [100])
    assert tuner.settings == TIGHT and tuner._sweep is None
