"""The second lane: the clip in sight once more, in noise, at a level, over a line, or by another detector.

The settings tried are judged on it as they are on the clip itself, so that both stand side by side::

    page or Python ──> hear(case, hearing) ──> scores of what is heard ──> judged(case, settings) ──> pages

Short clips are scored at once, long ones in the background, where only what was asked for last counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from ....audio.condition import Condition
from ....errors import SettingError
from ....vad.detectors.registry import DETECTORS, Detector, find_detector, usable
from ....vad.evaluation.metrics import Measures
from ....vad.scoring.frames import SILERO, SpeechScores
from ....vad.scoring.scores import speech_scores
from ....vad.sweep.heard import heard_under
from ....vad.turns import TurnDetection
from ..case import Case, Judgement
from ..changes import Change, HeardOtherwise
from ..estimate import Estimator
from ..work import Work

AT_ONCE_SECONDS = 120.0
"""Sound of this length is heard (0.15 s) before anything is shown; more of it in the background."""

CLEAN = Condition()

REACH_DB = (40.0, 30.0, 25.0, 20.0, 15.0, 10.0, 5.0, 0.0, -5.0, -10.0)
"""Distances of speech and noise at which it is looked how far settings hold, in dB."""


@dataclass(frozen=True)
class Hearing:
    """How the second lane hears a clip.

    Parameters
    ----------
    condition : Condition
        Noise, level and line; without any the clip is heard as it is.
    detector : str or SpeechDetector
        What scores it.
    threshold : float, optional
        The threshold on the scores of another detector, in [-1, 1]; by default the one tried.

    Raises
    ------
    SettingError
        There is no such detector, or the threshold is out of its range.

    Examples
    --------
    >>> Hearing().differs, Hearing(Condition("pink", 10)).differs, Hearing(detector="energy").differs
    (False, True, True)
    """

    condition: Condition = CLEAN
    detector: Detector = SILERO
    threshold: float | None = None
    name: str = field(init=False, compare=False)
    """The detector's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", find_detector(self.detector).name)
        if self.threshold is not None:
            TurnDetection(threshold=self.threshold)

    @property
    def differs(self) -> bool:
        """Whether anything is heard otherwise than by the tuner itself: else there is no second lane."""
        return self.condition != CLEAN or self.name != SILERO

    @property
    def noisy(self) -> bool:
        """Whether there is a noise, whose distance can be another."""
        return self.condition.noise is not None

    def at(self, snr_db: float) -> Hearing:
        """Return the same with the noise at another distance."""
        return replace(self, condition=replace(self.condition, snr_db=snr_db))

    def settings(self, tried: TurnDetection) -> TurnDetection:
        """Return the settings that are judged: those tried, with a threshold on the other's scale."""
        return tried if self.threshold is None else replace(tried, threshold=self.threshold)


class SecondLane:
    """Hears clips otherwise, and judges settings on what it hears. Thread-safe.

    Parameters
    ----------
    say : callable
        Told `HeardOtherwise` when there is something else to show.
    failed : callable
        Told in one sentence what went wrong in the background.
    """

    def __init__(self, say: Callable[[Change], object], failed: Callable[[str], object]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._hearing = Hearing()
        self._known: tuple[Case, Hearing, SpeechScores] | None = None
        self._reach: dict[float, tuple[Case, Hearing, SpeechScores]] = {}
        self._wanted: Case | None = None
        self._failed = failed

    @property
    def hearing(self) -> Hearing:
        """How clips are heard."""
        return self._hearing

    @cached_property
    def detectors(self) -> dict[str, bool]:
        """The detectors there are, and whether each can be asked here."""
        return {name: usable(name) for name in DETECTORS}

    def hear(self, case: Case, hearing: Hearing, serial: int | None = None) -> None:
        """Hear clips otherwise from now on; where that cannot be done it stays as it was.

        Raises
        ------
        AudioError
            The clip or the noise is silent.
        MissingDependency
            The detector's package is not installed.
        """
        at_once = case.clip.duration <= AT_ONCE_SECONDS
        scores = _scores(case, hearing) if at_once and hearing.differs else None
        with self._lock:
            same = self._known is not None and _heard_alike(self._known, case, hearing)
            self._hearing = hearing
            if scores is not None:
                self._known = case, hearing, scores
            elif not same:
                self._known = None
        self._say(HeardOtherwise(serial))

    def scores(self, case: Case) -> SpeechScores | None:
        """Return the scores of what is heard; None where nothing differs, and until they are computed."""
        with self._lock:
            known, hearing = self._known, self._hearing
            if not hearing.differs:
                return None
            if known is not None and _heard_alike(known, case, hearing):
                return known[2]
            begun, self._wanted = self._wanted is not None, case
        if not begun:
            Work(self._failed).start("second lane", self._catch_up)
        return None

    def judged(self, case: Case, tried: TurnDetection, estimator: Estimator) -> Judgement | None:
        """Return what the settings tried do with what is heard; None as for `scores`."""
        scores = self.scores(case)
        if scores is None:
            return None
        return _judged(case, self._hearing, tried, estimator, scores)

    def find_reach(self, case: Case, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Hear the clip with the noise at every distance of `REACH_DB`, so that `reach` can tell.

        Raises
        ------
        SettingError
            There is no noise.
        """
        hearing = self._hearing
        if not hearing.noisy:
            raise SettingError("There is no noise, so nothing tells down to which distance settings hold.")
        for snr in REACH_DB:
            if cancelled():
                return
            known = case, hearing.at(snr), _scores(case, hearing.at(snr))
            with self._lock:
                self._reach[snr] = known
        self._say(HeardOtherwise(None))

    def reach(self, case: Case, tried: TurnDetection, estimator: Estimator) -> dict[float, Measures] | None:
        """Return what the settings tried are worth at each distance; None until that was asked for.

        It is asked for anew where anything but the distance is heard otherwise.
        """
        with self._lock:
            hearing, known = self._hearing, dict(self._reach)
        if not hearing.noisy or set(known) != set(REACH_DB):
            return None
        if not all(_heard_alike(each, case, hearing.at(snr)) for snr, each in known.items()):
            return None
        return {snr: _judged(case, hearing, tried, estimator, scores).measures
                for snr, (_, _, scores) in known.items()}

    def close(self) -> None:
        """End what is computed in the background."""
        with self._lock:
            self._wanted = None

    def _catch_up(self) -> None:
        """Score what is wanted, until nothing else was wanted meanwhile; where it cannot be, end the lane."""
        while (wanted := self._next()) is not None:
            case, hearing = wanted
            try:
                scores = _scores(case, hearing)
            except BaseException:
                with self._lock:
                    self._wanted, self._hearing = None, Hearing()
                self._say(HeardOtherwise(None))
                raise
            with self._lock:
                self._known = case, hearing, scores
            self._say(HeardOtherwise(None))

    def _next(self) -> tuple[Case, Hearing] | None:
        """Return what is wanted and not known yet; None ends the work, and the next wish begins it anew."""
        with self._lock:
            case, hearing = self._wanted, self._hearing
            done = self._known is not None and case is not None and _heard_alike(self._known, case, hearing)
            if case is None or done or not hearing.differs:
                self._wanted = None
                return None
            return case, hearing


def _heard_alike(known: tuple[Case, Hearing, SpeechScores], case: Case, hearing: Hearing) -> bool:
    """Tell whether scores are those of a clip and a hearing, whatever their threshold."""
    of_case, heard, _ = known
    return of_case is case and (heard.condition, heard.detector) == (hearing.condition, hearing.detector)


def _judged(
    case: Case, hearing: Hearing, tried: TurnDetection, estimator: Estimator, scores: SpeechScores
) -> Judgement:
    """Judge the settings tried by scores; a fit to a service is one of Silero's scale."""
    fits = estimator if scores.detector == SILERO else Estimator()
    return case.judge(hearing.settings(tried), fits, scores)


def _scores(case: Case, hearing: Hearing) -> SpeechScores:
    """Score a clip as it is heard; what a slider passes is not kept on disk."""
    reference = case.reference
    speech = [(turn.start, turn.end) for turn in reference.turns] if reference is not None else []
    sound = heard_under(case.clip, speech, hearing.condition)
    return speech_scores(sound, detector=hearing.detector, cache=hearing.condition == CLEAN)
