"""How good turns are: first what a person feels, then the measures of the field.

A reference turn is *cut* where it comes in several turns, *merged* where one turn holds several, *missed*
where none holds it; a turn that holds none is *invented*. It is *cut off* where an endpoint comes before its
true end, be it cut or its tail not heard. The *wait* runs from the true end of speech to the endpoint.
Cut-offs against wait is how endpointing has been judged since Ferrer, Shriberg and Stolcke, "Is the speaker
done yet?" (ICSLP 2002) and Raux and Eskenazi, "Optimizing endpointing thresholds using dialogue features"
(SIGdial 2008). Miss, false alarm and detection error rate are NIST's, as ``pyannote.metrics.detection``
computes them without a collar; precision, recall and F1 are by exact time, which is what counting ever
shorter frames tends to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.reference import ReferenceTurn
from ..audio.units import SAMPLE_RATE
from ..errors import LabelError
from .labels import Labels
from .matching import Intervals, Match, crop, match, support, to_samples
from .problems import Problem, find_problems
from .scores import HOP, HOP_SECONDS
from .turns import Turn, TurnDetection

Reference = Union[Labels, Sequence[ReferenceTurn], Sequence[Turn]]
"""True turns, or those of another detector to compare with (their onsets and ends count)."""

COUNTS = ("cut", "merged", "missed", "invented")
"""The four errors a person notices, in the order in which they are shown."""

DERIVED = (
    "errors", "cut_rate", "cut_off_rate", "speech_seconds", "speech_share", "miss_seconds",
    "false_alarm_seconds", "detection_error_rate", "precision", "recall", "f1",
)
"""What ``Measures`` derives from its fields."""


@dataclass(frozen=True)
class Measures:
    """What one set of turns is worth; of one clip, or of several in total.

    Times are seconds. What needs a reference is None without one; ratios of nothing are None.

    Parameters
    ----------
    scored_seconds : float
        Length of what was judged.
    turns : int
        Number of turns in it.
    turn_lengths : tuple of float
        Their lengths from onset to end.
    clipped_starts : int
        Turns that begin right where the one before ends: the padding did not fit in between.
    reference_turns : int or None
        Stretches of true speech; reference turns that overlap or touch are one, since no detector that
        hears one channel can part them.
    reference_seconds, hit_seconds : float or None
        Their length, and how much of it lies in turns.
    cut, merged, missed, invented : int or None
        Reference turns in several turns; turns that hold several reference turns; reference turns in none;
        turns that hold none.
    cuts, merges : int or None
        Places at which a reference turn was cut, and gaps between reference turns that went unnoticed.
    late_starts : int or None
        Reference turns whose first sound lies before the start of their turn, padding included: it is not
        heard.
    onset_errors, offset_errors : tuple of float
        Onset (padding taken out) and end of a turn minus the true ones, where they can be compared.
    waits : tuple of float
        From the true end of speech to the endpoint, where settings were given. Nobody waits where the
        endpoint comes before that end, or where the turn goes on into the next: those have none.
    cut_off : int or None
        Reference turns with an endpoint before their true end, where settings were given.
    problems : tuple of Problem
        Every error with its place, in order of time; empty in a total.

    Examples
    --------
    >>> turns = [Turn(onset=1.0, start=0.7, end=2.0), Turn(onset=2.6, start=2.3, end=4.1)]
    >>> found = measure(turns, [ReferenceTurn(1.0, 4.0)], duration=10, settings=TurnDetection(0.2, 416))
    >>> found.cut, found.missed, found.waits
    (1, 0, (0.516,))
    >>> found.per_minute("cut")
    6.0
    """

    scored_seconds: float
    turns: int
    turn_lengths: tuple[float, ...] = field(repr=False)
    clipped_starts: int
    reference_turns: int | None = None
    reference_seconds: float | None = None
    hit_seconds: float | None = None
    cut: int | None = None
    merged: int | None = None
    missed: int | None = None
    invented: int | None = None
    cuts: int | None = None
    merges: int | None = None
    late_starts: int | None = None
    cut_off: int | None = None
    onset_errors: tuple[float, ...] = field(default=(), repr=False)
    offset_errors: tuple[float, ...] = field(default=(), repr=False)
    waits: tuple[float, ...] = field(default=(), repr=False)
    problems: tuple[Problem, ...] = field(default=(), repr=False)

    def per_minute(self, name: str) -> float | None:
        """Return a count (``"cut"``, ``"turns"`` …) per minute of what was judged."""
        return ratio(getattr(self, name), self.scored_seconds / 60)

    @property
    def errors(self) -> int | None:
        """All that went wrong: cuts and merges place by place, turns missed, invented, or ended early."""
        if self.cuts is None or self.merges is None or self.missed is None or self.invented is None:
            return None
        early = 0 if self.cut_off is None or self.cut is None else self.cut_off - self.cut
        return self.cuts + self.merges + self.missed + self.invented + early

    @property
    def cut_rate(self) -> float | None:
        """Share of reference turns that were cut."""
        return ratio(self.cut, self.reference_turns)

    @property
    def cut_off_rate(self) -> float | None:
        """Share of reference turns that were cut off."""
        return ratio(self.cut_off, self.reference_turns)

    @property
    def speech_seconds(self) -> float:
        """Time in turns, in seconds."""
        return round(sum(self.turn_lengths), 6)

    @property
    def speech_share(self) -> float | None:
        """Share of the time that is in turns."""
        return ratio(self.speech_seconds, self.scored_seconds)

    @property
    def miss_seconds(self) -> float | None:
        """True speech outside of turns, in seconds."""
        return _minus(self.reference_seconds, self.hit_seconds)

    @property
    def false_alarm_seconds(self) -> float | None:
        """Time in turns that is no speech, in seconds."""
        return _minus(self.speech_seconds, self.hit_seconds)

    @property
    def detection_error_rate(self) -> float | None:
        """Miss and false alarm time over the time of true speech (NIST)."""
        if self.miss_seconds is None or self.false_alarm_seconds is None:
            return None
        return ratio(self.miss_seconds + self.false_alarm_seconds, self.reference_seconds)

    @property
    def precision(self) -> float | None:
        """Share of the time in turns that is speech."""
        return ratio(self.hit_seconds, self.speech_seconds)

    @property
    def recall(self) -> float | None:
        """Share of the true speech that is in turns."""
        return ratio(self.hit_seconds, self.reference_seconds)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        if self.hit_seconds is None or self.reference_seconds is None:
            return None
        return ratio(2 * self.hit_seconds, self.speech_seconds + self.reference_seconds)

    def quantile(self, name: str, q: float, absolute: bool = False) -> float | None:
        """Return a quantile of ``turn_lengths``, ``onset_errors``, ``offset_errors`` or ``waits``, or None.

        Parameters
        ----------
        name : str
            Which of them.
        q : float
            In [0, 1]; between two values it is interpolated linearly.
        absolute : bool
            Take the size of each value without its sign.
        """
        values = np.asarray(getattr(self, name), dtype=np.float64)
        return float(np.quantile(np.abs(values) if absolute else values, q)) if len(values) else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers: the fields, what is derived from them, medians and p90."""
        lists = ("turn_lengths", "onset_errors", "offset_errors", "waits")
        row = {k: v for k, v in asdict(self).items() if k not in (*lists, "problems")}
        for name in COUNTS:
            row[f"{name}_per_minute"] = self.per_minute(name)
        for name in DERIVED:
            row[name] = getattr(self, name)
        for name in lists:
            size = name.endswith("errors")
            row[f"{name}_median"] = self.quantile(name, 0.5, size)
            row[f"{name}_p90"] = self.quantile(name, 0.9, size)
        return row


def measure(
    turns: Sequence[Turn],
    reference: Reference | None = None,
    *,
    duration: float | None = None,
    scored: Sequence[tuple[float, float]] | None = None,
    settings: TurnDetection | None = None,
    overhead: float = 0.0,
) -> Measures:
    """Measure turns, against a reference where there is one.

    Parameters
    ----------
    turns : sequence of Turn
        Detected turns in order.
    reference : Labels or sequence of ReferenceTurn or Turn, optional
        What is true, or another detector's turns.
    duration : float, optional
        Length of the clip in seconds; by default it ends with the last turn of either.
    scored : sequence of (start, end), optional
        The regions to judge, in seconds; by default those of the labels, else the whole clip.
    settings : TurnDetection, optional
        The settings the turns were made with; without them there are no waits.
    overhead : float
        Seconds from the endpoint's decision to the event (see ``endpoint_overhead``).

    Returns
    -------
    Measures

    Raises
    ------
    LabelError
        A reference turn or region ends before it starts, or the turns are not in order.
    """
    found = _intervals([(t.onset, t.end) for t in turns], "turn")
    if np.any(found[1:, 0] < found[:-1, 1]):
        raise LabelError("The turns overlap or are not in order of time; sort them, one channel at a time.")
    given = _intervals(reference_times(reference), "reference turn")
    regions = scored_regions(reference, scored, duration, given, found)
    stretches, member_of = support(given)
    result = match(crop(stretches, regions), found, regions)
    starts = np.rint(np.array([t.start for t in turns]) * SAMPLE_RATE).astype(np.int64)
    plain = _turn_measures(result, found, starts, regions)
    if reference is None:
        return Measures(**plain)
    felt = _reference_measures(result, starts)
    if settings is not None:
        silence = settings.silence_frames * HOP
        felt["cut_off"] = int(result.cut_off(silence).sum())
        waits = result.errors(result.offset_pairs(), 1) + silence
        felt["waits"] = tuple(round(wait + overhead, 6) for wait in _tuple(waits[waits >= 0]))
    return Measures(**plain, **felt, problems=find_problems(result, member_of))


def total(measures: Iterable[Measures]) -> Measures:
    """Return the measures of several clips together: counts and times add up, errors and waits are pooled.

    What only some clips have (those with a reference) is None in the total, since it would not be of all.

    Examples
    --------
    >>> one = measure([Turn(1, 1, 2)], [ReferenceTurn(1, 2)], duration=30)
    >>> total([one, one]).scored_seconds
    60.0
    """
    clips = list(measures)
    if not clips:
        raise LabelError("There are no measures to add up; give those of at least one clip.")
    sums: dict[str, Any] = {}
    for name in Measures.__dataclass_fields__:
        values = [getattr(clip, name) for clip in clips]
        if name == "problems":
            continue
        if isinstance(values[0], tuple):
            sums[name] = tuple(value for row in values for value in row)
        else:
            sums[name] = None if None in values else sum(values)
    return Measures(**sums)


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


def reference_times(reference: Reference | None) -> list[tuple[float, float]]:
    """Return start (onset) and end of each reference turn in seconds."""
    items: Iterable[Any] = reference.turns if isinstance(reference, Labels) else reference or ()
    return [(t.onset if isinstance(t, Turn) else t.start, t.end) for t in items]


def scored_regions(
    reference: Reference | None,
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


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return ``part / whole``, or None where that has no meaning."""
    return part / whole if part is not None and whole else None


def _minus(whole: float | None, part: float | None) -> float | None:
    return None if whole is None or part is None else round(whole - part, 6)


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
        "reference_seconds": _seconds((truth[:, 1] - truth[:, 0]).sum()),
        "hit_seconds": _seconds(result.shared.sum()),
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
