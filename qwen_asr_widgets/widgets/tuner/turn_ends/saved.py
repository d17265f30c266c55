"""The ends of turns as HTML, for the report and a saved notebook: what decides, what it costs, each pause.

Told is what is known when it is asked for: a model that is still being asked has said nothing yet.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....formatting import clock, table
from ....vad.pauses import NEUTRAL_THRESHOLD
from ....vad.trade_off.curves import LATENCY
from ....vad.trade_off.trade_off import HOLD_RANGE
from ...shared.saved_output import figure_png, image_html
from .ends import SILENCE, VAD, Aim, TurnEnds
from .purposes import PURPOSES
from .reading import Reading
from .synthetic import is_synthetic

MOST_PAUSES = 200
"""Pauses listed in a report; the rest is counted."""

BY = {VAD: "the turn detector", SILENCE: "silence alone"}


def summary_parts(ends: TurnEnds) -> list[str]:
    """Return what a saved notebook keeps: nothing where the ends of turns were not looked at."""
    reading = ends.reading()
    if reading is None or not ends.is_used:
        return []
    return [f"<p>{escape(_about(ends, reading))}</p>", *_marks(ends, reading), _figures(ends)]


def report_parts(ends: TurnEnds) -> list[str]:
    """Return the part of the report: as in a saved notebook, every pause, and the trade-off where made."""
    reading = ends.reading()
    if reading is None or not ends.is_used:
        return []
    return [
        "<h2>When a turn is over</h2>", *summary_parts(ends),
        "<h2>Each pause</h2>", _listed(ends, reading), "<p></p>", _hazard(reading), *_traded(ends),
    ]


def _about(ends: TurnEnds, reading: Reading) -> str:
    """Return what decides by which policy, where the pauses come from, and what to doubt."""
    by = BY.get(ends.detector, ends.detector)
    how = "" if ends.detector == VAD else f", {ends.policy_in_force}"
    source = "labelled by hand" if reading.is_given else \
        f"read off the speech scores at threshold {NEUTRAL_THRESHOLD:.2f}"
    doubts = ""
    if ends.end_of_turn is not None and ends.end_of_turn.needs_sound and is_synthetic(ends.clip):
        doubts = " This is a synthetic voice: models trained on human ones say little of it."
    return f"What ends a turn: {by}{how}. Pauses are {source}; holds of {HOLD_RANGE[0]:g} s or more " \
           f"count.{doubts}"


def _figures(ends: TurnEnds) -> str:
    """Return what the policy costs in the clip in sight."""
    if ends.problem:
        return f"<p>{escape(ends.problem)}</p>"
    costs = ends.costs()
    if costs is None:
        return "<p>The model has not been asked about every pause yet.</p>"
    wait = "" if costs.wait is None else f"{costs.wait:.2f} s"
    rows = [
        ["Holds cut off", f"{costs.cut_off} of {costs.holds}"],
        ["Ends answered", f"{costs.answered} of {costs.ends}"], ["Mean wait there", wait],
    ]
    return table(["", f"by {escape(BY.get(ends.detector, ends.detector))}"], rows)


def _said(ends: TurnEnds, reading: Reading) -> NDArray[np.float32] | None:
    return None if ends.end_of_turn is None else reading.said()


def _marks(ends: TurnEnds, reading: Reading) -> list[str]:
    """Return a picture of what a model says at each pause, above and below the policy's threshold."""
    said = _said(ends, reading)
    if said is None or not len(said):
        return []
    from matplotlib.figure import Figure

    from ....plots.axes import ClockFormatter, ClockLocator, quiet
    from ....plots.style import palette_for

    figure = Figure(figsize=(9.6, 1.9), layout="constrained", facecolor="white")
    ax: Any = figure.add_subplot(facecolor="white")
    colors = palette_for(ax)
    at = np.array([pause.start for pause in reading.asked])
    is_hold = np.array([pause.kind == "hold" for pause in reading.asked])
    highest = np.nanmax(said, axis=1)
    for kind, chosen, marker, color in (
        ("hold", is_hold, "o", colors.alarm), ("end", ~is_hold, "D", colors.turn),
    ):
        ax.plot(at[chosen], highest[chosen], marker, color=color, markersize=5, markerfacecolor="none",
                markeredgewidth=1.3, label=f"{kind} (n = {int(chosen.sum())})", gid=f"marks {kind}")
    ax.axhline(ends.policy.threshold, color=colors.dim, linewidth=0.8, linestyle="--")
    ax.set(xlim=(0, ends.clip.duration), ylim=(-0.05, 1.05))
    ax.set_ylabel("probability", fontsize=8, color=colors.dim)
    ax.tick_params(labelsize=8, labelcolor=colors.dim, color=colors.line)
    ax.xaxis.set_major_locator(ClockLocator())
    ax.xaxis.set_major_formatter(ClockFormatter())
    quiet(ax, colors.line)
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return [image_html(figure_png(figure), f"What {ends.detector} says at each pause")]


def _listed(ends: TurnEnds, reading: Reading) -> str:
    """Return every pause that counts, in order of time."""
    said = _said(ends, reading)
    several = len(reading.pauses.speakers) > 1
    rows = []
    for number, pause in sorted(enumerate(reading.asked), key=lambda one: one[1].start):
        row = [clock(pause.start, True), pause.kind, f"{pause.duration:.2f} s"]
        row += [pause.speaker] if several else []
        row += [] if said is None else [" · ".join(f"{one:.2f}" for one in said[number] if one == one)]
        rows.append(row)
    head = ["At", "Pause", "Length", *(["Speaker"] if several else [])]
    head += [] if said is None else [f"{ends.detector} says"]
    left = len(rows) - MOST_PAUSES
    return table(head, rows[:MOST_PAUSES], f"{left} more" if left > 0 else "")


def _hazard(reading: Reading) -> str:
    """Return how many holds are longer than each silence, by speaker."""
    from matplotlib.figure import Figure

    from ....plots.trade_off_plot import plot_pauses

    figure = Figure(figsize=(7.2, 3.2), layout="constrained", facecolor="white")
    plot_pauses(reading.pauses, figure.add_subplot(facecolor="white"))
    return image_html(figure_png(figure), "Share of holds longer than each silence")


def _traded(ends: TurnEnds) -> list[str]:
    """Return the trade-off over all clips, and what was found for a purpose."""
    found = ends.traded
    if found is None:
        return []
    from matplotlib.figure import Figure

    from ....plots.trade_off_plot import plot_trade_off

    figure = Figure(figsize=(7.2, 4.4), layout="constrained", facecolor="white")
    plot_trade_off(found, figure.add_subplot(facecolor="white"))
    shown = image_html(figure_png(figure), "False cut-offs against latency")
    parts = ["<h2>What other policies cost</h2>", shown, found._repr_html_()]
    if ends.aim is not None:
        parts.append(f"<p>{escape(_found(ends.aim))}</p>")
    return parts


def _found(aim: Aim) -> str:
    """Return what was looked for, and the policy that serves it best."""
    limit = f"{aim.limit:.0%} of the holds cut off"
    if PURPOSES[aim.purpose].limited == LATENCY:
        limit = f"{aim.limit:g} s of mean wait"
    if aim.point is None:
        return f"For {aim.purpose}, at most {limit}: no policy keeps that."
    point = aim.point
    return f"For {aim.purpose}, at most {limit}: {point.policy}, with {point.cut_off_rate:.1%} of " \
           f"{point.holds} holds cut off and a mean wait of {point.latency:.2f} s."
