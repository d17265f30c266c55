"""Keys of services: looked up when they are needed, and kept so that nothing shows them by accident."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any

KEY_VARIABLE = "DASHSCOPE_API_KEY"

NAMED_SECRET = re.compile("auth|key|token|secret|cookie|password|signature", re.IGNORECASE)
"""What the name of a header or of a part of a query holds whose value is secret."""

_KEY_LIKE = re.compile(r"\s*(Bearer\s+)?(sk-\S{3,}|(?=\S*\d)[A-Za-z0-9]{32,})\s*")


class Secret:
    """A key that is in no repr, pickle or dict of attributes; only `reveal` returns it.

    Examples
    --------
    >>> Secret("sk-1")
    <key>
    """

    __slots__ = ("_read",)

    def __init__(self, value: str) -> None:
        self._read = lambda: value

    def reveal(self) -> str:
        """Return the key itself."""
        return self._read()

    def __bool__(self) -> bool:
        return bool(self._read())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._read() == other._read()

    def __hash__(self) -> int:
        return hash(self._read())

    def __repr__(self) -> str:
        return "<key>" if self else "<no key>"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Secret, ("",)


def sealed(key: Any) -> Secret | None:
    """Return a key as a `Secret`, unchecked: done before anything can raise, no traceback shows it.

    Examples
    --------
    >>> sealed(" sk-1 "), sealed(None)
    (<key>, None)
    """
    if key is None or isinstance(key, Secret):
        return key
    return Secret(key.strip() if isinstance(key, str) else key)


def sealed_headers(headers: Any) -> Any:
    """Return headers with each value that is secret, by its name or its look, as a `Secret`; unchecked.

    Examples
    --------
    >>> sealed_headers({"Authorization": "Bearer sk-1", "X-Lesson": "first"})
    {'Authorization': <key>, 'X-Lesson': 'first'}
    """
    if not isinstance(headers, Mapping):
        return headers
    return {
        name: Secret(value) if isinstance(value, str) and is_secret(name, value) else value
        for name, value in headers.items()
    }


def revealed_headers(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    """Return headers as they are sent, without those whose secret did not come through a pickle."""
    found = {
        name: value.reveal() if isinstance(value, Secret) else value for name, value in headers.items()
    }
    return {name: value for name, value in found.items() if value or not isinstance(headers[name], Secret)}


def is_secret(name: Any, value: str) -> bool:
    """Tell whether the value of a header or of a part of a query is secret, by its name or its look.

    Examples
    --------
    >>> is_secret("X-Gateway-Token", "0815"), is_secret("X-Any", "sk-0815"), is_secret("lesson", "first")
    (True, True, False)
    """
    return NAMED_SECRET.search(str(name)) is not None or looks_like_key(value)


def looks_like_key(value: Any) -> bool:
    """Tell whether a value may be a key given in the wrong place: no message may repeat it.

    Examples
    --------
    >>> [looks_like_key(value) for value in ("sk-0815", "wss://example.org/realtime", None)]
    [True, False, False]
    >>> looks_like_key("qwen3-asr-flash-realtime-2025-10-27")
    False
    """
    return isinstance(value, str) and _KEY_LIKE.fullmatch(value) is not None


def find_key(argument: str | Secret | None = None) -> str | None:
    """Return the DashScope key: the argument, then ``qwen_asr_widgets.api_key``, then the environment.

    A key set as ``dashscope.api_key`` is taken last: on the official SDK where that is loaded anyway, or on
    our function of that name, which it means after ``from qwen_asr_widgets import *``.
    """
    if isinstance(argument, Secret):
        argument = argument.reveal()
    package = sys.modules.get(__name__.split(".", 1)[0])
    official = sys.modules.get("dashscope")
    return (
        argument
        or getattr(package, "api_key", None)
        or os.environ.get(KEY_VARIABLE)
        or getattr(official, "api_key", None)
        or getattr(getattr(package, "dashscope", None), "api_key", None)
        or None
    )
