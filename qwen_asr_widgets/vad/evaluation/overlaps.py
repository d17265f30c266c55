"""Two speakers at once: overlaps, and who said "mhm" and who broke in.

Each speaker has turns of their own, from a channel each. A turn that begins while the other one speaks is

* a *backchannel* where it is short and over before the other's turn is: a sign of listening ("mhm"), after
  which the other goes on. Heldner and Edlund (2010, Journal of Phonetics 38) call it an overlap within a
  speaker;
* an *interruption* otherwise: it is longer, or goes on after the other's turn.

Two turns that begin at the same moment are neither; their overlap counts as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...audio.units import SAMPLE_RATE
from ...arguments import checked_keywords, checked_number
from ...errors import SettingError
from ...formatting import table, with_units
from ..labels.references import Reference, reference_turns
from .matching import Intervals, support, to_samples

LONGEST_BACKCHANNEL = 1.0
"""Seconds up to which a turn inside the other's turn counts as a backchannel."""

OverlapKind = Literal["backchannel", "interruption"]
KINDS: tuple[OverlapKind, ...] = ("backchannel", "interruption")


@with_units(start="s", end="s", seconds="s")
@dataclass(frozen=True, order=True)
class Overlap:
    """A turn that began while the other one spoke.

    Parameters
    ----------
    start, end : float
        Seconds; those of the whole turn.
    kind : {"backchannel", "interruption"}
    speaker : str
        Who began it.
    seconds : float
        How long both spoke during it.

    Examples
    --------
    >>> from qwen_asr_widgets import overlaps
    >>> overlaps([(0.0, 5.0)], [(1.0, 1.5)]).events[0]
    Overlap(start=1.0, end=1.5, kind='backchannel', speaker='second', seconds=0.5)
    """

    start: float
    end: float
    kind: OverlapKind
    speaker: str
    seconds: float


@dataclass(frozen=True, repr=False)
class Overlaps:
    """What happened between two speakers, as ``overlaps`` returns it.

    Parameters
    ----------
    events : tuple of Overlap
        Backchannels and interruptions, in order of time.
    stretches : tuple of (start, end)
        Seconds in which both speak, in order of time.
    speakers : (str, str)
    speech : (float, float)
        Seconds that each of them speaks.

    Examples
    --------
    >>> from qwen_asr_widgets import overlaps
    >>> found = overlaps([(0.0, 5.0)], [(1.0, 1.5), (4.0, 7.0)], speakers=("caller", "agent"))
    >>> found
    <Overlaps of caller and agent: 1.50 s at once, 1 backchannel, 1 interruption>
    >>> [(event.kind, event.speaker, event.seconds) for event in found.events]
    [('backchannel', 'agent', 0.5), ('interruption', 'agent', 1.0)]
    """

    events: tuple[Overlap, ...]
    stretches: tuple[tuple[float, float], ...]
    speakers: tuple[str, str]
    speech: tuple[float, float]

    def __repr__(self) -> str:
        counts = (f"{self.count(kind)} {kind}{'' if self.count(kind) == 1 else 's'}" for kind in KINDS)
        names = " and ".join(self.speakers)
        return f"<Overlaps of {names}: {self.seconds:.2f} s at once, {', '.join(counts)}>"

    def _repr_html_(self) -> str:
        rows = [
            [name, f"{spoken:.1f} s", *(str(self.count(kind, name)) for kind in KINDS)]
            for name, spoken in zip(self.speakers, self.speech)
        ]
        below = f"Both at once for {self.seconds:.2f} s, {self.share:.1%} of the time in which one speaks."
        return table(["Speaker", "Speaks", "Backchannels", "Interruptions"], rows, below)

    @property
    def seconds(self) -> float:
        """Seconds in which both speak."""
        return sum(end - start for start, end in self.stretches)

    @property
    def share(self) -> float:
        """Share of the time in which anybody speaks that both do; 0 where nobody speaks."""
        anybody = sum(self.speech) - self.seconds
        return self.seconds / anybody if anybody else 0.0

    @property
    def backchannels(self) -> tuple[Overlap, ...]:
        """The backchannels of both."""
        return tuple(event for event in self.events if event.kind == "backchannel")

    @property
    def interruptions(self) -> tuple[Overlap, ...]:
        """The interruptions of both."""
        return tuple(event for event in self.events if event.kind == "interruption")

    def count(self, kind: OverlapKind, speaker: str | None = None) -> int:
        """Return how many there are of a kind, of one speaker or of both."""
        return sum(event.kind == kind and speaker in (None, event.speaker) for event in self.events)


@checked_keywords
def overlaps(
    first: Reference, second: Reference, *, speakers: tuple[str, str] = ("first", "second"),
    longest_backchannel: float = LONGEST_BACKCHANNEL,
) -> Overlaps:
    """Tell when two speakers speak at once, and count backchannels and interruptions apart.

    Parameters
    ----------
    first, second : Labels, label file, list of turns, of ``Turn`` or of (start, end)
        The turns of each, on one time axis; those of one speaker that overlap or touch count as one.
    speakers : (str, str)
        Their names, which must differ.
    longest_backchannel : float
        Seconds, 0 to 60: a turn that begins inside the other's turn, ends no later and lasts no longer is a
        backchannel.

    Returns
    -------
    Overlaps

    Raises
    ------
    LabelError
        The turns cannot be read.
    SettingError
        The names are not two, or the length is out of its range.

    Examples
    --------
    >>> import qwen_asr_widgets as qaw
    >>> call = qaw.sample("call")
    >>> first, second = call.speakers
    >>> turns = [[turn for turn in call.turns if turn.speaker == name] for name in (first, second)]
    >>> qaw.overlaps(turns[0], turns[1], speakers=(first, second))
    <Overlaps of agent and caller: 0.60 s at once, 0 backchannels, 1 interruption>
    """
    longest = round(checked_number("longest_backchannel", longest_backchannel, 0.0, 60.0) * SAMPLE_RATE)
    if len(speakers) != 2 or speakers[0] == speakers[1] or not all(isinstance(one, str) for one in speakers):
        raise SettingError(f"speakers is {speakers!r:.60}; give two names that differ.", "speakers")
    turns = [_united(each, name) for each, name in ((first, "first"), (second, "second"))]
    events = [
        *_events(turns[0], turns[1], speakers[0], longest), *_events(turns[1], turns[0], speakers[1], longest)
    ]
    both = [(start / SAMPLE_RATE, end / SAMPLE_RATE) for start, end in _shared(*turns).tolist()]
    return Overlaps(
        tuple(sorted(events)), tuple(both), (speakers[0], speakers[1]),
        (_seconds(turns[0]), _seconds(turns[1])),
    )


def _united(turns: Reference, name: str) -> Intervals:
    """Return the turns of one speaker in samples, in order, with a gap between any two."""
    return support(to_samples([(turn.start, turn.end) for turn in reference_turns(turns, name)]))[0]


def _shared(first: Intervals, second: Intervals) -> Intervals:
    """Return where both speak; each side in order and without overlaps."""
    lows = np.searchsorted(second[:, 1], first[:, 0], "right").tolist()
    highs = np.searchsorted(second[:, 0], first[:, 1]).tolist()
    pairs = [(mine, other) for mine, low, high in zip(first.tolist(), lows, highs)
             for other in second[low:high].tolist()]
    both = [(max(mine[0], other[0]), min(mine[1], other[1])) for mine, other in pairs]
    return np.array(both, dtype=np.int64).reshape(-1, 2)


def _events(mine: Intervals, other: Intervals, speaker: str, longest: int) -> Sequence[Overlap]:
    """Return the turns of one speaker that begin inside a turn of the other."""
    events = []
    for start, end in mine.tolist():
        around = int(np.searchsorted(other[:, 0], start)) - 1
        if around < 0 or start >= other[around, 1]:
            continue
        is_short = end <= other[around, 1] and end - start <= longest
        kind: OverlapKind = "backchannel" if is_short else "interruption"
        shared = _seconds(_shared(np.array([[start, end]]), other))
        events.append(Overlap(start / SAMPLE_RATE, end / SAMPLE_RATE, kind, speaker, shared))
    return events


def _seconds(intervals: Intervals) -> float:
    return float((intervals[:, 1] - intervals[:, 0]).sum()) / SAMPLE_RATE
