"""What a connection sends: at once on the caller's thread, or through the bounded outbox and its thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import NotConnected, OutboxFull
from ..pacing import UploadPace
from . import frames
from .keepalive import KeepAlive
from .shared_socket import ENDED, NOT_CONNECTED, SharedSocket

logger = logging.getLogger("qwen_asr_widgets")

Sent = Callable[[float], None]
"""Called with the time at which the first byte of a message went to the socket."""


@dataclass(frozen=True)
class OutboxStats:
    """What became of the messages given to a connection.

    Parameters
    ----------
    direct : int
        Messages that went out on the caller's thread.
    queued : int
        Messages that waited in the outbox.
    refused : int
        Messages not taken because the outbox stayed full until the deadline.
    waiting_bytes, peak_bytes : int
        Bytes in the outbox now and at its fullest.
    """

    direct: int = 0
    queued: int = 0
    refused: int = 0
    waiting_bytes: int = 0
    peak_bytes: int = 0


class Outbox:
    """A queue of frames, bounded in bytes. Not thread-safe: the connection holds its lock."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.direct = 0
        self.queued = 0
        self.refused = 0
        self.waiting = 0
        self.peak = 0
        self.sent = 0
        self._frames: deque[tuple[memoryview, Sent | None]] = deque()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._frames

    def has_room(self, size: int) -> bool:
        """Whether a frame fits; one larger than the limit fits an empty outbox."""
        return not self._frames or self.waiting + size <= self.limit

    def put(self, frame: memoryview, on_sent: Sent | None, urgent: bool = False) -> None:
        """Add a frame: at the end, or, for control frames, before the others.

        The head is never overtaken, since part of it may be on the wire.
        """
        if urgent and self._frames:
            self._frames.insert(1, (frame, on_sent))
        else:
            self._frames.append((frame, on_sent))
        self.queued += 1
        self.waiting += len(frame)
        self.peak = max(self.peak, self.waiting)

    def drop_waiting(self) -> None:
        """Throw away all but the head, part of which may be on the wire."""
        while len(self._frames) > 1:
            frame, _ = self._frames.pop()
            self.waiting -= len(frame)

    def head(self) -> tuple[memoryview, Sent | None]:
        """Return the oldest frame, or what is left of it."""
        return self._frames[0]

    def advance(self, count: int) -> None:
        """Note that ``count`` bytes of the head were sent."""
        frame, _ = self._frames.popleft()
        self.waiting -= count
        self.sent += count
        if count < len(frame):
            self._frames.appendleft((frame[count:], None))

    def clear(self) -> None:
        """Throw everything away: the socket is gone."""
        self._frames.clear()
        self.waiting = 0

    def stats(self) -> OutboxStats:
        """Return the counts as a value."""
        return OutboxStats(self.direct, self.queued, self.refused, self.waiting, self.peak)


class Writer:
    """Writes frames whole and in order; control frames overtake audio that waits.

    ``on_sent`` is called under the lock, which the reader takes before it delivers a message: nobody is told
    of an answer before what it answers.

    Parameters
    ----------
    shared : SharedSocket
        The socket, the state and the lock.
    outbox_bytes : int
        Size of the outbox.
    keepalive : KeepAlive
        When to ping.
    clock : callable
        Monotonic seconds; used for the time at which a message went out.
    pace : UploadPace or None
        How much may be written; None: as much as the socket takes.
    """

    def __init__(
        self, shared: SharedSocket, outbox_bytes: int, keepalive: KeepAlive, clock: Callable[[], float],
        pace: UploadPace | None = None,
    ) -> None:
        self._shared = shared
        self._changed = shared.changed
        self._outbox = Outbox(outbox_bytes)
        self._keepalive = keepalive
        self._clock = clock
        self._pace = pace

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
            if self._shared.state != "open":
                self._refuse()
            outbox = self._outbox
            if outbox.empty:
                now = self._clock()
                count = self._write(memoryview(frame))
            elif not outbox.has_room(len(frame)):
                self._wait_for_room(len(frame), timeout)
            if count == len(frame):
                outbox.direct += 1
            else:
                outbox.put(memoryview(frame)[count:], None if count else on_sent)
                self._changed.notify_all()
            if count and on_sent is not None:
                on_sent(now)

    def _write(self, frame: memoryview) -> int:
        """Write as much of a frame as the pace allows and the socket takes."""
        if self._pace is None:
            return self._shared.write(frame)
        now = time.monotonic()
        allowed = self._pace.allowed(len(frame), now)
        count = self._shared.write(frame[:allowed]) if allowed else 0
        self._pace.spend(count, now)
        return count

    def control(self, data: bytes, opcode: int) -> None:
        """Send a control frame of ours or of websocket-client; it overtakes audio that waits."""
        with self._changed:
            self._outbox.put(memoryview(frames.client_frame(data, opcode)), None, urgent=True)
            self._changed.notify_all()

    def answered(self, stamp: bytes) -> float | None:
        """Take the answer to a ping; return the seconds that it took, None where it answers none of ours."""
        with self._changed:
            seconds = self._keepalive.answered(stamp, time.monotonic())
            self._changed.notify_all()
        return seconds

    @property
    def silent(self) -> float:
        """Seconds since a ping after which nothing has come; 0.0 where none is waited for."""
        with self._changed:
            return self._keepalive.silent(time.monotonic(), self._shared.last_heard)

    def drop_waiting(self) -> None:
        """Throw away what waits, but for a frame that is partly on the wire."""
        with self._changed:
            self._outbox.drop_waiting()

    def drain(self, timeout: float) -> None:
        """Wait until nothing is left to write."""
        with self._changed:
            self._changed.wait_for(lambda: self._outbox.empty, timeout)

    def _wait_for_room(self, size: int, timeout: float) -> None:
        shared, outbox = self._shared, self._outbox
        while True:
            sent = outbox.sent
            ready = self._changed.wait_for(lambda: shared.state != "open" or outbox.has_room(size), timeout)
            if ready or outbox.sent == sent:
                break
        if shared.state != "open":
            self._refuse()
        if not ready:
            outbox.refused += 1
            raise OutboxFull(
                f"The service has taken nothing for {timeout:g} s and {outbox.waiting:,} bytes wait "
                "to be sent. The network is slower than the audio: send Opus, lower the pace, or try again."
            )

    def _refuse(self) -> None:
        if self._shared.state in ("new", "opening"):
            raise NotConnected(NOT_CONNECTED)
        raise NotConnected(ENDED)

    # ---- the writer thread

    def _run(self) -> None:
        """Empty the outbox, ping in between, stop when the connection ends."""
        while True:
            with self._changed:
                if self._outbox.empty and not self._shared.is_over:
                    self._changed.wait(self._keepalive.wait(time.monotonic(), self._shared.last_heard))
                if self._outbox.empty:
                    if self._shared.is_over:
                        return
                    self._ping()
                    continue
            self._ping()
            try:
                if not self._write_head() and not self._wait_for_pace():
                    self._shared.wait_writable()
            except (NotConnected, OSError, ValueError):
                with self._changed:
                    self._outbox.clear()
                    self._changed.notify_all()
                return

    def _write_head(self) -> bool:
        """Write some of the head of the outbox; return whether the socket took any."""
        with self._changed:
            frame, on_sent = self._outbox.head()
            now = self._clock()
            count = self._write(frame)
            if count:
                if on_sent is not None:
                    on_sent(now)
                self._outbox.advance(count)
                self._changed.notify_all()
        return count > 0

    def _wait_for_pace(self) -> bool:
        """Wait until the pace allows a write, if that is what is waited for."""
        with self._changed:
            size = len(self._outbox.head()[0])
        seconds = self._pace.wait(size, time.monotonic()) if self._pace is not None else 0.0
        if seconds:
            time.sleep(seconds)
        return seconds > 0

    def _ping(self) -> None:
        """Ping where it is due, or to measure; where the last one was not answered in time, give up."""
        now, heard = time.monotonic(), self._shared.last_heard
        if self._shared.state == "open" and self._keepalive.overdue(now, heard):
            silent = self._keepalive.silent(now, heard)
            logger.warning("%s did not answer a ping for %.1f s", self._shared.place, silent)
            self._shared.cut()
            self._keepalive.forget()
        elif self._keepalive.due(now, heard):
            self.control(self._keepalive.ping(now), frames.PING)
        elif self._shared.state == "open" and (stamp := self._keepalive.measure(now)) is not None:
            self.control(stamp, frames.PING)
