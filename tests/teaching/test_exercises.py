"""Answers to the exercises: the right one is taken, each mistake is explained, hints come one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qwen_asr_widgets as qaw
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
@pytest.mark.parametrize("answer", ["what", object(), [], {"a": 1}, [[]], float("nan")], ids=repr)
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
    (0.6, "right"), (0.95, "right"), (0.2, "few"), (-1, "few"), (1.0, "none"), (1.5, "range"),
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
    assert said.startswith("At place 8, conversation.item.created is not allowed:")
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
