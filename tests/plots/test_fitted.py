"""Text fitted into a width never exceeds it, and loses nothing that had room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.plots.fitted import MOST_SEEN, FittedText, elide, fit
from qwen_asr_widgets.plots.layout import envelope, stack

LETTERS = "ab. ,你好。ก\u0e31x"


@given(st.text(LETTERS, max_size=60), st.integers(1, 30), st.integers(0, 4))
def test_no_line_is_wider_than_the_room(text, room, lines):
    fitted = fit(text, room, lines, len)
    assert all(len(line) <= room for line in fitted.split("\n"))
    assert fitted.count("\n") + 1 <= max(lines, 1)


@given(st.text(LETTERS, max_size=60), st.integers(1, 30), st.integers(1, 4))
def test_what_is_shown_is_the_beginning_of_the_text(text, room, lines):
    fitted = fit(text, room, lines, len)
    whole = "".join(text.split())
    shown = "".join(fitted.split())
    assert whole.startswith(shown.rstrip("…"))
    assert shown == whole or shown.endswith("…") or not shown


@pytest.mark.parametrize("text, room, lines, fitted", [
    ("so the first thing", 40, 1, "so the first thing"),
    ("so the first thing", 10, 2, "so the\nfirst thi…"),
    ("so the first things to do", 21, 1, "so the first things…"),
    ("so the first thing", 10, 3, "so the\nfirst\nthing"),
    ("unbreakablelongword", 8, 2, "unbreak…"),
    ("今天我想给大家看", 4, 2, "今天我想\n给大家看"),
    ("今天我想,给大家看", 4, 3, "今天我\n想,给大\n家看"),
    ("1.02 s", 3, 0, ""),
])
def test_lines_break_where_a_reader_would(text, room, lines, fitted):
    assert fit(text, room, lines, len) == fitted


def test_of_a_text_longer_than_can_be_seen_only_the_beginning_is_laid_out():
    asked = []

    def width(text):
        asked.append(len(text))
        return len(text)

    artist = FittedText(0, 1, 0, "x" * 100_000)
    assert len(artist.full_text) == MOST_SEEN and artist.full_text.endswith("…")
    assert fit(artist.full_text, 10, 1, width) == "x" * 9 + "…"
    assert max(asked) <= MOST_SEEN + 1


def test_nothing_is_better_than_a_lone_ellipsis():
    assert elide("words", 1, len) == ""


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 9))))
def test_stacked_spans_do_not_overlap_in_their_row(spans):
    spans = sorted((start, start + length) for start, length in spans)
    rows = stack(spans)
    for one in range(len(spans)):
        for other in range(one):
            assert rows[one] != rows[other] or spans[other][1] <= spans[one][0]


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=300), st.integers(1, 50))
def test_the_envelope_loses_no_peak(samples, columns):
    import numpy as np

    where, low, high = envelope(np.array(samples, np.int16), columns)
    assert len(where) <= columns and low.min() == min(samples) and high.max() == max(samples)
