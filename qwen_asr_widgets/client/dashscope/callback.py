"""What a conversation calls, by the names of the official SDK."""

from __future__ import annotations

from typing import Any


class OmniRealtimeCallback:
    """What a conversation calls; derive from it and override what you need.

    ``on_open`` runs on the thread that connects, the others on the connection's reader thread. What a
    callback raises is logged, and the session goes on.

    Examples
    --------
    >>> class Show(OmniRealtimeCallback):
    ...     def on_event(self, message):
    ...         print(message["type"])
    >>> Show().on_event({"type": "session.created"})
    session.created
    """

    def on_open(self) -> None:
        """The connection stands."""

    def on_close(self, close_status_code: Any, close_msg: Any) -> None:
        """The connection has ended; None stands for no close frame and for no reason in it."""

    def on_event(self, message: Any) -> None:
        """An event came: the parsed message, as a dict."""
