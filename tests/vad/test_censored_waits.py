"""A turn that no silence closed gives no wait: its number is said wherever waits are."""

from __future__ import annotations

import numpy as np
import pytest
from support import drawn

from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.vad.evaluation.metrics import measure, total
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.sweep.sweep import sweep
from qwen_asr_widgets.vad.turns import TurnClosed, TurnDetection, TurnDetector, detect_turns

FRAME = 0.032


def _closed(scores: SpeechScores, settings: TurnDetection) -> list[TurnClosed]:
    """Return how a service that hears the scores one by one closes its turns."""
    detector = TurnDetector(settings)
    changes = [*detector.push(scores.values), *detector.finish()]
    return [one for one in changes if isinstance(one, TurnClosed)]


def _by_hand(
    scores: SpeechScores, settings: TurnDetection, truth: list[ReferenceTurn]
) -> tuple[list[float], int, int]:
    """Return waits, censored and cut-off turns, found turn by turn with the streaming detector's reasons."""
    turns, closed = detect_turns(scores, settings), _closed(scores, settings)
    held = [[k for k, turn in enumerate(turns) if _match(one, turn.onset, turn.end)] for one in truth]
    waits, censored, cut_off = [], 0, 0
    for number, mine in enumerate(held):
        cut_off += len(mine) > 1
        if not mine or any(mine[-1] in other for other in held[number + 1:]):
            continue
        last = closed[mine[-1]]
        decided = (last.frame + 1) * FRAME
        if last.reason != "finish" and decided < truth[number].end - 1e-9:
            cut_off += len(mine) == 1
        elif last.reason == "silence":
            waits.append(round(decided - truth[number].end, 6))
        else:
            censored += 1
    return waits, censored, cut_off


def _match(one: ReferenceTurn, onset: float, end: float) -> bool:
    shared = min(one.end, end) - max(one.start, onset)
    return shared > 0 and shared >= min((one.end - one.start) / 2, (end - onset) / 2, 0.1) - 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_waits_cut_offs_and_censored_turns_are_those_of_the_streaming_detector(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = drawn.wandering_scores(int(random.integers(100, 4_000)), seed)
    truth = []
    for turn in detect_turns(scores, TurnDetection(0.1, 900, 0)):
        end = turn.end + round(float(random.uniform(-0.3, 0.3)), 3)
        truth.append(ReferenceTurn(turn.onset, min(max(end, turn.onset + 0.2), scores.duration)))
    apart = all(one.end < other.start for one, other in zip(truth, truth[1:]))
    truth = truth if apart else truth[::2]
    for threshold in (-1.0, -0.3, 0.1, 0.6):
        settings = TurnDetection(threshold, int(random.integers(200, 2_000)))
        found = measure(detect_turns(scores, settings), truth, duration=scores.duration, settings=settings)
        waits, censored, cut_off = _by_hand(scores, settings, truth)
        assert (found.censored, found.cut_off) == (censored, cut_off)
        assert found.waits == pytest.approx(waits)
        cell = sweep(scores, [threshold], [settings.silence_duration_ms], reference=truth)
        assert (cell.total("censored"), cell.total("waits"), cell.total("cut_off")) == (
            censored, len(waits), cut_off)


def test_a_clip_that_ends_before_the_silence_gives_no_wait() -> None:
    settings, truth = TurnDetection(0.2, 800), [ReferenceTurn(0.32, 1.6)]
    short, long = (drawn.scores("." * 10 + "S" * 40 + "." * after) for after in (24, 25))
    open_, ended = (
        measure(detect_turns(one, settings), truth, duration=one.duration, settings=settings)
        for one in (short, long)
    )
    assert (open_.waits, open_.censored) == ((), 1)
    assert (ended.waits, ended.censored) == ((0.8,), 0)
    assert total([open_, ended]).censored == 1
    assert "Wait not known" in open_._repr_html_()


def test_a_turn_closed_at_the_limit_gives_no_wait_and_may_be_cut_off_by_it() -> None:
    scores, settings = drawn.scores("S" * 1_875 + "." * 100), TurnDetection(0.2, 400)
    for end, expected in ((59.0, ((), 1, 0)), (60.5, ((), 0, 1))):
        found = measure(
            detect_turns(scores, settings), [ReferenceTurn(0, end)], duration=scores.duration,
            settings=settings,
        )
        assert (found.waits, found.censored, found.cut_off) == expected


def test_a_service_without_the_limit_is_not_held_to_it() -> None:
    turn, = drawn.turns("S" * 140)
    found = measure([turn], [ReferenceTurn(0, 70.0)], duration=80, settings=TurnDetection(0.2, 800))
    assert (found.waits, found.censored, found.cut_off) == ((0.8,), 0, 0)


def _clips(after: int) -> tuple[list[SpeechScores], list[list[ReferenceTurn]]]:
    """Return clips of one turn each, with so many frames of noise after it."""
    clip = SpeechScores([-0.9] * 10 + [0.8] * 40 + [-0.9] * after)
    return [clip] * 8, [[ReferenceTurn(0.32, 1.6)]] * 8


def test_a_threshold_that_never_ends_a_turn_is_not_recommended() -> None:
    clips, truths = _clips(20)
    result = sweep(clips, [-1.0, 0.2], [200, 800], reference=truths)
    assert result.total("censored").tolist() == [[8, 8], [0, 8]]
    assert [point.settings.threshold for point in result.pareto()] == [0.2]
    best = result.best(max_wait=0.5, max_cut=0.05)
    assert best.settings.threshold == 0.2 and (best.waits, best.censored) == (8, 0)
    with pytest.raises(SettingError, match="known of 0% of the turns, since most clips end before the sile"):
        sweep(clips, [-1.0, 0.2], [800], reference=truths).best()


def test_a_choice_and_a_point_say_how_many_waits_they_rest_on() -> None:
    (short, *_), (truth, *_) = _clips(5)
    clips = [*_clips(60)[0], short]
    result = sweep(clips, [0.2], [400], reference=[truth] * 9)
    point, = result.pareto()
    assert (point.waits, point.censored) == (8, 1)
    assert "The wait is that of 8 turns, 1 more was still open at the end." in str(result.best())
    assert "8 turns, 1 more was still open at the end" in result._repr_html_()
    frame = result.to_frame(by=None)
    assert frame[["waits", "censored"]].values.tolist() == [[8, 1]]
    assert frame["coverage"][0] == pytest.approx(8 / 9)
