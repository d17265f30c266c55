"""What is known of a service: one table, each fact with its grade; measured goes before read."""

from __future__ import annotations

import json
import re

import pytest

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.protocol.cloud_facts import (
    DASHSCOPE, DOCUMENTED, FACTS, GRADES, IDEAL, ServiceFacts, speaks_other_protocol,
)


def test_every_fact_has_a_number_a_grade_a_date_and_a_sentence() -> None:
    assert sorted({fact.number for fact in FACTS}) == list(range(1, 18))
    assert len({fact.name for fact in FACTS}) == len(FACTS)
    for fact in FACTS:
        assert fact.grade in GRADES and re.fullmatch(r"\d{4}-\d\d-\d\d", fact.date)
        assert fact.text.endswith(".") and fact.service


def test_what_is_known_of_dashscope_is_what_the_table_says() -> None:
    told = {fact.name: fact for fact in FACTS}
    for name in ("update_midway", "end_contains_silence", "silence_floor_ms", "longest_turn_s",
                 "finish_wait_s", "upload_limit_kB_s", "upload_pace_kB_s", "idle_close_s", "session_limit_s"):
        assert getattr(DASHSCOPE, name) == told[name].value
        assert DASHSCOPE.grade(name) == told[name].grade
    assert (DASHSCOPE.silence_floor_ms, DASHSCOPE.longest_turn_s) == (400, 30)
    assert DASHSCOPE.upload_pace_kB_s == 1_900 and not DASHSCOPE.update_midway


def test_an_endpoint_of_which_nothing_is_known_is_read_as_documented() -> None:
    assert not DOCUMENTED.end_contains_silence and DOCUMENTED.update_midway
    assert DOCUMENTED.grade("end_contains_silence") == "doc"
    assert IDEAL.grade("end_contains_silence") == "own"


def test_what_was_measured_takes_the_place_of_what_was_read() -> None:
    probed = DASHSCOPE.measured(end_contains_silence=False, idle_close_s=300.0)
    assert (probed.end_contains_silence, probed.idle_close_s) == (False, 300.0)
    assert probed.grade("idle_close_s") == "measured" and probed.grade("update_midway") == "two clients"


def test_facts_survive_json_whatever_stands_beside_them() -> None:
    probed = DASHSCOPE.measured(silence_floor_ms=320)
    again = ServiceFacts.from_dict({**json.loads(json.dumps(probed.to_dict())), "from_next_year": 1})
    assert again == probed and again.grade("silence_floor_ms") == "measured"
    assert ServiceFacts.from_dict({}) == DOCUMENTED


@pytest.mark.parametrize("values", [
    {"silence_floor_ms": "much"}, {"update_midway": 1}, {"longest_turn_s": None}, {"longest_turn_s": -1},
    {"idle_close_s": float("inf")}, {"name": 3}, {"grades": 7},
])
def test_a_fact_of_the_wrong_type_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="fact"):
        ServiceFacts.from_dict(values)


def test_a_misspelt_fact_is_an_error() -> None:
    with pytest.raises(SettingError, match="no fact 'silence_flor_ms'"):
        DASHSCOPE.measured(silence_flor_ms=1)
    with pytest.raises(SettingError, match="no fact 'silence'"):
        DASHSCOPE.grade("silence")


def test_models_of_the_other_protocol_are_known_by_name() -> None:
    assert speaks_other_protocol("qwen-audio-3.1-asr-flash-streaming")
    assert not any(map(speaks_other_protocol, ("qwen3-asr-flash-realtime", "my-own", "")))
