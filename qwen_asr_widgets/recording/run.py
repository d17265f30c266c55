"""The driver of a run: sound handed in goes on a recording's tape, to a service, and the answers beside it.

`transcribe`, `verify` and the `Transcriber` all work through one `Run`. Where the sound comes from (a
microphone, a clip given out in real time, an iterable of chunks) is their business; the run is handed pieces.

Threads and data:

- Whoever has sound calls `Run.append`: it puts the piece on the tape and returns, however slow the network
  is. What stands on the tape and was not sent yet is the queue. A source that could run away from the service
  waits for room in it (`Run.wait_for_room`).
- The run's own thread connects, sends what stands on the tape in pieces of ``chunk_ms``, and with it, each
  at its place in the sound, new settings and commits. After `Run.finish` it asks for the answers still
  pending and waits for them.
- The stream's reader and writer threads note in the recording what came and what went out, and when.
- A `RunObserver` is called on whichever of these threads something happened, never with the run's lock held.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..client.endpoints import Endpoint
from ..client.stream import AudioStream
from ..errors import QawError, RunBroken
from ..protocol.config import SessionConfig
from ..protocol.events import ErrorEvent, Event
from ..formatting import clock
from .recording import Recording
from .turn_taking import CLIENT, Sender, checked_turn_taking, sender
from .values import TimedEvent

logger = logging.getLogger("qwen_asr_widgets")

CHUNK_MS = 100
"""Milliseconds of sound in one append where the recording does not say another length."""

ROOM_SECONDS = 1.0
"""Seconds of sound on the tape and not handed to the stream up to which there is room for more."""

LOOK_SECONDS = 0.5
"""Seconds after which the run's thread looks whether the service is still there although no sound comes."""

ABORT_SECONDS = 2.0
"""Seconds that a run may take to end once its service was given up; closing takes half a second."""

_STEP = 0.5
"""Seconds of one wait: on Windows, Ctrl-C does not interrupt a wait without an end."""


class Reported(NamedTuple):
    """What an ``error`` event says, and whether it refuses settings that were asked for."""

    text: str
    refuses: bool


class RunObserver:
    """What a run tells whoever shows it; each method does nothing until a subclass overrides it.

    Calls come from several threads and must not wait. What a method raises is logged and ends nothing.
    """

    def changed(self) -> None:
        """There is something new to show: sound, an event, another phase."""

    def received(self, timed: TimedEvent) -> None:
        """The service has sent an event, which the recording holds already."""

    def reported(self, report: Reported) -> None:
        """The service has reported an error that the run survives."""

    def failed(self, error: QawError) -> None:
        """The run has lost its service; sound goes into the recording all the same until it ends."""


class Run:
    """Sound on its way to a service and into a recording.

    A service that cannot be reached or dies leaves `error`; sound goes on to the tape all the same until
    `finish`. Every method may be called from any thread.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    recording : Recording
        What the run is noted in, with the settings to begin with and who takes turns. Sound that is on its
        tape already is sent first.
    observer : RunObserver, optional
        Told what happens.

    Attributes
    ----------
    error : QawError or None
        What ended the sending early.

    Raises
    ------
    SettingError
        The client is to take turns, with turn detection switched off.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording, embedded
    >>> run = Run(embedded("script"), Recording())
    >>> run.append(np.zeros(16_000, np.int16))
    >>> run.phase, run.active, run.lag
    ('connecting', True, 1.0)
    """

    def __init__(
        self, endpoint: Endpoint, recording: Recording, observer: RunObserver | None = None
    ) -> None:
        config, info = recording.config, recording.info
        self.endpoint = endpoint
        self.recording = recording
        self.by_client = checked_turn_taking(info.turn_taking, config) == CLIENT
        self.error: QawError | None = None
        self._observer = observer or RunObserver()
        self._answers = _Answers(recording, self._observer)
        self._stream = AudioStream(endpoint, self._on_wire(config), self._answers)
        self._sender: Sender = sender(recording, self._stream)
        self._chunk = round((info.chunk_ms or CHUNK_MS) * recording.tape.sample_rate / 1_000)
        self._handed = 0
        self._changed = threading.Condition()
        self._updates: deque[SessionConfig] = deque()
        self._commits: deque[int] = deque()
        self._asked = 1
        self._why = ""
        self._ended = self._aborted = self._answered = self._settled = False
        self._withheld = 0
        self._live = self._over = False
        self._thread = threading.Thread(target=self._drive, name="qaw-run", daemon=True)

    # ---- for whoever has sound

    def start(self) -> None:
        """Begin to connect and send."""
        self._thread.start()

    def append(self, samples: NDArray[np.int16]) -> None:
        """Put int16 samples of shape (n,) at the session's rate on the tape, to be sent as soon as may be."""
        with self._changed:
            self.recording.tape.append(samples)
            self._changed.notify_all()
        self._tell_changed()

    def lose(self, samples: int) -> None:
        """Put zeros on the tape for so many samples that never arrived from the browser."""
        with self._changed:
            self.recording.lose(samples)
            self._changed.notify_all()

    def withhold(self, samples: NDArray[np.int16]) -> None:
        """Put samples on the tape that are not to be sent; only more of them and `finish` may follow."""
        with self._changed:
            self.recording.tape.append(samples)
            self._withheld += len(samples)

    def finish(self, why: str = "") -> None:
        """Say that no more sound comes: what is left is sent and the answers are waited for, see `wait`.

        Parameters
        ----------
        why : str
            Why the sound ended early, where it did: then the recording is incomplete and says so.
        """
        with self._changed:
            self._ended = True
            self._why = self._why or why
            self._settle()
            self._changed.notify_all()

    def fail(self, problem: Exception) -> None:
        """Say that an error ended the sound: what is left is sent, the recording stays incomplete."""
        self._break(problem)
        self.finish()
        self._tell_changed()

    # ---- for whoever steers it

    def update(self, config: SessionConfig) -> None:
        """Send other settings as soon as may be."""
        with self._changed:
            self._asked += 1
            self._updates.append(config)
            self._changed.notify_all()

    def commit(self) -> None:
        """Manual mode: make one utterance of what was appended since the last commit."""
        with self._changed:
            self._commits.append(self._taken)
            self._changed.notify_all()

    def abort(self) -> None:
        """End at once, without waiting for the answers that are pending."""
        with self._changed:
            self._ended = self._aborted = True
            self._changed.notify_all()
        self._stream.close(0.5)

    def give_up(self) -> bool:
        """End the wait for what is pending; tell whether everything was answered all the same."""
        self.abort()
        self.wait(ABORT_SECONDS)
        return self._answered and self.error is None

    # ---- waiting

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing more is to come; False when ``timeout`` seconds are up first."""
        return self._wait_until(lambda: not self.active, timeout)

    def wait_for_service(self, timeout: float | None = None) -> bool:
        """Wait until the service has taken the settings, or will not; False when the time is up first."""
        return self._wait_until(lambda: self._live or self._over, timeout)

    def wait_for_room(self) -> bool:
        """Wait while more than `ROOM_SECONDS` are unsent; False where nothing can be sent any more."""
        room = round(ROOM_SECONDS * self.recording.tape.sample_rate)
        self._wait_until(lambda: self._over or self._taken - self._handed <= room, None)
        return not self._over

    def _wait_until(self, reached: Callable[[], bool], timeout: float | None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not reached():
                left = _STEP if end is None else min(_STEP, end - time.monotonic())
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    # ---- for whoever shows it

    @property
    def phase(self) -> str:
        """``"connecting"``, ``"live"``, ``"finishing"``, ``"failed"`` (sound still comes) or ``"done"``."""
        if self._over:
            return "done" if self._ended else "failed"
        if not self._live:
            return "connecting"
        return "finishing" if self._ended and self.lag < 0.3 else "live"

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return not (self._ended and self._over)

    @property
    def ended(self) -> bool:
        """Whether no more sound comes."""
        return self._ended

    @property
    def waiting(self) -> bool:
        """Whether no more sound comes, and some is still to be sent or answered."""
        return self._ended and self.active

    @property
    def reports(self) -> tuple[Reported, ...]:
        """The ``error`` events that the run has survived."""
        return tuple(self._answers.reports)

    @property
    def settled(self) -> bool:
        """Whether all settings asked for were confirmed or refused: those in force are the recording's."""
        return self._answers.answered >= self._asked

    @property
    def lag(self) -> float:
        """Seconds of sound taken and still to be sent."""
        return max(0.0, self.recording.unsent_duration - self._withheld / self.recording.tape.sample_rate)

    @property
    def gathered(self) -> float | None:
        """Manual mode: seconds of sound since the last commit; None where no commit is waited for."""
        with self._changed:
            if not self._sender.manual or self._ended or self.error is not None:
                return None
            since = self._commits[-1] if self._commits else self._handed - self._sender.buffered
            return max(0, self._taken - since) / self.recording.tape.sample_rate

    @property
    def _taken(self) -> int:
        """Samples on the tape that are to be sent."""
        return len(self.recording.tape) - self._withheld

    def _tell_changed(self) -> None:
        _tell(self._observer.changed)

    # ---- the run's thread

    def _drive(self) -> None:
        try:
            self._stream.connect()
            with self._changed:
                self._live = True
                self._changed.notify_all()
            self._tell_changed()
            self._send_all()
            self._await_answers()
        except QawError as error:
            if not self._aborted:
                self._fail(error)
        except Exception as problem:
            logger.exception("the run was broken off")
            self._break(problem)
        finally:
            self._stream.close(1.0)
            with self._changed:
                self._over = True
                self._settle()
                self._changed.notify_all()
            self._tell_changed()

    def _send_all(self) -> None:
        """Send what stands on the tape, and what is to be said at its place, until the sound ends."""
        while not self._aborted:
            with self._changed:
                self._changed.wait_for(self._has_work, LOOK_SECONDS)
                updates = list(self._updates)
                self._updates.clear()
                stop, ended = self._next_stop(), self._ended
            if not self._stream.connected:
                self._stream.append(np.zeros(0, np.int16))  # raises what ended it
            for config in updates:
                self._stream.update(self._on_wire(config))
                self._sender.configure(config)
            self._send_until(stop)
            if ended and self._handed == self._taken and not self._commits:
                self._sender.finish()
                return

    def _has_work(self) -> bool:
        behind = self._handed < self._taken
        return bool(behind or self._ended or self._updates or self._commits)

    def _next_stop(self) -> int:
        """Return up to where to send now: a chunk further, but not past a commit."""
        return min([self._taken, self._handed + self._chunk, *list(self._commits)[:1]])

    def _send_until(self, stop: int) -> None:
        if stop > self._handed:
            self._sender.append(self.recording.tape.read(self._handed, stop))
            with self._changed:
                self._handed = stop
                self._changed.notify_all()
        while self._commits and self._commits[0] <= self._handed:
            self._commits.popleft()
            self._sender.commit()

    def _await_answers(self) -> None:
        if self._aborted:
            return
        self._stream.finish(self.endpoint.facts.finish_wait_s)
        self._answered = True
        self.recording.finish(complete=self.error is None and not self._withheld and not self._why)

    def _on_wire(self, config: SessionConfig) -> SessionConfig:
        """Return what the service is told: nothing of turns where they are found here."""
        return replace(config, turn_detection=None) if self.by_client else config

    # ---- how it ended

    def _fail(self, error: QawError) -> None:
        """Keep what ended the run, unless something else has."""
        with self._changed:
            first, self.error = self.error is None, self.error or error
        if first:
            logger.info("the run ended early: %s", error)
            _tell(self._observer.failed, error)

    def _break(self, problem: Exception) -> None:
        """Keep an error nobody foresaw as what ended the run."""
        error = RunBroken(f"The run was broken off by an unexpected error: {problem!r}")
        error.__cause__ = problem
        self._fail(error)

    def _settle(self) -> None:
        """Once sound and service are both over, note what was not sent."""
        if not (self._ended and self._over) or self._settled or self.recording.complete:
            return
        self._settled = True
        why, unsent = self._why_incomplete(), self.recording.unsent_duration
        if unsent > 0.05:
            why = f"{why.rstrip('.')}; the last {unsent:.1f} s were not sent"
        self.recording.note(why)
        self.recording.finish(complete=False)

    def _why_incomplete(self) -> str:
        if self._why:
            return self._why
        if self.error:
            return f"Ended early: {self.error}"
        if self._answered:
            return f"Stopped at {clock(self._taken / self.recording.tape.sample_rate)}"
        return "Ended before the service had answered"


class _Answers:
    """The observer of a run's stream: notes everything in the recording first, then tells the run's own.

    Attributes
    ----------
    reports : list of Reported
        The ``error`` events that the run survives.
    """

    def __init__(self, recording: Recording, observer: RunObserver) -> None:
        self._recording = recording
        self._observer = observer
        self.reports: list[Reported] = []
        self.opened, self.sent = recording.opened, recording.sent
        self.audio_sent, self.audio_skipped = recording.audio_sent, recording.audio_skipped

    @property
    def answered(self) -> int:
        """How many settings asked for were confirmed or refused."""
        return len(self._recording.settings_answers)

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note an event that came in."""
        before = self.answered
        timed = self._recording.received(message, event, time)
        _tell(self._observer.received, timed)
        if isinstance(event, ErrorEvent) and event.error.get("type") != "server_error":
            text = str(event.error.get("message") or event.error.get("code") or "")
            self.reports.append(Reported(text, refuses=self.answered > before))
            _tell(self._observer.reported, self.reports[-1])
        _tell(self._observer.changed)

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """Note that the connection closed."""
        self._recording.closed(code, reason, time)
        _tell(self._observer.changed)


def _tell(method: Callable[..., object], *values: Any) -> None:
    """Call an observer: its error is logged and does not end the run."""
    try:
        method(*values)
    except Exception:
        logger.exception("the observer %r failed", method)


__all__ = ["Reported", "Run", "RunObserver"]
