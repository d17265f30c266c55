"""One WebSocket connection: opened, read on its own thread, closed within one deadline.

websocket-client shakes hands and reads; frames are written by our `Writer`, so that a send costs little and
never interleaves with another.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import websocket

from ...errors import ConnectFailed, NotConnected, QawError
from ..pacing import UploadPace
from ..redaction import Redactor
from . import frames
from .failures import connect_failure
from .proxy import proxy_name, proxy_options
from .shared_socket import SharedSocket
from .keepalive import KeepAlive
from .writer import OutboxStats, Sent, Writer

logger = logging.getLogger("qwen_asr_widgets")

OUTBOX_BYTES = 4 * 1024 * 1024
"""About 95 s of 16 kHz PCM in base64."""


class _Reader(websocket.WebSocket):
    """websocket-client's socket, whose reads and own frames (pong, close) pass through the connection."""

    def __init__(self, shared: SharedSocket, writer: Writer, **options: Any) -> None:
        super().__init__(**options)
        self._shared = shared
        self._writer = writer

    def _recv(self, bufsize: int) -> bytes:
        return self._shared.read(bufsize)

    def send(self, payload: bytes | str, opcode: int = frames.TEXT) -> int:
        data = payload.encode() if isinstance(payload, str) else payload
        self._writer.control(data, opcode)
        return len(data)

    def send_close(self, status: int = 1000, reason: bytes | str = b"") -> None:
        """Answer the peer's close, unless it is the answer to ours."""
        if self._shared.state != "closing":
            super().send_close(status, reason)


class Connection:
    """A client's connection to a realtime service.

    Parameters
    ----------
    url : str
        The address, model included.
    headers : callable
        Returns the headers of the handshake; called when connecting, so that a key is read then.
    on_message : callable
        Called on the reader thread with each message (str or bytes), the keys sent replaced by ``***``. What
        it raises is logged.
    on_closed : callable
        Called once on the reader thread with (code, reason) after the connection ended; code is None
        where no close frame came.
    ca_file : str or None
        PEM file of the authority to trust.
    proxy : str or None
        ``"environment"``, None (direct) or ``"http://host:port"``. Loopback is always direct.
    connect_timeout : float
        Seconds for DNS, TCP, TLS and handshake together.
    ping_interval : float or None
        Seconds between pings; None sends none.
    ping_timeout : float
        Seconds after a ping within which something must arrive, see `KeepAlive`.
    outbox_bytes : int
        Size of the outbox.
    send_buffer_bytes : int or None
        Size of the system's send buffer, which holds what the network has not taken: the larger, the later a
        dead network is noticed. None leaves it to the system.
    clock : callable
        Monotonic seconds; used for the time at which a message went out.
    on_open : callable or None
        Called on the reader thread when the service has accepted, before anything is read or sent.
    upload_pace : float or None
        Kilobytes a second that are sent at most; None: as fast as they are taken.
    on_round_trip : callable
        Called on the reader thread with the seconds that a ping and its answer took.

    Examples
    --------
    >>> connection = Connection("ws://127.0.0.1:9", dict, print, print)
    >>> connection.is_open
    False
    """

    def __init__(
        self,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        on_message: Callable[[str | bytes], None],
        on_closed: Callable[[int | None, str], None],
        *,
        ca_file: str | None = None,
        proxy: str | None = "environment",
        connect_timeout: float = 5.0,
        ping_interval: float | None = 20.0,
        ping_timeout: float = 20.0,
        outbox_bytes: int = OUTBOX_BYTES,
        send_buffer_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_open: Callable[[], None] | None = None,
        upload_pace: float | None = None,
        on_round_trip: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self.url = url
        self.close_code: int | None = None
        self.close_reason = ""
        self.thread: threading.Thread | None = None
        self._headers = headers
        self._on_message = on_message
        self._on_closed = on_closed
        self._ca_file = ca_file
        self._proxy = proxy
        self._connect_timeout = connect_timeout
        self._on_open = on_open
        self._on_round_trip = on_round_trip
        self._shared = SharedSocket(url)
        self._redactor = Redactor(url)
        self._changed = self._shared.changed
        self._writer = Writer(
            self._shared, outbox_bytes, KeepAlive(ping_interval, ping_timeout), clock,
            None if upload_pace is None else UploadPace(upload_pace),
        )
        self._failure: QawError | None = None
        buffer_size = (socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        self._reader = _Reader(
            self._shared, self._writer, sslopt={"ca_certs": self._ca_file} if self._ca_file else {},
            sockopt=[] if send_buffer_bytes is None else [buffer_size],
        )

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._shared.state == "open"

    @property
    def stats(self) -> OutboxStats:
        """Counts of what was sent directly, queued and refused."""
        return self._writer.stats

    @property
    def silent(self) -> float:
        """Seconds for which the peer owes the answer to a ping; 0.0 where it does not."""
        return self._writer.silent

    # ---- opening

    def open(self) -> None:
        """Connect, and return when the service has accepted.

        Raises
        ------
        ConnectFailed
            With the true cause; ``status`` is that of a refused handshake.
        MissingKey
            The service wants a key and there is none.
        """
        shared = self._shared
        with self._changed:
            if shared.state != "new":
                raise NotConnected("A connection is opened once; make a new one.")
            shared.state = "opening"
            self.thread = threading.Thread(target=self._run, name="qwen-asr-reader", daemon=True)
            self.thread.start()
            self._changed.wait_for(lambda: shared.state != "opening", self._connect_timeout + 0.5)
            if shared.state == "opening":
                self._abandon(TimeoutError())
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        """The reader thread: shake hands, read until the end, report the end."""
        if not self._shake_hands():
            return
        self._writer.start()
        try:
            self._read_loop()
        except Exception as problem:
            logger.debug("connection to %s ended: %s", self._shared.place, type(problem).__name__)
        self._end()

    def _shake_hands(self) -> bool:
        failure: QawError | None = None
        try:
            self._reader.connect(
                self.url, timeout=self._connect_timeout, header=self._redactor.learn(self._headers()),
                suppress_origin=True, redirect_limit=0, **proxy_options(self.url, self._proxy),
            )
        except QawError as problem:
            failure = problem
        except Exception as problem:
            failure = self._explain(problem)
        with self._changed:
            abandoned = self._shared.state != "opening"
            if failure is None and not abandoned:
                self._take_socket()
            else:
                self._failure = self._failure or failure
                self._shared.become("closed")
        if abandoned:
            self._reader.shutdown()
        return self._shared.state == "open"

    def _take_socket(self) -> None:
        self._shared.socket = self._reader.sock
        self._shared.socket.setblocking(False)
        if self._on_open is not None:
            self._on_open()
        self._shared.last_heard = time.monotonic()
        self._shared.become("open")

    def _explain(self, problem: Exception) -> ConnectFailed:
        proxy = proxy_name(self.url, self._proxy)
        return connect_failure(
            problem, self.url, self._connect_timeout, proxy, self._redactor.hide, self._redactor.key_was_given
        )

    def _abandon(self, problem: Exception) -> None:
        """Give up connecting; the reader thread ends as soon as its socket lets it."""
        self._failure = self._explain(problem)
        self._shared.socket = self._reader.sock
        self._shared.become("abandoned")
        self._shared.cut()

    # ---- sending

    def send(self, text: str, on_sent: Sent | None = None, timeout: float = 10.0) -> None:
        """Send a text message: at once where nothing waits, through the outbox otherwise.

        Parameters
        ----------
        text : str
            The message.
        on_sent : callable or None
            Called with the clock's time when its first byte went to the socket, and before a message that
            comes afterwards is delivered; from the writer's thread where it had to wait. It must not block.
        timeout : float
            Seconds to wait for room in the outbox while the socket takes nothing.

        Raises
        ------
        NotConnected
            Before ``open()`` or after the end.
        OutboxFull
            The network takes less than is sent: no room within ``timeout``. The message was not taken.
        """
        self._writer.send(frames.client_frame(text.encode()), on_sent, timeout)

    # ---- reading

    def _read_loop(self) -> None:
        while True:
            opcode, frame = self._reader.recv_data_frame(True)
            self._shared.last_heard = time.monotonic()
            if opcode == frames.CLOSE:
                self._take_close_frame(frame.data)
                return
            if opcode in (frames.PING, frames.PONG):
                self._take_pong(frame.data if opcode == frames.PONG else b"")
                continue
            data = self._redactor.hide(frame.data)
            self._deliver(data.decode("utf-8") if opcode == frames.TEXT else data)

    def _take_pong(self, stamp: bytes) -> None:
        seconds = self._writer.answered(stamp)
        if seconds is not None:
            self._on_round_trip(seconds)

    def _deliver(self, message: str | bytes) -> None:
        with self._changed:
            pass  # what was sent before has been told to its ``on_sent``
        try:
            self._on_message(message)
        except Exception:
            logger.exception(
                "a callback for a message of %s raised; the session goes on", self._shared.place
            )

    def _take_close_frame(self, data: bytes) -> None:
        if len(data) >= 2:
            self.close_code = struct.unpack("!H", data[:2])[0]
            self.close_reason = self._redactor.hide(data[2:].decode("utf-8", "replace"))

    # ---- closing

    def close(self, timeout: float = 3.0, code: int = 1000, reason: str = "") -> None:
        """Send a close frame, wait for the answer and for ``on_closed``, all within ``timeout`` seconds.

        What still waits in the outbox is thrown away. From a callback it sends the close frame and does not
        wait. While `open` is connecting, that ends at once with `ConnectFailed`; before it, it will not
        connect. Closing twice does nothing.
        """
        deadline = time.monotonic() + timeout
        shared = self._shared
        with self._changed:
            if shared.state == "open":
                shared.state = "closing"
                self._writer.drop_waiting()
                self._writer.control(struct.pack("!H", code) + reason.encode("utf-8"), frames.CLOSE)
            elif shared.state == "opening":
                self._abandon(ConnectionAbortedError("it was closed while connecting"))
            elif shared.state == "new":
                shared.become("closed")
            if shared.state in ("closed", "abandoned") or threading.current_thread() is self.thread:
                return
            ended = self._changed.wait_for(lambda: shared.state == "closed", deadline - time.monotonic())
        if not ended:
            shared.cut()
            with self._changed:
                self._changed.wait_for(lambda: shared.state == "closed", 1.0)

    def _end(self) -> None:
        """Stop the writer once what it holds (the answer to a close) is out, then report the end."""
        self._shared.become("ending")
        self._writer.drain(0.5 if self.close_code else 0)
        self._reader.shutdown()
        try:
            self._on_closed(self.close_code, self.close_reason)
        except Exception:
            logger.exception("a callback for the end of %s raised", self._shared.place)
        self._shared.become("closed")
