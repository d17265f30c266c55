"""Critical values: equal to trying every value there is, and true to what is measured afterwards."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.evaluation.critical import healing_silence, healing_threshold, is_healed
from qwen_asr_widgets.vad.evaluation.explain import explain
from qwen_asr_widgets.vad.evaluation.metrics import measure
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns

FRAME = 0.032
PRESENT = TurnDetection(threshold=0.2, silence_duration_ms=320, prefix_padding_ms=0)


def frames(scores, detection):
    turns = [(round(t.onset / FRAME), round(t.end / FRAME)) for t in detect_turns(scores, detection)]
    return np.array(turns, dtype=np.int64).reshape(-1, 2)


def problems(scores, reference, detection=PRESENT):
    return measure(detect_turns(scores, detection), reference, duration=scores.duration).problems


def heals(scores, problem, threshold=PRESENT.threshold, silence=PRESENT.silence_duration_ms):
    return is_healed(problem, frames(scores, TurnDetection(threshold, silence, 0)))


def tried_threshold(scores, problem):
    """Try every threshold at which anything changes, from the present one on."""
    known = np.unique(scores.values)
    if problem.kind in ("cut", "missed"):
        tried = known[known < np.float32(PRESENT.threshold)][::-1]
    else:
        above = np.nextafter(known[known >= np.float32(PRESENT.threshold)], np.float32(np.inf))
        tried = above[above <= 1]
    return next((float(value) for value in tried if heals(scores, problem, threshold=float(value))), None)


def tried_silence(scores, problem):
    """Try every silence in whole milliseconds at which the number of frames changes."""
    edges = [(frame - 1) * 32 + 1 for frame in range(8, 189)]
    if problem.kind == "cut":
        tried = [ms for ms in edges if ms > PRESENT.silence_duration_ms]
    elif problem.kind == "merged":
        tried = [ms - 1 for ms in edges if ms - 1 < PRESENT.silence_duration_ms][::-1]
    else:
        return None
    return next((ms for ms in tried if heals(scores, problem, silence=ms)), None)


def computed(scores, problem):
    """Return the threshold and the silence that heal a problem, as computed."""
    values = scores.values
    return healing_threshold(values, PRESENT, problem), healing_silence(values, PRESENT, problem)


def by_trying(scores, problem):
    """Return the same, found by trying everything."""
    return tried_threshold(scores, problem), tried_silence(scores, problem)


LEVELS = st.sampled_from([-0.9, -0.5, -0.12, 0.0, 0.15, 0.2, 0.25, 0.4, 0.7, 0.9, 1.0])
RUNS = st.lists(st.tuples(LEVELS, st.integers(1, 16)), min_size=1, max_size=25)
STRETCHES = st.lists(st.tuples(st.integers(200, 20_000), st.integers(800, 40_000)), max_size=6)


def stretched(parts):
    """Return reference turns from pauses and lengths in samples."""
    edges = np.cumsum([length for part in parts for length in part]).reshape(-1, 2) / 16_000
    return [ReferenceTurn(start, end) for start, end in edges.tolist()]


@settings(max_examples=250, deadline=None)
@given(runs=RUNS, parts=STRETCHES, seed=st.integers(0, 5))
def test_critical_values_equal_those_of_trying_everything(runs, parts, seed):
    values = np.array([score for score, length in runs for _ in range(length)])
    if seed:
        values += np.random.default_rng(seed).normal(0, 0.15, len(values))
    scores = SpeechScores(np.clip(values, -1, 1))
    reference = [turn for turn in stretched(parts) if turn.end <= scores.duration]
    found = problems(scores, reference)
    assume(found)
    assert [computed(scores, one) for one in found] == [by_trying(scores, one) for one in found]


@pytest.mark.parametrize(
    ("truth", "kind"), [(TurnDetection(0.2, 224, 0), "merged"), (TurnDetection(0.2, 640, 0), "cut")]
)
@pytest.mark.parametrize("seed", range(4))
def test_critical_values_equal_those_of_trying_everything_in_scores_that_wander(seed, truth, kind):
    noise = np.random.default_rng(seed).normal(size=600)
    scores = SpeechScores(np.clip(np.convolve(noise, np.full(10, 0.2), mode="same"), -1, 1))
    found = problems(scores, detect_turns(scores, truth))
    values = [computed(scores, one) for one in found]
    assert values == [by_trying(scores, one) for one in found]
    assert any(one.kind == kind and None not in pair for one, pair in zip(found, values))


def drawn(drawing, levels):
    return SpeechScores([levels[mark] for mark in drawing])


LEVELS_OF = {".": -0.9, "o": -0.12, "S": 0.9, "x": 0.4}


def test_a_cut_is_healed_by_one_frame_more_than_its_pause_or_by_the_score_within():
    scores = drawn(10 * "." + 20 * "S" + 12 * "o" + 20 * "S" + 30 * ".", LEVELS_OF)
    problem, = problems(scores, [ReferenceTurn(10 * FRAME, 62 * FRAME)])
    assert problem.kind == "cut"
    assert healing_silence(scores.values, PRESENT, problem) == 12 * 32 + 1
    assert healing_threshold(scores.values, PRESENT, problem) == np.float32(-0.12)


def test_a_lone_frame_between_two_turns_shortens_the_pause():
    scores = drawn(10 * "S" + 11 * "." + "S" + 10 * "." + 10 * "S", LEVELS_OF)
    problem, = problems(scores, [ReferenceTurn(0, 42 * FRAME)])
    assert healing_silence(scores.values, PRESENT, problem) == 11 * 32 + 1


def test_a_merge_is_healed_by_the_longest_pause_in_the_gap_or_by_more_than_its_speech():
    scores = drawn(20 * "S" + 8 * "." + 20 * "S" + 30 * ".", LEVELS_OF)
    reference = [ReferenceTurn(0, 20 * FRAME), ReferenceTurn(28 * FRAME, 48 * FRAME)]
    problem, = problems(scores, reference)
    assert problem.kind == "merged"
    assert healing_silence(scores.values, PRESENT, problem) == 8 * 32
    noisy = drawn(20 * "S" + 12 * "x" + 20 * "S", LEVELS_OF)
    reference = [ReferenceTurn(0, 20 * FRAME), ReferenceTurn(32 * FRAME, 52 * FRAME)]
    problem, = problems(noisy, reference)
    assert healing_silence(noisy.values, PRESENT, problem) is None
    assert healing_threshold(noisy.values, PRESENT, problem) == np.nextafter(np.float32(0.4), np.float32(1))


def test_a_miss_and_an_invention_are_healed_by_the_threshold_alone():
    scores = drawn(10 * "." + 10 * "o" + 20 * "." + 5 * "x" + 20 * ".", LEVELS_OF)
    missed, invented = problems(scores, [ReferenceTurn(10 * FRAME, 20 * FRAME)])
    assert (missed.kind, invented.kind) == ("missed", "invented")
    assert healing_threshold(scores.values, PRESENT, missed) == np.float32(-0.12)
    assert healing_threshold(scores.values, PRESENT, invented) > np.float32(0.4)
    assert healing_silence(scores.values, PRESENT, missed) is None
    assert healing_silence(scores.values, PRESENT, invented) is None


@pytest.mark.parametrize("frames_scored", [0, 1, 10])
def test_a_reference_beyond_the_scores_is_missed_without_remedy(frames_scored):
    scores = SpeechScores([-0.9] * frames_scored, duration=2.0)
    why, = explain(scores, PRESENT, [ReferenceTurn(1.0, 1.5)])
    assert why.silence is why.threshold is None
    assert why.sentence.startswith("missed at 0:01.0: too little of it lies in a turn: 0 ms; no single ")


def test_full_score_cannot_be_raised_above():
    scores = SpeechScores([1.0] * 10)
    invented, = problems(scores, [])
    assert healing_threshold(scores.values, PRESENT, invented) is None


def test_a_turn_parted_by_the_limit_is_explained_as_such():
    scores = SpeechScores([0.9] * 2_500)
    why, = explain(scores, PRESENT, [ReferenceTurn(0, 80.0)])
    assert why.silence is None and why.threshold is None
    assert why.sentence == (
        "cut at 1:00.0: the turn had lasted 60 s, the longest there is; "
        "no single setting within its range heals it"
    )


def test_a_pause_that_only_a_turn_over_the_limit_could_bridge_has_no_remedy():
    scores = drawn(1_800 * "S" + 12 * "o" + 300 * "S", LEVELS_OF)
    cut = problems(scores, [ReferenceTurn(0, scores.duration)])[0]
    assert healing_silence(scores.values, PRESENT, cut) == 12 * 32 + 1
    late = drawn(1_870 * "S" + 12 * "o" + 300 * "S", LEVELS_OF)
    cut = problems(late, [ReferenceTurn(0, late.duration)])[0]
    assert healing_silence(late.values, PRESENT, cut) is None
    assert healing_threshold(late.values, PRESENT, cut) is None


def test_what_is_called_healed_is_gone_when_measured_again():
    pause = 12 * "o"
    scores = drawn(20 * "." + 20 * "S" + pause + 20 * "S" + 40 * "." + 20 * "S" + pause + 20 * "S" + 40 * ".",
                   LEVELS_OF)
    reference = [ReferenceTurn(20 * FRAME, 72 * FRAME), ReferenceTurn(112 * FRAME, 164 * FRAME)]
    first, second = explain(scores, PRESENT, reference)
    assert first.silence.also_heals == second.threshold.also_heals == 1
    assert first.silence.adds == first.threshold.adds == 0
    for remedy in (first.silence, first.threshold):
        assert problems(scores, reference, remedy.settings) == ()
    assert first.silence.extra_wait == pytest.approx(3 * FRAME)
    assert first.threshold.extra_wait == 0


def test_a_remedy_says_which_errors_it_adds():
    scores = drawn(20 * "S" + 12 * "." + 20 * "S" + 11 * "." + 20 * "S" + 40 * ".", LEVELS_OF)
    reference = [ReferenceTurn(0, 52 * FRAME), ReferenceTurn(63 * FRAME, 83 * FRAME)]
    why, = explain(scores, PRESENT, reference)
    assert why.silence.adds == 1
    assert "385 ms adds one other error and costs 96 ms of wait everywhere" in why.sentence


def test_the_sentence_for_each_kind_of_error():
    merged = 20 * "S" + 8 * "." + 20 * "S"
    scores = drawn(10 * "." + 10 * "o" + 20 * "." + 5 * "x" + 30 * "." + merged + 30 * ".", LEVELS_OF)
    reference = [
        ReferenceTurn(10 * FRAME, 20 * FRAME),
        ReferenceTurn(75 * FRAME, 95 * FRAME),
        ReferenceTurn(103 * FRAME, 123 * FRAME),
    ]
    assert [why.sentence for why in explain(scores, PRESENT, reference)] == [
        "missed at 0:00.3: no two frames in a row reached more than −0.12; a threshold of −0.13 heals it",
        "invented at 0:01.3: two frames in a row reached 0.40; a threshold of 0.41 heals it",
        "merged at 0:03.0: the score fell below 0.20 for no more than 256 ms between the two; "
        "a silence of 256 ms heals it; 256 ms saves 64 ms of wait everywhere",
    ]


def test_one_error_can_be_explained_alone():
    scores = drawn(20 * "S" + 12 * "o" + 20 * "S" + 40 * "." + 5 * "x" + 40 * ".", LEVELS_OF)
    reference = [ReferenceTurn(0, 52 * FRAME)]
    cut, invented = problems(scores, reference)
    alone = explain(scores, PRESENT, reference, invented)
    assert alone == explain(scores, PRESENT, reference)[1:]
