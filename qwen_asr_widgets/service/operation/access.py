"""Who may ask the service for what: keys, the file they stand in, TLS, and where it may listen."""

from __future__ import annotations

import errno
import hmac
import os
import socket
import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ...client.endpoints import REALTIME_PATH, is_loopback_host
from ...client.keys import Secret
from ...errors import EndpointError

HEALTH = "/healthz"
METRICS = "/metrics"

SHORTEST_KEY = 16
"""Characters that a key in a file must have: a service that others reach is no place for a guessable one."""


@dataclass(frozen=True)
class Access:
    """The rules of one service; made by `by_key` or `by_file`.

    Parameters
    ----------
    host : str
        The address it listens at.
    keys : tuple of Secret
        Keys of which a client must name one as ``Authorization: Bearer``.
    tls : ssl.SSLContext or None
        What it encrypts with.
    """

    host: str
    keys: tuple[Secret, ...]
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if not self.keys or not all(self.keys):
            raise EndpointError("The embedded service wants a key that is not empty.")

    @classmethod
    def by_key(cls, key: str, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Access:
        """Return the rules of a service for this machine alone, with one key.

        Raises
        ------
        EndpointError
            Other machines reach the address, or the key is empty.

        Examples
        --------
        >>> Access.by_key("a key").is_public
        False
        """
        if not is_loopback_host(host):
            raise _only_here(host)
        return cls(host, (Secret(key),), tls)

    @classmethod
    def by_file(cls, file: str, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Access:
        """Return the rules of a service with a file of keys (`read_keys`).

        Raises
        ------
        EndpointError
            Other machines reach the address, and there is no certificate; or the file is not as it must be.
        """
        if tls is None and not is_loopback_host(host):
            raise _only_here(host)
        return cls(host, read_keys(file), tls)

    @property
    def is_public(self) -> bool:
        """Whether other machines reach it: then no Host is expected, and pages of its own origin may
        connect."""
        return not is_loopback_host(self.host)

    @property
    def scheme(self) -> str:
        """What its address begins with in a browser; clients leave out the port that goes with it."""
        return "http" if self.tls is None else "https"

    def accepts(self, authorization: str) -> bool:
        """Return whether a header's value names one of the keys; the time taken does not tell which."""
        scheme, _, given = authorization.partition(" ")
        named = given.strip().encode()
        known = [hmac.compare_digest(named, key.reveal().encode()) for key in self.keys]
        return scheme.lower() == "bearer" and any(known)


@dataclass(frozen=True)
class HandshakeRefusal:
    """Why a request is refused: the HTTP status and a sentence."""

    status: HTTPStatus
    message: str


def refuse_handshake(
    target: str, headers: Mapping[str, str], access: Access, port: int
) -> HandshakeRefusal | None:
    """Return why a request must be refused, or None.

    Parameters
    ----------
    target : str
        Path and query of the request.
    headers : Mapping
        Its headers; looked up by ``get`` in their usual spelling.
    access : Access
        The keys, one of which must stand in ``Authorization: Bearer``, except for `HEALTH`.
    port : int
        The service's own port: Host and Origin must name it on this machine, unless it is public.

    Notes
    -----
    A Host that is not this machine's means a DNS name was pointed here; an Origin that is not the service's
    own means a web page tries. Clients outside a browser send no Origin, or (websocket-client) the service's.

    Examples
    --------
    >>> headers = {"Host": "127.0.0.1:80", "Authorization": "Bearer no"}
    >>> refuse_handshake("/api-ws/v1/realtime", headers, Access.by_key("yes"), 80)
    HandshakeRefusal(status=<HTTPStatus.UNAUTHORIZED: 401>, message='The key is missing or wrong.')
    """
    host, origin = headers.get("Host") or "", headers.get("Origin")
    if not access.is_public and not _is_own(f"{access.scheme}://{host}", port):
        return HandshakeRefusal(HTTPStatus.FORBIDDEN, "The Host header does not name this machine.")
    if origin is not None and not _is_same(origin, host, port, access.is_public):
        return HandshakeRefusal(HTTPStatus.FORBIDDEN, "Pages of another origin may not connect.")
    path = urlsplit(target).path
    if path not in (REALTIME_PATH, HEALTH, METRICS):
        problem = f"There is nothing here; the service is at {REALTIME_PATH}."
        return HandshakeRefusal(HTTPStatus.NOT_FOUND, problem)
    if path != HEALTH and not access.accepts(headers.get("Authorization") or ""):
        return HandshakeRefusal(HTTPStatus.UNAUTHORIZED, "The key is missing or wrong.")
    return None


def read_keys(file: str) -> tuple[Secret, ...]:
    """Return the keys of a file: one a line, empty lines and those that begin with ``#`` left out.

    Raises
    ------
    EndpointError
        It cannot be read, others than its owner may read it, it holds none, or one is too short.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
        mode = os.stat(file).st_mode
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise EndpointError(f"The file of keys {file!r} cannot be read: {reason}.") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise EndpointError(f"Others may read the file of keys {file!r}; run: chmod 600 {file}")
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys or min(map(len, keys)) < SHORTEST_KEY:
        raise EndpointError(
            f"The file of keys {file!r} needs one key a line, each of {SHORTEST_KEY} characters or more."
        )
    if not all(key.isascii() and key.isprintable() for key in keys):
        raise EndpointError(
            f"A key in the file {file!r} has letters that HTTP does not carry; use a-z, A-Z and 0-9."
        )
    return tuple(map(Secret, keys))


def cannot_listen(host: str, port: int, problem: OSError) -> EndpointError:
    """Return the error for an address at which nothing can listen.

    Examples
    --------
    >>> print(cannot_listen("127.0.0.1", 8443, OSError(errno.EADDRINUSE, "in use")))
    Nothing can listen at 127.0.0.1, port 8443: Address already in use. Choose another, or 0 for a free one.
    """
    is_address = isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL
    said = problem.strerror if isinstance(problem, socket.gaierror) else os.strerror(problem.errno or 0)
    remedy = (
        "Give an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all it has" if is_address
        else "Choose another, or 0 for a free one"
    )
    return EndpointError(f"Nothing can listen at {host}, port {port}: {said}. {remedy}.")


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return what encrypts with a certificate (PEM, the chain after it) and its private key.

    Raises
    ------
    EndpointError
        They cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise EndpointError(
            f"The certificate {certificate!r} with the key {key!r} cannot be used: {reason}. Both must be "
            "PEM files and belong together."
        ) from None
    return context


def _only_here(host: str) -> EndpointError:
    return EndpointError(
        f"The embedded service listens on this machine only, not on {host!r}, unless it has a certificate "
        "(--tls-certificate, --tls-key) and a file with keys (--keys-file)."
    )


def _is_same(origin: str, host: str, port: int, is_public: bool) -> bool:
    """Return whether a page's origin is the service itself."""
    return urlsplit(origin).netloc == host if is_public else _is_own(origin, port)


def _is_own(url: str, port: int) -> bool:
    """Return whether an origin is this service: by address, since names such as 127.0.0.1.evil.org exist."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        is_here = name == "localhost" or ip_address(name).is_loopback
        return is_here and (parts.port or (443 if parts.scheme == "https" else 80)) == port
    except ValueError:
        return False
