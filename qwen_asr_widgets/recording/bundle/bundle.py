"""The ``.qasr`` bundle: a recording as one file that can be read without this package.

BUNDLE.md beside this file describes the format. In short, it is a zip of ``manifest.json`` (settings, source,
engine, environment, notes), ``audio.flac`` (the tape, 16-bit mono) and ``events.jsonl`` (every event with its
time; audio appends as sample ranges). Utterances, turns and latencies are not stored: they are read from the
events, as during the run. Of a file that is cut off what is there is read: the events stand before the sound,
as they are small and hold the words.
"""

from __future__ import annotations

import io
import lzma
import os
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, Union

import numpy as np
from numpy.typing import NDArray

from ...errors import BundleError, QawError, SettingError
from ...writing import write_atomically
from ..values import RecordingState, TimedEvent
from .entries import Entries
from .event_lines import EVENTS, event_line, read_events
from .manifest import MANIFEST, Manifest, manifest_json, read_manifest
from ..exports.options import ExportOptions

SUFFIX = ".qasr"
Made = TypeVar("Made")
Source = Union[str, "PathLike[str]", bytes, bytearray, memoryview, BinaryIO]

AUDIO = "audio.flac"
_DAMAGE = (
    LookupError, TypeError, ValueError, AttributeError, EOFError, RuntimeError, OverflowError, MemoryError,
    zlib.error, lzma.LZMAError,
)
"""What a zip, JSON or event that makes no sense may raise on its way in."""

SMALL = 16 << 20
"""Bytes that an entry may have whatever the size of the file."""

MAX_MANIFEST = 64 << 20
MAX_EVENTS = 1 << 30
"""Bytes of events, unpacked: some 80 hours of speech."""

MAX_RATIO = 200
"""How often larger events may be than the file: those of a run pack to a tenth, a bomb to a thousandth."""

MAX_FILLED = 600
"""Samples that a byte of a file that is cut off may stand for: FLAC of digital silence has as many."""

PIECE = 1_024
"""Samples decoded at once of sound that is cut off: no more are lost with its last, broken frame."""

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
        return make(_read(Entries(file), _size(file)))
    except FileNotFoundError:
        raise BundleError(f"There is no file {name}.") from None
    except OSError as error:
        raise BundleError(f"{name} cannot be read: {error.strerror or error}.") from error
    except BundleError as error:
        raise BundleError(f"{name}: {error}") from None
    except zipfile.BadZipFile as error:
        raise BundleError(f"{name} is no .qasr bundle, or is damaged or cut off ({error}).") from None
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


def _size(file: Any) -> int:
    """Return the size in bytes of a path or of a file in memory."""
    return len(file.getbuffer()) if isinstance(file, io.BytesIO) else os.stat(file).st_size


def write_bundle(recording: Any, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write a recording into a binary file that can seek."""
    write_state(recording.snapshot(), file)


def write_state(state: RecordingState, file: Any) -> None:
    """Write what a recording consists of into a binary file that can seek."""
    with zipfile.ZipFile(file, "w") as bundle:
        _put(bundle, MANIFEST, manifest_json(state, len(state.samples)))
        _put(bundle, EVENTS, "".join(map(event_line, state.events)))
        if len(state.samples):
            _put(bundle, AUDIO, _flac(state.samples, state.sample_rate), zipfile.ZIP_STORED)


def _put(bundle: zipfile.ZipFile, name: str, data: str | bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = method
    entry.external_attr = 0o644 << 16
    bundle.writestr(entry, data)


def _flac(samples: NDArray[np.int16], sample_rate: int) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", sample_rate, 1, "PCM_16", format="FLAC") as file:
        file.write(samples)
    return buffer.getvalue()


def _read(entries: Entries, size: int) -> RecordingState:
    """Return what a bundle of ``size`` bytes holds; its events are read when they are asked for."""
    _check_sizes(entries, size)
    if entries.cut_off and not entries.is_whole(MANIFEST):
        raise BundleError(f"it is cut off before the end of its {MANIFEST}: nothing can be read.")
    manifest = read_manifest(_content(entries, MANIFEST))
    samples = _samples(entries, manifest)
    missing = _missing(entries, manifest, len(samples)) if entries.cut_off else ""
    gap = [(len(samples), manifest.samples)] if len(samples) < manifest.samples else []
    return RecordingState(
        info=manifest.info,
        samples=_filled(samples, manifest.samples, size),
        events=_events(entries, manifest),
        settings=manifest.settings,
        connections=manifest.connections,
        lost=(*manifest.lost, *gap),
        notes=(*manifest.notes, missing) if missing else manifest.notes,
        complete=manifest.complete and not missing,
    )


def _check_sizes(entries: Entries, size: int) -> None:
    """Refuse entries that are larger than they can be, by the sizes a zip states: no more is unpacked."""
    limits = {MANIFEST: MAX_MANIFEST, EVENTS: min(MAX_EVENTS, SMALL + MAX_RATIO * size)}
    for name, limit in limits.items():
        stated = entries.size(name)
        if stated > limit:
            raise BundleError(
                f"its {name} would be {stated / 1e6:,.0f} MB unpacked; of a file of this size at most "
                f"{limit / 1e6:,.0f} MB are read."
            )


def _content(entries: Entries, name: str) -> bytes:
    """Return an entry; told how much is wanted, the reader unpacks no more than the zip states."""
    with entries.open(name) as entry:
        return entry.read(entries.size(name) + 1)


def _events(entries: Entries, manifest: Manifest) -> Iterator[TimedEvent]:
    with io.BufferedReader(entries.open(EVENTS), 1 << 16) as file:
        yield from read_events(file, manifest.samples, cut_off=not entries.is_whole(EVENTS))


def _missing(entries: Entries, manifest: Manifest, samples: int) -> str:
    """Return a sentence on what a file that is cut off does not hold any more, with so many samples in it."""
    found = []
    if not entries.is_whole(EVENTS):
        last = deque(_events(entries, manifest), maxlen=1)
        found.append(f"the events after {last[0].time:.1f} s" if last else "the events")
    if samples < manifest.samples:
        found.append(f"the sound after {samples / manifest.sample_rate:.1f} s")
    return f"The file is cut off; what is missing: {', '.join(found)}" if found else ""


# ---- sound

def _samples(entries: Entries, manifest: Manifest) -> NDArray[np.int16]:
    """Return the sound; where it is cut off, what can be decoded of it."""
    if not manifest.samples:
        return np.zeros(0, np.int16)
    if entries.size(AUDIO) > SMALL + 3 * manifest.samples:
        raise BundleError(f"its {AUDIO} is larger than {manifest.samples} samples can be.")
    data = _content(entries, AUDIO)
    if not entries.is_whole(AUDIO):
        return np.concatenate([np.zeros(0, np.int16), *_decoded(data, manifest, PIECE, cut_off=True)])
    samples = next(_decoded(data, manifest, manifest.samples))
    if len(samples) != manifest.samples:
        raise BundleError(f"its {AUDIO} ends after {len(samples)} of {manifest.samples} samples.")
    return samples


def _decoded(
    data: bytes, manifest: Manifest, piece: int, cut_off: bool = False
) -> Iterator[NDArray[np.int16]]:
    """Yield the sound in pieces of so many samples."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            _check_sound(sound, manifest)
            while len(samples := sound.read(piece, dtype="int16")):
                yield samples
    except soundfile.LibsndfileError as error:
        if not cut_off:
            raise BundleError(f"its {AUDIO} cannot be decoded: {error}") from None


def _filled(samples: NDArray[np.int16], count: int, size: int) -> NDArray[np.int16]:
    """Return sound with zeros for what is missing of it: so events keep their places."""
    if len(samples) == count:
        return samples
    if count > SMALL + MAX_FILLED * size:
        raise BundleError(f"it is cut off, and hardly anything is left of its {count} samples of sound.")
    return np.concatenate([samples, np.zeros(count - len(samples), np.int16)])


def _check_sound(sound: Any, manifest: Manifest) -> None:
    told = sound.frames, sound.samplerate, sound.channels
    if told != (manifest.samples, manifest.sample_rate, 1):
        raise BundleError(
            f"its {AUDIO} holds {sound.frames} samples at {sound.samplerate} Hz, but its manifest says "
            f"{manifest.samples} at {manifest.sample_rate}."
        )
