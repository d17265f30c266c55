"""How a transcript looks in a real browser: every width, theme, contrast, language; at rest; to fingers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from support.looks import cut_off, low_contrast, small_targets
from support.transcript_page import EDGES, LIST, ROWS, few, many
from support.view_page import CHANGE_THEME, NEXT_FRAME

from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [366, 900])
def test_the_two_parts_of_a_wait_are_named_at_every_width(show, width) -> None:
    page = show(TranscriptView(few().finish()), viewport={"width": width, "height": 800}).show()
    legend = page.locator(".qaw-legend")
    words = [word for word in legend.inner_text().split("\n") if word != "?"]
    assert words == ["Finalization", "endpoint delay", "decode delay"]
    assert all(swatch.is_visible() for swatch in page.locator(".qaw-legend i").all())


@pytest.mark.parametrize(("lang", "width"), [("en", 400), ("zh", 400), ("zh", 900)])
def test_nothing_is_cut_off(show, lang, width) -> None:
    page = show(TranscriptView(few().finish(), lang=lang), viewport={"width": width, "height": 800}).show()
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [620, 900])
def test_words_keep_their_room_beside_long_remarks(show, width) -> None:
    page = show(TranscriptView(few().finish()), viewport={"width": width, "height": 800}).show()
    assert "no first partial: the final came first" in page.locator(ROWS).nth(1).inner_text()
    widths = page.locator(f"{ROWS} .qaw-text").evaluate_all("all => all.map((one) => one.offsetWidth)")
    assert min(widths) >= 200 and cut_off(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_ring_of_focus_is_whole_on_all_sides_and_inside_the_list(show, theme) -> None:
    shown = show(TranscriptView(many(30).finish()))
    page = shown.show(theme)
    page.locator(LIST).focus()
    page.keyboard.press("ArrowDown")
    shown.serve()
    ring = page.locator(LIST).evaluate("(e) => getComputedStyle(e).outlineColor.match(/[0-9]+/g).map(Number)")
    box = page.locator(LIST).bounding_box()
    left, top, right, bottom = (round(v) for v in (
        box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]))
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    pixels = np.asarray(image, dtype=int)[top:bottom, left:right]
    sides = (pixels[:, 0], pixels[:, -1], pixels[0], pixels[-1])
    for name, side in zip(("left", "right", "top", "bottom"), sides):
        assert np.abs(side - ring).max() <= 3, f"the {name} side has gaps"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_row_and_chip_reads_well_plain_hovered_and_selected(show, theme) -> None:
    script = few()
    script.turn("d", 18.0, 20.0, "", partials=[(0.5, "The threshold", " decides what")], close=False)
    page = show(TranscriptView(script.recording)).show(theme)
    assert low_contrast(page) == []
    page.locator(".qaw-search").fill("the")
    page.evaluate(NEXT_FRAME)
    for number in ("1", "4"):
        row = page.locator(f"{ROWS}[data-number='{number}']")
        row.hover()
        assert low_contrast(page) == []
        row.click()
        page.mouse.move(0, 0)
        page.evaluate(NEXT_FRAME)
        assert row.get_attribute("aria-selected") == "true" and low_contrast(page) == []
        row.hover()
        assert low_contrast(page) == []
    page.locator(".qaw-search").fill("")
    page.locator("button", has_text="Problems").click()
    page.evaluate(NEXT_FRAME)
    assert page.locator(".qaw-row-problem").count() == 1 and low_contrast(page) == []
    ink = page.locator(".qaw-search").evaluate("(e) => getComputedStyle(e, '::placeholder').color")
    assert ink == page.locator(".qaw-foot").evaluate("(e) => getComputedStyle(e).color")


def test_a_change_of_theme_leaves_every_row_whole_on_a_narrow_page(show) -> None:
    page = show(TranscriptView(few().finish()), viewport={"width": 382, "height": 800}).show()
    before = page.locator(ROWS).evaluate_all(EDGES)
    for dark in (True, False):
        page.evaluate(CHANGE_THEME, dark)
        page.evaluate(NEXT_FRAME)
        area = page.locator(LIST).bounding_box()
        rows = page.locator(ROWS).evaluate_all(EDGES)
        assert len(rows) == 3 and rows[-1][1] <= area["y"] + area["height"] + 1
    assert rows == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_high_contrast_of_the_system_leaves_nothing_invisible(show, scheme) -> None:
    shown = show(TranscriptView(few().finish()), forced_colors="active", color_scheme=scheme)
    page = shown.show(None)
    page.locator(ROWS).first.click()
    page.locator("button", has_text="Problems").click()
    page.evaluate(NEXT_FRAME)
    assert low_contrast(page) == []
    page.locator("button", has_text="Problems").click()
    page.evaluate(NEXT_FRAME)
    outline = "(e) => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
    assert page.locator("[aria-selected='true']").evaluate(outline) == ["solid", 2]
    ground = "(e) => getComputedStyle(e).backgroundColor"
    wait, under = (page.locator(place).first.evaluate(ground) for place in (".qaw-swatch-wait", ".qaw"))
    assert wait != under


def test_nothing_moves_by_itself(show) -> None:
    page = show(TranscriptView(many(40).finish()), reduced_motion="reduce").show()
    page.locator(LIST).focus()
    page.keyboard.press("End")
    page.evaluate(NEXT_FRAME)
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.locator(LIST).evaluate("(list) => getComputedStyle(list).scrollBehavior") == "auto"
    assert page.locator(f"{ROWS}[data-number='40']").is_visible()


def test_fingers_get_large_targets(show) -> None:
    page = show(TranscriptView(few().finish()), has_touch=True, is_mobile=True,
                viewport={"width": 400, "height": 800}).show()
    assert small_targets(page) == []
