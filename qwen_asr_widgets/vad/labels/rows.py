"""What label formats have in common: what a format is, rows, times, comments, clips and speakers as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...audio.reference import ReferenceTurn
from ...errors import LabelError

Region = tuple[float, float]

Hold = tuple[float, float, str]
"""A pause inside a turn: start and end in seconds, and the words of the turn so far."""

SCORED = "scored"
SCORED_LABEL = "<scored>"
HOLD, HOLDS = "hold", "holds"
HOLD_LABEL = "<hold>"
MAX_SECONDS = 10**9
"""A time further from the beginning (32 years) is none."""

_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,9}):(\d{1,9})(?:[.,](\d{1,30}))?$")


@dataclass(frozen=True)
class Row:
    """One turn as it stands in a file: its line (0: none), times in seconds, words and speaker."""

    line: int
    start: float
    end: float
    text: str = ""
    speaker: str = ""


@dataclass
class Parsed:
    """What a file holds: turns, scored regions where it has any, and the clip it names."""

    rows: list[Row] = field(default_factory=list)
    scored: list[Region] | None = None
    uri: str = ""
    holds: list[Hold] = field(default_factory=list)

    def add_scored(self, start: float, end: float) -> None:
        """Add a scored region."""
        if self.scored is None:
            self.scored = []
        self.scored.append((start, end))


@dataclass(frozen=True)
class LabelFormat:
    """How one kind of label file is recognised, read and written.

    Parameters
    ----------
    name : str
        As ``format=`` takes it.
    endings : tuple of str
        How names of such files end; the first is the one to write.
    read : callable
        ``read(text, wanted) -> Parsed``; raises ``LabelError`` with the line.
    write : callable
        ``write(turns, scored, uri, duration) -> str``: the text of a file. ``turns`` and ``scored`` are in
        order, ``scored`` None where the whole clip was labelled, ``uri`` the clip's name or empty, and
        ``duration`` its length in seconds. Where the format ``carries_holds``, they come fifth.
    recognises : callable
        ``recognises(lines) -> bool``: whether text is in this format, given its lines that are not blank.
    needs_uem : bool
        Whether scored regions go to a UEM file beside it, since the format has no place for them.
    carries_holds : bool
        Whether pauses inside turns have a place.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[str, Wanted], Parsed]
    write: Callable[..., str]
    recognises: Callable[[Sequence[str]], bool]
    needs_uem: bool = False
    carries_holds: bool = False


@dataclass(frozen=True)
class Wanted:
    """What to take where a file holds labels of several clips, channels (from 0) or tiers."""

    uri: str | None = None
    channel: int | str | None = None
    tiers: Sequence[str] | None = None


def seconds_at(text: str, line: int) -> float:
    """Return a time given as seconds or as a clock (``1:02:03.4``) in seconds."""
    seconds = _clock_seconds(text.strip())
    if not abs(seconds) <= MAX_SECONDS:
        raise LabelError(f"line {line}: {text.strip()[:40]!r} is no time; write seconds such as 12.345.")
    return seconds


def _clock_seconds(text: str) -> float:
    """Return the seconds that a text says; not a number where it says none."""
    clock = _CLOCK.match(text)
    if clock:
        hours, minutes, seconds, fraction = clock.groups()
        return int(hours or 0) * 3_600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
    try:
        return float(text)
    except ValueError:
        return math.nan


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, numbered from 1; ``;;`` and ``#`` begin comments."""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith((";;", "#")):
            yield number, line


def one_clip(names: list[str], uri: str | None) -> str:
    """Return the clip to take of those a file names."""
    known = ", ".join(name[:60] for name in names[:5]) + (" …" if len(names) > 5 else "")
    if uri is not None and names and uri not in names:
        raise LabelError(f"it holds labels of {known}, not of {uri!r:.60}; give uri= as one of these.")
    if uri is None and len(names) > 1:
        raise LabelError(f"it holds labels of {len(names)} clips ({known}); give uri= to choose one.")
    return uri if uri is not None and names else (names or [""])[0]


def one_word(name: str) -> str:
    """Return a name as one word, as RTTM and UEM want it."""
    return re.sub(r"\s+", "_", name.strip())


def with_speaker(turn: ReferenceTurn) -> str:
    """Return a label's words, led by ``[speaker]`` where there is one or the words could be taken for one."""
    if turn.speaker or turn.text.startswith(("[", HOLD_LABEL)) or turn.text == SCORED_LABEL:
        return f"[{turn.speaker}] {turn.text}".rstrip()
    return turn.text


def without_speaker(label: str) -> tuple[str, str]:
    """Return words and speaker of a label."""
    named = re.match(r"\s*\[([^\]]*)\]\s*(.*)$", label, re.DOTALL)
    return (named[2], named[1]) if named else (label, "")
