"""Where the transcriber sends sound: the choices, what they cost, and a key that nobody else sees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ...errors import EndpointError
from ...client.embedded import INSTALL_MOONSHINE, EmbeddedEndpoint, default_recognizer, embedded
from ...client.endpoints import Endpoint, find_dashscope_key, shown, without_secrets
from ...client.named_endpoints import dashscope, resolve_endpoint
from ...client.prices import prices
from ...client.keys import Secret, find_key
from ...client.recognizers import RecognizerFacts, all_recognizers, recognizer_facts
from ...protocol.cloud_facts import IDEAL
from ...recording.log.run_info import engine_name

REGIONS = ("beijing", "singapore")
LOCAL = {"embedded": embedded(), "standin": embedded(behaviour="dashscope")}
"""The embedded service, as documented and as a stand-in for DashScope; neither starts before it is used."""

_EMBEDDED = "embedded:"
"""What a choice begins with that names another recogniser than the default one."""

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
        self._id = _choice_of(self._given) or ("custom" if isinstance(where, str) else "given")
        self._model = ""
        self._begun = self._id
        self._url = self._given.url if self._id == "custom" else ""
        self.refused = ""

    def choose(self, name: str, url: str = "", model: str = "") -> None:
        """Choose one of the endpoints.

        Parameters
        ----------
        name : str
            A key of `LOCAL`, ``"embedded:RECOGNISER"``, a region, ``"given"`` (passed in Python) or
            ``"custom"``.
        url : str
            The address of a custom one.
        model : str
            One of the published models of a recogniser that has several; empty takes its first.

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
        elif name not in (*LOCAL, "given", *REGIONS) and _recognizer(name, model) is None:
            raise EndpointError(f"There is no endpoint {shown(name)} to choose.")
        self._id, self._model, self.refused = name, model, ""

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
        if self._id in ("given", self._begun) and not self._model:
            return self._given
        return LOCAL.get(self._id) or _recognizer(self._id, self._model) or dashscope(self._id)

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
            "cloud": bool(endpoint.sound_goes_to),
            "goes_to": list(endpoint.sound_goes_to),
            "recognizers": [_recognizer_state(facts) for facts in sorted(all_recognizers(), key=_place)],
            "model": _model_of(endpoint),
            "dashscope": endpoint.is_dashscope,
            "has_key": self.has_key,
            "improvement": INSTALL_MOONSHINE if endpoint.improvement else "",
            "english_only": endpoint.languages == ("en",),
            "renews": not endpoint.facts.update_midway,
            "prices": {region: _price_state(region) for region in REGIONS},
            "hosts": {region: dashscope(region).sound_goes_to[0] for region in REGIONS},
        }


def _choice_of(endpoint: Endpoint) -> str:
    """Return the choice that an endpoint is, be it with a key or workspace of its own; empty for none."""
    for region in REGIONS:
        if endpoint.is_dashscope and endpoint.name == f"DashScope {region}":
            return region
    for name, local in LOCAL.items():
        if endpoint == local:
            return name
    recognizer = getattr(endpoint, "recognizer", "")
    facts = recognizer_facts(recognizer)
    if facts is None or _is_without_row(facts):
        return ""
    models = ("", *(model.name for model in facts.footprint.models))
    is_row = any(endpoint == _recognizer(_EMBEDDED + recognizer, model) for model in models)
    return _EMBEDDED + recognizer if is_row else ""


def _recognizer(choice: str, model: str = "") -> EmbeddedEndpoint | None:
    """Return the embedded service with the recogniser that a choice names; None where it names none."""
    facts = recognizer_facts(choice.removeprefix(_EMBEDDED)) if choice.startswith(_EMBEDDED) else None
    if facts is None or _is_without_row(facts):
        return None
    if not model:
        return embedded(facts.name)
    is_known = model in {one.name for one in facts.footprint.models}
    return embedded(facts.name, model=model) if is_known else None


def _is_without_row(facts: RecognizerFacts) -> bool:
    """Whether a recogniser cannot be chosen in the page: it needs an address, or hears nothing."""
    return facts.footprint.sends_sound or facts.footprint.ignores_sound


def _model_of(endpoint: Endpoint) -> str:
    """Return the published model that the recogniser of an endpoint loads; empty where it has one alone."""
    if not isinstance(endpoint, EmbeddedEndpoint):
        return ""
    facts = recognizer_facts(endpoint.recognizer)
    models = () if facts is None else facts.footprint.models
    return str(endpoint.given("model", models[0].name)) if models else ""


def _place(facts: RecognizerFacts) -> tuple[bool, bool]:
    """Return where a recogniser stands in the menu: installed ones first, servers last."""
    return facts.footprint.sends_sound, not facts.is_installed


def _recognizer_state(facts: RecognizerFacts) -> dict[str, Any]:
    """Return what the menu says of a recogniser; ``id`` is empty where it cannot be chosen in a page."""
    is_default = facts.name == default_recognizer()
    choice = "embedded" if is_default else _EMBEDDED + facts.name
    return {
        "id": "" if facts.footprint.sends_sound else choice,
        "name": facts.name,
        "installed": facts.is_installed,
        "command": facts.requires.command if facts.requires else "",
        "languages": facts.languages,
        "megabytes": facts.footprint.installed_mb,
        "models": [{"name": model.name, "megabytes": model.megabytes} for model in facts.footprint.models],
        "sends": facts.footprint.sends_sound,
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
