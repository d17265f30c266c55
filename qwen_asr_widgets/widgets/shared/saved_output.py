"""What a saved notebook shows without a kernel: a picture and the transcript beside the live view.

A widget that is displayed makes two outputs: the live view, and plain HTML under a display id. The view
hides the HTML while it stands; where there is no kernel (GitHub, nbconvert, a notebook opened anew) the HTML
is what one sees. It is filled when the widget is displayed or, for a recording under way, when that ends.
"""

from __future__ import annotations

import base64
import io
import threading
import uuid
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ...audio.clip import AudioClip
from ...audio.tape import Tape
from .shown import Shown

if TYPE_CHECKING:
    from ...recording import Recording

DPI = 100
SIZE = (9.6, 3.2)
"""Inches: 960 × 320 pixels, 20 to 80 kB as PNG whatever the length of the sound."""


def recording_picture(recording: Recording) -> bytes:
    """Return `plot_recording` as PNG."""
    from matplotlib.figure import Figure

    from ...plots import plot_recording

    figure = Figure(figsize=SIZE, layout="constrained", facecolor="white")
    plot_recording(recording, figure.add_subplot(facecolor="white"))
    return figure_png(figure)


def comparison_picture(recordings: Sequence[Recording], names: Sequence[str]) -> bytes:
    """Return the waits of several recordings, as `plot_latency` draws them, as PNG."""
    from matplotlib.figure import Figure

    from ...plots import plot_latency

    figure = Figure(figsize=SIZE, layout="constrained", facecolor="white")
    plot_latency(list(recordings), figure.add_subplot(facecolor="white"), names=names)
    return figure_png(figure)


def sound_picture(sound: AudioClip | Tape) -> bytes:
    """Return the waveform of a sound as PNG."""
    import numpy as np
    from matplotlib.figure import Figure

    from ...plots.axes import ClockFormatter, ClockLocator, quiet
    from ...plots.recording_plot import envelope
    from ...plots.style import LIGHT

    samples = sound.read() if isinstance(sound, Tape) else sound.samples
    figure = Figure(figsize=(SIZE[0], 1.6), layout="constrained", facecolor="white")
    ax = figure.add_subplot(facecolor="white")
    where, low, high = envelope(samples, 1200)
    peak = max(float(np.abs(low).max()), float(np.abs(high).max()), 1e-9)
    ax.fill_between(where / sound.sample_rate, low / peak, high / peak, color=LIGHT.wave, linewidth=0.6)
    ax.set_xlim(0, len(samples) / sound.sample_rate)
    ax.set_ylim(-1.05, 1.05)
    ax.set_yticks([])
    quiet(ax, LIGHT.line)
    ax.xaxis.set_major_locator(ClockLocator())
    ax.xaxis.set_major_formatter(ClockFormatter())
    ax.tick_params(axis="x", labelsize=8, colors=LIGHT.dim, length=3)
    return figure_png(figure)


def figure_png(figure: Any) -> bytes:
    """Return a figure as PNG."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=DPI)
    return out.getvalue()


def image_html(png: bytes, description: str) -> str:
    """Return a PNG as an HTML image that needs no file beside the notebook."""
    data = base64.b64encode(png).decode("ascii")
    style = "max-width:100%;border-radius:6px"
    return f'<img alt="{escape(description)}" style="{style}" src="data:image/png;base64,{data}">'


def shown_html(shown: Shown) -> str:
    """Return the picture of what is shown, and the transcript where there is one."""
    title = shown.caption
    if shown.recording is None:
        assert shown.sound is not None
        return image_html(sound_picture(shown.sound.sound), f"Waveform of {title}")
    if not len(shown.recording.tape):
        return shown.recording._repr_html_()
    picture = image_html(recording_picture(shown.recording), f"Waveform of {title} with turns and waits")
    return picture + shown.recording._repr_html_()


class SavedOutput:
    """Held by a widget: displays its live view and, under it, what a saved notebook shows.

    Parameters
    ----------
    title : callable
        Returns what is shown, in a few words.
    html : callable
        Returns picture and transcript as HTML; called only where they are to be saved.
    ready : callable
        Tells whether what is shown will not change any more.
    kept : callable
        Tells whether picture and transcript are to be saved.

    Attributes
    ----------
    id : str
        Names the class of the HTML, uniquely among all notebooks on a page.

    Examples
    --------
    >>> saved = SavedOutput(lambda: "talk.wav (2.0 s)", lambda: "<p>words</p>", lambda: True, lambda: True)
    >>> saved.output() == f'<div class="qaw-static-{saved.id}"><p>words</p></div>'
    True
    """

    def __init__(
        self, title: Callable[[], str], html: Callable[[], str], ready: Callable[[], bool],
        kept: Callable[[], bool],
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.title = title
        self.html = html
        self.ready = ready
        self._kept = kept
        self._filled: str | None = None
        self._refreshing = threading.Lock()

    def display(self, bundle: Any, let_view_open: Callable[[], None] = lambda: None) -> None:
        """Display a live view, and the HTML after it.

        Parameters
        ----------
        bundle : dict, or tuple of two dicts
            The MIME bundle of the live view, with its metadata.
        let_view_open : callable
            Waits a moment so that the live view comes first: the picture takes longer.
        """
        from IPython.display import display

        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display({**data, "text/plain": ""}, metadata=metadata, raw=True)
        if self._kept() and self.ready():
            let_view_open()
        self._filled = self.output()
        self._show(self._filled)

    def refresh(self) -> None:
        """Bring the HTML up to date, where it was displayed; of two threads one waits for the other."""
        with self._refreshing:
            if self._filled is None:
                return
            html = self.output()
            if html != self._filled:
                self._filled = html
                self._show(html, update=True)

    def output(self) -> str:
        """Return the HTML as it is now."""
        return f'<div class="qaw-static-{self.id}">{self._body()}</div>'

    def _show(self, html: str, **options: Any) -> None:
        from IPython.display import display

        saved = {"text/html": html, "text/plain": ""}
        display(saved, raw=True, display_id=f"qaw-{self.id}", **options)

    def _body(self) -> str:
        title = escape(self.title())
        if not self._kept():
            return f"<p>{title}. Run this cell to see it: nothing of it is saved (save_outputs=False).</p>"
        if not self.ready():
            return f"<p>{title}. Still under way when this notebook was saved; run this cell to see it.</p>"
        return self.html()
