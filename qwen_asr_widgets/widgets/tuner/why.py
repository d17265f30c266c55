"""Why a turn is wrong, as values: the view says them in its own language and on the scale of the service."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...vad.evaluation.critical import FRAME_MS, longest_pause, peak_pair
from ...vad.evaluation.explain import Explanation, Remedy
from ...vad.evaluation.problems import Problem
from ...vad.scoring.scores import SpeechScores
from ...vad.turns import TurnDetection, detect_turns
from .estimate import Estimator


def why_state(
    why: Explanation, scores: SpeechScores, settings: TurnDetection, estimator: Estimator
) -> dict[str, Any]:
    """Return what a view says of an error.

    Parameters
    ----------
    why : Explanation
        On the scale of our detector.
    scores : SpeechScores
    settings : TurnDetection
        What was tried, on the scale of the service.
    estimator : Estimator
        Leads from the one scale to the other.
    """
    remedies = [remedy for remedy in (why.silence, why.threshold) if remedy is not None]
    problem = why.problem
    return {
        "what": problem.kind, "at": problem.start,
        "cause": _cause(problem, scores, settings, estimator),
        "remedies": [_remedy(one, problem.kind in ("cut", "missed"), estimator) for one in remedies],
    }


def _cause(
    problem: Problem, scores: SpeechScores, settings: TurnDetection, estimator: Estimator
) -> dict[str, Any]:
    """Return what the scores did at an error: a word for the view's sentence and its values."""
    ours = estimator.ours(settings)
    pause = longest_pause(scores.values, ours.threshold, problem)
    peak = peak_pair(scores.values, problem)
    if problem.kind == "cut" and pause < ours.silence_frames:
        return {"word": "limit"}
    if problem.kind in ("cut", "merged"):
        word = "below" if problem.kind == "cut" else "short" if pause else "never"
        return {"word": word, "threshold": settings.threshold, "ms": pause * FRAME_MS}
    if peak is not None and (problem.kind == "invented" or peak < ours.threshold):
        word = "reached" if problem.kind == "invented" else "peak"
        return {"word": word, "threshold": estimator.threshold_there(peak)}
    heard = (min(turn.end, problem.end) - max(turn.onset, problem.start)
             for turn in detect_turns(scores, ours))
    return {"word": "little", "ms": round(1_000 * max(0.0, max(heard, default=0.0)))}


def _remedy(remedy: Remedy, lowers: bool, estimator: Estimator) -> dict[str, Any]:
    there = estimator.theirs(remedy.settings)
    return {
        "setting": remedy.setting, "threshold": there.threshold, "silence": there.silence_duration_ms,
        "padding": there.prefix_padding_ms, "shown": shown_threshold(there.threshold, lowers),
        "extra_wait": remedy.extra_wait, "also_heals": remedy.also_heals, "adds": remedy.adds,
    }


def shown_threshold(exact: float, lowers: bool) -> str:
    """Return a threshold in two digits, rounded to the side that still heals.

    Examples
    --------
    >>> shown_threshold(0.174, lowers=True), shown_threshold(-0.174, lowers=False)
    ('0.17', '−0.17')
    """
    shown = round(exact, 2)
    if lowers and np.float32(shown) > exact:
        shown -= 0.01
    elif not lowers and np.float32(shown) < exact:
        shown += 0.01
    text = f"{shown:.2f}" if math.fabs(shown) <= 1 else f"{exact:.6f}"
    return text.replace("-", "−")
