"""The turn detector with a model over it: turns as plain loops find them, and as trade_off counts them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.turn_models import Dice

import qwen_asr_widgets as qaw
from qwen_asr_widgets.vad.end_of_turn.detector import EndOfTurnDetector, Question
from qwen_asr_widgets.vad.pauses import Pause, Pauses
from qwen_asr_widgets.vad.trade_off.counting import count_timers, judged_pauses
from qwen_asr_widgets.vad.trade_off.policy import model_grid
from qwen_asr_widgets.vad.turns import TurnClosed, TurnDetection, TurnOpened

FRAME = 0.032
Found = list[tuple[int, int, int, str]]

policies = st.tuples(
    st.floats(0, 1), st.integers(1, 20), st.integers(7, 30),
    st.lists(st.integers(1, 25), min_size=1, max_size=3, unique=True).map(sorted),
)
"""Threshold, action delay and time-out in frames, instants in frames."""

drawings = st.lists(st.tuples(st.booleans(), st.integers(1, 25)), min_size=1, max_size=12)
"""Stretches of speech or silence."""


def said(silence: int, lasted: int) -> float:
    """Return what the model says of a silence that began at a frame and has lasted so many."""
    return (silence * 0.377 + lasted * 0.6180339) % 1


def drawn(stretches: list[tuple[bool, int]]) -> list[float]:
    return [0.5 if is_speech else -0.5 for is_speech, length in stretches for _ in range(length)]


def plain(scores: list[float], policy, late: int, most: int) -> Found:
    """Find the turns by loops over frames; an answer is there so many frames after its question."""
    threshold, delay, time_out, instants = policy
    speech = [score >= 0 for score in scores]
    found: Found = []
    place = 0
    while place + 1 < len(speech):
        if not (speech[place] and speech[place + 1]):
            place += 1
            continue
        onset, end, reason, frame = place, place + 2, "finish", len(speech) - 1
        for now in range(place + 2, len(speech)):
            end = now + 1 if speech[now] else end
            silence = now + 1 - end
            answers = [said(end, lasted) for lasted in instants if 0 < lasted <= silence - late]
            is_over = silence >= delay and any(answer > threshold for answer in answers)
            if silence >= time_out or now + 1 - onset >= most or is_over:
                reason = "silence" if silence >= time_out or now + 1 - onset < most else "limit"
                frame = now
                break
        found.append((onset, end, frame, reason))
        place = frame + 1
    return found


def by_machine(scores: list[float], policy, late: int, most: int) -> tuple[Found, EndOfTurnDetector]:
    """Find the turns by the machine, frame by frame."""
    threshold, delay, time_out, instants = policy
    detector = EndOfTurnDetector(
        TurnDetection(0.0, max(200, time_out * 32), 0), threshold, delay * FRAME,
        [lasted * FRAME for lasted in instants], max_turn_frames=most,
    )
    found: Found = []
    onset, coming = 0, []
    for frame, score in enumerate(scores):
        for due, question, probability in [each for each in coming if each[0] == frame]:
            detector.answer(question, probability)
        for change in detector.push([score]):
            if isinstance(change, Question):
                probability = said(change.silence // 512, (change.stop - change.silence) // 512)
                if late:
                    coming.append((frame + late, change, probability))
                else:
                    detector.answer(change, probability)
            elif isinstance(change, TurnOpened):
                onset = change.onset_frame
            else:
                found.append((onset, change.end_frame, change.frame, change.reason))
    found += [(onset, last.end_frame, last.frame, last.reason) for last in detector.finish()]
    return found, detector


@given(drawings, policies, st.integers(0, 6), st.sampled_from([12, 40, 1_875]))
@settings(max_examples=300, deadline=None)
def test_turns_are_those_of_a_plain_loop_however_late_the_answers(stretches, policy, late, most) -> None:
    scores = drawn(stretches)
    assert by_machine(scores, policy, late, most)[0] == plain(scores, policy, late, most)


@given(drawings, policies, st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_pieces_of_any_size_give_the_same_turns(stretches, policy, seed) -> None:
    scores = drawn(stretches)
    whole = by_machine(scores, policy, 0, 1_875)[0]
    threshold, delay, time_out, instants = policy
    detector = EndOfTurnDetector(
        TurnDetection(0.0, max(200, time_out * 32), 0), threshold, delay * FRAME,
        [lasted * FRAME for lasted in instants],
    )
    places = np.sort(np.random.default_rng(seed).integers(0, len(scores) + 1, 4))
    closed = []
    for piece in np.split(np.array(scores), places):
        for change in detector.push(piece):
            if isinstance(change, Question):
                detector.answer(change, said(change.silence // 512, (change.stop - change.silence) // 512))
            elif isinstance(change, TurnClosed):
                closed.append((change.end_frame, change.frame))
    closed += [(last.end_frame, last.frame) for last in detector.finish()]
    assert closed == [(end, frame) for _, end, frame, _ in whole]


@given(st.integers(7, 60), policies)
@settings(max_examples=200, deadline=None)
def test_at_one_pause_it_does_what_trade_off_counts(length, policy) -> None:
    """A hold is a sample longer than its frames: one as long as the wait is cut by detectors alone."""
    threshold, delay, time_out, instants = policy
    delay, instants = min(delay, time_out), [lasted for lasted in instants if lasted <= length] or [1]
    policy = (threshold, delay, time_out, instants)
    start, stop = 10 * FRAME, (10 + length) * FRAME + 1 / 16_000
    turns = (qaw.ReferenceTurn(0.0, stop + 1),)
    heard = np.array([[said(10, lasted) for lasted in instants]], dtype=np.float32)
    grid = model_grid([threshold], [delay * FRAME], [time_out * FRAME])
    for kind in ("hold", "end"):
        judged = judged_pauses(Pauses((Pause(start, stop, kind),), turns, stop + 1, ""), 0.1, 5.0)
        pair = (heard, heard[:0]) if kind == "hold" else (heard[:0], heard)
        sums = count_timers([judged], grid, np.array(instants) * FRAME, [pair])
        scores = drawn([(True, 10), (False, 60 if kind == "end" else length), (True, 10)])
        _, end, frame, reason = by_machine(scores, policy, 0, 1_875)[0][0]
        if kind == "end":
            assert sums["wait"][0, 0] == (frame + 1 - end) * 512
        else:
            assert sums["holds_cut"][0, 0] == (end == 10 and reason == "silence" and frame < 10 + length)


def test_a_turn_ended_by_the_time_out_with_the_model_still_to_answer_is_counted() -> None:
    policy = (0.0, 1, 10, [7])
    scores = drawn([(True, 5), (False, 20), (True, 5), (False, 20)])
    assert by_machine(scores, policy, 0, 1_875)[1].unanswered == 0
    assert by_machine(scores, policy, 5, 1_875)[1].unanswered == 2


def test_turns_of_a_clip_are_the_machines() -> None:
    clip = qaw.sample("noisy").clip[:20.0]
    model = qaw.EndOfTurn(Dice(), policy=qaw.Policy(0.4, 0.2, 1.0))
    found = model.turns(clip, TurnDetection(0.0, 400, 300))
    longest = qaw.detect_turns(qaw.speech_scores(clip), TurnDetection(0.0, 1_000, 300))
    shortest = qaw.detect_turns(qaw.speech_scores(clip), TurnDetection(0.0, 224, 300))
    assert len(longest) < len(found) < len(shortest)
    never = qaw.EndOfTurn(Dice(), policy=qaw.Policy(1.0, 0.2, 1.0))
    at_once = qaw.EndOfTurn(Dice(), policy=qaw.Policy(0.0, 0.2, 1.0))
    assert never.turns(clip, TurnDetection(0.0)) == longest
    assert at_once.turns(clip, TurnDetection(0.0)) == shortest


@pytest.mark.parametrize(("policy", "words"), [
    (qaw.Policy(1.5), "policy.threshold is 1.5"),
    (qaw.Policy(float("nan"), 0.4, 0.4), "policy.threshold"),
    (qaw.Policy(time_out=8.0), "policy.time_out is 8"),
    (qaw.Policy(action_delay=0.9, time_out=0.8), "policy.action_delay is 0.9"),
    ((0.5, 0.2, 3.0), "give a Policy"),
])
def test_a_policy_that_cannot_be_followed_is_refused(policy, words) -> None:
    with pytest.raises(qaw.SettingError, match=words):
        qaw.EndOfTurn("punctuation", policy=policy)
