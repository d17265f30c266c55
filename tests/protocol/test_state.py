"""The table of what may follow what, as the service asks it."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_asr_widgets.protocol import events as ev
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.state import CONNECTION, ITEM, ProtocolState

MANUAL = SessionConfig(turn_detection=None)
AUDIO = ev.AppendAudio(bytes(3_200))


def after(*events: Any, config: SessionConfig | None = None) -> ProtocolState:
    state = ProtocolState(config)
    for event in (ev.SessionCreated(), *events):
        assert state.check(event) is None, event
        state.apply(event)
    return state


@pytest.mark.parametrize(("before", "config", "event", "code"), [
    ((AUDIO,), None, ev.CommitBuffer(), "commit_in_vad_mode"),
    ((), MANUAL, ev.CommitBuffer(), "input_audio_buffer_commit_empty"),
    ((AUDIO, ev.CommitBuffer()), MANUAL, ev.CommitBuffer(), "input_audio_buffer_commit_empty"),
    ((AUDIO, ev.ClearBuffer()), MANUAL, ev.CommitBuffer(), "input_audio_buffer_commit_empty"),
    ((ev.AppendAudio(bytes(2 * 16_000 * 61)),), MANUAL, ev.CommitBuffer(), "audio_too_long"),
    ((), None, ev.CancelResponse(), "response_cancel_not_active"),
    ((ev.FinishSession(),), None, AUDIO, "session_finishing"),
    ((ev.FinishSession(),), None, ev.FinishSession(), "session_finishing"),
    ((), None, ev.SessionUpdate({"turn_detection": {"threshold": 3}}), "invalid_value"),
    ((AUDIO,), None, ev.SessionUpdate({"sample_rate": 8000}), "invalid_value"),
])
def test_what_a_service_refuses_has_a_code(
    before: Any, config: SessionConfig | None, event: ev.ClientEvent, code: str
) -> None:
    refusal = after(*before, config=config).refusal(event)
    assert refusal is not None and refusal.code == code
    assert str(refusal).endswith(".")


def test_a_refused_setting_names_its_field() -> None:
    refusal = after().refusal(ev.SessionUpdate({"turn_detection": {"silence_duration_ms": 1}}))
    assert refusal is not None and refusal.param == "turn_detection.silence_duration_ms"


@pytest.mark.parametrize("seconds", [60.0, 0.1])
def test_up_to_sixty_seconds_may_be_committed(seconds: float) -> None:
    buffered = after(ev.AppendAudio(bytes(2 * int(16_000 * seconds))), config=MANUAL)
    assert buffered.refusal(ev.CommitBuffer()) is None


def test_the_documented_order_in_vad_mode_is_legal() -> None:
    state = after(
        ev.SessionUpdate({}), ev.SessionUpdated(), AUDIO, ev.SpeechStarted("a", 0), ev.TranscriptPartial("a"),
        ev.CancelResponse(), ev.SpeechStopped("a", 1), ev.BufferCommitted("a"), ev.ItemCreated("a"),
        ev.SpeechStarted("b", 2), ev.TranscriptPartial("a"), ev.TranscriptCompleted("a"), ev.FinishSession(),
        ev.SpeechStopped("b", 3), ev.BufferCommitted("b"), ev.ItemCreated("b"), ev.TranscriptFailed("b"),
        ev.SessionFinished(),
    )
    assert state.state == "finished" and state.in_progress == ()


@pytest.mark.parametrize("event", [
    ev.SpeechStarted("b", 2), ev.SpeechStarted("a", 2), ev.SpeechStopped("b", 1), ev.BufferCommitted("a"),
    ev.TranscriptCompleted("a"), ev.SessionCreated(), ev.SessionUpdated(), ev.SessionFinished(),
    ev.BufferCleared(),
])
def test_what_a_service_must_not_say_while_a_turn_is_open(event: ev.ServerEvent) -> None:
    assert after(ev.SpeechStarted("a", 0)).check(event) is not None


def test_nothing_follows_the_end() -> None:
    state = after(ev.FinishSession(), ev.SessionFinished())
    for event in (AUDIO, ev.ErrorEvent(), ev.SpeechStarted("a", 1), ev.SessionFinished()):
        assert state.check(event) is not None


def test_the_tables_name_every_event() -> None:
    known = {*ev.SERVER_EVENTS.values(), *ev.CLIENT_EVENTS.values()}
    assert {event for _, event in CONNECTION} == known
    assert {event for _, event in ITEM} <= known
