"""What passes between the service and a recogniser's process: frozen values, framed on a pipe.

The service sends commands about one utterance at a time and in order; the process answers with results. Both
ends are this package, so values travel pickled.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Union

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct("!I")
"""Length in bytes of the pickled value that follows."""


@dataclass(frozen=True)
class Hire:
    """The first command: which recogniser to be, with which options."""

    recognizer: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Configure:
    """Settings that hold from the next utterance on; answered by `Configured` or `Failed` without an item."""

    language: str | None
    corpus_text: str | None


@dataclass(frozen=True)
class Begin:
    """An utterance begins at this sample (16 kHz) of the session."""

    item_id: str
    first_sample: int


@dataclass(frozen=True, eq=False)
class Hear:
    """The next samples of the utterance, int16 at 16 kHz."""

    samples: NDArray[np.int16]


@dataclass(frozen=True)
class Quiet:
    """Silence runs, and closes the utterance after ``remaining`` more seconds."""

    remaining: float


@dataclass(frozen=True)
class End:
    """The utterance is complete; answered by `Final` or `Failed`."""

    item_id: str


@dataclass(frozen=True)
class Drop:
    """The utterance is not wanted any more."""

    item_id: str


@dataclass(frozen=True)
class Ready:
    """The recogniser is loaded."""

    engine: str


@dataclass(frozen=True)
class Configured:
    """The settings were taken; these words of the context cannot be recognised."""

    unknown_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heard:
    """So many samples have been taken from the pipe by the recogniser since the last `Heard`."""

    samples: int


@dataclass(frozen=True)
class PartialText:
    """A partial result."""

    item_id: str
    settled: str
    draft: str


@dataclass(frozen=True)
class Final:
    """The final text, and what it cost.

    Parameters
    ----------
    item_id, text : str
        Whose text, and the text.
    seconds : float
        Wall time of the pass that gave it.
    rehearsed : bool
        Whether that pass was over when the utterance ended.
    wasted : float
        Wall time of passes thrown away because speech went on.
    """

    item_id: str
    text: str
    seconds: float = 0.0
    rehearsed: bool = False
    wasted: float = 0.0


@dataclass(frozen=True)
class Failed:
    """The recogniser raised; ``item_id`` is None where settings or the start failed."""

    item_id: str | None
    message: str


Command = Union[Hire, Configure, Begin, Hear, Quiet, End, Drop]
Result = Union[Ready, Configured, Heard, PartialText, Final, Failed]


def pack(value: Command | Result) -> bytes:
    """Return a value as it stands on the pipe."""
    body = pickle.dumps(value, protocol=5)
    return HEAD.pack(len(body)) + body


def unpack(body: bytes) -> Any:
    """Return the value of a frame's body."""
    return pickle.loads(body)


def read_value(pipe: BinaryIO) -> Any:
    """Read one value from a blocking pipe; None at its end."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    body = pipe.read(length)
    return unpack(body) if len(body) == length else None
