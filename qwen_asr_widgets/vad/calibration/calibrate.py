"""Fitting our scale to a service that keeps its own: what threshold of ours does what its threshold does?

The score of the cloud's detector is not published. What it reports are turns at known settings; from those
the fit finds how its threshold lies on our scale and in what else it departs from our detector:

* *hysteresis*: once a turn is open, a lower score counts as speech;
* the *silence* waited for is longer or shorter than the one set, and never less than a *floor*;
* turns with less than a *minimum of speech* are not reported, and a turn is cut after the *longest turn*;
* starts and ends are *shifted*, the ends *contain the silence*;
* a start waits for the end of the turn before, *overlaps* it, or *touches* it from some distance on.

Recordings at few settings leave some of these open: with one silence, ends that contain it look like ends
shifted by it. So each term has an interval, the values that explain the recordings about as well, and says
whether it is identified and if not, which setting to record next (`Calibration.terms`). A prediction for
settings that were not seen is marked (`Calibration.outside`). How well a fit holds is judged on recordings
that had no part in it, and a detector of another kind is called a poor fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...errors import SettingError
from ...formatting import table, with_units
from .fit import Search
from .identify import Identification
from .judge import HeldStarts, Judged, judge
from .model import Model
from .terms import LABELS, SCORE, TIME, CalibrationTerm
from .track import Track
from ..scoring.frames import SpeechScores
from ..turns import Turn, TurnDetection

GOOD_MEDIAN = 0.06
"""Seconds: median boundary error up to which a fit is good, two frames of the detector."""
GOOD_P90 = 0.2
"""Seconds: nine in ten boundaries of a good fit lie this close."""
GOOD_AGREEMENT = 0.9
"""Share of turns that a good fit finds one to one."""
MIN_TURNS = 10
"""Turns below which nothing can be said."""

_NO_FIT = "record more, or verify by replay: the fit does not hold"
_FURTHER = (
    "silence_floor_ms", "min_turn", "longest_turn", "hysteresis", "starts_overlap", "touch_within",
)
"""Terms that stand in a row of their own of the table."""


@with_units()
@dataclass(frozen=True)
class Observation:
    """Turns that a service reported for known sound at known settings.

    Parameters
    ----------
    scores : SpeechScores
        Our scores of what it heard.
    settings : TurnDetection
        What it was set to.
    turns : sequence of Turn
        What it reported, in order. Only ``start`` and ``end`` are used.
    name : str
        For messages.

    Examples
    --------
    >>> import qwen_asr_widgets as qaw
    >>> scores = qaw.SpeechScores([-1] * 10 + [1] * 20 + [-1] * 30)
    >>> settings = qaw.TurnDetection(0.2, 400)
    >>> seen = Observation(scores, settings, qaw.detect_turns(scores, settings), "a clip")
    >>> len(seen.turns)
    1
    """

    scores: SpeechScores
    settings: TurnDetection
    turns: Sequence[Turn]
    name: str = ""


@dataclass(frozen=True)
class Calibration:
    """How our detector has to be set to do what a service does, and how well that holds.

    Parameters
    ----------
    threshold_offset, threshold_slope : float
        Our threshold is ``offset + slope * theirs``. The slope is 1 where only one threshold was observed.
    start_shift, end_shift : float
        Seconds added to our starts and ends to get theirs.
    end_includes_silence : bool
        Whether the end they report contains the silence that closed the turn.
    silence_shift : float
        Seconds by which they wait longer than the silence they are set to, or the floor.
    min_turn : float
        Seconds of speech below which they report no turn.
    boundary_error, boundary_error_p90 : float
        Median and 90th percentile of the distance between boundaries in seconds, on held-out recordings,
        or on held-out thirds of each where one recording alone was made at a silence.
    agreement : float
        Share of turns found one to one there, counted on both sides.
    turns, observations : int
        How much was seen.
    thresholds, silences, paddings : tuple
        The settings seen, silences and paddings in milliseconds; beyond them the fit is a guess.
    hysteresis : float
        By how much our score may fall below the threshold, once a turn is open, and still count as speech.
    silence_floor_ms : int
        A silence below this has the effect of this one; 0 where none was seen to.
    longest_turn : float
        Seconds after its onset at which they cut a turn.
    starts_overlap : bool
        Whether they report a start before the end of the turn before.
    touch_within : float
        Seconds after the end of a turn within which they report a start at that end.
    terms : tuple of CalibrationTerm
        Each of the above with its interval, and whether the recordings tell it.
    held_starts : HeldStarts
        Starts on the end of the turn before, expected and reported, on held-out sound.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, Turn, TurnDetection
    >>> from qwen_asr_widgets.vad.calibration.calibrate import Observation, calibrate
    >>> scores = SpeechScores(([-0.9] * 40 + [0.9] * 40) * 12 + [-0.9] * 40)
    >>> turns = [Turn(k * 2.56 + 1.28, k * 2.56 + 0.98, k * 2.56 + 2.56) for k in range(12)]
    >>> fitted = calibrate([Observation(scores, TurnDetection(0.0, 400), turns)])
    >>> fitted.good, fitted.ours(TurnDetection(0.0, 400)).silence_duration_ms
    (True, 400)
    >>> print(fitted["end_includes_silence"])
    ends contain the silence: not identifiable from these recordings; to tell, record the same sound at \
silence_duration_ms=800 as well
    >>> fitted.outside(TurnDetection(0.0, 800))
    ('silence 800 ms (seen: 400 ms)',)
    """

    threshold_offset: float
    threshold_slope: float
    start_shift: float
    end_shift: float
    end_includes_silence: bool
    silence_shift: float
    min_turn: float
    boundary_error: float
    boundary_error_p90: float
    agreement: float
    turns: int
    observations: int
    thresholds: tuple[float, ...]
    silences: tuple[int, ...]
    paddings: tuple[int, ...]
    hysteresis: float
    silence_floor_ms: int
    longest_turn: float
    starts_overlap: bool
    touch_within: float
    terms: tuple[CalibrationTerm, ...]
    held_starts: HeldStarts
    _model: Model = field(repr=False, compare=False)

    @property
    def good(self) -> bool:
        """Whether estimates made with this fit deserve to be shown as estimates of that service.

        At the settings seen; `outside` says of others what they rest on.
        """
        return (
            self.turns >= MIN_TURNS
            and self.agreement >= GOOD_AGREEMENT
            and self.boundary_error <= GOOD_MEDIAN
            and self.boundary_error_p90 <= GOOD_P90
        )

    def __getitem__(self, name: str) -> CalibrationTerm:
        """Return a term by its name."""
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(f"There is no term {name!r}; there are {', '.join(one.name for one in self.terms)}.")

    @property
    def open_terms(self) -> tuple[CalibrationTerm, ...]:
        """The terms that the recordings do not tell, and nothing else does."""
        return tuple(term for term in self.terms if term.status == "not identifiable")

    @property
    def floor_ms(self) -> int | None:
        """The silence below which another one has no effect; None where none is known."""
        known = self["silence_floor_ms"].status != "not identifiable"
        return self.silence_floor_ms if known and self.silence_floor_ms > 0 else None

    def outside(self, settings: TurnDetection) -> tuple[str, ...]:
        """Return what of some settings lies outside those seen, in words; empty where nothing does."""
        return tuple(
            f"{name} {value:g}{unit} (seen: {_span(seen)}{unit})"
            for name, value, seen, unit in (
                ("threshold", settings.threshold, self.thresholds, ""),
                ("silence", settings.silence_duration_ms, self.silences, " ms"),
                ("padding", settings.prefix_padding_ms, self.paddings, " ms"),
            ) if not min(seen) <= value <= max(seen)
        )

    def ours(self, settings: TurnDetection) -> TurnDetection:
        """Return the settings of our detector that do what these do there (threshold kept within [-1, 1])."""
        silence = 1_000 * (self._model.silence(settings) + self.silence_shift)
        return replace(
            settings,
            threshold=self._model.threshold(settings.threshold),
            silence_duration_ms=round(min(max(silence, 200), 6_000)),
        )

    def predict(
        self, scores: SpeechScores, settings: TurnDetection, *, end_of_speech: bool = False
    ) -> list[Turn]:
        """Return the turns that the service is expected to report, an estimate.

        Parameters
        ----------
        scores : SpeechScores
            Of the sound.
        settings : TurnDetection
            What the service is set to. `outside` marks those that nobody has seen it at.
        end_of_speech : bool
            False: ends as they are reported, and as in a recording ``onset`` is the start reported plus
            the padding. True: ends without the silence that they may contain, and onsets where speech
            begins, which is what turns are judged by.
        """
        return list(self._model.turns(scores, settings, end_of_speech))

    def _repr_html_(self) -> str:
        contained = ", with the silence in it" if self.end_includes_silence else ""
        rows = [
            ["Our threshold", f"{self.threshold_offset:+.2f} + {self._slope} × theirs", "threshold"],
            ["Their start", f"ours {self.start_shift * 1_000:+.0f} ms", "start_shift"],
            ["Their end", f"ours {self.end_shift * 1_000:+.0f} ms{contained}", "end_includes_silence"],
            ["Their silence", f"as set {self.silence_shift * 1_000:+.0f} ms", "silence_shift"],
            *([self[name].label.capitalize(), self[name].text, name] for name in _FURTHER),
        ]
        told = [[*row[:2], self[row[2]].worth] for row in rows]
        return table(["", "Fit", "From these recordings"], told, self.headline)

    @property
    def _slope(self) -> str:
        return f"{self.threshold_slope:.2f}" if len(self.thresholds) > 1 else "1 (one threshold seen)"

    def __str__(self) -> str:
        if not self.good:
            return self.headline
        known = [str(term) for term in self.terms if term.status != "not identifiable" and _departs(term)]
        lines = [f"  known: {'; '.join(known)}"] if known else []
        if self.held_starts.expected or self.held_starts.reported:
            lines.append(f"  {self.held_starts} (held out)")
        if self.open_terms:
            lines.append("  not identifiable from these recordings, and what to record next to tell:")
        for advice in dict.fromkeys(term.advice for term in self.open_terms):
            left = ", ".join(term.left for term in self.open_terms if term.advice == advice)
            lines.append(f"  - {left}: {advice}")
        return "\n".join([self.headline, *lines])

    @property
    def headline(self) -> str:
        """How well it holds, in one line."""
        figures = (
            f"{self.agreement:.0%} of the turns agree, boundaries ± {self.boundary_error * 1_000:.0f} ms "
            f"in the median, {self.boundary_error_p90 * 1_000:.0f} ms at 90 % (held out; "
            f"n = {self.turns} turns, {self.observations} recording{'s' if self.observations > 1 else ''})"
        )
        if self.turns < MIN_TURNS:
            return f"Too little to judge: {figures}. Record more at the settings you want to compare."
        if not self.good:
            return (
                f"Poor fit: {figures}. This service does not listen the way our detector does; turns "
                "estimated for it would mislead. Verify by replay instead."
            )
        slope = "" if len(self.thresholds) > 1 else ", slope not known from one threshold"
        return (
            f"Good fit: {figures}. Our threshold = {self.threshold_offset:+.2f} "
            f"{self.threshold_slope:+.2f} × theirs{slope}."
        )


def calibrate(
    observations: Iterable[Observation], known: Mapping[str, Any] | None = None
) -> Calibration:
    """Fit our detector to what a service reported.

    Parameters
    ----------
    observations : iterable of Observation
        Recordings at known settings; at least two different thresholds tell the slope of the scale.
    known : Mapping of str to object, optional
        What was measured of the service otherwise: ``end_includes_silence``, ``silence_floor_ms`` or
        ``longest_turn``. It stands in where the recordings leave that open, unless they contradict it.

    Returns
    -------
    Calibration
        With ``good`` False and saying so where the fit is poor; nothing is raised for that.

    Raises
    ------
    SettingError
        There is no observation, or none with a turn.

    Examples
    --------
    >>> scores = SpeechScores(([-0.9] * 40 + [0.9] * 40) * 12 + [-0.9] * 40)
    >>> from qwen_asr_widgets.vad.turns import detect_turns
    >>> settings = TurnDetection(0.0, 400)
    >>> fitted = calibrate([Observation(scores, settings, detect_turns(scores, settings))])
    >>> fitted.good, fitted.boundary_error
    (True, 0.0)
    """
    seen = list(observations)
    count = sum(len(one.turns) for one in seen)
    if not count:
        raise SettingError(
            "There is nothing to calibrate with: no observation holds a turn. Record speech through the "
            "service first.",
            "observations",
        )
    tracks = [Track.of(one.scores, one.settings, one.turns) for one in seen]
    search, model = Search(tracks).fit()
    fitted = _calibration(seen, model, _unclaimed(model), judge(search, model))
    if not fitted.good:
        return fitted
    terms = Identification(search, model).terms()
    fixed = _needed(terms, known or {})
    if not fixed:
        return replace(fitted, terms=tuple(terms))
    search, model = Search(tracks, fixed).fit()
    return _calibration(seen, model, Identification(search, model).terms(), judge(search, model))


def _needed(terms: Iterable[CalibrationTerm], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured of terms that the recordings leave open, unless they contradict it."""
    return {
        term.name: known[term.name] for term in terms
        if term.name in known and not term.identified and _within(term, known[term.name])
    }


def _within(term: CalibrationTerm, value: Any) -> bool:
    """Tell whether a value explains the recordings."""
    margin = 0 if isinstance(value, bool) else 1_000 * TIME if term.name.endswith("_ms") else TIME
    return bool(term.low - margin <= value <= term.high + margin)


def _calibration(
    seen: Sequence[Observation], model: Model, terms: Sequence[CalibrationTerm], judged: Judged
) -> Calibration:
    errors = judged.errors
    settings = [one.settings for one in seen]
    return Calibration(
        threshold_offset=model.offset,
        threshold_slope=model.slope,
        start_shift=model.start_shift,
        end_shift=model.end_shift,
        end_includes_silence=model.end_includes_silence,
        silence_shift=model.silence_shift_ms / 1_000,
        min_turn=model.min_turn,
        boundary_error=float(np.median(errors)) if len(errors) else float("inf"),
        boundary_error_p90=float(np.quantile(errors, 0.9)) if len(errors) else float("inf"),
        agreement=judged.agreement,
        turns=sum(len(one.turns) for one in seen),
        observations=len(seen),
        thresholds=tuple(sorted({one.threshold for one in settings})),
        silences=tuple(sorted({one.silence_duration_ms for one in settings})),
        paddings=tuple(sorted({one.prefix_padding_ms for one in settings})),
        hysteresis=model.hysteresis,
        silence_floor_ms=model.silence_floor_ms,
        longest_turn=model.longest_turn,
        starts_overlap=model.starts_overlap,
        touch_within=model.touch_within,
        terms=tuple(terms),
        held_starts=judged.held,
        _model=model,
    )


def _unclaimed(model: Model) -> list[CalibrationTerm]:
    """Return the terms of a fit that does not hold, or of which that is not known yet: nothing is claimed."""
    values = {
        **vars(model), "threshold": model.offset, "threshold_slope": model.slope,
        "silence_shift": model.silence_shift_ms / 1_000,
    }
    return [
        CalibrationTerm(name, values[name], float("-inf"), float("inf"), "not identifiable", _NO_FIT)
        for name in LABELS
    ]


def _departs(term: CalibrationTerm) -> bool:
    """Tell whether a term differs from what our detector does, by more than the fit can be off."""
    if term.name in ("threshold", "threshold_slope"):
        return False
    return abs(float(term.value)) > (SCORE if term.name == "hysteresis" else 0.016)


def _span(values: Sequence[float]) -> str:
    return f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g}"
