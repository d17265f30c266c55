"""What other programs open: label files, tables, clips and pages, each read by its own reader."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
import zipfile

import numpy as np
import pandas
import pytest
from praatio import textgrid
from pympi.Elan import Eaf
from support.recordings import TRANSCRIPTION, Script, three_turns

from qwen_asr_widgets import AudioClip, load_labels
from qwen_asr_widgets.errors import LabelError
from qwen_asr_widgets.recording.exports.rows import COLUMNS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyannote.database.util import load_rttm

TURNS = [
    (1.0, 3.0, "so the first thing I would like to show you is the waveform"),
    (5.0, 6.5, "every blue band is one turn"),
    (8.0, 10.5, "and the orange bar tells you how long you waited after the last word"),
]
HOSTILE = [
    "=1+1", "@so", "-2", "+3", "$x$", 'a,b;c"d', "<b>so</b>&amp;", "a\x00b", "\u202eso", "]]>", "<scored>",
]


def overlapping():
    """Two turns that overlap by 0.34 s, and one within the other."""
    script = Script(12.0).turn("a", 1.0, 3.0, "one", close=False, final=False)
    for item, onset, end, text in (("b", 2.66, 4.0, "two"), ("c", 3.0, 3.5, "three")):
        script.turn(item, onset, end, text)
    return script.finish()


def test_praatio_reads_the_textgrid_of_a_recording(tmp_path):
    path = three_turns().export(tmp_path / "talk.TextGrid")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert [tuple(entry) for entry in grid.getTier("turns").entries] == TURNS
    assert grid.maxTimestamp == 12.0


def test_pympi_reads_the_elan_file_of_a_recording(tmp_path):
    path = three_turns().export(tmp_path / "talk.eaf")
    read = Eaf(str(path)).get_annotation_data_for_tier("turns")
    assert read == [(round(1_000 * start), round(1_000 * end), text) for start, end, text in TURNS]


def test_pyannote_reads_the_rttm_of_a_recording(tmp_path):
    annotation = load_rttm(three_turns().export(tmp_path / "talk.rttm"))["made_by_hand"]
    assert [(segment.start, round(segment.end, 3)) for segment in annotation.itersegments()] == [
        turn[:2] for turn in TURNS]


@pytest.mark.parametrize("ending", ["TextGrid", "eaf", "audacity.txt", "stm", "csv", "vtt", "srt"])
def test_a_recording_written_as_labels_is_a_reference_to_the_millisecond(tmp_path, ending):
    path = three_turns().export(tmp_path / f"talk.{ending}", rules=None)
    assert [(turn.start, turn.end, turn.text) for turn in load_labels(path)] == TURNS


@pytest.mark.parametrize("ending", ["TextGrid", "eaf", "audacity.txt", "stm", "rttm"])
def test_turns_that_overlap_in_the_service_touch_in_the_file(tmp_path, ending):
    labels = load_labels(overlapping().export(tmp_path / f"talk.{ending}"))
    assert [(turn.start, turn.end) for turn in labels] == [(2.66, 3.0), (3.0, 3.5)]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("ending", ["TextGrid", "eaf", "audacity.txt", "stm", "vtt", "srt", "csv"])
def test_hostile_words_stay_words(tmp_path, ending, text):
    recording = Script(4.0).turn("a", 1.0, 2.0, text).finish()
    labels = load_labels(recording.export(tmp_path / f"talk.{ending}", rules=None, safe=False))
    expected = text.replace("\x00", "\ufffd") if ending == "eaf" else text
    assert [(turn.start, turn.end, turn.text) for turn in labels] == [(1.0, 2.0, expected)]


def test_a_recording_without_words_is_a_file_where_the_format_can_say_so(tmp_path):
    silent = Script(2.0).finish()
    for ending in ("TextGrid", "eaf", "stm", "rttm", "csv", "vtt"):
        assert load_labels(silent.export(tmp_path / f"talk.{ending}")).turns == ()
    with pytest.raises(LabelError, match="cannot say that a clip holds no speech"):
        silent.export(tmp_path / "talk.audacity.txt")


@pytest.mark.parametrize("ending", ["stm", "eaf"])
def test_who_made_the_words_is_passed_over_by_readers_of_labels(tmp_path, ending):
    recording = three_turns(session={"engine": "x 1\n2 <\"'&>"})
    path = recording.export(tmp_path / f"talk.{ending}")
    assert [(turn.start, turn.end, turn.text) for turn in load_labels(path)] == TURNS
    if ending == "eaf":
        assert "x 1 2 <\"'&>" in Eaf(str(path)).adocument["AUTHOR"]
    else:
        assert "x 1 2 <\"'&>" in path.read_text("utf-8").splitlines()[0]


def test_ctm_has_every_word_within_its_turn(tmp_path):
    lines = three_turns().export(tmp_path / "talk.ctm").read_text("utf-8").splitlines()
    rows = [line.split(" ") for line in lines if not line.startswith(";;")]
    assert len(rows) < len(lines)
    assert " ".join(row[4] for row in rows) == " ".join(text for _, _, text in TURNS)
    assert all(row[:2] == ["made_by_hand", "1"] for row in rows)
    times = [(float(row[2]), float(row[2]) + float(row[3])) for row in rows]
    assert all(any(a - 1e-6 <= start < end <= b + 2e-3 for a, b, _ in TURNS) for start, end in times)


def test_csv_is_a_table_of_times_words_and_waits(tmp_path):
    path = three_turns().export(tmp_path / "talk.csv")
    frame = pandas.read_csv(path)
    assert tuple(frame.columns) == COLUMNS
    assert list(zip(frame.start, frame.end, frame.text)) == TURNS
    assert frame.finalization.tolist() == pytest.approx([1.0, 1.12, 0.9])
    assert frame.engine.unique().tolist() == ["pocketsphinx"]


@pytest.mark.parametrize("text", ["=1+1", "@so", "-2", "+3"])
def test_a_spreadsheet_is_given_no_formula_unless_asked_for(tmp_path, text):
    recording = Script(4.0).turn("a", 1.0, 2.0, text).finish()
    for safe, told in ((True, f"'{text}"), (False, text)):
        path = recording.export(tmp_path / "talk.csv", safe=safe)
        with open(path, encoding="utf-8-sig", newline="") as file:
            assert next(csv.DictReader(file))["text"] == told


def test_parquet_and_csv_hold_the_same(tmp_path):
    recording = three_turns()
    frame = pandas.read_parquet(recording.export(tmp_path / "talk.parquet"))
    table = pandas.read_csv(recording.export(tmp_path / "talk.csv", safe=False))
    known = ["number", "start", "end", "text", "language", "first_partial", "finalization", "engine"]
    assert frame[known].to_dict("records") == table[known].to_dict("records")
    assert tuple(frame.columns) == tuple(table.columns) == COLUMNS


def test_json_lines_are_the_utterances_of_the_document(tmp_path):
    recording = three_turns()
    lines = recording.export(tmp_path / "talk.jsonl").read_text("utf-8").splitlines()
    document = json.loads(recording.export(tmp_path / "talk.json").read_text("utf-8"))
    made_by = {"engine": recording.info.made_by}
    assert [json.loads(line) for line in lines] == [{**one, **made_by} for one in document["utterances"]]


def test_text_is_the_transcript(tmp_path):
    recording = three_turns()
    assert recording.export(tmp_path / "talk.txt").read_text("utf-8") == recording.text + "\n"


def test_the_clips_are_the_sound_of_each_utterance_with_its_words(tmp_path):
    recording = three_turns()
    with zipfile.ZipFile(recording.export(tmp_path / "talk.zip")) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("metadata.csv").decode("utf-8"))))
        clips = [AudioClip.load(archive.read(row["file_name"])) for row in rows]
    assert [row["text"] for row in rows] == [text for _, _, text in TURNS]
    for clip, (start, end, _) in zip(clips, TURNS):
        piece = recording.tape.read(round(start * 16_000), round(end * 16_000))
        assert (clip.to_pcm16() == piece).all() and clip.sample_rate == 16_000


def test_rows_for_a_data_set_hold_the_sound_and_are_taken_back(tmp_path):
    recording = three_turns()
    rows = recording.to_dict()
    assert [(row["start"], row["end"], row["text"]) for row in rows] == TURNS
    clip = AudioClip.load(rows[1]["audio"])
    assert (clip.to_pcm16() == recording.tape.read(80_000, 104_000)).all()
    stored = {"bytes": recording.export(tmp_path / "talk.wav").read_bytes(), "path": "talk.wav"}
    assert np.array_equal(AudioClip.load(stored).to_pcm16(), recording.tape.read())


def test_drafts_are_left_out_of_every_table_unless_asked_for(tmp_path):
    script = Script(6.0).turn("a", 1.0, 2.0, "so")
    script.turn("b", 3.0, 4.0, "", partials=[(0.5, "half", "")], final=False)
    script.come({"type": TRANSCRIPTION + "failed", "item_id": "b", "error": {"message": "no"}}, 5.0)
    recording = script.finish()
    for ending in ("csv", "jsonl", "TextGrid", "html", "txt"):
        kept = recording.export(tmp_path / f"a.{ending}").read_text("utf-8")
        assert "so" in kept and "half" not in kept.split("<script>")[0]
        assert "half" in recording.export(tmp_path / f"b.{ending}", True).read_text("utf-8")


def test_the_page_draws_the_whole_sound_and_says_the_words_as_text(tmp_path):
    script = Script(6.0, name="a <b>.wav").turn("a", 1.0, 2.0, "<script>so</script> & on")
    page = script.finish().export(tmp_path / "talk.html").read_text("utf-8")
    assert "&lt;script&gt;so&lt;/script&gt; &amp; on" in page and "a &lt;b&gt;.wav" in page
    points = re.search(r'd="M([^"]+)Z"', page)[1].split("L")
    places, heights = zip(*(map(float, point.split()) for point in points))
    loud = [place for place, height in zip(places, heights) if height < 25]
    assert 2.0 in (min(heights), round(100 - max(heights), 1))
    assert 200 < min(loud) and max(loud) < 400, "speech from 1 to 2 of 6 s, of 1,200 columns"
    assert "http" not in page.replace("http-equiv", "")


def test_a_page_without_its_sound_is_small_and_plays_nothing(tmp_path):
    recording = Script(6.0).turn("a", 1.0, 2.0, "so").finish()
    page = recording.export(tmp_path / "talk.html", sound=False).read_text("utf-8")
    assert ">so</td>" in page and 'class="sound"' in page
    assert not re.search("<audio|<script|<button|base64", page) and len(page) < 40_000
    assert "<audio" in recording.export(tmp_path / "talk.html").read_text("utf-8")
