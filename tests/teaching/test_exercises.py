"""Answers to the exercises: the right one is taken, each mistake is explained, hints come one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from support.recordings import Script, three_turns

import qwen_asr_widgets as qaw
from qwen_asr_widgets.recording.text import normalized
from qwen_asr_widgets.teaching.course import Course
from qwen_asr_widgets.teaching.exercises.catalogue import EXERCISES
from qwen_asr_widgets.teaching.exercises.protocol import SHUFFLED
from qwen_asr_widgets.teaching.texts import LANGUAGES, texts

Spans = list[tuple[int, int]]


def marked(exercise: str, answer: Any, about: Any = None) -> str:
    """Return the name of what is said of an answer."""
    return EXERCISES[exercise](answer, about).text


# ---- what holds for all


def test_both_languages_have_the_same_texts_with_the_same_places_to_fill() -> None:
    english, chinese = (texts(language) for language in ("en", "zh"))
    assert english.keys() == chinese.keys() and set(LANGUAGES) == {"en", "zh"}
    places = re.compile(r"\{(\w*)")
    to_fill = [{key: set(places.findall(text)) for key, text in each.items()} for each in (english, chinese)]
    assert to_fill[0] == to_fill[1]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_has_a_task_three_hints_and_a_text_for_a_right_answer(exercise: str) -> None:
    keys = {f"{exercise}.{part}" for part in ("task", "right", "hint1", "hint2", "hint3")}
    assert keys <= set(texts("en"))
    asked = Course().check(exercise, ...)
    assert not asked.right and asked.explanation == texts("en")[f"{exercise}.task"] and not asked.hint


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("answer", ["what", object, [], {"a": 1}, [[]], float("nan")], ids=repr)
def test_an_answer_of_another_kind_is_told_what_is_asked_for(exercise: str, answer: Any) -> None:
    said = Course().check(exercise, answer)
    assert not said.right and said.explanation and said.hint.startswith("Hint 1 of 3")


def test_each_wrong_answer_brings_the_next_hint_and_the_third_stays() -> None:
    course = Course()
    hints = [course.check("04", 0.2).hint for _ in range(4)]
    assert [hint[:11] for hint in hints] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert course.check("03", lambda speech, silence: []).hint.startswith("Hint 1 of 3")


def test_a_function_that_raises_is_answered_with_what_it_raised() -> None:
    said = Course().check("03", lambda speech, silence: 1 / 0)
    assert "ZeroDivisionError: division by zero" in said.explanation


def test_a_notebook_in_the_folder_zh_is_answered_in_chinese(monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    monkeypatch.chdir(tmp_path / "zh")
    assert "恰好给出 8 个话轮" in repr(qaw.course.check("04", 0.6))
    assert "exactly 8 turns" in repr(qaw.course.check("04", 0.6, language="en"))


def test_an_exercise_or_language_that_is_not_there_is_said() -> None:
    with pytest.raises(qaw.SettingError, match="There is no exercise '4'; did you mean '04'"):
        qaw.course.check("4", 0.2)
    with pytest.raises(qaw.SettingError, match="language is 'fr'; there are 'en' and 'zh'"):
        qaw.course.check("04", 0.2, language="fr")


def test_what_is_said_is_escaped_on_a_page() -> None:
    def bad(speech: list[bool], silence: int) -> Spans:
        raise ValueError("<script>")

    assert "<script>" not in qaw.course.check("03", bad)._repr_html_()


# ---- 03: a turn detector


def detector(
    opening: int = 2, more: int = 0, with_silence: bool = False, closes_at_end: bool = True,
    resets: bool = True,
) -> Callable[[list[bool], int], Spans]:
    """Return a turn detector with the mistakes that are asked for."""
    def find_turns(speech: list[bool], silence: int) -> Spans:
        turns: Spans = []
        begin: int | None = None
        end = run = quiet = 0
        for frame, is_speech in enumerate(speech):
            if begin is None:
                run = run + 1 if is_speech else 0
                if run >= opening:
                    begin, end, quiet = frame + 1 - opening, frame + 1, 0
                continue
            if is_speech:
                end, quiet = frame + 1, 0 if resets else quiet
            else:
                quiet += 1
            if quiet >= silence + more:
                turns.append((begin, frame + 1 if with_silence else end))
                begin, run = None, 0
        return [*turns, (begin, end)] if begin is not None and closes_at_end else turns
    return find_turns


@pytest.mark.parametrize(("mistake", "said"), [
    ({}, "right"),
    ({"opening": 1}, "single"),
    ({"more": 1}, "closed"),
    ({"more": -1}, "joined"),
    ({"with_silence": True}, "plain"),
    ({"closes_at_end": False}, "open"),
    ({"resets": False}, "reset"),
])
def test_a_mistake_of_a_turn_detector_is_found_in_the_drawing_that_shows_it(
    mistake: dict[str, Any], said: str
) -> None:
    assert marked("03", detector(**mistake)) == said


def test_a_detector_that_is_right_in_the_drawings_alone_is_found_out_on_sound() -> None:
    right = detector()
    drawn_alone = lambda speech, silence: right(speech, silence) if len(speech) < 100 else []
    assert marked("03", drawn_alone) == "sound"


# ---- 04: a threshold by sight


@pytest.mark.parametrize(("threshold", "said"), [
    (0.6, "right"), (0.95, "right"), (0.2, "few"), (-1, "few"), (0.999, "many"), (1.0, "none"),
    (1.5, "range"),
])
def test_a_threshold_is_judged_by_the_turns_it_makes(threshold: float, said: str) -> None:
    assert marked("04", threshold) == said


# ---- 06: the protocol

RIGHT_ORDER = [SHUFFLED[k] for k in (5, 7, 2, 10, 1, 11, 8, 4, 6, 0, 3, 9)]


def swapped(first: int, second: int) -> list[str]:
    order = list(RIGHT_ORDER)
    order[first], order[second] = order[second], order[first]
    return order


@pytest.mark.parametrize(("order", "said"), [
    (RIGHT_ORDER, "right"),
    (swapped(0, 1), "right"),  # an update may be sent before session.created has come
    ([*RIGHT_ORDER[:9], RIGHT_ORDER[10], RIGHT_ORDER[9], RIGHT_ORDER[11]], "right"),  # finish, then the final
    (swapped(1, 2), "not_now"),
    (swapped(7, 8), "not_now"),
    (swapped(10, 11), "not_now"),
    (swapped(3, 4), "no_sound"),
    ([*RIGHT_ORDER[:9], *RIGHT_ORDER[10:], RIGHT_ORDER[9]], "not_now"),
    (RIGHT_ORDER[:-1], "cards"),
    ([*RIGHT_ORDER, "session.finished"], "cards"),
])
def test_an_order_of_events_is_judged_by_the_table_of_the_protocol(order: list[str], said: str) -> None:
    assert marked("06a", order) == said


def test_an_order_that_is_not_allowed_is_answered_with_place_type_and_reason() -> None:
    said = Course().check("06a", swapped(7, 8)).explanation
    assert said.startswith("Not allowed at place 8: conversation.item.created")
    assert "which is stopped" in said


def error(code: str) -> dict[str, Any]:
    return {"type": "error", "error": {"code": code}}


@pytest.mark.parametrize(("codes", "said"), [
    (("commit_in_vad_mode", "input_audio_buffer_commit_empty"), "right"),
    (("commit_in_vad_mode",), "only_vad"),
    (("input_audio_buffer_commit_empty",), "only_empty"),
    (("invalid_value",), "neither"),
    ((), "neither"),
])
def test_both_errors_of_a_commit_are_wanted(codes: tuple[str, ...], said: str) -> None:
    assert marked("06b", [{"type": "session.created"}, *map(error, codes)]) == said


# ---- 02: the share of words taken back


def erased(versions: list[str], mistake: str = "") -> float:
    """Return the share of words taken back, or what a mistake gives for it."""
    written = taken = 0
    shown: list[str] = []
    for number, version in enumerate(versions, 1):
        words = version.split()
        common = 0
        while common < min(len(shown), len(words)) and shown[common] == words[common]:
            common += 1
        taken += len(shown) - common
        if number < len(versions) or mistake == "final":
            written += len(words) - common
        shown = words
    return {"percent": 100.0, "count": float(written)}.get(mistake, 1.0) * taken / written


@pytest.mark.parametrize(("mistake", "said"), [
    ("", "right"), ("percent", "percent"), ("count", "count"), ("final", "final"),
])
def test_a_mistake_in_the_share_of_words_taken_back_is_named(mistake: str, said: str) -> None:
    assert marked("02", lambda versions: erased(versions, mistake)) == said


# ---- 05: the share of holds cut off


@pytest.mark.parametrize(("mistake", "said"), [
    (lambda p, ms: float(p.share_longer([ms])[0]), "right"),
    (lambda p, ms: sum(1000 * h.duration > ms - 1e-6 for h in p.holds) / len(p.holds), "boundary"),
    (lambda p, ms: sum(1000 * x.duration > ms + 1e-6 for x in p) / len(p), "ends"),
    (lambda p, ms: 1 - float(p.share_longer([ms])[0]), "inverse"),
    (lambda p, ms: 100 * float(p.share_longer([ms])[0]), "percent"),
    (lambda p, ms: len(p.holds) * float(p.share_longer([ms])[0]), "count"),
    (lambda p, ms: sum(h.duration > ms for h in p.holds) / len(p.holds), "seconds"),
    (lambda p, ms: 0.123, "other"),
])
def test_a_mistake_in_the_share_of_holds_cut_off_is_named(mistake: Any, said: str) -> None:
    assert marked("05", mistake) == said


# ---- 07: the median wait


@pytest.fixture(scope="module")
def recording() -> Any:
    return three_turns()


@pytest.mark.parametrize(("answer", "said"), [
    (lambda waits, row: np.median(waits), "right"),
    (lambda waits, row: float(np.median(waits)) + 0.001, "right"),
    (lambda waits, row: np.mean(waits), "mean"),
    (lambda waits, row: max(waits), "longest"),
    (lambda waits, row: 1_000 * np.median(waits), "milliseconds"),
    (lambda waits, row: -np.median(waits), "negative"),
    (lambda waits, row: row["endpoint_delay"].p50, "endpoint"),
    (lambda waits, row: row["decode_delay"].p50, "decode"),
    (lambda waits, row: 7.0, "other"),
])
def test_a_mistake_in_the_median_wait_is_named(recording: Any, answer: Any, said: str) -> None:
    waits = [row.finalization for row in recording.latency()]
    assert marked("07", answer(waits, recording.latency().summary().measures), recording) == said


def test_where_no_wait_is_to_be_stated_the_exercise_says_so() -> None:
    assert marked("07", 1.0, Script(2.0).finish()) == "no_wait"


# ---- 08: words


@pytest.mark.parametrize(("counts", "said"), [
    ((2, 1, 1), "right"), ([2, 1, 1], "right"), ((1, 2, 1), "kinds"), ((2, 2, 1), "one_more"),
    ((1, 1, 1), "few"), ((4, 3, 3), "many"), ((1, 2, 2), "one_more"),
])
def test_counts_of_errors_are_those_of_jiwer(counts: Any, said: str) -> None:
    assert marked("08a", counts) == said


WORDS = " ".join(turn.text for turn in qaw.sample("dictation").turns)


def heard(text: str) -> Any:
    """Return a recording in which the text is heard."""
    return Script(4.0).turn("a", 1.0, 2.0, text).finish()


@pytest.mark.parametrize(("answer", "said"), [
    (lambda plain, misled: misled - plain, "right"),
    (lambda plain, misled: round(misled - plain, 1), "right"),
    (lambda plain, misled: plain - misled, "sign"),
    (lambda plain, misled: (misled - plain) / 100, "fraction"),
    (lambda plain, misled: 100 * (misled - plain) / plain, "relative"),
    (lambda plain, misled: misled, "only_misled"),
    (lambda plain, misled: plain, "only_plain"),
    (lambda plain, misled: 77.7, "other"),
])
def test_a_mistake_in_the_harm_of_a_wrong_context_is_named(answer: Any, said: str) -> None:
    misheard = WORDS.replace("meeting", "meat").replace("concert", "corner")
    texts = [WORDS.replace("Shostakovich", "shop"), misheard]
    rates = [100 * jiwer.wer(normalized(WORDS), normalized(text)) for text in texts]
    assert marked("08b", answer(*rates), tuple(map(heard, texts))) == said


# ---- 09: a report


@pytest.mark.parametrize(("letters", "said"), [
    ("BDG", "right"), ("g, d, b", "right"), (["B", "D", "G"], "right"), ({"B", "D"}, "missing"),
    ("BDH", "blamed_H"), ("ABDG", "blamed_A"), ("CEF", "blamed_C"),
])
def test_faulty_sentences_are_found_and_sound_ones_defended(letters: Any, said: str) -> None:
    assert marked("09", letters) == said


# ---- 10: sound that was sent twice


@pytest.mark.parametrize(("answer", "said"), [
    (1.5, "right"), (7.5, "all_sent"), (6.0, "duration"), (24_000, "samples"), (3.3, "other"),
])
def test_a_mistake_in_the_sound_sent_twice_is_named(answer: float, said: str) -> None:
    script = Script(6.0).play(4.0)
    script.recording.audio_sent(40_000, 64_000, 104.5)
    assert marked("10", answer, script.finish()) == said


def test_of_a_recording_without_sound_nothing_was_sent() -> None:
    assert marked("10", 1.0, qaw.Recording()) == "nothing_sent"
