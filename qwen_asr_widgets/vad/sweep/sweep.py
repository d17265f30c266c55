"""Trying many settings on many clips: what each would have done, on this machine or on a cluster.

Audio is scored once. After that only scores travel: 31 numbers a second instead of 16,000.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from numbers import Real
from typing import Any, Union

import numpy as np

from ...audio.clip import as_clip
from ...audio.condition import Condition
from ...audio.reference import ReferenceTurn
from ...audio.units import SAMPLE_RATE
from ...arguments import checked_keywords, is_number, renamed_keywords
from ...errors import LabelError, SettingError, WorkerLost
from ..evaluation.matching import crop, outside_collars, support, to_samples
from ..evaluation.metrics import collar_samples, scored_regions
from ..labels.labels import Labels
from ..labels.references import is_turn, read_reference
from ..scoring.frames import HOP_SECONDS, SpeechScores
from ..detectors.registry import Detector, find_detector
from .spread import in_batches, spread
from .heard import Spans, checked_conditions, checked_detector, score_all
from .batch import Grid, SweepClip, Sums, measure_batch
from .result import ClipInfo, SweepResult
from ..turns import TurnDetection

SweepProgress = Union[bool, Callable[[int, int], None]]
Truth = Union[Labels, "tuple[ReferenceTurn, ...]"]
Heard = tuple[int, int]
"""A clip under a condition: their numbers."""

THRESHOLDS = tuple(round(-1 + 0.05 * step, 2) for step in range(41))
"""The thresholds tried by default: the whole scale."""
SILENCES = (
    200, 240, 280, 320, 360, 400, 450, 500, 550, 600, 650, 700, 750, 800, 900, 1000, 1100, 1200, 1350, 1500,
    1700, 2000, 2300, 2600, 3000, 3500, 4000, 4500, 5200, 6000,
)
"""The silences tried by default, in ms: finer where they are short."""


MIN_BLOCK_SECONDS = 10.0


@renamed_keywords(silences="silences_ms", paddings="paddings_ms", references="reference")
@checked_keywords
def sweep(
    clips: Any,
    thresholds: float | Iterable[float] = THRESHOLDS,
    silences_ms: float | Iterable[float] = SILENCES,
    paddings_ms: float | Iterable[float] = (300,),
    reference: Any = None,
    executor: Executor | None = None,
    progress: SweepProgress = False,
    *,
    groups: Sequence[Mapping[str, str]] | None = None,
    overhead: float = 0.0,
    batch_seconds: float = 3_600.0,
    block_seconds: float | None = None,
    detector: Detector | None = None,
    conditions: Any = None,
    collar: float = 0.0,
) -> SweepResult:
    """Measure the turns of one or more clips at every combination of settings.

    Parameters
    ----------
    clips : SpeechScores, AudioClip, Sample, Recording, sound file, or a list or iterator of them
        Audio is scored first.
    thresholds : number or iterable of numbers
        The thresholds to try, in [-1, 1]; by default 41 over the whole scale.
    silences_ms, paddings_ms : number or iterable of numbers
        The silences to try, in [200, 6000] ms; by default 30. The paddings, in [0, 6000] ms; by default 300.
    reference : Labels, Sample, path of a label file, list of turns, or a sequence of those, optional
        What is true of each clip, None for a clip without. Without any there are only counts and lengths.
    executor : concurrent.futures.Executor, optional
        Where to work: a process pool, or Dask's ``Client.get_executor()``.
    progress : bool or callable
        True shows a bar; a callable receives the steps done and their total.
    groups : sequence of mapping, optional
        For each clip ``{"call": …, "channel": …, "speaker": …}``, each optional. A call is what is drawn
        together in intervals and held out together; by default every clip is one.
    overhead : float
        Seconds that detector and service add to the silence (see ``endpoint_overhead``).
    batch_seconds : float
        About how much audio one task of an executor holds.
    block_seconds : float, optional
        Counts every so many seconds of a clip as a call of its own, so that one long recording has intervals
        and held-out parts too. Turns are found in the whole clip and counted where they begin. At least 10:
        what is said in one block should tell little of the next.
    detector : str or SpeechDetector, optional
        What scores audio, see ``speech_scores``; by default Silero.
    conditions : sequence of Condition, optional
        Every clip is heard under each of them: noise, level, telephone line. The distance of the noise is
        that from the speech in the reference turns, without a reference from the whole clip. A clip stays one
        call under all of them.
    collar : float
        Seconds in [0, 5] before and after every true start and end whose time is not judged, as ``measure``
        has it: errors and waits are counted without it.

    Returns
    -------
    SweepResult

    Notes
    -----
    Policies of end-of-turn models (threshold, action delay, time-out) are swept by ``trade_off``, which
    judges them at pauses: what such a model says depends on the sound at a pause, not on speech scores.

    Raises
    ------
    SettingError
        A grid is empty or a value out of its range.
    LabelError
        A reference cannot be read or does not fit its clip.
    AudioError
        One of the clips is no sound, or silent where noise is to be added.
    WorkerLost
        A worker died; ``.result`` holds the clips that were finished.

    Examples
    --------
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 14 + [0.5] * 40 + [-1] * 40)
    >>> from qwen_asr_widgets import ReferenceTurn
    >>> result = sweep(scores, [-0.5, 0.0], [400, 800], reference=[ReferenceTurn(0.64, 3.6)])
    >>> result.total("cut").tolist()
    [[0, 0], [1, 0]]
    """
    grid = make_grid(thresholds, silences_ms, paddings_ms)
    block_seconds = _checked_block(block_seconds)
    margin = collar_samples(collar)
    sounds = _as_list(clips)
    truths = _references_of(reference, len(sounds))
    heard_under = checked_conditions(conditions)
    by = checked_detector(detector, sounds, heard_under)
    labels = _labels_of(sounds, truths, groups)
    scores, lost = score_all(sounds, [_spans(truth) for truth in truths], heard_under, by, executor)
    known = [(k, c) for k in sorted(scores) for c in range(len(heard_under))]
    prepared = {
        (k, c): _prepare(scores[k][c], truths[k], k + 1, block_seconds, margin) for k, c in known
    }
    batches = in_batches(prepared, lambda each: len(prepared[each].values) * HOP_SECONDS, batch_seconds)
    with _Report(progress, len(sounds) * len(heard_under) * len(grid.thresholds)) as report:
        done, broken = _measure(prepared, batches, grid, None if lost else executor, report)
    finished = [each for number in sorted(done) for each in batches[number]]
    infos = [info for k, c in finished
             for info in _infos(labels[k], truths[k] is not None, prepared[k, c], heard_under[c])]
    named = next((row[0].detector for row in scores.values()), find_detector(by).name)
    result = _result(grid, infos, [done[number] for number in sorted(done)], overhead, named)
    result = replace(result, collar=margin / SAMPLE_RATE)
    lost = lost or broken
    if lost is not None:
        raise WorkerLost(
            f"A worker of the executor was lost ({type(lost).__name__}: {lost}) with "
            f"{len(finished) // len(heard_under)} of {len(sounds)} clips measured; those are in .result, "
            "sweep the others again.", result,
        ) from lost
    return result


def make_grid(
    thresholds: float | Iterable[float],
    silences_ms: float | Iterable[float],
    paddings_ms: float | Iterable[float],
) -> Grid:
    """Return a grid of settings in rising order, each once, or raise ``SettingError``."""
    axes = (
        ("thresholds", "threshold", thresholds),
        ("silences_ms", "silence_duration_ms", silences_ms),
        ("paddings_ms", "prefix_padding_ms", paddings_ms),
    )
    rows = [_axis(name, field, values) for name, field, values in axes]
    return Grid(*map(tuple, rows))


def _axis(name: str, field: str, values: Any) -> list[Any]:
    """Return the values of one setting to try, checked, in rising order and each once."""
    if isinstance(values, (str, bytes)) or not isinstance(values, (Real, Iterable)):
        raise SettingError(f"{name} is {values!r:.40}; give a number or a list of numbers to try.", name)
    given: list[Any] = [values] if isinstance(values, Real) else list(values)
    if not given:
        raise SettingError(f"{name} is empty; give at least one value to try.", name)
    return sorted({getattr(replace(TurnDetection(), **{field: value}), field) for value in given})


def _result(
    grid: Grid, infos: Sequence[ClipInfo], parts: Sequence[Sums], overhead: float, detector: str
) -> SweepResult:
    """Put the sums of several batches together."""
    parts = parts or [measure_batch([], grid)]
    sums = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return SweepResult(
        grid.thresholds, grid.silences, grid.paddings, tuple(infos), sums, overhead, detector
    )


def _as_list(clips: Any) -> list[Any]:
    """Return scores and clips as a list; a sample or a recording stands for its clip."""
    items = list(clips) if isinstance(clips, (list, tuple, Iterator)) else [clips]
    if not items:
        raise SettingError("There are no clips to sweep; give at least one.", "clips")
    return [item if isinstance(item, SpeechScores) else as_clip(item, "sweep") for item in items]


def _references_of(reference: Any, count: int) -> list[Truth | None]:
    """Return one reference (or None) for each of ``count`` clips."""
    if reference is None:
        return [None] * count
    if isinstance(reference, Iterator):
        reference = list(reference)
    if is_turn(reference):
        read_reference(reference)  # says that one turn is no list of them
    several = isinstance(reference, (list, tuple)) and not all(map(is_turn, reference))
    listed = reference if several else [reference]
    if len(listed) != count:
        raise LabelError(
            f"There are {count} clips but references for {len(listed)}; give one for each clip, "
            "None where there is none."
        )
    names = [f"reference[{number}]" if several else "reference" for number in range(count)]
    return [None if one is None else read_reference(one, name) for one, name in zip(listed, names)]


def _checked_block(seconds: Any) -> float:
    """Return the length of blocks in seconds, infinite where clips are not divided."""
    if seconds is None:
        return math.inf
    if not is_number(seconds, Real) or not float(seconds) >= MIN_BLOCK_SECONDS:
        raise SettingError(
            f"block_seconds is {seconds!r}; give {MIN_BLOCK_SECONDS:g} seconds or more, or None.",
            "block_seconds",
        )
    return float(seconds)


def _prepare(
    scores: SpeechScores, reference: Truth | None, number: int, block_seconds: float, collar: int
) -> SweepClip:
    """Return what a worker needs of one clip."""
    try:
        if isinstance(reference, Labels):
            reference = reference.check_clip(scores.duration)
        times = [(turn.start, turn.end) for turn in reference or ()]
        given = to_samples(times)
        truth = support(given)[0]
        regions = scored_regions(reference, None, scores.duration)
    except LabelError as error:
        raise LabelError(f"Clip {number}: {error}") from None
    if len(truth) and truth[-1, 1] > to_samples([[0.0, scores.duration + 0.05]])[0, 1]:
        raise LabelError(
            f"Clip {number}: a reference turn ends at {max(end for _, end in times):.3f} s, but the clip is "
            f"{scores.duration:.3f} s long: these may be labels of another clip."
        )
    count = max(1, math.ceil(scores.duration / block_seconds))
    starts = to_samples([(k * block_seconds, 0.0) for k in range(1, count)])[:, 0]
    timed = outside_collars(regions, given, collar)
    return SweepClip(scores.values, regions, truth, np.append(np.int64(0), starts), timed)


def _labels_of(
    sounds: Sequence[Any], truths: Sequence[Truth | None], groups: Sequence[Mapping[str, str]] | None
) -> list[dict[str, str]]:
    """Return name, call, channel and speaker of each clip."""
    if groups is not None and len(groups) != len(sounds):
        raise SettingError(
            f"There are {len(sounds)} clips but {len(groups)} groups; give one each.", "groups"
        )
    rows = []
    for number, (sound, truth) in enumerate(zip(sounds, truths), start=1):
        origin = getattr(sound, "origin", None)
        name = getattr(origin, "name", "") or f"clip {number}"
        channel = getattr(origin, "channel", None)
        row = {"call": f"{number}: {name}", "channel": "" if channel is None else str(channel),
               "speaker": _speaker(truth)}
        given = dict(groups[number - 1]) if groups is not None else {}
        unknown = set(given) - set(row)
        if unknown:
            raise SettingError(
                f"Unknown group {unknown.pop()!r}; known are call, channel, speaker.", "groups"
            )
        rows.append({"name": name, **row, **{key: str(value) for key, value in given.items()}})
    return rows


def _infos(
    labels: Mapping[str, str], has_reference: bool, clip: SweepClip, condition: Condition | None
) -> list[ClipInfo]:
    """Describe the blocks of a clip, of which it mostly is one: their groups and what was true in them."""
    pieces = crop(clip.truth, clip.regions).pieces
    block = np.searchsorted(clip.blocks, pieces[:, 0], side="right") - 1
    judged = crop(pieces, clip.regions if clip.timed is None else clip.timed)
    lengths, said_in = judged.pieces[:, 1] - judged.pieces[:, 0], block[judged.owner]
    edges = np.append(clip.blocks, np.iinfo(np.int64).max)
    infos = []
    for number, (start, stop) in enumerate(zip(edges.tolist(), edges[1:].tolist())):
        scored = crop(clip.regions, np.array([[start, stop]])).pieces
        named = dict(labels)
        if len(clip.blocks) > 1:
            named |= {key: f"{labels[key]} from {start / SAMPLE_RATE:g} s" for key in ("name", "call")}
        infos.append(ClipInfo(
            **named, condition="" if condition is None else str(condition), has_reference=has_reference,
            reference_turns=int((block == number).sum()),
            scored_samples=int((scored[:, 1] - scored[:, 0]).sum()),
            reference_samples=int(lengths[said_in == number].sum()),
        ))
    return infos


def _spans(truth: Truth | None) -> Spans:
    """Return when somebody speaks, as far as it is known."""
    return [(turn.start, turn.end) for turn in truth or ()]


def _speaker(truth: Truth | None) -> str:
    """Return the one speaker of a reference, or nothing."""
    turns: Any = getattr(truth, "turns", truth) or ()
    names = {getattr(turn, "speaker", "") for turn in turns}
    return names.pop() if len(names) == 1 else ""


def _measure(
    clips: Mapping[Heard, SweepClip],
    batches: Sequence[list[Heard]],
    grid: Grid,
    executor: Executor | None,
    report: _Report,
) -> tuple[dict[int, Sums], BaseException | None]:
    """Measure batch by batch; return the sums by batch and what lost a worker, if anything did."""
    if executor is None:
        done = {}
        for number, batch in enumerate(batches):
            done[number] = measure_batch([clips[k] for k in batch], grid, lambda: report.add(len(batch)))
        return done, None
    tasks = [([clips[k] for k in batch], grid) for batch in batches]
    return spread(
        executor, measure_batch, tasks, lambda k: report.add(len(batches[k]) * len(grid.thresholds))
    )


class _Report:
    """Progress as a bar, a callback or nothing."""

    def __init__(self, progress: SweepProgress, total: int) -> None:
        self._call = progress if callable(progress) else None
        self._total = total
        self._done = 0
        self._bar: Any = None
        if progress is True:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, desc="sweep", unit="step")

    def __enter__(self) -> _Report:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, steps: int) -> None:
        """Count steps as done."""
        self._done += steps
        if self._call is not None:
            self._call(self._done, self._total)
        if self._bar is not None:
            self._bar.update(steps)
