"""Which proxy a connection takes: the environment's, a given one or none; loopback never takes one."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import websocket

from ...errors import EndpointError
from ..endpoints import is_loopback_host

ENVIRONMENT = "environment"


def proxy_options(url: str, proxy: str | None) -> dict[str, Any]:
    """Return websocket-client's options for a connection to ``url``.

    It asks the environment unless it is told a host; ``no_proxy`` counts only beside one, hence the
    host that is never used.
    """
    if proxy is None or _is_loopback(url):
        return {"http_proxy_host": "direct", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    if proxy == ENVIRONMENT:
        _of_environment(url)  # refuses what is no address; websocket-client reads the environment itself
        return {}
    host, port, auth = _split(proxy)
    return {
        "http_proxy_host": host, "http_proxy_port": port, "http_proxy_auth": auth, "http_no_proxy": ["-"]
    }


def proxy_name(url: str, proxy: str | None = ENVIRONMENT) -> str | None:
    """Return the proxy a connection to ``url`` takes, as ``host:port`` and never with its password.

    Examples
    --------
    >>> proxy_name("wss://example.org/", "http://user:password@proxy.example.org:3128")
    'proxy.example.org:3128'
    >>> proxy_name("ws://127.0.0.1:8000/", "http://proxy.example.org:3128") is None
    True
    """
    if proxy is None or _is_loopback(url):
        return None
    if proxy == ENVIRONMENT:
        return _of_environment(url)
    host, port, _ = _split(proxy)
    return f"{host}:{port}"


def _is_loopback(url: str) -> bool:
    return is_loopback_host(urlsplit(url).hostname or "")


def _of_environment(url: str) -> str | None:
    """Return the proxy that the environment names for ``url``, as ``host:port``; None where it names none."""
    parts = urlsplit(url)
    try:
        host, port, _ = websocket._url.get_proxy_info(parts.hostname or "", parts.scheme == "wss")
        return f"{host}:{port or 80}" if host else None
    except ValueError:
        pass  # what it says may hold a part of the password
    raise EndpointError(
        "The proxy that the environment names (http_proxy, https_proxy) is not an address like "
        "'http://host:port'."
    )


def _split(proxy: str) -> tuple[str, int, tuple[str, str] | None]:
    """Return host, port and credentials of ``http://user:password@host:port``."""
    try:
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0  # what `urlsplit` says may hold a part of the password
    if not host:
        raise EndpointError("The proxy given is not an address like 'http://host:port'.")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return host, port, auth
