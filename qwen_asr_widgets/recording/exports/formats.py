"""The one list of formats that a recording can be written in, first those that most people want.

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
from .options import ExportOptions

_PACKAGE = __name__.split(".", 1)[0]


@dataclass(frozen=True)
class Format:
    """A kind of file that a recording can be written to.

    Parameters
    ----------
    suffix : str
        What names of such files end in, with the dot; also two endings, such as ``.audacity.txt``.
    name : str
        What the format is called.
    use : str
        What it is good for, in a few words.
    media_type : str
        Its MIME type.
    writer : str
        The function that writes a recording into an open binary file, as ``"module:function"`` inside this
        package; its third argument is an `ExportOptions`.

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

    @property
    def ending(self) -> str:
        """The suffix without its dot."""
        return self.suffix[1:]

    def write(self, recording: Any, file: Any, options: ExportOptions = ExportOptions()) -> None:
        """Write a recording, finished or growing, into a binary file that can seek."""
        _named(self.writer)(recording, file, options)


FORMATS = {
    one.suffix: one for one in (
        Format(".srt", "SubRip", "subtitles, for players and editors", "application/x-subrip",
               "recording.exports.subtitles:write_srt"),
        Format(".vtt", "WebVTT", "subtitles for web pages", "text/vtt",
               "recording.exports.subtitles:write_vtt"),
        Format(".html", "web page", "waveform, words and sound on one page", "text/html",
               "recording.exports.page:write_html"),
        Format(".txt", "text", "the words alone", "text/plain",
               "recording.exports.document:write_text"),
        Format(".csv", "CSV", "texts, times and waits, for spreadsheets", "text/csv",
               "recording.exports.rows:write_csv"),
        Format(".json", "JSON", "texts, times and delays, for programs", "application/json",
               "recording.exports.document:write_json"),
        Format(".wav", "WAV", "the sound", "audio/wav", "recording.exports.sound:write_wav"),
        Format(".jsonl", "JSON Lines", "one utterance a line, for programs", "application/jsonl",
               "recording.exports.document:write_jsonl"),
        Format(".parquet", "Parquet", "texts, times and waits, for data frames",
               "application/vnd.apache.parquet", "recording.exports.rows:write_parquet"),
        Format(".textgrid", "TextGrid", "turns and words, for Praat", "text/plain",
               "recording.exports.labels:write_textgrid"),
        Format(".eaf", "ELAN", "turns and words, for ELAN", "text/xml",
               "recording.exports.labels:write_elan"),
        Format(".audacity.txt", "Audacity labels", "turns and words, for Audacity", "text/plain",
               "recording.exports.labels:write_audacity"),
        Format(".rttm", "RTTM", "the turns alone, for diarisation tools", "text/plain",
               "recording.exports.labels:write_rttm"),
        Format(".stm", "STM", "turns and words, for sclite", "text/plain",
               "recording.exports.labels:write_stm"),
        Format(".ctm", "CTM", "single words at estimated times, for sclite", "text/plain",
               "recording.exports.labels:write_ctm"),
        Format(".zip", "clips", "one sound an utterance, with its words", "application/zip",
               "recording.exports.rows:write_clips"),
        Format(".qasr", "bundle", "everything; opens again here", "application/zip",
               "recording.bundle.bundle:write_bundle"),
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
    endings = ("".join(path.suffixes[-2:]).lower(), path.suffix.lower())
    suffix = next((ending for ending in endings if ending in FORMATS), "")
    if not suffix:
        raise SettingError(
            f"{path.name!r} ends in {path.suffix or 'nothing'}; export knows {', '.join(FORMATS)}.", "path"
        )
    return FORMATS[suffix]


def dataset_rows(recording: Any) -> list[dict[str, Any]]:
    """Return the utterances with their sound; see `Recording.to_dict`."""
    return list(_named("recording.exports.rows:dataset_rows")(recording))


def _named(name: str) -> Any:
    module, function = name.split(":")
    return getattr(import_module(f"{_PACKAGE}.{module}"), function)


def export_recording(recording: Any, path: str | PathLike[str], options: ExportOptions) -> Path:
    """Write a recording in the format its path's ending names; see `Recording.export`."""
    path = Path(path)
    form = format_of(path)
    write_atomically(path, lambda file: form.write(recording, file, options))
    return path
