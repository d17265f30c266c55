"""Moonshine: English with capitals and punctuation, by the model inside the wheel of ``moonshine-voice``.

It decodes recordings, not streams: the open turn is decoded again as it grows (`piecewise`). Its own voice
activity detection is off, as the service finds the turns.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...client.embedded import INSTALL_MOONSHINE
from ...errors import RecognizerUnavailable
from .base import Hypothesis, Requirement
from .context.pronunciation import Pronunciations
from .context.terms import TermCorrector
from .piecewise import PiecewiseText
from .transcripts import with_capitals

MODEL = "tiny-en"
"""The folder of the model in the wheel's assets."""

_REINSTALL = 'pip install --force-reinstall "moonshine-voice>=0.0.73,<0.1"'
"""Repairs an installation; its bounds are those of setup.cfg."""

_OPTIONS = {
    "vad_threshold": "0.0",  # off
    "vad_max_segment_duration": "60",
    "identify_speakers": "false",
    "return_audio_data": "false",
    "max_tokens_per_second": "6.5",  # bounds what a decoding that repeats itself costs
}


class MoonshineRecognizer:
    """English with capitals and punctuation; names and rare words of a context are put into the finals.

    Raises
    ------
    RecognizerUnavailable
        The installed package has no model, or its library does not load on this machine.

    Examples
    --------
    >>> recognizer = MoonshineRecognizer()
    >>> recognizer.start(0)
    >>> recognizer.accept(np.zeros(16_000, np.int16))
    >>> recognizer.partial(), recognizer.finish()
    (Hypothesis(settled='', draft=''), '')
    """

    languages: ClassVar[tuple[str, ...] | None] = ("en",)
    requires: ClassVar[Requirement] = Requirement(
        "moonshine_voice",
        f"{INSTALL_MOONSHINE}; it has wheels for Linux with glibc 2.34 (x86-64) or 2.31 (aarch64), macOS 15 "
        "on Apple silicon, and Windows (x86-64)",
    )
    costly_partials: ClassVar[bool] = True
    can_finish_early = True

    def __init__(self) -> None:
        self.engine = f"moonshine {MODEL} {version('moonshine-voice')}"
        self._decode = _load()
        self._corpus_text: str | None = None
        self._corrector: TermCorrector | None = None
        self.start(0)

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take the names and rare words of a context for the finals from the next utterance on."""
        if corpus_text != self._corpus_text:
            self._corpus_text = corpus_text
            self._corrector = TermCorrector(corpus_text, Pronunciations()) if corpus_text else None
        return ()

    def start(self, first_sample: int) -> None:
        """Begin an utterance."""
        self._turn = PiecewiseText(self._decode)

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Keep the samples; they are decoded when a result is asked for."""
        self._turn.accept(samples)

    def partial(self) -> Hypothesis:
        """Decode what is not settled again, if speech has come since, and return what is believed."""
        return self._turn.partial()

    def finish(self) -> str:
        """Return the text of the utterance; empty where too little was said for it to be true."""
        text = self._turn.final()
        return text if self._corrector is None else self._corrector.correct(text)


def _load() -> Callable[[NDArray[np.float32]], str]:
    """Load the model and return what decodes float samples at 16 kHz, shape (n,).

    Several threads gain nothing on sound of a few seconds, but take cores from other sessions; the engine
    makes as many as it sees cores, so it sees one while it loads.
    """
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    try:
        if cores is not None:
            os.sched_setaffinity(0, {max(cores)})
        transcriber = _transcriber()
    finally:
        if cores is not None:
            os.sched_setaffinity(0, cores)

    def decode(samples: NDArray[np.float32]) -> str:
        found = transcriber.transcribe_without_streaming(samples.tolist(), SAMPLE_RATE)
        return with_capitals(" ".join(line.text.strip() for line in found.lines))

    return decode


def _transcriber() -> Any:
    installed = version("moonshine-voice")
    try:
        from moonshine_voice import ModelArch, get_assets_path
        from moonshine_voice.transcriber import Transcriber
    except (ImportError, OSError) as problem:
        raise RecognizerUnavailable(
            f"moonshine-voice {installed} does not load on this machine ({problem}); "
            'use embedded("pocketsphinx").'
        ) from problem
    folder = Path(get_assets_path()) / MODEL
    if not any(folder.glob("*.ort")):
        raise RecognizerUnavailable(
            f"moonshine-voice {installed} has no model in {folder}; wheels that hold it come with "
            f"{_REINSTALL}."
        )
    try:
        return Transcriber(str(folder), ModelArch.TINY, options=_OPTIONS)
    except Exception as problem:
        raise RecognizerUnavailable(
            f"moonshine-voice {installed} cannot load the model in {folder} ({problem}); install it again: "
            f"{_REINSTALL}."
        ) from problem
