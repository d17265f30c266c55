"""The one list of formats that a recording can be written in.

`Recording.export`, the command line's ``--out`` and the page's menu read `FORMATS`. To add a format: write
its writer in a module of this folder (a function that takes a recording and a binary file), and add a row
here. Its name and use in other languages go to ``widgets/locales`` as ``transcriber.save.ENDING``;
without them the page shows the English of the row.

A writer is named by its module, as entry points are, and imported when it is first used: this list stands
below `Recording`, the writers above it, and one of them draws with matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

from ...errors import SettingError
from ...writing import write_atomically

_PACKAGE = __name__.split(".", 1)[0]


@dataclass(frozen=True)
class Format:
    """A kind of file that a recording can be written to.

    Parameters
    ----------
    suffix : str
        What names of such files end in, with the dot.
    name : str
        What the format is called.
    use : str
        What it is good for, in a few words.
    media_type : str
        Its MIME type.
    writer : str
        The function that writes a recording into an open binary file, as ``"module:function"`` inside this
        package.
    is_text : bool
        Whether it writes the transcript: then the writer also takes ``include_drafts``.

    Examples
    --------
    >>> import io
    >>> from qwen_asr_widgets import Recording
    >>> file = io.BytesIO()
    >>> FORMATS[".vtt"].write(Recording(), file)
    >>> file.getvalue()
    b'WEBVTT\\n'
    """

    suffix: str
    name: str
    use: str
    media_type: str
    writer: str
    is_text: bool = False

    @property
    def ending(self) -> str:
        """The suffix without its dot."""
        return self.suffix[1:]

    def write(self, recording: Any, file: Any, include_drafts: bool = False) -> None:
        """Write a recording, finished or growing, into a binary file that can seek."""
        module, function = self.writer.split(":")
        options = {"include_drafts": include_drafts} if self.is_text else {}
        getattr(import_module(f"{_PACKAGE}.{module}"), function)(recording, file, **options)


FORMATS = {
    one.suffix: one for one in (
        Format(".srt", "SubRip", "subtitles, for players and editors", "application/x-subrip",
               "recording.exports.subtitles:write_srt", is_text=True),
        Format(".vtt", "WebVTT", "subtitles for web pages", "text/vtt",
               "recording.exports.subtitles:write_vtt", is_text=True),
        Format(".json", "JSON", "texts, times and delays, for programs", "application/json",
               "recording.exports.document:write_json", is_text=True),
        Format(".wav", "WAV", "the sound", "audio/wav", "recording.exports.sound:write_wav"),
        Format(".qasr", "bundle", "everything; opens again here", "application/zip",
               "recording.exports.bundle:write_bundle"),
        Format(".png", "picture", "waveform, turns and words as a picture", "image/png",
               "plots.picture:write_png"),
    )
}
"""Every format, by its suffix."""


def format_of(path: str | PathLike[str]) -> Format:
    """Return the format that a path's ending names.

    Raises
    ------
    SettingError
        No format has that ending.

    Examples
    --------
    >>> format_of("talk.SRT").name
    'SubRip'
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise SettingError(
            f"{path.name!r} ends in {suffix or 'nothing'!r}; export knows {', '.join(FORMATS)}.", "path"
        )
    return FORMATS[suffix]


def export_recording(recording: Any, path: str | PathLike[str], include_drafts: bool = False) -> Path:
    """Write a recording in the format its path's ending names; see `Recording.export`."""
    path = Path(path)
    form = format_of(path)
    write_atomically(path, lambda file: form.write(recording, file, include_drafts))
    return path
