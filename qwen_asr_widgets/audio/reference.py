"""What was truly said in a clip, and when: the reference that everything estimated is held against."""

from __future__ import annotations

from dataclasses import dataclass


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

    Examples
    --------
    >>> ReferenceTurn(0.5, 2.25, "good morning", "caller").duration
    1.75
    """

    start: float
    end: float
    text: str = ""
    speaker: str = ""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start
