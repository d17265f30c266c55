"""Carries what has changed to the browser, at a bounded rate, while cells run."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

logger = logging.getLogger("qwen_asr_widgets")

Message = tuple["dict[str, Any]", "list[Any]"]
"""Content and binary buffers of one custom message."""

UPDATES_PER_SECOND = 20
BURST = 4
"""Updates that may follow each other at once after a rest; the others keep an even pace, so that no second
sees more than `UPDATES_PER_SECOND`."""
PACE = UPDATES_PER_SECOND - BURST
MESSAGES_PER_SECOND = 60
IDLE_AFTER = 2.0
"""Seconds without a change after which it polls less often."""
IDLE_PERIOD = 0.25


class Throttle:
    """Sends at most 20 updates and 60 messages a second, and an isolated change at once.

    Whatever happens between two looks arrives as one change: the source answers with what differs, not with
    a queue of events. Messages beyond the limit wait for the next look, which is not taken before they left;
    so nothing piles up. It looks by itself, and at once when it is told to (`wake`), within its bounds. It
    runs on its own thread, in the context of the cell that started it: messages keep that cell as their
    parent, and kernels that look it up find it.

    Parameters
    ----------
    poll : callable
        Returns the messages that say what has changed since it was called last; empty where nothing has.
    send : callable
        Takes content and buffers of one message.
    wanted : callable
        Whether there is anything left to wait for; the thread ends when it says no and nothing has changed.
    clock : callable
        Monotonic seconds.
    period : float
        Seconds between two looks of its own accord while there are changes; longer where whoever makes the
        changes wakes it.

    Examples
    --------
    >>> sent = []
    >>> changes = lambda: [({"kind": "run"}, [])]
    >>> throttle = Throttle(changes, lambda *message: sent.append(message), lambda: True)
    >>> throttle.step(now=0.0)
    0.05
    >>> len(sent)
    1
    """

    def __init__(
        self,
        poll: Callable[[], Iterable[Message]],
        send: Callable[[dict[str, Any], list[Any]], None],
        wanted: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        period: float = 1 / UPDATES_PER_SECOND,
    ) -> None:
        self._poll = poll
        self._send = send
        self._wanted = wanted
        self._clock = clock
        self._period = period
        self._waiting: deque[Message] = deque()
        self._sent: deque[float] = deque(maxlen=MESSAGES_PER_SECOND)
        self._changed = -IDLE_AFTER
        self._credit = float(BURST)
        self._credited_at = -float("inf")
        self._woken = threading.Event()
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._called = False

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self) -> None:
        """Start the thread if it is not running; one that is about to end goes on."""
        with self._guard:
            self._called = True
            if self.running and not self._stop.is_set():
                return
            self._stop = threading.Event()
            context = contextvars.copy_context()
            self._thread = threading.Thread(
                target=context.run, args=(self._run, self._stop), name="qaw-throttle", daemon=True
            )
            self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """End the thread; what was not sent by then stays unsent."""
        self._stop.set()
        self._woken.set()
        with self._guard:  # a thread that is being started cannot be joined
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def wake(self) -> None:
        """Look now rather than at the next turn; from any thread, never waits."""
        self._woken.set()

    def step(self, now: float) -> float:
        """Send what may be sent at a moment and return the seconds until the next look."""
        if not self._waiting and self._rest(now) == 0:
            self._waiting.extend(self._poll())
            if self._waiting:
                self._changed = now
                self._credit -= 1
        while self._waiting and self._may_send(now):
            self._sent.append(now)
            self._send(*self._waiting.popleft())
        busy = self._waiting or now - self._changed < IDLE_AFTER
        return max(self._period if busy else IDLE_PERIOD, self._rest(now))

    def _rest(self, now: float) -> float:
        """Return the seconds until another update may be sent."""
        self._credit = min(BURST, self._credit + (now - self._credited_at) * PACE)
        self._credited_at = now
        missing = 1 - self._credit
        return missing / PACE if missing > 1e-6 else 0.0

    def _may_send(self, now: float) -> bool:
        return len(self._sent) < MESSAGES_PER_SECOND or now - self._sent[0] >= 1.0

    def _ends(self, stop: threading.Event) -> bool:
        """Tell whether the thread may end: not where it was started anew during its last look."""
        with self._guard:
            if not self._called and self._stop is stop:
                self._thread = None
            return not self._called

    def _run(self, stop: threading.Event) -> None:
        """Look, send and wait until stopped; an error is said once and ends the thread, not the widget."""
        try:
            while not stop.is_set():
                self._called = False
                wanted = self._wanted()
                delay = self.step(self._clock())
                if not wanted and not self._waiting and self._ends(stop):
                    return
                self._woken.wait(delay)
                self._woken.clear()
                stop.wait(self._rest(self._clock()))
        except Exception:
            logger.exception("The display stopped moving; run the cell again to see the current state.")
