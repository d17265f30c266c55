"""What a learner is told of an answer: whether it is right, why not, and a hint."""

from __future__ import annotations

from dataclasses import dataclass

_STYLE = {
    True: "border-left:4px solid #2e9e5b", False: "border-left:4px solid #d9822b",
}


@dataclass(frozen=True)
class Feedback:
    """What is said of an answer to an exercise.

    Parameters
    ----------
    exercise : str
        Its name, e.g. ``"04"``.
    right : bool
        Whether the answer is right.
    explanation : str
        What the answer does, or where it goes wrong.
    hint : str
        The next hint, with its number; empty with a right answer, and where nothing was answered yet.

    Examples
    --------
    >>> Feedback("04", False, "At 0.2 there are 7 turns.", "Hint 1 of 3: look at the curve.")
    ✘ At 0.2 there are 7 turns.
    Hint 1 of 3: look at the curve.
    """

    exercise: str
    right: bool
    explanation: str
    hint: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is said, a paragraph each."""
        first = f"{'✔' if self.right else '✘'} {self.explanation}"
        return (first, self.hint) if self.hint else (first,)

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        from html import escape

        said = "".join(
            f'<div style="margin:2px 0;white-space:pre-wrap">{escape(line)}</div>' for line in self.lines
        )
        return f'<div style="{_STYLE[self.right]};padding:4px 12px;margin:4px 0">{said}</div>'
