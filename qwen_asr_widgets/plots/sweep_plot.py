"""What a sweep found, in two pictures: errors by threshold and silence, and cut-offs against the wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import checked_keywords
from ..errors import SettingError
from ..vad.sweep.result import Cells, SweepPoint, SweepResult
from ..vad.turns import TurnDetection
from .axes import quiet
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL_SIZE = 7.5
LABEL_SIZE = 8.5
FEW_TICKS = 7

_Marked = tuple["TurnDetection | None", "TurnDetection | None", "TurnDetection | None"]
"""The settings in force, those tried, and the best."""


@dataclass(frozen=True)
class _Mark:
    """Settings to mark: the same line and word in both pictures."""

    cell: tuple[int, int]
    name: str
    color: str
    style: Any


@checked_keywords
def plot_sweep(
    result: SweepResult,
    axes: tuple[Axes, Axes] | None = None,
    *,
    in_force: TurnDetection | None = None,
    trying: TurnDetection | None = None,
    best: TurnDetection | None = None,
    source: str = "",
) -> tuple[Axes, Axes]:
    """Draw both pictures of a sweep side by side.

    Parameters
    ----------
    result : SweepResult
        Of clips with references.
        Of several calls, a band shows the 95 % interval of each setting of the front by itself.
    axes : pair of matplotlib Axes, optional
        For the map and the trade-off; without them a new figure of 9.6 × 3.6 inches. Cells of the map are
        numbered from 0 on both axes, so that a click tells its indices by rounding.
    in_force, trying, best : TurnDetection, optional
        Settings to mark, each at the nearest cell: dashed, blue and green.
    source : str
        Whose turns these are, e.g. ``"estimated for DashScope, fit ± 28 ms"``; stands in the corner.

    Returns
    -------
    pair of matplotlib Axes

    Raises
    ------
    SettingError
        The sweep had no reference, or ``result`` is no result of `sweep`.

    Examples
    --------
    >>> from qwen_asr_widgets import ReferenceTurn, SpeechScores
    >>> from qwen_asr_widgets import sweep
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-1] * 60)
    >>> found = sweep(scores, [-0.5, 0.0], [400, 800], reference=[ReferenceTurn(0.64, 1.92)])
    >>> left, right = plot_sweep(found)
    >>> right.get_xlabel()
    'mean wait after speech ends (s)'
    """
    if not isinstance(result, SweepResult):
        raise SettingError(f"plot_sweep takes the result of a sweep, not {result!r:.60}.", "result")
    result.require_reference("a map of errors")
    left, right = axes if axes is not None else _new_pair()
    marked = (in_force, trying, best)
    _draw_map(result, left, marked)
    _draw_trade_off(result, right, marked)
    colors = palette_for(right)
    right.text(1.0, -0.25, _footer(result, source), transform=right.transAxes, ha="right", va="top",
               fontsize=SMALL_SIZE, color=colors.dim, gid="footer")
    return left, right


def _draw_map(result: SweepResult, ax: Axes, marked: _Marked) -> None:
    """Draw errors per minute over threshold (x) and silence (y): the fewer, the fuller the colour."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    colors = palette_for(ax)
    errors = result.total("errors_per_minute")
    mesh = ax.pcolormesh(
        np.arange(errors.shape[0]), np.arange(errors.shape[1]), errors.T, shading="nearest",
        edgecolors="face", cmap=_color_map(colors), norm=_norm(errors), linewidth=0, gid="errors",
    )
    for mark in _marks(result, colors, marked):
        t, s = mark.cell
        ax.add_patch(Rectangle((t - 0.5, s - 0.5), 1, 1, facecolor="none", edgecolor=_halo(colors),
                               linewidth=3.4))
        ax.add_patch(Rectangle((t - 0.5, s - 0.5), 1, 1, facecolor="none", edgecolor=mark.color,
                               linewidth=1.8, linestyle=mark.style, gid=f"map {mark.name}"))
        ax.annotate(mark.name, (t, s), xytext=(7, 5), textcoords="offset points", fontsize=SMALL_SIZE,
                    color=colors.text, path_effects=[withStroke(linewidth=2.4, foreground=_halo(colors))])
    _label_cells(ax, result)
    ax.set_title("Errors a minute", loc="left", fontsize=LABEL_SIZE, color=colors.text)
    ax.set_xlabel("threshold", fontsize=SMALL_SIZE, color=colors.dim)
    ax.set_ylabel("silence (ms)", fontsize=SMALL_SIZE, color=colors.dim)
    _quiet_ticks(ax, colors)
    bar = ax.figure.colorbar(mesh, ax=ax, fraction=0.045, pad=0.02, ticks=MaxNLocator(4))
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(labelsize=SMALL_SIZE, colors=colors.dim, length=2)


def _draw_trade_off(result: SweepResult, ax: Axes, marked: _Marked) -> None:
    """Draw the share of turns cut off against the wait; a line joins the settings no other beats."""
    from matplotlib.ticker import PercentFormatter

    front = result.pareto()
    colors = palette_for(ax)
    waits, cuts = result.total("wait"), result.total("cut_off_rate")
    usable = np.isfinite(waits) & np.isfinite(cuts)
    ax.plot(waits[usable], cuts[usable], "o", markersize=2.2, color=colors.dim, alpha=0.35,
            markeredgewidth=0, gid="settings")
    ax.plot([p.wait for p in front], [p.cut_off_rate for p in front], "-o", color=colors.turn,
            markersize=2.8, linewidth=1.2, gid="front")
    has_band = _draw_band(result, ax, front, colors)
    marks = _marks(result, colors, marked)
    for number, mark in enumerate(marks):
        _ring(ax, mark, float(waits[mark.cell]), float(cuts[mark.cell]), number)
    _fit_waits(ax, [p.wait for p in front] + [float(waits[mark.cell]) for mark in marks])
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.set_title("Turns cut off against the wait", loc="left", fontsize=LABEL_SIZE, color=colors.text)
    ax.set_xlabel("mean wait after speech ends (s)", fontsize=SMALL_SIZE, color=colors.dim)
    band = " (band: 95 %)" if has_band else ""
    ax.set_ylabel(f"reference turns cut off{band}", fontsize=SMALL_SIZE, color=colors.dim)
    quiet(ax, colors.line)
    _quiet_ticks(ax, colors)


def _draw_band(result: SweepResult, ax: Axes, front: list[SweepPoint], colors: Palette) -> bool:
    """Draw the 95 % interval of each point of the front; tell whether there are calls enough for it."""
    cells = [result.nearest(point.settings) for point in front]
    low, high = (np.array([edge[cell] for cell in cells]) for edge in result.interval("cut_off_rate"))
    known = bool(cells) and bool(np.isfinite(high).all())
    if known:
        waits = [point.wait for point in front]
        ax.fill_between(waits, low, high, color=colors.turn, alpha=0.14, linewidth=0, gid="band")
    return known


def _new_pair() -> tuple[Axes, Axes]:
    from matplotlib import pyplot

    _, pair = pyplot.subplots(1, 2, figsize=(9.6, 3.6), layout="constrained", width_ratios=(1.15, 1))
    return pair[0], pair[1]


def _marks(result: SweepResult, colors: Palette, marked: _Marked) -> list[_Mark]:
    """Return the settings to mark, those in force first so that others lie on top."""
    looks = (
        ("in force", colors.text, (0, (2, 1.2))),
        ("trying", colors.turn, "-"),
        ("best", colors.service, "-"),
    )
    return [_Mark(result.nearest(one), *look) for one, look in zip(marked, looks) if one is not None]


def _ring(ax: Axes, mark: _Mark, wait: float, cut: float, number: int) -> None:
    """Draw a mark of the trade-off, its word beside it; settings without a wait have no place there."""
    if not np.isfinite([wait, cut]).all():
        return
    size = 9 + 3 * number
    ax.plot([wait], [cut], "o", markersize=size, markerfacecolor="none", markeredgecolor=mark.color,
            markeredgewidth=0 if mark.style != "-" else 1.8, clip_on=False, gid=f"front {mark.name}")
    if mark.style != "-":
        ax.scatter([wait], [cut], s=size ** 2, facecolors="none", edgecolors=mark.color, linewidths=1.6,
                   linestyles=[mark.style], zorder=4, clip_on=False)
    ax.annotate(mark.name, (wait, cut), xytext=(9, 7 + 10 * number), textcoords="offset points",
                fontsize=SMALL_SIZE, color=mark.color, gid=f"word {mark.name}")


def _fit_waits(ax: Axes, shown: list[float]) -> None:
    """Show the front and the marks: waits far beyond them are of no use and would squeeze it to the left."""
    known = [wait for wait in shown if np.isfinite(wait)]
    if known:
        low, high = min(known), max(known)
        margin = 0.08 * max(high - low, 0.2)
        ax.set_xlim(max(low - margin, 0.0), high + 0.6 * (high - low) + 2 * margin)
    ax.set_ylim(bottom=-0.07 * max(ax.get_ylim()[1], 0.05))


def _color_map(colors: Palette) -> Any:
    """Return a map from the full colour (few errors) to nearly the ground (many)."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    pale = "#eaf2fb" if not colors.dark else "#152232"
    shades = LinearSegmentedColormap.from_list("errors", [colors.turn, pale])
    return shades.with_extremes(bad=(*to_rgb(colors.line), 0.5))


def _norm(errors: Cells) -> Any:
    """Return a scale on which few errors are told apart and the worst settings do not drown the rest."""
    from matplotlib.colors import PowerNorm

    known = errors[np.isfinite(errors)]
    high = float(np.quantile(known, 0.95)) if len(known) else 1.0
    low = float(known.min()) if len(known) else 0.0
    return PowerNorm(0.6, vmin=low, vmax=max(high, low + 0.1), clip=True)


def _halo(colors: Palette) -> str:
    return "#ffffff" if not colors.dark else "#0d1117"


def _label_cells(ax: Axes, result: SweepResult) -> None:
    """Put a few thresholds and silences at their cells."""
    for axis, values in ((ax.xaxis, result.thresholds), (ax.yaxis, result.silences)):
        places = np.unique(np.linspace(0, len(values) - 1, min(FEW_TICKS, len(values))).round().astype(int))
        axis.set_ticks(places.tolist(), [f"{values[place]:g}" for place in places])


def _quiet_ticks(ax: Axes, colors: Palette) -> None:
    ax.grid(False)
    ax.tick_params(labelsize=SMALL_SIZE, colors=colors.dim, color=colors.line, length=3, pad=2)
    for spine in ax.spines.values():
        spine.set_color(colors.line)


def _footer(result: SweepResult, source: str) -> str:
    """Return what was swept: whose turns, how much, with which padding and overhead, and when."""
    turns = sum(clip.reference_turns for clip in result.clips)
    minutes = sum(clip.scored_samples for clip in result.clips) / 960_000
    calls = len({clip.call for clip in result.clips})
    parts = [
        source,
        f"n = {turns} turns in {minutes:.1f} min of {calls} call{'s' if calls != 1 else ''}",
        f"padding {result.paddings[0]} ms",
        f"overhead {result.overhead * 1_000:.0f} ms" if result.overhead else "",
        date.today().isoformat(),
    ]
    return " · ".join(part for part in parts if part)
