"""How values travel to a page: settings, judgements, labels, scores, sweeps and agreements as messages.

Turns, errors and scores travel as binary: for an hour a drag moves some ten kilobytes. Positions are samples
at 16 kHz in int32. Every message is ``(content, buffers)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...audio.units import SAMPLE_RATE, seconds_to_samples
from ...vad.sweep.choice import Choice
from ...vad.evaluation.matching import to_samples
from ...vad.evaluation.metrics import COUNTS, Measures, scored_regions
from ...vad.evaluation.measures import Problem
from ...vad.scoring.frames import SpeechScores
from ...vad.sweep.result import SweepResult
from ...vad.turns import Turn, TurnDetection
from ..shared.throttle import Message
from .case import Case, Judgement

if TYPE_CHECKING:
    from ...recording.verification import Agreement


def settings_state(settings: TurnDetection) -> dict[str, Any]:
    """Return settings as a view takes them."""
    return {
        "threshold": settings.threshold, "silence": settings.silence_duration_ms,
        "padding": settings.prefix_padding_ms,
    }


def turns_bytes(turns: Sequence[Turn]) -> bytes:
    """Return onset, start and end of each turn as int32 samples."""
    rows = np.array([(turn.onset, turn.start, turn.end) for turn in turns], dtype=np.float64)
    return np.rint(rows * SAMPLE_RATE).astype(np.int32).tobytes()


def reference_bytes(case: Case) -> bytes:
    """Return start and end of each reference turn as int32 samples."""
    rows = [(turn.start, turn.end) for turn in case.editor.labels.turns]
    return to_samples(rows).astype(np.int32).tobytes()


def problems_bytes(problems: Sequence[Problem]) -> list[bytes]:
    """Return errors as start and end (int32 samples) and kind (uint8, index in ``COUNTS``)."""
    places = np.array([(one.start, one.end) for one in problems], dtype=np.float64)
    kinds = np.array([COUNTS.index(one.kind) for one in problems], dtype=np.uint8)
    return [np.rint(places * SAMPLE_RATE).astype(np.int32).tobytes(), kinds.tobytes()]


def figures(measures: Measures, wait: float | None) -> dict[str, Any]:
    """Return the numbers of the panel; None where there is no reference to tell."""
    return {
        "wait": wait,
        "turns": measures.turns,
        **{name: getattr(measures, name) for name in COUNTS},
        **{f"{name}_per_minute": measures.per_minute(name) for name in COUNTS},
        "cuts": measures.cuts,
        "merges": measures.merges,
        "waits": None if measures.censored is None else len(measures.waits),
        "censored": measures.censored,
        "cut_off": measures.cut_off,
        "onset": measures.quantile("onset_errors", 0.5, absolute=True),
        "onset_p90": measures.quantile("onset_errors", 0.9, absolute=True),
        "offset": measures.quantile("offset_errors", 0.5, absolute=True),
        "offset_p90": measures.quantile("offset_errors", 0.9, absolute=True),
        "f1": measures.f1,
        "precision": measures.precision,
        "recall": measures.recall,
        "miss": measures.miss_seconds,
        "false_alarm": measures.false_alarm_seconds,
        "late_starts": measures.late_starts,
        "clipped": measures.clipped_starts,
        "share": measures.speech_share,
        "length": measures.quantile("turn_lengths", 0.5),
        "errors": measures.errors,
        "minutes": measures.scored_seconds / 60,
        "reference_turns": measures.reference_turns,
    }


def judged_message(case: Case, judged: Judgement, was: Judgement, **more: Any) -> Message:
    """Return what settings do with the clip in sight."""
    content = {
        "kind": "judged", "settings": settings_state(judged.settings),
        "has_reference": case.reference is not None,
        "figures": figures(judged.measures, judged.wait), "was": figures(was.measures, was.wait), **more,
    }
    return content, [turns_bytes(judged.turns), *problems_bytes(judged.measures.problems)]


def difference_message(case: Case, judged: Judgement) -> Message:
    """Return where the turns differ from those of the service; without any, nothing differs."""
    found = case.against_service(judged.turns)
    problems = found.problems if found is not None else ()
    return {"kind": "differences", "settings": settings_state(judged.settings)}, problems_bytes(problems)


def reference_message(case: Case) -> Message:
    """Return the reference turns as they stand now."""
    editor = case.editor
    content = {
        "kind": "reference", "selected": editor.selected, "known": case.reference is not None,
        "regions": scored_regions(case.reference, None, case.clip.duration).tolist(),
        "length": seconds_to_samples(case.clip.duration, SAMPLE_RATE),
        "undo": bool(editor.past), "redo": bool(editor.future),
        "texts": [turn.text for turn in editor.labels.turns],
    }
    return content, [reference_bytes(case)]


def scores_message(scores: SpeechScores, first: int = 0, total: int | None = None) -> Message:
    """Return scores to the last bit (450 kB an hour): a view finds turns in them while one drags."""
    count = len(scores) if total is None else total
    content = {"kind": "scores", "hop": scores.hop, "first": first, "total": count}
    return content, [scores.values[first:].tobytes()]


def sweep_message(result: SweepResult) -> Message:
    """Return a sweep: errors (without a reference turns) a minute, waits and cut-offs of each cell."""
    known = result.has_reference
    names = ["errors_per_minute", "wait", "cut_off_rate"] if known else ["turns_per_minute", "expected_delay"]
    cells = [result.total(name).astype(np.float32) for name in names]
    points = [
        {**settings_state(point.settings), "wait": point.wait, "cut_off": point.cut_off_rate,
         "errors": point.errors_per_minute, "waits": point.waits, "censored": point.censored}
        for point in (result.pareto() if known else [])
    ]
    content = {
        "kind": "sweep", "state": "done", "thresholds": result.thresholds, "silences": result.silences,
        "padding": result.paddings[0], "known": known, "front": points,
    }
    return content, [cell.tobytes() for cell in cells]


def best_state(best: Choice | None) -> dict[str, Any] | None:
    """Return a choice as values, which the view says in its language."""
    if best is None:
        return None
    return {
        "settings": settings_state(best.settings), "wait": best.wait, "cut_off_rate": best.cut_off_rate,
        "errors_per_minute": best.errors_per_minute, "waits": best.waits, "censored": best.censored,
        "turns": best.reference_turns, "calls": best.calls,
        "held_out": None if best.held_out is None else dict(best.held_out), "within": best.within_limits,
        "held_out_calls": best.held_out_calls, "edges": list(best.edges),
        "intervals": {k: list(edges) for k, edges in best.intervals.items()} if best.calls > 1 else None,
    }


def agreement_state(found: Agreement) -> dict[str, Any]:
    """Return an agreement as values, which the view says in its language."""
    return {
        "exact": found.exact, "share": found.share, "median": found.boundary_error,
        "p90": found.boundary_error_p90, "expected": found.expected, "real": found.real,
    }
