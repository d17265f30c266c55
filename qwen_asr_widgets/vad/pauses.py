"""Pauses: the silences at which a turn detector has to decide whether somebody is done speaking.

A pause is at least 100 ms of silence inside a reference turn (a *hold*: the speaker goes on) or after one (an
*end*). That is the unit by which the field judges the detection of turn ends (see ``vad.trade_off``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Union, overload

import numpy as np
from numpy.typing import NDArray

from ..audio.clip import Sound, as_clip
from ..audio.reference import ReferenceTurn
from ..arguments import checked_keywords, checked_number
from ..errors import LabelError
from ..formatting import table, with_units
from .labels.labels import Labels
from .labels.references import Reference, read_reference
from .runs import speech_runs
from .scoring.frames import HOP_SECONDS, SpeechScores
from .scoring.scores import speech_scores

if TYPE_CHECKING:
    from pandas import DataFrame

PauseKind = Literal["hold", "end"]

MIN_PAUSE = 0.1
"""Seconds of silence from which a pause counts; the figure of eot-bench's span sets."""

NEUTRAL_THRESHOLD = 0.0
"""The score at which holds are read off where none are given: a probability of speech of one half."""

_LEAST_SPEECH = 2
"""Frames of speech in a row that end a pause: as many as open a turn, so that one loud frame does not."""

SHOWN_MS = (200, 300, 400, 500, 600, 800, 1_000, 1_500, 2_000, 3_000)
"""The silences (ms) for which a summary tells the share of longer holds."""


@with_units(start="s", end="s", turn="")
@dataclass(frozen=True, order=True)
class Pause:
    """A silence inside or after a turn.

    Parameters
    ----------
    start, end : float
        Seconds from the start of the clip. An end lasts until somebody speaks again or the clip is over.
    kind : {"hold", "end"}
        Whether the speaker goes on or was done.
    speaker : str
        Whose turn it is; empty where it is not known.
    turn : int
        Number of the reference turn, from 0, in order of time.
    text : str
        The words of the turn said so far; empty where they are not known.

    Raises
    ------
    LabelError
        The times are not ``0 <= start < end``, or the kind is another.

    Examples
    --------
    >>> Pause(1.5, 2.25, "hold").duration
    0.75
    """

    start: float
    end: float
    kind: PauseKind = "end"
    speaker: str = ""
    turn: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        ReferenceTurn(self.start, self.end, speaker=self.speaker)  # checks the times
        if self.kind not in ("hold", "end"):
            raise LabelError(f"The kind of a pause is {self.kind!r:.40}; it must be 'hold' or 'end'.")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True, repr=False)
class Pauses(Sequence[Pause]):
    """The pauses of a clip in order of time, with the turns they belong to.

    Parameters
    ----------
    items : tuple of Pause
    turns : tuple of ReferenceTurn
        In order of time.
    duration : float
        Length of the clip in seconds.
    source : str
        Where the holds come from, for people to read.

    Examples
    --------
    >>> found = Pauses((Pause(1.0, 1.6, "hold"), Pause(3.0, 5.0)), (ReferenceTurn(0.5, 3.0),), 5.0, "by hand")
    >>> found
    <Pauses: 1 hold, 1 end in 1 turn, holds by hand>
    >>> found.share_longer([500, 800]).tolist()
    [1.0, 0.0]
    """

    items: tuple[Pause, ...]
    turns: tuple[ReferenceTurn, ...]
    duration: float
    source: str

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Pause: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Pause]: ...

    def __getitem__(self, index: int | slice) -> Union[Pause, Sequence[Pause]]:
        return self.items[index]

    def __iter__(self) -> Iterator[Pause]:
        return iter(self.items)

    @property
    def holds(self) -> tuple[Pause, ...]:
        """The pauses after which the speaker goes on."""
        return tuple(pause for pause in self.items if pause.kind == "hold")

    @property
    def ends(self) -> tuple[Pause, ...]:
        """The pauses after a whole turn."""
        return tuple(pause for pause in self.items if pause.kind == "end")

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in order of first appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    def share_longer(
        self, silences_ms: Iterable[float] = SHOWN_MS, speaker: str | None = None
    ) -> NDArray[np.float64]:
        """Return the share of holds longer than each silence: what a detector of silence would cut.

        Parameters
        ----------
        silences_ms : iterable of float
            S silences in milliseconds.
        speaker : str or None
            Whose holds; None: everybody's.

        Returns
        -------
        ndarray, float64, shape (S,)
            NaN where there are no holds.
        """
        lengths = [hold.duration for hold in self.holds if speaker is None or hold.speaker == speaker]
        silences = np.array(list(silences_ms), dtype=np.float64) / 1_000
        if not lengths:
            return np.full(len(silences), np.nan)
        longer: NDArray[np.float64] = (np.array(lengths)[:, None] > silences + 1e-9).mean(axis=0)
        return longer

    def to_frame(self) -> DataFrame:
        """Return a pandas frame with a row for each pause: ``start``, ``end``, ``duration`` (s), ``kind``,
        ``speaker`` and ``turn``."""
        import pandas as pd

        columns = ("start", "end", "duration", "kind", "speaker", "turn")
        return pd.DataFrame([[getattr(p, name) for name in columns] for p in self.items], columns=columns)

    def __repr__(self) -> str:
        counts = (_counted(len(self.holds), "hold"), _counted(len(self.ends), "end"))
        return f"<Pauses: {', '.join(counts)} in {_counted(len(self.turns), 'turn')}, holds {self.source}>"

    def _repr_html_(self) -> str:
        head = ["Speaker", "Turns", "Holds", *(f"> {ms} ms" for ms in SHOWN_MS)]
        rows = []
        for speaker in self.speakers:
            turns = sum(turn.speaker == speaker for turn in self.turns)
            holds = sum(hold.speaker == speaker for hold in self.holds)
            shares = ["–" if np.isnan(x) else f"{x:.0%}" for x in self.share_longer(speaker=speaker)]
            rows.append([speaker or "(not named)", str(turns), str(holds), *shares])
        return table(head, rows, f"Share of holds longer than each silence. {repr(self)[1:-1]}.")


@checked_keywords
def pauses(
    clip: Sound | SpeechScores,
    reference: Reference,
    *,
    holds: Iterable[tuple[float, float] | tuple[float, float, str]] | None = None,
    threshold: float = NEUTRAL_THRESHOLD,
) -> Pauses:
    """Return the pauses of a clip: holds inside its reference turns and an end after each.

    Parameters
    ----------
    clip : AudioClip, Sample, Recording, sound file or SpeechScores
        Audio is scored where ``holds`` are not given.
    reference : Labels, Sample, path of a label file, or list of turns
        What was truly said.
    holds : iterable of (start, end) or (start, end, text), optional
        Holds labelled by hand, in seconds, with the words of the turn so far; each must lie in a turn.
        Without them those of the reference are taken, where it is ``Labels`` that have some, else they are
        read off the speech scores: a hold is a silence between two stretches of speech of one turn.
    threshold : float
        The score in [-1, 1] from which a frame is speech, where holds are read off. A silence is ended by two
        speech frames in a row (64 ms), and measured in whole frames of 32 ms.

    Returns
    -------
    Pauses
        Those of 100 ms or more. An end lasts from the turn's end to the next turn of anybody or the end of
        the clip; a turn that another one follows at once, or overlaps at its end, has none.

    Raises
    ------
    LabelError
        The reference cannot be read, or a hold lies outside the turns.
    AudioError
        The clip is no sound.
    SettingError
        The threshold is out of its range.

    Examples
    --------
    >>> scores = SpeechScores([-1] * 20 + [0.5] * 40 + [-0.2] * 20 + [0.5] * 40 + [-1] * 40)
    >>> for pause in pauses(scores, [(0.64, 3.84)]):
    ...     print(f"{pause.kind} {pause.start:.2f} to {pause.end:.2f} s")
    hold 1.92 to 2.56 s
    end 3.84 to 5.12 s
    """
    checked_number("threshold", threshold, -1.0, 1.0)
    read = read_reference(reference)
    turns = tuple(sorted(read))
    source = "as given"
    if holds is None and isinstance(read, Labels) and read.holds:
        holds, source = read.holds, "of the labels"
    if holds is not None:
        length = (clip if isinstance(clip, SpeechScores) else as_clip(clip, "pauses")).duration
        found = [_given_hold(turns, *hold) for hold in holds]
    else:
        scores = clip if isinstance(clip, SpeechScores) else speech_scores(clip)
        length = scores.duration
        found = _holds(scores, turns, threshold)
        source = f"read off the speech scores at {threshold:g}"
    ends = _ends(turns, length)
    return Pauses(tuple(sorted([*found, *ends])), turns, length, source)


def _given_hold(turns: tuple[ReferenceTurn, ...], start: float, end: float, text: str = "") -> Pause:
    """Return a hold labelled by hand with the turn it lies in."""
    for number, turn in enumerate(turns):
        if turn.start < start and end < turn.end:
            return Pause(start, end, "hold", turn.speaker, number, text)
    raise LabelError(f"A hold runs from {start:g} to {end:g} s, which lies inside no turn of the reference.")


def _holds(scores: SpeechScores, turns: tuple[ReferenceTurn, ...], threshold: float) -> list[Pause]:
    """Return the silences between two stretches of speech of one turn."""
    runs = speech_runs(scores.values, threshold)
    speech = runs[runs[:, 1] - runs[:, 0] >= _LEAST_SPEECH]
    least = int(np.ceil(MIN_PAUSE / HOP_SECONDS))
    found = []
    for number, turn in enumerate(turns):
        first = int(np.searchsorted(speech[:, 1], turn.start / HOP_SECONDS + _LEAST_SPEECH))
        stop = int(np.searchsorted(speech[:, 0], turn.end / HOP_SECONDS - _LEAST_SPEECH, side="right"))
        inside = speech[first:stop]
        for start, end in zip(inside[:-1, 1].tolist(), inside[1:, 0].tolist()):
            if end - start >= least:
                found.append(Pause(start * HOP_SECONDS, end * HOP_SECONDS, "hold", turn.speaker, number))
    return found


def _ends(turns: tuple[ReferenceTurn, ...], duration: float) -> list[Pause]:
    """Return the silence after each turn, where there is any."""
    ends = []
    latest = 0.0
    for number, turn in enumerate(turns):
        following = (turns[k].start for k in range(number + 1, len(turns)) if turns[k].end > turn.end)
        until = max(turn.end, next(following, duration)) if latest <= turn.end else turn.end
        if until - turn.end >= MIN_PAUSE - 1e-9:
            ends.append(Pause(turn.end, until, "end", turn.speaker, number, turn.text))
        latest = max(latest, turn.end)
    return ends


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
