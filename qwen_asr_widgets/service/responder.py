"""The service's side of one session as a machine without sockets, processes or clocks.

Frames and recogniser results go in; events to be sent and commands to the recogniser come out, in order.
What comes out is yielded lazily: `Pause` stands wherever others may have their turn, so that an append of
six minutes keeps nobody waiting.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Union

from ..audio.units import SAMPLE_RATE, samples_to_ms
from ..errors import ProtocolError, SettingError
from ..realtime.codec import parse, read_client
from ..realtime.config import SessionConfig
from ..realtime.events import (
    AppendAudio, BufferCleared, BufferCommitted, CancelResponse, ClearBuffer, ClientEvent, CommitBuffer,
    ErrorEvent, FinishSession, ItemCreated, ServerEvent, SessionCreated, SessionFinished, SessionUpdate,
    SessionUpdated, SpeechStarted, SpeechStopped, TranscriptCompleted, TranscriptFailed, TranscriptPartial,
    UnknownEvent,
)
from ..realtime.legality import Legality
from .commands import (
    Begin, Command, Configure, Configured, Drop, End, Failed, Final, Hear, PartialText, Quiet, Result,
)
from .intake import Intake
from .items import OpenItem, item_object
from .listening import Closed, Fed, Listener, Opened, Pause, Silence, Step
from .refusals import empty_buffer, nothing_to_cancel, too_long, unknown_event, unsupported_language

Output = Union[ServerEvent, Command, Pause]


class Responder:
    """One session as the service sees it.

    Parameters
    ----------
    model : str
        The model the client asked for; reported as asked.
    engine : str
        What really recognises; stands in the session object as ``engine``.
    languages : tuple of str or None
        Languages the recogniser knows; None: any.

    Attributes
    ----------
    config : SessionConfig
        The settings in force.

    Examples
    --------
    >>> responder = Responder("qwen3-asr-flash-realtime", "script", None)
    >>> [event.type for event in responder.open()]
    ['session.created']
    >>> [event.error["code"] for event in responder.receive("{")]
    ['invalid_json']
    """

    def __init__(self, model: str, engine: str, languages: tuple[str, ...] | None) -> None:
        self.config = SessionConfig()
        self.session_id = "sess_" + os.urandom(12).hex()
        self._model, self._engine, self._languages = model, engine, languages
        self._legality = Legality(self.config)
        self._intake = Intake(self.config)
        self._listener = Listener(self.config.turn_detection)
        self._open_item: OpenItem | None = None
        self._unanswered: dict[str, None] = {}
        self._previous_item: str | None = None
        self._unknown_words: tuple[str, ...] = ()
        self._replaced: tuple[SessionConfig, str | None] | None = None
        self._finishing = False

    @property
    def awaits_configuration(self) -> bool:
        """Whether the recogniser must answer before the next frame is given in."""
        return self._replaced is not None

    @property
    def is_finished(self) -> bool:
        """Whether the last event has been given out."""
        return self._legality.state == "finished"

    def open(self) -> Iterator[Output]:
        """Greet the client."""
        session = self._session_object()
        if session["turn_detection"] is not None:
            del session["turn_detection"]["prefix_padding_ms"]
        yield self._event(SessionCreated(session))

    def receive(self, frame: str | bytes) -> Iterator[Output]:
        """Answer a frame from the client."""
        event_id = None
        try:
            if not isinstance(frame, str):
                raise ProtocolError("Events are JSON text frames; a binary frame was sent.", "invalid_event")
            message = parse(frame)
            event_id = _identity(message)
            yield from self._obey(read_client(message), event_id)
        except ProtocolError as problem:
            yield self._refusal(problem, event_id)

    def recognised(self, result: Result) -> Iterator[Output]:
        """Pass on what the recogniser found."""
        if isinstance(result, PartialText):
            yield from self._on_partial(result)
        elif isinstance(result, Final):
            if self._answered(result.item_id):
                yield self._event(TranscriptCompleted(result.item_id, result.text, self._language))
        elif isinstance(result, Failed) and result.item_id is not None:
            yield from self._fail(result.item_id, "recognition_failed", result.message)
        elif isinstance(result, Failed):
            yield from self._revert(result.message)
        elif isinstance(result, Configured):
            yield from self._on_configured(result)
        yield from self._finish_if_done()

    def recognizer_lost(self, reason: str) -> Iterator[Output]:
        """Give up what the lost recogniser was to answer, and set up the one that takes its place."""
        lost = list(self._unanswered)
        if self._open_item is not None:
            lost.append(self._open_item.item_id)
        for item_id in lost:
            yield from self._fail(item_id, "recognizer_lost", reason)
        yield from self._revert(reason)
        if self.config.language or self.config.corpus_text:
            yield Configure(self.config.language, self.config.corpus_text)
        yield from self._finish_if_done()

    def _obey(self, event: ClientEvent, event_id: str | None) -> Iterator[Output]:
        if isinstance(event, UnknownEvent):
            raise unknown_event(event.message)
        problem = self._legality.refusal(event)
        if problem is not None:
            yield from self._refuse(event, problem)
        if isinstance(event, AppendAudio):
            yield from self._append(event)
        elif isinstance(event, SessionUpdate):
            yield from self._update(event, event_id)
        elif isinstance(event, CancelResponse):
            yield from self._cancel()
        else:
            self._legality.apply(event)
            yield from self._change_buffer(event, event_id)

    def _refuse(self, event: ClientEvent, problem: ProtocolError) -> Iterator[Output]:
        """Raise the problem; a buffer too long to be committed ever is cleared first."""
        if problem.code == "audio_too_long" and self._open_item is not None:
            problem = too_long(self._open_item.seconds)
            self._legality.apply(event)
            yield from self._drop_open_item()
        raise problem

    def _change_buffer(self, event: ClientEvent, event_id: str | None) -> Iterator[Output]:
        if isinstance(event, CommitBuffer):
            yield from self._commit()
        elif isinstance(event, ClearBuffer):
            yield from self._clear()
        elif isinstance(event, FinishSession):
            yield from self._finish(event_id)

    def _append(self, event: AppendAudio) -> Iterator[Output]:
        samples = self._intake.push(event.audio)
        self._legality.apply(event, len(samples) * self.config.sample_rate // SAMPLE_RATE)
        for step in self._listener.hear(samples):
            yield from self._on_step(step)

    def _on_step(self, step: Step) -> Iterator[Output]:
        if isinstance(step, Pause):
            yield step
        elif isinstance(step, Opened):
            yield from self._open(step)
        elif isinstance(step, Fed):
            yield from self._feed(step)
        elif isinstance(step, Silence):
            if self._open_item is not None and self._open_item.failure is None:
                yield Quiet(step.remaining)
        elif isinstance(step, Closed):
            yield from self._stop(step)

    def _open(self, step: Opened) -> Iterator[Output]:
        self._open_item = OpenItem(is_manual=False)
        item_id = self._open_item.item_id
        yield self._event(SpeechStarted(item_id, _ms(step.start), _ms(step.onset)))
        yield Begin(item_id, step.start)

    def _feed(self, step: Fed) -> Iterator[Output]:
        """Give samples to the recogniser; in manual mode the first ones begin an item."""
        item = self._open_item
        if item is None:
            item = self._open_item = OpenItem(is_manual=True)
            yield Begin(item.item_id, self._listener.position - len(step.samples))
        item.samples += len(step.samples)
        if item.failure is None and not item.is_too_long:
            yield Hear(step.samples)

    def _stop(self, step: Closed) -> Iterator[Output]:
        if self._open_item is not None:
            yield self._event(SpeechStopped(self._open_item.item_id, _ms(step.end), step.reason))
            yield from self._commit()

    def _commit(self) -> Iterator[Output]:
        """Close the open item: from here on its transcript is owed."""
        item, self._open_item = self._open_item, None
        if item is None:
            raise empty_buffer()
        previous, self._previous_item = self._previous_item, item.item_id
        yield self._event(BufferCommitted(item.item_id, previous))
        yield self._event(ItemCreated(item.item_id, previous, item_object()))
        if item.failure is not None:
            yield self._event(TranscriptFailed(item.item_id, item.failure))
            return
        self._unanswered[item.item_id] = None
        if item.held is not None:
            yield from self._on_partial(item.held)
        yield End(item.item_id)

    def _clear(self) -> Iterator[Output]:
        """Throw away what was not committed: an open turn vanishes, what follows may open another."""
        list(self._listener.finish())
        yield from self._drop_open_item()
        yield self._event(BufferCleared())

    def _drop_open_item(self) -> Iterator[Output]:
        item, self._open_item = self._open_item, None
        if item is not None:
            yield Drop(item.item_id)

    def _cancel(self) -> Iterator[Output]:
        if not self._unanswered:
            raise nothing_to_cancel()
        for item_id in list(self._unanswered):
            yield from self._fail(item_id, "cancelled", "The client cancelled this response.")

    def _finish(self, event_id: str | None) -> Iterator[Output]:
        """Answer what is pending; the last event follows once nothing is owed."""
        for step in (*self._listener.hear(self._intake.flush()), *self._listener.finish()):
            yield from self._on_step(step)
        if self._open_item is not None and self._open_item.is_too_long:
            problem = too_long(self._open_item.seconds)
            yield from self._drop_open_item()
            yield self._refusal(problem, event_id)
        elif self._open_item is not None:
            yield from self._commit()
        self._finishing = True
        yield from self._finish_if_done()

    def _finish_if_done(self) -> Iterator[Output]:
        if self._finishing and not self._unanswered and not self.is_finished:
            yield self._event(SessionFinished())

    def _update(self, event: SessionUpdate, event_id: str | None) -> Iterator[Output]:
        wanted = self.config.updated(event.session)
        problem = unsupported_language(wanted, self._engine, self._languages)
        if problem is not None:
            raise problem
        intake = self._intake_for(wanted)
        self._legality.apply(event)
        yield from self._change_mode(wanted)
        before, self.config, self._intake = self.config, wanted, intake
        self._legality.configure(wanted)
        if (before.language, before.corpus_text) == (wanted.language, wanted.corpus_text):
            yield self._event(SessionUpdated(self._session_object()))
        else:
            self._replaced = before, event_id
            yield Configure(wanted.language, wanted.corpus_text)

    def _intake_for(self, wanted: SessionConfig) -> Intake:
        before, after = ((c.input_audio_format, c.sample_rate) for c in (self.config, wanted))
        if before == after:
            return self._intake
        try:
            return Intake(wanted)
        except SettingError as problem:
            raise ProtocolError(str(problem), "invalid_value", problem.param) from problem

    def _change_mode(self, wanted: SessionConfig) -> Iterator[Output]:
        """Put turn detection in force; a change to or from manual mode closes the open item."""
        was_manual, is_manual = (c.turn_detection is None for c in (self.config, wanted))
        for step in self._listener.update(wanted.turn_detection):
            yield from self._on_step(step)
        if was_manual and not is_manual and self._open_item is not None:
            yield from self._commit()
        if was_manual != is_manual:
            self._legality.buffered = 0

    def _on_configured(self, result: Configured) -> Iterator[Output]:
        self._unknown_words = result.unknown_words
        if self._replaced is not None:
            self._replaced = None
            yield self._event(SessionUpdated(self._session_object()))

    def _revert(self, reason: str) -> Iterator[Output]:
        """Take back settings that the recogniser could not take."""
        if self._replaced is None:
            return
        (before, event_id), self._replaced = self._replaced, None
        self.config = replace(self.config, language=before.language, corpus_text=before.corpus_text)
        self._legality.configure(self.config)
        yield self._refusal(ProtocolError(
            f"The recogniser could not take language and context, the old ones stay: {reason}",
            "invalid_value", "input_audio_transcription",
        ), event_id)

    def _on_partial(self, result: PartialText) -> Iterator[Output]:
        """Send a partial result; in manual mode not before its item exists."""
        item = self._open_item
        if item is not None and item.item_id == result.item_id and item.is_manual:
            item.held = result
        elif result.item_id in self._unanswered or (item is not None and item.item_id == result.item_id):
            yield self._event(
                TranscriptPartial(result.item_id, result.settled, result.draft, self._language)
            )

    def _fail(self, item_id: str, code: str, message: str) -> Iterator[Output]:
        """Say that an item gets no transcript; of an open one, once it is committed."""
        error = {"code": code, "message": message, "param": None}
        if self._open_item is not None and self._open_item.item_id == item_id:
            self._open_item.failure = error
        elif self._answered(item_id):
            yield self._event(TranscriptFailed(item_id, error))

    def _answered(self, item_id: str) -> bool:
        """Return whether a transcript was owed for this item; it no longer is."""
        owed = item_id in self._unanswered
        self._unanswered.pop(item_id, None)
        return owed

    @property
    def _language(self) -> str | None:
        if self.config.language is None and self._languages is not None and len(self._languages) == 1:
            return self._languages[0]
        return self.config.language

    def _session_object(self) -> dict[str, Any]:
        session = {
            "id": self.session_id, "object": "realtime.session", "model": self._model,
            **self.config.to_wire(), "engine": self._engine,
        }
        if self._unknown_words and self.config.corpus_text:
            session["input_audio_transcription"]["corpus"]["unknown_words"] = list(self._unknown_words)
        return session

    def _event(self, event: ServerEvent) -> ServerEvent:
        self._legality.apply(event)
        return event

    def _refusal(self, problem: ProtocolError, event_id: str | None) -> ServerEvent:
        return self._event(ErrorEvent({
            "type": "invalid_request_error", "code": problem.code, "message": str(problem),
            "param": problem.param, "event_id": event_id,
        }))


def _ms(sample: int) -> int:
    return samples_to_ms(sample, SAMPLE_RATE)


def _identity(message: Mapping[str, Any]) -> str | None:
    """Return a client's ``event_id``, to be named in an error about that event."""
    event_id = message.get("event_id")
    return event_id if isinstance(event_id, str) else None
