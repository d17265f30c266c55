"""Where to talk to: DashScope's regions, the embedded service, or any URL that speaks the protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, quote, unquote_plus, urlsplit, urlunsplit

from ..arguments import checked_keywords
from ..errors import EndpointError, MissingKey
from ..formatting import table
from ..protocol.cloud_facts import DASHSCOPE, DOCUMENTED, ServiceFacts, speaks_other_protocol
from .keys import (
    KEY_VARIABLE, Secret, find_key, is_secret, looks_like_key, revealed_headers, sealed, sealed_headers,
)
from .recognizers import MissingModel

DEFAULT_MODEL = "qwen3-asr-flash-realtime"

REALTIME_PATH = "/api-ws/v1/realtime"
"""Where DashScope serves the protocol, and so the embedded service."""

_TYPES: tuple[tuple[str, Any, str], ...] = (
    ("model", str, "text"), ("workspace", (str, type(None)), "text or None"),
    ("headers", (Mapping, type(None)), "a mapping or None"),
)
_DASHSCOPE_DOMAIN = ".aliyuncs.com"
_WORDS = r"[A-Za-z]{0,20}([ -]([A-Za-z]{1,20}|\d{1,2}))*"
_WORD_OR_ADDRESS = re.compile(rf"{_WORDS}|[a-z]{{2,5}}://.*|[\w.-]+:\d{{1,5}}(/.*)?")
_USER = re.compile("((?:[a-z][a-z0-9+.-]*:)?//)?.*@", re.IGNORECASE | re.DOTALL)
"""The scheme of a proxy's address, if it has one, and the user and password after it."""


@checked_keywords
@dataclass(frozen=True)
class Endpoint:
    """A service that speaks the Qwen-ASR-Realtime protocol.

    Parameters
    ----------
    url : str
        ``ws://`` or ``wss://`` address without the model, e.g. ``wss://host/api-ws/v1/realtime``.
    api_key : str or None
        Sent as ``Authorization: Bearer``. None: for DashScope's hosts it is looked up when connecting
        (``qwen_asr_widgets.api_key``, then ``DASHSCOPE_API_KEY``) and sent by ``wss://`` alone; to other
        hosts none is sent.
    model : str
        Model name; an unknown one is the service's business.
    workspace : str or None
        Sent as ``X-DashScope-WorkSpace``.
    headers : Mapping or None
        Further headers of the handshake. Those that are secret, by name (``Authorization``, ``Cookie``) or by
        the look of their value, are kept as the key is.
    ca_file : str or None
        PEM file of the certificate authority to trust instead of the system's.
    proxy : str or None
        ``"environment"`` (default: ``http_proxy``/``https_proxy``/``no_proxy``), None for a direct
        connection, or ``"http://host:port"``. Loopback never goes through a proxy.
    name : str
        What to call it in tables and pictures; empty: the host.

    Raises
    ------
    EndpointError
        The URL is not one of a WebSocket, a key was given in place of something else, or the model of
        DashScope speaks another protocol.

    Notes
    -----
    The key is in no repr, comparison or pickle: an unpickled endpoint looks its key up again, and sends no
    header that was secret. Nor does a pickle hold what is secret in the URL or the proxy's address
    (`without_secrets`). A repr shows the `public_address` alone, without any of the query.

    Examples
    --------
    >>> "sk-1" in repr(Endpoint("wss://example.org/api-ws/v1/realtime", api_key="sk-1"))
    False
    >>> Endpoint("wss://example.org/realtime").address
    'wss://example.org/realtime?model=qwen3-asr-flash-realtime'
    """

    url: str = field(repr=False)
    api_key: Secret | None = field(default=None, repr=False, compare=False)
    model: str = DEFAULT_MODEL
    workspace: str | None = None
    headers: Mapping[str, str | Secret] | None = field(default=None, repr=False, compare=False)
    ca_file: str | None = None
    proxy: str | None = field(default="environment", repr=False)
    name: str = ""

    def __init__(
        self,
        url: str,
        api_key: str | Secret | None = None,
        model: str = DEFAULT_MODEL,
        workspace: str | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        ca_file: str | None = None,
        proxy: str | None = "environment",
        name: str = "",
    ) -> None:
        api_key, headers = sealed(api_key), sealed_headers(headers)  # first: a traceback may show a frame
        values = (url, api_key, model, workspace, headers, ca_file, proxy, name)
        for place, value in zip(fields(Endpoint), values):
            object.__setattr__(self, place.name, value)
        self.__post_init__()

    def __repr__(self) -> str:
        shown = [f"{place.name}={getattr(self, place.name)!r}" for place in fields(self) if place.repr]
        return f"{type(self).__name__}({', '.join([repr(self.public_address), *shown])})"

    def _repr_html_(self) -> str:
        """What a notebook shows: where it leads, without any secret."""
        shown = [(place.name, repr(getattr(self, place.name))) for place in fields(self) if place.repr]
        return table((type(self).__name__, ""), [("address", self.public_address), *shown])

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds."""
        return {**vars(self), "url": without_secrets(self.url), "proxy": _without_user(self.proxy)}

    def __copy__(self) -> Endpoint:
        return self

    def __deepcopy__(self, memo: Any) -> Endpoint:
        return self

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_key", sealed(self.api_key))
        object.__setattr__(self, "headers", sealed_headers(self.headers))
        for name in ("url", "model", "workspace", "name"):
            refuse_key(getattr(self, name), name)
        check_url(self.url)
        for name, kind, expected in _TYPES:
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise EndpointError(f"{name} must be {expected}, not {type(value).__name__}.")
        if self.api_key is not None and not isinstance(self.api_key.reveal(), str):
            raise EndpointError(f"api_key must be text, not {type(self.api_key.reveal()).__name__}.")
        refuse_other_protocol(self.url, self.model)
        if not self.name:
            object.__setattr__(self, "name", urlsplit(self.url).hostname or "")

    @property
    def is_dashscope(self) -> bool:
        """Whether this is one of DashScope's hosts, which want a key."""
        return is_dashscope_url(self.url)

    @property
    def facts(self) -> ServiceFacts:
        """What is known of the service; of an address that is not DashScope's, what the protocol documents.

        What a kept probe measured on this host and model goes before it (`qwen_asr_widgets.probe`).

        Examples
        --------
        >>> facts = Endpoint("wss://dashscope.aliyuncs.com/api-ws/v1/realtime").facts
        >>> facts.update_midway, facts.grade("update_midway")
        (False, 'two clients')
        """
        return facts_of(self.url, self.model)

    @property
    def public_address(self) -> str:
        """The URL without what may be secret: user, password, query and fragment."""
        return public_address(self.url)

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return is_loopback_host(urlsplit(self.url).hostname or "")

    @property
    def base_url(self) -> str:
        """The address without the model, as the SDK's ``url`` parameter takes it."""
        return self.url

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Language codes that the service knows, where it is known that it has no others; else None."""
        return None

    @property
    def sound_goes_to(self) -> tuple[str, ...]:
        """The hosts that sound is sent to, other than this machine.

        Examples
        --------
        >>> Endpoint("wss://asr.example.org/realtime").sound_goes_to
        ('asr.example.org',)
        """
        return () if self.is_loopback else (urlsplit(self.url).hostname or "",)

    @property
    def missing_model(self) -> MissingModel | None:
        """The model to be downloaded before it can recognise; None where none is known to be missing."""
        return None

    @property
    def improvement(self) -> str | None:
        """A sentence on how to get better words from this service, where something is missing; else None."""
        return None

    @property
    def address(self) -> str:
        """The URL with the model, as it is connected to."""
        return with_model(self.base_url, self.model)

    def key(self) -> str | None:
        """Return the key to send, read now; None where none is wanted.

        Raises
        ------
        MissingKey
            DashScope wants a key and there is none, or none was given for an unencrypted address of it.
        """
        if not self.is_dashscope:
            return self.api_key.reveal() or None if self.api_key else None
        key = find_dashscope_key(self.url, self.api_key)
        if not key:
            raise MissingKey(missing_key_message(self.name, self.url))
        return key

    def request_headers(self) -> dict[str, str]:
        """Return the headers of the handshake, the key among them: never log or keep them."""
        headers = {"OpenAI-Beta": "realtime=v1", **revealed_headers(self.headers or {})}
        key = self.key()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if self.workspace:
            headers["X-DashScope-WorkSpace"] = self.workspace
        return headers


def find_dashscope_key(url: str, given: str | Secret | None) -> str | None:
    """Return the key for one of DashScope's hosts: the one given, or by ``wss://`` the one looked up."""
    return find_key(given) if given or is_encrypted(url) else None


def missing_key_message(name: str, url: str) -> str:
    """Return the sentence that says how to give a key."""
    if not is_encrypted(url):
        return (
            f"{public_address(url)} is not encrypted, so no key was looked up for it. Use wss://, or pass "
            "api_key=… to send a key in the clear."
        )
    return (
        f"{name} wants a DashScope key and none was given. Pass api_key=…, set qwen_asr_widgets.api_key or "
        f"the variable {KEY_VARIABLE}; without a key, use the embedded service: endpoint='embedded'."
    )


def with_model(url: str, model: str) -> str:
    """Return an address with the model in its query, unless it names one already.

    Examples
    --------
    >>> with_model("wss://example.org/realtime?a=b", "qwen3-asr-flash-realtime")
    'wss://example.org/realtime?a=b&model=qwen3-asr-flash-realtime'
    """
    query = urlsplit(url).query
    if "model" in parse_qs(query):
        return url
    return f"{url}{'&' if query else '?'}model={quote(model, safe='')}"


def check_url(url: Any) -> None:
    """Raise `EndpointError` unless ``url`` is a WebSocket address with a host."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        ok = parts is not None and parts.scheme in ("ws", "wss") and bool(parts.hostname)
        ok = ok and (parts is None or parts.port is None or parts.port > 0)
    except ValueError:
        ok = False
    if not ok:
        raise EndpointError(
            f"{shown(url)} is not a WebSocket address; give one like 'wss://host/api-ws/v1/realtime'."
        )


def refuse_key(value: Any, name: str) -> None:
    """Raise `EndpointError`, which does not repeat it, if a key was given for another parameter."""
    if looks_like_key(value):
        raise EndpointError(f"What was given as {name} looks like a key; pass a key as api_key=….")


def shown(where: Any) -> str:
    """Return what was given for an address, as an error may name it: no user, password, query or key.

    Only what reads as a word or an address is repeated; anything else may be a key.

    Examples
    --------
    >>> shown("bejing"), shown("ws://me:secret@host/x?token=secret"), shown("550e8400-e29b-41d4")
    ("'bejing'", "'ws://host/x'", '(18 characters, not repeated: they may be a key)')
    """
    if where is None or isinstance(where, (int, float)):
        return f"{where!r:.200}"
    if not isinstance(where, str):
        return f"(of type {type(where).__name__})"
    if not _WORD_OR_ADDRESS.fullmatch(where):
        return f"({len(where)} characters, not repeated: they may be a key)"
    return f"{re.sub('//.*@', '//', where).partition('?')[0]!r:.200}"


def public_address(url: str) -> str:
    """Return a URL without what may be secret: user, password, query and fragment.

    Examples
    --------
    >>> public_address("wss://me:secret@example.org:8443/realtime?token=secret")
    'wss://example.org:8443/realtime'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))


def without_secrets(url: str) -> str:
    """Return a URL without user, password, fragment, and what is secret in its query by name or by look.

    Examples
    --------
    >>> without_secrets("wss://me:secret@example.org:8443/realtime?lesson=first&token=secret")
    'wss://example.org:8443/realtime?lesson=first'
    """
    parts = urlsplit(url)
    query = "&".join(part for part in parts.query.split("&") if not _is_secret_part(part))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _is_secret_part(part: str) -> bool:
    name, _, value = part.partition("=")
    return is_secret(unquote_plus(name), unquote_plus(value))


def _without_user(proxy: str | None) -> str | None:
    """Return the address of a proxy, with or without its scheme, without user and password."""
    return proxy and _USER.sub(r"\1", proxy)


def is_encrypted(url: str) -> bool:
    """Return whether an address is reached through TLS."""
    return urlsplit(url).scheme == "wss"


def is_dashscope_url(url: str) -> bool:
    """Return whether an address is one of DashScope's hosts."""
    return (urlsplit(url).hostname or "").endswith(_DASHSCOPE_DOMAIN)


def facts_of(url: str, model: str) -> ServiceFacts:
    """Return what is known of the service at an address: what was measured there, else read or documented."""
    from .probe.kept import with_measured  # reports are read when facts are asked for, not at import

    return with_measured(DASHSCOPE if is_dashscope_url(url) else DOCUMENTED, url, model)


def refuse_other_protocol(url: str, model: str) -> None:
    """Raise `EndpointError` where a model of DashScope is asked for that speaks another protocol.

    Examples
    --------
    >>> refuse_other_protocol("wss://dashscope.aliyuncs.com/x", "qwen-audio-3.1-asr-flash-streaming")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.EndpointError: The model 'qwen-audio-3.1-asr-flash-streaming' speaks another \
protocol (/api-ws/v1/inference, run-task), which this package does not. Ask for 'qwen3-asr-flash-realtime'.
    """
    if is_dashscope_url(url) and speaks_other_protocol(model):
        raise EndpointError(
            f"The model {model!r:.80} speaks another protocol (/api-ws/v1/inference, run-task), which this "
            f"package does not. Ask for {DEFAULT_MODEL!r}."
        )


def is_loopback_host(host: str) -> bool:
    """Return whether a host stands for this machine: by address, since 127.0.0.1.evil.org is a name.

    Examples
    --------
    >>> [is_loopback_host(host) for host in ("127.0.0.1", "[::1]", "localhost", "127.0.0.1.evil.org")]
    [True, True, True, False]
    """
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)
