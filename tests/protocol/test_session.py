"""The client's record of a session: what the service says, in any order, becomes utterances."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_server import created, item_events, updated

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.protocol import events as ev
from qwen_asr_widgets.protocol.codec import read_server
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.session import Session
from qwen_asr_widgets.protocol.utterance import Partial
from qwen_asr_widgets.vad.turns import TurnDetection

MANUAL = SessionConfig(turn_detection=None)
SECOND = bytes(32_000)


def hear(session: Session, *messages: dict[str, Any], start: float = 0.0) -> None:
    for number, message in enumerate(messages):
        session.receive(read_server(message), start + number)


def begun(config: SessionConfig | None = None, **options: Any) -> Session:
    session = Session(config, **options)
    hear(session, created())
    return session


def test_one_utterance_in_the_documented_order() -> None:
    session = begun()
    hear(session, *item_events(), start=10.0)
    (utterance,) = session.utterances
    assert (utterance.number, utterance.item_id, utterance.text) == (1, "item_1", "good morning")
    assert (utterance.start, utterance.onset, utterance.end) == (0.2, 0.5, 0.9)
    assert utterance.onset_source == "estimated"
    assert utterance.partials == (Partial(11.0, "", "good"),)
    assert (utterance.started_at, utterance.stopped_at, utterance.committed_at, utterance.final_at) == (
        10.0, 12.0, 13.0, 15.0
    )
    assert (utterance.status, utterance.ended_by) == ("final", "silence")
    assert (utterance.language, utterance.emotion) == ("en", "neutral")
    assert session.violations == ()


def test_the_services_own_onset_is_preferred() -> None:
    session = begun()
    session.receive(ev.SpeechStarted("a", 700, 940), 1.0)
    assert (session.utterances[0].onset, session.utterances[0].onset_source) == (0.94, "service")


def test_an_estimated_onset_is_never_beyond_the_end() -> None:
    session = begun()
    hear(session, *item_events(start_ms=0, end_ms=150))
    assert session.utterances[0].onset == 0.15


def test_the_transcript_of_one_may_come_after_the_start_of_the_next() -> None:
    session = begun()
    first, second = item_events("a", "one"), item_events("b", "two", 2_000, 3_000, "a")
    hear(session, *first[:5], second[0], second[1], first[5], *second[2:])
    assert [(u.number, u.item_id, u.text, u.status) for u in session.utterances] == [
        (1, "a", "one", "final"), (2, "b", "two", "final")
    ]
    assert session.violations == ()


def test_utterances_are_values_that_are_replaced() -> None:
    session = begun()
    hear(session, item_events()[0])
    before = session.utterances
    hear(session, *item_events()[1:])
    assert before[0].status == "speaking" and session.utterances[0].status == "final"


def test_partials_show_settled_text_before_the_draft_and_the_transcript_replaces_both() -> None:
    session = begun()
    session.receive(ev.SpeechStarted("a", 0), 0)
    session.receive(ev.TranscriptPartial("a", "good", " mor"), 1)
    utterance = session.utterances[0]
    assert (utterance.text, utterance.settled, utterance.draft) == ("good mor", "good", " mor")
    hear(session, *item_events("a", "")[2:])
    utterance = session.utterances[0]
    assert (utterance.text, utterance.draft, utterance.status) == ("", "", "final")


def test_a_failed_item_keeps_its_error_and_what_was_heard() -> None:
    session = begun()
    hear(session, *item_events()[:5])
    session.receive(ev.TranscriptFailed("item_1", {"code": "asr_failed"}), 9.0)
    utterance = session.utterances[0]
    assert (utterance.status, utterance.error, utterance.text) == ("failed", {"code": "asr_failed"}, "good")


def test_manual_mode_places_utterances_between_commits() -> None:
    session = begun(MANUAL)
    for number in (1, 2):
        session.send(ev.AppendAudio(SECOND), number)
        session.send(ev.CommitBuffer(), number + 0.5)
    for name in ("a", "b"):
        hear(session, *item_events(name)[3:], start=5.0)
    spans = [(u.start, u.end, u.onset, u.committed_sent_at, u.ended_by) for u in session.utterances]
    assert spans == [(0.0, 1.0, None, 1.5, "commit"), (1.0, 2.0, None, 2.5, "commit")]
    assert session.violations == ()


def test_a_finish_in_manual_mode_commits_the_rest() -> None:
    session = begun(MANUAL)
    session.send(ev.AppendAudio(SECOND), 0)
    session.send(ev.FinishSession(), 1)
    hear(session, *item_events("a")[3:])
    (utterance,) = session.utterances
    assert (utterance.start, utterance.end, utterance.ended_by) == (0.0, 1.0, "finish")


def test_a_clear_leaves_what_was_cleared_out_of_the_next_commit() -> None:
    session = begun(MANUAL)
    session.send(ev.AppendAudio(SECOND), 0)
    session.send(ev.ClearBuffer(), 0)
    session.receive(ev.BufferCleared(), 0)
    session.send(ev.AppendAudio(SECOND), 1)
    session.send(ev.CommitBuffer(), 1)
    hear(session, *item_events("a")[3:])
    assert (session.utterances[0].start, session.utterances[0].end) == (1.0, 2.0)


@pytest.mark.parametrize(("sent", "end_ms", "finish", "reason", "expected"), [
    (3.0, 2_000, False, None, "silence"),
    (3.0, 2_000, True, None, "silence"),    # 1 s followed: the silence had closed it already
    (3.0, 2_900, True, None, "finish"),
    (3.0, 2_000, True, "finish", "finish"),
    (70.0, 60_400, False, None, "limit"),
    (70.0, 59_000, False, "limit", "limit"),
])
def test_what_closed_a_turn_is_told(
    sent: float, end_ms: int, finish: bool, reason: str | None, expected: str
) -> None:
    session = begun()
    session.send(ev.AppendAudio(b""), 0, samples=int(sent * 16_000))
    session.receive(ev.SpeechStarted("a", 100), 1)
    if finish:
        session.send(ev.FinishSession(), 2)
    session.receive(ev.SpeechStopped("a", end_ms, reason), 3)
    assert session.utterances[0].ended_by == expected


def test_a_lost_connection_loses_what_was_open() -> None:
    session = begun()
    hear(session, *item_events("a"), *item_events("b", start_ms=2_000)[:2])
    session.lost(20.0)
    assert [(u.status, u.ended_by, u.text) for u in session.utterances] == [
        ("final", "silence", "good morning"), ("lost", "lost", "good")
    ]


def test_a_later_session_goes_on_with_timeline_and_numbers() -> None:
    session = begun(offset=12.5, first_number=4)
    hear(session, *item_events())
    (utterance,) = session.utterances
    assert (utterance.number, utterance.start, utterance.end) == (4, 12.7, 13.4)


def test_settings_are_in_force_once_the_service_has_confirmed_them() -> None:
    session = begun()
    wanted = SessionConfig(language="en", turn_detection=TurnDetection(0.5, 400, 100))
    session.send(ev.SessionUpdate(wanted.to_wire()), 1)
    assert session.config == SessionConfig()
    told = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
    hear(session, updated(turn_detection=told))
    assert session.config == wanted  # the padding is not repeated by the service: what was sent holds


def test_a_refused_update_leaves_the_settings_and_the_next_one_holds() -> None:
    session = begun()
    session.send(ev.SessionUpdate({"turn_detection": {"threshold": 0.9}}), 1)
    session.send(ev.SessionUpdate({"turn_detection": {"threshold": 0.4}}), 2)
    session.receive(ev.ErrorEvent({"code": "invalid_value", "param": "turn_detection.threshold"}), 3)
    hear(session, updated())
    assert session.config.turn_detection == TurnDetection(0.4)
    assert len(session.errors) == 1


def test_padding_in_force_at_the_start_of_a_turn_estimates_its_onset() -> None:
    session = begun()
    session.send(ev.SessionUpdate({"turn_detection": {"prefix_padding_ms": 500}}), 1)
    session.receive(ev.SpeechStarted("a", 1_000), 2)
    hear(session, updated(), *item_events("a", start_ms=1_000)[2:])
    session.receive(ev.SpeechStarted("b", 3_000), 9)
    assert [u.onset for u in session.utterances] == [0.9, 3.5]


def test_a_violation_is_recorded_and_the_session_continues() -> None:
    session = Session()
    hear(session, *item_events()[3:], created(), created(), {"type": "session.finished"},
         {"type": "input_audio_buffer.speech_started", "audio_start_ms": {}})
    assert session.utterances[0].text == "good morning"
    reasons = " | ".join(violation.reason for violation in session.violations)
    assert "before session.created" in reasons
    assert "second time" in reasons
    assert "without a session.finish" in reasons
    assert "audio_start_ms" in reasons


def test_events_without_an_item_belong_to_the_newest_open_utterance() -> None:
    session = begun()
    first, partial, *rest = item_events()
    hear(session, first, *({**message, "item_id": None, "item": {}} for message in (partial, *rest)))
    assert [u.text for u in session.utterances] == ["good morning"]


ANY = st.sampled_from([
    *[(name, n) for name in ("a", "b", "") for n in range(6)],
    "created", "updated", "finished", "failed", "cleared", "unknown", "error", "append", "commit", "finish",
    "lost", "update", "clear",
])


@given(st.lists(ANY, max_size=30), st.booleans())
def test_no_order_of_events_makes_the_record_fail(steps: list[Any], manual: bool) -> None:
    session = Session(MANUAL if manual else None)
    others: dict[str, Any] = {
        "created": ev.SessionCreated(), "updated": ev.SessionUpdated({"turn_detection": {"threshold": 9}}),
        "finished": ev.SessionFinished(), "failed": ev.TranscriptFailed("a"), "cleared": ev.BufferCleared(),
        "unknown": ev.UnknownEvent({"type": "x"}), "error": ev.ErrorEvent({"param": "session"}),
        "append": ev.AppendAudio(SECOND), "commit": ev.CommitBuffer(), "finish": ev.FinishSession(),
        "update": ev.SessionUpdate({"turn_detection": None}), "clear": ev.ClearBuffer(),
    }
    for time, step in enumerate(steps):
        if isinstance(step, tuple):
            session.receive(read_server(item_events(step[0])[step[1]]), time)
        elif step == "lost":
            session.lost(time)
        elif isinstance(others[step], ev.ClientEvent) and step != "unknown":
            session.send(others[step], time)
        else:
            session.receive(others[step], time)
    numbers = [utterance.number for utterance in session.utterances]
    assert numbers == list(range(1, len(numbers) + 1))
    for utterance in session.utterances:
        if utterance.onset is not None and utterance.end is not None:
            assert utterance.onset <= utterance.end


def test_a_commit_after_turn_detection_was_switched_off_covers_what_came_since() -> None:
    session = begun()
    for _ in range(3):
        session.send(ev.AppendAudio(SECOND), 1.0)
    session.send(ev.SessionUpdate({"turn_detection": None}), 3.0)
    session.send(ev.AppendAudio(SECOND), 4.0)
    hear(session, updated(turn_detection=None), start=4.1)
    session.send(ev.AppendAudio(SECOND), 5.0)
    session.send(ev.CommitBuffer(), 5.1)
    session.receive(ev.BufferCommitted("a"), 5.2)
    (utterance,) = session.utterances
    assert (utterance.start, utterance.end, utterance.ended_by) == (3.0, 5.0, "commit")
    assert session.violations == ()


def test_an_empty_commit_after_turn_detection_was_switched_off_is_noted() -> None:
    session = begun()
    session.send(ev.AppendAudio(SECOND), 1.0)
    session.send(ev.SessionUpdate({"turn_detection": None}), 3.0)
    session.send(ev.CommitBuffer(), 3.1)
    assert ["empty" in violation.reason for violation in session.violations] == [True]


def test_what_was_asked_for_holds_for_what_is_sent_next() -> None:
    session = begun()
    session.send(ev.SessionUpdate({"turn_detection": None}), 1.0)
    session.send(ev.AppendAudio(SECOND), 1.1)
    session.send(ev.CommitBuffer(), 1.2)
    assert session.violations == ()
    assert session.config.turn_detection is not None
    hear(session, updated(turn_detection=None))
    assert session.config.turn_detection is None


def test_a_refused_change_of_mode_leaves_turn_detection_in_force() -> None:
    session = begun()
    session.send(ev.SessionUpdate({"turn_detection": None}), 1.0)
    session.receive(ev.ErrorEvent({"type": "invalid_request_error", "param": "session"}), 1.1)
    session.send(ev.AppendAudio(SECOND), 1.2)
    session.send(ev.CommitBuffer(), 1.3)
    assert ["manual mode" in violation.reason for violation in session.violations] == [True]


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan")])
def test_a_setting_beyond_all_numbers_is_refused_by_its_name_and_noted_where_the_service_says_it(
    value: Any,
) -> None:
    for name in ("threshold", "silence_duration_ms", "prefix_padding_ms"):
        with pytest.raises(SettingError, match=f"{name} must be a number") as refused:
            TurnDetection(**{name: value})
        assert refused.value.param == f"turn_detection.{name}" and len(str(refused.value)) < 200
        session = begun()
        hear(session, updated(turn_detection={name: value}))
        assert session.config == SessionConfig() and name in session.violations[-1].reason
