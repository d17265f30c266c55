"""A probe shows its plan and price first, keeps figures alone, and is used from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.probed import answered
from support.scripted_server import Peer, ScriptedServer, created, item_events, updated

import qwen_asr_widgets as qaw
from qwen_asr_widgets.client.probe import kept, probe as probing
from qwen_asr_widgets.client.probe.driver import observe
from qwen_asr_widgets.client.probe.experiments import FRIENDLY, ON_REQUEST, choose, within
from qwen_asr_widgets.client.probe.judgement import judge
from qwen_asr_widgets.client.probe.outcome import Outcome
from qwen_asr_widgets.protocol.cloud_facts import FACTS

KEY = "sk-planted-3d0b7c55"
BEIJING = qaw.dashscope("beijing", api_key=KEY)
BY_NAME = {each.name: each for each in (*FRIENDLY, *ON_REQUEST)}


def report(quirks: Mapping[str, Any] = {}, service: str = "dashscope.aliyuncs.com") -> qaw.ProbeReport:
    findings = judge([answered(each, quirks) for each in FRIENDLY])
    return qaw.ProbeReport(service, "qwen3-asr-flash-realtime", "2026-11-27T09:00Z", findings, 170.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "probes_folder", lambda: tmp_path / "probes")
    return tmp_path / "probes"


@pytest.fixture
def nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take the place of the driver, and note which experiments it was to make."""
    made: list[str] = []

    def pretend(endpoint: qaw.Endpoint, experiment: Any, pace: float | None) -> Outcome:
        made.append(experiment.name)
        return answered(experiment, {}, pace)

    monkeypatch.setattr(probing, "observe", pretend)
    return made


# ---- the plan

def test_the_plan_names_what_is_sent_what_it_costs_and_where_the_price_is_from() -> None:
    plan = probing.make_plan(BEIJING)
    said = str(plan)
    assert f"{plan.seconds / 60:.1f} minutes" in said and all(each.name in said for each in FRIENDLY)
    assert f"about {0.00033 * plan.seconds:.4f} CNY" in said and "DashScope price page, Chinese" in said
    assert "no transcript and no key" in said and KEY not in said


def test_a_price_that_nobody_published_is_not_known() -> None:
    elsewhere = qaw.Endpoint("wss://example.org/api-ws/v1/realtime")
    assert "not known" in probing.make_plan(elsewhere).price
    assert "nothing" in probing.make_plan(qaw.Endpoint("ws://127.0.0.1:9/realtime")).price


@pytest.mark.parametrize("minutes", [0.2, 1.0, 2.5, 5.0, 20.0])
def test_no_more_sound_is_sent_than_was_allowed_and_what_is_left_out_is_named(minutes: float) -> None:
    plan = probing.make_plan(BEIJING, minutes, [fact for each in BY_NAME.values() for fact in each.facts])
    assert plan.seconds <= 60 * minutes
    assert {*plan.experiments, *plan.left_out} == set(BY_NAME.values())
    assert all(each.name in str(plan) for each in plan.left_out)


def test_minutes_too_few_for_anything_and_facts_that_nobody_asks_for_are_errors() -> None:
    with pytest.raises(qaw.ProbeError, match="minutes is 0.01; the shortest"):
        within(FRIENDLY, 0.01)
    with pytest.raises(qaw.SettingError, match="minutes is 'many'"):
        probing.make_plan(BEIJING, "many")  # type: ignore[arg-type]
    with pytest.raises(qaw.ProbeError, match="'update_midwy'; did you mean 'update_midway'"):
        choose(["update_midwy"])
    with pytest.raises(qaw.ProbeError, match="the fact 'session_limit_s'"):
        choose(["session_limit_s"])


def test_what_disturbs_the_service_is_done_only_where_it_is_asked_for() -> None:
    assert not {"upload_limit_kB_s", "idle_close_s"} & {fact for each in choose() for fact in each.facts}
    assert [each.name for each in choose(["upload_limit_kB_s"])] == ["upload 2,200 kB/s", "upload 4,000 kB/s"]
    assert [each.name for each in choose(["takes_items"])] == ["conversation item"]
    assert [each.sound_name for each in choose("usage")] == ["pauses"]
    assert len(choose(["silence_floor_ms"])) == 4


# ---- agreeing to it

def test_where_nobody_can_be_asked_nothing_is_sent_and_the_remedy_is_named(
    nothing_is_sent: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(qaw.ProbeError, match="yes=True"):
        qaw.probe(BEIJING)
    assert nothing_is_sent == [] and "CNY/s" in capsys.readouterr().out


@pytest.mark.parametrize("answer, sends", [("y", True), ("Yes ", True), ("", False), ("n", False)])
def test_a_person_who_is_there_is_asked(
    answer: str, sends: bool, nothing_is_sent: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "_somebody_is_there", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: answer)
    if sends:
        assert qaw.probe(BEIJING, progress=False)["usage"].verdict == "agrees"
    else:
        with pytest.raises(qaw.ProbeError, match="nothing was sent"):
            qaw.probe(BEIJING)
    assert (nothing_is_sent == [each.name for each in FRIENDLY]) is sends


# ---- what is kept

def test_what_was_measured_is_used_from_then_on_for_that_host_and_model_alone(
    nothing_is_sent: list[str], folder: Path
) -> None:
    assert BEIJING.facts.grade("update_midway") == "two clients"
    qaw.probe(BEIJING, yes=True, progress=False)
    assert BEIJING.facts.grade("update_midway") == BEIJING.facts.grade("silence_floor_ms") == "measured"
    assert BEIJING.facts.grade("idle_close_s") == "omni"
    assert qaw.dashscope("singapore").facts.grade("update_midway") == "two clients"
    snapshot = qaw.dashscope("beijing", model="qwen3-asr-flash-realtime-2026-02-10")
    assert snapshot.facts.grade("update_midway") == "two clients"


def test_what_differs_changes_the_facts_and_what_is_undecided_does_not(folder: Path) -> None:
    kept.keep(report({"update_midway": True, "silence_floor_ms": 0, "end_contains_silence": False}))
    facts = BEIJING.facts
    assert facts.update_midway and not facts.end_contains_silence and facts.silence_floor_ms == 0
    assert facts.stopped_after_end_s == 0.074 and facts.grade("stopped_after_end_s") == "inferred"


def test_a_newer_probe_takes_the_place_of_an_older_one(folder: Path) -> None:
    kept.keep(report({"update_midway": True}))
    assert BEIJING.facts.update_midway
    kept.keep(report())
    assert not BEIJING.facts.update_midway and len(list(folder.iterdir())) == 1


def test_what_a_newer_probe_did_not_ask_stays_as_it_was_kept_with_its_date(folder: Path) -> None:
    kept.keep(report({"update_midway": True}))
    idle = judge([answered(BY_NAME["idle"], {})])
    later = qaw.ProbeReport("dashscope.aliyuncs.com", "qwen3-asr-flash-realtime", "2026-12-01T09:00Z", idle)
    together = qaw.ProbeReport.load(kept.keep(later))
    assert BEIJING.facts.update_midway and BEIJING.facts.grade("idle_close_s") == "measured"
    assert together["update_midway"].date == "2026-11-27T09:00Z" and together["idle_close_s"].date == ""


def test_an_interrupted_probe_reports_what_was_found_until_then(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(endpoint: qaw.Endpoint, experiment: Any, pace: float | None) -> Outcome:
        if experiment is FRIENDLY[2]:
            raise KeyboardInterrupt
        return answered(experiment, {}, pace)

    monkeypatch.setattr(probing, "observe", interrupted)
    found = qaw.probe(BEIJING, yes=True, progress=False)
    assert found["update_midway"].verdict == "agrees" and found["silence_floor_ms"].verdict == "not asked"
    assert found.seconds == pytest.approx(sum(each.seconds for each in FRIENDLY[:2]))


def test_nothing_is_kept_where_that_was_not_wanted(nothing_is_sent: list[str], folder: Path) -> None:
    qaw.probe(BEIJING, yes=True, remember=False, progress=False)
    assert not folder.exists()


@pytest.mark.parametrize("text", [
    "", "{", "[]", "{}", '{"format": "qwen_asr_widgets.probe", "version": 2}', "[" * 100_000, "\xff\x00",
    '{"format": "qwen_asr_widgets.probe", "version": 1, "findings": [{"fact": "usage"}]}',
    '{"format": "qwen_asr_widgets.probe", "version": 1, "findings": []}', " " * 2_000_000,
])
def test_a_damaged_kept_report_counts_as_none_and_loading_it_is_our_error(text: str, folder: Path) -> None:
    path = kept.keep(report({"update_midway": True}))
    path.write_text(text, encoding="latin-1")
    assert not BEIJING.facts.update_midway
    with pytest.raises(qaw.ProbeError):
        qaw.ProbeReport.load(path)


def test_a_kept_value_that_cannot_be_leaves_the_facts_as_they_were_read(folder: Path) -> None:
    path = kept.keep(report({"silence_floor_ms": 0}))
    path.write_text(path.read_text().replace('"value": 0,', '"value": -5,'))
    assert BEIJING.facts.silence_floor_ms == 400


# ---- passing it on

def test_a_report_that_was_sent_is_read_and_used_elsewhere(tmp_path: Path, folder: Path) -> None:
    report({"update_midway": True}).save(tmp_path / "beijing.json")
    sent = qaw.ProbeReport.load(tmp_path / "beijing.json")
    assert sent == report({"update_midway": True})
    assert not BEIJING.facts.update_midway
    kept.keep(sent)
    assert BEIJING.facts.update_midway


def test_a_report_holds_figures_alone(nothing_is_sent: list[str], folder: Path) -> None:
    found = qaw.probe(BEIJING, yes=True, progress=False)
    text = json.dumps(found.to_dict()) + str(found) + repr(found) + found._repr_html_()
    assert KEY not in text and "One, two" not in text and "three" not in text and "sess_" not in text
    assert len(found.findings) == len(FACTS) and "api-ws" not in text


def test_a_report_says_each_verdict_in_words_and_as_a_table() -> None:
    found = report({"usage": False, "end_contains_silence": False})
    assert "11 agree, 2 differ, 2 not identifiable" in found.headline
    assert "≠  6 usage: differs (reported: True, n = 28). 0 of 28 finals carried usage." in str(found)
    assert "not asked: " in str(found) and "session_limit_s" in str(found)
    assert "0 of 28 finals carried usage." in found._repr_html_()
    with pytest.raises(KeyError):
        found["no_such_fact"]


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


FIELDS = ("service", "model", "date", "findings", "seconds", "pace", "package", "version")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, json_like)), json_like,
       st.sampled_from(["fact", "verdict", "sentence", "value", "figures", "n"]))
def test_only_our_error_comes_of_a_report_with_anything_in_it(
    fields: dict[str, Any], value: Any, name: str
) -> None:
    whole = report().to_dict()
    broken = [{**whole, **fields}, {**whole, "findings": [{**whole["findings"][0], name: value}]}, fields]
    for values in broken:
        try:
            str(qaw.ProbeReport.from_dict(values))
        except qaw.ProbeError:
            pass


# ---- the driver, against a service that follows a script

def settle(peer: Peer) -> None:
    peer.send(created())
    peer.send(updated(**peer.until("session.update")["session"]))


def test_a_second_update_goes_out_in_the_middle_of_the_sound_and_its_refusal_is_seen() -> None:
    def script(peer: Peer) -> None:
        settle(peer)
        peer.until("session.update")
        peer.send({"type": "error", "error": {"code": "invalid_value", "message": "no"}})
        peer.close(1007)

    with ScriptedServer(script) as server:
        seen = observe(qaw.Endpoint(server.url), BY_NAME["update midway"], pace=None)
        types = server.peer().types
    appended = types[:types.index("session.update", 1)].count("input_audio_buffer.append")
    assert appended == 3 and seen.close_code == 1007
    assert [finding for finding in judge([seen]) if finding.fact == "update_midway"][0].verdict == "agrees"


@pytest.mark.parametrize("name, sent", [
    ("commit in a turn", "input_audio_buffer.commit"), ("conversation item", "conversation.item.create"),
])
def test_the_action_is_done_once_and_the_session_is_finished(name: str, sent: str) -> None:
    def script(peer: Peer) -> None:
        settle(peer)
        peer.send(*item_events())
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    with ScriptedServer(script) as server:
        seen = observe(qaw.Endpoint(server.url), BY_NAME[name], pace=None)
        assert server.peer().types.count(sent) == 1
    assert seen.acted_at is not None and seen.finish_delay is not None and seen.closed_at is None
    assert len(seen.finals) == 1 and seen.sent[-1][1] == pytest.approx(BY_NAME[name].sound.seconds)


def test_what_went_out_when_is_known_to_the_chunk_in_real_time() -> None:
    def script(peer: Peer) -> None:
        settle(peer)
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    with ScriptedServer(script) as server:
        seen = observe(qaw.Endpoint(server.url), BY_NAME["conversation item"], pace=1.0)
    begun = seen.sent[0][0] - seen.sent[0][1]
    assert [seconds for _, seconds in seen.sent][:3] == pytest.approx([0.04, 0.08, 0.12])
    assert max(time - begun - seconds for time, seconds in seen.sent) < 0.5


def test_a_burst_goes_out_as_fast_as_the_experiment_says() -> None:
    def script(peer: Peer) -> None:
        settle(peer)
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    with ScriptedServer(script) as server:
        seen = observe(qaw.Endpoint(server.url), BY_NAME["upload 4,000 kB/s"])
    found = {finding.fact: finding for finding in judge([seen])}["upload_limit_kB_s"]
    assert found.verdict == "differs" and found.figures["survived_kB_s"] == pytest.approx(4_000, rel=0.1)


def test_settings_that_are_refused_and_lines_that_break_bring_an_experiment_to_nothing() -> None:
    def refusing(peer: Peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send({"type": "error", "error": {"message": "no"}})
        peer.drain()

    def breaking(peer: Peer) -> None:
        settle(peer)
        peer.until("input_audio_buffer.append")
        peer.drop()

    def throttling(peer: Peer) -> None:
        settle(peer)
        peer.until("input_audio_buffer.append")
        peer.send({"type": "error", "error": {"message": "Requests rate limit exceeded"}})
        peer.drain()

    for script, problem in ((refusing, "not confirmed"), (breaking, "connection was lost"),
                            (throttling, "try again later")):
        with ScriptedServer(script) as server:
            assert problem in observe(qaw.Endpoint(server.url), BY_NAME["update midway"], None).problem


def test_a_key_that_is_refused_is_told_at_once_and_nothing_is_kept(folder: Path) -> None:
    with ScriptedServer(status=401) as server, pytest.raises(qaw.ConnectFailed) as caught:
        qaw.probe(qaw.Endpoint(server.url, api_key=KEY), yes=True, progress=False)
    assert caught.value.status == 401 and not folder.exists() and len(server.requests) == 1
