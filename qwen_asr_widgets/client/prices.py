"""What DashScope's documentation said recognition costs, and when it said so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """A price per second of audio, as a page listed it on a day.

    Parameters
    ----------
    region : str
        ``"beijing"`` or ``"singapore"``.
    per_second : float
        Price of one second of audio.
    currency : str
        ISO code.
    source : str
        The page it stood on.
    seen : str
        ISO date on which it was read; prices change.

    Examples
    --------
    >>> str(PRICES[0])
    '0.00033 CNY/s (DashScope price page, Chinese, read on 2026-11-22)'
    """

    region: str
    per_second: float
    currency: str
    source: str
    seen: str

    def cost(self, seconds: float) -> float:
        """Return the price of ``seconds`` of audio, in ``currency``."""
        return self.per_second * seconds

    def __str__(self) -> str:
        amount = f"{self.per_second:.6f}".rstrip("0")
        return f"{amount} {self.currency}/s ({self.source}, read on {self.seen})"


_CHINESE = "DashScope price page, Chinese"
_ENGLISH = "DashScope price page, English"
_SEEN = "2026-11-22"

PRICES = (
    Price("beijing", 0.00033, "CNY", _CHINESE, _SEEN),
    Price("singapore", 0.00066, "CNY", _CHINESE, _SEEN),
    Price("beijing", 0.000047, "USD", _ENGLISH, _SEEN),
    Price("singapore", 0.00009, "USD", _ENGLISH, _SEEN),
)
"""Prices of ``qwen3-asr-flash-realtime``; the two pages need not agree."""


def prices(region: str) -> tuple[Price, ...]:
    """Return the prices known for a region, one for each currency."""
    return tuple(price for price in PRICES if price.region == region)
