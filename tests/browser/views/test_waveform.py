"""The waveform in a real browser: what it shows of sound, turns, words and waits, and how it looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.painted import (
    ALARM, DARK_WAVE, DECODE, NOTE_TEXTS, PLOT, REFERENCE, SCORE, SERVICE, TURN, WAIT, WAVE, a_minute,
    conversation, painted, shown_range,
)
from support.recordings import Script
from support.view_page import CHANGE_THEME, COUNT_FRAMES, NEXT_FRAME, ViewPage, assert_views_leave_nothing

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn
from qwen_asr_widgets.widgets.waveform.waveform import Waveform

pytestmark = pytest.mark.browser


@pytest.fixture
def hour() -> AudioClip:
    rng = np.random.default_rng(0)
    minute = (0.3 * rng.standard_normal(16_000 * 60)).clip(-1, 1).astype(np.float32)
    return AudioClip(np.tile(minute, 60), 16_000)


def noting(shown: ViewPage) -> Any:
    """Open a view whose page notes what is written on its canvases."""
    shown.page.add_init_script(f"({NOTE_TEXTS})()")
    return shown.show()


def drawn(page: Any) -> dict[str, dict[str, Any]]:
    """Return the texts of the last frame by what they say."""
    page.evaluate("() => { window.drawnTexts.length = 0; window.dispatchEvent(new Event('resize')); }")
    page.set_viewport_size({"width": page.viewport_size["width"] - 1, "height": 700})
    page.wait_for_function("window.drawnTexts.length > 0")
    page.evaluate(NEXT_FRAME)
    return {said["text"]: said for said in page.evaluate("window.drawnTexts")}


def test_a_recording_shows_sound_turns_waits_and_what_is_wrong(show) -> None:
    page = show(Waveform(conversation().finish())).show()
    assert painted(page, WAVE) > 5_000
    assert painted(page, WAIT) > 100
    assert painted(page, ALARM) > 20
    assert "problems: 1" in page.locator(".qaw-wave-problems").inner_text()


def test_an_hour_opens_with_little_and_asks_for_more_only_when_zoomed(show, hour) -> None:
    shown = show(Waveform(hour))
    page = shown.show()
    assert painted(page, WAVE) > 5_000 and shown.bytes_moved <= 200_000
    page.locator(PLOT).focus()
    for _ in range(12):
        page.keyboard.press("+")
        shown.serve()
    assert shown.bytes_moved > 20_000 and painted(page, WAVE) > 5_000
    assert shown_range(page)[1] < 0.02


def test_waits_stand_where_they_passed_plain_to_the_endpoint_and_hatched_to_the_final(show) -> None:
    script = Script(10.0)
    script.turn("a", 1.0, 3.0, "words", endpoint=1.0, decode=2.0)
    page = noting(show(Waveform(script.finish(), height=100)))
    total = drawn(page)["3.00 s"]
    scale = page.locator(f"{PLOT} canvas").bounding_box()["width"] / 10

    def at(colour, start, end) -> int:
        return painted(page, colour, box=(start * scale, total["y"] - 5, (end - start) * scale, 10))

    assert at(WAIT, 3.0, 4.0) > 0.9 * scale * 9 and at(WAIT, 4.1, 6.0) == 0 == at(WAIT, 0.0, 2.9)
    assert at(DECODE, 4.0, 6.0) > 100 and at(DECODE, 3.1, 3.9) == 0 == at(DECODE, 6.1, 10.0)
    assert total["x"] == pytest.approx(6.0 * scale, abs=10)


def test_words_stand_under_their_turn_settled_plain_and_the_draft_dim_and_slanted(show) -> None:
    script = Script(16.0)
    script.turn("a", 1.0, 4.0, "the words of the first turn")
    script.turn("b", 8.0, 11.0, "", partials=[(0.5, "the settled", " and the draft")], close=False)
    page = noting(show(Waveform(script.recording, height=100)))
    said = drawn(page)
    scale = page.locator(f"{PLOT} canvas").bounding_box()["width"] / 24
    words = ("the words of the first turn", "the settled", " and the draft")
    first, settled, draft = (said[text] for text in words)
    assert [round(one["x"] / scale, 1) for one in (first, settled)] == [1.1, 8.1]
    assert draft["x"] > settled["x"] + 40
    assert "italic" not in settled["font"] and "italic" in draft["font"]
    assert settled["colour"] == first["colour"] != draft["colour"]
    assert 100 < first["y"] == settled["y"] == draft["y"] < said["0:02"]["y"]


def test_the_words_of_a_long_turn_that_is_alone_in_sight_are_wrapped_not_elided(show) -> None:
    spoken = " ".join(f"word{k}" for k in range(90))
    script = Script(34.0)
    script.turn("a", 1.0, 32.0, spoken)
    page = noting(show(Waveform(script.finish(), height=100)))
    lines = [one for one in page.evaluate("drawnTexts") if "word" in one["text"]]
    newest = lines[-len({one["y"] for one in lines}):]
    assert " ".join(one["text"] for one in newest) == spoken and len(newest) > 1
    assert newest[-1]["y"] < drawn(page)["0:05"]["y"] - 8


def test_lanes_and_the_score_with_its_threshold_stand_over_the_same_axis(show) -> None:
    script = Script(10.0)
    script.turn("a", 4.0, 6.0, "words", endpoint=0.5, decode=0.5)
    scores = SpeechScores(np.float32([0.9 if 4 <= k * 0.032 < 6 else -0.9 for k in range(312)]))
    page = noting(show(Waveform(
        script.finish(), reference=[ReferenceTurn(1, 3)], estimated=[Turn(7, 6.7, 9)],
        scores=scores, threshold=0.2,
    )))
    said = drawn(page)
    width = page.locator(f"{PLOT} canvas").bounding_box()["width"]
    left, scale = 84, (width - 84) / 10

    def at(colour, y, start, end, half=10) -> int:
        return painted(page, colour, box=(left + start * scale, y - half, (end - start) * scale, 2 * half))

    lanes = {"Reference": (REFERENCE, 1, 3), "Service": (SERVICE, 4, 6), "Estimated": (TURN, 7, 9)}
    for label, (colour, start, end) in lanes.items():
        y = said[label]["y"]
        assert at(colour, y, start - 0.1, end + 0.1) > 100, label
        assert at(colour, y, 0, start - 0.2) == 0 == at(colour, y, end + 0.2, 10), label
    middle, line = said["Score"]["y"], said["0.20"]["y"]
    assert at(SCORE, middle - 36, 4, 6) > 100 and at(SCORE, middle - 36, 7, 9.5) == 0
    assert at(SCORE, middle + 36, 7, 9) > 100 and at(SCORE, middle + 36, 4.2, 5.8) == 0
    assert line == pytest.approx(middle - 0.2 * 42, abs=1)
    assert 50 < at(TURN, line, 0, 3.9, 2) < 3.9 * scale * 1.5, "a dashed line"


def test_what_is_shown_of_a_turn_depends_on_its_width(show) -> None:
    script = Script(1_800.0)
    for k in range(200):
        script.turn(f"t{k}", 9 * k + 0.5, 9 * k + 5.0, "" if k == 100 else f"the words of turn {k + 1}")
    shown = show(Waveform(script.finish()))
    page = noting(shown)
    said = drawn(page)
    assert painted(page, TURN, box=(0, 0, 800, 6)) > 500, "a strip of speech density"
    assert "101" not in said and painted(page, ALARM, box=(0, 0, 800, 6)) > 5
    shown.view.show(800.0, 1_000.0)
    shown.serve()
    said = drawn(page)
    assert {"95", "101", "105"} <= said.keys() and "the words of turn 95" not in said
    assert painted(page, ALARM, box=(0, 0, 800, 14)) > 50, "the number of the problem"
    shown.view.show(800.0, 1_200.0)
    shown.serve()
    assert "101" not in drawn(page) and painted(page, ALARM, box=(0, 0, 800, 6)) > 5, "a tick in its place"
    shown.view.show(855.0, 885.0)
    shown.serve()
    assert {"96", "the words of turn 96", "the words of turn 97"} <= drawn(page).keys()


def test_problems_are_stepped_through_by_buttons(show) -> None:
    script = Script(100.0)
    for k in range(10):
        script.turn(f"t{k}", 10 * k + 1, 10 * k + 4, "" if k in (2, 7) else "words")
    page = show(Waveform(script.finish())).show()
    page.locator(PLOT).focus()
    for _ in range(4):
        page.keyboard.press("+")
    after, before = page.get_by_label("Next problem"), page.get_by_label("Previous problem")
    for press, at, number in ((after, 1, "3"), (after, 2, "8"), (before, 1, "3")):
        press.click()
        page.evaluate(NEXT_FRAME)
        assert f"problem {at} of 2" in page.locator(".qaw-wave-problems").inner_text()
        caption = page.locator(".qaw-caption").inner_text()
        assert caption.startswith(number) and "(no words recognised)" in caption
        left, width = shown_range(page)
        onset = 0.1 * (int(number) - 1) + 0.01
        assert left <= onset <= left + width


def test_a_view_without_sound_says_so(show) -> None:
    script = Script(5.0)
    shown = show(Waveform(script.recording))
    page = noting(shown)
    assert "Waiting for sound…" in drawn(page)
    script.play(2.0)
    shown.follow()
    assert "Waiting for sound…" not in drawn(page)
    assert "There is no sound in this recording." in drawn(noting(show(Waveform(Script(0.0).finish()))))


def test_a_transcript_is_text_never_markup_and_the_table_says_all_of_it(show) -> None:
    page = show(Waveform(conversation().finish(), reference=[ReferenceTurn(1, 5, "truly said")])).show()
    page.locator("summary").click()
    page.locator("td", has_text="truly said").wait_for()
    rows = [row.inner_text().split("\t") for row in page.locator("tbody tr").all()]
    assert rows[2] == ["3", "0:10.90", "0:16.40", "<img src=x onerror=window.hacked=1> as text", "1.70 s"]
    assert rows[3][3] == "(no words recognised)"
    assert rows[4] == ["Reference 1", "0:01.00", "0:05.00", "truly said", ""] and rows[5][0] == "Service 1"
    page.locator("button[data-number='3']").click()
    assert "<img src=x" in page.locator(".qaw-caption").inner_text()
    assert page.evaluate("window.hacked === undefined && document.querySelectorAll('.qaw img').length === 0")


def test_dark_and_light_follow_the_page_while_it_is_open(show) -> None:
    page = show(Waveform(conversation().finish())).show("light")
    assert painted(page, WAVE) > 5_000 and painted(page, DARK_WAVE) < 200
    assert low_contrast(page) == []
    page.evaluate("document.body.dataset.jpThemeLight = 'false'; document.body.style.background = '#111'")
    page.evaluate(NEXT_FRAME)
    assert painted(page, DARK_WAVE) > 5_000 and painted(page, WAVE) < 200
    assert low_contrast(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_high_contrast_of_the_system_holds_on_the_canvas_too(show, scheme) -> None:
    shown = show(Waveform(conversation().finish()), forced_colors="active", color_scheme=scheme)
    page = shown.show(None)
    ink = (0, 0, 0) if scheme == "light" else (255, 255, 255)
    assert painted(page, ink) > 5_000 and painted(page, WAVE) == 0 == painted(page, DARK_WAVE)
    page.locator(PLOT).focus()
    page.keyboard.press("ArrowDown")
    playhead = page.locator(".qaw-playhead")
    playhead.wait_for()
    assert playhead.evaluate("(e) => getComputedStyle(e).backgroundColor") == f"rgb{ink}"
    assert low_contrast(page) == []
    page.emulate_media(forced_colors="none")
    page.evaluate(NEXT_FRAME)
    assert painted(page, WAVE if scheme == "light" else DARK_WAVE) > 5_000


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_400_pixels_nothing_is_cut_off_or_scrolls_sideways(show, lang) -> None:
    wave = Waveform(
        conversation().finish(), lang=lang, reference=[ReferenceTurn(1, 5)], estimated=[Turn(1.1, 0.8, 5)],
        scores=SpeechScores(np.sin(np.arange(800) / 20).astype(np.float32)), threshold=0.2,
    )
    page = show(wave, viewport={"width": 400, "height": 800}).show()
    page.locator("summary").click()
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_theme_that_comes_while_the_page_is_hidden_is_drawn(show) -> None:
    page = show(Waveform(conversation().finish())).show()
    for dark in (True, False, True):
        page.evaluate(CHANGE_THEME, dark)
        page.evaluate(NEXT_FRAME)
        now, before = (DARK_WAVE, WAVE) if dark else (WAVE, DARK_WAVE)
        assert painted(page, now) > 5_000 and painted(page, before) < 200


def test_a_dark_theme_may_follow_another(show) -> None:
    page = show(Waveform(conversation().finish())).show("dark")
    page.evaluate(NOTE_TEXTS)
    page.locator(".qaw").evaluate("(e) => e.style.setProperty('--qaw-ink', '#ff00ff')")
    page.evaluate("document.body.dataset.jpThemeName = 'A third'")
    page.evaluate(NEXT_FRAME)
    assert "#ff00ff" in {one["colour"] for one in page.evaluate("drawnTexts")}


def test_a_hidden_waveform_costs_no_frames(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.evaluate(COUNT_FRAMES)
    page.evaluate("document.querySelector('.qaw').parentElement.style.display = 'none'")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.evaluate(NEXT_FRAME)
    asked = page.evaluate("window.framesAsked")
    for _ in range(3):
        page.evaluate(NEXT_FRAME)
    assert page.evaluate("window.framesAsked") == asked + 6, "those of this test"


def test_words_stand_under_every_turn_with_room_and_a_way_to_them_where_none_has(show) -> None:
    shown = show(Waveform(a_minute().finish()), viewport={"width": 960, "height": 500})
    page = shown.show()
    page.evaluate(NOTE_TEXTS)
    page.evaluate("document.body.dataset.jpThemeName = 'drawn again'")
    page.evaluate(NEXT_FRAME)
    words = [one["text"] for one in page.evaluate("drawnTexts") if ": " in one["text"]]
    assert len(words) == 12 and all(text.endswith("…") for text in words), "each has some 77 pixels"
    page.evaluate("drawnTexts.length = 0")
    page.set_viewport_size({"width": 500, "height": 500})
    page.evaluate(NEXT_FRAME)
    drawn = [one["text"] for one in page.evaluate("drawnTexts")]
    assert "Zoom in to read the words here." in drawn and not any(": " in text for text in drawn)


def test_the_table_has_no_waits_where_they_mean_nothing(show) -> None:
    for pace, columns in ((1.0, 5), (None, 4)):
        page = show(Waveform(conversation(pace=pace).finish())).show()
        page.locator("summary").click()
        page.evaluate(NEXT_FRAME)
        assert page.locator("thead th:visible").count() == columns
        assert page.locator("tbody tr").first.locator("th, td").count() == columns


def test_fingers_get_large_targets(show) -> None:
    wave = Waveform(conversation().finish())
    page = show(wave, has_touch=True, is_mobile=True, viewport={"width": 400, "height": 800}).show()
    assert small_targets(page) == []
    assert page.locator(".qaw-overview").bounding_box()["height"] >= 44
    assert page.locator("summary").bounding_box()["height"] >= 44


def test_the_canvas_is_sharp_at_every_resolution(show) -> None:
    page = show(Waveform(conversation().finish()), device_scale_factor=2).show()
    canvas = page.locator(f"{PLOT} canvas")
    wide, width, high, height = canvas.evaluate("(c) => [c.width, c.clientWidth, c.height, c.clientHeight]")
    assert (wide, high) == (2 * width, 2 * height)


def test_many_views_leave_nothing_behind(show) -> None:
    shown = show(Waveform(a_minute().finish()))
    page = shown.show()

    def play(number: int) -> None:
        if number % 10 == 0:
            page.locator(PLOT).focus()
            page.keyboard.press("Space")
            shown.serve()
            assert page.evaluate("window.runningSounds().length") > 0

    assert_views_leave_nothing(shown, play)


def test_what_stays_in_the_saved_notebook_is_switched_by_keyboard_and_from_python(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    switch = page.get_by_label("Keep in the saved notebook")
    assert switch.is_checked()
    switch.focus()
    page.keyboard.press("Space")
    shown.serve()
    assert shown.view.save_outputs is False and not switch.is_checked()
    shown.view.save_outputs = True
    shown.serve()
    assert switch.is_checked()
