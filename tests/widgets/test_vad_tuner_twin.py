"""The page finds turns and measures on its own while one drags: to the frame what the kernel finds."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from support.node import ROOT, find_node, node_command

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.labels.editor import LabelEditor
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.case import Case, Overhead
from qwen_asr_widgets.widgets.tuner.estimate import Estimator
from qwen_asr_widgets.widgets.tuner.messages import (
    figures, reference_bytes, reference_message, settings_state, turns_bytes,
)


def random_case(rng) -> Case:
    """A clip whose scores wander, with a reference that may be partial, overlapping or absent."""
    frames = int(rng.integers(0, 3_000))
    walk = np.cumsum(rng.normal(0, 0.25, frames))
    values = np.sin(walk).astype(np.float32)
    clip = AudioClip(np.zeros(frames * 512 + int(rng.integers(1, 512)), np.float32), 16_000)
    starts = np.sort(rng.uniform(0, max(clip.duration - 1, 0.01), int(rng.integers(0, 25))))
    turns = [
        ReferenceTurn(round(a, 3), round(min(a + rng.uniform(0.05, 3), clip.duration), 3), speaker=f"s{k}")
        for k, a in enumerate(starts.tolist())
    ]
    turns = [turn for turn in turns if turn.end - turn.start > 0.01]
    scored = None
    if rng.random() < 0.3 and clip.duration > 4:
        scored = [(0.5, clip.duration / 3), (clip.duration / 2, clip.duration - 0.25)]
    labels = Labels(turns, scored)
    overhead = Overhead(0.05, 0.2, 4) if rng.random() < 0.5 else Overhead()
    known = bool(rng.random() < 0.8)
    scores = SpeechScores(values, clip.duration)
    return Case("c", clip, LabelEditor(labels, clip.duration), known, overhead=overhead, scores=scores)


def random_settings(rng, values) -> TurnDetection:
    """Settings of which some have a threshold that stands exactly on a score."""
    threshold = round(float(rng.uniform(-1, 1)), 2)
    if rng.random() < 0.3 and len(values):
        threshold = float(np.clip(rng.choice(values), -1, 1))
    return TurnDetection(threshold, int(rng.integers(200, 3_000)), int(rng.integers(0, 1_500)))


def judged_by_the_page(cases) -> list:
    asked = []
    for case, settings in cases:
        content, _ = reference_message(case)
        asked.append({
            "values": case.scores.values.tolist(), "settings": settings_state(settings),
            "spans": np.frombuffer(reference_bytes(case), np.int32).reshape(-1, 2).tolist(),
            "regions": content["regions"], "length": content["length"],
            "known": content["known"], "extraWait": case.overhead.seconds,
        })
    done = subprocess.run(
        node_command("tests/support/tuner_twin.mjs"), cwd=ROOT, input=json.dumps(asked),
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cases():
    if not find_node():
        pytest.skip("needs node (it comes with the playwright package)")
    rng = np.random.default_rng(7)
    made = [random_case(rng) for _ in range(150)]
    pairs = [(case, random_settings(rng, case.scores.values)) for case in made]
    # A turn of more than a minute, closed by the limit and opened anew.
    long = SpeechScores(np.where(np.arange(6_000) % 97 < 90, 0.5, -0.5).astype(np.float32))
    clip = AudioClip(np.zeros(6_000 * 512, np.float32), 16_000)
    turns = Labels([ReferenceTurn(0.0, 190.0)])
    case = Case("long", clip, LabelEditor(turns, clip.duration), True, scores=long)
    pairs.append((case, TurnDetection(0.0, 400)))
    for name in ("noisy", "conversation", "call"):
        sample = qaw.sample(name)
        editor = LabelEditor(Labels(sample.turns), sample.clip.duration)
        case = Case(name, sample.clip, editor, True, scores=qaw.speech_scores(sample.clip))
        pairs += [(case, TurnDetection(t, s)) for t in (-0.9, 0.2, 0.9) for s in (200, 800)]
    return pairs


@pytest.fixture(scope="module")
def judged(cases):
    return judged_by_the_page(cases)


def test_the_page_finds_the_kernels_turns_to_the_frame(cases, judged):
    for (case, settings), page in zip(cases, judged):
        turns = case.judge(settings, Estimator()).turns
        assert page["turns"] == np.frombuffer(turns_bytes(turns), np.int32).tolist()


def test_the_page_measures_what_the_kernel_measures(cases, judged):
    for (case, settings), page in zip(cases, judged):
        found = case.judge(settings, Estimator())
        kernel = figures(found.measures, found.wait)
        for name, value in kernel.items():
            assert page["figures"].get(name) == pytest.approx(value, abs=3e-6), (name, settings)


def test_the_page_lists_the_kernels_errors(cases, judged):
    for (case, settings), page in zip(cases, judged):
        problems = case.judge(settings, Estimator()).measures.problems
        assert [(one["start"], one["end"], one["kind"]) for one in page["problems"]] == [
            (one.start, one.end, one.kind) for one in problems
        ]
