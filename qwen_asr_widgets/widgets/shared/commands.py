"""What a page may say to a widget: one table of typed commands a widget, and the one validator of them all.

A message of a page is a JSON mapping with a ``kind``, and at times one binary buffer. Each kind is described
by a frozen dataclass: the names of its fields are those of the message, the annotations say what is taken. A
page may be of another version, or a browser extension may speak in its place: no field is taken on trust, no
name from a message reaches an attribute, and what is wrong becomes a `MessageError` of one sentence. Fields
that a dataclass does not name are passed over.

====================================  ============================================================
annotation                            taken
====================================  ============================================================
``str``, ``bool``                     such a value
``int``                               a whole number, also one that JavaScript wrote as ``3.0``
``float``                             a finite number
``Annotated[int, Within(0, 9)]``      the same in a range; of ``float`` likewise
``Literal["a", "b"]``                 one of these
``X | None``                          what X takes, or null
``tuple[X, ...]``                     a list of it; with ``Within`` as annotation, of so many
``Mapping[str, Any]``                 a mapping, for values that are looked at elsewhere
another dataclass                     a mapping that is read in the same way
``Annotated[X, OnWire("from")]``      X under another name
``bytes``                             the one binary buffer of the message
``tuple[bytes, ...]``                 all its binary buffers, as they came
====================================  ============================================================
"""

from __future__ import annotations

import dataclasses
import logging
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from ...arguments import is_number
from .throttle import Message

logger = logging.getLogger("qwen_asr_widgets")

M = TypeVar("M")
Act = Callable[[M], "Sequence[Message] | None"]


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
class Within:
    """The range of a number, or of the length of a list; both ends belong to it."""

    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class OnWire:
    """The name of a field in the message, where that is another one."""

    name: str


@dataclass(frozen=True)
class Bare:
    """A message whose kind says all."""


@dataclass(frozen=True)
class Command(Generic[M]):
    """One kind of message: what it is read into, and what is done with it.

    Parameters
    ----------
    type : type
        A frozen dataclass as described at the top of this file.
    act : callable
        Takes one value of that type and returns the messages that answer it, if any do.
    """

    type: type[M]
    act: Act[M]


Commands = Mapping[str, "Command[Any]"]
"""By the kind of the message."""


def read_message(kinds: Mapping[str, type], content: Any, buffers: Sequence[Any] = ()) -> Any:
    """Read one message of a page into the type that stands for its kind.

    Parameters
    ----------
    kinds : dict of str to type
        What may be said.
    content : Any
        The message as it came.
    buffers : sequence of bytes-like
        Its binary part.

    Raises
    ------
    MessageError
        The message is none of those.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Choose:
    ...     index: int
    >>> read_message({"choose": Choose}, {"kind": "choose", "index": 2})
    Choose(index=2)
    >>> read_message({"choose": Choose}, {"kind": "choose", "index": "2"})
    Traceback (most recent call last):
    ...
    qwen_asr_widgets.widgets.shared.commands.MessageError: choose index: '2', not a number
    """
    if not isinstance(content, Mapping):
        raise MessageError("message", f"{content!r:.80} is no mapping")
    kind = content.get("kind")
    wanted = kinds.get(kind) if isinstance(kind, str) else None
    if wanted is None:
        raise MessageError("kind", f"{kind!r:.80} is unknown")
    return _Reading(str(kind), buffers).mapping(content, wanted)


class CommandReader:
    """Acts on messages by a table; what is no such message is logged, once for each way of being wrong.

    Parameters
    ----------
    widget : str
        What the messages are sent to, for the log.
    commands : dict of str to Command
        What may be asked for.

    Examples
    --------
    >>> reader = CommandReader("bell", {"ring": Command(Bare, lambda message: [({"kind": "rung"}, [])])})
    >>> reader.answer({"kind": "ring"})
    [({'kind': 'rung'}, [])]
    >>> reader.answer({"kind": "__class__"})
    []
    """

    def __init__(self, widget: str, commands: Commands) -> None:
        self.commands = dict(commands)
        self._types = {kind: command.type for kind, command in self.commands.items()}
        self._complaints = Complaints(widget)

    def answer(self, content: Any, buffers: Sequence[Any] = ()) -> list[Message]:
        """Act on one message and return what answers it; nothing for a message that is none.

        Raises
        ------
        QawError
            What was asked for cannot be done.
        """
        try:
            message = read_message(self._types, content, buffers)
        except MessageError as error:
            self._complaints.take(error)
            return []
        return list(self.commands[content["kind"]].act(message) or [])


class Complaints:
    """Logs messages that were dropped, the first of each way of being wrong."""

    def __init__(self, widget: str) -> None:
        self._widget = widget
        self._known: set[str] = set()

    def take(self, error: MessageError) -> None:
        """Log a message that was dropped."""
        if error.about not in self._known:
            self._known.add(error.about)
            logger.warning("a message to the %s was dropped: %s", self._widget, error)


class _Reading:
    """One message while it is read."""

    def __init__(self, kind: str, buffers: Sequence[Any]) -> None:
        self._kind = kind
        self._buffers = buffers

    def mapping(self, content: Mapping[str, Any], wanted: type, path: str = "") -> Any:
        values: dict[str, Any] = {}
        for name, wire, hint, required in _fields(wanted):
            if hint is bytes:
                values[name] = self._data()
            elif hint == tuple[bytes, ...]:
                values[name] = tuple(self._buffers)
            elif wire in content:
                values[name] = self._value(content[wire], hint, path + wire)
            elif required:
                raise MessageError(f"{self._kind} {path}{wire}", "missing")
        return wanted(**values)

    def _wrong(self, value: Any, path: str, expected: str) -> MessageError:
        return MessageError(f"{self._kind} {path}", f"{value!r:.80}, not {expected}")

    def _value(self, value: Any, hint: Any, path: str) -> Any:
        hint, bounds, origin, args = _unpacked(hint)
        if origin in (typing.Union, types.UnionType):
            return self._optional(value, args, bounds, path)
        if origin is typing.Literal:
            if not isinstance(value, str) or value not in args:
                raise self._wrong(value, path, f"one of {', '.join(args)}")
            return value
        if origin is tuple:
            return self._several(value, args[0], bounds, path)
        if hint in (int, float):
            return self._number(value, hint, bounds, path)
        if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
            return self.mapping(value, typing.cast("type", hint), f"{path}.")
        return self._plain(value, str if hint is str else bool if hint is bool else Mapping, path)

    def _plain(self, value: Any, wanted: Any, path: str) -> Any:
        if not isinstance(value, wanted):
            names = {str: "a string", bool: "true or false"}
            raise self._wrong(value, path, names.get(wanted, "a mapping"))
        return value

    def _optional(self, value: Any, args: tuple[Any, ...], bounds: Within, path: str) -> Any:
        if value is None and type(None) in args:
            return None
        problem: MessageError | None = None
        for hint in args:
            if hint is not type(None):
                try:
                    return self._value(value, typing.Annotated[hint, bounds], path)
                except MessageError as error:
                    problem = problem or error
        assert problem is not None
        raise problem

    def _several(self, value: Any, hint: Any, bounds: Within, path: str) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise self._wrong(value, path, "a list")
        if not bounds.low <= len(value) <= bounds.high:
            raise MessageError(f"{self._kind} {path}", f"{len(value)} of them, not {_range(bounds)}")
        return tuple(self._value(one, hint, path) for one in value)

    def _number(self, value: Any, wanted: type, bounds: Within, path: str) -> Any:
        if not is_number(value):
            raise self._wrong(value, path, "a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise self._wrong(value, path, "a finite number")
        if wanted is int and value != int(value):
            raise self._wrong(value, path, "a whole number")
        if not bounds.low <= value <= bounds.high:
            raise self._wrong(value, path, f"a number {_range(bounds)}")
        return int(value) if wanted is int else value

    def _data(self) -> bytes:
        if len(self._buffers) != 1:
            raise MessageError(f"{self._kind} buffers", f"{len(self._buffers)}, not one")
        try:
            return bytes(memoryview(self._buffers[0]))
        except TypeError as error:
            raise MessageError(f"{self._kind} buffers", str(error)) from error


def _range(bounds: Within) -> str:
    return f"in [{bounds.low:g}, {bounds.high:g}]"


@lru_cache(maxsize=None)
def _unpacked(hint: Any) -> tuple[Any, Within, Any, tuple[Any, ...]]:
    """Return an annotation without its bounds, the bounds, its origin and its arguments."""
    bounds = Within()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *more = typing.get_args(hint)
        bounds = next((one for one in more if isinstance(one, Within)), bounds)
    return hint, bounds, typing.get_origin(hint), typing.get_args(hint)


@lru_cache(maxsize=None)
def _fields(wanted: type) -> tuple[tuple[str, str, Any, bool], ...]:
    """Return name, name in the message, annotation, and whether it must be there, of each field."""
    hints = typing.get_type_hints(wanted, include_extras=True)
    return tuple(
        (one.name, _wire_name(one.name, hints[one.name]), hints[one.name],
         one.default is MISSING and one.default_factory is MISSING)
        for one in dataclasses.fields(wanted)
    )


def _wire_name(name: str, hint: Any) -> str:
    more = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else ()
    return next((one.name for one in more if isinstance(one, OnWire)), name)
