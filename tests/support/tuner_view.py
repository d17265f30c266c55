"""A view of the tuner without a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.waiting import wait_until

Heard = tuple[dict[str, Any], list[bytes]]


class View:
    """What a view asks, and what it hears: messages as (content, buffers)."""

    def __init__(self, tuner: Any) -> None:
        self.tuner = tuner
        self.heard: list[Heard] = []
        tuner.send = self._hear

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        self.heard.append((content, [bytes(buffer) for buffer in buffers or []]))

    def ask(self, **content: Any) -> list[Heard]:
        """Ask, and return what is answered at once."""
        self.heard.clear()
        self.tuner.page.take(self.tuner, {"view": "v", **content}, [])
        return self.heard

    def last(self, kind: str) -> Heard | None:
        """Return the latest message of a kind."""
        return next((one for one in reversed(self.heard) if one[0]["kind"] == kind), None)

    def wait(self, kind: str, holds: Callable[[dict[str, Any]], Any] = lambda content: True) -> Heard:
        """Return the first message of a kind that fits, as soon as there is one."""
        def found() -> Heard | None:
            return next((one for one in self.heard if one[0]["kind"] == kind and holds(one[0])), None)
        return wait_until(found, 30, kind)
