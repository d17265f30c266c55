"""After a cut in human speech every turn lies where it would have lain, and none is told twice."""

from __future__ import annotations

from typing import Any

import pytest
from support.detecting_service import DetectingService
from support.scripted_server import ScriptedServer

from qwen_asr_widgets import Endpoint, Recording, Retry, SessionConfig, TurnDetection, sample, transcribe
from qwen_asr_widgets.client.resume_plan import WARM_UP
from qwen_asr_widgets.protocol.cloud_facts import IDEAL
from qwen_asr_widgets.protocol.events import (
    BufferCommitted, SpeechStarted, SpeechStopped, TranscriptCompleted,
)
from qwen_asr_widgets.protocol.quirks import Quirks
from qwen_asr_widgets.recording.log.sessions import SessionList
from qwen_asr_widgets.service import standin

RATE = 16_000
QUICK = Retry(patience=20, first=0.01, longest=0.05)
STANDIN = Quirks.of("dashscope", {"finish_delay_s": 0.0, "decode_delay_s": 0.0, "upload_limit_kB_s": None})
SAMPLES = ("conversation", "noisy", "dictation", "call")
SETTINGS = (TurnDetection(0.0, 400), TurnDetection(0.0, 800))


class FactsAt(Endpoint):
    """An endpoint of whose service is known what its quirks say."""

    quirks = Quirks()

    @property
    def facts(self) -> Any:
        return self.quirks.facts


class StandInAt(FactsAt):
    quirks = STANDIN


def heard(
    name: str, detection: TurnDetection, cut: float | None = None, quirks: Quirks = Quirks(), **options: Any
) -> tuple[Recording, DetectingService, list[Any]]:
    """Return the recording of a sample at a service that is cut once, the service, and the finals told."""
    service, finals = DetectingService(cut, quirks), []
    with ScriptedServer(service, max_queue=None) as server:
        at = StandInAt if quirks is STANDIN else FactsAt
        recording = transcribe(
            sample(name).clip, at(server.url), SessionConfig(turn_detection=detection), pace=None,
            progress=False, sample_rate=RATE, retry=QUICK, on_final=finals.append, **options,
        )
    return recording, service, finals


def pauses(recording: Recording, detection: TurnDetection) -> list[float]:
    """Return moments just after a turn was answered: where it had been silent for long enough."""
    closed = [one for one in recording.utterances if one.ended_by == "silence"][:-1]
    silence = max(detection.silence_duration_ms, 400) / 1_000
    return [one.end + silence + 0.25 for one in closed if one.end is not None]


def assert_as(cut: Recording, clean: Recording, finals: list[Any]) -> None:
    """Each utterance stands once, in order, and within 50 ms of where it lies without a cut."""
    assert len(cut.gaps) == 1 and cut.complete
    assert (cut.tape.read() == clean.tape.read()).all()
    assert [one.number for one in cut.utterances] == [one.number for one in clean.utterances]
    assert [one.number for one in finals] == [one.number for one in clean.utterances]
    for ours, theirs in zip(cut.utterances, clean.utterances):
        assert ours.status == "final" and ours.text == theirs.text
        assert (ours.onset, ours.end) == pytest.approx((theirs.onset, theirs.end), abs=0.05)


def check_pauses(name: str, detection: TurnDetection, quirks: Quirks = Quirks(), every: int = 1) -> None:
    """Cut a run of a sample in its pauses, one cut a run, and compare each with a run without."""
    clean = heard(name, detection, None, quirks)[0]
    places = pauses(clean, detection)[::every]
    assert places
    for place in places:
        cut, service, finals = heard(name, detection, place, quirks)
        assert_as(cut, clean, finals)
        again = service.heard[1] - (len(cut.tape) - round(place * RATE))
        assert again <= (WARM_UP + detection.silence_duration_ms / 1_000 + 1.5) * RATE


@pytest.fixture
def touching_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in reports no turn to begin before the end of the one before it: it does so by turns."""
    monkeypatch.setattr(standin, "OVERLAP_MS", 0)


def test_a_cut_in_a_pause_moves_no_turn_and_tells_no_word_twice() -> None:
    check_pauses("call", SETTINGS[0], every=5)


def test_nor_does_it_at_a_service_whose_turns_touch(touching_exactly: None) -> None:
    check_pauses("dictation", SETTINGS[1], STANDIN, every=2)


def test_nor_where_the_client_takes_turns() -> None:
    clean, service, _ = heard("call", SETTINGS[0], turn_taking="client")
    cut, again, finals = heard("call", SETTINGS[0], 11.0, turn_taking="client")
    assert_as(cut, clean, finals)
    assert sum(again.heard) < service.heard[0] + 8 * RATE, "what only the detector hears is not sent"


@pytest.mark.soak
@pytest.mark.parametrize("detection", SETTINGS, ids=str)
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("quirks", [Quirks(), STANDIN], ids=["ideal", "stand-in"])
def test_no_cut_in_any_pause_moves_a_turn(
    name: str, detection: TurnDetection, quirks: Quirks, touching_exactly: None
) -> None:
    check_pauses(name, detection, quirks)


# ---- what is known

def session_after_one(first_end: float = 3.0) -> SessionList:
    """Return the list of a session that goes on after one utterance, and hears that again."""
    sessions = SessionList(SessionConfig(), IDEAL, RATE)
    speak(sessions, "a", 0.7, first_end)
    sessions.begin(start=0, first_number=2)
    return sessions


def speak(sessions: SessionList, item: str, start: float, end: float) -> None:
    begin(sessions, item, start)
    finish(sessions, item, end)


def begin(sessions: SessionList, item: str, start: float) -> None:
    sessions.current.receive(SpeechStarted(item, round(1_000 * start)), start)


def finish(sessions: SessionList, item: str, end: float) -> None:
    sessions.current.receive(SpeechStopped(item, round(1_000 * end)), end)
    sessions.current.receive(BufferCommitted(item, None), end)
    sessions.current.receive(TranscriptCompleted(item, f"words of {item}"), end)


def told(sessions: SessionList) -> list[tuple[int, str, str]]:
    return [(one.number, one.text, one.status) for one in sessions.utterances]


def test_what_is_heard_again_is_told_at_no_moment() -> None:
    sessions = session_after_one()
    first = [(1, "words of a", "final")]
    begin(sessions, "b", 0.7)
    assert told(sessions) == first
    finish(sessions, "b", 3.032)
    assert told(sessions) == first and sessions.found == ()
    speak(sessions, "c", 4.0, 5.0)
    assert told(sessions) == [*first, (2, "words of c", "final")]


def test_of_one_that_goes_on_beyond_what_was_known_no_word_is_lost() -> None:
    sessions = session_after_one()
    speak(sessions, "b", 0.7, 5.0)
    assert told(sessions) == [(1, "words of a", "final"), (2, "words of b", "final")]
