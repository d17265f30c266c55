"""The microphone in the browser: a widget that only sends, and the ways to get at its sound."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from ...audio.clip import AudioClip
from ...audio.resample import StreamResampler
from ...audio.units import SAMPLE_RATE, pcm16_to_float
from ...errors import AudioError
from ..capture import capture
from ..shared.assets import css, esm
from ..capture.messages import MessageError
from ..capture.report import CaptureReport
from ..capture.upload import FileOpened
from ..shared.comm import close_whole, free_of_subshell, kernel_is_live
from ..shared.locales import checked_lang

logger = logging.getLogger("qwen_asr_widgets")

QUEUE_CHUNKS = 6_000
"""Chunks (of 0.1 s) that may wait for whoever reads them: ten minutes."""


class Microphone(anywidget.AnyWidget):
    """Record in the browser and hand the sound to Python while it is being spoken.

    Sound comes as int16 mono at the device's own rate, 0.1 s at a time, also while a cell runs (with
    ipykernel 7 or newer; with older ones when the cell ends). The kernel never writes to this widget: what
    it has to say of the sound goes by the widget ``report``.

    Parameters
    ----------
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    heartbeat_timeout : float
        Seconds of silence after which a page that records counts as gone (reloaded, closed).

    Raises
    ------
    SettingError
        ``lang`` is no language of the interface.

    Examples
    --------
    >>> mic = Microphone()
    >>> mic                                       # doctest: +SKIP
    >>> for samples in mic.stream(16_000):        # doctest: +SKIP
    ...     print(len(samples))
    """

    _esm = esm("microphone/microphone.js")
    _css = css("microphone/microphone.css")
    lang = traitlets.Unicode("").tag(sync=True)
    uid = traitlets.Unicode().tag(sync=True)
    live_while_busy = traitlets.Bool().tag(sync=True)
    report = traitlets.Instance(CaptureReport, allow_none=True).tag(
        sync=True, **ipywidgets.widget_serialization
    )

    def __init__(self, *, lang: str = "", heartbeat_timeout: float = capture.HEARTBEAT_TIMEOUT) -> None:
        checked_lang(lang)
        about = {"uid": uuid.uuid4().hex, "live_while_busy": kernel_is_live(), "report": self._new_report()}
        super().__init__(lang=lang, **about)
        self._receiver = capture.CaptureReceiver(heartbeat_timeout)
        self._inbox: queue.Queue[tuple[Any, Sequence[Any], float]] = queue.Queue()
        self._subscribers: list[Callable[[capture.CaptureEvent], None]] = []
        self._lock = threading.Lock()
        self._throttle: threading.Thread | None = None
        self._complaints: set[str] = set()
        self._file: FileOpened | None = None
        self._problem: capture.CaptureProblem | None = None
        self._main_loop = _running_loop()
        self._beside_cells: bool | None = None
        free_of_subshell(self)
        self.on_msg(self._enqueue)

    @property
    def session(self) -> capture.CaptureSession | None:
        """The recording under way, else the last one: its rate, settings, length and lost chunks."""
        return self._receiver.session

    @property
    def state(self) -> str:
        """``"idle"`` before the first recording, then ``"recording"``, ``"paused"`` or how it ended."""
        session = self.session
        return "idle" if session is None else session.ended_by or session.state

    @property
    def hears_beside_cells(self) -> bool:
        """Whether sound arrives while a cell runs: as the pages' last message did, else as kernels of this
        version can.
        """
        return self.live_while_busy if self._beside_cells is None else self._beside_cells

    @property
    def problem(self) -> capture.CaptureProblem | None:
        """What last kept a page from recording, as the widget shows it."""
        return self._problem

    def file_clip(self) -> AudioClip:
        """Decode the last file chosen with "Open a file…", the way on for those who cannot record.

        Raises
        ------
        AudioError
            No file was chosen yet, or it holds no sound.

        Examples
        --------
        >>> Microphone().file_clip()
        Traceback (most recent call last):
        ...
        qwen_asr_widgets.errors.AudioError: No file has been opened in the widget yet.
        """
        if self._file is None:
            raise AudioError("No file has been opened in the widget yet.")
        return AudioClip.load(self._file.data)

    def subscribe(self, callback: Callable[[capture.CaptureEvent], None]) -> Callable[[], None]:
        """Call ``callback`` with every `CaptureEvent`, on the widget's own thread.

        Returns
        -------
        callable
            Ends the subscription; may be called twice.
        """
        with self._lock:
            self._subscribers = [*self._subscribers, callback]

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = [other for other in self._subscribers if other is not callback]

        return unsubscribe

    def chunks(self) -> Iterator[NDArray[np.int16]]:
        """Iterate over the sound at the device's rate: waits for a recording, ends with it.

        A recording under way is joined where it is at the first ``next``. Lost chunks are zeros.

        Raises
        ------
        AudioError
            The kernel is too old for sound to arrive while the loop runs, or the loop fell ten minutes
            behind.
        """
        return (chunk.samples for chunk in self._events_of_one_recording())

    def stream(self, sample_rate: int = SAMPLE_RATE) -> Iterator[NDArray[np.int16]]:
        """Iterate over the sound at a session's rate, resampled as it comes and flushed at the end.

        Sample ``k`` stands for the moment ``k / sample_rate`` after the first one. Raises as `chunks` does.
        """
        resampler: StreamResampler | None = None
        for chunk in self._events_of_one_recording():
            if resampler is None:
                resampler = StreamResampler(chunk.session.sample_rate, sample_rate)
            yield resampler.push(chunk.samples)
        if resampler is not None:
            yield resampler.flush()

    def record(self) -> AudioClip:
        """Wait for a recording and return it whole, at the device's rate. Raises as `chunks` does.

        Raises
        ------
        AudioError
            The recording ended before its first sample, besides the reasons of `chunks`.
        """
        pieces = list(self.chunks())
        session = self.session
        if not pieces or session is None:
            raise AudioError("The recording ended before its first sample.")
        return AudioClip(pcm16_to_float(np.concatenate(pieces)), session.sample_rate)

    def close(self) -> None:
        """Take the widget off the page and let its thread end."""
        self._subscribers = []
        close_whole(self, *filter(None, [self.report]))

    def _new_report(self) -> CaptureReport | None:
        return CaptureReport()

    def _events_of_one_recording(self) -> Iterator[capture.CaptureChunk]:
        if not self.hears_beside_cells and threading.current_thread() is threading.main_thread():
            raise AudioError(
                "Here no sound arrives while a cell runs, so this loop would never end. Use "
                "mic.subscribe(callback), or ipykernel 7 or newer with JupyterLab 4.4 or newer."
            )
        return self._follow()

    def _follow(self) -> Iterator[capture.CaptureChunk]:
        waiting: queue.Queue[capture.CaptureEvent] = queue.Queue()
        behind = threading.Event()

        def take(event: capture.CaptureEvent) -> None:
            if waiting.qsize() < QUEUE_CHUNKS and not behind.is_set():
                waiting.put(event)
            else:
                behind.set()

        unsubscribe = self.subscribe(take)
        try:
            while True:
                event = waiting.get()
                if behind.is_set():
                    raise AudioError("The loop over the microphone fell ten minutes behind the recording.")
                if isinstance(event, capture.CaptureChunk):
                    yield event
                elif isinstance(event, capture.CaptureEnded):
                    return
        finally:
            unsubscribe()

    def _enqueue(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        """Take a message from the kernel's thread and return at once.

        A chunk that finds ten minutes of them waiting is refused, and counts as lost.
        """
        self._beside_cells = threading.current_thread() is not threading.main_thread()
        chunk = isinstance(content, dict) and content.get("kind") == "chunk"
        if chunk and self._inbox.qsize() >= QUEUE_CHUNKS:
            return
        with self._lock:
            self._inbox.put((content, buffers, time.monotonic()))
            if self._throttle is None:
                # Subscribers may write traits, for which some kernels look up the cell in the context.
                run = contextvars.copy_context().run
                self._throttle = threading.Thread(
                    target=run, args=(self._run,), name="qaw-microphone", daemon=True
                )
                self._throttle.start()

    def _run(self) -> None:
        """Hand messages on until none waits and nothing is left that silence could end."""
        every = self._receiver.heartbeat_timeout / 5
        judged = time.monotonic()
        while True:
            try:
                content, buffers, now = self._inbox.get(timeout=every)
            except queue.Empty:
                pass
            else:
                self._deliver(self._received(content, buffers, now))
                self._guarded(self._tell_way, "the report")
            if not self._inbox.empty() or time.monotonic() - judged < every:
                continue
            self._deliver(self._receiver.tick(time.monotonic()) if self._may_judge() else [])
            judged = time.monotonic()
            with self._lock:
                if self._inbox.empty() and (not self._receiver.waits or self.comm is None):
                    self._throttle = None
                    return

    def _received(self, content: Any, buffers: Sequence[Any], now: float) -> list[capture.CaptureEvent]:
        """Read a message; what no page says is dropped, and logged the first time it is wrong in that way."""
        try:
            return self._receiver.receive(content, buffers, now)
        except MessageError as error:
            if error.about not in self._complaints:
                self._complaints.add(error.about)
                logger.warning("a message to the microphone was dropped: %s", error)
            return []

    def _may_judge(self) -> bool:
        """Whether silence means that the page is gone: it may also be a cell that runs."""
        if self.hears_beside_cells or self._main_loop is None or self._main_loop.is_closed():
            return True
        answered = threading.Event()
        self._main_loop.call_soon_threadsafe(answered.set)
        return answered.wait(timeout=1.0) and self._inbox.empty()

    def _deliver(self, events: list[capture.CaptureEvent]) -> None:
        for event in events:
            if isinstance(event, capture.CaptureProblem):
                self._problem = event
            elif isinstance(event, FileOpened):
                self._file = event
            for subscriber in (self._tell_pages, *self._subscribers):
                self._guarded(partial(subscriber, event), type(event).__name__)

    def _guarded(self, call: Callable[[], None], what: str) -> None:
        """Let nothing that is raised, not even by ``sys.exit``, end the thread that serves the others too."""
        try:
            call()
        except BaseException:
            logger.exception("a subscriber of the microphone failed on %s", what)

    def _tell_pages(self, event: capture.CaptureEvent) -> None:
        if self.report is not None:
            self.report.take(event)

    def _tell_way(self) -> None:
        if self.report is not None:
            self.report.beside_cells = self._beside_cells


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
