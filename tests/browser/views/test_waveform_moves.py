"""Moving through a waveform in a real browser: keys, wheel, mouse, fingers, the strip above, sound, live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.painted import ALARM, PLOT, WAVE, a_minute, conversation, cursor, painted, shown_range
from support.recordings import Script
from support.view_page import NEXT_FRAME, ViewPage
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.widgets.waveform.waveform import Waveform

pytestmark = pytest.mark.browser

WINDOW = "parseFloat(document.querySelector('.qaw-overview-window')"
SECONDS = "parseFloat(document.querySelector('.qaw-number').textContent.split(':')[1])"
"""What is played, as the page says it."""


class Fingers:
    """Fingers on a touch screen: each is a number with its place in the page."""

    def __init__(self, shown: ViewPage) -> None:
        self.page = shown.page
        self.session = shown.context.new_cdp_session(shown.page)

    def _send(self, kind: str, points: dict[int, tuple[float, float]]) -> None:
        touches = [{"id": number, "x": x, "y": y} for number, (x, y) in points.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def draw(self, begin: dict[int, tuple[float, float]], end: dict[int, tuple[float, float]]) -> None:
        """Put fingers down, move them in ten steps, lift them."""
        self._send("touchStart", begin)
        for step in range(1, 11):
            self._send("touchMove", {
                number: tuple(a + (b - a) * step / 10 for a, b in zip(begin[number], end[number]))
                for number in begin
            })
            self.page.evaluate(NEXT_FRAME)
        self._send("touchEnd", {})
        self.page.evaluate(NEXT_FRAME)


def zoom_in(page: Any, times: int) -> None:
    page.locator(PLOT).focus()
    for _ in range(times):
        page.keyboard.press("+")
    page.evaluate(NEXT_FRAME)


def test_keys_zoom_walk_and_never_reach_the_page(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    shown.listen_for_keys()
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
    assert cursor(page) == 0
    page.keyboard.press("ArrowRight")
    assert cursor(page) > 0
    zoom_in(page, 4)
    assert shown_range(page)[1] < 0.3
    page.keyboard.press("End")
    page.evaluate(NEXT_FRAME)
    assert sum(shown_range(page)) == pytest.approx(1, abs=0.02)
    page.keyboard.press("0")
    page.keyboard.press("Escape")
    page.evaluate(NEXT_FRAME)
    assert shown_range(page) == pytest.approx((0, 1), abs=0.001)
    assert shown.leaked_keys == []


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl_or_while_the_view_has_focus(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.evaluate("document.body.style.height = '3000px'")
    box = page.locator(PLOT).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 50)
    page.mouse.wheel(0, 120)
    page.wait_for_function("window.scrollY > 50")
    assert shown_range(page) == pytest.approx((0, 1), abs=0.001)
    page.evaluate("window.scrollTo(0, 0)")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.wait_for_function(f"{WINDOW}.style.width) < 80")
    left, width = shown_range(page)
    assert left + width / 4 == pytest.approx(0.25, abs=0.02)
    page.keyboard.up("Control")
    page.locator(PLOT).focus()
    page.mouse.wheel(0, -240)
    page.wait_for_function(
        f"(was) => {WINDOW}.style.width) / 100 < was * 0.9", arg=width
    )
    assert page.evaluate("window.scrollY") == 0
    page.keyboard.press("0")
    page.evaluate(NEXT_FRAME)
    page.mouse.wheel(0, 120)
    page.wait_for_function("window.scrollY > 50")


def test_a_wheel_that_goes_sideways_pans(show) -> None:
    page = show(Waveform(conversation().finish())).show()
    zoom_in(page, 4)
    left, width = shown_range(page)
    box = page.locator(PLOT).bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.wheel(box["width"] / 4, 0)
    page.wait_for_function(f"(left) => {WINDOW}.style.left) / 100 > left", arg=left)
    assert shown_range(page) == pytest.approx((left + width / 4, width), abs=0.005)


def test_a_drag_pans_and_a_click_seeks_and_selects(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    zoom_in(page, 3)
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
    assert cursor(page) == pytest.approx(12, abs=0.1)
    shown.serve()
    assert shown.view.selected == 3
    page.mouse.click(box["x"] + box["width"] * 17.5 / 26, box["y"] + 50)
    shown.serve()
    assert cursor(page) == pytest.approx(17.5, abs=0.1) and shown.view.selected is None


def test_two_fingers_zoom_one_pans_and_the_page_still_scrolls(show) -> None:
    shown = show(Waveform(a_minute().finish()), has_touch=True)
    page = shown.show()
    page.evaluate("document.body.style.height = '3000px'")
    fingers = Fingers(shown)
    box = page.locator(PLOT).bounding_box()
    x, y, wide = box["x"], box["y"] + 50, box["width"]
    middle = x + wide / 2
    fingers.draw({1: (middle - 50, y), 2: (middle + 50, y)}, {1: (middle - 200, y), 2: (middle + 200, y)})
    left, width = shown_range(page)
    assert width == pytest.approx(1 / 4, abs=0.02) and left + width / 2 == pytest.approx(0.5, abs=0.02)
    assert page.evaluate("visualViewport.scale") == 1, "the page itself is not zoomed"
    fingers.draw({1: (middle, y)}, {1: (middle - wide / 2, y)})
    assert shown_range(page) == pytest.approx((left + width / 2, width), abs=0.02)
    fingers.draw({1: (middle - 200, y), 2: (middle + 200, y)}, {1: (middle - 20, y), 2: (middle + 20, y)})
    assert shown_range(page) == pytest.approx((0, 1), abs=0.01)
    assert page.evaluate("window.scrollY") == 0 and cursor(page) == 0
    fingers.draw({1: (middle, y + 20)}, {1: (middle, y - 60)})
    page.wait_for_function("window.scrollY > 20")
    assert shown_range(page) == pytest.approx((0, 1), abs=0.01)


def test_the_strip_above_moves_the_view(show) -> None:
    page = show(Waveform(a_minute().finish())).show()
    zoom_in(page, 4)
    width = shown_range(page)[1]
    strip = page.locator(".qaw-overview").bounding_box()
    y = strip["y"] + strip["height"] / 2

    def at(share: float) -> float:
        return strip["x"] + share * strip["width"]

    page.mouse.click(at(0.8), y)
    page.evaluate(NEXT_FRAME)
    assert shown_range(page) == pytest.approx((0.8 - width / 2, width), abs=0.01)
    page.mouse.move(at(0.75), y)
    page.mouse.down()
    page.mouse.move(at(0.25), y, steps=4)
    page.mouse.up()
    page.evaluate(NEXT_FRAME)
    assert shown_range(page) == pytest.approx((0.3 - width / 2, width), abs=0.01)
    page.mouse.move(at(0.9), y)
    page.evaluate(NEXT_FRAME)
    assert shown_range(page)[0] == pytest.approx(0.3 - width / 2, abs=0.01)


def test_space_plays_what_the_kernel_sends_and_the_cursor_moves(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    page.locator(PLOT).focus()
    page.keyboard.press("Space")
    shown.serve()
    page.locator(".qaw-play", has_text="Pause").wait_for()
    page.wait_for_function(f"{SECONDS} > 0.2 && !document.querySelector('.qaw-playhead').hidden")
    place = "parseFloat(document.querySelector('.qaw-playhead').style.transform.slice(11))"
    before = page.evaluate(place)
    page.wait_for_function(f"{place} > {before + 3}")
    page.keyboard.press("Space")
    page.locator(".qaw-play", has_text="Play").wait_for()
    stopped = page.evaluate(SECONDS)
    assert 0.2 < stopped < 20 and page.evaluate("window.runningSounds().length") <= 1
    page.evaluate(NEXT_FRAME)
    assert page.evaluate(SECONDS) == stopped


def test_a_click_while_it_plays_goes_on_from_there(show) -> None:
    shown = show(Waveform(conversation().finish()))
    page = shown.show()
    box = page.locator(PLOT).bounding_box()
    page.locator(".qaw-play").click()
    shown.serve()
    page.mouse.click(box["x"] + box["width"] * 20 / 26, box["y"] + 50)

    def heard() -> bool:
        shown.serve()
        return bool(page.evaluate(SECONDS) > 20.2)

    wait_until(heard, 10, "it plays on from the click")
    assert page.locator(".qaw-play", has_text="Pause").is_visible()


def test_zooming_in_shows_single_samples(show) -> None:
    tone = (0.5 * np.sin(2 * np.pi * 200 * np.arange(16_000 * 60) / 16_000)).astype(np.float32)
    shown = show(Waveform(AudioClip(tone, 16_000)))
    page = shown.show()
    far = painted(page, WAVE)
    page.locator(PLOT).focus()
    for _ in range(20):
        page.keyboard.press("+")
        shown.serve()
    assert 200 < painted(page, WAVE) < far / 10, "a thin line where a filled band was"
    assert shown_range(page)[1] < 0.01


def test_a_growing_recording_is_followed_until_one_pans_away_and_again_on_demand(show) -> None:
    script = Script(60.0)
    script.play(30.0)
    shown = show(Waveform(script.recording))
    page = shown.show()
    live = page.locator(".qaw-live")

    def edge() -> float:
        return sum(shown_range(page))

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


def test_with_reduced_motion_a_growing_recording_moves_in_pages(show) -> None:
    def places(motion: str) -> set[float]:
        script = Script(70.0)
        script.play(30.0)
        shown = show(Waveform(script.recording), reduced_motion=motion)
        page = shown.show()
        seen = set()
        for second in range(31, 61):
            script.play(float(second))
            shown.follow()
            left, width = shown_range(page)
            # Where the view begins, from the share of the whole that the strip marks.
            seen.add(round(left * max(script.recording.duration, 24.0)))
            assert left + width >= 0.99
        return seen

    assert len(places("reduce")) <= 3 and len(places("no-preference")) > 20
