"""The lines of ``batch.jsonl``: what was done in a batch. They are checked: anybody may have written them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import SettingError, WriteFailed
from ...protocol.codec import read_json
from ..bundle.checks import is_bounded
from .work import ROW_COLUMNS, TEXT_COLUMNS, UTTERANCE_COLUMNS

Line = dict[str, Any]
"""``name``, ``settings``, ``key`` (of sound, settings and service), ``reference`` (a key of it, too),
``bundle`` (a path in the folder, or empty), ``row``, ``utterances``."""

_TEXTS = ("name", "settings", "key", "reference", "bundle")


def read_journal(path: Path) -> Iterator[Line]:
    """Yield the lines of a journal; one that a kill has cut, or that is no line of one, is left out.

    Raises
    ------
    SettingError
        The file is there and cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise SettingError(
            f"{str(path)!r} cannot be read ({error.strerror or error}); give another folder.", "out"
        ) from error
    for line in text.split("\n"):
        try:
            entry = read_json(line)
        except (ValueError, RecursionError):
            continue
        if _is_line(entry):
            yield entry


def append_line(path: Path, line: Line) -> None:
    """Add a line to the journal; a break goes before it, so that one that was cut harms no other.

    Raises
    ------
    WriteFailed
        It cannot be written.
    """
    data = f"\n{json.dumps(line, allow_nan=False)}\n"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WriteFailed(error.errno, error.strerror or str(error), str(path)) from error


def _is_line(entry: Any) -> bool:
    """Tell whether every value of a line has the type that tables and pages count on."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("utterances"), list):
        return False
    texts = all(isinstance(entry.get(name), str) for name in _TEXTS)
    known = ("start", "end", "text", "status")
    heard = all(_is_row(row, UTTERANCE_COLUMNS, known) for row in entry["utterances"])
    return texts and heard and _is_recording(entry.get("row"))


def _is_recording(row: Any) -> bool:
    if not _is_row(row, ROW_COLUMNS, ("error",)):
        return False
    known = () if row["error"] else ("engine", "duration", "utterances", "words")
    judged = () if row.get("error_rate") is None else ("metric", "reference_words")
    return _is_row(row, ROW_COLUMNS, (*known, *judged))


def _is_row(row: Any, columns: Collection[str], known: Collection[str]) -> bool:
    """Tell whether the columns of a row hold what they should; those of ``known`` are not missing."""
    return isinstance(row, Mapping) and all(
        name not in known if row.get(name) is None
        else isinstance(row[name], str) if name in TEXT_COLUMNS else is_bounded(row[name])
        for name in columns
    )
