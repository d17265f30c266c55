"""Labels from and to files and text; what each format can carry stands in ``formats``.

Written and read again, the times of labels are the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Union

from ...arguments import checked_keywords
from ...errors import LabelError
from ...writing import write_text
from .formats import FORMATS, detect_format, format_by_ending, label_format
from .labels import AnyTurn, Labels, checked_turns
from .nist import read_uem, write_uem
from .rows import Parsed, Region, Row, Wanted

PathOrText = Union[str, "PathLike[str]"]

_ANY_FORMAT = ".txt"
"""An ending that says nothing of a file to be read: tools give it to every format."""


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
    format : {"rttm", "textgrid", "elan", "stm", "audacity", "vtt", "csv", "srt", "scv"}, optional
        By default known from the file's ending or its text; ``formats`` lists them.
    uri : str, optional
        Which clip's labels to take where a file holds those of several (RTTM, STM, UEM, SCV, CSV with a
        column ``file``).
    channel : int or "mean", optional
        Which channel's turns of an RTTM or STM file to take, counted from 0 as for clips;
        ``"mean"`` takes all.
    scored : path, text of a UEM file, or sequence of (start, end), optional
        The regions that were labelled; by default what the format carries.
    tiers : sequence of str, optional
        The tiers of a TextGrid or ELAN file to read as speakers; by default all but ``scored``.
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
        turns = checked_turns(parsed.rows)
        regions = _regions(scored, path, parsed, uri)
        labels = Labels(turns, regions, parsed.uri, parsed.holds)
    except LabelError as error:
        raise LabelError(f"{name}: {error}") from None
    _warn_unsorted(parsed.rows, name)
    return labels if duration is None else labels.check_clip(duration)


@checked_keywords
def save_labels(
    labels: Labels | Iterable[AnyTurn], path: PathOrText, format: str | None = None, *,
    duration: float | None = None,
) -> Path:
    """Write reference turns to a file, with a UEM file beside it where the format has no scored regions.

    Parameters
    ----------
    labels : Labels, or a list of ReferenceTurn, Turn, (start, end) or (start, end, text)
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
    >>> from qwen_asr_widgets import Labels, ReferenceTurn, load_labels
    >>> labels = Labels([ReferenceTurn(0.5, 1.25, "good morning")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_labels(save_labels(labels, f"{folder}/talk.csv")).turns == labels.turns
    True
    """
    if isinstance(labels, (str, bytes, dict)) or not isinstance(labels, Iterable):
        raise LabelError(
            f"save_labels takes Labels or a list of (start, end), not {type(labels).__name__}."
        )
    labels = labels if isinstance(labels, Labels) else Labels(labels)
    target = Path(path)
    form = label_format(format or format_by_ending(target.suffix) or target.suffix)
    if not labels.uri:
        labels = Labels(labels.turns, labels.scored, target.stem, labels.holds)
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
    form = label_format(format)
    if not labels.holds:
        return form.write(labels.turns, labels.scored, labels.uri, end)
    if not form.carries_holds:
        names = ", ".join(name for name, one in FORMATS.items() if one.carries_holds)
        raise LabelError(f"{form.name} has no place for holds; use one of {names}.")
    return form.write(labels.turns, labels.scored, labels.uri, end, labels.holds)


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
