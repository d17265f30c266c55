"""Why a turn is wrong and what would heal it, in numbers and in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from .critical import (
    FRAME_MS, healing_silence, healing_threshold, is_healed, longest_pause, peak_pair, turn_frames,
)
from .metrics import measure
from .problems import Problem
from ..labels.references import Reference, read_reference
from ..scoring.scores import HOP_SECONDS, SpeechScores
from ..turns import TurnDetection, detect_turns

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Remedy:
    """A change of one setting that heals an error.

    Parameters
    ----------
    setting : {"silence", "threshold"}
        What is changed.
    settings : TurnDetection
        The settings with the change.
    extra_wait : float
        Seconds by which every endpoint comes later; negative: earlier.
    also_heals, adds : int
        Other errors that it heals, and errors that were not there before.
    """

    setting: Literal["silence", "threshold"]
    settings: TurnDetection
    extra_wait: float
    also_heals: int
    adds: int


@dataclass(frozen=True)
class Explanation:
    """Why one error happened and what would heal it.

    Parameters
    ----------
    problem : Problem
        The error.
    cause : str
        What the scores did there, in words.
    silence, threshold : Remedy or None
        The nearest value of either setting that heals it, the other as it is; None where there is none.
    """

    problem: Problem
    cause: str
    silence: Remedy | None
    threshold: Remedy | None

    @property
    def sentence(self) -> str:
        """The whole explanation, as shown to the user."""
        remedies = [remedy for remedy in (self.silence, self.threshold) if remedy is not None]
        named = " or ".join(_named(remedy, self._lowers) for remedy in remedies)
        heals = f"{named} heals it" if remedies else "no single setting within its range heals it"
        effects = [_effects(remedy, self._lowers) for remedy in remedies]
        parts = [self.cause, heals, *(effect for effect in effects if effect)]
        return f"{self.problem.kind} at {_clock(self.problem.start)}: " + "; ".join(parts)

    @property
    def _lowers(self) -> bool:
        return self.problem.kind in ("cut", "missed")


def explain(
    scores: SpeechScores, settings: TurnDetection, reference: Reference, problem: Problem | None = None
) -> tuple[Explanation, ...]:
    """Explain the errors of the turns found in a clip.

    Parameters
    ----------
    scores : SpeechScores
        The scores of the clip.
    settings : TurnDetection
        The settings that the turns were found with.
    reference : Labels, Sample, path of a label file, or list of turns
        What is true, as for ``measure``.
    problem : Problem, optional
        Explain this one error only.

    Returns
    -------
    tuple of Explanation
        One for each error, in order of time.

    Notes
    -----
    A merge has no remedy in a threshold that parts the two only by no longer hearing one of them.

    Examples
    --------
    >>> from qwen_asr_widgets.audio.reference import ReferenceTurn
    >>> scores = SpeechScores([-1] * 10 + [1] * 20 + [-0.12] * 13 + [1] * 20 + [-1] * 40)
    >>> settings = TurnDetection(threshold=0.2, silence_duration_ms=400)
    >>> why, = explain(scores, settings, [ReferenceTurn(0.32, 2.016)])
    >>> print(why.sentence)
    cut at 0:01.0: the score stayed below 0.20 for 416 ms; a silence of 417 ms or a threshold of −0.12 heals \
it; 417 ms costs 32 ms of wait everywhere
    """
    reference = read_reference(reference)
    present = _problems(scores, settings, reference)

    @lru_cache(maxsize=None)
    def effect(changed: TurnDetection) -> tuple[frozenset[Problem], tuple[Problem, ...]]:
        turns = turn_frames(scores.values, changed)
        healed = frozenset(one for one in present if is_healed(one, turns))
        return healed, _problems(scores, changed, reference)

    def remedy(setting: Literal["silence", "threshold"], one: Problem) -> Remedy | None:
        changed = _changed(scores, settings, setting, one)
        if changed is None:
            return None
        healed, after = effect(changed)
        if one.kind == "merged" and any(_misses(other, one) for other in after):
            return None
        later = (changed.silence_frames - settings.silence_frames) * HOP_SECONDS
        return Remedy(setting, changed, round(later, 6), len(healed - {one}), _added(present, after))

    chosen = present if problem is None else (problem,)
    return tuple(
        Explanation(one, _cause(scores, settings, one), remedy("silence", one), remedy("threshold", one))
        for one in chosen
    )


def _problems(
    scores: SpeechScores, settings: TurnDetection, reference: Reference
) -> tuple[Problem, ...]:
    return measure(detect_turns(scores, settings), reference, duration=scores.duration).problems


def _changed(
    scores: SpeechScores, settings: TurnDetection, setting: str, problem: Problem
) -> TurnDetection | None:
    """Return the settings with the one value changed that heals an error."""
    if setting == "silence":
        silence = healing_silence(scores.values, settings, problem)
        return None if silence is None else replace(settings, silence_duration_ms=silence)
    threshold = healing_threshold(scores.values, settings, problem)
    return None if threshold is None else replace(settings, threshold=threshold)


def _added(before: Sequence[Problem], after: Sequence[Problem]) -> int:
    """Return how many errors are new: of another kind or turn, or inventions where there was none."""
    counted = Counter(_key(one) for one in after if one.kind != "invented")
    counted.subtract(Counter(_key(one) for one in before))
    old = [one for one in before if one.kind == "invented"]
    invented = sum(
        not any(one.start < other.end and other.start < one.end for other in old)
        for one in after if one.kind == "invented"
    )
    return invented + sum(count for count in counted.values() if count > 0)


def _misses(problem: Problem, merged: Problem) -> bool:
    """Tell whether a side of a merge is no longer heard: that parts the two, but heals nothing."""
    return problem.kind == "missed" and not set(problem.reference).isdisjoint(merged.reference)


def _key(problem: Problem) -> tuple[str, tuple[int, ...]]:
    return problem.kind, problem.reference


def _cause(scores: SpeechScores, settings: TurnDetection, problem: Problem) -> str:
    """Say what the scores did at an error."""
    values, threshold = scores.values, _number(settings.threshold)
    pause = longest_pause(values, settings.threshold, problem)
    peak = peak_pair(values, problem)
    if problem.kind == "cut":
        if pause < settings.silence_frames:
            return "the turn had lasted 60 s, the longest there is"
        return f"the score stayed below {threshold} for {pause * FRAME_MS} ms"
    if problem.kind == "merged":
        if not pause:
            return f"the score never fell below {threshold} between the two"
        return f"the score fell below {threshold} for no more than {pause * FRAME_MS} ms between the two"
    if problem.kind == "invented" and peak is not None:
        return f"two frames in a row reached {_number(peak)}"
    if peak is not None and peak < settings.threshold:
        return f"no two frames in a row reached more than {_number(peak)}"
    return f"too little of it lies in a turn: {_heard_ms(scores, settings, problem)} ms"


def _heard_ms(scores: SpeechScores, settings: TurnDetection, problem: Problem) -> int:
    """Return the most that one turn holds of a stretch, in milliseconds."""
    shared = (min(turn.end, problem.end) - max(turn.onset, problem.start)
              for turn in detect_turns(scores, settings))
    return round(1_000 * max(0.0, max(shared, default=0.0)))


def _named(remedy: Remedy, lowers: bool) -> str:
    return f"a {remedy.setting} of {_value(remedy, lowers)}"


def _value(remedy: Remedy, lowers: bool) -> str:
    """Return the value of a remedy; a threshold is rounded to the side that still heals."""
    if remedy.setting == "silence":
        return f"{remedy.settings.silence_duration_ms} ms"
    exact = remedy.settings.threshold
    shown = round(exact, 2)
    if lowers and np.float32(shown) > exact:
        shown -= 0.01
    elif not lowers and np.float32(shown) < exact:
        shown += 0.01
    return _number(shown) if -1 <= shown <= 1 else _number(exact, 6)


def _effects(remedy: Remedy, lowers: bool) -> str:
    """Say what else a remedy does, empty where it does nothing else."""
    effects = []
    if remedy.also_heals:
        effects.append(f"also heals {_count(remedy.also_heals)} more")
    if remedy.adds:
        effects.append(f"adds {_count(remedy.adds)} other error{'s' * (remedy.adds > 1)}")
    if remedy.extra_wait:
        verb = "costs" if remedy.extra_wait > 0 else "saves"
        effects.append(f"{verb} {abs(remedy.extra_wait) * 1_000:.0f} ms of wait everywhere")
    return f"{_value(remedy, lowers)} {' and '.join(effects)}" if effects else ""


def _count(number: int) -> str:
    return WORDS[number] if number < len(WORDS) else str(number)


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _clock(seconds: float) -> str:
    """Return a time as minutes and seconds, ``0:13.0``."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
