"""The runs of a transcriber that stay: listed, named, thrown away, one of them pinned as a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ....recording import Recording
from ....recording.run import Run
from ..sound import SoundAtHand
from ..sources import MicrophoneSource, PacedSource
from .corrections import corrected_text

LONGEST_NAME = 60
"""Letters of a name."""

LONGEST_CORRECTION = 10_000
"""Letters of what was said in an utterance: many times what a minute holds."""


@dataclass(frozen=True, eq=False)
class KeptRun:
    """One run, with what it takes to show it again.

    Parameters
    ----------
    number : int
        From 1; a number that was thrown away is not given again.
    recording : Recording
        Its record.
    sound : SoundAtHand
        What it is of.
    run : Run or None
        What made it; None for a recording that was opened.
    source : MicrophoneSource, PacedSource or None
        Where its sound came from.
    name : str
        As the user calls it; empty until then.
    corrections : dict of int to str
        What was truly said, by the number of the utterance.
    """

    number: int
    recording: Recording
    sound: SoundAtHand
    run: Run | None = None
    source: MicrophoneSource | PacedSource | None = None
    name: str = ""
    corrections: Mapping[int, str] = field(default_factory=dict)

    @property
    def growing(self) -> bool:
        """Whether sound or answers are still to come."""
        return self.run is not None and self.run.active

    @property
    def is_baseline(self) -> bool:
        """Whether others can be compared with it: everything was sent and answered, and a turn was found."""
        return self.recording.complete and len(self.recording.utterances) > 0


class KeptRuns:
    """The runs of a transcriber, oldest first. Not thread-safe: its model holds a lock.

    Attributes
    ----------
    pinned : int or None
        Number of the run with which the others of its sound are compared.

    Examples
    --------
    >>> runs, sound = KeptRuns(), SoundAtHand()
    >>> [runs.add(Recording(), sound).number for _ in range(3)]
    [1, 2, 3]
    >>> runs.remove(2).number, [run.number for run in runs]
    (3, [1, 3])
    """

    def __init__(self) -> None:
        self._runs: tuple[KeptRun, ...] = ()
        self._count = 0
        self.pinned: int | None = None

    def __iter__(self) -> Iterator[KeptRun]:
        return iter(self._runs)

    def add(
        self, recording: Recording, sound: SoundAtHand, run: Run | None = None,
        source: MicrophoneSource | PacedSource | None = None,
    ) -> KeptRun:
        """Keep a run."""
        self._count += 1
        kept = KeptRun(self._count, recording, sound, run, source)
        self._runs = (*self._runs, kept)
        return kept

    def take_over(self, other: KeptRuns) -> None:
        """Have the runs of another transcriber, before any of one's own."""
        self._runs, self._count, self.pinned = other._runs, other._count, other.pinned

    def numbered(self, number: int) -> KeptRun | None:
        """Return the run of a number; None where it was thrown away."""
        return next((one for one in self._runs if one.number == number), None)

    def of(self, recording: Recording | None) -> KeptRun | None:
        """Return the run that made a recording."""
        return next((one for one in self._runs if one.recording is recording), None)

    def last_of(self, sound: SoundAtHand) -> KeptRun | None:
        """Return the newest run of a sound."""
        return next((one for one in reversed(self._runs) if one.sound.is_same(sound)), None)

    def rename(self, number: int, name: str) -> None:
        """Call a run something; an empty name takes the name away."""
        self._change(number, name=" ".join(name.split())[:LONGEST_NAME])

    def correct(self, number: int, utterance: int, text: str | None) -> None:
        """Note what was truly said in an utterance of a run; None, or what was heard, takes that back."""
        kept = self.numbered(number)
        heard = {} if kept is None else {one.number: one.text for one in kept.recording.utterances}
        if kept is None or utterance not in heard:
            return
        corrections = {key: said for key, said in kept.corrections.items() if key != utterance}
        text = None if text is None else " ".join(text.split())[:LONGEST_CORRECTION]
        if text is not None and text != heard[utterance]:
            corrections[utterance] = text
        self._change(number, corrections=corrections)

    def corrected(self, recording: Recording | None) -> KeptRun | None:
        """Return the newest run with corrections, of the same sound as another's recording."""
        shown = self.of(recording)
        same = (
            one for one in reversed(self._runs)
            if shown is not None and one.corrections and one.sound.is_same(shown.sound)
        )
        return next(same, None)

    def reference(self, recording: Recording | None) -> str | None:
        """Return what was said in the sound of a recording, by the corrections; None where there are none."""
        kept = self.corrected(recording)
        return None if kept is None else corrected_text(kept.recording, kept.corrections)

    def _change(self, number: int, **changes: Any) -> None:
        self._runs = tuple(replace(one, **changes) if one.number == number else one for one in self._runs)

    def pin(self, number: int | None) -> None:
        """Compare the others of its sound with a run; an incomplete one stays no baseline."""
        kept = None if number is None else self.numbered(number)
        if kept is None or kept.is_baseline:
            self.pinned = None if kept is None else kept.number

    def remove(self, number: int) -> KeptRun | None:
        """Throw a run away; return the one to be shown in its place, of the same sound where there is one."""
        gone = self.numbered(number)
        self._runs = tuple(one for one in self._runs if one is not gone)
        self.pinned = None if self.pinned == number else self.pinned
        if gone is None or not self._runs:
            return None
        return self.last_of(gone.sound) or self._runs[-1]

    def baseline(self, recording: Recording | None) -> KeptRun | None:
        """Return the run with which another is compared.

        That is the pinned one, where it is of the same sound, else the last complete one of that sound before
        it. An incomplete run is no baseline: what it lacks would pass for a difference.
        """
        shown = self.of(recording)
        if shown is None:
            return None
        same = [one for one in self._runs if one is not shown and one.sound.is_same(shown.sound)]
        pinned = next((one for one in same if one.number == self.pinned), None)
        if pinned is not None:
            return pinned
        if shown.number == self.pinned:
            return None
        before = (one for one in reversed(same) if one.number < shown.number and one.is_baseline)
        return next(before, None)
