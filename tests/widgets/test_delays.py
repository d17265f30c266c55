"""What views of the waits are told: parts and figures as the recording has them, and an utterance's lines."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.recordings import Script, three_turns
from support.transcribing import ask, of_kind, transcribers

from qwen_asr_widgets import Recording, replay
from qwen_asr_widgets.widgets.delays.model import DelaysModel, RevisionsRequest
from qwen_asr_widgets.widgets.transcriber import view as view_module

transcriber = pytest.fixture(transcribers)


def delays_of(recording: Recording) -> dict:
    return DelaysModel(recording, "a").opening()[0][0]


def test_the_waits_told_are_those_of_the_recording() -> None:
    recording = three_turns()
    told = delays_of(recording)
    row = recording.waterfall()[1]
    assert told["waits"][1] == {
        "number": 2, "total": row.total, "counts": True,
        "parts": [[part.name, part.start, part.seconds, part.basis, part.within] for part in row.parts],
    }
    spread = {part: figures for part, _, *figures in told["spread"]}
    assert spread["decoding"][:2] == [3, pytest.approx(0.2)] and told["stated"]
    assert told["revised"] == pytest.approx(recording.stability().revised_share)


def test_of_sound_sent_as_fast_as_it_was_taken_no_wait_is_stated() -> None:
    told = delays_of(three_turns(pace=None))
    assert not told["stated"] and told["spread"] == [] and told["words"] == []


def test_the_waits_are_told_anew_when_a_final_has_come_and_not_before() -> None:
    script = Script(12.0).turn("a", 1.0, 3.0, "so it", partials=[(0.5, "so", "")])
    model = DelaysModel(script.recording, "a")
    model.opening()
    script.play(6.0)
    assert model.changes() == []
    script.turn("b", 7.0, 8.0, "was")
    (content, _), = model.changes()
    assert [wait["number"] for wait in content["waits"]] == [1, 2] and model.changes() == []
    script.recording.words_painted("b", 109.1)
    (content, _), = model.changes()
    assert content["waits"][1]["parts"][-1][:3] == ["painting", 1.0, 0.1]


def test_each_line_says_what_is_settled_what_it_kept_and_what_it_took_back() -> None:
    script = Script(8.0)
    lines = [(0.5, "", "so I"), (1.0, "so", " it"), (1.5, "so", " it was")]
    script.turn("a", 1.0, 3.0, "so it was", partials=lines)
    model = DelaysModel(script.finish(), "a")
    (content, _), = model.revisions(RevisionsRequest(1))
    assert content["lines"] == [
        [1.5, "so I", 0, 0, "", False], [2.0, "so it", 2, 2, " I", False],
        [2.5, "so it was", 2, 5, "", False], [4.0, "so it was", 9, 9, "", True],
    ]
    assert model.revisions(RevisionsRequest(9)) == []


def test_a_language_without_spaces_is_told_character_by_character() -> None:
    script = Script(8.0).turn("a", 1.0, 3.0, "早上好", partials=[(0.5, "", "早尚")], language="zh")
    (content, _), = DelaysModel(script.finish(), "a").revisions(RevisionsRequest(1))
    assert content["lines"][1] == [4.0, "早上好", 3, 1, "尚", True]


@pytest.mark.service
def test_a_transcriber_shows_them_and_no_longer(transcriber) -> None:
    widget = transcriber(three_turns())
    ask(widget, "hello")
    ask(widget, "revisions", number=1)
    assert of_kind(widget, "revisions") == [], "nobody shows them"
    ask(widget, "delays", on=True)
    assert of_kind(widget, "state")[-1]["delays"] and len(of_kind(widget, "delays")[-1]["waits"]) == 3
    ask(widget, "revisions", number=2)
    assert of_kind(widget, "revisions")[-1]["number"] == 2
    ask(widget, "delays", on=False)
    assert not of_kind(widget, "state")[-1]["delays"]


def test_what_a_page_reports_as_painted_is_in_the_recording(transcriber, monkeypatch) -> None:
    recording = Script(8.0).turn("a", 1.0, 3.0, "so").recording
    widget = transcriber(recording)
    monkeypatch.setattr(view_module, "time", SimpleNamespace(monotonic=lambda: 104.05))
    ask(widget, "painted", number=1, took=0.02)
    ask(widget, "painted", number=7, took=0.02)
    assert recording.painted == {"a": pytest.approx(4.05)}
    assert recording.waterfall()[0]["painting"].seconds == pytest.approx(0.05)


def test_a_replay_shows_the_waits_of_the_whole_run() -> None:
    view = replay(three_turns())
    command = view.page.commands["delays"]
    (content, _), = command.act(command.type(on=True))
    assert len(content["waits"]) == 3 and content["source"] == view.model.shown.run.source
    view.close()
