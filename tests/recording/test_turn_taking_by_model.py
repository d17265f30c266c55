"""Turns by the client, ended by a model: as for a whole clip, and no run waits for it or ends with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.client_turns import COMMIT, TALK, ManualService, by_client
from support.scripted_server import ScriptedServer
from support.turn_models import Dice, Sure
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, EndOfTurn, Policy, SessionConfig, TurnDetection, sample, transcribe
from qwen_asr_widgets.errors import MissingDependency, SettingError
from qwen_asr_widgets.protocol.events import ClientTurnClosed, PauseJudged
from qwen_asr_widgets.recording import load_recording
from qwen_asr_widgets.recording.turn_taking import Ask, TurnGate
from qwen_asr_widgets.vad.end_of_turn.model_thread import ModelThread
from qwen_asr_widgets.vad.end_of_turn.smart_turn import bundled_file

pytestmark = pytest.mark.service

DETECTION = TurnDetection(0.0, 400)
CLIP = sample("noisy").clip[:14.0]


def judged(recording):
    return [timed.event for timed in recording.events if isinstance(timed.event, PauseJudged)]


@pytest.fixture
def manual():
    service = ManualService()
    with ScriptedServer(service) as server:
        service.endpoint = Endpoint(server.url)
        yield service


@pytest.mark.parametrize("policy", [Policy(0.3, 0.2, 1.0), Policy(0.1, 0.3, 2.0)], ids=str)
def test_the_turns_are_those_of_the_whole_clip_and_each_is_committed(manual, policy) -> None:
    model = EndOfTurn(Dice(), policy=policy)
    recording = by_client(CLIP, manual.endpoint, DETECTION, end_of_turn=model)
    assert recording.turns == model.turns(CLIP, DETECTION) and len(recording.turns) > 1
    assert len(manual.seconds) == len(recording.turns) and recording.complete and recording.notes == ()
    assert recording.config.turn_detection.silence_duration_ms == policy.time_out * 1_000
    assert recording.info.end_of_turn == str(model) and "dice" in recording.info.turns_by


def test_what_the_model_said_of_each_pause_is_kept(manual, tmp_path) -> None:
    model = EndOfTurn(Dice(), policy=Policy(0.3, 0.2, 1.0))
    recording = by_client(CLIP, manual.endpoint, DETECTION, end_of_turn=model)
    said = judged(recording)
    ends = [timed.event.end for timed in recording.events if isinstance(timed.event, ClientTurnClosed)]
    assert all(one.stop - one.silence == 7 * 512 for one in said) and len(said) >= len(ends) - 1
    fired = [one.silence for one in said if one.probability > 0.3]
    assert set(fired) <= set(ends)
    loaded = load_recording(recording.save(tmp_path / "run.qasr"))
    assert loaded.events == recording.events and loaded.info == recording.info


def test_sound_goes_on_being_sent_while_the_model_thinks(manual) -> None:
    model = Sure()
    model.free.clear()

    def freed_when_all_is_sent():
        pieces = np.array_split(CLIP.to_pcm16(), 95)
        for number, piece in enumerate(pieces):
            if number == 80:  # two pauses and a turn are over
                wait_until(lambda: manual.seconds)
                assert model.asked == 1, "one question is being answered, the next waits"
            yield piece
        model.free.set()

    recording = transcribe(
        freed_when_all_is_sent(), manual.endpoint, SessionConfig(turn_detection=DETECTION), pace=8.0,
        sample_rate=16_000, progress=False, turn_taking="client",
        end_of_turn=EndOfTurn(model, policy=Policy(0.5, 0.2, 0.6)),
    )
    assert recording.complete and recording.unsent_duration == 0
    spoken = [turn.end for turn in recording.turns]
    assert spoken == [turn.end for turn in by_client(CLIP, manual.endpoint, TurnDetection(0.0, 600)).turns]
    assert any("sure still to answer" in note for note in recording.notes)


def test_a_model_that_fails_ends_no_run(manual) -> None:
    model = EndOfTurn(Sure(ValueError("no weights")), policy=Policy(0.5, 0.2, 0.6))
    recording = by_client(CLIP, manual.endpoint, DETECTION, end_of_turn=model)
    assert recording.turns == by_client(CLIP, manual.endpoint, TurnDetection(0.0, 600)).turns
    assert recording.complete and judged(recording) == []
    assert recording.notes == ("sure failed (no weights): such turns were ended by the time-out",)


def test_in_real_time_a_turn_is_committed_once_the_model_has_answered(manual) -> None:
    model = EndOfTurn(Sure(0.9), policy=Policy(0.5, 0.2, 3.0))
    talk = TALK.clip[:4.5]
    recording = by_client(talk, manual.endpoint, DETECTION, pace=2.0, chunk_ms=20, end_of_turn=model)
    commit = next(timed.time for timed in recording.events if timed.message["type"] == COMMIT)
    answer = next(timed.time for timed in recording.events if isinstance(timed.event, PauseJudged))
    assert answer <= commit and recording.utterances[0].ended_by == "silence"
    assert recording.latency()[0].endpoint_delay >= 0.224 / 2 - 0.021, "7 frames of silence, twice as fast"


def test_at_8_khz_the_model_hears_16_khz(manual) -> None:
    heard = Dice()
    model = EndOfTurn(heard, policy=Policy(1.0, 0.2, 0.6))
    recording = by_client(CLIP, manual.endpoint, DETECTION, sample_rate=8_000, end_of_turn=model)
    first = judged(recording)[0]
    onset = recording.turns[0].onset
    assert heard.heard[1] == pytest.approx((first.stop / 8_000 - max(0, onset - 0.5)) * 16_000, abs=2)


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_however_the_sound_is_cut_the_turns_are_those_of_the_whole(cuts) -> None:
    samples = CLIP.to_pcm16()
    model = EndOfTurn(Dice(), policy=Policy(0.3, 0.2, 1.0))
    gate, ends = TurnGate(model.timed_out_by(DETECTION), 16_000, end_of_turn=model), []
    places = np.cumsum(cuts)
    for piece in np.split(samples, places[places < len(samples)]):
        for step in gate.hear(piece):
            if isinstance(step, Ask):
                said = Dice().probability((samples[step.start:step.stop] / 32_768).astype(np.float32), "")
                gate.answer(step.question, said)
            elif isinstance(step, ClientTurnClosed):
                ends.append(step.end / 16_000)
    ends += [step.end / 16_000 for step in gate.finish() if isinstance(step, ClientTurnClosed)]
    assert ends == [turn.end for turn in model.turns(CLIP, DETECTION)]


@pytest.mark.skipif(bundled_file() is None, reason="Smart Turn's model: pip install --no-deps pipecat-ai")
def test_smart_turn_ends_the_turns_of_a_human_voice(manual) -> None:
    prompts = sample("prompts").clip[:9.0]
    model = EndOfTurn("smart-turn", policy=Policy(0.5, 0.2, 3.0))
    recording = by_client(prompts, manual.endpoint, TurnDetection(0.2), end_of_turn=model)
    assert recording.turns == model.turns(prompts, TurnDetection(0.2))
    said = judged(recording)[0]
    assert len(recording.turns) == 2 and said.silence == round(recording.turns[0].end * 16_000)
    assert said.probability > 0.9 and recording.notes == ()


@pytest.mark.parametrize(("options", "words"), [
    ({"end_of_turn": "smart-turn"}, "give an EndOfTurn"),
    ({"end_of_turn": EndOfTurn(Dice()), "turn_taking": "service"}, "give turn_taking='client' as well"),
    ({"end_of_turn": EndOfTurn("punctuation")}, "judges by the words"),
])
def test_a_model_that_cannot_end_turns_is_refused_before_the_run(options, words) -> None:
    options = {"turn_taking": "client", **options}
    with pytest.raises(SettingError, match=words):
        transcribe(CLIP, "ws://127.0.0.1:9", SessionConfig(turn_detection=DETECTION), **options)


def test_a_model_that_is_not_installed_is_named_before_the_run(monkeypatch) -> None:
    monkeypatch.setattr("qwen_asr_widgets.vad.end_of_turn.smart_turn.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="pipecat-ai"):
        transcribe(CLIP, "ws://127.0.0.1:9", turn_taking="client", end_of_turn=EndOfTurn("smart-turn"))


def test_waiting_for_a_model_ends_with_the_last_question() -> None:
    model = Sure(0.7)
    model.free.clear()
    thread = ModelThread(EndOfTurn(model))
    for number in range(4):
        thread.ask(number, np.full(160, 9, np.int16), 16_000)
        if number == 0:
            wait_until(lambda: model.asked == 1)
    assert thread.answers() == []
    model.free.set()
    assert thread.answers(wait=True) == [(0, 0.7), (3, 0.7)]
