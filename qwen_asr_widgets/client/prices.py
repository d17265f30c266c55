"""What DashScope lists as its prices: each as a page stood on a day, never what an account is charged."""

from __future__ import annotations

from dataclasses import dataclass

from .endpoints import Endpoint


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
    grade : str
        What it rests on, one of `GRADES` (`protocol.cloud_facts`), as for every fact.

    Examples
    --------
    >>> str(PRICES[0])
    '0.00033 CNY/s as listed [doc: DashScope price page, Chinese; read on 2026-11-22]'
    """

    region: str
    per_second: float
    currency: str
    source: str
    seen: str
    grade: str = "doc"

    def cost(self, seconds: float) -> float:
        """Return the price of ``seconds`` of audio, in ``currency``: an estimate, as accounts differ."""
        return self.per_second * seconds

    def __str__(self) -> str:
        amount = f"{self.per_second:.6f}".rstrip("0")
        rests_on = f"{self.grade}: {self.source}; read on {self.seen}"
        return f"{amount} {self.currency}/s as listed [{rests_on}]"


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


def endpoint_prices(endpoint: Endpoint) -> tuple[Price, ...]:
    """Return the prices per second that are known for an endpoint; none where it is not DashScope's.

    Examples
    --------
    >>> from qwen_asr_widgets import dashscope
    >>> endpoint_prices(dashscope("singapore"))[0].currency
    'CNY'
    """
    if not endpoint.is_dashscope:
        return ()
    abroad = "intl" in endpoint.url or "ap-southeast" in endpoint.url
    return prices("singapore" if abroad else "beijing")
