"""One WebSocket connection: a reader thread, a bounded outbox with its writer thread, one deadline to close.

websocket-client shakes hands and reads; frames are written here, so that a send costs little and never
interleaves with another.
"""

from __future__ import annotations

import logging
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import websocket

from ..errors import ConnectFailed, NotConnected, OutboxFull, QawError
from . import frames
from .failures import connect_failure
from .outbox import Outbox, OutboxStats, Sent
from .proxies import proxy_name, proxy_options

logger = logging.getLogger("qwen_asr_widgets")

OUTBOX_BYTES = 4 * 1024 * 1024
"""About 95 s of 16 kHz PCM in base64."""

_WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_ENDED = "The connection has ended: nothing more can be sent. Call connect() on a new conversation."


class _Reader(websocket.WebSocket):
    """websocket-client's socket, whose reads and own frames (pong, close) pass through the connection."""

    def __init__(self, connection: Connection, **options: Any) -> None:
        super().__init__(**options)
        self._connection = connection

    def _recv(self, bufsize: int) -> bytes:
        return self._connection._read(bufsize)

    def send(self, payload: bytes | str, opcode: int = frames.TEXT) -> int:
        data = payload.encode() if isinstance(payload, str) else payload
        self._connection._write_control(frames.client_frame(data, opcode))
        return len(data)

    def send_close(self, status: int = 1000, reason: bytes | str = b"") -> None:
        """Answer the peer's close, unless it is the answer to ours."""
        if self._connection._state != "closing":
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
        Called on the reader thread with each message (str or bytes). What it raises is logged.
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
        Seconds after a ping within which something must arrive.
    outbox_bytes : int
        Size of the outbox.
    clock : callable
        Monotonic seconds; used for the time at which a message went out.
    on_open : callable or None
        Called on the reader thread when the service has accepted, before anything is read or sent.

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
        clock: Callable[[], float] = time.monotonic,
        on_open: Callable[[], None] | None = None,
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
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._clock = clock
        self._on_open = on_open
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._outbox = Outbox(outbox_bytes)
        self._state = "new"
        self._failure: QawError | None = None
        self._socket: Any = None
        self._reader = _Reader(self, sslopt=self._tls_options())
        self._io = threading.Lock()
        self._last_heard = 0.0
        self._pinged_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._state == "open"

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended, after ``on_closed``."""
        return self._state == "closed"

    @property
    def stats(self) -> OutboxStats:
        """Counts of what was sent directly, queued and refused."""
        with self._changed:
            return self._outbox.stats()

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
        with self._changed:
            if self._state != "new":
                raise NotConnected("A connection is opened once; make a new one.")
            self._state = "opening"
            self.thread = threading.Thread(target=self._run, name="qwen-asr-reader", daemon=True)
            self.thread.start()
            self._changed.wait_for(lambda: self._state != "opening", self._connect_timeout + 0.5)
            if self._state == "opening":
                self._state = "abandoned"
                self._failure = self._explain(TimeoutError())
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        """The reader thread: shake hands, read until the end, report the end."""
        if not self._shake_hands():
            return
        threading.Thread(target=self._write_loop, name="qwen-asr-writer", daemon=True).start()
        try:
            self._read_loop()
        except Exception as problem:
            logger.debug("connection to %s ended: %s", self.url, type(problem).__name__)
        self._end()

    def _shake_hands(self) -> bool:
        failure: QawError | None = None
        try:
            self._reader.connect(
                self.url, timeout=self._connect_timeout, header=dict(self._headers()), suppress_origin=True,
                redirect_limit=0, **proxy_options(self.url, self._proxy),
            )
        except QawError as problem:
            failure = problem
        except Exception as problem:
            failure = self._explain(problem)
        with self._changed:
            abandoned = self._state != "opening"
            if failure is None and not abandoned:
                self._socket = self._reader.sock
                self._socket.setblocking(False)
                if self._on_open is not None:
                    self._on_open()
                self._last_heard = time.monotonic()
                self._state = "open"
            else:
                self._failure = self._failure or failure
                self._state = "closed"
            self._changed.notify_all()
        if abandoned:
            self._reader.shutdown()
        return self._state == "open"

    def _explain(self, problem: Exception) -> ConnectFailed:
        return connect_failure(
            problem, self.url, self._connect_timeout, proxy_name(self.url, self._proxy)
        )

    def _tls_options(self) -> dict[str, Any]:
        return {"ca_certs": self._ca_file} if self._ca_file else {}

    # ---- reading

    def _read_loop(self) -> None:
        while True:
            opcode, frame = self._reader.recv_data_frame(True)
            self._last_heard = time.monotonic()
            if opcode == frames.CLOSE:
                self._take_close_frame(frame.data)
                return
            if opcode in (frames.PING, frames.PONG):
                with self._lock:
                    self._changed.notify_all()
                continue
            self._deliver(frame.data.decode("utf-8") if opcode == frames.TEXT else frame.data)

    def _read(self, size: int) -> bytes:
        """Return up to ``size`` bytes as soon as there are any.

        The socket does not block, so that reading and writing TLS from two threads take turns.
        """
        while True:
            try:
                with self._io:
                    data = self._socket.recv(size)
                if data:
                    return data
                raise websocket.WebSocketConnectionClosedException("the connection was lost")
            except _WOULD_BLOCK:
                _wait(self._socket, selectors.EVENT_READ)

    def _deliver(self, message: str | bytes) -> None:
        try:
            self._on_message(message)
        except Exception:
            logger.exception("a callback for a message of %s raised; the session goes on", self.url)

    def _take_close_frame(self, data: bytes) -> None:
        if len(data) >= 2:
            self.close_code = struct.unpack("!H", data[:2])[0]
            self.close_reason = data[2:].decode("utf-8", "replace")

    def _end(self) -> None:
        """Stop the writer once what it holds (the answer to a close) is out, then report the end."""
        with self._changed:
            self._state = "ending"
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._outbox.empty, 0.5 if self.close_code else 0)
        self._reader.shutdown()
        try:
            self._on_closed(self.close_code, self.close_reason)
        except Exception:
            logger.exception("a callback for the end of %s raised", self.url)
        with self._changed:
            self._state = "closed"
            self._changed.notify_all()

    # ---- writing

    def send(self, text: str, on_sent: Sent | None = None, timeout: float = 10.0) -> None:
        """Send a text message: at once where nothing waits, through the outbox otherwise.

        Parameters
        ----------
        text : str
            The message.
        on_sent : callable or None
            Called with the clock's time when its first byte went to the socket; from the writer's thread
            where the message had to wait.
        timeout : float
            Seconds to wait for room in the outbox while the socket takes nothing.

        Raises
        ------
        NotConnected
            Before ``open()`` or after the end.
        OutboxFull
            The network takes less than is sent: no room within ``timeout``. The message was not taken.
        """
        frame = frames.client_frame(text.encode())
        count, now = 0, 0.0
        with self._lock:
            if self._state != "open":
                self._refuse()
            outbox = self._outbox
            if outbox.empty:
                now = self._clock()
                count = self._write_now(frame)
            elif not outbox.has_room(len(frame)):
                self._wait_for_room(len(frame), timeout)
            if count == len(frame):
                outbox.direct += 1
            else:
                outbox.put(memoryview(frame)[count:], None if count else on_sent)
                self._changed.notify_all()
        if count and on_sent is not None:
            on_sent(now)

    def _write_now(self, frame: bytes | memoryview) -> int:
        """Write without waiting; return how many bytes the socket took."""
        try:
            with self._io:
                return self._socket.send(frame)
        except _WOULD_BLOCK:
            return 0
        except (OSError, ValueError):
            self._break()
            raise NotConnected(_ENDED) from None

    def _wait_for_room(self, size: int, timeout: float) -> None:
        while True:
            sent = self._outbox.sent
            ready = self._changed.wait_for(
                lambda: self._state != "open" or self._outbox.has_room(size), timeout
            )
            if ready or self._outbox.sent == sent:
                break
        if self._state != "open":
            self._refuse()
        if not ready:
            self._outbox.refused += 1
            raise OutboxFull(
                f"The service has taken nothing for {timeout:g} s and {self._outbox.waiting:,} bytes wait "
                "to be sent. The network is slower than the audio: send Opus, lower the pace, or try again."
            )

    def _refuse(self) -> None:
        if self._state in ("new", "opening"):
            raise NotConnected("Not connected: call connect() before sending.")
        raise NotConnected(_ENDED)

    def _write_control(self, frame: bytes) -> None:
        """Send a control frame of ours or of websocket-client; it overtakes audio that waits."""
        with self._changed:
            self._outbox.put(memoryview(frame), None, urgent=True)
            self._changed.notify_all()

    def _write_loop(self) -> None:
        """The writer thread: empty the outbox, ping in between, stop when the connection ends."""
        while True:
            with self._changed:
                if not self._has_work():
                    self._changed.wait(self._until_ping())
                if self._state in ("ending", "closed") and self._outbox.empty:
                    return
                if not self._outbox.empty:
                    frame, on_sent = self._outbox.head()
                else:
                    self._ping()
                    continue
            if not self._write_head(frame, on_sent):
                return

    def _has_work(self) -> bool:
        return not self._outbox.empty or self._state in ("ending", "closed")

    def _write_head(self, frame: memoryview, on_sent: Sent | None) -> bool:
        """Write some of the head of the outbox, waiting for the socket outside the lock."""
        now = self._clock()
        try:
            count = self._write_now(frame)
            if not count:
                _wait(self._socket, selectors.EVENT_WRITE)
                return True
        except (NotConnected, OSError, ValueError):
            with self._changed:
                self._outbox.clear()
                self._changed.notify_all()
            return False
        if on_sent is not None:
            on_sent(now)
        with self._changed:
            self._outbox.advance(count)
            self._changed.notify_all()
        return True

    # ---- keeping alive

    def _until_ping(self) -> float | None:
        """Seconds until the next ping is due or the answer to the last one is overdue."""
        if self._ping_interval is None:
            return None
        if self._pinged_at is not None and self._last_heard < self._pinged_at:
            return max(0.0, self._pinged_at + self._ping_timeout - time.monotonic())
        latest = max(self._last_heard, self._pinged_at or 0.0)
        return max(0.0, latest + self._ping_interval - time.monotonic())

    def _ping(self) -> None:
        """Ping where it is due; where the last one was not answered in time, give the connection up."""
        if self._ping_interval is None or self._until_ping():
            return
        if self._pinged_at is not None and self._last_heard < self._pinged_at:
            logger.warning("%s did not answer a ping within %g s", self.url, self._ping_timeout)
            self._break()
            self._pinged_at = None
            return
        self._pinged_at = time.monotonic()
        self._outbox.put(memoryview(frames.client_frame(b"", frames.PING)), None, urgent=True)

    # ---- closing

    def close(self, timeout: float = 3.0, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, wait for the answer and for ``on_closed``, all within ``timeout`` seconds.

        What still waits in the outbox is thrown away. From a callback it says goodbye without waiting.
        Closing twice, or before connecting, does nothing.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            if self._state == "open":
                self._state = "closing"
                self._outbox.drop_waiting()
                data = struct.pack("!H", code) + reason.encode("utf-8")
                self._outbox.put(memoryview(frames.client_frame(data, frames.CLOSE)), None, urgent=True)
                self._changed.notify_all()
            if self._state in ("new", "closed") or threading.current_thread() is self.thread:
                return
            ended = self._changed.wait_for(lambda: self._state == "closed", deadline - time.monotonic())
        if not ended:
            self._break()
            with self._changed:
                self._changed.wait_for(lambda: self._state == "closed", 1.0)

    def _break(self) -> None:
        """End the connection at once; the reader wakes and reports it."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            logger.debug("the socket of %s had already ended", self.url)


def _wait(sock: Any, event: int) -> None:
    """Wait until a socket can be read or written, or was shut down."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        selector.select()
