"""``manifest.json`` of a bundle: everything of a recording but its sound and its events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, NamedTuple

from ...errors import BundleError
from ...protocol.cloud_facts import ServiceFacts
from ...protocol.codec import read_json
from ...protocol.config import SessionConfig
from ..log.run_info import RunInfo
from ..log.settings import SettingsChange
from ..values import ConnectionSpan, RecordingState
from .checks import count, is_bounded, seconds, texts

FORMAT_VERSION = 2
"""What is read; a recording of one session is written as version 1, which older packages read too."""

MANIFEST = "manifest.json"

MAX_HOURS = 24
"""Hours of sound that are opened: what a computer keeps in its memory."""


class Manifest(NamedTuple):
    """What a manifest says: the fields of `RecordingState`, and how much sound there is."""

    info: RunInfo
    sample_rate: int
    samples: int
    settings: tuple[SettingsChange, ...]
    connections: tuple[ConnectionSpan, ...]
    lost: tuple[tuple[int, int], ...]
    notes: tuple[str, ...]
    complete: bool


def manifest_json(state: RecordingState, samples: int) -> str:
    """Return the manifest of a recording with so many samples of sound."""
    from ... import __version__

    return json.dumps({
        "format": "qasr",
        "format_version": FORMAT_VERSION if len(state.connections) > 1 else 1,
        "written_by": f"qwen_asr_widgets {__version__}",
        "run": asdict(state.info),
        "audio": {
            "sample_rate": state.sample_rate,
            "samples": samples,
            "lost": [list(span) for span in state.lost],
        },
        "settings": [
            {"sample": change.sample, "time": change.time, "session": change.config.to_wire()}
            for change in state.settings
        ],
        "connections": [asdict(connection) for connection in state.connections],
        "complete": state.complete,
        "notes": list(state.notes),
    }, ensure_ascii=False, indent=2)


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises
    ------
    BundleError
        It is no manifest of this version, or a value in it cannot be.
    """
    try:
        manifest = read_json(data)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its {MANIFEST} is no JSON: {error}.") from None
    _check_version(manifest)
    try:
        return _read(manifest)
    except ValueError as error:
        raise BundleError(f"its {MANIFEST} cannot be: {error}.") from None


def _check_version(manifest: Mapping[str, Any]) -> None:
    if manifest.get("format") != "qasr":
        raise BundleError("its manifest does not say that it is a qasr bundle.")
    version = manifest["format_version"]
    if version not in range(1, FORMAT_VERSION + 1):
        raise BundleError(
            f"it has format version {version!r:.20}, this package reads up to {FORMAT_VERSION}; "
            "upgrade with pip install -U qwen-asr-widgets."
        )


def _read(manifest: Mapping[str, Any]) -> Manifest:
    audio = manifest["audio"]
    settings = tuple(_setting(change) for change in manifest["settings"])
    samples, rate = count(audio["samples"], "audio.samples"), settings[0].config.sample_rate
    if audio["sample_rate"] != rate:
        raise ValueError(f"audio.sample_rate is {audio['sample_rate']!r:.20}, its settings say {rate}")
    if samples > MAX_HOURS * 3_600 * rate:
        raise ValueError(f"it says {samples / rate / 3_600:.1f} h of sound, at most {MAX_HOURS} h are opened")
    return Manifest(
        info=_run_info(manifest["run"]),
        sample_rate=rate,
        samples=samples,
        settings=settings,
        connections=tuple(_connection(connection) for connection in manifest["connections"]),
        lost=tuple(_span(span, samples) for span in audio["lost"]),
        notes=tuple(str(note) for note in manifest["notes"]),
        complete=bool(manifest["complete"]),
    )


def _setting(change: Mapping[str, Any]) -> SettingsChange:
    config = SessionConfig().updated(change["session"])
    sample, time = count(change["sample"], "settings.sample"), seconds(change["time"], "settings.time")
    return SettingsChange(sample, time, config)


def _connection(span: Mapping[str, Any]) -> ConnectionSpan:
    closed, code, reason = span.get("closed"), span.get("code"), span.get("reason", "")
    return ConnectionSpan(
        seconds(span["opened"], "connections.opened"),
        None if closed is None else seconds(closed, "connections.closed"),
        None if code is None else count(code, "connections.code"),
        str(reason),
    )


def _span(span: Any, samples: int) -> tuple[int, int]:
    start, stop = (count(value, "audio.lost") for value in span)
    if not start <= stop <= samples:
        raise ValueError(f"audio.lost {start} to {stop} lies outside the {samples} samples of the tape")
    return start, stop


# ---- the fields of ``run``

def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_speed(value: Any) -> bool:
    return value is None or is_bounded(value) and value > 0


def _is_count(value: Any) -> bool:
    return value is None or isinstance(value, int) and is_bounded(value) and value > 0


def _is_channel(value: Any) -> bool:
    return value is None or isinstance(value, str) or isinstance(value, int) and is_bounded(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **{
        name: (_is_text, "a text")
        for name in ("engine", "model", "endpoint", "started_at", "name", "end_of_turn")
    },
    "pace": (_is_speed, "a number above 0 or null"),
    "chunk_ms": (_is_speed, "a number above 0 or null"),
    "environment": (_is_object, "an object of texts"),
    "original_rate": (_is_count, "a whole number above 0 or null"),
    "original_channels": (_is_count, "a whole number above 0 or null"),
    "channel": (_is_channel, "a whole number, a text or null"),
    "capture": (_is_object, "an object"),
    "facts": (_is_object, "an object"),
    "turn_taking": (lambda value: value in ("service", "client"), '"service" or "client"'),
}


def _run_info(run: Mapping[str, Any]) -> RunInfo:
    """Return what is noted of a run: fields of later versions are passed over, and a bundle that says nothing
    of the service is read as documented.
    """
    known = {place.name for place in fields(RunInfo)} & run.keys()
    for name in known & _FIELDS.keys():
        is_right, wanted = _FIELDS[name]
        if not is_right(run[name]):
            raise ValueError(f"run.{name} is {run[name]!r:.40}, not {wanted}")
    texts(run.get("environment", {}), "run.environment")
    facts = ServiceFacts.from_dict(run.get("facts", {}))
    return RunInfo(**{**{name: run[name] for name in known}, "facts": facts})
