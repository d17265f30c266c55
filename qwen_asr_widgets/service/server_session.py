"""The service's side of one session, without sockets, processes or clocks (sans-I/O).

Frames from the client and results from the recogniser go in; events for the client and commands for the
recogniser come out, in the order in which they are to be sent. The session's states, and what moves it on::

    opening ---- open() sends session.created ----> open

    open ---- session.update: settings hold at once, session.updated ----------------------> open
    open ---- session.update with another language or context: Configure to the recogniser -> configuring

    configuring ---- Configured: session.updated ------------------------------------------> open
    configuring ---- RecognizerFailed: error, the old language and context are back --------> open

    open ---- audio, commit, clear, cancel: see `items` for what becomes of an item --------> open
    open ---- session.finish: the open item is closed --------------------------------------> finishing

    finishing ---- the last transcript that was owed is out: session.finished --------------> finished

While the session is ``configuring`` (`ServerSession.awaits_configuration`) its caller gives it no frame: what
follows a ``session.update`` is to be recognised with the new settings. What is not possible in a state is
answered with an ``error`` event and changes nothing; the table is `qwen_asr_widgets.protocol.state`.

Outputs are generated one by one as they are asked for. `YieldPoint` among them marks where the caller may let
other tasks run: one append can hold six minutes of audio, which other sessions must not wait for.
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
    FinishSession, RecognizerBehind, ServerEvent, SessionCreated, SessionFinished, SessionUpdate,
    SessionUpdated, UnknownEvent,
)
from ..protocol.state import ProtocolState
from ..vad.turns import TurnDetection
from .audio_decoder import AudioDecoder
from .items import Items
from .protocol_errors import check_session_object, too_long, unknown_event, unsupported_language
from .segmenter import (
    FindsSegments, SegmentAudio, SegmentEnded, Segmenter, SegmentEvent, SegmentSilence, SegmentStarted,
    YieldPoint,
)
from .workers.messages import (
    Configure, Configured, FinalText, PartialText, RecognizerFailed, WorkerCommand, WorkerResult,
)

Output = Union[ServerEvent, WorkerCommand, YieldPoint]
MakeSegmenter = Callable[[Union[TurnDetection, None]], FindsSegments]
AnswerInstead = Callable[[ClientEvent], Union[Iterator[Output], None]]


def _as_documented(event: ClientEvent) -> None:
    """Leave every event to the session."""


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
    make_segmenter : callable
        Makes, from the settings in force at first, the segmenter that finds the turns.
    answer_instead : callable
        Is asked first about each event of the client; returns the outputs that answer it, or None where the
        session is to answer.

    Attributes
    ----------
    config : SessionConfig
        The settings in force.
    session_id : str
        Its id, as in ``session.created``.

    Examples
    --------
    >>> session = ServerSession("qwen3-asr-flash-realtime", "script", None)
    >>> [event.type for event in session.open()]
    ['session.created']
    >>> [event.error["code"] for event in session.receive("{")]
    ['invalid_json']
    """

    def __init__(
        self, model: str, engine: str, languages: tuple[str, ...] | None,
        make_segmenter: MakeSegmenter = Segmenter, answer_instead: AnswerInstead = _as_documented,
    ) -> None:
        self.config = SessionConfig()
        self.session_id = "sess_" + os.urandom(12).hex()
        self._model, self._engine, self._languages = model, engine, languages
        self._state = ProtocolState(self.config)
        self._decoder = AudioDecoder(self.config)
        self._segmenter = make_segmenter(self.config.turn_detection)
        self._answer_instead = answer_instead
        self._items = Items(lambda: self._language)
        self._unknown_words: tuple[str, ...] = ()
        # While configuring: the settings before, and the event_id of the update.
        self._replaced: tuple[SessionConfig, str | None] | None = None
        # From when session.finish has closed the open item; a result may come in while it is being closed.
        self._is_finishing = False

    @property
    def awaits_configuration(self) -> bool:
        """Whether the recogniser must answer before the next frame is given in."""
        return self._replaced is not None

    @property
    def is_finished(self) -> bool:
        """Whether ``session.finished``, the last event, has been given out."""
        return self._state.state == "finished"

    @property
    def has_audio(self) -> bool:
        """Whether any audio was appended."""
        return self._state.appended

    @property
    def position(self) -> int:
        """Samples of audio heard so far, at 16 kHz."""
        return self._segmenter.position

    @property
    def has_open_item(self) -> bool:
        """Whether audio goes to an item now."""
        return self._items.open is not None

    @property
    def wake_at(self) -> float | None:
        """When it wants to act though nothing comes: never."""
        return None

    def open(self) -> Iterator[Output]:
        """Open the session with ``session.created``, which names no prefix padding, as in the cloud."""
        session = self._session_object()
        if session["turn_detection"] is not None:
            del session["turn_detection"]["prefix_padding_ms"]
        return self._tracked(iter([SessionCreated(session)]))

    def receive(self, frame: str | bytes) -> Iterator[Output]:
        """Answer a frame from the client."""
        return self._tracked(self._receive(frame))

    def woken(self) -> Iterator[Output]:
        """Act at the time that `wake_at` named."""
        return iter(())

    def recognised(self, result: WorkerResult) -> Iterator[Output]:
        """Pass on what the recogniser found."""
        return self._tracked(self._recognised(result))

    def recognizer_lost(self, item_id: str | None, reason: str) -> Iterator[Output]:
        """Fail an item on which recognisers die; where ``item_id`` is None, the settings asked for."""
        return self._tracked(self._give_up(item_id, reason))

    def behind(self, seconds: float) -> Iterator[Output]:
        """Say how far the recogniser is behind."""
        return iter([] if self.is_finished else [RecognizerBehind(round(1_000 * seconds))])

    def _tracked(self, outputs: Iterator[Output]) -> Iterator[Output]:
        """Yield the outputs, and apply each event among them to the protocol's state as it goes out."""
        for output in outputs:
            if isinstance(output, ServerEvent):
                self._state.apply(output)
            yield output

    # ---- what the client sends

    def _receive(self, frame: str | bytes) -> Iterator[Output]:
        event_id = None
        try:
            if not isinstance(frame, str):
                raise ProtocolError("Events are JSON text frames; a binary frame was sent.", "invalid_event")
            message = parse(frame)
            event_id = _event_id(message)
            if message["type"] == AppendAudio.type:
                event: ClientEvent = AppendAudio((yield from _audio_bytes(message.get("audio"))))
            else:
                event = read_client(message)
            yield from self._handle(event, event_id)
        except ProtocolError as problem:
            yield _error_event(problem, event_id)

    def _handle(self, event: ClientEvent, event_id: str | None) -> Iterator[Output]:
        answer = self._answer_instead(event)
        if answer is not None:
            yield from answer
            return
        if isinstance(event, UnknownEvent):
            raise unknown_event(event.message)
        problem = self._state.refusal(event)
        if problem is not None:
            yield from self._refuse(event, problem)
        if isinstance(event, AppendAudio):
            yield from self._append(event)
        elif isinstance(event, SessionUpdate):
            yield from self._update(event, event_id)
        elif isinstance(event, CancelResponse):
            yield from self._items.cancel()
        else:
            self._state.apply(event)
            yield from self._change_buffer(event, event_id)

    def _refuse(self, event: ClientEvent, problem: ProtocolError) -> Iterator[Output]:
        """Raise the problem; a buffer too long ever to be committed is cleared first."""
        if problem.code == "audio_too_long" and self._items.open is not None:
            problem = too_long(self._items.open.seconds)
            self._state.apply(event)
            yield from self._items.drop_open()
        raise problem

    def _change_buffer(self, event: ClientEvent, event_id: str | None) -> Iterator[Output]:
        if isinstance(event, CommitBuffer):
            yield from self._flush_decoder()
            yield from self._items.close()
        elif isinstance(event, ClearBuffer):
            yield from self._clear()
        elif isinstance(event, FinishSession):
            yield from self._finish(event_id)

    def _append(self, event: AppendAudio) -> Iterator[Output]:
        pieces = self._decoder.pieces(event.audio)
        self._state.apply(event, 0)
        for samples in pieces:
            self._state.apply(event, len(samples) * self.config.sample_rate // SAMPLE_RATE)
            yield from self._follow(self._segmenter.push(samples))

    def commit_turn(self) -> Iterator[Output]:
        """Close the open turn without ``speech_stopped``: the stand-in's quirk that a commit does so."""
        ending = self._segmenter.finish()
        yield from self._follow(event for event in ending if not isinstance(event, SegmentEnded))
        yield from self._items.close()

    def _flush_decoder(self) -> Iterator[Output]:
        """Take what decoder or resampler held back: it belongs to what was appended before."""
        yield from self._follow(self._segmenter.push(self._decoder.flush()))

    def _follow(self, events: Iterator[SegmentEvent]) -> Iterator[Output]:
        """Open, fill and close items as the segmenter says."""
        for event in events:
            if isinstance(event, YieldPoint):
                yield event
            elif isinstance(event, SegmentStarted):
                yield from self._items.open_turn(event)
            elif isinstance(event, SegmentAudio):
                yield from self._items.append(event, self._segmenter.position)
            elif isinstance(event, SegmentSilence):
                yield from self._items.announce_silence(event)
            elif isinstance(event, SegmentEnded):
                yield from self._items.close_turn(event)

    def _clear(self) -> Iterator[Output]:
        """Throw away what was not committed: an open turn vanishes, what follows may open another."""
        list(self._segmenter.finish())
        yield from self._items.drop_open()
        yield BufferCleared()

    def _finish(self, event_id: str | None) -> Iterator[Output]:
        """Close the open item; the last event follows once no transcript is owed."""
        yield from self._flush_decoder()
        yield from self._follow(self._segmenter.finish())
        item = self._items.open
        if item is not None and item.is_too_long:
            yield from self._items.drop_open()
            yield _error_event(too_long(item.seconds), event_id)
        elif item is not None:
            yield from self._items.close()
        self._is_finishing = True
        yield from self._finish_if_done()

    def _finish_if_done(self) -> Iterator[Output]:
        if self._is_finishing and not self._items.owed and not self.is_finished:
            yield SessionFinished()

    # ---- what the recogniser finds

    def _recognised(self, result: WorkerResult) -> Iterator[Output]:
        if isinstance(result, PartialText):
            yield from self._items.partial(result)
        elif isinstance(result, FinalText):
            yield from self._items.complete(result)
        elif isinstance(result, RecognizerFailed) and result.item_id is not None:
            yield from self._items.fail(result.item_id, "recognition_failed", result.message)
        elif isinstance(result, RecognizerFailed):
            yield from self._restore_settings(result.message)
        elif isinstance(result, Configured):
            yield from self._on_configured(result)
        yield from self._finish_if_done()

    def _give_up(self, item_id: str | None, reason: str) -> Iterator[Output]:
        if item_id is None:
            yield from self._restore_settings(reason)
        else:
            yield from self._items.fail(item_id, "recognizer_lost", reason)
        yield from self._finish_if_done()

    # ---- settings

    def _update(self, event: SessionUpdate, event_id: str | None) -> Iterator[Output]:
        check_session_object(event.session)
        wanted = self.config.updated(event.session)
        problem = unsupported_language(wanted, self._engine, self._languages)
        if problem is not None:
            raise problem
        decoder = self._decoder_for(wanted)
        self._state.apply(event)
        yield from self._change_mode(wanted)
        before, self.config, self._decoder = self.config, wanted, decoder
        self._state.configure(wanted)
        if (before.language, before.corpus_text) == (wanted.language, wanted.corpus_text):
            yield SessionUpdated(self._session_object())
        else:
            self._replaced = before, event_id
            yield Configure(wanted.language, wanted.corpus_text)

    def _decoder_for(self, wanted: SessionConfig) -> AudioDecoder:
        """Return the decoder for these settings: the present one, unless the format changes."""
        before, after = ((c.input_audio_format, c.sample_rate) for c in (self.config, wanted))
        if before == after:
            return self._decoder
        try:
            return AudioDecoder(wanted)
        except SettingError as problem:
            raise ProtocolError(str(problem), "invalid_value", problem.param) from problem

    def _change_mode(self, wanted: SessionConfig) -> Iterator[Output]:
        """Put turn detection in force; a change to or from manual mode closes the open item."""
        was_manual, is_manual = (c.turn_detection is None for c in (self.config, wanted))
        yield from self._follow(self._segmenter.update(wanted.turn_detection))
        if was_manual and not is_manual and self._items.open is not None:
            yield from self._items.close()

    def _on_configured(self, result: Configured) -> Iterator[Output]:
        self._unknown_words = result.unknown_words
        if self._replaced is not None:
            self._replaced = None
            yield SessionUpdated(self._session_object())

    def _restore_settings(self, reason: str) -> Iterator[Output]:
        """Go back to the language and context from before an update that the recogniser could not take."""
        if self._replaced is None:
            return
        (before, event_id), self._replaced = self._replaced, None
        self.config = replace(self.config, language=before.language, corpus_text=before.corpus_text)
        self._state.configure(self.config)
        yield _error_event(ProtocolError(
            f"The recogniser could not take language and context, the old ones stay: {reason}",
            "invalid_value", "input_audio_transcription",
        ), event_id)

    @property
    def _language(self) -> str | None:
        """The language to be named with a text: the one asked for, or the only one there is."""
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


def _audio_bytes(audio: Any) -> Generator[YieldPoint, None, bytes]:
    """Return the bytes of an append's base64; others may run while a large one is decoded."""
    pieces: list[bytes] = []
    for piece in decode_audio_in_pieces(audio):
        if pieces:
            yield YieldPoint()
        pieces.append(piece)
    return b"".join(pieces)


def _error_event(problem: ProtocolError, event_id: str | None) -> ErrorEvent:
    return ErrorEvent({
        "type": "invalid_request_error", "code": problem.code, "message": str(problem),
        "param": problem.param, "event_id": event_id,
    })


def _event_id(message: Mapping[str, Any]) -> str | None:
    """Return a client's ``event_id``, to be named in an error about that event."""
    event_id = message.get("event_id")
    return event_id if isinstance(event_id, str) else None
