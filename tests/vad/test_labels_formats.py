"""Labels survive every format to the millisecond, as tools nobody here wrote read them too."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pysubs2
import pytest
import qwen_asr_widgets as qaw
from hypothesis import HealthCheck, given, settings, strategies as st
from praatio import textgrid
from pympi.Elan import Eaf
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError
from qwen_asr_widgets.vad.labels.editor import LabelEditor
from qwen_asr_widgets.vad.labels.formats import FORMATS, detect_format
from qwen_asr_widgets.vad.labels.files import labels_to_text, load_labels, save_labels
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.labels.rows import LabelFormat, Parsed, Row
from qwen_asr_widgets.vad.scoring.frames import SpeechScores

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyannote.core import Segment, Timeline
    from pyannote.database.util import load_rttm, load_uem

SUFFIXES = {name: one.endings[0] for name, one in FORMATS.items()}

words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85"), max_size=12
)
names = st.sampled_from(["", "anna", "caller_2", "李"])


@st.composite
def label_sets(draw: st.DrawFn) -> Labels:
    """Draw labels with turns of up to three speakers on a grid of 1 ms, and scored regions or none."""
    turns = []
    for speaker in draw(st.sets(names, min_size=1, max_size=3)):
        edges = sorted(draw(st.sets(st.integers(0, 9_000_000), min_size=2, max_size=10)))
        for start, end in zip(edges[::2], edges[1::2]):
            text = " ".join(draw(words).split())
            turns.append(ReferenceTurn(start / 1_000, end / 1_000, text, speaker))
    regions = None
    if draw(st.booleans()):
        edges = sorted(draw(st.sets(st.integers(0, 9_000_000), min_size=2, max_size=6)))
        regions = [(a / 1_000, b / 1_000) for a, b in zip(edges[::2], edges[1::2])]
    return Labels(turns, regions, "talk")


@pytest.mark.parametrize("kind", SUFFIXES)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=label_sets())
def test_labels_come_back_exactly(tmp_path: Path, kind: str, labels: Labels) -> None:
    path = save_labels(labels, tmp_path / f"talk{SUFFIXES[kind]}")
    back = load_labels(path)
    expected = labels.turns
    if kind == "rttm":
        expected = tuple(sorted(ReferenceTurn(t.start, t.end, "", t.speaker) for t in labels.turns))
    if kind == "srt":
        expected = tuple(replace(t, text=t.text.replace("-->", "--›")) for t in labels.turns)
    if kind == "scv":
        expected = speech_of_anybody(labels)
    assert back.turns == expected
    assert back.scored == labels.scored


def speech_of_anybody(labels: Labels) -> tuple[ReferenceTurn, ...]:
    """Return the stretches in which anybody speaks, found by pyannote."""
    found = Timeline([Segment(turn.start, turn.end) for turn in labels.turns])
    joined: list[ReferenceTurn] = []
    for part in found.support():
        touching = sorted({t.start for t in labels.turns if part.start < t.start < part.end})
        edges = [at for at in touching if not any(t.start < at < t.end for t in labels.turns)]
        marks = [part.start, *edges, part.end]
        joined += [ReferenceTurn(round(a, 3), round(b, 3)) for a, b in zip(marks, marks[1:])]
    return tuple(joined)


def _example() -> Labels:
    return Labels(
        [ReferenceTurn(0.123, 1.457, 'so "yes"', "anna"), ReferenceTurn(1.001, 2.999, "no", "ben"),
         ReferenceTurn(3.5, 4.0, "", "anna")],
        scored=[(0.0, 3.25), (3.4, 5.0)], uri="talk",
    )


def test_praatio_reads_our_textgrid(tmp_path: Path) -> None:
    path = save_labels(_example(), tmp_path / "talk.TextGrid", duration=6.0)
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert grid.tierNames == ("anna", "ben", "scored") and grid.maxTimestamp == 6.0
    assert [tuple(entry) for entry in grid.getTier("anna").entries] == [
        (0.123, 1.457, 'so "yes"'), (3.5, 4.0, "<speech>")]
    assert [(entry.start, entry.end) for entry in grid.getTier("scored").entries] == [(0.0, 3.25), (3.4, 5.0)]


@pytest.mark.parametrize("form", ["short_textgrid", "long_textgrid"])
def test_we_read_praatios_textgrids(tmp_path: Path, form: str) -> None:
    grid = textgrid.Textgrid()
    grid.addTier(textgrid.IntervalTier("anna", [(0.5, 1.25, 'a "b" 3.5'), (2.0, 2.5, "c")], 0, 4))
    grid.addTier(textgrid.PointTier("clicks", [(0.7, "x")], 0, 4))
    grid.addTier(textgrid.IntervalTier("scored", [(0.0, 3.0, "scored")], 0, 4))
    path = tmp_path / "praat.TextGrid"
    grid.save(str(path), format=form, includeBlankSpaces=True)
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    labels = load_labels(path)
    assert labels.turns == (
        ReferenceTurn(0.5, 1.25, 'a "b" 3.5', "anna"), ReferenceTurn(2.0, 2.5, "c", "anna"))
    assert labels.scored == ((0.0, 3.0),)


def test_praats_silence_tier_is_understood() -> None:
    text = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n1\n"IntervalTier"\n'
        '"silences"\n'
        '0\n3\n3\n0\n1\n"silent"\n1\n2.5\n"sounding"\n2.5\n3\n"silent"\n'
    )
    assert load_labels(text).turns == (ReferenceTurn(1.0, 2.5),)


def test_pysubs2_reads_our_srt_and_we_read_its(tmp_path: Path) -> None:
    path = save_labels(_example(), tmp_path / "talk.srt")
    subtitles = pysubs2.load(str(path), format_="srt")
    assert [(line.start, line.end, line.text) for line in subtitles] == [
        (123, 1457, '[anna] so "yes"'), (1001, 2999, "[ben] no"), (3500, 4000, "[anna]")]
    subtitles.save(str(tmp_path / "theirs.srt"), format_="srt")
    assert load_labels(tmp_path / "theirs.srt").turns == _example().turns


def test_pyannote_reads_our_rttm_and_uem(tmp_path: Path) -> None:
    path = save_labels(_example(), tmp_path / "talk.rttm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        annotation = load_rttm(path)["talk"]
        regions = load_uem(path.with_suffix(".uem"))["talk"]
    tracks = annotation.itertracks(yield_label=True)
    found = sorted((round(s.start, 3), round(s.end, 3), name) for s, _, name in tracks)
    assert found == [(0.123, 1.457, "anna"), (1.001, 2.999, "ben"), (3.5, 4.0, "anna")]
    assert [(s.start, s.end) for s in regions] == [(0.0, 3.25), (3.4, 5.0)]


def test_pympi_reads_our_elan_and_we_read_its(tmp_path: Path) -> None:
    path = save_labels(_example(), tmp_path / "talk.eaf")
    elan = Eaf(str(path))
    assert elan.get_annotation_data_for_tier("anna") == [(123, 1457, 'so "yes"'), (3500, 4000, "")]
    assert elan.get_annotation_data_for_tier("scored") == [(0, 3250, "scored"), (3400, 5000, "scored")]
    theirs = Eaf(author="somebody")
    theirs.remove_tier("default")
    theirs.add_tier("ben")
    theirs.add_annotation("ben", 250, 1_500, "a < b & c")
    theirs.to_file(str(tmp_path / "theirs.eaf"))
    assert load_labels(tmp_path / "theirs.eaf").turns == (ReferenceTurn(0.25, 1.5, "a < b & c", "ben"),)


@pytest.mark.parametrize("declared", ["UTF-8", "ISO-8859-1", "TF-8"])
def test_the_words_of_an_elan_file_are_read_whatever_encoding_its_text_once_had(declared: str) -> None:
    """The text is decoded already; declared as Latin-1 it must not be decoded once more, nor be refused."""
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><ANNOTATION_DOCUMENT><TIME_ORDER>'
        '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="250"/><TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="1500"/>'
        '</TIME_ORDER><TIER TIER_ID="ben"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="c" '
        'TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>Übung \U0001f642</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>\n"
    )
    assert load_labels(text, "elan").turns == (ReferenceTurn(0.25, 1.5, "Übung \U0001f642", "ben"),)


def test_pysubs2_reads_our_vtt_and_voices_are_speakers(tmp_path: Path) -> None:
    path = save_labels(_example(), tmp_path / "talk.vtt")
    cues = [(line.start, line.end) for line in pysubs2.load(str(path), format_="vtt")]
    assert cues == [(123, 1457), (1001, 2999), (3500, 4000)]
    text = (
        "WEBVTT - talk\n\nNOTE by hand\n\none\n00:01.000 --> 00:02.500 align:start\n"
        "<v.loud Anna>so <i>it</i> &lt; is\n"
    )
    assert load_labels(text).turns == (ReferenceTurn(1.0, 2.5, "so it < is", "Anna"),)


def test_stm_reads_lines_with_and_without_a_label_and_leaves_out_what_is_not_scored() -> None:
    text = (
        ";; a comment\ncall 1 anna 0.5 1.25 <O,F0,female> so it was\ncall 1 ben 2 3 no label\n"
        "call 1 excluded 3 9 <O> ignore_time_segment_in_scoring\n"
    )
    assert load_labels(text).turns == (
        ReferenceTurn(0.5, 1.25, "so it was", "anna"), ReferenceTurn(2.0, 3.0, "no label", "ben"))


@pytest.mark.parametrize("text, said", [
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>", "declares no document"),
    ("<ANNOTATION_DOCUMENT><TIER></ANNOTATION_DOCUMENT>", "line 1: this is no XML"),
    ("<html></html>", "XML of another kind"),
    ("<ANNOTATION_DOCUMENT><TIER TIER_ID='a'><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID='a7'/>"
     "</ANNOTATION></TIER></ANNOTATION_DOCUMENT>", "annotation 'a7' has no time in milliseconds"),
])
def test_an_elan_file_that_cannot_be_used_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        load_labels(text + "\n", "elan")


def test_audacity_labels_with_frequencies_are_read() -> None:
    text = "0.500000\t1.250000\thello there\n\\\t100.0\t4000.0\n2,000000\t3,000000\t\n"
    assert load_labels(text).turns == (ReferenceTurn(0.5, 1.25, "hello there"), ReferenceTurn(2.0, 3.0))


def test_csv_takes_durations_clock_times_and_semicolons() -> None:
    text = "Start;Duration;Text\n0:01.5;0.5;one\n1:00:00;2;two, three\n"
    assert load_labels(text).turns == (
        ReferenceTurn(1.5, 2.0, "one"), ReferenceTurn(3600.0, 3602.0, "two, three"))


def test_a_clip_without_speech_can_be_saved_where_the_format_allows_it(tmp_path: Path) -> None:
    for kind in ("csv", "textgrid", "rttm"):
        path = save_labels(Labels([], uri="talk"), tmp_path / f"none{SUFFIXES[kind]}", duration=2.0)
        assert load_labels(path).turns == ()


def test_a_file_of_several_clips_gives_the_one_asked_for() -> None:
    text = labels_to_text(Labels([ReferenceTurn(0, 1)], uri="a"), "rttm")
    text += labels_to_text(Labels([ReferenceTurn(2, 3)], uri="b"), "rttm")
    assert load_labels(text, uri="b").turns == (ReferenceTurn(2.0, 3.0),)


def test_a_stereo_rttm_gives_the_channel_asked_for() -> None:
    text = "SPEAKER call 1 0 1 <NA> <NA> caller <NA> <NA>\nSPEAKER call 2 0.5 1 <NA> <NA> agent <NA> <NA>\n"
    assert load_labels(text, channel=1).turns == (ReferenceTurn(0.5, 1.5, "", "agent"),)
    assert load_labels(text, channel="mean").speakers == ("agent", "caller")


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_format_is_known_by_its_text_alone(kind: str) -> None:
    assert detect_format(labels_to_text(_example(), kind)) == kind
    assert detect_format("\n \n\ufeff" + labels_to_text(_example(), kind)) == kind


CARRY_HOLDS = [name for name, one in FORMATS.items() if one.carries_holds]


@pytest.mark.parametrize("kind", CARRY_HOLDS)
def test_holds_come_back_and_are_the_pauses_of_the_reference(tmp_path: Path, kind: str) -> None:
    labels = Labels(
        [ReferenceTurn(0.5, 4.0, "well I think so", "anna"), ReferenceTurn(5.0, 6.0, "<hold> on")],
        scored=[(0.0, 7.0)], holds=[(2.0, 2.75, "well I"), (1.0, 1.5)], uri="talk",
    )
    path = save_labels(labels, tmp_path / f"talk{SUFFIXES[kind]}", kind)
    back = load_labels(path, kind)
    assert (back.turns, back.scored, back.holds) == (labels.turns, labels.scored, labels.holds)
    found = qaw.pauses(SpeechScores([-1.0] * 250), path)
    assert [(hold.start, hold.end, hold.text) for hold in found.holds] == [
        (1.0, 1.5, ""), (2.0, 2.75, "well I")
    ]
    assert "holds of the labels" in repr(found)
    given = qaw.pauses(SpeechScores([-1.0] * 250), path, holds=[(3.0, 3.5)])
    assert [hold.start for hold in given.holds] == [3.0]


@pytest.mark.parametrize("kind", [name for name in FORMATS if name not in CARRY_HOLDS])
def test_a_format_without_a_place_for_holds_says_which_have_one(tmp_path: Path, kind: str) -> None:
    labels = Labels([ReferenceTurn(0.5, 4.0)], holds=[(1.0, 1.5)])
    with pytest.raises(LabelError, match=f"{kind} has no place for holds; use one of textgrid, elan, .*csv"):
        save_labels(labels, tmp_path / f"talk{SUFFIXES[kind]}", kind)


def test_holds_stay_with_the_turns_they_lie_in() -> None:
    turns = [ReferenceTurn(0.0, 2.0, speaker="a"), ReferenceTurn(2.5, 5.0, speaker="b")]
    labels = Labels(turns, holds=[(0.5, 1.0), (3.0, 3.5)])
    assert labels.of_speaker("b").holds == ((3.0, 3.5, ""),)
    assert labels.within(3.25).holds == ((0.5, 1.0, ""),)
    of_one = Labels([replace(turn, speaker="") for turn in turns], holds=labels.holds)
    assert of_one.joined(1.0).holds == labels.holds
    assert LabelEditor(labels, 6.0).delete(0).labels.holds == ((3.0, 3.5, ""),)
    with pytest.raises(LabelError, match="a hold from 2 to 1 s"):
        Labels(turns, holds=[(2.0, 1.0)])


def test_scv_of_ten_vads_test_set_is_read() -> None:
    labels = load_labels("testset-audio-01,0.0,0.48,0,0.48,1.53,1,1.53,2.1,0,2.1,3.0,1\n")
    assert labels.turns == (ReferenceTurn(0.48, 1.53), ReferenceTurn(2.1, 3.0))
    assert labels.uri == "testset-audio-01"
    two = "a,0,1,1\nb,0,1,0,1,2,1\n"
    assert load_labels(two, uri="b").turns == (ReferenceTurn(1.0, 2.0),)


@pytest.mark.parametrize(("text", "said"), [
    ("a,0,1,1,2\n", "line 1: after the clip's name come 4 values"),
    ("a,0,1,2\n", "line 1: a label is '2'; write 1 for speech, 0 for none"),
    ("a,0,x,1\n", "line 1: 'x' is no time"),
])
def test_scv_that_cannot_be_read_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(LabelError, match=re.escape(said)):
        load_labels(text, "scv")


def test_an_audacity_label_may_say_start() -> None:
    assert load_labels("0.5\t1.25\tstart\n").turns == (ReferenceTurn(0.5, 1.25, "start"),)


def test_a_new_format_is_one_entry_of_the_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def read(text: str, wanted: object) -> Parsed:
        pairs = [line.split()[1:] for line in text.splitlines()]
        return Parsed([Row(n, float(a), float(b)) for n, (a, b) in enumerate(pairs, start=1)])

    def write(turns: Iterable[ReferenceTurn], scored: object, uri: str, duration: float) -> str:
        return "".join(f"toy {turn.start} {turn.end}\n" for turn in turns)

    toy = LabelFormat("toy", (".toy",), read, write, lambda lines: lines[0].startswith("toy "))
    monkeypatch.setitem(FORMATS, "toy", toy)
    path = save_labels(Labels([ReferenceTurn(1, 2)]), tmp_path / "talk.toy")
    assert load_labels(path).turns == load_labels(path.read_text()).turns == (ReferenceTurn(1, 2),)


def test_what_are_no_labels_or_no_format_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"save_labels takes Labels or a list of \(start, end\), not int"):
        save_labels(5, tmp_path / "talk.csv")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="Label format '.docx' is not known; use one of rttm, textgrid"):
        save_labels(Labels([]), tmp_path / "talk.docx")
    with pytest.raises(LabelError, match="read from a path or from text, not from int"):
        load_labels(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"no argument 'tier'; did you mean 'tiers'\?"):
        load_labels("0\t1\ta\n", tier=["a"])
