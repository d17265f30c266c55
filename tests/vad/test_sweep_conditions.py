"""A sweep under conditions is the sweeps of what is heard under each: told apart, together, by the worst."""

from __future__ import annotations

import pickle
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.scoring import cache
from qwen_asr_widgets.vad.sweep import heard
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns

THRESHOLDS, SILENCES = [-0.4, 0.0, 0.4], [400, 800]
CLEAN, NOISY = qaw.Condition(), qaw.Condition("pink", 0)
LINE = qaw.Condition(level_db=-30, telephone=True)
CONDITIONS = [CLEAN, NOISY, LINE]
SOURCES = [qaw.sample("conversation"), qaw.sample("prompts")]


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    return tmp_path / "scores"


@pytest.fixture(scope="module")
def found():
    return qaw.sweep(SOURCES, THRESHOLDS, SILENCES, reference=SOURCES, conditions=CONDITIONS)


def spans(source):
    return [(turn.start, turn.end) for turn in source.turns]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_each_condition_has_the_measures_of_a_sweep_of_what_is_heard_under_it(found, condition) -> None:
    clips = [condition.apply(source, spans(source)) for source in SOURCES]
    alone = qaw.sweep(clips, THRESHOLDS, SILENCES, reference=SOURCES)
    one = found.under(condition)
    for name in ("cuts", "merges", "missed", "invented", "wait", "errors_per_minute", "f1"):
        np.testing.assert_array_equal(one.total(name), alone.total(name))
    assert alone.conditions == () and one.conditions == (str(condition),)


def test_together_they_are_counted_as_often_as_there_are_clips_and_conditions(found) -> None:
    parts = [found.under(condition) for condition in CONDITIONS]
    np.testing.assert_array_equal(found.total("turns"), sum(part.total("turns") for part in parts))
    assert found.conditions == ("clean", "pink noise 0 dB", "level -30 dB, G.711")
    assert repr(found).startswith("<SweepResult of 2 clips under 3 conditions at 3 thresholds")
    assert len(found.group_weights("call")[0]) == 2


def test_the_frame_and_the_table_tell_the_conditions_apart(found) -> None:
    frame = found.to_frame()
    assert set(frame["condition"]) == set(found.conditions) and len(frame) == 2 * 3 * 6
    by = found.to_frame(by="condition")
    cell = by[(by.condition == "pink noise 0 dB") & (by.threshold == 0.0) & (by.silence_ms == 400)]
    assert cell["missed"].item() == found.under(NOISY).total("missed")[1, 0]
    assert "condition" not in qaw.sweep(SOURCES[0], 0.0, 400).to_frame()
    html = found._repr_html_()
    assert "Condition" in html and "level -30 dB, G.711" in html


def worst(found, name: str, fewest: bool = False) -> np.ndarray:
    """Return the worst of the conditions in each cell, by a loop alone."""
    cells = np.empty((3, 2))
    for t in range(3):
        for s in range(2):
            values = [found.under(one).total(name)[t, s] for one in CONDITIONS]
            cells[t, s] = min(values) if fewest else max(values)
    return cells


def test_the_best_of_the_worst_has_the_fewest_errors_where_there_are_most(found) -> None:
    best = found.best(over="worst")
    errors, coverage = worst(found, "errors_per_minute"), worst(found, "coverage", fewest=True)
    at = found.nearest(best.settings)
    assert errors[at] == np.where(coverage >= 0.5, errors, np.inf).min() == best.errors_per_minute
    assert best.wait == worst(found, "wait")[at] and best.cut_off_rate == worst(found, "cut_off_rate")[at]
    assert (best.over, best.conditions) == ("worst", found.conditions)
    assert "3 conditions: each figure of the worst" in str(best)
    low, high = best.intervals["errors_per_minute"]
    assert low <= best.errors_per_minute <= high


def cost_of_waiting(scores, settings: TurnDetection, invented: float, early: float) -> float:
    """Return the mean wait of both clips and what their errors cost; infinite where few waits are known."""
    measured = [
        measure(detect_turns(one, settings), source.turns, duration=one.duration, settings=settings)
        for one, source in zip(scores, SOURCES)
    ]
    waits = [wait for each in measured for wait in each.waits]
    turns = sum(len(source.turns) for source in SOURCES)
    errors = sum(invented * each.invented + early * (each.cut_off - each.cut) for each in measured)
    return float(np.mean(waits)) + errors / turns if 2 * len(waits) >= turns else np.inf


@pytest.mark.parametrize(("invented", "early"), [(1.0, 1.0), (1.0, 2.0)])
def test_the_best_of_the_worst_waits_the_shortest_where_waiting_costs_most(invented, early) -> None:
    # Babble invents turns and pink noise ends them early, so that neither is the worst in everything.
    conditions = [qaw.Condition("babble", 10), qaw.Condition("pink", -5)]
    thresholds, silences = [-0.8, -0.4, 0.0, 0.4], [200, 300, 400, 600, 800, 1_200]
    under = [
        [qaw.speech_scores(one.apply(source, spans(source))) for source in SOURCES] for one in conditions
    ]
    costs = {
        settings: max(cost_of_waiting(scores, settings, invented, early) for scores in under)
        for settings in (TurnDetection(t, s, 300) for t in thresholds for s in silences)
    }
    least, next_to_it = sorted(costs, key=costs.__getitem__)[:2]
    assert costs[next_to_it] - costs[least] > 0.01
    swept = qaw.sweep(SOURCES, thresholds, silences, reference=SOURCES, conditions=conditions)
    weights = {"invented": invented, "early": early}
    best = swept.best(objective="wait", weights=weights, over="worst")
    others = swept.best(objective="wait", weights=weights), swept.best(weights=weights, over="worst")
    assert best.settings == least and least not in [other.settings for other in others]
    at, parts = swept.nearest(least), [swept.under(one) for one in conditions]
    assert best.wait == pytest.approx(max(part.total("wait")[at] for part in parts))
    assert best.wait_p90 == max(part.wait_quantiles()["wait_p90"][at] for part in parts)


def test_the_best_of_the_mean_counts_all_conditions_together(found) -> None:
    best = found.best()
    at = found.nearest(best.settings)
    assert best.errors_per_minute == found.total("errors_per_minute")[at]
    assert best.over == "mean" and "3 conditions: all together" in str(best)
    assert best.reference_turns == sum(len(source.turns) for source in SOURCES)


def test_limits_hold_under_every_condition_where_the_worst_counts(found) -> None:
    limit = float(np.sort(worst(found, "wait"), axis=None)[2])
    best = found.best(max_wait=limit, over="worst")
    assert all(found.under(one).total("wait")[found.nearest(best.settings)] <= limit for one in CONDITIONS)
    with pytest.raises(SettingError, match="No setting tried keeps the wait"):
        found.best(max_wait=float(np.nanmin(worst(found, "wait"))) - 0.01, over="worst")


def test_held_out_calls_are_judged_by_the_worst_as_well(found) -> None:
    best = found.best(over="worst")
    cells = [found.nearest(settings) for settings in best.held_out_settings]
    assert best.held_out_calls == 2 and best.held_out is not None
    calls = found.group_weights("call")[0]
    # Of two calls each is judged by what the other chose; which is which is found by trying both.
    totals = []
    for order in (cells, cells[::-1]):
        parts = {name: 0.0 for name in found.conditions}
        minutes = dict(parts)
        for call, (t, s) in zip(calls, order):
            for k, clip in enumerate(found.clips):
                if clip.call == call:
                    early = found.sums["cut_off"] - found.sums["cut"]
                    rows = [*(found.sums[n] for n in ("cuts", "merges", "missed", "invented")), early]
                    parts[clip.condition] += sum(int(row[k, t, s]) for row in rows)
                    minutes[clip.condition] += clip.scored_samples / 960_000
        totals.append(max(parts[name] / minutes[name] for name in parts))
    assert any(best.held_out["errors_per_minute"] == pytest.approx(total) for total in totals)


def test_an_executor_is_sent_each_sound_once(found) -> None:
    class Counting(ThreadPoolExecutor):
        sent: list[object] = []

        def submit(self, *args: object, **options: object) -> Future:
            self.sent += [each for each in args if isinstance(each, qaw.AudioClip)]
            return super().submit(*pickle.loads(pickle.dumps(args)), **options)

    with Counting(2) as pool:
        spread = qaw.sweep(
            SOURCES, THRESHOLDS, SILENCES, reference=SOURCES, conditions=CONDITIONS, executor=pool
        )
    assert len(Counting.sent) == 2 and spread.to_frame().equals(found.to_frame())


def test_what_was_heard_once_is_not_scored_again(folder, monkeypatch) -> None:
    first = qaw.sweep(SOURCES[1], 0.0, 400, conditions=[NOISY])
    kept = {path.name for path in folder.iterdir()}
    assert len(kept) == 1
    monkeypatch.setattr("qwen_asr_widgets.vad.detectors.silero.SpeechScorer", None)
    again = qaw.sweep(SOURCES[1], 0.0, 400, conditions=[NOISY])
    assert again.to_frame().equals(first.to_frame())


def test_scores_of_two_detectors_never_meet() -> None:
    silero, energy = (qaw.speech_scores(SOURCES[1], detector=name) for name in ("silero", "energy"))
    assert qaw.sweep(energy, 0.0, 400).detector == "energy"
    assert repr(qaw.sweep(SOURCES[1], 0.0, 400, detector="energy")).endswith("scored by energy>")
    for clips, detector in (([silero, energy], None), (energy, "silero"), ([energy, SOURCES[1]], None)):
        with pytest.raises(SettingError, match="The clips are scored by energy and silero"):
            qaw.sweep(clips, 0.0, 400, detector=detector)
    mixed = qaw.sweep([energy, SOURCES[1]], 0.0, 400, detector="energy")
    np.testing.assert_array_equal(*(row for row in mixed.sums["turns"]))


@pytest.mark.parametrize("wrong", [["pink"], [], "pink", 5, [CLEAN, None]])
def test_what_is_no_condition_is_told(wrong) -> None:
    with pytest.raises(SettingError, match="The conditions (hold|are)"):
        qaw.sweep(SOURCES[1], 0.0, 400, conditions=wrong)


def test_conditions_need_sound_and_names_of_their_own(found) -> None:
    with pytest.raises(SettingError, match="speech scores were given; give clips"):
        qaw.sweep(qaw.SpeechScores([0.5] * 40), 0.0, 400, conditions=[NOISY])
    with pytest.raises(SettingError, match="hold 'pink noise 0 dB' twice"):
        qaw.sweep(SOURCES[1], 0.0, 400, conditions=[NOISY, NOISY])
    with pytest.raises(SettingError, match="not heard under 'pink noise 9 dB'; conditions are clean, pink"):
        found.under("pink noise 9 dB")
    with pytest.raises(SettingError, match="over is 'best'"):
        found.best(over="best")


def test_one_condition_may_be_given_without_a_list() -> None:
    assert heard.checked_conditions(NOISY) == (NOISY,)


def test_labels_that_end_just_after_the_clip_count_within_it() -> None:
    clip = SOURCES[1].clip[0.2:2.2]
    inside, beyond = ([(0.1, 0.9), (1.2, end)] for end in (2.0, 2.03))
    assert heard.heard_under(clip, beyond, NOISY) == heard.heard_under(clip, inside, NOISY)
    assert heard.heard_under(clip, [(2.01, 2.03)], NOISY) == NOISY.apply(clip)
