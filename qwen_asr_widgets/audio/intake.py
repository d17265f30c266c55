"""Samples of any source on their way into a clip: turned to float, checked, reduced to one channel."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioError
from .units import FULL_SCALE

MAX_CHANNELS = 8
"""An axis of an array longer than this is time, not channels."""

OVER_LIMIT = 2.0
"""Float samples up to this (+6 dB, as lossy decoders and mixers leave them) are limited to full scale;
beyond it they are in another scale, such as int16 values stored as float."""

AT_FULL_SCALE = (FULL_SCALE - 1) / FULL_SCALE
"""Magnitude from which a sample counts as clipped: the largest positive int16."""

_FLAT = 3


def array_to_float(source: Any, name: str) -> NDArray[np.float32]:
    """Return array-like samples as float32 of shape (n, channels), integers scaled from their full scale.

    Parameters
    ----------
    source : array-like
        int8, uint8, int16, int32 or float of any byte order; shape (n,), (n, channels) or (channels, n).
    name : str
        What messages call it.

    Raises
    ------
    AudioError
        Another type or shape, or no samples at all.
    """
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise AudioError(f"{name} cannot be read as one array of samples: {error}.") from error
    array = _time_first(array, name)
    kind = array.dtype.newbyteorder("=")
    if kind.kind == "f":
        return array.astype(np.float32)
    if kind == np.uint8:
        return (array.astype(np.float32) - 128) / np.float32(128)
    if kind in (np.int8, np.int16, np.int32):
        return array.astype(np.float32) * np.float32(2.0 ** (1 - 8 * kind.itemsize))
    raise AudioError(
        f"{name} is of type {kind}, whose full scale is not known; "
        "convert it to int16 or int32 (full scale of that type) or to float in [-1, 1]."
    )


def has_int16_scale(array: NDArray[Any]) -> bool:
    """Tell whether an int32 array holds nothing beyond the values of int16, and something but zeros.

    Taken at the full scale of int32 such sound is 96 dB too quiet.

    Examples
    --------
    >>> has_int16_scale(np.array([12_000, -9_000], np.int32)), has_int16_scale(np.zeros(4, np.int32))
    (True, False)
    """
    if array.dtype.newbyteorder("=") != np.int32 or not array.size:
        return False
    return 0 < max(int(array.max()), -int(array.min())) <= FULL_SCALE


def _time_first(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return the array with shape (n, channels): the channels are the axis of length 8 or less."""
    if array.ndim not in (1, 2):
        raise AudioError(
            f"{name} has {array.ndim} dimensions (shape {array.shape}); "
            "sound has shape (n,), (n, channels) or (channels, n)."
        )
    if not array.size:
        raise AudioError(f"{name} is empty (shape {array.shape}); it holds no sound.")
    if array.ndim == 1:
        return array[:, None]
    rows, columns = array.shape
    if min(rows, columns) > MAX_CHANNELS:
        raise AudioError(
            f"{name} has shape {array.shape}: neither axis can be the channels, "
            f"of which there are at most {MAX_CHANNELS}."
        )
    if rows == columns and rows > 1:
        raise AudioError(
            f"{name} has shape {array.shape}, which does not show which axis is time; give one channel."
        )
    return array.T if rows < columns else array


class Intake:
    """Takes in blocks of a sound and keeps the channel asked for.

    Parameters
    ----------
    name : str
        What messages call the sound.
    sample_rate : int
        Hz.
    channel : int, "mean", "each" or None
        Which channel to keep; ``"mean"`` and None average, ``"each"`` keeps all apart.

    Raises
    ------
    AudioError
        From ``add``: a channel that does not exist, samples that are not finite or in another scale.
        From ``mono`` and ``separate``: nothing was taken in.
    """

    def __init__(self, name: str, sample_rate: int, channel: Any) -> None:
        self.name = name
        self.sample_rate = sample_rate
        self.channels = 0
        self.clipped = 0
        """Samples at or beyond full scale in the channels kept."""
        self.limited = 0
        """Samples beyond full scale, which were limited to it."""
        self.flat = False
        """Whether three or more samples in a row stand at full scale."""
        self._channel = channel
        self._frames = 0
        self._kept: list[NDArray[np.float32]] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Take in the next samples, shape (k, channels)."""
        if not self.channels:
            self.channels = block.shape[1]
            self._channel = self._checked_channel()
        if isinstance(self._channel, int):
            block = block[:, self._channel : self._channel + 1]
        if len(block):
            block = self._checked_scale(block)
            average = self._channel in (None, "mean") and self.channels > 1
            self._kept.append(block.mean(axis=1, keepdims=True) if average else block)
            self._frames += len(block)

    @property
    def duration(self) -> float:
        """Seconds taken in so far."""
        return self._frames / self.sample_rate

    def mono(self) -> NDArray[np.float32]:
        """Return the one channel kept, shape (n,); the caller owns it."""
        return self.separate()[0]

    def separate(self) -> list[NDArray[np.float32]]:
        """Return the channels kept, each of shape (n,); the caller owns them."""
        if not self._frames:
            raise AudioError(f"{self.name} is empty: it holds no samples.")
        count = self._kept[0].shape[1]
        return [np.concatenate([block[:, number] for block in self._kept]) for number in range(count)]

    def _checked_channel(self) -> Any:
        channel = self._channel
        if channel is None or channel in ("mean", "each"):
            return channel
        numbers = "channel=0" if self.channels == 1 else f"channel=0 to {self.channels - 1}"
        try:
            number = -1 if isinstance(channel, bool) else operator.index(channel)
        except TypeError:
            number = -1
        if not 0 <= number < self.channels:
            raise AudioError(
                f"channel={channel!r} does not exist in {self.name}, which has {self.channels}; "
                f'choose {numbers}, or "mean".'
            )
        return number

    def _checked_scale(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        peak = max(-float(block.min()), float(block.max()))
        if not np.isfinite(peak) or not np.isfinite(block.min()):
            self._refuse_not_finite(block)
        if peak > OVER_LIMIT:
            raise AudioError(
                f"{self.name} reaches {peak:g} where float sound stays within [-1, 1]; "
                "if these are int16 values stored as float, divide by 32768 or use .astype(np.int16)."
            )
        if peak >= AT_FULL_SCALE:
            full = np.abs(block) >= np.float32(AT_FULL_SCALE)
            self.clipped += int(full.sum())
            self.flat = self.flat or _has_run(full)
        if peak > 1.0:
            self.limited += int((np.abs(block) > 1.0).sum())
            block = np.clip(block, -1.0, 1.0)
        return block

    def _refuse_not_finite(self, block: NDArray[np.float32]) -> None:
        bad = ~np.isfinite(block).all(axis=1)
        first = self._frames + int(np.argmax(bad))
        raise AudioError(
            f"{self.name} has NaN or infinite samples: {int(bad.sum())} of {len(block)}, the first at "
            f"index {first} ({first / self.sample_rate:.3f} s); replace them, e.g. with np.nan_to_num."
        )


def _has_run(full: NDArray[np.bool_]) -> bool:
    """Return whether ``_FLAT`` rows in a row are true in any column."""
    run = full[_FLAT - 1 :].copy()
    for shift in range(1, _FLAT):
        run &= full[_FLAT - 1 - shift : len(full) - shift]
    return bool(run.any())
