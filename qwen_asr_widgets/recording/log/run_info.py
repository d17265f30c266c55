"""What a recording notes of its run: the recogniser, how it is sent, and where it runs."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..values import RunInfo, now_with_zone

if TYPE_CHECKING:
    from ...audio.clip import Origin
    from ...client.endpoints import Endpoint


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
        model=endpoint.model,
        endpoint=endpoint.public_address,
        pace=pace,
        chunk_ms=chunk_ms,
        started_at=now_with_zone(),
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
    >>> engine_name(dashscope("beijing")), engine_name(embedded())
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
