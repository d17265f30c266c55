"""What a user does with a recording, by the way: references of every kind, copies, paths, wrong arguments."""

from __future__ import annotations

import copy
import io
import pickle
import re

import numpy as np
import pytest
from support.recordings import Script, three_turns

from qwen_asr_widgets import (
    Labels, Recording, ReferenceTurn, SessionConfig, TurnDetection, compare, embedded, load_recording,
    plot_latency, plot_recording, plot_sweep, sample, save_labels, transcribe, verify,
)
from qwen_asr_widgets.errors import AudioError, BundleError, FolderNotFound, LabelError, SettingError
from qwen_asr_widgets.recording import LatencyTable, RunInfo, UtteranceLatency
from qwen_asr_widgets.vad.turns import Turn

pytestmark = pytest.mark.service

TURNS = [ReferenceTurn(1.0, 2.9, "so the first"), ReferenceTurn(5.0, 6.4, "every blue band")]


@pytest.fixture(params=["turns", "labels", "pairs", "detected", "file"])
def reference(request, tmp_path):
    """Return one reference in each of its forms."""
    labels = Labels(TURNS)
    save_labels(labels, tmp_path / "talk.rttm")
    return {
        "turns": TURNS, "labels": labels, "pairs": [(one.start, one.end) for one in TURNS],
        "detected": [Turn(one.start, one.start - 0.3, one.end) for one in TURNS],
        "file": tmp_path / "talk.rttm",
    }[request.param]


def test_every_kind_of_reference_is_one_to_latency_frame_comparison_and_pictures(reference):
    from matplotlib.figure import Figure

    recording = three_turns()
    table = recording.latency(reference)
    assert table.source == "reference" and [row.reference for row in table] == [0, 1, None]
    assert table[0].endpoint_delay == pytest.approx(0.9)
    assert recording.to_frame(reference).endpoint_delay.iloc[1] == pytest.approx(0.91)
    runs = compare(recording, recording, reference=reference)
    assert runs.source == "reference" and runs.runs[0].n == 2
    ax = plot_recording(recording, Figure().add_subplot(), reference=reference)
    assert len([line for line in ax.lines if line.get_gid() == "reference"]) == 2
    ax = plot_latency(recording, Figure().add_subplot(), reference=reference)
    assert [bar.get_height() for bar in ax.patches if bar.get_gid() == "endpoint-1"] == [pytest.approx(0.9)]


def test_a_sample_is_the_reference_of_its_own_words():
    talk = sample("conversation")
    recording = Script(40.0).finish()
    assert compare(recording, recording, reference=talk).metric == "WER"
    assert recording.latency(talk).source == "reference"


def test_a_text_is_what_was_said_and_a_path_leads_to_labels(tmp_path):
    recording = three_turns()
    save_labels(Labels(TURNS), tmp_path / "talk.srt")
    assert compare(recording, recording, reference="talk.srt").source == "service"
    assert compare(recording, recording, reference=str(tmp_path / "talk.srt")).source == "reference"


@pytest.mark.parametrize("copied", [
    copy.copy, copy.deepcopy, lambda recording: pickle.loads(pickle.dumps(recording)),
], ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("running", [False, True])
def test_a_copy_holds_the_same_and_is_independent(copied, running):
    recording = Script(6.0).turn("a", 1.0, 2.0, "so").recording if running else three_turns(pace=2.0)
    recording.note("looked at")
    other = copied(recording)
    assert isinstance(other, Recording) and other is not recording
    assert other.utterances == recording.utterances and other.text == recording.text
    assert np.array_equal(other.tape.read(), recording.tape.read())
    assert other.events == recording.events and other.connections == recording.connections
    assert (other.info, other.settings) == (recording.info, recording.settings)
    assert (other.notes, other.complete) == (recording.notes, recording.complete)
    other.note("of the copy")
    other.tape.append(np.zeros(10, np.int16))
    assert recording.notes == ("looked at",) and len(recording.tape) < len(other.tape)


def test_a_bundle_is_read_from_a_path_its_bytes_or_an_open_file(tmp_path):
    recording = three_turns()
    path = recording.save(tmp_path / "talk.qasr")
    data = path.read_bytes()
    for source in (path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data)):
        assert load_recording(source).utterances == recording.utterances
    with open(path, "rb") as file:
        assert load_recording(file).text == recording.text
    with open(path, encoding="latin-1") as file, pytest.raises(BundleError, match='open.path, "rb".'):
        load_recording(file)
    with pytest.raises(BundleError, match="the bundle is no .qasr bundle"):
        load_recording(b"no bundle")
    with pytest.raises(BundleError, match="the path of a .qasr bundle, its bytes or an open file, not 7"):
        load_recording(7)


def test_a_path_that_save_does_not_write_is_answered_with_one_that_it_does(tmp_path):
    with pytest.raises(SettingError, match=r"'a.pkl' ends in '.pkl'; save writes .qasr .*, e.g. 'a.qasr'"):
        three_turns().save(tmp_path / "a.pkl")
    assert list(tmp_path.iterdir()) == []
    for name in ("A.QASR", "plain"):
        assert three_turns().save(tmp_path / name).is_file()


@pytest.mark.parametrize("ending", ["qasr", "srt", "wav", "png"])
def test_a_missing_folder_is_said_with_the_way_on(tmp_path, ending):
    path = tmp_path / "missing" / f"talk.{ending}"
    with pytest.raises(FolderNotFound, match="its folder does not exist; make it first.*mkdir") as no:
        (three_turns().save if ending == "qasr" else three_turns().export)(path)
    assert str(path) in str(no.value) and isinstance(no.value, FileNotFoundError)
    assert str(pickle.loads(pickle.dumps(no.value))) == str(no.value)


def test_what_is_no_recording_is_refused_in_one_sentence():
    for call in (lambda: compare("a", "b"), lambda: plot_recording(None), lambda: plot_latency("talk.qasr")):
        with pytest.raises(SettingError, match=r"takes a Recording, not ('a'|None|'talk.qasr'): one that"):
            call()
    with pytest.raises(SettingError, match="plot_sweep takes the result of a sweep, not None"):
        plot_sweep(None)
    with pytest.raises(SettingError, match="ax is 'here'; it must be a matplotlib Axes, or None"):
        plot_recording(three_turns(), "here")
    with pytest.raises(LabelError, match="reference is 3; give Labels, a Sample"):
        plot_recording(three_turns(), reference=3)


def test_what_verify_cannot_use_is_refused_in_one_sentence():
    clip = sample("noisy").clip
    with pytest.raises(SettingError, match=r"settings is 0.2; give the settings to verify, e.g. TurnDet"):
        verify(clip, 0.2)
    with pytest.raises(AudioError, match="verify takes an AudioClip, a Sample, a Recording or a sound file"):
        verify([1, 2], TurnDetection())
    with pytest.raises(SettingError, match="config must be a SessionConfig or None, not 'en'"):
        verify(clip, TurnDetection(), embedded("script"), "en")


@pytest.mark.parametrize("call, word", [
    (lambda: transcribe("a.wav", pase=1), "pace"),
    (lambda: verify("a.wav", TurnDetection(), max_costs=1), "max_cost"),
    (lambda: compare(Recording(), Recording(), refrence="so"), "reference"),
    (lambda: plot_recording(Recording(), referense=[]), "reference"),
    (lambda: plot_latency(Recording(), axis=None), "ax"),
    (lambda: plot_sweep(None, in_forse=None), "in_force"),
])
def test_a_misspelt_keyword_is_answered_with_the_right_one(call, word):
    with pytest.raises(TypeError, match=f"(did you mean '{word}'|it takes .*{word})"):
        call()


def test_no_wait_is_stated_of_sound_that_did_not_go_out_in_real_time():
    table = three_turns(pace=None).latency()
    summary = table.summary()
    why = "sent as fast as it was taken, so its waits say nothing"
    assert dict(summary.measures) == {} and summary.n == 3
    conditions = "n = 3; 100 ms chunks, as fast as taken; speech ends by the service"
    assert str(summary) == f"no wait: {why} ({conditions})"
    for shown in (repr(table), table._repr_html_(), summary._repr_html_()):
        assert why in shown and " s<" not in shown and "median" not in shown.lower()
    with pytest.raises(KeyError, match="finalization is not stated: no wait"):
        summary["finalization"]
    row = UtteranceLatency(1, finalization=21.99, ended_by="silence")
    assert "21.99" not in repr(LatencyTable([row], "service")) + LatencyTable([row], "service")._repr_html_()
    twice = three_turns(pace=2.0)
    said = "no wait: sent at 2 × real time, so its waits say nothing"
    assert str(twice.latency().summary()).startswith(said)
    for shown in (twice.latency()._repr_html_(), twice._repr_html_()):
        assert not re.search(r"\d s<|median", shown)
    assert str(three_turns().latency().summary()).startswith("finalization: median 1.00 s")


def test_results_print_in_a_line_and_show_as_a_table():
    recording = three_turns()
    assert repr(recording.events) == f"<{len(recording.events)} events from 0.00 s to 12.10 s>"
    assert repr(Recording().events) == "<no events>"
    page = RunInfo(engine="pocketsphinx", pace=1.0)._repr_html_()
    assert "pocketsphinx" in page and "capture" not in page


def test_a_verification_takes_a_sample_and_shows_expected_turns_beside_those_that_came():
    found = verify(sample("noisy"), TurnDetection(0.0, 400), embedded("script"), SessionConfig(language="en"))
    assert found.agreement.exact and len(found.expected) == 7
    assert repr(found) == f"<Verification {found}>" and len(repr(found)) < 100
    page = found._repr_html_()
    assert page.count("<tr>") == 8 and "Expected" in page and "exact: all 7 turns as expected" in page
