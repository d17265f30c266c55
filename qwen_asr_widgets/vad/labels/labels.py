"""Reference turns of a clip: what was truly said and when, and which parts were labelled, from and to files.

All times lie on a grid of 1 ms; written and read again they are the same. Words are one line: white space
within them becomes single spaces. What each format can carry stands in ``formats``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Union

from ...audio.reference import ReferenceTurn
from ...errors import LabelError, checked_keywords
from ...formatting import table, well_formed
from ...writing import write_text
from .formats import detect_format, format_by_ending, label_format
from .nist import read_uem, write_uem
from .rows import Parsed, Region, Row, Wanted

PathOrText = Union[str, "PathLike[str]"]

CLIP_TOLERANCE = 0.05
"""Seconds by which labels may end after the clip and are trimmed: tools round lengths to frames."""

_ANY_FORMAT = ".txt"
"""An ending that says nothing of a file to be read: tools give it to every format."""

ROWS_SHOWN = 200
"""Turns that a notebook shows of labels."""


@dataclass(frozen=True, repr=False)
class Labels:
    """The reference turns of one clip.

    Parameters
    ----------
    turns : iterable of ReferenceTurn
        Kept in order of time, rounded to 1 ms. Turns of different speakers may overlap.
    scored : iterable of (start, end), optional
        Seconds of the regions that were labelled; None: the whole clip was. Outside of them nothing is
        judged.
    uri : str
        The clip these labels are of, as the file names it; empty where it does not.

    Text that UTF-8 cannot carry (a lone surrogate) is kept as U+FFFD.

    Raises
    ------
    LabelError
        A turn that ends before it starts, or overlaps another of the same speaker.

    Examples
    --------
    >>> labels = Labels([ReferenceTurn(2.0, 3.0004, speaker="b"), ReferenceTurn(0.5, 1.25, "hello", "a")])
    >>> labels.turns[1].end, [turn.text for turn in labels.of_speaker("a")], len(labels)
    (3.0, ['hello'], 2)
    """

    turns: tuple[ReferenceTurn, ...]
    scored: tuple[Region, ...] | None = None
    uri: str = ""

    def __init__(
        self,
        turns: Iterable[ReferenceTurn] = (),
        scored: Iterable[Region] | None = None,
        uri: str = "",
    ) -> None:
        rows = [Row(0, turn.start, turn.end, turn.text, turn.speaker) for turn in turns]
        object.__setattr__(self, "turns", _checked_turns(rows))
        object.__setattr__(self, "scored", None if scored is None else _checked_regions(scored))
        object.__setattr__(self, "uri", well_formed(uri))

    def __len__(self) -> int:
        """Return the number of turns."""
        return len(self.turns)

    def __repr__(self) -> str:
        uri = f" of {self.uri!r}" if self.uri else ""
        speakers = [name for name in self.speakers if name]
        who = f", speakers {', '.join(speakers)}" if speakers else ""
        scored = "" if self.scored is None else f", {sum(b - a for a, b in self.scored):.3f} s scored"
        count = f"{len(self)} turn{'' if len(self) == 1 else 's'}"
        return f"<Labels{uri} with {count} up to {self.end:.3f} s{who}{scored}>"

    def _repr_html_(self) -> str:
        rows = [[f"{t.start:.3f}", f"{t.end:.3f}", t.speaker, t.text] for t in self.turns[:ROWS_SHOWN]]
        more = f" The first {ROWS_SHOWN} are shown." if len(self) > ROWS_SHOWN else ""
        return table(["Start (s)", "End (s)", "Speaker", "Words"], rows, f"{repr(self)[1:-1]}.{more}")

    def __iter__(self) -> Iterator[ReferenceTurn]:
        return iter(self.turns)

    @property
    def end(self) -> float:
        """Where the last turn or scored region ends, in seconds; 0 without any."""
        ends = [turn.end for turn in self.turns] + [end for _, end in self.scored or ()]
        return max(ends, default=0.0)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, each once, in alphabetical order."""
        return tuple(sorted({turn.speaker for turn in self.turns}))

    def of_speaker(self, speaker: str) -> Labels:
        """Return the labels of one speaker only, such as the caller's in a call of two."""
        return Labels([t for t in self.turns if t.speaker == speaker], self.scored, self.uri)

    def within(self, duration: float) -> Labels:
        """Return these labels without what lies beyond ``duration`` seconds."""
        turns = [replace(t, end=min(t.end, duration)) for t in self.turns if t.start < duration - 0.0005]
        regions = None
        if self.scored is not None:
            regions = [(a, min(b, duration)) for a, b in self.scored if a < duration - 0.0005]
        return Labels(turns, regions, self.uri)

    def check_clip(self, duration: float, name: str = "") -> Labels:
        """Return these labels as labels of a clip, or say why they cannot be.

        Parameters
        ----------
        duration : float
            Length of the clip in seconds. What ends up to 50 ms later is trimmed.
        name : str
            The clip's name or path; compared with ``uri`` where both are known.

        Raises
        ------
        LabelError
            The labels go on after the clip, or name another clip.
        """
        stem = Path(name).stem
        if self.uri and stem and self.uri not in (stem, Path(name).name):
            raise LabelError(
                f"These labels are of {self.uri!r}, the clip is {stem!r}. Give the labels of this clip, or "
                "load them with uri= set to the clip's name in the file."
            )
        late = next((t for t in self.turns if t.end > duration + CLIP_TOLERANCE), None)
        if late is not None or self.end > duration + CLIP_TOLERANCE:
            what = f"turn at {late.start:.3f} s" if late else "last scored region"
            raise LabelError(
                f"The {what} ends at {late.end if late else self.end:.3f} s, but the clip is "
                f"{duration:.3f} s long: these may be labels of another "
                "clip. If not, cut them with labels.within(duration)."
            )
        return self.within(duration)


@checked_keywords
def load_labels(
    source: PathOrText,
    format: str | None = None,
    *,
    uri: str | None = None,
    channel: int | str | None = None,
    scored: PathOrText | Sequence[Region] | None = None,
    tiers: Sequence[str] | None = None,
    duration: float | None = None,
) -> Labels:
    """Read reference turns from a file or from text.

    Parameters
    ----------
    source : str or path
        A path, or the text itself (recognised by its line breaks).
    format : {"rttm", "textgrid", "audacity", "csv", "srt"}, optional
        By default known from the file's ending or its text; ``formats`` lists them.
    uri : str, optional
        Which clip's labels to take where a file holds those of several (RTTM, UEM, CSV with a column
        ``file``).
    channel : int or "mean", optional
        Which channel's turns of an RTTM file to take, counted from 0 as for clips; ``"mean"`` takes all.
    scored : path, text of a UEM file, or sequence of (start, end), optional
        The regions that were labelled; by default what the format carries.
    tiers : sequence of str, optional
        The TextGrid tiers to read as speakers; by default all interval tiers but ``scored``.
    duration : float, optional
        Length of the clip; labels beyond it are refused as ``Labels.check_clip`` does.

    Returns
    -------
    Labels

    Raises
    ------
    LabelError
        One sentence with the line and the remedy.

    Examples
    --------
    >>> load_labels("SPEAKER talk 1 0.500 1.250 <NA> <NA> anna <NA> <NA>\\n").turns
    (ReferenceTurn(start=0.5, end=1.75, text='', speaker='anna'),)
    """
    path = _as_path(source)
    text = _read(path) if path is not None else str(source)
    name = str(path) if path is not None else "the labels"
    if not text.strip():
        raise LabelError(f"{name}: there is nothing in it. For a clip without speech use Labels([]).")
    form = label_format(format or _format_of(path, text))
    try:
        parsed = form.read(text, Wanted(uri, channel, tiers))
        turns = _checked_turns(parsed.rows)
        regions = _regions(scored, path, parsed, uri)
        labels = Labels(turns, regions, parsed.uri)
    except LabelError as error:
        raise LabelError(f"{name}: {error}") from None
    _warn_unsorted(parsed.rows, name)
    return labels if duration is None else labels.check_clip(duration)


@checked_keywords
def save_labels(
    labels: Labels, path: PathOrText, format: str | None = None, *, duration: float | None = None
) -> Path:
    """Write reference turns to a file, with a UEM file beside it where the format has no scored regions.

    Parameters
    ----------
    labels : Labels
    path : str or path
    format : str, optional
        As for ``load_labels``; by default known from the ending (``.txt`` is Audacity's).
    duration : float, optional
        Length of the clip, which a TextGrid states; by default it ends with the last label.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    LabelError
        The format cannot say what the labels hold.
    WriteFailed
        The file cannot be written; what stood there before is as it was.

    Examples
    --------
    >>> import tempfile
    >>> labels = Labels((ReferenceTurn(0.5, 1.25, "good morning"),))
    >>> path = save_labels(labels, Path(tempfile.mkdtemp()) / "talk.csv")
    >>> load_labels(path).turns == labels.turns
    True
    """
    if not isinstance(labels, Labels):
        raise LabelError(f"save_labels takes Labels, not {type(labels).__name__}; give Labels(turns).")
    target = Path(path)
    form = label_format(format or format_by_ending(target.suffix) or target.suffix)
    if not labels.uri:
        labels = Labels(labels.turns, labels.scored, target.stem)
    write_text(target, labels_to_text(labels, form.name, duration=duration))
    if form.needs_uem:
        beside = target.with_suffix(".uem")
        if labels.scored is not None:
            write_text(beside, write_uem(labels.scored, labels.uri))
        else:
            beside.unlink(missing_ok=True)
    return target


def labels_to_text(labels: Labels, format: str, *, duration: float | None = None) -> str:
    """Return the text of a label file (``"uem"`` gives the scored regions alone)."""
    if format == "uem":
        return write_uem(labels.scored or (), labels.uri)
    end = max(duration or 0.0, labels.end)
    return label_format(format).write(labels.turns, labels.scored, labels.uri, end)


def _as_path(source: PathOrText) -> Path | None:
    """Tell a path from text: text has a line break or is blank."""
    if not isinstance(source, (str, PathLike)):
        raise LabelError(f"Labels are read from a path or from text, not from {type(source).__name__}.")
    if isinstance(source, str) and ("\n" in source or "\r" in source or not source.strip()):
        return None
    path = Path(source)
    try:
        found = path.is_file()
    except (OSError, ValueError):  # too long a name, or one that no file can have
        found = False
    if not found:
        raise LabelError(f"There is no label file {str(source)[:200]!r}; check the path.")
    return path


def _read(path: Path) -> str:
    """Read a label file as UTF-8, or as the UTF-16 that Praat writes."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {error.strerror or error}.") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise LabelError(f"{path}: this is not text in UTF-8 or UTF-16; save it as UTF-8.") from None


def _format_of(path: Path | None, text: str) -> str:
    ending = "" if path is None else path.suffix.lower()
    known = "" if ending == _ANY_FORMAT else format_by_ending(ending)
    return known or detect_format(text)


def _regions(
    scored: PathOrText | Sequence[Region] | None, path: Path | None, parsed: Parsed, uri: str | None
) -> Iterable[Region] | None:
    """Return the scored regions: those given, the file's own, or those of a UEM file beside it."""
    name = uri or parsed.uri or None
    if isinstance(scored, (str, PathLike)):
        given = _as_path(scored)
        return read_uem(_read(given) if given else str(scored), name)
    if scored is not None:
        return scored
    if parsed.scored is None and path is not None and path.with_suffix(".uem").is_file():
        return read_uem(_read(path.with_suffix(".uem")), name)
    return parsed.scored


def _checked_turns(rows: Sequence[Row]) -> tuple[ReferenceTurn, ...]:
    """Return the turns in order on the grid of 1 ms, or raise ``LabelError``."""
    ordered = sorted(((_on_grid(row), row.line) for row in rows), key=lambda pair: pair[0])
    last: dict[str, tuple[ReferenceTurn, int]] = {}
    for turn, line in ordered:
        before, line_before = last.get(turn.speaker, (None, 0))
        if before is not None and turn.start < before.end:
            whose = f" of speaker {turn.speaker!r}" if turn.speaker else ""
            where = f"lines {line_before} and {line}: " if line else ""
            raise LabelError(
                f"{where}two turns{whose} overlap ({before.start:.3f}–{before.end:.3f} s and "
                f"{turn.start:.3f}–{turn.end:.3f} s). Join them, or name their speakers if these are two."
            )
        last[turn.speaker] = (turn, line)
    return tuple(turn for turn, _ in ordered)


def _on_grid(row: Row, what: str = "turn") -> ReferenceTurn:
    where = f"line {row.line}: " if row.line else ""
    if not (math.isfinite(row.start) and math.isfinite(row.end)) or row.start < 0:
        raise LabelError(f"{where}a {what} from {row.start:g} to {row.end:g} s; times are seconds from 0 on.")
    start, end = round(float(row.start), 3), round(float(row.end), 3)
    if end <= start:
        raise LabelError(
            f"{where}a {what} from {row.start:g} to {row.end:g} s; its end must lie at least 1 ms "
            "after its start."
        )
    text, speaker = (" ".join(well_formed(words).split()) for words in (row.text, row.speaker))
    return ReferenceTurn(start, end, text, speaker)


def _checked_regions(scored: Iterable[Region]) -> tuple[Region, ...]:
    """Return scored regions in order on the grid of 1 ms, those that touch or overlap united."""
    united: list[Region] = []
    for start, end in sorted(scored):
        region = _on_grid(Row(0, start, end), "scored region")
        if united and region.start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], region.end))
        else:
            united.append((region.start, region.end))
    return tuple(united)


def _warn_unsorted(rows: Sequence[Row], name: str) -> None:
    """Say that the turns of one speaker were not in order, which hints at a damaged file."""
    last: dict[str, float] = {}
    for row in rows:
        if row.start < last.get(row.speaker, 0.0):
            warnings.warn(
                f"{name}: line {row.line}: the turns were not in order of time; they have been sorted.",
                UserWarning, stacklevel=3,
            )
            return
        last[row.speaker] = row.start
