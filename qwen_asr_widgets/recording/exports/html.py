"""Recordings and their delays as small tables for a notebook's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...formatting import clock, table
from ..summary import ENOUGH, MEASURES, waits_count

if TYPE_CHECKING:
    from ..latency import LatencyTable
    from ..recording import Recording
    from ..summary import LatencySummary, Measure

NO_WAITS = "sent as fast as it was taken, so its waits say nothing"


def recording_html(recording: Recording) -> str:
    """Return the transcript with times, and with waits where they say what a person would wait."""
    latency = recording.latency()
    waits = waits_count(latency.pace)
    rows = []
    for utterance, row in zip(recording.utterances, latency):
        start = utterance.onset if utterance.onset is not None else utterance.start
        span = "" if start is None else f"{clock(start)} – {clock(utterance.end) if utterance.end else '…'}"
        text = utterance.text or {"failed": "(no transcript)", "lost": "(lost)"}.get(utterance.status, "")
        delays = (row.first_partial, row.endpoint_delay, row.decode_delay, row.finalization)
        rows.append([str(utterance.number), span, text, *(map(seconds, delays) if waits else ())])
    head = ["", "Time", "Transcript"]
    head += ["First partial", "Endpoint", "Decode", "Final"] if waits else []
    return table(head, rows, _below(recording, latency))


def _below(recording: Recording, latency: LatencyTable) -> str:
    count = len(recording.utterances)
    info = recording.info
    parts = [f"{count} utterance{'' if count == 1 else 's'}"]
    parts += [info.engine] if info.engine else []
    waits = waits_count(latency.pace)
    parts += ["turns by the client"] if info.turn_taking == "client" and not waits else []
    parts.append(str(latency.summary()) if waits else NO_WAITS)
    parts += [] if recording.complete else ["incomplete"]
    return " · ".join([*parts, *recording.notes])


def latency_html(latency: LatencyTable) -> str:
    """Return the delays of every utterance."""
    rows = [
        [
            str(row.number), *(seconds(getattr(row, name)) for name in MEASURES),
            "" if row.revised_share is None else f"{100 * row.revised_share:.0f} %", row.ended_by or "",
        ]
        for row in latency
    ]
    head = ["", *(name.capitalize() for name in MEASURES.values()), "Revised", "Ended by"]
    return table(head, rows, str(latency.summary()))


def summary_html(summary: LatencySummary) -> str:
    """Return the figures of every delay: median and longest of few, percentiles of many."""
    many = summary.n >= ENOUGH
    head = ["", "n", *(["p50", "p95", "p99"] if many else ["Median"]), "Longest"]
    rows = [
        [MEASURES[name].capitalize(), str(measure.n), *_figures(measure, many)]
        for name, measure in summary.measures.items()
    ]
    return table(head, rows, summary.conditions)


def _figures(measure: Measure, many: bool) -> list[str]:
    values = (measure.p50, measure.p95, measure.p99) if many else (measure.p50,)
    return [f"{value:.2f} s" for value in (*values, measure.longest)]


def seconds(value: float | None) -> str:
    """Return a delay in words, or nothing where there is none."""
    return "" if value is None else f"{value:.2f} s"
