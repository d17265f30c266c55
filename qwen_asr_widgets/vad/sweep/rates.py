"""The clips of a sweep, and the measures that are derived from what was counted in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ..evaluation.measures import COUNTS
from ..scoring.frames import HOP_SECONDS
from ..turns import TurnDetection
from .choice import Cells, error_counts


@dataclass(frozen=True)
class ClipInfo:
    """One clip of a sweep: its name, its groups, and what was true in it (samples at 16 kHz).

    ``reference_samples`` are those that a collar lets be judged.
    ``condition`` is the name of the one under which it was heard; empty where it was heard as it is.
    """

    name: str
    call: str
    channel: str
    speaker: str
    has_reference: bool
    scored_samples: int
    reference_turns: int
    reference_samples: int
    condition: str = ""


def rates(
    sums: dict[str, Any], weights: NDArray[Any], clips: Sequence[ClipInfo], silences: Sequence[int],
    overhead: float,
) -> dict[str, Cells]:
    """Return what is derived from sums (groups, T, S), NaN where it has no meaning.

    Parameters
    ----------
    sums : dict of ndarray
        Counts and samples of each group of clips, see ``batch``.
    weights : ndarray, shape (groups, clips)
        How often each clip counts in each group.
    clips : sequence of ClipInfo
    silences : sequence of int
        The silences tried, in ms.
    overhead : float
        Seconds added to every wait.
    """
    def of_clips(name: str) -> Cells:
        row = np.array([getattr(clip, name) for clip in clips], dtype=np.float64)
        return (weights @ row)[:, None, None]

    minutes = of_clips("scored_samples") / (60 * SAMPLE_RATE)
    reference, said = of_clips("reference_turns"), of_clips("reference_samples")
    silence = np.array([TurnDetection(0, ms).silence_frames * HOP_SECONDS for ms in silences])
    delay = np.broadcast_to(silence + overhead, sums["turns"].shape).copy()
    found = {
        "turns_per_minute": _over(sums["turns"], minutes),
        "speech_share": _over(sums["speech"], minutes * 60 * SAMPLE_RATE),
        "expected_delay": delay,
    }
    known = {
        "errors_per_minute": _over(sum(error_counts(sums).values()), minutes),
        **{f"{name}_per_minute": _over(sums[name], minutes) for name in COUNTS},
        "cut_rate": _over(sums["cut"], reference),
        "cut_off_rate": _over(sums["cut_off"], reference),
        "missed_rate": _over(sums["missed"], reference),
        "wait": _over(sums["wait_sum"], sums["wait_n"]) / SAMPLE_RATE + overhead,
        "waits": sums["wait_n"].astype(np.float64),
        "coverage": _over(sums["wait_n"], reference),
        "miss_seconds": (said - sums["hit"]) / SAMPLE_RATE,
        "false_alarm_seconds": (sums["found"] - sums["hit"]) / SAMPLE_RATE,
        "detection_error_rate": _over(said + sums["found"] - 2 * sums["hit"], said),
        "precision": _over(sums["hit"], sums["found"]),
        "recall": _over(sums["hit"], said),
        "f1": _over(2 * sums["hit"], said + sums["found"]),
        "onset_error": _over(sums["onset_size"], sums["onset_n"]) / SAMPLE_RATE,
        "offset_error": _over(sums["offset_size"], sums["offset_n"]) / SAMPLE_RATE,
    }
    blind = weights @ np.array([not clip.has_reference for clip in clips], dtype=np.int64) > 0
    for name, cells in known.items():
        found[name] = np.where(blind[:, None, None], np.nan, cells)
    return found


def _over(part: Any, whole: Any) -> Cells:
    """Return ``part / whole`` with NaN where the whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=np.float64), whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=np.asarray(whole) != 0)
