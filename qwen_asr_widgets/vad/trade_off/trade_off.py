"""Sweeping what decides that a speaker is done: the turn detector, silence alone, models of turn ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import AudioClip, as_clip
from ...audio.condition import Condition
from ...arguments import checked_keywords
from ...errors import LabelError, SettingError, WorkerLost
from ..labels.references import is_turn
from ..detectors.base import SpeechDetector
from ..detectors.registry import DETECTORS, Detector, find_detector
from ..end_of_turn.base import registered
from ..end_of_turn.end_of_turn import EndOfTurn
from ..pauses import NEUTRAL_THRESHOLD, Pause, Pauses, pauses
from ..scoring.frames import HOP_SECONDS, SILERO, SpeechScores
from ..sweep.heard import (
    UNCHANGED, Conditions, checked_conditions, checked_detector, heard_under, score_all,
)
from ..sweep.spread import in_batches, spread
from ..sweep.sweep import SILENCES, THRESHOLDS, make_grid
from .counting import (
    NAMES, JudgedPauses, Sums, count_timers, count_vad, holds_and_ends, judged_pauses,
)
from .curves import Curve, JudgedClip
from .policy import (
    ACTION_DELAYS, PROBABILITIES, TIME_OUTS, PolicyGrid, model_grid, silence_grid, vad_grid,
)
from .resampling import Resampler
from .result import TradeOff
from .ttfs import measured_ttfs

HOLD_RANGE = (0.2, 5.0)
"""Seconds: holds outside are not judged (eot-bench)."""

BATCH_SECONDS = 3_600.0
"""About how much audio one task of an executor holds."""


_NOTHING = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Clip:
    """What a worker needs of one clip: speech scores, pauses, and what a model said at holds and ends."""

    values: NDArray[np.float32]
    judged: JudgedPauses
    heard: tuple[NDArray[np.float32], NDArray[np.float32]] = (_NOTHING, _NOTHING)


@dataclass(frozen=True, eq=False)
class _Vad:
    """The turn detector at every threshold and silence; on the scores given unless a detector is named."""

    thresholds: tuple[float, ...]
    silences: tuple[int, ...]
    name: str = "vad"
    scored_by: Detector | None = None

    @property
    def grid(self) -> PolicyGrid:
        return vad_grid(self.thresholds, self.silences)

    def count(self, clips: Sequence[_Clip]) -> Sums:
        """Count over some clips; runs on a worker."""
        return count_vad(
            [clip.judged for clip in clips], [clip.values for clip in clips], self.thresholds, self.silences
        )


@dataclass(frozen=True, eq=False)
class _Silence:
    """Silence alone: an answer after a fixed time of it."""

    name: str = "silence"

    @property
    def grid(self) -> PolicyGrid:
        return silence_grid()

    def count(self, clips: Sequence[_Clip]) -> Sums:
        """Count over some clips; runs on a worker."""
        return count_timers([clip.judged for clip in clips], self.grid, np.empty(0))


@dataclass(frozen=True, eq=False)
class _Model:
    """A model of turn ends: asked once at each pause, then only its probabilities are needed."""

    model: EndOfTurn
    grid: PolicyGrid

    @property
    def name(self) -> str:
        return self.model.name

    def count(self, clips: Sequence[_Clip]) -> Sums:
        """Count over some clips, whose ``heard`` are this model's; runs on a worker."""
        instants = np.array(self.model.instants)
        return count_timers([clip.judged for clip in clips], self.grid, instants, [c.heard for c in clips])


@checked_keywords
def trade_off(
    clips: Any,
    references: Any,
    detector: Any = "vad",
    executor: Executor | None = None,
    *,
    thresholds: float | Iterable[float] = THRESHOLDS,
    silences_ms: float | Iterable[float] = SILENCES,
    probabilities: float | Iterable[float] = PROBABILITIES,
    action_delays: float | Iterable[float] = ACTION_DELAYS,
    time_outs: float | Iterable[float] = TIME_OUTS,
    hold_range: tuple[float, float] = HOLD_RANGE,
    pause_threshold: float = NEUTRAL_THRESHOLD,
    seed: int = 0,
    conditions: Any = None,
) -> TradeOff:
    """Sweep what decides that a speaker is done, and set false cut-offs against latency.

    Parameters
    ----------
    clips : SpeechScores, AudioClip, Sample, Recording, sound file, or a list of them
        One voice each: the speech scores of a mixture do not tell whose pause it is. Of recordings that were
        made in real time, the waits that were measured stand beside the latency (``TradeOff.ttfs``).
    references : Labels, Sample, path of a label file, list of turns, ``Pauses``, or a list of those
        What is true of each clip. Holds are read off the speech scores at ``pause_threshold``, but where
        ``Pauses`` are given.
    detector : str, SpeechDetector, EndOfTurn, or sequence of those
        ``"vad"``: the turn detector, at every threshold and silence. The name of a detector as
        ``speech_scores`` takes it, such as ``"webrtc"``, or a ``SpeechDetector``: the same on its scores.
        ``"silence"``: silence alone, 0.2 to 3.5 s in steps of 10 ms, the baseline of eot-bench. An
        ``EndOfTurn``, or the name of a model that it takes such as ``"smart-turn"``: every combination of
        probability, action delay and time-out.
    executor : concurrent.futures.Executor, optional
        Where to work: a process pool, or Dask's ``Client.get_executor()``.
    thresholds, silences_ms : number or iterable of numbers
        What ``"vad"`` tries: scores in [-1, 1] and milliseconds in [200, 6000]; by default 41 and 30 of them,
        1,230 policies.
    probabilities, action_delays, time_outs : number or iterable of numbers
        What models try: thresholds in [0, 1] and seconds; by default those of eot-bench, 5,454 policies.
        An action delay may be no shorter than the first instant at which the model is asked.
    hold_range : (float, float)
        Seconds; shorter and longer holds are not judged.
    pause_threshold : float
        The score in [-1, 1] at which holds are read off.
    seed : int
        Of the resamples and the parts held out.
    conditions : sequence of Condition, optional
        Every detector hears the clips under each of them; holds are those of the clips as they are.

    Returns
    -------
    TradeOff

    Raises
    ------
    SettingError
        A grid is empty, a value is out of its range, there is no such detector, or clips are needed where
        speech scores were given.
    LabelError
        A reference cannot be read, or there is no hold or no end to judge.
    AudioError
        One of the clips is no sound.
    WorkerLost
        A worker of the executor died.

    Examples
    --------
    >>> from qwen_asr_widgets import sample, trade_off
    >>> prompts = sample("prompts")
    >>> found = trade_off(prompts, prompts, ["vad", "silence"], hold_range=(0.1, 5.0))
    >>> found
    <TradeOff of vad (1,230 policies), silence (331 policies): 3 holds and 7 ends of 1 clip>
    >>> print(found.at_budget(0.3, detector="silence")[0])
    silence, silence 0.2 s: 0.0 % of 3 holds cut off, latency 0.200 s over 7 ends
    """
    sounds, truths = _paired(clips, references)
    grid = make_grid(thresholds, silences_ms, 300)
    vad = _Vad(grid.thresholds, grid.silences)
    policies = model_grid(probabilities, action_delays, time_outs)
    detectors = [_detector(each, vad, policies) for each in _listed(detector)]
    _check_sounds(sounds, detectors)
    heard_under = checked_conditions(conditions)
    checked_detector(None, sounds, heard_under)
    scores = [row for row, in _scored(sounds, [()] * len(sounds), UNCHANGED, SILERO, executor)]
    found = [
        truth if isinstance(truth, Pauses) else pauses(row, truth, threshold=pause_threshold)
        for row, truth in zip(scores, truths)
    ]
    prepared = [_Clip(row.values, judged_pauses(each, *hold_range)) for row, each in zip(scores, found)]
    _check(prepared, hold_range)
    infos = _infos(sounds, found, prepared)
    ttfs = measured_ttfs(_sounds(clips), found)
    curves = []
    for each in detectors:
        heard = _heard(each, sounds, found, prepared, hold_range, heard_under, executor)
        for condition, clips in heard.items():
            name = f"{each.name}, {condition}" if condition else each.name
            curves.append(Curve(name, each.grid, infos, _counted(each, clips, executor), condition))
    sources = dict.fromkeys(each.source for each in found)
    return TradeOff(tuple(curves), infos, _resampler(infos, seed), ", ".join(sources), ttfs)


def _paired(clips: Any, references: Any) -> tuple[list[Any], list[Any]]:
    """Return clips and references as lists of one length."""
    sounds = _sounds(clips)
    are_many = isinstance(references, (list, tuple)) and not all(map(is_turn, references))
    truths = list(references) if are_many else [references]
    if not sounds:
        raise SettingError("There are no clips to judge; give at least one.", "clips")
    if len(truths) != len(sounds):
        given = "There is 1 clip" if len(sounds) == 1 else f"There are {len(sounds)} clips"
        raise LabelError(f"{given} but references for {len(truths)}; give one each.")
    heard = [sound if isinstance(sound, SpeechScores) else as_clip(sound, "trade_off") for sound in sounds]
    return heard, truths


def _sounds(clips: Any) -> list[Any]:
    return list(clips) if isinstance(clips, (list, tuple)) else [clips]


def _listed(detector: Any) -> list[Any]:
    listed = list(detector) if isinstance(detector, (list, tuple)) else [detector]
    if not listed:
        raise SettingError("There is no detector to judge; give at least one, such as 'vad'.", "detector")
    return listed


def _detector(given: Any, vad: _Vad, policies: PolicyGrid) -> _Vad | _Silence | _Model:
    """Return what counts for one detector."""
    if given == "vad":
        return vad
    if given == "silence":
        return _Silence()
    if isinstance(given, str) and given in DETECTORS or isinstance(given, SpeechDetector):
        return replace(vad, name=find_detector(given).name, scored_by=given)
    if isinstance(given, str) and given not in registered():
        raise SettingError(
            f"The detector is {given!r:.60}; give 'vad', 'silence', a detector ({', '.join(DETECTORS)}), an "
            f"EndOfTurn or one of its models ({', '.join(sorted(registered()))}).", "detector",
        )
    if not isinstance(given, (str, EndOfTurn)):
        raise SettingError(f"The detector is {given!r:.60}; give a name or an EndOfTurn.", "detector")
    model = EndOfTurn(given) if isinstance(given, str) else given
    if policies.action_delay.min() < model.instants[0] - 1e-9:
        raise SettingError(
            f"An action delay is {policies.action_delay.min():g} s, but {model.name} is first asked after "
            f"{model.instants[0]:g} s of silence; give longer delays.", "action_delays",
        )
    return _Model(model, policies)


def _check_sounds(sounds: Sequence[Any], detectors: Sequence[_Vad | _Silence | _Model]) -> None:
    """Raise ``SettingError`` where what hears is given scores instead of sound."""
    hearing = [
        each.name for each in detectors
        if isinstance(each, _Model) or isinstance(each, _Vad) and each.scored_by is not None
    ]
    if hearing and any(isinstance(sound, SpeechScores) for sound in sounds):
        raise SettingError(f"{hearing[0]} is asked about sound, not speech scores; give clips.", "clips")


def _heard(
    detector: _Vad | _Silence | _Model, sounds: Sequence[Any], found: Sequence[Pauses],
    clips: Sequence[_Clip], hold_range: tuple[float, float], conditions: Conditions,
    executor: Executor | None,
) -> dict[str, Sequence[_Clip]]:
    """Return the clips with what a detector makes of their sound, by the name of each condition."""
    names = ["" if condition is None else str(condition) for condition in conditions]
    if isinstance(detector, _Model):
        asked = [_asked(detector, sounds, found, clips, hold_range, one, executor) for one in conditions]
        return dict(zip(names, asked))
    if isinstance(detector, _Silence) or conditions == UNCHANGED and detector.scored_by is None:
        return {"": clips}
    rows = _scored(sounds, _speech(found), conditions, detector.scored_by or SILERO, executor)
    return {name: [replace(clip, values=row[k].values) for clip, row in zip(clips, rows)]
            for k, name in enumerate(names)}


def _speech(found: Sequence[Pauses]) -> list[list[tuple[float, float]]]:
    """Return when somebody speaks in each clip."""
    return [[(turn.start, turn.end) for turn in each.turns] for each in found]


def _asked(
    detector: _Model, sounds: Sequence[Any], found: Sequence[Pauses], clips: Sequence[_Clip],
    hold_range: tuple[float, float], condition: Condition | None, executor: Executor | None,
) -> Sequence[_Clip]:
    """Return the clips with what a model says at their pauses."""
    tasks = [(sound, each, *holds_and_ends(each, *hold_range)) for sound, each in zip(sounds, found)]
    ask = partial(_ask, detector.model, condition)
    said = [ask(*task) for task in tasks] if executor is None else _spread(executor, ask, tasks)
    return [replace(clip, heard=heard) for clip, heard in zip(clips, said)]


def _ask(
    model: EndOfTurn, condition: Condition | None, sound: AudioClip, found: Pauses, holds: list[Pause],
    ends: list[Pause],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Ask a model at the holds and ends of a clip; runs on a worker."""
    heard = heard_under(sound, _speech([found])[0], condition)
    said = model.probabilities(heard, found, [*holds, *ends])
    return said[:len(holds)], said[len(holds):]


def _scored(
    sounds: Sequence[Any], speech: Sequence[Sequence[tuple[float, float]]], conditions: Conditions,
    detector: Detector, executor: Executor | None,
) -> list[list[SpeechScores]]:
    """Return the scores of every clip under each condition."""
    done, lost = score_all(sounds, speech, conditions, detector, executor)
    return _all_done(done, lost, len(sounds))


def _counted(detector: Any, clips: Sequence[_Clip], executor: Executor | None) -> Sums:
    """Return the counts of one detector over all clips."""
    batches = in_batches(clips, lambda clip: len(clip.values) * HOP_SECONDS, BATCH_SECONDS)
    if executor is None:
        parts = [detector.count(batch) for batch in batches]
    else:
        parts = _spread(executor, detector.count, [(batch,) for batch in batches])
    return {name: np.concatenate([part[name] for part in parts]) for name in NAMES}


def _spread(executor: Executor, function: Any, tasks: list[tuple[Any, ...]]) -> list[Any]:
    done, lost = spread(executor, function, tasks)
    return _all_done(done, lost, len(tasks))


def _all_done(done: dict[int, Any], lost: BaseException | None, count: int) -> list[Any]:
    """Return the results of all tasks in order, or raise ``WorkerLost``."""
    if lost is not None:
        raise WorkerLost(
            f"A worker of the executor was lost ({type(lost).__name__}: {lost}) with {len(done)} of "
            f"{count} tasks done; run it again."
        ) from lost
    return [done[number] for number in range(count)]


def _check(clips: Sequence[_Clip], hold_range: tuple[float, float]) -> None:
    """Raise ``LabelError`` where one side of the trade-off has nothing to be judged by."""
    if not sum(len(clip.judged.ends) for clip in clips):
        raise LabelError("No turn is followed by a pause of 100 ms or more, so no latency can be judged.")
    if not sum(len(clip.judged.holds) for clip in clips):
        raise LabelError(
            f"No turn holds a pause of {hold_range[0]:g} to {hold_range[1]:g} s, so no false cut-off can be "
            "judged; give turns in which people hesitate, or another hold_range."
        )


def _infos(sounds: Sequence[Any], found: Sequence[Pauses], clips: Sequence[_Clip]) -> tuple[JudgedClip, ...]:
    """Describe every clip."""
    infos = []
    for number, (sound, each, clip) in enumerate(zip(sounds, found, clips), start=1):
        name = sound.origin.name if isinstance(sound, AudioClip) else ""
        speaker = each.speakers[0] if len(each.speakers) == 1 else ""
        judged = clip.judged
        infos.append(JudgedClip(
            name or f"clip {number}", speaker, len(judged.holds), len(judged.ends), judged.turns
        ))
    return tuple(infos)


def _resampler(infos: Sequence[JudgedClip], seed: int) -> Resampler:
    """Draw speakers where every clip has a named one and there are several, else clips."""
    speakers = [info.speaker for info in infos]
    if all(speakers) and len(set(speakers)) > 1:
        return Resampler(tuple(speakers), "speaker", seed)
    return Resampler(tuple(f"{number}: {info.name}" for number, info in enumerate(infos)), "clip", seed)
