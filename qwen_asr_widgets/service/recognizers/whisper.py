"""Whisper through faster-whisper: any of its languages, detected where none is asked for.

The model decodes recordings of up to 30 s and takes about as long for 2 s as for 10 s. So the open turn is
decoded again as it grows, at a pace that the worker sets by its cost, in the pieces of `turn_pieces`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE, pcm16_to_float
from ...client.recognizers import Footprint, MissingModel, Requirement
from ...arguments import checked_number
from ...errors import RecognizerUnavailable, SettingError
from ...protocol.languages import primary_subtag
from .base import Hypothesis
from .piecewise import PiecewiseText
from .transcripts import Transcript
from .whisper_models import LANGUAGES, MODELS, find_folder, missing

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

TOKENS_A_SECOND = 12
"""Tokens that a second of speech may give at most: fast speech has 6, and a loop is cut."""


class WhisperRecognizer:
    """Whisper's languages, with capitals and punctuation; the end of the context is its prompt (223 tokens).

    Parameters
    ----------
    model : str
        A size (``"base"``, ``"small"``, ``"large-v3"``, …) whose model is on this machine, or a folder that
        holds one in CTranslate2's form.
    threads : int
        Threads (1 to 64) for one decoding. One lets as many sessions keep up as there are cores.
    compute_type : str
        How CTranslate2 computes: ``"int8"`` is fastest on most processors; ``"float32"`` the most exact.
    device : str
        ``"cpu"``, or ``"cuda"`` where CTranslate2 finds one.
    beam_size : int
        Hypotheses (1 to 10) kept while decoding; 5 errs a little less and takes longer.

    Raises
    ------
    RecognizerUnavailable
        The model is not on this machine (the message says how to get it), or does not load.
    SettingError
        A number is out of range.
    """

    languages: ClassVar[tuple[str, ...] | None] = LANGUAGES
    requires: ClassVar[Requirement] = Requirement("faster_whisper", 'pip install "qwen-asr-widgets[whisper]"')
    footprint: ClassVar[Footprint] = Footprint(385, MODELS)
    costly_partials: ClassVar[bool] = True
    can_finish_early = True

    def __init__(
        self, model: str = "base", *, threads: int = 1, compute_type: str = "int8", device: str = "cpu",
        beam_size: int = 1,
    ) -> None:
        self._beam_size = checked_number("beam_size", beam_size, 1, 10, whole=True)
        self._model = _load(
            model_folder(model), device=device, compute_type=compute_type,
            cpu_threads=checked_number("threads", threads, 1, 64, whole=True),
        )
        self._name = Path(model).name
        self.engine = f"whisper {self._name} (faster-whisper {version('faster-whisper')})"
        self._language: str | None = None
        self._prompt: str | None = None
        self.start(0)

    @staticmethod
    def missing_model(options: Mapping[str, Any]) -> MissingModel | None:
        """Return the model that these options need and that is not here.

        What is no model at all is told when the recogniser is made.
        """
        try:
            return missing(str(options.get("model", MODELS[0].name)))
        except (RecognizerUnavailable, ImportError):
            return None

    def for_another_session(self) -> WhisperRecognizer:
        """Return one without settings, and with a turn of its own, that uses the same model."""
        other = copy(self)
        other.configure(None, None)
        other.start(0)
        return other

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take language and context; what of the context helps shows in the words alone.

        Raises
        ------
        SettingError
            The model does not know the language.
        """
        known, code = tuple(self._model.supported_languages), primary_subtag(language) or None
        if code is not None and code not in known:
            listed = (
                f"English alone. Take a model of more languages, such as {MODELS[0].name!r}"
                if known == ("en",) else f"{len(known)} others, such as en, zh, de, fr"
            )
            problem = f"whisper {self._name} does not know the language {language!r}; it knows {listed}."
            raise SettingError(problem, "language")
        self._language, self._prompt = code, corpus_text
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
        return self._turn.final()

    @property
    def heard_language(self) -> str | None:
        """Code of the language in which most of the utterance's speech was so far."""
        return self._turn.language

    def _decode(self, samples: NDArray[np.int16]) -> Transcript:
        """Return what is said in a piece, decoded once without fallbacks, so that its cost is known."""
        seconds = len(samples) / SAMPLE_RATE
        found, about = self._model.transcribe(
            pcm16_to_float(samples), language=self._language, initial_prompt=self._prompt,
            beam_size=self._beam_size, temperature=0.0, without_timestamps=True,
            condition_on_previous_text=False, no_speech_threshold=None, log_prob_threshold=None,
            compression_ratio_threshold=None, max_new_tokens=16 + round(TOKENS_A_SECOND * seconds),
        )
        return Transcript("".join(segment.text for segment in found).strip(), about.language)


def model_folder(model: str) -> str:
    """Return the folder of a model: the one given, or that into which it was downloaded or put.

    Raises
    ------
    RecognizerUnavailable
        There is none; the message says how large it is and how it comes here.
    """
    found = find_folder(model)
    if found is not None:
        return str(found)
    raise RecognizerUnavailable(
        f"{missing(model)} To download it: "
        f'qwen_asr_widgets.embedded("whisper", model={model!r}).missing_model.fetch()'
    )


def _load(folder: str, **options: Any) -> WhisperModel:
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(folder, local_files_only=True, **options)
    except Exception as problem:
        raise RecognizerUnavailable(
            f"The Whisper model in {folder!r} does not load: {problem}. Download it again, or choose another "
            "compute_type or device."
        ) from problem
