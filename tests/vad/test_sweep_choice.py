"""The best settings are the best, within limits, and are judged on calls they were not chosen on."""

from __future__ import annotations

import numpy as np
import pytest
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.choice import EDGES
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.sweep.result import SweepResult
from qwen_asr_widgets.vad.turns import TurnDetection
from support import drawn

SILENCES = (200, 320, 480, 640, 960, 1600)


def _call(seed: int, dip_frames: int = 12) -> tuple[SpeechScores, list[ReferenceTurn]]:
    """Return a call of ten turns with a pause of up to ``dip_frames`` in each, 2 s between them."""
    random = np.random.default_rng(seed)
    marks, truth = "." * 30, []
    for _ in range(10):
        start = len(marks)
        marks += "S" * random.integers(20, 60) + "." * random.integers(3, dip_frames) + "S" * 30
        truth.append(ReferenceTurn(start * 0.032, len(marks) * 0.032))
        marks += "." * 62
    return drawn.scores(marks), truth


@pytest.fixture(scope="module")
def result() -> SweepResult:
    clips, truths = zip(*(_call(seed) for seed in range(6)))
    return sweep(list(clips), [-0.9, -0.5, 0.0, 0.5, 0.9], SILENCES, [0, 300], list(truths), overhead=0.1)


def test_the_shortest_wait_without_an_error_is_chosen_amid_equal_thresholds(result: SweepResult) -> None:
    best = result.best()
    assert best.settings == TurnDetection(0.0, 480, 0)
    assert best.errors_per_minute == 0 and best.wait == pytest.approx(0.48 + 0.1)
    assert best.calls == 6 and best.reference_turns == 60


def test_the_choice_is_judged_on_held_out_calls(result: SweepResult) -> None:
    best = result.best()
    assert len(best.held_out_settings) == 5 and best.within_limits is True
    assert best.held_out == pytest.approx({"wait": 0.58, "cut_off_rate": 0.0, "errors_per_minute": 0.0})
    assert best.held_out_calls == 6 and best.recommended
    assert "On held-out calls: wait 0.58 s, 0.0% cut off, 0.00 errors a minute." in str(best)
    assert "In brackets: 95 %, after selection." in str(best) and "0.0% [0.0%–" in str(best)


def test_a_choice_that_does_not_hold_elsewhere_is_said_not_to() -> None:
    calls = [_call(1, 5), _call(2, 5), _call(3, 30)]
    result = sweep([c for c, _ in calls], [0.0], SILENCES, reference=[t for _, t in calls])
    best = result.best(max_cut=0.0)
    assert best.cut_off_rate == 0 and best.held_out is not None
    assert best.held_out["cut_off_rate"] > 0 and best.within_limits is False
    assert "outside the limits: not recommended" in str(best) and not best.recommended


def test_calls_that_could_not_be_judged_are_said() -> None:
    calls = [_call(1, 5), _call(2, 5), _call(3, 30)]
    result = sweep([c for c, _ in calls], [0.0], [320, 480], reference=[t for _, t in calls])
    total, parts = result.total("cut_off_rate"), result.sums["cut_off"][:, 0] / 10
    within = float(total.min()) + 0.01
    assert (parts[:2].mean(axis=0) <= within).all() and (parts[1:].mean(axis=0) > within).all()
    best = result.best(max_cut=within)
    assert best.held_out_calls == 1 and len(best.held_out_settings) == 1
    assert "On 1 of 3 calls, held out (for the others no setting keeps the limits): wait" in str(best)


def test_a_limit_on_the_wait_is_kept(result: SweepResult) -> None:
    best = result.best(max_wait=0.45)
    assert best.wait <= 0.45 and best.settings.silence_duration_ms == 320 and best.cut_off_rate > 0


def test_limits_nothing_keeps_say_how_near_one_comes(result: SweepResult) -> None:
    with pytest.raises(SettingError, match=r"keeps the wait to 0\.2 s; the shortest is 0\.32 s. Raise"):
        result.best(max_wait=0.2)
    with pytest.raises(SettingError, match="max_cut is -1; it must be a number from 0 on"):
        result.best(max_cut=-1)
    with pytest.raises(SettingError, match=r"keeps both limits; .* 0\.0% .* shortest wait is 0\.58 s"):
        result.best(max_wait=0.5, max_cut=0.0)
    short = sweep(_call(0)[0], [0.0], [200], reference=_call(0)[1])
    with pytest.raises(SettingError, match="cuts off as few as 0.0% of the turns; the fewest are 70.0%"):
        short.best(max_cut=0.0)
    nothing = sweep(_call(0)[0], [0.9], [200], reference=_call(0)[1])
    with pytest.raises(SettingError, match="most reference turns are merged or missed"):
        nothing.best()


def test_one_call_cannot_be_checked_and_the_choice_says_so() -> None:
    scores, truth = _call(0)
    best = sweep(scores, [0.0], SILENCES, reference=truth).best()
    assert best.held_out is None and best.within_limits is None and np.isnan(best.intervals["wait"][0])
    assert "Not checked" in str(best) and "nan" not in repr(best)


def test_the_front_holds_what_no_setting_beats(result: SweepResult) -> None:
    front = result.pareto()
    waits, cuts = [p.wait for p in front], [p.cut_off_rate for p in front]
    assert waits == sorted(waits) and cuts == sorted(cuts, reverse=True) and cuts[-1] == 0
    every = np.column_stack([result.total("wait").ravel(), result.total("cut_off_rate").ravel()])
    for point in front:
        beaten = (every[:, 0] < point.wait - 1e-9) & (every[:, 1] < point.cut_off_rate - 1e-9)
        assert not beaten.any()


def test_settings_find_their_nearest_cell(result: SweepResult) -> None:
    assert result.nearest(TurnDetection(0.2, 800)) == (2, 4)
    assert result.settings_at(*result.nearest(TurnDetection(0.4, 500)), 1) == TurnDetection(0.5, 480, 300)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_cut": 5}, "max_cut is 5; it is a share of the turns, from 0 to 1: for 5 % write 0.05"),
        ({"max_wait": 500}, "max_wait is 500; it is in seconds, .*: for 500 ms write 0.5"),
        ({"max_wait": "1 s"}, "max_wait is '1 s'; it must be a number from 0 on"),
        ({"max_cut": float("nan")}, "max_cut is nan; it must be a number from 0 on"),
    ],
)
def test_limits_in_another_unit_are_refused(result: SweepResult, limits: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        result.best(**limits)


def test_no_silence_is_advised_that_cannot_be_swept(result: SweepResult) -> None:
    with pytest.raises(SettingError, match=r"Raise max_wait\.$"):
        result.best(max_wait=0.2)
    (scores, truth), longest = _call(0), 400
    with pytest.raises(SettingError, match=r"Raise max_wait or sweep shorter silences\.$"):
        sweep(scores, [0.0], [longest, 600], reference=truth).best(max_wait=0.2)


def test_operating_points_are_the_best_that_keep_to_a_budget_or_a_share(result: SweepResult) -> None:
    cells = [
        (float(result.total("wait")[t, s]), float(result.total("cut_off_rate")[t, s]))
        for t in range(5) for s in range(6) if result.total("coverage")[t, s] >= 0.5
    ]
    for budget in (0.33, 0.45, 0.6, 2.0):
        point, = result.at_budget(budget)
        assert point is not None and point.wait <= budget
        assert point.cut_off_rate == min(cut for wait, cut in cells if wait <= budget)
    for share in (0.0, 0.3, 0.6):
        point, = result.latency_at(share)
        assert point is not None and point.cut_off_rate <= share
        assert point.wait == pytest.approx(min(wait for wait, cut in cells if cut <= share))
    assert result.at_budget(0.1, 0.6)[0] is None
    with pytest.raises(SettingError, match="budget is 300; it is in seconds"):
        result.at_budget(300)


@pytest.mark.parametrize("thresholds, silences, said", [
    ([0.0], (480, 640, 960), ["shortest silence tried"]),
    ([0.0], (200, 320, 480), ["longest silence tried"]),
    ([-0.5, 0.0], (320, 480, 640), ["lowest threshold tried"]),
    ([-0.9, -0.5, 0.0, 0.5, 0.9], SILENCES, []),
    ([0.0], (480,), []),
])
def test_a_choice_at_the_edge_of_the_grid_says_so(thresholds, silences, said) -> None:
    clips, truths = zip(*(_call(seed) for seed in range(6)))
    best = sweep(list(clips), thresholds, silences, reference=list(truths)).best()
    assert best.settings.silence_duration_ms == 480
    assert [EDGES[one] for one in best.edges] == said
    assert ("At the edge of the grid: the " + said[0] + "." in str(best)) if said else "edge" not in str(best)
