"""The text of one turn by an engine that decodes recordings: in pieces, again as it grows, none invented."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...protocol.languages import has_spaces
from .agreement import AgreedText
from .base import Hypothesis
from .transcripts import Transcript, without_end_loop, without_loops
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


Decode = Callable[[NDArray[np.int16]], Transcript]
"""Returns what is said in samples at 16 kHz, shape (n,)."""


class PiecewiseText:
    """The growing text of one turn.

    Parameters
    ----------
    decode : callable
        A `Decode`, whose answer depends on the samples alone. Each piece that is closed is given to it once.
    decode_again : callable or None
        A `Decode` for partials of the piece that still grows, where that is cheaper; its answer may depend on
        earlier ones. None takes ``decode``, and its answer for the final too, where nothing has been said
        since.

    Examples
    --------
    >>> turn = PiecewiseText(lambda samples: Transcript("Thank you."))
    >>> turn.accept(np.zeros(16_000, np.int16))
    >>> turn.partial(), turn.final()
    (Hypothesis(settled='', draft=''), '')
    """

    def __init__(self, decode: Decode, decode_again: Decode | None = None) -> None:
        self._decode = decode
        self._decode_again = decode_again
        self._turn = TurnPieces()
        self._closed: list[Transcript] = []  # of the pieces that are closed, as far as they were decoded
        self._open: tuple[Piece, Transcript] | None = None  # the open piece as `decode` heard it last
        self._newest = Transcript("")  # of the open piece
        self._shown_piece: Piece | None = None
        self._agreed = AgreedText()
        self._shown = Hypothesis()

    @property
    def speech_seconds(self) -> float:
        """Seconds of it that are speech by our own scores."""
        return self._turn.speech_seconds

    @property
    def language(self) -> str | None:
        """Code of the language in which most of the speech was, by what was decoded so far."""
        seconds: dict[str, float] = {}
        pieces = [*self._turn.closed[:len(self._closed)], self._turn.open]
        for piece, heard in zip(pieces, [*self._closed, self._newest]):
            if piece is not None and heard.language is not None:
                seconds[heard.language] = seconds.get(heard.language, 0.0) + self._turn.speech_in(piece)
        return max(seconds, key=seconds.__getitem__, default=None)

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Keep the samples, int16 at 16 kHz, shape (n,); they are decoded when a text is asked for."""
        self._turn.accept(samples)

    def partial(self) -> Hypothesis:
        """Decode what is not settled again, if speech has come since, and return what is believed."""
        piece = self._turn.open
        if piece is None or piece == self._shown_piece or self._turn.speech_seconds < PARTIAL_SPEECH:
            return self._shown
        self._shown_piece = piece
        is_known = self._open is not None and self._open[0] == piece
        text = self._text(None if is_known else self._decode_again)
        self._shown = self._agreed.update(without_end_loop(text.rstrip(_ENDINGS)))
        return self._shown

    def final(self) -> str:
        """Return the text of all pieces; empty where too little was said for it to be true."""
        text = self._text()
        is_invented = self._turn.speech_seconds < FINAL_SPEECH and _plain(text) in INVENTIONS
        return "" if is_invented else text

    def _text(self, decode_again: Decode | None = None) -> str:
        """Return the text of all pieces; that of the open one by ``decode_again`` where it is given."""
        for piece in self._turn.closed[len(self._closed):]:
            self._closed.append(self._heard_in(piece))
            self._newest = Transcript("")
        growing = self._turn.open
        if growing is not None and decode_again is not None:
            self._newest = decode_again(self._turn.samples(growing))
        elif growing is not None:
            self._newest = self._heard_in(growing)
        texts = [without_loops(heard.text) for heard in (*self._closed, self._newest)]
        return (" " if has_spaces("".join(texts)) else "").join(text for text in texts if text)

    def _heard_in(self, piece: Piece) -> Transcript:
        """Return what `decode` hears in a piece, asked anew only if it has changed."""
        if self._open is None or self._open[0] != piece:
            self._open = piece, self._decode(self._turn.samples(piece))
        return self._open[1]


def _plain(text: str) -> str:
    """Return the words of a text in lower case, without punctuation."""
    return " ".join(re.findall(r"[\w']+", text.lower()))
