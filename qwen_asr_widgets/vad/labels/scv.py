"""The ``.scv`` labels of TEN VAD's test set, by which Silero VAD and others are compared there.

One line a clip: its name, then start, end and label of stretch after stretch, all between commas; the label
is 1 for speech and 0 for none. Speakers and words have no place in it; speech of several at once is one
stretch.
Source: how ``examples/plot_pr_curves.py`` of https://github.com/TEN-framework/ten-vad reads its test set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from .rows import LabelFormat, Parsed, Region, Row, Wanted, numbered_lines, one_clip, one_word, seconds_at

_FIRST = re.compile(r"[^,]*(,\s*\d+(\.\d*)?\s*){2},\s*[01]\s*(,|$)")


def read_scv(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the stretches of speech of one clip."""
    found: dict[str, list[Row]] = {}
    for number, line in numbered_lines(text):
        name, *fields = (field.strip() for field in line.rstrip().rstrip(",").split(","))
        if len(fields) % 3:
            raise LabelError(
                f"line {number}: after the clip's name come {len(fields)} values; write start, end and label "
                "(1 for speech, 0 for none) of each stretch."
            )
        found.setdefault(name, []).extend(_speech(fields, number))
    chosen = one_clip(list(found), wanted.uri)
    return Parsed(found.get(chosen, []), None, chosen)


def _speech(fields: list[str], line: int) -> Iterator[Row]:
    """Yield the stretches of a line that are speech."""
    for start, end, label in zip(fields[::3], fields[1::3], fields[2::3]):
        if label not in ("0", "1"):
            raise LabelError(f"line {line}: a label is {label[:40]!r}; write 1 for speech, 0 for none.")
        if label == "1":
            yield Row(line, seconds_at(start, line), seconds_at(end, line))


def write_scv(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write one line that covers the whole clip."""
    fields, position = [], 0.0
    for start, end in _united(turns):
        if start > position:
            fields.append(f"{position:.3f},{start:.3f},0")
        fields.append(f"{start:.3f},{end:.3f},1")
        position = end
    if duration > position or not fields:
        fields.append(f"{position:.3f},{max(duration, 0.001):.3f},0")
    return ",".join([one_word(uri).replace(",", "_") or "clip", *fields]) + "\n"


def _united(turns: Iterable[ReferenceTurn]) -> list[tuple[float, float]]:
    """Return the stretches in which anybody speaks, those that overlap united."""
    stretches: list[tuple[float, float]] = []
    for turn in turns:
        if stretches and turn.start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], turn.end))
        else:
            stretches.append((turn.start, turn.end))
    return stretches


def _is_scv(lines: Sequence[str]) -> bool:
    return _FIRST.match(lines[0]) is not None


SCV = LabelFormat("scv", (".scv",), read_scv, write_scv, _is_scv, needs_uem=True)
