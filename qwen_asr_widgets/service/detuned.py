"""A service that listens differently: to learn, and to prove, what a calibration can find out from outside.

``embedded("script", detector={"slope": 0.5, "offset": 0.3, "delay_ms": 96, "padding_ms": 120})`` keeps its
scale to itself as the cloud does; ``detector={"kind": "energy"}`` is of another family, which no setting of
ours imitates. Neither tells ``audio_onset_ms``. Recordings made so say "disguised" in their engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE
from ..errors import EndpointError
from ..vad.scoring.silero import HOP
from ..vad.turns import PADDING_RANGE_MS, SILENCE_RANGE_MS, THRESHOLD_RANGE, TurnChange, TurnDetection
from .segmenter import Closed, Segmenter, Opened, Step

MAX_SHIFT_MS = 1_000


@dataclass(frozen=True)
class Detuning:
    """How a service listens differently from what it is told.

    Parameters
    ----------
    kind : {"silero", "energy"}
        What scores the sound: our model, or the level of each frame.
    slope, offset : float
        Its threshold is ``offset + slope * theirs``, kept within [-1, 1].
    delay_ms : int
        Milliseconds by which it waits longer than the silence it is set to.
    padding_ms : int
        Milliseconds by which it reports starts earlier than the padding it is set to.
    end_ms : int
        Milliseconds by which it reports ends later.

    Raises
    ------
    EndpointError
        A value is not one of those above.

    Examples
    --------
    >>> Detuning(slope=0.5, offset=0.3).inside(TurnDetection(threshold=0.2)).threshold
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
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= limit:
                raise EndpointError(f"A detector's {name} is a number up to {limit}, not {value!r}.")

    @classmethod
    def of(cls, options: Mapping[str, Any] | None) -> Detuning | None:
        """Read the option ``detector``; None where there is none."""
        if options is None:
            return None
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(options) - set(known))
        if unknown:
            raise EndpointError(f"A detector has no {unknown[0]!r}; it knows {', '.join(known)}.")
        return cls(**options)

    def inside(self, settings: TurnDetection) -> TurnDetection:
        """Return what the detector is really set to."""
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


class DetunedSegmenter(Segmenter):
    """A listener that does what its disguise does with the settings it is given.

    Parameters
    ----------
    settings : TurnDetection or None
    disguise : Detuning
    """

    def __init__(self, settings: TurnDetection | None, disguise: Detuning) -> None:
        super().__init__(None if settings is None else disguise.inside(settings))
        self._disguise = disguise
        if disguise.kind == "energy":
            self._scorer = EnergyScorer()  # type: ignore[assignment]

    def update(self, settings: TurnDetection | None) -> Iterator[Step]:
        """Put other settings in force."""
        yield from super().update(None if settings is None else self._disguise.inside(settings))

    def _follow(self, changes: Iterable[TurnChange]) -> Iterator[Step]:
        for step in super()._follow(changes):
            if isinstance(step, Opened):
                yield Opened(step.start, None)
            elif isinstance(step, Closed):
                yield Closed(step.end + self._disguise.end_ms * SAMPLE_RATE // 1_000, step.reason)
            else:
                yield step
