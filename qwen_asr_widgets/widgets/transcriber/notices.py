"""Notices: what went wrong in a transcriber, coded so that a view can say it and offer what to do."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from ...client.embedded import EmbeddedEndpoint
from ...client.endpoints import Endpoint
from ...client.recognizers import MissingModel
from ...errors import (
    AudioError, AudioFileNotFound, BundleError, ConnectFailed, EndpointError, MissingDependency,
    MissingKey, QawError, RunBroken, ServiceClosed, ServiceError, SettingError,
)
from ...recording.run import Reported, Run

OF_SERVICE = (
    "connect", "key", "nokey", "endpoint", "refused", "closed", "service", "model", "fetch", "uninstalled",
)
"""Codes that are about the endpoint in use: they no longer hold once another is chosen."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Notice:
    """What went wrong, as a code that each view words in its own language.

    Parameters
    ----------
    code : str
        One of those that strings.js has as ``transcriber.problem.CODE``.
    detail : str
        What the error says, in English.
    about : dict
        What the sentence of the view names: ``name`` of a file; ``param``, ``value``, ``low`` and ``high`` of
        a setting; ``name``, ``megabytes``, ``source`` and ``folder`` of a model to be downloaded.
    """

    code: str
    detail: str
    about: Mapping[str, Any] = field(default_factory=dict)
    id: int = field(default_factory=lambda: next(_numbers))


def notice_of(error: Exception) -> Notice:
    """Return the notice that stands for an error.

    Examples
    --------
    >>> notice_of(ConnectFailed("No connection: no valid key was given (401).", 401)).code
    'key'
    >>> notice_of(SettingError("No.", "turn_detection.threshold", 7.0, (-1.0, 1.0))).about["value"]
    7.0
    """
    if isinstance(error, ConnectFailed):
        return Notice("key" if error.status in (401, 403) else "connect", str(error))
    if isinstance(error, ServiceError) and error.param:
        return Notice("refused", str(error))
    kinds = (
        (RunBroken, "internal"), (MissingKey, "nokey"), (EndpointError, "endpoint"),
        (SettingError, "settings"), ((AudioError, BundleError, MissingDependency), "file"),
        (ServiceClosed, "closed"),
    )
    code = next((code for kind, code in kinds if isinstance(error, kind)), "service")
    return Notice(code, str(error), _about_setting(error))


def _about_setting(error: Exception) -> dict[str, Any]:
    if not isinstance(error, SettingError) or error.limits is None:
        return {}
    low, high = error.limits
    return {"param": error.param.rpartition(".")[2], "value": error.value, "low": low, "high": high}


def notice_of_source(error: QawError, name: str, source: Any) -> Notice:
    """Return the notice for a sound that cannot be used: it names the file, and says if that is empty.

    Parameters
    ----------
    error : QawError
        Why it cannot.
    name : str
        The file's name in the page; empty for a source given from code.
    source : path, bytes or anything
        What was to be read.

    Examples
    --------
    >>> notice_of_source(AudioError("talk.wav is empty (0 bytes)."), "talk.wav", b"").code
    'empty'
    """
    notice = notice_of(error)
    path = PurePath(source) if isinstance(source, (str, PurePath)) else None
    name = name or (path.name if path is not None else "")
    code = notice.code
    if isinstance(error, AudioFileNotFound):
        code = "missing"
    elif source == b"" if isinstance(source, bytes) else path is not None and _is_empty(Path(path)):
        code = "empty"
    return replace(notice, code=code, about={"name": name} if name else {})


def _is_empty(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0


def _brings_key(endpoint: Endpoint) -> bool:
    """Tell whether a key goes to an endpoint with the handshake."""
    try:
        return "authorization" in {name.lower() for name in endpoint.request_headers()}
    except MissingKey:
        return False


def notice_of_report(report: Reported) -> Notice:
    """Return the notice that shows an error after which the run goes on.

    Examples
    --------
    >>> notice_of_report(Reported("not today", refuses=True)).code
    'settings'
    """
    return Notice("settings" if report.refuses else "reported", report.text)


def notice_of_missing(lacking: MissingModel) -> Notice:
    """Return the notice that asks whether a model may be downloaded.

    Examples
    --------
    >>> from qwen_asr_widgets.client.recognizers import PublishedModel
    >>> model = PublishedModel("base", "Systran/faster-whisper-base", 145_217_532)
    >>> notice_of_missing(MissingModel("whisper", model, "/models", print)).about["megabytes"]
    145
    """
    model = lacking.model
    return Notice("model", "", {
        "name": model.name, "megabytes": model.megabytes, "source": f"huggingface.co/{model.repository}",
        "folder": lacking.folder,
    })


def notice_of_run(error: QawError, endpoint: Endpoint) -> Notice:
    """Return the notice of what has ended a run; a key that was not given was not refused.

    Where the recogniser lacks its model, that is asked for; where its package is missing, that is said.

    Examples
    --------
    >>> refused = ConnectFailed("No connection: no valid key was given (401).", 401)
    >>> notice_of_run(refused, Endpoint("wss://asr.example.org/realtime")).code
    'nokey'
    """
    lacking = endpoint.missing_model
    if lacking is not None:
        return notice_of_missing(lacking)
    if isinstance(endpoint, EmbeddedEndpoint) and not endpoint.is_installed:
        return Notice("uninstalled", str(error))
    notice = notice_of(error)
    if notice.code == "key" and not _brings_key(endpoint):
        return replace(notice, code="nokey")
    return notice


def notice_elsewhere(notice: Notice | None, run: Run | None) -> Notice | None:
    """Return the notice that remains once another endpoint is chosen.

    One about the former endpoint goes. Where its run has failed, ``"chosen"`` offers to send the sound to the
    new one.

    Parameters
    ----------
    notice : Notice or None
        What was said until now.
    run : Run or None
        The last one.

    Examples
    --------
    >>> notice_elsewhere(Notice("endpoint", "There is no such choice."), None) is None
    True
    """
    if notice is None or notice.code not in OF_SERVICE:
        return notice
    failed = run is not None and run.error is not None and (run.active or len(run.recording.tape) > 0)
    return Notice("chosen", "") if failed else None
