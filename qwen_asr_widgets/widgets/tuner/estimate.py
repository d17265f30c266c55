"""How the tuner expects turns: by the detector itself, or by a fit of it to a service that keeps its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...errors import SettingError
from ...vad.calibration.calibrate import Calibration
from ...vad.scoring.frames import SpeechScores
from ...vad.sweep.result import SweepResult
from ...vad.turns import SILENCE_RANGE_MS, THRESHOLD_RANGE, Turn, TurnDetection, detect_turns


@dataclass(frozen=True)
class Estimator:
    """Turns from scores at the settings of a service.

    Parameters
    ----------
    calibration : Calibration or None
        A good fit to the service meant; None: the service uses this very detector, or nothing is known.

    Examples
    --------
    >>> estimator = Estimator()
    >>> len(estimator.turns(SpeechScores([-1] * 10 + [1] * 20 + [-1] * 30), TurnDetection()))
    1
    """

    calibration: Calibration | None = None

    @classmethod
    def of(cls, calibration: Calibration | None) -> Estimator:
        """Take a fit, unless it is a poor one.

        Raises
        ------
        SettingError
            It is no fit, or does not deserve to be shown as an estimate.
        """
        if calibration is not None and not isinstance(calibration, Calibration):
            raise SettingError(
                f"calibration takes what calibrate() returns, not {type(calibration).__name__}.",
                "calibration",
            )
        if calibration is not None and not calibration.good:
            raise SettingError(f"This calibration cannot be used. {calibration}", "calibration")
        return cls(calibration)

    def extra_wait(self, settings: TurnDetection) -> float:
        """Seconds by which the service waits longer than the silence it is set to: more below its floor."""
        return (self.ours(settings).silence_duration_ms - settings.silence_duration_ms) / 1_000

    def turns(self, scores: SpeechScores, settings: TurnDetection) -> list[Turn]:
        """Return the turns to expect."""
        if self.calibration is None:
            return detect_turns(scores, settings)
        return self.calibration.predict(scores, settings, end_of_speech=True)

    def ours(self, settings: TurnDetection) -> TurnDetection:
        """Return the settings of our detector that do what these do there."""
        return settings if self.calibration is None else self.calibration.ours(settings)

    def theirs(self, settings: TurnDetection) -> TurnDetection:
        """Return the settings to ask the service for, given those of our detector, within the ranges."""
        fit = self.calibration
        if fit is None:
            return settings
        threshold = self.threshold_there(settings.threshold)
        silence = settings.silence_duration_ms - 1_000 * fit.silence_shift
        return replace(
            settings,
            threshold=float(np.clip(threshold, *THRESHOLD_RANGE)),
            silence_duration_ms=round(float(np.clip(silence, *SILENCE_RANGE_MS))),
        )

    def threshold_there(self, threshold: float) -> float:
        """Return what a threshold or score of ours is on the scale of the service."""
        fit = self.calibration
        return threshold if fit is None else (threshold - fit.threshold_offset) / fit.threshold_slope

    def our_grid(
        self, thresholds: tuple[float, ...], silences: tuple[int, ...]
    ) -> tuple[dict[float, float], dict[int, int]]:
        """Return the service's thresholds and silences by the values of ours that stand for them."""
        base = TurnDetection()
        of_thresholds = {self.ours(replace(base, threshold=t)).threshold: t for t in reversed(thresholds)}
        of_silences = {
            self.ours(replace(base, silence_duration_ms=s)).silence_duration_ms: s for s in silences
        }
        return of_thresholds, of_silences

    def named(
        self, result: SweepResult, thresholds: dict[float, float], silences: dict[int, int]
    ) -> SweepResult:
        """Return a sweep over our settings under the names the service has for them."""
        if self.calibration is None:
            return result
        return replace(
            result,
            thresholds=tuple(thresholds[value] for value in result.thresholds),
            silences=tuple(silences[value] for value in result.silences),
        )
