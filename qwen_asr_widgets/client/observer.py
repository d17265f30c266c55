"""What a stream tells whoever keeps the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..protocol.events import Event


class StreamObserver(Protocol):
    """Whoever wants to know what a stream does. Calls come from several threads, times from its clock."""

    def opened(self, time: float) -> None:
        """The connection stands."""

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """An event other than audio went to the socket."""

    def audio_sent(self, start: int, stop: int, time: float) -> None:
        """Samples ``start`` to ``stop`` (exclusive) of this stream first went to the socket."""

    def audio_skipped(self, start: int, stop: int, time: float) -> None:
        """Samples ``start`` to ``stop`` (exclusive) of this stream were passed over: they are not sent."""

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> object:
        """An event arrived; what is returned is not used."""

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """The connection has ended; code is None where no close frame came."""
