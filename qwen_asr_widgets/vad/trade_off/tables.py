"""The operating points of one or more detectors as text, HTML, Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...formatting import table
from .curves import OperatingPoint

Points = Sequence["OperatingPoint | None"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Summary:
    """What a table shows: the points of each detector, its area, and what all of it rests on.

    Parameters
    ----------
    latency_budgets, cut_off_budgets : tuple of float
        Seconds, and shares of the holds.
    rows : tuple of DetectorRow
    notes : tuple of str
        Sentences that must stand below.
    """

    latency_budgets: tuple[float, ...]
    cut_off_budgets: tuple[float, ...]
    rows: tuple[DetectorRow, ...]
    notes: tuple[str, ...]

    @property
    def head(self) -> list[str]:
        """The titles of the columns."""
        cut_offs = [f"Cut-offs at {budget * 1_000:.0f} ms" for budget in self.latency_budgets]
        latencies = [f"Latency at {budget * 100:g} %" for budget in self.cut_off_budgets]
        return ["Detector", *cut_offs, *latencies, "Area"]

    def cells(self) -> list[list[str]]:
        """Return the rows as text."""
        return [
            [row.detector, *map(_share, row.cut_offs), *map(_latency, row.latencies), _area(row)]
            for row in self.rows
        ]


@dataclass(frozen=True)
class DetectorRow:
    """One detector of a table: points by latency budget, by cut-off budget, and its area (s)."""

    detector: str
    cut_offs: tuple[OperatingPoint | None, ...]
    latencies: tuple[OperatingPoint | None, ...]
    area: float
    area_interval: Interval


def as_text(summary: Summary) -> str:
    """Return a table in columns of equal width, with its notes below."""
    lines = [summary.head, *summary.cells()]
    widths = [max(len(line[k]) for line in lines) for k in range(len(summary.head))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([*rows, *summary.notes])


def as_html(summary: Summary) -> str:
    """Return a table for a notebook."""
    return table(summary.head, summary.cells(), " ".join(summary.notes))


def as_markdown(summary: Summary) -> str:
    """Return a table of Markdown, with its notes below."""
    head = summary.head
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *summary.cells()]
    rows = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]
    return "\n".join([*rows, "", *summary.notes]) + "\n"


def as_latex(summary: Summary) -> str:
    """Return a ``tabular`` for the package booktabs; the notes lead it as comments."""
    head, *rows = ([_escaped(cell) for cell in line] for line in [summary.head, *summary.cells()])
    lines = [f"% {note}" for note in summary.notes]
    lines += [rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}", r"\toprule"]
    lines += [" & ".join(head) + r" \\", r"\midrule"]
    lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


CSV_HEAD = (
    "detector", "limited", "budget", "cut_off_rate", "latency_s", "low", "high", "held_out", "threshold",
    "action_delay_s", "time_out_s", "holds", "ends",
)


def as_csv(summary: Summary) -> str:
    """Return numbers alone: a row for each detector and budget, empty where none keeps to it."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_HEAD)
    for row in summary.rows:
        limited = [("latency", *pair) for pair in zip(summary.latency_budgets, row.cut_offs)]
        limited += [("cut_off_rate", *pair) for pair in zip(summary.cut_off_budgets, row.latencies)]
        for name, budget, point in limited:
            writer.writerow([row.detector, name, budget, *_numbers(point)])
    return file.getvalue()


def _numbers(point: OperatingPoint | None) -> list[object]:
    if point is None:
        return [""] * (len(CSV_HEAD) - 3)
    policy = point.policy
    values = [point.cut_off_rate, point.latency, *point.interval, point.held_out, policy.threshold,
              policy.action_delay, policy.time_out]
    return [*("" if math.isnan(value) else value for value in values), point.holds, point.ends]


def _share(point: OperatingPoint | None) -> str:
    return "–" if point is None else f"{point.cut_off_rate * 100:.1f} %{_span(point.interval, 100, 1)}"


def _latency(point: OperatingPoint | None) -> str:
    return "–" if point is None else f"{point.latency * 1_000:.0f} ms{_span(point.interval, 1_000, 0)}"


def _area(row: DetectorRow) -> str:
    return "–" if math.isnan(row.area) else f"{row.area * 1_000:.0f} ms{_span(row.area_interval, 1_000, 0)}"


def _span(interval: Interval, scale: float, places: int) -> str:
    """Return an interval in brackets; an infinite edge says that the budget is missed there."""
    if any(math.isnan(edge) for edge in interval):
        return ""
    low, high = (f"{edge * scale:.{places}f}" if math.isfinite(edge) else "missed" for edge in interval)
    return f" ({low}–{high})"


def _escaped(text: str) -> str:
    for plain in "%_&#$":
        text = text.replace(plain, "\\" + plain)
    return text.replace("–", "--")
