"""How like two sounds are, wherever in a loop the one begins."""

from __future__ import annotations

import numpy as np

from qwen_asr_widgets.audio.resample import resample

RATE = 16_000
PIECE = RATE // 10
REACH = RATE // 20


def _best_place(piece: np.ndarray, played: np.ndarray) -> int:
    """Return where in a longer sound a piece fits best: the largest normalised inner product."""
    size = 1 << (len(played) + len(piece) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(played, size) * np.conj(np.fft.rfft(piece, size)), size)
    squares = np.concatenate([[0.0], np.cumsum(np.square(played, dtype=float))])
    energy = squares[len(piece) :] - squares[: -len(piece)]
    return int(np.argmax(products[: len(energy)] / np.sqrt(energy + 1e-6)))


def best_correlation(piece: np.ndarray, piece_rate: int, loop: np.ndarray, loop_rate: int) -> float:
    """Return the correlation of a piece with the best fitting place of an endlessly repeated sound.

    Both are compared at 16 kHz, the piece without its first and last 50 ms. On a busy machine Chromium's
    fake device skips or repeats 10 ms now and then; so each tenth of a second is laid on its own best
    place within 50 ms of the one before, and the correlation is that of the whole.
    """
    heard = resample(piece.astype(np.float32), piece_rate, RATE)[RATE // 20 : -RATE // 20]
    once = resample(loop.astype(np.float32), loop_rate, RATE)
    played = np.tile(once, 4 + len(heard) // len(once))
    loud = int(np.argmax(np.abs(heard)))
    second = slice(max(0, loud - RATE // 4), loud + RATE // 4)
    lag = (_best_place(heard[second], played[: 2 * len(once)]) - second.start) % len(once) + len(once)
    matched = [np.zeros(0, np.float32)]
    for start in range(0, len(heard) - PIECE, PIECE):
        part = heard[start : start + PIECE]
        low = start + lag - REACH
        if np.abs(part).max() > 0.01:
            lag += _best_place(part, played[low : low + PIECE + 2 * REACH]) - REACH
        matched.append(played[start + lag : start + lag + PIECE])
    whole = np.concatenate(matched)
    return float(np.corrcoef(heard[: len(whole)], whole)[0, 1])
