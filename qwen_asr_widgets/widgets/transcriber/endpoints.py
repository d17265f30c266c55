"""Where the transcriber sends sound: the choices, what they cost, and a key that nobody else sees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ...errors import EndpointError
from ...client.embedded import INSTALL_MOONSHINE, embedded
from ...client.endpoints import Endpoint, find_dashscope_key, shown, without_secrets
from ...client.named_endpoints import dashscope, resolve_endpoint
from ...client.prices import prices
from ...client.keys import Secret, find_key
from ...protocol.cloud_facts import IDEAL
from ...recording.log.run_info import engine_name

REGIONS = ("beijing", "singapore")
LOCAL = {"embedded": embedded(), "standin": embedded(behaviour="dashscope")}
"""The embedded service, as documented and as a stand-in for DashScope; neither starts before it is used."""

_ADDRESS = re.compile(r"[A-Za-z]+://\S+|[^\s/:]+(:\d+)?(/(?!/)\S*)?")
"""A URL, or the host, port and path of one."""


class EndpointChoice:
    """The endpoint in use and what else may be chosen.

    A typed key is kept here alone, in the memory of this process: in no trait, state, log or file. It goes to
    the host that was chosen when it was typed, and to no other.

    Parameters
    ----------
    where : Endpoint or str, optional
        What to begin with, see `resolve_endpoint`.

    Attributes
    ----------
    refused : str
        The address typed last, where it is no valid address; empty once something else was chosen.

    Raises
    ------
    EndpointError
        There is no such endpoint.

    Examples
    --------
    >>> choice = EndpointChoice("singapore")
    >>> choice.state()["id"], choice.state()["cloud"]
    ('singapore', True)
    """

    def __init__(self, where: Endpoint | str | None = None) -> None:
        self._keys: dict[str, Secret] = {}
        self._given = resolve_endpoint(where)
        self._id = "custom" if isinstance(where, str) else "given"
        for name in (*LOCAL, *REGIONS):
            if self._stands_for(name, self._given):
                self._id = name
        self._begun = self._id
        self._url = self._given.url if self._id == "custom" else ""
        self.refused = ""

    @staticmethod
    def _stands_for(name: str, endpoint: Endpoint) -> bool:
        """Whether an endpoint is one of the choices, be it with a key, model or workspace of its own."""
        if name in REGIONS:
            return endpoint.is_dashscope and endpoint.name == f"DashScope {name}"
        return endpoint == LOCAL[name]

    def choose(self, name: str, url: str = "") -> None:
        """Choose a key of `LOCAL`, a region, ``"given"`` (passed in Python) or ``"custom"`` with a URL.

        Raises
        ------
        EndpointError
            There is no such choice, or the URL is not one of a WebSocket.
        """
        if name == "custom":
            self.refused = url
            address = _address(url)
            if address != without_secrets(self._url):  # a view has the one in use without its secrets
                self._url = address
        elif name not in (*LOCAL, "given", *REGIONS):
            raise EndpointError(f"There is no endpoint {shown(name)} to choose.")
        self._id, self.refused = name, ""

    def set_key(self, key: str) -> None:
        """Keep a typed key for the host in use; an empty one forgets it."""
        host = _host(self._keyless())
        self._keys.pop(host, None)
        if key.strip():
            self._keys[host] = Secret(key.strip())

    @property
    def endpoint(self) -> Endpoint:
        """What is connected to."""
        endpoint = self._keyless()
        key = self._keys.get(_host(endpoint))
        return endpoint if key is None else replace(endpoint, api_key=key)

    def _keyless(self) -> Endpoint:
        """Return the endpoint in use without what was typed."""
        if self._id == "custom":
            return Endpoint(self._url)
        if self._id in ("given", self._begun):
            return self._given
        return LOCAL.get(self._id) or dashscope(self._id)

    @property
    def has_key(self) -> bool:
        """Whether a key is there for the endpoint in use, typed or found."""
        endpoint = self.endpoint
        if endpoint.is_dashscope:
            return bool(find_dashscope_key(endpoint.url, endpoint.api_key))
        return bool(endpoint.api_key)

    def hide(self, text: str) -> str:
        """Return a text without the key, should a service have put it there."""
        endpoint = self.endpoint
        keys = [key.reveal() for key in self._keys.values()]
        keys.append((find_key(endpoint.api_key) if endpoint.is_dashscope else None) or "")
        for key in filter(None, keys):
            text = text.replace(key, "•••")
        return text

    def state(self) -> dict[str, Any]:
        """Return what a view shows: the choice, whether sound leaves this computer, if a key is there."""
        endpoint = self.endpoint
        offline = endpoint.is_loopback
        recognizer = getattr(endpoint, "recognizer", "")
        return {
            "id": self._id,
            "name": recognizer or endpoint.name,
            "engine": engine_name(endpoint),
            "offline": bool(recognizer),
            "standin": bool(recognizer) and endpoint.facts != IDEAL,
            "url": without_secrets(self._url) if self._url else "",
            "refused": _as_typed(self.refused),
            "given": self._given.name if self._begun == "given" else "",
            "cloud": not offline,
            "dashscope": endpoint.is_dashscope,
            "has_key": self.has_key,
            "improvement": INSTALL_MOONSHINE if endpoint.improvement else "",
            "english_only": endpoint.languages == ("en",),
            "renews": not endpoint.facts.update_midway,
            "prices": {region: _price_state(region) for region in REGIONS},
        }


def _address(url: str) -> str:
    """Return a typed address as a URL, or raise `EndpointError`."""
    if not _ADDRESS.fullmatch(url):
        raise EndpointError(f"{shown(url)} is no address; give one like 'wss://host/api-ws/v1/realtime'.")
    return resolve_endpoint(url if "://" in url else f"wss://{url}").url


def _as_typed(address: str) -> str:
    """Return a refused address for its field, without user, password and query."""
    return re.sub(r"^(\w*:?/*).*@", r"\1", address).partition("?")[0]


def _host(endpoint: Endpoint) -> str:
    return urlsplit(endpoint.url).netloc


def _price_state(region: str) -> list[Mapping[str, Any]]:
    """Return the prices of a minute, each with where it was read, when, and what it rests on."""
    return [
        {
            "minute": f"{price.cost(60):.4f} {price.currency}", "source": price.source, "seen": price.seen,
            "grade": price.grade,
        }
        for price in prices(region)
    ]
