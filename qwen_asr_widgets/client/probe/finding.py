"""What a probe found of one fact, and the facts that it can find something of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Union, get_args

from ...errors import ProbeError
from ...formatting import with_units
from ...protocol.cloud_facts import FACTS, Fact

Verdict = Literal["agrees", "differs", "not identifiable", "not asked"]
Value = Union[bool, int, float, None]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""What can be said of a fact: as reported, otherwise, looked for and not decidable, not looked for."""

REPORTED: Mapping[str, Fact] = {fact.name: fact for fact in FACTS}
"""The facts as the public record reports them of DashScope, by name."""


@with_units(n="")
@dataclass(frozen=True)
class Finding:
    """What a probe found of one fact.

    Parameters
    ----------
    fact : str
        A name in `protocol.cloud_facts.FACTS`.
    verdict : {"agrees", "differs", "not identifiable", "not asked"}
        Measured against what is reported of DashScope. ``"not identifiable"``: it was looked for, and what
        came does not decide it.
    sentence : str
        What was seen, in one sentence.
    value : bool, number or None
        The value to go by from now on, in the unit that the fact's name ends with: the reported one where it
        agrees, else the one measured; None where nothing is to be changed.
    figures : Mapping of str to float
        What was measured.
    n : int
        How many observations it rests on.
    date : str
        When it was measured, where that was in an earlier probe than the rest of a report.

    Raises
    ------
    ProbeError
        There is no such fact or verdict, or a field is of the wrong type.

    Examples
    --------
    >>> finding = Finding("usage", "agrees", "9 of 9 finals carry usage.", True, n=9)
    >>> print(finding)
    6 usage: agrees (reported: True, n = 9). 9 of 9 finals carry usage.
    """

    fact: str
    verdict: Verdict
    sentence: str
    value: Value = None
    figures: Mapping[str, float] = field(default_factory=dict)
    n: int = 0
    date: str = ""

    def __post_init__(self) -> None:
        if self.fact not in REPORTED or self.verdict not in VERDICTS:
            raise ProbeError(f"There is no finding {self.verdict!r:.40} of a fact {self.fact!r:.40}.")
        figures = self.figures if isinstance(self.figures, Mapping) else {"": "no mapping"}
        numbers = [*figures.values(), self.n, 0 if self.value is None else self.value]
        texts = isinstance(self.sentence, str) and isinstance(self.date, str)
        if not texts or not all(isinstance(each, (int, float)) for each in numbers):
            raise ProbeError(f"The finding of {self.fact} holds something else than text and numbers.")

    @property
    def number(self) -> int:
        """Number of the fact: facts of one number come from one observation."""
        return REPORTED[self.fact].number

    @property
    def reported(self) -> Any:
        """What is reported of DashScope."""
        return REPORTED[self.fact].value

    def __str__(self) -> str:
        counted = f", n = {self.n}" if self.n else ""
        reported = f"reported: {self.reported}{counted}{f', on {self.date}' if self.date else ''}"
        return f"{self.number} {self.fact}: {self.verdict} ({reported}). {self.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can carry it; `from_dict` reads it."""
        return {**asdict(self), "figures": dict(self.figures)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Finding:
        """Return the finding in a mapping; names that are not known are passed over.

        Raises
        ------
        ProbeError
            A field is missing or of the wrong type.
        """
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        try:
            return cls(**known)
        except TypeError:
            raise ProbeError(f"A finding lacks a field or has a wrong one: {values!r:.100}.") from None


def agrees(fact: str, sentence: str, n: int, **figures: float) -> Finding:
    """Return the finding that a fact is as reported."""
    value = REPORTED[fact].value
    return Finding(fact, "agrees", sentence, value, figures, n)


def differs(fact: str, sentence: str, n: int, value: Value = None, **figures: float) -> Finding:
    """Return the finding that a fact is otherwise."""
    return Finding(fact, "differs", sentence, value, figures, n)


def unknown(fact: str, sentence: str, n: int = 0, **figures: float) -> Finding:
    """Return the finding that what came does not decide a fact."""
    return Finding(fact, "not identifiable", sentence, None, figures, n)


def not_asked(fact: str, sentence: str = "No experiment was made.") -> Finding:
    """Return the finding that a fact was not looked for."""
    return Finding(fact, "not asked", sentence)


def either(fact: str, is_so: bool, sentence: str, n: int, **figures: float) -> Finding:
    """Return the finding of a fact that is true or false."""
    if is_so == REPORTED[fact].value:
        return agrees(fact, sentence, n, **figures)
    return differs(fact, sentence, n, is_so, **figures)
