"""Streaming to a service: samples go in, a `StreamObserver` is told what went out and what came back."""

from __future__ import annotations

import json
import logging
import threading
import time as wall
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import NotConnected, ProtocolError
from ..protocol.codec import decode_server, encode_append, to_message
from ..protocol.config import SessionConfig
from ..protocol.events import (
    CancelResponse, ClearBuffer, ClientEvent, CommitBuffer, Event, FinishSession, SessionUpdate,
    UnknownEvent,
)
from .answers import Answers
from .endpoints import Endpoint
from .websocket.connection import OUTBOX_BYTES, Connection
from .websocket.shared_socket import NOT_CONNECTED
from .websocket.writer import Sent

logger = logging.getLogger("qwen_asr_widgets")

MAX_CHUNK_SECONDS = 10
"""Longer chunks are cut: one append carries at most 15 MiB."""

PING_INTERVAL, PING_TIMEOUT = 3.0, 5.0
"""Seconds between pings, and until one that is not answered: a dead service is found within 10 s."""

SEND_BUFFER_BYTES = 64 * 1024
"""Bytes of the socket's send buffer: 1.5 s of 16 kHz PCM that a dead network may swallow unnoticed."""

_CLOCK = 48_000
"""Granule positions of Opus count at 48 kHz, whatever the input's rate (RFC 7845, 4)."""


class StreamObserver(Protocol):
    """What a stream calls on whoever records it. Calls come from several threads, times from its clock."""

    def opened(self, time: float) -> None:
        """The service has accepted the connection."""

    def sent(self, message: Mapping[str, Any], event: Event, time: float) -> None:
        """An event other than audio went to the socket."""

    def audio_sent(self, start: int, stop: int, time: float) -> None:
        """Samples ``start`` to ``stop`` (exclusive) went to the socket."""

    def audio_skipped(self, start: int, stop: int, time: float) -> None:
        """Samples ``start`` to ``stop`` (exclusive) were passed over: they are not sent."""

    def received(self, message: Mapping[str, Any], event: Event, time: float) -> object:
        """An event arrived; what is returned is not used."""

    def round_trip(self, seconds: float, time: float) -> None:
        """A ping was answered, ``seconds`` after it was sent."""

    def closed(self, code: int | None, reason: str, time: float) -> None:
        """The connection has ended; code is None where no close frame came."""


class AudioStream:
    """One session, from connecting to finishing.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    config : SessionConfig or None
        The settings to begin with.
    observer : StreamObserver or None
        Told of everything.
    clock : callable
        Monotonic seconds.
    connect_timeout : float
        Seconds for connecting, and again for the service to confirm the settings.
    send_timeout : float
        Seconds without any progress after which a full outbox is an error.
    outbox_bytes : int
        Size of the outbox.
    first_sample : int
        Number of the first sample to be appended, on the timeline of whoever observes.

    Attributes
    ----------
    position : int
        Number of the sample to be appended next.

    Examples
    --------
    >>> from qwen_asr_widgets.client.endpoints import Endpoint
    >>> stream = AudioStream(Endpoint("ws://127.0.0.1:9/api-ws/v1/realtime"))
    >>> stream.connected, stream.position
    (False, 0)
    """

    def __init__(
        self,
        endpoint: Endpoint,
        config: SessionConfig | None = None,
        observer: StreamObserver | None = None,
        clock: Callable[[], float] = wall.monotonic,
        *,
        connect_timeout: float = 5.0,
        send_timeout: float = 10.0,
        outbox_bytes: int = OUTBOX_BYTES,
        first_sample: int = 0,
    ) -> None:
        self.endpoint = endpoint
        self.config = config or SessionConfig()
        self.position = first_sample
        self._observer = observer
        self._clock = clock
        self._connect_timeout = connect_timeout
        self._send_timeout = send_timeout
        self._outbox_bytes = outbox_bytes
        self._connection: Connection | None = None
        self._opus: OpusPages | None = None
        self._answers = Answers(endpoint.name)
        self._sending = threading.Lock()
        self._finishing = False
        self._closing = False

    @property
    def connected(self) -> bool:
        """Whether audio can be sent."""
        return self._connection is not None and self._connection.is_open

    @property
    def silent(self) -> float:
        """Seconds for which the service owes the answer to a ping; 0.0 where it does not."""
        return self._connection.silent if self._connection is not None else 0.0

    @property
    def finished(self) -> bool:
        """Whether the service has answered everything."""
        return self._answers.finished

    # ---- what the caller does

    def connect(self) -> None:
        """Connect, send the settings and wait until the service has confirmed them.

        Raises
        ------
        ConnectFailed
            With the true cause, also where the service does not confirm in time or `close` comes first.
        MissingKey
            The service wants a key and there is none.
        ServiceError
            The service refused the settings; ``code`` and ``param`` say which.
        ServiceClosed
            It closed the connection instead of answering.
        """
        if self._connection is not None:
            raise NotConnected("A stream is connected once; make a new one.")
        if self.config.input_audio_format == "opus":
            self._opus = OpusPages(self.config.sample_rate, self.position)
        endpoint = self.endpoint
        self._connection = Connection(
            endpoint.address, endpoint.request_headers, self._on_message, self._on_close,
            ca_file=endpoint.ca_file, proxy=endpoint.proxy, connect_timeout=self._connect_timeout,
            outbox_bytes=self._outbox_bytes, clock=self._clock, on_open=self._on_open,
            upload_pace=endpoint.facts.upload_pace_kB_s, ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT, send_buffer_bytes=SEND_BUFFER_BYTES,
            on_round_trip=self._on_round_trip,
        )
        if self._closing:
            self._connection.close()
        self._connection.open()
        try:
            self._send(SessionUpdate(self.config.to_wire()))
            self._answers.await_settings(self._connect_timeout)
        except BaseException:
            self.close()
            raise

    def append(self, samples: NDArray[np.int16]) -> None:
        """Send int16 samples of shape (n,) at the session's rate; blocks while the outbox is full.

        Raises
        ------
        ServiceClosed, ServiceError
            The service has ended the session.
        OutboxFull
            The network took nothing for ``send_timeout`` seconds.
        NotConnected
            Before `connect` or after `close` or `finish`.
        """
        data = np.ascontiguousarray(samples, dtype="<i2")
        step = MAX_CHUNK_SECONDS * self.config.sample_rate
        with self._sending:
            if self._answers.failed or self._finishing or not self.connected:
                self._refuse()
            for start in range(0, len(data), step):
                self._append(data[start : start + step])

    def _append(self, samples: NDArray[np.int16]) -> None:
        start = self.position
        self.position += len(samples)
        if self._opus is None:
            self._send_audio(samples.data, start, self.position)
        else:
            for page in self._opus.push(samples):
                self._send_audio(page.data, page.start, page.stop)

    def skip(self, samples: int) -> None:
        """Manual mode: pass over sound that is not to be sent, so that what follows keeps its place.

        The service does not learn of it: to it, what was sent before and after is one sound.

        Parameters
        ----------
        samples : int
            How many samples, at the session's rate.
        """
        with self._sending:
            self._flush_opus()
            start, self.position = self.position, self.position + samples
            if self._opus is not None:
                self._opus.skip(samples)
            if self._observer is not None and samples > 0:
                self._observer.audio_skipped(start, self.position, self._clock())

    def update(self, config: SessionConfig) -> None:
        """Send other settings; the answer reaches the observer, a refusal leaves the old ones in force."""
        with self._sending:
            self._send(SessionUpdate(config.to_wire()))
            self.config = config

    def commit(self) -> None:
        """Manual mode: what was appended is one utterance."""
        with self._sending:
            self._flush_opus()
            self._send(CommitBuffer())

    def clear(self) -> None:
        """Throw away what was appended and not committed."""
        with self._sending:
            self._send(ClearBuffer())

    def cancel(self) -> None:
        """Cancel the response in progress."""
        with self._sending:
            self._send(CancelResponse())

    def finish(self, timeout: float = 30.0) -> None:
        """Ask for what is pending and wait for ``session.finished``, then close.

        Parameters
        ----------
        timeout : float
            Seconds without any sign of progress (an event, or bytes taken from the outbox).

        Raises
        ------
        SessionLost
            Nothing more came for ``timeout`` seconds (a ``ServiceClosed`` and a ``TimeoutError``).
        ServiceClosed, ServiceError
            The service ended the session before it had answered.
        """
        with self._sending:
            if not self._finishing:
                self._flush_opus()
                self._send(FinishSession())
                self._finishing = True
        try:
            self._answers.await_finish(timeout, self._unsent)
        finally:
            self.close()

    def close(self, timeout: float = 3.0) -> None:
        """Close the connection, without asking for what is pending; closing twice does nothing."""
        self._closing = True
        if self._connection is not None:
            self._connection.close(timeout)

    def __enter__(self) -> AudioStream:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- sending

    def _unsent(self) -> int:
        return self._connection.stats.waiting_bytes if self._connection else 0

    def _refuse(self) -> None:
        """Say why no audio can be sent; an end that the reader has not reported yet is waited for."""
        if self._connection is None:
            raise NotConnected(NOT_CONNECTED)
        if not self._finishing and not self._closing:
            self._answers.await_end(1.0)
        self._answers.raise_failure()
        raise NotConnected("The session has ended: nothing more can be sent.")

    def _send_audio(self, data: bytes | memoryview, start: int, stop: int) -> None:
        observer = self._observer if stop > start else None
        self._put(encode_append(data), partial(observer.audio_sent, start, stop) if observer else None)

    def _send(self, event: ClientEvent) -> None:
        message = to_message(event)
        logger.debug("sent %s", message)
        observer = self._observer
        self._put(json.dumps(message), partial(observer.sent, message, event) if observer else None)

    def _put(self, text: str, on_sent: Sent | None) -> None:
        if self._connection is None:
            self._refuse()
        else:
            try:
                self._connection.send(text, on_sent, self._send_timeout)
            except NotConnected:
                self._refuse()

    def _flush_opus(self) -> None:
        """Send what the encoder holds back; audio after it begins a new Ogg stream."""
        if self._opus is not None:
            for page in self._opus.flush():
                self._send_audio(page.data, page.start, page.stop)

    # ---- receiving (reader thread)

    def _on_open(self) -> None:
        if self._observer is not None:
            self._observer.opened(self._clock())

    def _on_round_trip(self, seconds: float) -> None:
        if self._observer is not None:
            self._observer.round_trip(seconds, self._clock())

    def _on_message(self, text: str | bytes) -> None:
        now = self._clock()
        try:
            message, event = decode_server(text)
        except ProtocolError as problem:
            message = {"type": "unreadable", "text": str(text[:200])}
            event = UnknownEvent(message, problem=str(problem))
        logger.debug("received %.1024s", message)
        try:
            if self._observer is not None:
                self._observer.received(message, event, now)
        finally:
            self._answers.take(event)

    def _on_close(self, code: int | None, reason: str) -> None:
        now = self._clock()
        try:
            if self._observer is not None:
                self._observer.closed(code, reason, now)
        finally:
            self._answers.close(code, reason, wanted=self._closing)


@dataclass(frozen=True)
class Page:
    """One Ogg page, one append; it completes samples ``start`` to ``stop`` (none in the header pages)."""

    data: bytes
    start: int
    stop: int


class OpusPages:
    """Encodes a live signal; every flush ends an Ogg stream and the next samples begin another.

    Parameters
    ----------
    sample_rate : int
        Hz of what is pushed.
    first_sample : int
        Number of the first sample that is pushed.
    """

    def __init__(self, sample_rate: int, first_sample: int = 0) -> None:
        from ..audio.opus import OggOpusEncoder

        self._make = OggOpusEncoder
        self._sample_rate = sample_rate
        self._encoder: OggOpusEncoder | None = OggOpusEncoder(sample_rate)
        self._begin = self._pushed = self._reached = first_sample
        self._pre_skip = 0

    def push(self, samples: NDArray[np.int16]) -> list[Page]:
        """Take in int16 samples of shape (n,) and return the pages that are ready."""
        if self._encoder is None:
            self._encoder = self._make(self._sample_rate)
            self._begin = self._pushed
        self._pushed += len(samples)
        return list(self._placed(self._encoder.push(samples)))

    def skip(self, samples: int) -> None:
        """Count samples that are not encoded; only after `flush`, since a stream cannot have a gap."""
        self._pushed += samples
        self._begin = self._reached = self._pushed

    def flush(self) -> list[Page]:
        """Return what is held back; together all pages carry every sample pushed."""
        if self._encoder is None or self._pushed == self._begin:
            return []
        pages = list(self._placed(self._encoder.flush()))
        self._encoder = None
        if pages and self._reached < self._pushed:
            pages[-1] = Page(pages[-1].data, pages[-1].start, self._pushed)
            self._reached = self._pushed
        return pages

    def _placed(self, pages: list[bytes]) -> Iterator[Page]:
        for data in pages:
            start = self._reached
            if b"OpusHead" in data[:64]:
                head = data.index(b"OpusHead")
                self._pre_skip = int.from_bytes(data[head + 10 : head + 12], "little")
            granule = int.from_bytes(data[6:14], "little", signed=True) - self._pre_skip
            if granule > 0:
                stop = self._begin + granule * self._sample_rate // _CLOCK
                self._reached = min(max(stop, start), self._pushed)
            yield Page(data, start, self._reached)
