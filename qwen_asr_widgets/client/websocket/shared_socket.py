"""The socket that a connection's reader and writer threads share, and the state both go by."""

from __future__ import annotations

import logging
import selectors
import socket
import ssl
import threading
from typing import Any
from urllib.parse import urlsplit

import websocket

from ...errors import NotConnected

logger = logging.getLogger("qwen_asr_widgets")

NOT_CONNECTED = "Not connected: call connect() before sending."
ENDED = "The connection has ended: nothing more can be sent. Call connect() on a new conversation."
LOOK = 0.5
"""Seconds after which a wait looks anew: a socket closed by the other thread wakes no selector."""

_WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SharedSocket:
    """A socket that does not block, so that reading and writing TLS from two threads take turns.

    Parameters
    ----------
    url : str
        The address it leads to.

    Attributes
    ----------
    state : str
        ``new``, ``opening``, ``open``, ``closing`` (our close frame is sent), ``ending`` (nothing more
        comes), ``closed``; ``abandoned`` where opening took too long or was given up.
    changed : threading.Condition
        Guards the state and the outbox; notified when either changes.
    place : str
        Host and path, as logs may show them: a query can hold a token.
    last_heard : float
        Monotonic seconds of the newest frame.

    Examples
    --------
    >>> shared = SharedSocket("wss://example.org/realtime?token=secret")
    >>> shared.state, shared.place
    ('new', 'example.org/realtime')
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.place = parts.netloc.rpartition("@")[2] + parts.path
        self.state = "new"
        self.changed = threading.Condition(threading.RLock())
        self.socket: Any = None
        self.last_heard = 0.0
        self._io = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come."""
        return self.state in ("ending", "closed")

    def become(self, state: str) -> None:
        """Change the state and wake whoever waits for it."""
        with self.changed:
            self.state = state
            self.changed.notify_all()

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes as soon as there are any."""
        while True:
            try:
                with self._io:
                    data = self.socket.recv(size)
                if data:
                    return data
                raise websocket.WebSocketConnectionClosedException("the connection was lost")
            except _WOULD_BLOCK:
                self._wait(selectors.EVENT_READ)

    def write(self, data: bytes | memoryview) -> int:
        """Write without waiting; return how many bytes the socket took.

        Raises
        ------
        NotConnected
            The socket takes no more, ever; the connection is cut.
        """
        try:
            with self._io:
                return self.socket.send(data)
        except _WOULD_BLOCK:
            return 0
        except (OSError, ValueError):
            self.cut()
            raise NotConnected(ENDED) from None

    def wait_writable(self) -> None:
        """Wait until the socket can be written to or was shut down, or a moment has passed."""
        self._wait(selectors.EVENT_WRITE)

    def _wait(self, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, event)
            selector.select(LOOK)

    def cut(self) -> None:
        """End the connection at once, if there is one; the reader wakes and reports it."""
        if self.socket is None:
            return
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            logger.debug("the socket of %s had already ended", self.place)
