"""The keys that a connection sends, taken out of whatever the service says back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from .keys import NAMED_SECRET, Secret, is_secret

T = TypeVar("T", str, bytes)

SHORTEST_KEY = 6
"""Characters; a shorter one would be found in words that have nothing to do with it."""

SHORTEST_PART = 16
"""The same for one value of several in a header, as in a cookie: most of them are no keys."""

_PART = re.compile(r'="?([^;,"\s=]+)')

REPLACEMENT = "***"


class Redactor:
    """Replaces the keys in use by ``***`` in what comes from the service.

    Parameters
    ----------
    url : str
        The address; its query may carry a key.

    Attributes
    ----------
    key_was_given : bool
        Whether the address or the headers learnt carry a key under a name of one.

    Examples
    --------
    >>> redactor = Redactor("wss://example.org/realtime?token=sk-123456")
    >>> redactor.learn({"Authorization": "Bearer sk-abcdef"})["Authorization"]
    'Bearer sk-abcdef'
    >>> redactor.hide("invalid Bearer sk-abcdef for sk-123456")
    'invalid Bearer *** for ***'
    """

    def __init__(self, url: str) -> None:
        self.key_was_given = False
        self._secrets: tuple[Secret, ...] = ()
        for name, value in parse_qsl(urlsplit(url).query):
            self._take(name, value, [value])

    def learn(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Take note of the keys in the headers of a handshake, and return the headers."""
        for name, value in headers.items():
            self._take(name, value, _keys_in(value))
        return dict(headers)

    def _take(self, name: str, value: str, keys: Iterable[str]) -> None:
        self.key_was_given = self.key_was_given or bool(value and NAMED_SECRET.search(name))
        if is_secret(name, value):
            self._add(keys)

    def hide(self, text: T) -> T:
        """Return what the service said, without a key in it."""
        for secret in self._secrets:
            key = secret.reveal()
            if isinstance(text, str):
                text = text.replace(key, REPLACEMENT)
            else:
                text = text.replace(key.encode(), REPLACEMENT.encode())
        return text

    def _add(self, keys: Iterable[str]) -> None:
        """Keep the keys as a service may spell them; the longest first, as one may be within another."""
        found = {secret.reveal() for secret in self._secrets}
        for key in keys:
            if len(key) >= SHORTEST_KEY:
                found |= {key, key.replace("/", r"\/"), json.dumps(key)[1:-1], quote(key, safe="")}
        self._secrets = tuple(map(Secret, sorted(found, key=len, reverse=True)))


def _keys_in(value: str) -> Iterator[str]:
    """Yield what may be a key in the value of a header: its last word, and the long parts of a cookie."""
    yield from value.split()[-1:]
    yield from (part for part in _PART.findall(value) if len(part) >= SHORTEST_PART)
