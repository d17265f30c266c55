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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import BundleError, SettingError, WriteFailed
from ...formatting import well_formed
from ...writing import write_atomically, write_text
from ..autosave.folder_lock import FolderLock, is_in_use
from ..bundle.bundle import SUFFIX
from ..exports.rows import table_cell
from ..latency import import_pandas
from ..recording import Recording
from .jobs import BatchJob, alike
from .journal import Line, append_line, read_journal
from .work import ROW_COLUMNS, UTTERANCE_COLUMNS, BatchOptions, BatchOutcome, failed, judged

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
        The folder.
    options : BatchOptions
        What holds for all sounds: another way of transcribing them is another result.
    """

    def __init__(self, path: str | os.PathLike[str] | None, options: BatchOptions) -> None:
        self.path = None if path is None else _checked(Path(path))
        self._options = options
        self._in_memory: dict[tuple[str, str], bytes] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._lines: dict[str, Line] = {}
        """The last line about each file that a bundle can be."""
        if self.path is not None:
            lines = read_journal(self.path / JOURNAL)
            self._lines = {alike(_stem(line["settings"], line["name"])): line for line in lines}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the folder, and keep other batches out of it.

        Raises
        ------
        SettingError
            Another batch writes into it.
        WriteFailed
            It cannot be made or written.
        """
        if self.path is None:
            yield
            return
        lock = _locked(self.path)
        try:
            yield
        finally:
            lock.release()

    def is_done(self, job: BatchJob) -> bool:
        """Tell whether this sound was transcribed to its end with these very settings, and is there."""
        line = self._line(job)
        if line is None or line["row"]["error"] or self.path is None:
            return False
        return (self.path / _bundle_name(job, "")).is_file()

    def take(self, job: BatchJob, outcome: BatchOutcome) -> None:
        """Keep what came of a job: the bundle first, then a line of the journal."""
        if self.path is None:
            self._in_memory[job.place] = outcome.bundle
        else:
            _write_bundle(self.path, job, outcome)
        self._note(job, outcome, bool(outcome.bundle))

    def judge(self, job: BatchJob) -> None:
        """Compare what is done with the job's reference, where that is another than it was."""
        line = self._line(job)
        if line is None or line["reference"] == _reference_key(job):
            return
        try:
            recording = self.recording(job)
        except BundleError as error:
            self._note(job, failed(job, f"BundleError: {error}"), False)
        else:
            if recording is not None:
                self._note(job, judged(job, recording), True)

    def _note(self, job: BatchJob, outcome: BatchOutcome, has_bundle: bool) -> None:
        line = {
            "name": job.name, "settings": job.settings, "key": self._key(job),
            "reference": _reference_key(job), "row": outcome.row, "utterances": outcome.utterances,
            "bundle": _bundle_name(job, outcome.error) if has_bundle else "",
        }
        if self.path is not None:
            append_line(self.path / JOURNAL, line)
        self._lines[alike(_stem(job.settings, job.name))] = line

    def rows(self, jobs: Iterable[BatchJob]) -> list[dict[str, Any]]:
        """Return the row of each job that was done or has failed, with every column."""
        return [_named(job, line["row"], ROW_COLUMNS) for job, line in self._of(jobs)]

    def utterances(self, jobs: Iterable[BatchJob]) -> list[dict[str, Any]]:
        """Return the rows of their utterances."""
        return [
            _named(job, row, UTTERANCE_COLUMNS) for job, line in self._of(jobs) for row in line["utterances"]
        ]

    def recording(self, job: BatchJob) -> Recording | None:
        """Open what was kept of a sound; None where nothing was."""
        from ..earlier.restoring import load_recording

        line = self._line(job)
        if line is None or not line["bundle"]:
            return None
        if self.path is None:
            return load_recording(self._in_memory[job.place])
        return load_recording(self.path / _bundle_name(job, line["row"]["error"]))

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
        except ImportError:
            (self.path / UTTERANCES[1]).unlink(missing_ok=True)  # of an earlier run, which had pyarrow
            return
        write_atomically(self.path / UTTERANCES[1], lambda file: file.write(data))

    def _of(self, jobs: Iterable[BatchJob]) -> Iterator[tuple[BatchJob, Line]]:
        return ((job, line) for job in jobs if (line := self._line(job)) is not None)

    def _line(self, job: BatchJob) -> Line | None:
        """Return what came of a job last; None where that was with another sound or other settings."""
        line = self._lines.get(alike(_stem(job.settings, job.name)))
        return line if line is not None and line["key"] == self._key(job) else None

    def _key(self, job: BatchJob) -> str:
        if job.place not in self._keys:
            self._keys[job.place] = self._made_key(job)
        return self._keys[job.place]

    def _made_key(self, job: BatchJob) -> str:
        """Return what says that a result is this job's: the sound, the settings and how it is sent."""
        endpoint = self._options.endpoint
        parts = [
            job.stamp, job.config.to_wire(), job.config.sample_rate, endpoint.name, endpoint.public_address,
            endpoint.model, getattr(endpoint, "options", ""), getattr(endpoint, "quirks", ""),
            self._options.pace, self._options.chunk_ms, self._options.channel, self._options.turn_taking,
        ]
        if self._options.end_of_turn is not None:
            parts.append(self._options.end_of_turn.identity)
        return _hash(parts)


def _write_bundle(folder: Path, job: BatchJob, outcome: BatchOutcome) -> None:
    """Write what was recorded; a complete bundle of an earlier run outlives one that is not."""
    if outcome.bundle:
        path = folder / _bundle_name(job, outcome.error)
        _make(path.parent)
        write_atomically(path, lambda file: file.write(outcome.bundle))
    if not outcome.error:
        (folder / _bundle_name(job, "incomplete")).unlink(missing_ok=True)


def _reference_key(job: BatchJob) -> str:
    """Return what says with which reference a result was compared."""
    return _hash([job.text, [[turn.start, turn.end, turn.text] for turn in job.turns or ()]])


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _stem(settings: str, name: str) -> str:
    return "/".join(filter(None, (settings, name)))


def _bundle_name(job: BatchJob, error: str) -> str:
    """Return where in the folder a job's bundle is; never what a journal says."""
    return _stem(job.settings, job.name) + (INCOMPLETE if error else SUFFIX)


def _named(job: BatchJob, row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """Return the columns of a row, under the names of its job."""
    found = {name: row.get("number" if name == "utterance" else name) for name in columns}
    return {**found, "name": job.name, "settings": job.settings}


def _locked(folder: Path) -> FolderLock:
    """Return the lock of a folder, which is made where it is missing."""
    _make(folder)
    try:
        if is_in_use(folder):
            raise SettingError(
                f"Another batch is writing into {str(folder)!r}; wait for it or give another folder.", "out"
            )
        return FolderLock(folder)
    except OSError as error:
        raise WriteFailed(error.errno, error.strerror or str(error), str(folder)) from error


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


def _as_csv(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV with the mark by which spreadsheets know UTF-8, no text of it a formula."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: table_cell(row[name], safe=True) for name in columns} for row in rows)
    return well_formed("\ufeff" + out.getvalue())
