"""What a calibration knows and what it cannot know: each term with the interval that recordings leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Union, get_args

from ...formatting import table

Status = Literal["identified", "measured", "not identifiable"]
Value = Union[bool, int, float]

STATUSES: tuple[Status, ...] = get_args(Status)
TIME, SCORE = 0.04, 0.05
"""Half of the widest interval that still counts as identified: seconds, and units of the score."""

LABELS: Mapping[str, tuple[str, str]] = {
    "threshold": ("our threshold", ""),
    "threshold_slope": ("slope of the scale", ""),
    "hysteresis": ("hysteresis", ""),
    "silence_shift": ("silence waited for beyond the one set", "s"),
    "silence_floor_ms": ("floor of the silence", "ms"),
    "min_turn": ("shortest turn", "s"),
    "longest_turn": ("longest turn", "s"),
    "start_shift": ("shift of the starts", "s"),
    "end_shift": ("shift of the ends", "s"),
    "end_includes_silence": ("ends contain the silence", ""),
    "starts_overlap": ("starts may lie before the end of the turn before", ""),
    "touch_within": ("starts touch the turn before within", "s"),
}
"""Each term in words, and its unit."""


@dataclass(frozen=True)
class CalibrationTerm:
    """One term of a calibration.

    Parameters
    ----------
    name : str
        The field of `Calibration`; ``"threshold"`` is our threshold at the middle of theirs.
    value : bool or number
        The value in use.
    low, high : bool or number
        Every value between them explains the recordings about as well; an infinite one is no limit.
    status : {"identified", "measured", "not identifiable"}
        Whether these recordings tell it (``low`` and ``high`` at most 40 ms, or .05 of the score, from the
        value), it was measured otherwise and is taken from there, or nobody knows.
    advice : str
        What to record next to tell; empty where it is identified.

    Examples
    --------
    >>> print(CalibrationTerm("silence_floor_ms", 400, 380, 420, "identified"))
    floor of the silence 400 ms (380 to 420)
    >>> print(CalibrationTerm("longest_turn", 60.0, 22.5, float("inf"), "not identifiable", "record more"))
    longest turn (at least 22.5 s): not identifiable from these recordings; to tell, record more
    """

    name: str
    value: Value
    low: Value
    high: Value
    status: Status
    advice: str = ""

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return table(("CalibrationTerm", ""), [(self.label, self.text), ("", str(self))])

    @property
    def identified(self) -> bool:
        """Whether these recordings tell it."""
        return self.status == "identified"

    @property
    def label(self) -> str:
        """What it is, in words."""
        return LABELS[self.name][0]

    @property
    def text(self) -> str:
        """The value in use, with its unit."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return f"{_number(self.value)} {LABELS[self.name][1]}".rstrip()

    @property
    def limits(self) -> str:
        """The interval in words; empty where there is none."""
        if isinstance(self.value, bool) or self.low == self.high:
            return ""
        has_low, has_high = self.low not in (0, float("-inf")), self.high != float("inf")
        if has_low and has_high:
            return f"{_number(self.low)} to {_number(self.high)}"
        if has_high:
            return f"at most {_number(self.high)}"
        return f"at least {_number(self.low)}" if has_low else ""

    @property
    def left(self) -> str:
        """What it is and the values left to it, for a list of terms that are open."""
        unit = f" {LABELS[self.name][1]}".rstrip()
        return f"{self.label} ({self.limits}{unit})" if self.limits else self.label

    @property
    def worth(self) -> str:
        """What the recordings say of it."""
        if self.status == "not identifiable":
            return f"not identifiable ({self.limits}): {self.advice}".replace(" ()", "")
        return "measured by probe" if self.status == "measured" else self.limits or "identified"

    def __str__(self) -> str:
        if self.status == "not identifiable":
            return f"{self.left}: not identifiable from these recordings; to tell, {self.advice}"
        limits = "measured by probe" if self.status == "measured" else self.limits
        return f"{self.label} {self.text}{f' ({limits})' if limits else ''}"


def _number(value: Value) -> str:
    return f"{float(value):.0f}" if abs(value) >= 100 else f"{round(float(value), 3) + 0.0:g}"


def advice(name: str, silences: Sequence[int], thresholds: Sequence[float]) -> str:
    """Return which setting to record next to tell a term, given the settings seen.

    Examples
    --------
    >>> advice("end_includes_silence", [400], [0.2])
    'record the same sound at silence_duration_ms=800 as well'
    >>> advice("silence_floor_ms", [400, 800], [0.2])
    'record the same sound at silence_duration_ms=200 as well'
    """
    low, high = min(silences), max(silences)
    longer = min(max(800, 2 * low), 6_000)
    if name in ("silence_floor_ms", "silence_shift") and low > 200:
        return "record the same sound at silence_duration_ms=200 as well"
    if name in ("silence_floor_ms", "silence_shift", "end_includes_silence", "end_shift") and (
        longer not in silences and high < 2 * low
    ):
        return f"record the same sound at silence_duration_ms={longer} as well"
    return _ADVICE[name].format(
        other=f"{_other(thresholds):g}", longer=max(high, longer),
    )


def _other(thresholds: Sequence[float]) -> float:
    """Return a threshold far from those seen, within [-1, 1]."""
    middle = (min(thresholds) + max(thresholds)) / 2
    return round(middle + (0.4 if middle <= 0 else -0.4), 2)


_MORE_PAUSES = "record more speech at these settings, with pauses of many lengths"
_ADVICE = {
    "threshold": "record more speech at these settings, soft and loud",
    "threshold_slope": "record the same sound at threshold={other} as well",
    "hysteresis": "record soft and noisy speech at threshold={other} as well",
    "silence_shift": _MORE_PAUSES,
    "silence_floor_ms": _MORE_PAUSES,
    "min_turn": "record single short words, from 0.1 to 1 s",
    "longest_turn": "record 70 s of speech at silence_duration_ms=6000",
    "start_shift": "record speech with pauses longer than the padding, or prefix_padding_ms=0",
    "end_shift": _MORE_PAUSES,
    "end_includes_silence": _MORE_PAUSES,
    "starts_overlap": "record dense speech at prefix_padding_ms=1000 and silence_duration_ms=200",
    "touch_within": "record dense speech with prefix_padding_ms about the silence_duration_ms",
}
