"""What one set of turns is worth, as values: every error with its place, and the figures.

What each figure means and how it is found stands in ``metrics``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from ...errors import SettingError
from ...formatting import table, with_units

COUNTS = ("cut", "merged", "missed", "invented")
"""The four errors a person notices, in the order in which they are shown."""

DERIVED = (
    "errors", "cut_rate", "cut_off_rate", "speech_seconds", "speech_share", "miss_seconds",
    "false_alarm_seconds", "detection_error_rate", "precision", "recall", "f1",
)
"""What ``Measures`` derives from its fields."""


ProblemKind = Literal["cut", "merged", "missed", "invented"]


@with_units(start="s", end="s")
@dataclass(frozen=True, order=True)
class Problem:
    """One error of a turn detector.

    Parameters
    ----------
    start, end : float
        Seconds of the place: for a cut the gap within the reference turn, for a merge the gap that went
        unnoticed, else the reference turn missed or the turn invented.
    kind : {"cut", "merged", "missed", "invented"}
        What is wrong. A reference turn in three turns is one turn cut, at two places: two problems.
    reference : tuple of int
        Numbers of the reference turns concerned, from 1 as they were given.
    turns : tuple of int
        Numbers of the detected turns concerned, from 1.

    Examples
    --------
    >>> from qwen_asr_widgets import ReferenceTurn, Turn, measure
    >>> measure([Turn(1.0, 0.7, 2.0)], [ReferenceTurn(1.0, 2.0), ReferenceTurn(4.0, 5.0)]).problems
    (Problem(start=4.0, end=5.0, kind='missed', reference=(2,), turns=()),)
    """

    start: float
    end: float
    kind: ProblemKind
    reference: tuple[int, ...] = ()
    turns: tuple[int, ...] = ()

    @property
    def wants_lower(self) -> bool:
        """Whether a lower threshold can heal it (a cut, a miss), else a higher (a merge, an invention)."""
        return self.kind in ("cut", "missed")


SHOWN = {
    "turns": ("Turns", "{}"), "reference_turns": ("Reference turns", "{}"),
    "cut": ("Cut", "{}"), "cuts": ("Places at which they are cut", "{}"),
    "merged": ("Merged", "{}"), "merges": ("Places at which they merge", "{}"),
    "missed": ("Missed", "{}"), "invented": ("Invented", "{}"), "cut_off": ("Turns cut off", "{}"),
    "censored": ("Wait not known", "{}"), "late_starts": ("Late starts", "{}"),
    "clipped_starts": ("Clipped starts", "{}"), "speech_share": ("Share of speech", "{:.1%}"),
    "precision": ("Precision", "{:.1%}"), "recall": ("Recall", "{:.1%}"), "f1": ("F1", "{:.1%}"),
    "detection_error_rate": ("Detection error rate", "{:.1%}"),
}
"""What a notebook shows of measures: titles, and how the values are written."""


@dataclass(frozen=True)
class Measures:
    """What one set of turns is worth; of one clip, or of several in total.

    Times are seconds. What needs a reference is None without one; ratios of nothing are None.

    Parameters
    ----------
    scored_seconds : float
        Length of what was judged.
    turns : int
        Number of turns in it.
    turn_lengths : tuple of float
        Their lengths from onset to end.
    clipped_starts : int
        Turns that begin right where the one before ends: the padding did not fit in between.
    reference_turns : int or None
        Stretches of true speech; reference turns that overlap or touch are one, since no detector that
        hears one channel can part them.
    reference_seconds, found_seconds, hit_seconds : float or None
        Their length, that of the turns, and of what lies in both; without the time within the collar.
    cut, merged, missed, invented : int or None
        Reference turns in several turns; turns that hold several reference turns; reference turns in none;
        turns that hold none.
    cuts, merges : int or None
        Places at which a reference turn was cut, and gaps between reference turns that went unnoticed.
    late_starts : int or None
        Reference turns whose first sound lies before the start of their turn, padding included: it is not
        heard.
    onset_errors, offset_errors : tuple of float
        Onset (padding taken out) and end of a turn minus the true ones, where they can be compared.
    waits : tuple of float
        From the true end of speech to the endpoint, where settings were given. Nobody waits where the
        endpoint comes before that end, or where the turn goes on into the next: those have none.
    censored : int or None
        Reference turns whose turn was still open when the clip ended or had lasted 60 s, where settings were
        given: how long one would have waited is not known. They have no wait either.
    cut_off : int or None
        Reference turns with an endpoint before their true end, where settings were given.
    problems : tuple of Problem
        Every error with its place, in order of time; empty in a total.
    collar : float
        Seconds before and after each true edge whose time was not judged, see ``measure``.

    Examples
    --------
    >>> from qwen_asr_widgets import ReferenceTurn, Turn, TurnDetection, measure
    >>> turns = [Turn(onset=1.0, start=0.7, end=2.0), Turn(onset=2.6, start=2.3, end=4.1)]
    >>> found = measure(turns, [ReferenceTurn(1.0, 4.0)], duration=10, settings=TurnDetection(0.2, 416))
    >>> found.cut, found.missed, found.waits
    (1, 0, (0.516,))
    >>> found.per_minute("cut")
    6.0
    """

    scored_seconds: float
    turns: int
    turn_lengths: tuple[float, ...] = field(repr=False)
    clipped_starts: int
    reference_turns: int | None = None
    reference_seconds: float | None = None
    hit_seconds: float | None = None
    cut: int | None = None
    merged: int | None = None
    missed: int | None = None
    invented: int | None = None
    cuts: int | None = None
    merges: int | None = None
    late_starts: int | None = None
    cut_off: int | None = None
    censored: int | None = None
    onset_errors: tuple[float, ...] = field(default=(), repr=False)
    offset_errors: tuple[float, ...] = field(default=(), repr=False)
    waits: tuple[float, ...] = field(default=(), repr=False)
    problems: tuple[Problem, ...] = field(default=(), repr=False)
    found_seconds: float | None = None
    collar: float = 0.0

    def per_minute(self, name: str) -> float | None:
        """Return a count (``"cut"``, ``"turns"`` …) per minute of what was judged."""
        return ratio(getattr(self, name), self.scored_seconds / 60)

    @property
    def errors(self) -> int | None:
        """All that went wrong: cuts and merges place by place, turns missed, invented, or ended early."""
        if self.cuts is None or self.merges is None or self.missed is None or self.invented is None:
            return None
        early = 0 if self.cut_off is None or self.cut is None else self.cut_off - self.cut
        return self.cuts + self.merges + self.missed + self.invented + early

    @property
    def cut_rate(self) -> float | None:
        """Share of reference turns that were cut."""
        return ratio(self.cut, self.reference_turns)

    @property
    def cut_off_rate(self) -> float | None:
        """Share of reference turns that were cut off."""
        return ratio(self.cut_off, self.reference_turns)

    @property
    def speech_seconds(self) -> float:
        """Time in turns, in seconds."""
        return round(sum(self.turn_lengths), 6)

    @property
    def speech_share(self) -> float | None:
        """Share of the time that is in turns."""
        return ratio(self.speech_seconds, self.scored_seconds)

    @property
    def miss_seconds(self) -> float | None:
        """True speech outside of turns, in seconds, as far as the collar lets it be judged."""
        return _minus(self.reference_seconds, self.hit_seconds)

    @property
    def false_alarm_seconds(self) -> float | None:
        """Time in turns that is no speech, in seconds, as far as the collar lets it be judged."""
        return _minus(self.found_seconds, self.hit_seconds)

    @property
    def detection_error_rate(self) -> float | None:
        """Miss and false alarm time over the time of true speech (NIST)."""
        if self.miss_seconds is None or self.false_alarm_seconds is None:
            return None
        return ratio(self.miss_seconds + self.false_alarm_seconds, self.reference_seconds)

    @property
    def precision(self) -> float | None:
        """Share of the time in turns that is speech."""
        return ratio(self.hit_seconds, self.found_seconds)

    @property
    def recall(self) -> float | None:
        """Share of the true speech that is in turns."""
        return ratio(self.hit_seconds, self.reference_seconds)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        if self.hit_seconds is None or self.reference_seconds is None or self.found_seconds is None:
            return None
        return ratio(2 * self.hit_seconds, self.found_seconds + self.reference_seconds)

    def quantile(self, name: str, q: float, absolute: bool = False) -> float | None:
        """Return a quantile of ``turn_lengths``, ``onset_errors``, ``offset_errors`` or ``waits``, or None.

        Parameters
        ----------
        name : str
            Which of them.
        q : float
            In [0, 1]; between two values it is interpolated linearly.
        absolute : bool
            Take the size of each value without its sign.
        """
        values = np.asarray(getattr(self, name), dtype=np.float64)
        return float(np.quantile(np.abs(values) if absolute else values, q)) if len(values) else None

    def _repr_html_(self) -> str:
        rows = []
        for name, (title, form) in SHOWN.items():
            value = getattr(self, name)
            if value is not None:
                rows.append([title, form.format(value)])
        titles = {"onset_errors": "Onset error", "offset_errors": "Offset error", "waits": "Wait"}
        for name, title in titles.items():
            median, high = (self.quantile(name, q, absolute=name != "waits") for q in (0.5, 0.9))
            if median is not None:
                rows.append([f"{title} (median, p90)", f"{median:.3f} s, {high:.3f} s"])
        judged = f"{self.scored_seconds:.1f} s judged" + (", without a reference" if self.cut is None else "")
        judged += f", with a collar of {self.collar:g} s" if self.collar else ""
        return table(["Measure", "Value"], rows, judged)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers: the fields, what is derived from them, medians and p90."""
        lists = ("turn_lengths", "onset_errors", "offset_errors", "waits")
        row = {k: v for k, v in asdict(self).items() if k not in (*lists, "problems")}
        for name in COUNTS:
            row[f"{name}_per_minute"] = self.per_minute(name)
        for name in DERIVED:
            row[name] = getattr(self, name)
        for name in lists:
            size = name.endswith("errors")
            row[f"{name}_median"] = self.quantile(name, 0.5, size)
            row[f"{name}_p90"] = self.quantile(name, 0.9, size)
        return row


def total(measures: Iterable[Measures]) -> Measures:
    """Return the measures of several clips together: counts and times add up, errors and waits are pooled.

    What only some clips have (those with a reference) is None in the total, since it would not be of all.

    Raises
    ------
    SettingError
        There are none, or they were judged with different collars.

    Examples
    --------
    >>> from qwen_asr_widgets.vad.evaluation.metrics import measure, ReferenceTurn, Turn
    >>> one = measure([Turn(1, 1, 2)], [ReferenceTurn(1, 2)], duration=30)
    >>> total([one, one]).scored_seconds
    60.0
    """
    clips = list(measures)
    if not clips:
        raise SettingError("There are no measures to add up; give those of at least one clip.", "measures")
    collars = {clip.collar for clip in clips if clip.reference_turns is not None}
    if len(collars) > 1:
        raise SettingError(
            f"The measures have collars of {' and '.join(f'{each:g}' for each in sorted(collars))} s; "
            "measure all with one.", "measures",
        )
    sums: dict[str, Any] = {"collar": max(collars, default=0.0)}
    for name in Measures.__dataclass_fields__:
        values = [getattr(clip, name) for clip in clips]
        if name in ("problems", "collar"):
            continue
        if isinstance(values[0], tuple):
            sums[name] = tuple(value for row in values for value in row)
        else:
            sums[name] = None if None in values else sum(values)
    return Measures(**sums)


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return ``part / whole``, or None where that has no meaning."""
    return part / whole if part is not None and whole else None


def _minus(whole: float | None, part: float | None) -> float | None:
    return None if whole is None or part is None else round(whole - part, 6)
