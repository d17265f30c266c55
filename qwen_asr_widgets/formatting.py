"""How results are written for people: times, and small tables for a notebook's output.

The tables show text as text and are readable on light and dark pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeVar

from .glossary import explained

Class = TypeVar("Class", bound=type)

_LINE = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL = f"padding:4px 12px 4px 0;text-align:left;vertical-align:top;{_LINE}"
_DIM = "opacity:.75"
_SHORT = 20
"""Characters up to which a cell (a place, a delay) stays on one line."""

_SHOWN = 60
"""Characters of a text that are shown of a value."""

_CONTROL = "[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]"
_REORDERING = "[\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
_LONE = "[\ud800-\udfff]"
_REPLACEMENT = "\ufffd"


def clock(seconds: float, tenths: bool = True) -> str:
    """Return a position as minutes and seconds, with hours where there are any.

    Examples
    --------
    >>> clock(65.26), clock(3725, tenths=False)
    ('1:05.3', '1:02:05')
    """
    whole = int(seconds * 10 + 0.5) if tenths else int(seconds + 0.5) * 10
    hours, minutes, rest = whole // 36_000, whole // 600 % 60, whole % 600 / 10
    text = f"{rest:04.1f}" if tenths else f"{rest:02.0f}"
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def timestamp(seconds: float, point: str = ",") -> str:
    """Return a position as subtitles write it, with a point or comma before the milliseconds.

    Examples
    --------
    >>> timestamp(3723.456), timestamp(0.5, ".")
    ('01:02:03,456', '00:00:00.500')
    """
    ms = round(seconds * 1_000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1_000 % 60:02d}{point}{ms % 1_000:03d}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], below: str = "") -> str:
    """Return an HTML table; every cell is plain text and is escaped.

    A column that is a term of the glossary says what it is where the pointer rests on it.
    """
    from html import escape

    top = "".join(_title(cell) for cell in head)
    body = "".join(
        f'<tr>{"".join(_cell(cell, escape(cell)) for cell in row)}</tr>' for row in rows
    )
    note = f'<div style="{_DIM};padding:4px 0">{escape(below)}</div>' if below else ""
    return (
        '<div style="overflow-x:auto;font-variant-numeric:tabular-nums">'
        f'<table style="border-collapse:collapse;background:none">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{note}</div>"
    )


def _title(cell: str) -> str:
    from html import escape

    said = explained(cell)
    if not said:
        return f'<th style="{_CELL};font-weight:600">{escape(cell)}</th>'
    return (
        f'<th style="{_CELL};font-weight:600;cursor:help" title="{escape(said)}">{escape(cell)}'
        f'<span style="{_DIM};font-weight:400"> ?</span></th>'
    )


def _cell(text: str, escaped: str) -> str:
    space = "nowrap" if len(text) <= _SHORT else "pre-wrap"
    return f'<td style="{_CELL};white-space:{space}">{escaped}</td>'


_SUFFIXES: Mapping[str, str] = {"_ms": "ms", "_db": "dB", "_s": "s", "sample_rate": "Hz"}
"""The unit that the end of a field's name says."""


def unit_of(name: str, units: Mapping[str, str]) -> str | None:
    """Return the unit of a field: the one given, else the one its name says; None where neither does.

    Examples
    --------
    >>> unit_of("level_db", {}), unit_of("start", {"start": "s"}), unit_of("count", {})
    ('dB', 's', None)
    """
    said = (unit for suffix, unit in _SUFFIXES.items() if name.endswith(suffix))
    return units[name] if name in units else next(said, None)


def with_units(**units: str) -> Callable[[Class], Class]:
    """Have a notebook show the values of a dataclass with their units, as text and as a table.

    The ``repr`` stays as it is: code that makes the value again.

    Parameters
    ----------
    **units : str
        The unit of each number whose name does not say it; empty for a number that has none.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @with_units(start="s", count="")
    ... @dataclass
    ... class Part:
    ...     start: float
    ...     count: int
    ...     pause_ms: int = 400
    >>> print(in_words(Part(1.25, 3)))
    Part(start=1.25 s, count=3, pause_ms=400 ms)
    """
    def shown(kind: Class) -> Class:
        kind._units = units  # type: ignore[attr-defined]
        kind._repr_pretty_ = _pretty  # type: ignore[attr-defined]
        kind._repr_html_ = _html  # type: ignore[attr-defined]
        return kind

    return shown


def in_words(value: Any) -> str:
    """Return a value as a notebook shows it in text: its fields, each number with its unit."""
    if not hasattr(value, "_units"):
        return repr(value)
    return f"{type(value).__name__}({', '.join(f'{name}={text}' for name, text in _fields(value))})"


def _fields(value: Any) -> list[tuple[str, str]]:
    """Return name and text of each field that a repr shows."""
    from dataclasses import fields

    return [
        (each.name, _with_unit(getattr(value, each.name), unit_of(each.name, value._units)))
        for each in fields(value) if each.repr
    ]


def _with_unit(value: Any, unit: str | None) -> str:
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}…"
    if isinstance(value, bool) or not isinstance(value, Real):
        return in_words(value)
    number = f"{float(value):.6g}" if isinstance(value, float) else str(value)
    return f"{number} {unit}" if unit else number


def _pretty(self: Any, printer: Any, cycle: bool) -> None:
    """What IPython prints."""
    printer.text(in_words(self))


def _html(self: Any) -> str:
    """What a notebook shows."""
    return table((type(self).__name__, ""), _fields(self))


def well_formed(value: Any) -> Any:
    """Return a text with U+FFFD for each lone surrogate, which UTF-8 cannot carry; in a mapping, its texts.

    Examples
    --------
    >>> well_formed("a\\ud800b")
    'a\ufffdb'
    """
    if isinstance(value, str):
        return value if value.isascii() else re.sub(_LONE, _REPLACEMENT, value)
    if isinstance(value, Mapping):
        return {well_formed(key): well_formed(part) for key, part in value.items()}
    return value


def printable(text: str, keep_lines: bool = False) -> str:
    """Return a text of others as a terminal may print it: no character of it moves, colours or reorders.

    Control characters, C1 among them, become spaces; what overrides the direction of a text, and lone
    surrogates, become U+FFFD. Joiners and direction marks, which scripts need, stay.

    Parameters
    ----------
    text : str
        A transcript, an error of a service, a name.
    keep_lines : bool
        Line feeds stay; else they become spaces.

    Examples
    --------
    >>> printable("so\x1b[2J it\u202e was") == "so [2J it\ufffd was"
    True
    """
    safe = re.sub(_REORDERING, _REPLACEMENT, re.sub(_CONTROL, " ", text))
    return safe if keep_lines else safe.replace("\n", " ")
