"""The waits of all utterances of a recording, part by part, as values, figures and a tidy frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from ...formatting import table
from ..latency import LatencyTable, import_pandas
from ..summary import seconds_text, waits_count
from .distribution import Distribution, distribution
from .waterfall import PARTS, Basis, Waterfall

FRAME_COLUMNS = ["number", "part", "start", "seconds", "basis", "within", "why", "counts"]
TOTAL = "total"


@dataclass(frozen=True)
class WaterfallSummary:
    """How the parts of the waits are spread, over the utterances that count.

    Parameters
    ----------
    spread : dict of str to Distribution
        By part, and ``"total"``; a part that no utterance knows is absent. Empty where the sound was sent as
        fast as it was taken: its waits are no one's.
    basis : dict of str to str
        What most of a part's values are: measured, inferred or unknown.
    conditions : str
        How it was measured: n, chunk length, pace, where speech ends.
    """

    spread: dict[str, Distribution]
    basis: dict[str, Basis]
    conditions: str

    def __getitem__(self, part: str) -> Distribution:
        if part not in self.spread:
            raise KeyError(f"{part} is not known of any utterance: {self}")
        return self.spread[part]

    def __str__(self) -> str:
        medians = [f"{_printed(part)} {one.p50.value:.2f} s" for part, one in self.spread.items()]
        return f"medians: {', '.join(medians) or 'none'} ({self.conditions})"

    def to_frame(self) -> Any:
        """Return a pandas DataFrame: a row a part, its percentiles (s) with their intervals, n and basis.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        rows = [
            {"part": part, "basis": self.basis[part], **one.to_row()} for part, one in self.spread.items()
        ]
        empty = {"part": "", "basis": "", **distribution([0.0]).to_row()}
        return import_pandas().DataFrame(rows, columns=list(empty)).set_index("part")

    def _repr_html_(self) -> str:
        rows = [
            [_printed(part), str(one.n), *map(str, (one.p50, one.p95, one.p99)), self.basis[part]]
            for part, one in self.spread.items()
        ]
        return table(["", "n", "p50 (95 %)", "p95", "p99", ""], rows, self.conditions)


class WaterfallTable(Sequence[Waterfall]):
    """The waits of a recording's utterances, each taken apart; see `Recording.waterfall`.

    Parameters
    ----------
    rows : sequence of Waterfall
        One an utterance, in order.
    latency : LatencyTable
        The same utterances' delays: how they were measured.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording
    >>> waits = Recording().waterfall()
    >>> len(waits), str(waits.summary())
    (0, 'medians: none (n = 0; as fast as taken; speech ends by the service)')
    """

    def __init__(self, rows: Sequence[Waterfall], latency: LatencyTable) -> None:
        self._rows = tuple(rows)
        self.latency = latency

    @overload
    def __getitem__(self, index: int) -> Waterfall: ...

    @overload
    def __getitem__(self, index: slice) -> WaterfallTable: ...

    def __getitem__(self, index: int | slice) -> Waterfall | WaterfallTable:
        if isinstance(index, slice):
            return WaterfallTable(self._rows[index], self.latency[index])
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"WaterfallTable({len(self)} utterances, {self.summary()})"

    def summary(self) -> WaterfallSummary:
        """Return how each part is spread over the utterances that silence closed, with n and intervals."""
        conditions = self.latency.summary().conditions
        counted = [row for row in self if row.counts] if waits_count(self.latency.pace) else []
        values = {name: [row[name].seconds for row in counted] for name in PARTS}
        values[TOTAL] = [row.total for row in counted]
        known = {name: [one for one in some if one is not None] for name, some in values.items()}
        spread = {name: distribution(some) for name, some in known.items() if some}
        basis = {name: _basis(counted, name) for name in spread}
        return WaterfallSummary(spread, basis, conditions)

    def to_frame(self) -> Any:
        """Return a tidy pandas DataFrame: a row for each part of each utterance, times in seconds.

        ``start`` counts from when the last sample of speech left (in manual mode the commit); a part that is
        not known has no figures, and says in ``within`` in which part its time lies.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        rows = [
            [row.number, part.name, part.start, part.seconds, part.basis, part.within, part.why, row.counts]
            for row in self for part in row.parts
        ]
        return import_pandas().DataFrame(rows, columns=FRAME_COLUMNS)

    def _repr_html_(self) -> str:
        """Return a table: utterances down, parts across; ``≈`` is inferred, ``?`` not known."""
        stated = waits_count(self.latency.pace)
        rows = [
            [str(row.number), *(_cell(row, name) for name in PARTS), seconds_text(row.total)]
            for row in self if row.parts and stated
        ]
        below = f"≈ inferred, ? not known; {self.summary()}" if rows else str(self.latency.summary())
        return table(["", *map(_printed, PARTS), "Total"], rows, below)


def _basis(rows: Sequence[Waterfall], name: str) -> Basis:
    """Return what most rows say of a part; a total is measured, both its ends are."""
    if name == TOTAL:
        return "measured"
    counts = Counter(row[name].basis for row in rows if row[name].seconds is not None)
    return counts.most_common(1)[0][0]


def _printed(part: str) -> str:
    return PARTS.get(part, part)


def _cell(row: Waterfall, name: str) -> str:
    part = row[name]
    if part.seconds is None:
        return "?"
    return f"{'≈ ' if part.basis == 'inferred' else ''}{part.seconds:.3f} s"
