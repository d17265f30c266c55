"""Every quirk of the stand-in for DashScope by its name: what it does, and what is done without it."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

import numpy as np
import pytest
from support.server_session import BRIEF, MANUAL, SPEECH, TALK, Session, error_of

from qwen_asr_widgets.client.embedded import EmbeddedEndpoint, embedded
from qwen_asr_widgets.errors import EndpointError
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, FACTS, IDEAL
from qwen_asr_widgets.protocol.quirks import BEHAVIOURS, NO_QUIRKS, Quirks
from qwen_asr_widgets.service.workers import messages as worker_messages
from qwen_asr_widgets.service.standin import (
    COMMIT_REFUSED, IDLE, ITEM_REFUSED, TRAFFIC, UPDATE_REFUSED, CloseConnection, QuirkySegmenter,
    QuirkySession, WaitUntil,
)
from qwen_asr_widgets.service.segmenter import Segmenter
from qwen_asr_widgets.service.server_session import ServerSession

NAMES = [place.name for place in fields(Quirks)]
WAIT = {"turn_detection": {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}}
HUSH = np.zeros(16_000, np.int16)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def standing_in(clock=None, answer=True, **quirks) -> Session:
    """A session with these quirks alone; its clock stands still unless one is given."""
    chosen = Quirks.of("ideal", quirks)
    make_segmenter = partial(
        QuirkySegmenter, quirks=chosen, make=partial(Segmenter, longest_turn_s=chosen.longest_turn_s)
    )
    make = partial(ServerSession, "m", "script", ("en",), make_segmenter)
    return Session(answer=answer, server=QuirkySession(make, chosen, clock or Clock()))


def heard(session: Session, samples=SPEECH, chunk: int = 1_600, **settings) -> Session:
    """Let a session hear samples in chunks, with brief turn detection unless other settings are given."""
    session.update(**(settings or BRIEF))
    for first in range(0, len(samples), chunk):
        session.append(samples[first:first + chunk])
    return session


def of_type(session: Session, ending: str) -> list[dict]:
    return [message for message in session.sent if message["type"].endswith(ending)]


# ---- names and values


def test_every_quirk_has_the_name_and_dashscopes_value_of_a_fact() -> None:
    seen = {fact.name: fact.value for fact in FACTS}
    for name in set(NAMES) - {"own_reports"}:
        assert getattr(BEHAVIOURS["dashscope"], name) == seen[name], name
        assert getattr(NO_QUIRKS, name) != seen[name], name


@pytest.mark.parametrize("name", NAMES)
def test_a_quirk_switched_off_is_taken_out_of_what_is_known_of_the_endpoint(name: str) -> None:
    ideal = getattr(NO_QUIRKS, name)
    facts = embedded("script", behaviour="dashscope", quirks={name: ideal}).facts
    known = DASHSCOPE.to_dict()
    if name in known:
        assert getattr(facts, name) == (ideal or None if name == "decode_delay_s" else ideal)
        assert facts.grade(name) == "own"
    others = {other: value for other, value in facts.to_dict().items() if other not in (
        name, "grades", "upload_pace_kB_s" if name == "upload_limit_kB_s" else "")}
    assert others == {other: known[other] for other in others}


def test_the_endpoint_says_what_it_is_and_what_is_known_of_it() -> None:
    endpoint = embedded("script", behaviour="dashscope")
    assert endpoint.name == "embedded script, standing in for DashScope"
    assert endpoint.facts == DASHSCOPE and not endpoint.running
    assert embedded("script").facts is IDEAL and embedded("script") == EmbeddedEndpoint.of("script", {})
    assert embedded("script") != endpoint
    assert endpoint != embedded("script", behaviour="dashscope", quirks={"usage": False})


def test_a_pace_keeps_its_distance_from_a_limit_given_for_a_test() -> None:
    facts = embedded("script", behaviour="dashscope", quirks={"upload_limit_kB_s": 256}).facts
    assert (facts.upload_limit_kB_s, facts.upload_pace_kB_s) == (256, 190)
    off = embedded("script", behaviour="dashscope", quirks={"upload_limit_kB_s": None}).facts
    assert off.upload_pace_kB_s is None


@pytest.mark.parametrize(("behaviour", "quirks", "said"), [
    ("dashcope", None, "no behaviour 'dashcope'; did you mean 'dashscope'"),
    ("qwen", None, "there are ideal and dashscope"),
    ("dashscope", {"update_midways": True}, "did you mean 'update_midway'"),
    ("ideal", {"finish_dely_s": 1}, "did you mean 'finish_delay_s'"),
    ("ideal", {"wibble": 1}, "there are update_midway, "),
    ("ideal", {"usage": 1}, "usage is 1; it must be true or false"),
    ("ideal", {"finish_delay_s": -1}, "must be a number from 0"),
    ("ideal", {"finish_delay_s": float("nan")}, "must be a number from 0"),
    ("ideal", {"idle_close_s": "never"}, "must be a number from 0 to 1,000,000 or None"),
    ("ideal", {"decode_delay_s": 1e9}, "must be a number from 0 to 1,000,000."),
    ("ideal", {"upload_limit_kB_s": 0}, "ends every session; give more, or None"),
    ("ideal", {"longest_turn_s": 90}, "between 1 and 60"),
    ("ideal", ["usage"], "must be a mapping"),
])
def test_a_behaviour_or_quirk_that_cannot_be_is_answered_with_what_can(behaviour, quirks, said) -> None:
    with pytest.raises(EndpointError) as refused:
        embedded("script", behaviour=behaviour, quirks=quirks)
    assert said in str(refused.value)


def test_without_quirks_a_session_says_what_the_ideal_one_says() -> None:
    def types_and_values(session: Session) -> list[dict]:
        hidden = ("event_id", "item_id", "previous_item_id", "item", "session")
        return [{k: v for k, v in message.items() if k not in hidden} for message in session.sent]

    def run(session: Session) -> list[dict]:
        heard(session, TALK[:150_000])
        session.send("input_audio_buffer.commit")
        session.send("conversation.item.create")
        session.update(**MANUAL)
        session.append(SPEECH)
        session.send("session.finish")
        return types_and_values(session)

    assert run(standing_in()) == run(Session())


# ---- settings and what else is refused


@pytest.mark.parametrize("on", [True, False])
def test_update_midway(on: bool) -> None:
    session = standing_in(**({"update_midway": False} if on else {}))
    session.update(**BRIEF)
    session.update(**WAIT)
    session.append(SPEECH[:1_600])
    answer = session.update(**BRIEF)
    assert [m["type"] for m in of_type(session, "updated")] == ["session.updated"] * (2 if on else 3)
    if on:
        assert error_of(answer)["code"] == "invalid_value" and error_of(answer)["message"] == UPDATE_REFUSED
        assert session.connection == [CloseConnection(1007, UPDATE_REFUSED)]
        assert session.append(SPEECH) == [], "nothing more is answered"


@pytest.mark.parametrize("on", [True, False])
def test_errors_without_code(on: bool) -> None:
    session = standing_in(errors_without_code=on, commit_in_vad_mode=True, update_midway=False)
    commit = error_of(session.send("input_audio_buffer.commit"))
    session.append(HUSH[:1_600])
    refused = error_of(session.update(**BRIEF))
    assert ("code" in commit, "type" in refused) == (not on, not on)
    assert commit["type"] == "invalid_request_error" and commit["message"] == COMMIT_REFUSED
    assert not on or refused == {"code": "invalid_value", "message": UPDATE_REFUSED}


@pytest.mark.parametrize("on", [True, False])
def test_takes_items(on: bool) -> None:
    error = error_of(standing_in(takes_items=not on).send("conversation.item.create"))
    assert (error["message"] == ITEM_REFUSED) == on
    assert on or "has no meaning in a recognition session" in error["message"]


@pytest.mark.parametrize("on", [True, False])
def test_commit_in_vad_mode(on: bool) -> None:
    session = standing_in(commit_in_vad_mode=on)
    assert error_of(session.send("input_audio_buffer.commit"))["code"] == (
        "input_audio_buffer_commit_empty" if on else "commit_in_vad_mode"
    )
    heard(session, SPEECH[:40_000])
    before = len(session.types)
    session.send("input_audio_buffer.commit")
    committed, created = "input_audio_buffer.committed", "conversation.item.created"
    assert session.types[before:] == ([committed, created, committed, "completed"] if on else ["error"])
    session.append(SPEECH[40_000:])
    session.send("session.finish")
    assert len(of_type(session, "speech_stopped")) == 1, "speech that goes on is a turn of its own"


# ---- turns


@pytest.mark.parametrize(("on", "end_ms"), [(True, 4_048), (False, 3_648)])
def test_end_contains_silence(on: bool, end_ms: int) -> None:
    session = heard(standing_in(end_contains_silence=on))
    (stopped,) = of_type(session, "speech_stopped")
    assert (stopped["audio_end_ms"], stopped["reason"]) == (end_ms, "silence")


@pytest.mark.parametrize(("on", "needed"), [(True, 4_122), (False, 4_064)])
def test_stopped_after_end_s(on: bool, needed: int) -> None:
    session = standing_in(end_contains_silence=True, stopped_after_end_s=0.074 if on else 0.0)
    session.update(**BRIEF)
    for at in range(0, len(SPEECH), 16):
        session.append(SPEECH[at:at + 16])
        if of_type(session, "speech_stopped"):
            break
    assert needed <= (at + 16) / 16 <= needed + 33  # frames of 32 ms


@pytest.mark.parametrize("on", [True, False])
def test_a_turn_held_back_comes_before_the_next_one_and_before_the_end(on: bool) -> None:
    chunk = 150_000 if on else 1_600
    session = heard(standing_in(stopped_after_end_s=0.5), TALK[:150_000], chunk)
    session.send("session.finish")
    kinds = [m["type"].rpartition(".")[2] for m in session.sent if "speech_" in m["type"]]
    assert kinds == ["speech_started", "speech_stopped"] * (len(kinds) // 2) and len(kinds) >= 4
    assert session.types[-2:] == ["completed", "session.finished"]


@pytest.mark.parametrize(("on", "turns"), [(True, 1), (False, 2)])
def test_silence_floor_ms(on: bool, turns: int) -> None:
    pause = np.concatenate((SPEECH[:58_500], np.zeros(4_800, np.int16), SPEECH[13_824:58_500], HUSH))
    brief = {"turn_detection": {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 200}}
    session = heard(standing_in(silence_floor_ms=600 if on else 0), pause, **brief)
    shown = of_type(session, "updated")[0]["session"]["turn_detection"]["silence_duration_ms"]
    assert shown == 200, "what was asked for is what is confirmed"
    found = len(of_type(session, "speech_stopped"))
    assert found == turns if on else found > 1


@pytest.mark.parametrize("on", [True, False])
def test_turns_touch(on: bool) -> None:
    dense = np.tile(np.concatenate((SPEECH[13_824:58_400], np.zeros(8_000, np.int16))), 4)
    session = heard(standing_in(turns_touch=on), dense)
    starts = [m["audio_start_ms"] for m in of_type(session, "speech_started")][1:]
    ends = [m["audio_end_ms"] for m in of_type(session, "speech_stopped")][:-1]
    gaps = [start - end for start, end in zip(starts, ends)]
    assert len(gaps) >= 3
    expected = [-222 if number % 3 == 2 else 0 for number in range(len(gaps))]
    assert gaps == expected if on else min(gaps) > 0


@pytest.mark.parametrize(("on", "reason", "length"), [(True, "limit", 1_984), (False, "silence", 2_784)])
def test_longest_turn_s(on: bool, reason: str, length: int) -> None:
    session = heard(standing_in(**({"longest_turn_s": 2.0} if on else {}), end_contains_silence=True))
    started, stopped = of_type(session, "speech_started")[0], of_type(session, "speech_stopped")[0]
    silence = 400 if reason == "silence" else 0
    lasted = stopped["audio_end_ms"] - silence - started["audio_onset_ms"]
    assert (stopped["reason"], lasted) == (reason, length), "frames of 32 ms"


@pytest.mark.parametrize("on", [True, False])
def test_own_reports(on: bool) -> None:
    session = heard(standing_in(own_reports=not on))
    assert ("audio_onset_ms" in of_type(session, "started")[0]) == (not on)
    assert ("reason" in of_type(session, "stopped")[0]) == (not on)


# ---- transcripts


def answered(session: Session, *texts: str, samples=SPEECH) -> list[str]:
    """Let a session hear the same turn again for each text, which its recogniser finds; return the finals."""
    session.update(**BRIEF)
    for text in texts:
        session.append(np.concatenate((samples, HUSH)))
        finish = [c for c in session.commands if isinstance(c, worker_messages.FinishUtterance)][-1]
        session.result(worker_messages.FinalText(finish.item_id, text))
    return [message["transcript"] for message in of_type(session, "completed")]


@pytest.mark.parametrize("on", [True, False])
def test_empty_finals(on: bool) -> None:
    texts = answered(standing_in(answer=False, empty_finals=on), "", "yes", "")
    assert texts == (["\u3002", "yes", ""] if on else ["", "yes", ""])


@pytest.mark.parametrize("on", [True, False])
def test_invented_words(on: bool) -> None:
    short = np.concatenate((HUSH, SPEECH[14_000:19_000]))
    texts = answered(standing_in(answer=False, invented_words=on), "", "", samples=short)
    assert texts == (["\u55ef", "Yeah."] if on else ["", ""])
    assert answered(standing_in(answer=False, invented_words=on), "") == [""], "long speech is left alone"


@pytest.mark.parametrize("on", [True, False])
def test_usage(on: bool) -> None:
    session = heard(standing_in(usage=on))
    session.update(**MANUAL)
    session.append(np.tile(HUSH, 2))
    session.send("input_audio_buffer.commit")
    counted = [m.get("usage") for m in of_type(session, "completed")]
    assert counted == ([{"seconds": 4}, {"seconds": 3}] if on else [None, None])


@pytest.mark.parametrize("on", [True, False])
def test_text_stash_exclusive(on: bool) -> None:
    session = heard(standing_in(answer=False, text_stash_exclusive=on), SPEECH[:40_000])
    item = of_type(session, "started")[0]["item_id"]
    session.result(worker_messages.PartialText(item, "good", " morning"))
    session.append(SPEECH[40_000:])
    session.result(worker_messages.PartialText(item, "good morning", " can"))
    session.result(worker_messages.FinalText(item, "good morning, can"))
    shown = [(m["text"], m["stash"]) for m in of_type(session, ".text")]
    assert shown == ([("", "good morning"), ("good morning can", ""), ("good morning, can", "")] if on else
                     [("good", " morning"), ("good morning", " can")])
    assert session.types[-1] == "completed", "what the refined pass shows comes before the final"


@pytest.mark.parametrize("on", [True, False])
def test_late_partials(on: bool) -> None:
    session = heard(standing_in(answer=False, late_partials=on))
    item = of_type(session, "started")[0]["item_id"]
    session.result(worker_messages.PartialText(item, "good", " mourning"))
    session.result(worker_messages.FinalText(item, "good morning"))
    assert session.types[-2:] == ["completed", "text"] if on else session.types[-1] == "completed"
    assert (session.sent[-1].get("stash") == "good mourning") == on


@pytest.mark.parametrize("on", [True, False])
def test_decode_delay_s(on: bool) -> None:
    session = heard(standing_in(decode_delay_s=0.16 if on else 0.0))
    assert of_type(session, "completed")
    assert session.connection == ([WaitUntil(100.16)] if on else [])


# ---- the connection


@pytest.mark.parametrize("on", [True, False])
def test_finish_delay_s(on: bool) -> None:
    clock = Clock()
    session = heard(standing_in(clock, finish_delay_s=10.0 if on else 0.0))
    clock.now = 150.0
    session.send("session.finish")
    assert session.types[-1] == "session.finished"
    assert session.connection == ([WaitUntil(160.0), CloseConnection(1000)] if on else [])


@pytest.mark.parametrize("on", [True, False])
def test_upload_limit_kB_s(on: bool) -> None:
    clock = Clock()
    session = standing_in(clock, upload_limit_kB_s=2_560 if on else None)
    session.update(**MANUAL)
    for _ in range(100):  # ten seconds at 1,900 kB/s
        clock.now += 0.1
        session.append(bytes(142_000))
    assert session.connection == []
    for _ in range(40):
        clock.now += 0.1
        session.append(bytes(288_000))  # 3,840 kB/s
    assert session.connection == ([CloseConnection(1007, TRAFFIC)] if on else [])


@pytest.mark.parametrize("on", [True, False])
def test_idle_close_s(on: bool) -> None:
    clock = Clock()
    session = standing_in(clock, idle_close_s=180.0 if on else None)
    assert session.server.wake_at == (280.0 if on else None)
    clock.now = 150.0
    heard(session)
    assert session.server.wake_at == (330.0 if on else None), "a final begins it anew"
    clock.now = 329.0
    assert list(session.server.woken()) == []
    clock.now = 330.0
    assert list(session.server.woken()) == ([CloseConnection(1007, IDLE.format(180))] if on else [])
