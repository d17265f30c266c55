"""One run of the transcriber: sound is kept as it comes and sent from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import QawError
from ...protocol.state import MAX_COMMIT_SECONDS
from ...client.stream import AudioStream
from ...recording import Recording
from ...recording.exports.html import clock
from ...recording.log.run_info import run_info
from ...recording.transcription import FINISH_SECONDS
from ...recording.turn_taking import CLIENT, SERVICE, Feed, checked_turn_taking, open_feed
from .answers import Announced, Reported, RunBroken

if TYPE_CHECKING:
    from ...protocol.config import SessionConfig
    from ...client.endpoints import Endpoint

logger = logging.getLogger("qwen_asr_widgets")

CHUNK_MS = 100
"""Milliseconds of sound in one append, also while a backlog is sent."""

LOOK = 0.5
"""Seconds after which a pause in the sound does not hide that the service is gone."""

LEAVING = 2.0
"""Seconds that a run may take to end once its service was given up; its goodbye takes half a second."""


class LiveRun:
    """Sound on its way to a service and into a recording.

    Whoever has sound calls `take`, which only puts it on the tape: that never waits for the network. A thread
    connects, sends what stands on the tape and waits for the answers. A service that cannot be reached or
    dies leaves `error`; sound goes on to the tape all the same until `end`.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    config : SessionConfig
        The settings to begin with.
    pace : float or None
        How the sound comes, for the record.
    samples : ndarray of int16, optional
        Sound that is there already, at the session's rate.
    told : callable
        Called whenever there is something new, from several threads; must not wait.
    turn_taking : {"service", "client"}
        See `transcribe`. The client's own settings of turn detection hold for the whole run.
    **about
        Fields of `RunInfo` on the sound: ``name``, ``original_rate`` …

    Attributes
    ----------
    recording : Recording
        Grows from the start.
    error : QawError or None
        What ended the sending early.
    reached : threading.Event
        Set once the service has answered, or will not.
    by_client : bool
        Whether turns are found here.
    """

    def __init__(
        self, endpoint: Endpoint, config: SessionConfig, pace: float | None = 1.0,
        samples: NDArray[np.int16] | None = None, told: Callable[[], None] = lambda: None,
        turn_taking: str = SERVICE, **about: Any,
    ) -> None:
        self.endpoint = endpoint
        self.by_client = checked_turn_taking(turn_taking, config) == CLIENT
        about["turn_taking"] = turn_taking
        self.recording = Recording(config, run_info(endpoint, pace, CHUNK_MS, **about))
        self.error: QawError | None = None
        self._told = told
        self._answers = Announced(self.recording, told)
        self._stream = AudioStream(endpoint, self._on_wire(config), self._answers)
        self._asked = 1
        self._feed: Feed | None = open_feed(self.recording, self._stream) if self.by_client else None
        self._handed = 0
        self._changed = threading.Condition()
        self._updates: deque[SessionConfig] = deque()
        self._commits: deque[int] = deque()
        self._manual = config.turn_detection is None
        self._uncommitted = 0
        self._ended = self._abandoned = self._answered = self._settled = False
        self._withheld = 0
        self.reached = threading.Event()
        self._over = threading.Event()
        self._phase = "connecting"
        if samples is not None:
            self.recording.tape.append(samples)
        self._thread = threading.Thread(target=self._run, name="qaw-transcriber", daemon=True)

    # ---- whoever has sound

    def start(self) -> None:
        """Begin to connect and send."""
        self._thread.start()

    def take(self, samples: NDArray[np.int16]) -> None:
        """Keep samples at the session's rate, to be sent as soon as may be."""
        with self._changed:
            self.recording.tape.append(samples)
            self._changed.notify_all()
        self._told()

    def lose(self, samples: int) -> None:
        """Put zeros for sound that never came out of the browser."""
        with self._changed:
            self.recording.lose(samples)
            self._changed.notify_all()

    def keep(self, samples: NDArray[np.int16]) -> None:
        """Keep sound that is not to be sent, because it was stopped before: the last before `end`."""
        with self._changed:
            self.recording.tape.append(samples)
            self._withheld += len(samples)

    def end(self) -> None:
        """Say that no more sound comes: what is left is sent, and the answers are waited for."""
        with self._changed:
            self._ended = True
            self._settle()
            self._changed.notify_all()

    def fail(self, problem: Exception) -> None:
        """Say that no more sound can come, and why: what is left is sent, the recording stays incomplete."""
        self._break(problem)
        self.end()
        self._told()

    def update(self, config: SessionConfig) -> None:
        """Send other settings as soon as may be."""
        with self._changed:
            self._asked += 1
            self._updates.append(config)
            self._changed.notify_all()

    def commit(self) -> None:
        """Manual mode: what was taken until now is one utterance."""
        with self._changed:
            self._commits.append(self._taken)
            self._changed.notify_all()

    def abandon(self) -> None:
        """End without asking for what is pending."""
        with self._changed:
            self._ended = self._abandoned = True
            self._changed.notify_all()
        self._stream.close(0.5)

    def give_up(self) -> bool:
        """End the wait for what is pending; tell whether everything was answered all the same."""
        self.abandon()
        self.wait(LEAVING)
        return self._answered and self.error is None

    # ---- whoever shows it

    @property
    def phase(self) -> str:
        """``"connecting"``, ``"live"``, ``"finishing"``, ``"failed"`` (sound still comes) or ``"done"``."""
        if self._over.is_set():
            return "done" if self._ended else "failed"
        return "finishing" if self._ended and self._phase == "live" and self.lag < 0.3 else self._phase

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return not (self._ended and self._over.is_set())

    @property
    def ended(self) -> bool:
        """Whether no more sound comes."""
        return self._ended

    @property
    def waiting(self) -> bool:
        """Whether no more sound comes and there are answers to come, or sound taken already to be sent."""
        return self._ended and self.active

    @property
    def errors(self) -> tuple[Reported, ...]:
        """The ``error`` events that the run has survived."""
        return tuple(self._answers.errors)

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
            if not self._manual or self._ended or self.error is not None:
                return None
            since = self._commits[-1] if self._commits else self._handed - self._uncommitted
            return max(0, self._taken - since) / self.recording.tape.sample_rate

    @property
    def _taken(self) -> int:
        """Samples on the tape that are to be sent."""
        return len(self.recording.tape) - self._withheld

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing more is to come; False when the time is up first."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            return self._changed.wait_for(
                lambda: not self.active, None if deadline is None else max(0.0, deadline - time.monotonic())
            )

    # ---- the thread

    def _run(self) -> None:
        try:
            self._stream.connect()
            self._phase = "live"
            self.reached.set()
            self._told()
            self._send_all()
            if not self._abandoned:
                self._stream.finish(FINISH_SECONDS)
                self._answered = True
                self.recording.finish(complete=self.error is None and not self._withheld)
        except QawError as error:
            if not self._abandoned:
                self.error = self.error or error
                logger.info("the run ended early: %s", error)
        except Exception as problem:
            logger.exception("the run was broken off")
            self._break(problem)
        finally:
            self._stream.close(1.0)
            with self._changed:
                self._over.set()
                self.reached.set()
                self._settle()
                self._changed.notify_all()
            self._told()

    def _break(self, problem: Exception) -> None:
        """Keep an error nobody foresaw as what ended the run, unless something else has."""
        if self.error is None:
            self.error = RunBroken(f"The run was broken off by an unexpected error: {problem!r}")
            self.error.__cause__ = problem

    def _settle(self) -> None:
        """Once sound and service are both over, note what was not sent."""
        if not (self._ended and self._over.is_set()) or self._settled or self.recording.complete:
            return
        self._settled = True
        unsent = self.recording.unsent_duration
        left = f"; the last {unsent:.1f} s were not sent" if unsent > 0.05 else ""
        self.recording.note(self._why_incomplete() + left)
        self.recording.finish(complete=False)

    def _why_incomplete(self) -> str:
        if self.error:
            return f"Ended early: {self.error}"
        if self._answered:
            return f"Stopped at {clock(self._taken / self.recording.tape.sample_rate)}"
        return "Ended before the service had answered"

    def _send_all(self) -> None:
        """Send what stands on the tape, and what is to be said at its place, until the sound ends."""
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, LOOK)
                updates = list(self._updates)
                self._updates.clear()
                stop = self._next_stop()
                ended = self._ended
            if self._abandoned:
                return
            if not self._stream.connected:
                self._stream.append(np.zeros(0, np.int16))  # says why
            for config in updates:
                self._manual = config.turn_detection is None
                self._stream.update(self._on_wire(config))
            self._send_until(stop)
            if ended and self._handed == self._taken and not self._commits:
                break
        if self._feed is not None:
            self._feed.finish()
        self._commit_if_due(force=True)

    def _on_wire(self, config: SessionConfig) -> SessionConfig:
        """Return what the service is told: nothing of turns where they are found here."""
        return replace(config, turn_detection=None) if self.by_client else config

    def _has_work(self) -> bool:
        behind = self._handed < self._taken
        return bool(behind or self._ended or self._updates or self._commits)

    def _next_stop(self) -> int:
        """Return up to where to send now: a chunk further, but not past a commit."""
        chunk = round(CHUNK_MS * self.recording.tape.sample_rate / 1_000)
        limits = [self._taken, self._handed + chunk]
        return min([*limits, *list(self._commits)[:1]])

    def _send_until(self, stop: int) -> None:
        start = self._handed
        if stop > start:
            samples = self.recording.tape.read(start, stop)
            self._handed = stop
            if self._feed is not None:
                self._feed.append(samples)
            else:
                self._commit_if_due(more=stop - start)
                self._stream.append(samples)
                self._uncommitted += stop - start
        while self._commits and self._commits[0] <= self._handed:
            self._commits.popleft()
            self._commit_if_due(force=True)

    def _commit_if_due(self, more: int = 0, force: bool = False) -> None:
        """Manual mode: commit when asked, and before the service's limit is reached."""
        limit = MAX_COMMIT_SECONDS * self.recording.tape.sample_rate
        if not self._manual:
            self._uncommitted = 0
        elif self._uncommitted and (force or self._uncommitted + more > limit):
            self._stream.commit()
            self._uncommitted = 0
