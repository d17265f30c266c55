"""What a connection sends: at once on the caller's thread, or through the bounded outbox and its thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ...errors import NotConnected, OutboxFull
from . import frames
from .keepalive import KeepAlive
from .shared_socket import ENDED, SharedSocket
from .outbox import Outbox, OutboxStats, Sent

logger = logging.getLogger("qwen_asr_widgets")


class Writer:
    """Writes frames whole and in order; control frames overtake audio that waits.

    Parameters
    ----------
    line : SharedSocket
        The socket, the state and the lock.
    outbox_bytes : int
        Size of the outbox.
    keepalive : KeepAlive
        When to ping.
    clock : callable
        Monotonic seconds; used for the time at which a message went out.
    """

    def __init__(
        self, line: SharedSocket, outbox_bytes: int, keepalive: KeepAlive, clock: Callable[[], float]
    ) -> None:
        self._line = line
        self._changed = line.changed
        self._outbox = Outbox(outbox_bytes)
        self._keepalive = keepalive
        self._clock = clock

    @property
    def stats(self) -> OutboxStats:
        """Counts of what was sent directly, queued and refused."""
        with self._changed:
            return self._outbox.stats()

    def start(self) -> None:
        """Start the writer thread."""
        threading.Thread(target=self._run, name="qwen-asr-writer", daemon=True).start()

    def send(self, frame: bytes, on_sent: Sent | None, timeout: float) -> None:
        """Send a frame: at once where nothing waits, through the outbox otherwise (see `Connection.send`)."""
        count, now = 0, 0.0
        with self._changed:
            if self._line.state != "open":
                self._refuse()
            outbox = self._outbox
            if outbox.empty:
                now = self._clock()
                count = self._line.write(frame)
            elif not outbox.has_room(len(frame)):
                self._wait_for_room(len(frame), timeout)
            if count == len(frame):
                outbox.direct += 1
            else:
                outbox.put(memoryview(frame)[count:], None if count else on_sent)
                self._changed.notify_all()
        if count and on_sent is not None:
            on_sent(now)

    def control(self, data: bytes, opcode: int) -> None:
        """Send a control frame of ours or of websocket-client; it overtakes audio that waits."""
        with self._changed:
            self._outbox.put(memoryview(frames.client_frame(data, opcode)), None, urgent=True)
            self._changed.notify_all()

    def drop_waiting(self) -> None:
        """Throw away what waits, but for a frame that is partly on the wire."""
        with self._changed:
            self._outbox.drop_waiting()

    def drain(self, timeout: float) -> None:
        """Wait until nothing is left to write."""
        with self._changed:
            self._changed.wait_for(lambda: self._outbox.empty, timeout)

    def _wait_for_room(self, size: int, timeout: float) -> None:
        line, outbox = self._line, self._outbox
        while True:
            sent = outbox.sent
            ready = self._changed.wait_for(lambda: line.state != "open" or outbox.has_room(size), timeout)
            if ready or outbox.sent == sent:
                break
        if line.state != "open":
            self._refuse()
        if not ready:
            outbox.refused += 1
            raise OutboxFull(
                f"The service has taken nothing for {timeout:g} s and {outbox.waiting:,} bytes wait "
                "to be sent. The network is slower than the audio: send Opus, lower the pace, or try again."
            )

    def _refuse(self) -> None:
        if self._line.state in ("new", "opening"):
            raise NotConnected("Not connected: call connect() before sending.")
        raise NotConnected(ENDED)

    # ---- the writer thread

    def _run(self) -> None:
        """Empty the outbox, ping in between, stop when the connection ends."""
        while True:
            with self._changed:
                if self._outbox.empty and not self._line.is_over:
                    self._changed.wait(self._keepalive.wait(time.monotonic(), self._line.last_heard))
                if self._outbox.empty:
                    if self._line.is_over:
                        return
                    self._ping()
                    continue
                frame, on_sent = self._outbox.head()
            if not self._write_head(frame, on_sent):
                return

    def _write_head(self, frame: memoryview, on_sent: Sent | None) -> bool:
        """Write some of the head of the outbox, waiting for the socket outside the lock."""
        now = self._clock()
        try:
            count = self._line.write(frame)
            if not count:
                self._line.wait_writable()
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

    def _ping(self) -> None:
        """Ping where it is due; where the last one was not answered in time, give the connection up."""
        now, heard = time.monotonic(), self._line.last_heard
        if self._keepalive.overdue(now, heard):
            logger.warning(
                "%s did not answer a ping within %g s", self._line.place, self._keepalive.timeout
            )
            self._line.cut()
            self._keepalive.forget()
        elif self._keepalive.due(now, heard):
            self._keepalive.ping(now)
            self.control(b"", frames.PING)
