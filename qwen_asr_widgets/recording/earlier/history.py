"""Every state that a recording went through, computed from what had passed by then."""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import cast

from ..latency import Known
from ..log.event_log import EventView
from ..log.run_log import RunLog
from ..recording import Recording, checked_recording
from ..values import AudioSent, RoundTrip, SessionBegun, WordsPainted

_NOT_SEEN = (AudioSent, RoundTrip, WordsPainted)
"""Events that change nothing of what is shown: one does not step to them."""

SNAPSHOT_EVENTS = 500
"""Events between two logs that are kept, so that no moment is further from one: about 8 ms of work."""


@dataclass(frozen=True)
class _Place:
    """A place in the order of events: the log that took all before it, and what comes next.

    Parameters
    ----------
    log : RunLog
        Never changed: who goes on from here copies it.
    time : float
        The latest time of what it has taken.
    next : int
        Index of the next event.
    """

    log: RunLog
    time: float
    next: int


class History:
    """A recording as it was at any moment of its run. Thread-safe.

    The state at a moment is that of a session to which the events until then were given, in their order. So
    it cannot differ from what the run's own session was. A log is kept every 500 events: of an hour about a
    hundred, 40 MB.

    Parameters
    ----------
    recording : Recording
        One that is over; of one that grows, what there is now.

    Attributes
    ----------
    recording : Recording
        As given.
    duration : float
        Seconds since the recording began at which its last event passed or its connection ended.

    Notes
    -----
    A bundle tells when sound went out, not when it was spoken: the sound of a moment is what had gone out by
    then. Notes and whether the recording is complete belong to its end.

    Examples
    --------
    >>> import numpy as np
    >>> from qwen_asr_widgets import Recording
    >>> recording = Recording(clock=lambda: 0.0)
    >>> recording.opened(0.1)
    >>> for second in range(3):
    ...     start = recording.tape.append(np.zeros(16_000, np.int16))
    ...     recording.audio_sent(start, start + 16_000, 1.0 + second)
    >>> history = History(recording)
    >>> history.duration, history.at(2.5).duration, history.next(0.5), history.next(2.5, -1)
    (3.0, 2.0, 3.0, 0.0)
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = checked_recording(recording, "History")
        self._state = state = recording.snapshot(with_sound=False)
        self._events = cast(EventView, state.events)
        self._lock = threading.Lock()
        self._known: Known = {}
        self._why_begun = [one.event.why for one in self._events if isinstance(one.event, SessionBegun)]
        self._places = [_Place(RunLog(state.config, state.info), 0.0, 0)]
        self._last = self._places[0]
        whole = self._go_on(self._places[0], math.inf, self._places)
        self.duration = max(0.0, whole.time)
        self.at(self.duration).utterances  # measured once, for every moment at which they are the same
        self._moments = sorted({
            0.0, self.duration, *(one.time for one in self._events if not isinstance(one.event, _NOT_SEEN)),
        })

    def at(self, time: float) -> Recording:
        """Return the recording as it was at ``time`` seconds; nothing that follows changes it.

        From the last moment on it is the whole recording, with its notes.
        """
        with self._lock:
            place = self._last = self._go_on(self._before(time), time)
        is_over = time >= self.duration
        log, state = place.log, self._state
        tape = self.recording.tape
        if not is_over:
            tape = tape.first(max(log.ledger.stop, log.sessions.position))
            state = state._replace(
                lost=tuple(span for span in state.lost if span[0] < len(tape)), notes=(), complete=False,
            )
        interrupted = self.recording.interrupted if is_over else self._is_interrupted(log)
        return Recording.of_log(log, state, tape, self._known, interrupted)

    def next(self, time: float, step: int = 1) -> float:
        """Return the moment of the next event that shows, or of the one before (``step`` −1): of no audio.

        The beginning and the end count as such.
        """
        moments = self._moments
        if step > 0:
            return moments[min(bisect_right(moments, time), len(moments) - 1)]
        return moments[max(bisect_right(moments, time - 1e-9) - 1, 0)]

    # ---- from one moment to another

    def _before(self, time: float) -> _Place:
        """Return the latest place known that lies no later than a moment."""
        kept = self._places[max(0, bisect_right(self._places, time, key=attrgetter("time")) - 1)]
        return self._last if kept.next <= self._last.next and self._last.time <= time else kept

    def _go_on(self, place: _Place, time: float, keep: list[_Place] | None = None) -> _Place:
        """Return the place at a moment, from an earlier one; of those between, ``keep`` takes some."""
        log, now, index = place.log.copy(), place.time, place.next
        for timed in self._events.since(index):
            if timed.time > time:
                break
            if isinstance(timed.event, SessionBegun):
                self._close_due(log, math.inf)
            else:
                self._connect(log, math.nextafter(timed.time, 0.0))
                self._open_due(log, timed.time)
            log.take(timed)
            now, index = max(now, timed.time), index + 1
            if keep is not None and index % SNAPSHOT_EVENTS == 0:
                keep.append(_Place(log.copy(), now, index))
        return _Place(log, max(now, self._connect(log, time)), index)

    def _connect(self, log: RunLog, time: float) -> float:
        """Close and open the connections due until a moment; return when the last of that was, or 0."""
        last = 0.0
        while True:
            change = self._close_due(log, time)
            change = self._open_due(log, time) if change is None else change
            if change is None:
                return last
            last = change

    def _close_due(self, log: RunLog, time: float) -> float | None:
        """Close the connection that stands if it ended by then; return when, None where it did not."""
        spans = self._state.connections[len(log.connections) - 1 :] if log.connections else ()
        if not spans or log.connections[-1].closed is not None:
            return None
        closed = spans[0].closed
        if closed is None or closed > time:
            return None
        log.close(closed, spans[0].code, spans[0].reason)
        return closed

    def _open_due(self, log: RunLog, time: float) -> float | None:
        """Open the next connection if none stands and it began by then; return when, None where not."""
        stands = log.connections and log.connections[-1].closed is None
        for span in self._state.connections[len(log.connections) :][:1]:
            if not stands and span.opened <= time:
                log.open(span.opened)
                return span.opened
        return None

    def _is_interrupted(self, log: RunLog) -> bool:
        """Tell whether the connection of a moment was lost and another followed later."""
        ended = log.connections and log.connections[-1].closed is not None
        return bool(ended) and self._why_begun[len(log.connections) - 1 :][:1] == ["lost"]
