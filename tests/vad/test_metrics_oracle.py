"""Our measures equal those of pyannote.metrics where it defines them."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings, strategies as st
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.turns import Turn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.detection import (
        DetectionErrorRate, DetectionPrecision, DetectionPrecisionRecallFMeasure, DetectionRecall,
    )

DURATION = 30.0
milliseconds = st.integers(0, 30_000)
interval = st.tuples(milliseconds, milliseconds).filter(lambda pair: abs(pair[0] - pair[1]) >= 10).map(sorted)
regions = st.lists(interval, min_size=1, max_size=4)


def _disjoint(intervals: list[list[int]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for start, end in sorted(intervals):
        if not kept or start / 1_000 > kept[-1][1]:
            kept.append((start / 1_000, end / 1_000))
    return kept


def _annotation(intervals: list[tuple[float, float]]) -> Annotation:
    annotation = Annotation(uri="clip")
    for number, (start, end) in enumerate(intervals):
        annotation[Segment(start, end), number] = "speech"
    return annotation


@settings(deadline=None, max_examples=150)
@given(
    st.lists(interval, max_size=12), st.lists(interval, max_size=12), st.none() | regions,
    st.just(0) | st.integers(1, 700),
)
def test_detection_error_precision_recall_and_f_equal_pyannote(
    truth: list[list[int]], found: list[list[int]], scored: list[list[int]] | None,
    collar: int,
) -> None:
    said = [(start / 1_000, end / 1_000) for start, end in truth]
    heard = _disjoint(found)
    areas = [(0.0, DURATION)] if scored is None else [(a / 1_000, b / 1_000) for a, b in scored]
    ours = measure(
        [Turn(start, start, end) for start, end in heard],
        [ReferenceTurn(start, end) for start, end in said],
        duration=DURATION, scored=None if scored is None else areas, collar=collar / 1_000,
    )
    uem = Timeline([Segment(a, b) for a, b in areas], uri="clip").support()
    reference, hypothesis = _annotation(said), _annotation(heard)
    both_sides = {"collar": 2 * collar / 1_000}
    detail = DetectionErrorRate(**both_sides).compute_components(reference, hypothesis, uem=uem)
    assert ours.miss_seconds == pytest.approx(detail["miss"], abs=1e-6)
    assert ours.false_alarm_seconds == pytest.approx(detail["false alarm"], abs=1e-6)
    assert ours.reference_seconds == pytest.approx(detail["total"], abs=1e-6)
    if ours.detection_error_rate is not None:
        assert ours.detection_error_rate == pytest.approx(
            DetectionErrorRate(**both_sides)(reference, hypothesis, uem=uem), abs=1e-6)
    if ours.precision is not None and ours.recall is not None:
        precision, recall = DetectionPrecision(**both_sides), DetectionRecall(**both_sides)
        assert ours.precision == pytest.approx(precision(reference, hypothesis, uem=uem), abs=1e-6)
        assert ours.recall == pytest.approx(recall(reference, hypothesis, uem=uem), abs=1e-6)
        theirs = DetectionPrecisionRecallFMeasure(**both_sides)(reference, hypothesis, uem=uem)
        assert ours.f1 == pytest.approx(theirs, abs=1e-6)
