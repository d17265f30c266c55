"""Reports kept for this user by endpoint and model: what was measured there goes before what was read."""

from __future__ import annotations

import hashlib
import logging
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ...errors import ProbeError, SettingError
from ...protocol.cloud_facts import ServiceFacts
from ...vad.scoring.cache import cache_folder
from .report import ProbeReport

logger = logging.getLogger("qwen_asr_widgets")


def probes_folder() -> Path:
    """Return the folder of the kept reports, beside this package's caches."""
    return cache_folder() / "probes"


def service_of(url: str) -> str:
    """Return what names a service in a report: host, and port where the address has one.

    Examples
    --------
    >>> service_of("wss://me:secret@example.org:8443/realtime?token=secret")
    'example.org:8443'
    """
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname or "")


def model_of(url: str, model: str) -> str:
    """Return the model that is asked for: the one that the address names, else the one given.

    Examples
    --------
    >>> model_of("wss://example.org/realtime?model=theirs", "mine")
    'theirs'
    """
    return (parse_qs(urlsplit(url).query).get("model") or [model])[0]


def path_of(service: str, model: str) -> Path:
    """Return where the report of an endpoint and model is kept.

    Examples
    --------
    >>> path_of("example.org:8443", "my/model").name
    'example.org_8443_my_model_edf23516.json'
    """
    readable = re.sub(r"[^A-Za-z0-9.-]", "_", f"{service}_{model}")[:80]
    digest = hashlib.blake2b(f"{service}\n{model}".encode(), digest_size=4).hexdigest()
    return probes_folder() / f"{readable}_{digest}.json"


def keep(report: ProbeReport) -> Path:
    """Keep a report for its endpoint and model and return where; what it did not ask stays as it was kept.

    Raises
    ------
    WriteFailed
        The folder or the file cannot be written.
    """
    path = path_of(report.service, report.model)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.info("%s cannot be made: %s", path.parent, error)
    older = _read_now(path)
    (report if older is None else report.over(older)).save(path)
    return path


def kept_report(url: str, model: str) -> ProbeReport | None:
    """Return the report kept of an endpoint and model; None where there is none that can be read."""
    return _read_now(path_of(service_of(url), model_of(url, model)))


def with_measured(facts: ServiceFacts, url: str, model: str) -> ServiceFacts:
    """Return facts with what was measured on the endpoint, if anything was."""
    report = kept_report(url, model)
    if report is None:
        return facts
    try:
        return report.apply(facts)
    except SettingError as problem:
        logger.info("The probe kept of %s is not used: %s", service_of(url), problem)
        return facts


def _read_now(path: Path) -> ProbeReport | None:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=32)
def _read(path: Path, written: int) -> ProbeReport | None:
    """Read a kept report once for each time that it was written; a damaged one counts as absent."""
    try:
        return ProbeReport.load(path)
    except ProbeError as problem:
        logger.info("The probe kept in %s is not used: %s", path, problem)
        return None
