"""Text that fits where it stands: wrapped, elided or hidden each time it is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any

from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox

ELLIPSIS = "\u2026"
MOST_SEEN = 4_000
"""Characters: more than a picture has room for, and few enough to be laid out at once."""


class FittedText(Text):
    """A text that stays within a span of the x axis.

    It is fitted each time it is drawn or measured, so that it holds after zooming and resizing.

    Parameters
    ----------
    x0, x1 : float
        The span, in the x units of ``transform``.
    y : float
        Where the text stands, in the y units of ``transform``.
    text : str
        The full text.
    max_lines : int
        Lines it may take; what does not fit ends in an ellipsis. 0: shown whole on one line or not at all.
    min_pixels : float
        A narrower span shows nothing.
    shift : float
        Points by which the text stands inside the span's beginning; a box around it takes as much at its end.
    **properties
        Properties of `matplotlib.text.Text`.
    """

    def __init__(
        self, x0: float, x1: float, y: float, text: str, max_lines: int = 1, min_pixels: float = 0.0,
        shift: float = 0.0, **properties: Any,
    ) -> None:
        super().__init__(_anchor(x0, x1, properties.get("ha", "left")), y, "", **properties)
        self.full_text = shortened(text)
        self.span = (x0, x1)
        self.max_lines = max_lines
        self.min_pixels = min_pixels
        self.shift = shift
        self._fitted_to: Any = None

    def get_transform(self) -> Any:
        """Return the transform of the anchor: the one given, moved by the shift."""
        return super().get_transform() + Affine2D().translate(self.shift * self._pixels_per_point(), 0)

    def draw(self, renderer: Any) -> None:
        """Fit, then draw."""
        self._fit(renderer)
        super().draw(renderer)

    def get_window_extent(self, renderer: Any = None, dpi: float | None = None) -> Bbox:
        """Fit, then return the extent in pixels."""
        self._fit(renderer)
        return super().get_window_extent(renderer, dpi)

    def lines_needed(self) -> int:
        """Return how many lines the text takes in its span as it is now, at most ``max_lines``."""
        self._fit(None)
        return self.get_text().count("\n") + 1 if self.get_text() else 0

    def _available(self) -> float:
        transform = super().get_transform()
        (left, _), (right, _) = transform.transform([(self.span[0], 0.0), (self.span[1], 0.0)])
        if self.axes is not None:
            box = self.axes.bbox
            left, right = max(left, box.x0), min(right, box.x1)
        return float(right - left - self.shift * self._pixels_per_point())

    def _fit(self, renderer: Any) -> None:
        figure = self.get_figure(root=True)
        if figure is None:
            return
        available = self._available()
        state = (round(available, 1), figure.dpi, self.full_text, self.max_lines, self.get_fontsize())
        if state == self._fitted_to:
            return
        self._fitted_to = state
        if available < self.min_pixels:
            self.set_text("")
            return
        width = partial(self._width, renderer)
        self.set_text(fit(self.full_text, available, self.max_lines, width))

    def _width(self, renderer: Any, text: str) -> float:
        """Return the width in pixels of one line, its box included."""
        before = self.get_text()
        self.set_text(text)
        width = super().get_window_extent(renderer).width
        if self.get_bbox_patch() is not None:
            width += self.shift * self._pixels_per_point()
        self.set_text(before)
        return width

    def _pixels_per_point(self) -> float:
        figure = self.get_figure(root=True)
        return 1.0 if figure is None else float(figure.dpi) / 72


def shortened(text: str) -> str:
    """Return a text, or of one longer than can be seen the beginning with an ellipsis."""
    return text if len(text) <= MOST_SEEN else text[: MOST_SEEN - 1] + ELLIPSIS


def fit(text: str, available: float, max_lines: int, width: Callable[[str], float]) -> str:
    """Return ``text`` broken into at most ``max_lines`` lines no wider than ``available``.

    Lines break between words, and between any two characters that stand without spaces (Chinese, Japanese,
    Thai). What does not fit is cut and ends in an ellipsis; if not even that fits, nothing is returned.

    Examples
    --------
    >>> fit("so the first thing", 8, 2, len)
    'so the\\nfirst…'
    >>> fit("so the first thing", 8, 0, len)
    ''
    """
    text = " ".join(text.split())
    if not text or width(text) <= available:
        return text
    if max_lines < 1:
        return ""
    lines: list[str] = []
    rest = _pieces(text)
    while rest and len(lines) < max_lines:
        count = _how_many(rest, available, width)
        last = len(lines) == max_lines - 1
        if count == 0 or (last and count < len(rest)):
            cut = elide("".join(rest), available, width)
            if not cut and lines:
                cut = elide(lines.pop(), available, width)
            return "\n".join([*lines, cut]) if cut else ""
        lines.append("".join(rest[:count]).strip())
        rest = rest[count:]
    return "\n".join(lines)


def elide(text: str, available: float, width: Callable[[str], float]) -> str:
    """Return the longest beginning of ``text`` that fits with an ellipsis; nothing if none does.

    Whole words are kept where that costs less than a third of the line.
    """
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + ELLIPSIS) <= available:
            low = middle
        else:
            high = middle - 1
    while low and low < len(text) and _joins(text[low]):
        low -= 1
    kept = text[:low].rstrip()
    if not kept:
        return ""
    space = kept.rfind(" ")
    if low < len(text) and not text[low].isspace() and space > 2 * len(kept) / 3:
        kept = kept[:space].rstrip()
    return kept + ELLIPSIS


def _how_many(pieces: list[str], available: float, width: Callable[[str], float]) -> int:
    """Return how many pieces fit on one line, by bisection."""
    low, high = 0, len(pieces)
    while low < high:
        middle = (low + high + 1) // 2
        if width("".join(pieces[:middle]).rstrip()) <= available:
            low = middle
        else:
            high = middle - 1
    return low


def _pieces(text: str) -> list[str]:
    """Split a text where a line may break; together the pieces are the text."""
    pieces: list[str] = []
    for character in text:
        unspaced = _breaks_anywhere(character)
        before = pieces[-1][-1] if pieces else " "
        if not pieces or (not _joins(character) and (unspaced or before == " " or _breaks_anywhere(before))):
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def _joins(character: str) -> bool:
    """Tell whether a character may not begin a line: spaces, marks, closing punctuation."""
    return character == " " or unicodedata.category(character) in ("Mn", "Mc", "Me", "Po", "Pe", "Pf")


def _breaks_anywhere(character: str) -> bool:
    code = ord(character)
    return 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFFEF or 0x0E00 <= code <= 0x0E7F


def _anchor(x0: float, x1: float, align: str) -> float:
    return {"left": x0, "right": x1}.get(align, (x0 + x1) / 2)
