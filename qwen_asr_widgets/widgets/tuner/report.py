"""The tuner as HTML: what a saved notebook keeps, and one page with pictures, figures and every error.

All of it is read from the `TunerModel` when it is asked for, and waits for scores that are not there yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from ...formatting import clock, table
from ...glossary import heading
from ...vad.turns import TurnDetection
from ..shared.saved_output import figure_png, image_html
from .exports import CODE_KINDS, settings_code
from .model import TunerModel

if TYPE_CHECKING:
    from ...vad.evaluation.metrics import Measures
    from .case import Judgement

MAX_ERRORS = 200
"""Errors explained in a report; the rest is counted."""

ROWS = {
    "cut": "cut", "merged": "merged", "missed": "missed", "invented": "invented", "turns": "turn",
    "speech_share": "speech_share", "f1": "f1", "late_starts": "late_starts",
    "clipped_starts": "clipped_starts",
}
"""Rows of the table of measures: fields of `Measures`, and their terms of the glossary."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 980px; margin: 32px auto; padding: 0 16px; color: #1b2530; background: #fff;
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif;
  font-variant-numeric: tabular-nums; }}
h1 {{ font-size: 22px; margin: 0 0 2px; }} h2 {{ font-size: 15px; margin: 28px 0 6px; }}
.dim {{ color: #5c6b7a; }} img {{ max-width: 100%; }}
pre {{ padding: 10px 12px; background: #f5f7f9; border: 1px solid #dfe3e8; border-radius: 8px;
  overflow-x: auto; }}
</style></head><body>
{body}
</body></html>
"""


def named(settings: TurnDetection) -> str:
    """Return settings in one line.

    Examples
    --------
    >>> named(TurnDetection(-0.5, 400))
    'threshold −0.50, silence 400 ms, padding 300 ms'
    """
    threshold = f"{settings.threshold:.2f}".replace("-", "−")
    return f"threshold {threshold}, silence {settings.silence_duration_ms} ms, " \
           f"padding {settings.prefix_padding_ms} ms"


def caption(model: TunerModel) -> str:
    """Return what is tuned and how long it is."""
    return f"{model.case.name} ({model.case.clip.duration:.1f} s)"


def summary_html(model: TunerModel, ends: Sequence[str] = ()) -> str:
    """Return picture and figures for a saved notebook; ``ends`` is what is told of the ends of turns."""
    shown = image_html(picture(model), f"{caption(model)}: turns, scores and threshold")
    return "".join([shown, figures_html(model), *ends])


def picture(model: TunerModel) -> bytes:
    """Return the clip in sight with its lanes and scores as PNG."""
    from matplotlib.figure import Figure

    from ...plots.tuning_plot import plot_tuning

    case, judged = model.case, model.judged()
    lanes: dict[str, Any] = {}
    if case.reference is not None:
        lanes["reference"] = ("reference", [(t.start, t.end) for t in case.editor.labels.turns])
    if case.service is not None:
        real = "replay" if case.service.replayed else "service"
        lanes["service"] = (real, [(t.onset, t.end) for t in case.service.turns])
    whose = "in force" if model.settings == model.in_force else "trying"
    worth = f"{whose} ({model.estimate_kind})"
    lanes["estimated"] = (worth, [(t.onset, t.end) for t in judged.turns])
    figure = Figure(figsize=(9.6, 3.6), layout="constrained", facecolor="white")
    plot_tuning(
        case.clip, model.scores(), judged.settings.threshold, lanes, judged.measures.problems,
        figure.add_subplot(facecolor="white"), footer=footer(model, judged),
    )
    return figure_png(figure)


def footer(model: TunerModel, judged: Judgement) -> str:
    """Return what a picture must say of itself."""
    parts = [
        model.case.name, named(judged.settings), honesty(model),
        f"n = {judged.measures.turns} turns", date.today().isoformat(),
    ]
    return " · ".join(part for part in parts if part)


def honesty(model: TunerModel) -> str:
    """Return what the turns shown are worth, in one clause."""
    fit = model.estimator.calibration
    if fit is not None:
        unseen = "".join(f"; not seen by the fit: {one}" for one in fit.outside(model.settings))
        return f"estimated by a fit (± {fit.boundary_error * 1_000:.0f} ms, n = {fit.turns} turns{unseen})"
    if model.estimate_kind == "exact":
        return "exact for the embedded service"
    return "estimated: the service's own score is not published"


def figures_html(model: TunerModel) -> str:
    """Return the measures at the settings tried beside those in force."""
    judged, was = model.judged(), model.judged_in_force()
    rows = [[heading("wait"), _seconds(judged.wait), _seconds(was.wait)]]
    rows += [
        [heading(name), _text(judged.measures, key), _text(was.measures, key)] for key, name in ROWS.items()
        if not (getattr(judged.measures, key) is None and getattr(was.measures, key) is None)
    ]
    for name, key in (("onset_error", "onset_errors"), ("offset_error", "offset_errors")):
        if judged.measures.onset_errors:
            pair = (one.measures.quantile(key, 0.5, absolute=True) for one in (judged, was))
            rows.append([f"{heading(name)} (median)", *(_seconds(value, 3) for value in pair)])
    head = ["", f"tried: {named(judged.settings)}", f"in force: {named(was.settings)}"]
    return table(head, rows, honesty(model).capitalize() + ".")


def _text(measures: Measures, key: str) -> str:
    value = getattr(measures, key)
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def _seconds(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f} s"


def report_html(model: TunerModel, ends: Sequence[str] = ()) -> str:
    """Return the whole page; ``ends`` is its part on the ends of turns."""
    title, settings = f"Turn detection: {model.case.name}", model.settings
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{escape(named(settings))} · {escape(honesty(model))} · '
        f"{date.today().isoformat()}</p>",
        image_html(picture(model), "Waveform, turns, scores and threshold"),
        "<h2>What changes</h2>", figures_html(model), *_clips(model), *_errors(model), *ends,
        *_sweep(model), *_verified(model), "<h2>Take the settings</h2>",
        *(f"<pre>{escape(settings_code(settings, kind))}</pre>" for kind in CODE_KINDS),
    ]
    return PAGE.format(title=escape(title), body="\n".join(parts))


def _clips(model: TunerModel) -> list[str]:
    """Return the measures of every clip, where there are several."""
    if len(model.cases) < 2:
        return []
    keys = ("turns", "cut", "merged", "missed", "invented")
    rows = []
    for number, case in enumerate(model.cases):
        judged = model.judged(number)
        rows.append([case.name, f"{case.clip.duration:.1f} s", *(_text(judged.measures, key) for key in keys),
                     _seconds(judged.wait)])
    together = model.measures
    rows.append(["all", "", *(_text(together, key) for key in keys), _seconds(model.total_wait(together))])
    names = [heading(ROWS[key]) for key in keys]
    return ["<h2>Clips</h2>", table(["Clip", "Length", *names, heading("wait")], rows)]


def _errors(model: TunerModel) -> list[str]:
    if model.case.reference is None:
        return []
    problems = model.judged().measures.problems
    if not problems:
        return ["<h2>Errors</h2>", "<p>None: every reference turn came as one turn, and no other.</p>"]
    if len(problems) > MAX_ERRORS:
        rows: Sequence[Sequence[str]] = [[clock(one.start), one.kind] for one in problems[:MAX_ERRORS]]
        return ["<h2>Errors</h2>", table(["At", "What"], rows, f"{len(problems) - MAX_ERRORS} more")]
    rows = [[clock(why.problem.start), why.sentence] for why in model.explanations()]
    return ["<h2>Errors, and what would heal them</h2>", table(["At", "Why"], rows)]


def _sweep(model: TunerModel) -> list[str]:
    """Return the pictures of the sweep, where there was one with a reference."""
    found = model.sweep_result
    if found is None or not found.has_reference:
        return []
    from matplotlib.figure import Figure

    from ...plots.sweep_plot import plot_sweep

    figure = Figure(figsize=(9.6, 3.8), layout="constrained", facecolor="white")
    best = model.choice
    plot_sweep(
        found, tuple(figure.subplots(1, 2)), in_force=model.in_force, trying=model.settings,
        best=best.settings if best is not None else None, source=honesty(model),
    )
    rows = [
        [f"{point.settings.threshold:g}", f"{point.settings.silence_duration_ms} ms", f"{point.wait:.2f} s",
         f"{point.cut_off_rate:.1%}", f"{point.errors_per_minute:.2f}"] for point in found.pareto()
    ]
    head = [heading(name) for name in ("threshold", "silence", "wait", "cut_off", "errors_per_minute")]
    chosen: list[str] = []
    if best is not None:
        chosen = [f"<p>{'Best' if best.recommended else 'Not recommended'}: {escape(str(best))}</p>"]
    return ["<h2>Other settings</h2>", image_html(figure_png(figure), "Errors and waits of all settings"),
            *chosen, table(head, rows, "Settings that no other beats in both wait and cut-offs.")]


def _verified(model: TunerModel) -> list[str]:
    if not model.replays:
        return []
    rows = [
        [case.name, named(one.settings), one.recording.info.engine, str(one.agreement)]
        for case, one in model.replays
    ]
    return ["<h2>Verified by replay</h2>", table(["Clip", "Settings", "Service", "Agreement"], rows)]
