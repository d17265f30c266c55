"""The utterances as rows of a table: CSV and Parquet, and clips with their words for training and tests."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from ...audio.files import write_pcm16
from ...audio.units import pcm16_to_float
from ...errors import MissingDependency
from ..latency import import_pandas
from ..recording import Recording
from .options import ExportOptions
from .spans import SpokenSpan, spoken_spans

COLUMNS = (
    "number", "start", "end", "text", "language", "emotion", "ended_by", "status", "end_source",
    "first_partial", "endpoint_delay", "decode_delay", "finalization", "revised_share", "engine",
)
"""What a row says; times and delays in seconds, ``revised_share`` from 0 to 1."""

_RUN_AS_FORMULA = tuple("=+-@\t\r")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Zip files begin in that year; the same recording makes the same bytes."""


def utterance_rows(recording: Recording, include_drafts: bool = False) -> Iterator[dict[str, Any]]:
    """Yield one row an utterance that has words, with the keys of `COLUMNS`."""
    for span in spoken_spans(recording, include_drafts):
        yield {name: _value(span, name, recording.info.made_by) for name in COLUMNS}


def dataset_rows(recording: Recording) -> Iterator[dict[str, Any]]:
    """Yield the rows with the sound of each utterance; see `Recording.to_dict`."""
    rate = recording.tape.sample_rate
    for span, row in zip(spoken_spans(recording), utterance_rows(recording)):
        samples = recording.tape.read(round(span.start * rate), round(span.end * rate))
        yield {**row, "audio": {"array": pcm16_to_float(samples), "sampling_rate": rate}}


def _value(span: SpokenSpan, name: str, engine: str) -> Any:
    utterance = span.utterance
    own = {"start": round(span.start, 3), "end": round(span.end, 3), "text": span.text, "engine": engine}
    if name in own:
        return own[name]
    value = getattr(utterance.latency if hasattr(utterance.latency, name) else utterance, name)
    return round(value, 3) if isinstance(value, float) else value


def write_csv(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the rows as CSV into a binary file, in UTF-8 with the mark by which spreadsheets know it.

    ``safe`` puts an apostrophe before a text that a spreadsheet would take for a formula.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in utterance_rows(recording, options.include_drafts):
        writer.writerow({name: table_cell(value, options.safe) for name, value in row.items()})
    file.write(out.getvalue().encode("utf-8-sig"))


def table_cell(value: Any, safe: bool) -> Any:
    """Return a value as a cell holds it: with ``safe``, a text that a spreadsheet would run stays text."""
    is_formula = isinstance(value, str) and value.startswith(_RUN_AS_FORMULA)
    return f"'{value}" if safe and is_formula else value


def write_parquet(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write the rows as Parquet into a binary file.

    Raises
    ------
    MissingDependency
        pandas or pyarrow is not installed.
    """
    frame = import_pandas().DataFrame(
        list(utterance_rows(recording, options.include_drafts)), columns=list(COLUMNS)
    )
    try:
        data = frame.to_parquet(index=False)
    except ImportError as error:
        raise MissingDependency("A Parquet file needs pyarrow: pip install pyarrow") from error
    file.write(data)


def write_clips(recording: Recording, file: Any, options: ExportOptions = ExportOptions()) -> None:
    """Write a zip into a binary file: one FLAC an utterance, and ``metadata.csv`` with the words of each.

    Hugging Face's ``load_dataset("audiofolder", data_dir=…)`` reads the unpacked folder.
    """
    rate, samples = recording.tape.sample_rate, recording.tape.read()
    made_by = table_cell(recording.info.made_by, options.safe)
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file_name", "start", "end", "text", "engine"))
    with zipfile.ZipFile(file, "w") as archive:
        for number, span in enumerate(spoken_spans(recording, options.include_drafts), 1):
            name = f"{number:04}.flac"
            sound = io.BytesIO()
            write_pcm16(sound, samples[round(span.start * rate) : round(span.end * rate)], rate, ".flac")
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), sound.getvalue())
            text = table_cell(span.text, options.safe)
            writer.writerow((name, f"{span.start:.3f}", f"{span.end:.3f}", text, made_by))
        about = zipfile.ZipInfo("metadata.csv", _ZIP_TIME)
        archive.writestr(about, table.getvalue(), zipfile.ZIP_DEFLATED)
