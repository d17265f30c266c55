"""The tuner in a real browser: settings dragged, typed, compared; clips chosen; legible; nothing left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.notebook_page import NotebookPage
from support.tuner_page import HANDLE, figure, middle, said
from support.view_page import NEXT_FRAME, assert_views_leave_nothing
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.vad.calibration.calibrate import Observation, calibrate
from qwen_asr_widgets.vad.labels.labels import Labels
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

pytestmark = pytest.mark.browser

TIGHT = TurnDetection(0.9, 250)


def test_dragging_the_threshold_moves_turns_and_figures(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show_tuner(tuner)
    page = shown.show()
    assert figure(page, "merged") == "3" and figure(page, "turns") == "3"
    x, y = middle(page, HANDLE)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 30, steps=4)
    # What the page shows now it has judged on its own: the kernel has not been asked yet.
    alone = figure(page, "turns"), said(page, "wait"), page.locator(HANDLE).inner_text()
    page.mouse.up()
    shown.serve()
    assert (figure(page, "turns"), said(page, "wait"), page.locator(HANDLE).inner_text()) == alone
    assert tuner.settings.threshold > 0.5
    assert figure(page, "turns") == str(len(tuner.turns))
    shown_value = float(page.locator(HANDLE).get_attribute("aria-valuenow"))
    assert shown_value == tuner.settings.threshold
    page.locator(".qaw-tuner-presets button", has_text="Low latency").click()
    shown.serve()
    assert figure(page, "merged") == "1" and "was 3, better" in said(page, "merged")
    assert tuner.settings == TurnDetection(0.0, 400)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_silence_below_the_floor_of_a_service_is_said_to_have_no_effect(show_tuner, theme) -> None:
    talk = qaw.SpeechScores(np.tile(qaw.speech_scores(qaw.sample("conversation").clip).values, 3))
    asked = [TurnDetection(0.2, silence) for silence in (200, 600, 1_000)]
    found = (qaw.detect_turns(talk, TurnDetection(0.2, max(one.silence_duration_ms, 600))) for one in asked)
    seen = [Observation(talk, one, turns) for one, turns in zip(asked, found)]
    fit = calibrate(seen, {"silence_floor_ms": 600})
    tried = TurnDetection(0.2, 800)
    tuner = VadTuner(qaw.sample("noisy"), calibration=fit, endpoint="beijing", settings=tried)
    shown = show_tuner(tuner, viewport={"width": 400, "height": 900})
    page = shown.show(theme)
    worth = page.locator(".qaw-tuner-worth")
    assert worth.inner_text().endswith("n = %d turns." % fit.turns)
    tuner.settings = TurnDetection(0.2, 300)
    shown.serve()
    assert worth.inner_text().endswith("A silence below 600 ms has no effect there: it waits 600 ms.")
    assert page.locator(".qaw-tuner-basis").is_visible()
    assert page.locator(".qaw-tuner-basis").inner_text().startswith("Silence 608 ms")
    tuner.settings = TurnDetection(0.4, 1_200)
    shown.serve()
    assert worth.inner_text().endswith("Beyond what the fit has seen (Threshold, Silence): a guess.")
    assert cut_off(page) == [] and low_contrast(page) == []


def test_the_line_itself_can_be_taken_hold_of(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show_tuner(tuner)
    page = shown.show()
    plot = page.locator(".qaw-plot").bounding_box()
    _, y = middle(page, HANDLE)
    page.mouse.move(plot["x"] + plot["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] / 2, y + 25, steps=3)
    page.mouse.up()
    shown.serve()
    assert tuner.settings.threshold < 0


def test_keys_reach_every_setting_and_never_the_page(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"))
    shown = show_tuner(tuner)
    page = shown.show()
    shown.listen_for_keys()
    handle = page.locator(HANDLE)
    assert handle.get_attribute("role") == "slider"
    handle.focus()
    for key in ("ArrowUp", "ArrowUp", "PageUp"):
        page.keyboard.press(key)
    shown.serve()
    assert tuner.settings.threshold == pytest.approx(0.32)
    assert handle.get_attribute("aria-valuetext") == f"0.32, turns: {len(tuner.turns)}"
    page.keyboard.press("End")
    page.get_by_label("Silence", exact=True).first.focus()
    page.keyboard.press("ArrowLeft")
    shown.serve()
    assert tuner.settings == TurnDetection(1.0, 790)
    box = page.locator(".qaw-tuner-controls input[type=number]").nth(2)
    box.fill("120")
    box.press("Enter")
    shown.serve()
    assert tuner.settings.prefix_padding_ms == 120
    assert shown.leaked_keys == []


def test_in_force_and_trying_are_one_key_apart(show_tuner) -> None:
    tuner = VadTuner(qaw.sample("noisy"), settings=TIGHT)
    shown = show_tuner(tuner)
    page = shown.show()
    page.locator(HANDLE).focus()
    page.keyboard.press("i")
    shown.serve()
    assert figure(page, "merged") == "3" and tuner.settings == TurnDetection()
    page.keyboard.press("i")
    shown.serve()
    assert figure(page, "merged") == "0" and tuner.settings == TIGHT


def test_an_hour_is_judged_under_the_hand(show_tuner) -> None:
    clip = qaw.sample("noisy").clip
    hour = AudioClip(np.tile(clip.samples, 125)[: 3_600 * 16_000], 16_000)
    tuner = VadTuner(hour, Labels([]))
    assert tuner.turns
    shown = show_tuner(tuner)
    page = shown.show()
    before = figure(page, "turns")
    page.locator(HANDLE).focus()
    page.keyboard.press("End")
    alone = figure(page, "turns")
    assert alone != before
    shown.serve()
    assert figure(page, "turns") == alone == str(len(tuner.turns))


def test_several_clips_are_chosen_from_their_table(show_tuner) -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")])
    shown = show_tuner(tuner)
    page = shown.show()
    table = page.locator(".qaw-tuner-clips")
    assert table.locator("tbody tr").count() == 3
    table.get_by_role("button", name="conversation").click()
    shown.serve()
    page.get_by_role("button", name="Verify").click()
    assert "Replayed is conversation, the clip in sight." in page.locator(".qaw-tuner-verify").inner_text()
    assert tuner.case.name == "conversation" and figure(page, "turns") == str(len(tuner.turns))
    page.locator(HANDLE).focus()
    page.keyboard.press("PageUp")
    shown.serve()
    total = table.locator("tbody tr").last.inner_text()
    assert str(tuner.measures.turns) in total


def test_every_figure_explains_itself_at_a_question_mark(show_tuner) -> None:
    page = show_tuner(VadTuner(qaw.sample("noisy"))).show()
    rows = page.locator(".qaw-tuner-panel .qaw-tuner-figure")
    assert rows.count() == rows.locator(".qaw-help").count() > 8
    assert page.locator(".qaw-tuner-controls .qaw-help").count() == 3
    mark = page.get_by_role("button", name="What is “Merged”?")
    mark.click()
    said = page.locator(".qaw-help-text:popover-open")
    text = said.inner_text()
    assert "Turns that hold several reference turns." in text and "two or more reference turns" in text
    assert "Measured: Against the reference turns" in text
    box, window = said.bounding_box(), page.viewport_size
    assert box["x"] >= 0 and box["x"] + box["width"] <= window["width"]
    page.keyboard.press("Escape")
    assert said.count() == 0 and mark.get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reads_well_in_both_themes(show_tuner, theme) -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")], settings=TIGHT)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    shown = show_tuner(tuner)
    page = shown.show(theme)
    page.get_by_role("button", name="Next error").click()
    shown.serve()
    assert low_contrast(page) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_400_pixels_nothing_is_cut_off_and_fingers_get_large_targets(show_tuner, lang) -> None:
    tuner = VadTuner([qaw.sample("noisy"), qaw.sample("conversation")], settings=TIGHT, lang=lang)
    tuner.sweep([0.0, 0.5, 0.9], [200, 400, 800])
    shown = show_tuner(tuner, has_touch=True, is_mobile=True, viewport={"width": 400, "height": 900})
    page = shown.show()
    for menu in page.locator(".qaw-tuner-menu > summary").all():
        menu.click()
        page.evaluate(NEXT_FRAME)
        assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [text for text in small_targets(page) if text.strip()] == []


def test_closed_views_leave_nothing_behind(show_tuner) -> None:
    shown = show_tuner(VadTuner(qaw.sample("noisy"), settings=TIGHT))
    page = shown.show()

    def use(number: int) -> None:
        page.locator(HANDLE).focus()
        page.keyboard.press("ArrowUp")
        shown.serve()

    assert_views_leave_nothing(shown, use)


def test_in_a_notebook_a_drag_reaches_the_kernel_and_python_reaches_the_view(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page()
    setup = (
        "import qwen_asr_widgets as qaw\nfrom qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner\n"
        "tuner = VadTuner(qaw.sample('noisy'))\ntuner"
    )
    page = notebook.open("tuner", [setup])
    handle = page.locator(HANDLE)
    handle.wait_for()
    turns = "document.querySelector('.qaw-tuner-figure[data-name=turns] b')"
    page.wait_for_function(f"{turns}?.textContent === '3'")
    handle.focus()
    page.keyboard.press("PageUp")
    wait_until(lambda: notebook.evaluate("tuner.settings.threshold") == 0.3 or None, 10, "the kernel follows")
    notebook.evaluate("setattr(tuner, 'settings', qaw.TurnDetection(0.0, 400))")
    page.locator(f"{HANDLE}[aria-valuenow='0']").wait_for()
    assert figure(page, "merged") == "1"
