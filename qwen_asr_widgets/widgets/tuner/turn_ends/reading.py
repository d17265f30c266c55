"""The pauses of one clip of the tuner, and what a model says at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import LabelError
from ....vad.labels.labels import Labels
from ....vad.pauses import Pause, Pauses, pauses
from ....vad.scoring.frames import SpeechScores
from ....vad.trade_off.counting import JudgedPauses, holds_and_ends, judged_pauses
from ....vad.trade_off.trade_off import HOLD_RANGE
from ..case import Case

Heard = dict[tuple[float, Pause], NDArray[np.float32]]
"""What a model said, by the start of the turn and the pause, whatever the number of its turn."""


@dataclass(eq=False)
class Reading:
    """The pauses of a clip as its labels and scores stand.

    Parameters
    ----------
    labels : Labels
    scores : SpeechScores
        What they follow from.
    pauses : Pauses
    is_given : bool
        Whether they were given, and not read off the scores.
    heard : dict
        What the model said so far; kept where labels change, for the pauses that stay.
    """

    labels: Labels
    scores: SpeechScores
    pauses: Pauses
    is_given: bool
    heard: Heard = field(default_factory=dict)

    @property
    def judged(self) -> JudgedPauses:
        """The pauses that count, in samples."""
        return judged_pauses(self.pauses, *HOLD_RANGE)

    @property
    def asked(self) -> list[Pause]:
        """The pauses at which a model is asked: the holds that count, then the ends."""
        holds, ends = holds_and_ends(self.pauses, *HOLD_RANGE)
        return [*holds, *ends]

    @property
    def missing(self) -> list[Pause]:
        """Those of them of which the model has not said anything yet."""
        return [pause for pause in self.asked if self._key(pause) not in self.heard]

    def keep(self, asked: Sequence[Pause], said: NDArray[np.float32]) -> None:
        """Keep what a model has said at some pauses, a row each."""
        self.heard.update({self._key(pause): row for pause, row in zip(asked, said)})

    def said(self) -> NDArray[np.float32] | None:
        """Return what the model says at the pauses asked about, (P, K); None before it has said all."""
        if self.missing:
            return None
        rows = [self.heard[self._key(pause)] for pause in self.asked]
        return np.array(rows, dtype=np.float32)

    def _key(self, pause: Pause) -> tuple[float, Pause]:
        return self.pauses.turns[pause.turn].start, replace(pause, turn=0)


def read_pauses(case: Case, given: Pauses | None, known: Reading | None) -> Reading | None:
    """Return the pauses of a clip; None before it is scored, or without a reference.

    Parameters
    ----------
    case : Case
    given : Pauses or None
        Those that the user gave: they hold as long as the reference is the one they were made with.
    known : Reading or None
        What was read before: returned where nothing has changed since.
    """
    if case.scores is None or case.reference is None:
        return None
    labels = case.editor.labels
    same_sound = known is not None and known.scores is case.scores
    if known is not None and same_sound and known.labels == labels:
        return known
    is_given = given is not None and _are_of(given, labels)
    found = given if given is not None and is_given else pauses(case.scores, labels)
    heard = known.heard if known is not None and same_sound else {}
    return Reading(labels, case.scores, found, is_given, heard)


def checked_pauses(given: Any, cases: Sequence[Case]) -> list[Pauses | None]:
    """Return the pauses that were given, one entry for each clip.

    Raises
    ------
    LabelError
        They are something else, not one for each clip, or those of another reference.
    """
    listed = list(given) if isinstance(given, (list, tuple)) else [given] * (1 if len(cases) == 1 else 0)
    if given is None:
        return [None] * len(cases)
    if len(listed) != len(cases) or not all(one is None or isinstance(one, Pauses) for one in listed):
        raise LabelError(
            "pauses takes what qaw.pauses(clip, reference) returns, for several clips a list with one for "
            f"each ({len(cases)}), None where they are to be read off."
        )
    for case, one in zip(cases, listed):
        if one is not None and not _are_of(one, case.editor.labels):
            raise LabelError(
                f"The pauses given for {case.name} are those of other turns than its reference has; make "
                "them with qaw.pauses(clip, reference)."
            )
    return listed


def _are_of(given: Pauses, labels: Labels) -> bool:
    """Tell whether pauses are those of the turns of labels, which are rounded to milliseconds."""
    pairs = list(zip(given.turns, sorted(labels.turns)))
    close = all(abs(a.start - b.start) < 1e-3 and abs(a.end - b.end) < 1e-3 for a, b in pairs)
    return close and len(given.turns) == len(labels.turns)
