"""The colours of every picture, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Palette:
    """Colours with one meaning each, the same as in the widgets."""

    dark: bool
    turn: str
    on_turn: str
    service: str
    reference: str
    wait: str
    decode: str
    wave: str
    alarm: str
    text: str
    dim: str
    line: str


LIGHT = Palette(
    dark=False, turn="#0a6ed1", on_turn="#ffffff", service="#0b7a53", reference="#6b5b95", wait="#d98200",
    decode="#a3480f", wave="#7b8fa6", alarm="#c9252d", text="#1b2733", dim="#5c6b7a", line="#dce1e7",
)
DARK = Palette(
    dark=True, turn="#58a6ff", on_turn="#0d1117", service="#4fc08d", reference="#b8a6e3", wait="#f0a840",
    decode="#ffd9a0", wave="#8ea4bb", alarm="#ff6b70", text="#e6edf3", dim="#a3b0bd", line="#3a434e",
)


def palette_for(ax: Axes) -> Palette:
    """Return the colours that read well on what ``ax`` stands on."""
    return DARK if _luminance(_ground(ax)) < 0.4 else LIGHT


def halo(ax: Axes) -> list[Any]:
    """Return the path effect of a text that lines pass behind: they end short of it."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3, foreground=_ground(ax))]


def _ground(ax: Axes) -> tuple[float, float, float]:
    """Return the colour behind the axes: its own, else the figure's, else the style's."""
    import matplotlib
    from matplotlib.colors import to_rgba

    candidates: list[Any] = [ax.get_facecolor()]
    figure = ax.get_figure()
    if figure is not None:
        candidates.append(figure.get_facecolor())
    candidates.append(matplotlib.rcParams["figure.facecolor"])
    for candidate in candidates:
        red, green, blue, alpha = to_rgba(candidate)
        if alpha > 0.5:
            return red, green, blue
    return 1.0, 1.0, 1.0


def _luminance(rgb: tuple[float, float, float]) -> float:
    """Return the relative luminance of WCAG 2, in [0, 1]."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
