"""What a saved notebook shows without a kernel: a picture and the transcript beside the live view.

A widget that is displayed makes two outputs: the live view, and plain HTML under a display id. The view
hides the HTML while it stands; where there is no kernel (GitHub, nbconvert, a notebook opened anew) the HTML
is what one sees. It is filled when the widget is displayed or, for a recording under way, when that ends.
"""

from __future__ import annotations

import base64
import io
import logging
import uuid
from html import escape
from typing import TYPE_CHECKING, Any

from ...audio.clip import AudioClip
from ...audio.tape import Tape

if TYPE_CHECKING:
    from ...recording import Recording

logger = logging.getLogger("qwen_asr_widgets")

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


class SavedOutput:
    """Mixin for widgets: displays the live view and, under it, what a saved notebook shows.

    The widget has the traits ``static_id`` and ``save_outputs``; it says by `static_html` what is shown and
    by `static_ready` whether that will still change.
    """

    static_id: str
    save_outputs: bool
    _displayed = False
    _filled: str | None = None

    @staticmethod
    def new_static_id() -> str:
        """Return a name for the class of the HTML, unique among all notebooks on a page."""
        return uuid.uuid4().hex[:12]

    def static_html(self) -> str:
        """Return the picture and the transcript as HTML; called only where they are to be saved."""
        raise NotImplementedError

    def static_title(self) -> str:
        """Return what is shown, in a few words."""
        raise NotImplementedError

    def static_ready(self) -> bool:
        """Tell whether what is shown will not change any more."""
        return True

    def _ipython_display_(self, **kwargs: Any) -> None:
        from IPython.display import display

        bundle = self._repr_mimebundle_(**kwargs)  # type: ignore[attr-defined]
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display({**data, "text/plain": ""}, metadata=metadata, raw=True)
        if self.save_outputs and self.static_ready():
            self._let_view_open()
        self._filled = self._static_output()
        saved = {"text/html": self._filled, "text/plain": ""}
        display(saved, raw=True, display_id=f"qaw-{self.static_id}")
        self._displayed = True
        self._on_displayed()

    def _let_view_open(self) -> None:
        """Wait a moment so that the live view comes first: the picture takes longer."""

    def _on_displayed(self) -> None:
        """Do what is to be done once the widget is on the page."""

    def refresh_static(self) -> None:
        """Bring the saved output up to date, where the widget has one."""
        if not self._displayed:
            return
        from IPython.display import display

        html = self._static_output()
        if html != self._filled:
            self._filled = html
            saved = {"text/html": html, "text/plain": ""}
            display(saved, raw=True, display_id=f"qaw-{self.static_id}", update=True)

    def _static_output(self) -> str:
        return f'<div class="qaw-static-{self.static_id}">{self._static_body()}</div>'

    def _static_body(self) -> str:
        title = escape(self.static_title())
        if not self.save_outputs:
            return f"<p>{title}. Run this cell to see it: nothing of it is saved (save_outputs=False).</p>"
        if not self.static_ready():
            return f"<p>{title}. Still under way when this notebook was saved; run this cell to see it.</p>"
        return self.static_html()
