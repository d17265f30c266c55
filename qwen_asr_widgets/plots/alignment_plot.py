"""Words of several runs under each other, what differs marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..arguments import checked_keywords
from ..errors import SettingError
from ..recording.comparing.alignment import ADDED, LEFT_OUT, REPLACED, Alignment, Column
from ..recording.comparing.comparison import aligned, said_in
from ..recording.comparing.naming import run_names
from ..recording.recording import Recording
from ..vad.labels.references import Reference
from .axes import axes_or_new, points_high, points_wide
from .fitted import ELLIPSIS, elide
from .fonts import Fonts, fonts_for
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, SMALL_SIZE = 10.0, 8.0
ROW, GAP, SPACE = 16.0, 9.0, 5.0
"""Points: from row to row, between lines, between words."""

WIDTH, TALLEST = 9.6, 40.0
"""Inches of a new figure."""


@checked_keywords
def plot_alignment(
    *heard: Recording | str, reference: str | Reference | None = None, names: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw what runs wrote under what was said, word under word; what differs stands on a band.

    A word that replaces another or was added is bold, one that is missing is a dash. Words are aligned as for
    the word error rate, characters where a language has no settled words; case and punctuation do not
    count.

    Parameters
    ----------
    *heard : Recording or str
        What was recognised.
    reference : str, Labels, Sample, path, or list of turns, optional
        What was truly said; without it the first of ``heard`` is what the others are compared with.
    names : sequence of str, optional
        What to call each of ``heard``; by default recordings by what they differ in, texts by their number.
    ax : matplotlib Axes, optional
        Where to draw, as much as has room; without it a new figure 9.6 inches wide and as high as is needed.

    Returns
    -------
    matplotlib Axes
        The same, without axes lines.

    Raises
    ------
    SettingError
        Nothing to compare, something else than recordings and texts, or not as many names.
    LabelError
        ``reference`` is none.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_alignment("good night", reference="good day", ax=Figure().add_subplot())
    >>> [text.get_text() for text in ax.texts if text.get_gid() == "word"]
    ['good', 'good', 'day', 'night']
    """
    alignment = _aligned(heard, reference, names)
    fonts = fonts_for(_all_text(alignment))
    if ax is None:
        return _drawn_on_new(alignment, fonts)
    return _draw(axes_or_new(ax), alignment, fonts)


def _aligned(
    heard: Sequence[Recording | str], reference: str | Reference | None, names: Sequence[str]
) -> Alignment:
    for one in heard:
        if not isinstance(one, (Recording, str)):
            raise SettingError(f"plot_alignment takes recordings and texts, not {one!r:.60}.", "heard")
    text, turns = said_in(reference)
    if text is None and len(heard) < 2 or not heard:
        raise SettingError(
            "plot_alignment compares two or more recordings or texts, or one with reference=.", "heard"
        )
    called = _called(heard, names)
    return aligned(heard, called, text, turns)


def _called(heard: Sequence[Recording | str], names: Sequence[str]) -> tuple[str, ...]:
    recordings = [one for one in heard if isinstance(one, Recording)]
    if names or len(recordings) < len(heard):
        given = names or [f"text {number}" for number in range(1, len(heard) + 1)]
        if len(given) != len(heard):
            raise SettingError(f"{len(given)} names were given for {len(heard)} texts.", "names")
        return tuple(given)
    return run_names(recordings)


def _all_text(alignment: Alignment) -> str:
    return "".join(alignment.names) + "".join(
        word.written for column in alignment.columns for word in column if word is not None
    )


def _drawn_on_new(alignment: Alignment, fonts: Fonts) -> Axes:
    """Draw on a new figure, as high as the lines need."""
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(WIDTH, 2.0))
    ax = figure.add_axes((0.015, 0.0, 0.97, 1.0))
    lines = len(_Sheet(ax, alignment, fonts).lines)
    high = lines * (len(alignment.names) * ROW + GAP) + _below(alignment) + GAP
    figure.set_size_inches(WIDTH, min(high / 72, TALLEST))
    return _draw(ax, alignment, fonts)


def _below(alignment: Alignment) -> float:
    """Return the points that the sentences under the words take."""
    return len(alignment.names) * (SMALL_SIZE + 4)


def _draw(ax: Axes, alignment: Alignment, fonts: Fonts) -> Axes:
    ax.set_axis_off()
    sheet = _Sheet(ax, alignment, fonts)
    sheet.draw()
    return ax


@dataclass
class _Pen:
    """Writes at places in points from the upper left corner of an axes."""

    ax: Axes
    fonts: Fonts
    wide: float
    high: float

    def text(self, x: float, y: float, said: str, **properties: Any) -> Any:
        """Write one line of text, its middle at ``y``."""
        properties = {"fontsize": SIZE, "va": "center_baseline", **properties}
        return self.ax.text(
            x / self.wide, 1 - y / self.high, self.fonts.shown(said), transform=self.ax.transAxes,
            family=list(self.fonts.families), parse_math=False, **properties,
        )

    def width(self, said: str, **properties: Any) -> float:
        """Return the width of a text in points."""
        artist = self.text(0, 0, said, **properties)
        figure: Any = self.ax.get_figure(root=True)
        wide = artist.get_window_extent().width * 72 / figure.dpi
        artist.remove()
        return float(wide)

    def band(self, x: float, y: float, wide: float, high: float, color: str) -> None:
        """Lay a pale band under words."""
        from matplotlib.patches import Rectangle

        corner = (x / self.wide, 1 - (y + high) / self.high)
        self.ax.add_patch(Rectangle(
            corner, wide / self.wide, high / self.high, transform=self.ax.transAxes, facecolor=color,
            alpha=0.22, linewidth=0, zorder=0, gid="differs",
        ))


class _Sheet:
    """The words of an alignment on lines as wide as an axes."""

    def __init__(self, ax: Axes, alignment: Alignment, fonts: Fonts) -> None:
        self.alignment = alignment
        self.colors: Palette = palette_for(ax)
        self.pen = _Pen(ax, fonts, points_wide(ax), points_high(ax))
        self._widths: dict[tuple[str, bool], float] = {}
        self.names = [self._name(name) for name in alignment.names]
        self.left = max(self.pen.width(name, fontsize=SMALL_SIZE) for name in self.names) + 2 * SPACE
        self.lines = self._broken()

    def _name(self, name: str) -> str:
        """Return a name that leaves the words three quarters of the width."""
        wide, room = lambda said: self.pen.width(said, fontsize=SMALL_SIZE), self.pen.wide / 4
        return name if wide(name) <= room else elide(name, room, wide) or name

    def _wide(self, column: Column) -> float:
        widths = []
        for row, word in enumerate(column):
            if word is not None:
                key = (word.written, self._is_bold(column, row))
                if key not in self._widths:
                    self._widths[key] = self.pen.width(key[0], weight="bold" if key[1] else "normal")
                widths.append(self._widths[key])
        return max(widths) + (1.0 if self.alignment.by_character else SPACE)

    def _is_bold(self, column: Column, row: int) -> bool:
        return row > 0 and self.alignment.mark(column, row) in (REPLACED, ADDED)

    def _broken(self) -> list[list[tuple[float, float, Column]]]:
        """Return the columns of each line with their place and width; a piece begins a line of its own."""
        lines: list[list[tuple[float, float, Column]]] = []
        for block in self.alignment.blocks():
            x = self.pen.wide
            for column in block:
                wide = self._wide(column)
                if not lines or x + wide > self.pen.wide:
                    lines.append([])
                    x = self.left
                lines[-1].append((x, wide, column))
                x += wide
        return lines

    def draw(self) -> None:
        """Draw as many lines as have room, and what they come to."""
        high = len(self.names) * ROW + GAP
        room = max(1, int((self.pen.high - _below(self.alignment)) / high))
        shown = self.lines[:room]
        for at, line in enumerate(shown):
            self._draw_line(GAP / 2 + at * high, line)
        left_out = len(self.lines) - len(shown)
        said = str(self.alignment) + (f"\n{ELLIPSIS} {left_out} lines more" if left_out else "")
        top = len(shown) * high
        for at, sentence in enumerate(said.split("\n")):
            y = top + (at + 0.5) * (SMALL_SIZE + 4)
            self.pen.text(0, y, sentence, fontsize=SMALL_SIZE, color=self.colors.dim, gid="counts")

    def _draw_line(self, top: float, line: list[tuple[float, float, Column]]) -> None:
        for row, name in enumerate(self.names):
            y = top + (row + 0.5) * ROW
            self.pen.text(0, y, name, fontsize=SMALL_SIZE, color=self.colors.dim, gid="name")
        for x, wide, column in line:
            marks = [self.alignment.mark(column, row) for row in range(1, len(column))]
            if any(mark in (REPLACED, ADDED, LEFT_OUT) for mark in marks):
                self.pen.band(x - SPACE / 2, top, wide, len(column) * ROW, self.colors.wait)
            for row in range(len(column)):
                self._draw_word(x, top + (row + 0.5) * ROW, column, row)

    def _draw_word(self, x: float, y: float, column: Column, row: int) -> None:
        word, is_bold = column[row], self._is_bold(column, row)
        if word is None:
            self.pen.text(x, y, "–", color=self.colors.dim, gid="missing")
        else:
            self.pen.text(x, y, word.written, color=self.colors.text, gid="word",
                          weight="bold" if is_bold else "normal")
