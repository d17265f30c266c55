"""The explanation of an error as a message to the page: figures on the service's scale, worded there."""

from __future__ import annotations

import math
from typing import Any

from ...vad.evaluation.explain import Cause, Explanation, Remedy, threshold_text
from ...vad.turns import TurnDetection
from .estimate import Estimator


def why_state(why: Explanation, tried: TurnDetection, estimator: Estimator) -> dict[str, Any]:
    """Return what a view words of an error.

    Parameters
    ----------
    why : Explanation
        On the scale of our detector.
    tried : TurnDetection
        The settings explained, on the scale of the service.
    estimator : Estimator
        Leads from the one scale to the other.
    """
    return {
        "what": why.problem.kind, "at": why.problem.start, "cause": _cause(why.cause, tried, estimator),
        "remedies": [_remedy(one, why.problem.wants_lower, estimator) for one in why.remedies],
    }


def _cause(cause: Cause, tried: TurnDetection, estimator: Estimator) -> dict[str, Any]:
    """Return a cause with its threshold on the scale of the service: the one tried, or a score."""
    threshold = cause.threshold
    if threshold is not None:
        is_score = cause.kind in ("reached", "peak")
        threshold = estimator.threshold_there(threshold) if is_score else tried.threshold
    return {"kind": cause.kind, "threshold": threshold, "ms": cause.ms}


def _remedy(remedy: Remedy, lowers: bool, estimator: Estimator) -> dict[str, Any]:
    """Return a remedy on the scale of the service; its threshold is the one that is shown."""
    there = estimator.theirs(remedy.settings)
    threshold = there.threshold if estimator.calibration is None else readable(there.threshold, lowers)
    return {
        "setting": remedy.setting, "threshold": threshold, "silence": there.silence_duration_ms,
        "padding": there.prefix_padding_ms, "shown": threshold_text(threshold),
        "extra_wait": remedy.extra_wait, "also_heals": remedy.also_heals, "adds": remedy.adds,
    }


def readable(threshold: float, lowers: bool) -> float:
    """Return an estimated threshold in hundredths, rounded to the side that heals, as far as the scale goes.

    Examples
    --------
    >>> readable(0.174, lowers=True), readable(-0.174, lowers=False)
    (0.17, -0.17)
    """
    steps = (math.floor if lowers else math.ceil)(round(100 * threshold, 6))
    return steps / 100 if math.fabs(steps) <= 100 else threshold
