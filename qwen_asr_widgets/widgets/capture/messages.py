"""What a page that records may say, each kind as a frozen value; `shared.commands` reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union

import numpy as np
from numpy.typing import NDArray

from ..shared.commands import Bare, MessageError, OnWire, Within, read_message

Rate = Annotated[int, Within(1_000, 768_000)]
"""Hz that an audio context may have, with room on both sides."""

Count = Annotated[int, Within(0)]

MOST_PACKED = 300
"""Chunks in one message of Opus; pages send 50 at most."""

MOST_PACKETS = 2_000
"""Opus packets in it, of 20 ms."""


@dataclass(frozen=True)
class ProblemMessage:
    """A page says what kept it from recording."""

    client: str
    code: str
    detail: str = ""


@dataclass(frozen=True)
class StartMessage:
    """A page records from now on.

    ``browser`` names the browser of which no other page records with this widget, for this one holds the
    lock; it is empty where there are no locks. ``start_delay`` is in seconds. ``first`` is the number of the
    first chunk that comes, and ``at`` how many samples were before it: others than 0 where another kernel has
    taken those.
    """

    client: str
    session: str
    rate: Rate
    label: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    start_delay: float | None = None
    browser: str = ""
    first: Count = 0
    at: Count = 0


@dataclass(frozen=True)
class ChunkMessage:
    """The next 0.1 s: int16 samples as little-endian bytes, and their largest magnitude in [0, 1].

    ``held`` is the number of the oldest chunk that the page can send again; a page that names none cannot.
    """

    client: str
    session: str
    rate: Rate
    seq: Count
    data: bytes = field(repr=False)
    peak: float = 0.0
    held: Count | None = None

    def __post_init__(self) -> None:
        if len(self.data) % 2:
            raise MessageError("chunk buffers", f"{len(self.data)} bytes, not pairs of them")

    @property
    def samples(self) -> NDArray[np.int16]:
        """The samples, of shape (n,)."""
        return np.frombuffer(self.data, dtype="<i2").astype(np.int16, copy=False)


@dataclass(frozen=True)
class PackedMessage:
    """The next chunks as Opus packets, which stand alone.

    Of what they decode to at 48 kHz the first ``skip`` samples are the encoder's and the next ``lead`` those
    of sound before; then come chunks ``seq``, ``seq + 1`` … of ``lengths`` samples, with their ``peaks``.
    """

    client: str
    session: str
    rate: Annotated[int, Within(48_000, 48_000)]
    seq: Count
    data: bytes = field(repr=False)
    sizes: Annotated[tuple[Annotated[int, Within(1, 4_000)], ...], Within(1, MOST_PACKETS)]
    lengths: Annotated[tuple[Annotated[int, Within(1, 48_000)], ...], Within(1, MOST_PACKED)]
    peaks: Annotated[tuple[float, ...], Within(1, MOST_PACKED)]
    skip: Annotated[int, Within(0, 48_000)]
    lead: Annotated[int, Within(0, 48_000)]
    held: Count

    def __post_init__(self) -> None:
        if len(self.peaks) != len(self.lengths):
            raise MessageError("packed peaks", f"{len(self.peaks)} for {len(self.lengths)} chunks")
        if sum(self.sizes) != len(self.data):
            raise MessageError("packed buffers", f"{len(self.data)} bytes, not {sum(self.sizes)}")


@dataclass(frozen=True)
class BeatMessage:
    """A page still records, or keeps silent in a pause; chunks before number ``upto`` were sent."""

    client: str
    session: str
    upto: Count | None = None


@dataclass(frozen=True)
class PauseMessage:
    """A page pauses."""

    client: str
    session: str


@dataclass(frozen=True)
class ResumeMessage:
    """A page goes on after a pause."""

    client: str
    session: str


@dataclass(frozen=True)
class StopMessage:
    """A recording is over after so many chunks; ``held`` as of a chunk, ``upto`` as of a beat."""

    client: str
    session: str
    chunks: Count
    reason: str
    held: Count | None = None
    upto: Count | None = None


@dataclass(frozen=True)
class SliceMessage:
    """Part ``index`` of the ``count`` parts of a file of ``size`` bytes."""

    count: Annotated[int, Within(1), OnWire("slices")]
    index: Annotated[int, Within(0), OnWire("slice")]
    client: str
    upload: str
    name: str
    size: Count
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.index >= self.count:
            raise MessageError("file slice", f"{self.index}, not one of {self.count} counted from 0")


@dataclass(frozen=True)
class ForgetMessage:
    """A file is given up midway; what came of it is not wanted."""

    client: str
    upload: str


RecordingMessage = Union[StartMessage, ChunkMessage, BeatMessage, PauseMessage, ResumeMessage, StopMessage]
"""What belongs to one recording."""

PageMessage = Union[Bare, ProblemMessage, PackedMessage, RecordingMessage, SliceMessage, ForgetMessage]

KINDS: Mapping[str, type] = {
    "hello": Bare,
    "problem": ProblemMessage,
    "start": StartMessage,
    "chunk": ChunkMessage,
    "packed": PackedMessage,
    "beat": BeatMessage,
    "pause": PauseMessage,
    "resume": ResumeMessage,
    "stop": StopMessage,
    "file": SliceMessage,
    "forget": ForgetMessage,
}


def parse(content: Any, buffers: Sequence[Any]) -> PageMessage:
    """Read one message of a page.

    Raises
    ------
    MessageError
        The message is none that a page sends.

    Examples
    --------
    >>> parse({"kind": "beat", "client": "page", "session": "page/1"}, [])
    BeatMessage(client='page', session='page/1', upto=None)
    """
    message: PageMessage = read_message(KINDS, content, buffers)
    return message
