"""The page says why a turn is wrong in its own language: in English word for word what Python says."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from support.node import ROOT, find_node, node_command

import qwen_asr_widgets as qaw
from qwen_asr_widgets.recording.verification import agreement
from qwen_asr_widgets.vad.evaluation.critical import is_healed_by
from qwen_asr_widgets.vad.evaluation.explain import explain
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn, TurnDetection
from qwen_asr_widgets.widgets.tuner.estimate import Estimator
from qwen_asr_widgets.widgets.tuner.messages import agreement_state
from qwen_asr_widgets.widgets.tuner.why import why_state

TRIED = [TurnDetection(t, s) for t in (-0.95, -0.2, 0.2, 0.7, 0.97) for s in (200, 300, 800, 2_000)]


@pytest.fixture(scope="module")
def explained():
    """Errors of many settings on the bundled samples and on a reference that fits nowhere."""
    found = []
    for name in ("noisy", "conversation", "call"):
        sample = qaw.sample(name)
        scores = qaw.speech_scores(sample.clip)
        moved = [Turn(k * 2.3, k * 2.3, k * 2.3 + 1.1) for k in range(int(sample.clip.duration / 2.4))]
        for settings in TRIED:
            for truth in (sample.turns, moved):
                found += [(one, settings, scores) for one in explain(scores, settings, truth)]
    endless = SpeechScores(np.full(4_000, 0.9, np.float32))
    settings = TurnDetection(0.2, 800)
    found += [(one, settings, endless) for one in explain(endless, settings, [Turn(0, 0, 120)])]
    beyond = SpeechScores([-0.9] * 10, duration=2.0)
    found += [(one, settings, beyond) for one in explain(beyond, settings, [Turn(1.0, 1.0, 1.5)])]
    return found


def said(lang, whys=(), agreements=()):
    if not find_node():
        pytest.skip("needs node (it comes with the playwright package)")
    asked = json.dumps({"lang": lang, "whys": list(whys), "agreements": list(agreements)})
    done = subprocess.run(
        node_command("tests/support/tuner_words.mjs"), cwd=ROOT, input=asked,
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_in_english_the_page_says_what_python_says(explained):
    states = [why_state(why, settings, Estimator(), scores) for why, settings, scores in explained]
    words = {state["cause"]["kind"] for state in states}
    assert words == {"below", "limit", "never", "short", "reached", "peak", "little"}
    assert {len(state["remedies"]) for state in states} == {0, 1, 2}
    assert said("en", states)["whys"] == [why.sentence for why, *_ in explained]


def test_in_chinese_no_english_word_is_left(explained):
    states = [why_state(why, settings, Estimator(), scores) for why, settings, scores in explained]
    for sentence in said("zh", states)["whys"]:
        left = sentence.replace(" ms", "").replace(" s ", "")
        assert not any("a" <= letter.lower() <= "z" for letter in left) and "{" not in sentence, sentence


def test_agreements_are_said_as_python_says_them():
    turns = [Turn(1, 0.7, 2), Turn(4, 3.7, 5)]
    late = [Turn(1.03, 0.73, 2.01), Turn(4, 3.7, 5)]
    found = [agreement(a, b) for a, b in (
        (turns, turns), (turns, late), (turns, late[:1]), (turns, [Turn(9, 9, 10)]), (turns, []), ([], []),
    )]
    states = [agreement_state(one) for one in found]
    assert said("en", agreements=states)["agreements"] == [str(one) for one in found]
    assert "完全一致" in said("zh", agreements=states)["agreements"][0]


def test_with_a_fit_the_sentence_and_its_buttons_speak_of_the_services_scale(shifted_fit):
    estimator = Estimator(shifted_fit)
    sample = qaw.sample("noisy")
    scores, settings = qaw.speech_scores(sample.clip), TurnDetection(0.9, 200)
    whys = explain(scores, estimator.ours(settings), sample.turns)
    states = [why_state(why, settings, estimator, scores) for why in whys]
    assert states and all(state["cause"]["threshold"] in (None, 0.9) for state in states)
    for state, sentence in zip(states, said("en", states)["whys"]):
        for remedy in state["remedies"]:
            value = f"{remedy['silence']} ms" if remedy["setting"] == "silence" else remedy["shown"]
            assert f"a {remedy['setting']} of {value}" in sentence


def test_with_a_fit_what_is_shown_heals_when_it_is_typed_in(shifted_fit):
    estimator, sample, count = Estimator(shifted_fit), qaw.sample("noisy"), 0
    scores = qaw.speech_scores(sample.clip)
    for settings in (*TRIED, TurnDetection(0.9, 200), TurnDetection(-0.5, 317)):
        for why in explain(scores, estimator.ours(settings), sample.turns):
            for remedy in why_state(why, settings, estimator, scores)["remedies"]:
                shown = float(remedy["shown"].replace("−", "-"))
                typed = TurnDetection(shown, remedy["silence"])
                assert is_healed_by(scores.values, estimator.ours(typed), why.problem), (settings, remedy)
                count += 1
    assert count > 20
