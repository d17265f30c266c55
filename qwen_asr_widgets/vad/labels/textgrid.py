"""Praat's TextGrid: long and short text forms read, the long one written.

One interval tier a speaker, named after them (``turns`` where no speaker is known); an interval with
words is a turn, an empty one is silence. A turn without words is marked ``<speech>``. The tier ``scored``
marks the scored regions, the tier ``holds`` the pauses inside turns. Praat's own "To TextGrid (silences)…"
(tier ``silences``) is read too: ``silent`` is silence. Source: Praat manual, "TextGrid file formats".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from .rows import HOLDS, SCORED, Hold, LabelFormat, Parsed, Region, Row, Wanted, seconds_at

_NO_SPEAKER = "turns"
_SILENCES = "silences"
_SPEECH = "<speech>"
_HOLD = "<hold>"
_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"'
    r"|(?<![\w\[])(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)(?![\w\]])"
    r"|<(exists|absent)>"
)

Token = tuple[int, str, bool]
"""Line, value, and whether it stood in quotes."""


def read_textgrid(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the interval tiers of a TextGrid."""
    tiers = wanted.tiers
    tokens = _tokens(text)
    parsed = Parsed()
    names: list[str] = []
    for name, rows in _tiers(tokens):
        names.append(name)
        if name == SCORED:
            parsed.scored = [(row.start, row.end) for row in rows if row.text.strip()]
        elif name == HOLDS and not (tiers and name in tiers):
            parsed.holds += [(row.start, row.end, _said(row)) for row in rows if row.text.strip()]
        elif tiers is None or name in tiers:
            parsed.rows += _turns(name, rows)
    missing = [name for name in tiers or () if name not in names]
    if missing:
        known = ", ".join(names)[:200] or "none"
        raise LabelError(f"there is no interval tier {missing[0]!r:.60}; it has {known}.")
    if not names:
        raise LabelError("line 1: there is no interval tier in it; mark speech as intervals, not points.")
    return parsed


def _turns(tier: str, rows: list[Row]) -> list[Row]:
    """Return the intervals of a tier that are speech."""
    speaker = "" if tier in (_NO_SPEAKER, _SILENCES) else tier
    spoken = [row for row in rows if row.text.strip()]
    if tier == _SILENCES:
        spoken = [row for row in spoken if row.text.strip() != "silent"]
    unnamed = (_SPEECH, "sounding") if tier == _SILENCES else (_SPEECH,)
    return [
        Row(row.line, row.start, row.end, "" if row.text.strip() in unnamed else row.text, speaker)
        for row in spoken
    ]


def _said(row: Row) -> str:
    return "" if row.text.strip() == _HOLD else row.text


def _tokens(text: str) -> Iterator[Token]:
    """Yield the values of a TextGrid; the words between them ("xmin =") are decoration, says the manual."""
    body = text.lstrip("\ufeff")
    if "ooTextFile" not in body[:80]:
        raise LabelError("line 1: this is not a TextGrid in text form; in Praat use Save as text file.")
    body = "\n".join(re.sub(r"^\s*!.*$", "", line) for line in body.split("\n"))
    position, line = 0, 1
    for match in _TOKEN.finditer(body):
        line += body.count("\n", position, match.start())
        position = match.start()
        if match[1] is not None:
            yield line, match[1].replace('""', '"'), True
        elif match[2] is not None:
            yield line, match[2], False
        else:
            yield line, match[3], False


def _tiers(tokens: Iterator[Token]) -> Iterator[tuple[str, list[Row]]]:
    """Yield name and intervals of each interval tier."""
    header = [_next(tokens) for _ in range(2)]
    if header[1][1] != "TextGrid":
        raise LabelError(f"line {header[1][0]}: the object class is {header[1][1]!r:.60}, not TextGrid.")
    _number(tokens), _number(tokens)
    if _next(tokens)[1] != "exists":
        return
    for _ in range(int(_number(tokens))):
        kind, name = _next(tokens)[1], _next(tokens)[1]
        _number(tokens), _number(tokens)
        size = int(_number(tokens))
        if kind == "IntervalTier":
            yield name, [_interval(tokens) for _ in range(size)]
            continue
        for _ in range(size):
            _number(tokens), _next(tokens)


def _interval(tokens: Iterator[Token]) -> Row:
    line, start, _ = _next(tokens)
    return Row(line, seconds_at(start, line), _number(tokens), _next(tokens)[1])


def _number(tokens: Iterator[Token]) -> float:
    line, value, quoted = _next(tokens)
    if quoted:
        raise LabelError(f"line {line}: {value[:40]!r} stands where a number must; the TextGrid is damaged.")
    return seconds_at(value, line)


def _next(tokens: Iterator[Token]) -> Token:
    token = next(tokens, None)
    if token is None:
        raise LabelError("the TextGrid ends too early; it was cut off. Save it again in Praat.")
    return token


def write_textgrid(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float,
    holds: Iterable[Hold] = (),
) -> str:
    """Write a TextGrid in long form; turns of one speaker share a tier."""
    by_speaker: dict[str, list[tuple[float, float, str]]] = {}
    for t in turns:
        if t.speaker in (SCORED, HOLDS, _NO_SPEAKER, _SILENCES):
            raise LabelError(f"A speaker named {t.speaker!r} cannot have a TextGrid tier; rename them.")
        name = t.speaker or _NO_SPEAKER
        by_speaker.setdefault(name, []).append((t.start, t.end, t.text or _SPEECH))
    tiers = sorted(by_speaker.items()) or [(_NO_SPEAKER, [])]
    if scored is not None:
        tiers.append((SCORED, [(start, end, SCORED) for start, end in scored]))
    if marked := [(start, end, text or _HOLD) for start, end, text in holds]:
        tiers.append((HOLDS, marked))
    end = max(duration, 0.001)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_s(end)}",
             "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers, start=1):
        filled = list(_with_silences(intervals, end))
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{_q(name)}"',
                  "        xmin = 0", f"        xmax = {_s(end)}", f"        intervals: size = {len(filled)}"]
        for k, (a, b, text) in enumerate(filled, start=1):
            lines += [f"        intervals [{k}]:", f"            xmin = {_s(a)}",
                      f"            xmax = {_s(b)}", f'            text = "{_q(text)}"']
    return "\n".join(lines) + "\n"


def _with_silences(
    intervals: list[tuple[float, float, str]], end: float
) -> Iterator[tuple[float, float, str]]:
    """Yield the intervals of a tier without a hole, as Praat wants it."""
    position = 0.0
    for start, stop, text in intervals:
        if start > position:
            yield position, start, ""
        yield start, stop, text
        position = stop
    if position < end:
        yield position, end, ""


def _s(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def _q(text: str) -> str:
    return text.replace('"', '""')


def _is_textgrid(lines: Sequence[str]) -> bool:
    return lines[0].startswith(("File type", "ooTextFile"))


TEXTGRID = LabelFormat(
    "textgrid", (".TextGrid",), read_textgrid, write_textgrid, _is_textgrid, carries_holds=True
)
