"""A tuned clip: waveform, lanes of turns, and the score curve with its threshold, over one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import ClockFormatter, ClockLocator, axes_or_new, quiet
from .recording_plot import envelope
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..audio.clip import AudioClip
    from ..vad.evaluation.measures import Problem
    from ..vad.scoring.frames import SpeechScores

ROLES = {"reference": "reference", "service": "service", "estimated": "turn"}
WAVE, LANE, SCORE = (0.62, 1.0), 0.085, (0.0, 0.3)
SIZE = 8.0
COLUMNS = 1_600


def plot_tuning(
    clip: AudioClip,
    scores: SpeechScores,
    threshold: float,
    lanes: Mapping[str, tuple[str, Sequence[tuple[float, float]]]],
    problems: Sequence[Problem] = (),
    ax: Axes | None = None,
    *,
    footer: str = "",
) -> Axes:
    """Draw what settings make of a clip.

    Parameters
    ----------
    clip : AudioClip
    scores : SpeechScores
    threshold : float
        In [-1, 1]; drawn over the scores.
    lanes : mapping of role to (name, turns)
        Role ``"reference"``, ``"service"`` or ``"estimated"``; turns as (start, end) in seconds.
    problems : sequence of Problem
        Marked in the lane ``"estimated"``.
    ax : matplotlib Axes, optional
        Without it a new figure of 9.6 × 4 inches.
    footer : str
        What a picture must say of itself.

    Returns
    -------
    matplotlib Axes
        The same, its x axis in seconds.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import qwen_asr_widgets as qaw
    >>> clip = qaw.sample("noisy").clip
    >>> lanes = {"estimated": ("estimated", [(1.0, 2.0)])}
    >>> ax = plot_tuning(clip, qaw.speech_scores(clip), 0.2, lanes, ax=Figure().add_subplot())
    >>> round(ax.get_xlim()[1])
    29
    """
    ax = axes_or_new(ax)
    colors = palette_for(ax)
    _draw_wave(ax, clip, colors)
    top = WAVE[0] - 0.02
    for role, (name, turns) in lanes.items():
        _draw_lane(ax, turns, top - LANE, colors, ROLES[role], name)
        if role == "estimated":
            _draw_problems(ax, problems, top - LANE, colors)
        top -= LANE + 0.02
    _draw_scores(ax, scores, threshold, colors)
    ax.set_xlim(0, max(clip.duration, 1e-3))
    ax.set_ylim(-0.02, 1.02)
    ax.set_yticks([])
    quiet(ax, colors.line)
    ax.xaxis.set_major_locator(ClockLocator())
    ax.xaxis.set_major_formatter(ClockFormatter())
    ax.tick_params(axis="x", labelsize=SIZE, colors=colors.dim, color=colors.line, length=3)
    if footer:
        ax.text(1.0, -0.12, footer, transform=ax.transAxes, ha="right", va="top", fontsize=SIZE - 0.5,
                color=colors.dim, gid="footer")
    return ax


def _draw_wave(ax: Axes, clip: AudioClip, colors: Palette) -> None:
    if not len(clip):
        return
    where, low, high = envelope(clip.samples, COLUMNS)
    peak = max(float(np.abs(low).max()), float(np.abs(high).max()), 1e-9)
    middle, half = (WAVE[0] + WAVE[1]) / 2, (WAVE[1] - WAVE[0]) / 2
    ax.fill_between(where / clip.sample_rate, middle + half * low / peak, middle + half * high / peak,
                    color=colors.wave, linewidth=0.5, gid="wave")


def _draw_lane(
    ax: Axes, turns: Sequence[tuple[float, float]], low: float, colors: Palette, role: str, name: str
) -> None:
    color = getattr(colors, role)
    ax.broken_barh([(start, end - start) for start, end in turns], (low, LANE), facecolor=(color, 0.16),
                   edgecolor=color, linewidth=0.9, gid=f"lane {role}")
    ax.text(-0.006, low + LANE / 2, name, transform=ax.get_yaxis_transform(), ha="right", va="center",
            fontsize=SIZE, color=colors.dim)


def _draw_problems(ax: Axes, problems: Sequence[Problem], low: float, colors: Palette) -> None:
    """Mark the place of each error; the table names its kind."""
    for one in problems:
        ax.plot([(one.start + one.end) / 2], [low + LANE / 2], marker="v", markersize=5, color=colors.alarm,
                linestyle="none", gid=f"problem {one.kind}", zorder=5)


def _draw_scores(ax: Axes, scores: SpeechScores, threshold: float, colors: Palette) -> None:
    values = np.asarray(scores.values, dtype=np.float64)
    low, high = SCORE
    level = low + (high - low) * (threshold + 1) / 2
    if len(values):
        times: Any = (np.arange(len(values)) + 0.5) * scores.hop
        curve = low + (high - low) * (values + 1) / 2
        ax.fill_between(times, level, curve, where=(curve >= level).tolist(), color=(colors.turn, 0.16),
                        linewidth=0)
        ax.plot(times, curve, color=colors.turn, linewidth=0.8, gid="score")
    ax.axhline(level, color=colors.turn, linewidth=1.2, linestyle=(0, (4, 3)), gid="threshold")
    ax.text(1.004, level, f"{threshold:.2f}".replace("-", "−"), transform=ax.get_yaxis_transform(),
            ha="left", va="center", fontsize=SIZE, color=colors.turn, weight="bold")
    ax.text(-0.006, (low + high) / 2, "Score", transform=ax.get_yaxis_transform(), ha="right", va="center",
            fontsize=SIZE, color=colors.dim)
