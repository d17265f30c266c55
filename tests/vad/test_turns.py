"""The turn rule, drawn: one character is one frame of 32 ms, S is speech."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.errors import AudioError, LabelError, SettingError
from qwen_asr_widgets.vad.evaluation.explain import explain
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import (
    HOP, MAX_TURN_FRAMES, Turn, TurnClosed, TurnDetection, TurnDetector, TurnOpened, detect_turns,
)
from support.drawn import scores

SHORT = TurnDetection(threshold=0.2, silence_duration_ms=200, prefix_padding_ms=0)
SILENCE = "." * SHORT.silence_frames


def streamed(values, detection, chunk=1, max_turn_frames=MAX_TURN_FRAMES):
    """Return the turns and the reasons of their ends, as a listener of the detector puts them together."""
    detector = TurnDetector(detection, max_turn_frames=max_turn_frames)
    changes = []
    for first in range(0, len(values), chunk):
        changes += detector.push(values[first:first + chunk])
    changes += detector.finish()
    turns = [
        Turn(opened.onset_sample / 16_000, opened.start_sample / 16_000, closed.end_sample / 16_000)
        for opened, closed in zip(changes[::2], changes[1::2], strict=True)
    ]
    return turns, [closed.reason for closed in changes[1::2]]


def frames(drawing, detection=SHORT, max_turn_frames=MAX_TURN_FRAMES):
    """Return the turns in a drawing as (onset, end) frames, after holding streaming against batch."""
    drawn = scores(drawing)
    turns = detect_turns(drawn, detection, max_turn_frames=max_turn_frames)
    assert streamed(drawn.values, detection, max_turn_frames=max_turn_frames)[0] == turns
    return [(round(turn.onset * 16_000) // HOP, round(turn.end * 16_000) // HOP) for turn in turns]


def test_a_turn_runs_from_the_first_of_two_speech_frames_to_the_last():
    assert frames("...SSSSS" + SILENCE) == [(3, 8)]


def test_one_frame_alone_opens_no_turn_but_keeps_one_open():
    assert frames("..S..S.S" + SILENCE) == []
    assert frames("SS......S......" + SILENCE) == [(0, 9)]


def test_silence_counts_in_whole_frames_rounded_up():
    assert TurnDetection(silence_duration_ms=200).silence_frames == 7
    assert TurnDetection(silence_duration_ms=224).silence_frames == 7
    assert TurnDetection(silence_duration_ms=225).silence_frames == 8
    assert frames("SS" + 6 * "." + "SS") == [(0, 10)]
    assert frames("SS" + 7 * "." + "SS") == [(0, 2), (9, 11)]


def test_a_score_at_the_threshold_is_speech_whatever_the_precision():
    for threshold in (0.1, 0.2, 0.3, 0.7, -0.7):
        row = SpeechScores(np.full(3, threshold, np.float32))
        detection = TurnDetection(threshold=threshold)
        assert len(detect_turns(row, detection)) == len(streamed(row.values, detection)[0]) == 1


def test_padding_reaches_neither_before_the_sound_nor_into_the_turn_before():
    padded = TurnDetection(threshold=0.2, silence_duration_ms=200, prefix_padding_ms=500)
    drawn = scores("..SS" + 10 * "." + "SS" + 30 * "." + "SS")
    starts = [turn.start for turn in detect_turns(drawn, padded)]
    assert starts == [0.0, pytest.approx(4 * 0.032), pytest.approx(46 * 0.032 - 0.5)]


def test_a_turn_at_the_limit_is_closed_and_speech_that_goes_on_opens_the_next():
    assert frames("SSSSSSSS", max_turn_frames=5) == [(0, 5), (5, 8)]


def test_a_frame_of_the_closed_turn_does_not_open_the_next():
    assert frames("SSSSSS....SS", max_turn_frames=5) == [(0, 5), (10, 12)]
    assert frames("SSSSSSS" + SILENCE, max_turn_frames=5) == [(0, 5), (5, 7)]


def test_at_the_limit_the_end_is_that_of_the_last_speech_frame():
    assert frames("SSS......SS", max_turn_frames=6) == [(0, 3), (9, 11)]
    assert frames("SSS...S.SS", max_turn_frames=6) == [(0, 3), (8, 10)]


def test_the_limit_is_sixty_seconds_exactly():
    everything = SpeechScores(np.zeros(4_000))
    turns = detect_turns(everything, TurnDetection(threshold=-1.0))
    assert [turn.end for turn in turns] == [60.0, 120.0, 128.0]
    assert streamed(everything.values, TurnDetection(threshold=-1.0))[1] == ["limit", "limit", "finish"]


def test_the_reason_is_the_silence_where_it_runs_out_at_the_limit():
    _, reasons = streamed(scores("SSS" + SILENCE).values, SHORT, max_turn_frames=10)
    assert reasons == ["silence"]


def test_finish_closes_an_open_turn_and_forgets_half_an_opening_pair():
    detector = TurnDetector(SHORT)
    assert detector.push([0.9, 0.9, -0.9]) == [TurnOpened(1, 0, 0, 0)]
    assert detector.finish() == [TurnClosed(2, 2, 2 * HOP, "finish")]
    assert detector.finish() == []
    assert detector.push([0.9]) == [] == detector.finish()
    assert detector.push([0.9]) == []


def test_every_change_says_which_frame_decided_it():
    detector = TurnDetector(TurnDetection(0.2, 200, 100))
    opened, closed = detector.push(scores("......SS" + SILENCE).values)
    assert opened == TurnOpened(frame=7, onset_frame=6, start_sample=6 * HOP - 1_600, onset_sample=6 * HOP)
    assert closed == TurnClosed(frame=14, end_frame=8, end_sample=8 * HOP, reason="silence")


def test_the_silence_under_way_can_be_watched():
    detector = TurnDetector(SHORT)
    seen = []
    for score in scores("..SS..S..." + SILENCE).values:
        detector.push([score])
        seen.append(detector.silence_frames_run)
    assert seen[:10] == [0, 0, 0, 0, 1, 2, 0, 1, 2, 3]
    assert seen[10:] == [4, 5, 6, 0, 0, 0, 0]


def test_a_shorter_silence_put_in_force_midway_counts_the_silence_already_heard():
    detector = TurnDetector(TurnDetection(0.2, 800, 0))
    detector.push(scores("SS" + 10 * ".").values)
    detector.update(SHORT)
    assert detector.push([-1.0]) == [TurnClosed(12, 2, 2 * HOP, "silence")]


def test_speech_right_after_the_change_wins_over_a_silence_that_is_long_enough_now():
    detector = TurnDetector(TurnDetection(0.2, 800, 0))
    detector.push(scores("SS" + 10 * ".").values)
    detector.update(SHORT)
    assert detector.push([1.0]) == [] and detector.is_open


def test_a_threshold_put_in_force_midway_judges_from_the_next_frame():
    detector = TurnDetector(SHORT)
    detector.push([0.3])
    detector.update(TurnDetection(0.5, 200, 0))
    assert detector.push([0.4]) == []
    assert detector.push([0.6, 0.6])[0].onset_frame == 2


def test_padding_put_in_force_midway_holds_for_the_next_turn():
    detector = TurnDetector(SHORT)
    detector.push(scores("...........SS").values)
    detector.update(TurnDetection(0.2, 200, 320))
    detector.push(scores(20 * ".").values)
    assert detector.push(scores("SS").values)[0].start_sample == (33 - 10) * HOP


def test_manual_mode_closes_the_turn_and_then_only_counts_frames():
    detector = TurnDetector(SHORT)
    detector.push([0.9, 0.9])
    assert detector.update(None) == [TurnClosed(1, 2, 2 * HOP, "finish")]
    assert detector.push([0.9] * 10) == [] and detector.settings is None
    assert detector.update(SHORT) == []
    assert detector.push([0.9, 0.9])[0].onset_frame == 12


def test_no_scores_give_no_turns():
    assert detect_turns(SpeechScores([]), SHORT) == []
    assert streamed(np.empty(0, np.float32), SHORT) == ([], [])


@pytest.mark.parametrize("values", [[[0.1]], [np.nan], [0.5, np.inf]])
def test_scores_that_are_no_row_of_numbers_are_refused(values):
    with pytest.raises(AudioError):
        SpeechScores(values)


def test_settings_out_of_range_name_the_field():
    with pytest.raises(SettingError, match="silence_duration_ms is 199 ms") as error:
        TurnDetection(silence_duration_ms=199)
    assert error.value.param == "turn_detection.silence_duration_ms"
    with pytest.raises(ValueError, match="max_turn_frames"):
        TurnDetector(max_turn_frames=2)


RUNS = st.lists(st.tuples(st.sampled_from([-0.9, -0.1, 0.2, 0.21, 0.8]), st.integers(1, 12)), max_size=40)
DETECTIONS = st.builds(
    TurnDetection,
    threshold=st.sampled_from([-1.0, -0.1, 0.2, 0.5, 1.0]),
    silence_duration_ms=st.integers(200, 500),
    prefix_padding_ms=st.integers(0, 1_000),
)


@settings(max_examples=300, deadline=None)
@given(runs=RUNS, detection=DETECTIONS, chunk=st.integers(1, 50), limit=st.integers(3, 60))
def test_streaming_equals_batch_for_every_chunking_setting_and_limit(runs, detection, chunk, limit):
    values = np.array([score for score, length in runs for _ in range(length)], np.float32)
    turns, _ = streamed(values, detection, chunk, limit)
    assert detect_turns(SpeechScores(values), detection, max_turn_frames=limit) == turns


@settings(max_examples=100, deadline=None)
@given(runs=RUNS, silence=st.integers(200, 500), pair=st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_a_lower_threshold_never_takes_speech_away(runs, silence, pair):
    values = SpeechScores([score for score, length in runs for _ in range(length)])
    low, high = sorted(pair)
    covered = []
    for threshold in (low, high):
        mask = np.zeros(len(values), bool)
        for turn in detect_turns(values, TurnDetection(threshold, silence)):
            mask[round(turn.onset / 0.032):round(turn.end / 0.032)] = True
        covered.append(mask)
    assert (covered[0] | ~covered[1]).all()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((np.float32(0.2), np.int64(800), np.float64(300.0)), (0.2, 800, 300)),
        ((np.float16(0.5), 400.0, np.uint8(100)), (0.5, 400, 100)),
        ((Fraction(1, 4), 400, 0), (0.25, 400, 0)),
        ((0, 400, 0), (0, 400, 0)),
    ],
)
def test_numbers_of_any_type_are_settings(given, kept):
    found = TurnDetection(*given)
    assert found == TurnDetection(*kept)
    assert (found.threshold, found.silence_duration_ms, found.prefix_padding_ms) == kept
    assert [type(value) for value in (found.silence_duration_ms, found.prefix_padding_ms)] == [int, int]
    assert type(found.threshold) in (int, float) and np.float32(found.threshold) == np.float32(given[0])


def test_a_loop_over_numpy_ranges_makes_settings():
    silences = np.arange(200, 400, 100)
    made = [TurnDetection(t, ms) for t in np.arange(-1, 1, 0.5, np.float32) for ms in silences]
    assert len(made) == 8 and made[-1] == TurnDetection(0.5, 300)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("silence_duration_ms", 0.5, r"is 0\.5 ms; it must .* ms\. If 0\.5 s is meant, write 500\.$"),
        ("silence_duration_ms", 1, r"is 1 ms; .* If 1 s is meant, write 1000\."),
        ("silence_duration_ms", 7, r"is 7 ms; it must lie between 200 and 6000 ms\.$"),
        ("silence_duration_ms", 1e308, r"is 1e\+308 ms; it must lie between 200 and 6000 ms\.$"),
        ("silence_duration_ms", 812.5, r"is 812\.5 ms; it takes whole milliseconds\. Write 812 or 813\."),
        ("prefix_padding_ms", 0.3, r"is 0\.3 ms; .* milliseconds\. If 0\.3 s is meant, write 300\.$"),
        ("silence_duration_ms", True, "must be a number, not True"),
        ("silence_duration_ms", np.bool_(True), "must be a number, not "),
        ("threshold", "0.2", "must be a number, not '0.2'"),
        ("threshold", np.nan, "must be a number, not nan"),
        ("threshold", np.array([0.2]), "must be a number, not array"),
        ("threshold", 1.5, r"threshold is 1\.5; it must lie between -1 and 1\.$"),
    ],
)
def test_what_is_no_setting_is_refused_with_the_remedy(field, value, message):
    with pytest.raises(SettingError, match=message) as caught:
        TurnDetection(**{field: value})
    assert caught.value.param == f"turn_detection.{field}"


@pytest.mark.parametrize(
    "times", [(2, 2, 1), (1, 1.5, 2), (-1, -1, 2), (0, 0, np.inf), (np.nan, 0, 1), ("0", 0, 1), (0, None, 1)]
)
def test_a_turn_whose_times_are_not_in_order_cannot_be_made(times):
    with pytest.raises(LabelError, match="0 <= start <= onset <= end"):
        Turn(*times)


def test_detected_turns_are_turns_like_any_other():
    found, = detect_turns(scores("..SSS" + SILENCE), SHORT)
    assert found == Turn(0.064, 0.064, 0.16) and hash(found) == hash(Turn(0.064, 0.064, 0.16))
    assert repr(found) == "Turn(onset=0.064, start=0.064, end=0.16)"
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (AudioClip(np.zeros(800), 8_000), r"not AudioClip; make them with speech_scores"),
        ("talk.wav", r"not str; make them with speech_scores\(clip\)"),
        (np.zeros(3), r"not ndarray; make them with SpeechScores\(values\)"),
    ],
)
def test_what_are_no_scores_is_told_how_to_make_them(given, message):
    with pytest.raises(SettingError, match="detect_turns takes SpeechScores, " + message):
        detect_turns(given)
    with pytest.raises(SettingError, match="explain takes SpeechScores, " + message):
        explain(given, TurnDetection(), [])
    with pytest.raises(SettingError, match=r"as TurnDetection\(threshold, .*\), not float"):
        detect_turns(scores("SS"), 0.2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 1.2], r"from 0\.5 to 1\.2; they must lie in \[-1, 1\]"),
        (["a"], "one row of numbers, not list"),
        ([[0.1], [0.2]], r"shape \(2, 1\)"),
        ([np.nan], "finite"),
    ],
)
def test_scores_are_finite_numbers_on_their_scale(values, message):
    with pytest.raises(AudioError, match=message):
        SpeechScores(values)


@pytest.mark.parametrize("duration", [0.05, np.nan, np.inf, "1"])
def test_scores_are_not_of_less_sound_than_they_cover(duration):
    with pytest.raises(AudioError, match="3 scores are of 0.096 s or more"):
        SpeechScores([0.1, 0.2, 0.3], duration=duration)


def test_scores_of_an_hour_print_in_one_line():
    assert repr(SpeechScores(np.zeros(112_500))) == (
        "<SpeechScores of 112500 frames, 3600.00 s, from 0.00 to 0.00>"
    )
    assert repr(SpeechScores([])) == "<SpeechScores of 0 frames, 0.00 s>"
