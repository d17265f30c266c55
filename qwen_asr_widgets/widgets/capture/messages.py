"""What a page that records may say, read into typed values; anything else is refused with what is wrong.

A page may be of another version, or a browser extension may speak in its place: no field is taken on trust.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATES = (1_000, 768_000)
"""Hz that an audio context may have, with room on both sides."""


class MessageError(ValueError):
    """A message that no page of this version sends.

    Attributes
    ----------
    about : str
        Kind and field, such as ``"chunk seq"``: the same for all messages that are wrong in the same way.
    """

    def __init__(self, about: str, detail: str) -> None:
        super().__init__(f"{about}: {detail}")
        self.about = about


@dataclass(frozen=True)
class Hello:
    """A page shows the widget."""


@dataclass(frozen=True)
class Problem:
    """A page says what kept it from recording."""

    client: str
    code: str
    detail: str


@dataclass(frozen=True)
class Start:
    """A page records from now on.

    ``browser`` names the browser of which no other page records with this widget, for this one holds the
    lock; it is empty where there are no locks.
    """

    client: str
    session: str
    rate: int
    label: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    start_delay: float | None = None
    browser: str = ""


@dataclass(frozen=True, eq=False)
class Chunk:
    """The next 0.1 s: int16 samples of shape (n,) and their largest magnitude in [0, 1]."""

    client: str
    session: str
    rate: int
    seq: int
    samples: NDArray[np.int16]
    peak: float


@dataclass(frozen=True)
class Beat:
    """A page still records, or keeps silent in a pause."""

    client: str
    session: str


@dataclass(frozen=True)
class Pause:
    """A page pauses, or goes on."""

    client: str
    session: str
    resumed: bool


@dataclass(frozen=True)
class Stop:
    """A recording is over after so many chunks."""

    client: str
    session: str
    chunks: int
    reason: str


@dataclass(frozen=True)
class Slice:
    """Part ``index`` of the ``count`` parts of a file of ``size`` bytes."""

    client: str
    upload: str
    name: str
    size: int
    index: int
    count: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Forget:
    """A file is given up midway; what came of it is not wanted."""

    client: str
    upload: str


Of = Start | Chunk | Beat | Pause | Stop
"""What belongs to one recording."""

Message = Hello | Problem | Of | Slice | Forget


def parse(content: Any, buffers: Sequence[Any]) -> Message:
    """Read one message of a page.

    Raises
    ------
    MessageError
        The message is none that a page sends.
    """
    if not isinstance(content, Mapping):
        raise MessageError("message", f"{content!r:.80} is no mapping")
    kind = content.get("kind")
    read = READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise MessageError("kind", f"{kind!r:.80} is unknown")
    return read(_Fields(str(kind), content, buffers))


class _Fields:
    """One message's fields, each checked when it is read."""

    def __init__(self, kind: str, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        self._kind, self._content, self._buffers = kind, content, buffers

    def wrong(self, name: str, wanted: str) -> MessageError:
        given = f"{self._content[name]!r:.80}" if name in self._content else "missing"
        return MessageError(f"{self._kind} {name}", f"{given}, not {wanted}")

    def text(self, name: str, default: str | None = None) -> str:
        value = self._content.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def whole(self, name: str, least: int = 0, most: float = math.inf) -> int:
        value = self.number(name)
        if value != int(value) or not least <= value <= most:
            raise self.wrong(name, f"a whole number in [{least}, {most}]")
        return int(value)

    def number(self, name: str, default: float | None = None) -> float:
        value = self._content.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(name, "a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.wrong(name, "a finite number")
        return value

    def seconds(self, name: str) -> float | None:
        return None if self._content.get(name) is None else self.number(name)

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self._content.get(name, {})
        if not isinstance(value, Mapping):
            raise self.wrong(name, "a mapping")
        return dict(value)

    def data(self) -> bytes:
        if len(self._buffers) != 1:
            raise MessageError(f"{self._kind} buffers", f"{len(self._buffers)}, not one")
        try:
            return bytes(memoryview(self._buffers[0]))
        except TypeError as error:
            raise MessageError(f"{self._kind} buffers", str(error)) from error

    def source(self) -> tuple[str, str]:
        return self.text("client"), self.text("session")

    def rate(self) -> int:
        return self.whole("rate", *RATES)


def _start(fields: _Fields) -> Start:
    return Start(
        *fields.source(), fields.rate(), fields.text("label", ""), fields.mapping("settings"),
        fields.mapping("asked"), fields.seconds("start_delay"), fields.text("browser", ""),
    )


def _chunk(fields: _Fields) -> Chunk:
    data = fields.data()
    if len(data) % 2:
        raise MessageError("chunk buffers", f"{len(data)} bytes, not pairs of them")
    samples = np.frombuffer(data, dtype="<i2").astype(np.int16, copy=False)
    return Chunk(*fields.source(), fields.rate(), fields.whole("seq"), samples, fields.number("peak", 0.0))


def _slice(fields: _Fields) -> Slice:
    count = fields.whole("slices", 1)
    index = fields.whole("slice", 0, count - 1)
    about = (fields.text("client"), fields.text("upload"), fields.text("name"))
    return Slice(*about, fields.whole("size"), index, count, fields.data())


READERS: Mapping[str, Callable[[_Fields], Message]] = {
    "hello": lambda fields: Hello(),
    "problem": lambda fields: Problem(fields.text("client"), fields.text("code"), fields.text("detail", "")),
    "start": _start,
    "chunk": _chunk,
    "beat": lambda fields: Beat(*fields.source()),
    "pause": lambda fields: Pause(*fields.source(), resumed=False),
    "resume": lambda fields: Pause(*fields.source(), resumed=True),
    "stop": lambda fields: Stop(*fields.source(), fields.whole("chunks"), fields.text("reason")),
    "file": _slice,
    "forget": lambda fields: Forget(fields.text("client"), fields.text("upload")),
}
