"""NIST's label files: RTTM for turns, STM for turns with words, UEM for the regions that are scored.

Sources: NIST's Rich Transcription evaluation plan (RT-09, appendix A); the manual of sclite (SCTK) for STM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from .rows import LabelFormat, Parsed, Region, Row, Wanted, numbered_lines, one_clip, one_word, seconds_at


_NO_SPEAKER = "unknown"
_NOT_SCORED = "ignore_time_segment_in_scoring"


def read_rttm(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the SPEAKER lines of an RTTM file."""
    found: dict[str, dict[str, list[Row]]] = {}
    for number, line in numbered_lines(text):
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
    chosen = one_clip(list(found), wanted.uri)
    return Parsed(_of_channel(found.get(chosen, {}), wanted.channel), None, chosen)


def _of_channel(by_channel: dict[str, list[Row]], channel: int | str | None) -> list[Row]:
    """Return the turns of the channel asked for; RTTM counts channels from 1, clips from 0."""
    known = ", ".join(sorted(by_channel))[:200]
    if channel is None and len(by_channel) > 1:
        raise LabelError(
            f"it labels {len(by_channel)} channels ({known}); give channel= as for "
            'the clip, counted from 0, or channel="mean" for all of them.'
        )
    if channel in (None, "mean"):
        rows = [row for rows in by_channel.values() for row in rows]
        return sorted(rows, key=lambda row: row.line)
    name = str(channel + 1) if isinstance(channel, int) else str(channel)
    if name not in by_channel and by_channel:
        raise LabelError(f"it labels channel {known} (from 1), not channel {name}.")
    return by_channel.get(name, [])


def write_rttm(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write SPEAKER lines; words have no place in RTTM."""
    name = one_word(uri) or "clip"
    lines = [
        f"SPEAKER {name} 1 {t.start:.3f} {t.end - t.start:.3f} <NA> <NA> "
        f"{one_word(t.speaker) or '<NA>'} <NA> <NA>"
        for t in turns
    ]
    return "\n".join(lines or [";; no speech"]) + "\n"


def read_stm(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read an STM file: ``clip channel speaker start end [<label>] words`` a line."""
    found: dict[str, dict[str, list[Row]]] = {}
    for number, line in numbered_lines(text):
        fields = line.split(maxsplit=5)
        if len(fields) < 5:
            raise LabelError(
                f"line {number}: {line[:60]!r} must read: clip channel speaker start end <label> words."
            )
        words = re.sub(r"^<[^>]*>\s*", "", fields[5]) if len(fields) > 5 else ""
        if words.lower() == _NOT_SCORED:
            continue
        start, end = (seconds_at(value, number) for value in fields[3:5])
        speaker = "" if fields[2] == _NO_SPEAKER else fields[2]
        row = Row(number, start, end, words, speaker)
        found.setdefault(fields[0], {}).setdefault(fields[1], []).append(row)
    chosen = one_clip(list(found), wanted.uri)
    return Parsed(_of_channel(found.get(chosen, {}), wanted.channel), None, chosen)


def write_stm(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float
) -> str:
    """Write one line a turn, with its words."""
    name = clip_name(uri)
    lines = [
        f"{name} 1 {one_word(t.speaker) or _NO_SPEAKER} {t.start:.3f} {t.end:.3f} <O> {t.text}".rstrip()
        for t in turns
    ]
    return "\n".join(lines or [";; no speech"]) + "\n"


def clip_name(uri: str) -> str:
    """Return a clip's name as the first word of a line that must not be taken for a comment."""
    return one_word(uri).lstrip(";#") or "clip"


def read_uem(text: str, uri: str | None = None) -> list[Region]:
    """Read the scored regions of a UEM file: ``clip channel start end`` a line."""
    found: dict[str, list[Region]] = {}
    for number, line in numbered_lines(text):
        fields = line.split()
        if len(fields) != 4:
            raise LabelError(f"UEM line {number}: {line[:60]!r} must read: clip channel start end.")
        region = (seconds_at(fields[2], number), seconds_at(fields[3], number))
        if region[1] <= region[0]:
            raise LabelError(f"UEM line {number}: the region's end must lie after its start.")
        found.setdefault(fields[0], []).append(region)
    try:
        chosen = one_clip(list(found), None if uri is None else one_word(uri))
    except LabelError as error:
        raise LabelError(f"UEM: {error}") from None
    return found.get(chosen, [])


def write_uem(scored: Iterable[Region], uri: str) -> str:
    """Write scored regions as a UEM file."""
    return "".join(f"{one_word(uri) or 'clip'} 1 {start:.3f} {end:.3f}\n" for start, end in scored)


def _is_rttm(lines: Sequence[str]) -> bool:
    said = _first_said(lines)
    return not said or said.split()[0] in ("SPEAKER", "SPKR-INFO", "NON-SPEECH", "NOSCORE")


def _is_stm(lines: Sequence[str]) -> bool:
    return re.match(r"\S+\s+\S+\s+\S+\s+\d+(\.\d+)?\s+\d+(\.\d+)?\s+<", _first_said(lines)) is not None


def _first_said(lines: Sequence[str]) -> str:
    """Return the first line that is no comment; empty where all are."""
    return next((line for line in lines if not line.startswith(";;")), "")


RTTM = LabelFormat("rttm", (".rttm",), read_rttm, write_rttm, _is_rttm, needs_uem=True)
STM = LabelFormat("stm", (".stm",), read_stm, write_stm, _is_stm, needs_uem=True)
