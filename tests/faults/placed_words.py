"""A recogniser that hears words at their places in a known sound, wherever in it a session begins.

The service's own `script` recogniser counts from the beginning of a session; after a lost connection that is
another place of the sound. These find the place by the samples themselves: `PlacedWords` where they come as
they are, `PlacedByEar` where a microphone or a codec has changed them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qwen_asr_widgets.service.recognizers.base import Hypothesis

ENTRY_POINTS = """[qwen_asr_widgets.recognizers]
placed = placed_words:PlacedWords
placed-by-ear = placed_words:PlacedByEar
"""


class PlacedWords:
    """Says each word of a list once its sample of the sound was heard.

    Parameters
    ----------
    sound : str
        Path of a file of int16 samples at 16 kHz, as the client sends them.
    words : sequence of (int, str)
        The sample at which a word is over, and the word.
    """

    engine = "placed words"
    languages: ClassVar[tuple[str, ...] | None] = None
    costly_partials: ClassVar[bool] = False
    can_finish_early = False
    known_by: ClassVar[int] = 1_280
    """Bytes by which a place is found: 40 ms of a sound that never repeats itself."""

    def __init__(self, sound: str, words: Sequence[tuple[int, str]]) -> None:
        self._sound = Path(sound).read_bytes()
        self._places = [at for at, _ in words]
        self._words = [word for _, word in words]
        self.start(0)

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        return ()

    def start(self, first_sample: int) -> None:
        self._heard, self._known, self._first = 0, b"", -1

    def accept(self, samples: NDArray[np.int16]) -> None:
        self._heard += len(samples)
        self._known = (self._known + samples.tobytes())[: self.known_by]

    def partial(self) -> Hypothesis:
        said = self._said()
        settled, draft = " ".join(said[:-1]), " ".join(said[-1:])
        return Hypothesis(settled, f" {draft}" if settled else draft)

    def finish(self) -> str:
        return " ".join(self._said(is_over=True))

    def _said(self, is_over: bool = False) -> list[str]:
        if len(self._known) < self.known_by and not (is_over and self._known):
            return []
        if self._first < 0:
            self._first = self._place()
        begin, end = (bisect_right(self._places, self._first + count) for count in (0, self._heard))
        return self._words[begin:end]

    def _place(self) -> int:
        """Return the sample of the sound at which what is heard begins."""
        return self._sound.index(self._known) // 2


class PlacedByEar(PlacedWords):
    """The same for a sound that is no longer equal to the sample: the place is where it is most alike."""

    engine = "placed words, by ear"
    known_by: ClassVar[int] = 32_000
    """A second: the silence before a turn, and the beginning of what is said in it."""

    def _place(self) -> int:
        heard, sound = (np.frombuffer(one, np.int16).astype(float) for one in (self._known, self._sound))
        size = 1 << (len(sound) + len(heard)).bit_length()
        products = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(heard, size)), size)
        squares = np.concatenate([[0.0], np.cumsum(np.square(np.pad(sound, (0, len(heard)))))])
        energy = squares[len(heard) : len(heard) + len(sound)] - squares[: len(sound)]
        return int(np.argmax(products[: len(sound)] / np.sqrt(energy + len(heard))))


def register(folder: Path, environment: Any) -> None:
    """Make the recogniser known to processes that are started with this environment."""
    metadata = folder / "placed_words-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: placed-words\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    environment.setenv("PYTHONPATH", f"{Path(__file__).parent}:{folder}")
