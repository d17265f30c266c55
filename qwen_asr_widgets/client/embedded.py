"""The embedded service as an endpoint; its process is in `service_process`, and starts at first use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import EndpointError
from ..protocol.cloud_facts import ServiceFacts
from ..protocol.quirks import NO_QUIRKS, Quirks
from .endpoints import REALTIME_PATH, Endpoint
from .keys import Secret, looks_like_key

if TYPE_CHECKING:
    from .service_process import ServiceProcess

RECOGNIZERS = "qwen_asr_widgets.recognizers"
"""The entry point group in which recognisers are registered."""

INSTALL_MOONSHINE = 'pip install "qwen-asr-widgets[moonshine]"'
"""The command that installs the better of the two offline recognisers, where it has a wheel."""

_SECRET_OPTION = re.compile("(key|token|secret|password)$", re.IGNORECASE)
"""How the name of a secret option ends; within one, as in ``max_tokens``, these words say nothing."""

_PLACEHOLDER = f"ws://127.0.0.1{REALTIME_PATH}"


@dataclass(frozen=True)
class EmbeddedEndpoint(Endpoint):
    """The endpoint of the embedded service; made by `qwen_asr_widgets.embedded`.

    ``url`` names no port: `base_url` and `address` start the process and name it. Endpoints with the same
    recogniser, options and quirks share one process.

    Examples
    --------
    >>> EmbeddedEndpoint.of("pocketsphinx", {}) == EmbeddedEndpoint.of("pocketsphinx", {})
    True
    """

    url: str = _PLACEHOLDER
    recognizer: str = field(default_factory=lambda: default_recognizer())
    options: str = field(default="{}", repr=False)
    """The recogniser's options as JSON, without those that are secret."""
    quirks: Quirks = field(default=NO_QUIRKS, repr=False)
    """What it does otherwise than the documentation says."""
    secrets: Secret = field(default=Secret(""), repr=False)
    """The options that are secret, as JSON: those whose name ends in key, token, secret or password."""

    @classmethod
    def of(cls, recognizer: str, options: dict[str, Any], quirks: Quirks = NO_QUIRKS) -> EmbeddedEndpoint:
        """Return the endpoint for a recogniser, its options and the service's quirks."""
        if looks_like_key(recognizer):
            raise EndpointError(
                "What was given as recognizer looks like a key; the embedded service needs none."
            )
        options = sealed_options(options)
        hidden = {name: value.reveal() for name, value in options.items() if isinstance(value, Secret)}
        shown = {name: value for name, value in options.items() if name not in hidden}
        try:
            text = json.dumps(shown, sort_keys=True)
        except (TypeError, ValueError) as problem:
            raise EndpointError(f"An option of embedded() cannot be passed on: {problem}.") from None
        secrets = Secret(json.dumps(hidden, sort_keys=True) if hidden else "")
        name = f"embedded {recognizer}" + (", disguised" if "detector" in options else "")
        name += "" if quirks == NO_QUIRKS else ", standing in for DashScope"
        return cls(recognizer=recognizer, options=text, quirks=quirks, secrets=secrets, name=name)

    @property
    def improvement(self) -> str | None:
        """A sentence on how to get a better recogniser, where this one stands in for it; else None."""
        if self.recognizer != "pocketsphinx" or default_recognizer() != "pocketsphinx":
            return None
        return f"pocketsphinx recognises, with many mistakes; for better words: {INSTALL_MOONSHINE}"

    @property
    def base_url(self) -> str:
        """The address without the model; starts the process."""
        return f"ws://127.0.0.1:{self._process.start()}{REALTIME_PATH}"

    def key(self) -> str | None:
        """Return the random key of the process; starts it."""
        self._process.start()
        return self._process.key

    @property
    def facts(self) -> ServiceFacts:
        """What is known of the service: it keeps to the documentation, but for its quirks.

        Examples
        --------
        >>> embedded(behaviour="dashscope", quirks={"silence_floor_ms": 0}).facts.silence_floor_ms
        0
        """
        return self.quirks.facts

    @property
    def running(self) -> bool:
        """Whether the process runs now."""
        return self._process.running

    @property
    def engine(self) -> str:
        """What recognises, with its version; starts the process."""
        self._process.start()
        return self._process.engine

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Language codes that its recogniser knows; None: any, or nobody knows. Starts no process."""
        return _languages_of(self.recognizer)

    def start(self) -> EmbeddedEndpoint:
        """Start the process now, if it does not run, and return this endpoint.

        Raises
        ------
        EndpointError
            There is no such recogniser, or it does not take these options.
        MissingDependency
            The recogniser needs a package that is not installed.
        ConnectFailed
            It did not come up; the message carries what it said.
        """
        self._process.start()
        return self

    def stop(self) -> None:
        """End the process; the next use starts it again."""
        self._process.stop()

    def __enter__(self) -> EmbeddedEndpoint:
        self._process.hold()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.release()

    @property
    def _process(self) -> ServiceProcess:
        from .service_process import shared_process  # an import of the package starts nothing and stays quick

        return shared_process(self.recognizer, self.options, self.quirks, self.secrets)


def default_recognizer() -> str:
    """Return the recogniser taken where none is named: moonshine, or pocketsphinx where that alone is there.

    Examples
    --------
    >>> default_recognizer() in ("moonshine", "pocketsphinx")
    True
    """
    stands_in = find_spec("moonshine_voice") is None and find_spec("pocketsphinx") is not None
    return "pocketsphinx" if stands_in else "moonshine"


def embedded(
    recognizer: str | None = None, *, behaviour: str = "ideal", quirks: Mapping[str, Any] | None = None,
    **options: Any,
) -> EmbeddedEndpoint:
    """Return the endpoint of the embedded service: a loopback process that needs no key and no network.

    The process starts at first use and is shared by all endpoints with the same arguments. It ends by
    ``stop()``, at the end of a ``with`` block that started it, or with this process.

    Parameters
    ----------
    recognizer : str or None
        Name of a recogniser, as ``qwen-asr-widgets doctor`` lists them. None takes ``"moonshine"`` where its
        package is installed, else ``"pocketsphinx"``: both English, without a network. Context
        (``corpus_text``): Moonshine's finals get its names and rare words where they sound like them, e.g.
        "Goldschmidt" for "gold shemit"; pocketsphinx makes a language model of it.
    behaviour : {"ideal", "dashscope"}
        ``"dashscope"`` stands in for DashScope's service: it does what clients report of it beyond the
        documentation (`Quirks`), so that a program can be tried against that.
    quirks : Mapping or None
        Quirks with other values than the behaviour's, by name. One that is reported of DashScope is switched
        off by its value in the ideal service, as in ``quirks={"update_midway": True, "finish_delay_s": 0}``.
    **options
        Passed to the recogniser; anything JSON can carry. An ``api_key`` is in no repr, pickle, file, log or
        argument of a process. ``detector={…}`` makes the service listen
        differently, to learn what a calibration finds out (see ``qwen_asr_widgets.service.detuned_vad``).

    Raises
    ------
    EndpointError
        An option that JSON cannot carry, a key in place of the recogniser, or no such behaviour or quirk.

    Examples
    --------
    >>> embedded("pocketsphinx").name
    'embedded pocketsphinx'
    >>> embedded("script", behaviour="dashscope").facts.update_midway
    False
    """
    options = sealed_options(options)  # before anything can raise: a traceback may show a frame
    wanted = default_recognizer() if recognizer is None else recognizer
    return EmbeddedEndpoint.of(wanted, options, Quirks.of(behaviour, quirks))


def sealed_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recogniser's options, each that is secret by its name as a `Secret`.

    Raises
    ------
    EndpointError
        One that is not secret by its name looks like a key.

    Examples
    --------
    >>> sealed_options({"api_key": "sk-1", "model": "whisper-1"})
    {'api_key': <key>, 'model': 'whisper-1'}
    """
    sealed = {
        name: Secret(value) if isinstance(value, str) and _SECRET_OPTION.search(name) else value
        for name, value in options.items()
    }
    for name, value in sealed.items():
        if looks_like_key(value):
            raise EndpointError(f"What was given as {name} looks like a key; pass a key as api_key.")
    return sealed


@lru_cache(maxsize=None)
def _languages_of(recognizer: str) -> tuple[str, ...] | None:
    """Read a recogniser's languages from its class, which loads no model."""
    from importlib.metadata import entry_points

    for entry in entry_points(group=RECOGNIZERS, name=recognizer):
        with suppress(ImportError, AttributeError):
            languages: tuple[str, ...] | None = entry.load().languages
            return languages
    return None
