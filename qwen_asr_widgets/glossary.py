"""What every figure is called: one word a number, in Python, tables, pages and documentation.

``glossary.json`` holds the terms. From it come the headings of tables, the names of figures in the pages
(tests hold ``widgets/locales/`` to it), the "?" beside them, and the glossary of the documentation.
`GlossaryTerm` says what a term consists of.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("glossary.json")

ENGLISH = "en"


@dataclass(frozen=True)
class GlossaryTerm:
    """One figure and its name.

    Parameters
    ----------
    id : str
        What code calls it.
    group : str
        Which views show it: ``"run"``, ``"setting"``, ``"tuner"`` or ``"ends"``.
    term, text, measured : mapping of str to str
        Name, sentence and place of measurement, by language.
    formula : str
        How it is computed.
    python : str
        The public attribute that holds it; empty where none does.
    anchor : str
        Its place in the glossary's page.
    strings : tuple of str
        Strings of the pages that must be its name.
    refused : tuple of str
        Regular expressions of what it must not be called.
    """

    id: str
    group: str
    term: Mapping[str, str]
    text: Mapping[str, str]
    formula: str
    measured: Mapping[str, str]
    python: str
    anchor: str
    strings: tuple[str, ...]
    refused: tuple[str, ...]


@cache
def terms() -> tuple[GlossaryTerm, ...]:
    """Return all terms, in the order of the glossary."""
    listed = json.loads(FILE.read_text(encoding="utf-8"))["terms"]
    return tuple(
        GlossaryTerm(**{**one, **{name: tuple(one[name]) for name in ("strings", "refused")}})
        for one in listed
    )


@cache
def _named() -> dict[str, GlossaryTerm]:
    return {one.term[ENGLISH].lower(): one for one in terms()}


@cache
def _by_id() -> dict[str, GlossaryTerm]:
    return {one.id: one for one in terms()}


def heading(name: str) -> str:
    """Return what tables call a figure.

    Examples
    --------
    >>> heading("endpoint_delay")
    'Endpoint delay'
    """
    return _by_id()[name].term[ENGLISH]


def explained(title: str) -> str:
    """Return what a column's title means: its sentence and its formula; empty where it is no term.

    What stands behind in brackets, such as ``(median)``, does not count.

    Examples
    --------
    >>> explained("Decode delay (median)")
    'How long after the turn was closed its final text came. = completed − speech_stopped'
    >>> explained("Colour")
    ''
    """
    found = _named().get(title.split(" (")[0].lower())
    return "" if found is None else f"{found.text[ENGLISH]} = {found.formula}"


def page_texts(lang: str) -> dict[str, str]:
    """Return what the pages say of each term, as strings of the interface: ``term.GROUP.ID.text`` and so on.

    Examples
    --------
    >>> page_texts("en")["term.setting.score.formula"]
    '2 × probability − 1, from −1 to 1'
    """
    said = {}
    for one in terms():
        for part, texts in (("name", one.term), ("text", one.text), ("where", one.measured)):
            said[f"term.{one.group}.{one.id}.{part}"] = texts.get(lang, texts[ENGLISH])
        said[f"term.{one.group}.{one.id}.formula"] = one.formula
        said[f"term.{one.group}.{one.id}.link"] = link_to(one)
    return said


@cache
def documentation() -> str:
    """Return the address of the documentation; empty where none is known.

    ``QWEN_ASR_WIDGETS_DOCS`` names it, else the distribution's project URL ``Documentation``.
    """
    if given := os.environ.get("QWEN_ASR_WIDGETS_DOCS", ""):
        return given.rstrip("/")
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("qwen-asr-widgets").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = (url.partition(",")[::2] for url in urls)
    return next((place.strip().rstrip("/") for name, place in named if name == "Documentation"), "")


def link_to(term: GlossaryTerm) -> str:
    """Return where the documentation explains a term; empty where its address is not known."""
    return f"{documentation()}/docs/glossary.html#{term.anchor}" if documentation() else ""
