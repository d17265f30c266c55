"""What all pictures share: an axes to draw on, a time axis, and the line that says what is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import Formatter, Locator

from ..errors import SettingError
from ..formatting import clock
from ..recording import Recording
from ..recording.comparing.comparison import settings_text
from ..recording.latency import LatencyTable
from ..recording.summary import SOURCES, pace_text, waits_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
"""Distances between ticks (s) that read well on a clock."""

TICK_POINTS = 46.0
"""Least distance between two ticks."""


def axes_or_new(ax: Axes | None, width: float = 9.6, height: float = 4.0) -> Axes:
    """Return the axes given, else those of a new figure (inches) that a notebook shows by itself.

    Raises
    ------
    SettingError
        ``ax`` is something else.
    """
    from matplotlib.axes import Axes

    if isinstance(ax, Axes):
        return ax
    if ax is not None:
        raise SettingError(f"ax is {ax!r:.60}; it must be a matplotlib Axes, or None for a new figure.", "ax")
    from matplotlib import pyplot

    _, ax = pyplot.subplots(figsize=(width, height), layout="constrained")
    return ax


class ClockLocator(Locator):
    """Ticks at round times, as many as have room.

    Parameters
    ----------
    scale : float
        How many times larger than usual their labels are.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale

    def __call__(self) -> Sequence[float]:
        low, high = self.axis.get_view_interval()  # type: ignore[union-attr]
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Return the ticks between two times (s)."""
        low, high = sorted((vmin, vmax))
        axis: Any = self.axis
        if axis is None or not high > low:
            return []
        room = max(1.0, points_wide(axis.axes) / (TICK_POINTS * self._scale))
        step = next((step for step in STEPS if (high - low) / step <= room), STEPS[-1])
        first = math.ceil(low / step - 1e-9)
        return [round(number * step, 3) for number in range(first, math.floor(high / step + 1e-9) + 1)]


class ClockFormatter(Formatter):
    """Times as ``m:ss``, with tenths where ticks are closer than a second."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        axis: Any = self.axis
        ticks = axis.get_majorticklocs() if axis is not None else []
        fine = any(abs(tick - round(tick)) > 1e-6 for tick in ticks)
        return clock(x, tenths=fine)


def footer_text(recording: Recording, latency: LatencyTable) -> str:
    """Return what a picture must say of itself: engine, settings, n, pace, where speech ends, date."""
    info = recording.info
    summary = latency.summary()
    wait = summary.measures.get("finalization") if waits_count(info.pace) else None
    parts = [
        info.made_by or "recogniser not known",
        settings_text(recording),
        f"n = {wait.n}, finalization {wait.text}" if wait else f"n = {summary.n}",
        pace_text(info.pace),
        SOURCES[latency.source] if wait and latency.source != "client" else "",
        info.started_at[:10],
        "" if recording.complete else "incomplete",
    ]
    return " · ".join(part for part in parts if part)


def quiet(ax: Axes, line: str) -> None:
    """Leave an axes with its bottom line only."""
    for name in ("top", "right", "left"):
        ax.spines[name].set_visible(False)
    ax.spines["bottom"].set_color(line)


def slide_scale(ax: Axes) -> float:
    """Return how many times larger than usual texts are in a high picture: one is seen from afar.

    Up to 300 points (4 inches) they are as usual, on a slide of 7.2 inches 1.7 times as large.
    """
    return min(2.0, max(1.0, points_high(ax) / 300))


def figure_dpi(ax: Axes) -> float:
    """Return the pixels per inch of the figure an axes belongs to."""
    figure: Any = ax.get_figure(root=True)
    return float(figure.dpi)


def points_high(ax: Axes) -> float:
    """Return the height of an axes in points, as it is laid out now."""
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    return float(ax.bbox.height) * 72 / figure_dpi(ax)


def points_wide(ax: Axes) -> float:
    """Return the width of an axes in points."""
    return float(ax.bbox.width) * 72 / figure_dpi(ax)
