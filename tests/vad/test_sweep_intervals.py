"""An interval of 95 % holds the truth 95 times in a hundred, whatever is measured and however calls vary."""

from __future__ import annotations

import numpy as np
import pytest
from support import drawn

from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.batch import COUNT_SUMS, SAMPLE_SUMS, START_SUMS
from qwen_asr_widgets.vad.sweep.intervals import share_interval
from qwen_asr_widgets.vad.sweep.result import ClipInfo, SweepResult
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns

DRAWS = 2_000


def drawn_calls(calls: int, turns: float, share: float, alike: float) -> tuple[SweepResult, dict[str, float]]:
    """Draw calls anew in each of 2,000 cells; return them, and what is true of all calls there could be.

    Each call has its own share of turns cut off (beta, of precision ``alike``), misses (gamma) and wait.
    """
    rng = np.random.default_rng(1)
    n = 1 + rng.poisson(turns - 1, calls)
    each = n[:, None]
    cut = rng.binomial(each, rng.beta(share * alike, (1 - share) * alike, (calls, DRAWS)))
    missed = rng.poisson(10 * each * share * rng.gamma(alike, 1 / alike, (calls, DRAWS)))
    waits = each * (rng.normal(0.6, 0.1, (calls, DRAWS)) + rng.gamma(2, 0.1, (calls, DRAWS)))
    cells = {name: np.zeros((calls, DRAWS, 1), np.int64) for name in COUNT_SUMS + SAMPLE_SUMS}
    cells |= {name: np.zeros((calls, DRAWS, 1, 1), np.int64) for name in START_SUMS}
    cells |= {"cut_off": cut[..., None], "cut": cut[..., None], "missed": missed[..., None]}
    cells["wait_n"] = np.broadcast_to(each, cut.shape)[..., None].copy()
    cells["wait_sum"] = np.rint(16_000 * waits).astype(np.int64)[..., None]
    clips = tuple(
        ClipInfo(f"{k}", f"{k}", "", "", True, 160_000 * count, count, 16_000)
        for k, count in enumerate(n.tolist())
    )
    found = SweepResult(tuple(np.linspace(-1, 1, DRAWS)), (400,), (300,), clips, cells)
    return found, {"cut_off_rate": share, "missed_per_minute": 60 * share, "wait": 0.8}


@pytest.mark.parametrize(
    ("calls", "turns", "share", "alike"),
    [(30, 1.6, 0.05, 6), (30, 4, 0.1, 6), (10, 8, 0.1, 6), (60, 5, 0.2, 3), (20, 20, 0.3, 50)],
)
def test_nominal_intervals_of_95_percent_hold_the_truth_in_93_to_97(
    calls: int, turns: float, share: float, alike: float
) -> None:
    result, truth = drawn_calls(calls, turns, share, alike)
    for name, value in truth.items():
        low, high = result.interval(name)
        held = float(((low <= value) & (value <= high)).mean())
        assert 0.93 <= held <= 0.97, (name, held)


def test_nothing_out_of_forty_nine_is_not_certainly_nothing() -> None:
    result, _ = drawn_calls(49, 1, 1e-9, 6)
    low, high = result.interval("cut_off_rate")
    assert result.total("cut_off_rate").max() == low.max() == 0
    assert high.min() == pytest.approx(0.076, abs=0.001)
    low, high = share_interval(*(np.array(value) for value in (1.0, 49.0, 0.0)), reach=1.96)
    assert (float(low), float(high)) == pytest.approx((0.927, 1.0), abs=0.001)


def test_calls_and_not_clips_are_left_out() -> None:
    scores = drawn.scores("." * 30 + "S" * 40 + "." * 60)
    clips, truth = [scores] * 2, [[(0.96, 2.24)]] * 2
    channels = [{"call": "x", "channel": "0"}, {"call": "x", "channel": "1"}]
    one_call = sweep(clips, [0.0], [320], reference=truth, groups=channels)
    assert np.isnan(one_call.interval("cut_rate")[0]).all()
    two = sweep(clips * 2, [0.0], [320], reference=truth * 2,
                groups=channels + [{"call": "y"}, {"call": "y"}])
    low, high = two.interval("wait")
    assert low[0, 0] == high[0, 0] == pytest.approx(0.32), "calls that are the same do not vary"


def long_call() -> tuple[SpeechScores, Labels]:
    scores = drawn.wandering_scores(8_000, 3)
    turns = detect_turns(scores, TurnDetection(0.1, 900))
    return scores, Labels([ReferenceTurn(t.onset, t.end) for t in turns], [(3.0, 100.0), (110.0, 250.0)])


@pytest.mark.parametrize("collar", [0.0, 0.3])
def test_blocks_of_a_long_recording_add_up_to_it_and_give_intervals(collar: float) -> None:
    scores, labels = long_call()
    grid = ([-0.3, 0.1, 0.6], [200, 400, 800], [0, 300])
    whole = sweep(scores, *grid, labels, collar=collar)
    parts = sweep([scores, scores], *grid, [labels] * 2, block_seconds=40, collar=collar)
    assert len(whole.clips) == 1 and len(parts.clips) == 2 * 7
    for name, sums in whole.sums.items():
        assert np.array_equal(parts.sums[name][:7].sum(axis=0), sums[0]), name
    for name in ("reference_turns", "scored_samples", "reference_samples"):
        assert sum(getattr(clip, name) for clip in parts.clips[:7]) == getattr(whole.clips[0], name)
    assert [clip.name for clip in parts.clips[:2]] == ["clip 1 from 0 s", "clip 1 from 40 s"]
    alone = sweep(scores, *grid, labels, block_seconds=40)
    low, high = alone.interval("cut_off_rate")
    assert ((low <= alone.total("cut_off_rate")) & (alone.total("cut_off_rate") <= high)).all()
    assert alone.best().calls == alone.best().held_out_calls == 7
    assert sweep(scores, *grid, labels, block_seconds=1_000, collar=collar).clips == whole.clips


@pytest.mark.parametrize("seconds", [5, 0, -60, "60", True, float("nan")])
def test_blocks_too_short_to_stand_alone_are_refused(seconds: object) -> None:
    with pytest.raises(SettingError, match="block_seconds is .*; give 10 seconds or more, or None"):
        sweep(drawn.scores("..SS"), [0.0], [400], block_seconds=seconds)
