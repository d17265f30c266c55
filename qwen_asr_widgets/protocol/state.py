"""Which event is allowed when: a table for the session and one for each item, for client and service alike.

The service asks `ProtocolState.refusal` before it obeys a client's event and answers with what that returns.
The client's `Session` asks `ProtocolState.check` about what came and records a violation.
"""

from __future__ import annotations

from ..errors import ProtocolError, SettingError
from .config import SessionConfig
from .events import (
    AppendAudio, BufferCleared, BufferCommitted, CancelResponse, ClearBuffer, CommitBuffer,
    ErrorEvent, Event, FinishSession, ItemCreated, RecognizerBehind, SessionCreated,
    SessionFinished, SessionUpdate, SessionUpdated, SpeechStarted, SpeechStopped,
    TranscriptCompleted, TranscriptFailed, TranscriptPartial, UnknownEvent,
)

MAX_COMMIT_SECONDS = 60
"""Seconds of audio in one manual commit, as documented."""

_CLIENT = (SessionUpdate, AppendAudio, CommitBuffer, ClearBuffer, CancelResponse)
_ITEM_EVENTS = (
    SpeechStarted, SpeechStopped, BufferCommitted, ItemCreated, TranscriptPartial, TranscriptCompleted,
    TranscriptFailed,
)

CONNECTION: dict[tuple[str, type], str] = {
    ("opening", SessionCreated): "open",
    **{(state, event): state for state in ("opening", "open") for event in _CLIENT},
    ("opening", FinishSession): "opening_finishing",
    ("opening_finishing", SessionCreated): "finishing",
    ("open", FinishSession): "finishing",
    **{
        (state, event): state
        for state in ("open", "finishing")
        for event in (*_ITEM_EVENTS, SessionUpdated, BufferCleared, RecognizerBehind)
    },
    ("finishing", SessionFinished): "finished",
    **{(state, ErrorEvent): state for state in ("opening", "opening_finishing", "open", "finishing")},
}
"""(state of the session, event) to the next state; what is not listed is not allowed.

A client may speak before ``session.created`` has reached it.
"""

ITEM: dict[tuple[str, type], str] = {
    ("new", SpeechStarted): "speaking",
    ("speaking", TranscriptPartial): "speaking",
    ("speaking", SpeechStopped): "stopped",
    ("stopped", TranscriptPartial): "stopped",
    ("stopped", BufferCommitted): "committed",
    ("new", BufferCommitted): "committed",
    ("committed", ItemCreated): "created",
    ("created", TranscriptPartial): "created",
    ("created", TranscriptCompleted): "final",
    ("created", TranscriptFailed): "failed",
}
"""(state of an item, event) to the next state. ``new`` to ``committed`` is manual mode."""

AS_SEEN: dict[tuple[str, type], str] = {
    ("speaking", BufferCommitted): "committed",
    **{(state, BufferCommitted): state for state in ("committed", "created")},
    **{(state, TranscriptCompleted): "final" for state in ("speaking", "stopped", "committed")},
    **{(state, TranscriptPartial): state for state in ("committed", "final", "failed")},
}
"""What clients saw the cloud do beside the documented order (`cloud_facts`, 7 and 9): a commit that closes an
open turn, a second ``committed``, ``completed`` without ``speech_stopped``, partials after it."""

IN_PROGRESS = frozenset({"speaking", "stopped", "committed", "created"})


class ProtocolState:
    """The state of one session and of its items, and what is allowed in it.

    Parameters
    ----------
    config : SessionConfig
        The settings in force; `configure` changes them.
    as_seen : bool
        Whether what clients saw the cloud do is allowed as well as the documented order.

    Attributes
    ----------
    state : str
        ``opening``, ``open``, ``finishing`` (also ``opening_finishing``) or ``finished``.
    items : dict of str to str
        State of every item: ``speaking``, ``stopped``, ``committed``, ``created``, ``final``, ``failed`` or
        ``dropped`` (thrown away by a clear).
    buffered : int
        Samples appended in manual mode and not yet committed or cleared, at the session's rate.
    appended : bool
        Whether any audio was ever appended: from then on the format is fixed.

    Examples
    --------
    >>> state = ProtocolState(SessionConfig())
    >>> state.apply(SessionCreated({"id": "s"}))
    >>> state.check(CommitBuffer())
    'input_audio_buffer.commit is for manual mode; with turn detection on, the service commits by itself.'
    """

    def __init__(self, config: SessionConfig | None = None, as_seen: bool = False) -> None:
        self.config = config or SessionConfig()
        self.state = "opening"
        self._item_table = {**ITEM, **AS_SEEN} if as_seen else ITEM
        self.items: dict[str, str] = {}
        self.buffered = 0
        self.appended = False
        self._open_item: str | None = None
        self._updates = 0
        self._clears = 0

    def configure(self, config: SessionConfig) -> None:
        """Put other settings in force; with turn detection nothing waits for a commit any more."""
        self.config = config
        if config.turn_detection is not None:
            self.buffered = 0

    @property
    def in_progress(self) -> tuple[str, ...]:
        """Ids of the items that have begun and have no transcript yet, oldest first."""
        return tuple(item for item, state in self.items.items() if state in IN_PROGRESS)

    def check(self, event: Event) -> str | None:
        """Return why an event is not allowed now, or None."""
        problem = self.refusal(event)
        return None if problem is None else str(problem)

    def refusal(self, event: Event) -> ProtocolError | None:
        """Return the error, with its code on the wire, if an event is not allowed now, else None."""
        if isinstance(event, UnknownEvent):
            return _unknown(event)
        if (self.state, type(event)) not in CONNECTION:
            return self._not_now(event)
        if isinstance(event, SessionUpdate):
            return self._refuse_update(event)
        if isinstance(event, CommitBuffer):
            return self._refuse_commit()
        if isinstance(event, CancelResponse) and not self.in_progress:
            return nothing_to_cancel()
        if isinstance(event, _ITEM_EVENTS):
            return self._refuse_item(event)
        if isinstance(event, SessionUpdated) and not self._updates:
            return ProtocolError("session.updated came without a session.update.")
        if isinstance(event, BufferCleared) and not self._clears:
            return ProtocolError("input_audio_buffer.cleared came without a clear.")
        return None

    def _not_now(self, event: Event) -> ProtocolError:
        if self.state.endswith("finishing") and isinstance(event, (*_CLIENT, FinishSession)):
            return ProtocolError(
                f"{event.type} came after session.finish; the session takes nothing more.",
                "session_finishing",
            )
        if self.state == "finished":
            return ProtocolError(f"{event.type} came after session.finished.", "session_finished")
        if isinstance(event, SessionFinished):
            return ProtocolError("session.finished came without a session.finish.")
        if isinstance(event, SessionCreated):
            return ProtocolError("session.created came a second time.")
        return ProtocolError(f"{event.type} came before session.created.")

    def _refuse_update(self, event: SessionUpdate) -> ProtocolError | None:
        try:
            wanted = self.config.updated(event.session)
        except SettingError as problem:
            return ProtocolError(str(problem), "invalid_value", problem.param or "session")
        for name in ("input_audio_format", "sample_rate"):
            before, after = getattr(self.config, name), getattr(wanted, name)
            if self.appended and before != after:
                return ProtocolError(
                    f"{name} cannot change from {before!r} to {after!r} once audio was appended; "
                    "open a new session.", "invalid_value", name,
                )
        return None

    def _refuse_commit(self) -> ProtocolError | None:
        if self.config.turn_detection is not None:
            return ProtocolError(
                "input_audio_buffer.commit is for manual mode; with turn detection on, the service commits "
                "by itself.", "commit_in_vad_mode",
            )
        if not self.buffered:
            return empty_buffer()
        if self.buffered > MAX_COMMIT_SECONDS * self.config.sample_rate:
            return ProtocolError(
                f"One commit takes at most {MAX_COMMIT_SECONDS} s of audio; the buffer holds "
                f"{self.buffered / self.config.sample_rate:.1f} s.", "audio_too_long",
            )
        return None

    def _refuse_item(self, event: Event) -> ProtocolError | None:
        item = getattr(event, "item_id")
        state = self.items.get(item, "new")
        if (state, type(event)) not in self._item_table:
            return ProtocolError(f"{event.type} for item {item!r}, which is {state}.")
        if isinstance(event, SpeechStarted) and self._open_item is not None:
            return ProtocolError(f"{event.type} for item {item!r} while {self._open_item!r} is speaking.")
        return None

    def apply(self, event: Event, samples: int | None = None) -> None:
        """Change state by an event, allowed or not: one that is not has happened all the same.

        Parameters
        ----------
        event : Event
            What was sent or received. Settings change through `configure` alone.
        samples : int or None
            Audio samples in an append; None counts two bytes each (PCM).
        """
        self.state = CONNECTION.get((self.state, type(event)), self.state)
        if isinstance(event, AppendAudio):
            self.appended = True
            if self.config.turn_detection is None:
                self.buffered += len(event.audio) // 2 if samples is None else samples
        elif isinstance(event, (CommitBuffer, ClearBuffer)):
            self.buffered = 0
            self._clears += isinstance(event, ClearBuffer)
        elif isinstance(event, SessionUpdate):
            self._updates += 1
        elif isinstance(event, SessionUpdated):
            self._updates = max(0, self._updates - 1)
        elif isinstance(event, BufferCleared):
            self._clears = max(0, self._clears - 1)
            self._drop_open_item()
        elif isinstance(event, _ITEM_EVENTS):
            self._apply_item(event)

    def _apply_item(self, event: Event) -> None:
        item = getattr(event, "item_id")
        state = self.items.get(item, "new")
        late = state if state in ("final", "failed") else _LATE.get(type(event), state)
        self.items[item] = self._item_table.get((state, type(event)), late)
        if isinstance(event, SpeechStarted):
            self._open_item = item
        elif self._open_item == item and self.items[item] != "speaking":
            self._open_item = None

    def _drop_open_item(self) -> None:
        if self._open_item is not None:
            self.items[self._open_item] = "dropped"
            self._open_item = None


_LATE: dict[type, str] = {
    SpeechStarted: "speaking",
    SpeechStopped: "stopped",
    BufferCommitted: "committed",
    ItemCreated: "created",
    TranscriptCompleted: "final",
    TranscriptFailed: "failed",
}
"""The state an item is in after an event that came out of order."""


def _unknown(event: UnknownEvent) -> ProtocolError | None:
    """Refuse an event that could not be read; one of an unknown type is allowed, as it may be a newer one."""
    if event.problem:
        return ProtocolError(event.problem, "invalid_value")
    return None


def empty_buffer() -> ProtocolError:
    """Return the error for a commit of nothing."""
    return ProtocolError(
        "The buffer is empty: append audio before a commit.", "input_audio_buffer_commit_empty"
    )


def nothing_to_cancel() -> ProtocolError:
    """Return the error for a cancel where no transcript is owed."""
    return ProtocolError("There is no response in progress to cancel.", "response_cancel_not_active")
