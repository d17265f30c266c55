"""What the page says of a policy while a handle is dragged is what the trade-off counts, to the sample."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.node import ROOT, find_node, node_command

from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.pauses import Pause, Pauses
from qwen_asr_widgets.vad.trade_off.counting import JudgedPauses, count_timers, count_vad, judged_pauses
from qwen_asr_widgets.vad.trade_off.policy import Policy, PolicyGrid
from qwen_asr_widgets.vad.turns import TurnDetection

LIMIT = 0.8
SILENCES = [0.2, 0.25, 0.5, 1.0]


@dataclass(frozen=True)
class Case:
    """Pauses, what a model says at them (holds first), a policy, and scores with settings of the detector."""

    found: Pauses
    judged: JudgedPauses
    said: NDArray[np.float32]
    instants: NDArray[np.float64]
    policy: Policy
    values: NDArray[np.float32]
    settings: TurnDetection


def random_case(rng: np.random.Generator) -> Case:
    """A talk of random turns with random holds, and scores that are right but for some frames."""
    turns, items, at = [], [], float(rng.uniform(0, 1))
    for number in range(int(rng.integers(1, 8))):
        start = at
        for _ in range(int(rng.integers(0, 5))):
            at += float(rng.uniform(0.3, 2))
            length = float(rng.choice([0.2, 0.4, 0.608, rng.uniform(0.1, 3)]))
            items.append(Pause(round(at, 4), round(at + length, 4), "hold", turn=number))
            at += length
        at += float(rng.uniform(0.3, 2))
        turns.append(ReferenceTurn(round(start, 4), round(at, 4)))
        gap = float(rng.uniform(0.1, 4))
        items.append(Pause(round(at, 4), round(at + gap, 4), "end", turn=number))
        at += gap
    found = Pauses(tuple(sorted(items)), tuple(turns), round(at, 4), "by hand")
    judged = judged_pauses(found, 0.2, 5.0)
    instants = np.array([[0.2], [0.2, 0.5]][int(rng.integers(0, 2))])
    count = len(judged.holds) + len(judged.ends)
    said = np.round(rng.random((count, len(instants))), 2).astype(np.float32)
    said[rng.random(said.shape) < 0.1] = np.nan
    delay = float(rng.choice([0.2, 0.35, 0.6]))
    threshold = math.nan if rng.random() < 0.2 else float(np.round(rng.random(), 2))
    policy = Policy(threshold, delay, delay + float(rng.choice([0, 0.4, 1.6])))
    return Case(found, judged, said, instants, policy, _scores(rng, found),
                TurnDetection(0.0, int(rng.integers(200, 1_500)), 0))


def _scores(rng: np.random.Generator, found: Pauses) -> NDArray[np.float32]:
    middles = (np.arange(int(found.duration / 0.032)) + 0.5) * 0.032
    speech = np.zeros(len(middles), dtype=bool)
    for turn in found.turns:
        speech |= (middles >= turn.start) & (middles < turn.end)
    for pause in found:
        speech &= ~((middles >= pause.start) & (middles < pause.end))
    return np.where(speech ^ (rng.random(len(speech)) < 0.02), 0.5, -0.5).astype(np.float32)


def asked(case: Case) -> dict[str, Any]:
    judged = case.judged
    rows = np.concatenate([
        np.column_stack([judged.holds, judged.hold_since, judged.hold_turn]),
        np.column_stack([judged.ends, judged.end_since, judged.end_turn]),
    ])
    threshold = None if math.isnan(case.policy.threshold) else case.policy.threshold
    return {
        "rows": rows.ravel().tolist(), "holds": len(judged.holds),
        "length": round(case.found.duration * 16_000),
        "turns": np.rint([x * 16_000 for t in case.found.turns for x in (t.start, t.end)]).tolist(),
        "said": [None if np.isnan(x) else float(x) for x in case.said.ravel()],
        "instants": np.rint(case.instants * 16_000).tolist(), "limit": LIMIT, "silences": SILENCES,
        "values": case.values.tolist(),
        "policy": {
            "threshold": threshold, "delay": case.policy.action_delay, "timeOut": case.policy.time_out,
        },
        "settings": {"threshold": 0.0, "silence": case.settings.silence_duration_ms, "padding": 0},
    }


def counted(case: Case, policy: Policy) -> dict[str, int]:
    """Return what the trade-off counts for one policy."""
    grid = PolicyGrid(*(np.array([x]) for x in (policy.threshold, policy.action_delay, policy.time_out)))
    holds = len(case.judged.holds)
    heard = None if math.isnan(policy.threshold) else [(case.said[:holds], case.said[holds:])]
    sums = count_timers([case.judged], grid, case.instants, heard)
    return {name: int(rows[0, 0]) for name, rows in sums.items()}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    if not find_node():
        pytest.skip("needs node (it comes with the playwright package)")
    rng = np.random.default_rng(11)
    return [random_case(rng) for _ in range(300)]


@pytest.fixture(scope="module")
def page(cases: list[Case]) -> list[dict[str, Any]]:
    done = subprocess.run(
        node_command("tests/support/ends_twin.mjs"), cwd=ROOT, timeout=60, capture_output=True, text=True,
        input=json.dumps([asked(case) for case in cases]),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def assert_counts(shown: dict[str, Any], sums: dict[str, int]) -> None:
    assert shown["cuts"] == sums["holds_cut"] + sums["early"]
    assert (shown["ends"], shown["timedOut"], shown["unseen"]) == (
        sums["answered"], sums["timed_out"], sums["unseen"]
    )
    wait = sums["wait"] / 16_000 / sums["answered"] if sums["answered"] else None
    assert shown["wait"] == (None if wait is None else pytest.approx(wait, abs=1e-9))


def test_a_policy_does_in_the_page_what_the_trade_off_counts(cases, page) -> None:
    for case, shown in zip(cases, page):
        assert_counts(shown["timers"], counted(case, case.policy))


def test_the_detector_does_in_the_page_what_the_trade_off_counts(cases, page) -> None:
    for case, shown in zip(cases, page):
        sums = count_vad([case.judged], [case.values], [0.0], [case.settings.silence_duration_ms])
        assert_counts(shown["detector"], {name: int(rows[0, 0]) for name, rows in sums.items()})


def test_a_remedy_heals_when_its_value_is_typed_in(cases, page) -> None:
    """Each turns one handle alone, and the pause alone, judged by the trade-off, is right then."""
    healed = 0
    for case, shown in zip(cases, page):
        for pause, found in ((one["pause"], one["found"]) for one in shown["remedies"]):
            for remedy in found:
                typed = remedy["policy"]
                policy = Policy(typed["threshold"] if typed["threshold"] is not None else math.nan,
                                typed["delay"], typed["timeOut"])
                changed = [a != b and not (math.isnan(a) and math.isnan(b)) for a, b in zip(
                    (policy.threshold, policy.action_delay, policy.time_out),
                    (case.policy.threshold, case.policy.action_delay, case.policy.time_out),
                )]
                assert sum(changed) == 1
                assert typed[remedy["handle"]] == pytest.approx(round(typed[remedy["handle"]], 2), abs=1e-9)
                assert answer_at(case, policy, pause) == "right"
                healed += 1
    assert healed > 500


def test_where_no_remedy_is_offered_no_value_of_that_handle_heals(cases, page) -> None:
    """By trying every value of each handle in steps of 0.01."""
    tried = 0
    for case, shown in zip(cases[:60], page):
        for pause, found in ((one["pause"], one["found"]) for one in shown["remedies"]):
            offered = {remedy["handle"] for remedy in found}
            for handle, policies in grids(case.policy).items():
                if handle not in offered:
                    assert all(answer_at(case, policy, pause) != "right" for policy in policies), handle
                    tried += 1
    assert tried > 50


def grids(policy: Policy) -> dict[str, list[Policy]]:
    """Return every policy that differs in one handle, by the handle."""
    steps = [k / 100 for k in range(601)]
    delay, time_out = policy.action_delay, policy.time_out
    if math.isnan(policy.threshold):
        return {"timeOut": [Policy(math.nan, delay, x) for x in steps if x >= delay - 1e-9]}
    return {
        "threshold": [Policy(x, delay, time_out) for x in steps[:101]],
        "delay": [Policy(policy.threshold, x, time_out) for x in steps[20:351] if x <= time_out + 1e-9],
        "timeOut": [Policy(policy.threshold, delay, x) for x in steps if x >= delay - 1e-9],
    }


def answer_at(case: Case, policy: Policy, pause: int) -> str:
    """Judge one pause by the definitions: when the policy answers, and whether that is right."""
    holds = len(case.judged.holds)
    spans = np.concatenate([case.judged.holds, case.judged.ends])
    fire = math.inf
    if not math.isnan(policy.threshold):
        above = [k for k, x in enumerate(case.said[pause]) if float(x) > policy.threshold]
        fire = float(case.instants[above[0]]) if above else math.inf
    answer = round(min(max(fire, policy.action_delay), policy.time_out) * 16_000)
    if pause < holds:
        return "cut" if spans[pause, 1] - spans[pause, 0] > answer else "right"
    return "late" if answer > LIMIT * 16_000 else "right"


def test_the_share_of_longer_holds_is_that_of_the_pauses(cases, page) -> None:
    for case, shown in zip(cases, page):
        judged = tuple(p for p in case.found.holds if 0.2 - 1e-9 <= p.duration <= 5 + 1e-9)
        holds = Pauses(judged, case.found.turns, case.found.duration, "")
        shares = holds.share_longer(x * 1_000 for x in SILENCES)
        assert (shown["shares"] or [math.nan] * 4) == pytest.approx(shares.tolist(), nan_ok=True)
