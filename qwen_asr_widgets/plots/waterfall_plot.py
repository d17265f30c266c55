"""What each wait of a recording consists of: a bar an utterance, its parts one after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..arguments import checked_keywords
from ..recording.delays.waterfall import PARTS, Waterfall
from ..recording.recording import Recording, checked_recording
from ..recording.summary import no_waits_text, waits_count
from ..vad.labels.references import Reference
from .axes import axes_or_new, figure_dpi, footer_text, points_high, points_wide, quiet
from .fitted import FittedText
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL_SIZE = 7.5
LINE = 12.0
"""Height of a line of text in points."""

INFERRED, UNCOUNTED = 0.5, 0.35
"""Opacity of what is not measured, and of utterances that no summary counts."""

THICKEST = 30.0
"""Points; few utterances do not make broad bars."""

LABEL = 34.0
"""Points that a total takes beside its bar."""


@checked_keywords
def plot_waterfall(
    recording: Recording, ax: Axes | None = None, *, reference: Reference | None = None
) -> Axes:
    """Draw what each wait consists of, from the end of speech to the words on the screen.

    What was measured is opaque, what was inferred is pale with an outline; parts that cannot be known are
    named below, with the part in which their time lies. See `Recording.waterfall`.

    Parameters
    ----------
    recording : Recording
        Finished or still running.
    ax : matplotlib Axes, optional
        Where to draw; without it a new figure of 9.6 × 3.4 inches.
    reference : Labels, Sample, path, or list of turns, optional
        True turns; waits then begin at their ends.

    Returns
    -------
    matplotlib Axes
        The same: seconds on x, utterance numbers downwards on y.

    Raises
    ------
    SettingError
        ``recording`` or ``ax`` is something else.
    LabelError
        ``reference`` is.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from qwen_asr_widgets import Recording
    >>> plot_waterfall(Recording(), Figure().add_subplot()).get_xlabel()
    'seconds after the last of the speech was sent'
    """
    checked_recording(recording, "plot_waterfall")
    ax = axes_or_new(ax, height=3.4)
    colors = palette_for(ax)
    waits = recording.waterfall(reference)
    counts = waits_count(waits.latency.pace)
    rows = [row for row in waits if row.parts and counts]
    _prepare(ax, colors, rows)
    legend = _draw_legend(ax, colors, rows)
    below = " · ".join(filter(None, [_unknown_text(rows), footer_text(recording, waits.latency)]))
    footer = _add(ax, 0, 1, 0.0, below, transform=ax.transAxes, max_lines=4, ha="right", va="bottom",
                  color=colors.dim, gid="footer")
    room = _lay_out(ax, rows, legend, LINE * footer.lines_needed())
    some_count = any(row.counts for row in rows)
    for place, row in enumerate(rows):
        _draw_row(ax, colors, place, row, room, 1.0 if row.counts or not some_count else UNCOUNTED)
    if not rows:
        none = "no utterance was timed" if counts else no_waits_text(waits.latency.pace)
        _add(ax, 0.02, 0.98, 0.6, none, transform=ax.transAxes, max_lines=3, ha="center", va="center",
             color=colors.dim, gid="none")
    return ax


def _color(colors: Palette, part: str) -> str:
    return {
        "network_there": colors.wave, "silence": colors.wait, "detection": colors.reference,
        "network_back": colors.wave, "decoding": colors.decode, "painting": colors.service,
    }[part]


def _add(ax: Axes, x0: float, x1: float, y: float, text: str, **properties: Any) -> FittedText:
    artist = FittedText(x0, x1, y, text, fontsize=SMALL_SIZE, parse_math=False, **properties)
    ax.add_artist(artist)
    return artist


def _look(color: str, alpha: float, measured: bool = True, edge: float = 0.8) -> dict[str, Any]:
    """Return how a part is drawn: what is inferred is pale, and has an outline."""
    from matplotlib.colors import to_rgba

    inside = alpha if measured else INFERRED * alpha
    return {"facecolor": to_rgba(color, inside), "edgecolor": to_rgba(color, alpha), "linewidth": edge}


def _draw_row(ax: Axes, colors: Palette, place: int, row: Waterfall, room: float, alpha: float) -> None:
    """Draw the parts of one wait from left to right, and its total behind them, in ``room`` points."""
    from matplotlib.patches import Rectangle

    half = min(0.36, THICKEST / 2 / room)
    edge = 0.8 if room > LINE else 0.0
    for part in row.parts:
        if part.seconds is not None and part.start is not None:
            look = _look(_color(colors, part.name), alpha, part.basis == "measured", edge)
            ax.add_patch(Rectangle((part.start, place - half), part.seconds, 2 * half, **look,
                                   gid=f"{part.name}-{row.number}"))
    total = row.total or 0.0
    if place in ax.get_yticks():
        _add(ax, total, 1e9, place, f"{total:.2f} s", transform=ax.transData, shift=4.0, max_lines=0,
             ha="left", va="center", color=colors.dim, gid=f"total-{row.number}")


def _prepare(ax: Axes, colors: Palette, rows: list[Waterfall]) -> None:
    """Set axes and the ticks of time."""
    ax.grid(False)
    quiet(ax, colors.line)
    longest = max([row.total or 0.0 for row in rows] + [0.1])
    ax.set_xlim(0.0, longest / (1 - min(0.4, LABEL / max(points_wide(ax), 1.0))))
    by_commit = bool(rows) and all(row.begins == "commit" for row in rows)
    what = "the commit" if by_commit else "the last of the speech was sent"
    ax.set_xlabel(f"seconds after {what}", color=colors.dim, fontsize=SMALL_SIZE + 0.5)
    ax.tick_params(labelsize=SMALL_SIZE, colors=colors.dim, color=colors.line, length=3, pad=2)
    ax.tick_params(axis="y", length=0)


def _unknown_text(rows: list[Waterfall]) -> str:
    """Return which parts are not known of any wait, and where their time lies."""
    said: dict[str, None] = {}
    for name in PARTS:
        parts = [part for row in rows for part in row.parts if part.name == name]
        if parts and all(part.seconds is None for part in parts):
            within = f"within {parts[-1].within}: " if parts[-1].within else ""
            said[f"{_title(name)} ({within}{parts[-1].why})"] = None
    return f"not known: {', '.join(said)}" if said else ""


def _title(part: str) -> str:
    """Return what a part is called in a picture, where both ways of the network are one."""
    return PARTS[part].partition(",")[0]


def _draw_legend(ax: Axes, colors: Palette, rows: list[Waterfall]) -> Any:
    from matplotlib.patches import Patch

    known = [part for row in rows for part in row.parts if part.seconds is not None]
    marks = [
        Patch(facecolor=_color(colors, name), label=_title(name))
        for name in PARTS if name != "network_back" and any(part.name == name for part in known)
    ]
    if any(part.basis == "inferred" for part in known):
        marks.append(Patch(**_look(colors.dim, 1.0, measured=False), label="pale: inferred"))
    columns = max(1, min(len(marks), int(points_wide(ax) / 100)))
    return ax.legend(
        handles=marks, loc="upper left", ncols=columns, frameon=False, fontsize=SMALL_SIZE,
        labelcolor=colors.dim, handlelength=1.3, handleheight=0.8, handletextpad=0.5, columnspacing=1.4,
        borderaxespad=0, borderpad=0,
    )


def _lay_out(ax: Axes, rows: list[Waterfall], legend: Any, footer: float) -> float:
    """Give the bars what legend (above) and footer (below; in points) leave; return the points of a row.

    Each row has its number as long as there is room.
    """
    count, high = max(len(rows), 1), points_high(ax)
    extent = legend.get_window_extent()
    above = extent.height * 72 / figure_dpi(ax) + 4
    if above > 0.4 * high or extent.width > ax.bbox.width:
        legend.set_visible(False)
        above = 0.0
    point = count / max(high - above - footer - 4, 0.25 * high)
    ax.set_ylim(count - 0.5 + (footer + 2) * point, -0.5 - (above + 2) * point)
    step = math.ceil(LINE * point)
    ax.set_yticks(range(0, len(rows), step), [str(row.number) for row in rows[::step]])
    return 1 / point
