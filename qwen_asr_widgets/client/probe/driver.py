"""Making an experiment: one session with a service, of which everything is kept with its time."""

from __future__ import annotations

import json
import threading
import time as wall
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE, samples_to_seconds, seconds_to_samples
from ...errors import NotConnected, ProtocolError
from ...protocol.codec import decode_server, encode_append, to_message
from ...protocol.config import SessionConfig
from ...protocol.events import (
    CommitBuffer, ErrorEvent, FinishSession, ServerEvent, SessionFinished, SessionUpdate, SessionUpdated,
    UnknownEvent,
)
from ...vad.turns import TurnDetection
from ..endpoints import Endpoint
from ..pacing import paced
from ..websocket.connection import Connection
from .experiments import FINISH_SECONDS, IDLE_SECONDS, Experiment
from .judgement import PROBE_ITEM
from .outcome import Outcome, Seen

CHUNK_SECONDS = 0.04
"""Length of a chunk in real time: what was sent when an event came is known to this."""

FAST_CHUNK_SECONDS = 0.5
"""Length of a chunk where delays are not looked at."""

_ANSWER_SECONDS = 10.0
OTHER_SETTINGS = SessionConfig(turn_detection=TurnDetection(0.2, 500))
"""What the second ``session.update`` asks for: not what is in force."""

ITEM = {"id": PROBE_ITEM, "type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "probe"}]}


def observe(
    endpoint: Endpoint, experiment: Experiment, pace: float | None = 1.0,
    clock: Callable[[], float] = wall.monotonic,
) -> Outcome:
    """Make an experiment and return what was seen of it.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    experiment : Experiment
        What to do.
    pace : float or None
        Multiple of real time at which its sound is sent; None: as fast as it is taken. Delays are judged at
        1.0 alone.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    ConnectFailed
        The service could not be reached or refused the connection.
    MissingKey
        It wants a key and there is none.
    """
    session = _ProbeSession(endpoint, experiment, pace, clock)
    session.run()
    return session.seen()


class _ProbeSession:
    """One session of a probe; events come on the connection's reader thread."""

    def __init__(
        self, endpoint: Endpoint, experiment: Experiment, pace: float | None, clock: Callable[[], float]
    ) -> None:
        self._experiment, self._pace, self._clock = experiment, pace, clock
        is_flood = experiment.action == "flood"
        self._connection = Connection(
            endpoint.address, endpoint.request_headers, self._on_message, self._on_close,
            ca_file=endpoint.ca_file, proxy=endpoint.proxy, connect_timeout=_ANSWER_SECONDS, clock=clock,
            upload_pace=None if is_flood else endpoint.facts.upload_pace_kB_s,
        )
        self._changed = threading.Condition()
        self._events: list[Seen] = []
        self._sent: list[tuple[float, float]] = []
        self._configured_at: float | None = None
        self._acted_at: float | None = None
        self._finish_at: float | None = None
        self._closed: tuple[float, int] | None = None
        self._is_leaving = False
        self._problem = ""

    def run(self) -> None:
        """Open the session, do what the experiment says, finish."""
        self._connection.open()
        try:
            self._configure()
            if not self._problem:
                self._do()
        except NotConnected:
            self._wait_for(lambda: self._closed is not None, 1.0)  # the reader reports why
        finally:
            self._is_leaving = True
            self._connection.close()

    def seen(self) -> Outcome:
        """Return everything that was seen; a close after the end of the session does not count."""
        with self._changed:
            at, code = self._closed or (None, None)
            return Outcome(
                self._experiment, tuple(self._events), tuple(self._sent), self._pace, self._configured_at,
                self._acted_at, self._finish_at, at, code, self._problem,
            )

    # ---- what is done

    def _configure(self) -> None:
        self._send(SessionUpdate(self._experiment.config.to_wire()), self._note_settings)
        self._wait_for(lambda: self._has(SessionUpdated, ErrorEvent), _ANSWER_SECONDS)
        if not self._has(SessionUpdated):
            self._problem = "the settings were not confirmed."

    def _do(self) -> None:
        if self._experiment.action == "idle":
            self._acted_at = self._clock()
            self._wait_for(lambda: self._closed is not None, IDLE_SECONDS)
            return
        if self._experiment.action == "flood":
            self._flood()
        else:
            self._play()
        self._send(FinishSession(), self._note_finish)
        self._wait_for(lambda: self._has(SessionFinished), FINISH_SECONDS)

    def _play(self) -> None:
        """Send the sound, and do the action once so much of it is sent."""
        done = self._experiment.action == "none"
        at = seconds_to_samples(self._experiment.action_at, SAMPLE_RATE)
        position = 0
        length = FAST_CHUNK_SECONDS if self._pace is None else CHUNK_SECONDS
        for chunk in paced(_chunks(self._experiment.sound.samples, length), SAMPLE_RATE, self._pace):
            if not done and position >= at:
                done = True
                self._act()
            position += len(chunk)
            self._append(chunk, position)

    def _act(self) -> None:
        action = self._experiment.action
        if action == "update":
            self._send(SessionUpdate(OTHER_SETTINGS.to_wire()), self._note_action)
        elif action == "commit":
            self._send(CommitBuffer(), self._note_action)
        else:
            item = UnknownEvent({"type": "conversation.item.create", "item": ITEM})
            self._send(item, self._note_action)

    def _flood(self) -> None:
        """Send silence as fast as the experiment says."""
        self._acted_at = self._clock()
        chunk = np.zeros(seconds_to_samples(FAST_CHUNK_SECONDS, SAMPLE_RATE), np.int16)
        count = round(self._experiment.seconds / FAST_CHUNK_SECONDS)
        speed = self._experiment.kilobytes * 1_000 * 3 / 4 / (2 * SAMPLE_RATE)
        for number, each in enumerate(paced([chunk] * count, SAMPLE_RATE, speed), 1):
            self._append(each, number * len(chunk))

    # ---- sending

    def _append(self, samples: NDArray[np.int16], position: int) -> None:
        seconds = samples_to_seconds(position, SAMPLE_RATE)
        self._connection.send(encode_append(samples.tobytes()), partial(self._note_sent, seconds))

    def _send(self, event: Any, on_sent: Callable[[float], None] | None = None) -> None:
        self._connection.send(json.dumps(to_message(event)), on_sent)

    def _note_sent(self, seconds: float, time: float) -> None:
        self._sent.append((time, seconds))

    def _note_settings(self, time: float) -> None:
        self._configured_at = time

    def _note_action(self, time: float) -> None:
        self._acted_at = time

    def _note_finish(self, time: float) -> None:
        self._finish_at = time

    # ---- receiving

    def _on_message(self, text: str | bytes) -> None:
        now = self._clock()
        event: ServerEvent
        try:
            _, event = decode_server(text)
        except ProtocolError as problem:
            event = UnknownEvent({}, str(problem))
        with self._changed:
            self._events.append(Seen(now, event))
            self._problem = self._problem or trouble(event)
            self._changed.notify_all()

    def _on_close(self, code: int | None, reason: str) -> None:
        with self._changed:
            if not self._is_leaving and not self._has(SessionFinished):
                if code is None:
                    self._problem = "the connection was lost."
                else:
                    self._closed = (self._clock(), code)
            self._changed.notify_all()

    def _has(self, *kinds: type[ServerEvent]) -> bool:
        return any(isinstance(seen.event, kinds) for seen in self._events)

    def _wait_for(self, done: Callable[[], bool], seconds: float) -> None:
        """Wait until it is done, the service has closed, or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: done() or self._closed is not None or bool(self._problem), seconds)


def trouble(event: ServerEvent) -> str:
    """Return why an experiment comes to nothing where an error is none of what it did; else an empty text.

    Examples
    --------
    >>> trouble(ErrorEvent({"message": "Requests rate limit exceeded, please try again later"}))
    'the service asked to try again later.'
    >>> trouble(ErrorEvent({"code": "invalid_value", "message": "no"}))
    ''
    """
    if not isinstance(event, ErrorEvent):
        return ""
    if "rate limit" in str(event.error.get("message")).lower():
        return "the service asked to try again later."
    return "the service reported an error of its own." if event.error.get("type") == "server_error" else ""


def _chunks(samples: NDArray[np.int16], seconds: float) -> Iterator[NDArray[np.int16]]:
    step = seconds_to_samples(seconds, SAMPLE_RATE)
    for first in range(0, len(samples), step):
        yield samples[first:first + step]
