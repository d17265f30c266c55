"""What a service has done, counted, in the text format that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..workers.messages import FinalText, RecognizerFailed, WorkerResult
from ..workers.pool import WorkerPool

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds (s) of the histogram of final passes."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class ServiceMetrics:
    """Counters since the service began.

    Parameters
    ----------
    sessions_total, refused_total : int
        Sessions that were opened, and those of them closed because too many sent sound.
    failed_total : int
        Utterances without a text.
    lost_total : int
        Processes of recognisers that have ended while they worked.
    decode_seconds : float
        Wall time (s) of all final passes.
    decodings : list of int
        Final passes by their wall time: up to each of `BUCKETS`, the last beyond them.

    Examples
    --------
    >>> metrics = ServiceMetrics()
    >>> metrics.recognised(FinalText("a", "words", 0.2))
    >>> metrics.finals_total, metrics.decode_seconds
    (1, 0.2)
    """

    sessions_total: int = 0
    refused_total: int = 0
    failed_total: int = 0
    lost_total: int = 0
    decode_seconds: float = 0.0
    decodings: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))

    @property
    def finals_total(self) -> int:
        """Final texts."""
        return sum(self.decodings)

    def recognised(self, result: WorkerResult) -> None:
        """Count a result of a recogniser."""
        if isinstance(result, FinalText):
            self.decode_seconds += result.seconds
            self.decodings[bisect_left(BUCKETS, result.seconds)] += 1
        elif isinstance(result, RecognizerFailed) and result.item_id is not None:
            self.failed_total += 1

    def text(self, engine: str, connections: int, pool: WorkerPool, behind: float) -> str:
        """Return all as Prometheus reads it.

        Parameters
        ----------
        engine : str
            What recognises.
        connections : int
            Clients now.
        pool : WorkerPool
            Knows how many of them have a recogniser, in how many processes.
        behind : float
            Seconds by which the slowest session's recogniser is behind.
        """
        escaped = engine.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        rows = [
            ("info", "gauge", "What recognises.", f'{{engine="{escaped}"}} 1'),
            ("connections", "gauge", "Clients that are connected.", f" {connections}"),
            ("sessions", "gauge", "Sessions that have a recogniser.", f" {pool.sessions}"),
            ("sessions_limit", "gauge", "Sessions that may have one at a time.", f" {pool.most_sessions}"),
            ("workers", "gauge", "Processes that work for sessions.", f" {pool.workers}"),
            ("workers_limit", "gauge", "Processes that may work at a time.", f" {pool.most_workers}"),
            ("workers_lost_total", "counter", "Processes that ended at work.", f" {self.lost_total}"),
            ("sessions_total", "counter", "Sessions that were opened.", f" {self.sessions_total}"),
            ("sessions_refused_total", "counter", "Sessions over the limit.", f" {self.refused_total}"),
            ("recognizer_behind_seconds", "gauge", "Lag of the slowest session.", f" {behind:.3f}"),
            ("finals_total", "counter", "Final texts.", f" {self.finals_total}"),
            ("failed_total", "counter", "Utterances without a text.", f" {self.failed_total}"),
        ]
        lines = [
            f"# HELP qaw_{name} {about}\n# TYPE qaw_{name} {kind}\nqaw_{name}{value}"
            for name, kind, about, value in rows
        ]
        return "\n".join([*lines, *self._histogram()]) + "\n"

    def _histogram(self) -> Iterator[str]:
        name = "qaw_decode_seconds"
        yield f"# HELP {name} Wall time of final passes.\n# TYPE {name} histogram"
        count = 0
        for bound, found in zip([*map(str, BUCKETS), "+Inf"], self.decodings):
            count += found
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f"{name}_sum {self.decode_seconds:.6f}\n{name}_count {self.finals_total}"
