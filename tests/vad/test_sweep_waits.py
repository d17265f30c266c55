"""How long the waits of each setting are, beside their mean, and choosing by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.drawn import wandering_scores

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.sweep.batch import WAIT_BINS
from qwen_asr_widgets.vad.sweep.choice import ERRORS
from qwen_asr_widgets.vad.sweep.result import SweepResult
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.sweep.waits import EDGES
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns

THRESHOLDS, SILENCES = [-0.3, 0.0, 0.3], [200, 400, 700, 1_500]
CLIPS = [wandering_scores(3_000, seed) for seed in range(4)]
TRUTHS = [
    [(turn.onset + 0.013, turn.end - 0.007) for turn in detect_turns(clip, TurnDetection(0.1, 600))]
    for clip in CLIPS
]


@pytest.fixture(scope="module")
def result() -> SweepResult:
    return sweep(CLIPS, THRESHOLDS, SILENCES, reference=TRUTHS, overhead=0.05)


def test_quantiles_of_waits_are_those_of_the_waits_to_their_bin(result: SweepResult) -> None:
    found = result.wait_quantiles()
    for t, threshold in enumerate(THRESHOLDS):
        for s, silence in enumerate(SILENCES):
            settings = TurnDetection(threshold, silence)
            waits = np.array([
                wait for clip, truth in zip(CLIPS, TRUTHS)
                for wait in measure(
                    detect_turns(clip, settings), truth, duration=clip.duration, settings=settings,
                    overhead=0.05,
                ).waits
            ])
            edges = settings.silence_frames * 0.032 + EDGES / 16_000 + 0.05
            for name, q in (("wait_p50", 0.5), ("wait_p90", 0.9)):
                expected = np.quantile(waits, q, method="inverted_cdf")
                at = np.searchsorted(edges, expected, side="right")
                low, high = np.concatenate([[0.05], edges, [np.inf]])[at:at + 2]
                assert low - 1e-9 <= found[name][t, s] <= high + 1e-9, (threshold, silence, name)


def test_histograms_of_parts_add_up_to_those_of_the_whole(result: SweepResult) -> None:
    parts = [sweep(clip, THRESHOLDS, SILENCES, reference=truth) for clip, truth in zip(CLIPS, TRUTHS)]
    total = sum(part.sums[WAIT_BINS][0] for part in reversed(parts))
    assert np.array_equal(total, result.sums[WAIT_BINS].sum(axis=0))
    assert np.array_equal(total.sum(axis=-1), result.total("waits"))
    frame = result.to_frame(by=None)
    assert frame["wait_p50"].to_numpy() == pytest.approx(result.wait_quantiles()["wait_p50"].ravel())
    alone = result.to_frame(by="clip").groupby("clip", sort=False)["wait_p90"].first().to_numpy()
    assert alone == pytest.approx([part.wait_quantiles()["wait_p90"][0, 0] + 0.05 for part in parts])


def test_without_a_wait_there_is_no_quantile() -> None:
    silent = sweep(CLIPS[0], [1.0], [400], reference=TRUTHS[0])
    assert np.isnan(silent.wait_quantiles()["wait_p50"]).all()


@pytest.mark.parametrize("weights", [{}, {"cuts": 2.0}, {"cuts": 0.5, "merges": 3.0, "early": 1.0},
                                     {"missed": 9.0, "invented": 0.0}])
def test_the_choice_is_the_cell_of_least_cost(result: SweepResult, weights: dict[str, float]) -> None:
    cells = {name: rows[0] for name, rows in result.weighted(np.ones((1, len(CLIPS)))).items()}
    counts = {**cells, "early": cells["cut_off"] - cells["cut"]}
    turns = sum(clip.reference_turns for clip in result.clips)
    for objective, default in (("errors", 1.0), ("wait", 0.0)):
        cost = sum(weights.get(name, default) * counts[name] for name in ERRORS)
        cost = cost if objective == "errors" else cells["wait"] + cost / turns
        cost = np.where(cells["coverage"] >= 0.5, cost, np.inf)
        best = result.best(objective=objective, weights=weights, folds=2)
        t, s = THRESHOLDS.index(best.settings.threshold), SILENCES.index(best.settings.silence_duration_ms)
        assert cost[t, s] == pytest.approx(cost.min())
        assert best.wait_p50 == result.wait_quantiles()["wait_p50"][t, s]


def test_without_weights_the_choice_is_that_of_the_errors_and_says_nothing_of_a_goal(result) -> None:
    best, weighted = result.best(), result.best(weights=dict.fromkeys(ERRORS, 1.0))
    assert best == replace(weighted, goal="")
    assert "Chosen for" not in str(best) and f"90 % at most {best.wait_p90:.2f} s" in str(best)
    tuned = result.best(objective="wait", weights={"cuts": 2})
    assert "Chosen for the shortest wait (cuts 2 s each)." in str(tuned)


@pytest.mark.parametrize(("options", "words"), [
    ({"objective": "speed"}, "it must be 'errors' or 'wait'"),
    ({"weights": {"cut": 1}}, "did you mean 'cuts'"),
    ({"weights": {"cuts": -1}}, "must be a number from 0 on"),
])
def test_a_goal_that_cannot_be_followed_is_refused(result, options, words) -> None:
    with pytest.raises(SettingError, match=words):
        result.best(**options)
