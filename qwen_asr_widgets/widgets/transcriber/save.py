"""Files of a recording that a page saves, in any format of the list: sent in slices, or written here."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from ...audio.files import write_pcm16
from ...errors import FolderNotFound, WriteFailed
from ...recording import Recording
from ...recording.exports.formats import FORMATS, format_of
from ...writing import write_atomically
from ..shared.throttle import Message
from .sound import SoundAtHand

DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{k}" for port in ("COM", "LPT") for k in range(1, 10))}
"""What Windows takes for a device, whatever the ending."""

MOST_LETTERS = 80
"""In a file's name: three bytes each, that leaves room in the 255 that are allowed."""

BUNDLE, PICTURE = "qasr", "png"

SLICE = 4 << 20
"""Bytes in one message: small enough for any proxy between kernel and page."""


def menu() -> list[dict[str, str]]:
    """Return the formats that a page offers, first the one that holds everything.

    The picture is not among them: it has a button of its own.

    Examples
    --------
    >>> [entry["ending"] for entry in menu()][:4]
    ['qasr', 'srt', 'vtt', 'html']
    """
    offered = [one for one in FORMATS.values() if one.ending != PICTURE]
    offered.sort(key=lambda one: one.ending != BUNDLE)
    return [{"ending": one.ending, "use": one.use} for one in offered]


def saved(recording: Recording, ending: str) -> bytes:
    """Return a recording in a format, as bytes.

    Parameters
    ----------
    recording : Recording
        Finished or growing.
    ending : str
        One of `FORMATS`, without its dot.

    Raises
    ------
    SettingError
        There is no such format.

    Examples
    --------
    >>> saved(Recording(), "vtt").decode().strip()
    'WEBVTT'
    """
    file = io.BytesIO()
    format_of(f"recording.{ending}").write(recording, file)
    return file.getvalue()


def file_name(recording: Recording, ending: str) -> str:
    """Return a name for the file that every system takes: that of the sound, else when it was recorded.

    Sound of a microphone bears its device's name, which is always the same.

    Examples
    --------
    >>> from qwen_asr_widgets.recording import Recording, RunInfo
    >>> file_name(Recording(info=RunInfo(name="my talk.m4a")), "srt")
    'my-talk.srt'
    >>> spoken = RunInfo(name="Headset", capture={"device": "Headset"}, started_at="2026-11-23T14:05:09")
    >>> file_name(Recording(info=spoken), "wav")
    '2026-11-23_14.05.09_microphone.wav'
    """
    info = recording.info
    stem = "" if info.capture else _plain(Path(info.name).stem)
    if not stem:
        when = _plain(info.started_at[:19].replace("T", "_").replace(":", "."))
        stem = "_".join(filter(None, [when, "microphone" if info.capture else "recording"]))
    return f"{stem}_.{ending}" if stem.split(".")[0].upper() in DEVICES else f"{stem}.{ending}"


def save_into(folder: Path, recording: Recording, ending: str) -> Path:
    """Write a recording into a folder and return where; a name that is taken gets a number.

    Raises
    ------
    WriteFailed, FolderNotFound
        It cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> from qwen_asr_widgets.recording import Recording, RunInfo
    >>> folder = tempfile.TemporaryDirectory()
    >>> recording = Recording(info=RunInfo(name="talk.wav"))
    >>> [save_into(Path(folder.name), recording, "srt").name for _ in range(3)]
    ['talk.srt', 'talk_2.srt', 'talk_3.srt']
    >>> folder.cleanup()
    """
    path = _reserved(folder, file_name(recording, ending), ending)
    try:
        write_atomically(path, lambda file: format_of(path).write(recording, file))
    except BaseException:
        path.unlink()
        raise
    return path


def _reserved(folder: Path, name: str, ending: str) -> Path:
    """Make an empty file of a name that nobody has yet, so that nobody else takes it."""
    stem = name[: -len(ending) - 1]
    path, number = folder / name, 1
    while True:
        try:
            path.open("xb").close()
            return path
        except FileExistsError:
            number += 1
            path = folder / f"{stem}_{number}.{ending}"
        except FileNotFoundError as error:
            raise FolderNotFound(str(path)) from error
        except OSError as error:
            raise WriteFailed(error.errno, error.strerror or str(error), str(path)) from error


def wav_of(sound: SoundAtHand) -> bytes:
    """Return a sound as a WAV of 16 bits; nothing where there is none."""
    if sound.clip is None:
        return b""
    file = io.BytesIO()
    write_pcm16(file, sound.clip.to_pcm16(), sound.clip.sample_rate, ".wav")
    return file.getvalue()


def part_name(sound: SoundAtHand) -> str:
    """Return a name for the file of a part of a sound, with its seconds.

    Examples
    --------
    >>> part_name(SoundAtHand(None, "", whole=SoundAtHand(None, "my talk.m4a"), start=61.25))
    'my-talk_61.2s.wav'
    """
    whole = "" if sound.whole is None else sound.whole.title
    stem = _plain(Path(whole).stem) or "part"
    return f"{stem}_{sound.start:.1f}s.wav"


def _plain(name: str) -> str:
    """Return a name without what some system does not take."""
    return re.sub(r"[^\w.-]+", "-", name)[:MOST_LETTERS].strip("-.")


def in_slices(data: bytes, job: str, name: str) -> Iterator[Message]:
    """Yield the messages that carry a file to the page that asked for it."""
    count = max(1, -(-len(data) // SLICE))
    for index in range(count):
        content = {
            "kind": "saved", "job": job, "name": name, "type": format_of(name).media_type,
            "slice": index, "slices": count, "size": len(data),
        }
        yield content, [data[index * SLICE : (index + 1) * SLICE]]
