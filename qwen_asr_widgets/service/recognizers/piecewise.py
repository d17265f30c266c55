"""The text of one turn by an engine that decodes recordings: in pieces, again as it grows, none invented."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...audio.units import pcm16_to_float
from ...protocol.languages import has_spaces
from .agreement import AgreedText
from .base import Hypothesis
from .transcripts import without_loops
from .turn_pieces import Piece, TurnPieces

PARTIAL_SPEECH = 0.5
"""Seconds of speech before which there is no partial: until then the model guesses."""

FINAL_SPEECH = 0.3
"""Seconds of speech under which a text that is one of `INVENTIONS` was not said."""

INVENTIONS = frozenset({
    "", "you", "the", "i", "oh", "so", "bye", "okay", "thanks", "thank you", "thank you very much",
    "thanks for watching", "thank you for watching", "merci", "vielen dank", "嗯", "谢谢", "谢谢大家",
    "ご視聴ありがとうございました",
})
"""What speech models write for silence, noise and clicks, in lower case without punctuation."""

_ENDINGS = " .,?!…。，？！"
"""What models end any text with; in a partial nothing has ended."""


class PiecewiseText:
    """The growing text of one turn.

    Parameters
    ----------
    decode : callable
        Returns the text of float samples at 16 kHz, shape (n,).

    Examples
    --------
    >>> turn = PiecewiseText(lambda samples: "Thank you.")
    >>> turn.accept(np.zeros(16_000, np.int16))
    >>> turn.partial(), turn.final()
    (Hypothesis(settled='', draft=''), '')
    """

    def __init__(self, decode: Callable[[NDArray[np.float32]], str]) -> None:
        self._decode = decode
        self._turn = TurnPieces()
        self._texts: list[str] = []  # of the pieces that are closed
        self._last: tuple[Piece, str] | None = None
        self._agreed = AgreedText()
        self._shown = Hypothesis()

    @property
    def speech_seconds(self) -> float:
        """Seconds of it that are speech by our own scores."""
        return self._turn.speech_seconds

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Keep the samples, int16 at 16 kHz, shape (n,); they are decoded when a text is asked for."""
        self._turn.accept(samples)

    def partial(self) -> Hypothesis:
        """Decode what is not settled again, if speech has come since, and return what is believed."""
        piece = self._turn.open
        is_new = self._last is None or piece != self._last[0]
        if piece is not None and is_new and self._turn.speech_seconds >= PARTIAL_SPEECH:
            self._shown = self._agreed.update(self._text().rstrip(_ENDINGS))
        return self._shown

    def final(self) -> str:
        """Return the text of all pieces; empty where too little was said for it to be true."""
        text = self._text()
        is_invented = self._turn.speech_seconds < FINAL_SPEECH and _plain(text) in INVENTIONS
        return "" if is_invented else text

    def _text(self) -> str:
        """Return the text of all pieces, of which each that is closed is decoded once."""
        for piece in self._turn.closed[len(self._texts):]:
            self._texts.append(self._text_of(piece))
        last = self._turn.open
        texts = [*self._texts, "" if last is None else self._text_of(last)]
        return (" " if has_spaces("".join(texts)) else "").join(text for text in texts if text)

    def _text_of(self, piece: Piece) -> str:
        if self._last is None or self._last[0] != piece:
            sound = pcm16_to_float(self._turn.samples(piece))
            self._last = piece, without_loops(self._decode(sound))
        return self._last[1]


def _plain(text: str) -> str:
    """Return the words of a text in lower case, without punctuation."""
    return " ".join(re.findall(r"[\w']+", text.lower()))
