"""Asking a model of turn ends at the pauses of a clip; what it said is kept on disk, as speech scores are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Union

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import Sound, as_clip
from ...audio.units import SAMPLE_RATE, float_to_pcm16, pcm16_to_float
from ...errors import SettingError, checked_keywords, checked_number
from ..pauses import Pause, Pauses
from ..scoring.cache import ScoreCache
from .base import EndOfTurnModel, find_model

BEFORE_TURN = 0.5
"""Seconds of sound before a turn that a model hears too; pipecat's figure."""

ASKED_AFTER = (0.2,)
"""Seconds of silence after which a model is asked; eot-bench's figure for Smart Turn."""


@checked_keywords
@dataclass(frozen=True)
class EndOfTurn:
    """A model that says at a pause whether somebody is done, for ``trade_off`` and by itself.

    Parameters
    ----------
    model : str or EndOfTurnModel
        ``"smart-turn"`` (Smart Turn v3.2: it hears; extra ``end-of-turn``), ``"punctuation"`` (a plain
        baseline from the text alone), another that is installed, or an ``EndOfTurnModel``.
        Models that hear were trained on human speech: of synthetic voices they say little.
    instants : tuple of float
        Seconds of silence after which it is asked at a pause, rising; it fires at the first of them at which
        the probability is above the threshold.

    Raises
    ------
    SettingError
        There is no such model, or the instants are no rising numbers.

    Examples
    --------
    >>> from qwen_asr_widgets import sample
    >>> model = EndOfTurn("punctuation")
    >>> model.probability(sample("prompts"), "and then I")
    0.1
    """

    model: Union[str, EndOfTurnModel] = "smart-turn"
    instants: tuple[float, ...] = ASKED_AFTER

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
        self._loaded  # so that a name that is not known is told at once

    @cached_property
    def _loaded(self) -> EndOfTurnModel:
        return find_model(self.model) if isinstance(self.model, str) else self.model

    @property
    def name(self) -> str:
        """The model's name."""
        return self._loaded.name

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


def _heard(clip: Sound) -> NDArray[np.float32]:
    """Return a clip as a service hears it: 16 kHz, int16, here as float32."""
    return pcm16_to_float(float_to_pcm16(as_clip(clip, "EndOfTurn").resample(SAMPLE_RATE).samples))
