"""Runs of speech frames and how they join into turns, in whole frames and without a loop over frames.

A run is a half-open interval ``[first, stop)`` of frames that all reach the threshold. Everything that
tries many settings on the same scores (tuner, sweep, explanations) works on runs: they depend on the
threshold alone, so that another silence costs only the joining.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.int64]
"""Intervals of frames, int64 (k, 2): first frame, and the frame after the last one."""


def speech_runs(values: NDArray[np.float32], threshold: float) -> Frames:
    """Return the runs of frames whose score reaches the threshold.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Speech scores.
    threshold : float
        Compared as float32, as the scores are.

    Returns
    -------
    ndarray, int64, shape (k, 2)
        The runs in order; there is at least one frame between two of them.

    Examples
    --------
    >>> speech_runs(np.float32([0, 1, 1, 0, 1]), 0.5).tolist()
    [[1, 3], [4, 5]]
    """
    return mask_runs(values >= np.float32(threshold))


def mask_runs(speech: NDArray[np.bool_]) -> Frames:
    """Return the runs of true values in a boolean row, int64 (k, 2)."""
    framed = np.zeros(len(speech) + 2, dtype=np.bool_)
    framed[1:-1] = speech
    return np.flatnonzero(framed[1:] != framed[:-1]).reshape(-1, 2)


def join_runs(runs: Frames, silence_frames: int, max_turn_frames: int) -> Frames:
    """Join runs of speech into turns.

    Parameters
    ----------
    runs : ndarray, int64, shape (k, 2)
        As ``speech_runs`` gives them.
    silence_frames : int
        A gap of this many frames or more closes a turn.
    max_turn_frames : int
        A turn still open this many frames after its onset is closed.

    Returns
    -------
    ndarray, int64, shape (m, 2)
        Onset frame and the frame after the last speech frame of each turn.

    Notes
    -----
    Only a run of two or more frames opens a turn; a single frame keeps an open turn open.

    Examples
    --------
    >>> runs = np.array([[3, 4], [5, 8], [12, 13], [30, 31]])
    >>> join_runs(runs, silence_frames=7, max_turn_frames=1875).tolist()
    [[5, 13]]
    """
    opening = np.flatnonzero(runs[:, 1] - runs[:, 0] >= 2)
    if not len(opening):
        return np.empty((0, 2), dtype=np.int64)
    breaks = runs[1:, 0] - runs[:-1, 1] >= silence_frames
    group = np.concatenate(([0], np.cumsum(breaks)))
    last_run = np.append(np.flatnonzero(breaks), len(runs) - 1)
    groups = group[opening]
    first = np.ones(len(groups), dtype=np.bool_)
    np.not_equal(groups[1:], groups[:-1], out=first[1:])
    turns = np.column_stack((runs[opening[first], 0], runs[last_run[groups[first]], 1]))
    if (turns[:, 1] - turns[:, 0] <= max_turn_frames).all():
        return turns
    return _split_long(turns, runs, max_turn_frames)


def _split_long(turns: Frames, runs: Frames, max_turn_frames: int) -> Frames:
    """Close the turns that last beyond the limit and open what follows them anew."""
    pieces: list[tuple[int, int]] = []
    for onset, end in turns.tolist():
        piece: tuple[int, int] | None = (onset, end)
        while piece is not None and end - piece[0] > max_turn_frames:
            closing = piece[0] + max_turn_frames
            pieces.append((piece[0], _last_speech(runs, closing)))
            piece = _reopened(runs, closing, end)
        if piece is not None:
            pieces.append(piece)
    return np.array(pieces, dtype=np.int64)


def _last_speech(runs: Frames, frame: int) -> int:
    """Return the frame after the last speech frame before ``frame``."""
    run = int(np.searchsorted(runs[:, 0], frame)) - 1
    return min(int(runs[run, 1]), frame)


def _reopened(runs: Frames, frame: int, end: int) -> tuple[int, int] | None:
    """Return the turn that two consecutive speech frames from ``frame`` on, before ``end``, open again."""
    run = int(np.searchsorted(runs[:, 1], frame, side="right"))
    while run < len(runs) and runs[run, 0] < end:
        first = max(int(runs[run, 0]), frame)
        if runs[run, 1] - first >= 2:
            return first, end
        run += 1
    return None
