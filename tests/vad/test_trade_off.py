"""The trade-off of the turn detector is what its own turns cost, pause by pause; figures tell their doubt."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import LabelError, SettingError, WorkerLost
from qwen_asr_widgets.vad.scoring.frames import HOP_SECONDS
from qwen_asr_widgets.vad.trade_off.counting import NAMES
from qwen_asr_widgets.vad.trade_off.curves import Curve, JudgedClip
from qwen_asr_widgets.vad.trade_off.policy import silence_grid
from qwen_asr_widgets.vad.sweep.intervals import percentiles, wilson
from qwen_asr_widgets.vad.trade_off.resampling import Resampler
from qwen_asr_widgets.vad.trade_off.result import TradeOff
from qwen_asr_widgets.vad.turns import TurnClosed, TurnDetector
from support import drawn

THRESHOLDS = (-0.9, -0.1, 0.35, 0.8)
SILENCES = (200, 210, 400, 1_000, 3_000)


def _set(count: int = 5, frames: int = 1_500, seed: int = 0) -> tuple[list[Any], list[Any]]:
    """Return clips of scores and, as their truth, turns found at other settings, somewhat moved."""
    random = np.random.default_rng(seed)
    clips = [drawn.wandering_scores(frames, seed + k) for k in range(count)]
    truths = []
    for k, clip in enumerate(clips):
        found = qaw.detect_turns(clip, qaw.TurnDetection(0.1, 900, 0))
        truths.append([
            qaw.ReferenceTurn(max(t.onset + a, 0), min(t.end + b, clip.duration), speaker=f"s{k // 2}")
            for t, (a, b) in zip(found, random.uniform(-0.08, 0.08, (len(found), 2)).tolist())
        ])
    return clips, truths


def _closings(clip: qaw.SpeechScores, threshold: float, silence: int) -> list[tuple[float, bool]]:
    """Return when a streaming detector closes turns while the clip goes on, and whether by silence."""
    detector = TurnDetector(qaw.TurnDetection(threshold, silence, 0))
    return [((change.frame + 1) * HOP_SECONDS, change.reason == "silence")
            for change in detector.push(clip.values) if isinstance(change, TurnClosed)]


def _by_hand(clip: qaw.SpeechScores, truth: Any, threshold: float, silence: int) -> list[float]:
    """Return holds cut off, ends closed early, ends answered, seconds waited, ends unseen."""
    closings = _closings(clip, threshold, silence)
    counts = [0.0] * 5
    found = qaw.pauses(clip, truth)
    for number, turn in enumerate(found.turns):
        since = turn.start
        for pause in [pause for pause in found if pause.turn == number]:
            upto = pause.end if pause.kind == "hold" else pause.start
            is_cut = any(since < at <= upto + 1e-9 for at, _ in closings)
            if pause.kind == "end":
                counts[1] += is_cut
                answers = [at for at, by_silence in closings if by_silence and at > pause.start]
                answered = bool(answers) and answers[0] <= pause.end + 1e-9
                counts[2] += answered
                counts[3] += answers[0] - pause.start if answered else 0
                counts[4] += not answered and pause.end >= found.duration - 1e-9
            elif 0.2 <= pause.duration <= 5:
                counts[0] += is_cut
            since = pause.end
    return counts


def test_every_setting_costs_what_a_streaming_detector_does_at_each_pause() -> None:
    clips, truths = _set()
    found = qaw.trade_off(clips, truths, thresholds=THRESHOLDS, silences_ms=SILENCES)
    sums = found.curve().sums
    for k, (clip, truth) in enumerate(zip(clips, truths)):
        for place, (threshold, silence) in enumerate((t, s) for t in THRESHOLDS for s in SILENCES):
            expected = _by_hand(clip, truth, threshold, silence)
            seen = [sums[name][k, place] for name in ("holds_cut", "early", "answered", "wait", "unseen")]
            seen[3] = seen[3] / 16_000
            assert seen == pytest.approx(expected, abs=len(truth) / 16_000), (k, threshold, silence)


def test_where_speech_is_heard_as_it_is_the_detector_costs_what_silence_costs() -> None:
    clip = drawn.scores("aaaaaaaa" + "." * 12 + "aaaa" + "." * 20 + "aaaaaa" + "." * 150)
    truth = [(0.0, 50 * HOP_SECONDS)]
    found = qaw.trade_off(clip, truth, ["vad", "silence"], thresholds=0.0, silences_ms=[320, 480, 800])
    frame = found.to_frame()
    vad = frame[frame["detector"] == "vad"]
    assert vad["cut_off_rate"].tolist() == [1.0, 0.5, 0.0]
    assert vad["latency"].tolist() == pytest.approx([0.32, 0.48, 0.8])
    for row in vad.to_dict("records"):
        alone = frame[(frame["detector"] == "silence") & (frame["time_out"] == row["time_out"])].iloc[0]
        same = (row["cut_off_rate"], row["latency"])
        assert (alone["cut_off_rate"], alone["latency"]) == pytest.approx(same)


def test_a_setting_that_never_closes_a_turn_is_credited_no_wait() -> None:
    clip = drawn.scores("aaaa" + "." * 10 + "aaaa" + "." * 60)
    found = qaw.trade_off(clip, [(0.0, 18 * HOP_SECONDS)], thresholds=[-1.0, 0.0], silences_ms=[200])
    frame = found.to_frame()
    assert np.isnan(frame["latency"][0]) and frame["unseen_rate"].tolist() == [1.0, 0.0]
    assert [point.policy.threshold for point in found.pareto()] == [0.0]


def test_a_setting_that_breaks_speech_up_pays_for_it_though_it_cuts_no_pause() -> None:
    clip = qaw.SpeechScores([0.9] * 10 + [-1] * 10 + [0.9] * 10 + [0.2] * 10 + [0.9] * 10 + [-1] * 40)
    found = qaw.trade_off(clip, [(0, 50 * HOP_SECONDS)], thresholds=[0.0, 0.5], silences_ms=[200, 350])
    assert found.to_frame()["cut_off_rate"].tolist() == [1.0, 0.0, 2.0, 0.0]


def _table(found: TradeOff) -> str:
    return found.to_frame("clip").to_csv(index=False)


class _Broken(Executor):
    """An executor whose worker dies at its second task."""

    def __init__(self) -> None:
        self.tasks = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.tasks += 1
        if self.tasks > 1:
            future.set_exception(RuntimeError("gone"))
        else:
            future.set_result(function(*args, **kwargs))
        return future


def test_an_executor_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_asr_widgets.vad.trade_off.trade_off.BATCH_SECONDS", 60.0)
    clips, truths = _set()
    options = {"detector": ["vad", "silence"], "thresholds": THRESHOLDS, "silences_ms": SILENCES}
    here = qaw.trade_off(clips, truths, **options)
    with ThreadPoolExecutor(2) as pool:
        assert _table(qaw.trade_off(clips, truths, executor=pool, **options)) == _table(here)
    with pytest.raises(WorkerLost, match="1 of 3 tasks done"):
        qaw.trade_off(clips, truths, executor=_Broken(), **options)


def test_speakers_are_drawn_and_held_out_together_where_they_are_named() -> None:
    clips, truths = _set(6)
    found = qaw.trade_off(clips, truths, thresholds=THRESHOLDS, silences_ms=SILENCES)
    assert found.resampler.unit == "speaker" and len(found.resampler.members) == 3
    assert "3 speakers, each held out in turn" in str(found) and "seed 0" in found.to_latex()
    draws = found.resampler.draws
    assert draws.shape == (1_000, 6) and (draws[:, ::2] == draws[:, 1::2]).all()
    assert (draws.sum(axis=1) == 6).all()
    nameless = [[(turn.start, turn.end) for turn in truth] for truth in truths]
    assert qaw.trade_off(clips, nameless, thresholds=0.0, silences_ms=400).resampler.unit == "clip"


def test_a_point_held_out_is_judged_by_what_the_others_chose() -> None:
    clips, truths = _set(3)
    found = qaw.trade_off(clips, [[(t.start, t.end) for t in each] for each in truths],
                          thresholds=THRESHOLDS, silences_ms=SILENCES)
    cut, holds = 0.0, 0
    for k in range(3):
        rest = [j for j in range(3) if j != k]
        others = qaw.trade_off([clips[j] for j in rest], [truths[j] for j in rest], thresholds=THRESHOLDS,
                               silences_ms=SILENCES)
        chosen = others.at_budget(0.6)[0]
        assert chosen is not None
        sums = found.curve().sums
        cut += sums["holds_cut"][k, chosen.index] + sums["early"][k, chosen.index]
        holds += found.clips[k].holds
    point = found.at_budget(0.6)[0]
    assert point is not None and point.held_out == pytest.approx(cut / holds)


def test_intervals_are_seeded_and_hold_the_figure() -> None:
    one, same = (qaw.trade_off(*_set(24), thresholds=THRESHOLDS, silences_ms=SILENCES) for _ in range(2))
    points = one.at_budget(0.6)[0], same.at_budget(0.6)[0]
    assert points[0] is not None and points[0] == points[1]
    assert points[0].interval[0] < points[0].cut_off_rate < points[0].interval[1]


def _curve(random: np.random.Generator, clips: int) -> Curve:
    """Return one policy over clips of 20 holds, of which each is cut off with a chance that is its clip's."""
    infos = tuple(JudgedClip(str(k), "", 20, 1, 1) for k in range(clips))
    sums = {name: np.zeros((clips, 1), dtype=np.int64) for name in NAMES}
    sums["holds_cut"] = random.binomial(20, random.beta(2, 6, clips))[:, None].astype(np.int64)
    sums["answered"] += 1
    return Curve("drawn", silence_grid([0.4]), infos, sums)


def test_an_interval_holds_the_truth_as_often_as_it_says_and_shrinks_with_more_clips() -> None:
    random, hits, widths = np.random.default_rng(5), 0, {10: 0.0, 40: 0.0}
    for seed in range(200):
        for clips in widths:
            resampler = Resampler(tuple(map(str, range(clips))), "clip", seed)
            low, high = percentiles(_curve(random, clips).rates(resampler.draws)["cut_off_rate"][:, 0])
            hits += clips == 40 and low <= 0.25 <= high
            widths[clips] += (high - low) / 200
    assert 0.90 <= hits / 200 <= 0.98
    assert 1.7 < widths[10] / widths[40] < 2.3


def test_no_cut_off_among_few_holds_is_not_called_certain() -> None:
    clip = drawn.scores("aaaa" + "." * 10 + "aaaa" + "." * 60)
    truth = [(0.0, 18 * HOP_SECONDS)]
    found = qaw.trade_off([clip] * 2, [truth] * 2, thresholds=0.0, silences_ms=[400])
    point = found.at_budget(0.6)[0]
    assert point is not None and point.interval == wilson(0, 2) and point.interval[1] > 0.6


def test_too_few_holds_are_called_too_few_with_the_number_that_would_do() -> None:
    found = qaw.trade_off(*_set(4), thresholds=THRESHOLDS, silences_ms=SILENCES)
    one, other = found.point(2), found.point(7)
    told = found.compare(one, other)
    assert told.told_apart == (told.cut_off_interval[0] > 0 or told.cut_off_interval[1] < 0)
    assert (told.holds_needed or 0) > 0 and told.cut_off_rate == other.cut_off_rate - one.cut_off_rate
    same = found.compare(one, one)
    assert not same.told_apart and same.holds_needed is None and "do not tell them apart" in str(same)


def test_a_draw_without_holds_says_nothing_instead_of_missing_its_budget() -> None:
    """Two clips, of which one holds no pause: a quarter of the draws has none."""
    held = drawn.scores("aaaa" + "." * 20 + "aaaa" + "." * 60)
    plain = drawn.scores("aaaaaaaa" + "." * 60)
    truths = [[(0.0, 28 * HOP_SECONDS)], [(0.0, 8 * HOP_SECONDS)]]
    found = qaw.trade_off([held, plain], truths, thresholds=0.0, silences_ms=[320, 960])
    point = found.latency_at(0.05)[0]
    assert point is not None and point.interval == pytest.approx((0.96, 0.96))
    assert "too narrow with so few clips" in found.notes[0]


def test_few_clips_that_happen_to_be_alike_tell_nothing_apart() -> None:
    clip = drawn.scores(("aaaa" + "." * 10) * 5 + "aaaa" + "." * 60)
    truth = [(0.0, 74 * HOP_SECONDS)]
    few, enough = (
        qaw.trade_off([clip] * count, [truth] * count, thresholds=0.0, silences_ms=[200, 400])
        for count in (4, 6)
    )
    assert not few.compare(few.point(0), few.point(1)).told_apart
    assert few.compare(few.point(0), few.point(1)).holds_needed == 30
    assert enough.compare(enough.point(0), enough.point(1)).told_apart


def test_a_band_is_the_interval_of_the_point_under_each_latency() -> None:
    found = qaw.trade_off(*_set(6), thresholds=THRESHOLDS, silences_ms=SILENCES)
    low, high = found.band([0.05, 0.3, 0.6])
    points = found.at_budget(0.3, 0.6)
    assert np.isnan([low[0], high[0]]).all() and all(point is not None for point in points)
    assert list(zip(low, high))[1:] == [point.interval for point in points]  # type: ignore[union-attr]


def test_one_clip_has_no_intervals_and_says_so() -> None:
    found = qaw.trade_off(*_set(1), thresholds=THRESHOLDS, silences_ms=SILENCES)
    point = found.at_budget(0.6)[0]
    assert point is not None and np.isnan(point.interval).all() and np.isnan(point.held_out)
    assert "no intervals, nothing held out" in str(found)


def test_tables_say_the_same_in_every_form() -> None:
    found = qaw.trade_off(*_set(6), ["vad", "silence"], thresholds=THRESHOLDS, silences_ms=SILENCES)
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [(row["detector"], row["limited"], row["budget"]) for row in rows][:2] == [
        ("vad", "latency", "0.3"), ("vad", "latency", "0.6")] and len(rows) == 8
    point = found.at_budget(0.3, detector="silence")[0]
    assert point is not None and float(rows[4]["cut_off_rate"]) == point.cut_off_rate
    shown = f"{point.cut_off_rate * 100:.1f} %"
    assert all(shown in text for text in (str(found), found.to_markdown(), found._repr_html_()))
    assert shown.replace("%", "\\%") in found.to_latex() and found.to_latex().count("&") == 15
    frame = found.to_frame("speaker")
    assert set(frame["speaker"]) == {"s0", "s1", "s2"} and len(frame) == 3 * (20 + 331)
    assert found.to_frame()["is_pareto"].sum() == len(found.pareto("vad")) + len(found.pareto("silence"))


@pytest.mark.parametrize(("change", "words"), [
    ({"detector": "vadd"}, "The detector is 'vadd'"),
    ({"detector": []}, "no detector to judge"),
    ({"thresholds": 3}, "threshold is 3"),
    ({"references": [[(0.0, 0.1)], [(0.0, 0.1)]]}, "1 clip but references for 2"),
    ({"references": [(0.0, 0.1)]}, "No turn holds a pause"),
])
def test_a_wrong_argument_is_refused_in_one_sentence(change: dict[str, Any], words: str) -> None:
    clip = drawn.scores("aaaa" + "." * 10 + "aaaa" + "." * 60)
    given = {"clips": clip, "references": [(0.0, 0.576)]} | change
    with pytest.raises((SettingError, LabelError), match=words):
        qaw.trade_off(**given)


def test_a_wrong_budget_or_name_is_refused_in_one_sentence() -> None:
    found = qaw.trade_off(*_set(1), thresholds=THRESHOLDS, silences_ms=SILENCES)
    with pytest.raises(SettingError, match="a cut-off budget is 5; it must be a number from 0 to 1"):
        found.latency_at(5)
    with pytest.raises(SettingError, match="a latency budget is 300"):
        found.at_budget(300)
    with pytest.raises(SettingError, match="did you mean 'vad'"):
        found.pareto("vda")
    with pytest.raises(SettingError, match="by is 'call'"):
        found.to_frame("call")
