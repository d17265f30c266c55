"""Sentences on what was out of the ordinary in a run: lost connections, errors, missing transcripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import ServiceError
from ...formatting import clock
from ...protocol.utterance import Utterance
from .run_log import RunLog
from .sessions import Gap

_WHY_NEW = {
    "settings": "A new session began for other settings",
    "renewed": "A new session began before the service's limit",
    "again": "The recording was taken up again",
}
_MOST_PLACES = 5


def notes_text(log: RunLog) -> Iterator[str]:
    """Yield a sentence on each thing that the log of a run shows to have been out of the ordinary."""
    sessions = log.sessions
    yield from gaps_text(log.gaps)
    yield from (f"The service reported: {ServiceError.from_wire(event.error)}" for event in sessions.errors)
    yield from (violation.reason for violation in sessions.violations)
    for count, what in zip(sessions.left_out, ("errors", "events that were not allowed")):
        if count:
            yield f"There were {count:,} more {what}"
    yield from failures_text(log.failed)


def failures_text(failed: Sequence[Utterance]) -> Iterator[str]:
    """Yield the sentence on utterances without a transcript, if there are any, with the first one's reason.

    Examples
    --------
    >>> list(failures_text([Utterance(1, "a", status="failed", error={"message": "the engine stopped"})]))
    ['1 utterance has no transcript: the engine stopped']
    """
    if failed:
        count, error = len(failed), failed[0].error or {}
        why = str(error.get("message") or error.get("code") or "the service did not say why")
        yield f"{count} utterance{' has' if count == 1 else 's have'} no transcript: {why}"


def gaps_text(gaps: Sequence[Gap]) -> Iterator[str]:
    """Yield in one sentence each why sessions followed one another, and where.

    Examples
    --------
    >>> list(gaps_text([Gap(at=20.1, start=18.0, lost=20.2, resumed=20.8, why="lost", reason="code 1011")]))
    ['The connection was lost at 0:20.1 (code 1011), for 0.6 s in all; what had no answer was sent again']
    """
    lost = [gap for gap in gaps if gap.why == "lost"]
    if lost:
        times = f" {len(lost)} times," if len(lost) > 1 else ""
        seconds = sum(gap.seconds for gap in lost)
        yield (
            f"The connection was lost{times} at {_places(lost)}, for {seconds:.1f} s in all; what had no "
            "answer was sent again"
        )
    for why, text in _WHY_NEW.items():
        others = [gap for gap in gaps if gap.why == why]
        if others:
            yield f"{text} at {_places(others)}"


def _places(gaps: Sequence[Gap]) -> str:
    """Return the first few places, each with what was said where the connection was lost."""
    places = [f"{clock(gap.at)}{f' ({gap.reason})' if gap.reason else ''}" for gap in gaps[:_MOST_PLACES]]
    return ", ".join(places) + (" …" if len(gaps) > _MOST_PLACES else "")
