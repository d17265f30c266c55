"""A comparison says in messages what was compared, refuses what cannot be, stays in the saved notebook."""

from __future__ import annotations

import pytest
from support.recordings import Script, three_turns

from qwen_asr_widgets import CompareView, ReferenceTurn, SettingError, compare
from qwen_asr_widgets.errors import BundleError


@pytest.fixture
def runs(monkeypatch):
    """Return two runs of one sound: the second hears less, and sooner."""
    monkeypatch.setattr(Script, "voice", lambda *_: None)
    quick = Script(12.0, name="quick").turn("a", 1.0, 3.0, "so the last thing", endpoint=0.4)
    quick.turn("b", 5.0, 6.5, "every blue band is one turn", endpoint=0.4)
    return three_turns(), quick.finish()


def told(view):
    return next(content for content, _ in view.model.opening() if content["kind"] == "compared")


def test_views_are_told_figures_words_and_the_turns_of_all_runs_but_the_first(runs):
    turns = [ReferenceTurn(1.0, 3.0, "so the first thing"), ReferenceTurn(5.0, 6.5, "every blue band")]
    view = CompareView(*runs, reference=turns, names=["slow", "quick"])
    said, judge = told(view), compare(*runs, reference=turns, names=["slow", "quick"])
    assert [one["rate"] for one in said["runs"]] == [one.error_rate for one in judge.runs]
    assert [one["name"] for one in said["runs"]] == ["slow", "quick"] and said["metric"] == "WER"
    assert said["runs"][0]["utterances"] is None and len(said["runs"][1]["utterances"]) == 2
    difference = said["differences"][0]
    assert difference["seconds"] == judge.differences[0].seconds < 0
    assert (difference["cut_off"], difference["turns"], difference["low"]) == (0, 2, None)
    assert [turn["settled"] for turn in said["reference"]] == [turn.text for turn in turns]
    assert said["words"]["blocks"][0]["columns"][2] == ["=~", ["first", "first", "last"]]
    assert [block["number"] for block in said["words"]["blocks"]] == [1, 2]
    assert said["words"]["counts"][1]["replaced"] == 1


def test_without_a_reference_words_stand_under_the_first_run_s(runs):
    words = told(CompareView(*reversed(runs)))["words"]
    assert [(block["number"], block["from"]) for block in words["blocks"]] == [(1, 1.0), (2, 5.0)]
    words = told(CompareView(*runs))["words"]
    assert [(block["number"], block["from"]) for block in words["blocks"]] == [(1, 1.0), (2, 5.0), (3, 8.0)]
    assert not words["reference"] and len(words["counts"]) == 1
    assert words["blocks"][0]["columns"][0] == ["=", ["so", "so"]]


def test_a_path_is_as_good_as_a_recording(runs, tmp_path):
    path = runs[0].save(tmp_path / "first.qasr")
    assert told(CompareView(path, runs[1]))["runs"][1] == told(CompareView(*runs))["runs"][1]
    (tmp_path / "none.qasr").write_bytes(b"no bundle")
    with pytest.raises(BundleError):
        CompareView(runs[0], tmp_path / "none.qasr")


@pytest.mark.parametrize("call, sentence", [
    (lambda a, b: CompareView(a), "two or more recordings, not 1"),
    (lambda a, b: CompareView([a, b]), r"CompareView\(one, other\), without a list"),
    (lambda a, b: CompareView(a, 7), "takes a Recording or the path of a .qasr file, not 7"),
    (lambda a, b: CompareView(a, b, names=["one"]), "1 names were given for 2"),
    (lambda a, b: CompareView(a, b, height=3), "height is 3"),
    (lambda a, b: CompareView(a, Script(12.0, rate=8_000).finish()), "is of another sound"),
])
def test_what_cannot_be_compared_is_refused_in_one_sentence(runs, call, sentence):
    with pytest.raises(SettingError, match=sentence):
        call(*runs)


def test_another_sound_is_refused_with_the_place():
    other = Script(12.0)
    other.voice(2.0, 3.0)
    with pytest.raises(SettingError, match=r"'run 2' is of another sound than 'run 1'.*from 2\.\d\d s on"):
        CompareView(Script(12.0).finish(), other.finish())


def test_a_saved_notebook_shows_waits_figures_and_words(runs):
    view = CompareView(*runs, names=["slow", "<quick>"])
    html = view.saved.output()
    assert "data:image/png;base64," in html and str(view.comparison.differences[0])[-30:] in html
    assert "<del>first</del> <ins>last</ins>" in html and "<quick>" not in html
    assert "slow" in repr(view)
    view.save_outputs = False
    assert "nothing of it is saved" in view.saved.output()
