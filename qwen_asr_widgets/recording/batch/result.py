"""What a batch gave: a row a recording, the utterances, what failed and why, and a page that shows it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SettingError
from ...formatting import table
from ...writing import write_text
from ..latency import import_pandas
from ..recording import Recording
from .folder import BatchFolder
from .work import ROW_COLUMNS, UTTERANCE_COLUMNS
from .jobs import BatchJob
from .report import HEAD, report_page, row_text, without_empty_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 20
"""So many rows stand in a notebook; `Batch.to_frame` has all."""


class Batch:
    """What `transcribe_all` returns; recordings are opened when they are asked for.

    Attributes
    ----------
    folder : Path or None
        Where it is kept; None: in memory.
    interrupted : bool
        Whether it was ended by Ctrl-C before all sounds were done.

    Examples
    --------
    >>> from qwen_asr_widgets import sample, transcribe_all
    >>> batch = transcribe_all([sample("noisy")], progress=False)  # doctest: +SKIP
    >>> batch  # doctest: +SKIP
    Batch(1 of 1 done, 8 utterances)
    """

    def __init__(self, jobs: Sequence[BatchJob], folder: BatchFolder, interrupted: bool = False) -> None:
        self._jobs = tuple(jobs)
        self._kept = folder
        self.folder = folder.path
        self.interrupted = interrupted

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each sound and configuration that was tried, see `to_frame`."""
        return self._kept.rows(self._jobs)

    @property
    def utterances(self) -> list[dict[str, Any]]:
        """A row an utterance: the recording's name and settings, and the columns of a ``.csv`` export."""
        return self._kept.utterances(self._jobs)

    @property
    def failures(self) -> dict[str, str]:
        """What is not done, and why: the cause by ``name``, or ``settings/name`` where there are several."""
        return {_called(row): row["error"] for row in self.rows if row["error"]}

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row a recording.

        Columns: ``name``, ``settings``, ``threshold`` (-1 to 1), ``silence_ms``, ``engine``, ``duration``
        (s), ``utterances``, ``words`` (characters where there are no spaces), ``metric`` (WER or CER),
        ``error_rate`` (against the reference, above 1 when more was invented than said),
        ``reference_words``, ``wait`` and ``longest_wait`` (median and longest seconds to the final, over
        ``waits`` utterances closed by silence; None where sound was not sent in real time), ``error``.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        return import_pandas().DataFrame(self.rows, columns=list(ROW_COLUMNS))

    def utterance_frame(self) -> Any:
        """Return a pandas DataFrame, one row an utterance, see `utterances`.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        return import_pandas().DataFrame(self.utterances, columns=list(UTTERANCE_COLUMNS))

    def recording(self, name: str, settings: str = "") -> Recording:
        """Open the recording of a sound, complete or not.

        Raises
        ------
        SettingError
            Nothing of that name was recorded.
        BundleError
            Its bundle cannot be read.
        """
        jobs = (job for job in self._jobs if job.place == (name, settings))
        found = next(map(self._kept.recording, jobs), None)
        if found is None:
            names = ", ".join(_called(row) for row in self.rows[:5]) or "none"
            raise SettingError(f"There is no recording {name!r} {settings!r}; there are {names} …", "name")
        return found

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write a page: the table, what each configuration costs and gains, the ten worst utterances with
        their sound.

        Raises
        ------
        WriteFailed
            It cannot be written.
        """
        title = f"{len(self._jobs)} recordings" + (", ended by hand" if self.interrupted else "")
        write_text(path, report_page(title, self.rows, self.utterances, self.recording))
        return Path(path)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"Batch({self._summary})"

    @property
    def _summary(self) -> str:
        rows = self.rows
        done = [row for row in rows if not row["error"]]
        failed = len(rows) - len(done)
        heard = sum(row["utterances"] for row in done)
        parts = [f"{len(done)} of {len(self._jobs)} done", f"{heard} utterances"]
        parts += [f"{failed} failed"] if failed else []
        parts += ["interrupted"] if self.interrupted else []
        return ", ".join(parts)

    def _repr_html_(self) -> str:
        rows = self.rows
        more = f" {len(rows) - _SHOWN} more rows: to_frame()." if len(rows) > _SHOWN else ""
        head, shown = without_empty_columns(HEAD, [row_text(row) for row in rows[:_SHOWN]])
        return table(head, shown, f"{self._summary}.{more}")


def _called(row: dict[str, Any]) -> str:
    return "/".join(filter(None, (row["settings"], row["name"])))
