"""What heals and when to try again, and from where on a lost session is sent again: values in, values out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets import Retry, TurnDetection
from qwen_asr_widgets.client.healing import heals, heals_at_first, is_throttled
from qwen_asr_widgets.client.resume_plan import LEAD, WARM_UP, ResumePlan, resume_plan
from qwen_asr_widgets.client.retry import AFTER_SOUND, Backoff, checked_retry
from qwen_asr_widgets.errors import (
    ConnectFailed, EndpointError, MissingKey, NotConnected, OutboxFull, ServiceClosed, ServiceError,
    SessionLost, SettingError,
)
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, DOCUMENTED, IDEAL
from qwen_asr_widgets.protocol.utterance import Utterance

DETECTION = TurnDetection(0.0, 800, 300)


def closed(code, reason=""):
    return ServiceClosed("closed", code=code, reason=reason)


@pytest.mark.parametrize("error", [
    ConnectFailed("refused"), ConnectFailed("cut off", cut_off=True), ConnectFailed("slow down", 429),
    ConnectFailed("its fault", 503), closed(None), closed(1000), closed(1001), closed(1006), closed(1011),
    closed(1012), closed(1013), closed(1007, "Input traffic exceeds the limit"),
    closed(1007, "Your session was closed because no response was generated for 180 seconds"),
    SessionLost("nothing came"), OutboxFull("stalled"), NotConnected("ended"),
    ServiceError("oh", kind="server_error"),
    ServiceError("Requests rate limit exceeded, please try again later"),
    ServiceError("The session has expired: maximum duration"),
], ids=str)
def test_what_may_pass_is_tried_again(error):
    assert heals(error)


@pytest.mark.parametrize("error", [
    ConnectFailed("key", 401), ConnectFailed("rights", 403), ConnectFailed("no such model", 404),
    ConnectFailed("elsewhere", 302), MissingKey("none"), EndpointError("none"),
    closed(1002), closed(1003), closed(1007, "Session update error"), closed(1008), closed(1009),
    ServiceError("language 'xx' is not known", "invalid_value", "language", kind="invalid_request_error"),
], ids=str)
def test_what_would_come_again_is_not(error):
    assert not heals(error) and not heals_at_first(error)


def test_a_service_that_was_never_there_is_told_at_once():
    assert not heals_at_first(ConnectFailed("nothing listens there"))
    assert heals_at_first(ConnectFailed("it was closed during the handshake", cut_off=True))
    assert heals_at_first(ConnectFailed("wait", 429)) and heals_at_first(closed(1013))


def test_waits_grow_to_the_longest_and_begin_anew_after_progress():
    backoff = Backoff(Retry(first=0.5, longest=4.0), lambda: 1.0)
    assert [backoff.next(0.0) for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    backoff.reset()
    assert backoff.next(100.0) == 0.5 and backoff.tries == 1


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_a_wait_is_never_longer_than_the_longest(chance, tries):
    assert 0 <= Retry(first=0.5, longest=15.0).delay(tries, lambda: chance) <= 15.0


def test_the_patience_counts_from_the_loss_and_the_last_wait_ends_with_it():
    backoff = Backoff(Retry(patience=2.0), lambda: 1.0)
    assert [backoff.next(10.0), backoff.next(10.5), backoff.next(11.6)] == [0.5, 1.0, pytest.approx(0.4)]
    assert backoff.next(12.0) is None
    assert Backoff(Retry(patience=0)).next(0.0) is None


def test_without_a_patience_the_sound_decides():
    backoff = Backoff(Retry(), lambda: 0.0)
    assert backoff.next(0.0) == 0.0 and backoff.next(1e6) == 0.0
    assert backoff.next(1e6, sound_ended=1e6) == 0.0
    assert backoff.next(1e6 + AFTER_SOUND, sound_ended=1e6) is None


def test_a_service_that_is_overrun_is_left_alone_for_a_while():
    assert is_throttled(ConnectFailed("wait", 429)) and not is_throttled(closed(1011))
    assert Backoff(Retry(), lambda: 0.0).next(0.0, throttled=True) == 1.0


@pytest.mark.parametrize("values", [
    {"patience": -1}, {"patience": "long"}, {"first": 0}, {"longest": 0.1}, {"first": True},
    {"patience": float("nan")},
])
def test_a_value_out_of_its_range_is_named(values):
    (name, value), = values.items()
    with pytest.raises(SettingError, match=f"{name} is {value!r}"):
        Retry(**values)


def test_something_else_than_a_retry_is_refused():
    with pytest.raises(SettingError, match="retry must be a Retry"):
        checked_retry(60, Retry())


# ---- from where on

def said(number, start, end, status="final", **more):
    more = {"onset": start + 0.3, "reported_end": end, "ended_by": "silence", **more}
    return Utterance(number, f"item_{number}", start=start, end=end, status=status, **more)


def test_with_nothing_answered_all_is_sent_again():
    assert resume_plan([], [DETECTION], IDEAL) == ResumePlan(0.0, 1)
    assert resume_plan([said(1, 0.2, 1.0, "lost")], [DETECTION], IDEAL) == ResumePlan(0.0, 1)


def test_it_goes_on_in_the_silence_after_the_last_answer_with_room_for_the_next_padding():
    plan = resume_plan([said(1, 0.7, 2.016)], [DETECTION], IDEAL)
    assert plan.first_number == 2 and 2.016 < plan.start <= 2.016 + 0.8 - 0.3
    wide = TurnDetection(0.0, 400, 1_000)
    assert resume_plan([said(1, 0.7, 2.016)], [wide], IDEAL).start == 2.016


def test_of_a_service_that_is_only_read_about_nothing_is_passed_over():
    assert resume_plan([said(1, 0.7, 2.016)], [DETECTION], DOCUMENTED).start == 2.016
    cloud = said(1, 0.7, 2.0, reported_end=2.8)
    assert resume_plan([cloud], [DETECTION], DASHSCOPE).start == 2.5


def test_after_a_forced_cut_it_goes_on_to_the_sample():
    assert resume_plan([said(1, 0.7, 30.7, ended_by="limit")], [DETECTION], IDEAL).start == 30.7


def test_an_answer_that_came_before_an_earlier_one_is_heard_again():
    plan = resume_plan([said(1, 0.7, 2.0), said(2, 4.0, 5.0, "lost"), said(3, 7.0, 8.0)], [DETECTION], IDEAL)
    assert plan.first_number == 2 and plan.start <= 4.0


@pytest.mark.parametrize("facts", [IDEAL, DASHSCOPE], ids=["ideal", "dashscope"])
def test_ten_seconds_are_heard_again_on_the_frames_of_the_first_session(facts):
    plan = resume_plan([said(1, 0.7, 60.0, reported_end=60.8)], [DETECTION], facts)
    assert WARM_UP <= plan.warm_up < WARM_UP + 0.032
    assert plan.heard_from / 0.032 == pytest.approx(round(plan.heard_from / 0.032))
    assert resume_plan([said(1, 0.7, 2.016)], [DETECTION], facts).heard_from == 0.0


def test_no_sound_is_heard_again_whose_turns_would_be_others():
    late, known = said(1, 0.7, 60.0), {"detections": [DETECTION], "facts": IDEAL}
    for held_since in (55.008, 55.0):
        plan = resume_plan([late], held_since=held_since, **known)
        assert held_since <= plan.heard_from < held_since + 0.032 and plan.warm_up > 4.9
    assert resume_plan([late], held_since=61.0, **known).warm_up == 0.0
    for ended_by in ("limit", "finish", "commit"):
        assert resume_plan([said(1, 0.7, 60.0, ended_by=ended_by)], **known).warm_up == 0.0
    assert resume_plan([late], [None], IDEAL).warm_up == 0.0


def test_what_has_failed_has_its_answer():
    assert resume_plan([said(1, 0.7, 2.0, "failed")], [DETECTION], IDEAL).first_number == 2


def test_long_silence_before_an_open_turn_is_not_sent_again():
    plan = resume_plan([said(1, 0.7, 2.0), said(2, 600.0, None, "lost")], [DETECTION], IDEAL)
    assert 600.0 - LEAD - 0.04 < plan.start <= 600.0 - LEAD


def test_nor_is_silence_of_which_a_living_service_would_have_told():
    plan = resume_plan([said(1, 0.7, 2.0)], [DETECTION], IDEAL, silent_before=500.0)
    assert plan.start == pytest.approx(500.0, abs=0.04)
    by_hand = resume_plan([], [None], IDEAL, silent_before=500.0)
    assert by_hand.start == 0.0, "where turns are taken by hand, nobody has told of anything"


def test_manual_mode_goes_on_at_the_last_commit_that_was_answered():
    commits = [said(1, 0.0, 5.0, ended_by="commit"), said(2, 5.0, 9.0, "lost", ended_by="commit")]
    assert resume_plan(commits, [None], IDEAL) == ResumePlan(5.0, 2)


def test_a_session_that_was_finished_needs_no_more_than_the_silence_before_its_end():
    plan = resume_plan([said(1, 0.7, 2.0)], [DETECTION], IDEAL, finished_at=60.0)
    assert plan.start == pytest.approx(60.0 - LEAD, abs=0.04)
    cut = said(1, 0.7, 59.0, ended_by="finish")
    assert resume_plan([cut], [DETECTION], IDEAL, finished_at=60.0).start == 60.0
