"""What is to be sent, and one session's sending of it.

A run may take several sessions: a connection is lost, or settings change where a service takes them at a
session's beginning only. `Outgoing` outlives them; an `Upload` is one session, from a place on the tape on.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..audio.opus import can_encode_opus
from ..audio.tape import Tape
from ..client.endpoints import Endpoint
from ..client.pacing import LineWatch
from ..client.resume_plan import ResumePlan
from ..client.stream import AudioStream, StreamObserver
from ..protocol.config import SessionConfig
from .recording import Recording
from .turn_taking import CLIENT, Sender, sender

if TYPE_CHECKING:
    from ..vad.end_of_turn.end_of_turn import EndOfTurn

CHUNK_MS = 100
"""Milliseconds of sound in one append where the recording does not say another length."""

LOOK_SECONDS = 0.5
"""Seconds after which an upload looks whether the service is still there although no sound comes."""

DRAIN_SECONDS = 0.05
"""The same once all sound was handed on and only waits to go out."""

SETTINGS_PATIENCE = 2.0
"""Seconds that other settings wait for an open turn where they take a new session."""

SPARE_SECONDS = 60.0
"""Seconds before a session's limit at which a new one is begun even if somebody is speaking."""

PCM, OPUS = "pcm", "opus"
"""The formats in which a session's sound goes out."""

ENDED, SETTINGS, RENEWED, ABORTED = "ended", "settings", "renewed", "aborted"
"""Why an upload stopped sending."""


class Outgoing:
    """Sound on the tape, commits at their places and other settings, until no more comes.

    Parameters
    ----------
    tape : Tape
        Where the sound is put.

    Attributes
    ----------
    changed : threading.Condition
        Guards all of it; notified when any changes.
    withheld : int
        Samples at the end of the tape that are not to be sent.
    commits : list of int
        The samples up to which whoever takes turns by hand has committed, in order.
    settings : list of SessionConfig
        Asked for and not sent yet, oldest first.
    ended_at : float or None
        When the sound ended, by the monotonic clock; None while it comes.
    is_slow : bool
        Whether the line carries less than real time of the sound as it is sent now.
    opus_when_slow : bool
        Whether it then goes on in Opus.
    aborted, hurried : bool
        Whether all is to end at once, and whether nothing is to be waited for that need not be.
    """

    def __init__(self, tape: Tape) -> None:
        self.changed = threading.Condition()
        self.tape = tape
        self.withheld = 0
        self.commits: list[int] = []
        self.settings: list[SessionConfig] = []
        self.ended_at: float | None = None
        self.aborted = self.hurried = self.is_slow = self.opus_when_slow = False
        self._asked_at = 0.0

    @property
    def taken(self) -> int:
        """Samples on the tape that are to be sent."""
        return len(self.tape) - self.withheld

    @property
    def ended(self) -> bool:
        """Whether no more sound comes."""
        return self.ended_at is not None

    @property
    def settings_waited(self) -> float:
        """Seconds that the oldest settings not sent have waited; infinite where `hurried`."""
        return float("inf") if self.hurried else time.monotonic() - self._asked_at

    def end(self) -> None:
        """Take no more sound."""
        self.ended_at = time.monotonic() if self.ended_at is None else self.ended_at

    def ask(self, config: SessionConfig) -> None:
        """Take settings that are to be sent."""
        if not self.settings:
            self._asked_at, self.hurried = time.monotonic(), False
        self.settings.append(config)

    def take_settings(self) -> list[SessionConfig]:
        """Return the settings to be sent, which then are not any more."""
        with self.changed:
            taken, self.settings = self.settings, []
            self.hurried = False
        return taken


def first_sample(plan: ResumePlan, recording: Recording) -> int:
    """Return the sample of a recording's tape with which the audio of a session begins.

    Where the client takes turns, what is heard again before the plan's place is not sent.
    """
    start = plan.start if recording.info.turn_taking == CLIENT else plan.heard_from
    return min(round(start * recording.tape.sample_rate), len(recording.tape))


class Upload:
    """One session of a run: connected, sent what is on the tape from a place on, asked for what is pending.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    recording : Recording
        Whose sound is sent.
    outgoing : Outgoing
        What is to be sent.
    config : SessionConfig
        The settings to begin with; of whoever takes turns.
    plan : ResumePlan
        Where on the tape to begin.
    observer : StreamObserver
        Told of everything.
    end_of_turn : EndOfTurn, optional
        Where the client takes turns: the model that says when they are over.

    Attributes
    ----------
    plan : ResumePlan
        As given.
    handed : int
        Samples on the tape that were handed to the stream, or lie before the plan's place.
    asked : int
        How many settings were sent in this session.
    """

    def __init__(
        self, endpoint: Endpoint, recording: Recording, outgoing: Outgoing, config: SessionConfig,
        plan: ResumePlan, observer: StreamObserver, end_of_turn: EndOfTurn | None = None,
    ) -> None:
        self.plan = plan
        self.asked = 1
        self._facts = endpoint.facts
        self._recording = recording
        self._outgoing = outgoing
        rate = recording.tape.sample_rate
        self.handed = first_sample(plan, recording)
        self._stream = AudioStream(
            endpoint, self._on_wire(config), observer, first_sample=self.handed
        )
        self._sender: Sender = sender(recording, self._stream, config, plan.warm_up, end_of_turn)
        self._chunk = round((recording.info.chunk_ms or CHUNK_MS) * rate / 1_000)
        self._format = config.input_audio_format
        self._line = LineWatch(rate)
        self._committed = bisect_right(outgoing.commits, self.handed)
        self._opened_at = time.monotonic()

    def _on_wire(self, config: SessionConfig) -> SessionConfig:
        """Return what the service is told: nothing of turns where they are found here."""
        return replace(config, turn_detection=None) if self._recording.info.turn_taking == CLIENT else config

    # ---- the session's life

    def connect(self) -> None:
        """Connect, and wait until the service has taken the settings; raises as `AudioStream.connect`."""
        self._stream.connect()
        self._opened_at = time.monotonic()

    def send(self) -> str:
        """Send what there is and comes; return why it stopped: `ENDED`, `SETTINGS`, `RENEWED`, `ABORTED`.

        Raises
        ------
        QawError
            The session has ended, see `AudioStream.append`.
        """
        outgoing = self._outgoing
        while not outgoing.aborted:
            with outgoing.changed:
                outgoing.changed.wait_for(self._has_work, DRAIN_SECONDS if outgoing.ended else LOOK_SECONDS)
                stop, ended = self._next_stop(), outgoing.ended
            self._watch_line()
            if not self._stream.connected:
                self._stream.append(np.zeros(0, np.int16))  # raises what ended it
            why = self._why_format_renews() if ended else self._why_renew()
            if why:
                return why
            if not self.must_renew:
                self._send_settings()
            self._send_until(stop)
            if self._is_done and self.handed == outgoing.taken and not self._has_commits:
                self._sender.finish()
                return ENDED
        return ABORTED

    def await_answers(self) -> None:
        """Ask for what is pending and wait for it; raises as `AudioStream.finish`."""
        self._stream.finish(self._facts.finish_wait_s)

    def close(self, timeout: float) -> None:
        """Close the connection within ``timeout`` seconds."""
        self._stream.close(timeout)

    @property
    def stood(self) -> float:
        """Seconds since the session began."""
        return time.monotonic() - self._opened_at

    @property
    def silent(self) -> float:
        """Seconds for which the service owes the answer to a ping; 0.0 where it does not."""
        return self._stream.silent

    @property
    def is_idle(self) -> bool:
        """Whether all there is was sent, and nothing is waited for."""
        return self.handed == self._outgoing.taken and not self._recording.is_awaiting

    @property
    def gathered_since(self) -> int | None:
        """Manual mode: the sample with which begins what was not committed; None where none is waited for."""
        if not self._sender.manual:
            return None
        return self._outgoing.commits[-1] if self._has_commits else self.handed - self._sender.buffered

    # ---- what is sent

    @property
    def _has_commits(self) -> bool:
        return self._committed < len(self._outgoing.commits)

    @property
    def _is_done(self) -> bool:
        """Whether no more sound comes; what waits on a line that may be slow may still go out as Opus."""
        return self._outgoing.ended and not (self._waits and self._may_be_slow)

    @property
    def _may_be_slow(self) -> bool:
        """Whether the line is slower than PCM, or it is still being found out."""
        return self._outgoing.is_slow or (self._format == PCM and self._line.is_timing)

    @property
    def _waits(self) -> bool:
        """Whether sound has not gone out yet."""
        return self._recording.position < self._outgoing.taken

    def _has_work(self) -> bool:
        outgoing = self._outgoing
        return bool(
            self.handed < outgoing.taken or self._is_done or outgoing.aborted or self._has_commits
            or (outgoing.settings and not (self.must_renew and self._recording.is_awaiting))
        )

    @property
    def must_renew(self) -> bool:
        """Whether the settings asked for take another session: the format of the sound always does."""
        return bool(self._outgoing.settings) and (self._asks_format or not self._facts.update_midway)

    @property
    def _asks_format(self) -> bool:
        return any(config.input_audio_format != self._format for config in self._outgoing.settings)

    def _watch_line(self) -> None:
        """Notice a line that is slower than PCM; go on in Opus where that is wanted."""
        outgoing, recording = self._outgoing, self._recording
        is_slow = self._line.is_slow(time.monotonic(), recording.position, outgoing.taken)
        outgoing.is_slow = is_slow and self._format == PCM
        if outgoing.is_slow and outgoing.opus_when_slow and not outgoing.settings and can_encode_opus():
            with outgoing.changed:
                outgoing.ask(replace(recording.settings_expected, input_audio_format=OPUS))

    def _next_stop(self) -> int:
        """Return up to where to send now: a chunk further, but not past a commit."""
        commits = self._outgoing.commits[self._committed : self._committed + 1]
        return min([self._outgoing.taken, self.handed + self._chunk, *commits])

    def _send_settings(self) -> None:
        with self._outgoing.changed:
            configs = self._outgoing.take_settings()
            self.asked += len(configs)
        for config in configs:
            self._stream.update(self._on_wire(config))
            self._sender.configure(config)

    def _send_until(self, stop: int) -> None:
        if stop > self.handed:
            self._sender.append(self._outgoing.tape.read(self.handed, stop))
            with self._outgoing.changed:
                self.handed = stop
                self._outgoing.changed.notify_all()
        while self._has_commits and self._outgoing.commits[self._committed] <= self.handed:
            self._committed += 1
            self._sender.commit()

    def _why_format_renews(self) -> str:
        """Return why what waits after the end of the sound goes out in another session: in fewer bytes."""
        return SETTINGS if self._waits and self._asks_format else ""

    def _why_renew(self) -> str:
        """Return why another session is to go on from here, if one is: at a pause, if that comes in time."""
        facts, outgoing = self._facts, self._outgoing
        if self.must_renew:
            if not self._recording.is_awaiting or outgoing.settings_waited > SETTINGS_PATIENCE:
                return SETTINGS
        age, limit = self.stood, facts.session_limit_s
        if facts.session_renewal_s is None or age < facts.session_renewal_s:
            return ""
        is_late = limit is not None and age > limit - SPARE_SECONDS
        return RENEWED if is_late or not self._recording.is_awaiting else ""
