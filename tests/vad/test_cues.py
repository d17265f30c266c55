"""A cue lies on the sample at which the detector decides, in the list and in the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.evaluation.cues import TONES, Cue, cue_times, cue_track
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import TurnClosed, TurnDetection, TurnDetector, detect_turns
from support import drawn


def _decisions(scores: SpeechScores, settings: TurnDetection) -> list[tuple[int, str]]:
    """Return the sample after which a streaming detector closes each turn, and why."""
    detector = TurnDetector(settings)
    changes = [*detector.push(scores.values), *detector.finish()]
    return [((c.frame + 1) * 512, c.reason) for c in changes if isinstance(c, TurnClosed)]


@hypothesis_settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([200, 400, 800, 2000]), st.floats(-0.5, 0.6))
def test_cues_are_the_decisions_of_the_streaming_detector(seed: int, silence: int, threshold: float) -> None:
    scores, settings = drawn.wandering_scores(800, seed), TurnDetection(threshold, silence)
    cues = cue_times(detect_turns(scores, settings), settings, scores.duration)
    assert [(cue.sample, cue.reason) for cue in cues] == _decisions(scores, settings)


def test_a_turn_at_the_limit_is_cued_there() -> None:
    scores, settings = drawn.scores("S" * 2_000 + "." * 30), TurnDetection(0.0, 400)
    cues = cue_times(detect_turns(scores, settings), settings, scores.duration)
    assert [(cue.sample, cue.reason) for cue in cues] == _decisions(scores, settings)
    assert cues[0].reason == "limit" and cues[0].time == 60.0


def test_finals_come_later_by_what_service_and_decoding_take() -> None:
    turns, settings = drawn.turns("..SS....."), TurnDetection(0.0, 400)
    endpoint, = cue_times(turns, settings, 4.5, overhead=0.05)
    final, = cue_times(turns, settings, 4.5, overhead=0.05, decode_delay=0.25)
    assert endpoint.sample == round((2.0 + 0.416 + 0.05) * 16_000) and endpoint.kind == "endpoint"
    assert final.sample - endpoint.sample == 4_000 and final.kind == "final"


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_the_tone_begins_on_the_cue_and_changes_nothing_else(rate: int, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, rate * 2).astype(np.float32)
    clip = AudioClip(noise, rate)
    track = cue_track(clip, [Cue(8_000, 1)], tone=TONES["B"])
    changed = np.flatnonzero(track.samples != clip.samples)
    assert abs(changed[0] - rate // 2) <= 2 and changed[-1] - changed[0] <= 0.09 * rate
    assert np.abs(track.samples - clip.samples).max() == pytest.approx(0.1, rel=0.02)
    track.save(tmp_path / "hear.wav")
    assert AudioClip.load(tmp_path / "hear.wav").sample_rate == rate


def test_a_cue_after_the_end_is_still_heard() -> None:
    track = cue_track(AudioClip(np.zeros(16_000, np.float32), 16_000), [Cue(20_000, 1, "final")])
    assert len(track) == 20_000 + 1_440 and np.abs(track.samples[20_000:]).max() > 0.09


def test_delays_and_tones_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingError, match="overhead is -1 s"):
        cue_times([], TurnDetection(), 1.0, overhead=-1)
    clip = AudioClip(np.zeros(800, np.float32), 8_000)
    with pytest.raises(SettingError, match="5000 Hz cannot be heard at 8000 Hz"):
        cue_track(clip, [], tone=5_000)
    with pytest.raises(SettingError, match="level_db is 3"):
        cue_track(clip, [], level_db=3)
