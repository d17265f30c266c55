"""The embedded service as an endpoint; its process is in `service_process`, and starts at first use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import EndpointError
from ..protocol.cloud_facts import ServiceFacts
from ..protocol.quirks import NO_QUIRKS, Quirks
from .endpoints import REALTIME_PATH, Endpoint, is_loopback_host
from .keys import Secret, looks_like_key
from .recognizers import MissingModel, carried_options, missing_model, recognizer_facts, stated_facts

if TYPE_CHECKING:
    from .service_process import ServiceProcess

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
        options = carried_options(recognizer, sealed_options(options))
        hidden = {name: value.reveal() for name, value in options.items() if isinstance(value, Secret)}
        shown = {name: value for name, value in options.items() if name not in hidden}
        try:
            text = json.dumps(shown, sort_keys=True)
        except (TypeError, ValueError) as problem:
            raise EndpointError(f"An option of embedded() cannot be passed on: {problem}.") from None
        secrets = Secret(json.dumps(hidden, sort_keys=True) if hidden else "")
        name = f"embedded {recognizer}" + (", detuned" if "detector" in options else "")
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

        One that answers from a recording is read as the service of the recording was.

        Examples
        --------
        >>> embedded(behaviour="dashscope", quirks={"silence_floor_ms": 0}).facts.silence_floor_ms
        0
        """
        return self._stated_facts or self.quirks.facts

    @cached_property
    def _stated_facts(self) -> ServiceFacts | None:
        """What is known of the service that a replayed recording is of."""
        return stated_facts(self.recognizer, json.loads(self.options))

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
        facts = recognizer_facts(self.recognizer)
        return None if facts is None else facts.languages

    @property
    def missing_model(self) -> MissingModel | None:
        """The model that its recogniser would have to download first; None where it has all it needs."""
        return missing_model(self.recognizer, json.loads(self.options))

    def given(self, option: str, default: Any = None) -> Any:
        """Return an option of the recogniser that is not secret, as it was given.

        Examples
        --------
        >>> embedded("whisper", model="small").given("model")
        'small'
        """
        return json.loads(self.options).get(option, default)

    @property
    def is_installed(self) -> bool:
        """Whether the package that its recogniser needs is there."""
        facts = recognizer_facts(self.recognizer)
        return facts is not None and facts.is_installed

    @property
    def is_offline(self) -> bool:
        """Whether its recogniser makes the words by itself, without a server."""
        facts = recognizer_facts(self.recognizer)
        return facts is not None and not facts.footprint.sends_sound

    @property
    def sound_goes_to(self) -> tuple[str, ...]:
        """The other machines that sound goes on to; none for recognisers on this computer.

        Examples
        --------
        >>> embedded("openai", base_url="https://asr.example.org/v1").sound_goes_to
        ('asr.example.org',)
        >>> embedded("openai", base_url="http://127.0.0.1:8000/v1").sound_goes_to
        ()
        """
        facts = recognizer_facts(self.recognizer)
        if facts is None or not facts.footprint.sends_sound:
            return ()
        given = self.given("base_url", [])
        hosts = map(_host, given if isinstance(given, list) else [given])
        return tuple(dict.fromkeys(host for host in hosts if not is_loopback_host(host)))

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
        Passed to the recogniser; anything JSON can carry. ``embedded("replay", recording=…)`` takes a
        `Recording` or the path of its ``.qasr`` file and says to any client what the service of that
        recording said, each event at the same place of the sound; ``session=2`` begins with its second
        session. An ``api_key`` is in no repr, pickle, file, log or
        argument of a process. ``detector={…}`` makes the service listen
        differently, to learn what a calibration finds out (see ``qwen_asr_widgets.service.detuned_vad``).

    Raises
    ------
    EndpointError
        An option that JSON cannot carry, a key in place of the recogniser, no such behaviour or quirk, or
        nothing to replay.
    BundleError
        The recording to be replayed cannot be read.

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


def _host(url: object) -> str:
    """Return the host of an address; all of it where it is none, which the recogniser then refuses."""
    try:
        return urlsplit(str(url)).hostname or str(url)
    except ValueError:
        return str(url)
