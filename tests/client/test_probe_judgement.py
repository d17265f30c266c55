"""A probe finds what a service does otherwise than reported, and says so where nothing decides it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.probed import DASHSCOPE, IDEAL, answered

from qwen_asr_widgets.client.probe.experiments import ASKABLE, FRIENDLY, ON_REQUEST
from qwen_asr_widgets.client.probe.finding import Finding
from qwen_asr_widgets.client.probe.judgement import judge
from qwen_asr_widgets.protocol.cloud_facts import FACTS

EVERYTHING = (*FRIENDLY, *ON_REQUEST)
OTHERWISE: dict[str, tuple[Any, Any]] = {
    "update_midway": (True, True),
    "end_contains_silence": (False, False),
    "stopped_after_end_s": (0.6, 0.57),
    "silence_floor_ms": (0, 0),
    "turns_touch": (False, False),
    "longest_turn_s": (20.0, 20.0),
    "usage": (False, False),
    "text_stash_exclusive": (False, False),
    "late_partials": (False, False),
    "decode_delay_s": (0.8, 0.77),
    "commit_in_vad_mode": (False, False),
    "errors_without_code": (False, False),
    "finish_delay_s": (1.0, 1.0),
    "upload_limit_kB_s": (1_000.0, 2_200.0),
    "idle_close_s": (60.0, 60.0),
    "takes_items": (True, True),
}
"""By fact: another value than is reported, and the value that a probe then states."""

UNSEEN = {"empty_finals"}
"""Only noise and music could tell, which is not sent."""


def probed(quirks: Mapping[str, Any], **how: Any) -> dict[str, Finding]:
    return {finding.fact: finding for finding in judge([answered(one, quirks, **how) for one in EVERYTHING])}


def verdicts(found: Mapping[str, Finding]) -> dict[str, str]:
    return {fact: found[fact].verdict for fact in ASKABLE if fact not in UNSEEN}


def truth(quirks: Mapping[str, Any]) -> dict[str, str]:
    true = {fact: "differs" if quirks.get(fact, value) != value else "agrees"
            for fact, value in DASHSCOPE.items() if fact in ASKABLE and fact not in UNSEEN}
    if true["stopped_after_end_s"] == "differs" and true["end_contains_silence"] == "agrees":
        true["decode_delay_s"] = "differs"  # no final comes before speech_stopped
    return true


def test_a_service_that_is_as_reported_agrees_in_everything() -> None:
    found = probed({})
    assert set(verdicts(found).values()) == {"agrees"}
    assert found["silence_floor_ms"].value == 400 and found["silence_floor_ms"].n == 6
    assert found["silence_floor_ms"].figures == {"waited_at_200_ms": 400, "waited_at_400_ms": 400}
    assert found["end_contains_silence"].figures["slope_of_ends"] == pytest.approx(1, abs=0.02)
    assert found["empty_finals"].verdict == "not identifiable"


@pytest.mark.parametrize("fact", OTHERWISE)
def test_each_fact_that_is_otherwise_is_found_and_the_others_still_agree(fact: str) -> None:
    value, stated = OTHERWISE[fact]
    found = probed({fact: value})
    assert found[fact].verdict == "differs" and found[fact].value == pytest.approx(stated, abs=0.05)
    others = {other: verdict for other, verdict in verdicts(found).items() if other != fact}
    if fact == "end_contains_silence":
        assert others.pop("stopped_after_end_s") == "not identifiable"
    if fact == "stopped_after_end_s":
        assert others.pop("decode_delay_s") == "differs"  # no final comes before it
    assert set(others.values()) == {"agrees"}


def test_a_service_that_keeps_to_the_documentation_differs_in_everything() -> None:
    found = verdicts(probed({**IDEAL, "decode_delay_s": 0.8}))
    assert found.pop("stopped_after_end_s") == "not identifiable"
    assert set(found.values()) == {"differs"}


mixed = st.sets(st.sampled_from(sorted(OTHERWISE))).map(
    lambda names: {name: OTHERWISE[name][0] for name in names}
)


def check_never_wrong(quirks: Mapping[str, Any], found: Mapping[str, Finding]) -> None:
    wrong = {fact: found[fact] for fact, verdict in truth(quirks).items()
             if found[fact].verdict not in (verdict, "not identifiable")}
    assert wrong == {}


@given(mixed)
def test_mixed_quirks_are_each_found(quirks: dict[str, Any]) -> None:
    found = probed(quirks)
    check_never_wrong(quirks, found)
    undecided = {fact for fact, verdict in verdicts(found).items() if verdict == "not identifiable"}
    expected = {"stopped_after_end_s"} if "end_contains_silence" in quirks else set()
    refused = {"update_midway", "commit_in_vad_mode", "takes_items"}
    if refused & quirks.keys() == {"update_midway", "takes_items"}:
        expected.add("errors_without_code")
    assert undecided == expected


@given(mixed, st.integers(0, 2**32), st.floats(0.0, 0.3))
def test_a_line_that_jitters_brings_no_wrong_verdict(quirks: dict[str, Any], seed: int, most: float) -> None:
    draws = random.Random(seed)
    check_never_wrong(quirks, probed(quirks, way=lambda: draws.uniform(0, most)))


@given(mixed)
def test_sound_that_was_not_sent_in_real_time_tells_no_delays(quirks: dict[str, Any]) -> None:
    found = probed(quirks, pace=None)
    check_never_wrong(quirks, found)
    assert found["decode_delay_s"].verdict == found["stopped_after_end_s"].verdict == "not identifiable"


def test_without_real_time_the_pauses_that_ended_turns_bound_the_shortest_silence() -> None:
    ends = {"end_contains_silence": False}
    assert probed(ends, pace=None)["silence_floor_ms"].verdict == "agrees"
    none = probed({**ends, "silence_floor_ms": 0}, pace=None)["silence_floor_ms"]
    assert none.verdict == "differs" and none.value is None and none.figures["high_ms"] < 400


def test_what_was_not_asked_is_called_so() -> None:
    findings = judge([answered(FRIENDLY[0], {})])
    assert [finding.fact for finding in findings] == [fact.name for fact in FACTS]
    by_fact = {finding.fact: finding.verdict for finding in findings}
    assert by_fact["update_midway"] == "agrees" and by_fact["usage"] == "not identifiable"
    assert by_fact["session_limit_s"] == by_fact["longest_turn_s"] == "not asked"


def test_an_experiment_that_came_to_nothing_decides_nothing() -> None:
    broken = replace(answered(FRIENDLY[0], {}), problem="the connection was lost.")
    found = next(finding for finding in judge([broken]) if finding.fact == "update_midway")
    assert found.verdict == "not identifiable" and "the connection was lost" in found.sentence


@pytest.mark.parametrize("experiment", EVERYTHING, ids=lambda experiment: experiment.name)
def test_a_service_that_says_nothing_decides_nothing_that_was_to_be_heard(experiment: Any) -> None:
    silent = replace(answered(experiment, {"upload_limit_kB_s": math.inf}), events=(), closed_at=None,
                     close_code=None, sent=())
    decided = {finding.fact for finding in judge([silent]) if finding.verdict in ("agrees", "differs")}
    assert decided <= {"idle_close_s"}


def test_one_silence_alone_decides_no_ends() -> None:
    findings = {one.fact: one.verdict for one in judge([answered(FRIENDLY[3], {})])}
    assert findings["end_contains_silence"] == findings["silence_floor_ms"] == "not identifiable"


@given(st.lists(st.tuples(st.sampled_from(range(len(EVERYTHING))), st.integers(0, 2**32)), max_size=8))
def test_events_in_any_order_and_with_gaps_are_judged_without_an_error(drawn: list[tuple[int, int]]) -> None:
    seen = []
    for index, seed in drawn:
        whole, draws = answered(EVERYTHING[index], {}), random.Random(seed)
        events = [each for each in whole.events if draws.random() < 0.7]
        draws.shuffle(events)
        sent = whole.sent[:draws.randrange(len(whole.sent) + 1)]
        seen.append(replace(whole, events=tuple(events), sent=sent))
    assert len(judge(seen)) == len(FACTS)
