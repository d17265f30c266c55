"""A voice activity detector that is off by a known amount, to test what a calibration finds out.

The cloud does not publish its scores, so `qwen_asr_widgets.calibrate` estimates them. To see how well it
does, the embedded service can be given a detector whose deviation is known:

- ``embedded("script", detector={"slope": 0.5, "offset": 0.3, "delay_ms": 96, "padding_ms": 120})`` scores
  as ours does, but takes the threshold on another scale, waits longer and reports other positions;
- ``embedded("script", detector={"kind": "energy"})`` scores by level alone, which no setting of ours
  imitates.

Neither tells ``audio_onset_ms``. The endpoint's name, and so the recording's, ends in "detuned".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE, ms_to_samples
from ..arguments import is_number, suggestion
from ..errors import EndpointError
from ..vad.scoring.frames import HOP
from ..vad.turns import (
    MAX_TURN_SECONDS, PADDING_RANGE_MS, SILENCE_RANGE_MS, THRESHOLD_RANGE, TurnDetection,
)
from .segmenter import SegmentEnded, Segmenter, SegmentEvent, SegmentStarted

MAX_SHIFT_MS = 1_000


@dataclass(frozen=True)
class Detuning:
    """By how much a detector deviates from the settings that it is given.

    Parameters
    ----------
    kind : {"silero", "energy"}
        What scores the frames: Silero VAD, or the level of each frame.
    slope, offset : float
        Its true threshold is ``offset + slope * threshold``, kept within [-1, 1]; each at most ±10.
    delay_ms : int
        Milliseconds by which it waits longer than the silence it is set to.
    padding_ms : int
        Milliseconds by which it reports starts earlier than the padding it is set to.
    end_ms : int
        Milliseconds by which it reports ends later. The three times are at most ±1,000 ms.

    Raises
    ------
    EndpointError
        A value is not one of those above.

    Examples
    --------
    >>> Detuning(slope=0.5, offset=0.3).applied_to(TurnDetection(threshold=0.2)).threshold
    0.4
    """

    kind: Literal["silero", "energy"] = "silero"
    slope: float = 1.0
    offset: float = 0.0
    delay_ms: int = 0
    padding_ms: int = 0
    end_ms: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("silero", "energy"):
            raise EndpointError(f"A detector's kind is 'silero' or 'energy', not {self.kind!r}.")
        for name in ("slope", "offset", "delay_ms", "padding_ms", "end_ms"):
            value = getattr(self, name)
            limit = MAX_SHIFT_MS if name.endswith("ms") else 10
            if not is_number(value) or not abs(value) <= limit:
                raise EndpointError(f"A detector's {name} is a number up to {limit}, not {value!r}.")

    @classmethod
    def of(cls, options: Mapping[str, Any] | None) -> Detuning | None:
        """Read the option ``detector``; None where there is none."""
        if options is None:
            return None
        known = [field.name for field in fields(cls)]
        for name in sorted(set(options) - set(known)):
            near = suggestion(name, known) or "."
            raise EndpointError(f"A detector has no {name!r}{near} It knows {', '.join(known)}.")
        return cls(**options)

    def applied_to(self, settings: TurnDetection) -> TurnDetection:
        """Return what a detector given these settings really uses, each value kept within its range."""
        threshold = float(np.clip(self.offset + self.slope * settings.threshold, *THRESHOLD_RANGE))
        silence = np.clip(settings.silence_duration_ms + self.delay_ms, *SILENCE_RANGE_MS)
        padding = np.clip(settings.prefix_padding_ms + self.padding_ms, *PADDING_RANGE_MS)
        return replace(
            settings, threshold=round(threshold, 6), silence_duration_ms=int(silence),
            prefix_padding_ms=int(padding),
        )


class EnergyScorer:
    """Scores each 32 ms by its level alone: −1 at −60 dB of full scale and below, 1 at −10 dB and above.

    Examples
    --------
    >>> EnergyScorer().push(np.zeros(1_024, np.int16)).tolist()
    [-1.0, -1.0]
    """

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.int16)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Return a score for each complete frame."""
        row = np.concatenate((self._rest, samples))
        whole = len(row) // HOP * HOP
        self._rest = row[whole:]
        frames = row[:whole].reshape(-1, HOP).astype(np.float64) / 32_768
        level = 10 * np.log10(np.mean(frames * frames, axis=1) + 1e-12)
        return np.clip((level + 35) / 25, -1, 1).astype(np.float32)


class DetunedSegmenter:
    """A `Segmenter` with a deviating detector; it has the same methods.

    Parameters
    ----------
    settings : TurnDetection or None
        As the client gave them; None is manual mode.
    detuning : Detuning
        How the detector deviates from them.
    longest_turn_s : float
        Seconds after its onset at which an open turn is cut.

    Examples
    --------
    >>> from qwen_asr_widgets.audio.samples import sample
    >>> talk = sample("conversation").clip.to_pcm16()[:70_000]
    >>> segmenter = DetunedSegmenter(TurnDetection(0.0, 400), Detuning(padding_ms=100, end_ms=48))
    >>> [event for event in segmenter.push(talk) if isinstance(event, (SegmentStarted, SegmentEnded))]
    [SegmentStarted(start=7424, onset=None), SegmentEnded(end=59136, reason='silence')]
    """

    def __init__(
        self, settings: TurnDetection | None, detuning: Detuning, longest_turn_s: float = MAX_TURN_SECONDS
    ) -> None:
        self._detuning = detuning
        scorer = EnergyScorer() if detuning.kind == "energy" else None
        self._segmenter = Segmenter(self._applied(settings), scorer, longest_turn_s)

    @property
    def position(self) -> int:
        """Samples taken so far."""
        return self._segmenter.position

    def push(self, samples: NDArray[np.int16]) -> Iterator[SegmentEvent]:
        """Take the next samples, int16 at 16 kHz, and yield what follows from them."""
        return map(self._reported, self._segmenter.push(samples))

    def update(self, settings: TurnDetection | None) -> Iterator[SegmentEvent]:
        """Put other settings in force; None closes an open turn."""
        return map(self._reported, self._segmenter.update(self._applied(settings)))

    def finish(self) -> Iterator[SegmentEvent]:
        """Close an open turn."""
        return map(self._reported, self._segmenter.finish())

    def _applied(self, settings: TurnDetection | None) -> TurnDetection | None:
        return None if settings is None else self._detuning.applied_to(settings)

    def _reported(self, event: SegmentEvent) -> SegmentEvent:
        """Return an event as this detector reports it: without onset, its end moved."""
        if isinstance(event, SegmentStarted):
            return SegmentStarted(event.start, None)
        if isinstance(event, SegmentEnded):
            return replace(event, end=event.end + ms_to_samples(self._detuning.end_ms, SAMPLE_RATE))
        return event
