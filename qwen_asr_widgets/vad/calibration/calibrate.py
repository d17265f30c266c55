"""Fitting our scale to a service that keeps its own: what threshold of ours does what its threshold does?

The score of the cloud's detector is not published. What it reports are turns at known settings; from
those the fit finds how its threshold lies on our scale, how far its starts and ends are shifted, and the
shortest turns and silences it knows. How well that holds is judged on recordings that had no part in the
fit, and a detector of another kind is called a poor fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import SettingError
from ...formatting import table
from .fit import Model, Pairing, Track, fit, pair
from ..scoring.frames import HOP_SECONDS, SpeechScores
from ..turns import Turn, TurnDetection

GOOD_MEDIAN = 0.06
"""Seconds: median boundary error up to which a fit is good, two frames of the detector."""
GOOD_P90 = 0.2
"""Seconds: nine in ten boundaries of a good fit lie this close."""
GOOD_AGREEMENT = 0.9
"""Share of turns that a good fit finds one to one."""
MIN_TURNS = 10
"""Turns below which nothing can be said."""


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
        Seconds by which they wait longer than the silence they are set to.
    min_turn : float
        Seconds of speech below which they report no turn.
    boundary_error, boundary_error_p90 : float
        Median and 90th percentile of the distance between boundaries in seconds, on held-out recordings
        (on held-out parts where there are fewer than three).
    agreement : float
        Share of turns found one to one there, counted on both sides.
    turns, observations : int
        How much was seen.
    thresholds : tuple of float
        The thresholds seen; beyond them the fit is a guess.

    Examples
    --------
    >>> from qwen_asr_widgets import SpeechScores, Turn, TurnDetection
    >>> from qwen_asr_widgets.vad.calibration.calibrate import Observation, calibrate
    >>> scores = SpeechScores(([-0.9] * 40 + [0.9] * 40) * 12 + [-0.9] * 40)
    >>> turns = [Turn(k * 2.56 + 1.28, k * 2.56 + 0.98, k * 2.56 + 2.56) for k in range(12)]
    >>> fitted = calibrate([Observation(scores, TurnDetection(0.0, 400), turns)])
    >>> fitted.good, fitted.ours(TurnDetection(0.0, 400)).silence_duration_ms
    (True, 400)
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
    _model: Model = field(repr=False, compare=False)

    @property
    def good(self) -> bool:
        """Whether estimates made with this fit deserve to be shown as estimates of that service."""
        return (
            self.turns >= MIN_TURNS
            and self.agreement >= GOOD_AGREEMENT
            and self.boundary_error <= GOOD_MEDIAN
            and self.boundary_error_p90 <= GOOD_P90
        )

    def ours(self, settings: TurnDetection) -> TurnDetection:
        """Return the settings of our detector that do what these do there (threshold kept within [-1, 1])."""
        silence = settings.silence_duration_ms + 1_000 * self.silence_shift
        return replace(
            settings,
            threshold=self._model.threshold(settings.threshold),
            silence_duration_ms=round(min(max(silence, 200), 6_000)),
        )

    def predict(self, scores: SpeechScores, settings: TurnDetection) -> list[Turn]:
        """Return the turns that the service is expected to report, an estimate.

        As in a recording, ``onset`` is the start reported plus the padding.
        """
        track = Track.of(scores, settings, ())
        onsets, ends = self._model.reported(track).T.tolist() if len(scores) else ([], [])
        turns: list[Turn] = []
        padding = settings.prefix_padding_ms / 1_000
        for onset, end in zip(onsets, ends):
            earliest = max(turns[-1].end if turns else 0.0, 0.0)
            start = max(onset - padding, earliest)
            turns.append(Turn(max(onset, start), start, max(end, onset)))
        return turns

    def _repr_html_(self) -> str:
        slope = f"{self.threshold_slope:.2f}" if len(self.thresholds) > 1 else "1 (one threshold seen)"
        end = ", with the silence in it" if self.end_includes_silence else ""
        rows = [
            ["Our threshold", f"{self.threshold_offset:+.2f} + {slope} × theirs"],
            ["Their start", f"ours {self.start_shift * 1_000:+.0f} ms"],
            ["Their end", f"ours {self.end_shift * 1_000:+.0f} ms{end}"],
            ["Their silence", f"as set {self.silence_shift * 1_000:+.0f} ms"],
            ["Shortest turn", f"{self.min_turn:.2f} s"],
        ]
        return table(["", "Fit"], rows, str(self))

    def __str__(self) -> str:
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


def calibrate(observations: Iterable[Observation]) -> Calibration:
    """Fit our detector to what a service reported.

    Parameters
    ----------
    observations : iterable of Observation
        Recordings at known settings; at least two different thresholds tell the slope of the scale.

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
    model = fit(tracks)
    checked = _cross_validated(tracks)
    errors = np.round(np.abs(np.concatenate([row.boundaries() for row in checked])), 6)
    agreeing = sum(2 * len(row.errors) for row in checked)
    possible = sum(row.found + row.reported for row in checked)
    return Calibration(
        threshold_offset=model.offset,
        threshold_slope=model.slope,
        start_shift=model.start_shift,
        end_shift=model.end_shift,
        end_includes_silence=model.end_includes_silence,
        silence_shift=model.silence_shift * HOP_SECONDS,
        min_turn=model.min_turn,
        boundary_error=float(np.median(errors)) if len(errors) else float("inf"),
        boundary_error_p90=float(np.quantile(errors, 0.9)) if len(errors) else float("inf"),
        agreement=agreeing / possible if possible else 0.0,
        turns=count,
        observations=len(seen),
        thresholds=tuple(sorted({one.settings.threshold for one in seen})),
        _model=model,
    )


def _cross_validated(tracks: Sequence[Track]) -> list[Pairing]:
    """Pair each recording with what a fit to the others predicts of it; few recordings are cut in parts."""
    parts = list(tracks) if len(tracks) >= 3 else [part for track in tracks for part in track.parts(3)]
    if len(parts) < 2:
        return [pair(parts[0], fit(parts))]
    folds = np.array_split(np.arange(len(parts)), min(len(parts), 5))
    checked = []
    for fold in folds:
        model = fit([part for k, part in enumerate(parts) if k not in fold])
        checked += [pair(parts[k], model) for k in fold]
    return checked
