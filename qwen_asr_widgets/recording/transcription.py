"""The main job: sound goes to a service in real time, and comes back as a recording."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import NotConnected, OutboxFull, ServiceClosed, ServiceError, SettingError
from ..protocol.config import SessionConfig
from ..client.endpoints import Endpoint, resolve_endpoint
from ..protocol.events import Event, TranscriptCompleted, TranscriptFailed
from ..client.pacing import check_pace, paced
from ..client.stream import AudioStream
from .exports.html import clock
from .progress import Progress
from .recording import Recording
from .log.run_info import run_info
from .sources import Piece, SoundSource, open_source
from .turn_taking import CLIENT, SERVICE, checked_turn_taking, open_feed
from .utterances import TimedUtterance
from .values import TimedEvent

if TYPE_CHECKING:
    OnEvent = Callable[[TimedEvent], object]
    OnFinal = Callable[[TimedUtterance], object]

logger = logging.getLogger("qwen_asr_widgets")

FINISH_SECONDS = 60.0
"""Seconds without any sign of progress after which a service is given up while it finishes."""


def transcribe(
    source: Any,
    endpoint: Endpoint | str | None = None,
    config: SessionConfig | None = None,
    *,
    pace: float | None = 1.0,
    progress: bool = True,
    on_event: OnEvent | None = None,
    on_final: OnFinal | None = None,
    chunk_ms: float = 100,
    channel: int | str | None = None,
    sample_rate: int | None = None,
    turn_taking: str = SERVICE,
) -> Recording:
    """Stream sound to a recognition service as if it were spoken now; wait, and return the recording.

    Ctrl-C ends the session: what was sent is answered, and the recording is returned, marked incomplete.

    Parameters
    ----------
    source : path, bytes, binary file, array, AudioClip, Sample, Recording or iterable of arrays
        The sound, of any rate; it is resampled to the session's. An iterable is streamed as its chunks come.
    endpoint : Endpoint or str, optional
        ``"embedded"`` (default: a recogniser on this computer), ``"beijing"``, ``"singapore"`` or a URL.
    config : SessionConfig, optional
        Language, context and turn detection. In manual mode the sound is committed at its end and every 60 s.
    pace : float or None
        1.0 is real time, 2.0 twice as fast; None sends as fast as the service takes it.
    progress : bool
        Show a bar with the words as they come.
    on_event : callable, optional
        Called with each `TimedEvent` from the service, on the thread that reads.
    on_final : callable, optional
        Called with each utterance that has got its final transcript, or has failed to. What either callback
        raises is logged and ends nothing.
    chunk_ms : float
        Milliseconds of sound sent at once, in [10, 2000].
    channel : int or "mean", optional
        The channel to take of several.
    sample_rate : int, optional
        Rate (Hz) of an array or of chunks, which do not say it.
    turn_taking : {"service", "client"}
        Who finds the turns of ``config.turn_detection``. "client": the detector of `detect_turns` runs here
        and commits each turn, so that settings found with the tuner hold whatever the service's own detector
        does. Silence between turns is not sent, nor paid for; the recording keeps it. The service shows a
        turn's first words after its commit only. A turn and its padding last at most 60 s together.

    Returns
    -------
    Recording
        With everything handed in, sent or not.

    Raises
    ------
    AudioError
        The sound cannot be used.
    SettingError
        ``pace`` or ``chunk_ms`` is out of its range; ``turn_taking`` is neither of its values, or "client"
        without turn detection.
    EndpointError, MissingKey, ConnectFailed
        There is no such endpoint, no key for it, or no connection to it.
    ServiceError
        The service refused the settings, or reported an error that ended the session.
    ServiceClosed
        The service closed the connection midway. Its ``recording``, like that of `ServiceError`, holds
        everything until then.
    Exception
        What an iterable of chunks raises comes out as it is, once what came before it was answered; its
        ``recording`` holds that.

    Examples
    --------
    >>> from qwen_asr_widgets import sample, transcribe
    >>> recording = transcribe(sample("conversation"), pace=None, progress=False)  # doctest: +SKIP
    >>> recording.utterances[0].text  # doctest: +SKIP
    'good morning can you show me how this works'
    """
    check_pace(pace)
    if config is None:
        config = SessionConfig()
    elif not isinstance(config, SessionConfig):
        raise SettingError(f"config must be a SessionConfig or None, not {config!r}.", "config")
    turn_taking = checked_turn_taking(turn_taking, config)
    endpoint = resolve_endpoint(endpoint)
    sound = open_source(source, config.sample_rate, chunk_ms, channel, sample_rate)
    info = run_info(endpoint, pace, chunk_ms, sound.origin, turn_taking=turn_taking)
    recording = Recording(config, info)
    on_wire = replace(config, turn_detection=None) if turn_taking == CLIENT else config
    run = _Run(recording, AudioStream(endpoint, on_wire, _Relay(recording, on_event, on_final)), sound, pace)
    with Progress(sound.duration, progress) as bar:
        run.run(bar)
    return recording


class _Run:
    """One transcription: everything taken from the source goes on the tape, and then out."""

    def __init__(
        self, recording: Recording, stream: AudioStream, sound: SoundSource, pace: float | None
    ) -> None:
        self.recording = recording
        self.stream = stream
        self.sound = sound
        self.pace = pace
        self.feed = open_feed(recording, stream)
        self.taken = self._taken()

    def run(self, bar: Progress) -> None:
        """Connect, stream, finish; what was not sent is kept whatever happens."""
        try:
            self.stream.connect()
            self._send(bar)
            self.stream.finish(FINISH_SECONDS)
            self.recording.finish(complete=True)
        except KeyboardInterrupt:
            self._interrupted()
        except (ServiceClosed, ServiceError) as error:
            self._keep_rest(f"Ended early: {error}")
            error.recording = self.recording
            raise
        except (NotConnected, OutboxFull) as error:
            self._keep_rest(f"Ended early: {error}")
            raise ServiceClosed(str(error), self.recording) from error
        except _SourceFailed as failed:
            self._finish_early(f"The source failed ({failed.cause!r})")
            vars(failed.cause).setdefault("recording", self.recording)
            raise failed.cause from None
        finally:
            self.stream.close()

    def _send(self, bar: Progress) -> None:
        for piece in paced(self.taken, self.recording.tape.sample_rate, self.pace):
            self.feed.append(piece)
            bar.show(self.recording)
        self.feed.finish()

    def _taken(self) -> Iterator[Piece]:
        """Yield pieces, each on the tape before it is waited for: an interruption loses nothing."""
        pieces = iter(self.sound.pieces)
        while True:
            try:
                piece = next(pieces, None)
            except Exception as problem:
                raise _SourceFailed(problem) from problem
            if piece is None:
                return
            self.recording.tape.append(piece)
            yield piece

    def _interrupted(self) -> None:
        """Let the service answer what it has; a second Ctrl-C, or its silence, leaves it at that."""
        self._finish_early(f"Interrupted at {clock(self.stream.position / self.recording.tape.sample_rate)}")

    def _finish_early(self, why: str) -> None:
        try:
            if self.stream.connected:
                self.feed.finish()
                self.stream.finish(FINISH_SECONDS)
        except (KeyboardInterrupt, ServiceClosed, ServiceError, NotConnected) as error:
            logger.info("the session was not finished: %r", error)
        self._keep_rest(why)

    def _keep_rest(self, why: str) -> None:
        """Put what was handed in and never sent on the tape too."""
        if self.sound.duration is not None:
            for _ in self.taken:
                pass
        left = self.recording.unsent_duration
        why = why.rstrip(".")
        self.recording.note(f"{why}; the last {left:.1f} s were not sent" if left > 0.05 else why)
        self.recording.finish(complete=False)


class _SourceFailed(Exception):
    """What the caller's iterable of chunks raised, told apart from what the service does."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


class _Relay:
    """Passes what the stream does on to the recording, then to the caller's functions."""

    def __init__(self, recording: Recording, on_event: OnEvent | None, on_final: OnFinal | None) -> None:
        self._recording = recording
        self._on_event = on_event
        self._on_final = on_final
        self.opened = recording.opened
        self.sent = recording.sent
        self.audio_sent = recording.audio_sent
        self.audio_skipped = recording.audio_skipped
        self.closed = recording.closed

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """Note it first: a function that is called sees a recording that knows of it."""
        timed = self._recording.received(message, event, time)
        if self._on_event is not None:
            _call(self._on_event, timed)
        if self._on_final is not None and isinstance(event, (TranscriptCompleted, TranscriptFailed)):
            utterance = self._recording.utterance(event.item_id)
            if utterance is not None:
                _call(self._on_final, utterance)


def _call(function: Callable[[Any], object], value: Any) -> None:
    """Call a function of the user's: its error is logged and does not end the session."""
    try:
        function(value)
    except Exception:
        logger.exception("the callback %r failed", function)


__all__ = ["FINISH_SECONDS", "transcribe"]
