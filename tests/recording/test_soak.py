"""Long runs, by ``make soak``: an hour of sound goes through, nothing is lost and nothing piles up."""

import threading

import numpy as np
import psutil
import pytest

import qwen_asr_widgets as qaw

MINUTES = 60
PACE = 20.0
TAPE_BYTES_PER_SECOND = 2 * 16_000
BESIDE = 1.1
"""What the process may grow by, in bytes of the sound: events, words and the allocator's own blocks."""


@pytest.mark.soak
def test_an_hour_goes_through_whole_in_the_memory_of_its_sound():
    piece = qaw.sample("conversation").clip.to_pcm16()
    count = MINUTES * 60 * 16_000 // len(piece)
    expected = np.tile(piece, count)
    process, threads = psutil.Process(), threading.active_count()
    with qaw.embedded("script") as endpoint:
        qaw.transcribe(qaw.sample("conversation"), endpoint, pace=None, progress=False)
        before = process.memory_info().rss
        recording = qaw.transcribe(
            (piece for _ in range(count)), endpoint, pace=PACE, progress=False, sample_rate=16_000
        )
        grown = process.memory_info().rss - before
    turns = qaw.detect_turns(qaw.speech_scores(recording.clip, cache=False), recording.config.turn_detection)
    allowed = BESIDE * TAPE_BYTES_PER_SECOND * recording.duration
    assert recording.complete and np.array_equal(recording.tape.read(), expected)
    assert recording.turns == turns
    assert {utterance.status for utterance in recording.utterances} == {"final"}
    assert grown < allowed
    assert threading.active_count() <= threads
