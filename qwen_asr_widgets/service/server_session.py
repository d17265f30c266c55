"""The service's side of one session as a machine without sockets, processes or clocks.

Frames and recogniser results go in; events to be sent and commands to the recogniser come out, in order.
What comes out is yielded lazily: `Pause` stands wherever others may have their turn, so that an append of
six minutes keeps nobody waiting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any, Union

from ..audio.units import SAMPLE_RATE
from ..errors import ProtocolError, SettingError
from ..protocol.codec import decode_audio_in_pieces, parse, read_client
from ..protocol.config import SessionConfig
from ..protocol.events import (
    AppendAudio, BufferCleared, CancelResponse, ClearBuffer, ClientEvent, CommitBuffer, ErrorEvent,
    FinishSession, ServerEvent, SessionCreated, SessionFinished, SessionUpdate, SessionUpdated,
    UnknownEvent,
)
from ..protocol.state import ProtocolState
from ..vad.turns import TurnDetection
from .commands import Command, Configure, Configured, Failed, Final, PartialText, Result
from .audio_decoder import Intake
from .items import Items
from .segmenter import Closed, Fed, Segmenter, Opened, Pause, Silence, Step
from .protocol_errors import too_long, unknown_event, unsupported_language

Output = Union[ServerEvent, Command, Pause]
Listen = Callable[[Union[TurnDetection, None]], Segmenter]


class ServerSession:
    """One session as the service sees it.

    Parameters
    ----------
    model : str
        The model the client asked for; reported as asked.
    engine : str
        What really recognises; stands in the session object as ``engine``.
    languages : tuple of str or None
        Languages the recogniser knows; None: any.
    listen : callable
        Makes the `Segmenter` that finds the turns, from the settings.

    Attributes
    ----------
    config : SessionConfig
        The settings in force.

    Examples
    --------
    >>> responder = ServerSession("qwen3-asr-flash-realtime", "script", None)
    >>> [event.type for event in responder.open()]
    ['session.created']
    >>> [event.error["code"] for event in responder.receive("{")]
    ['invalid_json']
    """

    def __init__(
        self, model: str, engine: str, languages: tuple[str, ...] | None, listen: Listen = Segmenter
    ) -> None:
        self.config = SessionConfig()
        self.session_id = "sess_" + os.urandom(12).hex()
        self._model, self._engine, self._languages = model, engine, languages
        self._legality = ProtocolState(self.config)
        self._intake = Intake(self.config)
        self._listener = listen(self.config.turn_detection)
        self._items = Items(lambda: self._language)
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
        return self._noted(iter([SessionCreated(session)]))

    def receive(self, frame: str | bytes) -> Iterator[Output]:
        """Answer a frame from the client."""
        return self._noted(self._receive(frame))

    def recognised(self, result: Result) -> Iterator[Output]:
        """Pass on what the recogniser found."""
        return self._noted(self._recognised(result))

    def recognizer_lost(self, reason: str) -> Iterator[Output]:
        """Give up what the lost recogniser was to answer, and set up the one that takes its place."""
        return self._noted(self._replace_recognizer(reason))

    def _noted(self, outputs: Iterator[Output]) -> Iterator[Output]:
        """Pass outputs on; what the client is told moves the session on."""
        for output in outputs:
            if isinstance(output, ServerEvent):
                self._legality.apply(output)
            yield output

    # ---- what the client sends

    def _receive(self, frame: str | bytes) -> Iterator[Output]:
        event_id = None
        try:
            if not isinstance(frame, str):
                raise ProtocolError("Events are JSON text frames; a binary frame was sent.", "invalid_event")
            message = parse(frame)
            event_id = _identity(message)
            if message["type"] == AppendAudio.type:
                event: ClientEvent = AppendAudio((yield from _unpacked(message.get("audio"))))
            else:
                event = read_client(message)
            yield from self._obey(event, event_id)
        except ProtocolError as problem:
            yield _error(problem, event_id)

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
            yield from self._items.cancel()
        else:
            self._legality.apply(event)
            yield from self._change_buffer(event, event_id)

    def _refuse(self, event: ClientEvent, problem: ProtocolError) -> Iterator[Output]:
        """Raise the problem; a buffer too long to be committed ever is cleared first."""
        if problem.code == "audio_too_long" and self._items.open is not None:
            problem = too_long(self._items.open.seconds)
            self._legality.apply(event)
            yield from self._items.drop_open()
        raise problem

    def _change_buffer(self, event: ClientEvent, event_id: str | None) -> Iterator[Output]:
        if isinstance(event, CommitBuffer):
            yield from self._hear_rest()
            yield from self._items.commit()
        elif isinstance(event, ClearBuffer):
            yield from self._clear()
        elif isinstance(event, FinishSession):
            yield from self._finish(event_id)

    def _append(self, event: AppendAudio) -> Iterator[Output]:
        pieces = self._intake.pieces(event.audio)
        self._legality.apply(event, 0)
        for samples in pieces:
            self._legality.apply(event, len(samples) * self.config.sample_rate // SAMPLE_RATE)
            for step in self._listener.hear(samples):
                yield from self._on_step(step)

    def _hear_rest(self) -> Iterator[Output]:
        """Hear what decoder or resampler held back: it belongs to what was appended before."""
        for step in self._listener.hear(self._intake.flush()):
            yield from self._on_step(step)

    def _on_step(self, step: Step) -> Iterator[Output]:
        if isinstance(step, Pause):
            yield step
        elif isinstance(step, Opened):
            yield from self._items.begin(step)
        elif isinstance(step, Fed):
            yield from self._items.feed(step, self._listener.position)
        elif isinstance(step, Silence):
            yield from self._items.quiet(step)
        elif isinstance(step, Closed):
            yield from self._items.stop(step)

    def _clear(self) -> Iterator[Output]:
        """Throw away what was not committed: an open turn vanishes, what follows may open another."""
        list(self._listener.finish())
        yield from self._items.drop_open()
        yield BufferCleared()

    def _finish(self, event_id: str | None) -> Iterator[Output]:
        """Answer what is pending; the last event follows once nothing is owed."""
        yield from self._hear_rest()
        for step in self._listener.finish():
            yield from self._on_step(step)
        item = self._items.open
        if item is not None and item.is_too_long:
            yield from self._items.drop_open()
            yield _error(too_long(item.seconds), event_id)
        elif item is not None:
            yield from self._items.commit()
        self._finishing = True
        yield from self._finish_if_done()

    def _finish_if_done(self) -> Iterator[Output]:
        if self._finishing and not self._items.owed and not self.is_finished:
            yield SessionFinished()

    # ---- what the recogniser finds

    def _recognised(self, result: Result) -> Iterator[Output]:
        if isinstance(result, PartialText):
            yield from self._items.partial(result)
        elif isinstance(result, Final):
            yield from self._items.complete(result)
        elif isinstance(result, Failed) and result.item_id is not None:
            yield from self._items.fail(result.item_id, "recognition_failed", result.message)
        elif isinstance(result, Failed):
            yield from self._revert(result.message)
        elif isinstance(result, Configured):
            yield from self._on_configured(result)
        yield from self._finish_if_done()

    def _replace_recognizer(self, reason: str) -> Iterator[Output]:
        yield from self._items.fail_all("recognizer_lost", reason)
        yield from self._revert(reason)
        if self.config.language or self.config.corpus_text:
            yield Configure(self.config.language, self.config.corpus_text)
        yield from self._finish_if_done()

    # ---- settings

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
            yield SessionUpdated(self._session_object())
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
        if was_manual and not is_manual and self._items.open is not None:
            yield from self._items.commit()

    def _on_configured(self, result: Configured) -> Iterator[Output]:
        self._unknown_words = result.unknown_words
        if self._replaced is not None:
            self._replaced = None
            yield SessionUpdated(self._session_object())

    def _revert(self, reason: str) -> Iterator[Output]:
        """Take back settings that the recogniser could not take."""
        if self._replaced is None:
            return
        (before, event_id), self._replaced = self._replaced, None
        self.config = replace(self.config, language=before.language, corpus_text=before.corpus_text)
        self._legality.configure(self.config)
        yield _error(ProtocolError(
            f"The recogniser could not take language and context, the old ones stay: {reason}",
            "invalid_value", "input_audio_transcription",
        ), event_id)

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


def _unpacked(audio: Any) -> Generator[Pause, None, bytes]:
    """Return the bytes of an append's base64; others may have their turn while a large one is decoded."""
    pieces: list[bytes] = []
    for piece in decode_audio_in_pieces(audio):
        if pieces:
            yield Pause()
        pieces.append(piece)
    return b"".join(pieces)


def _error(problem: ProtocolError, event_id: str | None) -> ErrorEvent:
    return ErrorEvent({
        "type": "invalid_request_error", "code": problem.code, "message": str(problem),
        "param": problem.param, "event_id": event_id,
    })


def _identity(message: Mapping[str, Any]) -> str | None:
    """Return a client's ``event_id``, to be named in an error about that event."""
    event_id = message.get("event_id")
    return event_id if isinstance(event_id, str) else None
