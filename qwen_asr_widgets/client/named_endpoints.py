"""Endpoints by name: DashScope's regions, with what they cost, the embedded service, or any URL."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import EndpointError, checked_keywords, suggestion
from .embedded import embedded
from .endpoints import DEFAULT_MODEL, Endpoint, refuse_key, shown
from .keys import Secret, sealed

_REGIONS = {
    "beijing": ("dashscope.aliyuncs.com", "cn-beijing"),
    "singapore": ("dashscope-intl.aliyuncs.com", "ap-southeast-1"),
}
_EMBEDDED = "embedded:"
_PATH = "/api-ws/v1/realtime"


@checked_keywords
def dashscope(
    region: str = "beijing",
    workspace: str | None = None,
    api_key: str | Secret | None = None,
    model: str = DEFAULT_MODEL,
    workspace_host: bool = False,
) -> Endpoint:
    """Return the endpoint of a DashScope region.

    Parameters
    ----------
    region : {"beijing", "singapore"}
        Keys of the two differ.
    workspace : str or None
        Workspace id, sent as a header.
    api_key : str or None
        None looks it up when connecting: ``qwen_asr_widgets.api_key``, then ``DASHSCOPE_API_KEY``.
    model : str
        ``"qwen3-asr-flash-realtime"`` or a dated snapshot of it.
    workspace_host : bool
        Connect to the workspace's own host instead of the region's.

    Raises
    ------
    EndpointError
        There is no such region, ``workspace_host`` without a workspace, or a key in place of either.

    Examples
    --------
    >>> dashscope("singapore").url
    'wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime'
    """
    api_key = sealed(api_key)
    refuse_key(region, "region")
    refuse_key(workspace, "workspace")
    if not isinstance(region, str) or region not in _REGIONS:
        hint = suggestion(str(region), _REGIONS) or f"; DashScope has {' and '.join(_REGIONS)}."
        raise EndpointError(f"There is no region {shown(region)}{hint}")
    host, zone = _REGIONS[region]
    if workspace_host:
        if not workspace or not workspace.replace("-", "").isalnum():
            raise EndpointError(f"workspace_host needs a workspace id, not {workspace!r}.")
        host = f"{workspace}.{zone}.maas.aliyuncs.com"
    return Endpoint(f"wss://{host}{_PATH}", api_key, model, workspace, name=f"DashScope {region}")


def resolve_endpoint(where: str | Endpoint | None = None) -> Endpoint:
    """Return the endpoint that a text stands for: "embedded" (also None), a region or a URL.

    ``"embedded:NAME"`` names the recogniser of the embedded service.

    Raises
    ------
    EndpointError
        It is none of these; the message names the choices.

    Examples
    --------
    >>> resolve_endpoint("beijing").name
    'DashScope beijing'
    >>> resolve_endpoint("embedded:script").name
    'embedded script'
    """
    if isinstance(where, Endpoint):
        return where
    refuse_key(where, "endpoint")
    if where is None or where == "embedded":
        return embedded()
    if isinstance(where, str) and where.startswith(_EMBEDDED):
        return embedded(where.removeprefix(_EMBEDDED))
    if isinstance(where, str) and where in _REGIONS:
        return dashscope(where)
    if isinstance(where, str) and where.startswith(("ws://", "wss://")):
        return Endpoint(where)
    names = ("embedded", *_REGIONS)
    ways = f"{', '.join(names)}, {_EMBEDDED}RECOGNISER, or a ws:// or wss:// URL"
    hint = suggestion(str(where), names) or f"; choose {ways}."
    raise EndpointError(f"There is no endpoint {shown(where)}{hint}")


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


def endpoint_prices(endpoint: Endpoint) -> tuple[Price, ...]:
    """Return the prices per second that are known for an endpoint; none where it is not DashScope's.

    Examples
    --------
    >>> endpoint_prices(dashscope("singapore"))[0].currency
    'CNY'
    """
    if not endpoint.is_dashscope:
        return ()
    abroad = "intl" in endpoint.url or "ap-southeast" in endpoint.url
    return prices("singapore" if abroad else "beijing")
