"""The waits of several runs under each other, as one slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..recording.comparing.comparison import NO_WAIT, ComparedRun, compared_run
from ..recording.comparing.pairing import first_difference, wait_difference
from ..recording.recording import Recording
from ..recording.summary import ENOUGH, SOURCES, pace_text
from ..vad.labels.references import Reference, reference_turns
from .axes import points_high, points_wide, quiet
from .fitted import FittedText
from .fonts import fonts_for
from .layout import stack
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..audio.reference import ReferenceTurn

SMALLEST, LARGEST = 7.5, 16.0
"""Points of the text: legible at 1280 × 720 on a slide, and beside code."""

ROOM = 0.9
"""Share of a run's height that its waits take."""


@dataclass(frozen=True)
class _Waits:
    """One run as it is drawn."""

    run: ComparedRun
    waits: tuple[float, ...]

    @property
    def said(self) -> str:
        """Median, spread and n; or why there is none."""
        run = self.run
        if run.finalization is None or run.longest is None:
            return NO_WAIT[run.no_wait]
        spread = f"longest {run.longest:.2f} s"
        if run.n >= ENOUGH:
            import numpy as np

            spread = f"p95 {np.percentile(self.waits, 95):.2f} s, {spread}"
        return f"median {run.finalization:.2f} s, {spread}, n = {run.n}"


def draw_waits(
    ax: Axes, recordings: Sequence[Recording], names: Sequence[str], reference: Reference | None = None
) -> Axes:
    """Draw each run's waits for the final as dots, with their median, and what the runs differ by.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw; text grows with it.
    recordings : sequence of Recording
        The runs; of the same sound their utterances are paired.
    names : sequence of str
        What each is called: what they differ in.
    reference : Labels, Sample, path, or list of turns, optional
        True turns; waits are then measured from their ends.
    """
    turns = None if reference is None else reference_turns(reference)
    rows = [_waits_of(recording, name, turns) for recording, name in zip(recordings, names)]
    _Slide(ax, rows).draw(_differences(recordings, names, turns), _about(recordings, turns))
    return ax


def _waits_of(recording: Recording, name: str, turns: Sequence[ReferenceTurn] | None) -> _Waits:
    """Return the waits that count: of utterances closed by silence, after their true end."""
    run = compared_run(recording, name, None, None, turns)
    rows = [] if run.no_wait else recording.latency(turns)
    return _Waits(run, tuple(
        row.finalization for row in rows
        if row.ended_by == "silence" and not row.cut and row.finalization is not None
    ))


def _differences(
    recordings: Sequence[Recording], names: Sequence[str], turns: Sequence[ReferenceTurn] | None
) -> list[str]:
    """Return a sentence for each run of the first one's sound that waits longer or shorter."""
    first = recordings[0]
    return [
        str(wait_difference(other, first, (name, names[0]), turns))
        for other, name in zip(recordings[1:], names[1:])
        if first_difference(first.tape, other.tape) is None and other.info.pace == first.info.pace == 1
    ]


def _about(recordings: Sequence[Recording], turns: Sequence[ReferenceTurn] | None) -> str:
    """Return what all runs have in common: sound, engine, pace, where speech ends, dates."""
    parts = [
        _joined(one.info.name for one in recordings),
        _joined(one.info.made_by or "recogniser not known" for one in recordings),
        _joined(pace_text(one.info.pace) for one in recordings),
        _joined(SOURCES[one.latency(turns).source] for one in recordings),
        _joined(one.info.started_at[:10] for one in recordings),
    ]
    return " · ".join(part for part in parts if part)


def _joined(values: Any) -> str:
    return " / ".join(dict.fromkeys(filter(None, values)))


class _Slide:
    """Headline, sentences, one strip of dots a run, a footer; the axis is shared."""

    def __init__(self, ax: Axes, rows: Sequence[_Waits]) -> None:
        self.ax = ax
        self.rows = rows
        self.colors: Palette = palette_for(ax)
        self.size = min(LARGEST, max(SMALLEST, points_high(ax) / 26, points_wide(ax) / 70))
        self.families = list(fonts_for("".join(row.run.name for row in rows)).families)

    def draw(self, sentences: Sequence[str], about: str) -> None:
        """Draw everything, from the top."""
        line = 1.35 * self.size / points_high(self.ax)
        medians = [row.run.finalization for row in self.rows if row.run.finalization is not None]
        top = 1 - 0.2 * line
        if len(medians) == len(self.rows) == 2:
            said = " against ".join(f"{median:.2f} s" for median in medians)
            self._text(0, 1, top, said, "headline", fontsize=1.7 * self.size, weight="bold")
            top -= 1.8 * line
        for sentence in sentences:
            artist = self._text(0, 1, top, sentence, "difference", max_lines=2)
            top -= artist.lines_needed() * line
        self._text(0, 1, 0, about, "footer", va="bottom", color=self.colors.dim,
                   fontsize=0.75 * self.size, max_lines=2)
        self._axis()
        self._strips(top - 0.4 * line, 1.9 * line)

    def _text(self, x0: float, x1: float, y: float, said: str, gid: str, **properties: Any) -> FittedText:
        properties = {
            "fontsize": self.size, "color": self.colors.text, "va": "top", "family": self.families,
            **properties,
        }
        artist = FittedText(x0, x1, y, said, transform=self.ax.transAxes, parse_math=False, gid=gid,
                            **properties)
        self.ax.add_artist(artist)
        return artist

    def _axis(self) -> None:
        ax, most = self.ax, max([wait for row in self.rows for wait in row.waits] + [0.1])
        ax.set_xlim(0, 1.06 * most)
        ax.set_ylim(0, 1)
        ax.set_yticks([])
        ax.grid(False)
        quiet(ax, self.colors.line)
        ax.tick_params(labelsize=0.85 * self.size, colors=self.colors.dim, color=self.colors.line, length=3)
        ax.set_xlabel("seconds from the end of speech to the final text", color=self.colors.dim,
                      fontsize=0.85 * self.size)

    def _strips(self, top: float, bottom: float) -> None:
        """Give every run the same height: its name and figures over its dots."""
        high = max(0.05, (top - bottom) / len(self.rows))
        head = 1.5 * self.size / points_high(self.ax)
        for at, row in enumerate(self.rows):
            upper = top - at * high
            self._text(0, 0.42, upper, row.run.name, "name", weight="bold")
            self._text(0.43, 1, upper, row.said, "figures", color=self.colors.dim, ha="right")
            self._dots(row, upper - head, max(0.02, ROOM * high - head))

    def _dots(self, row: _Waits, top: float, high: float) -> None:
        """Stack dots that would cover each other; the median is a line."""
        reach = 0.3 * self.size * self.ax.get_xlim()[1] / points_wide(self.ax)
        waits = sorted(row.waits)
        places = stack([(wait - reach, wait + reach) for wait in waits])
        rise = min(0.6 * self.size / points_high(self.ax), high / (max([*places, 0]) + 1))
        foot = top - high
        self.ax.plot(self.ax.get_xlim(), [foot, foot], color=self.colors.line, linewidth=0.8)
        if row.run.finalization is not None:
            self.ax.plot([row.run.finalization] * 2, [foot, top], color=self.colors.text, linewidth=2,
                         gid=f"median-{row.run.name}")
        self.ax.plot(
            waits, [foot + (place + 0.5) * rise for place in places], "o", color=self.colors.wait,
            markersize=0.5 * self.size, markeredgewidth=0, alpha=0.8, gid=f"waits-{row.run.name}",
        )
