"""The command ``sweep``: the best settings, a short table, the grid as a file; wrong input ends with 2."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets import cli
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.labels.files import save_labels
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.sweep.result import SweepResult

pytestmark = pytest.mark.service


@pytest.fixture
def noisy(tmp_path):
    """A file and its labels."""
    bundled = qaw.sample("noisy")
    sound, labels = tmp_path / "noisy.wav", tmp_path / "noisy.rttm"
    bundled.clip.save(sound)
    save_labels(Labels(bundled.turns, uri="noisy"), labels)
    return sound, labels


def test_the_best_settings_are_those_of_the_library(noisy, capsys):
    sound, labels = noisy
    assert cli.main(["sweep", str(sound), "--labels", str(labels), "--max-cut", "0"]) == 0
    printed = capsys.readouterr().out
    clip = AudioClip.load(sound)
    best = qaw.sweep(clip, reference=qaw.load_labels(labels)).best(max_cut=0.0)
    assert printed.startswith(f"Best: {best}\n")
    rows = [line.split() for line in printed.splitlines()[3:]]
    marked = {row[-1]: row for row in rows if row[-1] in ("best", "default")}
    assert marked["default"][:3] == ["0.20", "800", "ms"]
    assert marked["best"][:2] == [f"{best.settings.threshold:.2f}", str(best.settings.silence_duration_ms)]
    assert float(marked["best"][-2]) == pytest.approx(best.errors_per_minute, abs=0.005)
    assert len(rows) <= 10 and len({tuple(row[:2]) for row in rows}) == len(rows)


def test_several_files_are_judged_together_and_the_grid_is_written(noisy, tmp_path, capsys):
    grid, picture = tmp_path / "grid.csv", tmp_path / "grid.png"
    assert cli.main([
        "sweep", "sample:noisy", "sample:conversation", "--padding", "100", "--out", str(grid),
        "--out", str(picture),
    ]) == 0
    printed = capsys.readouterr()
    assert "padding 100 ms" in printed.out and "On held-out calls" in printed.out
    assert f"Wrote {grid}" in printed.err and picture.read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader(grid.open()))
    assert len(rows) == 2 * 41 * 30 and {row["clip"] for row in rows} == {"noisy.flac", "conversation.flac"}
    result = qaw.sweep([qaw.sample("noisy").clip], [0.2], [800], [100], [Labels(qaw.sample("noisy").turns)])
    row, = (row for row in rows
            if (row["clip"], float(row["threshold"]), row["silence_ms"]) == ("noisy.flac", 0.2, "800"))
    assert float(row["merged"]) == result.total("merged")[0, 0]


def test_without_labels_only_turns_are_counted(noisy, capsys):
    assert cli.main(["sweep", str(noisy[0])]) == 0
    printed = capsys.readouterr().out
    assert "nothing says which turns are right" in printed and "Best" not in printed
    turns = qaw.detect_turns(qaw.speech_scores(AudioClip.load(noisy[0])), qaw.TurnDetection(0.2, 800))
    minutes = AudioClip.load(noisy[0]).duration / 60
    line, = (line.split() for line in printed.splitlines() if line.split()[:2] == ["0.20", "800"])
    assert float(line[-1]) == pytest.approx(len(turns) / minutes, abs=0.1)


def test_settings_that_leave_the_limits_on_held_out_calls_are_not_called_the_best(noisy, capsys, monkeypatch):
    found = SweepResult.best
    monkeypatch.setattr(
        SweepResult, "best", lambda *limits, **how: replace(found(*limits, **how), within_limits=False)
    )
    assert cli.main(["sweep", str(noisy[0]), "--labels", str(noisy[1])]) == 0
    assert capsys.readouterr().out.startswith("Not recommended: threshold")


def test_conditions_are_those_of_the_library_with_a_table_each(noisy, tmp_path, capsys):
    sound, labels = noisy
    grid = tmp_path / "grid.csv"
    assert cli.main([
        "sweep", str(sound), "--labels", str(labels), "--over", "worst", "--condition", "clean",
        "pink:15+telephone", f"{sound}:20+level:-10", "--out", str(grid),
    ]) == 0
    first, *tables = capsys.readouterr().out.split("\n\n")
    heard = [qaw.Condition(), qaw.Condition("pink", 15, telephone=True), qaw.Condition(str(sound), 20, -10)]
    found = qaw.sweep(AudioClip.load(sound), reference=qaw.load_labels(labels), conditions=heard)
    best = found.best(over="worst")
    assert first == f"{'Best' if best.recommended else 'Not recommended'}: {best}"
    assert [each.splitlines()[0] for each in tables] == [f"{each}:" for each in heard]
    cell = found.nearest(best.settings)
    for each, condition in zip(tables, heard):
        line, = (line for line in each.splitlines() if line.endswith(("best", "default best")))
        errors = found.under(condition).total("errors_per_minute")[cell]
        assert float(line.split()[-2]) == pytest.approx(errors, abs=0.005)
    rows = list(csv.DictReader(grid.open()))
    assert {row["condition"] for row in rows} == {str(each) for each in heard}


def test_without_labels_turns_are_counted_under_each_condition(capsys, tmp_path):
    qaw.sample("noisy").clip[:4.0].save(tmp_path / "part.wav")
    assert cli.main(["sweep", str(tmp_path / "part.wav"), "--condition", "clean", "telephone"]) == 0
    first, *tables = capsys.readouterr().out.split("\n\n")
    assert "nothing says which" in first and [each.splitlines()[0] for each in tables] == ["clean:", "G.711:"]


def test_a_recording_is_swept_by_its_sound(noisy, tmp_path, capsys):
    recording = qaw.transcribe(
        qaw.sample("noisy").clip, qaw.embedded("script"), pace=None, progress=False
    )
    recording.save(tmp_path / "noisy.qasr")
    assert cli.main(["sweep", str(tmp_path / "noisy.qasr"), "--labels", str(noisy[1])]) == 0
    assert capsys.readouterr().out.startswith("Best: threshold")


WRONG = {
    "a file that is not there": (["no-such.wav"], "no-such.wav"),
    "an unknown sample": (["sample:nonsense"], "conversation"),
    "labels that are not there": (["{clip}", "--labels", "none.rttm"], "none.rttm"),
    "labels of another clip": (["{clip}", "--labels", "{other}"], "'another'"),
    "labels beyond the clip": (["{clip}", "--labels", "{late}"], "the clip is 28.9"),
    "labels for one of two": (["{clip}", "{clip}", "--labels", "{labels}"], "2 files but 1 label files"),
    "limits without labels": (["{clip}", "--max-cut", "0"], "give --labels"),
    "a picture without labels": (["{clip}", "--out", "{folder}/a.png"], "give --labels"),
    "limits nothing keeps": (["sample:noisy", "--max-wait", "0.01"], "the shortest is"),
    "a limit below nothing": (["sample:noisy", "--max-cut", "-1"], "--max-cut is -1.0"),
    "a padding out of range": (["sample:noisy", "--padding", "-5"], "--padding is -5 ms"),
    "a noise without its distance": (["{clip}", "--condition", "pink"], "--condition pink: give clean"),
    "two noises at once": (["{clip}", "--condition", "pink:10+babble:10"], "or one each of pink:10"),
    "a distance out of range": (["{clip}", "--condition", "pink:99"], "snr_db is 99.0; it must be"),
    "a condition twice": (["{clip}", "--condition", "clean", "clean"], "clean"),
    "a noise that is not there": (["{clip}", "--condition", "no.wav:10"], "no.wav"),
    "the worst of nothing": (["sample:noisy", "--over", "worst"], "--over worst needs --condition"),
    "an ending nobody writes": (["{clip}", "--out", "grid.xls"], ".csv"),
    "a folder that is not there": (["{clip}", "--out", "/nowhere/grid.csv"], "/nowhere"),
    "a recording that is none": (["{folder}/no.qasr"], "no.qasr"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_sentence_and_exit_code_2(case, noisy, tmp_path, capsys):
    save_labels(Labels([ReferenceTurn(1, 2)], uri="another"), tmp_path / "other.rttm")
    save_labels(Labels([ReferenceTurn(1, 99)], uri="noisy"), tmp_path / "late.rttm")
    places = {"clip": noisy[0], "labels": noisy[1], "other": tmp_path / "other.rttm",
              "late": tmp_path / "late.rttm", "folder": tmp_path}
    arguments, said = WRONG[case]
    code = cli.main(["sweep", *(part.format(**places) for part in arguments)])
    captured = capsys.readouterr()
    assert code == 2 and captured.out == ""
    assert said in captured.err and captured.err.startswith("qwen-asr-widgets: ")
    assert captured.err.count("\n") == 1


def test_a_clip_without_speech_says_that_nothing_can_be_judged(tmp_path, capsys):
    AudioClip(np.zeros(32_000, np.float32), 16_000).save(tmp_path / "still.wav")
    save_labels(Labels([]), tmp_path / "still.csv")
    assert cli.main(["sweep", str(tmp_path / "still.wav"), "--labels", str(tmp_path / "still.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
