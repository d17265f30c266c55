"""The segmenter finds the same turns as the tuner, however the audio is cut, and gives out their audio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.service.segmenter import (
    HOP, TAIL, RingBuffer, SegmentAudio, SegmentEnded, Segmenter, SegmentSilence, SegmentStarted, YieldPoint,
)
from qwen_asr_widgets.vad.scoring import scores as vad_scores
from qwen_asr_widgets.vad.turns import Turn, TurnDetection, detect_turns

TALK = sample("conversation").clip.to_pcm16()
BRIEF = TurnDetection(threshold=0.0, silence_duration_ms=400)


def segments(samples, detection, sizes):
    """Return turns and each turn's audio as the segmenter gives them, for chunks of these sizes."""
    segmenter, turns, audio, opened = Segmenter(detection), [], [], None
    events, at, index = [], 0, 0
    while at < len(samples):
        size = sizes[index % len(sizes)]
        events += segmenter.push(samples[at:at + size])
        at, index = at + size, index + 1
    for event in [*events, *segmenter.finish()]:
        if isinstance(event, SegmentStarted):
            opened = event
            audio.append([])
        elif isinstance(event, SegmentAudio):
            audio[-1].append(event.samples)
        elif isinstance(event, SegmentEnded):
            turns.append(Turn(opened.onset / 16_000, opened.start / 16_000, event.end / 16_000))
    return turns, [np.concatenate(pieces) for pieces in audio]


@pytest.mark.parametrize("detection", [TurnDetection(), BRIEF, TurnDetection(-0.5, 1_500, 0)])
def test_turns_equal_those_of_the_tuner_to_the_frame(detection):
    clip = AudioClip(TALK.astype(np.float32) / 32_768, 16_000)
    assert segments(TALK, detection, [1_600])[0] == detect_turns(vad_scores.speech_scores(clip), detection)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=8).filter(lambda sizes: sum(sizes) > 2_000))
def test_turns_and_their_audio_do_not_depend_on_the_chunks(sizes):
    part = TALK[:160_000]
    turns, audio = segments(part, BRIEF, [len(part)])
    found, pieces = segments(part, BRIEF, sizes)
    assert found == turns
    assert all(np.array_equal(one, other) for one, other in zip(pieces, audio, strict=True))


def test_the_recogniser_gets_the_padding_before_and_a_short_tail_after_the_speech():
    turns, audio = segments(TALK[:100_000], BRIEF, [1_600])
    start, end = (round(16_000 * at) for at in (turns[0].start, turns[0].end))
    assert np.array_equal(audio[0], TALK[start:end + TAIL])


def test_a_running_silence_is_told_with_what_remains_of_it():
    segmenter = Segmenter(BRIEF)
    events = [event for first in range(0, 80_000, HOP) for event in segmenter.push(TALK[first:first + HOP])]
    remaining = [event.remaining for event in events if isinstance(event, SegmentSilence)]
    assert remaining and max(remaining) == pytest.approx((13 - 4) * 0.032)
    assert min(remaining) == pytest.approx(0.032)
    ends = [event.remaining for event in events if isinstance(event, SegmentAudio) and event.remaining]
    assert max(ends) == pytest.approx((13 - 1) * 0.032) and min(ends) == pytest.approx((13 - 4) * 0.032)


def test_once_a_silence_is_told_the_recogniser_has_all_of_a_turn_that_ends_by_it():
    segmenter, since = Segmenter(BRIEF), []
    for first in range(0, 100_000, HOP):
        for event in segmenter.push(TALK[first:first + HOP]):
            if isinstance(event, SegmentSilence):
                since = []
            elif not isinstance(event, YieldPoint):
                since.append(event)
            if isinstance(event, SegmentEnded):
                assert since == [event]


def test_in_manual_mode_all_audio_is_handed_out():
    fed = [event.samples for event in Segmenter(None).push(TALK[:20_000]) if isinstance(event, SegmentAudio)]
    assert np.array_equal(np.concatenate(fed), TALK[:20_000])


def test_a_ring_buffer_refuses_what_it_has_forgotten():
    recent = RingBuffer(keep=100)
    for _ in range(10):
        recent.append(np.zeros(50, np.int16))
    assert recent.stop - recent.start <= 150
    with pytest.raises(IndexError):
        recent.read(0, 10)
