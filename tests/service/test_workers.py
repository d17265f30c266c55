"""Processes of recognisers: none for who sends no sound, not too many, and one that dies costs nothing."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.processes import descendants, exists, state
from support.service import PATH, Client, service, service_process
from support.waiting import wait_until
from websockets.exceptions import ConnectionClosed

import qwen_asr_widgets as qaw
from qwen_asr_widgets.service.unanswered import Unanswered
from qwen_asr_widgets.service.workers.messages import (
    Configure, Configured, FinalText, FinishUtterance, RecognizerFailed, StartUtterance,
)

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc"),
]

CLIP = qaw.sample("conversation").clip
SPEECH = CLIP.to_pcm16()[:70_000]
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}
TEXT = "two three four five six seven"


def address(port: int) -> str:
    return f"ws://127.0.0.1:{port}{PATH}"


# ---- how many


def test_clients_that_send_no_sound_cost_no_process() -> None:
    with service_process("script") as (process, port), ExitStack() as open_clients:
        clients = [open_clients.enter_context(Client(address(port))) for _ in range(30)]
        for client in clients:
            client.update(input_audio_transcription={"language": "en", "corpus": {"text": "ask me"}})
        for client in clients:
            client.until("session.updated")
        assert len(descendants(process.pid)) <= 2, "a spare, and at most one that is being started"
        clients[7].update(turn_detection=BRIEF)
        clients[7].append(SPEECH)
        assert clients[7].finish()[-1]["type"] == "session.finished"
        assert clients[7].of_type("completed")[0]["transcript"] == TEXT


def test_the_context_of_one_session_is_unknown_to_the_next() -> None:
    words = {"language": "en", "corpus": {"text": "ask qwen"}}
    with service("pocketsphinx") as url:
        with Client(url) as client:
            client.update(input_audio_transcription=words)
            corpus = client.until("session.updated")["session"]["input_audio_transcription"]["corpus"]
            assert corpus["unknown_words"] == ["qwen"]
            client.append(SPEECH)
            client.finish()
        with Client(url) as client:
            client.update(turn_detection=BRIEF)
            told = client.until("session.updated")["session"]["input_audio_transcription"]
            client.append(SPEECH)
            client.finish()
    assert "corpus" not in told
    assert client.of_type("completed")[0]["transcript"] == "good morning can you show me how this works"


def test_one_session_too_many_is_told_and_closed_and_the_others_go_on() -> None:
    with service("script", sessions=2) as url, Client(url) as one, Client(url) as two:
        for client in (one, two):
            client.update(turn_detection=BRIEF)
            client.append(SPEECH[:40_000])
            client.until("input_audio_buffer.speech_started")
        with Client(url) as third, pytest.raises(ConnectionClosed) as closed:
            third.append(SPEECH)
            third.until("session.finished")
        (error,) = (message["error"] for message in third.of_type("error"))
        assert (error["type"], error["code"]) == ("server_error", "too_many_sessions")
        assert "All 2 recognisers" in error["message"]
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
        for client in (one, two):
            client.append(SPEECH[40_000:])
            client.finish()
            assert client.of_type("completed")[0]["transcript"] == TEXT
        one.__exit__()
        wait_until(lambda: _is_served(url), what="there is room again")


def _is_served(url: str) -> bool:
    with Client(url) as client:
        client.append(SPEECH)
        try:
            return client.finish()[-1]["type"] == "session.finished"
        except ConnectionClosed:
            return False


# ---- one dies


def test_a_recogniser_that_is_killed_leaves_its_sound_to_the_next_one() -> None:
    with service_process("script") as (process, port), Client(address(port)) as client:
        client.update(turn_detection=BRIEF)
        client.append(SPEECH[:40_000])
        client.until(lambda message: message["type"].endswith(".text"))
        for child in descendants(process.pid):
            os.kill(child, signal.SIGKILL)
        client.append(SPEECH[40_000:])
        client.finish()
    assert [message["transcript"] for message in client.of_type("completed")] == [TEXT]
    assert not client.of_type("failed") and not client.of_type("error")


def test_settings_and_context_survive_a_recogniser_that_is_killed() -> None:
    context = {"language": "en", "corpus": {"text": "Good morning, can you show me how this works?"}}
    with service_process("pocketsphinx") as (process, port), Client(address(port)) as client:
        client.update(turn_detection=BRIEF, input_audio_transcription=context)
        client.append(SPEECH[:40_000])
        client.until(lambda message: message["type"].endswith(".text"))
        for child in descendants(process.pid):
            os.kill(child, signal.SIGKILL)
        client.append(SPEECH[40_000:])
        client.finish()
    assert client.of_type("completed")[0]["transcript"] == "good morning can you show me how this works"
    assert len(client.of_type("session.updated")) == 1


def test_an_utterance_that_kills_every_recogniser_is_given_up_and_the_recording_says_so() -> None:
    with qaw.embedded("script", crash_at=2.0) as endpoint:
        config = qaw.SessionConfig(turn_detection=qaw.TurnDetection(0.0, 400))
        recording = qaw.transcribe(CLIP[:10.0], endpoint, config, pace=None, progress=False)
    failed, *others = recording.utterances
    assert failed.status == "failed" and failed.error["code"] == "recognizer_lost"
    assert others and {one.status for one in others} == {"final"}
    assert not recording.complete
    assert any("1 utterance" in note for note in recording.notes), recording.notes


def test_a_service_that_is_killed_leaves_no_zombie() -> None:
    endpoint = qaw.embedded("script", words=[[1.0, "zombie"]]).start()
    pid = endpoint._process.pid
    workers = descendants(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not exists(pid), what="somebody has waited for it")
    wait_until(lambda: not any(map(exists, workers)) or all(_is_orphan(w) for w in workers))
    assert not endpoint.running
    endpoint.stop()


def _is_orphan(pid: int) -> bool:
    """Whether a process is gone but for its entry, which whoever adopts orphans has still to read."""
    return state(pid) in ("", "Z")


# ---- what is asked again


def test_what_was_answered_is_not_asked_again_and_the_settings_in_force_are() -> None:
    asked = Unanswered()
    asked.note(Configure("en", None), 0.0)
    assert asked.settle(Configured())
    for item in ("a", "b"):
        asked.note(StartUtterance(item, 0), 0.0)
        asked.note(FinishUtterance(item), 0.0)
    asked.settle(FinalText("a", "words"))
    assert list(asked.again()) == [Configure("en", None), StartUtterance("b", 0), FinishUtterance("b")]
    assert not asked.settle(Configured()), "the session has had this answer"
    asked.note(Configure("zh", None), 0.0)
    assert list(asked.again())[-1] == Configure("zh", None)
    assert not asked.settle(Configured()) and asked.settle(Configured())
    assert list(asked.again())[0] == Configure("zh", None)


def test_a_request_that_costs_two_processes_is_given_up_the_next_one_is_not() -> None:
    asked = Unanswered()
    for item in ("a", "b"):
        asked.note(StartUtterance(item, 0), 0.0)
    assert asked.lost() is None
    given_up = asked.lost()
    assert given_up is not None and given_up.item_id == "a"
    assert asked.lost() is None and len(asked) == 1
    asked.settle(RecognizerFailed("b", "no"))
    assert len(asked) == 0 and asked.lost() is None
