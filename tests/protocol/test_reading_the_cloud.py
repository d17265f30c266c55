"""What public clients report of the cloud is read right: nothing is lost, doubled or called a violation."""

from __future__ import annotations

import pickle
import time as wall
from typing import Any

import pytest
from support.scripted_server import created, item_events

from qwen_asr_widgets.protocol import events as ev
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, DOCUMENTED, IDEAL
from qwen_asr_widgets.protocol.codec import read_server
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.partials import Partial, Partials
from qwen_asr_widgets.protocol.session import MOST_NOTED, Session
from qwen_asr_widgets.vad.turns import TurnDetection

SECOND = 16_000


def cloud(silence_ms: int = 800, seconds: float = 60.0, **options: Any) -> Session:
    config = SessionConfig(turn_detection=TurnDetection(0.2, silence_ms, 300))
    session = Session(config, facts=DASHSCOPE, **options)
    session.receive(ev.SessionCreated({"id": "s"}), 0.0)
    session.send(ev.AppendAudio(b""), 0.0, samples=round(seconds * SECOND))
    return session


def hear(session: Session, *messages: Any, start: float = 10.0) -> None:
    for number, message in enumerate(messages):
        event = read_server(message) if isinstance(message, dict) else message
        session.receive(event, start + number)


def turn(session: Session, start_ms: int, end_ms: int, item: str = "a", text: str = "yes") -> None:
    hear(session, *item_events(item, text, start_ms, end_ms))


# ---- where speech ends


@pytest.mark.parametrize(("silence", "end"), [(800, 3.2), (600, 3.4), (400, 3.6), (200, 3.6)])
def test_speech_ends_before_the_silence_and_no_later_than_its_floor_allows(silence: int, end: float) -> None:
    session = cloud(silence)
    turn(session, 1_000, 4_000)
    (utterance,) = session.utterances
    assert (utterance.end, utterance.end_source, utterance.reported_end) == (end, "estimated", 4.0)
    assert utterance.ended_by == "silence" and utterance.estimated


@pytest.mark.parametrize("facts", [DOCUMENTED, IDEAL])
def test_where_the_end_is_the_end_of_speech_it_is_taken_as_reported(facts: Any) -> None:
    session = Session(facts=facts)
    hear(session, created(), *item_events(start_ms=1_000, end_ms=4_000))
    (utterance,) = session.utterances
    assert (utterance.end, utterance.end_source, utterance.reported_end) == (4.0, "service", 4.0)


def test_an_estimated_end_is_never_before_the_onset() -> None:
    session = cloud(800)
    turn(session, 1_000, 1_700)
    utterance = session.utterances[0]
    assert (utterance.onset, utterance.end, utterance.speech) == (1.3, 1.3, 0.0)


def test_what_was_measured_on_the_endpoint_is_read_by() -> None:
    session = cloud(200)
    session.facts = DASHSCOPE.measured(silence_floor_ms=250)
    turn(session, 1_000, 4_000)
    assert session.utterances[0].end == 3.75


def test_a_turn_cut_at_the_longest_there_is_ends_where_it_was_cut() -> None:
    session = cloud()
    turn(session, 1_000, 31_200)
    utterance = session.utterances[0]
    assert (utterance.ended_by, utterance.end) == ("limit", 31.2)


@pytest.mark.parametrize(("sent", "ended_by", "end"), [
    (4.0, "finish", 4.0), (4.05, "finish", 4.0), (4.14, "silence", 3.2), (9.0, "silence", 3.2),
])
def test_a_finish_closes_a_turn_only_where_less_sound_follows_than_silence_needs(
    sent: float, ended_by: str, end: float
) -> None:
    session = cloud(seconds=sent)
    session.send(ev.FinishSession(), 5.0)
    turn(session, 1_000, 4_000)
    assert (session.utterances[0].ended_by, session.utterances[0].end) == (ended_by, end)


# ---- what is not in the documentation


def test_touching_and_overlapping_turns_are_no_violation_and_each_keeps_its_speech() -> None:
    session = cloud(400)
    turn(session, 1_000, 4_000, "a", "one")
    turn(session, 4_000, 7_000, "b", "two")
    turn(session, 6_778, 9_000, "c", "three")
    assert [(u.start, u.end, u.text) for u in session.utterances] == [
        (1.0, 3.6, "one"), (4.0, 6.6, "two"), (6.778, 8.6, "three")
    ]
    assert session.violations == ()


def test_a_commit_of_an_open_turn_ends_it_without_speech_stopped() -> None:
    session = cloud(seconds=3.0)
    started, _, _, committed, item, completed = item_events("a", "one", 1_000)
    hear(session, started)
    before = len(session.violations)
    session.send(ev.CommitBuffer(), 11.0)
    noted = len(session.violations) - before
    session.send(ev.AppendAudio(b""), 11.5, samples=SECOND)
    hear(session, committed, item, committed, completed, start=12.0)
    utterance = session.utterances[0]
    assert (utterance.status, utterance.ended_by, utterance.text) == ("final", "commit", "one")
    assert (utterance.end, utterance.end_source, utterance.stopped_at) == (3.0, "bound", None)
    assert utterance.committed_at == 12.0
    assert len(session.violations) == noted == 1  # our own commit alone: it is for manual mode


def test_completed_without_speech_stopped_ends_at_the_last_sound_that_can_belong_to_it() -> None:
    session = cloud(seconds=5.0)
    first, second = item_events("a", "one", 1_000), item_events("b", "two", 4_600, 6_000)
    hear(session, first[0], *first[3:])
    assert (session.utterances[0].end, session.utterances[0].end_source) == (5.0, "bound")
    session.send(ev.AppendAudio(b""), 20.0, samples=3 * SECOND)
    hear(session, *second, start=20.0)
    assert [(u.end, u.end_source) for u in session.utterances] == [(4.6, "bound"), (5.2, "estimated")]
    assert session.utterances[0].speech is None and session.violations == ()


def test_a_lost_draft_ends_at_the_last_sound_that_was_sent() -> None:
    session = cloud(seconds=3.5)
    hear(session, *item_events("a", "half a word", 1_000)[:2])
    session.lost(20.0)
    utterance = session.utterances[0]
    assert (utterance.status, utterance.end, utterance.end_source) == ("lost", 3.5, "bound")
    assert utterance.is_draft and utterance.text == "half"


def test_a_late_partial_does_not_reopen_an_utterance() -> None:
    session = cloud()
    turn(session, 1_000, 4_000)
    before = session.utterances
    hear(session, ev.TranscriptPartial("a", "", "no no"))
    assert session.utterances == before and session.violations == ()


def test_a_second_completed_neither_erases_the_words_nor_counts_as_a_final_of_its_own() -> None:
    session = cloud()
    turn(session, 1_000, 4_000, text="good morning")
    for text in ("", "something else"):
        hear(session, ev.TranscriptCompleted("a", text), start=50.0)
    utterance = session.utterances[0]
    assert (utterance.text, utterance.status, utterance.final_at) == ("good morning", "final", 15.0)
    hear(session, ev.TranscriptFailed("a", {"code": "late"}))
    assert session.utterances[0].status == "final"


def test_a_second_completed_brings_the_words_that_an_empty_one_left_out() -> None:
    session = cloud()
    turn(session, 1_000, 4_000, text="")
    hear(session, ev.TranscriptCompleted("a", "good morning"), start=50.0)
    assert session.utterances[0].text == "good morning"


@pytest.mark.parametrize("text", ["", "\u3002", " ... "])
def test_finals_without_words_are_finals(text: str) -> None:
    session = cloud()
    turn(session, 1_000, 4_000, text=text)
    assert (session.utterances[0].status, session.utterances[0].text) == ("final", text)
    assert session.violations == ()


def test_usage_is_kept_and_of_whatever_form_it_is_costs_no_transcript() -> None:
    session = cloud()
    for item, usage in (("a", {"seconds": 3}), ("b", "much"), ("c", None)):
        *rest, completed = item_events(item)
        hear(session, *rest, {**completed, "usage": usage})
    assert [u.usage for u in session.utterances] == [{"seconds": 3}, None, None]
    assert {u.text for u in session.utterances} == {"good morning"}


@pytest.mark.parametrize("error", [
    {"code": "invalid_value", "message": "without a type"},
    {"type": "invalid_request_error", "message": "without a code"},
    "a text alone",
])
def test_errors_without_type_or_code_are_kept_and_are_no_violation(error: Any) -> None:
    session = cloud()
    hear(session, {"type": "error", "error": error})
    message = error if isinstance(error, str) else error["message"]
    assert [one.error["message"] for one in session.errors] == [message]
    assert session.violations == ()


def test_a_refused_commit_without_a_code_is_forgotten() -> None:
    session = Session(SessionConfig(turn_detection=None), facts=DASHSCOPE)
    hear(session, created())
    session.send(ev.AppendAudio(bytes(2 * SECOND)), 1.0)
    session.send(ev.CommitBuffer(), 1.1)
    hear(session, ev.ErrorEvent({"type": "invalid_request_error", "message":
         "Error committing input audio buffer: buffer too small, or have no audio."}))
    session.send(ev.AppendAudio(bytes(2 * SECOND)), 2.0)
    session.send(ev.CommitBuffer(), 2.1)
    hear(session, ev.BufferCommitted("a"))
    assert (session.utterances[0].start, session.utterances[0].end) == (1.0, 2.0)


# ---- partials


def shown(*partials: tuple[str, str], final: str = "") -> list[str]:
    session = cloud()
    hear(session, ev.SpeechStarted("a", 1_000))
    lines = []
    for text, stash in partials:
        hear(session, ev.TranscriptPartial("a", text, stash))
        lines.append(session.utterances[0].text)
    assert [one.text + one.stash for one in session.utterances[0].partials] == lines
    return lines


def test_the_live_line_keeps_the_earlier_words_where_text_and_stash_come_alone() -> None:
    assert shown(("", "so it"), ("so it was", ""), ("", "a bright"), ("so it was a bright", ""),
                 ("", "so it was a bright cold day")) == [
        "so it", "so it was", "so it was a bright", "so it was a bright", "so it was a bright cold day"
    ]


def test_the_live_line_keeps_the_later_words_where_a_refined_pass_covers_part() -> None:
    assert shown(("", "so it was a bright"), ("So it was", "")) == [
        "so it was a bright", "So it was a bright"
    ]


def test_chinese_is_joined_without_a_space() -> None:
    assert shown(("\u65e9\u4e0a", ""), ("", "\u597d")) == ["\u65e9\u4e0a", "\u65e9\u4e0a\u597d"]


def test_partials_in_the_documented_form_are_shown_as_they_come() -> None:
    assert shown(("", "so"), ("so", " it"), ("so it", ""), ("so it was", " a")) == [
        "so", "so it", "so it", "so it was a"
    ]


def test_the_list_of_partials_is_a_value() -> None:
    one = Partials().plus(Partial(1.0, "", "a"))
    two, other = one.plus(Partial(2.0, "", "b")), one.plus(Partial(2.0, "", "c"))
    assert [len(one), two[-1].stash, other[-1].stash] == [1, "b", "c"]
    assert two == (Partial(1.0, "", "a"), Partial(2.0, "", "b")) and two != other
    assert pickle.loads(pickle.dumps(one)) == one and hash(one) == hash(tuple(one))


def test_many_partials_of_one_item_cost_the_same_each() -> None:
    def seconds(count: int) -> float:
        session = cloud()
        hear(session, ev.SpeechStarted("a", 1_000))
        began = wall.process_time()
        for number in range(count):
            session.receive(ev.TranscriptPartial("a", "", f"word {number}"), float(number))
        return wall.process_time() - began

    few, many = min(seconds(2_000) for _ in range(3)), seconds(40_000)
    assert many < 20 * few * 3, (few, many)  # 20 times as many: three times that would still be linear


# ---- what comes without end


def test_illegal_events_and_errors_without_end_are_counted() -> None:
    session = cloud()
    for _ in range(MOST_NOTED + 50):
        hear(session, ev.SessionFinished(), ev.ErrorEvent({"message": "no"}))
    assert (len(session.violations), len(session.errors)) == (MOST_NOTED, MOST_NOTED)
    assert session.left_out == (50, 50)


# ---- short speech


@pytest.mark.parametrize(("end_ms", "speech", "short"), [(1_900, 0.2, True), (2_000, 0.3, False)])
def test_less_than_a_third_of_a_second_of_speech_is_marked(end_ms: int, speech: float, short: bool) -> None:
    session = cloud(400)
    turn(session, 1_000, end_ms)
    assert (session.utterances[0].speech, session.utterances[0].short) == (speech, short)
    assert session.utterances[0].text == "yes"
