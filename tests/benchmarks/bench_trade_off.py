"""Trade-off of 1,230 policies of the turn detector: ten hours on one core (limit 10 s), a hundred on Dask.

The peer on one core is going policy by policy: ``detect_turns`` and a search for each pause, for some.
On two Dask workers, processes of one thread, 10, 50 and 100 hours are counted. The workers' processor seconds
for ten hours (the slope) may differ by a third between them, and the most memory that a worker ever held by a
quarter; the speech scores as a whole are the client's alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

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
HOURS = (10, 50, 100)
STEEPER, LARGER = 4 / 3, 1.25


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


@dataclass(frozen=True)
class OnWorkers:
    """What some hours cost on workers: wall and processor seconds, and the most memory that one has held."""

    hours: int
    wall: float
    cpu: float
    megabytes: int


def on_workers(hours: Sequence[int]) -> list[OnWorkers]:
    """Return what so many hours cost on two Dask workers, one after the other in the same cluster."""
    from dask.distributed import Client, LocalCluster

    clips, truths = drawn(4 * max(hours))
    found = [pauses(clip, truth) for clip, truth in zip(clips, truths)]
    costs = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, \
            Client(cluster) as client:
        client.run(ready)
        for count in hours:
            before, begun = sum(client.run(used).values()), time.monotonic()
            trade_off(clips[:4 * count], found[:4 * count], executor=client.get_executor())
            wall, cpu = time.monotonic() - begun, sum(client.run(used).values()) - before
            costs.append(OnWorkers(count, wall, cpu, max(client.run(peak).values())))
    return costs


def ready() -> None:
    """Import what a worker needs, so that it is not counted."""
    import qwen_asr_widgets

    qwen_asr_widgets.trade_off


def used() -> float:
    """Return the processor seconds of a worker so far."""
    return time.process_time()


def peak() -> int:
    """Return the most memory that a worker has held so far, in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024


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
    costs = on_workers(HOURS)
    for cost in costs:
        print(f"{cost.hours} h on two workers: {cost.wall:.1f} s, {cost.cpu:.1f} s of CPU, "
              f"{10 * cost.cpu / cost.hours:.2f} s for ten hours, {cost.megabytes} MB at most")
    slopes = [cost.cpu / cost.hours for cost in costs]
    memory = [cost.megabytes for cost in costs]
    assert max(slopes) <= STEEPER * min(slopes), "the work does not grow as the hours do"
    assert memory[-1] <= LARGER * memory[0], "the workers' memory grows with the hours"


if __name__ == "__main__":
    main()
