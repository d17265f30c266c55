"""ELAN's annotation files (``.eaf``): one tier a speaker.

A tier is named after its speaker (``turns`` where none is known); the tier ``scored`` marks the scored
regions, the tier ``holds`` the pauses inside turns. Annotations that are aligned to time are turns, those
that refer to others are passed over.
Source: "ELAN Annotation Format, EAF schema version 3.0", The Language Archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from ...audio.reference import ReferenceTurn
from ...errors import LabelError
from ...formatting import well_formed
from .rows import HOLDS, SCORED, Hold, LabelFormat, Parsed, Region, Row, Wanted

_NO_SPEAKER = "turns"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_elan(text: str, wanted: Wanted = Wanted()) -> Parsed:
    """Read the tiers of an EAF file whose annotations are aligned to time."""
    root = _document(text)
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    tiers = {tier.get("TIER_ID", ""): tier for tier in root.iter("TIER")}
    missing = [name for name in wanted.tiers or () if name not in tiers]
    if missing:
        raise LabelError(f"there is no tier {missing[0]!r:.60}; it has {', '.join(tiers) or 'none':.200}.")
    parsed = Parsed()
    for name, tier in tiers.items():
        rows = _rows(name, tier, slots)
        if name == SCORED:
            parsed.scored = [(row.start, row.end) for row in rows]
        elif name == HOLDS and not (wanted.tiers and name in wanted.tiers):
            parsed.holds += [(row.start, row.end, row.text) for row in rows]
        elif wanted.tiers is None or name in wanted.tiers:
            parsed.rows += rows
    return parsed


def _document(text: str) -> ElementTree.Element:
    """Return the root of an EAF file; one that declares entities is none, and could grow without end."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise LabelError("line 1: an EAF file declares no document type; save it again in ELAN.")
    try:
        root = ElementTree.fromstring(well_formed(text.lstrip("\ufeff")))  # as text: decoded it is already
    except ElementTree.ParseError as error:
        raise LabelError(
            f"line {error.position[0]}: this is no XML ({error}); save it again in ELAN."
        ) from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise LabelError(f"line 1: this is XML of another kind ({root.tag[:40]!r}), not an ELAN file.")
    return root


def _rows(name: str, tier: ElementTree.Element, slots: dict[str | None, str | None]) -> list[Row]:
    speaker = "" if name == _NO_SPEAKER else tier.get("PARTICIPANT") or name
    rows = []
    for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
        start, end = (
            _seconds(slots.get(annotation.get(f"TIME_SLOT_REF{side}")), annotation.get("ANNOTATION_ID"))
            for side in (1, 2)
        )
        rows.append(Row(0, start, end, annotation.findtext("ANNOTATION_VALUE") or "", speaker))
    return rows


def _seconds(value: str | None, annotation: str | None) -> float:
    if value is None or not re.fullmatch(r"\d{1,12}", value):
        raise LabelError(
            f"annotation {(annotation or '?')[:40]!r} has no time in milliseconds; align it in ELAN."
        )
    return int(value) / 1000


def write_elan(
    turns: Iterable[ReferenceTurn], scored: Iterable[Region] | None, uri: str, duration: float,
    holds: Iterable[Hold] = (),
) -> str:
    """Write an EAF file of schema 3.0."""
    tiers: dict[str, list[tuple[float, float, str]]] = {}
    for turn in turns:
        if turn.speaker in (SCORED, HOLDS, _NO_SPEAKER):
            raise LabelError(f"A speaker named {turn.speaker!r} cannot have an ELAN tier; rename them.")
        tiers.setdefault(turn.speaker or _NO_SPEAKER, []).append((turn.start, turn.end, turn.text))
    if scored is not None:
        tiers[SCORED] = [(start, end, SCORED) for start, end in scored]
    if marked := list(holds):
        tiers[HOLDS] = marked
    return "\n".join(_lines(tiers or {_NO_SPEAKER: []})) + "\n"


def _lines(tiers: dict[str, list[tuple[float, float, str]]]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<ANNOTATION_DOCUMENT AUTHOR="" DATE="{datetime.now(timezone.utc).isoformat(timespec="seconds")}" '
        'FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:noNamespaceSchemaLocation="{_SCHEMA}">'
    )
    yield '  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>'
    yield "  <TIME_ORDER>"
    times = [time for spans in tiers.values() for start, end, _ in spans for time in (start, end)]
    for number, time in enumerate(times, 1):
        yield f'    <TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{round(time * 1000)}"/>'
    yield "  </TIME_ORDER>"
    number = 0
    for name, spans in tiers.items():
        participant = "" if name in (_NO_SPEAKER, SCORED, HOLDS) else f" PARTICIPANT={xml_attribute(name)}"
        yield f'  <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID={xml_attribute(name)}{participant}>'
        for _, _, text in spans:
            number += 1
            yield from _annotation(number, text)
        yield "  </TIER>"
    yield ('  <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" '
           'TIME_ALIGNABLE="true"/>')
    yield "</ANNOTATION_DOCUMENT>"


def _annotation(number: int, text: str) -> Iterator[str]:
    first = 2 * number - 1
    yield "    <ANNOTATION>"
    yield (f'      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" TIME_SLOT_REF1="ts{first}" '
           f'TIME_SLOT_REF2="ts{first + 1}">')
    yield f"        <ANNOTATION_VALUE>{escape(_in_xml(text))}</ANNOTATION_VALUE>"
    yield "      </ALIGNABLE_ANNOTATION>"
    yield "    </ANNOTATION>"


def xml_attribute(text: str) -> str:
    """Return a text as the value of an XML attribute, in quotes.

    Examples
    --------
    >>> print(xml_attribute('a "b" <c>'))
    'a "b" &lt;c&gt;'
    """
    return quoteattr(_in_xml(text))


def _in_xml(text: str) -> str:
    """Return a text with U+FFFD for what XML cannot carry."""
    return _NOT_IN_XML.sub("\ufffd", text)


def _is_elan(lines: Sequence[str]) -> bool:
    return any("<ANNOTATION_DOCUMENT" in line for line in lines[:5])


ELAN = LabelFormat("elan", (".eaf",), read_elan, write_elan, _is_elan, carries_holds=True)
