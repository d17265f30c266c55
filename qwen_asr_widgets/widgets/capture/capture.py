"""The state of a recording made in a browser, sans-I/O: messages and times go in, events come out.

Messages (`capture.messages`) and times go into a `CaptureReceiver`, frozen events come out. A chunk that the
browser numbered but that never came stands as zeros in the stream, so that the timeline stays true, and is
listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shared.commands import Bare, MessageError
from .messages import (
    BeatMessage, ChunkMessage, ForgetMessage, PackedMessage, PauseMessage, ProblemMessage, RecordingMessage,
    ResumeMessage, SliceMessage, StartMessage, StopMessage, parse,
)
from .packed import unpacked
from .upload import FileArriving, FileOpened, Uploads, UploadError

HEARTBEAT_TIMEOUT = 5.0
"""Seconds without a message after which a page that records counts as gone; it sends ten a second."""

LEAP_LIMIT = 36_000
"""Chunks (of 0.1 s) that may be lost at once: an hour. A larger leap in the numbers is refused."""

AHEAD_CHUNKS = 6_000
"""Chunks that may wait for one before them, ten minutes: as many as a page keeps to send them again."""

AGAIN_SECONDS = 30.0
"""Seconds that missing chunks are waited for while their page is heard: then they count as lost."""

TOLD_EVERY = 0.5
"""Seconds between two reports of what has come; a page keeps its chunks until then."""

FILL_CHUNKS = 100
"""Chunks for which one event gives zeros; a longer gap is several events that share their samples."""


@dataclass
class CaptureSession:
    """One recording of one page, from the click on Record to its end.

    Attributes
    ----------
    id, client : str
        This recording, and the page that makes it (a second tab has another one).
    sample_rate : int
        Hz, the browser's own; never changes within a session.
    label : str
        The device's name.
    settings : Mapping
        What the track really does: ``echoCancellation``, ``noiseSuppression``, ``autoGainControl``,
        ``channelCount``, ``deviceSampleRate``; None where the browser does not say.
    asked : Mapping
        The processing that was asked for.
    start_delay : float or None
        Seconds from the click to the first sample, as the browser measured them.
    begins_at : int
        Samples before the first one here, which another kernel has taken.
    samples : int
        Length so far at ``sample_rate``, zeros for lost chunks included.
    received, lost, late : int
        Chunks that came; that never came; that came twice or after their place was given up.
    away : bool
        Nothing has been heard of the page for some seconds; what it records meanwhile may still come.
    gaps : list of (int, int)
        Sample ranges that are zeros because their chunks were lost.
    opus_from : int or None
        Sample from which on sound came as Opus, because the page's line is slow.
    state : str
        ``"recording"``, ``"paused"`` or ``"ended"``.
    ended_by : str or None
        ``"stopped"``, ``"closed"`` (the view), ``"unplugged"``, ``"interrupted"`` (reload, closed tab,
        lost connection) or ``"kernel"`` (the browser could not reach it).
    """

    id: str
    client: str
    sample_rate: int
    label: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    start_delay: float | None = None
    begins_at: int = 0
    samples: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0
    away: bool = False
    gaps: list[tuple[int, int]] = field(default_factory=list)
    opus_from: int | None = None
    state: str = "recording"
    ended_by: str | None = None

    @property
    def duration(self) -> float:
        """Seconds recorded so far."""
        return self.samples / self.sample_rate


@dataclass(frozen=True)
class CaptureStarted:
    """A page began to record."""

    session: CaptureSession


@dataclass(frozen=True, eq=False)
class CaptureChunk:
    """Samples in order: the next ones of their session, without a hole.

    Attributes
    ----------
    samples : ndarray of int16, shape (n,)
        Mono at the session's rate; zeros where ``lost`` is True.
    start : int
        Index of the first sample in its session.
    peak : float
        Largest magnitude, in [0, 1].
    received_at : float
        Monotonic seconds at which the kernel got it.
    following : int
        Number of the chunk that comes next.
    lost : bool
        These stand for chunks that never came.
    """

    session: CaptureSession
    samples: NDArray[np.int16]
    start: int
    peak: float
    received_at: float
    following: int
    lost: bool = False


@dataclass(frozen=True)
class CaptureHeard:
    """What has come of a recording, and what of it its page need not keep any longer.

    Attributes
    ----------
    chunks : int
        All chunks before this number have come, or were given up.
    upto : int or None
        The number of the first that came out of its turn: those from ``chunks`` on are missing.
    over : bool
        Whether the recording is over: nothing more of it is waited for.
    safe : int or None
        The page need not keep chunks before this number; None: before ``chunks``.
    """

    session: CaptureSession
    chunks: int
    upto: int | None = None
    over: bool = False
    safe: int | None = None


@dataclass(frozen=True)
class CapturePaused:
    """The recording was paused (or goes on, if ``resumed``) at sample ``at``."""

    session: CaptureSession
    at: int
    resumed: bool = False


@dataclass(frozen=True)
class CaptureEnded:
    """The recording is over; no chunk of it follows, unless an interrupted page comes back."""

    session: CaptureSession
    reason: str


@dataclass(frozen=True)
class CaptureProblem:
    """What kept a page from recording, or the kernel from taking what it sent.

    Attributes
    ----------
    code, detail : str
        A code as in ``capture/capture.js``, and its words.
    client : str
        The page.
    shown : bool
        Whether the page said so, and shows it; else it is the kernel that found it.
    """

    code: str
    detail: str
    client: str
    shown: bool = False


CaptureEvent = (
    CaptureStarted | CaptureChunk | CaptureHeard | CapturePaused | CaptureEnded | CaptureProblem
    | FileArriving | FileOpened
)


class CaptureReceiver:
    """Turn the messages of all pages that show one widget into events of one recording at a time.

    Parameters
    ----------
    heartbeat_timeout : float
        Seconds of silence after which a page that records counts as away.
    patience : float
        Seconds more that a page is waited for which is away: then its recording is over. It may still come
        back and go on.

    Attributes
    ----------
    session : CaptureSession or None
        The recording under way, else the last one.
    refused : int
        Chunks of pages that recorded while another one did (other browsers: tabs settle it themselves).
    """

    def __init__(self, heartbeat_timeout: float = HEARTBEAT_TIMEOUT, patience: float = 0.0) -> None:
        self.heartbeat_timeout = heartbeat_timeout
        self.patience = patience
        self.session: CaptureSession | None = None
        self.refused = 0
        self._browser = ""
        self._expected = 0
        self._chunk_length = 0
        self._ahead: dict[int, ChunkMessage] = {}
        self._stop_message: StopMessage | None = None
        self._keeps = False
        self._sent_upto = 0
        self._heard_at = self._told_at = self._missing_since = 0.0
        self._refused_sessions: set[str] = set()
        self._uploads = Uploads()

    @property
    def active(self) -> bool:
        """Whether a recording is under way (paused ones included)."""
        return self.session is not None and self.session.state != "ended"

    @property
    def waits(self) -> bool:
        """Whether `tick` has anything to watch: a recording under way, or a file on its way."""
        return self.active or len(self._uploads) > 0

    def receive(self, content: Any, buffers: Sequence[Any], now: float) -> list[CaptureEvent]:
        """Take one message of a page at the monotonic time ``now``.

        Raises
        ------
        MessageError
            No page says such a thing; nothing has changed.
        """
        message = parse(content, buffers)
        if isinstance(message, Bare):
            return []
        if isinstance(message, PackedMessage):
            return self._packed(message, now)
        if isinstance(message, SliceMessage):
            return self._file(message, now)
        if isinstance(message, ForgetMessage):
            self._uploads.forget(message.upload)
            return []
        if isinstance(message, ProblemMessage):
            return [CaptureProblem(message.code, message.detail, message.client, shown=True)]
        return self._recorded(message, now)

    def _packed(self, message: PackedMessage, now: float) -> list[CaptureEvent]:
        session = self.session
        if session is not None and session.id == message.session and session.opus_from is None:
            session.opus_from = session.samples
        return [event for chunk in unpacked(message) for event in self._recorded(chunk, now)]

    def _recorded(self, message: RecordingMessage, now: float) -> list[CaptureEvent]:
        """Take what belongs to one recording."""
        events = self._made_way(message, now)
        if not self._is_ours(message):
            return self._refuse(message)
        self._check_leap(message)
        events += self._opened(message)
        self._note_heard(now)
        if isinstance(message, ChunkMessage):
            events += self._chunk(message, now)
        elif isinstance(message, (PauseMessage, ResumeMessage)):
            events += self._pause(isinstance(message, ResumeMessage))
        elif isinstance(message, StopMessage):
            events += self._stop(message, now)
        if isinstance(message, (BeatMessage, StopMessage)) and message.upto is not None:
            self._sent_upto = message.upto
        return [*events, *self._impatient(now), *self._told(message, now)]

    def tick(self, now: float) -> list[CaptureEvent]:
        """End the recording of a page that has been silent for too long, and drop files that do not go on."""
        events: list[CaptureEvent] = [_not_opened(error) for error in self._uploads.drop_late(now)]
        silent = now - self._heard_at
        if not self.active or silent <= self.heartbeat_timeout:
            return events
        if silent > self.heartbeat_timeout + self._patience:
            return events + self.give_up(now)
        self._running().away = True
        return events

    @property
    def _patience(self) -> float:
        """Seconds that a page is waited for: one that was left may be opened again, with what it kept."""
        stop = self._stop_message
        is_left = stop is None or stop.reason == "interrupted"
        return self.patience if is_left else min(self.patience, AGAIN_SECONDS)

    def give_up(self, now: float) -> list[CaptureEvent]:
        """End the recording under way with what has come: its page is not waited for."""
        if not self.active:
            return []
        stop = self._stop_message
        upto = max([0, *self._ahead]) + 1 if stop is None else stop.chunks
        came = self._in_order(upto if self._ahead or stop else 0, now)
        return [*came, *self._end("interrupted" if stop is None else stop.reason)]

    def _note_heard(self, now: float) -> None:
        self._heard_at = now
        if self.session is not None:
            self.session.away = False

    def _told(self, message: RecordingMessage, now: float) -> list[CaptureEvent]:
        """Say what has come to a page that keeps it until then: now and then, and at the end."""
        over = isinstance(message, StopMessage) and message.held is not None
        due = isinstance(message, (ChunkMessage, BeatMessage)) and now - self._told_at >= TOLD_EVERY
        if not self._is_known(message) or not (over or (self._keeps and due)):
            return []
        self._told_at = now
        return [CaptureHeard(self._running(), self._expected, self._missing_upto(), not self.active)]

    def _made_way(self, message: RecordingMessage, now: float) -> list[CaptureEvent]:
        """End the recording of a page that is gone: another one of its browser has got the lock."""
        if not isinstance(message, StartMessage) or self._is_ours(message) or not message.browser:
            return []
        return self.give_up(now) if message.browser == self._browser else []

    def _is_ours(self, message: RecordingMessage) -> bool:
        return not self.active or self._running().id == message.session

    def _refuse(self, message: RecordingMessage) -> list[CaptureEvent]:
        self.refused += isinstance(message, ChunkMessage)
        if message.session in self._refused_sessions or not isinstance(message, (StartMessage, ChunkMessage)):
            return []
        self._refused_sessions.add(message.session)
        detail = "another browser records with this widget already; its sound is not taken"
        return [CaptureProblem("othertab", detail, message.client)]

    def _check_leap(self, message: RecordingMessage) -> None:
        expected = self._expected if self._is_known(message) else 0
        count = 0
        if isinstance(message, (ChunkMessage, StopMessage)):
            count = message.seq if isinstance(message, ChunkMessage) else message.chunks
        if count - expected > LEAP_LIMIT:
            raise MessageError("leap", f"from chunk {expected} to {count}, more than {LEAP_LIMIT} at once")

    def _is_known(self, message: RecordingMessage) -> bool:
        return self.session is not None and self.session.id == message.session

    def _opened(self, message: RecordingMessage) -> list[CaptureEvent]:
        """Open a session, or go on with one that was given up and whose page is back."""
        session = self.session
        if session is not None and self._is_known(message):
            given_up = session.state == "ended" and session.ended_by == "interrupted"
            if not given_up or isinstance(message, StopMessage):
                return []
            session.state, session.ended_by = "recording", None
            return [CaptureStarted(session)]
        if not isinstance(message, (StartMessage, ChunkMessage)):
            return []
        self._expected = message.first if isinstance(message, StartMessage) else 0
        self._ahead, self._stop_message, self._keeps, self._sent_upto = {}, None, False, 0
        self._chunk_length = round(message.rate / 10)
        session = self.session = CaptureSession(message.session, message.client, message.rate)
        self._browser = ""
        if isinstance(message, StartMessage):
            self._browser = message.browser
            session.label, session.start_delay = message.label, message.start_delay
            session.settings, session.asked = message.settings, message.asked
            session.begins_at = message.at
        return [CaptureStarted(session)]

    def _chunk(self, message: ChunkMessage, now: float) -> list[CaptureEvent]:
        if message.seq < self._expected or message.seq in self._ahead:
            self._running().late += 1
            return []
        if not self._ahead:
            self._missing_since = now
        self._ahead[message.seq] = message
        self._keeps = message.held is not None
        full = len(self._ahead) > AHEAD_CHUNKS
        sure = message.seq if full or message.held is None else min(message.held, message.seq)
        return [*self._in_order(sure, now), *self._ended_in_order()]

    def _in_order(self, lost_before: int, now: float) -> list[CaptureEvent]:
        """Hand on what has come, up to the first gap; none before ``lost_before`` is waited for."""
        events: list[CaptureEvent] = []
        while self._expected < lost_before or self._expected in self._ahead:
            message = self._ahead.pop(self._expected, None)
            if message is None:
                events += self._fill(min([lost_before, *self._ahead]), now)
                continue
            self._running().received += 1
            self._expected += 1
            self._missing_since = now
            events.append(self._appended(message.samples, message.peak, now, self._expected))
        return events

    def _impatient(self, now: float) -> list[CaptureEvent]:
        """Count chunks as lost that are missing for `AGAIN_SECONDS` though their page sends others."""
        upto = self._missing_upto()
        if upto is None or now - self._missing_since <= AGAIN_SECONDS:
            return []
        return [*self._in_order(upto, now), *self._ended_in_order()]

    def _missing_upto(self) -> int | None:
        """Return the number of the chunk before which some are missing; None where none is.

        Those that its page has said it sent before that word and that have not come are missing; others of a
        recording that is over may still be on their way.
        """
        if self._ahead:
            return min(self._ahead)
        stop = self._stop_message
        sent = self._sent_upto if stop is None or stop.upto is not None else stop.chunks
        return sent if sent > self._expected else None

    def _fill(self, until: int, now: float) -> list[CaptureEvent]:
        """Put zeros where the chunks from the expected one up to ``until`` should have been."""
        missing = until - self._expected
        session = self._running()
        session.lost += missing
        session.gaps.append((session.samples, session.samples + missing * self._chunk_length))
        self._expected = until
        zeros = np.zeros(min(missing, FILL_CHUNKS) * self._chunk_length, np.int16)
        zeros.setflags(write=False)
        events: list[CaptureEvent] = []
        for start in range(until - missing, until, FILL_CHUNKS):
            stop = min(start + FILL_CHUNKS, until)
            samples = zeros[: (stop - start) * self._chunk_length]
            events.append(self._appended(samples, 0.0, now, stop, lost=True))
        return events

    def _appended(
        self, samples: NDArray[np.int16], peak: float, now: float, following: int, lost: bool = False
    ) -> CaptureChunk:
        session = self._running()
        start = session.samples
        session.samples += len(samples)
        return CaptureChunk(session, samples, start, peak, now, following, lost)

    def _pause(self, resumed: bool) -> list[CaptureEvent]:
        if not self.active:
            return []
        session = self._running()
        session.state = "recording" if resumed else "paused"
        return [CapturePaused(session, session.samples, resumed)]

    def _stop(self, message: StopMessage, now: float) -> list[CaptureEvent]:
        """End the recording, once what its page can still send has come."""
        if not self.active:
            return []
        if not self._ahead and self._stop_message is None:
            self._missing_since = now
        self._stop_message = message
        sure = message.chunks if message.held is None else min(message.held, message.chunks)
        return [*self._in_order(sure, now), *self._ended_in_order()]

    def _ended_in_order(self) -> list[CaptureEvent]:
        stop = self._stop_message
        return self._end(stop.reason) if stop is not None and self._expected >= stop.chunks else []

    def _end(self, reason: str) -> list[CaptureEvent]:
        session = self._running()
        session.state, session.ended_by, session.away = "ended", reason, False
        self._ahead, self._stop_message = {}, None
        return [CaptureEnded(session, reason)]

    def _running(self) -> CaptureSession:
        if self.session is None:
            raise RuntimeError("no recording is under way")
        return self.session

    def _file(self, part: SliceMessage, now: float) -> list[CaptureEvent]:
        try:
            data = self._uploads.take(part, now)
        except UploadError as error:
            return [_not_opened(error)]
        if data is not None:
            return [FileOpened(part.name, data, part.client, part.upload)]
        held = self._uploads.held(part.upload)
        return [FileArriving(part.client, part.upload, held, part.size)] if held else []


def _not_opened(error: UploadError) -> CaptureProblem:
    return CaptureProblem(error.code, str(error), error.client)
