"""Remedies heal when typed in, by the measures themselves; and hours of sound cost no more for each error."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from support.drawn import wandering_scores

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.samples import SAMPLE_NAMES
from qwen_asr_widgets.vad.evaluation import critical, effects
from qwen_asr_widgets.vad.evaluation.critical import healing_threshold, is_healed, turn_frames
from qwen_asr_widgets.vad.evaluation.effects import Effects
from qwen_asr_widgets.vad.evaluation.explain import Explanation, explain
from qwen_asr_widgets.vad.evaluation.measures import Problem
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns


def random_settings(count: int) -> list[TurnDetection]:
    random = np.random.default_rng(3)
    thresholds, silences = random.uniform(-1, 1, count).round(2), random.integers(200, 6_000, count)
    return [TurnDetection(t, s) for t, s in zip(thresholds.tolist(), silences.tolist())]


def problems(scores: SpeechScores, settings: TurnDetection, reference) -> tuple[Problem, ...]:
    return measure(detect_turns(scores, settings), reference, duration=scores.duration).problems


def typed(why: Explanation, tried: TurnDetection) -> list[TurnDetection]:
    """Return the settings of somebody who types the remedies as they are printed."""
    found = []
    if why.silence is not None:
        value = int(str(why.silence).removeprefix("a silence of ").removesuffix(" ms"))
        found.append(TurnDetection(tried.threshold, value))
    if why.threshold is not None:
        value = float(str(why.threshold).removeprefix("a threshold of ").replace("−", "-"))
        found.append(TurnDetection(value, tried.silence_duration_ms))
    return found


def is_gone(problem: Problem, after: tuple[Problem, ...]) -> bool:
    """Tell by what is measured afterwards whether an error is gone: none of its kind is at its place."""
    if problem.kind in ("merged", "missed") and any(
        other.kind == "missed" and set(other.reference) & set(problem.reference) for other in after
    ):
        return False
    return not any(
        other.kind == problem.kind and other.start < problem.end and problem.start < other.end
        and set(problem.reference) <= set(other.reference) for other in after
    )


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_every_remedy_of_every_sample_heals_when_it_is_typed_in(name: str) -> None:
    sample = qaw.sample(name)
    scores, count = qaw.speech_scores(sample), 0
    for tried in random_settings(200 // len(SAMPLE_NAMES) + 1):
        for why in explain(scores, tried, sample):
            for settings in typed(why, tried):
                count += 1
                assert is_gone(why.problem, problems(scores, settings, sample)), (tried, why)
    assert count > 20


def by_hand(before: tuple[Problem, ...], after: tuple[Problem, ...]) -> int:
    """Count the errors that are new, from what ``measure`` lists."""
    counted = Counter((one.kind, one.reference) for one in after if one.kind != "invented")
    counted.subtract(Counter((one.kind, one.reference) for one in before))
    old = [one for one in before if one.kind == "invented"]
    invented = sum(
        not any(one.start < other.end and other.start < one.end for other in old)
        for one in after if one.kind == "invented"
    )
    return invented + sum(count for count in counted.values() if count > 0)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_setting_does_to_all_errors_is_what_is_measured_with_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = wandering_scores(3_000, seed)
    reference = detect_turns(scores, TurnDetection(0.1, int(random.integers(200, 1_200))))
    for tried, other in zip(random_settings(30), random_settings(60)[30:]):
        found = Effects(scores, tried, reference)
        before, after = problems(scores, tried, reference), problems(scores, other, reference)
        effect = found.of(other)
        assert found.present == before and effect.adds == by_hand(before, after)
        frames = turn_frames(scores.values, other)
        assert effect.healed.tolist() == [is_healed(one, frames) for one in before]


def test_missed_means_the_same_in_measures_and_explanations() -> None:
    # A turn of 64 ms within the reference turn is a match: half of it, though less than 100 ms of the other.
    values = [-0.9] * 20 + [0.1] * 2 + [-0.9] * 4 + [0.0] * 8 + [-0.9] * 30
    scores, reference = SpeechScores(values), [(19 * 0.032, 35 * 0.032)]
    tried = TurnDetection(0.2, 200)
    missed, = problems(scores, tried, reference)
    assert healing_threshold(scores.values, tried, missed) == np.float32(0.1)
    why, = explain(scores, tried, reference)
    assert why.threshold is not None and why.threshold.value == "0.09"
    assert problems(scores, why.threshold.settings, reference) == ()


def hours(count: float) -> tuple[SpeechScores, list]:
    """Return speech that goes on in the same way, some 300 reference turns an hour."""
    scores = wandering_scores(round(112_500 * count), 5)
    return scores, detect_turns(scores, TurnDetection(0.1, 1_000))


def looked_at(count: float, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many scores are compared with thresholds to find what heals each error."""
    scores, reference = hours(count)
    tried = TurnDetection(0.1, 400)
    rows: list[int] = []
    found = critical.mask_runs

    def counted(row: np.ndarray) -> np.ndarray:
        rows[-1] += len(row)
        return found(row)

    with monkeypatch.context() as patch:
        patch.setattr(critical, "mask_runs", counted)
        for problem in Effects(scores, tried, reference).present:
            rows.append(0)
            healing_threshold(scores.values, tried, problem)
    return rows


def test_the_scores_looked_at_for_an_error_do_not_grow_with_the_clip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short, long = looked_at(0.1, monkeypatch), looked_at(0.8, monkeypatch)
    assert len(long) > 5 * len(short) and np.median(long) < 1.5 * np.median(short)


def test_a_remedy_is_judged_once_and_a_clip_without_errors_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores, reference = hours(0.2)
    judged: list[int] = []
    match = effects.match
    monkeypatch.setattr(effects, "match", lambda *args: judged.append(1) or match(*args))
    errors = len(explain(scores, TurnDetection(0.1, 400), reference))
    assert errors < len(judged) <= 1 + 3 * errors
    judged.clear()
    assert explain(scores, TurnDetection(0.1, 1_000), reference) == () and len(judged) == 1
