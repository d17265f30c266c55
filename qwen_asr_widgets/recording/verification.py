"""Verify by replay: what a service really does with a clip at some settings, beside what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.clip import as_clip
from ..arguments import checked_keywords, is_number
from ..errors import EndpointError, SettingError
from ..formatting import clock, table
from ..protocol.config import SessionConfig
from ..client.endpoints import Endpoint
from ..client.named_endpoints import resolve_endpoint
from ..client.prices import endpoint_prices
from ..vad.calibration.calibrate import Calibration
from ..vad.evaluation.matching import overlaps, to_samples
from ..vad.scoring.scores import speech_scores
from ..vad.turns import Turn, TurnDetection, detect_turns
from .recording import Recording
from .calibration import reported_turns
from .transcription import checked_config, transcribe

CHUNK_MS = 100
SAME = 0.0006
"""Seconds within which two boundaries are the same: the wire has whole milliseconds."""

AUTO = "auto"
Pace = Union[float, None, str]


@dataclass(frozen=True)
class Agreement:
    """How well two lists of turns agree.

    Parameters
    ----------
    share : float or None
        Share of the turns found one to one, counted on both sides; None where neither has a turn.
    boundary_error, boundary_error_p90 : float or None
        Median and 90th percentile of the distance between their onsets and ends in seconds.
    expected, real : int
        Number of turns on each side.
    exact : bool
        Whether all turns are the same to the millisecond.
    """

    share: float | None
    boundary_error: float | None
    boundary_error_p90: float | None
    expected: int
    real: int
    exact: bool

    def __str__(self) -> str:
        if self.exact:
            return f"exact: all {self.real} turns as expected, to the millisecond"
        if self.share is None:
            return "no turn on either side"
        if self.boundary_error is None or self.boundary_error_p90 is None:
            return f"nothing agrees: {self.expected} turns expected, {self.real} came"
        return (
            f"{self.share:.0%} of the turns agree ({self.expected} expected, {self.real} came), boundaries "
            f"± {self.boundary_error * 1_000:.0f} ms in the median, {self.boundary_error_p90 * 1_000:.0f} ms "
            "at 90 %"
        )


@dataclass(frozen=True)
class Verification:
    """What a replay showed.

    Parameters
    ----------
    settings : TurnDetection
        What the service was set to.
    recording : Recording
        The replay.
    expected : tuple of Turn
        The turns that were expected at these settings.
    agreement : Agreement
        Of the turns the service really reported with those.
    calibrated : bool
        Whether a fit to the service made the expectation; ends are then compared as they are reported.
    outside : tuple of str
        What of the settings the fit has not seen, in words.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording, Turn, TurnDetection
    >>> from qwen_asr_widgets.recording.verification import agreement
    >>> expected = (Turn(1.0, 0.7, 2.0),)
    >>> shown = Verification(TurnDetection(0.0, 400), Recording(), expected, agreement(expected, []))
    >>> len(shown.expected), len(shown.turns), shown.agreement.exact
    (1, 0, False)
    """

    settings: TurnDetection
    recording: Recording
    expected: tuple[Turn, ...]
    agreement: Agreement
    calibrated: bool = False
    outside: tuple[str, ...] = ()

    @property
    def turns(self) -> list[Turn]:
        """The turns the service reported."""
        return reported_turns(self.recording) if self.calibrated else self.recording.turns

    def _repr_html_(self) -> str:
        rows = [
            [str(number + 1), *(_place(turns, number) for turns in (self.expected, self.turns))]
            for number in range(max(len(self.expected), len(self.turns)))
        ]
        return table(["", "Expected", "Came"], rows, str(self))

    def __repr__(self) -> str:
        return f"<Verification {self}>"

    def __str__(self) -> str:
        settings = self.settings
        unseen = f"; not seen by the fit: {', '.join(self.outside)}" if self.outside else ""
        return (
            f"{settings.threshold:g} / {settings.silence_duration_ms} ms at {self.recording.info.engine}: "
            f"{self.agreement}{unseen}"
        )


def _place(turns: Sequence[Turn], number: int) -> str:
    """Return where a turn lies; nothing where there is no such turn."""
    if number >= len(turns):
        return ""
    return f"{clock(turns[number].onset)} – {clock(turns[number].end)}"


@checked_keywords
def verify(
    clip: Any,
    settings: TurnDetection,
    endpoint: Endpoint | str | None = None,
    config: SessionConfig | None = None,
    *,
    pace: Pace = AUTO,
    max_cost: float | None = None,
    calibration: Calibration | None = None,
    on_progress: Callable[[float], object] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Verification:
    """Replay a clip through a service at some settings and compare the turns with those expected.

    Parameters
    ----------
    clip : AudioClip, Sample, Recording, path, bytes or binary file
        The sound.
    settings : TurnDetection
        Put in force before the first sample.
    endpoint : Endpoint or str, optional
        As for `transcribe`; by default the embedded service.
    config : SessionConfig, optional
        Language and context; its turn detection is replaced.
    pace : float, None or "auto"
        As for `transcribe`; ``"auto"`` is as fast as taken on this computer, real time elsewhere.
    max_cost : float, optional
        Refuse a replay that DashScope's price page would put above this, in the currency listed first.
    calibration : Calibration, optional
        A fit to this service, to expect with.
    on_progress : callable, optional
        Told the seconds sent so far.
    cancelled : callable
        Asked before every 0.1 s; True ends the replay there.

    Returns
    -------
    Verification

    Raises
    ------
    SettingError
        It would cost more than ``max_cost``, the clip is empty, or ``settings`` is no `TurnDetection`.
    AudioError
        The sound cannot be used.
    QawError
        As `transcribe`.

    Examples
    --------
    >>> from qwen_asr_widgets import embedded, sample, TurnDetection
    >>> print(verify(sample("noisy"), TurnDetection(0.0, 400), embedded("script")))
    0 / 400 ms at embedded script: exact: all 7 turns as expected, to the millisecond
    """
    clip = as_clip(clip, "verify")
    if not isinstance(settings, TurnDetection):
        raise SettingError(
            f"settings is {settings!r:.60}; give the settings to verify, e.g. TurnDetection(0.0, 400).",
            "settings",
        )
    if not len(clip):
        raise SettingError("There is nothing to replay: the clip is empty.", "clip")
    where = resolve_endpoint(endpoint)
    _check_cost(where, clip.duration, max_cost)
    wanted = replace(checked_config(config), turn_detection=settings)
    speed = (None if where.is_loopback else 1.0) if pace == AUTO else pace
    sound = clip.resample(wanted.sample_rate).to_pcm16()
    chunks = _chunks(sound, wanted.sample_rate, on_progress, cancelled)
    recording = transcribe(
        chunks, where, wanted, pace=speed, progress=False,  # type: ignore[arg-type]
        sample_rate=wanted.sample_rate,
    )
    scores = speech_scores(clip)
    if calibration is None:
        expected, real = detect_turns(scores, settings), recording.turns
    else:
        expected, real = calibration.predict(scores, settings), reported_turns(recording)
    outside = () if calibration is None else calibration.outside(settings)
    reached = recording.duration
    expected = [turn for turn in expected if turn.end <= reached + SAME]
    return Verification(
        settings, recording, tuple(expected), agreement(expected, real), calibration is not None, outside
    )


def _chunks(
    samples: NDArray[np.int16], rate: int, told: Callable[[float], object] | None,
    cancelled: Callable[[], bool],
) -> Iterator[Any]:
    length = rate * CHUNK_MS // 1_000
    for first in range(0, len(samples), length):
        if first and cancelled():
            return
        if told is not None:
            told(first / rate)
        yield samples[first:first + length]


def agreement(expected: Sequence[Turn], real: Sequence[Turn]) -> Agreement:
    """Compare two lists of turns of the same sound, each in order of time.

    Examples
    --------
    >>> agreement([Turn(1, 0.7, 2)], [Turn(1.01, 0.7, 2)]).boundary_error
    0.005
    """
    ours = np.array([(turn.onset, turn.end) for turn in expected], dtype=np.float64).reshape(-1, 2)
    theirs = np.array([(turn.onset, turn.end) for turn in real], dtype=np.float64).reshape(-1, 2)
    same = len(ours) == len(theirs) and bool(np.all(np.abs(ours - theirs) <= SAME))
    if not len(ours) or not len(theirs):
        nothing = not len(ours) and not len(theirs)
        return Agreement(None if nothing else 0.0, None, None, len(ours), len(theirs), same)
    i, j, _, counts = overlaps(to_samples(ours), to_samples(theirs))
    i, j = i[counts], j[counts]
    single = (np.bincount(i, minlength=len(ours))[i] == 1) & (np.bincount(j, minlength=len(theirs))[j] == 1)
    i, j = i[single], j[single]
    share = 2 * len(i) / (len(ours) + len(theirs))
    errors = np.round(np.abs(ours[i] - theirs[j]).ravel(), 6)
    median, high = (float(np.quantile(errors, q)) if len(errors) else None for q in (0.5, 0.9))
    return Agreement(share, median, high, len(ours), len(theirs), same)


def _check_cost(endpoint: Endpoint, seconds: float, cap: float | None) -> None:
    """Refuse a replay that would cost more than its cap."""
    if cap is None:
        return
    if not is_number(cap, Real) or not cap >= 0:
        raise SettingError(f"max_cost is {cap!r}; it must be a number from 0 on.", "max_cost")
    known = endpoint_prices(endpoint)
    if not known and not endpoint.is_loopback:
        raise EndpointError(
            f"What {endpoint.name} costs is not known, so max_cost cannot be kept; leave it out to replay "
            "there."
        )
    if known and known[0].cost(seconds) > cap:
        price = known[0]
        raise SettingError(
            f"Replaying {seconds:.0f} s would cost an estimated {price.cost(seconds):.4f} {price.currency} "
            f"({price}), more than the cap of {cap:g}; raise max_cost or take a shorter clip.", "max_cost",
        )
