"""A session that is answered from a recording, without sockets or clocks (sans-I/O)."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...audio.units import SAMPLE_RATE
from ...errors import ProtocolError, SettingError
from ...protocol.codec import parse, read_client
from ...protocol.config import SessionConfig
from ...protocol.events import (
    AppendAudio, CancelResponse, ClearBuffer, ClientEvent, CommitBuffer, ErrorEvent, FinishSession,
    ServerEvent, SessionCreated, SessionFinished, SessionUpdate, SessionUpdated, UnknownEvent,
)
from ...protocol.state import ProtocolState
from ..audio_decoder import AudioDecoder
from ..protocol_errors import unknown_event
from ..standin import CloseConnection, WireOutput
from ..workers.messages import WorkerResult
from .recorded import RecordedEvent, RecordedSession, greeting


class ReplaySession:
    """Says what the service of a recorded session said, each event once as much audio has come as had then.

    It has the methods of a `ServerSession` and needs no recogniser. The client's sound is only counted. Its
    settings are answered as they were in the recording, so those of the recording hold. What was said in
    answer to a commit, a clear or ``session.finish`` waits for the client's own. A client that finishes
    earlier is told what was said of the items that had begun by then.

    Parameters
    ----------
    recorded : RecordedSession
        What is said.
    lost : callable
        Told when the connection is closed as that of the recording was lost.

    Examples
    --------
    >>> from qwen_asr_widgets.protocol.events import SpeechStarted
    >>> said = {"type": "input_audio_buffer.speech_started", "item_id": "a", "audio_start_ms": 0}
    >>> event = RecordedEvent(SpeechStarted("a", 0), said, samples=2)
    >>> session = ReplaySession(RecordedSession(SessionConfig(), (event,), (), samples=4, commits=0))
    >>> [output.type for output in session.open()]
    ['session.created']
    >>> append = '{"type": "input_audio_buffer.append", "audio": "AAAAAA=="}'
    >>> [output.message["item_id"] for output in session.receive(append)]
    ['a']
    """

    awaits_configuration = False
    has_audio = False
    """Whether a recogniser is to be taken from the pool: never."""
    wake_at = None

    def __init__(self, recorded: RecordedSession, lost: Callable[[], None] = lambda: None) -> None:
        self._recorded = recorded
        self._lost = lost
        self._rest = deque(recorded.events)
        self._answers = deque(recorded.answers)
        self._state = ProtocolState(recorded.config, as_seen=True)
        self._asked = SessionConfig()
        self._decoder: AudioDecoder | None = None
        self._rate = SAMPLE_RATE
        self._heard = self._commits = self._clears = 0
        self._finishing = self._closed = False
        self._items: set[str] = set()
        self.config = recorded.config
        self.session_id = str(greeting(recorded).get("id") or "sess_" + os.urandom(12).hex())

    def open(self) -> Iterator[WireOutput]:
        """Open the session with the recorded ``session.created``, or one like it."""
        if not greeting(self._recorded):
            yield self._tell(SessionCreated({"id": self.session_id, **self.config.to_wire()}))
        yield from self._due()

    def receive(self, frame: str | bytes) -> Iterator[WireOutput]:
        """Answer a frame from the client; none once the connection is being closed."""
        if self._closed:
            return
        event_id = None
        try:
            if not isinstance(frame, str):
                raise ProtocolError("Events are JSON text frames; a binary frame was sent.", "invalid_event")
            message = parse(frame)
            event_id = message.get("event_id")
            yield from self._handle(read_client(message))
        except ProtocolError as problem:
            yield ErrorEvent({
                "type": "invalid_request_error", "code": problem.code, "message": str(problem),
                "param": problem.param, "event_id": event_id,
            })

    def recognised(self, result: WorkerResult) -> Iterator[WireOutput]:
        """Take nothing: no recogniser is asked."""
        return iter(())

    def recognizer_lost(self, item_id: str | None, reason: str) -> Iterator[WireOutput]:
        """Lose nothing: no recogniser is asked."""
        return iter(())

    def woken(self) -> Iterator[WireOutput]:
        """Do nothing: only what a client sends moves a replay on."""
        return iter(())

    def behind(self, seconds: float) -> Iterator[WireOutput]:
        """Say nothing: nothing is behind."""
        return iter(())

    # ---- what the client sends

    def _handle(self, event: ClientEvent) -> Iterator[WireOutput]:
        if isinstance(event, UnknownEvent):
            raise unknown_event(event.message)
        self._check(event)
        if isinstance(event, AppendAudio):
            self._hear(event)
        else:
            self._heard += 0 if self._decoder is None else len(self._decoder.flush())
            self._state.apply(event)
        if isinstance(event, SessionUpdate):
            yield self._answer_update(event)
        elif isinstance(event, CancelResponse):
            raise ProtocolError("What is replayed cannot be cancelled.", "response_cancel_not_active")
        self._commits += isinstance(event, CommitBuffer)
        self._clears += isinstance(event, ClearBuffer)
        self._finishing = self._finishing or isinstance(event, FinishSession)
        yield from self._due()
        if self._finishing and not self._closed and self._state.state != "finished":
            yield from self._finish()

    def _check(self, event: ClientEvent) -> None:
        """Refuse what is not possible now; a commit is where the recording has one, and nowhere else."""
        if isinstance(event, CommitBuffer) and self._commits < self._recorded.commits:
            return
        problem = self._state.refusal(event)
        if problem is None and isinstance(event, CommitBuffer):
            problem = ProtocolError(
                f"The recording that is replayed has no more than {self._commits} commits.",
                "input_audio_buffer_commit_empty",
            )
        if problem is not None:
            raise problem

    def _hear(self, event: AppendAudio) -> None:
        """Count audio: samples at the client's rate, of Opus at 16 kHz."""
        if self._decoder is None:
            is_pcm = self._asked.input_audio_format != "opus"
            self._rate = self._asked.sample_rate if is_pcm else SAMPLE_RATE
            try:
                self._decoder = AudioDecoder(replace(self._asked, sample_rate=SAMPLE_RATE))
            except SettingError as problem:
                raise ProtocolError(str(problem), "invalid_value", problem.param) from problem
        pieces = self._decoder.pieces(event.audio)
        self._state.apply(event, 0)
        for samples in pieces:
            self._heard += len(samples)
            self._state.apply(event, len(samples))

    def _answer_update(self, event: SessionUpdate) -> ServerEvent:
        """Return what answered this update in the recording; to a further one, the settings in force."""
        self._asked = self._asked.updated(event.session)
        if self._answers:
            return self._tell(self._answers.popleft())
        return self._tell(SessionUpdated({"id": self.session_id, **self.config.to_wire()}))

    # ---- what is said

    def _due(self) -> Iterator[WireOutput]:
        """Say what is due by now; close the connection where that of the recording was lost."""
        while self._rest:
            if self._is_due(self._rest[0]):
                yield self._tell(self._rest.popleft())
            elif self._is_passed():
                self._rest.popleft()
            else:
                break
        close, over = self._recorded.close, not self._rest and self._has_heard(self._recorded.samples)
        if close is not None and over and not self._closed:
            self._closed = True
            self._lost()
            yield CloseConnection(*close)

    def _is_due(self, recorded: RecordedEvent) -> bool:
        asked = self._commits >= recorded.commits and self._clears >= recorded.clears
        return asked and self._finishing >= recorded.finished and self._has_heard(recorded.samples)

    def _is_passed(self) -> bool:
        """Tell whether what comes next is an error about something that this client has not asked for."""
        first, second = self._rest[0], self._rest[1] if len(self._rest) > 1 else None
        is_error = isinstance(first.event, ErrorEvent) and self._has_heard(first.samples)
        return is_error and second is not None and second.samples > first.samples and self._is_due(second)

    def _has_heard(self, samples: int) -> bool:
        """Tell whether so many samples of the recording's rate have come, to the length of one."""
        return self._heard * self._recorded.config.sample_rate >= (samples - 1) * self._rate

    def _finish(self) -> Iterator[WireOutput]:
        """Say the rest about items that have begun, then that the session is finished."""
        while self._rest and not isinstance(self._rest[0].event, SessionFinished):
            recorded = self._rest.popleft()
            if getattr(recorded.event, "item_id", None) in self._items:
                yield self._tell(recorded)
        yield self._tell(self._rest.popleft() if self._rest else SessionFinished())

    def _tell(self, said: RecordedEvent | ServerEvent) -> ServerEvent:
        """Note an event as said and return it: a recorded one as it stood on the wire."""
        event = said.event if isinstance(said, RecordedEvent) else said
        self._state.apply(event)
        if isinstance(event, (SessionCreated, SessionUpdated)):
            self._configure(event.session)
        item = getattr(event, "item_id", None)
        if item is not None:
            self._items.add(item)
        return UnknownEvent(said.message) if isinstance(said, RecordedEvent) else event

    def _configure(self, session: Mapping[str, Any]) -> None:
        """Put the recorded settings in force, where this version knows them."""
        try:
            self.config = self.config.updated(session)
        except SettingError:
            return
        self._state.configure(self.config)
