"""Widgets at a projector: large, with strong contrast, and worked by keys that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.painted import NOTE_TEXTS, PLOT
from support.recordings import three_turns
from support.transcriber_page import Show
from support.transcribing import script
from support.tuner_page import HANDLE, middle
from support.view_page import NEXT_FRAME

import qwen_asr_widgets as qaw
from qwen_asr_widgets import CompareView, ProtocolView, Transcriber, VadTuner, replay, sample

pytestmark = pytest.mark.browser

LARGER = 1.6
AAA = 7
"""Contrast that WCAG 2 asks of texts at its level AAA."""

PROJECTOR = {"viewport": {"width": 1280, "height": 720}}

VIEWS: dict[str, Callable[[], Any]] = {
    "compare": lambda: CompareView(three_turns(), three_turns()),
    "replay": lambda: replay(three_turns()),
    "protocol": lambda: ProtocolView(three_turns()),
    "tuner": lambda: VadTuner(sample("conversation").clip[:13.6], sample("conversation").turns[:3]),
}

# Write every ink of the texts on canvases as a text of the page, over what such texts stand on.
SHOW_INKS = """() => {
  const root = document.querySelector('.qaw');
  const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const shown = root.appendChild(document.createElement('p'));
  shown.className = 'qaw-inks';
  for (const ink of new Set(window.drawnTexts.map(({ colour }) => colour))) {
    const said = shown.appendChild(document.createElement('span'));
    said.textContent = ink;
    said.style.color = ink;
    said.style.background = `var(${ink === token('--qaw-on-accent') ? '--qaw-accent' : '--qaw-turn-fill'})`;
  }
  return shown.childElementCount;
}"""

FORGET_INKS = "() => { document.querySelector('.qaw-inks').remove(); window.drawnTexts = []; }"

SET_THEME = "(dark) => { document.body.dataset.jpThemeLight = String(!dark); }"

SEEN_TYPE = "(e) => parseFloat(getComputedStyle(e).fontSize) * e.currentCSSZoom"

# What can be pressed, turned, typed into or dragged; of radio buttons one is reached, arrows do the rest.
CONTROLS = """() => {
  const kinds = 'button, summary, select, input:not([type=radio]), textarea, a[href]';
  const roles = "[role=slider], [role=listbox], [role=tree]";
  const all = [...document.querySelectorAll(`.qaw :is(${kinds}, ${roles})`)];
  const wanted = all.filter((e) => e.checkVisibility() && !e.disabled && e.type !== 'file');
  for (const element of wanted) element.setAttribute('data-wanted', '');
  return wanted.length;
}"""

# What has the focus is no longer wanted, if its ring can be seen.
NOTE_FOCUS = """() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const ring = outlineStyle === 'none' ? 0 : parseFloat(outlineWidth) * at.currentCSSZoom;
  if (ring >= 4) at.removeAttribute('data-wanted');
}"""


@pytest.fixture(autouse=True)
def at_a_projector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qaw, "presentation", True)


@pytest.mark.parametrize("name", VIEWS)
def test_every_text_stands_out_seven_to_one_in_both_themes(show, show_tuner, name: str) -> None:
    page = (show_tuner if name == "tuner" else show)(VIEWS[name](), f"({NOTE_TEXTS})()", **PROJECTOR).show()
    for dark in (False, True):
        page.evaluate(SET_THEME, dark)
        page.wait_for_function("window.drawnTexts.length > 0")
        page.evaluate(NEXT_FRAME)
        assert page.evaluate(SHOW_INKS)
        assert low_contrast(page, least=AAA) == []
        page.evaluate(FORGET_INKS)


@pytest.mark.parametrize("name", ["tuner", "protocol"])
def test_type_controls_and_canvases_are_larger_and_sharp(show, show_tuner, name: str) -> None:
    page = (show_tuner if name == "tuner" else show)(VIEWS[name](), **PROJECTOR).show()
    keys = page.locator(".qaw-keys")
    assert keys.evaluate(SEEN_TYPE) == pytest.approx(LARGER * 13)
    assert small_targets(page) == []
    canvas = page.locator(f"{PLOT} canvas, .qaw-events-strip").first
    assert canvas.evaluate("(e) => e.width / e.clientWidth") == pytest.approx(LARGER, rel=0.01)
    own = canvas.evaluate("(e) => e.clientWidth")
    assert canvas.bounding_box()["width"] == pytest.approx(LARGER * own, rel=0.01)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_pointer_finds_what_it_points_at(show_tuner) -> None:
    shown = show_tuner(VIEWS["tuner"](), **PROJECTOR)
    page = shown.show()
    x, y = middle(page, HANDLE)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 40, steps=4)
    page.mouse.up()
    shown.serve()
    assert middle(page, HANDLE)[1] == pytest.approx(y - 40, abs=2)
    lane = page.locator(".qaw-tuner-lane").bounding_box()
    third = sample("conversation").turns[2]
    at = lane["x"] + (third.start + third.end) / 2 / 13.6 * lane["width"]
    page.mouse.click(at, lane["y"] + lane["height"] / 2)
    shown.serve()
    assert "3" in page.locator(".qaw-tuner-lane").get_attribute("aria-valuetext")
    mark = page.locator(".qaw-help").first
    mark.click()
    text = page.locator(".qaw-help-text:popover-open")
    box, under = text.bounding_box(), mark.bounding_box()
    assert 0 <= box["x"] <= under["x"] and box["x"] + box["width"] <= 1280
    assert 0 <= box["y"] and box["y"] + box["height"] <= 720


def test_the_keys_of_the_focused_place_are_said(show, show_tuner) -> None:
    page = show_tuner(VIEWS["tuner"](), **PROJECTOR).show()
    said = page.locator(".qaw-keys")
    tab = said.inner_text()
    assert tab == "Tab, Shift + Tab: next, previous control"
    for place, keys in [
        (HANDLE, "↑ ↓: 0.01 (Shift: 0.1)"), (PLOT, "Space: play"), (".qaw-tuner-lane", "Insert: add"),
        ("button", "Enter, Space: press"), ("input[type=range]", "← →: change"),
    ]:
        page.locator(f"{place} >> visible=true").first.focus()
        assert keys in said.inner_text() and said.inner_text().endswith(tab), place
    assert "N: next error" not in said.inner_text(), "a slider takes letters for itself"
    page.evaluate("document.activeElement.blur()")
    assert said.inner_text() == tab


@pytest.mark.parametrize("name", VIEWS)
def test_every_control_is_reached_by_tab_and_stands_out(show, show_tuner, name: str) -> None:
    page = (show_tuner if name == "tuner" else show)(VIEWS[name](), **PROJECTOR).show()
    page.evaluate("document.querySelectorAll('.qaw details').forEach((e) => { e.open = true; })")
    wanted = page.evaluate(CONTROLS)
    for _ in range(wanted + 20):
        page.keyboard.press("Tab")
        page.evaluate(NOTE_FOCUS)
        if page.evaluate("document.activeElement === document.body"):
            break
    assert page.evaluate("[...document.querySelectorAll('[data-wanted]')].map((e) => e.outerHTML)") == []


def test_it_is_switched_while_the_widget_is_open(show) -> None:
    shown = show(VIEWS["protocol"](), **PROJECTOR)
    page = shown.show()
    keys = page.locator(".qaw-keys")
    assert keys.is_visible()
    shown.view.presentation = False
    shown.serve()
    assert not keys.is_visible() and page.locator(".qaw").evaluate("(e) => e.currentCSSZoom") == 1
    shown.view.presentation = True
    shown.serve()
    assert keys.is_visible()


def test_a_transcriber_is_shown_so_too(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation").clip[:8.0], script(), pace=None), **PROJECTOR)
    page = shown.page
    assert low_contrast(page, ".qaw-tr", AAA) == [] == cut_off(page, ".qaw-tr-bar")
    shown.press("Transcribe")
    shown.settled()
    for dark in (False, True):
        page.evaluate(SET_THEME, dark)
        assert low_contrast(page, ".qaw-tr", AAA) == [] == cut_off(page, ".qaw-tr-bar")
    assert page.locator(".qaw-keys").evaluate(SEEN_TYPE) == pytest.approx(LARGER * 13)
    page.locator(PLOT).focus()
    assert "R: select what is in sight" in page.locator(".qaw-keys").inner_text()
