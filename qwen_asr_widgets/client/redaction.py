"""The keys that a connection sends, taken out of whatever the service says back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from .keys import NAMED_SECRET, Secret

T = TypeVar("T", str, bytes)

SHORTEST_KEY = 6
"""Characters; a shorter one would be found in words that have nothing to do with it."""

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
        Whether the address or the headers learnt carry a key.

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
        self._add(value for name, value in parse_qsl(urlsplit(url).query) if NAMED_SECRET.search(name))

    def learn(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Take note of the keys in the headers of a handshake, and return the headers."""
        named = [str(value).split() for name, value in headers.items() if NAMED_SECRET.search(name)]
        self._add(words[-1] for words in named if words)
        return dict(headers)

    def hide(self, text: T) -> T:
        """Return what the service said, without a key in it."""
        for secret in self._secrets:
            key = secret.reveal()
            if isinstance(text, str):
                text = text.replace(key, REPLACEMENT)
            else:
                text = text.replace(key.encode(), REPLACEMENT.encode())
        return text

    def _add(self, keys: Iterator[str]) -> None:
        """Keep the keys as a service may spell them; the longest first, as one may be within another."""
        found = {secret.reveal() for secret in self._secrets}
        for key in keys:
            self.key_was_given = self.key_was_given or bool(key)
            if len(key) >= SHORTEST_KEY:
                found |= {key, key.replace("/", r"\/"), json.dumps(key)[1:-1], quote(key, safe="")}
        self._secrets = tuple(map(Secret, sorted(found, key=len, reverse=True)))
