"""How a batch of one-minute clips scales from one worker to two, with the script recogniser and the default.

The limit is what two workers can be at all: the CPU that one worker's processes took for the batch, spread
over both cores. ``of the limit`` is that time over the time that two workers took.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from qwen_asr_widgets import AudioClip, embedded, sample, transcribe_all

CLIPS = {"script": 200, "moonshine": 24}
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its living children and of those that were waited for."""
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in psutil.Process().children(recursive=True):
        try:
            spent = child.cpu_times()
        except psutil.Error:
            continue
        total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


def run(folder: Path, name: str, workers: int) -> tuple[float, float]:
    """Return the seconds and the CPU seconds that a batch takes."""
    endpoint = embedded(name)
    began, spent = time.monotonic(), cpu_seconds()
    batch = transcribe_all(folder, endpoint, jobs=workers, progress=False)
    assert not batch.failures, batch.failures
    seconds = time.monotonic() - began
    spent = cpu_seconds() - spent
    endpoint.stop()
    return seconds, spent


def main() -> None:
    talk = sample("conversation").clip
    minute = AudioClip(np.resize(talk.samples, 60 * talk.sample_rate), talk.sample_rate)
    print(f"{'':12}{'clips':>6}{'1 worker':>10}{'2 workers':>11}{'speed-up':>10}{'of the limit':>14}")
    for name, count in CLIPS.items():
        with tempfile.TemporaryDirectory() as place:
            for number in range(count):
                minute.save(Path(place, f"{number:03}.wav"))
            alone, spent = run(Path(place), name, 1)
            together, _ = run(Path(place), name, 2)
        limit = max(spent / min(2, CORES), alone / 2)
        print(f"{name:12}{count:>6}{alone:>8.1f} s{together:>9.1f} s{alone / together:>10.2f}"
              f"{limit / together:>14.2f}")


if __name__ == "__main__":
    main()
