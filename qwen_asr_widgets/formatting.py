"""How results are written for people: times as a clock, and small tables for a notebook's output.

The tables show text as text and are readable on light and dark pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_LINE = "border-bottom:1px solid rgba(128,128,128,.35)"
_CELL = f"padding:4px 12px 4px 0;text-align:left;vertical-align:top;{_LINE}"
_DIM = "opacity:.75"
_SHORT = 20
"""Characters up to which a cell (a place, a delay) stays on one line."""

_LONE = re.compile("[\ud800-\udfff]")
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


def table(head: Sequence[str], rows: Sequence[Sequence[str]], below: str = "") -> str:
    """Return an HTML table; every cell is plain text and is escaped."""
    top = "".join(f'<th style="{_CELL};font-weight:600">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr>{"".join(_cell(cell) for cell in row)}</tr>' for row in rows
    )
    note = f'<div style="{_DIM};padding:4px 0">{escape(below)}</div>' if below else ""
    return (
        '<div style="overflow-x:auto;font-variant-numeric:tabular-nums">'
        f'<table style="border-collapse:collapse;background:none">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{note}</div>"
    )


def _cell(text: str) -> str:
    space = "nowrap" if len(text) <= _SHORT else "pre-wrap"
    return f'<td style="{_CELL};white-space:{space}">{escape(text)}</td>'


def well_formed(value: Any) -> Any:
    """Return a text with U+FFFD for each lone surrogate, which UTF-8 cannot carry; in a mapping, its texts.

    Examples
    --------
    >>> well_formed("a\\ud800b")
    'a\ufffdb'
    """
    if isinstance(value, str):
        return value if value.isascii() else _LONE.sub(_REPLACEMENT, value)
    if isinstance(value, Mapping):
        return {well_formed(key): well_formed(part) for key, part in value.items()}
    return value
