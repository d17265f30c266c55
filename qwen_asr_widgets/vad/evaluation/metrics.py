"""How good turns are: first what a person feels, then the measures of the field.

A reference turn is *cut* where it comes in several turns, *merged* where one turn holds several, *missed*
where none holds it; a turn that holds none is *invented*. It is *cut off* where an endpoint comes before its
true end, be it cut or its tail not heard. The *wait* runs from the true end of speech to the endpoint. It is
*censored* (the word of survival analysis) where the turn was still open when the sound ended or the limit of
60 s came: no silence closed it, so nobody knows how long one would have waited, and it has none.
Cut-offs against wait is how endpointing has been judged since Ferrer, Shriberg and Stolcke, "Is the speaker
done yet?" (ICSLP 2002) and Raux and Eskenazi, "Optimizing endpointing thresholds using dialogue features"
(SIGdial 2008). Miss, false alarm and detection error rate are NIST's, as ``pyannote.metrics.detection``
computes them; precision, recall and F1 are by exact time, which is what counting ever shorter frames
tends to.

Labels set by hand are some hundredths of a second off. A *collar* takes them out of these seven, and of
nothing else: time closer than that to an edge of true speech is not judged. It is counted as NIST counts it
(``md-eval -c``), so many seconds before the edge and as many after it; pyannote's number of the same name is
the whole width, 0.5 where NIST and this module say 0.25. Turns are matched, and waits counted, without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.reference import ReferenceTurn
from ...audio.units import SAMPLE_RATE, seconds_to_samples
from ...arguments import checked_keywords, checked_number
from ...errors import LabelError, SettingError
from ..labels.labels import Labels
from ..labels.references import Reference, read_reference
from .matching import (
    Intervals, Match, Times, closings, crop, match, outside_collars, support, times, to_samples,
)
from .measures import COUNTS, Measures, Problem, total
from ..scoring.frames import HOP, HOP_SECONDS
from ..turns import Turn, TurnDetection, list_of_turns

MAX_COLLAR = 5.0
"""Seconds: twenty times the collar of NIST's evaluations."""

__all__ = [
    "COUNTS", "Measures", "endpoint_overhead", "expected_endpoint_delay", "measure", "scored_regions",
    "total",
]


@checked_keywords
def measure(
    turns: Sequence[Turn],
    reference: Reference | None = None,
    *,
    duration: float | None = None,
    scored: Sequence[tuple[float, float]] | None = None,
    settings: TurnDetection | None = None,
    overhead: float = 0.0,
    collar: float = 0.0,
) -> Measures:
    """Measure turns, against a reference where there is one.

    Parameters
    ----------
    turns : sequence of Turn
        Detected turns in order.
    reference : Labels, Sample, path of a label file, or list of turns, optional
        What is true: turns are ``ReferenceTurn``, ``(start, end)`` or another detector's ``Turn`` (of which
        the onset and the end count).
    duration : float, optional
        Length of the clip in seconds; by default it ends with the last turn of either. Only where it is given
        is known which turns the end of the sound left open.
    scored : sequence of (start, end), optional
        The regions to judge, in seconds; by default those of the labels, else the whole clip.
    settings : TurnDetection, optional
        The settings the turns were made with; without them there are no waits.
    overhead : float
        Seconds from the endpoint's decision to the event (see ``endpoint_overhead``).
    collar : float
        Seconds in [0, 5] before and after every true start and end whose time is not judged (NIST: 0.25). It
        concerns miss and false alarm, detection error rate, precision, recall and F1.

    Returns
    -------
    Measures

    Raises
    ------
    LabelError
        A turn or region is empty, the turns are not in order, or the reference cannot be read.
    SettingError
        ``turns`` are no turns, ``settings`` no ``TurnDetection``, or the collar is out of its range.

    Examples
    --------
    >>> from qwen_asr_widgets import ReferenceTurn, Turn
    >>> halves = [Turn(1.0, 0.7, 2.0), Turn(2.5, 2.2, 4.0)]
    >>> result = measure(halves, [ReferenceTurn(1.0, 4.0)], duration=6.0)
    >>> result.cut, result.missed, result.problems[0].kind
    (1, 0, 'cut')
    """
    turns = list_of_turns(turns, "turns")
    if settings is not None and not isinstance(settings, TurnDetection):
        raise SettingError(f"settings is {settings!r:.60}; give the TurnDetection used.", "settings")
    margin = collar_samples(collar)
    found = _intervals([(t.onset, t.end) for t in turns], "turn")
    if np.any(found[1:, 0] < found[:-1, 1]):
        raise LabelError("The turns overlap or are not in order of time; sort them, one channel at a time.")
    truth = None if reference is None else read_reference(reference)
    given = _intervals([(t.start, t.end) for t in truth or ()], "reference turn")
    regions = scored_regions(truth, scored, duration, given, found)
    stretches, member_of = support(given)
    result = match(crop(stretches, regions), found, regions)
    starts = np.rint(np.array([t.start for t in turns]) * SAMPLE_RATE).astype(np.int64)
    plain = _turn_measures(result, found, starts, regions)
    if reference is None:
        return Measures(**plain)
    lengths = times(result, outside_collars(regions, given, margin))
    felt = {**_reference_measures(result, starts), **_time_measures(lengths), "collar": margin / SAMPLE_RATE}
    if settings is not None:
        length = np.inf if duration is None else seconds_to_samples(duration, SAMPLE_RATE)
        ends = result.ends(closings(found, settings.silence_frames * HOP, length))
        felt["cut_off"], felt["censored"] = int(ends.cut_off.sum()), len(ends.censored)
        felt["waits"] = tuple(round(wait + overhead, 6) for wait in _tuple(ends.waits))
    return Measures(**plain, **felt, problems=find_problems(result, member_of))


def collar_samples(collar: float) -> int:
    """Return a collar in samples, or raise ``SettingError`` where it is none."""
    return round(checked_number("collar", collar, 0.0, MAX_COLLAR) * SAMPLE_RATE)


def expected_endpoint_delay(settings: TurnDetection, overhead: float = 0.0) -> float:
    """Return the wait to expect from the end of the last speech frame to ``speech_stopped``, in seconds.

    Parameters
    ----------
    settings : TurnDetection
        Its silence counts in whole frames of 32 ms, rounded up.
    overhead : float
        Seconds that detector and service add, as ``endpoint_overhead`` finds them in recordings.

    Examples
    --------
    >>> expected_endpoint_delay(TurnDetection(silence_duration_ms=400), overhead=0.05)
    0.466
    """
    return round(settings.silence_frames * HOP_SECONDS + overhead, 6)


def endpoint_overhead(delays: Iterable[float | None], settings: TurnDetection) -> float | None:
    """Return what detector and service add to the silence: the median of measured endpoint delays minus it.

    Parameters
    ----------
    delays : iterable of float or None
        Endpoint delays in seconds as recordings report them; None is left out.
    settings : TurnDetection
        The settings in force when they were measured.
    """
    known = [delay for delay in delays if delay is not None]
    return float(np.median(known)) - settings.silence_frames * HOP_SECONDS if known else None


def scored_regions(
    reference: Labels | Sequence[ReferenceTurn] | None,
    scored: Sequence[tuple[float, float]] | None,
    duration: float | None,
    *intervals: Intervals,
) -> Intervals:
    """Return the regions to judge in samples: those given, the labels', or the whole clip."""
    if scored is None and isinstance(reference, Labels):
        scored = reference.scored
    if scored is not None:
        return support(_intervals(scored, "scored region"))[0]
    if duration is None:
        return np.array([[0, max((int(rows.max()) for rows in intervals if len(rows)), default=0)]])
    return to_samples([[0.0, duration]])


def _intervals(times: Sequence[tuple[float, float]], what: str) -> Intervals:
    """Return times as samples, or raise ``LabelError`` for one that is empty or not a number."""
    samples = np.empty((0, 2), dtype=np.int64)
    for number, (start, end) in enumerate(times, start=1):
        if not start < end or not np.isfinite([start, end]).all():
            raise LabelError(
                f"{what} {number} runs from {start} to {end} s; its end must lie after its start."
            )
    return to_samples(times) if len(times) else samples


def _seconds(samples: Any) -> float:
    return int(samples) / SAMPLE_RATE


def _tuple(samples: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((samples / SAMPLE_RATE).tolist())


def _turn_measures(
    result: Match, turns: Intervals, starts: NDArray[np.int64], regions: Intervals
) -> dict[str, Any]:
    """Return what can be said of turns without a reference."""
    pieces, owner = result.found.pieces, result.found.owner
    clipped = np.zeros(len(turns), dtype=np.bool_)
    clipped[1:] = starts[1:] <= turns[:-1, 1]
    return {
        "scored_seconds": _seconds((regions[:, 1] - regions[:, 0]).sum()),
        "turns": len(pieces),
        "turn_lengths": _tuple(pieces[:, 1] - pieces[:, 0]),
        "clipped_starts": int(clipped[owner[result.found.true_start]].sum()),
    }


def _reference_measures(result: Match, starts: NDArray[np.int64]) -> dict[str, Any]:
    """Return what only a reference can tell."""
    truth = result.truth.pieces
    per_truth, per_found = result.per_truth, result.per_found
    onsets, offsets = result.onset_pairs(), result.offset_pairs()
    first_heard = starts[result.found.owner[result.found_index[onsets]]]
    return {
        "reference_turns": len(truth),
        "cut": int((per_truth > 1).sum()),
        "merged": int((per_found > 1).sum()),
        "cuts": int(np.maximum(per_truth - 1, 0).sum()),
        "merges": int(np.maximum(per_found - 1, 0).sum()),
        "missed": int((per_truth == 0).sum()),
        "invented": int((per_found == 0).sum()),
        "late_starts": int((first_heard > truth[result.truth_index[onsets], 0]).sum()),
        "onset_errors": _tuple(result.errors(onsets, 0)),
        "offset_errors": _tuple(result.errors(offsets, 1)),
    }


def _time_measures(lengths: Times) -> dict[str, Any]:
    """Return how long was said, found, and both, as far as it is judged."""
    return {
        "reference_seconds": _seconds(lengths.said.sum()),
        "found_seconds": _seconds(lengths.found.sum()),
        "hit_seconds": _seconds(lengths.shared.sum()),
    }


def find_problems(result: Match, member_of: NDArray[np.int64]) -> tuple[Problem, ...]:
    """Return every error in order of time.

    Parameters
    ----------
    result : Match
        Turns against stretches of true speech.
    member_of : ndarray, int64, shape (k,)
        The stretch that holds each reference turn given.
    """
    numbers: dict[int, list[int]] = {}
    for number, stretch in enumerate(member_of.tolist(), start=1):
        numbers.setdefault(stretch, []).append(number)
    names = [tuple(numbers[owner]) for owner in result.truth.owner.tolist()]
    turns = [owner + 1 for owner in result.found.owner.tolist()]
    problems = [*_gaps(result, names, turns), *_unmatched(result, names, turns)]
    return tuple(sorted(problems))


def _gaps(result: Match, names: list[tuple[int, ...]], turns: list[int]) -> list[Problem]:
    """Return the cuts and merges: neighbouring pairs that share a stretch of speech or a turn."""
    problems = []
    i, j = result.truth_index, result.found_index
    truth, found = result.truth.pieces, result.found.pieces
    for k in np.flatnonzero(i[1:] == i[:-1]).tolist():
        start, end = _place(found[j[k], 1], found[j[k + 1], 0])
        problems.append(Problem(start, end, "cut", names[i[k]], (turns[j[k]], turns[j[k + 1]])))
    for k in np.flatnonzero(j[1:] == j[:-1]).tolist():
        start, end = _place(truth[i[k], 1], truth[i[k + 1], 0])
        problems.append(Problem(start, end, "merged", names[i[k]] + names[i[k + 1]], (turns[j[k]],)))
    return problems


def _unmatched(result: Match, names: list[tuple[int, ...]], turns: list[int]) -> list[Problem]:
    """Return the reference turns missed and the turns invented."""
    problems = []
    for k in np.flatnonzero(result.per_truth == 0).tolist():
        problems.append(Problem(*_place(*result.truth.pieces[k]), "missed", names[k], ()))
    for k in np.flatnonzero(result.per_found == 0).tolist():
        problems.append(Problem(*_place(*result.found.pieces[k]), "invented", (), (turns[k],)))
    return problems


def _place(start: np.int64, end: np.int64) -> tuple[float, float]:
    return int(start) / SAMPLE_RATE, int(end) / SAMPLE_RATE
