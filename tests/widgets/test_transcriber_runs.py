"""The runs of a transcriber stay: shown again, named, pinned, thrown away, taken over by a cell run again."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile
from support.recordings import Script, three_turns
from support.transcribing import NOWHERE, MicrophonePage, ask, compared, spoken, state, transcriber
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets import Recording
from qwen_asr_widgets.recording.text import normalized
from qwen_asr_widgets.widgets.transcriber.runs import cells
from qwen_asr_widgets.widgets.transcriber.runs.kept_runs import KeptRuns
from qwen_asr_widgets.widgets.transcriber.sound import SoundAtHand
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber


def incomplete() -> Recording:
    """The same sound, of which the end was not answered."""
    recording = Script(12.0).turn("a", 1.0, 3.0, "so the first thing").finish()
    recording.finish(complete=False)
    return recording


@pytest.fixture
def three(made: Callable[..., Transcriber]) -> Transcriber:
    """Show the last of three runs of one sound, of which the second is incomplete."""
    t = made(three_turns(), NOWHERE)
    for recording in (incomplete(), three_turns()):
        t.model.show_run(t.model.runs.add(recording, t.model.sound).number)
    ask(t, "hello")
    return t


def baseline(t: Transcriber) -> int | None:
    """Return the number of the run with which the shown one is compared."""
    return None if t.model.baseline is None else t.model.baseline.number


def runs(t: Transcriber) -> list[tuple[int, str, bool, bool]]:
    """Return number, name, whether complete and whether shown of the runs that pages list."""
    return [(one["number"], one["name"], one["complete"], one["shown"]) for one in state(t)["runs"]]


def test_an_incomplete_run_is_no_baseline_and_is_marked(three: Transcriber) -> None:
    assert runs(three) == [(1, "", True, False), (2, "", False, False), (3, "", True, True)]
    assert baseline(three) == 1
    ask(three, "run-show", number=2)
    assert baseline(three) == 1 and [row["complete"] for row in compared(three)["runs"]] == [True, False]
    ask(three, "run-pin", number=2)
    assert three.model.runs.pinned is None
    ask(three, "run-show", number=1)
    assert baseline(three) is None and three.view.opening()[-1][0]["kind"] != "compared"


@pytest.mark.service
def test_a_run_shown_again_has_the_scores_that_were_seen_while_it_was_made(
    made: Callable[..., Transcriber]
) -> None:
    t = made()
    for seconds in (0.4, 0.8):
        page = MicrophonePage(t).start()
        page.speak(spoken(seconds))
        page.stop()
        wait_until(lambda: t.recording is not None and not t.active)
        ask(t, "hello")
    for number in (1, 2):
        ask(t, "run-show", number=number)
        (scored,) = [content for content, _ in t.view.opening() if content["kind"] == "score"]
        assert 0 <= t.recording.duration - scored["total"] * scored["hop"] < 0.1


def test_the_pinned_run_is_the_baseline_of_all_others_of_its_sound(three: Transcriber) -> None:
    ask(three, "run-pin", number=3)
    assert baseline(three) is None, "it is not compared with one of the others"
    assert compared(three)["runs"] == []
    ask(three, "run-show", number=1)
    assert baseline(three) == 3 and [row["role"] for row in compared(three)["runs"]] == ["baseline", "now"]
    other = three.model.runs.add(three_turns(), SoundAtHand())
    assert three.model.runs.baseline(other.recording) is None, "of another sound"
    ask(three, "run-pin", number=None)
    assert three.model.runs.pinned is None


def test_a_run_is_named_and_thrown_away_alone(three: Transcriber) -> None:
    ask(three, "run-name", number=2, name="  broke \n off ")
    assert runs(three)[1] == (2, "broke off", False, False)
    ask(three, "run-throw", number=3)
    assert runs(three) == [(1, "", True, False), (2, "broke off", False, True)]
    assert three.recording is three.recordings[1] and len(three.recordings) == 2
    ask(three, "run-throw", number=1)
    ask(three, "run-throw", number=2)
    assert three.recordings == () and three.recording is None and state(three)["phase"] == "empty"
    assert three.model.runs.add(three_turns(), SoundAtHand()).number == 4, "no number is given twice"


def test_corrections_judge_every_run_of_their_sound(three: Transcriber) -> None:
    assert three.corrected_text is None and state(three)["judged"] is None
    ask(three, "correct", number=2, text=" every green band is  one turn ")
    ask(three, "correct", number=9, text="there is no such row")
    assert state(three)["corrections"] == {"2": "every green band is one turn"}
    assert state(three)["judged"] == {"metric": "WER", "rate": pytest.approx(1 / 33), "count": 1, "of": 3}
    said = three.corrected_text
    assert said is not None and said.splitlines()[1] == "every green band is one turn"
    table = qaw.compare(three.recordings[0], three.recording, reference=said)
    whole, broken = (jiwer.wer(normalized(said), normalized(one.text)) for one in three.recordings[:2])
    assert [run.error_rate for run in table.runs] == [whole, whole] and broken > 0.5
    ask(three, "run-show", number=2)
    assert [row["rate"] for row in compared(three)["runs"]] == [whole, broken]
    ask(three, "run-show", number=3)
    ask(three, "correct", number=2, text="")
    assert state(three)["corrections"] == {"2": ""}, "nothing was said there"
    ask(three, "correct", number=2, text="every blue band is one turn")
    assert state(three)["corrections"] == {} and three.corrected_text is None, "as it was heard"


def test_what_is_no_run_is_passed_over(three: Transcriber) -> None:
    before = runs(three)
    for kind, content in (("run-show", {}), ("run-throw", {}), ("run-name", {"name": "x"}), ("run-pin", {})):
        ask(three, kind, number=9, **content)
    assert runs(three) == before and three.model.runs.pinned is None


def test_another_channel_and_back_has_its_run_again(made: Callable[..., Transcriber]) -> None:
    speech = spoken(0.5)
    call = io.BytesIO()
    soundfile.write(call, np.stack([speech, speech[::-1]], axis=1), 48_000, format="WAV")
    t = made(endpoint=NOWHERE)
    MicrophonePage(t).upload("call.wav", call.getvalue())
    wait_until(lambda: state(t)["phase"] == "ready")
    ask(t, "channel", channel=0)
    left = three_turns()
    t.model.show_run(t.model.runs.add(left, t.model.sound).number)
    ask(t, "channel", channel=1)
    assert t.recording is None and state(t)["phase"] == "ready" and state(t)["channels"]["taken"] == 1
    ask(t, "channel", channel=0)
    assert t.recording is left and state(t)["phase"] == "done" and state(t)["channels"]["taken"] == 0


@pytest.fixture
def in_cell(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """Make transcribers in an execution of a cell."""
    monkeypatch.setattr(cells, "running_cell", lambda: None)
    made: list[Transcriber] = []

    def make(cell: str, request: str, source: Any = None) -> Transcriber:
        monkeypatch.setattr(cells, "running_cell", lambda: cells.Execution(cell, request))
        made.append(transcriber(source, NOWHERE))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_cell_run_again_has_the_runs_of_the_transcriber_before(in_cell: Callable[..., Transcriber]) -> None:
    first, other = three_turns(), three_turns()
    in_cell("one", "a", first)
    in_cell("one", "a", other)
    again = [in_cell("one", "b"), in_cell("one", "b", three_turns())]
    assert again[0].recordings == (first,) and again[0].recording is None
    assert again[1].recordings[0] is other and again[1].recording is again[1].recordings[1]
    assert in_cell("two", "c").recordings == ()


def test_a_cell_run_again_while_a_page_records_keeps_the_recording(
    in_cell: Callable[..., Transcriber]
) -> None:
    before = in_cell("mic", "a")
    page = MicrophonePage(before).start()
    page.speak(spoken(1.0))
    again = in_cell("mic", "b")
    assert again.recording is before.recording and again.active
    page.speak(spoken(0.5))
    page.stop()
    wait_until(lambda: again.recording.duration == 1.5)
    assert state(again)["runs"][0]["shown"] is True


def test_runs_of_nothing_have_no_baseline() -> None:
    kept = KeptRuns()
    assert list(kept) == [] and kept.baseline(None) is None and kept.remove(1) is None
