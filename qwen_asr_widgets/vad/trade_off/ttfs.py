"""What a person really waited in recordings of the clips that are judged, beside the latency of the policies.

The field calls it TTFS (time to final segment): from the end of speech to the final transcript. It holds what
a policy waits for and what the service then takes; the latency of a trade-off is the first part alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..pauses import Pauses

REAL_TIME = 1.0
"""The pace at which sound must have been sent: a wait at any other is not one of a person."""


@dataclass(frozen=True)
class MeasuredTtfs:
    """The waits measured in recordings, in seconds.

    Parameters
    ----------
    median, p90 : float
        From the end of speech by the reference to the final transcript.
    decode_delay : float
        Of that, the median from the closing of the turn to the final: what a policy's latency leaves out.
    n : int
        Utterances that silence closed, after their reference turn had ended.
    recordings : int
        In how many recordings.

    Examples
    --------
    >>> print(MeasuredTtfs(1.02, 1.31, 0.21, 17, 2))
    TTFS (end of speech to the final), measured in 2 recordings: median 1.02 s, 90 % within 1.31 s (n = 17); \
of that 0.21 s (median) after the turn was closed, to be added to the latency of a policy
    """

    median: float
    p90: float
    decode_delay: float
    n: int
    recordings: int

    def __str__(self) -> str:
        where = f"{self.recordings} recording{'' if self.recordings == 1 else 's'}"
        return (
            f"TTFS (end of speech to the final), measured in {where}: median {self.median:.2f} s, 90 % "
            f"within {self.p90:.2f} s (n = {self.n}); of that {self.decode_delay:.2f} s (median) after the "
            "turn was closed, to be added to the latency of a policy"
        )


def measured_ttfs(sounds: Iterable[Any], found: Sequence[Pauses]) -> MeasuredTtfs | None:
    """Return what recordings among some sounds tell of waits, None where there are none.

    Parameters
    ----------
    sounds : iterable
        As ``trade_off`` was given them. What has a method ``latency(reference)``, as a `Recording` has, is
        asked for the waits of its utterances; a recording of another pace than real time has none.
    found : sequence of Pauses
        Of each: their turns are the reference.
    """
    tables = [
        sound.latency(each.turns) for sound, each in zip(sounds, found)
        if callable(getattr(sound, "latency", None))
    ]
    waits = [[row for row in table if _counts(row)] for table in tables if table.pace == REAL_TIME]
    rows = [row for listed in waits for row in listed]
    if not rows:
        return None
    finals, decodes = (
        np.array([getattr(row, name) for row in rows], dtype=np.float64)
        for name in ("finalization", "decode_delay")
    )
    return MeasuredTtfs(
        float(np.median(finals)), float(np.percentile(finals, 90)), float(np.nanmedian(decodes)), len(rows),
        sum(bool(listed) for listed in waits),
    )


def _counts(row: Any) -> bool:
    """Tell whether an utterance's wait is one that a person had."""
    return row.ended_by == "silence" and not row.cut and row.finalization is not None
