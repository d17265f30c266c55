"""The microphone in the browser: a widget that only sends, and the ways to get at its sound."""

from __future__ import annotations

import math
import queue
import threading
import uuid
from collections.abc import Callable, Iterator

import ipywidgets
import numpy as np
import traitlets
from numpy.typing import NDArray

from ...audio.clip import AudioClip
from ...audio.opus import can_encode_opus
from ...audio.resample import StreamResampler
from ...audio.units import SAMPLE_RATE, pcm16_to_float
from ...arguments import checked_keywords
from ...errors import AudioError, SettingError
from ..capture.capture import (
    HEARTBEAT_TIMEOUT, CaptureChunk, CaptureEnded, CaptureEvent, CaptureHeard, CaptureProblem,
    CaptureSession, CaptureStarted,
)
from ..shared.assets import css, esm
from ..shared.comm import close_whole, free_of_subshell, kernel_is_live
from ..shared.locales import checked_lang
from ..shared.view_widget import BaseWidget
from .inbox import QUEUE_CHUNKS, CaptureInbox


class CaptureReport(ipywidgets.Widget):
    """Tells the pages of a microphone what became of their sound: the microphone itself is never written to.

    Each page compares ``client`` with its own identity and shows nothing of another page's recording.

    Attributes
    ----------
    client : str
        The page whose recording is spoken of.
    lost, lost_seconds : int, float
        Chunks of it that never came, and how long they were.
    beside_cells : bool or None
        Whether messages arrive while a cell runs, as the last one did or did not; None before the first.
    heard : dict
        What has come of a recording, and what of it its page need not keep: ``session``, ``chunks``,
        ``upto``, ``over`` and ``safe`` as in `CaptureHeard`; empty before the first.
    problem : dict
        What the kernel could not take last, empty before the first: ``client`` (the page), ``code`` as in
        ``capture/capture.js``, ``detail``, and a ``number`` that tells it from the one before.
    """

    client = traitlets.Unicode("").tag(sync=True)
    lost = traitlets.Int(0).tag(sync=True)
    lost_seconds = traitlets.Float(0.0).tag(sync=True)
    beside_cells = traitlets.Bool(None, allow_none=True).tag(sync=True)
    heard = traitlets.Dict().tag(sync=True)
    problem = traitlets.Dict().tag(sync=True)

    def take(self, event: CaptureEvent) -> None:
        """Say what an event changes."""
        if isinstance(event, CaptureProblem):
            if not event.shown:
                number = self.problem.get("number", 0) + 1
                told = {"code": event.code, "detail": event.detail, "client": event.client, "number": number}
                self.problem = told
        elif isinstance(event, CaptureHeard):
            self.heard = heard_state(event)
        elif isinstance(event, CaptureStarted):
            self._count(event.session)
        elif isinstance(event, CaptureChunk) and event.lost:
            self._count(event.session)

    def take_way(self, beside_cells: bool) -> None:
        """Say whether messages arrive while a cell runs."""
        self.beside_cells = beside_cells

    def _count(self, session: CaptureSession) -> None:
        lost = sum(stop - start for start, stop in session.gaps) / session.sample_rate
        with self.hold_sync():
            self.client, self.lost, self.lost_seconds = session.client, session.lost, round(lost, 2)


def heard_state(event: CaptureHeard) -> dict[str, str | int | None]:
    """Return how much of a page's recording has arrived, and whether Opus is read, as a message for it."""
    return {
        "session": event.session.id, "chunks": event.chunks, "upto": event.upto, "over": event.over,
        "safe": event.chunks if event.safe is None else event.safe, "opus": can_encode_opus(),
    }


@checked_keywords
class Microphone(BaseWidget):
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
        ``lang`` is no language of the interface, or ``heartbeat_timeout`` no number of seconds.

    Examples
    --------
    >>> mic = Microphone()
    >>> mic                                       # doctest: +SKIP
    >>> for samples in mic.stream(16_000):        # doctest: +SKIP
    ...     print(len(samples))
    """

    _esm = esm("microphone/microphone.js")
    _css = css("microphone/microphone.css")
    uid = traitlets.Unicode().tag(sync=True, internal=True)
    live_while_busy = traitlets.Bool().tag(sync=True, internal=True)
    report = traitlets.Instance(CaptureReport, allow_none=True).tag(
        sync=True, internal=True, **ipywidgets.widget_serialization
    )

    def __init__(self, *, lang: str = "", heartbeat_timeout: float = HEARTBEAT_TIMEOUT) -> None:
        checked_lang(lang)  # before anything else is made
        if not isinstance(heartbeat_timeout, (int, float)) or not 0 < heartbeat_timeout < math.inf:
            raise SettingError(
                f"heartbeat_timeout is {heartbeat_timeout!r}; give seconds above 0.", "heartbeat_timeout"
            )
        uid, report = uuid.uuid4().hex, self._new_report()
        super().__init__(lang, uid=uid, live_while_busy=kernel_is_live(), report=report)
        self.inbox = CaptureInbox(
            uid[:8], heartbeat_timeout, lambda: self.comm is not None,
            *([report.take_way] if report is not None else []),
        )
        if report is not None:
            self.inbox.subscribe(report.take)
        free_of_subshell(self)
        self.on_msg(lambda _, content, buffers: self.inbox.take(content, buffers))

    @property
    def session(self) -> CaptureSession | None:
        """The recording under way, else the last one: its rate, settings, length and lost chunks."""
        return self.inbox.receiver.session

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
        beside = self.inbox.beside_cells
        return self.live_while_busy if beside is None else beside

    @property
    def problem(self) -> CaptureProblem | None:
        """What last kept a page from recording, as the widget shows it."""
        return self.inbox.problem

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
        if self.inbox.file is None:
            raise AudioError("No file has been opened in the widget yet.")
        return AudioClip.load(self.inbox.file.data)

    def subscribe(self, callback: Callable[[CaptureEvent], None]) -> Callable[[], None]:
        """Call ``callback`` with every `CaptureEvent`, on the widget's own thread.

        Returns
        -------
        callable
            Ends the subscription; may be called twice.
        """
        return self.inbox.subscribe(callback)

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
        if hasattr(self, "inbox"):  # not there where a setting was refused
            self.inbox.clear()
        close_whole(self, *filter(None, [self.report]))

    def _new_report(self) -> CaptureReport | None:
        return CaptureReport()

    def _events_of_one_recording(self) -> Iterator[CaptureChunk]:
        if not self.hears_beside_cells and threading.current_thread() is threading.main_thread():
            raise AudioError(
                "Here no sound arrives while a cell runs, so this loop would never end. Use "
                "mic.subscribe(callback), or ipykernel 7 or newer with JupyterLab 4.4 or newer."
            )
        return self._follow()

    def _follow(self) -> Iterator[CaptureChunk]:
        waiting: queue.Queue[CaptureEvent] = queue.Queue()
        behind = threading.Event()

        def take(event: CaptureEvent) -> None:
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
                if isinstance(event, CaptureChunk):
                    yield event
                elif isinstance(event, CaptureEnded):
                    return
        finally:
            unsubscribe()

    def _about(self) -> str:
        session = self.session
        return self.state if session is None else f"{self.state}, {session.duration:.1f} s"


class Uplink(Microphone):
    """Carries what a page records to Python, for widgets that the kernel also writes to; shows nothing.

    Parameters
    ----------
    lang : str
        As of the microphone.
    patience : float
        Seconds that a page is waited for of which nothing is heard; see `CaptureReceiver`.
    """

    _esm = "export default { render() {} };"
    _css = ""

    def __init__(self, *, lang: str = "", patience: float = 0.0) -> None:
        super().__init__(lang=lang)
        self.inbox.receiver.patience = patience

    def _new_report(self) -> None:
        """Leave it to the widget that the kernel writes to."""
