"""Why a connection could not be made, in one sentence that names the cause and what to do about it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

import websocket

from ...errors import ConnectFailed

_CUT_OFF = (ConnectionResetError, BrokenPipeError, websocket.WebSocketConnectionClosedException)
_STATUS = {
    401: "the key was not accepted (401). Check that it is valid and belongs to this service and region",
    403: "access was denied (403). Check the key's rights, the workspace and the model",
    404: "there is no such path or model (404). Check the URL and the model name",
    429: "too many connections or requests (429). Wait, or raise the quota",
}

_REDIRECTED = "it redirects elsewhere{}, which is not followed since the key would go along"
_NO_KEY = (
    "no key was given: pass api_key=…, or endpoint=… for an endpoint that brings its own, as the embedded "
    "service does (401)"
)


def connect_failure(
    problem: BaseException, url: str, timeout: float, proxy: str | None, hide: Callable[[str], str] = str,
    key_was_given: bool = True,
) -> ConnectFailed:
    """Return the exception that says why connecting to ``url`` failed.

    Parameters
    ----------
    problem : BaseException
        What the socket, TLS or the handshake raised.
    url : str
        The address, without the key.
    timeout : float
        Seconds that were allowed.
    proxy : str or None
        ``host:port`` of the proxy in between.
    hide : callable
        Takes out of the reason, which the peer may have worded, what must not be shown.
    key_was_given : bool
        Whether the handshake carried a key.

    Examples
    --------
    >>> print(connect_failure(TimeoutError(), "ws://127.0.0.1:9/x", 5.0, None))
    No connection to 127.0.0.1:9: no answer within 5 s. Check network, firewall and proxy settings.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    through = f" through the proxy {proxy}" if proxy else ""
    status = getattr(problem, "status_code", None)
    keyless = status == 401 and not key_was_given
    reason = _NO_KEY if keyless else hide(_reason(problem, place, timeout, proxy))
    cut_off = isinstance(problem, _CUT_OFF)
    return ConnectFailed(f"No connection to {place}{through}: {reason}.", status, cut_off)


def _reason(problem: BaseException, place: str, timeout: float, proxy: str | None) -> str:
    if isinstance(problem, websocket.WebSocketBadStatusException):
        return _status_reason(problem)
    if isinstance(problem, websocket.WebSocketProxyException):
        return f"the proxy did not let it pass ({problem}). Set no_proxy for this host, or correct the proxy"
    if isinstance(problem, websocket.WebSocketException) and "redirect" in str(problem).lower():
        return _REDIRECTED.format("")  # websocket-client does not tell the status
    if isinstance(problem, (websocket.WebSocketAddressException, socket.gaierror)):
        name = proxy or place
        return f"the name {name.rsplit(':', 1)[0]} is not known to DNS. Check the host and the network"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return (
            f"its TLS certificate is not trusted ({problem.verify_message}). Give the authority's file as "
            "ca_file, or check for an intercepting proxy"
        )
    if isinstance(problem, ssl.SSLError):
        return f"TLS failed ({problem.reason or problem}). Check that it is a wss:// service"
    if isinstance(problem, (websocket.WebSocketTimeoutException, TimeoutError)):
        return f"no answer within {timeout:g} s. Check network, firewall and proxy settings"
    if isinstance(problem, ConnectionRefusedError):
        return "nothing listens there (connection refused). Start the service, or check host and port"
    if isinstance(problem, _CUT_OFF):
        return "it was closed during the handshake. Check that a WebSocket service is there, and ws or wss"
    if isinstance(problem, OSError) and problem.errno:
        return f"{os.strerror(problem.errno)}"
    return f"{problem}"


def _status_reason(problem: websocket.WebSocketBadStatusException) -> str:
    """Say what a refused handshake means; the body is left out, a server may echo the request in it."""
    status = problem.status_code
    if status in _STATUS:
        return _STATUS[status]
    if 300 <= status < 400:
        return _REDIRECTED.format(f" ({status})")
    if status >= 500:
        return f"the service has a fault of its own ({status}). Try again later"
    return f"the handshake was refused ({status})"
