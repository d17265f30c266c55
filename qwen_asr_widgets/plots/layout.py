"""Where things stand in the picture of a recording: pure geometry, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import points_wide

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..audio.reference import ReferenceTurn
    from ..protocol.utterance import Utterance
    from ..recording.latency import LatencyTable, UtteranceLatency

LABEL = 36.0
"""Points that a total takes beside its bar."""


@dataclass(frozen=True)
class Wait:
    """One utterance's wait on the time axis: from ``end`` of speech over ``stopped`` to ``final`` (s)."""

    number: int
    end: float
    stopped: float
    final: float
    label: str


@dataclass(frozen=True)
class Lanes:
    """Where the lanes of the picture lie, as fractions of the axes' height from the bottom."""

    footer: float
    axis: float
    text: float
    waits: float
    wave: tuple[float, float]
    point: float


def stack(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each span (start, end) the first row in which it overlaps no earlier one.

    Examples
    --------
    >>> stack([(0, 2), (1, 3), (2.5, 4)])
    [0, 1, 0]
    """
    ends: list[float] = []
    rows = []
    for start, end in spans:
        row = next((index for index, taken in enumerate(ends) if taken <= start), len(ends))
        if row == len(ends):
            ends.append(end)
        ends[row] = end
        rows.append(row)
    return rows


def envelope(samples: Any, columns: int) -> tuple[Any, Any, Any]:
    """Return positions (in samples), minima and maxima of at most ``columns`` stretches of int16 samples."""
    count = len(samples)
    starts = np.unique(np.linspace(0, count, max(1, min(columns, count)), endpoint=False).astype(int))
    middles = (starts + np.append(starts[1:], count)) / 2
    return middles, np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)


def spectrogram_levels(samples: Any, rate: int, columns: int) -> Any:
    """Return the levels of a sound in dB, shape (frequencies, columns), of Hann windows of 32 ms.

    The windows lie evenly over the sound, no closer than half of one, so that an hour costs no more than a
    minute; by matplotlib's `mlab.specgram`. The first frequency is 0 Hz, the last half the rate.

    Parameters
    ----------
    samples : ndarray of int16, shape (n,)
        At least one.
    rate : int
        Hz.
    columns : int
        The most windows; there are two at least.
    """
    from matplotlib import mlab

    size = rate * 32 // 1_000
    padded = np.pad(samples.astype(np.float64) / 32_768, (0, max(0, size - len(samples))))
    count = max(2, min(columns, 2 * len(padded) // size - 1))
    starts = np.linspace(0, len(padded) - size, count).astype(int)
    windows = padded[starts[:, None] + np.arange(size)].ravel()
    power, _, _ = mlab.specgram(windows, NFFT=size, Fs=rate, noverlap=0)
    return 10 * np.log10(np.asarray(power) + 1e-16)


def waits_of(
    utterances: Sequence[Utterance], latency: LatencyTable, reference: Sequence[ReferenceTurn] | None
) -> list[Wait]:
    """Return the waits, each from where its latency says that speech ends."""
    waits = []
    for utterance, row in zip(utterances, latency):
        end = reference[row.reference].end if reference and row.reference is not None else utterance.end
        wait = _wait(utterance, row, end)
        if wait is not None:
            waits.append(wait)
    return waits


def _wait(utterance: Utterance, row: UtteranceLatency, end: float | None) -> Wait | None:
    if end is None or (row.endpoint_delay is None and row.decode_delay is None):
        return None
    stopped = end + (row.endpoint_delay or 0.0)
    total = row.finalization if row.endpoint_delay is not None else row.decode_delay
    label = f"{total:.2f} s" if total is not None else ""
    return Wait(utterance.number, end, stopped, stopped + (row.decode_delay or 0.0), label)


def first_partials(utterances: Sequence[Utterance], latency: LatencyTable) -> dict[int, float]:
    """Return where on the time axis (s) each utterance had its first partial, by number."""
    return {
        utterance.number: utterance.onset + row.first_partial
        for utterance, row in zip(utterances, latency)
        if utterance.onset is not None and row.first_partial is not None
    }


def with_label(ax: Axes, final: float, end: float, scale: float = 1.0) -> float:
    """Return how far the axis must reach for the total beside a wait that ends at ``final``."""
    label = LABEL * scale
    share = label / max(points_wide(ax), 2 * label)
    return final + share * end / (1 - share)


def text_room(utterances: Sequence[Utterance], right: float) -> list[tuple[float, float]]:
    """Return the span each transcript may take: from its turn's beginning to that of the next."""
    begins = [
        utterance.onset if utterance.onset is not None else (utterance.start or 0.0)
        for utterance in utterances
    ]
    gap = 0.006 * right
    return [(begin, max(begin, after - gap)) for begin, after in zip(begins, [*begins[1:], right + gap])]
