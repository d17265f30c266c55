"""Who works on a batch: threads or processes of our own, or any executor, a bounded number of jobs ahead.

Data flow: jobs go out in order, at most a few more than there are workers; outcomes come back as they are
ready. A process that dies takes the jobs that were with it; those are tried again one by one at the end, so
that only the one that kills its process is lost.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait,
)
from queue import SimpleQueue
from typing import Any

from ...client.embedded import EmbeddedEndpoint
from ...errors import WorkerLost
from .jobs import BatchJob
from .work import BatchOptions, BatchOutcome, failed, never, transcribe_job

AHEAD = 64
"""Jobs handed to an executor that is not ours ahead of their outcomes: how many workers it has is unknown."""

DIED = "WorkerLost: its worker process died while this sound was transcribed"

_stop: Any = None
"""In a worker process of ours: the event that ends the batch."""


class Workers:
    """Runs jobs; use it in a ``with`` block.

    Parameters
    ----------
    options : BatchOptions
        What holds for all jobs.
    executor : Executor or None
        Whose workers; None: our own, which can be stopped in the middle of a sound.
    count : int
        Number of our own. With the embedded service each is a process with a service of its own, for its
        recogniser and ours keep a core busy together; other services are waited for in threads, where keys
        stay in this process.
    """

    def __init__(self, options: BatchOptions, executor: Executor | None, count: int) -> None:
        self._options = options
        self._count = count
        self._given = executor
        self._in_processes = count > 1 and isinstance(options.endpoint, EmbeddedEndpoint)
        context = multiprocessing.get_context("spawn")
        self._context = context
        self._stop = context.Event() if self._in_processes else threading.Event()
        self._pending: dict[Future[BatchOutcome], tuple[BatchJob, Executor]] = {}
        self._ready: SimpleQueue[Future[BatchOutcome]] = SimpleQueue()
        self._pool = executor or self._make_pool()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._pending:
            future.cancel()
        if self._given is None:
            self._stop.set()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def outcomes(self, jobs: Sequence[BatchJob]) -> Iterator[tuple[BatchJob, BatchOutcome]]:
        """Yield each job with what came of it, as they are ready.

        Raises
        ------
        WorkerLost
            The executor that was given broke.
        """
        suspects: list[BatchJob] = []
        yield from self._run(jobs, AHEAD if self._given is not None else 2 * self._count, suspects)
        for job in suspects:
            died: list[BatchJob] = []
            yield from self._run([job], 1, died)
            yield from ((one, failed(one, DIED)) for one in died)

    def end(self) -> Iterator[tuple[BatchJob, BatchOutcome]]:
        """Make an end now, and yield what our own workers had under way, as far as it came."""
        self._stop.set()
        for future in self._pending:
            future.cancel()
        running = {} if self._given is not None else dict(self._pending)
        for future in wait(running).done:
            if not future.cancelled() and future.exception() is None:
                yield running[future][0], future.result()

    def _run(
        self, jobs: Iterable[BatchJob], ahead: int, suspects: list[BatchJob]
    ) -> Iterator[tuple[BatchJob, BatchOutcome]]:
        """Yield outcomes; jobs that were with a process that died are added to ``suspects``."""
        waiting = iter(jobs)
        while True:
            while len(self._pending) < ahead and (job := next(waiting, None)) is not None:
                self._submit(job, suspects)
            if not self._pending:
                return
            future = self._ready.get()
            job, pool = self._pending.pop(future)
            broken = CancelledError() if future.cancelled() else future.exception()
            if broken is None:
                yield job, future.result()
            else:
                self._lost(broken, pool)
                suspects.append(job)

    def _submit(self, job: BatchJob, suspects: list[BatchJob]) -> None:
        pool = self._pool
        try:
            if self._in_processes:
                future = pool.submit(_in_process, job, self._options)
            elif self._given is not None:
                future = pool.submit(transcribe_job, job, self._options)
            else:
                future = pool.submit(transcribe_job, job, self._options, self._stop.is_set)
        except RuntimeError as broken:
            self._lost(broken, pool)
            suspects.append(job)
        else:
            self._pending[future] = job, pool
            future.add_done_callback(self._ready.put)  # concurrent.futures.wait() overlooks the cancelled

    def _lost(self, broken: BaseException, pool: Executor) -> None:
        """Replace a pool of ours that broke; raise where it was given."""
        if self._given is not None or not isinstance(broken, BrokenExecutor):
            raise WorkerLost(
                f"A worker of the executor was lost ({type(broken).__name__}: {broken}); what was finished "
                "is kept. Call transcribe_all again with the same folder for the rest."
            ) from broken
        if pool is self._pool:
            pool.shutdown(wait=False)
            self._pool = self._make_pool()

    def _make_pool(self) -> Executor:
        if not self._in_processes:
            return ThreadPoolExecutor(self._count, "qaw-batch")
        return ProcessPoolExecutor(self._count, self._context, _begin, (self._stop,))


def _begin(stop: Any) -> None:
    """Begin a worker process: the batch is ended by its event; Ctrl-C is for the process that waits.

    A pool's workers wait for work for ever where their parent was killed; ours end with it.
    """
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="qaw-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_process(job: BatchJob, options: BatchOptions) -> BatchOutcome:
    return transcribe_job(job, options, never if _stop is None else _stop.is_set)
