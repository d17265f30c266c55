"""How the service stands in for DashScope: it acts out `Quirks` around a session and around its segmenter.

`QuirkySegmenter` finds turns as DashScope does: no silence under the floor, an end after the silence, told a
little later. `QuirkySession` answers some events instead of the session and changes others on their way to
the client. Neither has a socket; times come from the clock that a session is given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE, ms_to_samples, samples_to_ms, seconds_to_samples
from ..protocol.config import SessionConfig
from ..protocol.events import (
    BufferCommitted, ClientEvent, CommitBuffer, ErrorEvent, FinishSession, ItemCreated, SessionFinished,
    SessionUpdate, SpeechStarted, SpeechStopped, TranscriptCompleted, TranscriptPartial, UnknownEvent,
)
from ..protocol.quirks import Quirks
from ..vad.turns import TurnDetection
from .segmenter import FindsSegments, SegmentEnded, SegmentEvent, SegmentStarted
from .server_session import AnswerInstead, MakeSegmenter, Output, ServerSession
from .workers.messages import WorkerResult

UPDATE_REFUSED = "Session update error: session already started or finished or failed."
COMMIT_REFUSED = "Error committing input audio buffer: buffer too small, or have no audio."
ITEM_REFUSED = "The input messages do not contain elements with the role of user"
TRAFFIC = "Input traffic exceeds the limit"
IDLE = "Your session was closed because no response was generated for {:g} seconds"

DENSE_MS = 500
"""Milliseconds from one turn's end to the next one's start under which the two are made to touch."""

OVERLAP_MS = 222
"""Milliseconds by which every third turn that touches the last one is reported to begin before its end."""

FAINT_MS = 500
"""Milliseconds of speech under which a final without words is given an invented one."""

_INVENTED = ("\u55ef", "Yeah.")
_WORDLESS = ("\u3002", "")
_SETTINGS_CODES = frozenset({"invalid_value", "unknown_parameter", "unsupported_language"})


@dataclass(frozen=True)
class WaitUntil:
    """Nothing more is to be sent before this time on the session's clock."""

    time: float


@dataclass(frozen=True)
class CloseConnection:
    """What came before is to be sent, then the connection closed."""

    code: int
    reason: str = ""


WireOutput = Union[Output, WaitUntil, CloseConnection]


class QuirkySegmenter:
    """A segmenter that reports turns as DashScope does.

    Parameters
    ----------
    settings : TurnDetection or None
        As the client gave them; None is manual mode.
    quirks : Quirks
        The floor of the silence, whether ends contain it, and how much audio follows until that is told.
    make : callable
        Makes the segmenter that really finds the turns.

    Examples
    --------
    >>> from qwen_asr_widgets.audio.samples import sample
    >>> from qwen_asr_widgets.service.segmenter import Segmenter
    >>> talk = sample("conversation").clip.to_pcm16()[:70_000]
    >>> segmenter = QuirkySegmenter(TurnDetection(0.0, 200), Quirks.of("dashscope"), Segmenter)
    >>> [event.end / 16 for event in segmenter.push(talk) if isinstance(event, SegmentEnded)]
    [4048.0]
    """

    def __init__(self, settings: TurnDetection | None, quirks: Quirks, make: MakeSegmenter) -> None:
        self._quirks = quirks
        self._settings = settings
        self._segmenter: FindsSegments = make(self._applied(settings))
        self._held: SegmentEnded | None = None
        self._due = 0

    @property
    def position(self) -> int:
        """Samples taken so far."""
        return self._segmenter.position

    def push(self, samples: NDArray[np.int16]) -> Iterator[SegmentEvent]:
        """Take the next samples, int16 at 16 kHz, and yield what follows from them."""
        return self._reported(self._segmenter.push(samples))

    def update(self, settings: TurnDetection | None) -> Iterator[SegmentEvent]:
        """Put other settings in force; None closes an open turn."""
        yield from self._reported(self._segmenter.update(self._applied(settings)))
        self._settings = settings
        if settings is None:
            yield from self._release()

    def finish(self) -> Iterator[SegmentEvent]:
        """Close an open turn."""
        yield from self._reported(self._segmenter.finish())
        yield from self._release()

    def _applied(self, settings: TurnDetection | None) -> TurnDetection | None:
        """Return the settings with no silence under the floor."""
        if settings is None:
            return None
        silence = max(settings.silence_duration_ms, self._quirks.silence_floor_ms)
        return replace(settings, silence_duration_ms=silence)

    def _reported(self, events: Iterable[SegmentEvent]) -> Iterator[SegmentEvent]:
        """Move the ends of turns, and hold each back until enough audio has followed."""
        for event in events:
            if isinstance(event, (SegmentEnded, SegmentStarted)) or self.position >= self._due:
                yield from self._release()
            if isinstance(event, SegmentEnded):
                self._hold(event)
            else:
                yield event

    def _hold(self, event: SegmentEnded) -> None:
        applied = self._applied(self._settings)
        end = event.end
        if self._quirks.end_contains_silence and applied is not None:
            end = min(end + ms_to_samples(applied.silence_duration_ms, SAMPLE_RATE), event.decided)
        self._held = replace(event, end=end)
        self._due = end + seconds_to_samples(self._quirks.stopped_after_end_s, SAMPLE_RATE)

    def _release(self) -> Iterator[SegmentEvent]:
        held, self._held = self._held, None
        if held is not None:
            yield held


class UploadMeter:
    """Tells when a client uploads faster than the service allows: a leaky bucket of one second's bytes.

    Parameters
    ----------
    kilobytes : float or None
        1,000 bytes a second; None takes everything.

    Examples
    --------
    >>> meter = UploadMeter(100.0)
    >>> meter.exceeded(90_000, now=0.0), meter.exceeded(90_000, now=0.5), meter.exceeded(90_000, now=2.0)
    (False, True, False)
    """

    def __init__(self, kilobytes: float | None) -> None:
        self._most = math.inf if kilobytes is None else 1_000.0 * kilobytes
        self._level, self._at = 0.0, 0.0

    def exceeded(self, size: int, now: float) -> bool:
        """Take ``size`` bytes that came at ``now``; return whether they are too many."""
        if self._most == math.inf:
            return False
        self._level = max(0.0, self._level - (now - self._at) * self._most) + size
        self._at = now
        return self._level > self._most


@dataclass
class _ToldTurn:
    """What the client was told of an item so far; times in ms of the session's audio, one on the clock."""

    start_ms: int
    onset_ms: int
    speech_ms: int | None = None
    end_ms: int = 0
    stopped_at: float | None = None
    shown: str = ""

    @property
    def seconds(self) -> int:
        """Its length in seconds, as it is counted for ``usage``: rounded up."""
        return math.ceil((self.end_ms - self.start_ms) / 1_000)


class QuirkySession:
    """A `ServerSession` that answers as DashScope's service is reported to.

    It has the methods of a `ServerSession`; among its outputs are also `WaitUntil` and `CloseConnection`.

    Parameters
    ----------
    make : callable
        Makes the session; is given what is to answer some events in its place.
    quirks : Quirks
        What it does otherwise.
    clock : callable
        Monotonic seconds.

    Examples
    --------
    >>> from functools import partial
    >>> make = partial(ServerSession, "qwen3-asr-flash-realtime", "script", None)
    >>> session = QuirkySession(lambda answer: make(answer_instead=answer), Quirks.of("dashscope"))
    >>> [event.type for event in session.open()]
    ['session.created']
    >>> [output for output in session.receive('{"type": "conversation.item.create"}')][0].error["message"]
    'The input messages do not contain elements with the role of user'
    """

    def __init__(
        self, make: Callable[[AnswerInstead], ServerSession], quirks: Quirks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quirks = quirks
        self._clock = clock
        self._session = make(self._answer)
        self._meter = UploadMeter(quirks.upload_limit_kB_s)
        self._turns: dict[str, _ToldTurn] = {}
        self._last = _ToldTurn(0, 0, end_ms=-DENSE_MS)
        self._touched = self._wordless = self._committed_ms = 0
        self._last_final = self._finish_asked = clock()
        self._closing = False
        self._on_wire: dict[type, Callable[[Any], Iterator[WireOutput]]] = {
            SpeechStarted: self._started,
            SpeechStopped: self._stopped,
            BufferCommitted: self._committed,
            TranscriptPartial: self._partial,
            TranscriptCompleted: self._completed,
            ErrorEvent: self._error,
            SessionFinished: self._finished,
        }

    @property
    def config(self) -> SessionConfig:
        """The settings in force."""
        return self._session.config

    @property
    def session_id(self) -> str:
        """Its id, as in ``session.created``."""
        return self._session.session_id

    @property
    def awaits_configuration(self) -> bool:
        """Whether the recogniser must answer before the next frame is given in."""
        return self._session.awaits_configuration

    @property
    def has_audio(self) -> bool:
        """Whether any audio was appended."""
        return self._session.has_audio

    @property
    def wake_at(self) -> float | None:
        """When it closes the connection if no final comes until then."""
        limit = self._quirks.idle_close_s
        return None if limit is None or self._closing else self._last_final + limit

    def open(self) -> Iterator[WireOutput]:
        """Open the session with ``session.created``."""
        self._last_final = self._clock()
        return self._rewritten(self._session.open())

    def receive(self, frame: str | bytes) -> Iterator[WireOutput]:
        """Answer a frame from the client; none once the connection is being closed."""
        if self._closing:
            return
        if self._meter.exceeded(len(frame), self._clock()):
            yield self._close(1007, TRAFFIC)
        else:
            yield from self._rewritten(self._session.receive(frame))

    def recognised(self, result: WorkerResult) -> Iterator[WireOutput]:
        """Pass on what the recogniser found."""
        return self._rewritten(self._session.recognised(result))

    def recognizer_lost(self, item_id: str | None, reason: str) -> Iterator[WireOutput]:
        """Fail an item on which recognisers die; where ``item_id`` is None, the settings asked for."""
        return self._rewritten(self._session.recognizer_lost(item_id, reason))

    def woken(self) -> Iterator[WireOutput]:
        """Close the connection where no final came for too long."""
        due = self.wake_at
        if due is not None and self._clock() >= due:
            yield self._close(1007, IDLE.format(self._quirks.idle_close_s))

    def behind(self, seconds: float) -> Iterator[WireOutput]:
        """Say how far the recogniser is behind, where it tells what the embedded service alone does."""
        return self._session.behind(seconds) if self._quirks.own_reports else iter(())

    def _rewritten(self, outputs: Iterable[Output]) -> Iterator[WireOutput]:
        for output in outputs:
            rewrite = self._on_wire.get(type(output))
            yield from (output,) if rewrite is None else rewrite(output)

    def _close(self, code: int, reason: str = "") -> CloseConnection:
        self._closing = True
        return CloseConnection(code, reason)

    # ---- what is answered instead

    def _answer(self, event: ClientEvent) -> Iterator[Output] | None:
        if isinstance(event, FinishSession):
            self._finish_asked = self._clock()
        elif isinstance(event, SessionUpdate):
            if not self._quirks.update_midway and self._session.has_audio:
                return self._refuse_update()
        elif isinstance(event, CommitBuffer):
            if self._quirks.commit_in_vad_mode and self._session.config.turn_detection is not None:
                return self._commit()
        elif isinstance(event, UnknownEvent) and not self._quirks.takes_items:
            if event.message.get("type") == "conversation.item.create":
                return iter([_error("invalid_item", ITEM_REFUSED)])
        return None

    def _refuse_update(self) -> Iterator[Any]:
        yield _error("invalid_value", UPDATE_REFUSED)
        yield self._close(1007, UPDATE_REFUSED)

    def _commit(self) -> Iterator[Output]:
        """Close the open turn, with a second ``committed``; without one there is nothing to commit."""
        if not self._session.has_open_item:
            yield _error("input_audio_buffer_commit_empty", COMMIT_REFUSED)
            return
        for output in self._session.commit_turn():
            yield output
            if isinstance(output, ItemCreated):
                yield BufferCommitted(output.item_id, output.previous_item_id)

    # ---- what is changed on its way to the client

    def _started(self, event: SpeechStarted) -> Iterator[WireOutput]:
        start, onset = event.audio_start_ms, event.audio_onset_ms
        if self._quirks.turns_touch and start - self._last.end_ms < DENSE_MS:
            self._touched += 1
            overlap = 0 if self._touched % 3 else OVERLAP_MS
            start = max(self._last.start_ms, self._last.end_ms - overlap)
        elif self._quirks.end_contains_silence:
            start = max(start, self._last.end_ms)
        self._turns[event.item_id] = self._last = _ToldTurn(start, start if onset is None else onset)
        shown = onset if self._quirks.own_reports else None
        yield replace(event, audio_start_ms=start, audio_onset_ms=shown)

    def _stopped(self, event: SpeechStopped) -> Iterator[WireOutput]:
        turn, settings = self._turns[event.item_id], self._session.config.turn_detection
        silence = 0
        if self._quirks.end_contains_silence and event.reason == "silence" and settings is not None:
            silence = max(settings.silence_duration_ms, self._quirks.silence_floor_ms)
        turn.end_ms, turn.stopped_at = event.audio_end_ms, self._clock()
        turn.speech_ms = event.audio_end_ms - silence - turn.onset_ms
        yield event if self._quirks.own_reports else replace(event, reason=None)

    def _committed(self, event: BufferCommitted) -> Iterator[WireOutput]:
        """Note where an item ends that was committed by the client."""
        now_ms = samples_to_ms(self._session.position, SAMPLE_RATE)
        turn = self._turns.setdefault(event.item_id, _ToldTurn(self._committed_ms, self._committed_ms))
        if turn.stopped_at is None:
            turn.end_ms, turn.stopped_at = now_ms, self._clock()
        self._committed_ms = now_ms
        yield event

    def _partial(self, event: TranscriptPartial) -> Iterator[WireOutput]:
        turn = self._turns.get(event.item_id)
        if turn is not None:
            turn.shown = event.text + event.stash
        if self._quirks.text_stash_exclusive:
            is_open = turn is not None and turn.stopped_at is None
            shown = event.text + event.stash
            event = replace(event, text="" if is_open else shown, stash=shown if is_open else "")
        yield event

    def _completed(self, event: TranscriptCompleted) -> Iterator[WireOutput]:
        turn = self._turns.pop(event.item_id, _ToldTurn(0, 0))
        self._last_final = self._clock()
        final = replace(event, transcript=self._worded(event.transcript, turn.speech_ms))
        if self._quirks.usage:
            final = replace(final, usage={"seconds": turn.seconds})
        if self._quirks.text_stash_exclusive and final.transcript:  # the refined pass, which shows text
            yield TranscriptPartial(event.item_id, final.transcript, "", event.language)
        delay = self._quirks.decode_delay_s - self._quirks.stopped_after_end_s
        if delay > 0 and turn.stopped_at is not None:
            yield WaitUntil(turn.stopped_at + delay)
        yield final
        if self._quirks.late_partials:
            yield TranscriptPartial(event.item_id, "", turn.shown or final.transcript, event.language)

    def _worded(self, text: str, speech_ms: int | None) -> str:
        """Return a final's text; where it has none, what the cloud is seen to put there."""
        if text.strip():
            return text
        is_faint = speech_ms is not None and speech_ms < FAINT_MS
        if is_faint and self._quirks.invented_words:
            choices = _INVENTED
        elif self._quirks.empty_finals:
            choices = _WORDLESS
        else:
            return text
        self._wordless += 1
        return choices[(self._wordless - 1) % 2]

    def _error(self, event: ErrorEvent) -> Iterator[WireOutput]:
        """Leave the code of an error away; of one about settings all but code and message."""
        error: Mapping[str, Any] = event.error
        if self._quirks.errors_without_code:
            about_settings = error.get("code") in _SETTINGS_CODES
            kept = ("code", "message") if about_settings else ("type", "message", "param", "event_id")
            error = {name: error[name] for name in kept if name in error}
        yield ErrorEvent(error)

    def _finished(self, event: SessionFinished) -> Iterator[WireOutput]:
        delay = self._quirks.finish_delay_s
        if delay:
            yield WaitUntil(self._finish_asked + delay)
        yield event
        if delay:
            yield self._close(1000)


def _error(code: str, message: str) -> ErrorEvent:
    return ErrorEvent({
        "type": "invalid_request_error", "code": code, "message": message, "param": None, "event_id": None,
    })
