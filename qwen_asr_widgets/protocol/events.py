"""Every event of the protocol as a frozen value, its unit in its name.

What the service sends derives from `ServerEvent`, what the client sends from `ClientEvent`. An event whose
type is not known here becomes `UnknownEvent`, kept as it came. A `LocalEvent` is kept in the client's record
and never sent: a turn that the client's own detector opened or closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Union

from ..vad.turns import CloseReason


@dataclass(frozen=True)
class ServerEvent:
    """Something the service sent."""

    type: ClassVar[str]


@dataclass(frozen=True)
class ClientEvent:
    """Something the client sent."""

    type: ClassVar[str]


@dataclass(frozen=True)
class SessionCreated(ServerEvent):
    """The first event of a connection, with the configuration in force."""

    type = "session.created"
    session: Mapping[str, Any] = field(default_factory=dict)

    @property
    def session_id(self) -> str:
        """The id the service gave this session; empty where it gave none."""
        return str(self.session.get("id") or "")


@dataclass(frozen=True)
class SessionUpdated(ServerEvent):
    """The whole configuration after a ``session.update``."""

    type = "session.updated"
    session: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SpeechStarted(ServerEvent):
    """A turn has opened; positions count all audio of this session."""

    type = "input_audio_buffer.speech_started"
    item_id: str
    audio_start_ms: int
    audio_onset_ms: int | None = None
    """Where speech itself begins; only the embedded service says it."""


@dataclass(frozen=True)
class SpeechStopped(ServerEvent):
    """The silence has lasted long enough: the turn is closed."""

    type = "input_audio_buffer.speech_stopped"
    item_id: str
    audio_end_ms: int
    reason: str | None = None
    """Why it closed (``"silence"``, ``"finish"``, ``"limit"``); only the embedded service says it."""


@dataclass(frozen=True)
class BufferCommitted(ServerEvent):
    """The audio of an item is complete."""

    type = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | None = None


@dataclass(frozen=True)
class BufferCleared(ServerEvent):
    """The audio not yet committed was thrown away, as asked."""

    type = "input_audio_buffer.cleared"


@dataclass(frozen=True)
class ItemCreated(ServerEvent):
    """The item that will carry the transcript."""

    type = "conversation.item.created"
    item_id: str
    previous_item_id: str | None = None
    item: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TranscriptPartial(ServerEvent):
    """A partial result: ``text`` no longer changes, ``stash`` may."""

    type = "conversation.item.input_audio_transcription.text"
    item_id: str
    text: str = ""
    stash: str = ""
    language: str | None = None
    emotion: str | None = None
    content_index: int = 0


@dataclass(frozen=True)
class TranscriptCompleted(ServerEvent):
    """The final transcript of an item."""

    type = "conversation.item.input_audio_transcription.completed"
    item_id: str
    transcript: str = ""
    language: str | None = None
    emotion: str | None = None
    content_index: int = 0
    usage: Mapping[str, Any] | None = None
    """What is counted for it; the cloud says it, the documentation does not mention it."""


@dataclass(frozen=True)
class TranscriptFailed(ServerEvent):
    """This item has no transcript; the session goes on."""

    type = "conversation.item.input_audio_transcription.failed"
    item_id: str
    error: Mapping[str, Any] = field(default_factory=dict)
    content_index: int = 0


@dataclass(frozen=True)
class RecognizerBehind(ServerEvent):
    """The recogniser works on sound of some time ago, nothing is lost; only the embedded service says it.

    Parameters
    ----------
    behind_ms : int
        How long ago; 0: it has caught up.
    """

    type = "recognizer.behind"
    behind_ms: int


@dataclass(frozen=True)
class SessionFinished(ServerEvent):
    """The last event: everything pending was answered."""

    type = "session.finished"


@dataclass(frozen=True)
class ErrorEvent(ServerEvent):
    """Something was refused: ``invalid_request_error`` keeps the connection, ``server_error`` ends it."""

    type = "error"
    error: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionUpdate(ClientEvent):
    """Sets what its ``session`` object names."""

    type = "session.update"
    session: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AppendAudio(ClientEvent):
    """Audio in the session's format, as bytes; base64 in the frame that is sent."""

    type = "input_audio_buffer.append"
    audio: bytes


@dataclass(frozen=True)
class CommitBuffer(ClientEvent):
    """Manual mode: what was appended is one utterance."""

    type = "input_audio_buffer.commit"


@dataclass(frozen=True)
class ClearBuffer(ClientEvent):
    """Throws away what was appended and not committed."""

    type = "input_audio_buffer.clear"


@dataclass(frozen=True)
class CancelResponse(ClientEvent):
    """Cancels the response in progress; an error where there is none."""

    type = "response.cancel"


@dataclass(frozen=True)
class FinishSession(ClientEvent):
    """Asks for what is pending, then for ``session.finished``."""

    type = "session.finish"


@dataclass(frozen=True)
class UnknownEvent(ServerEvent, ClientEvent):
    """An event this package has no type for, kept as it came."""

    type = "unknown"
    message: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    """Why an event of a known type could not be read as such; empty where the type is not known."""


@dataclass(frozen=True)
class LocalEvent:
    """Something that the client found out itself: kept in its record, never sent."""

    type: ClassVar[str]


@dataclass(frozen=True)
class ClientTurnOpened(LocalEvent):
    """The client's detector has opened a turn; positions count samples of the session's audio at its rate.

    Parameters
    ----------
    start : int
        Sample of the onset minus the prefix padding, never before the end of the previous turn.
    onset : int
        Sample at which speech begins.
    """

    type = "client_turn.opened"
    start: int
    onset: int


@dataclass(frozen=True)
class ClientTurnClosed(LocalEvent):
    """The client's detector has closed the open turn; the commit that makes an item of it follows.

    Parameters
    ----------
    end : int
        Sample after the last frame of speech.
    reason : {"silence", "limit", "finish"}
        What closed it.
    """

    type = "client_turn.closed"
    end: int
    reason: CloseReason


@dataclass(frozen=True)
class PauseJudged(LocalEvent):
    """The client's end-of-turn model has said how likely it is that a turn is over.

    Parameters
    ----------
    silence : int
        Sample at which the silence began.
    stop : int
        Sample up to which the model has heard it.
    probability : float
        In [0, 1].
    """

    type = "client_turn.judged"
    silence: int
    stop: int
    probability: float


ClientTurn = Union[ClientTurnOpened, ClientTurnClosed]

Event = Union[ServerEvent, ClientEvent]

SERVER_EVENTS: dict[str, type[ServerEvent]] = {
    cls.type: cls
    for cls in (
        SessionCreated, SessionUpdated, SpeechStarted, SpeechStopped, BufferCommitted, BufferCleared,
        ItemCreated, TranscriptPartial, TranscriptCompleted, TranscriptFailed, RecognizerBehind,
        SessionFinished, ErrorEvent,
    )
}
CLIENT_EVENTS: dict[str, type[ClientEvent]] = {
    cls.type: cls
    for cls in (SessionUpdate, AppendAudio, CommitBuffer, ClearBuffer, CancelResponse, FinishSession)
}
