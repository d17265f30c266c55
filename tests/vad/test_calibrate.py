"""A service with a scale, delays and limits of its own is found out; one of another kind is a poor fit."""

from __future__ import annotations

import numpy as np
import pytest
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.calibration.calibrate import Calibration, Observation, calibrate
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn, TurnDetection, detect_turns
from support import drawn

SETTINGS = (TurnDetection(0.1, 400, 300), TurnDetection(0.4, 800, 300), TurnDetection(-0.05, 600, 500))


def hidden_service(scores: SpeechScores, settings: TurnDetection, with_silence: bool = False) -> list[Turn]:
    """Report turns as a service would whose score is 0.25 + 0.5 of ours, late, deaf to short turns."""
    theirs = SpeechScores(np.clip(0.25 + 0.5 * scores.values, -1, 1).astype(np.float32))
    inner = TurnDetection(settings.threshold, settings.silence_duration_ms + 96, settings.prefix_padding_ms)
    reported: list[Turn] = []
    for turn in detect_turns(theirs, inner):
        if turn.duration < 0.3:
            continue
        earliest = reported[-1].end if reported else 0.0
        start = max(turn.onset - settings.prefix_padding_ms / 1_000 - 0.11, earliest)
        end = turn.end + 0.07 + (settings.silence_duration_ms / 1_000 if with_silence else 0.0)
        reported.append(Turn(start + settings.prefix_padding_ms / 1_000, start, end))
    return reported


def energy_service(scores: SpeechScores, settings: TurnDetection) -> list[Turn]:
    """Report turns of a detector that follows loudness, which runs beside speech only roughly."""
    random = np.random.default_rng(len(scores))
    loud = np.convolve(scores.values, np.ones(25) / 25, mode="same")
    loud = loud + np.repeat(random.normal(0, 0.5, len(loud) // 20 + 1), 20)[: len(loud)]
    return detect_turns(SpeechScores(np.clip(loud, -1, 1).astype(np.float32)), settings)


def _observations(service: object, count: int = 3, frames: int = 9_000) -> list[Observation]:
    found = []
    for seed in range(count):
        scores, settings = drawn.wandering_scores(frames, seed + 20), SETTINGS[seed % 3]
        found.append(Observation(scores, settings, service(scores, settings)))  # type: ignore[operator]
    return found


@pytest.fixture(scope="module")
def hidden() -> Calibration:
    return calibrate(_observations(hidden_service))


def test_a_hidden_scale_delay_and_padding_are_recovered_from_three_recordings(hidden: Calibration) -> None:
    assert hidden.good and hidden.boundary_error <= 0.040 and hidden.agreement >= 0.95
    assert hidden.threshold_slope == pytest.approx(2.0, rel=0.15)
    assert hidden.threshold_offset == pytest.approx(-0.5, abs=0.05)
    assert hidden.start_shift == pytest.approx(-0.11, abs=0.02)
    assert hidden.end_shift == pytest.approx(0.07, abs=0.02)
    assert hidden.silence_shift == pytest.approx(0.096, abs=0.035)
    assert hidden.end_includes_silence is False
    assert str(hidden).startswith("Good fit:")


def test_what_the_service_reports_next_is_predicted(hidden: Calibration) -> None:
    scores, settings = drawn.wandering_scores(6_000, 99), TurnDetection(0.15, 500, 300)
    predicted, reported = hidden.predict(scores, settings), hidden_service(scores, settings)
    near = [min(predicted, key=lambda turn: abs(turn.end - real.end)) for real in reported]
    errors = [abs(a.start - b.start) for a, b in zip(near, reported)]
    errors += [abs(a.end - b.end) for a, b in zip(near, reported)]
    assert abs(len(predicted) - len(reported)) <= 0.05 * len(reported)
    assert np.median(errors) <= 0.040


def test_ends_that_contain_the_silence_are_told_apart() -> None:
    seen = _observations(lambda scores, settings: hidden_service(scores, settings, True), count=2)
    fitted = calibrate(seen)
    assert fitted.end_includes_silence is True and fitted.good
    assert fitted.end_shift == pytest.approx(0.07, abs=0.02)


def test_our_own_detector_is_fitted_exactly() -> None:
    fitted = calibrate(_observations(detect_turns, count=2, frames=4_000))
    assert fitted.good and fitted.boundary_error == 0.0 and fitted.agreement > 0.95
    assert fitted.threshold_slope == pytest.approx(1.0, rel=0.1)
    assert (fitted.start_shift, fitted.end_shift, fitted.min_turn) == pytest.approx((0, 0, 0), abs=1e-6)
    assert fitted.ours(TurnDetection(0.0, 800)).threshold == pytest.approx(0.0, abs=0.05)


def test_a_detector_of_another_kind_is_called_a_poor_fit() -> None:
    fitted = calibrate(_observations(energy_service, count=2, frames=3_000))
    assert not fitted.good
    assert str(fitted).startswith("Poor fit:") and "Verify by replay" in str(fitted)


def test_one_threshold_leaves_the_slope_open_and_says_so() -> None:
    scores = drawn.wandering_scores(3_000, 5)
    fitted = calibrate([Observation(scores, SETTINGS[0], detect_turns(scores, SETTINGS[0]))])
    assert fitted.threshold_slope == 1.0 and "slope not known from one threshold" in str(fitted)


def test_too_little_is_not_judged() -> None:
    scores = drawn.scores(("." * 40 + "S" * 40) * 3 + "." * 40)
    fitted = calibrate([Observation(scores, SETTINGS[0], detect_turns(scores, SETTINGS[0]))])
    assert not fitted.good and str(fitted).startswith("Too little to judge")


def test_nothing_to_fit_is_an_error() -> None:
    for seen in ([], [Observation(drawn.scores("....."), SETTINGS[0], [])]):
        with pytest.raises(SettingError, match="nothing to calibrate with"):
            calibrate(seen)
