"""An utterance: one stretch of speech and what was recognised in it, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

EndedBy = Literal["silence", "finish", "commit", "lost", "limit"]
Status = Literal["speaking", "stopped", "final", "failed", "lost"]


@dataclass(frozen=True)
class Partial:
    """One partial result: ``text`` is settled, ``stash`` may still change; ``time`` as given to `receive`."""

    time: float
    text: str
    stash: str


@dataclass(frozen=True)
class Utterance:
    """One stretch of speech and what was recognised in it. Positions are seconds on the recording's timeline.

    Parameters
    ----------
    number : int
        1 for the first utterance of the recording.
    item_id : str
        The service's name for it; empty while a turn that the client found has none yet.
    start, end : float or None
        As the service reported them, prefix padding included in ``start``; in manual mode the audio
        between two commits. None while unknown.
    onset : float or None
        Where speech begins. None in manual mode, where nobody detects it.
    onset_source : {"service", "estimated", "client", None}
        Whether the service said the onset, it is ``start`` plus the padding in force, or the client takes
        turns itself: then ``start``, ``onset`` and ``end`` are what its own detector found.
    text : str
        The final transcript, else what is settled followed by the draft.
    settled, draft : str
        The part that no longer changes and the part that may.
    language, emotion : str or None
        As the service said last; None where it does not know.
    ended_by : {"silence", "finish", "commit", "lost", "limit", None}
        What closed it. "limit": the service closes a turn of 60 s.
    status : {"speaking", "stopped", "final", "failed", "lost"}
        How far it has come.
    error : Mapping or None
        Why there is no transcript (``status == "failed"``).
    partials : sequence of Partial
        Every partial result, oldest first; packed once there will be no more (see `Compressed`).
    started_at, stopped_at, committed_at, final_at : float or None
        Times of arrival of speech_started, speech_stopped, committed and completed (or failed). Where the
        client takes turns, ``started_at`` is when its detector opened the turn and ``stopped_at`` when the
        commit was sent.
    committed_sent_at : float or None
        Manual mode, and where the client takes turns: when the commit was sent.
    """

    number: int
    item_id: str
    start: float | None = None
    onset: float | None = None
    end: float | None = None
    onset_source: Literal["service", "estimated", "client"] | None = None
    text: str = ""
    settled: str = ""
    draft: str = ""
    language: str | None = None
    emotion: str | None = None
    ended_by: EndedBy | None = None
    status: Status = "speaking"
    error: Mapping[str, Any] | None = None
    partials: Sequence[Partial] = ()
    started_at: float | None = None
    stopped_at: float | None = None
    committed_at: float | None = None
    final_at: float | None = None
    committed_sent_at: float | None = None

    @property
    def open(self) -> bool:
        """Whether a transcript is still to come."""
        return self.status in ("speaking", "stopped")
