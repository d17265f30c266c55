"""Exercises on turns: a detector of one's own, a threshold by sight, the share of hesitations cut off."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ...audio.reference import ReferenceTurn
from ...audio.samples import sample
from ...vad.pauses import Pause, Pauses
from ...vad.scoring.frames import HOP_SECONDS, SpeechScores
from ...vad.scoring.scores import speech_scores
from ...vad.turns import TurnDetection, detect_turns
from .mark import RIGHT, Mark, NotAnswer, mistake_in, number_in, wrong

Spans = list[tuple[int, int]]
FindTurns = Callable[[list[bool], int], Any]

SILENCE = 7
"""Silent frames that close a turn in the drawn cases: 224 ms."""

DRAWN = {
    "nothing": "..........",
    "plain": "....AAAA.......",
    "single": "...A.......AAAA.......",
    "joined": "AAA......AAA.......",
    "closed": "AAA.......AAA.......",
    "reset": "AAA....A....AAA.......",
    "anew": "AAA.......A.......AA.......",
    "open": "....AAAA..",
}
"""Speech (A) and silence (.) by frame; each name is that of the text on what a detector got wrong there."""

ON_SOUND = (TurnDetection(0.2, 800), TurnDetection(0.7, 320), TurnDetection(-0.3, 400))


def judge_detector(answer: Any, about: Any = None) -> Mark:
    """Judge a function that finds turns in frames of speech and silence, beside `detect_turns`."""
    if not callable(answer):
        raise NotAnswer
    for name, drawing in DRAWN.items():
        speech = [letter == "A" for letter in drawing]
        scores = SpeechScores(np.where(speech, 1.0, -1.0).astype(np.float32))
        expected = _frames(scores, TurnDetection(0.0, round(SILENCE * HOP_SECONDS * 1_000), 0))
        found = _spans(answer(speech, SILENCE))
        if found != expected:
            return wrong(name, drawing=drawing, silence=SILENCE, found=found, expected=expected)
    return _judge_on_sound(answer)


def _judge_on_sound(find_turns: FindTurns) -> Mark:
    scores = noisy_scores()
    for settings in ON_SOUND:
        speech = (scores.values >= settings.threshold).tolist()
        found, expected = _spans(find_turns(speech, settings.silence_frames)), _frames(scores, settings)
        if found != expected:
            return wrong(
                "sound", threshold=settings.threshold, silence=settings.silence_frames,
                found=len(found), expected=len(expected),
            )
    return Mark(True, "right", {"frames": len(scores)})


def _frames(scores: SpeechScores, settings: TurnDetection) -> Spans:
    turns = detect_turns(scores, settings)
    return [(round(turn.onset / HOP_SECONDS), round(turn.end / HOP_SECONDS)) for turn in turns]


def _spans(found: Any) -> Spans:
    """Return what a learner's function returned as pairs of frames, or raise `NotAnswer`."""
    try:
        return [(int(first), int(end)) for first, end in found]
    except (TypeError, ValueError):
        raise NotAnswer from None


@lru_cache(maxsize=1)
def noisy_scores() -> SpeechScores:
    """Return the scores of the noisy sample."""
    return speech_scores(sample("noisy"))


EIGHT = 8
SILENCE_BY_SIGHT = 400


def judge_threshold(answer: Any, about: Any = None) -> Mark:
    """Judge a threshold that is to give exactly eight turns at 400 ms of silence.

    Where eight come they are always those that were spoken. Next to the highest scores sentences fall apart,
    and more than eight come.
    """
    threshold = number_in(answer)
    if not -1 <= threshold <= 1:
        return wrong("range", threshold=threshold)
    settings = TurnDetection(threshold, SILENCE_BY_SIGHT)
    turns = detect_turns(noisy_scores(), settings)
    if len(turns) != EIGHT:
        text = "many" if len(turns) > EIGHT else "few" if turns else "none"
        return wrong(text, threshold=threshold, found=len(turns))
    return Mark(True, "right", {"threshold": threshold})


HESITANT = (
    Pause(1.0, 1.4, "hold"), Pause(2.5, 2.8, "hold"), Pause(4.0, 5.0, "end"), Pause(6.0, 6.6, "hold"),
    Pause(8.0, 9.2, "hold"), Pause(10.0, 12.0, "end"),
)
"""Four holds of 400, 300, 600 and 1200 ms, and two ends."""


def judge_cut_share(answer: Any, about: Any = None) -> Mark:
    """Judge a function of pauses and a silence (ms) that returns the share of holds cut off."""
    if not callable(answer):
        raise NotAnswer
    turns = (ReferenceTurn(0.2, 4.0), ReferenceTurn(5.0, 10.0))
    drawn = Pauses(HESITANT, turns, 12.0, "drawn")
    for silence in (350, 600, 1_000, 200, 1_500):
        found, expected = number_in(answer(drawn, silence)), float(drawn.share_longer([silence])[0])
        if abs(found - expected) > 1e-6:
            known = mistake_in(found, _cut_mistakes(drawn, silence))
            return wrong(known or "other", silence=silence, found=found, expected=expected)
    return RIGHT


def _cut_mistakes(drawn: Pauses, silence_ms: float) -> dict[str, float]:
    """Return what known mistakes give in place of the share."""
    silence = silence_ms / 1_000 + 1e-9
    cut = sum(hold.duration > silence for hold in drawn.holds)
    held, every = len(drawn.holds), len(drawn)
    return {
        "seconds": sum(hold.duration > silence_ms for hold in drawn.holds) / held,
        "boundary": sum(hold.duration > silence - 2e-9 for hold in drawn.holds) / held,
        "ends": sum(pause.duration > silence for pause in drawn) / every,
        "inverse": 1 - cut / held,
        "count": float(cut),
        "percent": 100 * cut / held,
        "of_all": cut / every,
    }
