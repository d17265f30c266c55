"""The values a recording consists of, beside its audio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..protocol.events import ClientEvent, Event, LocalEvent
from ..protocol.config import SessionConfig
from .log.run_info import RunInfo
from .log.settings import SettingsChange


@dataclass(frozen=True)
class AudioSent(ClientEvent):
    """An audio append, told by the samples of the tape it carried instead of their bytes.

    Parameters
    ----------
    start, stop : int
        Sample range of the tape, ``stop`` exclusive.
    """

    type: ClassVar[str] = "input_audio_buffer.append"
    start: int
    stop: int

    @property
    def message(self) -> dict[str, Any]:
        """What stands in `TimedEvent.message` for it."""
        return {"type": self.type, "samples": [self.start, self.stop]}


@dataclass(frozen=True)
class AudioSkipped(LocalEvent):
    """Sound that was passed over on purpose: silence where the client takes turns.

    Parameters
    ----------
    start, stop : int
        Sample range of the tape, ``stop`` exclusive.
    """

    type: ClassVar[str] = "audio.skipped"
    start: int
    stop: int


@dataclass(frozen=True)
class RoundTrip(LocalEvent):
    """A ping of the connection was answered: what the network takes, there and back.

    Parameters
    ----------
    seconds : float
        From the ping to its answer.
    """

    type: ClassVar[str] = "connection.round_trip"
    seconds: float


@dataclass(frozen=True)
class WordsPainted(LocalEvent):
    """A page has reported that the final words of an item stand on the screen.

    Parameters
    ----------
    item_id : str
        Whose words.
    """

    type: ClassVar[str] = "words.painted"
    item_id: str


@dataclass(frozen=True)
class SessionBegun(LocalEvent):
    """Another session goes on with the sound: what it reports counts from ``start`` on.

    Parameters
    ----------
    start : int
        Sample of the tape with which its audio begins.
    first_number : int
        Number of the first utterance that it reports; what was there from that number on is superseded.
    why : {"lost", "settings", "renewed", "again"}
        Why the session before it ended, see `Gap`.
    """

    type: ClassVar[str] = "session.begun"
    start: int
    first_number: int
    why: str


WHY_BEGUN = ("lost", "settings", "renewed", "again")


@dataclass(frozen=True)
class TimedEvent:
    """One event of a run and when it passed.

    Parameters
    ----------
    time : float
        Seconds of the client's monotonic clock since the recording began.
    direction : {"in", "out", "local"}
        ``"in"`` from the service, ``"out"`` to it; ``"local"`` happened here and is not on the wire.
    message : mapping
        The event as it stood on the wire; for audio appends the sample range instead of base64.
    event : ServerEvent, ClientEvent or LocalEvent
        The same, decoded.
    """

    time: float
    direction: str
    message: Mapping[str, Any]
    event: Event | LocalEvent

    def __deepcopy__(self, memo: object) -> TimedEvent:
        """Return itself: what has passed never changes."""
        return self


def sent_audio(start: int, stop: int, time: float) -> TimedEvent:
    """Return the event of samples ``start`` to ``stop`` (exclusive) of the tape going out at ``time`` (s)."""
    event = AudioSent(start, stop)
    return TimedEvent(time, "out", event.message, event)


@dataclass(frozen=True)
class ConnectionSpan:
    """When a connection to the service stood.

    Parameters
    ----------
    opened : float
        Seconds since the recording began.
    closed : float or None
        The same; None while it stands.
    code : int or None
        The WebSocket close code; None where the connection broke without one.
    reason : str
        What the service or the network said.
    """

    opened: float
    closed: float | None = None
    code: int | None = None
    reason: str = ""


class RecordingState(NamedTuple):
    """Everything a recording consists of at one moment, as it is saved."""

    info: RunInfo
    samples: NDArray[np.int16]
    events: Iterable[TimedEvent]
    settings: tuple[SettingsChange, ...]
    connections: tuple[ConnectionSpan, ...]
    lost: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]
    complete: bool

    @property
    def config(self) -> SessionConfig:
        """The settings asked for at the start."""
        return self.settings[0].config

    @property
    def sample_rate(self) -> int:
        """Rate (Hz) of the samples."""
        return self.config.sample_rate
