"""Two runs of one sound, utterance by utterance: how much longer one waited, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...audio.reference import ReferenceTurn
from ...audio.tape import Tape
from ...errors import SettingError
from ..latency import TimedUtterance, match_reference
from ..recording import Recording
from ..summary import waits_count

RESAMPLES = 2_000
ENOUGH = 5
"""Utterances heard by both from which on an interval is stated: of fewer it would be far too narrow."""

HUNDREDTH = 0.01
"""Seconds to which differences are stated."""

_BLOCK = 1 << 20
"""Samples of two tapes that are compared at once: an hour's sound lies on disk."""


@dataclass(frozen=True)
class WaitDifference:
    """How long one run waited beside another, over the utterances that both heard.

    Parameters
    ----------
    name, other : str
        The run, and the one it is compared with.
    n : int
        Utterances paired that have a wait in both: closed by silence, their sound sent in real time.
    seconds : float or None
        Mean of the run's waits for the final less the other's; negative: it waits less. None where n is 0.
    interval : tuple of float or None
        95 % of the means of 2,000 resamples of the pairs with replacement (the percentile bootstrap, seeded);
        None below `ENOUGH` pairs. It speaks of utterances like these, of one recording, not of other calls.
    cut_off, cut_off_other : int or None
        Reference turns closed before their end by either; None without reference turns.
    turns : int or None
        Number of reference turns.

    Examples
    --------
    >>> print(WaitDifference("B", "A", 38, -0.31, (-0.38, -0.24), 3, 1, 40))
    B waits 0.31 s less than A (95 %: 0.24 to 0.38 s less, n = 38 pairs); it cuts off 3 of 40 turns, not 1.
    """

    name: str
    other: str
    n: int
    seconds: float | None
    interval: tuple[float, float] | None = None
    cut_off: int | None = None
    cut_off_other: int | None = None
    turns: int | None = None

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval leaves out 0: the runs differ by more than these utterances vary."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    def __str__(self) -> str:
        return f"{self._waits()}{self._cuts()}."

    def _waits(self) -> str:
        if self.seconds is None:
            return (
                f"No difference of waits between {self.name} and {self.other}: no utterance was heard by "
                "both in real time and closed by silence"
            )
        if self.interval is None:
            sure = f"n = {self.n}, too few for an interval"
        else:
            sure = f"95 %: {_span(*self.interval)}, n = {self.n} pairs"
            if not self.is_told_apart:
                sure += ", not told apart"
        longer = "as long as" if abs(self.seconds) < HUNDREDTH / 2 else f"{_more(self.seconds)} than"
        return f"{self.name} waits {longer} {self.other} ({sure})"

    def _cuts(self) -> str:
        if self.cut_off is None:
            return ""
        if self.cut_off == self.cut_off_other:
            return f"; each cuts off {self.cut_off} of {self.turns} turns"
        return f"; it cuts off {self.cut_off} of {self.turns} turns, not {self.cut_off_other}"


def wait_difference(
    recording: Recording, other: Recording, names: tuple[str, str],
    turns: Sequence[ReferenceTurn] | None = None,
) -> WaitDifference:
    """Compare the waits of two runs of one sound; with ``turns`` from the true ends of speech."""
    pairs = np.array(paired_waits(recording, other, turns))
    mine, theirs = (
        None if turns is None else sum(row.cut for row in run.latency(turns)) for run in (recording, other)
    )
    differences = pairs[:, 0] - pairs[:, 1] if len(pairs) else np.zeros(0)
    return WaitDifference(
        *names, len(differences), float(differences.mean()) if len(differences) else None,
        _interval(differences), mine, theirs, None if turns is None else len(turns),
    )


def paired_waits(
    recording: Recording, other: Recording, turns: Sequence[ReferenceTurn] | None = None
) -> list[tuple[float, float]]:
    """Return the waits of both runs for each utterance that both heard and both have a wait for.

    Utterances are paired one to one, the greatest overlap in time first. Of runs that were not sent in real
    time there are none: nobody waited for them as long as that.
    """
    if not (waits_count(recording.info.pace) and waits_count(other.info.pace)):
        return []
    mine, theirs = recording.utterances, other.utterances
    heard = [(at, _turn(one)) for at, one in enumerate(theirs) if one.end is not None]
    places = match_reference(mine, [turn for _, turn in heard])
    waits, their_waits = _waits(recording, turns), _waits(other, turns)
    found = []
    for at, place in enumerate(places):
        if place is not None:
            wait, theirs_then = waits[at], their_waits[heard[place][0]]
            if wait is not None and theirs_then is not None:
                found.append((wait, theirs_then))
    return found


def check_same_sound(recordings: Sequence[Recording], names: Sequence[str]) -> None:
    """Raise `SettingError` unless all are of one sound; of one that broke off, what there is counts."""
    first = recordings[0].tape
    for recording, name in zip(recordings[1:], names[1:]):
        place = first_difference(first, recording.tape)
        if place is not None:
            raise SettingError(
                f"{name!r} is of another sound than {names[0]!r}: they differ from "
                f"{place / first.sample_rate:.2f} s on. Only runs of the same sound can be compared; "
                "transcribe the first one's clip once more with the other's settings.", "recordings",
            )


def first_difference(tape: Tape, other: Tape) -> int | None:
    """Return the first sample in which two tapes differ, None where one is the other's beginning.

    Examples
    --------
    >>> long, short, third = Tape(16_000), Tape(16_000), Tape(8_000)
    >>> _ = long.append(np.arange(9, dtype=np.int16)), short.append(np.array([0, 1, 3], np.int16))
    >>> first_difference(long, short), first_difference(long, Tape(16_000)), first_difference(long, third)
    (2, None, 0)
    """
    if tape.sample_rate != other.sample_rate:
        return 0
    for start in range(0, min(len(tape), len(other)), _BLOCK):
        stop = min(start + _BLOCK, len(tape), len(other))
        differs = np.flatnonzero(tape.read(start, stop) != other.read(start, stop))
        if len(differs):
            return start + int(differs[0])
    return None


def _turn(utterance: TimedUtterance) -> ReferenceTurn:
    start = utterance.onset if utterance.onset is not None else utterance.start or 0.0
    end = utterance.end or 0.0
    return ReferenceTurn(start, max(end, start + 1e-6))


def _waits(recording: Recording, turns: Sequence[ReferenceTurn] | None) -> list[float | None]:
    return [
        row.finalization if row.ended_by == "silence" and not row.cut else None
        for row in recording.latency(turns)
    ]


def _interval(differences: np.ndarray) -> tuple[float, float] | None:
    if len(differences) < ENOUGH:
        return None
    drawn = np.random.default_rng(0).integers(len(differences), size=(RESAMPLES, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _more(seconds: float) -> str:
    return f"{abs(seconds):.2f} s {'less' if seconds < 0 else 'more'}"


def _span(low: float, high: float) -> str:
    """Return an interval in words, as in ``0.24 to 0.38 s less``."""
    if low < 0 < high:
        return f"{_more(low)} to {_more(high)}"
    nearer, farther = sorted((abs(low), abs(high)))
    return f"{nearer:.2f} to {farther:.2f} s {'less' if high <= 0 else 'more'}"
