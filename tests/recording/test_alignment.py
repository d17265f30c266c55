"""Aligned words: jiwer judges how many differ, and no word of a text is lost or doubled."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import Script, three_turns

from qwen_asr_widgets import SessionConfig, SettingError, TurnDetection
from qwen_asr_widgets.recording.comparing.alignment import Alignment, SpokenText, align
from qwen_asr_widgets.recording.comparing.naming import run_names
from qwen_asr_widgets.recording.text import error_rate, normalized

words = st.lists(st.sampled_from("so it was a good day to listen".split()), max_size=9)
texts = words.map(lambda said: SpokenText("text", (" ".join(said[:4]), " ".join(said[4:]))))


def tokens(alignment: Alignment, row: int) -> list[str]:
    return [word.token for column in alignment.columns if (word := column[row]) is not None]


def told(text: SpokenText) -> str:
    return " ".join(" ".join(text.pieces).split())


@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_every_word_is_there_once_and_jiwer_counts_the_same(said, heard):
    found = align(said, heard, "en")
    for row, text in enumerate([said, *heard]):
        assert tokens(found, row) == told(text).split()
    for row, text in enumerate(heard, 1):
        counts = found.counts(row)
        if told(said):
            judge = jiwer.process_words(told(said), told(text))
            assert (counts.same, counts.replaced, counts.left_out, counts.added) == (
                judge.hits, judge.substitutions, judge.deletions, judge.insertions,
            )
            assert counts.rate == pytest.approx(judge.wer)
        else:
            assert counts.rate is None and counts.added == len(told(text).split())
    assert [column for block in found.blocks() for column in block] == list(found.columns)


def marks(said, heard, language=None):
    found = align(SpokenText("said", (said,)), [SpokenText("heard", (heard,))], language)
    return "".join(found.mark(column, 1) for column in found.columns)


@pytest.mark.parametrize("said, heard, kinds", [
    ("a good day", "a good night", "==~"), ("a good day", "good day, um", "-==+"),
    ("Good Day!", "good day", "=="), ("state-of-the-art", "state of the art", "===="),
    ("早上好大家", "早上号大家。", "==~=="), ("안녕 하세요", "안녕하세요", "====="),
    ("", "so it was", "+++"), ("so it was", "", "---"),
])
def test_what_differs_is_marked_by_its_kind(said, heard, kinds):
    assert marks(said, heard) == kinds


@pytest.mark.parametrize("said, heard", [
    ("Good morning, everyone.", "good morning every one"), ("早上好大家", "早上号大家"), ("It’s fine", "its fine"),
])
def test_its_rate_is_the_error_rate_of_a_comparison(said, heard):
    counts = align(SpokenText("said", (said,)), [SpokenText("heard", (heard,))]).counts(1)
    assert counts.rate == pytest.approx(error_rate(said, heard))


def test_words_keep_their_signs_unless_one_is_several():
    found = align(SpokenText("said", ("Well, it's state-of-the-art!",)), [])
    written = [column[0].written for column in found.columns]
    assert written == ["Well,", "it's", "state", "of", "the", "art"]
    assert " ".join(tokens(found, 0)) == normalized("Well, it's state-of-the-art!")


def test_what_several_runs_add_shares_columns_and_a_piece_begins_a_block():
    said = SpokenText("said", ("so it", "was good"))
    heard = [SpokenText("a", ("so it um uh was good",)), SpokenText("b", ("so it er was",))]
    found = align(said, heard, "en")
    written = [[word and word.written for word in column] for column in found.columns]
    assert written == [
        ["so", "so", "so"], ["it", "it", "it"], [None, "um", "er"], [None, "uh", None],
        ["was", "was", "was"], ["good", "good", None],
    ]
    assert [len(block) for block in found.blocks()] == [4, 2]
    assert str(found).splitlines()[1] == (
        "b: differs from said in 2 places of 4 words (50.0 %): 0 replaced, 1 left out, 1 added"
    )


def test_html_shows_text_as_text():
    found = align(SpokenText("said", ("a <b> day",)), [SpokenText("<i>", ("a &amp; night",))])
    html = found._repr_html_()
    assert "<b> day" not in html and "<i>" not in html and "<del>day</del> <ins>night</ins>" in html


def test_a_recording_says_what_had_a_final():
    recording = three_turns()
    pieces = SpokenText.of_recording("run", recording).pieces
    assert pieces == tuple(utterance.text for utterance in recording.utterances) and len(pieces) == 3


def of(**settings):
    return Script(1.0, SessionConfig(language="en", turn_detection=TurnDetection(**settings))).finish()


@pytest.mark.parametrize("recordings, names", [
    ([of(silence_duration_ms=800), of(silence_duration_ms=400)], ("silence 800 ms", "silence 400 ms")),
    ([of(), of(silence_duration_ms=400, threshold=0.5)],
     ("threshold 0.20, silence 800 ms", "threshold 0.50, silence 400 ms")),
    ([three_turns(), three_turns(engine="moonshine")], ("pocketsphinx", "moonshine")),
    ([three_turns(), three_turns(pace=None)], ("real time", "as fast as taken")),
    ([three_turns(), three_turns(), three_turns(pace=2.0)],
     ("run 1, real time", "run 2, real time", "run 3, 2 × real time")),
    ([three_turns(), three_turns()], ("run 1", "run 2")),
])
def test_runs_of_one_file_are_named_by_what_differs(recordings, names):
    assert run_names(recordings) == names


def test_as_many_names_as_runs():
    assert run_names([three_turns(), three_turns()], ["a", "b"]) == ("a", "b")
    with pytest.raises(SettingError, match="1 names were given for 2"):
        run_names([three_turns(), three_turns()], ["a"])
