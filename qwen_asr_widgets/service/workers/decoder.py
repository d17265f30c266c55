"""The decoding of one session's utterances: what its recogniser is given and asked, and when.

The text should be there as soon as an utterance ends. So the final pass is made early: while the silence runs
that will end the utterance, in time to be over by then. From the first silent frame on no partial is made
that could be in its way. If speech goes on after all, the text is thrown away and the pass made again later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...errors import QawError
from ..recognizers import Recognizer
from ..recognizers.base import Hypothesis
from .messages import (
    AudioTaken, Configure, Configured, DropUtterance, FinalText, FinishUtterance, PartialText,
    RecognizerFailed, StartUtterance, UtteranceAudio, UtteranceSilence, WorkerCommand, WorkerResult,
)

STEP = 3_200
"""Samples (200 ms) between two partials: five a second."""

BACKLOG_SAMPLES = 9_600
"""Samples (600 ms) waiting from which costly partials become rare, so that work done twice is saved."""

MUCH_BACKLOG_SAMPLES = 32_000
"""Samples (2 s) waiting from which there are no costly partials at all: finals come first."""

COSTLY_STEP = 2 * STEP
"""Samples (0.4 s) between two partials that are costly, once there is one and while nothing has piled up."""

RARE_STEP = 5 * STEP
"""Samples (1 s) between two partials even then."""

PARTIALS_SHARE = 0.5
"""Share of a process's time that costly partials may take: after one of 0.3 s the next comes 0.6 s later, and
1.2 s later where another session speaks in the same process.

So their pace follows their cost, which grows with the utterance and while the core is busy, and two sessions
keep up on two cores.
"""

MARGIN = 0.3
"""Seconds by which an early final pass begins before it must.

Silences are announced as often as sound comes, every 100 ms for example, and no two passes take equally long.
Where 400 ms of silence end a turn, the pass so begins as soon as there is a silence.
"""


@dataclass
class DecodedUtterance:
    """How far the decoding of one utterance has come.

    Parameters
    ----------
    item_id : str
        Its item.
    waiting : list of array
        Samples that the recogniser has not been given yet; ``waiting_samples`` counts them.
    given : int
        Samples that it has been given.
    shown, shown_at : Hypothesis or None, int
        The last partial sent, and the value of ``given`` at the last one computed.
    remaining : float or None
        Seconds of silence that end it, where what was appended last ends in silence.
    pause : int
        Samples after ``shown_at`` before which there is no other partial, where partials are costly.
    early_final_due, catch_up_due : bool
        Whether a silence asks for the final pass now, or for what waits to be decoded now.
    early_final : tuple of str and float, or None
        Text of the final pass made early and the wall time (s) that it took.
    wasted : float
        Wall time (s) of early passes that were thrown away.
    """

    item_id: str
    waiting: list[NDArray[np.int16]] = field(default_factory=list)
    waiting_samples: int = 0
    given: int = 0
    shown: Hypothesis | None = None
    shown_at: int = 0
    remaining: float | None = None
    pause: int = 0
    early_final_due: bool = False
    catch_up_due: bool = False
    early_final: tuple[str, float] | None = None
    wasted: float = 0.0

    @property
    def to_next_step(self) -> int:
        """Samples from what was given to the next multiple of `STEP`."""
        return STEP - self.given % STEP

    @property
    def has_work(self) -> bool:
        """Whether a step of audio waits, or a silence asks for something."""
        return self.waiting_samples >= self.to_next_step or self.early_final_due or self.catch_up_due

    def append(self, samples: NDArray[np.int16], remaining: float | None = None) -> None:
        """Add samples. A final that was made early, in the silence before them, is thrown away."""
        self.waiting.append(samples)
        self.waiting_samples += len(samples)
        self.remaining = remaining
        self.early_final_due = self.catch_up_due = False
        if self.early_final is not None:
            self.wasted += self.early_final[1]
            self.early_final = None

    def take(self, count: int) -> NDArray[np.int16]:
        """Remove and return the next ``count`` waiting samples, or all there are."""
        waiting = np.concatenate(self.waiting) if self.waiting else np.zeros(0, np.int16)
        piece, rest = waiting[:count], waiting[count:]
        self.waiting, self.waiting_samples = [rest], len(rest)
        self.given += len(piece)
        return piece


class UtteranceDecoder:
    """Does what one session's commands ask for, with its recogniser; knows no pipe and no other session.

    Parameters
    ----------
    recognizer : Recognizer
        The engine.
    send : callable
        Takes each `WorkerResult`.
    clock : callable
        Monotonic seconds, to learn how long partials and final passes take.

    Attributes
    ----------
    speaking : int
        Sessions that speak in this process now, this one included.

    Examples
    --------
    >>> from qwen_asr_widgets.service.recognizers import find_recognizer
    >>> results = []
    >>> decoder = UtteranceDecoder(find_recognizer("script")(), results.append)
    >>> decoder.handle(StartUtterance("a", first_sample=0))
    >>> decoder.handle(UtteranceAudio(np.zeros(16_000, np.int16)))
    >>> decoder.handle(FinishUtterance("a"))
    >>> results[-1].text
    'one two'
    """

    def __init__(
        self, recognizer: Recognizer, send: Callable[[WorkerResult], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recognizer = recognizer
        self._send = send
        self._clock = clock
        self._cost = 0.25  # seconds that a final pass takes for a second of audio; learnt as it works
        self._utterance: DecodedUtterance | None = None
        self.speaking = 1

    @property
    def is_speaking(self) -> bool:
        """Whether an utterance is open."""
        return self._utterance is not None

    @property
    def has_work(self) -> bool:
        """Whether `work` has something to do."""
        return self._utterance is not None and self._utterance.has_work

    @property
    def is_ending(self) -> bool:
        """Whether what `work` does next is a final pass, while the silence runs that ends the utterance."""
        return self._utterance is not None and self._utterance.early_final_due

    @property
    def has_step(self) -> bool:
        """Whether a step of audio waits for a recogniser that decodes as it goes: pieces in which others
        get in."""
        utterance = self._utterance
        if utterance is None or self._recognizer.costly_partials:
            return False
        return utterance.waiting_samples >= utterance.to_next_step

    def handle(self, command: WorkerCommand) -> None:
        """Do what a command asks for at once; only the decoding of audio is left for `work`."""
        if isinstance(command, UtteranceAudio):
            self._append(command)
        elif isinstance(command, UtteranceSilence):
            self._on_silence(command.remaining)
        elif isinstance(command, StartUtterance):
            self._start(command)
        elif isinstance(command, FinishUtterance):
            self._guarded(self._finish)
        elif isinstance(command, DropUtterance):
            self._drop()
        elif isinstance(command, Configure):
            self._configure(command)

    def work(self) -> None:
        """Do one piece of work: the early final pass, what a silence left waiting, or one step of audio."""
        utterance = self._utterance
        if utterance is None:
            return
        if self.has_step:
            self._guarded(self._step)
        elif utterance.early_final_due:
            self._guarded(self._final_pass_early)
        elif utterance.catch_up_due:
            self._guarded(self._catch_up)
        else:
            self._guarded(self._step)

    def _configure(self, command: Configure) -> None:
        try:
            unknown = self._recognizer.configure(command.language, command.corpus_text)
        except Exception as problem:
            self._send(RecognizerFailed(None, _in_words(problem)))
        else:
            self._send(Configured(tuple(unknown)))

    def _start(self, command: StartUtterance) -> None:
        self._drop()
        self._utterance = DecodedUtterance(command.item_id)
        self._guarded(lambda utterance: self._recognizer.start(command.first_sample))

    def _append(self, command: UtteranceAudio) -> None:
        if self._utterance is None:
            self._send(AudioTaken(len(command.samples)))
        else:
            self._utterance.append(command.samples, command.remaining)

    def _on_silence(self, remaining: float) -> None:
        """Decide whether the final pass must begin now to be over in time, or what waits be decoded now."""
        utterance = self._utterance
        if utterance is None or utterance.early_final is not None:
            return
        if self._must_finish_early(utterance, remaining):
            utterance.early_final_due = True
        else:
            utterance.catch_up_due = self._recognizer.costly_partials and utterance.waiting_samples > 0

    def _must_finish_early(self, utterance: DecodedUtterance, remaining: float) -> bool:
        """Return whether a final pass begun now would hardly be over when the silence is."""
        expected = self._cost * (utterance.given + utterance.waiting_samples) / SAMPLE_RATE
        return self._recognizer.can_finish_early and expected + MARGIN >= remaining

    def _catch_up(self, utterance: DecodedUtterance) -> None:
        utterance.catch_up_due = False
        self._decode(utterance, utterance.waiting_samples)
        self._send_partial(utterance)

    def _step(self, utterance: DecodedUtterance) -> None:
        self._decode(utterance, utterance.to_next_step)
        if not self._recognizer.costly_partials or self._has_time_for_partial(utterance):
            self._send_partial(utterance)

    def _has_time_for_partial(self, utterance: DecodedUtterance) -> bool:
        """Return whether a costly partial is not too early, and delays neither audio nor the final."""
        remaining = utterance.remaining
        if remaining is not None and self._must_finish_early(utterance, remaining):
            return False
        waiting, since = utterance.waiting_samples, utterance.given - utterance.shown_at
        step = RARE_STEP if waiting >= BACKLOG_SAMPLES else COSTLY_STEP if utterance.shown else STEP
        return since >= max(step, utterance.pause) and waiting < MUCH_BACKLOG_SAMPLES

    def _decode(self, utterance: DecodedUtterance, count: int) -> None:
        """Give the next ``count`` waiting samples to the recogniser."""
        piece = utterance.take(count)
        self._send(AudioTaken(len(piece)))
        self._recognizer.accept(piece)

    def _send_partial(self, utterance: DecodedUtterance) -> None:
        begun = self._clock()
        found = self._recognizer.partial()
        utterance.shown_at = utterance.given
        took = self._clock() - begun
        utterance.pause = round(took * self.speaking / PARTIALS_SHARE * SAMPLE_RATE)
        if found != (utterance.shown or Hypothesis()):
            utterance.shown = found
            self._send(PartialText(utterance.item_id, found.settled, found.draft, self._language))

    def _final_pass_early(self, utterance: DecodedUtterance) -> None:
        utterance.early_final_due = False
        self._decode(utterance, utterance.waiting_samples)
        utterance.early_final = self._final_pass(utterance)

    def _final_pass(self, utterance: DecodedUtterance) -> tuple[str, float]:
        """Return the final text and the wall time it took; learn from it what a second of audio costs."""
        begun = self._clock()
        text = self._recognizer.finish()
        took = self._clock() - begun
        if utterance.given >= SAMPLE_RATE // 2:
            self._cost = 0.7 * self._cost + 0.3 * min(1.0, took * SAMPLE_RATE / utterance.given)
        return text, took

    def _finish(self, utterance: DecodedUtterance) -> None:
        if not self._recognizer.costly_partials:
            while utterance.waiting_samples >= utterance.to_next_step:
                self._step(utterance)
        if utterance.waiting_samples:
            self._decode(utterance, utterance.waiting_samples)
        was_early = utterance.early_final is not None
        text, took = utterance.early_final or self._final_pass(utterance)
        self._utterance = None
        self._send(FinalText(utterance.item_id, text, took, was_early, utterance.wasted, self._language))

    @property
    def _language(self) -> str | None:
        """The language that the recogniser detected, where it does that."""
        return getattr(self._recognizer, "heard_language", None)

    def _drop(self) -> None:
        """Leave the utterance; its waiting samples count as taken."""
        utterance, self._utterance = self._utterance, None
        if utterance is not None and utterance.waiting_samples:
            self._send(AudioTaken(utterance.waiting_samples))

    def _guarded(self, action: Callable[[DecodedUtterance], None]) -> None:
        """Do something for the utterance; if the recogniser raises, this utterance alone has failed."""
        utterance = self._utterance
        if utterance is None:
            return
        try:
            action(utterance)
        except Exception as problem:
            self._drop()
            self._send(RecognizerFailed(utterance.item_id, _in_words(problem)))


def _in_words(problem: Exception) -> str:
    """Return what an error says: our own are sentences, those of an engine need the name of their kind."""
    return str(problem) if isinstance(problem, QawError) else f"{type(problem).__name__}: {problem}"
