"""What was really waited in recordings stands beside the latency of the policies."""

from __future__ import annotations

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from support.recordings import three_turns

TURNS = [(1.0, 3.0), (5.0, 6.5), (8.0, 10.5)]
HOLDS = [(1.5, 1.9), (8.5, 9.0)]


def judged(sounds):
    found = [qaw.pauses(sound, TURNS, holds=HOLDS) for sound in sounds]
    return qaw.trade_off(sounds, found, "silence")


def test_ttfs_is_that_of_the_recordings_latency_tables() -> None:
    recordings = [three_turns(), three_turns(lag=0.02)]
    result = judged(recordings)
    waits = [row.finalization for one in recordings for row in one.latency(TURNS)]
    assert result.ttfs is not None and result.ttfs.n == 6 and result.ttfs.recordings == 2
    assert result.ttfs.median == pytest.approx(np.median(waits))
    assert result.ttfs.p90 == pytest.approx(np.percentile(waits, 90))
    assert result.ttfs.decode_delay == pytest.approx(0.2)
    assert str(result.ttfs) in result.to_markdown() and "TTFS" in str(result)


def test_clips_and_sound_sent_at_another_pace_have_none() -> None:
    clip = qaw.AudioClip(np.zeros(16_000 * 12, np.float32), 16_000)
    assert judged([clip, three_turns(pace=2.0)]).ttfs is None
    mixed = judged([clip, three_turns()])
    assert mixed.ttfs is not None and mixed.ttfs.n == 3 and "in 1 recording:" in mixed.notes[1]
