"""Utterances: what was recognised in one stretch of speech, as a frozen value, and a session's list of them.

An utterance of the list is found by its item, or, before the service has made one, by the client's own turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from .cloud_facts import SHORT_SPEECH_S
from .compressed import Compressed
from .partials import Partial, Partials

EndedBy = Literal["silence", "finish", "commit", "lost", "limit"]
EndSource = Literal["service", "estimated", "client", "commit", "bound"]
Status = Literal["speaking", "stopped", "final", "failed", "lost"]


@dataclass(frozen=True)
class Utterance:
    """One stretch of speech and what was recognised in it. Positions are seconds on the recording's timeline.

    Parameters
    ----------
    number : int
        1 for the first utterance of the recording.
    item_id : str
        The service's name for it; empty while a turn that the client found has none yet.
    start : float or None
        As the service reported it, prefix padding included; in manual mode the end of the last commit. None
        while unknown.
    end : float or None
        Where speech ends, see ``end_source``. None while unknown.
    onset : float or None
        Where speech begins. None in manual mode, where nobody detects it.
    onset_source : {"service", "estimated", "client", None}
        Whether the service said the onset, it is ``start`` plus the padding in force, or the client takes
        turns itself: then ``start``, ``onset`` and ``end`` are what its own detector found.
    end_source : {"service", "estimated", "client", "commit", "bound", None}
        Whether the service said the end; it is estimated, as the service reports the end of the silence
        (see `cloud_facts`); the client's own detector found it; it is that of a commit; or nobody said it
        and it is the last sound that can belong to the utterance.
    reported_end : float or None
        Where the service said that the turn closed, silence included where it counts it in.
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
        Every partial result, oldest first; compressed once there will be no more (see `Compressed`).
    started_at, stopped_at, committed_at, final_at : float or None
        Times of arrival of speech_started, speech_stopped, committed and completed (or failed). Where the
        client takes turns, ``started_at`` is when its detector opened the turn and ``stopped_at`` when the
        commit was sent.
    committed_sent_at : float or None
        Manual mode, and where the client takes turns: when the commit was sent.
    usage : Mapping or None
        What the service says it counts for this utterance.
    """

    number: int
    item_id: str
    start: float | None = None
    onset: float | None = None
    end: float | None = None
    onset_source: Literal["service", "estimated", "client"] | None = None
    end_source: EndSource | None = None
    reported_end: float | None = None
    text: str = ""
    settled: str = ""
    draft: str = ""
    language: str | None = None
    emotion: str | None = None
    ended_by: EndedBy | None = None
    status: Status = "speaking"
    error: Mapping[str, Any] | None = None
    partials: Sequence[Partial] = Partials()
    started_at: float | None = None
    stopped_at: float | None = None
    committed_at: float | None = None
    final_at: float | None = None
    committed_sent_at: float | None = None
    usage: Mapping[str, Any] | None = None

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Utterance:
        """Return itself: what never changes is shared by the copies of a session."""
        return self

    @property
    def open(self) -> bool:
        """Whether a transcript is still to come."""
        return self.status in ("speaking", "stopped")

    @property
    def estimated(self) -> bool:
        """Whether the end of speech is an estimate or a bound rather than what somebody said."""
        return self.end_source in ("estimated", "bound")

    @property
    def is_draft(self) -> bool:
        """Whether its text is a draft that no final transcript will replace."""
        return bool(self.text) and self.status in ("failed", "lost")

    @property
    def speech(self) -> float | None:
        """Seconds from the onset to the end of speech; None where either is not known."""
        if self.onset is None or self.end is None or self.end_source == "bound":
            return None
        return round(self.end - self.onset, 6)

    @property
    def short(self) -> bool:
        """Whether so little speech was in it that its words may be invented: silence and music bring such."""
        return self.status == "final" and self.speech is not None and self.speech < SHORT_SPEECH_S


class UtteranceList:
    """Utterances in the order in which they began; one that changes is replaced.

    A turn that the client's own detector found is listed before the service knows of it. It waits for its
    commit to be sent, then for the item that the commit makes: the next item that was not known before.

    Parameters
    ----------
    first_number : int
        Number of the first utterance.

    Examples
    --------
    >>> utterances = UtteranceList()
    >>> utterances.open_turn(start=0.7, onset=1.0, time=1.2)
    >>> utterances.close_turn(end=2.0, ended_by="silence")
    >>> utterances.commit_turn(2.8)
    True
    >>> utterances.find("item_1").stopped_at
    2.8
    """

    def __init__(self, first_number: int = 1) -> None:
        self._first_number = first_number
        self._values: list[Utterance] = []
        self._index: dict[str, int] = {}
        self._uncommitted: deque[int] = deque()
        self._unnamed: deque[int] = deque()

    @property
    def values(self) -> tuple[Utterance, ...]:
        """All of them."""
        return tuple(self._values)

    @property
    def newest_item(self) -> str:
        """The id of the newest item whose transcript is still to come; empty where there is none."""
        return next((one.item_id for one in reversed(self._values) if one.open and one.item_id), "")

    def find(self, item_id: str) -> Utterance:
        """Return the utterance of an item; a new item is the client's turn that awaits one, else added."""
        if item_id not in self._index and self._unnamed:
            self._index[item_id] = self._unnamed.popleft()
            self._put(self._index[item_id], item_id=item_id)
        elif item_id not in self._index:
            self._index[item_id] = self._add(item_id)
        return self._values[self._index[item_id]]

    def change(self, item_id: str, **changes: Any) -> None:
        """Change fields of an item's utterance."""
        self.find(item_id)
        self._put(self._index[item_id], **changes)

    def lose(self, time: float, statuses: tuple[Status, ...], heard: float) -> None:
        """Mark as lost the utterances whose status is one of these; ``heard`` is where the audio ends."""
        for index, utterance in enumerate(self._values):
            if utterance.status in statuses:
                stopped = utterance.stopped_at if utterance.stopped_at is not None else time
                self._put(index, status="lost", ended_by="lost", stopped_at=stopped)
                self._bound(index, heard)

    def bound(self, item_id: str, heard: float) -> None:
        """End an item's utterance whose end nobody has said at the last sound that can belong to it."""
        self.find(item_id)
        self._bound(self._index[item_id], heard)

    def _bound(self, index: int, heard: float) -> None:
        """The sound up to ``heard``, or up to the start of the next utterance, can belong to it."""
        utterance = self._values[index]
        if utterance.start is None or (utterance.end is not None and utterance.end_source != "bound"):
            return
        following = (one.start for one in self._values[index + 1 :])
        last = min([heard, *(start for start in following if start is not None)][:2])
        first = utterance.start if utterance.onset is None else utterance.onset
        self._put(index, end=max(last, first), end_source="bound")

    def bound_by_next(self, item_id: str) -> None:
        """Let an item that has begun end the one before it, where nobody has said the end of that."""
        index = self._index[item_id] - 1
        before = self._values[index] if index >= 0 else None
        if before is not None and before.end_source == "bound" and before.end is not None:
            self._bound(index, before.end)

    # ---- turns that the client finds

    def open_turn(self, start: float, onset: float, time: float) -> None:
        """Add a turn that the client has opened."""
        index = self._add("")
        self._put(index, start=start, onset=onset, onset_source="client", started_at=time)
        self._uncommitted.append(index)
        self._unnamed.append(index)

    def close_turn(self, end: float, ended_by: EndedBy) -> None:
        """Close the turn opened last; one that was lost meanwhile stays as it is."""
        if self._uncommitted and self._values[self._uncommitted[-1]].open:
            index = self._uncommitted[-1]
            self._put(
                index, end=end, reported_end=end, end_source="client", ended_by=ended_by,
                status=later(self._values[index].status, "stopped"),
            )

    def commit_turn(self, time: float) -> bool:
        """Assign a commit just sent to the client's oldest uncommitted turn; return whether there is one."""
        if not self._uncommitted:
            return False
        self._put(self._uncommitted.popleft(), stopped_at=time, committed_sent_at=time)
        return True

    def refuse_turn(self, error: Mapping[str, Any], time: float) -> bool:
        """Fail the oldest turn whose commit got no answer, which is refused; return whether there is one."""
        if not self._unnamed or self._values[self._unnamed[0]].committed_sent_at is None:
            return False
        self._put(self._unnamed.popleft(), status="failed", error=dict(error), final_at=time)
        return True

    def _add(self, item_id: str) -> int:
        self._values.append(Utterance(self._first_number + len(self._values), item_id))
        return len(self._values) - 1

    def _put(self, index: int, **changes: Any) -> None:
        changed = replace(self._values[index], **changes)
        if changed.partials and not changed.open and not isinstance(changed.partials, Compressed):
            changed = replace(changed, partials=Compressed(changed.partials))
        self._values[index] = changed


def later(now: Status, then: Status) -> Status:
    """Return the status to take: one that was reached is not left again for an earlier one."""
    return then if now == "speaking" else now
