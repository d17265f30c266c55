"""Label files of any content: labels or a `LabelError` in one sentence, in bounded time."""

from __future__ import annotations

import time
import timeit
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError
from qwen_asr_widgets.vad.labels.formats import FORMATS
from qwen_asr_widgets.vad.labels.files import labels_to_text, load_labels
from qwen_asr_widgets.vad.labels.labels import Labels

GOOD = Labels(
    [ReferenceTurn(0.123, 1.457, 'so "yes", he said', "anna"), ReferenceTurn(1.5, 2.999, "no", "ben")],
    scored=[(0.0, 3.25)], uri="talk",
)
NUMBER = "9" * 400

pieces = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["\0", "\ufeff", "\r", "\n", "\x1c", "\x85", '"', "[", "]", "<", ";;", "\t", ",", "-->",
                     NUMBER, "1e999", "-1", "nan", "inf", "1:2:3", "\ud800", "size = 99999999", "start,end",
                     "SPEAKER", 'File type = "ooTextFile"', '"TextGrid"', "<exists>", '"IntervalTier"', "٣"]),
)


def read(text: str, kind: str | None) -> None:
    """Load labels; whatever is refused is refused by one sentence of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            labels = load_labels(text, kind)
        except LabelError as error:
            assert str(error) and len(str(error)) < 1_000
        else:
            for turn in labels:
                assert 0 <= turn.start < turn.end <= 3e9


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([None, *FORMATS]), st.lists(pieces, max_size=30))
def test_text_of_any_content_is_labels_or_one_sentence(kind, parts):
    read("".join(parts) + "\n", kind)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), pieces),
                                                  min_size=1, max_size=5), st.booleans())
def test_a_file_with_some_of_it_replaced_is_labels_or_one_sentence(kind, changes, told):
    text = labels_to_text(GOOD, kind)
    for where, length, piece in changes:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    read(text + "\n", kind if told else None)


@pytest.mark.parametrize("text", [
    f"SPEAKER a 1 {NUMBER} 1.0 <NA> <NA> x\n",
    f"SPEAKER a 1 0.5 {NUMBER} <NA> <NA> x\n",
    f"1\n{NUMBER}:00:01,000 --> 00:00:02,000\nso\n",
    f"1\n00:00:01,{NUMBER} --> 00:00:02,000\nso\n",
    labels_to_text(GOOD, "textgrid").replace("xmax = 1.457", f"xmax = {NUMBER}"),
    labels_to_text(GOOD, "textgrid").replace("intervals: size = 3", f"intervals: size = {NUMBER}"),
    f"start,end\n0,{NUMBER}\n", f"{NUMBER}\t{NUMBER}\tso\n",
])
def test_a_time_of_400_digits_is_no_time(text):
    with pytest.raises(LabelError, match=r"'[0-9:,]+' is no time; write seconds such as 12.345"):
        load_labels(text)


@pytest.mark.parametrize("line", ["SPEAKER a {0} 0.5 1.0 <NA> <NA> x", "SPEAKER {0} 1 0.5 1.0 <NA> <NA> x"])
def test_names_of_any_length_leave_the_sentence_short(line: str) -> None:
    names = [f"{digit}" * 400 for digit in "123"]
    with pytest.raises(LabelError, match="give (channel|uri)=") as refused:
        load_labels("".join(f"{line.format(name)}\n" for name in names))
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("name", ["x" * 5_000, "nul\0", "no/such/file.rttm"])
def test_a_name_that_no_file_has_is_answered_as_one_that_is_missing(name):
    with pytest.raises(LabelError, match="There is no label file"):
        load_labels(name)


@pytest.mark.parametrize("kind", [*FORMATS])
def test_a_large_file_takes_time_in_proportion(kind: str) -> None:
    """Four times the turns and scored regions take four times as long; a quadratic way, sixteen times."""

    def seconds(count: int) -> float:
        turns = [ReferenceTurn(k, k + 0.5, "so", "anna") for k in range(count)]
        text = labels_to_text(Labels(turns, [(k, k + 0.6) for k in range(count)]), kind)
        timer = timeit.Timer(lambda: load_labels(text, kind), timer=time.process_time)
        return min(timer.repeat(repeat=2, number=1))

    # timeit holds the garbage collector back: it looks through all that the tests before this one left.
    assert seconds(2_000) < 10 * max(seconds(500), 0.005)
