"""Asking a model of turn ends at the pauses of a clip; what it said is kept on disk, as speech scores are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Union

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import Sound, as_clip
from ...audio.units import SAMPLE_RATE, float_to_pcm16, pcm16_to_float
from ...arguments import checked_keywords, checked_number
from ...errors import SettingError
from ...formatting import with_units
from ..pauses import Pause, Pauses
from ..scoring.cache import ScoreCache
from ..scoring.scores import speech_scores
from ..trade_off.policy import Policy
from ..turns import (
    MAX_TURN_FRAMES, SILENCE_RANGE_MS, Turn, TurnClosed, TurnDetection, TurnOpened, turns_from_frames,
)
from .base import EndOfTurnModel, find_model
from .detector import BEFORE_TURN, EndOfTurnDetector, Question

ASKED_AFTER = (0.2,)
"""Seconds of silence after which a model is asked; eot-bench's figure for Smart Turn."""


@checked_keywords
@with_units()
@dataclass(frozen=True)
class EndOfTurn:
    """A model that says at a pause whether somebody is done: for ``transcribe``, ``trade_off``, by itself.

    Parameters
    ----------
    model : str or EndOfTurnModel
        ``"smart-turn"`` (Smart Turn v3.2: it hears; extra ``end-of-turn``), ``"punctuation"`` (a plain
        baseline from the text alone), another that is installed, or an ``EndOfTurnModel``.
        Models that hear were trained on human speech: of synthetic voices they say little.
    instants : tuple of float
        Seconds of silence after which it is asked at a pause, rising; it fires at the first of them at which
        the probability is above the threshold.
    policy : Policy
        By which the model ends turns in ``transcribe`` and in `turns`; ``trade_off`` tries others, and its
        operating points have one each. The time-out lies in [0.2, 6] s, the action delay in [0, time-out].

    Raises
    ------
    SettingError
        There is no such model, the instants are no rising numbers, or the policy cannot be followed.

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> model = EndOfTurn("punctuation")
    >>> model.probability(sample("prompts"), "and then I")
    0.1
    """

    model: Union[str, EndOfTurnModel] = "smart-turn"
    instants: tuple[float, ...] = ASKED_AFTER
    policy: Policy = Policy()

    def __post_init__(self) -> None:
        instants = tuple(float(checked_number("instants", each, 0.0, 60.0)) for each in self.instants)
        if not instants or list(instants) != sorted(set(instants)):
            raise SettingError(f"instants is {self.instants!r:.60}; give rising numbers.", "instants")
        object.__setattr__(self, "instants", instants)
        if not isinstance(self.model, (str, EndOfTurnModel)):
            raise SettingError(
                f"model is {self.model!r:.60}; give a name, or an object with the methods of EndOfTurnModel.",
                "model",
            )
        object.__setattr__(self, "policy", _checked_policy(self.policy))
        self._loaded  # so that a name that is not known is told at once

    def __str__(self) -> str:
        policy = self.policy
        return f"{self.name}, threshold {policy.threshold:g}, action delay {policy.action_delay:g} s"

    @cached_property
    def _loaded(self) -> EndOfTurnModel:
        return find_model(self.model) if isinstance(self.model, str) else self.model

    @property
    def name(self) -> str:
        """The model's name."""
        return self._loaded.name

    @property
    def identity(self) -> str:
        """What says whether two of them end turns alike: the model with its version, instants and policy."""
        return f"{self._loaded.identity} {self.instants} {self.policy}"

    @property
    def needs_sound(self) -> bool:
        """Whether the model hears."""
        return self._loaded.needs_sound

    def probability(self, clip: Sound, text: str = "") -> float:
        """Return how likely it is that the speaker is done at the end of a clip.

        Parameters
        ----------
        clip : AudioClip, Sample, Recording or sound file
            One turn up to now, with the silence so far.
        text : str
            The words recognised so far, for models that read.

        Returns
        -------
        float
            In [0, 1]; NaN where the model has nothing to judge by.
        """
        return self._loaded.probability(_heard(clip), text)

    def timed_out_by(self, settings: TurnDetection) -> TurnDetection:
        """Return settings of the turn detector whose silence is the policy's time-out."""
        return replace(settings, silence_duration_ms=round(self.policy.time_out * 1_000))

    def detector(
        self, settings: TurnDetection, max_turn_frames: int = MAX_TURN_FRAMES
    ) -> EndOfTurnDetector:
        """Return what finds turns by speech scores and this model's answers; the silence is the time-out."""
        policy = self.policy
        return EndOfTurnDetector(
            settings, policy.threshold, policy.action_delay, self.instants, max_turn_frames=max_turn_frames
        )

    def turns(self, clip: Sound, settings: TurnDetection = TurnDetection()) -> list[Turn]:
        """Return the turns that the model and the turn detector find in a clip together.

        They are those of ``transcribe(clip, turn_taking="client", end_of_turn=…)``, whose model answers at
        once, by the same machine; how it decides is told in ``vad.end_of_turn.detector``.

        Parameters
        ----------
        clip : AudioClip, Sample, Recording or sound file
        settings : TurnDetection
            Threshold and padding of the turn detector. Its silence is not used: the policy's time-out is.

        Returns
        -------
        list of Turn
            In order, in seconds.

        Examples
        --------
        >>> from qwen_asr_widgets import sample
        >>> len(EndOfTurn("smart-turn").turns(sample("prompts")))  # doctest: +SKIP
        7
        """
        sound = as_clip(clip, "EndOfTurn")
        samples, detector = _heard(sound), self.detector(self.timed_out_by(settings))
        onsets, ends = [], []
        for change in detector.push(speech_scores(sound).values):
            if isinstance(change, Question):
                heard = samples[max(0, change.start):change.stop]
                detector.answer(change, self._loaded.probability(heard, ""))
            elif isinstance(change, TurnOpened):
                onsets.append(change.onset_frame)
            else:
                ends.append(change.end_frame)
        ends += [closed.end_frame for closed in detector.finish() if isinstance(closed, TurnClosed)]
        frames = np.array([onsets, ends], dtype=np.int64).T
        return turns_from_frames(frames, settings.prefix_padding_samples)

    def probabilities(
        self, clip: Sound, found: Pauses, asked: Sequence[Pause] | None = None, *, cache: bool = True,
        progress: Callable[[int, int], object] = lambda done, count: None,
    ) -> NDArray[np.float32]:
        """Return what the model says at the pauses of a clip.

        Parameters
        ----------
        clip : AudioClip, Sample, Recording or sound file
        found : Pauses
            Its pauses, as ``qaw.pauses`` returns them.
        asked : sequence of Pause, optional
            Those of them to ask about; without it all, P of them.
        cache : bool
            Keep what was said on disk and take it from there when the same sound and pauses come again.
        progress : callable
            Called as ``progress(done, count)`` before each pause that the model is asked about; an exception
            that it raises ends the asking.

        Returns
        -------
        ndarray, float32, shape (P, K)
            At each of K instants; NaN where the pause is over before, or the model has nothing to judge by.
        """
        pauses = found.items if asked is None else tuple(asked)
        samples = _heard(clip)
        store = ScoreCache() if cache else None
        key = self._key(samples, found, pauses)
        shape = (len(pauses), len(self.instants))
        kept = store.get(key.hex(), key) if store is not None else None
        if kept is not None and kept.size == shape[0] * shape[1]:
            return kept.reshape(shape)
        rows: list[list[float]] = []
        for pause in pauses:
            progress(len(rows), len(pauses))
            rows.append(self._at(pause, found, samples))
        said = np.array(rows, dtype=np.float32).reshape(shape)
        if store is not None:
            store.put(key.hex(), key, said.ravel())
        return said

    def _at(self, pause: Pause, found: Pauses, samples: NDArray[np.float32]) -> list[float]:
        """Return what the model says at one pause, at each instant."""
        first = max(0, round((found.turns[pause.turn].start - BEFORE_TURN) * SAMPLE_RATE))
        row = []
        for instant in self.instants:
            lasts = pause.kind == "end" or pause.duration >= instant - 1e-9
            upto = round((pause.start + instant) * SAMPLE_RATE)
            row.append(self._loaded.probability(samples[first:upto], pause.text) if lasts else float("nan"))
        return row

    def _key(self, samples: NDArray[np.float32], found: Pauses, pauses: Sequence[Pause]) -> bytes:
        """Return 32 bytes that stand for the model, the sound, and where it is asked with which words."""
        asked = [(found.turns[pause.turn].start, pause) for pause in pauses]
        digest = hashlib.blake2b(f"{self._loaded.identity}:{self.instants}:{asked}".encode(), digest_size=32)
        digest.update(float_to_pcm16(samples).tobytes())
        return digest.digest()


def _checked_policy(policy: object) -> Policy:
    """Return a policy, or raise ``SettingError`` where it is none by which a model can end turns."""
    if not isinstance(policy, Policy):
        raise SettingError(
            f"policy is {policy!r:.60}; give a Policy(threshold, action_delay, time_out).", "policy"
        )
    shortest, longest = (limit / 1_000 for limit in SILENCE_RANGE_MS)
    time_out = checked_number("policy.time_out", policy.time_out, shortest, longest)
    return Policy(
        checked_number("policy.threshold", policy.threshold, 0.0, 1.0),
        checked_number("policy.action_delay", policy.action_delay, 0.0, time_out), time_out,
    )


def _heard(clip: Sound) -> NDArray[np.float32]:
    """Return a clip as a service hears it: 16 kHz, int16, here as float32."""
    return pcm16_to_float(float_to_pcm16(as_clip(clip, "EndOfTurn").resample(SAMPLE_RATE).samples))
