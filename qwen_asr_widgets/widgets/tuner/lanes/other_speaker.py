"""The other speaker: where two clips of a tuner are the channels of one call, what both do at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....vad.evaluation.overlaps import Overlaps, overlaps
from ....vad.turns import Turn
from ..case import Case, Judgement


@dataclass(frozen=True, eq=False)
class OtherSpeaker:
    """What the other channel of a call does, beside the one in sight.

    Parameters
    ----------
    name : str
        Who it is: the one speaker of its reference, else its clip's name, else its channel.
    turns : list of Turn
        Those that the settings tried make of it.
    tried : Overlaps
        Between the turns that the settings make of both; the clip in sight is the first.
    true : Overlaps or None
        Between the reference turns of both, where there are any of both.
    """

    name: str
    turns: list[Turn]
    tried: Overlaps
    true: Overlaps | None


def other_channel(cases: Sequence[Case], at: int) -> int | None:
    """Return the index of the clip that is the other channel of the same call; None where there is none.

    Two clips are one call where they were loaded from one source of two channels and have one length.

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> from qwen_asr_widgets.widgets.tuner.sources import open_cases
    >>> cases = open_cases([sample("noisy"), *sample("call").channels], None)
    >>> [other_channel(cases, at) for at in range(3)]
    [None, 2, 1]
    """
    mine = cases[at].clip
    if mine.origin.channels != 2 or mine.channel not in (0, 1):
        return None
    fits = (
        index for index, case in enumerate(cases)
        if case.clip.origin.name == mine.origin.name and case.clip.origin.channels == 2
        and case.clip.channel == 1 - mine.channel and len(case.clip) == len(mine)
    )
    return next(fits, None)


def other_speaker(mine: Case, other: Case, judged: Judgement, theirs: Judgement) -> OtherSpeaker:
    """Set what the settings make of both channels side by side."""
    names = _names(mine, other)
    tried = overlaps(judged.turns, theirs.turns, speakers=names)
    if mine.reference is None or other.reference is None:
        return OtherSpeaker(names[1], theirs.turns, tried, None)
    true = overlaps(mine.reference, other.reference, speakers=names)
    return OtherSpeaker(names[1], theirs.turns, tried, true)


def _names(*both: Case) -> tuple[str, str]:
    """Return two names that differ."""
    spoken = [{turn.speaker for turn in case.editor.labels.turns} for case in both]
    first, second = (
        next(iter(each)) if len(each) == 1 and "" not in each else case.name
        for each, case in zip(spoken, both)
    )
    if first != second:
        return first, second
    return f"channel {both[0].clip.channel}", f"channel {both[1].clip.channel}"
