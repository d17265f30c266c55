"""False cut-offs against latency, a line a detector; and the holds of each speaker against the silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arguments import checked_keywords
from ..errors import SettingError
from ..vad.pauses import Pauses
from ..vad.trade_off.curves import Curve
from ..vad.trade_off.result import CUT_OFF_BUDGETS, LATENCY_BUDGETS, TradeOff
from .axes import axes_or_new, quiet
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL_SIZE = 7.5
LABEL_SIZE = 8.5

BAND_STEPS = 91
"""Latencies at which the band of a line is worked out."""

LONGEST_SHOWN = 2.0
"""Seconds: longer latencies are of no use, and would squeeze the others."""

LINE_STYLES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (8, 2)))
"""A line's style tells the detectors apart where colours do not."""


@checked_keywords
def plot_trade_off(result: TradeOff, ax: Axes | None = None, *, bands: bool = True) -> Axes:
    """Draw the share of holds cut off against the latency: a line of best policies for each detector.

    Parameters
    ----------
    result : TradeOff
    ax : matplotlib Axes, optional
        Where to draw; without it a new figure of 7.2 × 4.4 inches.
    bands : bool
        Draw 95 % intervals, where there are several speakers or clips. They hold the choice as well.

    Returns
    -------
    matplotlib Axes
        The same: latency in seconds on x, the share of holds on y. Rings are the operating points.

    Raises
    ------
    SettingError
        ``result`` is no result of ``trade_off``, or ``ax`` no axes.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, trade_off
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.9] * 14 + [0.5] * 40 + [-1] * 60)
    >>> ax = plot_trade_off(trade_off(scores, [(0.64, 3.648)], thresholds=0.0))
    >>> ax.get_xlabel()
    'mean latency after the end of a turn (s)'
    """
    if not isinstance(result, TradeOff):
        raise SettingError(f"plot_trade_off takes the result of trade_off, not {result!r:.60}.", "result")
    ax = axes_or_new(ax, 7.2, 4.4)
    colors = palette_for(ax)
    _draw_budgets(ax, colors)
    for number, (curve, color) in enumerate(zip(result.curves, _cycle(colors, len(result.curves)))):
        if bands and result.resampler.possible:
            _draw_band(result, curve, ax, color)
        _draw_front(result, curve, ax, color, LINE_STYLES[number % len(LINE_STYLES)])
    _fit(result, ax)
    _label(ax, colors, "False cut-offs against latency", "mean latency after the end of a turn (s)",
           "holds cut off")
    _say_below(ax, colors, result.notes[:1])
    return ax


def plot_pauses(pauses: Pauses, ax: Axes | None = None) -> Axes:
    """Draw the share of holds that are longer than each silence, a line a speaker.

    Parameters
    ----------
    pauses : Pauses
        As ``qaw.pauses`` returns them.
    ax : matplotlib Axes, optional
        Where to draw; without it a new figure of 7.2 × 3.6 inches.

    Returns
    -------
    matplotlib Axes
        The same: silence in milliseconds on x, the share of holds on y.

    Raises
    ------
    SettingError
        ``pauses`` is something else, or ``ax`` no axes.

    Examples
    --------
    >>> from qwen_asr_widgets import pauses, sample
    >>> ax = plot_pauses(pauses(sample("prompts"), sample("prompts")))
    >>> ax.get_ylabel()
    'holds that are longer'
    """
    if not isinstance(pauses, Pauses):
        raise SettingError(f"plot_pauses takes the result of pauses, not {pauses!r:.60}.", "pauses")
    ax = axes_or_new(ax, 7.2, 3.6)
    colors = palette_for(ax)
    speakers = [who for who in pauses.speakers if any(hold.speaker == who for hold in pauses.holds)]
    longest = max((hold.duration for hold in pauses.holds), default=1.0)
    silences = np.arange(0, 1_000 * longest + 101, 10.0)
    for number, (who, color) in enumerate(zip(speakers, _cycle(colors, len(speakers)))):
        count = sum(hold.speaker == who for hold in pauses.holds)
        ax.step(silences, pauses.share_longer(silences, who), where="post", color=color, linewidth=1.4,
                linestyle=LINE_STYLES[number % len(LINE_STYLES)], gid=f"holds {who}",
                label=f"{who or 'holds'} (n = {count})")
    _label(ax, colors, "Holds longer than a silence", "silence (ms)", "holds that are longer")
    ax.set_xlim(0, float(silences[-1]))
    ax.set_ylim(0, 1.04)
    _say_below(ax, colors, [f"{repr(pauses)[1:-1]}."])
    return ax


def _cycle(colors: Palette, count: int) -> list[str]:
    """Return colours for lines, again from the first where there are more."""
    known = (colors.turn, colors.wait, colors.service, colors.reference, colors.alarm)
    return [known[number % len(known)] for number in range(count)]


def _draw_budgets(ax: Axes, colors: Palette) -> None:
    """Draw faint lines at the budgets of the field, each with its figure."""
    for latency in LATENCY_BUDGETS:
        ax.axvline(latency, color=colors.line, linewidth=0.8, zorder=0)
        ax.annotate(f"{latency * 1_000:.0f} ms", (latency, 1), xytext=(3, -3), textcoords="offset points",
                    xycoords=("data", "axes fraction"), va="top", fontsize=SMALL_SIZE, color=colors.dim)
    for share in CUT_OFF_BUDGETS:
        ax.axhline(share, color=colors.line, linewidth=0.8, zorder=0)
        ax.annotate(f"{share:.0%}", (1, share), xytext=(-2, 1), textcoords="offset points", ha="right",
                    xycoords=("axes fraction", "data"), va="bottom", fontsize=SMALL_SIZE, color=colors.dim)


def _draw_front(result: TradeOff, curve: Curve, ax: Axes, color: str, style: object) -> None:
    """Draw the Pareto front as steps, since between two policies there is none, and the operating points."""
    front = result.pareto(curve.detector)
    x, y = [point.latency for point in front], [point.cut_off_rate for point in front]
    if not front:
        return
    ax.step([*x, max(x[-1], LONGEST_SHOWN)], [*y, y[-1]], where="post", color=color, linewidth=1.4,
            linestyle=style, label=curve.detector, gid=f"front {curve.detector}")  # type: ignore[arg-type]
    chosen = [*result.at_budget(detector=curve.detector), *result.latency_at(detector=curve.detector)]
    points = [point for point in chosen if point is not None and point.latency <= LONGEST_SHOWN]
    ax.plot([point.latency for point in points], [point.cut_off_rate for point in points], "o", color=color,
            markersize=5, markerfacecolor="none", markeredgewidth=1.3, gid=f"points {curve.detector}")


def _draw_band(result: TradeOff, curve: Curve, ax: Axes, color: str) -> None:
    """Draw the 95 % interval of the lowest cut-off rate under each latency."""
    latencies = np.linspace(0.2, LONGEST_SHOWN, BAND_STEPS)
    low, high = result.band(latencies.tolist(), curve.detector)
    known = np.isfinite(low) & np.isfinite(high)
    ax.fill_between(latencies[known], low[known], high[known], step="post", color=color, alpha=0.14,
                    linewidth=0, gid=f"band {curve.detector}")


def _fit(result: TradeOff, ax: Axes) -> None:
    """Show what is of use: latencies up to 2 s, shares up to that of the quickest policy shown."""
    fronts = [point for name in result.detectors for point in result.pareto(name)]
    shown = [point for point in fronts if point.latency <= LONGEST_SHOWN]
    longest = max((point.latency for point in fronts), default=1.0)
    ax.set_xlim(0, max(LONGEST_SHOWN / 2, min(LONGEST_SHOWN, 1.1 * longest)))
    highest = max((point.cut_off_rate for point in shown), default=1.0)
    ax.set_ylim(-0.015 * max(highest, 0.2), 1.08 * max(min(highest, 1.0), 0.2))


def _label(ax: Axes, colors: Palette, title: str, x: str, y: str) -> None:
    from matplotlib.ticker import PercentFormatter

    ax.set_title(title, loc="left", fontsize=LABEL_SIZE, color=colors.text)
    ax.set_xlabel(x, fontsize=SMALL_SIZE, color=colors.dim)
    ax.set_ylabel(y, fontsize=SMALL_SIZE, color=colors.dim)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.tick_params(labelsize=SMALL_SIZE, colors=colors.dim, color=colors.line, length=3, pad=2)
    quiet(ax, colors.line)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper right", fontsize=SMALL_SIZE, frameon=False, labelcolor=colors.text)


def _say_below(ax: Axes, colors: Palette, notes: list[str] | tuple[str, ...]) -> None:
    """Write what the picture rests on below it, in lines that fit."""
    from textwrap import fill

    text = "\n".join(fill(note, 118) for note in notes)
    ax.annotate(text, (0, 0), xytext=(0, -32), xycoords="axes fraction", textcoords="offset points",
                ha="left", va="top", fontsize=SMALL_SIZE, color=colors.dim, gid="footer",
                annotation_clip=False)
