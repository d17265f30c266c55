"""Sweep of an hour on one core: 41 thresholds × 30 silences, beside going cell by cell (limit 2 s).

The peer is the plain way: ``detect_turns``, then pyannote's detection error rate, for a sample of the cells.
"""

from __future__ import annotations

import time
import warnings
from statistics import median

import numpy as np
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.sweep import SILENCES, THRESHOLDS, sweep
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from support.drawn import wandering_scores

FRAMES = 112_500
ROUNDS = 5
SAMPLED = 12
LIMIT = 2.0


def hour() -> tuple[SpeechScores, list[ReferenceTurn]]:
    """Return an hour of scores and the turns that are taken for true."""
    scores = wandering_scores(FRAMES, seed=1)
    return scores, [ReferenceTurn(t.onset, t.end) for t in detect_turns(scores, TurnDetection(0.0, 1_000))]


def sampled_cells() -> list[TurnDetection]:
    """Return some of the cells, spread over the grid."""
    random = np.random.default_rng(0)
    return [
        TurnDetection(THRESHOLDS[t], SILENCES[s])
        for t, s in zip(random.integers(4, 37, SAMPLED), random.integers(0, 30, SAMPLED))
    ]


def seconds_of(task: object) -> float:
    """Return how long a task takes."""
    begun = time.perf_counter()
    task()  # type: ignore[operator]
    return time.perf_counter() - begun


def with_pyannote(scores: SpeechScores, truth: list[ReferenceTurn], cells: list[TurnDetection]) -> None:
    """Detect turns and measure them with pyannote.metrics, cell by cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.detection import DetectionErrorRate

    reference, uem = Annotation(uri="hour"), Timeline([Segment(0, scores.duration)], uri="hour")
    for turn in truth:
        reference[Segment(turn.start, turn.end)] = "speech"
    for settings in cells:
        found = Annotation(uri="hour")
        for turn in detect_turns(scores, settings):
            found[Segment(turn.onset, turn.end)] = "speech"
        DetectionErrorRate()(reference, found, uem=uem)


def main() -> None:
    """Print medians, per cell and in all."""
    scores, truth = hour()
    cells = sampled_cells()
    count = len(THRESHOLDS) * len(SILENCES)

    def one_by_one() -> None:
        for settings in cells:
            measure(detect_turns(scores, settings), truth, duration=scores.duration, settings=settings)

    whole = median(seconds_of(lambda: sweep(scores, reference=truth)) for _ in range(ROUNDS))
    single = median(seconds_of(one_by_one) for _ in range(ROUNDS)) / SAMPLED
    theirs = seconds_of(lambda: with_pyannote(scores, truth, cells[:3])) / 3
    print(f"{'one hour, ' + str(len(truth)) + ' turns':44}{'per cell':>10}{'ratio':>9}   (n = {ROUNDS})")
    print(f"{'sweep of ' + str(count) + ' cells':44}{whole / count * 1e3:>7.2f} ms{1:>9.0f}   "
          f"{whole:.2f} s in all, limit {LIMIT:g} s")
    for name, cell in (("measure", single), ("pyannote", theirs)):
        title = f"detect_turns and {name}, cell by cell"
        print(f"{title:44}{cell * 1e3:>7.1f} ms{cell * count / whole:>9.0f}")


if __name__ == "__main__":
    main()
