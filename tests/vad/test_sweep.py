"""A sweep says of every setting what ``detect_turns`` and ``measure`` say of it, wherever it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import AudioError, LabelError, SettingError, WorkerLost
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.evaluation.metrics import COUNTS, measure, total
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.sweep.result import SweepResult
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from support import drawn

THRESHOLDS = (-0.6, -0.1, 0.0, 0.35, 0.9)
SILENCES = (200, 210, 400, 800, 6000)
PADDINGS = (0, 300, 1000)


def _clips(count: int = 4, frames: int = 3_000) -> tuple[list[SpeechScores], list[list[ReferenceTurn]]]:
    """Return clips of scores and, as their truth, turns found in slightly other scores."""
    clips = [drawn.wandering_scores(frames, seed) for seed in range(count)]
    random = np.random.default_rng(7)
    truths = []
    for clip in clips:
        found = detect_turns(clip, TurnDetection(0.1, 900, 0))
        shifts = random.uniform(-0.05, 0.05, (len(found), 2))
        truths.append([
            ReferenceTurn(max(t.onset + a, 0), t.end + b) for t, (a, b) in zip(found, shifts.tolist())
        ])
    return clips, truths


def _same(one: SweepResult, other: SweepResult) -> bool:
    return one.clips == other.clips and all(np.array_equal(one.sums[k], other.sums[k]) for k in one.sums)


@pytest.mark.parametrize("collar", [0.0, 0.25])
def test_every_cell_equals_detect_turns_and_measure(collar: float) -> None:
    clips, truths = _clips()
    labels: list[Any] = [Labels(truths[0], [(3.0, 30.0), (41.5, 80.0)]), Labels(truths[1]), *truths[2:]]
    labels[1] = labels[1].within(clips[1].duration)
    labels[2] = [t for t in labels[2] if t.end <= clips[2].duration]
    labels[3] = [t for t in labels[3] if t.end <= clips[3].duration]
    found = sweep(clips, THRESHOLDS, SILENCES, PADDINGS, labels, overhead=0.05, collar=collar)
    assert ("collar 0.25 s" in repr(found)) == bool(collar)
    frame = found.to_frame()
    assert len(frame) == 4 * 5 * 5 * 3
    for row in frame.to_dict("records"):
        number = int(row["clip"].split()[1]) - 1
        settings = TurnDetection(row["threshold"], row["silence_ms"], row["padding_ms"])
        turns = detect_turns(clips[number], settings)
        truth = labels[number]
        expected = measure(
            turns, truth, duration=clips[number].duration, settings=settings, overhead=0.05,
            collar=collar,
        )
        for name in ("turns", "cuts", "merges", "cut_off", "clipped_starts", "late_starts", *COUNTS):
            assert row[name] == getattr(expected, name), (name, settings, number)
        assert row["errors_per_minute"] == pytest.approx(expected.per_minute("errors"))
        for name in ("speech_share", "miss_seconds", "false_alarm_seconds", "detection_error_rate",
                     "recall", "f1", "cut_rate", "cut_off_rate"):
            assert row[name] == pytest.approx(getattr(expected, name), abs=1e-6), name
        assert _mean(expected.waits) == pytest.approx(row["wait"], abs=1e-6, nan_ok=True)
        for name in ("onset_error", "offset_error"):
            sizes = np.abs(getattr(expected, f"{name}s"))
            assert _mean(sizes) == pytest.approx(row[name], abs=1e-6, nan_ok=True)


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def test_all_clips_together_equal_their_total() -> None:
    clips, truths = _clips(3)
    truths = [[t for t in truth if t.end <= clip.duration] for clip, truth in zip(clips, truths)]
    settings = TurnDetection(0.35, 400, 300)
    result = sweep(clips, [0.35], [400], [300], truths)
    expected = total(
        measure(detect_turns(clip, settings), truth, duration=clip.duration, settings=settings)
        for clip, truth in zip(clips, truths)
    )
    row = result.to_frame(by=None).iloc[0]
    assert row["cut"] == expected.cut and row["wait"] == pytest.approx(_mean(expected.waits))
    assert row["f1"] == pytest.approx(expected.f1) and row["turns"] == expected.turns


def test_a_turn_longer_than_the_limit_is_swept_as_it_is_detected() -> None:
    scores = drawn.scores("S" * 2_500 + "." * 40 + "S" * 100)
    frame = sweep(scores, [0.0], [400], reference=[ReferenceTurn(0, 80.0)]).to_frame()
    assert frame["turns"][0] == len(detect_turns(scores, TurnDetection(0.0, 400))) == 3
    assert frame["cut"][0] == 1 and frame["invented"][0] == 1


def test_without_references_there_are_counts_and_no_judgement() -> None:
    frame = sweep(drawn.scores("..SSSS........"), [0.0], [200]).to_frame()
    assert frame["turns"][0] == 1 and frame["expected_delay"][0] == pytest.approx(0.224)
    assert frame[["cut", "wait", "errors_per_minute", "late_starts"]].isna().all(axis=None)
    with pytest.raises(SettingError, match="no reference for clip 1, so a best choice cannot be judged"):
        sweep(drawn.scores("..SSSS........"), [0.0], [200]).best()


def test_a_clip_without_speech_and_one_of_a_single_sample_can_be_swept() -> None:
    silence, nothing = drawn.scores("." * 100), SpeechScores([], duration=1 / 16_000)
    frame = sweep([silence, nothing], [0.0], [400], reference=[Labels([]), Labels([])]).to_frame()
    assert frame["turns"].tolist() == [0, 0] and frame["invented"].tolist() == [0, 0]


def test_groups_add_up_their_clips() -> None:
    clips, truths = _clips(4)
    truths = [[t for t in truth if t.end <= clip.duration] for clip, truth in zip(clips, truths)]
    groups = [{"call": "a", "channel": "0"}, {"call": "a", "channel": "1"}, {"call": "b", "channel": "0"},
              {"call": "b", "channel": "1", "speaker": "agent"}]
    result = sweep(clips, [0.0], [400], reference=truths, groups=groups)
    every, calls = result.to_frame(), result.to_frame(by="call")
    assert list(every.columns[:7]) == [
        "clip", "call", "channel", "speaker", "threshold", "silence_ms", "padding_ms"]
    assert calls["call"].tolist() == ["a", "b"]
    assert calls["turns"].tolist() == [every["turns"][:2].sum(), every["turns"][2:].sum()]
    assert result.to_frame(by="speaker")["speaker"].tolist() == ["", "agent"]
    with pytest.raises(SettingError, match="Unknown group 'room'"):
        sweep(clips[:1], [0.0], [400], groups=[{"room": "x"}])


@pytest.mark.parametrize(
    ("grids", "message"),
    [
        (((), (400,), (300,)), "thresholds is empty"),
        (((0.0,), (), (300,)), "silences_ms is empty"),
        (((0.0,), (400,), []), "paddings_ms is empty"),
        (((0.0, 1.5), (400,), (300,)), r"threshold is 1\.5; it must lie between -1 and 1"),
        (((0.0,), (100,), (300,)), "silence_duration_ms is 100 ms; it must lie between 200 and 6000 ms"),
        (((0.0,), (400,), (-1,)), "prefix_padding_ms is -1 ms"),
        ((("low",), (400,), (300,)), "threshold must be a number, not 'low'"),
    ],
)
def test_grids_that_cannot_be_are_refused(grids: tuple, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        sweep(drawn.scores("..SS.."), *grids)


def test_references_that_do_not_fit_are_refused() -> None:
    scores = drawn.scores("." * 100)
    with pytest.raises(LabelError, match="2 clips but references for 1"):
        sweep([scores, scores], [0.0], [400], reference=[Labels([])])
    with pytest.raises(LabelError, match=r"Clip 1: .* another clip"):
        sweep(scores, [0.0], [400], reference=[ReferenceTurn(1, 9)])
    with pytest.raises(LabelError, match=r"Clip 2: The turn at 1\.000 s ends at 9\.000 s"):
        sweep([scores, scores], [0.0], [400], reference=[None, Labels([ReferenceTurn(1, 9)])])
    with pytest.raises(SettingError, match="no clips"):
        sweep([])


def test_progress_counts_every_step_to_the_end() -> None:
    steps: list[tuple[int, int]] = []
    clips = [drawn.scores(".SS....")] * 3
    sweep(clips, [0.0, 0.1], [400], progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (6, 6) and [done for done, _ in steps] == sorted(done for done, _ in steps)


@pytest.fixture(scope="module")
def pool() -> Any:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


def test_a_process_pool_gives_the_same_result(pool: ProcessPoolExecutor) -> None:
    clips, truths = _clips()
    truths = [[t for t in truth if t.end <= clip.duration] for clip, truth in zip(clips, truths)]
    here = sweep(clips, THRESHOLDS, SILENCES, PADDINGS, truths)
    there = sweep(clips, THRESHOLDS, SILENCES, PADDINGS, truths, executor=pool, batch_seconds=100)
    assert _same(here, there)


def test_dask_gives_the_same_result() -> None:
    distributed = pytest.importorskip("distributed")
    clips, truths = _clips()
    truths = [[t for t in truth if t.end <= clip.duration] for clip, truth in zip(clips, truths)]
    here = sweep(clips, THRESHOLDS, SILENCES, reference=truths)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster, distributed.Client(cluster) as client:
        there = sweep(
            clips, THRESHOLDS, SILENCES, reference=truths, executor=client.get_executor(), batch_seconds=1
        )
    assert _same(here, there)


class _Observed(Executor):
    """Runs tasks at once and keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        self.sent.append(args)
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_audio_travels_once_and_scores_after_it() -> None:
    clips = [AudioClip(np.zeros(16_000 * 3, np.float32), 16_000), drawn.scores("..SSSS...")]
    executor = _Observed()
    sweep(clips, [0.0, 0.2], [400, 800], executor=executor, batch_seconds=1)
    audio = [args for args in executor.sent if any(isinstance(arg, AudioClip) for arg in args)]
    assert len(audio) == 1
    measured = [args[1] for args in executor.sent if args not in audio]
    assert sum(len(batch) for batch in measured) == 2
    sent = [clip for batch in measured for clip in batch]
    assert all(clip.values.dtype == np.float32 and len(clip.values) <= 93 for clip in sent)


class _Deadly(ProcessPoolExecutor):
    """A pool of which one task ends its worker."""

    def __init__(self, deadly: int) -> None:
        super().__init__(1, mp_context=get_context("spawn"))
        self._count = 0
        self._deadly = deadly

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        self._count += 1
        if self._count == self._deadly:
            return super().submit(os._exit, 1)
        return super().submit(fn, *args, **kwargs)


def test_a_dying_worker_is_said_and_finished_clips_are_kept() -> None:
    clips, _ = _clips(4, 1_000)
    with _Deadly(3) as executor, pytest.raises(WorkerLost) as caught:
        sweep(clips, [0.0], [400], executor=executor, batch_seconds=1)
    assert "2 of 4 clips measured; those are in .result" in str(caught.value)
    kept = caught.value.result
    assert [clip.name for clip in kept.clips] == ["clip 1", "clip 2"]
    assert np.array_equal(kept.sums["turns"], sweep(clips[:2], [0.0], [400]).sums["turns"])


def test_a_worker_that_dies_while_scoring_costs_only_its_own_clip() -> None:
    clips = [AudioClip(np.zeros(16_000, np.float32), 16_000), drawn.scores("..SSSS...")]
    with _Deadly(1) as executor, pytest.raises(WorkerLost, match="1 of 2 clips measured") as caught:
        sweep(clips, [0.0], [400], executor=executor)
    assert [clip.name for clip in caught.value.result.clips] == ["clip 2"]
    with _Deadly(1) as executor, pytest.raises(WorkerLost, match="0 of 1 clips measured") as caught:
        sweep(clips[:1], [0.0], [400], executor=executor)
    assert caught.value.result.to_frame().empty


def test_a_tasks_own_error_is_not_blamed_on_the_executor(pool: ProcessPoolExecutor) -> None:
    from qwen_asr_widgets.vad.sweep.spread import spread

    with pytest.raises(SettingError, match="threshold is 3"):
        spread(pool, TurnDetection, [(3,)])


def test_the_names_before_are_taken_with_a_warning() -> None:
    scores = drawn.scores("..SSSS" + 30 * ".")
    with pytest.warns(DeprecationWarning) as warned:
        old = sweep(scores, [0.0], silences=[400], paddings=[100], references=[(0.1, 0.2)])
    assert sorted(str(one.message).split(";")[0] for one in warned) == [
        "sweep(paddings=…) is now paddings_ms=…", "sweep(references=…) is now reference=…",
        "sweep(silences=…) is now silences_ms=…",
    ]
    assert {one.filename for one in warned} == {__file__}
    new = sweep(scores, [0.0], silences_ms=[400], paddings_ms=[100], reference=[(0.1, 0.2)])
    assert new.to_frame().equals(old.to_frame())
    with pytest.raises(TypeError, match="'silences' and 'silences_ms', which are one"), pytest.warns():
        sweep(scores, silences=[400], silences_ms=[400])


def test_a_misspelt_keyword_is_answered_with_the_right_one() -> None:
    with pytest.raises(TypeError, match=r"no argument 'tresholds'; did you mean 'thresholds'\?"):
        sweep(drawn.scores("..SS.."), tresholds=[0.0])


def test_one_value_and_numbers_of_numpy_are_axes() -> None:
    found = sweep(drawn.scores("..SS.."), np.arange(0, 1, 0.25, np.float32), np.int64(400), 300.0)
    assert (found.thresholds, found.silences, found.paddings) == ((0, 0.25, 0.5, 0.75), (400,), (300,))
    with pytest.raises(SettingError, match="silences_ms is '400'; give a number or a list"):
        sweep(drawn.scores("..SS.."), [0.0], "400")


def test_samples_files_and_clips_are_swept_alike(tmp_path: Path) -> None:
    noisy = qaw.sample("noisy")
    noisy.clip.save(tmp_path / "noisy.wav")
    found = sweep([noisy, noisy.clip, tmp_path / "noisy.wav", qaw.speech_scores(noisy)], [0.2], [400])
    assert len(set(found.sums["turns"].ravel().tolist())) == 1 and len(found.clips) == 4
    with pytest.raises(AudioError, match="sweep takes an AudioClip, .* not ndarray"):
        sweep(np.zeros(800))


def test_iterators_of_clips_and_references_are_swept_and_one_turn_is_no_reference() -> None:
    scores, turns = drawn.scores("..SSSS" + 30 * "."), [(0.1, 0.2)]
    listed = sweep([scores] * 2, [0.0], [400], reference=[turns] * 2)
    found = sweep((scores for _ in range(2)), [0.0], [400], reference=(turns for _ in range(2)))
    assert _same(listed, found)
    with pytest.raises(LabelError, match=r"^reference is one turn, \(0.1, 0.2\); give a list of turns"):
        sweep(scores, [0.0], [400], reference=(0.1, 0.2))
