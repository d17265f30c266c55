"""Endpoints by name: DashScope's regions, the embedded service, or any URL."""

from __future__ import annotations

from ..arguments import checked_keywords, suggestion
from ..errors import EndpointError
from .endpoints import DEFAULT_MODEL, REALTIME_PATH, Endpoint, refuse_key, shown
from .keys import Secret, sealed

_REGIONS = {
    "beijing": ("dashscope.aliyuncs.com", "cn-beijing"),
    "singapore": ("dashscope-intl.aliyuncs.com", "ap-southeast-1"),
}
_EMBEDDED = "embedded:"


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
    return Endpoint(f"wss://{host}{REALTIME_PATH}", api_key, model, workspace, name=f"DashScope {region}")


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
    if where is None or where == "embedded" or isinstance(where, str) and where.startswith(_EMBEDDED):
        from .embedded import embedded

        return embedded(None if where in (None, "embedded") else str(where).removeprefix(_EMBEDDED))
    if isinstance(where, str) and where in _REGIONS:
        return dashscope(where)
    if isinstance(where, str) and where.startswith(("ws://", "wss://")):
        return Endpoint(where)
    names = ("embedded", *_REGIONS)
    ways = f"{', '.join(names)}, {_EMBEDDED}RECOGNISER, or a ws:// or wss:// URL"
    hint = suggestion(str(where), names) or f"; choose {ways}."
    raise EndpointError(f"There is no endpoint {shown(where)}{hint}")
