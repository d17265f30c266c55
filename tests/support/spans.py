"""An independent judge of end-of-turn policies, written from eot-bench's definitions, span by span."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Span:
    """One silence in whole milliseconds: its length, whether it ends a turn, and what a model said of it.

    ``heard`` holds pairs of (silence in ms, probability) in order of time.
    """

    duration: int
    is_end: bool
    heard: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Row:
    """One policy and its two measures, exactly."""

    threshold: float
    delay: int
    time_out: int
    cut_off_rate: Fraction
    latency: Fraction


def judged(spans: list[Span], shortest: int = 200, longest: int = 5_000) -> list[Span]:
    return [span for span in spans if span.is_end or shortest <= span.duration <= longest]


def answer_after(span: Span, threshold: float, delay: int, time_out: int) -> int:
    """Return the milliseconds of silence after which a policy answers, should the silence last."""
    for instant, probability in span.heard:
        if probability > threshold:
            fired = max(delay, instant)
            return fired if fired <= time_out else time_out
    return time_out


def row(spans: list[Span], threshold: float, delay: int, time_out: int) -> Row:
    holds = [span for span in spans if not span.is_end]
    ends = [span for span in spans if span.is_end]
    cut = sum(span.duration > answer_after(span, threshold, delay, time_out) for span in holds)
    waited = sum(answer_after(span, threshold, delay, time_out) for span in ends)
    return Row(threshold, delay, time_out, Fraction(cut, len(holds)), Fraction(waited, len(ends)))


def sweep(spans: list[Span], thresholds: list[float], delays: list[int], time_outs: list[int]) -> list[Row]:
    return [
        row(spans, threshold, delay, time_out)
        for threshold in thresholds for delay in delays for time_out in time_outs if time_out >= delay
    ]


def fewest_cut_offs(rows: list[Row], latency_ms: int) -> Row | None:
    kept = [one for one in rows if one.latency <= latency_ms]
    return min(kept, key=lambda r: (r.cut_off_rate, r.latency, *_preference(r)), default=None)


def lowest_latency(rows: list[Row], cut_off_rate: Fraction) -> Row | None:
    kept = [one for one in rows if one.cut_off_rate <= cut_off_rate]
    return min(kept, key=lambda r: (r.latency, r.cut_off_rate, *_preference(r)), default=None)


def _preference(row: Row) -> tuple[float, int, int]:
    """Of equals the higher threshold, then the shorter delay, then the shorter time-out."""
    return -row.threshold, row.delay, row.time_out


def front(rows: list[Row]) -> list[Row]:
    """Return the rows that no other beats, by comparing all with all; of equals the first in order."""
    beaten = [
        any(o.latency <= r.latency and o.cut_off_rate <= r.cut_off_rate
            and (o.latency, o.cut_off_rate) != (r.latency, r.cut_off_rate) for o in rows)
        for r in rows
    ]
    left = [r for r, is_beaten in zip(rows, beaten) if not is_beaten]
    best: dict[tuple[Fraction, Fraction], Row] = {}
    for r in sorted(left, key=_preference):
        best.setdefault((r.latency, r.cut_off_rate), r)
    return [best[key] for key in sorted(best)]


def area(rows: list[Row]) -> Fraction | None:
    found = [lowest_latency(rows, Fraction(step, 1_000)) for step in range(101)]
    latencies = [one.latency for one in found if one is not None]
    return sum(latencies, Fraction()) / len(latencies) if latencies else None
