"""Many sounds at once: files, a folder or a table, with one configuration or several, on many workers."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...client.embedded import EmbeddedEndpoint
from ...client.endpoints import Endpoint
from ...client.named_endpoints import resolve_endpoint
from ...client.pacing import check_pace
from ...client.prices import endpoint_prices
from ...client.retry import Retry, checked_retry
from ...arguments import checked_keywords, is_number
from ...errors import SettingError, WorkerLost
from ...protocol.config import SessionConfig
from ..sources import checked_chunk_ms
from ..transcription import CLIP_RETRY
from ..turn_taking import SERVICE, checked_end_of_turn, checked_turn_taking, ended_by_model
from .folder import BatchFolder
from .jobs import BatchJob, make_jobs
from .result import Batch
from .work import BatchOptions, BatchOutcome
from .workers import Workers

if TYPE_CHECKING:
    from ...vad.end_of_turn.end_of_turn import EndOfTurn

MOST_WORKERS = 64

_SAMPLE_BYTES = 2 * 4 / 3 * 1.05
"""Bytes on the wire for a sample: int16 as base64, and about 5 % of JSON around it."""


@checked_keywords
def transcribe_all(
    files: Any,
    endpoint: Endpoint | str | None = None,
    configs: Any = None,
    *,
    reference: Any = None,
    executor: Executor | None = None,
    jobs: int = 1,
    out: str | os.PathLike[str] | None = None,
    resume: bool = True,
    pace: float | None = None,
    chunk_ms: float = 100,
    channel: int | str | None = None,
    turn_taking: str = SERVICE,
    end_of_turn: EndOfTurn | None = None,
    retry: Retry | None = None,
    progress: bool = True,
    yes: bool = False,
) -> Batch:
    """Transcribe many sounds, each with one or more configurations; what fails is listed and stops nothing.

    Ctrl-C makes an end: what is done is returned, and with ``out`` the next call goes on from there.

    Parameters
    ----------
    files : folder, path, AudioClip, Sample, Recording, list of those, or table
        A folder is searched with all below it. A table (pandas, or a list of dicts as Hugging Face has them)
        holds sounds in a column ``audio``, ``path`` or ``file``, what was said in ``text`` if it is known,
        and ``name`` if the file's is not to be taken. A text without words is no reference.
    endpoint : Endpoint or str, optional
        As for `transcribe`: the embedded service by default.
    configs : SessionConfig, list, or dict by name, optional
        Each sound is transcribed with each of them.
    reference : list, optional
        What was truly said of each sound: a text, `Labels`, a path of labels or None. It gives error rates,
        and with times the waits from the true ends of speech.
    executor : concurrent.futures.Executor, optional
        Whose workers do it: a process pool, Dask's ``client.get_executor()``, or Ray's tasks behind an
        ``Executor`` whose ``submit`` returns ``ray.remote(function).remote(*args).future()``. Paths must be
        good there. The key of an endpoint does not travel: the workers look theirs up. How many work at once
        is the executor's business.
    jobs : int
        Without an executor: how many sounds at once, 1 to 64. More than one with the embedded service takes
        a process each with a service of its own; a script then needs ``if __name__ == "__main__":``.
    out : folder, optional
        Where bundles, the journal (``batch.jsonl``), ``recordings.csv`` and ``utterances.csv`` (also
        ``.parquet`` where pyarrow is installed) are written. Without it all is kept in memory.
    resume : bool
        Whether what stands in ``out`` is not done again: same sound (size, time and beginning of the file),
        same settings, same service. With another reference it is compared again, and not sent.
    pace : float or None
        None: as fast as the service takes it; no waits are stated then. 1.0 is real time. Where a service
        closes uploads that are too fast (DashScope), all jobs share its limit.
    chunk_ms, channel, turn_taking, end_of_turn, retry
        As for `transcribe`. A model of turn ends travels to the workers, which need what it needs.
    progress : bool
        Show one bar: files done, words a second, time left.
    yes : bool
        Agree beforehand to the price of a service that lists one.

    Returns
    -------
    Batch
        A row a recording; `Batch.failures`, `Batch.recording`, `Batch.report`.

    Raises
    ------
    AudioError
        There is no sound in ``files``.
    SettingError
        A parameter is out of its range, another batch writes into ``out``, or the price was not agreed to.
    MissingDependency
        What ``end_of_turn`` needs is not installed here.
    EndpointError, MissingKey
        There is no such endpoint, or no key for it.
    WorkerLost
        The executor broke; ``.result`` is the `Batch` of what was finished.
    WriteFailed
        ``out`` cannot be written; what was written before is there.

    Examples
    --------
    >>> from qwen_asr_widgets import sample, transcribe_all
    >>> batch = transcribe_all([sample("noisy"), sample("conversation")], jobs=2)  # doctest: +SKIP
    >>> batch.to_frame()[["name", "utterances", "words"]]  # doctest: +SKIP
    """
    jobs = _checked_count(jobs)
    endpoint = resolve_endpoint(endpoint)
    todo = make_jobs(files, configs, reference)
    for config in {id(job.config): job.config for job in todo}.values():
        checked_turn_taking(turn_taking, config)
    end_of_turn = checked_end_of_turn(end_of_turn, turn_taking)
    todo = tuple(replace(job, config=ended_by_model(job.config, end_of_turn)) for job in todo)
    options = BatchOptions(
        endpoint, check_pace(pace), checked_chunk_ms(chunk_ms), channel, turn_taking,
        checked_retry(retry, CLIP_RETRY), end_of_turn,
    )
    kept = BatchFolder(out, options)
    missing = [job for job in todo if not (resume and kept.is_done(job))]
    if missing and not isinstance(endpoint, EmbeddedEndpoint):
        endpoint.key()  # without one it is said now, not once for every sound
    agree_price(endpoint, missing, yes)
    count = 1 if executor is not None else max(1, min(jobs, len(missing)))
    shared = _shared_pace(options, missing, count)
    interrupted = False
    with kept.writing(), Workers(shared, executor, count) as workers, _Bar(len(todo), progress) as bar:
        bar.done(len(todo) - len(missing))
        try:
            for job in todo if resume else ():
                kept.judge(job)
            for job, outcome in workers.outcomes(missing):
                kept.take(job, outcome)
                bar.took(outcome)
        except KeyboardInterrupt:
            interrupted = True
            for job, outcome in workers.end():
                kept.take(job, outcome)
        except WorkerLost as lost:
            lost.result = Batch(todo, kept)
            raise
        finally:
            kept.write_tables(todo)
    return Batch(todo, kept, interrupted)


def agree_price(endpoint: Endpoint, jobs: Sequence[BatchJob], yes: bool) -> None:
    """Say what a service lists as the price of some jobs, and raise `SettingError` unless it is agreed to."""
    listed = endpoint_prices(endpoint)
    if not listed or not jobs:
        return
    lengths = [job.seconds for job in jobs]
    seconds, unknown = sum(filter(None, lengths)), lengths.count(None)
    more = f", and {unknown} files whose length is not known" if unknown else ""
    costs = "; ".join(f"{price.cost(seconds):.2f} {price.currency} at {price}" for price in listed)
    what = f"{len(jobs)} runs, {seconds / 60:.1f} min of sound{more} to {endpoint.name}"
    print(f"{what}: an estimated {costs}.", file=sys.stderr, flush=True)
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise SettingError(
            "The price must be agreed to and nobody can be asked: pass yes=True (in a terminal, --yes).",
            "yes",
        )
    if input("Send this? [y/N] ").strip().lower() not in ("y", "yes"):
        raise SettingError("The price was not agreed to; nothing was sent.", "yes")


def _shared_pace(options: BatchOptions, jobs: Sequence[BatchJob], workers: int) -> BatchOptions:
    """Return how it is sent: where a service bears so much, each worker gets its share of that."""
    limit = options.endpoint.facts.upload_pace_kB_s
    if options.pace is not None or limit is None or workers == 1:
        return options
    rate = max((job.config.sample_rate for job in jobs), default=SessionConfig().sample_rate)
    return replace(options, pace=round(1_000 * limit / (rate * _SAMPLE_BYTES) / workers, 2))


def _checked_count(jobs: Any) -> int:
    if not is_number(jobs, int) or not 1 <= jobs <= MOST_WORKERS:
        raise SettingError(f"jobs is {jobs!r:.60}; give a whole number from 1 to {MOST_WORKERS}.", "jobs")
    return int(jobs)


class _Bar:
    """A bar of sounds done, with words a second and what failed."""

    def __init__(self, total: int, enabled: bool) -> None:
        self._total = total
        self._enabled = enabled
        self._began = time.monotonic()
        self._words = self._failed = 0
        self._bar: Any = None

    def __enter__(self) -> _Bar:
        if self._enabled:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=self._total, unit="file", disable=None, dynamic_ncols=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def done(self, count: int) -> None:
        """Count sounds that were there already; they say nothing about the time left."""
        if self._bar is not None and count:
            self._bar.initial = count
            self._bar.reset(self._total)

    def took(self, outcome: BatchOutcome) -> None:
        """Count a sound, done or failed."""
        self._words += outcome.row.get("words") or 0
        self._failed += bool(outcome.error)
        if self._bar is not None:
            pace = self._words / max(time.monotonic() - self._began, 1e-9)
            failed = f", {self._failed} failed" if self._failed else ""
            self._bar.set_postfix_str(f"{pace:.1f} words/s{failed}", refresh=False)
            self._bar.update(1)
