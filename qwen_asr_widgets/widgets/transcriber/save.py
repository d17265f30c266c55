"""What the transcriber hands to the browser to be kept: bundles, subtitles, sound, and a picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import SettingError
from ...recording import Recording
from ..shared.throttle import Message

DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{k}" for port in ("COM", "LPT") for k in range(1, 10))}
"""What Windows takes for a device, whatever the ending."""

MOST_LETTERS = 80
"""In a file's name: three bytes each, that leaves room in the 255 that are allowed."""

SLICE = 4 << 20
"""Bytes in one message: small enough for any proxy between kernel and page."""

MIME = {
    "qasr": "application/zip", "srt": "application/x-subrip", "vtt": "text/vtt", "json": "application/json",
    "wav": "audio/wav", "png": "image/png",
}
PICTURE_SIZE = (12.8, 7.2)
PICTURE_DPI = 150
"""1920 × 1080 pixels."""


def saved(recording: Recording, ending: str) -> bytes:
    """Return a recording in a format, as bytes.

    Parameters
    ----------
    recording : Recording
        Finished or growing.
    ending : {"qasr", "srt", "vtt", "json", "wav", "png"}
        The format; ``"png"`` is a picture of 1920 × 1080 pixels.

    Raises
    ------
    SettingError
        There is no such format.
    """
    if ending not in MIME:
        raise SettingError(f"There is no format {ending!r}; choose one of {', '.join(MIME)}.", "format")
    if ending == "png":
        return picture(recording)
    with TemporaryDirectory(prefix="qaw-") as folder:
        return recording.export(Path(folder) / f"recording.{ending}").read_bytes()


def picture(recording: Recording) -> bytes:
    """Return `plot_recording` as a PNG of 16:9."""
    from matplotlib.figure import Figure

    from ...plots import plot_recording

    figure = Figure(figsize=PICTURE_SIZE, layout="constrained", facecolor="white")
    plot_recording(recording, figure.add_subplot(facecolor="white"))
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=PICTURE_DPI)
    return out.getvalue()


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


def _plain(name: str) -> str:
    """Return a name without what some system does not take."""
    return re.sub(r"[^\w.-]+", "-", name)[:MOST_LETTERS].strip("-.")


def in_slices(data: bytes, job: str, name: str, ending: str) -> Iterator[Message]:
    """Yield the messages that carry a file to the page that asked for it."""
    count = max(1, -(-len(data) // SLICE))
    for index in range(count):
        content = {
            "kind": "saved", "job": job, "name": name, "type": MIME[ending], "slice": index, "slices": count,
            "size": len(data),
        }
        yield content, [data[index * SLICE : (index + 1) * SLICE]]
