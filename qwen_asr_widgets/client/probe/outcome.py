"""What a probe saw of one session, as values: the events with their times, and when which sound went out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from ...audio.units import ms_to_seconds
from ...protocol.events import (
    ErrorEvent, ServerEvent, SessionFinished, SessionUpdated, SpeechStarted, SpeechStopped,
    TranscriptCompleted,
)
from .experiments import Experiment

E = TypeVar("E", bound=ServerEvent)


@dataclass(frozen=True)
class Seen:
    """An event and when it came.

    Parameters
    ----------
    time : float
        Seconds of the driver's clock.
    event : ServerEvent
        The event.
    """

    time: float
    event: ServerEvent


@dataclass(frozen=True)
class SeenTurn:
    """A turn as the service reported it, in seconds of the session's sound.

    Parameters
    ----------
    start, end : float
        ``audio_start_ms`` and ``audio_end_ms``.
    stopped_at : float
        When ``speech_stopped`` came, in seconds of the driver's clock.
    """

    start: float
    end: float
    stopped_at: float


@dataclass(frozen=True)
class Outcome:
    """One experiment and everything that came of it.

    Parameters
    ----------
    experiment : Experiment
        What was done.
    events : tuple of Seen
        In the order in which they came.
    sent : tuple of (float, float)
        When a chunk of sound went to the socket, and the seconds of sound sent with it, in order of time.
    pace : float or None
        Multiple of real time at which it was sent; None: as fast as it was taken.
    configured_at : float or None
        When the settings went to the socket.
    acted_at : float or None
        When the experiment's action went to the socket; None: it did not.
    finish_at : float or None
        The same of ``session.finish``.
    closed_at : float or None
        When the service closed the connection; None: it did not.
    close_code : int or None
        The code of its close frame.
    problem : str
        Why the experiment came to nothing; empty where it did not.

    Examples
    --------
    >>> from qwen_asr_widgets.client.probe.experiments import FRIENDLY
    >>> seen = Outcome(FRIENDLY[3], (), sent=((0.1, 0.1), (0.2, 0.2)), pace=1.0)
    >>> seen.sent_by(0.15), seen.sent_when(0.15), seen.in_real_time
    (0.1, 0.2, True)
    """

    experiment: Experiment
    events: tuple[Seen, ...]
    sent: tuple[tuple[float, float], ...] = ()
    pace: float | None = None
    configured_at: float | None = None
    acted_at: float | None = None
    finish_at: float | None = None
    closed_at: float | None = None
    close_code: int | None = None
    problem: str = ""

    @property
    def in_real_time(self) -> bool:
        """Whether delays mean something: the sound went out as it would have been spoken."""
        return self.pace == 1.0

    def of(self, kind: type[E], after: float | None = None) -> list[tuple[float, E]]:
        """Return the events of a kind with their times, from a time on."""
        first = float("-inf") if after is None else after
        return [(seen.time, seen.event) for seen in self.events
                if isinstance(seen.event, kind) and seen.time >= first]

    @property
    def errors(self) -> list[ErrorEvent]:
        """The errors that came."""
        return [event for _, event in self.of(ErrorEvent)]

    @property
    def finals(self) -> list[tuple[float, TranscriptCompleted]]:
        """The finals that came."""
        return self.of(TranscriptCompleted)

    @property
    def answer_seconds(self) -> float:
        """Seconds in which the settings were answered: no less than the way there and back; 0: not known."""
        answers = self.of(SessionUpdated, self.configured_at)
        return answers[0][0] - self.configured_at if answers and self.configured_at is not None else 0.0

    @property
    def finish_delay(self) -> float | None:
        """Seconds from ``session.finish`` to ``session.finished``; None where one of them is missing."""
        finished = self.of(SessionFinished)
        return finished[0][0] - self.finish_at if finished and self.finish_at is not None else None

    # ---- turns

    @cached_property
    def turns(self) -> dict[str, SeenTurn]:
        """The turns that were begun and ended, by item, in the order in which they ended."""
        started = {event.item_id: event for _, event in self.of(SpeechStarted)}
        return {
            event.item_id: SeenTurn(
                ms_to_seconds(started[event.item_id].audio_start_ms), ms_to_seconds(event.audio_end_ms), time
            )
            for time, event in self.of(SpeechStopped) if event.item_id in started
        }

    @cached_property
    def ended_in(self) -> dict[int, SeenTurn]:
        """The turns that ended in a pause of the sound, by the number of the pause; the first of each."""
        found: dict[int, SeenTurn] = {}
        for turn in self.turns.values():
            for number in self._pauses_around(turn.end):
                found.setdefault(number, turn)
        return found

    def _pauses_around(self, at: float) -> Iterator[int]:
        speech = self.experiment.sound.speech
        for number, (_, end) in enumerate(speech):
            if end - _BEFORE <= at < end + self.experiment.sound.pause(number) + _AFTER:
                yield number

    def end_of_speech(self, number: int) -> float:
        """Return where the speech before a pause ends, in seconds of the sound."""
        return self.experiment.sound.speech[number][1]

    # ---- sending

    def sent_by(self, time: float) -> float:
        """Return the seconds of sound that had gone out by a time."""
        count = bisect_right(self.sent, (time, float("inf")))
        return self.sent[count - 1][1] if count else 0.0

    def sent_when(self, position: float) -> float | None:
        """Return when a position of the sound had gone out; None where it never did."""
        index = bisect_left([seconds for _, seconds in self.sent], position)
        return self.sent[index][0] if index < len(self.sent) else None


def way_there_and_back(outcomes: Sequence[Outcome]) -> float:
    """Return the most seconds of a delay that the network can explain: the slowest answer to settings."""
    return max((seen.answer_seconds for seen in outcomes), default=0.0)


_BEFORE = 0.2
"""Seconds before the end of speech at which a service may take it for over."""

_AFTER = 0.05
"""Seconds into the next speech at which a service may still report the end of a turn."""
