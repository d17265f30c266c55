"""Purposes: what is looked for, as an objective with its figure instead of the settings themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ....arguments import checked_number, suggestion
from ....errors import SettingError
from ....vad.trade_off.curves import CUT_OFFS, LATENCY, OperatingPoint
from ....vad.trade_off.result import TradeOff


@dataclass(frozen=True)
class Purpose:
    """One measure of the trade-off is limited, and the other as small as that allows.

    Parameters
    ----------
    limited : {"latency", "cut_off_rate"}
        The mean silence before an answer in seconds, or the share of holds that are cut off.
    limit : float
        In its unit.
    """

    limited: str
    limit: float

    def choose(self, found: TradeOff, detector: str) -> OperatingPoint | None:
        """Return the policy of a detector that serves the purpose best; None where none keeps the limit."""
        ask = found.at_budget if self.limited == LATENCY else found.latency_at
        return ask(self.limit, detector=detector)[0]

    @property
    def greatest(self) -> float:
        """The greatest limit that can be asked for."""
        return 60.0 if self.limited == LATENCY else 1.0


PURPOSES: Mapping[str, Purpose] = MappingProxyType({
    "agent": Purpose(LATENCY, 0.6),
    "dictation": Purpose(CUT_OFFS, 0.0),
    "captions": Purpose(CUT_OFFS, 0.1),
    "telephone": Purpose(LATENCY, 0.3),
})
"""By name. The limits are those at which eot-bench compares (0.3 and 0.6 s, 10 %), and no cuts at all. On the
telephone 0.3 s are felt as 0.6 s: a line may take 150 ms each way (ITU-T G.114)."""


def checked_purpose(name: str, limit: float | None = None) -> Purpose:
    """Return a purpose by its name, with another limit where one is given.

    Raises
    ------
    SettingError
        There is none of that name, or the limit is out of its range.

    Examples
    --------
    >>> checked_purpose("captions")
    Purpose(limited='cut_off_rate', limit=0.1)
    """
    if name not in PURPOSES:
        raise SettingError(
            f"There is no purpose {name!r:.40}{suggestion(str(name), PURPOSES) or ';'} give one of "
            f"{', '.join(PURPOSES)}.", "purpose",
        )
    purpose = PURPOSES[name]
    if limit is None:
        return purpose
    return replace(purpose, limit=float(checked_number("limit", limit, 0.0, purpose.greatest)))
