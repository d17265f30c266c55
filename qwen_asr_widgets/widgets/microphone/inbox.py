"""What pages say to a microphone, taken from the kernel's thread and handed on, as events, on another."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..capture.capture import CaptureEvent, CaptureProblem, CaptureReceiver
from ..capture.upload import FileOpened
from ..shared.commands import Complaints, MessageError

logger = logging.getLogger("qwen_asr_widgets")

QUEUE_CHUNKS = 6_000
"""Chunks (of 0.1 s) that may wait for whoever reads them: ten minutes."""

Subscriber = Callable[[CaptureEvent], None]

_GIVE_UP = object()
"""In the queue of messages: what no page says."""


class CaptureInbox:
    """Queues the messages of all pages and calls the subscribers with what they mean; knows no comm.

    The thread that calls them runs only while there is something to hand on or to wait for. It runs in the
    context of the cell that sent the first message: subscribers may write traits, for which some kernels look
    up the cell in the context.

    Parameters
    ----------
    name : str
        Ends the name of the thread, which begins with ``qaw-microphone``.
    heartbeat_timeout : float
        Seconds of silence after which a page that records counts as gone.
    is_open : callable
        Tells whether the widget was not closed.
    taken : callable
        Told, on the inbox's thread, after each message whether it came beside the cells.

    Attributes
    ----------
    receiver : CaptureReceiver
        The recording under way and the files on their way.
    beside_cells : bool or None
        Whether messages arrive while a cell runs, as the last one did or did not; None before the first.
    problem : CaptureProblem or None
        What last kept a page from recording.
    file : FileOpened or None
        The last file that a page has sent.

    Examples
    --------
    >>> inbox, heard = CaptureInbox("", 5.0), threading.Event()
    >>> unsubscribe = inbox.subscribe(lambda event: heard.set())
    >>> inbox.take({"kind": "problem", "client": "page", "code": "denied"})
    >>> heard.wait(5), inbox.problem.code
    (True, 'denied')
    """

    def __init__(
        self, name: str, heartbeat_timeout: float, is_open: Callable[[], bool] = lambda: True,
        taken: Callable[[bool], None] = lambda beside: None,
    ) -> None:
        self.receiver = CaptureReceiver(heartbeat_timeout)
        self.beside_cells: bool | None = None
        self.problem: CaptureProblem | None = None
        self.file: FileOpened | None = None
        self._name = name
        self._is_open = is_open
        self._taken = taken
        self._waiting: queue.Queue[tuple[Any, Sequence[Any], float]] = queue.Queue()
        self._subscribers: tuple[Subscriber, ...] = ()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._complaints = Complaints("microphone")
        self._main_loop = _running_loop()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call ``callback`` with every event; return what ends that, which may be called twice."""
        with self._lock:
            self._subscribers = (*self._subscribers, callback)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(one for one in self._subscribers if one is not callback)

        return unsubscribe

    def clear(self) -> None:
        """Forget the subscribers."""
        with self._lock:
            self._subscribers = ()

    def take(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Take a message on the kernel's thread and return at once.

        A chunk that finds ten minutes of them waiting is refused, and counts as lost.
        """
        self.beside_cells = threading.current_thread() is not threading.main_thread()
        chunk = isinstance(content, dict) and content.get("kind") == "chunk"
        if not chunk or self._waiting.qsize() < QUEUE_CHUNKS:
            self._put(content, buffers)

    def _put(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        with self._lock:
            self._waiting.put((content, buffers, time.monotonic()))
            if self._thread is None:
                run = contextvars.copy_context().run
                self._thread = threading.Thread(
                    target=run, args=(self._run,), name=f"qaw-microphone-{self._name}", daemon=True
                )
                self._thread.start()

    def give_up(self) -> None:
        """End the recording of a page that is away, with what has come; see `CaptureReceiver.give_up`."""
        self._put(_GIVE_UP)

    def _run(self) -> None:
        """Hand messages on until none waits and nothing is left that silence could end."""
        every = self.receiver.heartbeat_timeout / 5
        judged = time.monotonic()
        while True:
            try:
                content, buffers, now = self._waiting.get(timeout=every)
            except queue.Empty:
                pass
            else:
                self._deliver(self._received(content, buffers, now))
                self._guarded(partial(self._taken, bool(self.beside_cells)), "the report")
            if not self._waiting.empty() or time.monotonic() - judged < every:
                continue
            self._deliver(self.receiver.tick(time.monotonic()) if self._may_judge() else [])
            judged = time.monotonic()
            with self._lock:
                if self._waiting.empty() and (not self.receiver.waits or not self._is_open()):
                    self._thread = None
                    return

    def _received(self, content: Any, buffers: Sequence[Any], now: float) -> list[CaptureEvent]:
        if content is _GIVE_UP:
            return self.receiver.give_up(now)
        try:
            return self.receiver.receive(content, buffers, now)
        except MessageError as error:
            self._complaints.take(error)
            return []

    def _may_judge(self) -> bool:
        """Whether silence means that the page is gone: it may also be a cell that runs."""
        if self.beside_cells or self._main_loop is None or self._main_loop.is_closed():
            return True
        answered = threading.Event()
        self._main_loop.call_soon_threadsafe(answered.set)
        return answered.wait(timeout=1.0) and self._waiting.empty()

    def _deliver(self, events: list[CaptureEvent]) -> None:
        for event in events:
            if isinstance(event, CaptureProblem):
                self.problem = event
            elif isinstance(event, FileOpened):
                self.file = event
            for subscriber in self._subscribers:
                self._guarded(partial(subscriber, event), type(event).__name__)

    def _guarded(self, call: Callable[[], None], what: str) -> None:
        """Let nothing that is raised, not even by ``sys.exit``, end the thread that serves the others too."""
        try:
            call()
        except BaseException:
            logger.exception("a subscriber of the microphone failed on %s", what)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
