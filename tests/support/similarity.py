"""How like two sounds are, wherever in a loop the one begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qwen_asr_widgets.audio.resample import resample

RATE = 48_000
PIECE = RATE // 10
REACH = RATE // 20
LEFT_OUT = 0.05
COARSE = 8_000
"""Samples a second by which a piece is looked for in the whole sound: its place is refined afterwards."""


def _best_place(piece: np.ndarray, played: np.ndarray) -> int:
    """Return where in a longer sound a piece fits best: the largest normalised inner product."""
    size = 1 << (len(played) + len(piece) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(played, size) * np.conj(np.fft.rfft(piece, size)), size)
    squares = np.concatenate([[0.0], np.cumsum(np.square(played, dtype=float))])
    energy = squares[len(piece) :] - squares[: -len(piece)]
    return int(np.argmax(products[: len(energy)] / np.sqrt(energy + 1e-6)))


def _one_then_other(piece: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the first sound up to a sample, then the second: the sample that comes nearest to the piece."""
    worse = np.square(piece - first, dtype=float) - np.square(piece - second, dtype=float)
    change = int(np.argmin(np.concatenate([[0.0], np.cumsum(worse)])))
    return np.concatenate([first[:change], second[change:]])


def best_correlation(piece: np.ndarray, piece_rate: int, loop: np.ndarray, loop_rate: int) -> float:
    """Return the correlation of a piece with the best fitting place of an endlessly repeated sound.

    Both are compared at 48 kHz, where half a sample of shift costs nothing that counts, and the piece
    without its first and last 50 ms. On a busy machine Chromium's fake device skips or repeats 10 ms now and
    then; so each tenth of a second is laid on its own best place within 50 ms of the one before, changing
    over at the sample where that fits best. Where the machine is busier still, the device skips twice within
    one tenth: the twentieth of the tenths that fits worst, at least one, is left out; the correlation is
    that of the rest.
    """
    heard, once = _at_48_khz(piece, piece_rate)[RATE // 20 : -RATE // 20], _at_48_khz(loop, loop_rate)
    played = np.tile(once, 4 + len(heard) // len(once))
    lags = [_lag(heard, once) + len(once)]
    for start in range(0, len(heard) - PIECE, PIECE):
        part, low = heard[start : start + PIECE], start + lags[-1] - REACH
        heard_any = np.abs(part).max() > 0.01
        step = _best_place(part, played[low : low + PIECE + 2 * REACH]) - REACH if heard_any else 0
        lags.append(lags[-1] + step)
    fits: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = []
    for number, around in enumerate(zip(lags, lags[1:], [*lags[2:], lags[-1]])):
        start = number * PIECE
        part = heard[start : start + PIECE]
        before, now, after = (played[start + at : start + at + PIECE] for at in around)
        ways = (_one_then_other(part, before, now), _one_then_other(part, now, after))
        fits.append((part, min(ways, key=lambda way: _error(part, way))))
    fits.sort(key=lambda fit: _error(*fit))
    kept = fits[: -max(1, int(LEFT_OUT * len(fits)))]
    parts, matched = (np.concatenate(sounds) for sounds in zip(*kept))
    return float(np.corrcoef(parts, matched)[0, 1])


def place_in_loop(piece: np.ndarray, piece_rate: int, loop: np.ndarray, loop_rate: int) -> float:
    """Return where in a sound that repeats a piece begins: seconds from the nearest start of the sound."""
    once = _at_48_khz(loop, loop_rate)
    lag = _lag(_at_48_khz(piece, piece_rate), once)
    return (lag - len(once) if lag > len(once) // 2 else lag) / RATE


def _at_48_khz(samples: np.ndarray, rate: int) -> np.ndarray:
    return resample(samples.astype(np.float32), rate, RATE)


def _lag(heard: np.ndarray, once: np.ndarray) -> int:
    """Return the sample of the loop at which a piece begins, by the half second around its loudest sample."""
    piece, loop = (resample(sound, RATE, COARSE) for sound in (heard, once))
    loud = int(np.argmax(np.abs(piece)))
    around = slice(max(0, loud - COARSE // 4), loud + COARSE // 4)
    place = _best_place(piece[around], np.tile(loop, 2)) - around.start
    return place * (RATE // COARSE) % len(once)


def _error(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    return float(np.square(first - second, dtype=float).sum())
