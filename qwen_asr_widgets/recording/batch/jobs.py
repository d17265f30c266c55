"""What a batch is to do: every sound with every configuration, each under a name that becomes its file's."""

from __future__ import annotations

import hashlib
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from ...audio.clip import AudioClip, as_clip
from ...audio.reference import ReferenceTurn
from ...audio.samples import Sample
from ...errors import AudioError, SettingError
from ...formatting import well_formed
from ...protocol.config import SessionConfig
from ...vad.labels.references import is_turn
from ..comparing.comparison import said_in
from ..recording import Recording
from ..text import normalized
from ..transcription import checked_config

SOUND_ENDINGS = frozenset(
    ".wav .flac .ogg .oga .opus .mp3 .m4a .mp4 .aac .webm .mkv .mov .wma .aif .aiff .au .amr".split()
)
"""What names of files end in that are taken from a folder; a file that is named is taken whatever it is."""

_SOUND_COLUMNS = ("audio", "path", "file", "file_name")
_TEXT_COLUMNS = ("text", "sentence", "transcription", "reference")
_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever their ending."""

_LONGEST_NAME = 100
"""Bytes of a part of a name: a file system takes 255, and endings are put to it."""

_HEAD = 1 << 16
"""Bytes at the beginning of a file that tell it from others of its size and time."""


@dataclass(frozen=True)
class BatchJob:
    """One sound with one configuration; it travels to a worker.

    Parameters
    ----------
    name : str
        The sound's name: a relative path with ``/``, without ending, the same for no two sounds.
    settings : str
        The configuration's name; empty where there is but one.
    source : str or AudioClip
        A path, opened by the worker, or the sound itself.
    config : SessionConfig
        The settings asked for.
    text : str or None
        What was truly said; None where nothing is known, or no word was said.
    turns : tuple of ReferenceTurn or None
        What was truly said and when.
    stamp : str
        Says whether the sound is still the same: size, time and beginning of a file, a hash of samples.
    """

    name: str
    settings: str
    source: str | AudioClip
    config: SessionConfig
    text: str | None = None
    turns: tuple[ReferenceTurn, ...] | None = None
    stamp: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The sound's name and the configuration's: which row of the table it is."""
        return self.name, self.settings

    @property
    def seconds(self) -> float | None:
        """Length of the sound; None where the head of its file does not say."""
        if isinstance(self.source, AudioClip):
            return self.source.duration
        import soundfile

        try:
            return float(soundfile.info(self.source).duration)
        except (OSError, RuntimeError):
            return None


def make_jobs(files: Any, configs: Any = None, reference: Any = None) -> tuple[BatchJob, ...]:
    """Return what `transcribe_all` is to do, sound by sound.

    Raises
    ------
    AudioError
        There is no sound at all, or something that is none.
    SettingError
        A configuration is none, or there are not as many references as sounds.

    Examples
    --------
    >>> two = ["calls/monday.wav", "calls/friday.wav"]
    >>> [job.place for job in make_jobs(two, {"fast": SessionConfig(), "slow": SessionConfig()})]
    [('monday', 'fast'), ('monday', 'slow'), ('friday', 'fast'), ('friday', 'slow')]
    """
    sounds = list(_sounds(files))
    if not sounds:
        raise AudioError("There is no sound to transcribe; give at least one file.")
    wanted = named_configs(configs)
    references = _references(reference, [said for _, _, said in sounds])
    jobs = []
    for name, (_, source, _), said in zip(_names(name for name, _, _ in sounds), sounds, references):
        text, turns = said_in(said)
        text = text if text and normalized(text) else None
        sound = source if isinstance(source, str) else as_clip(source, "transcribe_all")
        stamp = _stamp(sound)
        jobs += [BatchJob(name, label, sound, config, text, turns, stamp) for label, config in wanted.items()]
    return tuple(jobs)


def named_configs(configs: Any) -> dict[str, SessionConfig]:
    """Return the configurations by name; several without names are counted from 1.

    Examples
    --------
    >>> list(named_configs([SessionConfig(), SessionConfig(language="en")]))
    ['1', '2']
    """
    if configs is None or isinstance(configs, SessionConfig):
        return {"": checked_config(configs)}
    if isinstance(configs, Mapping):
        named = {_safe(str(name)): checked_config(config) for name, config in configs.items()}
        if len(named) < len(configs):
            raise SettingError("Two configurations have the same name as a folder; rename one.", "configs")
    elif isinstance(configs, (list, tuple)):
        named = {str(number): checked_config(config) for number, config in enumerate(configs, 1)}
    else:
        raise SettingError(
            f"configs is {configs!r:.60}; give SessionConfigs in a list, or in a dict by name.", "configs"
        )
    if not named:
        raise SettingError("configs is empty; give at least one SessionConfig, or None.", "configs")
    return named


# ---- sounds

def _sounds(files: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, sound and reference of everything that was handed in."""
    if isinstance(files, (str, os.PathLike)):
        path = Path(files)
        yield from _in_folder(path) if path.is_dir() else [_sound(files)]
    elif hasattr(files, "columns") and hasattr(files, "to_dict"):
        yield from map(_sound, files.to_dict("records"))
    elif isinstance(files, (bytes, np.ndarray, Mapping, AudioClip)) or hasattr(files, "clip"):
        yield _sound(files)
    elif isinstance(files, Iterable):
        yield from map(_sound, files)
    else:
        raise AudioError(f"{files!r:.60} is no sound, folder or list of sounds.")


def _in_folder(folder: Path) -> Iterator[tuple[str, str, None]]:
    """Yield the sounds in a folder and the folders below it, hidden ones left out."""
    found = False
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix.lower() in SOUND_ENDINGS and not hidden and path.is_file():
            found = True
            yield relative.with_suffix("").as_posix(), str(path), None
    if not found:
        raise AudioError(f"There is no sound in {folder}; names of sounds end in .wav, .flac, .mp3 …")


def _sound(item: Any) -> tuple[str, Any, Any]:
    """Return name, sound and reference of one sound, or of one row of a table."""
    if isinstance(item, Mapping) and not {"array", "sampling_rate"} <= set(item):
        return _row(item)
    if isinstance(item, (str, os.PathLike)):
        return Path(item).stem, os.fspath(item), None
    if isinstance(item, Sample):
        return item.name, item.clip, item
    sound: Any = item.clip if isinstance(item, Recording) else item
    if isinstance(item, Mapping):
        sound = AudioClip.load(sound)
    origin = getattr(sound, "origin", None)
    return Path(getattr(origin, "name", "") or "clip").stem, sound, None


def _row(row: Mapping[Any, Any]) -> tuple[str, Any, Any]:
    column = next((name for name in _SOUND_COLUMNS if name in row), None)
    if column is None:
        raise AudioError(
            f"A row has the columns {', '.join(map(str, row))}; its sound must stand in one of "
            f"{', '.join(_SOUND_COLUMNS)}."
        )
    name, sound, _ = _sound(row[column])
    said = next((row[text] for text in _TEXT_COLUMNS if isinstance(row.get(text), str)), None)
    own = row.get("name")  # None or NaN where a table has none
    has_own = isinstance(own, str) or (isinstance(own, Real) and math.isfinite(own))
    return str(own) if has_own else name, sound, said


def _names(names: Iterable[str]) -> Iterator[str]:
    """Yield names that can be files, the same for no two, also where neither case nor code points count."""
    used: set[str] = set()
    for wanted in names:
        name = first = "/".join(map(_safe, wanted.split("/")))
        number = 1
        while alike(name) in used:
            number += 1
            name = f"{first}-{number}"
        used.add(alike(name))
        yield name


def alike(name: str) -> str:
    """Return what names have in common that some file systems take for the same.

    Examples
    --------
    >>> alike("Caf\u00e9") == alike("cafe\u0301")
    True
    """
    return unicodedata.normalize("NFC", name.casefold())


def _safe(part: str) -> str:
    """Return a part of a name that leads nowhere else and can be a file or folder everywhere."""
    name = _FORBIDDEN.sub("_", well_formed(part).replace("/", "_"))
    name = name.encode("utf-8")[:_LONGEST_NAME].decode("utf-8", "ignore").strip(" .") or "sound"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def _references(reference: Any, own: list[Any]) -> list[Any]:
    """Return one reference (or None) for each sound: those given, else those that came with the sounds."""
    if reference is None:
        return own
    several = isinstance(reference, (list, tuple)) and not all(map(is_turn, reference))
    reference = reference if several else [reference]
    if len(reference) != len(own):
        raise SettingError(
            f"There are {len(own)} sounds but {len(reference)} references; give one for each sound, None "
            "where there is none.", "reference",
        )
    return list(reference)


def _stamp(source: str | AudioClip) -> str:
    if isinstance(source, AudioClip):
        digest = hashlib.sha256(np.ascontiguousarray(source.samples).tobytes())
        return f"{digest.hexdigest()} {source.sample_rate}"
    try:
        with open(source, "rb") as file:
            found, head = os.fstat(file.fileno()), file.read(_HEAD)
    except (OSError, ValueError):
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns} {hashlib.sha256(head).hexdigest()}"
