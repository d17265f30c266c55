"""The utterances of a session: found by their item, or, before there is one, by the client's own turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .compressed import Compressed
from .utterance import EndedBy, Status, Utterance


class UtteranceList:
    """Utterances in the order in which they began; one that changes is replaced.

    A turn that the client found is here before the service knows of it: it waits for its commit, and then
    for the item that the commit makes, which is the next one not known before.

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
        """Return the utterance of an item, begun here if it is new and no turn of the client's awaits it."""
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

    def lose(self, time: float, statuses: tuple[Status, ...]) -> None:
        """Give up those that have come no further than one of these statuses."""
        for index, utterance in enumerate(self._values):
            if utterance.status in statuses:
                stopped = utterance.stopped_at if utterance.stopped_at is not None else time
                self._put(index, status="lost", ended_by="lost", stopped_at=stopped)

    # ---- turns that the client finds

    def open_turn(self, start: float, onset: float, time: float) -> None:
        """The client has opened a turn."""
        index = self._add("")
        self._put(index, start=start, onset=onset, onset_source="client", started_at=time)
        self._uncommitted.append(index)
        self._unnamed.append(index)

    def close_turn(self, end: float, ended_by: EndedBy) -> None:
        """The turn opened last is over; one that was lost meanwhile stays as it is."""
        if self._uncommitted and self._values[self._uncommitted[-1]].open:
            index = self._uncommitted[-1]
            self._put(index, end=end, ended_by=ended_by, status=later(self._values[index].status, "stopped"))

    def commit_turn(self, time: float) -> bool:
        """A commit went out; return whether it is about a turn of the client's, the oldest without one."""
        if not self._uncommitted:
            return False
        self._put(self._uncommitted.popleft(), stopped_at=time, committed_sent_at=time)
        return True

    def refuse_turn(self, error: Mapping[str, Any], time: float) -> bool:
        """A commit was refused; return whether it was about a turn, which will get no item and no words."""
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
    """A state reached is not left again for an earlier one."""
    return then if now == "speaking" else now
