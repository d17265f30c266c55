"""Comparisons count errors as jiwer does and waits as the recordings do."""

from __future__ import annotations

import sys

import jiwer
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import TRANSCRIPTION, Script, three_turns
from whisper_normalizer.english import EnglishTextNormalizer

from qwen_asr_widgets import ReferenceTurn, SessionConfig, TurnDetection, compare
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.recording.comparing.comparison import settings_text
from qwen_asr_widgets.recording import text
from qwen_asr_widgets.recording.text import error_rate, normalized


@pytest.fixture(autouse=True)
def one_sound(monkeypatch):
    """Have all scripts play one noise, whatever is said in them: runs of other sounds are not compared."""
    monkeypatch.setattr(Script, "voice", lambda *_: None)


vocabulary = st.sampled_from("so it was a good day to listen".split())
words = st.lists(vocabulary, min_size=1, max_size=9).map(" ".join)


@given(words, words)
def test_the_word_error_rate_is_that_of_jiwer(said, heard):
    assert error_rate(said, heard, "en") == pytest.approx(jiwer.wer(said, heard))


@pytest.mark.parametrize("said, heard, rate", [
    ("早上好大家", "早上号大家", 1 / 5),
    ("早上好,大家。", "早上好 大家", 0.0),
    ("おはようございます", "おはようございました", 2 / 9),
    ("안녕 하세요", "안녕하세요", 0.0),
    ("สวัสดี", "สวัสดี", 0.0),
])
def test_languages_without_settled_words_are_judged_by_character(said, heard, rate):
    assert error_rate(said, heard) == pytest.approx(rate)


@pytest.mark.parametrize("text, same", [
    ("Don't stop!", "don’t stop"), ("'quoted' words", "quoted words"), ("FULL ｗｉｄｔｈ", "full width"),
    ("state-of-the-art", "state of the art"), ("3,000", "3 000"),
])
def test_case_width_and_punctuation_do_not_count(text, same):
    assert normalized(text) == normalized(same)


def test_a_comparison_states_settings_errors_and_waits():
    slow = three_turns()
    quick = Script(12.0, name="quick").turn("a", 1.0, 3.0, "so the first", endpoint=0.4).finish()
    result = compare(slow, quick, reference="so the first thing", names=["slow", "quick"])
    assert (result.metric, [run.name for run in result.runs]) == ("WER", ["slow", "quick"])
    assert result.runs[1].error_rate == pytest.approx(1 / 4)
    assert result.runs[1].finalization == pytest.approx(0.6) and result.runs[1].n == 1
    frame = result.to_frame()
    assert frame["wer"].tolist()[1] == pytest.approx(0.25)
    assert "25.0 %" in str(result) and "silence 800 ms" in result._repr_html_()


def by_hand():
    """Return a run in manual mode: one turn, committed at the end."""
    script = Script(4.0, SessionConfig(turn_detection=None), name="by hand")
    script.voice(1.0, 2.0)
    script.play()
    script.go({"type": "input_audio_buffer.commit"}, 4.0)
    script.come({"type": "input_audio_buffer.committed", "item_id": "a"}, 4.0)
    script.come({"type": TRANSCRIPTION + "completed", "item_id": "a", "transcript": "so"}, 4.3)
    return script.finish(4.4)


def in_a_hurry():
    """Return a run that claims real time, and was sent twice as fast."""
    script = Script(12.0)
    note = script.recording.audio_sent
    script.recording.audio_sent = lambda start, stop, time: note(start, stop, 100.0 + (time - 100.0) / 2)
    return script.turn("a", 3.0, 5.0, "so").finish()


@pytest.mark.parametrize("make, why, said", [
    (lambda: three_turns(pace=None), "free", "sent as fast as it was taken"),
    (by_hand, "manual", "nothing waited for silence"),
    (lambda: Script(2.0).finish(), "turns", "no utterance was found"),
    (lambda: Script(4.0).turn("a", 1.0, 2.0, "", close=False).finish(), "silence", "closed by silence"),
    (lambda: three_turns(pace=2.0), "speed", "not sent in real time"),
    (in_a_hurry, "pace", "sent at that pace"),
])
def test_where_a_run_has_no_wait_it_is_said_why(make, why, said):
    result = compare(three_turns(), make(), names=["real", "other"])
    assert [run.no_wait for run in result.runs] == ["", why]
    assert result.runs[1].finalization is result.runs[1].longest is None and result.runs[1].n == 0
    for shown in (str(result), result._repr_html_()):
        assert "No wait for other: " in shown and said in shown and "No wait for real" not in shown


def test_reference_turns_also_give_the_ends_of_speech():
    turns = [ReferenceTurn(1.0, 2.5, "so the first thing")]
    result = compare(three_turns(), three_turns(), reference=turns)
    assert result.source == "reference" and result.metric == "WER"
    assert result.runs[0].finalization == pytest.approx(1.5) and result.runs[0].n == 1


def test_reference_turns_without_words_give_waits_alone():
    result = compare(three_turns(), three_turns(), reference=[ReferenceTurn(1.0, 2.5)])
    assert result.metric is None and result.runs[0].error_rate is None


@pytest.mark.parametrize("call, sentence", [
    (lambda rec: compare(rec), "two or more recordings, not 1"),
    (lambda rec: compare(rec, rec, names=["one"]), "1 names were given for 2"),
    (lambda rec: compare(rec, rec, reference=""), "holds no words"),
    (lambda rec: compare(rec, rec, reference="?!"), "holds no words"),
])
def test_what_cannot_be_compared_is_refused(call, sentence):
    with pytest.raises(SettingError, match=sentence):
        call(three_turns())


MANUAL = SessionConfig(turn_detection=None)


def changed_midway(*settings):
    """Return a run of one turn by the service, after which settings change at a second each."""
    script = Script(12.0, name="changed").turn("a", 1.0, 2.0, "so", endpoint=0.8)
    for second, config in settings:
        script.play(second)
        script.update(config.to_wire(), second)
    return script


def test_all_settings_of_a_run_are_named_where_they_changed_midway():
    low = SessionConfig(turn_detection=TurnDetection(0.0, 400))
    script = changed_midway((4.0, low), (6.5, MANUAL))
    result = compare(three_turns(), script.finish())
    assert result.runs[1].settings == (
        "threshold 0.20, silence 800 ms; from 4.0 s threshold 0.00, silence 400 ms; from 6.5 s manual "
        "(changed midway), real time"
    )
    assert result.runs[1].n == 1 and result.runs[0].settings == "threshold 0.20, silence 800 ms, real time"


def test_settings_that_no_sound_went_out_under_are_not_those_of_the_run():
    script = changed_midway((12.0, MANUAL))
    assert [change.config.turn_detection for change in script.recording.settings][-1] is None
    assert settings_text(script.finish()) == "threshold 0.20, silence 800 ms"
    first = Script(2.0)
    first.update(MANUAL.to_wire(), 0.0)
    assert settings_text(first.finish()) == "manual" and settings_text(Script(2.0).recording)


def test_of_many_settings_the_first_and_the_last_two_are_named():
    settings = [
        (3.0 + k, SessionConfig(turn_detection=TurnDetection(0.1 * k, 400))) for k in range(1, 7)
    ]
    said = settings_text(changed_midway(*settings).finish())
    assert said.count(";") == 3 and said.startswith("threshold 0.20, silence 800 ms; …; from 8.0 s ")


def test_a_run_that_was_manual_at_its_end_only_does_not_say_that_nothing_waited_for_silence():
    script = Script(6.0).turn("a", 1.0, 2.0, "", close=False)
    script.play(4.0)
    script.update(MANUAL.to_wire(), 4.0)
    assert compare(three_turns(), script.finish()).runs[1].no_wait == "silence"


def run_of(waits, name="run", first=1.0):
    """Return a run of turns of a second, three seconds apart, with these waits for the final."""
    script = Script(3.0 * len(waits) + 3.0, name=name)
    for number, wait in enumerate(waits):
        start = first + 3.0 * number
        script.turn(f"{name}{number}", start, start + 1.0, f"word {number}", endpoint=wait - 0.1, decode=0.1)
    return script.finish()


def test_the_waits_of_two_runs_are_compared_utterance_by_utterance():
    slow, quick = [0.9, 1.0, 0.8, 1.1, 0.9, 1.0], [0.6, 0.7, 0.6, 0.7, 0.6, 0.6]
    [difference] = compare(run_of(slow), run_of(quick), names=["slow", "quick"]).differences
    apart = np.subtract(quick, slow)
    assert difference.n == 6 and difference.seconds == pytest.approx(apart.mean())
    judge = scipy.stats.bootstrap(
        (apart,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert difference.interval == pytest.approx((judge.low, judge.high), abs=0.01)
    assert difference.is_told_apart
    said = "quick waits 0.32 s less than slow (95 %: 0.27 to 0.37 s less, n = 6 pairs)."
    assert str(difference) == said


def test_an_utterance_that_one_run_alone_heard_is_in_no_pair():
    both, one = [0.9] * 6, [0.9] * 5
    [difference] = compare(run_of(both), run_of(one)).differences
    assert difference.n == 5 and difference.seconds == pytest.approx(0.0, abs=1e-9)
    assert not difference.is_told_apart


def test_of_runs_that_were_not_sent_in_real_time_no_difference_of_waits_is_stated():
    other = Script(9.0, pace=4.0).turn("a", 1.0, 2.0, "word", endpoint=0.4).finish()
    result = compare(run_of([0.9, 0.8]), other, names=["live", "fast"])
    assert all(difference.seconds is None for difference in result.differences)
    assert "live waits" not in str(result) and "fast waits" not in str(result)


def test_of_few_pairs_no_interval_is_stated():
    [difference] = compare(run_of([0.9, 0.8]), run_of([0.6, 0.7])).differences
    assert difference.interval is None and "n = 2, too few for an interval" in str(difference)


def test_with_true_turns_it_is_said_how_many_each_cuts_off():
    turns = [ReferenceTurn(1.0 + 3.0 * k, 2.0 + 3.0 * k + 0.9 * (k == 1), "word") for k in range(3)]
    early, late = run_of([0.6] * 3), run_of([0.6] * 3)
    [difference] = compare(early, late, reference=turns).differences
    assert (difference.cut_off, difference.cut_off_other, difference.turns) == (1, 1, 3)
    assert "each cuts off 1 of 3 turns" in str(compare(early, late, reference=turns))


def test_runs_of_other_sounds_are_refused_with_the_place_where_they_differ():
    first, other = Script(4.0).finish(), Script(4.0)
    other.samples[24_000] += 5
    with pytest.raises(SettingError, match="'b' is of another sound than 'a': they differ from 1.50 s on"):
        compare(first, other.finish(), names=["a", "b"])
    compare(first, Script(2.5).finish())  # one that broke off


SAID = "It's twenty one dollars, so colour it"
HEARD = "It is $21, um, so color it"


def heard(words, language="en"):
    return Script(4.0).turn("a", 1.0, 2.0, words, language=language).finish()


def test_english_has_a_second_rate_by_whispers_normalisation():
    said, found = EnglishTextNormalizer()(SAID), EnglishTextNormalizer()(HEARD)
    result = compare(heard(HEARD), heard(SAID), reference=SAID, names=["a", "b"])
    assert [run.whisper_rate for run in result.runs] == [jiwer.wer(said, found), 0.0]
    assert result.runs[0].whisper_rate < result.runs[0].error_rate == error_rate(SAID, HEARD, "en")
    for shown in (str(result), result._repr_html_()):
        assert "WER (Whisper)" in shown and "after Unicode NFKC, without case and punctuation" in shown


def test_without_the_package_one_sentence_says_how_to_have_it(monkeypatch):
    text.whisper_english.cache_clear()
    monkeypatch.setitem(sys.modules, "whisper_normalizer.english", None)
    result = compare(heard(HEARD), heard(SAID), reference=SAID)
    text.whisper_english.cache_clear()
    said = str(result)
    assert said.count("pip install 'qwen-asr-widgets[wer]'") == 1 and "WER (Whisper)" not in said
    assert result.runs[0].whisper_rate is None and result.runs[0].error_rate == error_rate(SAID, HEARD, "en")


@pytest.mark.parametrize("words, language, metric", [("ein guter Tag", "de", "WER"), ("早上好", "zh", "CER")])
def test_other_languages_have_one_rate(words, language, metric):
    script = Script(4.0, SessionConfig(language=language)).turn("a", 1.0, 2.0, words, language=language)
    result = compare(script.finish(), script.recording, reference=words)
    assert (result.metric, result.whisper, result.runs[0].error_rate) == (metric, "", 0.0)
    assert "Whisper" not in str(result)


def test_words_are_aligned_with_the_reference_or_with_the_first_run():
    runs = heard("so it was"), heard("so I was")
    beside = compare(*runs, names=["a", "b"]).alignment
    assert beside.names == ("a", "b") and beside.counts(1).replaced == 1
    turns = [ReferenceTurn(1.0, 2.0, "so it was good")]
    against = compare(*runs, names=["a", "b"], reference=turns).alignment
    assert against.names == ("reference", "a", "b") and against.counts(2).rate == 0.5
    assert against.counts(1).rate == compare(*runs, reference=turns).runs[0].error_rate
