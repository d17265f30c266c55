"""The messages between the service and a recogniser's process: frozen values, length-prefixed on a pipe.

The service sends commands (`WorkerCommand`), for each session about one utterance at a time and in order; the
process answers with results (`WorkerResult`). Both ends are this package, so the values are pickled.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Union

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct("!II")
"""Number of the session that a value is about, and the length in bytes of the pickled value that follows."""

PROCESS = 0
"""The number that stands for the process itself; those of sessions begin with 1."""


# ---- commands: from the service to the process

@dataclass(frozen=True)
class LoadRecognizer:
    """The first command: the recogniser to load and its options; answered once with `RecognizerReady`."""

    recognizer: str
    options: Mapping[str, Any] = field(repr=False)  # may hold a key


@dataclass(frozen=True)
class OpenSession:
    """A session begins to use the process; answered with `RecognizerReady`, or `RecognizerFailed` without
    item."""


@dataclass(frozen=True)
class CloseSession:
    """A session is over, and its recogniser is thrown away; no answer."""


@dataclass(frozen=True)
class Configure:
    """Settings from the next utterance on; answered with `Configured`, or `RecognizerFailed` without item."""

    language: str | None
    corpus_text: str | None


@dataclass(frozen=True)
class StartUtterance:
    """An utterance begins at this sample (16 kHz) of the session."""

    item_id: str
    first_sample: int


@dataclass(frozen=True, eq=False)
class UtteranceAudio:
    """The next samples of the utterance, int16 at 16 kHz, shape (n,).

    Where the speaker is silent at their end, so many more seconds of silence as ``remaining`` says end it.
    """

    samples: NDArray[np.int16]
    remaining: float | None = None


@dataclass(frozen=True)
class UtteranceSilence:
    """All of the utterance was given, unless speech goes on within the ``remaining`` seconds that end it."""

    remaining: float


@dataclass(frozen=True)
class FinishUtterance:
    """The utterance is complete; answered with `FinalText` or `RecognizerFailed`."""

    item_id: str


@dataclass(frozen=True)
class DropUtterance:
    """The utterance is not wanted any more; no answer."""

    item_id: str


# ---- results: from the process to the service

@dataclass(frozen=True)
class RecognizerReady:
    """The recogniser is loaded, or one is there for a session.

    Parameters
    ----------
    engine : str
        Its name and version.
    can_fork : bool
        Whether the process does not work itself, but forks workers on request (see `forking`).
    """

    engine: str
    can_fork: bool = False


@dataclass(frozen=True)
class WorkBegun:
    """The process now works for this session, and did so for another one before."""


@dataclass(frozen=True)
class Configured:
    """The settings hold; these words of the context cannot be recognised."""

    unknown_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class AudioTaken:
    """So many samples were decoded or thrown away since the last `AudioTaken`."""

    samples: int


@dataclass(frozen=True)
class PartialText:
    """A partial result: the part that stays, the part that may still change, and the language detected."""

    item_id: str
    settled: str
    draft: str
    language: str | None = None


@dataclass(frozen=True)
class FinalText:
    """The final text, and what it cost.

    Parameters
    ----------
    item_id, text : str
        Whose text, and the text.
    seconds : float
        Wall time of the final pass that gave it.
    made_early : bool
        Whether that pass was over before the utterance ended (see `worker`).
    wasted : float
        Wall time (s) of early final passes that were thrown away because speech went on.
    language : str or None
        Code of the language that the recogniser detected.
    """

    item_id: str
    text: str
    seconds: float = 0.0
    made_early: bool = False
    wasted: float = 0.0
    language: str | None = None


@dataclass(frozen=True)
class RecognizerFailed:
    """The recogniser raised; ``item_id`` is None where loading or `Configure` failed."""

    item_id: str | None
    message: str


WorkerCommand = Union[
    LoadRecognizer, OpenSession, CloseSession, Configure, StartUtterance, UtteranceAudio, UtteranceSilence,
    FinishUtterance, DropUtterance,
]
WorkerResult = Union[
    RecognizerReady, WorkBegun, Configured, AudioTaken, PartialText, FinalText, RecognizerFailed,
]


# ---- framing

def pack(session: int, value: WorkerCommand | WorkerResult) -> bytes:
    """Return a value as it stands on the pipe: its session's number, its length, its pickle.

    Examples
    --------
    >>> import io
    >>> read_frame(io.BytesIO(pack(7, AudioTaken(3_200))))
    (7, AudioTaken(samples=3200))
    """
    body = pickle.dumps(value, protocol=5)
    return HEAD.pack(session, len(body)) + body


def unpack(body: bytes) -> Any:
    """Return the value of a frame's body."""
    return pickle.loads(body)


def read_frame(pipe: BinaryIO) -> tuple[int, Any] | None:
    """Read a session's number and a value from a blocking pipe; None at its end."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    session, length = HEAD.unpack(head)
    body = pipe.read(length)
    return (session, unpack(body)) if len(body) == length else None
