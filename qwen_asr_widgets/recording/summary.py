"""Few figures, honest: median and longest of a small sample, percentiles of a larger one, always with n."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arguments import is_number
from ..formatting import table
from ..glossary import heading

MEASURES = ("onset_delay", "first_partial", "endpoint_delay", "decode_delay", "finalization")
"""The delays a summary states; the glossary says what each is called."""

ENOUGH = 20
"""From this many utterances on, a 95th percentile says more than the longest value."""

SOURCES = {
    "reference": "speech ends by the reference",
    "service": "speech ends by the service",
    "client": "turns by the client",
    "estimated": "speech ends estimated",
}


@dataclass(frozen=True)
class Measure:
    """One delay over several utterances, in seconds.

    Parameters
    ----------
    n : int
        Number of utterances for which it is known.
    p50, p95, p99 : float
        Percentiles, linear between neighbours (numpy's default).
    longest : float
        The longest of them.
    """

    n: int
    p50: float
    p95: float
    p99: float
    longest: float

    @property
    def text(self) -> str:
        """The figures worth stating: median and longest below n = 20, percentiles from there on."""
        if self.n < ENOUGH:
            return f"median {self.p50:.2f} s, longest {self.longest:.2f} s"
        return f"p50 {self.p50:.2f} s, p95 {self.p95:.2f} s, p99 {self.p99:.2f} s"

    def figures(self, many: bool) -> tuple[float, ...]:
        """Return the columns of a table: median and longest, or where there are many, percentiles too."""
        return (self.p50, self.p95, self.p99, self.longest) if many else (self.p50, self.longest)


@dataclass(frozen=True)
class LatencySummary:
    """What the utterances closed by silence took, with everything needed to compare it with another run.

    Parameters
    ----------
    n : int
        Number of utterances counted.
    source : {"reference", "service", "client", "estimated"}
        What the ends of speech were taken from.
    chunk_ms, pace : float or None
        How the audio was sent; ``pace`` None: as fast as the service took it.
    cut : int
        Utterances left out because the service closed them before their reference turn had ended.
    left_out : int
        Utterances left out because something other than silence closed them.
    off_pace : int
        Utterances without a wait because their sound did not go out at the pace: in a burst, or paused.
    measures : dict of str to Measure
        By field name of `UtteranceLatency`; a delay that no utterance has is absent. Empty where the sound
        was not sent in real time (see `waits_count`).

    Examples
    --------
    >>> from qwen_asr_widgets import LatencyTable, UtteranceLatency
    >>> row = UtteranceLatency(1, finalization=1.02, ended_by="silence")
    >>> summary = LatencyTable([row], "service", chunk_ms=100, pace=1.0).summary()
    >>> summary.n, summary.measures["finalization"].p50
    (1, 1.02)
    """

    n: int
    source: str
    chunk_ms: float | None = None
    pace: float | None = None
    cut: int = 0
    left_out: int = 0
    off_pace: int = 0
    measures: dict[str, Measure] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Measure:
        if name in MEASURES and name not in self.measures:
            raise KeyError(f"{name} is not stated: {self}")
        return self.measures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)

    @property
    def conditions(self) -> str:
        """How it was measured, in words: n, chunk length, pace and where speech ends."""
        sent = [] if self.chunk_ms is None else [f"{self.chunk_ms:g} ms chunks"]
        wait = self.measures.get("finalization")
        count = wait.n if wait else self.n
        parts = [f"n = {count}", ", ".join([*sent, pace_text(self.pace)]), SOURCES[self.source]]
        if self.cut:
            parts.append(f"{self.cut} cut and not counted")
        if self.left_out:
            parts.append(f"{self.left_out} not closed by silence")
        if self.off_pace:
            parts.append(f"{self.off_pace} not sent at that pace")
        return "; ".join(parts)

    def __str__(self) -> str:
        named = self.measures.get("finalization")
        if not waits_count(self.pace):
            return f"no wait: {no_waits_text(self.pace)} ({self.conditions})"
        if named is None:
            why = "no utterance sent at that pace" if self.off_pace else "ends of speech not known"
            return f"{f'no wait: {why}' if self.n else 'no utterance closed by silence'} ({self.conditions})"
        return f"finalization: {named.text} ({self.conditions})"

    def _repr_html_(self) -> str:
        many = self.n >= ENOUGH
        head = ["", "n", *(["p50", "p95", "p99"] if many else ["Median"]), "Longest"]
        rows = [
            [heading(name), str(measure.n), *map(seconds_text, measure.figures(many))]
            for name, measure in self.measures.items()
        ]
        return table(head, rows, self.conditions) if rows else table([], [], str(self))


def seconds_text(value: float | None) -> str:
    """Return a delay in words, or nothing where there is none."""
    return "" if value is None else f"{value:.2f} s"


def pace_text(pace: float | None) -> str:
    """Return a pace in words.

    Examples
    --------
    >>> pace_text(1.0), pace_text(2.0), pace_text(None)
    ('real time', '2 × real time', 'as fast as taken')
    """
    if pace is None:
        return "as fast as taken"
    return "real time" if pace == 1 else f"{pace:g} × real time"


def waits_count(pace: float | None) -> bool:
    """Tell whether the waits of a run say what a person would wait, by the pace it was sent at.

    They do only where its sound was sent in real time. At another pace the silence that ends a turn passes at
    that pace too, and of sound that is sent as fast as it is taken an utterance waits for all before it.

    Examples
    --------
    >>> waits_count(1.0), waits_count(2.0), waits_count(None)
    (True, False, False)
    """
    return pace == 1


def no_waits_text(pace: float | None) -> str:
    """Return why a run has no waits to state, see `waits_count`.

    Examples
    --------
    >>> no_waits_text(None)
    'sent as fast as it was taken, so its waits say nothing'
    >>> no_waits_text(2.0)
    'sent at 2 × real time, so its waits say nothing'
    """
    how = "as fast as it was taken" if pace is None else f"at {pace_text(pace)}"
    return f"sent {how}, so its waits say nothing"


def total_usage(usages: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    """Return the sums of all numbers in what a service counts for each utterance, by name.

    Examples
    --------
    >>> total_usage([{"seconds": 2, "of": {"tokens": 5}}, None, {"seconds": 1.5, "of": {"tokens": 1}}])
    {'seconds': 3.5, 'of': {'tokens': 6}}
    """
    total: dict[str, Any] = {}
    for usage in usages:
        for name, value in (usage or {}).items():
            before = total.get(name)
            if isinstance(value, Mapping):
                total[name] = total_usage([before if isinstance(before, Mapping) else None, value])
            elif is_number(value):
                total[name] = value + (before if isinstance(before, (int, float)) else 0)
    return total


def summarize(
    rows: Sequence[Any],
    source: str,
    chunk_ms: float | None,
    pace: float | None,
    cut: int = 0,
    left_out: int = 0,
    off_pace: int = 0,
) -> LatencySummary:
    """Summarize rows that have the delays as attributes (seconds or None)."""
    measures = {}
    for name in MEASURES if waits_count(pace) else ():
        values = [value for value in (getattr(row, name) for row in rows) if value is not None]
        if values:
            p50, p95, p99 = (float(value) for value in np.percentile(values, (50, 95, 99)))
            measures[name] = Measure(len(values), p50, p95, p99, max(values))
    return LatencySummary(len(rows), source, chunk_ms, pace, cut, left_out, off_pace, measures)
