"""The offline recogniser: pocketsphinx with the English model that its package brings.

Its result depends much on the mean of the cepstrum, by which it normalises loudness and microphone. Decoding
on the fly it must guess that mean; 19 % of the words of synthetic speech were wrong so, 12 % when the whole
utterance was decoded again at its end, 11 % when decoding on the fly started from the mean of the
utterance's beginning. So an utterance is heard in two ways:

- up to 1.5 s (*cold*), partials are decoded with the mean of earlier utterances, and the final is a pass
  over everything at once;
- from 1.5 s on (*warm*) decoding starts over with the utterance's own mean, partials come from it, and the
  final costs only what the decoder does at the end of an utterance (3 % of its length).

1.5 s is enough: without context no word of the bundled conversation was wrong then, 37 % under noise and 50 %
of the dictation, against 0, 37 and 52 % after 2.9 s; and the less is decoded twice, the better two sessions
share a core. Scoring every second frame alone (``ds=2``) would save another tenth, but costs words of clean
speech.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Hypothesis
from .corpus import Corpus, read_corpus, write_model
from .settling import Settler, Word

WARM_UP = 24_000
"""Samples (1.5 s) after which the mean is known: fewer than the 300 frames after which the start fades."""

_PRIOR_FRAMES = 500
"""Frames that pocketsphinx lets a given mean count for."""

_FRAME = 160
_WARM_BYTES = 2 * WARM_UP
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
    def can_rehearse(self) -> bool:
        """Whether the utterance is still short: then a pass thrown away costs at most half a second."""
        return len(self._audio) < _WARM_BYTES

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Build a model of the context; return its words that have no known pronunciation."""
        text = corpus_text or ""
        if text != self._corpus_text:
            corpus = read_corpus(text, lambda word: self._general.decoder.lookup_word(word) is not None)
            self._next_context = self._decoder_for(corpus) if corpus.sentences else None
            self._corpus_text, self._unknown = text, corpus.unknown
        return self._unknown

    def start(self, first_sample: int) -> None:
        """Begin an utterance."""
        self._general.stop()
        if self._context is not None:
            self._context.stop()
        self._context = self._next_context
        self._prior = self._next_prior
        self._audio = bytearray()
        self._warm_mean: str | None = None
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
        if len(self._audio) < _WARM_BYTES:
            for one in passes:
                one.at_once(self._audio)
        else:
            self._keep_up()
            for one in passes:
                one.stop()
        self._next_prior = self._general.decoder.get_cmn(True)
        return max(one.result() for one in passes)[1]

    def _keep_up(self) -> None:
        """Decode on the fly up to the present, changing from cold to warm on the way."""
        if len(self._audio) < _WARM_BYTES:
            if not self._general.running:
                self._general.begin(self._prior)
            self._general.advance(self._audio)
            return
        if self._warm_mean is None:
            self._warm_mean = self._measure_mean()
        for one in (self._general, self._context):
            if one is not None:
                if not one.running:
                    one.begin(self._warm_mean)
                one.advance(self._audio)

    def _measure_mean(self) -> str:
        """Return the mean over the first 1.5 s, freed of the one that decoding started with."""
        if not self._general.running:
            self._general.begin(self._prior)
        self._general.advance(self._audio[:_WARM_BYTES])
        frames = WARM_UP // _FRAME
        mixed, prior = _numbers(self._general.decoder.get_cmn(True)), _numbers(self._prior)
        self._general.stop()
        return _text(((_PRIOR_FRAMES + frames) * mixed - _PRIOR_FRAMES * prior) / frames)

    def _decoder_for(self, corpus: Corpus) -> DecodingPass:
        with tempfile.TemporaryDirectory(prefix="qwen-asr-corpus-") as folder:
            model, dictionary = write_model(corpus, self._pronunciations, Path(folder))
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
