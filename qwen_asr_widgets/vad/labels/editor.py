"""Editing reference turns: every edit gives a new editor, and the old ones are its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from .labels import Labels

MIN_TURN = 0.01
"""Shortest turn in seconds that dragging an edge leaves."""


@dataclass(frozen=True)
class LabelEditor:
    """Labels being edited, with what they were before.

    Parameters
    ----------
    labels : Labels
        As they are now.
    duration : float
        Length of the clip in seconds; nothing can be drawn beyond it.
    selected : int or None
        Index in ``labels.turns`` of the turn last touched.
    past, future : tuple
        Editors to go back to, and those that an undo came from.

    Examples
    --------
    >>> editor = LabelEditor(Labels([]), duration=10.0).add(1.0, 2.5)
    >>> editor = editor.move_edge(0, "end", 3.0)
    >>> editor.labels.turns[0].end, editor.undo().labels.turns[0].end
    (3.0, 2.5)
    """

    labels: Labels
    duration: float
    selected: int | None = None
    past: tuple[LabelEditor, ...] = ()
    future: tuple[LabelEditor, ...] = ()

    def add(self, start: float, end: float, text: str = "", speaker: str = "") -> LabelEditor:
        """Add a turn; its ends may come in either order and are kept within the clip.

        Raises
        ------
        LabelError
            It would overlap another turn of the same speaker, or is shorter than 10 ms.
        """
        first, last = sorted((self._within(start), self._within(end)))
        if last - first < MIN_TURN:
            raise LabelError(f"The turn drawn is {last - first:.3f} s long; draw at least {MIN_TURN:g} s.")
        turn = ReferenceTurn(first, last, text, speaker)
        return self._next((*self.labels.turns, turn), turn)

    def move_edge(self, index: int, edge: Literal["start", "end"], time: float) -> LabelEditor:
        """Move one edge of a turn; it stops at the neighbour of the same speaker and at the clip's ends.

        Parameters
        ----------
        index : int
            The turn in ``labels.turns``.
        edge : {"start", "end"}
        time : float
            Where to, in seconds.
        """
        turn = self._turn(index)
        others = [t for k, t in enumerate(self.labels.turns) if k != index and t.speaker == turn.speaker]
        if edge == "start":
            low = max((t.end for t in others if t.end <= turn.start), default=0.0)
            moved = replace(turn, start=round(min(max(time, low), turn.end - MIN_TURN), 3))
        elif edge == "end":
            high = min((t.start for t in others if t.start >= turn.end), default=self.duration)
            moved = replace(turn, end=round(max(min(time, high), turn.start + MIN_TURN), 3))
        else:
            raise LabelError(f"edge is {edge!r}; a turn has 'start' and 'end'.")
        if moved == turn:
            return self
        return self._next((*self._without(index), moved), moved)

    def delete(self, index: int) -> LabelEditor:
        """Remove a turn; the one after it is selected, else the one before."""
        self._turn(index)
        editor = self._next(self._without(index), None)
        left = len(editor.labels.turns)
        return replace(editor, selected=min(index, left - 1) if left else None)

    def undo(self) -> LabelEditor:
        """Return the editor before the last edit, or this one where nothing was edited."""
        if not self.past:
            return self
        return replace(self.past[-1], future=(replace(self, past=(), future=()), *self.future))

    def redo(self) -> LabelEditor:
        """Return the editor as it was before the last undo, or this one where nothing was undone."""
        if not self.future:
            return self
        return replace(self.future[0], past=(*self.past, self._bare()), future=self.future[1:])

    def _bare(self) -> LabelEditor:
        return replace(self, future=())

    def _within(self, time: float) -> float:
        return round(min(max(time, 0.0), self.duration), 3)

    def _turn(self, index: int) -> ReferenceTurn:
        if not 0 <= index < len(self.labels.turns):
            raise LabelError(f"There is no turn {index}; there are {len(self.labels.turns)}, counted from 0.")
        return self.labels.turns[index]

    def _without(self, index: int) -> tuple[ReferenceTurn, ...]:
        return self.labels.turns[:index] + self.labels.turns[index + 1:]

    def _next(self, turns: Iterable[ReferenceTurn], touched: ReferenceTurn | None) -> LabelEditor:
        labels = self.labels.with_turns(turns)
        selected = None if touched is None else labels.turns.index(touched)
        return LabelEditor(labels, self.duration, selected, (*self.past, self._bare()), ())
