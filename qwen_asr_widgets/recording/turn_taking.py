"""Who takes turns: the service, the client with its own detector, or nobody (manual mode).

Where the client takes turns, the session is in manual mode. Sound is scored here as it comes. In silence
nothing is sent: what is older than the prefix padding can belong to no turn any more and is skipped. When a
turn opens, its padding and what was said so far go out at once; from then on sound goes out as it comes,
until the turn closes and is committed.

Where a model says that a turn is over (``end_of_turn``), it is asked on a thread of its own (`ModelThread`),
so that nothing waits for it: sound goes on being sent, and an answer counts from the next piece of sound on.
One that comes after somebody has gone on speaking is passed over; where none comes, the time-out ends the
turn. Only where sound is not live (no pace, or more than a second of it waits on the tape, as after an
outage) does the sending wait for the answer: the turns are then those of `EndOfTurn.turns`, however slow the
model is.
"""

from __future__ import annotations

import time as wall
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Protocol, Union

import numpy as np
from numpy.typing import NDArray

from ..audio.clip import AudioClip
from ..audio.resample import StreamResampler
from ..audio.units import SAMPLE_RATE
from ..client.stream import AudioStream
from ..errors import SettingError
from ..protocol.events import ClientTurnClosed, ClientTurnOpened, PauseJudged
from ..protocol.config import SessionConfig
from ..protocol.state import MAX_COMMIT_SECONDS
from ..vad.end_of_turn.detector import EndOfTurnDetector, Question
from ..vad.end_of_turn.model_thread import ModelThread
from ..vad.scoring.frames import HOP
from ..vad.turns import MAX_TURN_FRAMES, TurnChange, TurnDetection, TurnDetector, TurnOpened
from .recording import Recording

if TYPE_CHECKING:
    from ..vad.end_of_turn.end_of_turn import EndOfTurn


SERVICE, CLIENT = "service", "client"
TURN_TAKING = (SERVICE, CLIENT)

LIVE_SECONDS = 1.0
"""Seconds of sound on the tape and not looked at up to which sound counts as live."""

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


def checked_end_of_turn(end_of_turn: object, turn_taking: str) -> EndOfTurn | None:
    """Return the model that ends turns, asked once so that what it lacks is said before a run begins.

    Raises
    ------
    SettingError
        It is none, judges by words, or the client does not take turns.
    MissingDependency
        What the model needs is not installed.
    """
    if end_of_turn is None:
        return None
    from ..vad.end_of_turn.end_of_turn import EndOfTurn  # it needs the scorer's model

    if not isinstance(end_of_turn, EndOfTurn):
        raise SettingError(
            f"end_of_turn is {end_of_turn!r:.60}; give an EndOfTurn, e.g. EndOfTurn('smart-turn').",
            "end_of_turn",
        )
    if turn_taking != CLIENT:
        raise SettingError(
            "end_of_turn is given, but the service takes turns; give turn_taking='client' as well.",
            "end_of_turn",
        )
    if not end_of_turn.needs_sound:
        raise SettingError(
            f"{end_of_turn.name} judges by the words, which come only after a turn where the client takes "
            "turns; give a model that hears, such as EndOfTurn('smart-turn').", "end_of_turn",
        )
    end_of_turn.probability(AudioClip(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE))
    return end_of_turn


def ended_by_model(config: SessionConfig, end_of_turn: EndOfTurn | None) -> SessionConfig:
    """Return the settings of a run: where a model ends turns, the silence is its policy's time-out."""
    if end_of_turn is None or config.turn_detection is None:
        return config
    return replace(config, turn_detection=end_of_turn.timed_out_by(config.turn_detection))


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


@dataclass(frozen=True)
class Ask:
    """Ask the model, which hears the tape from ``start`` to ``stop``; the silence begins at ``silence``."""

    start: int
    silence: int
    stop: int
    question: Question


Step = Union[Skip, Send, Ask, ClientTurnOpened, ClientTurnClosed]


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
    end_of_turn : EndOfTurn, optional
        The model that says whether a turn is over; what it is to be asked comes out as `Ask`, and its answers
        go into `answer`. The silence of the settings is then the time-out.

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

    def __init__(
        self, settings: TurnDetection, sample_rate: int, first_sample: int = 0,
        end_of_turn: EndOfTurn | None = None,
    ) -> None:
        from ..vad.scoring.silero import SpeechScorer  # only who takes turns here needs the model

        self._padding = settings.prefix_padding_samples
        most = max_turn_frames(settings)
        self._detector = (
            TurnDetector(settings, max_turn_frames=most) if end_of_turn is None
            else end_of_turn.detector(settings, most)
        )
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

    def answer(self, question: Question, probability: float) -> None:
        """Take what the model says; while the `Ask` is held, it counts at once."""
        if isinstance(self._detector, EndOfTurnDetector):
            self._detector.answer(question, probability)

    @property
    def unanswered(self) -> int:
        """How many turns the time-out has closed although the model was still to answer."""
        return self._detector.unanswered if isinstance(self._detector, EndOfTurnDetector) else 0

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

    def _follow(self, changes: Iterable[TurnChange | Question]) -> Iterator[Step]:
        for change in changes:
            if isinstance(change, Question):
                start, silence, stop = map(self._at, (change.start, change.silence, change.stop))
                yield Ask(max(0, start), silence, stop, change)
            elif isinstance(change, TurnOpened):
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


def sender(
    recording: Recording, stream: AudioStream, config: SessionConfig, warm_up: float = 0.0,
    end_of_turn: EndOfTurn | None = None,
) -> Sender:
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
    end_of_turn : EndOfTurn, optional
        Where the client takes turns: the model that says when they are over.
    """
    settings = config.turn_detection
    if settings is not None and recording.info.turn_taking == CLIENT:
        rate, start = recording.tape.sample_rate, stream.position
        gate = TurnGate(settings, rate, start, end_of_turn)
        gate.warm_up(recording.tape.read(max(0, start - round(warm_up * rate)), start))
        return _GatedSender(recording, stream, gate, ModelThread(end_of_turn) if end_of_turn else None)
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

    def __init__(
        self, recording: Recording, stream: AudioStream, gate: TurnGate, model: ModelThread[Ask] | None = None
    ) -> None:
        self._recording = recording
        self._stream = stream
        self._gate = gate
        self._model = model
        self._heard = stream.position

    def append(self, samples: NDArray[np.int16]) -> None:
        self._heard += len(samples)
        if self._model is not None:
            self._take_answers(self._model)
        self._do(self._gate.hear(samples))

    def commit(self) -> None:
        """Nothing: the gate closes every turn."""

    def configure(self, config: SessionConfig) -> None:
        """Nothing: whatever else changes, the client's turn detection holds for the whole run."""

    def finish(self) -> None:
        self._do(self._gate.finish())
        if self._model is not None:
            self._note_failures(self._model)

    def _do(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if isinstance(step, Skip):
                self._skip_to(step.stop)
            elif isinstance(step, Send):
                self._send_to(step.stop)
            elif isinstance(step, Ask):
                self._ask(step)
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

    # ---- the model that says whether a turn is over

    def _ask(self, step: Ask) -> None:
        if self._model is not None:
            tape = self._recording.tape
            self._model.ask(step, tape.read(step.start, step.stop), tape.sample_rate)
            if not self._is_live:
                self._take_answers(self._model, wait=True)

    @property
    def _is_live(self) -> bool:
        """Whether the sound comes in its own time, and none of it waits."""
        tape = self._recording.tape
        is_near = len(tape) - self._heard <= LIVE_SECONDS * tape.sample_rate
        return self._recording.info.pace is not None and is_near

    def _take_answers(self, model: ModelThread[Ask], wait: bool = False) -> None:
        for asked, probability in model.answers(wait):
            self._gate.answer(asked.question, probability)
            if not isnan(probability):
                judged = PauseJudged(asked.silence, asked.stop, probability)
                self._recording.pause_judged(judged, wall.monotonic())

    def _note_failures(self, model: ModelThread[Ask]) -> None:
        """Say in the recording where the model could not do its part."""
        name, missed = model.model.name, self._gate.unanswered
        if model.problem is not None:
            self._recording.note(f"{name} failed ({model.problem}): such turns were ended by the time-out")
        elif missed:
            turns = "1 turn was" if missed == 1 else f"{missed} turns were"
            self._recording.note(f"{turns} ended by the time-out, with {name} still to answer")
