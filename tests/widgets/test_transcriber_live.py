"""How far behind the recogniser is, and whether the sound counts as speech, while a recording grows."""

from __future__ import annotations

import numpy as np
import pytest
from support.recordings import Script

from qwen_asr_widgets import AudioClip, SessionConfig, TurnDetection, speech_scores
from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.audio.tape import Tape
from qwen_asr_widgets.audio.units import pcm16_to_float
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.widgets.transcriber.scores import LiveScores
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


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_the_strip_shows_the_scores_of_the_detector_however_the_sound_comes(rate: int) -> None:
    clip = sample("conversation").clip[:4.0]
    sound = resample(clip.to_pcm16(), clip.sample_rate, rate)
    tape, threshold = Tape(rate), [0.2]
    scores = LiveScores(tape, lambda: threshold[0])
    pieces = []
    for start in range(0, len(sound), 777):
        tape.append(sound[start : start + 777])
        pieces += [np.frombuffer(data, np.int8) for content, (data,) in scores.changes()]
    shown = np.concatenate(pieces) / 127
    heard = resample(sound, rate, 16_000)
    whole = speech_scores(AudioClip(pcm16_to_float(heard), 16_000)).values[: len(shown)]
    assert len(shown) >= 120 and np.corrcoef(shown, whole)[0, 1] > 0.98
    assert rate == 8_000 or np.abs(shown - whole).max() < 0.005, "the page is told steps of 1/127"
    assert scores.changes() == []
    threshold[0] = -0.5
    ((content, (data,)),) = scores.changes()
    assert content["threshold"] == -0.5 and data == b""
    ((content, (data,)),) = scores.opening()
    assert (content["first"], content["total"]) == (0, len(shown)) and len(data) == len(shown)


def test_a_long_sound_handed_over_at_once_is_scored_a_part_at_a_time() -> None:
    tape = Tape(16_000)
    tape.append(np.zeros(25 * 16_000, np.int16))
    scores = LiveScores(tape, lambda: None)
    counts = [scores.changes()[0][0]["total"] for _ in range(3)]
    assert counts == [312, 625, 781] and scores.changes() == []
