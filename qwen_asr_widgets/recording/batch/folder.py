"""Where a batch is kept: a bundle a recording, a journal of what is done, and the tables made of it.

``batch.jsonl`` gets one line when a sound is done, after its bundle stands: whatever ends the process, only
what was under way is lost, and the next run goes on from there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import MissingDependency, SettingError, WriteFailed
from ...formatting import well_formed
from ...writing import write_atomically, write_text
from ..exports.rows import table_cell
from ..latency import import_pandas
from ..recording import Recording
from .jobs import BatchJob
from .work import ROW_COLUMNS, UTTERANCE_COLUMNS, BatchOutcome, How

JOURNAL = "batch.jsonl"
RECORDINGS = "recordings.csv"
UTTERANCES = ("utterances.csv", "utterances.parquet")
INCOMPLETE = ".incomplete.qasr"
"""What names of bundles end in whose sound was not transcribed to its end."""


class BatchFolder:
    """What is kept of a batch, in a folder or, where none is given, in memory.

    Parameters
    ----------
    path : path or None
        The folder; it is made when the first sound is done.
    how : How
        What holds for all sounds: another way of transcribing them is another result.
    """

    def __init__(self, path: str | os.PathLike[str] | None, how: How) -> None:
        self.path = None if path is None else _checked(Path(path))
        self._how = how
        self._in_memory: dict[tuple[str, str], bytes] = {}
        self._lines: dict[tuple[str, str], dict[str, Any]] = {}
        if self.path is not None:
            self._lines = {(line["name"], line["settings"]): line for line in _journal(self.path / JOURNAL)}

    def is_done(self, job: BatchJob) -> bool:
        """Tell whether this sound was transcribed to its end with these very settings, and is there."""
        line = self._lines.get(job.place)
        if line is None or line["row"]["error"] or line["key"] != self._key(job) or self.path is None:
            return False
        return (self.path / line["bundle"]).is_file()

    def take(self, job: BatchJob, outcome: BatchOutcome) -> None:
        """Keep what came of a job: the bundle first, then a line of the journal."""
        line = {
            "name": job.name, "settings": job.settings, "key": self._key(job), "row": outcome.row,
            "utterances": outcome.utterances, "bundle": "",
        }
        if outcome.bundle and self.path is None:
            self._in_memory[job.place] = outcome.bundle
        elif outcome.bundle and self.path is not None:
            line["bundle"] = self._write_bundle(job, outcome)
        self._lines[job.place] = line
        if self.path is not None:
            _make(self.path)
            _append(self.path / JOURNAL, line)

    def rows(self, jobs: Iterable[BatchJob]) -> list[dict[str, Any]]:
        """Return the row of each job that was done or has failed, with every column."""
        return [{name: line["row"].get(name) for name in ROW_COLUMNS} for line in self._of(jobs)]

    def utterances(self, jobs: Iterable[BatchJob]) -> list[dict[str, Any]]:
        """Return the rows of their utterances."""
        return [
            {name: row.get("number" if name == "utterance" else name) for name in UTTERANCE_COLUMNS}
            for line in self._of(jobs) for row in line["utterances"]
        ]

    def recording(self, place: tuple[str, str]) -> Recording | None:
        """Open what was kept of a sound; None where nothing was."""
        from ..earlier.restoring import load_recording

        if place in self._in_memory:
            return load_recording(self._in_memory[place])
        line = self._lines.get(place)
        if line is None or not line["bundle"] or self.path is None:
            return None
        return load_recording(self.path / line["bundle"])

    def write_tables(self, jobs: Iterable[BatchJob]) -> None:
        """Write recordings and utterances as tables; the latter also as Parquet where pyarrow is there."""
        if self.path is None or not self._lines:
            return
        jobs = list(jobs)
        utterances = self.utterances(jobs)
        write_text(self.path / RECORDINGS, _as_csv(ROW_COLUMNS, self.rows(jobs)))
        write_text(self.path / UTTERANCES[0], _as_csv(UTTERANCE_COLUMNS, utterances))
        try:
            frame = import_pandas().DataFrame(utterances, columns=list(UTTERANCE_COLUMNS))
            data = frame.to_parquet(index=False)
        except (MissingDependency, ImportError):
            return
        write_atomically(self.path / UTTERANCES[1], lambda file: file.write(data))

    def _of(self, jobs: Iterable[BatchJob]) -> Iterator[dict[str, Any]]:
        return (self._lines[job.place] for job in jobs if job.place in self._lines)

    def _key(self, job: BatchJob) -> str:
        """Return what says that a result is this job's: the sound, the settings and how it is sent."""
        endpoint = self._how.endpoint
        parts = [
            job.stamp, job.config.to_wire(), job.config.sample_rate, job.text,
            [[turn.start, turn.end, turn.text] for turn in job.turns or ()], endpoint.name,
            endpoint.public_address, endpoint.model, getattr(endpoint, "options", ""), self._how.pace,
            self._how.chunk_ms, self._how.channel, self._how.turn_taking,
        ]
        return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:16]

    def _write_bundle(self, job: BatchJob, outcome: BatchOutcome) -> str:
        assert self.path is not None
        stem = "/".join(filter(None, (job.settings, job.name)))
        name, other = f"{stem}.qasr", f"{stem}{INCOMPLETE}"
        if outcome.error:
            name, other = other, name
        _make((self.path / name).parent)
        write_atomically(self.path / name, lambda file: file.write(outcome.bundle))
        (self.path / other).unlink(missing_ok=True)
        return name


def _checked(path: Path) -> Path:
    """Return the path of a folder, whether it is there or not."""
    if path.exists() and not path.is_dir():
        raise SettingError(f"out is {str(path)!r}, which is a file; give a folder.", "out")
    return path


def _make(path: Path) -> None:
    """Make a folder that may be there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(error.errno, error.strerror or str(error), str(path)) from error


def _journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a journal; one that a kill has cut is left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if _is_entry(entry):
            yield entry


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("row"), Mapping):
        return False
    texts = all(isinstance(entry.get(name), str) for name in ("name", "settings", "key", "bundle"))
    return texts and isinstance(entry.get("utterances"), list) and "error" in entry["row"]


def _append(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the journal; a break goes before it, so that one that was cut harms no other."""
    data = f"\n{json.dumps(line, allow_nan=False)}\n"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise WriteFailed(error.errno, error.strerror or str(error), str(path)) from error


def _as_csv(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV with the mark by which spreadsheets know UTF-8, no text of it a formula."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: table_cell(row[name], safe=True) for name in columns} for row in rows)
    return well_formed("\ufeff" + out.getvalue())
