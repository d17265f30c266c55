"""Policies cost exactly what eot-bench's definitions say, on 500 random sets of spans."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.pauses import Pause, Pauses
from qwen_asr_widgets.vad.trade_off.counting import count_timers, judged_pauses
from qwen_asr_widgets.vad.trade_off.curves import Curve, JudgedClip, OperatingPoint
from qwen_asr_widgets.vad.trade_off.policy import (
    ACTION_DELAYS, PROBABILITIES, TIME_OUTS, PolicyGrid, model_grid, silence_grid,
)
from qwen_asr_widgets.vad.trade_off.resampling import Resampler
from qwen_asr_widgets.vad.trade_off.result import TradeOff
from support import spans

INSTANTS = (200, 500, 1_000)


def _drawn(seed: int) -> list[list[spans.Span]]:
    """Return the spans of a few turns, the last of each its end; lengths often lie on the edges."""
    random = np.random.default_rng(seed)
    turns = []
    for _ in range(int(random.integers(2, 6))):
        turn = []
        for k in range(int(random.integers(0, 4)), -1, -1):
            edges = (100, 199, 200, 300, 500, 1_000, 5_000, 5_001)
            length = int(random.choice([*edges, *random.integers(100, 6_000, 8)]))
            heard = tuple(
                (instant, float(np.float32(random.choice([random.random(), 0.5, 0.25]))))
                for instant in INSTANTS if length >= instant or k == 0
            )
            turn.append(spans.Span(length, k == 0, heard))
        turns.append(turn)
    if all(len(spans.judged(turn)) == 1 for turn in turns):
        turns[0].insert(0, spans.Span(700, False))
    return turns


def _pauses(turn: Sequence[spans.Span]) -> Pauses:
    """Return a clip of one turn: half a second of speech before each silence."""
    items, at = [], 0.0
    for span in turn:
        start, end = at + 0.5, at + 0.5 + span.duration / 1_000
        items.append(Pause(round(start, 3), round(end, 3), "end" if span.is_end else "hold"))
        at = round(end, 3)
    return Pauses(tuple(items), (ReferenceTurn(0.0, items[-1].start),), at, "drawn")


def _heard(turn: Sequence[spans.Span], is_end: bool) -> np.ndarray:
    kept = [span for span in spans.judged(list(turn)) if span.is_end == is_end]
    rows = [[dict(span.heard).get(instant, np.nan) for instant in INSTANTS] for span in kept]
    return np.array(rows, dtype=np.float32).reshape(-1, len(INSTANTS))


def _found(turns: list[list[spans.Span]], grid: PolicyGrid, with_model: bool) -> TradeOff:
    clips = [judged_pauses(_pauses(turn), 0.2, 5.0) for turn in turns]
    heard = [(_heard(turn, False), _heard(turn, True)) for turn in turns] if with_model else None
    sums = count_timers(clips, grid, np.array(INSTANTS) / 1_000, heard)
    infos = tuple(
        JudgedClip(f"clip {k}", "", len(clip.holds), len(clip.ends), 1) for k, clip in enumerate(clips)
    )
    resampler = Resampler(("one",) * len(clips), "clip", 0)
    return TradeOff((Curve("drawn", grid, infos, sums),), infos, resampler, "drawn")


def _is(point: OperatingPoint | None, row: spans.Row | None) -> bool:
    if point is None or row is None:
        return point is None and row is None
    policy = point.policy
    same_policy = (policy.threshold == row.threshold or np.isnan(policy.threshold)) and (
        round(policy.action_delay * 1_000), round(policy.time_out * 1_000)
    ) == (row.delay, row.time_out)
    return same_policy and _costs(point) == (row.cut_off_rate, row.latency)


def _costs(point: OperatingPoint) -> tuple[Fraction, Fraction]:
    """Return both measures as the exact fractions that these floats stand for."""
    return (
        Fraction(round(point.cut_off_rate * point.holds), point.holds),
        Fraction(round(point.latency * 1_000 * point.ends), point.ends),
    )


@pytest.mark.parametrize("block", range(10))
def test_models_cost_what_the_definitions_say_on_random_sets(block: int) -> None:
    thresholds, delays = [0.0, 0.25, 0.5, 0.75, 0.9], [200, 400, 1_000, 1_200]
    time_outs = [1_000, 1_500, 3_500]
    grid = model_grid(thresholds, np.array(delays) / 1_000, np.array(time_outs) / 1_000)
    for seed in range(50 * block, 50 * block + 50):
        turns = _drawn(seed)
        found = _found(turns, grid, with_model=True)
        rows = spans.sweep(spans.judged(sum(turns, [])), thresholds, delays, time_outs)
        assert all(_is(found.point(index), row) for index, row in enumerate(rows)) and len(rows) == len(grid)
        front = spans.front(rows)
        assert len(front) == len(found.pareto()) and all(map(_is, found.pareto(), front))
        budgets = [300, 600, int(np.random.default_rng(seed).integers(200, 3_000))]
        for point, budget in zip(found.at_budget(*(b / 1_000 for b in budgets)), budgets):
            assert _is(point, spans.fewest_cut_offs(rows, budget))
        for point, share in zip(found.latency_at(0.05, 0.10, 0.4), (5, 10, 40)):
            assert _is(point, spans.lowest_latency(rows, Fraction(share, 100)))
        if seed % 10 == 0:
            area = spans.area(rows)
            expected = np.nan if area is None else float(area) / 1_000
            assert found.area() == pytest.approx(expected, 1e-12, nan_ok=True)


def test_silence_alone_is_a_policy_without_a_threshold() -> None:
    for seed in range(50):
        turns = _drawn(seed)
        found = _found(turns, silence_grid([0.2, 0.3, 0.5, 1.0, 2.0]), with_model=False)
        rows = [spans.row(spans.judged(sum(turns, [])), 1.0, ms, ms) for ms in (200, 300, 500, 1_000, 2_000)]
        assert all(_is(found.point(index), row) for index, row in enumerate(rows))
        best = [spans.fewest_cut_offs(rows, ms) for ms in (300, 600)]
        assert all(map(_is, found.at_budget(0.3, 0.6), best))


def test_the_grid_by_default_is_that_of_eot_bench() -> None:
    grid = model_grid(PROBABILITIES, ACTION_DELAYS, TIME_OUTS)
    assert len(grid) == 101 * 9 * 6 and len(silence_grid()) == 331
    assert str(grid[0]) == "threshold 0, action delay 0.2 s, time-out 1 s"


def test_a_turn_is_cut_off_once_however_many_of_its_holds_are() -> None:
    turns = [[spans.Span(ms, ms == 900) for ms in (600, 800, 900)], [spans.Span(900, True)]]
    point = _found(turns, silence_grid([0.5]), with_model=False).point(0)
    assert (point.cut_off_rate, point.turn_cut_off_rate, point.latency) == (1.0, 0.5, 0.5)


def test_a_wait_beyond_the_recording_is_counted_and_told() -> None:
    turns = [[spans.Span(600, False), spans.Span(900, True)]]
    found = _found(turns, silence_grid([0.5, 2.0]), with_model=False)
    frame = found.to_frame()
    assert frame["latency"].tolist() == [0.5, 2.0] and frame["unseen_rate"].tolist() == [0.0, 1.0]
