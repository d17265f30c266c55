"""Files of a recording that a page saves: made here, in any format of the list, and sent in slices."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from ...audio.files import write_pcm16
from ...recording import Recording
from ...recording.exports.formats import FORMATS, format_of
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
