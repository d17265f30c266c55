"""Label files as text: RTTM with UEM, Audacity labels, CSV and SRT (TextGrid has its own module).

Sources: RTTM and UEM as in NIST's Rich Transcription evaluation plan (RT-09, appendix A); Audacity's
manual, "Importing and Exporting Labels"; RFC 4180 for CSV; SRT as SubRip writes it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ..audio.reference import ReferenceTurn
from ..errors import LabelError

Region = tuple[float, float]

SCORED = "scored"
_SCORED_LABEL = "<scored>"
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+)(?:[.,](\d+))?$")
_ARROW = re.compile(r"\s*(\S+)\s+-->\s+(\S+)")


@dataclass(frozen=True)
class Row:
    """One turn as it stands in a file: its line (0: none), times in seconds, words and speaker."""

    line: int
    start: float
    end: float
    text: str = ""
    speaker: str = ""


@dataclass
class Parsed:
    """What a file holds: turns, scored regions where it has any, and the clip it names."""

    rows: list[Row] = field(default_factory=list)
    scored: list[Region] | None = None
    uri: str = ""

    def add_scored(self, start: float, end: float) -> None:
        """Add a scored region."""
        self.scored = [*(self.scored or ()), (start, end)]


@dataclass(frozen=True)
class Wanted:
    """What to take where a file holds labels of several clips, channels (from 0) or tiers."""

    uri: str | None = None
    channel: int | str | None = None
    tiers: Sequence[str] | None = None


@dataclass(frozen=True)
class Format:
    """How one kind of file is read and written.

    Parameters
    ----------
    read : callable
        ``read(text, wanted) -> Parsed``.
    write : callable
        ``write(turns, scored, uri, duration) -> str``.
    needs_uem : bool
        Whether scored regions go to a UEM file beside it.
    """

    read: Callable[..., Parsed]
    write: Callable[..., str]
    needs_uem: bool = False


def detect_format(text: str) -> str:
    """Return the format a text is in, or raise ``LabelError``."""
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[0].lstrip("\ufeff").strip()
    if first.startswith(("File type", "ooTextFile")):
        return "textgrid"
    if first.split()[0] in ("SPEAKER", "SPKR-INFO", "NON-SPEECH", "NOSCORE") or first.startswith(";;"):
        return "rttm"
    if any(_ARROW.match(line) for line in lines[:3]):
        return "srt"
    if "start" in first.lower() and re.search(r"[,;\t]", first):
        return "csv"
    if re.match(r"\d+[.,]?\d*\t\d", first):
        return "audacity"
    raise LabelError(
        f"line 1: {first[:60]!r} is in none of the known label formats ({', '.join(FORMATS)}); give format=."
    )


def seconds_at(text: str, line: int) -> float:
    """Return a time given as seconds or as a clock (``1:02:03.4``) in seconds."""
    clock = _CLOCK.match(text.strip())
    if clock:
        hours, minutes, seconds, fraction = clock.groups()
        whole = int(hours or 0) * 3_600 + int(minutes) * 60 + int(seconds)
        return whole + float(f"0.{fraction or 0}")
    try:
        return float(text)
    except ValueError:
        raise LabelError(
            f"line {line}: {text.strip()[:40]!r} is no time; write seconds such as 12.345."
        ) from None


def read_rttm(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the SPEAKER lines of an RTTM file."""
    found: dict[str, dict[str, list[Row]]] = {}
    for number, line in _lines(text):
        fields = line.split()
        if fields[0] != "SPEAKER":
            continue
        if len(fields) < 8:
            raise LabelError(
                f"line {number}: a SPEAKER line has 8 to 10 fields, this one {len(fields)}; "
                "write SPEAKER clip 1 start duration <NA> <NA> speaker <NA> <NA>."
            )
        start = seconds_at(fields[3], number)
        speaker = "" if fields[7] == "<NA>" else fields[7]
        row = Row(number, start, start + seconds_at(fields[4], number), "", speaker)
        found.setdefault(fields[1], {}).setdefault(fields[2], []).append(row)
    chosen = _one_clip(list(found), wanted.uri)
    return Parsed(_of_channel(found.get(chosen, {}), wanted.channel), None, chosen)


def _of_channel(by_channel: dict[str, list[Row]], channel: int | str | None) -> list[Row]:
    """Return the turns of the channel asked for; RTTM counts channels from 1, clips from 0."""
    if channel is None and len(by_channel) > 1:
        raise LabelError(
            f"it labels {len(by_channel)} channels ({', '.join(sorted(by_channel))}); give channel= as for "
            'the clip, counted from 0, or channel="mean" for all of them.'
        )
    if channel in (None, "mean"):
        rows = [row for rows in by_channel.values() for row in rows]
        return sorted(rows, key=lambda row: row.line)
    name = str(channel + 1) if isinstance(channel, int) else str(channel)
    if name not in by_channel and by_channel:
        raise LabelError(f"it labels channel {', '.join(sorted(by_channel))} (from 1), not channel {name}.")
    return by_channel.get(name, [])


def write_rttm(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write SPEAKER lines; words have no place in RTTM."""
    name = _one_word(uri) or "clip"
    lines = [
        f"SPEAKER {name} 1 {t.start:.3f} {t.end - t.start:.3f} <NA> <NA> "
        f"{_one_word(t.speaker) or '<NA>'} <NA> <NA>"
        for t in turns
    ]
    return "\n".join(lines or [";; no speech"]) + "\n"


def read_uem(text: str, uri: str | None = None) -> list[Region]:
    """Read the scored regions of a UEM file: ``clip channel start end`` a line."""
    found: dict[str, list[Region]] = {}
    for number, line in _lines(text):
        fields = line.split()
        if len(fields) != 4:
            raise LabelError(f"UEM line {number}: {line[:60]!r} must read: clip channel start end.")
        region = (seconds_at(fields[2], number), seconds_at(fields[3], number))
        if region[1] <= region[0]:
            raise LabelError(f"UEM line {number}: the region's end must lie after its start.")
        found.setdefault(fields[0], []).append(region)
    try:
        chosen = _one_clip(list(found), None if uri is None else _one_word(uri))
    except LabelError as error:
        raise LabelError(f"UEM: {error}") from None
    return found.get(chosen, [])


def write_uem(scored: Iterable[Region], uri: str) -> str:
    """Write scored regions as a UEM file."""
    return "".join(f"{_one_word(uri) or 'clip'} 1 {start:.3f} {end:.3f}\n" for start, end in scored)


def read_audacity(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read Audacity labels: start, end and label between tabs; frequency lines are passed over."""
    parsed = Parsed()
    for number, line in _lines(text):
        if line.startswith("\\"):
            continue
        fields = line.split("\t")
        if len(fields) < 2:
            raise LabelError(f"line {number}: {line[:60]!r} must read: start, tab, end, tab, label.")
        start, end = (seconds_at(value.replace(",", "."), number) for value in fields[:2])
        label = " ".join(fields[2:])
        if label.strip() == _SCORED_LABEL:
            parsed.add_scored(start, end)
        else:
            text_, speaker = _without_speaker(label)
            parsed.rows.append(Row(number, start, end, text_, speaker))
    return parsed


def write_audacity(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write Audacity labels, the scored regions among them."""
    rows = [(start, end, _SCORED_LABEL) for start, end in scored or ()]
    rows += [(t.start, t.end, _with_speaker(t)) for t in turns]
    if not rows:
        raise LabelError("Audacity labels cannot say that a clip holds no speech; save as CSV or TextGrid.")
    return "".join(f"{start:.6f}\t{end:.6f}\t{label}\n" for start, end, label in sorted(rows))


def read_csv(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read columns start and end (or duration), and text, speaker, kind and file where there are such."""
    header = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text.strip("\n"), newline=""), delimiter=delimiter)
    names = [name.strip().lower() for name in next(reader)]
    if "start" not in names or not {"end", "duration"} & set(names):
        raise LabelError(
            f"line 1: the columns are {', '.join(names)}; a header with start and end (in seconds) is needed."
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
    chosen = _one_clip(list(found), wanted.uri) if "file" in names else ""
    parsed = found.get(chosen, Parsed())
    parsed.uri = chosen
    return parsed


def _add_csv_row(parsed: Parsed, row: dict[str, str], line: int) -> None:
    start = seconds_at(row["start"], line)
    end = seconds_at(row["end"], line) if "end" in row else start + seconds_at(row["duration"], line)
    kind = row.get("kind", "").strip().lower()
    if kind == SCORED:
        parsed.add_scored(start, end)
    elif kind in ("", "turn"):
        parsed.rows.append(Row(line, start, end, row.get("text", ""), row.get("speaker", "")))
    else:
        raise LabelError(f"line {line}: kind is {kind!r}; write turn or scored.")


def write_csv(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
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
    return out.getvalue()


def read_srt(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the subtitles of an SRT file; every one is a turn."""
    parsed = Parsed()
    lines = text.lstrip("\ufeff").splitlines()
    cues = [number for number, line in enumerate(lines) if _ARROW.match(line)]
    if not cues:
        raise LabelError(
            "line 1: there is no subtitle in it; its time line reads 00:00:01,000 --> 00:00:02,500."
        )
    for number in cues:
        arrow = _ARROW.match(lines[number])
        assert arrow is not None
        start, end = (seconds_at(value, number + 1) for value in arrow.groups())
        words = []
        for line in lines[number + 1:]:
            if not line.strip():
                break
            words.append(line)
        text_, speaker = _without_speaker(" ".join(words))
        parsed.rows.append(Row(number + 1, start, end, text_, speaker))
    return parsed


def write_srt(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write one subtitle a turn."""
    cues = [
        f"{number}\n{_srt_time(t.start)} --> {_srt_time(t.end)}\n{_with_speaker(t)}\n"
        for number, t in enumerate(turns, start=1)
    ]
    if not cues:
        raise LabelError("SRT cannot say that a clip holds no speech; save as CSV or TextGrid.")
    return "\n".join(cues)


def _srt_time(seconds: float) -> str:
    minutes, ms = divmod(round(seconds * 1_000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1_000:02d},{ms % 1_000:03d}"


def _lines(text: str) -> Iterable[tuple[int, str]]:
    """Yield the lines that say something, numbered from 1; ``;;`` and ``#`` begin comments."""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith((";;", "#")):
            yield number, line


def _one_clip(names: list[str], uri: str | None) -> str:
    """Return the clip to take of those a file names."""
    if uri is not None and names and uri not in names:
        known = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        raise LabelError(f"it holds labels of {known}, not of {uri!r}; give uri= as one of these.")
    if uri is None and len(names) > 1:
        known = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        raise LabelError(f"it holds labels of {len(names)} clips ({known}); give uri= to choose one.")
    return uri if uri is not None and names else (names or [""])[0]


def _one_word(name: str) -> str:
    return re.sub(r"\s+", "_", name.strip())


def _with_speaker(turn: ReferenceTurn) -> str:
    """Return a label's words, led by ``[speaker]`` where there is one or the words could be taken for one."""
    if turn.speaker or turn.text.startswith("[") or turn.text == _SCORED_LABEL:
        return f"[{turn.speaker}] {turn.text}".rstrip()
    return turn.text


def _without_speaker(label: str) -> tuple[str, str]:
    """Return words and speaker of a label."""
    named = re.match(r"\s*\[([^\]]*)\]\s*(.*)$", label, re.DOTALL)
    return (named[2], named[1]) if named else (label, "")


def _textgrid_read(text: str, wanted: Wanted = Wanted()) -> Parsed:
    from .textgrid import read_textgrid

    return read_textgrid(text, wanted.tiers)


def _textgrid_write(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    from .textgrid import write_textgrid

    return write_textgrid(list(turns), None if scored is None else list(scored), duration)


FORMATS = {
    "rttm": Format(read_rttm, write_rttm, needs_uem=True),
    "textgrid": Format(_textgrid_read, _textgrid_write),
    "audacity": Format(read_audacity, write_audacity),
    "csv": Format(read_csv, write_csv),
    "srt": Format(read_srt, write_srt, needs_uem=True),
}
"""Every format by its name."""
