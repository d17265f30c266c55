"""Turns that the client finds itself: events of its own record, which never stand on the wire.

Both count samples of the session's audio at its own rate, as the audio that is sent does. They come before
the commit they explain, so that the session can say where the committed utterance stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Union

from ..vad.turns import CloseReason


@dataclass(frozen=True)
class LocalEvent:
    """Something that happened at the client and never stands on the wire."""

    type: ClassVar[str]


@dataclass(frozen=True)
class ClientTurnOpened(LocalEvent):
    """The client's detector has opened a turn.

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
    """The client's detector has closed the open turn; a commit follows.

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


ClientTurn = Union[ClientTurnOpened, ClientTurnClosed]
