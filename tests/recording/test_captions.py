"""Subtitles follow the trade's rules: short lines, cut at clauses, long enough to be read."""

from __future__ import annotations

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import Script

from qwen_asr_widgets import SubtitleRules
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.recording.exports.captions import captions, word_times

LONG = (
    "Good morning, and welcome to the second lecture of this term. Today we look at how a machine knows that "
    "somebody has finished speaking, which is harder than it sounds: people stop to think, and go on."
)
words = st.lists(st.text(st.sampled_from("abcdefgh,.é字、。"), min_size=1, max_size=60), max_size=40)


def laid_out(text, rules=SubtitleRules(), start=10.0, end=22.0, until=60.0):
    return captions([(start, end, text)], rules, until)


def test_a_long_turn_becomes_captions_of_two_lines_that_are_cut_at_clauses():
    shown = laid_out(LONG)
    assert [one.lines for one in shown] == [
        ("Good morning, and welcome to the", "second lecture of this term."),
        ("Today we look at how a machine knows", "that somebody has finished speaking,"),
        ("which is harder than it sounds:", "people stop to think, and go on."),
    ]


@given(words, st.integers(8, 60), st.integers(1, 3))
def test_every_word_is_shown_once_in_order_and_no_line_is_too_long(parts, line_chars, lines):
    rules = SubtitleRules(line_chars, lines)
    shown = laid_out(" ".join(parts), rules)
    told = "".join("".join(one.lines) for one in shown)
    assert told.replace(" ", "") == "".join(parts)
    assert all(len(line) <= line_chars and len(one.lines) <= lines for one in shown for line in one.lines)
    assert all(a.start < a.end and a.start <= b.start for a, b in zip(shown, shown[1:]))
    assert not shown or (shown[0].start == 10.0 and shown[-1].end >= 22.0)


def test_a_wide_letter_counts_as_two_and_no_line_begins_with_a_closing_mark():
    shown = laid_out("早上好，请你告诉我这是怎么工作的。它听你的声音，然后写下每一个字。", SubtitleRules(line_chars=20))
    lines = [line for one in shown for line in one.lines]
    assert max(map(len, lines)) <= 10 and not any(line.startswith(("，", "。")) for line in lines)


def test_a_caption_stands_long_enough_to_be_read_where_the_next_leaves_the_time():
    turns = [(1.0, 1.5, "it waits for silence"), (3.0, 3.2, "and then it writes"), (3.4, 4.0, "so")]
    first, second, third = captions(turns, SubtitleRules(chars_per_second=10), 9.0)
    assert (first.end, second.end, third.end) == (3.0, 3.4, 4.0)


def test_a_caption_begins_where_its_share_of_the_letters_does():
    rules = SubtitleRules(line_chars=10, lines=1, chars_per_second=1_000)
    assert [(one.start, one.end) for one in laid_out("abcdefghi klmnopqrs", rules, 0.0, 1.9)] == [
        (0.0, 0.9), (0.9, 1.9)]


def test_words_get_the_time_of_their_letters():
    assert list(word_times(1.0, 2.0, "so it was")) == [
        (1.0, 1.222, "so"), (1.333, 1.556, "it"), (1.667, 2.0, "was")]
    assert [word for _, _, word in word_times(0.0, 1.0, "早上好")] == ["早", "上", "好"]


@pytest.mark.parametrize("given_, said", [
    ({"line_chars": 7}, "line_chars is 7; give a whole number of at least 8"),
    ({"lines": True}, "lines is True; give a whole number of at least 1"),
    ({"chars_per_second": 0}, "chars_per_second is 0; give a number above 0"),
    ({"chars_per_second": float("nan")}, "chars_per_second is nan"),
    ({"chars_per_second": "fast"}, "chars_per_second is 'fast'"),
])
def test_rules_out_of_range_are_refused(given_, said):
    with pytest.raises(SettingError, match=said):
        SubtitleRules(**given_)


def test_an_exported_file_follows_the_rules_and_none_gives_one_subtitle_an_utterance(tmp_path):
    recording = Script(40.0).turn("a", 10.0, 22.0, LONG).finish()
    by_rule = pysubs2.load(str(recording.export(tmp_path / "talk.srt")))
    assert [line.text.count("\\N") for line in by_rule] == [1, 1, 1]
    assert (by_rule[0].start, by_rule[-1].end) == (10_000, 22_000)
    whole = pysubs2.load(str(recording.export(tmp_path / "whole.srt", rules=None)))
    assert [line.text for line in whole] == [LONG]
    narrow = pysubs2.load(str(recording.export(tmp_path / "n.vtt", rules=SubtitleRules(line_chars=20))))
    assert len(narrow) > 4
