"""Labels that cannot be used say so in one sentence; those that can are edited without losing a step."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st
import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError
from qwen_asr_widgets.vad.labels.editor import LabelEditor
from qwen_asr_widgets.vad.labels.files import load_labels, save_labels
from qwen_asr_widgets.vad.labels.labels import Labels

BAD = {
    "empty": ("\n", None, "nothing in it"),
    "unknown": ("hello\nworld\n", None, r"line 1: 'hello' is in none of the known label formats"),
    "unknown format": ("a\n", "doc", "Label format 'doc' is not known; use one of rttm"),
    "rttm short": ("SPEAKER a 1 0.5 1.0\n", None, "line 1: a SPEAKER line has 8 to 10 fields, this one 5"),
    "rttm no time": (
        "SPEAKER a 1 0 1 <NA> <NA> x\nSPEAKER a 1 two 1 <NA> <NA> x\n", None, "line 2: 'two' is no time"),
    "two clips": (
        "SPEAKER a 1 0 1 <NA> <NA> x\nSPEAKER b 1 0 1 <NA> <NA> x\n", None,
        r"2 clips \(a, b\); give uri="),
    "two channels": (
        "SPEAKER a 1 0 1 <NA> <NA> x\nSPEAKER a 2 0 1 <NA> <NA> y\n", None,
        r"it labels 2 channels \(1, 2\); give channel="),
    "overlap": (
        "start,end,speaker\n0,2,ann\n5,6,ann\n1.5,3,ann\n", None,
        r"lines 2 and 4: two turns of speaker 'ann' overlap \(0\.000–2\.000 s and 1\.500–3\.000 s\)\. Join"),
    "backwards": ("start,end\n0,1\n3,2\n", None, "line 3: a turn from 3 to 2 s; its end"),
    "negative": ("start,end\n-1,1\n", None, "line 2: a turn from -1 to 1 s; times are seconds from 0"),
    "csv columns": ("begin,start\n0,1\n", None, "line 1: the columns are begin, start; a header"),
    "csv width": ("start,end,text\n0,1,a,b\n", None, "line 2: 4 values under 3 columns"),
    "csv kind": ("start,end,kind\n0,1,music\n", None, "line 2: kind is 'music'"),
    "audacity": ("0.5\t1.0\ta\nrubbish\n", "audacity", "line 2: 'rubbish' must read"),
    "srt": ("1\n00:00:01,000 --> later\nhi\n", None, "line 2: 'later' is no time"),
    "srt none": ("just\ntext\n", "srt", "there is no subtitle"),
    "textgrid binary": ("ooBinaryFile\n", "textgrid", "not a TextGrid in text form"),
    "textgrid cut": (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n0\n3\n<exists>\n1\n'
        '"IntervalTier"\n"a"\n0\n3\n2\n0\n1\n',
        None, "ends too early"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_labels_give_one_sentence_with_the_line(name: str) -> None:
    text, kind, message = BAD[name]
    with pytest.raises(LabelError, match=message) as caught:
        load_labels(text, kind)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_file_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="no label file 'nowhere.rttm'"):
        load_labels("nowhere.rttm")
    path = tmp_path / "latin.csv"
    path.write_bytes("start,end,text\n0,1,caf\xe9\n".encode("latin-1"))
    with pytest.raises(LabelError, match="not text in UTF-8"):
        load_labels(path)


def test_labels_of_another_clip_are_refused(tmp_path: Path) -> None:
    labels = load_labels("SPEAKER talk 1 0.5 1.0 <NA> <NA> x\n")
    assert labels.check_clip(10.0, "/data/talk.wav") == labels
    with pytest.raises(LabelError, match="labels are of 'talk', the clip is 'walk'"):
        labels.check_clip(10.0, "walk.flac")
    with pytest.raises(LabelError, match="holds labels of talk, not of 'walk'"):
        load_labels("SPEAKER talk 1 0.5 1.0 <NA> <NA> x\n", uri="walk")


def test_labels_beyond_the_clip_are_refused_and_can_be_cut() -> None:
    labels = Labels([ReferenceTurn(1, 2), ReferenceTurn(9, 12.5)], scored=[(0, 13)])
    with pytest.raises(LabelError, match=r"turn at 9\.000 s ends at 12\.500 s, but the clip is 10\.000 s"):
        labels.check_clip(10.0)
    cut = labels.within(10.0)
    assert cut.turns[1].end == 10.0 and cut.scored == ((0.0, 10.0),)
    with pytest.raises(LabelError, match="last scored region ends at 13.000 s"):
        Labels([ReferenceTurn(1, 2)], scored=[(0, 13)]).check_clip(10.0)


def test_a_frame_of_rounding_at_the_end_is_trimmed() -> None:
    labels = load_labels("start,end\n1,10.04\n", duration=10.0)
    assert labels.turns == (ReferenceTurn(1.0, 10.0),)


def test_unsorted_turns_are_sorted_and_said_to_be() -> None:
    with pytest.warns(UserWarning, match="line 3: the turns were not in order of time; they"):
        labels = load_labels("start,end\n5,6\n1,2\n")
    assert [turn.start for turn in labels.turns] == [1.0, 5.0]


def test_scored_regions_come_from_a_uem_beside_the_file_or_as_given(tmp_path: Path) -> None:
    path = save_labels(Labels([ReferenceTurn(1, 2)], [(0.5, 3)]), tmp_path / "talk.srt")
    assert load_labels(path).scored == ((0.5, 3.0),)
    assert load_labels(path, scored=[(0, 9)]).scored == ((0.0, 9.0),)
    assert load_labels(path, scored="talk 1 0 4\ntalk 1 4 5\n").scored == ((0.0, 5.0),)
    with pytest.raises(LabelError, match="UEM line 1: the region's end"):
        load_labels(path, scored="talk 1 5 4\n")
    save_labels(Labels([ReferenceTurn(1, 2)]), path)
    assert load_labels(path).scored is None, "an old UEM file does not stay behind"


def test_a_speaker_can_be_taken_alone() -> None:
    labels = Labels([ReferenceTurn(0, 2, "", "a"), ReferenceTurn(1, 3, "", "b")])
    assert labels.speakers == ("a", "b") and labels.of_speaker("b").turns[0].end == 3.0


def _editor() -> LabelEditor:
    return LabelEditor(Labels([ReferenceTurn(1, 2), ReferenceTurn(4, 5)]), duration=10.0)


def test_a_drawn_turn_is_kept_within_the_clip_and_selected() -> None:
    editor = _editor().add(3.0, 2.5)
    assert editor.labels.turns[1] == ReferenceTurn(2.5, 3.0) and editor.selected == 1
    assert _editor().add(9.0, 30.0).labels.turns[-1].end == 10.0
    with pytest.raises(LabelError, match="overlap"):
        _editor().add(1.5, 3.0)
    with pytest.raises(LabelError, match="draw at least"):
        _editor().add(3.0, 3.001)


def test_an_edge_stops_at_its_neighbours_and_at_the_clip() -> None:
    assert _editor().move_edge(0, "end", 6.0).labels.turns[0].end == 4.0
    assert _editor().move_edge(1, "start", 0.0).labels.turns[1].start == 2.0
    assert _editor().move_edge(1, "end", 99).labels.turns[1].end == 10.0
    assert _editor().move_edge(0, "start", 1.9999).labels.turns[0].start == 1.99
    assert _editor().move_edge(0, "start", -5).labels.turns[0].start == 0.0
    with pytest.raises(LabelError, match="no turn 7"):
        _editor().move_edge(7, "end", 1.0)


def test_deleting_selects_what_follows() -> None:
    editor = _editor().delete(0)
    assert editor.labels.turns == (ReferenceTurn(4.0, 5.0),) and editor.selected == 0
    assert editor.delete(0).selected is None


edits = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.floats(0, 10), st.floats(0, 10)),
        st.tuples(st.just("move"), st.integers(0, 5), st.sampled_from(["start", "end"]), st.floats(-1, 12)),
        st.tuples(st.just("delete"), st.integers(0, 5)),
    ),
    max_size=12,
)


@given(edits)
def test_undo_goes_all_the_way_back_and_redo_all_the_way_forth(steps: list) -> None:
    editor = _editor()
    seen = [editor.labels]
    for name, *values in steps:
        try:
            edit = {"add": editor.add, "move": editor.move_edge, "delete": editor.delete}[name]
            changed = edit(*values)
        except LabelError:
            continue
        if changed is not editor:
            editor = changed
            seen.append(editor.labels)
    for labels in reversed(seen):
        assert editor.labels == labels
        editor = editor.undo()
    for labels in seen:
        assert editor.labels == labels
        editor = editor.redo()


@pytest.mark.parametrize("ending", ["rttm", "TextGrid", "txt", "csv", "srt"])
def test_text_that_utf8_cannot_carry_is_mended_so_that_saving_never_destroys_a_file(tmp_path, ending):
    labels = Labels([ReferenceTurn(0.5, 1.0, "a\ud800b", "x\udfffy")], uri="talk\ud801")
    path = save_labels(labels, tmp_path / f"talk.{ending}")
    assert labels.turns[0].text == "a\ufffdb" and labels.uri == "talk\ufffd"
    assert load_labels(path).speakers == ("x\ufffdy",)


def test_segments_are_joined_across_short_pauses_of_one_speaker() -> None:
    spoken = [(0.5, 1.0, "a"), (1.3, 2.0, "a"), (1.1, 1.2, "b"), (2.301, 3.0, "a"), (9.0, 9.5, "b")]
    labels = Labels([ReferenceTurn(start, end, "x", who) for start, end, who in spoken], [(0, 10)], "talk")
    joined = labels.joined(0.3)
    assert [(t.start, t.end, t.speaker, t.text) for t in joined] == [
        (0.5, 2.0, "a", "x x"), (1.1, 1.2, "b", "x"), (2.301, 3.0, "a", "x"), (9.0, 9.5, "b", "x")]
    assert (joined.scored, joined.uri) == (labels.scored, "talk")
    assert len(labels.joined(0)) == 5 and len(labels.joined(60)) == 2
    with pytest.raises(LabelError, match="gap is -1; give the longest pause"):
        labels.joined(-1)


def test_what_is_no_reference_turn_is_said() -> None:
    with pytest.raises(LabelError, match=r"turns\[1\] is 3.0; write a turn as ReferenceTurn"):
        Labels([(0.5, 1.0), 3.0])  # type: ignore[list-item]
    with pytest.raises(LabelError, match=r"turns\[0\]: .* end"):
        Labels([(1.0, 0.5)])


def test_lists_of_start_and_end_are_labels(tmp_path: Path) -> None:
    """They need not be turned into anything first: not in Python, not for a file, not for the tuner."""
    pairs, noisy = [(2.0, 3.0), (0.5, 1.25, "hello")], qaw.sample("noisy").clip
    said = Labels([ReferenceTurn(0.5, 1.25, "hello"), ReferenceTurn(2.0, 3.0)])
    assert Labels(pairs) == Labels([list(one) for one in pairs]) == said
    assert load_labels(save_labels(pairs, tmp_path / "talk.csv")).turns == said.turns
    shown = ((noisy, pairs), ([noisy], pairs), ([noisy], [pairs]), ([noisy, noisy], [pairs, None]))
    for source, reference in shown:
        tuner = qaw.VadTuner(source, reference)
        assert tuner.labels == said and tuner.measures.reference_turns in (2, None)
        tuner.close()
