"""Reference turns of a clip: what was truly said and when, and which parts were labelled.

All times lie on a grid of 1 ms. Words are one line: white space within them becomes single spaces.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, Union

import numpy as np

from ...audio.reference import ReferenceTurn
from ...arguments import is_number
from ...errors import LabelError
from ...formatting import table, well_formed
from ..turns import Turn
from .rows import Hold, Region, Row

CLIP_TOLERANCE = 0.05
"""Seconds by which labels may end after the clip and are trimmed: tools round lengths to frames."""

AnyTurn = Union[ReferenceTurn, Turn, "tuple[float, float]", "tuple[float, float, str]"]
"""A turn as people write it: (start, end) in seconds, with or without its words."""

ROWS_SHOWN = 200
"""Turns that a notebook shows of labels."""


@dataclass(frozen=True, repr=False)
class Labels:
    """The reference turns of one clip.

    Parameters
    ----------
    turns : iterable of ReferenceTurn, Turn, (start, end) or (start, end, text)
        Kept as ``ReferenceTurn`` in order of time, rounded to 1 ms. Turns of different speakers may overlap.
        Of a ``Turn``, a detector's, the onset and the end count.
    scored : iterable of (start, end), optional
        Seconds of the regions that were labelled; None: the whole clip was. Outside of them nothing is
        judged.
    uri : str
        The clip these labels are of, as the file names it; empty where it does not.
    holds : iterable of (start, end) or (start, end, text), optional
        Pauses inside turns, in seconds, with the words of the turn so far: what ``pauses`` goes by. Kept in
        order, as (start, end, text); empty where none were labelled.

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
    >>> Labels([(2.0, 3.0), (0.5, 1.25, "hello")]).turns[0]
    ReferenceTurn(start=0.5, end=1.25, text='hello', speaker='')
    """

    turns: tuple[ReferenceTurn, ...]
    scored: tuple[Region, ...] | None = None
    uri: str = ""
    holds: tuple[Hold, ...] = ()

    def __init__(
        self,
        turns: Iterable[AnyTurn] = (),
        scored: Iterable[Region] | None = None,
        uri: str = "",
        holds: Iterable[Region | Hold] = (),
    ) -> None:
        given = (as_turn(turn, f"turns[{number}]") for number, turn in enumerate(turns))
        rows = [Row(0, turn.start, turn.end, turn.text, turn.speaker) for turn in given]
        object.__setattr__(self, "turns", checked_turns(rows))
        object.__setattr__(self, "scored", None if scored is None else _checked_regions(scored))
        object.__setattr__(self, "uri", well_formed(uri))
        object.__setattr__(self, "holds", _checked_holds(holds))

    def __len__(self) -> int:
        """Return the number of turns."""
        return len(self.turns)

    def __repr__(self) -> str:
        uri = f" of {self.uri!r}" if self.uri else ""
        speakers = [name for name in self.speakers if name]
        who = f", speakers {', '.join(speakers)}" if speakers else ""
        scored = "" if self.scored is None else f", {sum(b - a for a, b in self.scored):.3f} s scored"
        count = f"{len(self)} turn{'' if len(self) == 1 else 's'}"
        holds = f", {len(self.holds)} hold{'' if len(self.holds) == 1 else 's'}" if self.holds else ""
        return f"<Labels{uri} with {count} up to {self.end:.3f} s{who}{holds}{scored}>"

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
        return self.with_turns(t for t in self.turns if t.speaker == speaker)

    def with_turns(self, turns: Iterable[ReferenceTurn]) -> Labels:
        """Return these labels with other turns, without the holds that lie in none of them."""
        kept = tuple(turns)
        inside = [one for one in self.holds if any(t.start < one[0] and one[1] < t.end for t in kept)]
        return Labels(kept, self.scored, self.uri, inside)

    def joined(self, gap: float) -> Labels:
        """Return these labels with turns of one speaker united across pauses.

        Labels of other corpora often hold segments between breaths: a turn of several such counts as *merged*
        unless its segments are joined.

        Parameters
        ----------
        gap : float
            Seconds; turns whose pause is shorter or as long become one, its words those of both.

        Examples
        --------
        >>> segments = Labels([ReferenceTurn(0.5, 1.5, "one"), ReferenceTurn(1.8, 3.0, "two"),
        ...                    ReferenceTurn(6.0, 7.0)])
        >>> [(turn.start, turn.end, turn.text) for turn in segments.joined(0.5)]
        [(0.5, 3.0, 'one two'), (6.0, 7.0, '')]
        """
        if not is_number(gap, Real) or not 0 <= gap < math.inf:
            raise LabelError(f"gap is {gap!r}; give the longest pause to join across, in seconds from 0 on.")
        united: list[ReferenceTurn] = []
        last: dict[str, int] = {}
        for turn in self.turns:
            at = last.get(turn.speaker)
            if at is not None and round(turn.start - united[at].end, 3) <= gap:
                words = f"{united[at].text} {turn.text}".strip()
                united[at] = replace(united[at], end=turn.end, text=words)
            else:
                last[turn.speaker] = len(united)
                united.append(turn)
        return self.with_turns(united)

    def within(self, duration: float) -> Labels:
        """Return these labels without what lies beyond ``duration`` seconds."""
        turns = [replace(t, end=min(t.end, duration)) for t in self.turns if t.start < duration - 0.0005]
        regions = None
        if self.scored is not None:
            regions = [(a, min(b, duration)) for a, b in self.scored if a < duration - 0.0005]
        return Labels(turns, regions, self.uri, self.with_turns(turns).holds)

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


def as_turn(item: Any, name: str) -> ReferenceTurn:
    """Return a turn in any of its forms as a reference turn; ``name`` is what messages call it.

    Examples
    --------
    >>> as_turn((0.5, 1.25), "turn"), as_turn(Turn(1.0, 0.7, 2.0), "turn").start
    (ReferenceTurn(start=0.5, end=1.25, text='', speaker=''), 1.0)
    """
    if isinstance(item, ReferenceTurn):
        return item
    if isinstance(item, Turn):
        return ReferenceTurn(item.onset, item.end)
    if not is_pair(item):
        raise LabelError(
            f"{name} is {shown(item)}; write a turn as ReferenceTurn(start, end), (start, end) or "
            "(start, end, text)."
        )
    try:
        return ReferenceTurn(float(item[0]), float(item[1]), *item[2:])
    except LabelError as error:
        raise LabelError(f"{name}: {error}") from None


def is_pair(item: Any) -> bool:
    """Tell whether something is (start, end) or (start, end, text)."""
    row = isinstance(item, (tuple, list)) or isinstance(item, np.ndarray) and item.ndim == 1
    if not row or len(item) not in (2, 3):
        return False
    times = all(is_number(value, Real) for value in item[:2])
    return times and all(isinstance(text, str) for text in item[2:])


def shown(value: Any) -> str:
    """Return a value for a message: itself where that is short, else its type."""
    said = repr(value)
    return said if len(said) <= 60 and not said.startswith("<") else f"of type {type(value).__name__}"


def checked_turns(rows: Sequence[Row]) -> tuple[ReferenceTurn, ...]:
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


def _checked_holds(holds: Iterable[Region | Hold]) -> tuple[Hold, ...]:
    """Return holds in order on the grid of 1 ms, each with its words."""
    rows = [_on_grid(Row(0, hold[0], hold[1], *hold[2:]), "hold") for hold in holds]
    return tuple((row.start, row.end, row.text) for row in sorted(rows))


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
