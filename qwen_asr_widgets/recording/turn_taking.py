"""Who takes turns: the service, the client with its own detector, or nobody (manual mode).

Where the client takes turns, the session is in manual mode. Sound is scored here as it comes. In silence
nothing is sent: what is older than the prefix padding can belong to no turn any more and is skipped. When a
turn opens, its padding and what was said so far go out at once; from then on sound goes out as it comes,
until the turn closes and is committed.
"""

from __future__ import annotations

import time as wall
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.resample import StreamResampler
from ..audio.units import SAMPLE_RATE
from ..client.stream import AudioStream
from ..errors import SettingError
from ..protocol.events import ClientTurnClosed, ClientTurnOpened
from ..protocol.config import SessionConfig
from ..protocol.state import MAX_COMMIT_SECONDS
from ..vad.scoring.frames import HOP
from ..vad.turns import MAX_TURN_FRAMES, TurnChange, TurnDetection, TurnDetector, TurnOpened
from .recording import Recording


SERVICE, CLIENT = "service", "client"
TURN_TAKING = (SERVICE, CLIENT)

_SPARE_FRAMES = 2
"""Frames a commit stays below its limit: sound goes out before it is scored, and codecs may pad it."""


def checked_turn_taking(turn_taking: object, config: SessionConfig) -> str:
    """Return who takes turns.

    Raises
    ------
    SettingError
        It is neither ``"service"`` nor ``"client"``, or the client is to, with turn detection switched off.
    """
    if turn_taking not in TURN_TAKING:
        raise SettingError(
            f"turn_taking is {turn_taking!r}; it must be 'service' (the service finds turns) or 'client' "
            "(the same detector runs here, and commits).", "turn_taking",
        )
    if turn_taking == CLIENT and config.turn_detection is None:
        raise SettingError(
            "turn_taking is 'client', but turn_detection is None: give the settings that the client is to "
            "find turns with, e.g. SessionConfig(turn_detection=TurnDetection(0.0, 400)).", "turn_detection",
        )
    return str(turn_taking)


def check_change_midway(
    before: SessionConfig, after: SessionConfig, by_client: bool, turn_taking: str
) -> None:
    """Refuse other settings for a run under way that hold for the whole of it.

    Parameters
    ----------
    before, after : SessionConfig
        In force, and asked for.
    by_client : bool
        Whether the client takes the run's turns.
    turn_taking : {"service", "client"}
        Who is to take them.

    Raises
    ------
    SettingError
        Another is to take turns, or the client by other settings.
    """
    if by_client != (turn_taking == CLIENT) or (by_client and before.turn_detection != after.turn_detection):
        raise SettingError(
            "Whether this computer takes turns, and by which threshold, silence and padding, holds for a "
            "whole run: stop it first, or run it again with others.", "turn_taking",
        )


def max_turn_frames(settings: TurnDetection) -> int:
    """Return after how many frames the client closes a turn, so that one commit holds it with its padding.

    Examples
    --------
    >>> max_turn_frames(TurnDetection(prefix_padding_ms=300)) * 0.032
    59.616
    """
    return MAX_TURN_FRAMES - -(-settings.prefix_padding_samples // HOP) - _SPARE_FRAMES


@dataclass(frozen=True)
class Skip:
    """Pass over what has not gone out yet, up to this sample."""

    stop: int


@dataclass(frozen=True)
class Send:
    """Send what has not gone out yet, up to this sample."""

    stop: int


Step = Union[Skip, Send, ClientTurnOpened, ClientTurnClosed]


class TurnGate:
    """Finds the turns in sound as it comes, and says what of it is to be sent.

    Parameters
    ----------
    settings : TurnDetection
        When turns open and close. A turn is closed early enough for one commit (`max_turn_frames`).
    sample_rate : int
        Rate (Hz) of the sound, 16000 or 8000; every position counts its samples.
    first_sample : int
        Where on the timeline the sound begins.

    Raises
    ------
    WeightsError
        The detector's weights are missing.

    Examples
    --------
    >>> gate = TurnGate(TurnDetection(prefix_padding_ms=300), 16_000)
    >>> list(gate.hear(np.zeros(16_000, np.int16)))
    [Skip(stop=10560)]
    >>> list(gate.finish())
    [Skip(stop=16000)]
    """

    def __init__(self, settings: TurnDetection, sample_rate: int, first_sample: int = 0) -> None:
        from ..vad.scoring.silero import SpeechScorer  # only who takes turns here needs the model

        self._padding = settings.prefix_padding_samples
        self._detector = TurnDetector(settings, max_turn_frames=max_turn_frames(settings))
        self._scorer = SpeechScorer()
        self._rate = sample_rate
        self._resampler = StreamResampler(sample_rate, SAMPLE_RATE, low_delay=True)
        self._first = self._heard = first_sample
        self._frames_before = 0

    def warm_up(self, samples: NDArray[np.int16]) -> None:
        """Score samples that lie before the first, int16 of shape (n,), for the scorer's memory alone.

        Those before the last whole frames are left out, so that the first sample still begins a frame.
        """
        frame = HOP * self._rate // SAMPLE_RATE
        self._frames_before = len(samples) // frame
        for _ in self._judge(self._resampler.push(samples[len(samples) % frame :])):
            pass

    def hear(self, samples: NDArray[np.int16]) -> Iterator[Step]:
        """Take the next samples, int16 of shape (n,), and yield what is to be done, in order."""
        self._heard += len(samples)
        yield from self._judge(self._resampler.push(samples))
        if self._detector.is_open:
            yield Send(self._heard)
        else:
            yield Skip(self._at(max(0, (self._detector.frames - 1) * HOP - self._padding)))

    def finish(self) -> Iterator[Step]:
        """Close an open turn at the end of the sound."""
        yield from self._judge(self._resampler.flush())
        yield from self._follow(self._detector.finish())
        yield Skip(self._heard)

    def _judge(self, samples: NDArray[np.int16]) -> Iterator[Step]:
        scores = self._scorer.push(samples)
        before = min(self._frames_before, len(scores))
        self._frames_before -= before
        yield from self._follow(self._detector.push(scores[before:]))

    def _follow(self, changes: Iterable[TurnChange]) -> Iterator[Step]:
        for change in changes:
            if isinstance(change, TurnOpened):
                start = self._at(change.start_sample)
                yield Skip(start)
                yield ClientTurnOpened(start, self._at(change.onset_sample))
            else:
                finished = change.reason == "finish"
                yield Send(self._heard if finished else self._at((change.frame + 1) * HOP))
                yield ClientTurnClosed(self._at(change.end_sample), change.reason)

    def _at(self, sample: int) -> int:
        """Return a position of the detector in samples of the sound; its frames and padding divide evenly."""
        return self._first + sample * self._rate // SAMPLE_RATE


class Sender(Protocol):
    """Hands a recording's sound to its stream, and closes turns where the service does not.

    Attributes
    ----------
    manual : bool
        Whether turns are closed by calling `commit`.
    buffered : int
        Samples sent since the last commit, where that is what closes turns.
    """

    manual: bool
    buffered: int

    def append(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, which are on the tape already."""

    def commit(self) -> None:
        """Manual mode: make one turn of what was sent since the last commit, if anything was."""

    def configure(self, config: SessionConfig) -> None:
        """Follow settings that were sent midway."""

    def finish(self) -> None:
        """Close what is still open; nothing more will come."""


def sender(recording: Recording, stream: AudioStream, config: SessionConfig, warm_up: float = 0.0) -> Sender:
    """Return what sends the sound of a recording from the stream's position on, as the settings ask for.

    Parameters
    ----------
    recording : Recording
        What is sent.
    stream : AudioStream
        Where to.
    config : SessionConfig
        The settings; of whoever takes turns.
    warm_up : float
        Seconds before the stream's position that the client's own detector hears first.
    """
    settings = config.turn_detection
    if settings is not None and recording.info.turn_taking == CLIENT:
        rate, start = recording.tape.sample_rate, stream.position
        gate = TurnGate(settings, rate, start)
        gate.warm_up(recording.tape.read(max(0, start - round(warm_up * rate)), start))
        return _GatedSender(recording, stream, gate)
    return _DirectSender(stream, recording.tape.sample_rate, manual=settings is None)


class _DirectSender:
    """Everything goes out as it comes.

    The service takes turns; in manual mode a turn is closed by `commit`, at the end, and wherever a commit
    would become longer than the service allows.
    """

    def __init__(self, stream: AudioStream, sample_rate: int, manual: bool) -> None:
        self.manual = manual
        self.buffered = 0
        self._stream = stream
        self._most = MAX_COMMIT_SECONDS * sample_rate

    def append(self, samples: NDArray[np.int16]) -> None:
        if self.manual:
            if self.buffered + len(samples) > self._most:
                self.commit()
            self.buffered += len(samples)
        self._stream.append(samples)

    def commit(self) -> None:
        if self.buffered:
            self.buffered = 0
            self._stream.commit()

    def configure(self, config: SessionConfig) -> None:
        self.manual = config.turn_detection is None
        self.buffered = self.buffered if self.manual else 0

    def finish(self) -> None:
        self.commit()


class _GatedSender:
    """The client takes turns: what its gate says is done, and what it finds is noted in the recording."""

    manual = False
    buffered = 0

    def __init__(self, recording: Recording, stream: AudioStream, gate: TurnGate) -> None:
        self._recording = recording
        self._stream = stream
        self._gate = gate

    def append(self, samples: NDArray[np.int16]) -> None:
        self._do(self._gate.hear(samples))

    def commit(self) -> None:
        """Nothing: the gate closes every turn."""

    def configure(self, config: SessionConfig) -> None:
        """Nothing: whatever else changes, the client's turn detection holds for the whole run."""

    def finish(self) -> None:
        self._do(self._gate.finish())

    def _do(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, Skip):
                self._skip_to(step.stop)
            elif isinstance(step, Send):
                self._send_to(step.stop)
            else:
                self._recording.turn_taken(step, wall.monotonic())
                if isinstance(step, ClientTurnClosed):
                    self._stream.commit()

    def _skip_to(self, stop: int) -> None:
        if stop > self._stream.position:
            self._stream.skip(stop - self._stream.position)

    def _send_to(self, stop: int) -> None:
        if stop > self._stream.position:
            self._stream.append(self._recording.tape.read(self._stream.position, stop))
