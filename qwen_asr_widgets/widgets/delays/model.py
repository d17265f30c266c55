"""What views of the waits of a run are told: their parts, how these are spread, and an utterance's lines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from ...protocol.utterance import Utterance
from ...recording import Recording
from ...recording.delays.distribution import Distribution
from ...recording.delays.stability import Revision, StabilityTable, WordSettling, revisions, settlings
from ...recording.delays.waterfall import Waterfall
from ...recording.latency import TimedUtterance
from ...recording.summary import waits_count
from ...recording.text import units
from ..shared.commands import Command, Commands, Within
from ..shared.run_messages import is_growing
from ..shared.throttle import Message

MOST_UTTERANCES = 1_000_000


@dataclass(frozen=True)
class DelaysChoice:
    """Show the waits taken apart, or no longer."""

    on: bool


@dataclass(frozen=True)
class RevisionsRequest:
    """A view wants every line that was shown of an utterance."""

    number: Annotated[int, Within(1, MOST_UTTERANCES)]


class DelaysModel:
    """Says in messages what the waits of a run consist of. Thread-safe.

    Views are told ``delays`` (every wait) whenever an utterance has come to its end, and, where they ask,
    ``revisions``: the lines of an utterance.

    Parameters
    ----------
    recording : Recording
        Over or growing.
    source : str
        The name under which views of the page know it.

    Examples
    --------
    >>> model = DelaysModel(Recording(), "a")
    >>> [content["kind"] for content, _ in model.opening()], model.changes()
    (['delays'], [])
    """

    def __init__(self, recording: Recording, source: str) -> None:
        self._recording = recording
        self._source = source
        self._version = -1
        self._told: tuple[int, int, bool] | None = None
        self._known: dict[int, tuple[TimedUtterance, tuple[WordSettling, ...]]] = {}
        self._lock = threading.Lock()

    def opening(self) -> list[Message]:
        """Return all waits."""
        with self._lock:
            self._told = self._reached()
            return [self._message()]

    def changes(self) -> list[Message]:
        """Return all waits where one has changed since views were told last."""
        with self._lock:
            version = self._recording.version
            if version == self._version:
                return []
            self._version, reached = version, self._reached()
            if reached == self._told:
                return []
            self._told = reached
            return [self._message()]

    def revisions(self, wanted: RevisionsRequest) -> list[Message]:
        """Return the lines of an utterance; nothing where there is no such utterance."""
        found = next((one for one in self._recording.utterances if one.number == wanted.number), None)
        if found is None:
            return []
        began = found.onset if found.onset is not None else found.start
        return [({
            "kind": "revisions", "source": self._source, "number": found.number, "onset": began,
            "lines": list(_lines(found)),
        }, [])]

    def _reached(self) -> tuple[int, int, bool]:
        """Return how far the run has come: finals, finals that were painted, and whether more is to come."""
        finals = sum(one.status == "final" for one in self._recording.utterances)
        return finals, len(self._recording.painted), is_growing(self._recording)

    def _message(self) -> Message:
        waits = self._recording.waterfall()
        stability = StabilityTable(self._words(), (), waits.latency)
        summary, share = waits.summary(), stability.revised_share
        return {
            "kind": "delays", "source": self._source, "stated": waits_count(waits.latency.pace),
            "waits": [_wait(row) for row in waits if row.parts],
            "spread": [[part, summary.basis[part], *_figures(one)] for part, one in summary.spread.items()],
            "words": [[name, *_figures(one)] for name, one in stability.delays().items()],
            "revised": share, "speech_ends": waits.latency.source,
        }, []

    def _words(self) -> list[WordSettling]:
        """Return when each word stopped changing; an utterance that is as it was is not followed anew."""
        recording, words = self._recording, list[WordSettling]()
        for one in recording.utterances:
            known = self._known.get(one.number)
            if known is None or known[0] is not one:
                found = settlings(one, recording.sent_at, recording.tape.sample_rate)
                known = self._known[one.number] = (one, tuple(found))
            words += known[1]
        return words

    @property
    def commands(self) -> Commands:
        """What a view may ask once it shows the waits."""
        return {"revisions": Command(RevisionsRequest, self.revisions)}


def _wait(row: Waterfall) -> dict[str, Any]:
    parts = [[part.name, part.start, part.seconds, part.basis, part.within] for part in row.parts]
    return {"number": row.number, "total": row.total, "counts": row.counts, "parts": parts}


def _figures(spread: Distribution) -> list[Any]:
    """Return n, then each percentile with its interval, to 0.1 ms."""
    row = spread.to_row()
    return [value if value is None or name == "n" else round(value, 4) for name, value in row.items()]


def _lines(utterance: Utterance) -> Iterator[list[Any]]:
    """Yield [time, line, letters settled, letters kept of the line before, what it took back, is final]."""
    before = ""
    for one in revisions(utterance):
        line = one.settled + one.draft
        yield [
            round(one.time, 4), line, len(one.settled), _reach(line, one, utterance.language),
            before[_reach(before, one, utterance.language) :] if one.taken_back else "", one.final,
        ]
        before = line


def _reach(line: str, revision: Revision, language: str | None) -> int:
    """Return how many letters of a line its words that were kept take, with the space before them."""
    at = 0
    for unit in units(line, language)[: revision.kept]:
        at = line.index(unit, at) + len(unit)
    return at
