"""The waveform in a real browser: what it shows, how it moves, how it is reached, what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.jupyter import NotebookPage
from support.looks import cut_off, low_contrast, small_targets
from support.recordings import Script
from support.view_page import NEXT_FRAME, ViewPage
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.vad.scores import SpeechScores
from qwen_asr_widgets.vad.turns import Turn
from qwen_asr_widgets.widgets.waveform import Waveform

pytestmark = pytest.mark.browser

PLOT = ".qaw-plot"
LISTEN = """() => {
  window.leaked = [];
  document.addEventListener('keydown', (event) => window.leaked.push(event.key));
}"""

# How many pixels of the plot are near a colour.
COUNT_COLOUR = """([selector, [r, g, b], near]) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let k = 0; k < data.length; k += 4) {
    const away = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b);
    if (data[k + 3] > 200 && away < near) count += 1;
  }
  return count;
}"""

WAVE = (0x7B, 0x8F, 0xA6)
DARK_WAVE = (0x8E, 0xA4, 0xBB)
WAIT = (0xD9, 0x82, 0x00)
ALARM = (0xC9, 0x25, 0x2D)


def painted(page: Any, colour: tuple[int, int, int], selector: str = f"{PLOT} canvas") -> int:
    """Count the pixels of a canvas that have a colour."""
    return int(page.evaluate(COUNT_COLOUR, [selector, colour, 12]))


def shown_range(page: Any) -> tuple[float, float]:
    """Return the share of the whole that the overview's window marks: its left and its width."""
    window = page.locator(".qaw-overview-window")
    left, width = window.evaluate("(e) => [e.style.left, e.style.width].map(parseFloat)")
    return left / 100, width / 100


def conversation(**info: Any) -> Script:
    """Four turns, the third with markup, the fourth without words."""
    script = Script(26.0, **info)
    script.turn("a", 1.1, 5.2, "So the first thing is the waveform.", partials=[(0.6, "", "so")])
    script.turn("b", 6.3, 9.6, "每一条蓝色的带子就是一段话。", partials=[(0.5, "", "每")], language="zh")
    script.turn("c", 10.9, 16.4, "<img src=x onerror=window.hacked=1> as text", decode=0.9)
    script.turn("d", 18.0, 21.5, "")
    return script


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., ViewPage]]:
    """Open views on bare pages; errors on their consoles fail the test."""
    pages: list[ViewPage] = []

    def make(view: Any, **options: Any) -> ViewPage:
        options = {"locale": "en-US", "viewport": {"width": 900, "height": 700}, **options}
        pages.append(ViewPage(browser.new_context(**options), view))
        return pages[-1]

    yield make
    errors = [error for shown in pages for error in shown.errors]
    for shown in pages:
        shown.context.close()
        shown.view.close()
    assert not errors


@pytest.fixture
def hour() -> AudioClip:
    rng = np.random.default_rng(0)
    minute = (0.3 * rng.standard_normal(16_000 * 60)).clip(-1, 1).astype(np.float32)
    return AudioClip(np.tile(minute, 60), 16_000)


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


def test_keys_zoom_walk_and_never_reach_the_page(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.evaluate(LISTEN)
    plot = page.locator(PLOT)
    plot.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(".qaw-caption-number").inner_text() == "1"
    page.keyboard.press("ArrowDown")
    assert "每一条" in page.locator(".qaw-caption").inner_text()
    page.keyboard.press("e")
    assert page.locator(".qaw-caption-number").inner_text() == "4"
    assert "0:18.0" in plot.get_attribute("aria-valuetext")
    page.keyboard.press("Home")
    assert plot.get_attribute("aria-valuenow") == "0.0"
    for _ in range(4):
        page.keyboard.press("+")
    page.evaluate(NEXT_FRAME)
    assert shown_range(page)[1] < 0.3
    page.keyboard.press("End")
    page.evaluate(NEXT_FRAME)
    assert sum(shown_range(page)) == pytest.approx(1, abs=0.02)
    page.keyboard.press("0")
    page.keyboard.press("Escape")
    page.evaluate(NEXT_FRAME)
    assert shown_range(page) == pytest.approx((0, 1), abs=0.001)
    assert page.evaluate("leaked") == []


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.evaluate("document.body.style.height = '3000px'")
    box = page.locator(PLOT).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 50)
    page.mouse.wheel(0, 120)
    page.wait_for_function("window.scrollY > 50")
    assert shown_range(page) == pytest.approx((0, 1), abs=0.001)
    page.mouse.move(box["x"] + box["width"] / 4, 40)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.wait_for_function("parseFloat(document.querySelector('.qaw-overview-window').style.width) < 80")
    left, width = shown_range(page)
    assert left + width / 4 == pytest.approx(0.25, abs=0.02)


def test_a_drag_pans_and_a_click_seeks_and_selects(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.locator(PLOT).focus()
    for _ in range(3):
        page.keyboard.press("+")
    page.evaluate(NEXT_FRAME)
    before = shown_range(page)
    box = page.locator(PLOT).bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 50, steps=4)
    page.mouse.up()
    page.evaluate(NEXT_FRAME)
    left, width = shown_range(page)
    assert left - before[0] == pytest.approx(100 / box["width"] * width, abs=0.005)
    page.keyboard.press("0")
    page.evaluate(NEXT_FRAME)
    page.mouse.click(box["x"] + box["width"] * 12 / 26, box["y"] + 50)
    assert float(page.locator(PLOT).get_attribute("aria-valuenow")) == pytest.approx(12, abs=0.1)
    assert page.evaluate("window.bare.model.get('selected')") == 3


def test_space_plays_what_the_kernel_sends_and_the_cursor_moves(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.locator(PLOT).focus()
    page.keyboard.press("Space")
    shown.serve()
    page.wait_for_function(f"parseFloat(document.querySelector('{PLOT}').getAttribute('aria-valuenow')) >= 0"
                           " && !document.querySelector('.qaw-playhead').hidden")
    page.locator(".qaw-play", has_text="Pause").wait_for()
    seconds = "parseFloat(document.querySelector('.qaw-number').textContent.split(':')[1])"
    page.wait_for_function(f"{seconds} > 0.2")
    page.keyboard.press("Space")
    page.locator(".qaw-play", has_text="Play").wait_for()
    assert page.evaluate("window.runningSounds().length") <= 1


def test_a_transcript_is_text_never_markup(show) -> None:
    page = show(Waveform(conversation().finish())).show()
    page.locator("summary").click()
    page.locator("td", has_text="<img src=x").wait_for()
    page.locator("button[data-number='3']").click()
    assert "<img src=x" in page.locator(".qaw-caption").inner_text()
    assert page.evaluate("window.hacked === undefined && document.querySelectorAll('.qaw img').length === 0")


def test_a_growing_recording_is_followed_until_one_pans_away_and_again_on_demand(show) -> None:
    script = Script(60.0)
    script.play(30.0)
    shown = show(Waveform(script.recording))
    page = shown.show()
    live = page.locator(".qaw-live")

    def edge() -> float:
        left, width = shown_range(page)
        return left + width

    assert live.is_hidden() and edge() == pytest.approx(1, abs=0.01)
    script.play(35.0)
    shown.follow()
    assert edge() == pytest.approx(1, abs=0.01) and painted(page, ALARM) > 50
    page.locator(PLOT).focus()
    page.keyboard.press("PageUp")
    script.play(40.0)
    shown.follow()
    assert live.is_visible() and edge() < 0.9
    live.click()
    page.evaluate(NEXT_FRAME)
    assert edge() == pytest.approx(1, abs=0.01) and live.is_hidden()


def test_dark_and_light_follow_the_page_while_it_is_open(show) -> None:
    page = show(Waveform(conversation().finish())).show("light")
    assert painted(page, WAVE) > 5_000 and painted(page, DARK_WAVE) < 200
    assert low_contrast(page) == []
    page.evaluate("document.body.dataset.jpThemeLight = 'false'; document.body.style.background = '#111'")
    page.evaluate(NEXT_FRAME)
    assert painted(page, DARK_WAVE) > 5_000 and painted(page, WAVE) < 200
    assert low_contrast(page) == []


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


def test_fingers_get_large_targets(show) -> None:
    wave = Waveform(conversation().finish())
    page = show(wave, has_touch=True, is_mobile=True, viewport={"width": 400, "height": 800}).show()
    assert small_targets(page) == []


def test_the_canvas_is_sharp_at_every_resolution(show) -> None:
    page = show(Waveform(conversation().finish()), device_scale_factor=2).show()
    canvas = page.locator(f"{PLOT} canvas")
    wide, width, high, height = canvas.evaluate("(c) => [c.width, c.clientWidth, c.height, c.clientHeight]")
    assert (wide, high) == (2 * width, 2 * height)


def test_fifty_views_leave_nothing_behind(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.evaluate("() => window.bare.views.pop()()")

    def one_view(play: bool) -> None:
        page.evaluate("async () => { window.close_view = await window.bare.open(); }")
        shown.serve()
        if play:
            page.locator(PLOT).focus()
            page.keyboard.press("Space")
            shown.serve()
        page.evaluate("async () => { await window.close_view(); window.close_view = null; }")
        shown.serve()

    for play in (True, False):
        one_view(play)
    before = shown.counters()
    for number in range(50):
        one_view(number % 10 == 0)

    def grown() -> dict[str, float]:
        after = shown.counters()
        return {name: after[name] - before[name] for name in after if after[name] > before[name]}

    wait_until(lambda: not grown() or None, 10, "everything of the closed views is gone")
    assert page.evaluate("document.querySelectorAll('style[data-qaw], .qaw').length") == 0
    assert shown.view._views == set()


SETUP = """
import sys; sys.path.insert(0, {tests!r})
from support.recordings import Script
from qwen_asr_widgets.widgets.waveform import Waveform
from qwen_asr_widgets.widgets.transcript_view import TranscriptView
script = Script(60.0)
script.turn("a", 1.0, 4.0, "the first words", partials=[(0.5, "", "the")])
"""


def setup(request: pytest.FixtureRequest) -> str:
    return SETUP.format(tests=str(request.config.rootpath / "tests"))


def test_the_display_moves_while_a_cell_runs(open_page: Callable[..., NotebookPage], request) -> None:
    notebook = open_page()
    busy = """
import time
for k in range(400):
    script.play(script.recording.duration + 0.1)
    time.sleep(0.1)
    if k == 20: script.turn("b", 8.0, 9.0, "words while a cell runs")
    if k > 20 and released(): break
"""
    release = "released = lambda: bool(wave.selected)"
    show = setup(request) + "wave = Waveform(script.recording)\nwave"
    notebook.server.write("busy", [show, release + busy])
    notebook.visit("busy.ipynb")
    notebook.run_all(wait=False)
    page = notebook.page
    page.locator("summary", has_text="Show as a table").click()
    page.locator("td", has_text="words while a cell runs").wait_for(timeout=30_000)
    running = page.locator(".jp-InputArea-prompt", has_text="[*]")
    assert running.count() == 1
    page.locator("button[data-number='2']").click()
    running.wait_for(state="detached", timeout=10_000)


def test_views_of_one_recording_are_linked_and_a_click_plays(
    open_page: Callable[..., NotebookPage], request
) -> None:
    notebook = open_page()
    code = "script.turn('b', 6.0, 8.0, 'the second')\nrec = script.finish()\nwave = Waveform(rec)"
    page = notebook.open("linked", [setup(request) + code, "wave", "TranscriptView(rec)"])
    page.locator(".qaw-row[data-number='2']").click()
    page.locator(".qaw-caption", has_text="the second").wait_for()
    page.locator(".qaw-play", has_text="Pause").wait_for()
    wait_until(lambda: notebook.evaluate("wave.selected") == 2 or None, 5, "Python knows the selection")


def test_a_saved_notebook_keeps_picture_and_words_without_a_kernel(
    open_page: Callable[..., NotebookPage], request
) -> None:
    import nbformat
    from nbconvert import HTMLExporter

    notebook = open_page()
    page = notebook.open("saved", [setup(request) + "rec = script.finish()", "Waveform(rec)"])
    page.locator(PLOT).wait_for()
    hidden = "[...document.querySelectorAll('[class^=qaw-static]')].every((e) => !e.checkVisibility())"
    page.wait_for_function(hidden)
    path = notebook.save()
    content = nbformat.read(path, as_version=4)
    assert "the first words" not in str(content.metadata)
    html = HTMLExporter().from_notebook_node(content)[0]
    offline = notebook.context.new_page()
    offline.set_content(html)
    assert offline.locator("[class^=qaw-static] img").first.is_visible()
    assert offline.locator("td", has_text="the first words").first.is_visible()
