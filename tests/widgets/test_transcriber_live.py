"""How far behind the recogniser is, also where the service does not say so."""

from __future__ import annotations

import pytest
from support.recordings import Script

from qwen_asr_widgets import SessionConfig, TurnDetection
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.widgets.transcriber.state import recognizer_lag


def unanswered(until: float, silence: int = 800, pace: float | None = 1.0) -> Recording:
    """Return a recording of so many seconds whose turn from 1 s to 3 s was closed and has no words yet."""
    play = Script(until, SessionConfig(turn_detection=TurnDetection(0.2, silence)), pace=pace)
    play.turn("a", 1.0, 3.0, "", endpoint=silence / 1_000, final=False)
    return play.play().recording


def test_a_recogniser_that_lags_is_behind_by_the_sound_that_went_out_since_the_turn_was_over() -> None:
    assert recognizer_lag(unanswered(15.8)) == pytest.approx(12.0)
    assert recognizer_lag(unanswered(21.0, silence=6_000)) == pytest.approx(12.0), "silence is no lag"


def test_the_usual_wait_for_words_is_no_lag_and_neither_is_a_sound_sent_at_once() -> None:
    assert recognizer_lag(unanswered(5.7)) == 0.0
    assert recognizer_lag(unanswered(15.8, pace=None)) == 0.0
    answered = Script(15.0)
    answered.turn("a", 1.0, 3.0, "late but here", decode=4.0)
    assert recognizer_lag(answered.play().recording) == 0.0


def test_what_the_service_says_itself_counts() -> None:
    play = Script(15.8)
    play.turn("a", 1.0, 3.0, "", final=False)
    play.play().come({"type": "recognizer.behind", "behind_ms": 7_400}, 15.8)
    assert recognizer_lag(play.recording) == 7.4
