"""What became of each ``session.update``: answers find their question in every order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from qwen_asr_widgets.protocol import events as ev
from qwen_asr_widgets.protocol.codec import read_client, read_server
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.session import Session
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.vad.turns import TurnDetection

UPDATES = {"a": 0.1, "b": 0.9, "c": -0.5}


def asked(*names: str, session: Session | None = None) -> Session:
    session = session or Session()
    session.receive(ev.SessionCreated(), 0.0)
    for time, name in enumerate(names, 1):
        update = ev.SessionUpdate({"turn_detection": {"threshold": UPDATES[name]}})
        session.send(update, float(time), event_id=f"event_{name}")
    return session


def threshold(config: SessionConfig) -> float:
    assert config.turn_detection is not None
    return config.turn_detection.threshold


def refuse(session: Session, **error: Any) -> None:
    session.receive(ev.ErrorEvent(error), 9.0)


def confirm(session: Session, **told: Any) -> None:
    session.receive(ev.SessionUpdated(told), 9.0)


def outcomes(session: Session) -> list[tuple[str | None, str, float]]:
    return [
        (answer.request.event_id, answer.outcome, threshold(answer.in_force))
        for answer in session.settings_answers
    ]


def test_a_refusal_by_its_event_id_leaves_the_confirmation_to_the_other_update() -> None:
    session = asked("a", "b")
    refuse(session, event_id="event_b")
    confirm(session)
    assert threshold(session.config) == 0.1
    assert outcomes(session) == [("event_b", "refused", 0.2), ("event_a", "confirmed", 0.1)]
    assert session.settings_pending == ()


@pytest.mark.parametrize("refused", [
    set(names) for count in range(4) for names in itertools.combinations(UPDATES, count)
])
@pytest.mark.parametrize("early", list(itertools.product((True, False), repeat=3)))
def test_the_last_update_that_was_not_refused_is_in_force_in_every_order(
    refused: set[str], early: tuple[bool, ...]
) -> None:
    """Refusals come before all confirmations (early) or at their place among them."""
    session = asked(*UPDATES)
    first = {name for name, is_early in zip(UPDATES, early) if is_early} & refused
    for name in first:
        refuse(session, event_id=f"event_{name}")
    for name in UPDATES:
        if name in refused and name not in first:
            refuse(session, event_id=f"event_{name}")
        elif name not in refused:
            confirm(session)
            assert session.settings_answers[-1].request.event_id == f"event_{name}"
    expected = [value for name, value in UPDATES.items() if name not in refused]
    assert threshold(session.config) == (expected[-1] if expected else 0.2)
    assert session.settings_pending == ()


@pytest.mark.parametrize("error", [
    {"event_id": "event_a"},
    {"event_id": "event_a", "param": "audio"},
    {"param": "turn_detection.threshold"},
    {"event_id": "id of the service's own", "param": "session"},
    {"code": "invalid_value", "message": "Session update error: session already started or finished."},
])
def test_an_error_with_an_event_id_or_about_a_setting_refuses_the_update(error: dict[str, Any]) -> None:
    session = asked("a")
    refuse(session, **error)
    (answer,) = session.settings_answers
    assert (answer.outcome, answer.error, answer.request.sent_at) == ("refused", error, 1.0)
    assert threshold(session.config) == 0.2


@pytest.mark.parametrize("error", [
    {}, {"message": "Requests rate limit exceeded, please try again later"}, {"param": "audio"},
    {"event_id": "event_of_an_append", "code": "invalid_base64", "param": "audio"},
])
def test_an_error_about_something_else_leaves_the_update_pending(error: dict[str, Any]) -> None:
    session = asked("a")
    refuse(session, **error)
    assert session.settings_answers == () and len(session.settings_pending) == 1


def test_a_second_error_about_one_update_does_not_refuse_the_next() -> None:
    session = asked("a", "b")
    for param in ("turn_detection.threshold", "turn_detection.silence_duration_ms"):
        refuse(session, event_id="event_a", param=param)
    confirm(session)
    assert threshold(session.config) == 0.9


def test_a_rate_that_was_refused_before_any_audio_is_not_counted_by() -> None:
    session = Session()
    session.send(ev.SessionUpdate({"sample_rate": 8000}), 0.0, event_id="event_rate")
    assert session.config.sample_rate == 8000
    refuse(session, event_id="event_rate")
    assert session.config.sample_rate == 16_000


def test_a_confirmation_with_an_impossible_setting_still_answers_the_update() -> None:
    session = asked("a")
    confirm(session, turn_detection={"threshold": 7})
    assert outcomes(session) == [("event_a", "confirmed", 0.1)]
    assert "threshold" in session.violations[-1].reason


def test_session_and_recording_agree_on_what_is_in_force_and_from_when() -> None:
    recording = Recording(SessionConfig(), clock=lambda: 0.0)
    recording.opened(0.0)
    recording.received({"type": "session.created"}, ev.SessionCreated(), 0.1)
    for name, sample in (("a", 1_600), ("b", 3_200)):
        recording.audio_sent(sample - 1_600, sample, sample / 16_000)
        message: dict[str, Any] = {"type": "session.update", "event_id": f"event_{name}",
                                   "session": {"turn_detection": {"threshold": UPDATES[name]}}}
        recording.sent(message, read_client(message), sample / 16_000)
    for answer in ({"type": "error", "error": {"event_id": "event_b"}}, {"type": "session.updated"}):
        recording.received(answer, read_server(answer), 1.0)
    assert recording.config.turn_detection == TurnDetection(0.1)
    assert [(change.sample, change.time, threshold(change.config)) for change in recording.settings] == [
        (0, 0.0, 0.2), (1_600, 0.1, 0.1)
    ]
    assert [answer.outcome for answer in recording.settings_answers] == ["refused", "confirmed"]
