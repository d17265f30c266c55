"""A demonstration shows what its story tells."""

from __future__ import annotations

from typing import Any

import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.teaching.demos import DEMOS, noise_that_sounds_like_speech

SAID_BY_A_SERVICE = {"lost-line"}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", sorted(set(DEMOS) - SAID_BY_A_SERVICE))
def test_a_demonstration_is_a_story_in_three_steps_and_a_widget(name: str, language: str) -> None:
    shown = qaw.demo(name, language=language)
    told, widget = shown.children
    assert len(shown.story) == 3 and all(step in repr(shown) for step in shown.story)
    assert shown.title in told.value and widget.lang == language
    shown.close()


@pytest.mark.service
@pytest.mark.parametrize("name", ["cut-off", "lost-line"])
def test_a_demonstration_is_shown_for_a_projector_where_asked(name: str) -> None:
    plain, large = qaw.demo(name), qaw.demo(name, presentation=True)
    assert "font-size:1.15em" in plain.children[0].value and "font-size:1.6em" in large.children[0].value
    assert not plain.children[-1].presentation and large.children[-1].presentation
    if name == "lost-line":
        assert large.children[1].style.font_size == "1.6em" and plain.children[1].style.font_size is None
    plain.close()
    large.close()
    with pytest.raises(qaw.SettingError, match="presentation is 'yes'; give True or False."):
        qaw.demo(name, presentation="yes")  # type: ignore[arg-type]


def test_one_sentence_is_cut_in_two_until_the_silence_outlasts_its_pause() -> None:
    tuner = qaw.demo("cut-off").children[1]
    assert len(tuner.turns) == 2 and tuner.measures.cut == 1
    for silence, turns in ((576, 2), (577, 1)):
        tuner.settings = qaw.TurnDetection(0.2, silence)
        assert len(tuner.turns) == turns


def test_eight_sentences_are_three_turns_until_both_knobs_are_turned() -> None:
    tuner: Any = qaw.demo("merged").children[1]
    assert len(tuner.turns) == 3
    tuner.settings = qaw.TurnDetection(0.6, 400)
    assert len(tuner.turns) == 8 and not tuner.measures.problems


@pytest.mark.service
def test_a_word_that_nobody_said_is_there_and_marked_as_short() -> None:
    service = qaw.embedded("script", words=[], quirks={"invented_words": True})
    recording = qaw.transcribe(noise_that_sounds_like_speech(), service, pace=None, progress=False)
    [utterance] = recording.utterances
    assert utterance.text and utterance.short


@pytest.mark.service
def test_a_line_that_is_cut_in_a_sentence_moves_no_turn() -> None:
    with qaw.course.line(qaw.embedded("script")) as line:
        sound = qaw.sample("conversation").clip[:9.0]
        whole = qaw.transcribe(sound, line.endpoint, pace=8.0, progress=False)
        began: list[object] = []

        def cut(event: Any) -> None:
            if event.message["type"].endswith("speech_started") and not began:
                began.append(event)
                line.cut()

        healed = qaw.transcribe(sound, line.endpoint, pace=8.0, progress=False, on_event=cut)
    assert len(healed.gaps) == 1 and line.connections == 3
    assert [round(turn.end, 3) for turn in healed.turns] == [round(turn.end, 3) for turn in whole.turns]


@pytest.mark.service
def test_the_lost_line_has_a_button_and_ends_its_line_when_it_is_closed() -> None:
    shown = qaw.demo("lost-line", language="zh")
    _, button, transcriber = shown.children
    assert button.description == "切断线路" and transcriber.lang == "zh"
    button.click()
    shown.close()
    shown.close()


def test_a_demonstration_that_is_not_there_is_answered_with_what_is_near() -> None:
    with pytest.raises(qaw.SettingError, match="There is no demonstration 'cutoff'; did you mean 'cut-off'"):
        qaw.demo("cutoff")


def test_a_line_leads_to_this_computer_alone() -> None:
    with pytest.raises(qaw.EndpointError, match="A line leads to a service on this computer"):
        qaw.course.line("beijing")
    with pytest.raises(qaw.SettingError, match="delay is -1"):
        qaw.course.line(delay=-1)
