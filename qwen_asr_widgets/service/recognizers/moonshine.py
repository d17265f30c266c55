"""Moonshine: English with capitals and punctuation, by the model inside the wheel of ``moonshine-voice``.

It decodes recordings, not streams: the open turn is decoded again as it grows (`piecewise`), each time from
what it heard the last time (`moonshine_model`). The service finds the turns.
"""

from __future__ import annotations

from copy import copy
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...client.embedded import INSTALL_MOONSHINE
from ...client.recognizers import Footprint, Requirement
from ...errors import RecognizerUnavailable
from .base import Hypothesis
from .context.pronunciation import Pronunciations
from .context.terms import TermCorrector
from .moonshine_model import FILES, MoonshineModel
from .piecewise import PiecewiseText
from .transcripts import Transcript, with_capitals

PACKAGE = "moonshine_voice"
MODEL = "tiny-en"
"""The folder of the model in the package's assets."""

_REINSTALL = 'pip install --force-reinstall "moonshine-voice>=0.0.73,<0.1"'
"""Repairs an installation; its bounds are those of setup.cfg."""


class MoonshineRecognizer:
    """English with capitals and punctuation; names and rare words of a context are put into the finals.

    Raises
    ------
    RecognizerUnavailable
        The installed package has no model, or onnxruntime, which runs it, is missing or does not load.

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
        PACKAGE,
        f"{INSTALL_MOONSHINE}; it has wheels for Linux with glibc 2.34 (x86-64) or 2.31 (aarch64), macOS 15 "
        "on Apple silicon, and Windows (x86-64)",
    )
    footprint: ClassVar[Footprint] = Footprint(208)
    costly_partials: ClassVar[bool] = True
    can_finish_early = True

    def __init__(self) -> None:
        self.engine = f"moonshine {MODEL} {version('moonshine-voice')}"
        self._model = _load()
        self._corpus_text: str | None = None
        self._corrector: TermCorrector | None = None
        self.start(0)

    def for_another_session(self) -> MoonshineRecognizer:
        """Return one without a context, and with a turn of its own, that uses the same model."""
        other = copy(self)
        other.configure(None, None)
        other.start(0)
        return other

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take the names and rare words of a context for the finals from the next utterance on."""
        if corpus_text != self._corpus_text:
            self._corpus_text = corpus_text
            self._corrector = TermCorrector(corpus_text, Pronunciations()) if corpus_text else None
        return ()

    def start(self, first_sample: int) -> None:
        """Begin an utterance."""
        self._turn = PiecewiseText(self._decode, self._decode_again)
        self._guess: tuple[int, ...] = ()  # what the last partial heard in the piece that grows

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

    def _decode(self, samples: NDArray[np.int16]) -> Transcript:
        return self._said(self._model.tokens(samples))

    def _decode_again(self, samples: NDArray[np.int16]) -> Transcript:
        """Decode a piece that has grown, from what was heard in it the last time."""
        self._guess = self._model.tokens(samples, self._guess)
        return self._said(self._guess)

    def _said(self, tokens: tuple[int, ...]) -> Transcript:
        return Transcript(with_capitals(self._model.text(tokens)))


def _load() -> MoonshineModel:
    """Return the model of the installed package."""
    installed, folder = version("moonshine-voice"), _model_folder()
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise RecognizerUnavailable(
            f"moonshine-voice {installed} has no model in {folder} ({missing[0]} is missing); wheels that "
            f"hold it come with {_REINSTALL}."
        )
    try:
        import onnxruntime  # noqa: F401
    except ImportError as problem:
        raise RecognizerUnavailable(
            f"onnxruntime, which runs Moonshine, does not load on this machine ({problem}): "
            f'{INSTALL_MOONSHINE}, or use embedded("pocketsphinx").'
        ) from problem
    try:
        return MoonshineModel(folder)
    except Exception as problem:
        raise RecognizerUnavailable(
            f"moonshine-voice {installed}: the model in {folder} cannot be loaded ({problem}); install it "
            f"again: {_REINSTALL}."
        ) from problem


def _model_folder() -> Path:
    """Return the model's folder; the package is not imported, since that loads its library."""
    found = find_spec(PACKAGE)
    assert found is not None and found.origin is not None  # the registry has looked for it
    return Path(found.origin).parent / "assets" / MODEL
