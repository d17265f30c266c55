"""Change of sample rate by soxr: at once for a clip, in pieces for a live source, with the same result."""

from __future__ import annotations

import math
import operator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError
from .units import float_to_pcm16, pcm16_to_float

LOWEST_RATE = 4_000
HIGHEST_RATE = 384_000
"""Sample rates (Hz) outside these bounds are taken for a mistake, such as kHz given for Hz."""

Samples = TypeVar("Samples", NDArray[np.float32], NDArray[np.int16])


def checked_rate(rate: object, name: str = "sample_rate") -> int:
    """Return a sample rate in Hz as an int.

    Parameters
    ----------
    rate : object
        What the caller gave; a whole number of any numeric type is accepted.
    name : str
        What the message calls it.

    Raises
    ------
    AudioError
        It is no whole number, or outside 4,000 to 384,000 Hz.
    """
    number: Any = int(rate) if isinstance(rate, float) and rate.is_integer() else rate
    number = None if isinstance(rate, bool) else number
    try:
        value = operator.index(number)
    except TypeError:
        raise AudioError(f"{name} must be a whole number of hertz, e.g. 16000, not {rate!r}.") from None
    if not LOWEST_RATE <= value <= HIGHEST_RATE:
        in_khz = LOWEST_RATE <= value * 1_000 <= HIGHEST_RATE
        hint = f"; did you mean {value * 1_000}?" if in_khz else ", e.g. 16000."
        raise AudioError(f"{name} is {value} Hz; give one from {LOWEST_RATE} to {HIGHEST_RATE} Hz{hint}")
    return value


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return samples at another rate.

    Parameters
    ----------
    samples : ndarray of float32 or int16, shape (n,)
        One channel; float in [-1, 1].
    from_rate, to_rate : int
        Sample rates in Hz.

    Returns
    -------
    ndarray, shape (about n * to_rate / from_rate,)
        Of the dtype given. int16 that would overflow is clipped, not wrapped.

    Examples
    --------
    >>> len(resample(np.zeros(48_000, np.float32), 48_000, 16_000))
    16000
    """
    stream = StreamResampler(from_rate, to_rate)
    return np.concatenate([stream.push(samples), stream.flush().astype(samples.dtype)])


class StreamResampler:
    """Change the rate of a signal that arrives in pieces.

    All that ``push`` and ``flush`` return, put together, equals ``resample`` of the whole, sample for
    sample, however the signal was cut. Output sample ``k`` stands for the moment ``k / to_rate``: what the
    filter holds back comes later, but never moves on the timeline.

    Parameters
    ----------
    from_rate, to_rate : int
        Sample rates in Hz. Where they are equal, samples pass through untouched and undelayed.
    low_delay : bool
        Use soxr's variable-rate engine, which gives samples out evenly. Default False.

    Raises
    ------
    AudioError
        A rate is no sample rate, or ``push`` got something else than one channel of float32 or int16.

    Notes
    -----
    The default engine (soxr "HQ", 130 dB) works in blocks and holds back 6 to 40 ms from 48 kHz or
    44.1 kHz to 16 kHz, but 12 to 115 ms from 8 kHz to 16 kHz. The low-delay engine holds back a constant
    13 ms and 30 ms there, at 80 dB and with a fixed shift of up to 0.1 ms; where something waits for the
    very last sample, such as an endpoint decision, it is the better choice.

    Examples
    --------
    >>> stream = StreamResampler(48_000, 16_000)
    >>> got = [stream.push(np.zeros(4_800, np.int16)) for _ in range(10)] + [stream.flush()]
    >>> sum(map(len, got)), stream.delay
    (16000, 0)
    """

    def __init__(self, from_rate: int, to_rate: int, low_delay: bool = False) -> None:
        self.from_rate = checked_rate(from_rate, "from_rate")
        self.to_rate = checked_rate(to_rate, "to_rate")
        self._low_delay = low_delay
        self._dtype: np.dtype[Any] = np.dtype(np.float32)
        self._restart()

    def _restart(self) -> None:
        self._taken = 0
        self._given = 0
        self._engine = None
        if self.from_rate != self.to_rate:
            import soxr

            self._engine = soxr.ResampleStream(
                self.from_rate, self.to_rate, 1, "float32", quality="HQ", vr=self._low_delay
            )

    @property
    def delay(self) -> int:
        """Output samples held back now: pushed in, not yet given out."""
        return max(0, math.floor(self._taken * self.to_rate / self.from_rate + 0.5) - self._given)

    def push(self, samples: Samples) -> Samples:
        """Take the next samples in and return what is ready, in the same dtype.

        Parameters
        ----------
        samples : ndarray of float32 or int16, shape (n,)
            The next piece, of any length, also 0. All pieces of one signal have one dtype.
        """
        if samples.ndim != 1 or samples.dtype not in (np.float32, np.int16):
            raise AudioError(
                "A resampler takes one channel of float32 or int16, "
                f"not {samples.dtype} of shape {samples.shape}."
            )
        self._dtype = samples.dtype
        self._taken += len(samples)
        return self._run(samples, last=False)

    def flush(self) -> NDArray[Any]:
        """Return what was held back; the resampler then stands at the start of a new signal."""
        rest = self._run(np.zeros(0, self._dtype), last=True)
        self._restart()
        return rest

    def _run(self, samples: NDArray[Any], last: bool) -> NDArray[Any]:
        if self._engine is None:
            out = samples.copy()
        else:
            integer = samples.dtype == np.int16
            floats = pcm16_to_float(samples) if integer else np.ascontiguousarray(samples)
            out = self._engine.resample_chunk(floats, last=last)
            out = float_to_pcm16(out) if integer else out
        self._given += len(out)
        return out
