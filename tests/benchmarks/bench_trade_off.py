"""Trade-off of ten hours on one core: 1,230 policies of the turn detector (limit 10 s), and twice as much.

The peer is going policy by policy: ``detect_turns`` and a search for each pause, for some of them.
"""

from __future__ import annotations

import time

import numpy as np
from qwen_asr_widgets.vad.pauses import pauses
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.sweep import SILENCES, THRESHOLDS
from qwen_asr_widgets.vad.trade_off.trade_off import trade_off
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from support.drawn import wandering_scores

CLIPS = 40
FRAMES = 28_125
"""A quarter of an hour."""
SAMPLED = 12
LIMIT = 10.0


def drawn(count: int) -> tuple[list[SpeechScores], list[list[tuple[float, float]]]]:
    """Return clips of a quarter of an hour, and the turns that are taken for true."""
    clips = [wandering_scores(FRAMES, seed) for seed in range(count)]
    return clips, [
        [(t.onset, t.end) for t in detect_turns(clip, TurnDetection(0.1, 900))] for clip in clips
    ]


def seconds_of(count: int) -> float:
    """Return the processor seconds of a trade-off over so many clips."""
    clips, truths = drawn(count)
    begun = time.process_time()
    trade_off(clips, truths)
    return time.process_time() - begun


def one_by_one() -> float:
    """Return the processor seconds that one policy over ten hours takes the plain way."""
    clips, truths = drawn(CLIPS)
    found = [pauses(clip, truth) for clip, truth in zip(clips, truths)]
    random = np.random.default_rng(0)
    begun = time.process_time()
    for _ in range(SAMPLED):
        settings = TurnDetection(float(random.choice(THRESHOLDS)), int(random.choice(SILENCES)))
        for clip, each in zip(clips, found):
            ends = np.array([turn.end for turn in detect_turns(clip, settings)])
            for pause in each:
                np.searchsorted(ends + settings.silence_duration_ms / 1_000, [pause.start, pause.end])
    return (time.process_time() - begun) / SAMPLED


def main() -> None:
    """Print the seconds, their growth, and how many times the plain way takes."""
    ten, twenty = seconds_of(CLIPS), seconds_of(2 * CLIPS)
    plain = one_by_one() * len(THRESHOLDS) * len(SILENCES)
    print(f"10 h x {len(THRESHOLDS) * len(SILENCES):,} policies: {ten:.2f} s (limit {LIMIT:.0f} s)")
    print(f"20 h: {twenty:.2f} s, {twenty / ten:.2f} x as long")
    print(f"policy by policy: {plain:.0f} s, {plain / ten:.0f} x as long")
    assert ten <= LIMIT, f"{ten:.1f} s are over the limit"


if __name__ == "__main__":
    main()
