"""A probe of the stand-in for DashScope finds each of its quirks: on, off and mixed, delays included."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from support.standin_clock import jittered, stood_in

import qwen_asr_widgets as qaw
from qwen_asr_widgets.client.probe.experiments import ASKABLE, FRIENDLY, ON_REQUEST
from qwen_asr_widgets.client.probe.finding import REPORTED, Finding
from qwen_asr_widgets.client.probe.judgement import judge
from qwen_asr_widgets.client.probe.outcome import Outcome
from qwen_asr_widgets.protocol.quirks import BEHAVIOURS, Quirks

ALIKE = {"empty_finals", "takes_items"}
"""Told by noise alone, which is not sent; and refused by the stand-in in either case, in other words."""

ASKED = sorted(set(ASKABLE) - ALIKE)
OFF: dict[str, Any] = {name: getattr(BEHAVIOURS["ideal"], name) for name in ASKED} | {
    "decode_delay_s": 0.8, "stopped_after_end_s": 0.6,
}
"""Each quirk as it is without it; a delay without it could not be told from a short one, so it is long."""


def probed(quirks: Mapping[str, Any], pace: float | None = 1.0) -> dict[str, Finding]:
    """Probe the stand-in as DashScope is reported, with some quirks otherwise."""
    chosen = Quirks.of("dashscope", quirks)
    findings = judge([stood_in(each, chosen, pace) for each in (*FRIENDLY, *ON_REQUEST)])
    return {finding.fact: finding for finding in findings}


def truth(quirks: Mapping[str, Any]) -> dict[str, str]:
    """Return the verdict that each fact deserves, by what the stand-in was told to do."""
    values = {fact: quirks.get(fact, REPORTED[fact].value) for fact in ASKED}
    true = {fact: "agrees" if value == REPORTED[fact].value else "differs" for fact, value in values.items()}
    decoding, stopping = values["decode_delay_s"], values["stopped_after_end_s"]
    delay = max(decoding, stopping)  # no final comes before speech_stopped
    if not values["end_contains_silence"]:
        true["stopped_after_end_s"] = "not identifiable"
        delay = max(0.0, decoding - stopping)  # counted from speech_stopped
    true["decode_delay_s"] = "agrees" if 0.08 <= delay <= 0.32 else "differs"
    return true


def check(found: Mapping[str, Finding], quirks: Mapping[str, Any]) -> None:
    verdicts = {fact: found[fact].verdict for fact in ASKED}
    assert verdicts == truth(quirks), "\n".join(str(found[fact]) for fact in ASKED)


def test_the_stand_in_is_found_to_be_as_dashscope_is_reported() -> None:
    found = probed({})
    check(found, {})
    assert found["silence_floor_ms"].figures["waited_at_200_ms"] == 400
    assert found["end_contains_silence"].figures == {"slope_of_ends": 1.0, "slope_of_rest": 0.0}
    assert found["longest_turn_s"].figures["length_s"] == pytest.approx(30, abs=0.1)
    assert found["finish_delay_s"].figures["longest_s"] == pytest.approx(10, abs=0.1)
    assert found["idle_close_s"].figures["closed_after_s"] == 180


def test_the_stand_in_without_quirks_is_found_to_differ_in_everything() -> None:
    quirks = {**OFF, "stopped_after_end_s": 0.0}
    found = probed(quirks)
    check(found, quirks)
    assert found["silence_floor_ms"].value == 0 and found["end_contains_silence"].value is False


MIXED = {"end_contains_silence": False, "turns_touch": False, "usage": False, "commit_in_vad_mode": False}


def test_quirks_of_either_kind_are_told_apart_without_real_time_but_for_the_delays() -> None:
    found = probed(MIXED, pace=None)
    expected = {**truth(MIXED), "decode_delay_s": "not identifiable"}
    assert {fact: found[fact].verdict for fact in ASKED} == expected


@pytest.mark.soak
@pytest.mark.parametrize("name", ASKED)
def test_each_quirk_that_is_off_is_found_among_all_that_are_on(name: str) -> None:
    check(probed({name: OFF[name]}), {name: OFF[name]})


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(60))
def test_any_mixture_of_quirks_is_found(seed: int) -> None:
    draws = random.Random(seed)
    quirks = {name: value for name, value in OFF.items() if draws.random() < 0.5}
    check(probed(quirks), quirks)


# ---- over a line that jitters

def check_never_wrong(outcomes: list[Outcome], quirks: Mapping[str, Any]) -> None:
    """What the line hides may be called not identifiable; nothing may be called what it is not."""
    found = {finding.fact: finding for finding in judge(outcomes)}
    wrong = [str(found[fact]) for fact, verdict in truth(quirks).items()
             if found[fact].verdict not in (verdict, "not identifiable")]
    assert wrong == []


def test_what_the_line_adds_is_not_taken_for_the_recognisers_delay() -> None:
    draws, quirks = random.Random(0), {"end_contains_silence": False, "stopped_after_end_s": 0.6}
    seen = [stood_in(each, Quirks.of("dashscope", quirks)) for each in FRIENDLY if "silence" in each.name]
    for _ in range(15):
        lines = [jittered(each, draws, 0.25) for each in seen]
        found = next(finding for finding in judge(lines) if finding.fact == "decode_delay_s")
        assert found.verdict in ("differs", "not identifiable"), str(found)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(60))
def test_a_line_that_jitters_brings_no_wrong_verdict_on_any_mixture_of_quirks(seed: int) -> None:
    draws = random.Random(seed)
    quirks = {name: value for name, value in OFF.items() if draws.random() < 0.5}
    seen = [stood_in(each, Quirks.of("dashscope", quirks)) for each in (*FRIENDLY, *ON_REQUEST)]
    for _ in range(25):
        most = draws.uniform(0, 0.3)
        check_never_wrong([jittered(each, draws, most) for each in seen], quirks)


# ---- over a real connection

SHORT = ["update_midway", "commit_in_vad_mode", "takes_items"]


def asked(quirks: Mapping[str, Any], **how: Any) -> qaw.ProbeReport:
    with qaw.embedded("script", behaviour="dashscope", quirks={"finish_delay_s": 0.0, **quirks}) as service:
        return qaw.probe(service, progress=False, **how)


@pytest.mark.service
def test_what_a_session_takes_is_found_over_a_real_connection() -> None:
    report = asked({"commit_in_vad_mode": False}, facts=SHORT, pace=None)
    assert [report[fact].verdict for fact in SHORT] == ["agrees", "differs", "agrees"]
    assert report["silence_floor_ms"].verdict == "not asked"


@pytest.mark.service
def test_an_idle_session_and_its_close_are_seen_over_a_real_connection() -> None:
    found = asked({"idle_close_s": 0.5}, facts=["idle_close_s"])["idle_close_s"]
    assert found.value == pytest.approx(0.5, abs=0.3)


@pytest.mark.soak
@pytest.mark.service
@pytest.mark.parametrize("quirks", [{}, OFF], ids=["as reported", "otherwise"])
def test_a_whole_probe_in_real_time_finds_the_same_over_a_real_connection(quirks: dict[str, Any]) -> None:
    report = asked({"finish_delay_s": 10.0, **quirks})
    expected = {fact: verdict for fact, verdict in truth(quirks).items()
                if fact not in ("upload_limit_kB_s", "idle_close_s", "decode_delay_s")}
    assert {fact: report[fact].verdict for fact in expected} == expected


@pytest.mark.soak
@pytest.mark.service
def test_a_burst_above_the_limit_is_closed_over_a_real_connection() -> None:
    assert asked({}, facts=["upload_limit_kB_s"])["upload_limit_kB_s"].verdict == "agrees"
