"""Small tables for a notebook's output: text as text, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ..summary import ENOUGH, MEASURES, waits_count

if TYPE_CHECKING:
    from ..latency import LatencyTable
    from ..recording import Recording
    from ..summary import LatencySummary, Measure

_LINE = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL = f"padding:4px 12px 4px 0;text-align:left;vertical-align:top;{_LINE}"
_DIM = "opacity:.75"
NO_WAITS = "sent as fast as it was taken, so its waits say nothing"
_SHORT = 20
"""Characters up to which a cell (a place, a delay) stays on one line."""


def clock(seconds: float, tenths: bool = True) -> str:
    """Return a position as minutes and seconds, with hours where there are any.

    Examples
    --------
    >>> clock(65.26), clock(3725, tenths=False)
    ('1:05.3', '1:02:05')
    """
    whole = int(seconds * 10 + 0.5) if tenths else int(seconds + 0.5) * 10
    hours, minutes, rest = whole // 36_000, whole // 600 % 60, whole % 600 / 10
    text = f"{rest:04.1f}" if tenths else f"{rest:02.0f}"
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], below: str = "") -> str:
    """Return an HTML table; every cell is plain text and is escaped."""
    top = "".join(f'<th style="{_CELL};font-weight:600">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr>{"".join(_cell(cell) for cell in row)}</tr>' for row in rows
    )
    note = f'<div style="{_DIM};padding:4px 0">{escape(below)}</div>' if below else ""
    return (
        '<div style="overflow-x:auto;font-variant-numeric:tabular-nums">'
        f'<table style="border-collapse:collapse;background:none">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{note}</div>"
    )


def _cell(text: str) -> str:
    space = "nowrap" if len(text) <= _SHORT else "pre-wrap"
    return f'<td style="{_CELL};white-space:{space}">{escape(text)}</td>'


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
