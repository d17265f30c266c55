"""What a voice activity detector is, and how one whose frames have another length scores frames of 32 ms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..scoring.frames import HOP


class ClipScorer(Protocol):
    """Scores sound as it comes; one for each clip."""

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Take the next samples (16 kHz) and return the scores, in [-1, 1], of the frames they complete."""


@runtime_checkable
class SpeechDetector(Protocol):
    """What scores how much each 32 ms of sound resembles speech.

    Attributes
    ----------
    name : str
        What tables call it.
    scale : str
        What a score means, for people to read.
    identity : str
        Name, version and whatever else changes its scores: those on disk are found by it.

    Examples
    --------
    >>> from numpy.typing import NDArray
    >>> from qwen_asr_widgets import SpeechDetector, speech_scores, sample
    >>> class Loud:
    ...     name, scale, identity = "loud", "1 where the peak exceeds a tenth, else -1", "loud:1"
    ...     def scorer(self) -> "Loud":
    ...         return self
    ...     def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
    ...         frames = np.abs(samples[:len(samples) // 512 * 512].astype(int)).reshape(-1, 512)
    ...         return np.where(frames.max(axis=1) > 3_277, 1.0, -1.0).astype(np.float32)
    >>> isinstance(Loud(), SpeechDetector)
    True
    >>> speech_scores(sample("conversation"), detector=Loud(), cache=False)
    <SpeechScores of 1137 frames, 36.42 s, from -1.00 to 1.00, by loud>
    """

    @property
    def name(self) -> str: ...

    @property
    def scale(self) -> str: ...

    @property
    def identity(self) -> str: ...

    def scorer(self) -> ClipScorer:
        """Return what scores one clip, from its beginning."""


class AveragedScorer:
    """Scores frames of 32 ms by a detector that has shorter ones of its own.

    A score is ``2 * m - 1`` of the mean m over those of its frames that end within the 32 ms: what it has
    said by then, and nothing that comes later. So a stream has the scores of a batch.

    Parameters
    ----------
    said : callable
        Given one of its frames, int16 (hop,), returns a number in [0, 1].
    hop : int
        Samples of such a frame at 16 kHz, at most 512.

    Examples
    --------
    >>> scorer = AveragedScorer(lambda frame: float(frame.max() > 0), hop=256)
    >>> scorer.push(np.repeat(np.int16([0, 1, 1, 1, 0]), 256)).tolist()
    [0.0, 1.0]
    >>> scorer.push(np.zeros(256, np.int16)).tolist()
    [-1.0]
    """

    def __init__(self, said: Callable[[NDArray[np.int16]], float], hop: int) -> None:
        self._said = said
        self._hop = hop
        self._pending = np.empty(0, np.int16)
        self._heard = 0
        self._asked = 0
        self._open: list[float] = []
        """What was said in the frame of 32 ms that is not complete yet."""

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Take the next samples and return the scores of the frames that they complete."""
        before = self._heard // HOP
        self._heard += len(samples)
        frames = self._heard // HOP - before
        sound = np.concatenate((self._pending, samples))
        whole = len(sound) // self._hop
        first = self._asked - len(self._open)
        answers = self._open + [self._said(part) for part in sound[:whole * self._hop].reshape(-1, self._hop)]
        self._pending = sound[whole * self._hop:]
        self._asked += whole
        ends = (first + 1 + np.arange(len(answers))) * self._hop
        frame = (ends - 1) // HOP - before
        known = frame < frames
        self._open = [answer for answer, closed in zip(answers, known.tolist()) if not closed]
        sums = np.bincount(frame[known], np.array(answers)[known], frames)
        means = sums / np.bincount(frame[known], minlength=frames)
        scores: NDArray[np.float32] = (2 * means - 1).astype(np.float32)
        return scores
