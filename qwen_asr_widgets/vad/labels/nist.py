"""NIST's label files: RTTM for turns, UEM for the regions that are scored.

Source: NIST's Rich Transcription evaluation plan (RT-09, appendix A).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from .rows import LabelFormat, Parsed, Region, Row, Wanted, numbered_lines, one_clip, one_word, seconds_at


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
    name = one_word(uri) or "clip"
    lines = [
        f"SPEAKER {name} 1 {t.start:.3f} {t.end - t.start:.3f} <NA> <NA> "
        f"{one_word(t.speaker) or '<NA>'} <NA> <NA>"
        for t in turns
    ]
    return "\n".join(lines or [";; no speech"]) + "\n"


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
    kinds = ("SPEAKER", "SPKR-INFO", "NON-SPEECH", "NOSCORE")
    return lines[0].startswith(";;") or lines[0].split()[0] in kinds


RTTM = LabelFormat("rttm", (".rttm",), read_rttm, write_rttm, _is_rttm, needs_uem=True)
