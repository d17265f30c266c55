"""Who may connect: the right path, the right key, this machine, and no page of another site."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from ..client.endpoints import DEFAULT_MODEL

PATH = "/api-ws/v1/realtime"


@dataclass(frozen=True)
class Refusal:
    """Why a handshake is refused, as status and sentence."""

    status: HTTPStatus
    message: str


def refusal(target: str, headers: Mapping[str, str], key: str, port: int) -> Refusal | None:
    """Return why a handshake must be refused, or None.

    Parameters
    ----------
    target : str
        Path and query of the request.
    headers : Mapping
        Its headers; looked up by ``get`` in their usual spelling.
    key : str
        The key that must stand in ``Authorization: Bearer``.
    port : int
        The service's own port: Host and Origin must name it on this machine.

    Notes
    -----
    A Host that is not this machine's means a DNS name was pointed here; an Origin that is not the service's
    own means a web page tries. Clients outside a browser send no Origin, or (websocket-client) the service's.

    Examples
    --------
    >>> refusal("/api-ws/v1/realtime", {"Host": "127.0.0.1:80", "Authorization": "Bearer no"}, "yes", 80)
    Refusal(status=<HTTPStatus.UNAUTHORIZED: 401>, message='The key is missing or wrong.')
    """
    host, origin = headers.get("Host") or "", headers.get("Origin")
    if not _is_own(f"http://{host}", port):
        return Refusal(HTTPStatus.FORBIDDEN, "The Host header does not name this machine.")
    if origin is not None and not _is_own(origin, port):
        return Refusal(HTTPStatus.FORBIDDEN, "Pages of another origin may not connect.")
    if urlsplit(target).path != PATH:
        return Refusal(HTTPStatus.NOT_FOUND, f"There is nothing here; the service is at {PATH}.")
    scheme, _, given = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
        return Refusal(HTTPStatus.UNAUTHORIZED, "The key is missing or wrong.")
    return None


def requested_model(target: str) -> str:
    """Return the model a request names, or the usual one."""
    return parse_qs(urlsplit(target).query).get("model", [DEFAULT_MODEL])[0]


def _is_own(url: str, port: int) -> bool:
    """Return whether an origin is this service: by address, since names such as 127.0.0.1.evil.org exist."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        is_here = name == "localhost" or ip_address(name).is_loopback
        return is_here and (parts.port or 80) == port
    except ValueError:
        return False
