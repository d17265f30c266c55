"""Why a turn is wrong and what would heal it, as values, in numbers and in one sentence.

``explain`` alone derives a cause and its remedies. Whoever shows them words these values:
``Explanation.sentence`` in English, the tuner's page in its own language.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...arguments import checked_keywords
from ...formatting import clock, table, with_units
from .critical import (
    FRAME_MS, Scores, healing_silence, healing_threshold, longest_pause, offered_thresholds, peak_pair,
    scores_around, turns_near,
)
from .effects import Effects
from .measures import Problem
from ..labels.references import Reference
from ..scoring.frames import HOP_SECONDS, SpeechScores
from ..turns import TurnDetection, check_detected

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

CauseKind = Literal["below", "limit", "never", "short", "reached", "peak", "little"]
RemedyKind = Literal["silence", "threshold"]

CAUSES: dict[CauseKind, str] = {
    "below": "the score stayed below {threshold} for {ms} ms",
    "limit": "the turn had lasted 60 s, the longest there is",
    "never": "the score never fell below {threshold} between the two",
    "short": "the score fell below {threshold} for no more than {ms} ms between the two",
    "reached": "two frames in a row reached {threshold}",
    "peak": "no two frames in a row reached more than {threshold}",
    "little": "too little of it lies in a turn: {ms} ms",
}
"""Every kind of cause in English; the page has the same sentences under ``tuner.why.…`` in its languages."""


@with_units(threshold="", ms="ms")
@dataclass(frozen=True)
class Cause:
    """What the scores did at an error.

    Parameters
    ----------
    kind : str
        For a cut ``"below"`` (a pause) or ``"limit"`` (60 s); for a merge ``"short"`` (the pause was too
        short) or ``"never"`` (there was none); for an invention ``"reached"``; for a miss ``"peak"`` (never
        loud enough), or ``"little"`` where a turn holds some of it, but too little.
    threshold : float or None
        The threshold in force (``below``, ``short``, ``never``), or the score that two frames in a row
        reached (``reached``, ``peak``).
    ms : int or None
        Length of the pause (``below``, ``short``) or of what a turn holds (``little``).

    Examples
    --------
    >>> print(Cause("below", 0.2, 416))
    the score stayed below 0.20 for 416 ms
    """

    kind: CauseKind
    threshold: float | None = None
    ms: int | None = None

    def __str__(self) -> str:
        threshold = "" if self.threshold is None else threshold_text(round(self.threshold, 2))
        return CAUSES[self.kind].format(threshold=threshold, ms=self.ms)


@with_units(extra_wait="s", also_heals="", adds="")
@dataclass(frozen=True)
class Remedy:
    """A change of one setting that heals an error.

    Parameters
    ----------
    setting : {"silence", "threshold"}
        What is changed.
    settings : TurnDetection
        The settings with the change. A threshold has as few decimals as it can and keeps a distance of 2e-5
        from every score of the clip, so that typed in it gives the same turns on every processor. (Where
        hours of sound leave no such place: from the scores around the error.)
    extra_wait : float
        Seconds by which every endpoint comes later; negative: earlier.
    also_heals, adds : int
        Other errors that it heals, and errors that were not there before.

    Examples
    --------
    >>> print(Remedy("threshold", TurnDetection(-0.13, 400), extra_wait=0.0, also_heals=0, adds=0))
    a threshold of −0.13
    """

    setting: RemedyKind
    settings: TurnDetection
    extra_wait: float
    also_heals: int
    adds: int

    @property
    def value(self) -> str:
        """The new value as it is shown, e.g. ``"417 ms"`` or ``"−0.13"``: exactly that of ``settings``."""
        if self.setting == "silence":
            return f"{self.settings.silence_duration_ms} ms"
        return threshold_text(self.settings.threshold)

    @property
    def effects(self) -> str:
        """What else it does, in words; empty where it does nothing else."""
        effects = []
        if self.also_heals:
            effects.append(f"also heals {_count(self.also_heals)} more")
        if self.adds:
            effects.append(f"adds {_count(self.adds)} other error{'s' * (self.adds > 1)}")
        if self.extra_wait:
            verb = "costs" if self.extra_wait > 0 else "saves"
            effects.append(f"{verb} {abs(self.extra_wait) * 1_000:.0f} ms of wait everywhere")
        return f"{self.value} {' and '.join(effects)}" if effects else ""

    def __str__(self) -> str:
        return f"a {self.setting} of {self.value}"


@with_units()
@dataclass(frozen=True)
class Explanation:
    """Why one error happened and what would heal it.

    Parameters
    ----------
    problem : Problem
        The error.
    cause : Cause
        What the scores did there.
    silence, threshold : Remedy or None
        The nearest value of either setting that heals it, the other as it is; None where there is none.

    Examples
    --------
    >>> why = Explanation(Problem(13.0, 13.4, "cut", (4,), (5, 6)), Cause("below", 0.2, 416), None, None)
    >>> print(why)
    cut at 0:13.0: the score stayed below 0.20 for 416 ms; no single setting within its range heals it
    """

    problem: Problem
    cause: Cause
    silence: Remedy | None
    threshold: Remedy | None

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The remedies there are, the silence first."""
        return tuple(remedy for remedy in (self.silence, self.threshold) if remedy is not None)

    @property
    def sentence(self) -> str:
        """The whole explanation, as shown to the user."""
        named = " or ".join(map(str, self.remedies))
        heals = f"{named} heals it" if named else "no single setting within its range heals it"
        effects = [remedy.effects for remedy in self.remedies]
        parts = [str(self.cause), heals, *filter(None, effects)]
        return f"{self.problem.kind} at {clock(self.problem.start)}: " + "; ".join(parts)

    def __str__(self) -> str:
        return self.sentence


class Explanations(tuple[Explanation, ...]):
    """The explanations of a clip's errors, in order of time: a tuple that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        rows = [
            [
                clock(why.problem.start), why.problem.kind, str(why.cause),
                " or ".join(map(str, why.remedies)) or "none",
                "; ".join(remedy.effects for remedy in why.remedies if remedy.effects),
            ]
            for why in self
        ]
        return table(["At", "What", "Why", "Remedy", "Side effects"], rows, "" if rows else "No errors.")


def threshold_text(value: float) -> str:
    """Return a threshold with two decimals, with more where it has more, and a true minus.

    Examples
    --------
    >>> threshold_text(-0.1), threshold_text(0.12345)
    ('−0.10', '0.12345')
    """
    whole, decimals = f"{value:.6f}".split(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}".replace("-", "−")


@checked_keywords
def explain(
    scores: SpeechScores, settings: TurnDetection, reference: Reference, problem: Problem | None = None
) -> Explanations:
    """Explain the errors of the turns found in a clip.

    Parameters
    ----------
    scores : SpeechScores
        The scores of the clip.
    settings : TurnDetection
        The settings that the turns were found with.
    reference : Labels, Sample, path of a label file, or list of turns
        What is true, as for ``measure``.
    problem : Problem, optional
        Explain this one error only.

    Returns
    -------
    tuple of Explanation
        One for each error, in order of time.

    Raises
    ------
    SettingError
        ``scores`` or ``settings`` are something else.
    LabelError
        The reference cannot be read.

    Notes
    -----
    Of the thresholds that heal an error the nearest in hundredths is taken, unless one nearer by, with up to
    five decimals, adds fewer other errors. A merge has no remedy in a threshold that parts the two only by no
    longer hearing one of them.

    Examples
    --------
    >>> from qwen_asr_widgets.audio.reference import ReferenceTurn
    >>> scores = SpeechScores([-1] * 10 + [1] * 20 + [-0.12] * 13 + [1] * 20 + [-1] * 40)
    >>> settings = TurnDetection(threshold=0.2, silence_duration_ms=400)
    >>> why, = explain(scores, settings, [ReferenceTurn(0.32, 2.016)])
    >>> print(why)
    cut at 0:01.0: the score stayed below 0.20 for 416 ms; a silence of 417 ms or a threshold of −0.13 heals \
it; 417 ms costs 32 ms of wait everywhere
    """
    check_detected(scores, settings, "explain")
    search = _Search(scores, settings, reference)
    chosen = search.present if problem is None else (problem,)
    return Explanations(
        Explanation(one, cause_of(scores.values, settings, one), search.silence(one), search.threshold(one))
        for one in chosen
    )


class _Search:
    """The search for remedies in one clip; what a setting does is worked out once for all its errors."""

    def __init__(self, scores: SpeechScores, settings: TurnDetection, reference: Reference) -> None:
        self._scores = scores
        self._settings = settings
        self._effects = Effects(scores, settings, reference)
        self._ordered = np.sort(scores.values).astype(np.float64)
        self.present = self._effects.present

    def silence(self, problem: Problem) -> Remedy | None:
        """Return the nearest silence that heals an error."""
        silence = healing_silence(self._scores.values, self._settings, problem)
        if silence is None:
            return None
        return self._remedy("silence", replace(self._settings, silence_duration_ms=silence), problem)

    def threshold(self, problem: Problem) -> Remedy | None:
        """Return the threshold to offer: of those that heal an error the one that adds the fewest others."""
        best: Remedy | None = None
        for threshold in self._offered(problem):
            remedy = self._remedy("threshold", replace(self._settings, threshold=threshold), problem)
            if remedy is not None and (best is None or remedy.adds < best.adds):
                best = remedy
            if best is not None and not best.adds:
                break
        return best

    def _offered(self, problem: Problem) -> tuple[float, ...]:
        """Return thresholds that heal an error and keep clear of the clip's scores.

        Hours of speech may leave no such place near the ends of the scale; then they keep clear of the
        scores around the error, so that at least its healing holds on every processor.
        """
        values = self._scores.values
        critical = healing_threshold(values, self._settings, problem)
        if critical is None:
            return ()
        offered = offered_thresholds(self._ordered, critical, problem.wants_lower)
        if offered:
            return offered
        near = np.sort(scores_around(values, self._settings, problem)).astype(np.float64)
        return offered_thresholds(near, critical, problem.wants_lower)

    def _remedy(self, setting: RemedyKind, changed: TurnDetection, problem: Problem) -> Remedy | None:
        """Return a change with all it does; None where it does not heal."""
        effect = self._effects.of(changed)
        if not self._effects.heals(effect, problem):
            return None
        later = (changed.silence_frames - self._settings.silence_frames) * HOP_SECONDS
        return Remedy(setting, changed, round(later, 6), int(effect.healed.sum()) - 1, effect.adds)


def cause_of(values: Scores, settings: TurnDetection, problem: Problem) -> Cause:
    """Return what the scores did at an error.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        The scores of the clip.
    settings : TurnDetection
        The settings in force.
    problem : Problem
        An error of the turns found with them.
    """
    threshold = settings.threshold
    pause = longest_pause(values, threshold, problem)
    peak = peak_pair(values, problem)
    if problem.kind == "cut":
        by_silence = pause >= settings.silence_frames
        return Cause("below", threshold, pause * FRAME_MS) if by_silence else Cause("limit")
    if problem.kind == "merged":
        return Cause("short", threshold, pause * FRAME_MS) if pause else Cause("never", threshold)
    if problem.kind == "invented" and peak is not None:
        return Cause("reached", peak)
    if peak is not None and peak < threshold:
        return Cause("peak", peak)
    return Cause("little", ms=_heard_ms(values, settings, problem))


def _heard_ms(values: Scores, settings: TurnDetection, problem: Problem) -> int:
    """Return the most that one turn holds of a stretch, in milliseconds."""
    turns = turns_near(values, settings, problem) * HOP_SECONDS
    shared = (min(end, problem.end) - max(onset, problem.start) for onset, end in turns.tolist())
    return round(1_000 * max(0.0, max(shared, default=0.0)))


def _count(number: int) -> str:
    return WORDS[number] if number < len(WORDS) else str(number)
