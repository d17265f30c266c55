"""Labels one line or subtitle a turn: Audacity labels, CSV, SRT and WebVTT.

Sources: Audacity's manual, "Importing and Exporting Labels"; RFC 4180 for CSV; SRT as SubRip writes it; the
W3C's "WebVTT: The Web Video Text Tracks Format".
"""

from __future__ import annotations

import csv
import html
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from ...formatting import timestamp
from .rows import (
    HOLD, HOLD_LABEL, SCORED, SCORED_LABEL, Hold, LabelFormat, Parsed, Region, Row, Wanted, numbered_lines,
    one_clip, seconds_at, with_speaker, without_speaker,
)

_ARROW = re.compile(r"\s*(\S+)\s+-->\s+(\S+)")


def read_audacity(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read Audacity labels: start, end and label between tabs; frequency lines are passed over."""
    parsed = Parsed()
    for number, line in numbered_lines(text):
        if line.startswith("\\"):
            continue
        fields = line.split("\t")
        if len(fields) < 2:
            raise LabelError(f"line {number}: {line[:60]!r} must read: start, tab, end, tab, label.")
        start, end = (seconds_at(value.replace(",", "."), number) for value in fields[:2])
        label = " ".join(fields[2:])
        if label.strip() == SCORED_LABEL:
            parsed.add_scored(start, end)
        elif label.strip().startswith(HOLD_LABEL):
            parsed.holds.append((start, end, label.strip().removeprefix(HOLD_LABEL).strip()))
        else:
            text_, speaker = without_speaker(label)
            parsed.rows.append(Row(number, start, end, text_, speaker))
    return parsed


def write_audacity(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float,
    holds: Iterable[Hold] = (),
) -> str:
    """Write Audacity labels, the scored regions and the holds among them."""
    rows = [(start, end, SCORED_LABEL) for start, end in scored or ()]
    rows += [(start, end, f"{HOLD_LABEL} {text}".rstrip()) for start, end, text in holds]
    rows += [(t.start, t.end, with_speaker(t)) for t in turns]
    if not rows:
        raise LabelError("Audacity labels cannot say that a clip holds no speech; save as CSV or TextGrid.")
    return "".join(f"{start:.6f}\t{end:.6f}\t{label}\n" for start, end, label in sorted(rows))


def read_csv(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read columns start and end (or duration), and text, speaker, kind and file where there are such."""
    header = (text.lstrip().splitlines() or [""])[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff\r\n"), newline=""), delimiter=delimiter)
    try:
        return _read_rows(reader, wanted)
    except csv.Error as error:
        raise LabelError(f"line {reader.line_num}: this is no CSV ({error}).") from None


def _read_rows(reader: Any, wanted: Wanted) -> Parsed:
    names = [name.strip().lower() for name in next(reader, [])]
    if "start" not in names or not {"end", "duration"} & set(names):
        raise LabelError(
            f"line 1: the columns are {', '.join(names):.200}; "
            "a header with start and end (in seconds) is needed."
        )
    found: dict[str, Parsed] = {}
    for fields in reader:
        if not any(value.strip() for value in fields):
            continue
        row = dict(zip(names, fields))
        if len(fields) != len(names):
            raise LabelError(
                f"line {reader.line_num}: {len(fields)} values under {len(names)} columns; "
                "put text that holds the delimiter in double quotes."
            )
        _add_csv_row(found.setdefault(row.get("file", ""), Parsed()), row, reader.line_num)
    chosen = one_clip(list(found), wanted.uri) if "file" in names else ""
    parsed = found.get(chosen, Parsed())
    parsed.uri = chosen
    return parsed


def _add_csv_row(parsed: Parsed, row: dict[str, str], line: int) -> None:
    start = seconds_at(row["start"], line)
    end = seconds_at(row["end"], line) if "end" in row else start + seconds_at(row["duration"], line)
    kind = row.get("kind", "").strip().lower()
    if kind == SCORED:
        parsed.add_scored(start, end)
    elif kind == HOLD:
        parsed.holds.append((start, end, row.get("text", "")))
    elif kind in ("", "turn"):
        parsed.rows.append(Row(line, start, end, row.get("text", ""), row.get("speaker", "")))
    else:
        raise LabelError(f"line {line}: kind is {kind!r:.60}; write turn, hold or scored.")


def write_csv(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float,
    holds: Iterable[Hold] = (),
) -> str:
    """Write CSV with the columns start, end, speaker, text, kind and file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("start", "end", "speaker", "text", "kind", *(["file"] if uri else [])))
    tail = [uri] if uri else []
    for start, end in scored or ():
        writer.writerow((f"{start:.3f}", f"{end:.3f}", "", "", SCORED, *tail))
    for t in turns:
        writer.writerow((f"{t.start:.3f}", f"{t.end:.3f}", t.speaker, t.text, "turn", *tail))
    for start, end, text in holds:
        writer.writerow((f"{start:.3f}", f"{end:.3f}", "", text, HOLD, *tail))
    return out.getvalue()


def read_srt(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the subtitles of an SRT file; every one is a turn."""
    parsed = Parsed()
    for cue in _cues(text):
        words, speaker = without_speaker(cue.text)
        parsed.rows.append(replace(cue, text=words, speaker=speaker))
    if not parsed.rows:
        raise LabelError(
            "line 1: there is no subtitle in it; its time line reads 00:00:01,000 --> 00:00:02,500."
        )
    return parsed


def _cues(text: str) -> Iterator[Row]:
    """Yield the subtitles of a text: a time line, and what follows it up to a blank line."""
    lines = text.lstrip("\ufeff").splitlines()
    for number, line in enumerate(lines):
        arrow = _ARROW.match(line)
        if arrow is None:
            continue
        start, end = (seconds_at(value, number + 1) for value in arrow.groups())
        words = itertools.takewhile(str.strip, lines[number + 1:])
        yield Row(number + 1, start, end, " ".join(words))


def read_vtt(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the cues of a WebVTT file; a voice (``<v anna>``) is the speaker."""
    parsed = Parsed()
    for cue in _cues(text):
        voice = re.match(r"\s*<v(?:\.[^\s>]*)?\s+([^>]*)>", cue.text)
        words = html.unescape(re.sub(r"<[^>]*>", "", cue.text))
        speaker = html.unescape(voice[1]).strip() if voice else ""
        parsed.rows.append(replace(cue, text=words, speaker=speaker))
    return parsed


def write_vtt(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write one cue a turn."""
    cues = [
        f"\n{timestamp(t.start, '.')} --> {timestamp(t.end, '.')}\n"
        f"{f'<v {html.escape(t.speaker, False)}>' if t.speaker else ''}{html.escape(t.text, False)}\n"
        for t in turns
    ]
    return "WEBVTT\n" + "".join(cues)


def write_srt(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write one subtitle a turn."""
    cues = [
        f"{number}\n{timestamp(t.start)} --> {timestamp(t.end)}\n{without_arrow(with_speaker(t))}\n"
        for number, t in enumerate(turns, start=1)
    ]
    if not cues:
        raise LabelError("SRT cannot say that a clip holds no speech; save as CSV or TextGrid.")
    return "\n".join(cues)


def without_arrow(text: str) -> str:
    """Return a text in which no reader of SRT sees the time line of another subtitle.

    Examples
    --------
    >>> without_arrow("left --> right")
    'left --› right'
    """
    return text.replace("-->", "--\u203a")


def _is_audacity(lines: Sequence[str]) -> bool:
    return re.match(r"\d+[.,]?\d*\t\d", lines[0]) is not None


def _is_csv(lines: Sequence[str]) -> bool:
    return "start" in lines[0].lower() and re.search(r"[,;\t]", lines[0]) is not None


def _is_srt(lines: Sequence[str]) -> bool:
    return any(_ARROW.match(line) for line in lines[:3])


def _is_vtt(lines: Sequence[str]) -> bool:
    return lines[0].lstrip("\ufeff").startswith("WEBVTT")


AUDACITY = LabelFormat(
    "audacity", (".txt",), read_audacity, write_audacity, _is_audacity, carries_holds=True
)
CSV = LabelFormat("csv", (".csv", ".tsv"), read_csv, write_csv, _is_csv, carries_holds=True)
SRT = LabelFormat("srt", (".srt",), read_srt, write_srt, _is_srt, needs_uem=True)
VTT = LabelFormat("vtt", (".vtt",), read_vtt, write_vtt, _is_vtt, needs_uem=True)
