"""The offline recogniser: pocketsphinx with the English model that its package brings.

Pocketsphinx normalises loudness and microphone by the mean of the cepstrum, and its words depend much on that
mean. While it decodes on the fly it must guess the mean of an utterance that is not over. Of the words of
synthetic speech 19 % were wrong so; 12 % when the whole utterance was decoded again at its end; 11 % when
decoding on the fly began with the mean of the utterance's own beginning. So an utterance is decoded in one of
two ways, by its length:

- shorter than 1.5 s: partials are decoded on the fly with the mean of earlier utterances, and the final text
  is a pass over the whole utterance at its end;
- from 1.5 s on: the utterance is decoded again from its start with its own mean, measured on these 1.5 s.
  Partials come from this decoding, and the final text costs only what the decoder does at an utterance's end
  (3 % of its length).

1.5 s is enough: without context no word of the bundled conversation was wrong then, 37 % under noise and 50 %
of the dictation, against 0, 37 and 52 % after 2.9 s; and the less is decoded twice, the better two sessions
share a core. Scoring only every second frame (``ds=2``) would save another tenth, but costs words of clean
speech.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...client.recognizers import Footprint, Requirement
from .base import Hypothesis
from .context.language_model import ContextSentences, read_context, write_model
from .settling import Settler, Word

MEASURED = 24_000
"""Samples (1.5 s) on which an utterance's mean is measured; less than the 300 frames after which the
decoder forgets where it began."""

_PRIOR_FRAMES = 500
"""Frames that pocketsphinx lets a given mean count for."""

_FRAME = 160
_MEASURED_BYTES = 2 * MEASURED
_PIECE_BYTES = 2 * 3_200


class DecodingPass:
    """One decoder on the audio of one utterance, which is given as all bytes so far.

    Every utterance starts with a fresh front end: it would go on with the noise it measured in the last one,
    and the text would depend on what was decoded before.
    """

    def __init__(self, **settings: Any) -> None:
        from pocketsphinx import Decoder

        self.decoder = Decoder(loglevel="FATAL", **settings)
        self.running = False
        self._done = 0

    def begin(self, mean: str) -> None:
        """Start an utterance with this mean of the cepstrum."""
        self.stop()
        self.decoder.reinit_feat()
        self.decoder.set_cmn(mean)
        self.decoder.start_utt()
        self.running = True
        self._done = 0

    def advance(self, audio: bytes | bytearray) -> None:
        """Decode what is new, in pieces of 200 ms, so that equal audio gives equal results."""
        for first in range(self._done, len(audio), _PIECE_BYTES):
            self.decoder.process_raw(bytes(audio[first:first + _PIECE_BYTES]), False, False)
        self._done = len(audio)

    def stop(self) -> None:
        """End the utterance, if one is under way."""
        if self.running:
            self.running = False
            self.decoder.end_utt()

    def at_once(self, audio: bytes | bytearray) -> None:
        """Decode an utterance in one go, normalised by its own mean."""
        self.stop()
        self.decoder.reinit_feat()
        self.decoder.start_utt()
        self.decoder.process_raw(bytes(audio), False, True)
        self.decoder.end_utt()

    def result(self) -> tuple[float, str]:
        """Return score and text of the utterance that has ended; the better score is the higher one."""
        found = self.decoder.hyp()
        return (0.0, "") if found is None else (found.best_score, _plain(found.hypstr))

    def words(self) -> list[Word]:
        """Return the words heard so far."""
        if self.decoder.hyp() is None:
            return []
        return [
            Word(_plain(part.word), part.start_frame, part.end_frame)
            for part in self.decoder.seg() if part.word[0] not in "<["
        ]


class PocketsphinxRecognizer:
    """English, without case and punctuation; context makes its sentences and words likelier.

    Examples
    --------
    >>> recognizer = PocketsphinxRecognizer()
    >>> recognizer.start(0)
    >>> recognizer.accept(np.zeros(8_000, np.int16))
    >>> recognizer.partial()
    Hypothesis(settled='', draft='')
    """

    languages: ClassVar[tuple[str, ...] | None] = ("en",)
    requires: ClassVar[Requirement] = Requirement(
        "pocketsphinx",
        'pip install "qwen-asr-widgets[pocketsphinx]"; where that installs nothing there is no wheel of it: '
        'use Python 3.11 or 3.13, or compile it with "pip install pocketsphinx"'
    )
    footprint: ClassVar[Footprint] = Footprint(40)
    costly_partials: ClassVar[bool] = True

    def __init__(self) -> None:
        from importlib.metadata import version

        self.engine = f"pocketsphinx {version('pocketsphinx')}"
        self._general = DecodingPass()
        self._context: DecodingPass | None = None
        self._next_context: DecodingPass | None = None
        self._corpus_text = ""
        self._unknown: tuple[str, ...] = ()
        self._next_prior = self._general.decoder.get_cmn(False)
        self.start(0)

    @property
    def can_finish_early(self) -> bool:
        """Whether the utterance is still short: then a pass thrown away costs at most half a second."""
        return len(self._audio) < _MEASURED_BYTES

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Build a model of the context; return its words that have no known pronunciation."""
        text = corpus_text or ""
        if text != self._corpus_text:
            context = read_context(text, lambda word: self._general.decoder.lookup_word(word) is not None)
            self._next_context = self._decoder_for(context) if context.sentences else None
            self._corpus_text, self._unknown = text, context.unknown
        return self._unknown

    def start(self, first_sample: int) -> None:
        """Begin an utterance."""
        self._general.stop()
        if self._context is not None:
            self._context.stop()
        self._context = self._next_context
        self._prior = self._next_prior
        self._audio = bytearray()
        self._own_mean: str | None = None
        self._settler = Settler()

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Keep the samples; they are decoded when a result is asked for."""
        self._audio += samples.tobytes()

    def partial(self) -> Hypothesis:
        """Decode what is new and return what is believed."""
        self._keep_up()
        return self._settler.update(self._general.words())

    def finish(self) -> str:
        """Return the better of the results with and without the context."""
        passes = [self._general] if self._context is None else [self._general, self._context]
        if len(self._audio) < _MEASURED_BYTES:
            for one in passes:
                one.at_once(self._audio)
        else:
            self._keep_up()
            for one in passes:
                one.stop()
        self._next_prior = self._general.decoder.get_cmn(True)
        return max(one.result() for one in passes)[1]

    def _keep_up(self) -> None:
        """Decode on the fly what has come; at 1.5 s begin again with the utterance's own mean."""
        if len(self._audio) < _MEASURED_BYTES:
            if not self._general.running:
                self._general.begin(self._prior)
            self._general.advance(self._audio)
            return
        if self._own_mean is None:
            self._own_mean = self._measure_mean()
        for one in (self._general, self._context):
            if one is not None:
                if not one.running:
                    one.begin(self._own_mean)
                one.advance(self._audio)

    def _measure_mean(self) -> str:
        """Return the mean of the first 1.5 s, without the prior mean that the decoder averages in."""
        if not self._general.running:
            self._general.begin(self._prior)
        self._general.advance(self._audio[:_MEASURED_BYTES])
        frames = MEASURED // _FRAME
        mixed, prior = _numbers(self._general.decoder.get_cmn(True)), _numbers(self._prior)
        self._general.stop()
        return _text(((_PRIOR_FRAMES + frames) * mixed - _PRIOR_FRAMES * prior) / frames)

    def _decoder_for(self, context: ContextSentences) -> DecodingPass:
        with tempfile.TemporaryDirectory(prefix="qwen-asr-corpus-") as folder:
            model, dictionary = write_model(context, self._pronunciations, Path(folder))
            return DecodingPass(lm=str(model), dict=str(dictionary))

    def _pronunciations(self, word: str) -> list[str]:
        """Return all pronunciations of a word: the dictionary lists further ones as ``word(2)`` and so on."""
        found: list[str] = []
        phones = self._general.decoder.lookup_word(word)
        while phones is not None:
            found.append(phones)
            phones = self._general.decoder.lookup_word(f"{word}({len(found) + 1})")
        return found


def _plain(text: str) -> str:
    """Return words without the number of the pronunciation heard."""
    return " ".join(word.partition("(")[0] for word in text.split())


def _numbers(mean: str) -> NDArray[np.float64]:
    return np.array([float(number) for number in mean.split(",")])


def _text(mean: NDArray[np.float64]) -> str:
    return ",".join(f"{number:.5f}" for number in mean)
