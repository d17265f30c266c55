"""The values a recording consists of, beside its audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..audio.units import SAMPLE_RATE
from ..protocol.events import LocalEvent
from ..protocol.config import SessionConfig
from ..protocol.events import ClientEvent, Event
from ..protocol.codec import well_formed
from ..vad.turns import HOP


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


def sent_audio(start: int, stop: int, time: float) -> TimedEvent:
    """Return the event of samples ``start`` to ``stop`` (exclusive) of the tape going out at ``time`` (s)."""
    event = AudioSent(start, stop)
    return TimedEvent(time, "out", event.message, event)


@dataclass(frozen=True)
class SettingsChange:
    """Settings, and from where on they held.

    Parameters
    ----------
    sample : int
        Number of samples of the tape that had been sent before: threshold and silence hold from there on.
    time : float
        Seconds since the recording began, when the change was sent.
    config : SessionConfig
        Everything that was in force from then on.
    """

    sample: int
    time: float
    config: SessionConfig

    @property
    def frame(self) -> int:
        """The first frame (32 ms at 16 kHz) of the tape scored under these settings."""
        return self.sample * SAMPLE_RATE // self.config.sample_rate // HOP


@dataclass(frozen=True)
class Connection:
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


def now_with_zone() -> str:
    """Return the wall-clock time as ISO 8601 with its zone, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class RunInfo:
    """Where a recording came from and how it was made; holds no key.

    Parameters
    ----------
    engine : str
        The recogniser: ``"pocketsphinx"``, ``"Qwen-ASR (Beijing)"`` …
    model : str
        What made the words: the engine the service says it is, else the model it names, else the one asked
        for.
    endpoint : str
        The service's address, without query or credentials.
    pace : float or None
        Speed of sending against real time; None: as fast as the service took it.
    chunk_ms : float or None
        Length of the pieces handed in.
    started_at : str
        Wall-clock start, ISO 8601 with zone.
    environment : mapping of str to str
        Versions that may matter: Python, platform, this package.
    name : str
        What the sound is called: usually the file's name.
    original_rate, original_channels : int or None
        Sample rate (Hz) and channel count before conversion.
    channel : int or "mean" or None
        The channel that was taken.
    capture : mapping of str to value
        What the browser did to live sound: the ``device``, the processing ``asked`` for, and the track's real
        settings (``echoCancellation``, ``noiseSuppression``, ``autoGainControl``, ``channelCount``,
        ``deviceSampleRate``; None where the browser does not say). Empty for other sound.
    turn_taking : {"service", "client"}
        Who finds the turns. "client": by the turn detection of the recording's settings, with commits to a
        session in manual mode.
    """

    engine: str = ""
    model: str = ""
    endpoint: str = ""
    pace: float | None = None
    chunk_ms: float | None = None
    started_at: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    original_rate: int | None = None
    original_channels: int | None = None
    channel: int | str | None = None
    capture: Mapping[str, Any] = field(default_factory=dict)
    turn_taking: str = "service"

    def __post_init__(self) -> None:
        """Make every text one that can be saved: the name of a file need not be valid Unicode."""
        for place in fields(self):
            object.__setattr__(self, place.name, well_formed(getattr(self, place.name)))


class RecordingState(NamedTuple):
    """Everything a recording consists of at one moment, as it is saved."""

    info: RunInfo
    samples: NDArray[np.int16]
    events: Sequence[TimedEvent]
    settings: tuple[SettingsChange, ...]
    connections: tuple[Connection, ...]
    lost: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]
    complete: bool
