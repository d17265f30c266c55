"""The driver of a run: sound handed in goes on a recording's tape, to a service, and the answers beside it.

`transcribe`, `verify` and the `Transcriber` all work through one `Run`. Where the sound comes from (a
microphone, a clip given out in real time, an iterable of chunks) is their business; the run is handed pieces.

Threads and data:

- Whoever has sound calls `Run.append`: it puts the piece on the tape and returns, however slow the network
  is. What stands on the tape and was not sent yet is the queue. A source that could run away from the service
  waits for room in it (`Run.wait_for_room`).
- The run's own thread goes through one session after the other (`Upload`): it connects, sends what stands on
  the tape in pieces of ``chunk_ms``, and with it, each at its place in the sound, new settings and commits.
  After `Run.finish` it asks for the answers still pending and waits for them. Where a connection is lost and
  that may heal, it waits a moment (`Backoff`) and goes on in a new session, from behind the last utterance
  that was answered (`resume_plan`); the turn detector hears some sound before that place again.
- The stream's reader and writer threads note in the recording what came and what went out, and when.
- A `RunObserver` is called on whichever of these threads something happened, never with the run's lock held.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..client.endpoints import Endpoint
from ..client.healing import heals, heals_at_first, is_throttled
from ..client.resume_plan import ResumePlan
from ..client.retry import Backoff, Retry
from ..errors import QawError, RunBroken, ServiceError
from ..protocol.config import SessionConfig
from ..formatting import clock
from .observers import Outage, Reported, RunObserver, SessionObserver, tell
from .recording import Recording
from .turn_taking import CLIENT, checked_turn_taking
from .upload import CHUNK_MS, ENDED, RENEWED, SETTINGS, Outgoing, Upload, first_sample
from .values import SessionBegun

if TYPE_CHECKING:
    from ..vad.end_of_turn.end_of_turn import EndOfTurn

logger = logging.getLogger("qwen_asr_widgets")

ROOM_SECONDS = 1.0
"""Seconds of sound on the tape and not handed to the stream up to which there is room for more."""

ABORT_SECONDS = 2.0
"""Seconds that a run may take to end once its service was given up; closing takes half a second."""

STOOD_SECONDS = 10.0
"""Seconds that a session must have stood for its loss to be a first one; 2 where nothing was waited for."""

_STEP = 0.5
"""Seconds of one wait: on Windows, Ctrl-C does not interrupt a wait without an end."""


class Run:
    """Sound on its way to a service and into a recording.

    A connection that is lost is taken up again where that may heal, for as long as ``retry`` says. A service
    that cannot be reached or stays away leaves `error`; sound goes on to the tape all the same until
    `finish`. Every method may be called from any thread.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    recording : Recording
        What the run is noted in, with the settings to begin with and who takes turns. Sound that is on its
        tape already is sent first; of a recording that was under way before, what has no answer.
    observer : RunObserver, optional
        Told what happens.
    retry : Retry, optional
        How a lost connection is taken up again, and for how long.
    end_of_turn : EndOfTurn, optional
        The model that says when a turn is over, where the client takes turns.

    Attributes
    ----------
    error : QawError or None
        What ended the sending early.
    outage : Outage or None
        The connection that was lost and is being taken up again.

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
        self, endpoint: Endpoint, recording: Recording, observer: RunObserver | None = None,
        retry: Retry | None = None, end_of_turn: EndOfTurn | None = None,
    ) -> None:
        config, info = recording.config, recording.info
        self.endpoint = endpoint
        self.recording = recording
        self.by_client = checked_turn_taking(info.turn_taking, config) == CLIENT
        self.error: QawError | None = None
        self.outage: Outage | None = None
        self._observer = observer or RunObserver()
        self._reports: list[Reported] = []
        self._outgoing = Outgoing(recording.tape)
        self._changed = self._outgoing.changed
        retry = retry or Retry()
        self._outgoing.opus_when_slow = retry.opus_when_slow
        self._backoff = Backoff(retry)
        self._furthest = recording.progress
        self._config = config
        self._end_of_turn = end_of_turn
        self._next = "again" if recording.connections else ""
        self._upload = self._make_upload(recording.plan)
        self._why = ""
        self._answered = self._settled = self._stood = False
        self._live = self._over = self._catching_up = False
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
            self._outgoing.withheld += len(samples)

    def finish(self, why: str = "") -> None:
        """Say that no more sound comes: what is left is sent and the answers are waited for, see `wait`.

        Parameters
        ----------
        why : str
            Why the sound ended early, where it did: then the recording is incomplete and says so.
        """
        with self._changed:
            self._outgoing.end()
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
        """Send other settings as soon as may be.

        Where the service takes settings at the beginning of a session only, another session begins with them
        (`renews_for_settings`): once nothing is waited for, at the latest after `SETTINGS_PATIENCE` seconds.
        """
        with self._changed:
            self._outgoing.ask(config)
            self._changed.notify_all()

    def hurry(self) -> None:
        """Wait no longer: for the end of a turn before other settings, or for the next try to connect."""
        with self._changed:
            self._outgoing.hurried = True
            self._changed.notify_all()

    def commit(self) -> None:
        """Manual mode: make one utterance of what was appended since the last commit."""
        with self._changed:
            self._outgoing.commits.append(self._outgoing.taken)
            self._changed.notify_all()

    def abort(self) -> None:
        """End at once, without waiting for the answers that are pending."""
        with self._changed:
            self._outgoing.end()
            self._outgoing.aborted = True
            upload = self._upload
            self._changed.notify_all()
        upload.close(0.5)

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
        """Wait while more than `ROOM_SECONDS` are unsent; False where nothing can be sent any more.

        A source that has a pace of its own is not held up while a lost connection is taken up again.
        """
        self._wait_until(lambda: self._over or self._has_room(), None)
        return not self._over

    def _has_room(self) -> bool:
        room = round(ROOM_SECONDS * self.recording.tape.sample_rate)
        is_near = self._outgoing.taken - self._upload.handed <= room
        self._catching_up = self.outage is not None or (self._catching_up and not is_near)
        return is_near or (self._catching_up and self.recording.info.pace is not None)

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
        """``"connecting"``, ``"live"``, ``"finishing"``, ``"failed"`` (sound still comes) or ``"done"``.

        A connection that is being taken up again is ``"connecting"`` as well; `outage` tells.
        """
        if self._over:
            return "done" if self.ended else "failed"
        if not self._live:
            return "connecting"
        return "finishing" if self.ended and self.lag < 0.3 else "live"

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return not (self.ended and self._over)

    @property
    def ended(self) -> bool:
        """Whether no more sound comes."""
        return self._outgoing.ended

    @property
    def waiting(self) -> bool:
        """Whether no more sound comes, and some is still to be sent or answered."""
        return self.ended and self.active

    @property
    def reports(self) -> tuple[Reported, ...]:
        """The ``error`` events that the run has survived."""
        return tuple(self._reports)

    @property
    def settled(self) -> bool:
        """Whether all settings asked for were confirmed or refused: those in force are the recording's."""
        answered = len(self.recording.settings_answers)
        return not self._outgoing.settings and self._stood and answered >= self._upload.asked

    @property
    def renews_for_settings(self) -> bool:
        """Whether other settings take a new session: the service takes none midway."""
        return not self.endpoint.facts.update_midway

    @property
    def slow_line(self) -> bool:
        """Whether the line carries less than real time of PCM; Opus needs a tenth of it."""
        return self._live and not self._over and self._outgoing.is_slow

    @property
    def renewing(self) -> bool:
        """Whether settings wait for the end of a turn, or for a new session."""
        return self._upload.must_renew

    @property
    def lag(self) -> float:
        """Seconds of sound taken and still to be sent, or sent again."""
        recording = self.recording
        return max(0, self._outgoing.taken - recording.position) / recording.tape.sample_rate

    @property
    def silent(self) -> float:
        """Seconds for which the service has not answered although it was asked to; 0.0 where it has."""
        return self._upload.silent if self._live and not self._over else 0.0

    @property
    def gathered(self) -> float | None:
        """Manual mode: seconds of sound since the last commit; None where no commit is waited for."""
        with self._changed:
            since = self._upload.gathered_since
            if since is None or self.ended or self.error is not None:
                return None
            return max(0, self._outgoing.taken - since) / self.recording.tape.sample_rate

    def _tell_changed(self) -> None:
        tell(self._observer.changed)

    # ---- the run's thread

    def _drive(self) -> None:
        try:
            while self._go_through_session():
                self._begin_next()
        except QawError as error:
            if not self._outgoing.aborted:
                self._fail(error)
        except Exception as problem:
            logger.exception("the run was broken off")
            self._break(problem)
        finally:
            with self._changed:
                self._over, self.outage = True, None
                self.recording.interrupt(awaits=False)
                self._settle()
                self._changed.notify_all()
            self._tell_changed()

    def _go_through_session(self) -> bool:
        """Go through a session; return whether another one is to follow."""
        upload = self._upload
        try:
            upload.connect()
            self._go_live()
            self._next = upload.send()
            if self._next == ENDED:
                upload.await_answers()
                self._take_answers()
            return self._next in (SETTINGS, RENEWED)
        except QawError as error:
            upload.close(0.0)
            return not self._outgoing.aborted and self._outlive(error)
        finally:
            upload.close(1.0)
            self._session.detach()

    def _go_live(self) -> None:
        with self._changed:
            self._live = self._stood = True
            self.outage = None
            self._changed.notify_all()
        self._tell_changed()

    def _take_answers(self) -> None:
        self._answered = True
        self._settled = self.error is None and not self._outgoing.withheld and not self._why
        self.recording.finish(complete=self._settled)

    def _begin_next(self) -> None:
        """Have the next session at hand: from behind what was answered, with the settings asked for last."""
        asked = self._outgoing.take_settings()
        if asked:
            self._config = asked[-1]
        elif self._session.took_settings:
            self._config = self.recording.settings_expected
        plan = self.recording.plan
        if asked or self._outgoing.is_slow:  # other settings would find other turns; a slow line has no room
            plan = replace(plan, warm_up=0.0)
        upload = self._make_upload(plan)
        with self._changed:
            self._upload = upload
            if self._outgoing.aborted:
                upload.close(0.0)

    def _make_upload(self, plan: ResumePlan) -> Upload:
        begun, recording = None, self.recording
        if recording.connections:
            begun = SessionBegun(first_sample(plan, recording), plan.first_number, self._next)
        self._session = SessionObserver(recording, self._observer, self._reports, begun)
        return Upload(
            self.endpoint, recording, self._outgoing, self._config, plan, self._session, self._end_of_turn
        )

    # ---- a connection that was lost

    def _outlive(self, error: QawError) -> bool:
        """Wait for the time of the next try; return whether there is to be one.

        Raises
        ------
        QawError
            The error, where it does not heal or has lasted for longer than the patience.
        """
        if self._has_refused_settings(error):
            return True
        if not (heals(error) if self._stood else heals_at_first(error)):
            raise error
        if self._has_progressed():
            self._backoff.reset()
        now = time.monotonic()
        wait = self._backoff.next(now, self._outgoing.ended_at, is_throttled(error))
        if wait is None:
            raise error
        self._next = "lost"
        self._wait_for_next_try(error, wait, now)
        return not self._outgoing.aborted

    def _has_progressed(self) -> bool:
        """Whether the session that was lost has brought the run on: it stood for a while, or said more.

        An answer is progress where it goes further than those of all sessions before, be it a partial of an
        utterance without a final: a service that breaks at the same word again and again makes none.
        """
        upload, reached = self._upload, self.recording.progress
        says_more = reached > self._furthest
        self._furthest = max(self._furthest, reached)
        if self.outage is not None:
            return False
        return (
            says_more or upload.stood > STOOD_SECONDS
            or (upload.stood > STOOD_SECONDS / 5 and upload.is_idle)
        )

    def _wait_for_next_try(self, error: QawError, wait: float, now: float) -> None:
        logger.info("connection lost (%s); try %d follows in %.1f s", error, self._backoff.tries, wait)
        self.recording.interrupt()
        with self._changed:
            since = now if self.outage is None else self.outage.since
            outage = self.outage = Outage(error, self._backoff.tries, since)
            self._live = False
            self._changed.notify_all()
        tell(self._observer.interrupted, outage)
        self._tell_changed()
        outgoing = self._outgoing
        with self._changed:
            self._changed.wait_for(lambda: outgoing.aborted or outgoing.hurried, wait)
            outgoing.hurried = outgoing.hurried and bool(outgoing.settings)

    def _has_refused_settings(self, error: QawError) -> bool:
        """Tell whether a session that was begun for other settings was refused them: the old ones go on."""
        before = self.recording.config
        is_refusal = isinstance(error, ServiceError) and not heals(error)
        if self._next != SETTINGS or not is_refusal or self._config == before:
            return False
        if not (self._reports and self._reports[-1].refuses):
            self._reports.append(Reported(str(error), refuses=True))
            tell(self._observer.reported, self._reports[-1])
        self._outgoing.ask(before)
        return True

    # ---- how it ended

    def _fail(self, error: QawError) -> None:
        """Keep what ended the run, unless something else has."""
        with self._changed:
            first, self.error = self.error is None, self.error or error
        if first:
            logger.info("the run ended early: %s", error)
            tell(self._observer.failed, error)

    def _break(self, problem: Exception) -> None:
        """Keep an error nobody foresaw as what ended the run."""
        error = RunBroken(f"The run was broken off by an unexpected error: {problem!r}")
        error.__cause__ = problem
        self._fail(error)

    def _settle(self) -> None:
        """Once sound and service are both over, note what was not sent."""
        if not (self.ended and self._over) or self._settled or self.recording.complete:
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
            return f"Stopped at {clock(self._outgoing.taken / self.recording.tape.sample_rate)}"
        return "Ended before the service had answered"


__all__ = ["CHUNK_MS", "Outage", "Reported", "Run", "RunObserver"]
