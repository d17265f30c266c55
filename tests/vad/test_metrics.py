"""Every measure on cases drawn by hand, and as properties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError, SettingError
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.evaluation.metrics import (
    COUNTS, endpoint_overhead, expected_endpoint_delay, measure, total,
)
from qwen_asr_widgets.vad.evaluation.measures import Problem
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.turns import Turn, TurnDetection, detect_turns
from support import drawn

CASES = {
    #                    truth           turns           cut merged missed invented
    "right":           ("..SSS..SS...", "..SSS..SS...", (0, 0, 0, 0)),
    "cut":             ("..SSSSSSS...", "..SSS..SS...", (1, 0, 0, 0)),
    "cut twice":       ("..SSSSSSSS..", "..SS.SS.SS..", (1, 0, 0, 0)),
    "merged":          ("..SSS..SS...", "..SSSSSSS...", (0, 1, 0, 0)),
    "three in one":    ("..SS.SS.SS..", "..SSSSSSSS..", (0, 1, 0, 0)),
    "missed":          ("..SSS..SS...", "..SSS.......", (0, 0, 1, 0)),
    "invented":        ("..SSS.......", "..SSS..SS...", (0, 0, 0, 1)),
    "cut and merged":  ("..SSSSS.SS..", "..SS..SSSS..", (1, 1, 0, 0)),
    "beside":          (".SSS........", "......SSS...", (0, 0, 1, 1)),
    "nothing found":   ("..SSS..SS...", "............", (0, 0, 2, 0)),
    "nothing said":    ("............", "..SSS..SS...", (0, 0, 0, 2)),
    "neither":         ("............", "............", (0, 0, 0, 0)),
    "two speakers":    ("..AAABBB....", "..SSSSSS....", (0, 0, 0, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_four_errors_are_counted_as_drawn(name: str) -> None:
    truth, found, counts = CASES[name]
    measures = measure(drawn.turns(found), drawn.reference(truth), duration=6.0)
    assert tuple(getattr(measures, kind) for kind in COUNTS) == counts
    assert measures.errors == len(measures.problems) >= sum(counts)
    assert measures.per_minute("cut") == counts[0] * 10


@pytest.mark.parametrize(
    ("truth", "found", "problems"),
    [
        ("..SSSSSSSS..", "..SS.SS.SS..", [
            Problem(2.0, 2.5, "cut", (1,), (1, 2)), Problem(3.5, 4.0, "cut", (1,), (2, 3))]),
        ("..SSS..SS...", "..SSSSSSS...", [Problem(2.5, 3.5, "merged", (1, 2), (1,))]),
        (".SS..SS.....", ".SS.........", [Problem(2.5, 3.5, "missed", (2,), ())]),
        (".SS.........", ".SS..SS.....", [Problem(2.5, 3.5, "invented", (), (2,))]),
        (".SS..SS.SS..", "....SSSSSS..", [
            Problem(0.5, 1.5, "missed", (1,), ()), Problem(3.5, 4.0, "merged", (2, 3), (1,))]),
    ],
)
def test_every_error_has_its_place_and_its_turns(truth: str, found: str, problems: list[Problem]) -> None:
    measures = measure(drawn.turns(found), drawn.reference(truth), duration=6.0)
    assert list(measures.problems) == problems


def test_times_are_those_drawn() -> None:
    #                                  0.0         3.0
    measures = measure(drawn.turns("...SSSSS...S"), drawn.reference("..SSSS......"), duration=6.0)
    assert measures.reference_seconds == 2.0 and measures.speech_seconds == 3.0
    assert measures.miss_seconds == 0.5 and measures.false_alarm_seconds == 1.5
    assert measures.detection_error_rate == 1.0
    assert measures.precision == 0.5 and measures.recall == 0.75 and measures.f1 == 0.6
    assert measures.onset_errors == (0.5,) and measures.offset_errors == (1.0,)
    assert measures.speech_share == 0.5 and measures.turn_lengths == (2.5, 0.5)


def test_without_a_reference_only_turns_are_described() -> None:
    measures = measure(drawn.turns("..SSS..SS...", padding=1.0), duration=6.0)
    assert measures.turns == 2 and measures.turn_lengths == (1.5, 1.0)
    assert measures.clipped_starts == 1
    assert measures.cut is None and measures.errors is None and measures.f1 is None
    assert measures.detection_error_rate is None and measures.quantile("waits", 0.5) is None


def test_padding_changes_no_error_but_tells_whose_start_is_not_heard() -> None:
    truth = drawn.reference("..SSS..SS...")
    bare = measure(drawn.turns("...SS..SS..."), truth, duration=6.0)
    padded = measure(drawn.turns("...SS..SS...", padding=0.5), truth, duration=6.0)
    assert (bare.late_starts, padded.late_starts) == (1, 0)
    assert bare.onset_errors == padded.onset_errors == (0.5, 0.0)


def test_the_wait_runs_from_the_true_end_to_the_endpoint() -> None:
    settings = TurnDetection(0.2, silence_duration_ms=400)
    measures = measure(
        drawn.turns("..SSSS..SSS."), drawn.reference("..SSS...SSS."), duration=6.0,
        settings=settings, overhead=0.1,
    )
    assert measures.waits == (0.5 + 13 * 0.032 + 0.1, 13 * 0.032 + 0.1)
    assert measures.cut_off == 0


def test_an_endpoint_before_the_true_end_is_a_cut_off_and_no_wait() -> None:
    truth, found = drawn.reference("..SSSSSS...."), drawn.turns("..SSSS......")
    early = measure(found, truth, duration=6.0, settings=TurnDetection(0.2, 400))
    assert (early.cut, early.cut_off, early.errors, early.waits) == (0, 1, 1, ())
    later = measure(found, truth, duration=6.0, settings=TurnDetection(0.2, 1500))
    assert later.cut_off == 0 and later.waits == (round(47 * 0.032 - 1.0, 6),)
    cut = measure(drawn.turns("..SS.SSS...."), truth, settings=TurnDetection(0.2, 400))
    assert (cut.cut, cut.cut_off, cut.cut_off_rate) == (1, 1, 1.0)


def test_a_merged_turn_has_no_endpoint_of_its_own_and_a_cut_one_that_of_its_last_piece() -> None:
    settings = TurnDetection(0.2, silence_duration_ms=320)
    merged = measure(drawn.turns("..SSSSSSS..."), drawn.reference("..SSS..SS..."), settings=settings)
    assert merged.waits == (0.32,)
    cut = measure(drawn.turns("..SSS..SSS.."), drawn.reference("..SSSSSSS..."), settings=settings)
    assert cut.waits == (0.82,)


def test_a_boundary_a_few_frames_off_is_neither_a_merge_nor_a_cut() -> None:
    truth = [ReferenceTurn(0.0, 1.0), ReferenceTurn(1.5, 2.5)]
    measures = measure([Turn(0.0, 0.0, 1.55), Turn(1.6, 1.55, 2.5)], truth)
    assert (measures.errors, measures.merged, measures.cut) == (0, 0, 0)


def test_outside_the_scored_regions_nothing_counts() -> None:
    labels = Labels(drawn.reference("SS..SSSS...."), scored=[(0.0, 3.0)])
    measures = measure(drawn.turns("SS..SS.SS.SS"), labels, duration=6.0)
    assert measures.errors == 0 and measures.scored_seconds == 3.0
    assert measures.reference_turns == measures.turns == 2
    assert measures.onset_errors == (0.0, 0.0)
    assert measures.offset_errors == (0.0,), "an edge made by the region is not compared"


def test_a_total_adds_counts_and_pools_errors() -> None:
    one = measure(drawn.turns("..SS.SS....."), drawn.reference("..SSSSS....."), duration=6.0)
    two = measure(drawn.turns(".SSSS......."), drawn.reference("..SSS......."), duration=6.0)
    both = total([one, two])
    assert (both.cut, both.turns, both.scored_seconds) == (1, 3, 12.0)
    assert both.onset_errors == (0.0, -0.5)
    assert both.recall == 3.5 / 4.0
    assert total([one, measure([], duration=1.0)]).cut is None
    with pytest.raises(SettingError, match="at least one clip"):
        total([])


def test_medians_and_p90_take_sizes_of_errors() -> None:
    truth = [ReferenceTurn(2.0 * k, 2.0 * k + 1) for k in range(5)]
    late = [0, 0.1, -0.2, 0.3, -0.4]
    found = [Turn(2.0 * k + d, 2.0 * k + d, 2.0 * k + 1) for k, d in enumerate(late)]
    row = measure(found, truth).to_dict()
    assert row["onset_errors_median"] == pytest.approx(0.2)
    assert row["onset_errors_p90"] == pytest.approx(np.quantile([0, 0.1, 0.2, 0.3, 0.4], 0.9))


def test_expected_delay_is_silence_in_frames_and_what_recordings_add() -> None:
    settings = TurnDetection(silence_duration_ms=400)
    assert expected_endpoint_delay(settings) == 0.416
    assert endpoint_overhead([0.466, None, 0.476, 0.456], settings) == pytest.approx(0.05)
    assert endpoint_overhead([None], settings) is None


@pytest.mark.parametrize(
    ("found", "truth", "message"),
    [
        ([Turn(2, 2, 3), Turn(1, 1, 2.5)], None, "not in order"),
        ([Turn(2, 2, 2)], None, "turn 1 runs from 2 to 2 s"),
        ([], [(0, 1), (3, 2)], r"reference\[1\]: A reference turn runs from 3.0 to 2.0 s"),
    ],
)
def test_turns_that_cannot_be_are_refused(found: list[Turn], truth: list | None, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        measure(found, truth)


def test_a_collar_takes_the_time_around_true_edges_out_and_leaves_counts_and_waits() -> None:
    turns = [Turn(0.9, 0.6, 2.1), Turn(2.9, 2.6, 5.0)]
    truth = [ReferenceTurn(1.0, 2.0), ReferenceTurn(3.0, 4.0), ReferenceTurn(5.1, 5.3)]
    exact, kind = (
        measure(turns, truth, duration=6, settings=TurnDetection(silence_duration_ms=400), collar=collar)
        for collar in (0.0, 0.15)
    )
    assert (exact.reference_seconds, exact.found_seconds, exact.hit_seconds) == (2.2, 3.3, 2.0)
    assert kind.reference_seconds == kind.hit_seconds == pytest.approx(1.4)
    assert (kind.miss_seconds, kind.false_alarm_seconds) == (0.0, pytest.approx(0.8))
    assert (kind.problems, kind.waits, kind.speech_seconds) == (exact.problems, exact.waits, 3.3)
    assert (kind.missed, kind.collar) == (1, 0.15) and "with a collar of 0.15 s" in kind._repr_html_()


def test_a_collar_that_leaves_nothing_leaves_no_figure() -> None:
    measures = measure([Turn(1, 1, 2)], [ReferenceTurn(1, 2)], duration=3, collar=1.0)
    assert (measures.reference_seconds, measures.false_alarm_seconds) == (0.0, 0.0)
    assert measures.detection_error_rate is measures.f1 is None and measures.cut == 0


@pytest.mark.parametrize("collar", [-0.1, 5.1, "0.25", None, True, float("nan")])
def test_a_collar_that_is_none_is_refused(collar: Any) -> None:
    with pytest.raises(SettingError, match="collar is .*; it must be a number from 0 to 5"):
        measure([], [(0, 1)], collar=collar)
    with pytest.raises(SettingError, match="collar is .*; it must be a number from 0 to 5"):
        sweep(SpeechScores([-1.0]), [0.0], [400], reference=[(0, 0.03)], collar=collar)


def test_measures_of_different_collars_do_not_add_up() -> None:
    one, other = (measure([], [(0, 1)], collar=collar) for collar in (0.0, 0.25))
    with pytest.raises(SettingError, match="have collars of 0 and 0.25 s; measure all with one"):
        total([one, other])
    assert total([other, other, measure([])]).collar == 0.25


drawings = st.text(alphabet=".S", min_size=1, max_size=60)


@given(drawings, drawings)
def test_exchanging_truth_and_turns_exchanges_the_measures(first: str, second: str) -> None:
    duration = 0.5 * max(len(first), len(second))
    one = measure(drawn.turns(first), drawn.reference(second), duration=duration)
    other = measure(drawn.turns(second), drawn.reference(first), duration=duration)
    exchanged = (other.merged, other.cut, other.invented, other.missed)
    assert (one.cut, one.merged, one.missed, one.invented) == exchanged
    assert (one.miss_seconds, one.false_alarm_seconds) == (other.false_alarm_seconds, other.miss_seconds)
    assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)
    assert one.onset_errors == tuple(-error for error in other.onset_errors)
    assert one.offset_errors == tuple(-error for error in other.offset_errors)


@given(drawings, drawings)
def test_problems_are_as_many_as_the_counts_say(first: str, second: str) -> None:
    measures = measure(drawn.turns(first), drawn.reference(second))
    kinds = [problem.kind for problem in measures.problems]
    assert kinds.count("missed") == measures.missed and kinds.count("invented") == measures.invented
    cut = {problem.reference for problem in measures.problems if problem.kind == "cut"}
    merged = {problem.turns for problem in measures.problems if problem.kind == "merged"}
    assert (len(cut), len(merged)) == (measures.cut, measures.merged)
    assert (kinds.count("cut"), kinds.count("merged")) == (measures.cuts, measures.merges)


@hypothesis_settings(deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), max_size=200), st.floats(-1, 1), st.floats(0, 1))
def test_lowering_the_threshold_never_shortens_speech_before_merging(
    values: list[float], threshold: float, step: float
) -> None:
    scores = SpeechScores(np.float32(values))
    lower = max(threshold - step, -1.0)
    assert (scores.values >= np.float32(lower)).sum() >= (scores.values >= np.float32(threshold)).sum()

    def held(level: float) -> set[int]:
        found = detect_turns(scores, TurnDetection(level, 200, 0))
        return {k for t in found for k in range(round(t.onset / 0.032), round(t.end / 0.032))
                if scores.values[k] >= np.float32(level)}
    assert held(lower) >= held(threshold)
