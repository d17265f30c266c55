"""The waits of a recording, utterance by utterance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..arguments import checked_keywords
from ..errors import SettingError
from ..recording.comparing.naming import run_names
from ..recording.latency import LatencyTable, UtteranceLatency
from ..recording.recording import Recording, checked_recording
from ..recording.summary import no_waits_text, waits_count
from ..vad.labels.references import Reference
from .axes import axes_or_new, figure_dpi, footer_text, points_high, points_wide, quiet
from .fitted import FittedText
from .style import Palette, halo, palette_for
from .waits_plot import draw_waits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL_SIZE = 7.5
SLIDE = (12.8, 7.2)
"""Inches of a picture of several recordings."""

WIDEST_BAR = 0.5
"""Inches."""

LINE = 12.0
"""Height of a line of text in points."""

PALE = 0.4
"""Opacity of utterances that no summary counts: something other than silence closed them."""


@checked_keywords
def plot_latency(
    recording: Recording | Sequence[Recording], ax: Axes | None = None, *,
    reference: Reference | None = None, names: Sequence[str] = (),
) -> Axes:
    """Draw what each utterance took: endpoint delay, hatched on it decode delay, the median as a line.

    Of several recordings the waits for the final stand under each other, one dot an utterance, with their
    medians and, where they are of one sound, how much longer one waits: a slide of its own.

    Where silence closed some, utterances that something else closed are pale: the summary leaves them out.
    Of sound that was not sent in real time nothing is drawn: its waits are no one's.

    Parameters
    ----------
    recording : Recording, or sequence of Recording
        Finished or still running.
    ax : matplotlib Axes, optional
        Where to draw; without it a new figure of 9.6 × 3 inches, for several recordings 12.8 × 7.2.
    reference : Labels, Sample, path, or list of turns, optional
        True turns; delays are then measured from their ends.
    names : sequence of str, optional
        What to call each of several recordings; by default by what they differ in.

    Returns
    -------
    matplotlib Axes
        The same: utterance numbers on x, seconds on y; for several recordings seconds on x.

    Raises
    ------
    SettingError
        ``recording`` or ``ax`` is something else, or there are not as many names as recordings.
    LabelError
        ``reference`` is.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from qwen_asr_widgets import Recording
    >>> ax = plot_latency(Recording(), Figure().add_subplot())
    >>> ax.get_ylabel()
    'seconds after speech ends'
    """
    if isinstance(recording, Sequence) and not isinstance(recording, str):
        return _plot_several(recording, ax, reference, names)
    checked_recording(recording, "plot_latency")
    ax = axes_or_new(ax, height=3.0)
    colors = palette_for(ax)
    latency = recording.latency(reference)
    counts = waits_count(latency.pace)
    rows = [
        row for row in latency if counts and (row.endpoint_delay is not None or row.decode_delay is not None)
    ]
    half = _half_width(ax, len(latency))
    counted = {row.number for row in rows if row.ended_by == "silence" and not row.cut}
    for row in rows:
        _draw_bar(ax, colors, row, half, 1.0 if row.number in counted or not counted else PALE)
    legend = _draw_legend(ax, colors, 0 < len(counted) < len(rows))
    footer = _add(ax, 0, 1, 0.0, footer_text(recording, latency), transform=ax.transAxes, max_lines=3,
                  ha="right", va="bottom", color=colors.dim, gid="footer")
    ends = [row.endpoint_delay or 0.0 for row in rows]
    top = max([_top(row) for row in rows] + [0.1])
    _prepare(ax, colors, recording, len(latency))
    _lay_out(ax, min([0.0, *ends]), top, legend, LINE * footer.lines_needed())
    for row in rows:
        _add(ax, row.number - 0.48, row.number + 0.48, _top(row) + 0.02 * top, f"{_top(row):.2f}",
             max_lines=0, ha="center", va="bottom", color=colors.dim, gid=f"total-{row.number}", zorder=6,
             path_effects=halo(ax))
    if not rows:
        none = "no utterance was timed" if counts else no_waits_text(latency.pace)
        _add(ax, 0.02, 0.98, 0.6, none, transform=ax.transAxes, max_lines=3, ha="center", va="center",
             color=colors.dim, gid="none")
    else:
        _draw_typical(ax, colors, latency)
    return ax


def _plot_several(
    recordings: Sequence[Recording], ax: Axes | None, reference: Reference | None, names: Sequence[str]
) -> Axes:
    for one in recordings:
        checked_recording(one, "plot_latency")
    if not recordings:
        raise SettingError("plot_latency was given no recordings.", "recording")
    called = run_names(recordings, names)
    return draw_waits(axes_or_new(ax, *SLIDE), recordings, called, reference)


def _top(row: UtteranceLatency) -> float:
    return max(row.endpoint_delay or 0.0, 0.0) + (row.decode_delay or 0.0)


def _add(ax: Axes, x0: float, x1: float, y: float, text: str, **properties: Any) -> FittedText:
    properties.setdefault("transform", ax.transData)
    artist = FittedText(x0, x1, y, text, fontsize=SMALL_SIZE, parse_math=False, **properties)
    ax.add_artist(artist)
    return artist


def _half_width(ax: Axes, count: int) -> float:
    """Return half the width of a bar, in utterances: few utterances do not make broad bars."""
    inches = points_wide(ax) / 72
    return min(0.36, WIDEST_BAR / 2 / (inches / (max(count, 1) + 0.2)))


def _draw_bar(ax: Axes, colors: Palette, row: UtteranceLatency, half: float, alpha: float) -> None:
    """Draw one utterance: what a person waited for the end, then for the words."""
    from matplotlib.patches import Rectangle

    endpoint = row.endpoint_delay or 0.0
    left, width = row.number - half, 2 * half
    ax.add_patch(Rectangle((left, 0), width, endpoint, facecolor=colors.wait, linewidth=0, alpha=alpha,
                           gid=f"endpoint-{row.number}"))
    if row.decode_delay is not None:
        ax.add_patch(Rectangle((left, endpoint), width, row.decode_delay, facecolor="none", alpha=alpha,
                               edgecolor=colors.decode, hatch="//////", linewidth=0.8,
                               gid=f"decode-{row.number}"))
    if row.first_partial is not None:
        ax.plot([left, left + width], [row.first_partial] * 2, color=colors.turn, linewidth=1.6, zorder=4,
                solid_capstyle="butt", alpha=alpha, gid=f"partial-{row.number}")


def _prepare(ax: Axes, colors: Palette, recording: Recording, count: int) -> None:
    """Set axes and ticks."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(0.4, max(count, 1) + 0.6)
    ax.grid(False)
    quiet(ax, colors.line)
    ax.spines["bottom"].set_position(("data", 0.0))
    wide = points_wide(ax)
    most = max(1, min(25, int(wide / 28)))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, min_n_ticks=1))
    what = "the commit" if recording.config.turn_detection is None else "speech ends"
    ax.set_ylabel(f"seconds after {what}", color=colors.dim, fontsize=SMALL_SIZE + 0.5)
    ax.tick_params(labelsize=SMALL_SIZE, colors=colors.dim, color=colors.line, length=3, pad=2)


def _lay_out(ax: Axes, bottom: float, top: float, legend: Any, footer: float) -> None:
    """Give the bars what legend (above), numbers and footer (below; in points) leave of the height."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    high = points_high(ax)
    above = legend.get_window_extent().height * 72 / figure_dpi(ax) if legend.get_visible() else 0.0
    room = max(high - above - footer - 3 * LINE, 0.2 * high)
    per_point = (top - bottom) / room
    ax.set_ylim(bottom - (footer + 1.5 * LINE) * per_point, bottom + (high - footer - 1.5 * LINE) * per_point)
    ticks = MaxNLocator(nbins=max(1, min(5, int(room / 20)))).tick_values(0.0, top)
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0 <= tick <= 1.05 * top]))


def _draw_typical(ax: Axes, colors: Palette, latency: LatencyTable) -> None:
    """Draw the median wait as a line across."""
    wait = latency.summary().measures.get("finalization")
    if wait is not None and wait.n > 1:
        ax.axhline(wait.p50, color=colors.text, linewidth=0.9, linestyle=(0, (4, 3)), zorder=5, gid="median")


def _draw_legend(ax: Axes, colors: Palette, some_pale: bool) -> Any:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks: list[Any] = [
        Patch(facecolor=colors.wait, label="endpoint delay"),
        Patch(facecolor="none", edgecolor=colors.decode, hatch="//////", label="decode delay"),
        Line2D([], [], color=colors.turn, linewidth=1.6, label="first partial, after speech begins"),
        Line2D([], [], color=colors.text, linewidth=0.9, linestyle=(0, (4, 3)), label="median wait"),
    ]
    if some_pale:
        marks.append(Patch(facecolor=colors.wait, alpha=PALE, label="not counted"))
    wide = points_wide(ax)
    columns = len(marks) if wide > 560 else 2
    legend = ax.legend(
        handles=marks, loc="upper right", ncols=columns, frameon=False, fontsize=SMALL_SIZE,
        labelcolor=colors.dim, handlelength=1.3, handleheight=0.8, handletextpad=0.5, columnspacing=1.4,
        borderaxespad=0, borderpad=0,
    )
    legend.set_visible(legend.get_window_extent().width < 0.95 * ax.bbox.width and points_high(ax) > 120)
    return legend
