"""The transcript of a recording as the table that a notebook shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...formatting import clock, table
from ...glossary import heading
from ..latency import LatencyTable, TimedUtterance, UtteranceLatency
from ..log.run_info import RunInfo
from ..summary import no_waits_text, seconds_text, waits_count

COLUMNS = ("first_partial", "endpoint_delay", "decode_delay", "finalization")
"""The delays that stand beside an utterance."""

END_NOTES = {
    "estimated": "≈: an estimate, as this service reports where the silence after speech ends",
    "bound": "≈: the latest that speech can have ended, as nobody reported it",
}
"""Why an end of speech is not exact, by its ``end_source``."""


def transcript_table(utterances: Sequence[TimedUtterance], latency: LatencyTable, below: str) -> str:
    """Return utterances as an HTML table, with waits where they say what a person would wait.

    Parameters
    ----------
    utterances : sequence of TimedUtterance
        One a row.
    latency : LatencyTable
        Theirs.
    below : str
        What stands below the table.
    """
    waits = waits_count(latency.pace)
    head = ["", "Time", "Transcript"]
    head += list(map(heading, COLUMNS)) if waits else []
    reasons = {one.end_source: None for one in utterances if one.estimated and one.end is not None}
    below = " · ".join([below, *(END_NOTES[str(reason)] for reason in reasons)])
    return table(head, [_row(one, row, waits) for one, row in zip(utterances, latency)], below)


def summary_line(info: RunInfo, latency: LatencyTable, complete: bool, notes: Sequence[str]) -> str:
    """Return what stands below a recording's table: how many utterances, by whom, how quick, what went wrong.

    Parameters
    ----------
    info : RunInfo
        How the recording was made.
    latency : LatencyTable
        The waits of its utterances.
    complete : bool
        Whether all of it was answered.
    notes : sequence of str
        What was out of the ordinary.
    """
    return " · ".join(_parts(info, latency, complete, notes))


def _parts(info: RunInfo, latency: LatencyTable, complete: bool, notes: Sequence[str]) -> Iterator[str]:
    count, waits = len(latency), waits_count(latency.pace)
    yield f"{count} utterance{'' if count == 1 else 's'}"
    if info.made_by:
        yield info.made_by
    if info.turns_by and not waits:
        yield info.turns_by
    yield str(latency.summary()) if waits else no_waits_text(latency.pace)
    if not complete:
        yield "incomplete"
    yield from notes


def _row(utterance: TimedUtterance, latency: UtteranceLatency, waits: bool) -> list[str]:
    start = utterance.onset if utterance.onset is not None else utterance.start
    end = f"{'≈ ' if utterance.estimated else ''}{clock(utterance.end)}" if utterance.end else "…"
    span = "" if start is None else f"{clock(start)} – {end}"
    text = " ".join(filter(None, [utterance.text, *_remarks(utterance)]))
    delays = (getattr(latency, name) for name in COLUMNS)
    return [str(utterance.number), span, text, *(map(seconds_text, delays) if waits else ())]


def _remarks(utterance: TimedUtterance) -> Iterator[str]:
    """Yield in brackets what a reader must know of an utterance's text."""
    if utterance.status == "failed":
        yield "(draft, no transcript)" if utterance.text else "(no transcript)"
    if utterance.status == "lost":
        yield "(draft, lost)" if utterance.text else "(lost)"
    if utterance.short:
        yield f"({utterance.speech:.1f} s of speech)"
