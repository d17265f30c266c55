"""A picture as a file, without a window or any global state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..recording import Recording
from ..recording.exports.options import ExportOptions
from ..vad.labels.references import Reference
from ..writing import write_atomically
from .recording_plot import plot_recording


def save_picture(
    recording: Recording,
    path: str | Path,
    *,
    reference: Reference | None = None,
    width: float = 9.6,
    height: float = 4.0,
    dpi: float = 150,
) -> Path:
    """Write `plot_recording` to ``.png``, ``.svg`` or ``.pdf``, by the path's ending; return the path.

    Parameters
    ----------
    recording : Recording
        What to draw.
    path : str or Path
        Where to.
    reference : Labels, Sample, path, or list of turns, optional
        True turns.
    width, height : float
        Inches.
    dpi : float
        Pixels per inch.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    plot_recording(recording, figure.add_subplot(), reference=reference)
    target = Path(path)
    kind = target.suffix[1:].lower() or "png"
    write_atomically(target, lambda file: figure.savefig(file, dpi=dpi, format=kind))
    return target


def write_png(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write `plot_recording` as a PNG of 1920 × 1080 pixels, on white, into a binary file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.8, 7.2), layout="constrained", facecolor="white")
    plot_recording(recording, figure.add_subplot(facecolor="white"))
    made_by = {"Description": f"Words by {recording.info.made_by}"} if recording.info.made_by else None
    figure.savefig(file, dpi=150, format="png", metadata=made_by)
