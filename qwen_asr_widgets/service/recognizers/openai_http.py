"""A server with OpenAI's transcription API: vLLM, SGLang, speaches, faster-whisper-server, or OpenAI itself.

The service finds the turns. While one goes on, all of it so far is posted again at a stated pace for a
partial result; words on which two of these agree are settled. In the silence that ends it, it is posted once
more for the final. A session has at most one request for a partial under way, and beside it one for a final.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...client.keys import Secret, sealed
from ...client.recognizers import Footprint, Requirement
from ...arguments import checked_number
from ...errors import EndpointError, RecognizerUnavailable, SettingError
from ...protocol.languages import primary_subtag
from .agreement import AgreedText
from .base import Hypothesis
from .transcription_api import TranscriptionServers, checked_url
from .transcripts import read_transcript

log = logging.getLogger("qwen_asr_widgets")

KEY_VARIABLE = "OPENAI_API_KEY"
"""Where the key for OpenAI's own servers is looked for; it is sent to no other."""

SHORTEST = SAMPLE_RATE // 10
"""Samples (0.1 s) under which nothing is posted: OpenAI refuses them."""

GROWTH = 0.1
"""Share of its length by which a turn must have grown to be posted again: long ones stay affordable."""


class OpenAIRecognizer:
    """Any language the server knows; the context is its prompt. Sound leaves this process for ``base_url``.

    Parameters
    ----------
    base_url : str or sequence of str
        Address as far as ``/v1``; several are used in turn, one that fails is left out for a while.
    model : str or None
        The model's name; None takes the one that the server offers, if it is one.
    api_key : str or None
        None reads the environment variable ``key_variable``.
    key_variable : str or None
        A variable whose key may be sent to ``base_url``. None reads ``OPENAI_API_KEY`` where that is
        ``*.openai.com``, and sends no key to others.
    pace : float
        Seconds (0 to 60) of speech between two requests for a partial, or a tenth of the turn's length where
        that is more; none is made before the last one was answered. 0 asks for no partials.
    timeout : float
        Seconds (0.1 to 600) for a final with all its tries. A partial has half of that, once.
    stream : bool
        Whether partials show the words while the server makes them (``stream=true``).
    early_final : bool
        Whether the final is asked for while the silence still runs, just in time; where speech goes on, that
        request was for nothing. False asks once, when the turn is over.
    fields : Mapping or None
        Further form fields, e.g. ``{"temperature": "0"}``.

    Raises
    ------
    EndpointError
        There is no such model, an address is none, or a key is missing.
    RecognizerUnavailable
        No server answers, or it does not take the key.
    SettingError
        A number is out of range.
    """

    languages: ClassVar[tuple[str, ...] | None] = None
    requires: ClassVar[Requirement] = Requirement("httpx", 'pip install "qwen-asr-widgets[openai]"')
    footprint: ClassVar[Footprint] = Footprint(4, sends_sound=True)
    costly_partials: ClassVar[bool] = True

    def __init__(
        self, base_url: str | Sequence[str], model: str | None = None, api_key: str | None = None, *,
        key_variable: str | None = None, pace: float = 1.0, timeout: float = 30.0, stream: bool = False,
        early_final: bool = True, fields: Mapping[str, Any] | None = None,
    ) -> None:
        key = sealed(api_key)
        urls = [checked_url(url) for url in _listed(base_url)]
        if not urls:
            raise EndpointError("base_url is empty; give an address such as 'http://127.0.0.1:8000/v1'.")
        self._pace = checked_number("pace", pace, 0, 60)
        self._timeout = checked_number("timeout", timeout, 0.1, 600)
        self._stream = stream
        more = _checked_fields(fields)
        self._servers = TranscriptionServers(urls, key or _key_from(key_variable, urls))
        self._model = _chosen(model, self._servers.models(), self._servers.name)
        self._fields = {**more, "model": self._model}
        self.can_finish_early = early_final
        self.engine = f"{self._model} at {self._servers.name}"
        self.heard_language: str | None = None
        self._language: str | None = None
        self._prompt: str | None = None
        self._partials = ThreadPoolExecutor(1, "partials")
        self._under_way: Future[None] | None = None
        self._lock = threading.Lock()
        self._utterance = 0
        self.start(0)

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        """Take language and context for the requests; which words of it help only the server knows."""
        self._language, self._prompt = primary_subtag(language) or None, corpus_text
        return ()

    def start(self, first_sample: int) -> None:
        """Begin an utterance; an answer that still comes for the last one is not shown."""
        with self._lock:
            self._utterance += 1
            self._agreed = AgreedText()
            self._shown = Hypothesis()
            self.heard_language = None
        self._audio: list[NDArray[np.int16]] = []
        self._length = self._posted = 0

    def accept(self, samples: NDArray[np.int16]) -> None:
        """Keep the samples."""
        self._audio.append(samples)
        self._length += len(samples)

    def partial(self) -> Hypothesis:
        """Ask for a partial where one is due, wait for none, and return the newest there is."""
        if self._is_due:
            self._posted = self._length
            self._under_way = self._partials.submit(self._ask_partial, self._samples(), self._utterance)
        return self._shown

    def finish(self) -> str:
        """Return the server's text of the whole utterance."""
        if self._length < SHORTEST:
            return ""
        found = self._servers.transcribe(self._samples(), self._form(), self._timeout)
        self.heard_language = found.language or self.heard_language
        return found.text

    @property
    def _is_due(self) -> bool:
        if self._pace == 0 or (self._under_way is not None and not self._under_way.done()):
            return False
        grown = self._length - self._posted
        return grown >= max(self._pace * SAMPLE_RATE, GROWTH * self._length, SHORTEST)

    def _ask_partial(self, samples: NDArray[np.int16], utterance: int) -> None:
        """Post what there is, once; runs on a thread of its own."""
        on_text = partial(self._show_growing, utterance) if self._stream else None
        try:
            found = self._servers.transcribe(samples, self._form(), self._timeout / 2, 1, on_text)
        except RecognizerUnavailable as problem:
            log.info("a partial result is left out: %s", problem)
            return
        with self._lock:
            if utterance == self._utterance:
                self._shown = self._agreed.update(found.text)
                self.heard_language = found.language or self.heard_language

    def _show_growing(self, utterance: int, answer: str) -> None:
        """Show an answer that is still being streamed, where it says more than what is shown."""
        text = read_transcript(answer).text
        with self._lock:
            settled, draft = self._shown.settled, self._shown.draft
            says_more = text.startswith(settled) and len(text) > len(settled + draft)
            if utterance == self._utterance and says_more:
                self._shown = Hypothesis(settled, text[len(settled):])

    def _form(self) -> dict[str, str]:
        asked = {"language": self._language, "prompt": self._prompt, "response_format": "json"}
        return {**{name: value for name, value in asked.items() if value}, **self._fields}

    def _samples(self) -> NDArray[np.int16]:
        joined = np.concatenate(self._audio) if self._audio else np.zeros(0, np.int16)
        self._audio = [joined]
        return joined


def _key_from(variable: str | None, urls: Sequence[str]) -> Secret | None:
    """Return the key of an environment variable: one that was named, or OpenAI's for OpenAI's servers."""
    if variable is not None:
        if not os.environ.get(variable):
            raise EndpointError(f"key_variable is {variable!r:.60}, which is not set in the environment.")
        return sealed(os.environ[variable])
    hosts = [urlsplit(url).hostname or "" for url in urls]
    is_openai = all(host == "openai.com" or host.endswith(".openai.com") for host in hosts)
    return sealed(os.environ.get(KEY_VARIABLE)) if is_openai else None


def _chosen(model: str | None, offered: tuple[str, ...], server: str) -> str:
    if model is not None:
        return model
    if len(offered) != 1:
        listed = f"it offers {', '.join(offered[:8])}" if offered else "it does not say which it offers"
        raise EndpointError(f"Name the model for {server} as model=…; {listed}.")
    return offered[0]


def _listed(base_url: Any) -> Sequence[Any]:
    """Return the addresses that were given, one or more; `checked_url` says whether they are any."""
    is_many = isinstance(base_url, Sequence) and not isinstance(base_url, (str, bytes))
    return base_url if is_many else [base_url]


def _checked_fields(fields: Any) -> dict[str, str]:
    """Return further form fields as texts.

    Raises
    ------
    SettingError
        They are no mapping of names to values.
    """
    if fields is not None and not isinstance(fields, Mapping):
        problem = f"fields is {fields!r:.60}; give names with values, as {{'hotwords': '…'}}."
        raise SettingError(problem, "fields")
    return {str(name): str(value) for name, value in (fields or {}).items()}
