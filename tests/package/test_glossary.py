"""One word a number: the glossary decides, and everything that is shown or written keeps to it."""

from __future__ import annotations

import re

import pytest

import qwen_asr_widgets
from qwen_asr_widgets.glossary import GlossaryTerm, explained, heading, terms
from qwen_asr_widgets.widgets.shared.locales import LANGUAGES

TERMS = {one.id: one for one in terms()}


def test_no_two_figures_have_one_name_and_none_has_two() -> None:
    for lang in LANGUAGES:
        names = [one.term[lang].lower() for one in terms()]
        assert len(set(names)) == len(names)
    assert len(TERMS) == len({one.anchor for one in terms()}) == len(terms())


@pytest.mark.parametrize("one", terms(), ids=lambda one: one.id)
def test_a_term_says_what_it_is_how_it_is_computed_and_where_it_is_measured(one: GlossaryTerm) -> None:
    for lang in LANGUAGES:
        for text in (one.text[lang], one.measured[lang]):
            assert re.fullmatch(r"[^\n]{5,160}[.。]", text)
        assert re.search(r"[.。]\s*\S", one.text[lang].removesuffix(".")) is None
    assert one.formula and re.fullmatch(r"[a-z0-9-]+", one.anchor)


@pytest.mark.parametrize("one", [one for one in terms() if one.python], ids=lambda one: one.id)
def test_the_attribute_that_a_term_names_exists(one: GlossaryTerm) -> None:
    first, *rest = one.python.split(".")
    homes = {
        "RunInfo": "recording.log.run_info", "Measure": "recording.summary",
        "ComparedRun": "recording.comparing.comparison",
    }
    home = qwen_asr_widgets
    if first in homes:
        home = __import__(f"qwen_asr_widgets.{homes[first]}", fromlist=[first])
    owner = getattr(home, first)
    for name in rest:
        assert name in getattr(owner, "__dataclass_fields__", {}) or hasattr(owner, name), one.python


def test_a_column_is_explained_by_its_title() -> None:
    assert explained(heading("finalization")).startswith("What a person waits")
    assert explained("Finalization (median)") == explained("finalization")
    assert explained("") == explained("Transcript") == ""
