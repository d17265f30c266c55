"""How long each utterance took, from the sound leaving to the words arriving.

All times are whole milliseconds of the client's clock before they are subtracted, so that
``finalization == endpoint_delay + decode_delay`` holds to the millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, overload

from ..audio.reference import ReferenceTurn
from ..audio.units import seconds_to_ms, seconds_to_samples
from ..errors import MissingDependency
from ..formatting import table, with_units
from ..glossary import heading
from ..protocol.utterance import Utterance
from .summary import MEASURES, LatencySummary, seconds_text, summarize, waits_count
from .text import revised

SentAt = Callable[[int], "float | None"]
"""Returns for a sample (its number) when the chunk with it was sent, in seconds; None where it was not."""

Drift = Callable[[int, float], float]
"""Given a sample and a later time (s): how many seconds more of sound than the run's pace allows were sent
from that sample until that time. Negative where sending paused."""

IsSettled = Callable[[float], bool]
"""Tells whether nothing that follows can change the drift until a time (s)."""

Known = dict[int, "tuple[Utterance, float, TimedUtterance]"]
"""Utterances that were measured, by number, with the last time (s) that a delay of theirs runs to."""

STEADY = 0.3
"""Seconds of drift up to which a delay is still one of the service."""


@with_units(
    number="", onset_delay="s", first_partial="s", endpoint_delay="s", decode_delay="s", finalization="s",
    revised_share="", reference="",
)
@dataclass(frozen=True)
class UtteranceLatency:
    """What one utterance took, in seconds; None where it cannot be known.

    Parameters
    ----------
    number : int
        The utterance's number, from 1.
    onset_delay : float or None
        ``speech_started`` minus the sending of the first speech sample. None where the client takes turns:
        it sends no sample before it has found the speech.
    first_partial : float or None
        The first non-empty partial minus the sending of the first speech sample.
    endpoint_delay : float or None
        ``speech_stopped`` minus the sending of the last speech sample; None in manual mode. Negative where
        the turn was closed before the reference's end. Where the client takes turns, the sending of its
        commit stands for ``speech_stopped`` here and below.
    decode_delay : float or None
        The final transcript minus ``speech_stopped``; in manual mode minus the sending of the commit.
    finalization : float or None
        The final transcript minus the sending of the last speech sample: what a person waits for.
    revised_share : float or None
        Share of the words (characters where the language has no spaces) shown in partials that a later
        partial or the final took back, in [0, 1]; None without partials.
    source : {"reference", "service", "client", "estimated"} or None
        Where the first and last speech sample were taken from; None where neither is known.
    reference : int or None
        Index of the reference turn this utterance was matched to.
    ended_by : str or None
        What closed the turn; summaries take only ``"silence"``.
    off_pace : bool
        Whether a delay is None because its sound did not go out at the run's pace: in a burst after a slow
        connection, or with a pause in it (more than 0.3 s off).

    Examples
    --------
    >>> from qwen_asr_widgets import UtteranceLatency
    >>> row = UtteranceLatency(1, endpoint_delay=0.83, decode_delay=0.19, finalization=1.02)
    >>> parts = (row.endpoint_delay, row.decode_delay)
    >>> round(sum(part for part in parts if part is not None), 3) == row.finalization
    True
    """

    number: int
    onset_delay: float | None = None
    first_partial: float | None = None
    endpoint_delay: float | None = None
    decode_delay: float | None = None
    finalization: float | None = None
    revised_share: float | None = None
    source: str | None = None
    reference: int | None = None
    ended_by: str | None = None
    off_pace: bool = False

    @property
    def cut(self) -> bool:
        """Whether the service closed the turn before its reference turn had ended."""
        return self.reference is not None and self.endpoint_delay is not None and self.endpoint_delay < 0


class LatencyTable(Sequence[UtteranceLatency]):
    """The latency of every utterance of a recording, in order.

    Parameters
    ----------
    rows : sequence of UtteranceLatency
        One per utterance.
    source : {"reference", "service", "client", "estimated"}
        What the ends of speech were taken from: given reference turns, the service's exact report, the
        client's own turns, or the service's report with an onset that is only an estimate.
    chunk_ms, pace : float or None
        How the audio was sent; None where not known (``pace`` None: as fast as it was taken).

    Examples
    --------
    >>> row = UtteranceLatency(1, finalization=1.02, ended_by="silence")
    >>> table = LatencyTable([row], "service", chunk_ms=100, pace=1.0)
    >>> print(table.summary())
    finalization: median 1.02 s, longest 1.02 s (n = 1; 100 ms chunks, real time; speech ends by the service)
    """

    def __init__(
        self,
        rows: Sequence[UtteranceLatency],
        source: str,
        chunk_ms: float | None = None,
        pace: float | None = None,
    ) -> None:
        self._rows = tuple(rows)
        self.source = source
        self.chunk_ms = chunk_ms
        self.pace = pace

    @overload
    def __getitem__(self, index: int) -> UtteranceLatency: ...

    @overload
    def __getitem__(self, index: slice) -> LatencyTable: ...

    def __getitem__(self, index: int | slice) -> UtteranceLatency | LatencyTable:
        if isinstance(index, slice):
            return LatencyTable(self._rows[index], self.source, self.chunk_ms, self.pace)
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LatencyTable):
            return NotImplemented
        return (self._rows, self.source, self.chunk_ms, self.pace) == (
            other._rows, other.source, other.chunk_ms, other.pace
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LatencyTable({len(self)} utterances, {self.summary()})"

    def summary(self) -> LatencySummary:
        """Return percentiles over the utterances that silence closed, with n, chunk length and pace.

        Utterances that the service cut before their reference turn ended are counted apart: their wait
        is not one that a person had. Of sound that was not sent in real time no wait is stated: an
        utterance then waits for all that was sent before it.
        """
        closed = [row for row in self._rows if row.ended_by == "silence"]
        return summarize(
            [row for row in closed if not row.cut], self.source, self.chunk_ms, self.pace,
            cut=sum(row.cut for row in closed),
            left_out=sum(row.ended_by not in (None, "silence") for row in self._rows),
            off_pace=sum(row.off_pace and row.finalization is None for row in closed),
        )

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row per utterance, delays in seconds.

        Raises
        ------
        MissingDependency
            pandas is not installed.
        """
        columns = [field.name for field in fields(UtteranceLatency)]
        return import_pandas().DataFrame(
            [asdict(row) for row in self._rows], columns=columns
        ).set_index("number")

    def _repr_html_(self) -> str:
        stated = MEASURES if waits_count(self.pace) else ()
        rows = [
            [
                str(row.number), *(seconds_text(getattr(row, name)) for name in stated),
                "" if row.revised_share is None else f"{100 * row.revised_share:.0f} %", row.ended_by or "",
            ]
            for row in self
        ]
        head = ["", *map(heading, stated), heading("revised_share"), "Ended by"]
        return table(head, rows, str(self.summary()))


def import_pandas() -> Any:
    """Return the pandas module, or say how to install it."""
    try:
        import pandas
    except ImportError as error:
        raise MissingDependency("A data frame needs pandas: pip install pandas") from error
    return pandas


def measure_utterance(
    utterance: Utterance,
    sent_at: SentAt,
    sample_rate: int,
    reference: Sequence[ReferenceTurn] | None = None,
    index: int | None = None,
    drift: Drift | None = None,
) -> UtteranceLatency:
    """Measure one utterance against the send ledger.

    Parameters
    ----------
    utterance : Utterance
        As the session knows it.
    sent_at : callable
        From a sample index to the time (s) at which its chunk first went out, or None.
    sample_rate : int
        Rate (Hz) of those samples.
    reference : sequence of ReferenceTurn, optional
        Where speech truly began and ended; without it, the service's own report is taken.
    index : int or None
        The reference turn this utterance is matched to; None: its ends of speech are not known.
    drift : callable, optional
        How far sending was off the run's pace; a delay over a stretch that was far off is None.
    """
    said_end = None if utterance.end_source == "bound" else utterance.end
    speech: tuple[float | None, float | None] = (utterance.onset, said_end)
    told = utterance.onset_source
    is_said = told in ("service", "client") and utterance.end_source != "estimated"
    source: str | None = told if is_said else "estimated"
    if reference is not None:
        turn = reference[index] if index is not None else None
        speech = (turn.start, turn.end) if turn else (None, None)
        source = "reference"
    sending = _Sending(sent_at, drift, bursts=told == "client")
    begin, end = _sample(speech[0], sample_rate, 0), _sample(speech[1], sample_rate, -1)
    heard = next((partial.time for partial in utterance.partials if partial.text or partial.stash), None)
    final = utterance.final_at if utterance.status == "final" else None
    stopped = utterance.stopped_at if said_end is not None else None
    endpoint = sending.delay(end, stopped)
    return UtteranceLatency(
        number=utterance.number,
        onset_delay=None if told == "client" else sending.delay(begin, utterance.started_at),
        first_partial=sending.delay(begin, heard, stopped),
        endpoint_delay=endpoint,
        decode_delay=_delay(final, utterance.committed_sent_at if stopped is None else stopped),
        finalization=None if endpoint is None or end is None else _delay(final, sent_at(end)),
        revised_share=revised(utterance),
        source=source if sending.known(begin) or sending.known(end) else None,
        reference=index,
        ended_by=utterance.ended_by,
        off_pace=sending.off_pace,
    )


class _Sending:
    """Delays since the sending of a sample, where the sound went out at the run's pace since then.

    With ``bursts``, sound may go out too soon: a client that takes turns sends what it held back in one, and
    nothing after its commit.
    """

    def __init__(self, sent_at: SentAt, drift: Drift | None, bursts: bool) -> None:
        self._sent_at = sent_at
        self._drift = drift
        self._bursts = bursts
        self.off_pace = False

    def known(self, sample: int | None) -> bool:
        return sample is not None and self._sent_at(sample) is not None

    def delay(self, sample: int | None, until: float | None, closed: float | None = None) -> float | None:
        if sample is None or until is None:
            return None
        if self._is_off(sample, until if closed is None or not self._bursts else min(until, closed)):
            self.off_pace = True
            return None
        return _delay(until, self._sent_at(sample))

    def _is_off(self, sample: int, until: float) -> bool:
        drift = self._drift(sample, until) if self._drift is not None else 0.0
        return drift < -STEADY or (drift > STEADY and not self._bursts)


def measure_by_reference(
    utterances: Sequence[Utterance], sent_at: SentAt, sample_rate: int, reference: Sequence[ReferenceTurn],
    drift: Drift | None = None,
) -> list[UtteranceLatency]:
    """Measure every utterance from the reference turn it matches (`match_reference`).

    One without a match keeps its ``decode_delay`` and ``revised_share``; its other delays are None.
    """
    return [
        measure_utterance(utterance, sent_at, sample_rate, reference, index, drift)
        for utterance, index in zip(utterances, match_reference(utterances, reference))
    ]


def match_reference(
    utterances: Sequence[Utterance], reference: Sequence[ReferenceTurn]
) -> list[int | None]:
    """Match utterances to reference turns one to one, the greatest overlap in time first.

    Ties go to the earlier utterance, then to the earlier turn. What overlaps nothing has no match.

    Returns
    -------
    list of int or None
        For each utterance the index of its reference turn.
    """
    overlaps = []
    for position, utterance in enumerate(utterances):
        begin = utterance.onset if utterance.onset is not None else utterance.start
        if begin is None or utterance.end is None:
            continue
        for index, turn in enumerate(reference):
            overlap = min(utterance.end, turn.end) - max(begin, turn.start)
            if overlap > 0:
                overlaps.append((-overlap, position, index))
    matches: list[int | None] = [None] * len(utterances)
    taken: set[int] = set()
    for _, position, index in sorted(overlaps):
        if matches[position] is None and index not in taken:
            matches[position] = index
            taken.add(index)
    return matches


def table_source(rows: Sequence[UtteranceLatency]) -> str:
    """Return what a table must say of itself: one estimated row makes it an estimate."""
    sources = {row.source for row in rows}
    return next((source for source in ("estimated", "client") if source in sources), "service")


def _sample(position: float | None, sample_rate: int, offset: int) -> int | None:
    """Return the sample at a position (s); ``offset`` -1 takes the one before it."""
    return None if position is None else max(0, seconds_to_samples(position, sample_rate) + offset)


def _delay(later: float | None, earlier: float | None) -> float | None:
    """Return the seconds between two times, each rounded to a millisecond first."""
    if later is None or earlier is None:
        return None
    return (seconds_to_ms(later) - seconds_to_ms(earlier)) / 1_000


@dataclass(frozen=True)
class TimedUtterance(Utterance):
    """An utterance and its delays, by the service's own report of where speech began and ended.

    Parameters
    ----------
    latency : UtteranceLatency
        See there; with reference turns, `Recording.latency` measures anew.
    """

    latency: UtteranceLatency = UtteranceLatency(0)


class UtteranceTimer:
    """Measures each utterance once: a frozen value that has not been replaced is not measured again.

    Parameters
    ----------
    sent_at : callable
        The send ledger. A sample is sent before the service can speak of it, so what was measured holds.
    sample_rate : int
        Rate (Hz) of the ledger's samples.
    drift : callable
        How far sending was off the pace.
    is_settled : callable
        Whether the drift until a time holds; before that an utterance is measured anew each time.
    known : dict, optional
        What other timers of the same recording have measured; this one reads and adds to it.
    """

    def __init__(
        self, sent_at: SentAt, sample_rate: int, drift: Drift, is_settled: IsSettled,
        known: Known | None = None,
    ) -> None:
        self._sent_at = sent_at
        self._drift = drift
        self._sample_rate = sample_rate
        self._is_settled = is_settled
        self.known: Known = {} if known is None else known

    def timed(self, utterance: Utterance) -> TimedUtterance:
        """Return the utterance with its delays: the same value as long as neither has changed."""
        before = self.known.get(utterance.number)
        if before is not None and before[0] is not utterance:
            before = None
        if before is not None and self._is_settled(before[1]):
            return before[2]
        latency = measure_utterance(utterance, self._sent_at, self._sample_rate, drift=self._drift)
        if before is not None and before[2].latency == latency:
            return before[2]
        timed = TimedUtterance(**vars(utterance), latency=latency)
        self.known[utterance.number] = (utterance, _last_time(utterance), timed)
        return timed


def _last_time(utterance: Utterance) -> float:
    """Return the last time (s) that a delay of an utterance runs to; 0 where it has none."""
    times = utterance.started_at, utterance.stopped_at, utterance.final_at
    heard = utterance.partials[-1].time if utterance.open and utterance.partials else None
    return max((time for time in (*times, heard) if time is not None), default=0.0)
