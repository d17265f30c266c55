"""Exercises on figures: the share of words taken back, and the median wait from raw events."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from ...recording.recording import Recording
from ...recording.text import revised_share
from .mark import RIGHT, Mark, NotAnswer, mistake_in, number_in, wrong

VERSIONS = {
    "nothing": ["good morning", "good morning everyone"],
    "tail": ["so it", "so I was", "so I was there"],
    "prefix": ["a b c", "x b c", "x b c"],
    "final": ["one", "one two", "won two three"],
    "shorter": ["one two three", "one two", "one two"],
    "again": ["he", "she", "he", "he"],
}
"""What was shown, the final last; each name is that of the text on what goes wrong there."""


def judge_erasure(answer: Any, about: Any = None) -> Mark:
    """Judge a function of the versions of an utterance that returns the share of words taken back."""
    if not callable(answer):
        raise NotAnswer
    for name, versions in VERSIONS.items():
        found, expected = number_in(answer(list(versions))), revised_share(versions, "en") or 0.0
        if abs(found - expected) > 1e-6:
            known = mistake_in(found, _erasure_mistakes(versions, expected))
            shown = " → ".join(versions)
            return wrong(known or name, versions=shown, found=found, expected=expected)
    return RIGHT


def _erasure_mistakes(versions: Sequence[str], expected: float) -> dict[str, float]:
    """Return what known mistakes give in place of the share."""
    last = len(versions[-1].split())
    shown = sum(len(version.split()) for version in versions)
    written = sum(len(version.split()) for version in versions[:-1])
    erased = expected * _written(versions)
    with_final = _written([*versions, ""])
    return {"percent": 100 * expected, "final": erased / with_final,
            "per_final": erased / last, "per_shown": erased / shown, "per_partials": erased / written,
            "count": erased}


def _written(versions: Sequence[str]) -> int:
    """Return how many words the partials wrote."""
    written, shown = 0, list[str]()
    for version in versions[:-1]:
        words = version.split()
        pairs = zip(shown, words)
        written += len(words) - sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        shown = words
    return written


WITHIN = 0.002
"""Seconds by which a median may be off: times are rounded to milliseconds before they are subtracted."""


def judge_median(answer: Any, about: Any = None) -> Mark:
    """Judge the median wait of a recording, computed from its events."""
    found = number_in(answer)
    if not isinstance(about, Recording):
        raise NotAnswer
    summary = about.latency().summary()
    measures = summary.measures
    if "finalization" not in measures:
        return wrong("no_wait")
    expected = measures["finalization"].p50
    if abs(found - expected) <= WITHIN:
        return Mark(True, "right", {
            "expected": expected, "n": summary.n, "endpoint": measures["endpoint_delay"].p50,
        })
    waits = [row.finalization for row in about.latency() if row.finalization is not None]
    closed = [
        row.finalization for row in about.latency()
        if row.finalization is not None and row.ended_by == "silence"
    ]
    known = mistake_in(found, {
        "milliseconds": 1_000 * expected, "mean": float(np.mean(closed)),
        "endpoint": measures["endpoint_delay"].p50, "decode": measures["decode_delay"].p50,
        "longest": measures["finalization"].longest, "all": float(np.median(waits)),
        "negative": -expected,
    }, WITHIN)
    return wrong(known or "other", found=found, expected=expected, off=found - expected)
