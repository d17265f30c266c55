"""Exercises on what is claimed: faults in a report on a service, and sound that was sent twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...recording.recording import Recording
from ...recording.values import AudioSent
from .mark import Mark, NotAnswer, number_in, wrong

SENTENCES = "ABCDEFGH"
"""The sentences of the report, by letter."""

FAULTY = frozenset("BDG")
"""Those that claim what was not measured, or cannot be."""


def judge_report(answer: Any, about: Any = None) -> Mark:
    """Judge which three sentences of the report are faulty, given as letters."""
    letters = answer if isinstance(answer, (str, list, tuple, set, frozenset)) else ()
    if not letters or not all(isinstance(each, str) for each in letters):
        raise NotAnswer
    chosen = {each for each in "".join(letters).upper() if each.isalpha()}
    if not chosen or not chosen <= set(SENTENCES):
        raise NotAnswer
    blamed = sorted(chosen - FAULTY)
    if blamed:
        return wrong(f"blamed_{blamed[0]}")
    missing = len(FAULTY - chosen)
    return wrong("missing", missing=missing) if missing else Mark(True, "right")


WITHIN = 0.05
"""Seconds by which the sound that was sent twice may be off."""


def judge_sent_twice(answer: Any, about: Any = None) -> Mark:
    """Judge how many seconds of a recording's sound were sent more than once."""
    found = number_in(answer)
    if not isinstance(about, Recording):
        raise NotAnswer
    rate = about.tape.sample_rate
    sent = [timed.event for timed in about.events if isinstance(timed.event, AudioSent)]
    if not sent:
        return wrong("nothing_sent")
    times = np.zeros(max(each.stop for each in sent), np.int32)
    for each in sent:
        times[each.start:each.stop] += 1
    again, extra = int(np.sum(times > 1)) / rate, int(np.sum(times - 1, where=times > 1)) / rate
    if min(abs(found - again), abs(found - extra)) <= WITHIN:
        return Mark(True, "right", {"again": again})
    every = int(times.sum()) / rate
    known = {
        "all_sent": every, "duration": about.duration, "samples": again * rate, "gap": _without_line(about),
    }
    slip = next((name for name, value in known.items() if abs(found - value) <= WITHIN), "other")
    return wrong(slip, found=found, again=again)


def _without_line(recording: Recording) -> float:
    return sum(gap.seconds for gap in recording.gaps)
