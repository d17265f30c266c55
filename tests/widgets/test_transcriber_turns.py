"""Who takes turns in a transcriber's run: the service, this computer, or whoever presses Commit."""

from __future__ import annotations

import pytest
from support.scripted_server import ScriptedServer
from support.turn_models import Dice
from support.transcribing import SECONDS, MicrophonePage, ask, compared, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.retry import Retry
from qwen_asr_widgets.vad.end_of_turn.end_of_turn import EndOfTurn
from qwen_asr_widgets.vad.scoring.scores import speech_scores
from qwen_asr_widgets.vad.trade_off.policy import Policy
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.service

FAST = TurnDetection(0.0, 400)


def test_turns_found_here_are_those_of_the_detector_and_silence_is_not_sent(made) -> None:
    talk = sample("conversation")
    t = made(talk, config=SessionConfig(turn_detection=FAST), turn_taking="client", pace=None)
    t.start()
    recording = t.wait(SECONDS)
    assert recording.complete and recording.info.turn_taking == "client"
    expected = detect_turns(speech_scores(talk.clip), FAST)
    assert [(one.onset, one.end) for one in recording.turns] == [(one.onset, one.end) for one in expected]
    assert recording.skipped_duration > 5 and recording.unsent_duration == 0
    assert {one.ended_by for one in recording.utterances} <= {"silence", "finish"}
    assert state(t)["progress"] is not None and state(t)["behind"] == 0


def test_a_model_ends_the_turns_found_here_and_the_page_says_so(made) -> None:
    talk, model = sample("conversation"), EndOfTurn(Dice(), policy=Policy(0.6, 0.2, 1.2))
    config = SessionConfig(turn_detection=FAST)
    t = made(talk, config=config, turn_taking="client", end_of_turn=model, pace=None)
    assert state(t)["config"]["silence"] == 1_200 and state(t)["config"]["ends"] == str(model)
    t.start()
    recording = t.wait(SECONDS)
    assert recording.turns == model.turns(talk, FAST) and recording.info.end_of_turn == str(model)
    assert state(t)["run"]["settings"][0]["config"]["silence"] == 1_200
    t.run_again(turn_taking="service", pace=0)
    again = t.wait(SECONDS)
    assert again.info.end_of_turn == "" and again.info.turn_taking == "service"


def test_a_model_without_turns_of_this_computer_is_refused() -> None:
    with pytest.raises(SettingError, match="give turn_taking='client' as well"):
        Transcriber(end_of_turn=EndOfTurn(Dice()))


def test_a_microphones_turns_are_found_here_as_it_is_heard(made) -> None:
    t = made(config=SessionConfig(turn_detection=FAST))
    ask(t, "settings", config={"turns": "client"})
    assert state(t)["config"]["turns"] == "client"
    page = MicrophonePage(t).start()
    page.speak(spoken(9.0))
    wait_until(lambda: t.recording is not None and len(t.recording.turns) == 2)
    assert t.active
    page.stop()
    recording = t.wait(SECONDS)
    assert recording.duration == pytest.approx(9.0, abs=0.01) and recording.complete


def test_what_holds_for_a_whole_run_is_not_changed_midway(made) -> None:
    t = made(sample("conversation"), turn_taking="client")
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    ask(t, "settings", config={"threshold": 0.7})
    assert state(t)["notice"]["code"] == "settings" and "whole run" in state(t)["notice"]["detail"]
    ask(t, "settings", config={"turns": "service"})
    assert state(t)["config"] == {**state(t)["config"], "threshold": 0.2, "turns": "client"}
    with pytest.raises(SettingError, match="stop it first"):
        t.config = SessionConfig(turn_detection=None)
    t.config = SessionConfig(corpus_text="waveform")
    wait_until(lambda: t.recording.config.corpus_text == "waveform")
    assert t.recording.config.turn_detection == TurnDetection()
    t.stop()
    t.wait(SECONDS)
    ask(t, "settings", config={"turns": "manual"})
    assert state(t)["config"]["turns"] == "manual" and t.config.turn_detection is None


def test_a_run_by_the_service_is_not_taken_over_midway(made) -> None:
    t = made(sample("conversation"))
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    ask(t, "settings", config={"turns": "client"})
    assert "whole run" in state(t)["notice"]["detail"] and state(t)["config"]["turns"] == "service"
    ask(t, "settings", config={"turns": "manual"})
    wait_until(lambda: t.recording.config.turn_detection is None)
    t.stop()


def test_whoever_takes_turns_again_does_so_by_what_was_chosen_before(made) -> None:
    t = made(config=SessionConfig(turn_detection=TurnDetection(0.2, 800, 100)))
    ask(t, "settings", config={"threshold": 0.0, "silence": 400})
    ask(t, "settings", config={"turns": "manual"})
    shown = state(t)["config"]
    assert [shown[name] for name in ("threshold", "silence", "padding", "turns")] == [0.0, 400, 100, "manual"]
    ask(t, "settings", config={"language": "en"})
    for taker in ("service", "manual", "client"):
        ask(t, "settings", config={"turns": taker})
    assert t.config == SessionConfig(language="en", turn_detection=TurnDetection(0.0, 400, 100))
    assert t.model.turn_taking == "client"


def test_run_again_by_the_other_shows_both(made) -> None:
    t = made(sample("conversation"), pace=None)
    t.start()
    service = t.wait(SECONDS)
    t.run_again(turn_taking="client", pace=None)
    client = t.wait(SECONDS)
    assert (service.info.turn_taking, client.info.turn_taking) == ("service", "client")
    assert [turn.onset for turn in service.turns] == [turn.onset for turn in client.turns]
    ask(t, "hello")
    assert [row["settings"][0]["config"]["turns"] for row in compared(t)["runs"]] == ["service", "client"]


def test_trying_again_while_turns_are_found_here_starts_from_the_first_sample(made) -> None:
    with ScriptedServer(lambda peer: peer.close(1011)) as server:
        t = made(endpoint=Endpoint(server.url), turn_taking="client", retry=Retry(patience=0))
        page, heard = MicrophonePage(t).start(), spoken(6.0)
        page.speak(heard[:96_000])
        wait_until(lambda: t.recording is not None and t.model.run.error and t.recording.duration > 1.9)
    t.model.choice = made().model.choice
    ask(t, "retry")
    page.speak(heard[96_000:])
    page.stop()
    recording = t.wait(SECONDS)
    assert recording.complete and recording.info.turn_taking == "client" and len(recording.turns) == 2


@pytest.mark.parametrize("options", [
    {"turn_taking": "nobody"}, {"turn_taking": "client", "config": SessionConfig(turn_detection=None)},
])
def test_nobody_else_takes_turns(options) -> None:
    with pytest.raises(SettingError, match="turn_taking"):
        Transcriber(**options)
