"""What a recording notes of its run: the recogniser, how it is sent, and where it runs."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from ...audio.clip import Origin
from ...client.endpoints import Endpoint
from ...formatting import table, well_formed
from ...protocol.cloud_facts import DOCUMENTED, ServiceFacts


def now_with_zone() -> str:
    """Return the wall-clock time as ISO 8601 with its zone, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class RunInfo:
    """Where a recording came from and how it was made; holds no key.

    Parameters
    ----------
    engine : str
        The recogniser: ``"pocketsphinx"``, ``"Qwen-ASR (Beijing)"`` …
    model : str
        What made the words: the engine the service says it is, else the model it names, else the one asked
        for (of the embedded service the recogniser).
    endpoint : str
        The service's address, without query or credentials.
    pace : float or None
        Speed of sending against real time; None: as fast as the service took it.
    chunk_ms : float or None
        Length of the pieces handed in.
    started_at : str
        Wall-clock start, ISO 8601 with zone.
    environment : mapping of str to str
        Versions that may matter: Python, platform, this package.
    name : str
        What the sound is called: usually the file's name.
    original_rate, original_channels : int or None
        Sample rate (Hz) and channel count before conversion.
    channel : int or "mean" or None
        The channel that was taken.
    capture : mapping of str to value
        What the browser did to live sound: the ``device``, the processing ``asked`` for, and the track's real
        settings (``echoCancellation``, ``noiseSuppression``, ``autoGainControl``, ``channelCount``,
        ``deviceSampleRate``; None where the browser does not say). Empty for other sound.
    turn_taking : {"service", "client"}
        Who finds the turns. "client": by the turn detection of the recording's settings, with commits to a
        session in manual mode.
    end_of_turn : str
        Where the client takes turns: the model that says when they are over, with its threshold and action
        delay; empty where silence alone ends them.
    facts : ServiceFacts
        What was known of the service: how its reports are read.
    """

    engine: str = ""
    model: str = ""
    endpoint: str = ""
    pace: float | None = None
    chunk_ms: float | None = None
    started_at: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    original_rate: int | None = None
    original_channels: int | None = None
    channel: int | str | None = None
    capture: Mapping[str, Any] = field(default_factory=dict)
    turn_taking: str = "service"
    end_of_turn: str = ""
    facts: ServiceFacts = DOCUMENTED

    @property
    def turns_by(self) -> str:
        """Who found the turns, where that was not the service, as pictures and tables name it.

        Examples
        --------
        >>> RunInfo(turn_taking="client").turns_by, RunInfo().turns_by
        ('turns by the client', '')
        """
        if self.turn_taking == "service":
            return ""
        return f"turns by the client{f' ({self.end_of_turn})' if self.end_of_turn else ''}"

    @property
    def made_by(self) -> str:
        """What made the words and where, as pictures, pages and heads of files name it.

        Examples
        --------
        >>> RunInfo("embedded moonshine", "moonshine tiny-en 0.0.73").made_by
        'embedded moonshine tiny-en 0.0.73'
        >>> RunInfo("qwen3-asr-flash-realtime, DashScope beijing", "qwen3-asr-flash-realtime").made_by
        'qwen3-asr-flash-realtime, DashScope beijing'
        """
        is_named = self.model in self.engine
        name = self.model.partition(" ")[0]
        if name and not is_named and self.engine.endswith(f" {name}"):
            return self.engine.removesuffix(name) + self.model
        return self.engine if is_named else ", ".join(filter(None, (self.model, self.engine)))

    def _repr_html_(self) -> str:
        rows = [[place.name, str(getattr(self, place.name))] for place in fields(self)]
        return table(["", "Run"], [row for row in rows if row[1] not in ("", "None", "{}")])

    def __post_init__(self) -> None:
        """Make every text one that can be saved: the name of a file need not be valid Unicode."""
        for place in fields(self):
            object.__setattr__(self, place.name, well_formed(getattr(self, place.name)))


def run_info(
    endpoint: Endpoint, pace: float | None, chunk_ms: float, origin: Origin | None = None, **about: Any
) -> RunInfo:
    """Return what is noted of a run that begins now.

    Parameters
    ----------
    endpoint : Endpoint
        Who recognises.
    pace : float or None
        Multiple of real time; None is as fast as taken.
    chunk_ms : float
        Milliseconds of sound in one append.
    origin : Origin, optional
        Where the sound came from.
    **about
        Further fields of `RunInfo`.

    Examples
    --------
    >>> from qwen_asr_widgets.client.endpoints import Endpoint
    >>> run_info(Endpoint("wss://example.org/realtime?token=secret"), 1.0, 100).endpoint
    'wss://example.org/realtime'
    """
    from ... import __version__

    if origin is not None:
        about.update(
            name=origin.name, original_rate=origin.sample_rate, original_channels=origin.channels,
            channel=origin.channel,
        )
    return RunInfo(
        engine=engine_name(endpoint),
        model=getattr(endpoint, "recognizer", endpoint.model),
        endpoint=endpoint.public_address,
        pace=pace,
        chunk_ms=chunk_ms,
        started_at=now_with_zone(),
        facts=endpoint.facts,
        environment={
            "qwen_asr_widgets": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
        },
        **about,
    )


def engine_name(endpoint: Endpoint) -> str:
    """Return what the recogniser behind an endpoint is called in recordings.

    Examples
    --------
    >>> from qwen_asr_widgets.client.embedded import embedded
    >>> from qwen_asr_widgets.client.named_endpoints import dashscope
    >>> engine_name(dashscope("beijing")), engine_name(embedded("pocketsphinx"))
    ('qwen3-asr-flash-realtime, DashScope beijing', 'embedded pocketsphinx')
    """
    return f"{endpoint.model}, {endpoint.name}" if endpoint.is_dashscope else endpoint.name


def named_by_service(info: RunInfo, session: Mapping[str, Any]) -> RunInfo:
    """Return what is noted of a run once its service has said who it is.

    The embedded service echoes whatever model was asked for and names the recogniser that really listens as
    ``engine``; a service that names none is taken at its ``model``.

    Parameters
    ----------
    info : RunInfo
        With the model asked for.
    session : mapping
        The ``session`` object of ``session.created``.

    Examples
    --------
    >>> session = {"model": "qwen3-asr-flash-realtime", "engine": "pocketsphinx 5.1.1"}
    >>> named_by_service(RunInfo(model="qwen3-asr-flash-realtime"), session).model
    'pocketsphinx 5.1.1'
    """
    for name in ("engine", "model"):
        told = session.get(name)
        if isinstance(told, str) and told:
            return replace(info, model=told)
    return info
