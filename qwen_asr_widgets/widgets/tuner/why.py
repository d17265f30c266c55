"""The explanation of an error as a message to the page: figures on the service's scale, worded there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...vad.evaluation.critical import is_healed_by
from ...vad.evaluation.explain import Cause, Explanation, Remedy, threshold_text
from ...vad.evaluation.measures import Problem
from ...vad.scoring.frames import SpeechScores
from ...vad.turns import SILENCE_RANGE_MS, TurnDetection
from .estimate import Estimator


def why_state(
    why: Explanation, tried: TurnDetection, estimator: Estimator, scores: SpeechScores
) -> dict[str, Any]:
    """Return what a view words of an error.

    Parameters
    ----------
    why : Explanation
        On the scale of our detector.
    tried : TurnDetection
        The settings explained, on the scale of the service.
    estimator : Estimator
        Leads from the one scale to the other.
    scores : SpeechScores
        Of the clip: what is shown must heal when it is typed in, as far as the fit can tell.
    """
    shown = (_remedy(one, why.problem, estimator, scores) for one in why.remedies)
    return {
        "what": why.problem.kind, "at": why.problem.start, "cause": _cause(why.cause, tried, estimator),
        "remedies": [one for one in shown if one is not None],
    }


def _cause(cause: Cause, tried: TurnDetection, estimator: Estimator) -> dict[str, Any]:
    """Return a cause with its threshold on the scale of the service: the one tried, or a score."""
    threshold = cause.threshold
    if threshold is not None:
        is_score = cause.kind in ("reached", "peak")
        threshold = estimator.threshold_there(threshold) if is_score else tried.threshold
    return {"kind": cause.kind, "threshold": threshold, "ms": cause.ms}


def _remedy(
    remedy: Remedy, problem: Problem, estimator: Estimator, scores: SpeechScores
) -> dict[str, Any] | None:
    """Return a remedy on the scale of the service as it is shown; None where it does not heal there."""
    there = estimator.theirs(remedy.settings)
    if estimator.calibration is not None:
        candidates = _candidates(there, remedy, problem)
        healing = (one for one in candidates if is_healed_by(scores.values, estimator.ours(one), problem))
        found = next(healing, None)
        if found is None:
            return None
        there = found
    return {
        "setting": remedy.setting, "threshold": there.threshold, "silence": there.silence_duration_ms,
        "padding": there.prefix_padding_ms, "shown": threshold_text(there.threshold),
        "extra_wait": remedy.extra_wait, "also_heals": remedy.also_heals, "adds": remedy.adds,
    }


def _candidates(there: TurnDetection, remedy: Remedy, problem: Problem) -> Iterator[TurnDetection]:
    """Return estimated settings as they can be typed, the most readable first; some of them heal."""
    if remedy.setting == "silence":
        low, high = SILENCE_RANGE_MS
        for step in (0, 1, -1):
            if low <= there.silence_duration_ms + step <= high:
                yield replace(there, silence_duration_ms=there.silence_duration_ms + step)
        return
    for digits in (2, 3, 4, 5):
        threshold = readable(there.threshold, problem.wants_lower, digits)
        yield replace(there, threshold=threshold)


def readable(threshold: float, lowers: bool, digits: int = 2) -> float:
    """Return an estimated threshold with few decimals, rounded to the side that heals, within the scale.

    Examples
    --------
    >>> readable(0.174, lowers=True), readable(-0.174, lowers=False), readable(0.1741, True, digits=3)
    (0.17, -0.17, 0.174)
    """
    steps = (math.floor if lowers else math.ceil)(round(threshold * 10**digits, 6))
    return steps / 10**digits if math.fabs(steps) <= 10**digits else threshold
