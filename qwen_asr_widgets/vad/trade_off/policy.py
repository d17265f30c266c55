"""Policies: what decides at a pause that the speaker is done, and the grids of them that are tried."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...errors import SettingError
from ...formatting import with_units

PROBABILITIES = tuple(round(step / 100, 2) for step in range(101))
"""Thresholds of a model that are tried: those of eot-bench."""

ACTION_DELAYS = tuple(round(0.2 + step / 10, 1) for step in range(9))
"""Action delays in seconds: those of eot-bench, 0.2 to 1 s."""

TIME_OUTS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
"""Time-outs in seconds: those of eot-bench."""

FIXED_SILENCES = tuple(round(0.2 + step / 100, 2) for step in range(331))
"""Silences in seconds of the baseline: 0.2 to 3.5 s in steps of 10 ms, as in eot-bench's tables."""


@with_units(threshold="", action_delay="s", time_out="s")
@dataclass(frozen=True)
class Policy:
    """What decides that a speaker is done.

    Parameters
    ----------
    threshold : float
        Of a model, the probability to exceed; of ``"vad"``, the score from which a frame is speech; NaN
        where silence alone decides.
    action_delay, time_out : float
        Seconds of silence before which nothing, and after which everything is taken for an end. Of
        ``"vad"`` and of silence alone both are the silence.

    Notes
    -----
    What is not given is as in pipecat 1.0: Smart Turn's threshold, ``VAD_STOP_SECS`` and ``STOP_SECS``.

    Examples
    --------
    >>> print(Policy(0.5, 0.2, 2.0))
    threshold 0.5, action delay 0.2 s, time-out 2 s
    >>> print(Policy(float("nan"), 0.6, 0.6))
    silence 0.6 s
    """

    threshold: float = 0.5
    action_delay: float = 0.2
    time_out: float = 3.0

    def __str__(self) -> str:
        threshold = "" if np.isnan(self.threshold) else f"threshold {self.threshold:g}, "
        if self.action_delay == self.time_out:
            return f"{threshold}silence {self.time_out:g} s"
        return f"{threshold}action delay {self.action_delay:g} s, time-out {self.time_out:g} s"


@dataclass(frozen=True, eq=False)
class PolicyGrid:
    """The policies of one detector, a column each.

    Parameters
    ----------
    threshold, action_delay, time_out : ndarray, float64, shape (V,)
        As in `Policy`.
    """

    threshold: NDArray[np.float64]
    action_delay: NDArray[np.float64]
    time_out: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.threshold)

    def __getitem__(self, index: int) -> Policy:
        return Policy(*(float(row[index]) for row in (self.threshold, self.action_delay, self.time_out)))

    def order(self, *measures: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the policies from best to worst by some measures; equals as eot-bench orders them."""
        thresholds = -np.nan_to_num(self.threshold)
        order: NDArray[np.int64] = np.lexsort((self.time_out, self.action_delay, thresholds, *measures[::-1]))
        return order


def model_grid(thresholds: Any, action_delays: Any, time_outs: Any) -> PolicyGrid:
    """Return every combination whose time-out is no shorter than its action delay, thresholds outermost."""
    axes = (
        checked_axis("probabilities", thresholds, 0.0, 1.0),
        checked_axis("action_delays", action_delays, 0.0, 60.0),
        checked_axis("time_outs", time_outs, 0.0, 60.0),
    )
    threshold, delay, time_out = (part.ravel() for part in np.meshgrid(*axes, indexing="ij"))
    kept = time_out >= delay - 1e-9
    if not kept.any():
        raise SettingError(
            "Every time-out is shorter than every action delay; give longer ones.", "time_outs"
        )
    return PolicyGrid(threshold[kept], delay[kept], time_out[kept])


def silence_grid(silences: Iterable[float] = FIXED_SILENCES) -> PolicyGrid:
    """Return the policies of silence alone, in seconds."""
    silence = np.array(list(silences), dtype=np.float64)
    return PolicyGrid(np.full(len(silence), np.nan), silence, silence)


def vad_grid(thresholds: Iterable[float], silences_ms: Iterable[int]) -> PolicyGrid:
    """Return the policies of the turn detector, thresholds outermost."""
    threshold, silence = np.meshgrid(list(thresholds), list(silences_ms), indexing="ij")
    return PolicyGrid(threshold.ravel(), silence.ravel() / 1_000, silence.ravel() / 1_000)


def checked_axis(name: str, values: Any, low: float, high: float) -> NDArray[np.float64]:
    """Return one setting's values to try in rising order, each once, or raise ``SettingError``."""
    given: list[Any] = list(values) if isinstance(values, Iterable) else [values]
    bad = [value for value in given if not isinstance(value, Real) or not low <= float(value) <= high]
    if bad or not given:
        shown = f"holds {bad[0]!r:.40}" if bad else "is empty"
        raise SettingError(f"{name} {shown}; give numbers from {low:g} to {high:g}.", name)
    return np.unique(np.array(given, dtype=np.float64))


def in_samples(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return times in samples at 16 kHz, rounded to nearest."""
    return np.rint(seconds * SAMPLE_RATE).astype(np.int64)
