"""The picture of a recording: waveform, turns, waits and transcript over one time axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..audio.reference import ReferenceTurn
from ..arguments import checked_keywords
from ..errors import SettingError
from ..protocol.utterance import Utterance
from ..recording.recording import Recording, checked_recording
from ..recording.summary import waits_count
from ..vad.labels.references import Reference, reference_turns
from .axes import (
    ClockFormatter, ClockLocator, axes_or_new, figure_dpi, footer_text, points_high, points_wide, quiet,
    slide_scale,
)
from .fitted import ELLIPSIS, FittedText, shortened
from .fonts import fonts_for
from .layout import (
    Lanes, Wait, envelope, first_partials, spectrogram_levels, stack, text_room, waits_of, with_label,
)
from .style import Palette, palette_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT_SIZE, SMALL_SIZE = 8.0, 7.5
LINE = 12.0
"""Height of a line of text in points."""

TEXT_POINTS, NUMBER_POINTS = 52.0, 8.0
"""Narrower spans (points) show no transcript, or no number."""

FINE = 4.0
"""Narrower marks (points) have no outline: it would be all one sees of them."""

BAR = 11.0
"""Height in points of a row of wait bars."""

WORDS_SHARE = 1 / 3
"""Share of the height that words take at most."""

RANGE_DB = 60.0
"""Decibels of a spectrogram from the loudest down."""

LARGER = (2.0, 1.6, 1.3, 1.0)
"""How many times larger than other texts words may be on a slide."""


@checked_keywords
def plot_recording(
    recording: Recording,
    ax: Axes | None = None,
    *,
    reference: Reference | None = None,
    spectrogram: bool = False,
) -> Axes:
    """Draw a recording: waveform, numbered turns, each utterance's wait, and its words.

    Right of each turn, plain orange is the wait until the service closed it (endpoint delay), hatched the
    wait from there to the final transcript (decode delay), with the total beside. A tick inside the turn,
    or where it came later on the wait, marks the first partial. Words stand under their turn where there is
    room, else the number alone; in a high picture, as on a slide, texts are larger. Waits are drawn only of
    sound that was sent in real time: at another pace they are not those of a person.

    Parameters
    ----------
    recording : Recording
        Finished or still running.
    ax : matplotlib Axes, optional
        Where to draw; without it a new figure of 9.6 × 4 inches. It is laid out for its present height.
    reference : Labels, Sample, path, or list of turns, optional
        True turns, drawn as violet lines above the waveform; waits are then measured from their ends.
    spectrogram : bool
        Whether a spectrogram stands under the waveform: 0 Hz to half the sample rate from the bottom up, the
        upper 60 dB of the sound.

    Returns
    -------
    matplotlib Axes
        The same, its x axis in seconds.

    Raises
    ------
    SettingError
        ``recording``, ``ax`` or ``spectrogram`` is something else.
    LabelError
        ``reference`` is.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from qwen_asr_widgets import Recording
    >>> ax = plot_recording(Recording(), Figure().add_subplot())
    >>> [text.get_text() for text in ax.texts if text.get_text() == "no sound yet"]
    ['no sound yet']
    """
    checked_recording(recording, "plot_recording")
    if not isinstance(spectrogram, bool):
        raise SettingError(f"spectrogram is {spectrogram!r:.60}; give True or False.", "spectrogram")
    ax = axes_or_new(ax)
    turns = None if reference is None else reference_turns(reference)
    latency = recording.latency(turns)
    colors = palette_for(ax)
    utterances = recording.utterances
    footer = footer_text(recording, latency)
    texts = [recording.info.name, *(utterance.text for utterance in utterances)]
    fonts = fonts_for("".join(map(shortened, texts)))
    in_real_time = waits_count(recording.info.pace)  # else a wait has no place on the sound's axis
    waits = waits_of(utterances, latency, turns) if in_real_time else []
    rows = stack([(wait.end, wait.final) for wait in waits])
    picture = _Picture(ax, colors, fonts)
    picture.prepare(recording, waits)
    picture.lay_out(footer, utterances, max(rows, default=-1) + 1)
    if spectrogram and len(recording.tape):
        picture.draw_spectrogram(recording)
    picture.draw_wave(recording)
    partials = first_partials(utterances, latency) if in_real_time else {}
    for utterance in utterances:
        picture.draw_turn(utterance, partials.get(utterance.number), recording.duration)
    picture.draw_waits(waits, rows, partials)
    picture.draw_heading(recording, bool(waits), bool(partials))
    if turns:
        picture.draw_reference(turns)
    return ax


class _Picture:
    """Draws one recording on one axes; positions are seconds and fractions of the height."""

    def __init__(self, ax: Axes, colors: Palette, fonts: Any) -> None:
        self.ax = ax
        self.colors = colors
        self.fonts = fonts
        self.mixed = ax.get_xaxis_transform()
        self.scale = slide_scale(ax)
        self.lanes = Lanes(0, 0, 0, 0, (0, 1), 0)
        self.wave = self.lanes.wave

    def fitted(self, x0: float, x1: float, y: float, text: str, **properties: Any) -> Any:
        """Add a text that stays between two times; ``transform`` may say otherwise."""
        properties.setdefault("transform", self.mixed)
        properties.setdefault("color", self.colors.text)
        properties["fontsize"] = self.scale * properties.get("fontsize", TEXT_SIZE)
        text = self.fonts.shown(shortened(text))
        families = list(self.fonts.families)
        artist = FittedText(x0, x1, y, text, fontfamily=families, parse_math=False, **properties)
        self.ax.add_artist(artist)
        artist.set_clip_on(False)
        return artist

    def points_wide(self, seconds: float) -> float:
        """Return the width in points of a stretch of time."""
        low, high = self.ax.get_xlim()
        return seconds / (high - low) * points_wide(self.ax)

    def prepare(self, recording: Recording, waits: Sequence[Wait]) -> None:
        """Set limits and axis: everything drawn lies within, with room for the last total."""
        ax, colors = self.ax, self.colors
        end = max([recording.duration, 0.1, *(wait.final for wait in waits)])
        ax.set_xlim(0, max([end, *(with_label(ax, wait.final, end, self.scale) for wait in waits)]))
        ax.set_ylim(0, 1)
        ax.set_yticks([])
        ax.grid(False)
        quiet(ax, colors.line)
        ax.xaxis.set_major_locator(ClockLocator(self.scale))
        ax.xaxis.set_major_formatter(ClockFormatter())
        ax.tick_params(axis="x", labelsize=self.scale * SMALL_SIZE, colors=colors.dim, length=3, pad=2,
                       color=colors.line)

    def lay_out(self, footer: str, utterances: Sequence[Utterance], rows: int) -> None:
        """Give every lane its height, the waveform what is left; add footer and transcripts on the way."""
        ax = self.ax
        point = self.scale / max(points_high(ax), 1.0)
        note = self.fitted(0, 1, 0.0, footer, transform=ax.transAxes, max_lines=3, fontsize=SMALL_SIZE,
                           color=self.colors.dim, ha="right", va="bottom")
        note.set_gid("footer")
        footer_top = point * (LINE * max(1, note.lines_needed()) + 2)
        axis = footer_top + 16 * point
        ax.spines["bottom"].set_position(("axes", axis))
        spans = list(zip(utterances, text_room(utterances, ax.get_xlim()[1])))
        words = [artist for one, span in spans if (artist := self._words(one, span)) is not None]
        lines, height = self._fit_words(words, point)
        text_top = axis + point * (height + (6 if lines else 2))
        for artist in words:
            artist.set_y(text_top)
            artist.max_lines = max(1, lines)
        rows = min(rows, 3)
        waits_top = text_top + point * (BAR * rows + (4 if rows else 0))
        self.lanes = Lanes(0.0, axis, text_top, waits_top, (waits_top, 1 - 20 * point), point)
        self.wave = self.lanes.wave

    def _fit_words(self, words: Sequence[FittedText], point: float) -> tuple[int, float]:
        """Make words as large as a third of the height allows on a slide; return lines and points they take.

        Elsewhere, and where they do not fit whole, they have their usual size.
        """
        room = max(LINE, min(WORDS_SHARE / point, 0.5 / point - 50))
        lines = 0
        for larger in LARGER if self.scale > 1 else LARGER[-1:]:
            most = max(1, int(room / (LINE * larger)))
            for artist in words:
                artist.set_fontsize(TEXT_SIZE * self.scale * larger)
                artist.max_lines = most
            lines = max([artist.lines_needed() for artist in words] + [0])
            if not any(artist.get_text().endswith(ELLIPSIS) for artist in words):
                break
        return lines, LINE * larger * lines

    def _words(self, utterance: Utterance, span: tuple[float, float]) -> Any:
        text, style = utterance.text, dict[str, Any]()
        if utterance.status in ("failed", "lost"):
            text = text or ("no transcript" if utterance.status == "failed" else "lost")
            style = {"color": self.colors.alarm}
        elif utterance.status != "final":
            style = {"color": self.colors.dim, "style": "italic"}
        if not text:
            return None
        pixels = TEXT_POINTS * self.scale * figure_dpi(self.ax) / 72
        artist = self.fitted(*span, 0.0, text, min_pixels=pixels, va="top", **style)
        artist.set_gid(f"text-{utterance.number}")
        return artist

    def draw_heading(self, recording: Recording, has_waits: bool, has_partials: bool) -> None:
        """Above the waveform: what the sound is called, and what the marks that are drawn mean."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        colors, ax = self.colors, self.ax
        marks: list[Any] = []
        if has_waits:
            marks = [
                Patch(facecolor=colors.wait, label="endpoint delay"),
                Patch(facecolor="none", edgecolor=colors.decode, hatch="//////", label="decode delay"),
            ]
        if has_partials:
            marks.append(Line2D([], [], color=colors.turn, marker="|", linestyle="none", markersize=6,
                                markeredgewidth=1.6, label="first partial"))
        legend = ax.legend(
            handles=marks, loc="upper right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False,
            fontsize=self.scale * SMALL_SIZE, labelcolor=colors.dim, handlelength=1.1,
            handleheight=0.8, handletextpad=0.5,
            columnspacing=1.4, borderaxespad=0, borderpad=0,
        )
        box = legend.get_window_extent()
        legend.set_visible(box.width < 0.8 * ax.bbox.width)
        left = ax.transAxes.inverted().transform((box.x0, box.y0))[0]
        name = recording.info.name or "recording"
        self.fitted(0, max(0.0, left - 0.02), 1.0, name, transform=ax.transAxes, va="top",
                    color=self.colors.dim, fontsize=SMALL_SIZE)

    def draw_spectrogram(self, recording: Recording) -> None:
        """Draw the spectrogram under the waveform, which gets the upper half of the lane."""
        low, high = self.lanes.wave
        middle = (low + high) / 2
        rate = recording.tape.sample_rate
        levels = spectrogram_levels(recording.tape.read(), rate, max(200, int(self.ax.bbox.width)))
        image = self.ax.imshow(
            levels, extent=(0, recording.duration, low, middle), aspect="auto", origin="lower",
            cmap="gray" if self.colors.dark else "gray_r", vmin=levels.max() - RANGE_DB, vmax=levels.max(),
            interpolation="nearest", zorder=0.5,
        )
        image.set_gid("spectrogram")
        self.fitted(0, 0, middle - 2 * self.lanes.point, f" {rate / 2_000:g} kHz", va="top", max_lines=0,
                    color=self.colors.dim, fontsize=SMALL_SIZE).span = (0, recording.duration)
        self.wave = (middle, high)

    def draw_wave(self, recording: Recording) -> None:
        """Draw the sound, paler where it was not sent; its loudest moment fills the lane."""
        low, high = self.wave
        samples = recording.tape.read()
        if not len(samples):
            self.ax.text(0.5, (low + high) / 2, "no sound yet", transform=self.ax.transAxes, ha="center",
                         va="center", color=self.colors.dim)
            return
        rate = recording.tape.sample_rate
        where, bottom, top = envelope(samples, max(200, int(self.ax.bbox.width)))
        scale = 0.44 * (high - low) / max(int(np.abs(samples.astype(np.int32)).max()), 1000)
        middle = (low + high) / 2
        sent = np.array([recording.sent_at(int(sample)) is not None for sample in where])
        for part, alpha in ((sent, 1.0), (~sent, 0.35)):
            if part.any():
                self.ax.fill_between(
                    where / rate, middle + scale * bottom, middle + scale * top, where=part,
                    color=self.colors.wave, alpha=alpha, linewidth=0.6, zorder=2,
                )
        for start, stop in recording.lost:
            self.ax.plot([start / rate, stop / rate], [middle, middle], color=self.colors.alarm, linewidth=2,
                         zorder=3, solid_capstyle="butt")

    def draw_turn(self, utterance: Utterance, first_partial: float | None, duration: float) -> None:
        """Shade a turn from its onset to its end, with its number and the tick of its first partial.

        An open turn is drawn dashed, one whose end is an estimate dotted.
        First words that came after the turn's end have their tick on the wait: here it would stand among
        other sound.
        """
        from matplotlib.patches import Rectangle

        onset = utterance.onset if utterance.onset is not None else utterance.start
        if onset is None:
            return
        low, high = self.lanes.wave
        open_turn = utterance.end is None
        end = utterance.end if utterance.end is not None else max(duration, onset)
        bad = utterance.status in ("failed", "lost")
        color = self.colors.alarm if bad else self.colors.turn
        wide = self.points_wide(end - onset)
        band = Rectangle(
            (onset, low), max(end - onset, 0.0), high - low, facecolor=(color, 0.06 if open_turn else 0.13),
            edgecolor=(color, 0.8), linewidth=0.8 if wide > 2 * FINE else 0,
            linestyle="--" if open_turn else ":" if utterance.estimated else "-", zorder=1,
            gid=f"turn-{utterance.number}",
        )
        self.ax.add_patch(band)
        number = self.fitted(
            onset, end, high - 3.5 * self.lanes.point, str(utterance.number), max_lines=0,
            fontsize=SMALL_SIZE, shift=3.5, color=self.colors.on_turn, weight="bold", va="top", zorder=5,
            min_pixels=NUMBER_POINTS * self.scale * figure_dpi(self.ax) / 72,
            bbox={"boxstyle": "square,pad=0.3", "facecolor": color, "edgecolor": "none"},
        )
        number.set_gid(f"number-{utterance.number}")
        if first_partial is not None and first_partial <= end and wide > 2 * FINE:
            self._tick(first_partial, low, low + 7 * self.lanes.point, utterance.number)

    def _tick(self, where: float, low: float, high: float, number: int) -> None:
        """Draw the tick of a first partial."""
        self.ax.plot([where, where], [low, high], color=self.colors.turn, linewidth=1.6 * self.scale,
                     zorder=4, solid_capstyle="butt", gid=f"partial-{number}")

    def draw_waits(self, waits: Sequence[Wait], rows: Sequence[int], partials: Mapping[int, float]) -> None:
        """Draw the waits in their lane, those that overlap in rows; a total only where it has room.

        A first partial that came during a wait has its tick there.
        """
        from matplotlib.patches import Rectangle

        colors, point = self.colors, self.lanes.point
        height = (BAR - 3) * point
        right = self.ax.get_xlim()[1]
        for index, (wait, row) in enumerate(zip(waits, rows)):
            low = self.lanes.waits - (BAR * (min(row, 2) + 1) + 1) * point
            self.ax.add_patch(Rectangle(
                (wait.end, low), wait.stopped - wait.end, height, facecolor=colors.wait, linewidth=0,
                zorder=3, gid=f"endpoint-{wait.number}",
            ))
            fine = self.points_wide(wait.final - wait.stopped) < FINE
            self.ax.add_patch(Rectangle(
                (wait.stopped, low), wait.final - wait.stopped, height, edgecolor=colors.decode,
                facecolor=colors.decode if fine else "none", linewidth=0 if fine else 0.8,
                hatch="//////", zorder=3, gid=f"decode-{wait.number}",
            ))
            if partials.get(wait.number, 0.0) > wait.end:
                self._tick(partials[wait.number], low - point, low + height + point, wait.number)
            following = [waits[later].end for later in range(index + 1, len(waits)) if rows[later] == row]
            label = self.fitted(
                max(wait.final, wait.end), min([right, *following]), low + height / 2, wait.label, shift=4,
                max_lines=0, fontsize=SMALL_SIZE, color=colors.dim, va="center_baseline",
            )
            label.set_gid(f"total-{wait.number}")

    def draw_reference(self, reference: Sequence[ReferenceTurn]) -> None:
        """Draw the true turns as lines with ends, over the waveform."""
        high = self.lanes.wave[1] + 3 * self.lanes.point
        for turn in reference:
            self.ax.plot([turn.start, turn.end], [high, high], color=self.colors.reference, linewidth=2,
                         marker="|", markersize=5, zorder=4, gid="reference", solid_capstyle="butt")
