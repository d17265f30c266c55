"""What an explanation promises holds: its value typed in gives its turns, also on other processors."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from functools import lru_cache

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from hypothesis import given, settings as hypothesis_settings, strategies as st
from qwen_asr_widgets.audio.samples import SAMPLE_NAMES
from qwen_asr_widgets.vad.evaluation.critical import is_healed, offered_thresholds, turn_frames
from qwen_asr_widgets.vad.evaluation.explain import Explanation, Remedy, explain
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.scoring.silero import SCORE_TOLERANCE
from qwen_asr_widgets.vad.turns import Turn, TurnDetection, detect_turns
from support.drawn import wandering_scores

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRIED = [
    TurnDetection(threshold, silence)
    for threshold in (-0.95, -0.5, -0.2, 0.2, 0.5, 0.9) for silence in (200, 400, 800, 2_000)
]


def typed(remedy: Remedy, tried: TurnDetection) -> TurnDetection:
    """Return the settings of somebody who types the value of a remedy as it is printed."""
    if remedy.setting == "silence":
        return TurnDetection(tried.threshold, int(remedy.value.removesuffix(" ms")))
    return TurnDetection(float(remedy.value.replace("−", "-")), tried.silence_duration_ms)


def as_elsewhere(scores: SpeechScores) -> list[SpeechScores]:
    """Return the scores as far off as another processor may have them: all up, all down, here and there."""
    signs = np.random.default_rng(1).choice([-1, 1], (3, len(scores)))
    shifts = [np.ones(len(scores)), -np.ones(len(scores)), *signs]
    moved = [scores.values + SCORE_TOLERANCE * shift for shift in shifts]
    return [SpeechScores(np.clip(values, -1, 1), scores.duration) for values in moved]


def is_clear(scores: SpeechScores, settings: TurnDetection) -> bool:
    """Tell whether turns at some settings are the same on every processor."""
    distance = np.abs(scores.values.astype(np.float64) - np.float32(settings.threshold))
    return bool((distance > 1.01 * SCORE_TOLERANCE).all())


@lru_cache(maxsize=None)
def explained(name: str) -> list[tuple[SpeechScores, TurnDetection, Explanation]]:
    sample = qaw.sample(name)
    scores = qaw.speech_scores(sample)
    return [(scores, tried, why) for tried in TRIED for why in explain(scores, tried, sample)]


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_value_printed_gives_the_turns_promised_on_every_processor(name: str) -> None:
    count = {"silence": 0, "threshold": 0}
    for scores, tried, why in explained(name):
        for remedy in why.remedies:
            promised = detect_turns(scores, remedy.settings)
            assert detect_turns(scores, typed(remedy, tried)) == promised, why
            if remedy.setting == "threshold" or is_clear(scores, tried):
                assert all(detect_turns(other, typed(remedy, tried)) == promised
                           for other in as_elsewhere(scores)), why
                count[remedy.setting] += 1
    assert min(count.values()) >= 4, count


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), threshold=st.floats(-1, 1), silence=st.integers(200, 3_000),
    truth=st.integers(200, 1_500),
)
def test_of_any_scores_and_settings_too(seed: int, threshold: float, silence: int, truth: int) -> None:
    scores = wandering_scores(1_500, seed)
    tried = TurnDetection(threshold, silence)
    reference = detect_turns(scores, TurnDetection(0.1, truth))
    for why in explain(scores, tried, reference):
        if why.threshold is not None:
            promised = detect_turns(scores, why.threshold.settings)
            assert detect_turns(scores, typed(why.threshold, tried)) == promised
            assert all(detect_turns(other, typed(why.threshold, tried)) == promised
                       for other in as_elsewhere(scores))


@pytest.mark.parametrize("name", ["conversation", "noisy", "call"])
def test_a_remedy_heals_its_error_and_counts_what_else_changes(name: str) -> None:
    sample = qaw.sample(name)
    for scores, tried, why in explained(name):
        before = measure(detect_turns(scores, tried), sample, duration=scores.duration).problems
        for remedy in why.remedies:
            settings = typed(remedy, tried)
            turns = turn_frames(scores.values, settings)
            assert is_healed(why.problem, turns), why
            assert sum(is_healed(one, turns) for one in before) == 1 + remedy.also_heals, why
            after = measure(detect_turns(scores, settings), sample, duration=scores.duration).problems
            assert len(after) >= remedy.adds and (remedy.adds or len(after) < len(before)), why


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the kernel is one of x86")
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_streaming_service_on_another_kernel_does_what_was_promised(name: str) -> None:
    rows = [(scores, remedy) for scores, _, why in explained(name) for remedy in why.remedies]
    rows = [(scores, remedy) for scores, remedy in rows if is_clear(scores, remedy.settings)]
    settings = [(one.settings.threshold, one.settings.silence_duration_ms) for _, one in rows]
    done = subprocess.run(
        [sys.executable, "tests/support/turns_under.py"], cwd=ROOT, text=True, timeout=120,
        capture_output=True, input=json.dumps({"sample": name, "settings": settings}),
        env={**os.environ, "OPENBLAS_CORETYPE": "HASWELL"},
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    promised = [
        [[round(t.onset * 16_000), round(t.end * 16_000)] for t in detect_turns(scores, remedy.settings)]
        for scores, remedy in rows
    ]
    assert len(rows) > 4 and json.loads(done.stdout) == promised


def test_where_hundredths_pass_a_score_too_many_more_decimals_are_taken() -> None:
    values = np.array([-0.9, -0.126, -0.12, 0.8])
    assert offered_thresholds(values, -0.12, lower=True) == (-0.13, -0.121)
    assert offered_thresholds(-values[::-1], 0.12, lower=False) == (0.13, 0.121)


def test_an_offered_threshold_steps_over_scores_that_lie_too_near() -> None:
    assert offered_thresholds(np.array([-0.9, 0.13, 0.134, 0.8]), 0.134, lower=True) == (0.12, 0.133)
    assert offered_thresholds(np.array([0.134, 0.14 - 1.9e-5]), 0.134, lower=False) == (0.15, 0.135)
    assert offered_thresholds(np.array([0.134, 0.14 - 2.1e-5]), 0.134, lower=False) == (0.14, 0.135)


def test_where_no_place_is_clear_of_a_long_clip_that_around_the_error_is_taken() -> None:
    crowd = np.linspace(0.5, 1.0, 40_000)
    away = np.column_stack((crowd, -np.ones((len(crowd), 9)))).ravel()
    scores = SpeechScores([-1] * 20 + [0.6, 0.61] + [-1] * 40 + away.tolist())
    settings = TurnDetection(0.2, 200)
    why = explain(scores, settings, [])[0]
    assert why.problem.kind == "invented"
    assert why.threshold is not None and why.threshold.value == "0.62"


def test_at_the_end_of_the_scale_there_is_nothing_to_offer() -> None:
    assert offered_thresholds(np.array([0.5, 0.99999]), 0.99999, lower=False) == ()
    assert offered_thresholds(np.array([0.5, 0.9]), 0.9, lower=False) == (0.91,)
    assert offered_thresholds(np.array([-1.0, 0.9]), -1.0, lower=True) == ()


def test_a_finer_threshold_is_taken_where_the_hundredth_adds_an_error() -> None:
    # The pause of -0.121 cuts a turn; between it and -0.13 lies the pause (-0.126) of two turns that merge.
    levels = {".": -0.9, "o": -0.121, "u": -0.126, "S": 0.9}
    marks = 10 * "." + 20 * "S" + 12 * "o" + 20 * "S" + 40 * "." + 20 * "S" + 12 * "u" + 20 * "S" + 40 * "."
    scores = SpeechScores([levels[mark] for mark in marks])
    frame = 0.032
    truth = [(10, 62), (102, 122), (134, 154)]
    why, = explain(scores, TurnDetection(0.2, 320), [(a * frame, b * frame) for a, b in truth])
    assert why.threshold is not None and why.threshold.value == "−0.122" and why.threshold.adds == 0


def test_explanations_are_a_tuple_that_a_notebook_shows_as_a_table() -> None:
    found = explain(SpeechScores([0.9] * 2_500), TurnDetection(), [Turn(0.0, 0.0, 80.0)])
    assert isinstance(found, tuple) and str(found[0]) == found[0].sentence
    assert "the turn had lasted 60 s" in found._repr_html_() and "1:00.0" in found._repr_html_()
    assert "No errors." in explain(SpeechScores([]), TurnDetection(), [])._repr_html_()
