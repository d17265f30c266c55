"""What was truly said in a clip, and when: the reference that everything estimated is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from ..errors import LabelError
from ..formatting import with_units


@with_units(start="s", end="s")
@dataclass(frozen=True, order=True)
class ReferenceTurn:
    """One turn of speech as it really was.

    Parameters
    ----------
    start, end : float
        Seconds from the start of the clip: the first and the last moment of speech. ``0 <= start < end``.
    text : str
        What was said, as plain words.
    speaker : str
        Who said it; empty where it is not known.

    Raises
    ------
    LabelError
        A time is not a finite number, or not ``0 <= start < end``; text or speaker is no text.

    Examples
    --------
    >>> ReferenceTurn(0.5, 2.25, "good morning", "caller").duration
    1.75
    """

    start: float
    end: float
    text: str = ""
    speaker: str = ""

    def __post_init__(self) -> None:
        numbers = isinstance(self.start, Real) and isinstance(self.end, Real)
        if not numbers or not 0 <= self.start < self.end < math.inf:
            raise LabelError(
                f"A reference turn runs from {self.start!r} to {self.end!r} s; it must be seconds with "
                "0 <= start < end."
            )
        if not isinstance(self.text, str) or not isinstance(self.speaker, str):
            what, value = ("speaker", self.speaker) if isinstance(self.text, str) else ("text", self.text)
            raise LabelError(f"The {what} of a reference turn is {value!r:.60}; it must be text.")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start
