"""The ``.qasr`` bundle: a recording as one file that can be read without this package.

BUNDLE.md beside this file describes the format. In short, it is a zip of ``manifest.json`` (settings, source,
engine, environment, notes), ``audio.flac`` (the tape, 16-bit mono) and ``events.jsonl`` (every event with its
time; audio appends as sample ranges). Utterances, turns and latencies are not stored: they are read from the
events, as during the run.
"""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, Union, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import AudioError, BundleError, QawError, SettingError
from ...protocol.cloud_facts import ServiceFacts
from ...protocol.events import ClientTurnClosed, ClientTurnOpened, Event, LocalEvent
from ...protocol.codec import read_client, read_server
from ...protocol.config import SessionConfig
from ...protocol.codec import MAX_NESTING, read_json
from ...vad.turns import CloseReason
from ...writing import write_atomically
from ..log.run_info import RunInfo
from ..log.settings import SettingsChange
from ..values import AudioSent, AudioSkipped, ConnectionSpan, RecordingState, TimedEvent, sent_audio

SUFFIX = ".qasr"
Made = TypeVar("Made")
Source = Union[str, "PathLike[str]", bytes, bytearray, memoryview, BinaryIO]

FORMAT_VERSION = 1
MANIFEST, AUDIO, EVENTS = "manifest.json", "audio.flac", "events.jsonl"
_DAMAGE = (
    LookupError, TypeError, ValueError, AttributeError, EOFError, RuntimeError, zlib.error, lzma.LZMAError,
)
"""What a zip, JSON or event that makes no sense may raise on its way in."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date a zip can hold: the same recording gives the same bytes whenever it is saved."""


def save_state(state: RecordingState, path: str | PathLike[str]) -> Path:
    """Write what a recording consists of to ``path`` in one step and return the path.

    Raises
    ------
    SettingError
        The path ends in something other than ``.qasr``.
    WriteFailed
        The path cannot be written, or the disk is full; no partial file is left behind.
    """
    path = Path(path)
    if path.suffix.lower() not in ("", SUFFIX):
        raise SettingError(
            f"{path.name!r} ends in {path.suffix!r}; save writes {SUFFIX} bundles, e.g. "
            f"{path.with_suffix(SUFFIX).name!r}. Other formats are written by export.", "path",
        )
    write_atomically(path, lambda file: write_state(state, file))
    return path


def load_bundle(source: Source, make: Callable[[RecordingState], Made]) -> Made:
    """Read what a recording consists of from a bundle, and return what ``make`` makes of it.

    Raises
    ------
    BundleError
        See `load_recording`; also where it makes no recording.
    """
    name, file = _opened(source)
    try:
        with zipfile.ZipFile(file) as bundle:
            damaged = bundle.testzip()
            if damaged:
                raise BundleError(f"{name} is damaged: {damaged} inside it does not match its checksum.")
            return make(_read(bundle))
    except FileNotFoundError:
        raise BundleError(f"There is no file {name}.") from None
    except OSError as error:
        raise BundleError(f"{name} cannot be read: {error.strerror or error}.") from error
    except BundleError as error:
        raise BundleError(f"{name}: {error}") from None
    except zipfile.BadZipFile:
        raise BundleError(f"{name} is no .qasr bundle, or is damaged or cut off.") from None
    except QawError as error:
        raise BundleError(f"{name} does not hold a recording this version understands: {error}") from error
    except _DAMAGE as error:
        raise BundleError(f"{name} does not hold a recording this version understands: {error!r}") from error


def _opened(source: Source) -> tuple[str, Any]:
    """Return what a bundle is called in messages, and a path or file object to read it from."""
    if isinstance(source, (str, PathLike)):
        return fspath(source), source
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "the bundle", io.BytesIO(source)
    if not hasattr(source, "read"):
        raise BundleError(
            f"load_recording takes the path of a .qasr bundle, its bytes or an open file, not {source!r:.60}."
        )
    data = source.read()
    if not isinstance(data, bytes):
        raise BundleError('The bundle is open as text; open it with open(path, "rb").')
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "the bundle", io.BytesIO(data)


def write_state(state: RecordingState, file: Any) -> None:
    """Write what a recording consists of into a binary file that can seek."""
    with zipfile.ZipFile(file, "w") as bundle:
        _put(bundle, MANIFEST, json.dumps(_manifest(state), ensure_ascii=False, indent=2))
        if len(state.samples):
            _put(bundle, AUDIO, _flac(state.samples, state.sample_rate), zipfile.ZIP_STORED)
        _put(bundle, EVENTS, "".join(map(_event_line, state.events)))


def _put(bundle: zipfile.ZipFile, name: str, data: str | bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = method
    entry.external_attr = 0o644 << 16
    bundle.writestr(entry, data)


def _manifest(state: RecordingState) -> dict[str, Any]:
    from ... import __version__

    return {
        "format": "qasr",
        "format_version": FORMAT_VERSION,
        "written_by": f"qwen_asr_widgets {__version__}",
        "run": asdict(state.info),
        "audio": {
            "sample_rate": state.sample_rate,
            "samples": len(state.samples),
            "lost": [list(span) for span in state.lost],
        },
        "settings": [
            {"sample": change.sample, "time": change.time, "session": change.config.to_wire()}
            for change in state.settings
        ],
        "connections": [asdict(connection) for connection in state.connections],
        "complete": state.complete,
        "notes": list(state.notes),
    }


def _event_line(timed: TimedEvent) -> str:
    line: dict[str, Any] = {"time": timed.time, "direction": timed.direction}
    if isinstance(timed.event, AudioSent):
        line["audio"] = [timed.event.start, timed.event.stop]
    elif isinstance(timed.event, AudioSkipped):
        line["skipped"] = [timed.event.start, timed.event.stop]
    elif isinstance(timed.event, LocalEvent):
        line["turn"] = asdict(timed.event)
    else:
        line["event"] = timed.message
    return json.dumps(line, ensure_ascii=False) + "\n"


def _flac(samples: NDArray[np.int16], sample_rate: int) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", sample_rate, 1, "PCM_16", format="FLAC") as file:
        file.write(samples)
    return buffer.getvalue()


def _read(bundle: zipfile.ZipFile) -> RecordingState:
    manifest = _json(bundle.read(MANIFEST))
    if manifest.get("format") != "qasr":
        raise BundleError("its manifest does not say that it is a qasr bundle.")
    version = manifest["format_version"]
    if version != FORMAT_VERSION:
        raise BundleError(
            f"it has format version {version}, this package reads {FORMAT_VERSION}; "
            "upgrade with pip install -U qwen-asr-widgets."
        )
    audio = manifest["audio"]
    samples = _samples(bundle, audio["samples"], audio["sample_rate"])
    return RecordingState(
        info=_run_info(manifest["run"]),
        samples=samples,
        events=tuple(_events(bundle.read(EVENTS), len(samples))),
        settings=tuple(_setting(change) for change in manifest["settings"]),
        connections=tuple(ConnectionSpan(**connection) for connection in manifest["connections"]),
        lost=tuple((int(start), int(stop)) for start, stop in audio["lost"]),
        notes=tuple(str(note) for note in manifest["notes"]),
        complete=bool(manifest["complete"]),
    )


def _run_info(run: Mapping[str, Any]) -> RunInfo:
    """Return what is noted of the run; a bundle that says nothing of the service is read as documented."""
    known = {field.name for field in fields(RunInfo)}
    about = {name: value for name, value in run.items() if name in known}
    return RunInfo(**{**about, "facts": ServiceFacts.from_dict(about.get("facts", {}))})


def _setting(change: Mapping[str, Any]) -> SettingsChange:
    config = SessionConfig().updated(change["session"])
    return SettingsChange(int(change["sample"]), float(change["time"]), config)


def _json(data: bytes) -> Any:
    try:
        return read_json(data)
    except ValueError as error:
        raise BundleError(f"its {MANIFEST} is no JSON: {error}.") from None


def _samples(bundle: zipfile.ZipFile, count: int, sample_rate: int) -> NDArray[np.int16]:
    import soundfile

    if not count:
        return np.zeros(0, np.int16)
    try:
        samples, rate = soundfile.read(io.BytesIO(bundle.read(AUDIO)), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise BundleError(f"its {AUDIO} cannot be decoded: {error}") from None
    if rate != sample_rate or samples.shape != (count,):
        raise BundleError(
            f"its {AUDIO} holds {len(samples)} samples at {rate} Hz, but its manifest says {count} at "
            f"{sample_rate}."
        )
    return np.asarray(samples, np.int16)


def _events(data: bytes, samples: int) -> Iterator[TimedEvent]:
    for number, line in enumerate(data.decode("utf-8").split("\n"), 1):
        if not line:
            continue
        try:
            yield _event(read_json(line, MAX_NESTING + 1), samples)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(f"line {number} of {EVENTS} is no event: {error}") from None


def _event(line: Mapping[str, Any], samples: int) -> TimedEvent:
    time, direction = float(line["time"]), line["direction"]
    if direction == "local":
        local = _local_event(line, samples)
        return TimedEvent(time, direction, {"type": local.type, **asdict(local)}, local)
    if direction not in ("in", "out"):
        raise ValueError(f"direction {direction!r}")
    if direction == "out" and "audio" in line:
        return sent_audio(*_on_tape(samples, *line["audio"]), time)
    message = line["event"]
    event: Event = read_server(message) if direction == "in" else read_client(message)
    return TimedEvent(time, direction, message, event)


def _local_event(line: Mapping[str, Any], samples: int) -> LocalEvent:
    if "skipped" in line:
        return AudioSkipped(*_on_tape(samples, *line["skipped"]))
    turn: Mapping[str, Any] = line["turn"]
    if "end" not in turn:
        return ClientTurnOpened(*_on_tape(samples, turn["start"], turn["onset"]))
    if turn["reason"] not in get_args(CloseReason):
        raise ValueError(f"reason {turn['reason']!r}")
    return ClientTurnClosed(_on_tape(samples, 0, turn["end"])[1], turn["reason"])


def _on_tape(samples: int, first: Any, second: Any) -> tuple[int, int]:
    """Return two positions, which must be in order and on the tape."""
    start, stop = int(first), int(second)
    if not 0 <= start <= stop <= samples:
        raise AudioError(f"audio {start} to {stop} lies outside the {samples} samples of the tape")
    return start, stop
