"""Text of others made safe to keep: a JSON message without lone surrogates or absurd nesting."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

MAX_NESTING = 64
"""Levels of arrays and objects taken in a message; the protocol itself uses six."""

_REPLACEMENT = "\ufffd"
_LONE = re.compile("[\ud800-\udfff]")
_LONE_ESCAPED = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"  # these stay: a backslash, a pair
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


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


def read_json(text: str | bytes | bytearray, levels: int = MAX_NESTING) -> Any:
    """Return the value of a JSON text; lone surrogates in it are replaced by U+FFFD.

    Parameters
    ----------
    text : str or bytes
        The text.
    levels : int
        Arrays and objects that may stand within each other.

    Raises
    ------
    ValueError
        It is no JSON, or nests values deeper than ``levels``.

    Examples
    --------
    >>> read_json(r'["a\\ud800b", "\\ud83d\\ude00"]') == ["a\ufffdb", "\U0001f600"]
    True
    """
    text = text if isinstance(text, str) else bytes(text).decode(json.detect_encoding(text))
    if "\\u" in text:
        text = _LONE_ESCAPED.sub(lambda found: found[1] or r"\ufffd", text)
    whole: str = well_formed(text)
    value = json.loads(whole, parse_constant=_no_constant)
    if whole.count("[") + whole.count("{") > levels and _nesting(value) > levels:
        raise ValueError(f"values are nested more than {levels} deep")
    return value


def _nesting(value: Any) -> int:
    """Return how deep the arrays and objects within a value are nested, itself included."""
    depth, level = 0, [value] if isinstance(value, (dict, list)) else []
    while level:
        depth += 1
        parts = chain.from_iterable(one.values() if isinstance(one, dict) else one for one in level)
        level = [part for part in parts if isinstance(part, (dict, list))]
    return depth


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
