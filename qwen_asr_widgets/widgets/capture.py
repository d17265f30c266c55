"""What a browser that records says, read as events: no thread, no socket and no clock of its own.

Messages and times go into a `CaptureReceiver`, frozen events come out. A chunk that the browser numbered
but that never came stands as zeros in the stream, so that the timeline stays true, and is listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEARTBEAT_TIMEOUT = 5.0
"""Seconds without a word from a browser that records (it speaks ten times a second) until it is given up."""

UPLOAD_LIMIT = 2 << 30
"""Bytes above which a file is refused before its first slice is kept; pages refuse it themselves."""

UPLOAD_TIMEOUT = 60.0
"""Seconds without a slice after which the beginning of a file is dropped: its page is gone."""


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
    samples : int
        Length so far at ``sample_rate``, zeros for lost chunks included.
    received, lost, late : int
        Chunks that came; that never came; that came twice or after their place was given up.
    gaps : list of (int, int)
        Sample ranges that are zeros because their chunks were lost.
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
    samples: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
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
    lost : bool
        These stand for chunks that never came.
    """

    session: CaptureSession
    samples: NDArray[np.int16]
    start: int
    peak: float
    received_at: float
    lost: bool = False


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
        A code as in ``static/capture.js``, and its words.
    client : str
        The page.
    shown : bool
        Whether the page said so, and shows it; else it is the kernel that found it.
    """

    code: str
    detail: str
    client: str
    shown: bool = False


@dataclass(frozen=True)
class FileOpened:
    """A file chosen in the browser has arrived whole."""

    name: str
    data: bytes = field(repr=False)


CaptureEvent = CaptureStarted | CaptureChunk | CapturePaused | CaptureEnded | CaptureProblem | FileOpened


class CaptureReceiver:
    """Turn the messages of all pages that show one widget into events of one recording at a time.

    Parameters
    ----------
    heartbeat_timeout : float
        Seconds of silence after which a page that records counts as gone.

    Attributes
    ----------
    session : CaptureSession or None
        The recording under way, else the last one.
    refused : int
        Chunks of pages that recorded while another one did (other browsers: tabs settle it themselves).
    """

    def __init__(self, heartbeat_timeout: float = HEARTBEAT_TIMEOUT) -> None:
        self.heartbeat_timeout = heartbeat_timeout
        self.session: CaptureSession | None = None
        self.refused = 0
        self._expected = 0
        self._chunk_length = 0
        self._heard_at = 0.0
        self._refused_sessions: set[str] = set()
        self._uploads: dict[str, _Upload] = {}

    @property
    def active(self) -> bool:
        """Whether a recording is under way (paused ones included)."""
        return self.session is not None and self.session.state != "ended"

    def receive(self, content: Mapping[str, Any], buffers: Sequence[Any], now: float) -> list[CaptureEvent]:
        """Take one message of a page at the monotonic time ``now``."""
        kind = str(content.get("kind"))
        if kind == "hello":
            return []
        if kind == "file":
            return self._file(content, buffers, now)
        if kind == "problem":
            return [self._problem(content)]
        if not self._is_ours(content):
            return self._refuse(content)
        events = self._opened(content)
        self._heard_at = now
        if kind == "chunk":
            events += self._chunk(content, buffers, now)
        elif kind in ("pause", "resume"):
            events += self._pause(resumed=kind == "resume")
        elif kind == "stop":
            events += self._stop(content, now)
        return events

    def tick(self, now: float) -> list[CaptureEvent]:
        """Give up a page that has not been heard for too long."""
        if not self.active or now - self._heard_at <= self.heartbeat_timeout:
            return []
        return self._end("interrupted")

    def _is_ours(self, content: Mapping[str, Any]) -> bool:
        return not self.active or self._running().id == content["session"]

    def _refuse(self, content: Mapping[str, Any]) -> list[CaptureEvent]:
        self.refused += content["kind"] == "chunk"
        session = str(content["session"])
        if session in self._refused_sessions:
            return []
        self._refused_sessions.add(session)
        detail = "another browser records with this widget already; its sound is not taken"
        return [CaptureProblem("othertab", detail, str(content["client"]))]

    def _problem(self, content: Mapping[str, Any]) -> CaptureProblem:
        code, detail = str(content["code"]), str(content.get("detail", ""))
        return CaptureProblem(code, detail, str(content["client"]), shown=True)

    def _opened(self, content: Mapping[str, Any]) -> list[CaptureEvent]:
        """Open a session, or go on with one that was given up and whose page is back."""
        session = self.session
        if session is not None and session.id == content["session"]:
            if session.state != "ended" or session.ended_by != "interrupted" or content["kind"] == "stop":
                return []
            session.state, session.ended_by = "recording", None
            return [CaptureStarted(session)]
        if content["kind"] not in ("start", "chunk"):
            return []
        self._expected = 0
        self._chunk_length = round(int(content["rate"]) / 10)
        self.session = CaptureSession(
            id=str(content["session"]),
            client=str(content["client"]),
            sample_rate=int(content["rate"]),
            label=str(content.get("label", "")),
            settings=dict(content.get("settings", {})),
            asked=dict(content.get("asked", {})),
            start_delay=content.get("start_delay"),
        )
        return [CaptureStarted(self.session)]

    def _chunk(self, content: Mapping[str, Any], buffers: Sequence[Any], now: float) -> list[CaptureEvent]:
        session, seq = self._running(), int(content["seq"])
        if seq < self._expected:
            session.late += 1
            return []
        events = self._fill(seq, now)
        samples = np.frombuffer(buffers[0], dtype="<i2").astype(np.int16, copy=False)
        session.received += 1
        self._expected = seq + 1
        return [*events, self._appended(samples, float(content.get("peak", 0.0)), now)]

    def _fill(self, until: int, now: float) -> list[CaptureEvent]:
        """Put zeros where the chunks from the expected one up to ``until`` should have been."""
        missing = until - self._expected
        if missing <= 0:
            return []
        session = self._running()
        session.lost += missing
        session.gaps.append((session.samples, session.samples + missing * self._chunk_length))
        self._expected = until
        return [self._appended(np.zeros(missing * self._chunk_length, np.int16), 0.0, now, lost=True)]

    def _appended(
        self, samples: NDArray[np.int16], peak: float, now: float, lost: bool = False
    ) -> CaptureChunk:
        session = self._running()
        start = session.samples
        session.samples += len(samples)
        return CaptureChunk(session, samples, start, peak, now, lost)

    def _pause(self, resumed: bool) -> list[CaptureEvent]:
        if not self.active:
            return []
        session = self._running()
        session.state = "recording" if resumed else "paused"
        return [CapturePaused(session, session.samples, resumed)]

    def _stop(self, content: Mapping[str, Any], now: float) -> list[CaptureEvent]:
        if not self.active:
            return []
        return [*self._fill(int(content["chunks"]), now), *self._end(str(content["reason"]))]

    def _end(self, reason: str) -> list[CaptureEvent]:
        session = self._running()
        session.state, session.ended_by = "ended", reason
        return [CaptureEnded(session, reason)]

    def _running(self) -> CaptureSession:
        if self.session is None:
            raise RuntimeError("no recording is under way")
        return self.session

    def _file(self, content: Mapping[str, Any], buffers: Sequence[Any], now: float) -> list[CaptureEvent]:
        name, size, client = str(content["name"]), int(content["size"]), str(content["client"])
        if size > UPLOAD_LIMIT:
            first = int(content["slice"]) == 0
            detail = f"{name} is larger than {UPLOAD_LIMIT >> 30} GiB; use AudioClip.load with its path"
            return [CaptureProblem("toolarge", detail, client)] if first else []
        self._uploads = {key: one for key, one in self._uploads.items() if now - one.at <= UPLOAD_TIMEOUT}
        upload = self._uploads.setdefault(str(content["upload"]), _Upload())
        upload.slices.append(bytes(buffers[0]))
        upload.at = now
        if int(content["slice"]) + 1 < int(content["slices"]):
            return []
        data = b"".join(self._uploads.pop(str(content["upload"])).slices)
        if len(data) != size:
            detail = f"{len(data)} of {size} bytes of {name} arrived; open it again"
            return [CaptureProblem("incomplete", detail, client)]
        return [FileOpened(name, data)]


@dataclass
class _Upload:
    """A file of which some slices have come, the last one at the monotonic time ``at``."""

    slices: list[bytes] = field(default_factory=list)
    at: float = 0.0
