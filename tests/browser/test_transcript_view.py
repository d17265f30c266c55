"""The transcript in a real browser: what it shows, how long lists behave, who is told what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.recordings import Script
from support.view_page import NEXT_FRAME, ViewPage
from support.waiting import wait_until

from qwen_asr_widgets.widgets.transcript_view import TranscriptView

pytestmark = pytest.mark.browser

ROWS = ".qaw-list .qaw-row"
LIST = ".qaw-list"
LISTEN = """() => {
  window.leaked = [];
  document.addEventListener('keydown', (event) => window.leaked.push(event.key));
}"""
EDGES = "(rows) => rows.map((row) => row.getBoundingClientRect()).map((box) => [box.top, box.bottom])"
CLIPBOARD = "({ writeText: async (text) => { window.copied = text; } })"


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


def few() -> Script:
    script = Script(30.0)
    script.turn("a", 1.1, 5.2, "So the first thing is the waveform.", partials=[(0.6, "", "so")])
    script.turn("b", 6.3, 9.6, "<img src=x onerror=window.hacked=1><b>bold</b>", language="zh")
    script.turn("c", 11.0, 12.0, "")
    return script


def many(count: int = 400) -> Script:
    script = Script(2.0 * count + 5)
    for k in range(count):
        text = f"utterance {k + 1} " + "and more words " * (k % 9)
        script.turn(f"t{k}", 2.0 * k + 0.2, 2.0 * k + 0.9, text)
    return script


def test_a_row_says_when_what_and_how_long(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    first = page.locator(ROWS).first.inner_text().split("\n")
    assert first == [
        "1", "0:01.1 – 0:05.2", "So the first thing is the waveform.", "en", "first partial 0.50 s",
        "final 1.00 s",
    ]
    foot = page.locator(".qaw-foot").inner_text()
    assert "utterances: 3" in foot and "pocketsphinx" in foot and "n = 3" in foot


def test_markup_in_a_transcript_stands_as_text(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    assert "<img src=x onerror=window.hacked=1><b>bold</b>" in page.locator(ROWS).nth(1).inner_text()
    page.locator(".qaw-search").fill("img src")
    page.evaluate(NEXT_FRAME)
    assert page.locator("mark").inner_text() == "img src"
    assert page.evaluate("window.hacked === undefined")
    assert page.locator(".qaw img, .qaw-row b b").count() == 0


def test_a_draft_is_dim_and_italic_and_settles_to_plain(show) -> None:
    script = few()
    script.turn("d", 18.0, 20.0, "", partials=[(0.5, "The threshold", " decides what")], close=False)
    shown = show(TranscriptView(script.recording))
    page = shown.show()
    row = page.locator(ROWS).nth(3)
    assert row.locator(".qaw-text").inner_text() == "The threshold decides what"
    assert row.locator(".qaw-draft").inner_text().strip() == "decides what"
    assert row.locator(".qaw-draft").evaluate("(e) => getComputedStyle(e).fontStyle") == "italic"
    assert "listening…" in row.inner_text() and "…" in row.locator(".qaw-row-time").inner_text()
    script.partial("d", 19.5, "The threshold decides what", "")
    shown.follow()
    assert row.locator(".qaw-draft").count() == 0


def test_hundreds_of_rows_draw_only_what_is_in_sight(show) -> None:
    shown = show(TranscriptView(many().finish()))
    page = shown.show()
    assert page.locator(ROWS).count() < 40
    page.locator(LIST).focus()
    page.keyboard.press("End")
    page.locator(f"{ROWS}[data-number='400']").wait_for()
    page.evaluate(NEXT_FRAME)
    box, area = page.locator(ROWS).last.bounding_box(), page.locator(LIST).bounding_box()
    assert box["y"] + box["height"] <= area["y"] + area["height"] + 1
    assert page.locator(ROWS).count() < 40
    assert page.locator(ROWS).last.get_attribute("aria-posinset") == "400"
    page.keyboard.press("Home")
    page.locator(f"{ROWS}[data-number='1']").wait_for()


def test_rows_of_different_height_never_overlap(show) -> None:
    page = show(TranscriptView(many(60).finish())).show()
    for top in (0, 300, 900, 1500):
        page.locator(LIST).evaluate("(list, top) => { list.scrollTop = top; }", top)
        for _ in range(3):
            page.evaluate(NEXT_FRAME)
        boxes = page.locator(ROWS).evaluate_all(EDGES)
        assert all(abs(after[0] - before[1]) < 1 for before, after in zip(boxes, boxes[1:]))


def test_search_and_filter_leave_what_matches(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    page.locator(".qaw-search").fill("WAVEFORM")
    page.evaluate(NEXT_FRAME)
    assert page.locator(ROWS).count() == 1 and page.locator("mark").inner_text() == "waveform"
    page.locator(".qaw-search").fill("nothing like it")
    page.locator(".qaw-empty", has_text="Clear the search").wait_for()
    page.locator(".qaw-search").fill("")
    page.locator("button", has_text="Problems (1)").click()
    page.evaluate(NEXT_FRAME)
    assert [row.split("\n")[0] for row in page.locator(ROWS).all_inner_texts()] == ["3"]


def test_keys_walk_through_the_list_and_never_reach_the_page(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    page.evaluate(LISTEN)
    page.locator(LIST).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.evaluate(NEXT_FRAME)
    assert page.locator("[aria-selected='true']").get_attribute("data-number") == "2"
    active = page.locator(LIST).get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("data-number") == "2"
    assert page.evaluate("window.bare.model.get('selected')") == 2 and page.evaluate("leaked") == []


def test_copying_gives_plain_lines(show) -> None:
    page = show(TranscriptView(few().finish()), permissions=["clipboard-read", "clipboard-write"]).show()
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ value: {CLIPBOARD} }})")
    page.locator("button", has_text="Copy text").click()
    page.locator("button", has_text="Copied").wait_for()
    assert page.evaluate("copied").split("\n")[0] == "0:01.1  So the first thing is the waveform."


def test_screen_readers_hear_finals_only_and_each_once(show) -> None:
    script = few()
    shown = show(TranscriptView(script.recording))
    page = shown.show()
    spoken = page.locator("[aria-live]")
    assert spoken.text_content() == ""
    script.partial("c", 12.5, "half", " a draft")
    shown.follow()
    assert spoken.text_content() == ""
    script.turn("d", 18.0, 20.0, "a final", partials=[(0.5, "", "a dra")])
    shown.follow()
    assert spoken.text_content() == "4: a final"


def test_a_growing_list_stays_at_its_end_unless_one_reads_above(show) -> None:
    script = many(40)
    shown = show(TranscriptView(script.recording))
    page = shown.show()
    page.locator(LIST).evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    page.evaluate(NEXT_FRAME)
    script.samples = script.samples.repeat(2)
    script.turn("new", 82.0, 82.5, "the newest words")
    shown.follow()
    page.locator(ROWS, has_text="the newest words").wait_for()
    page.locator(LIST).evaluate("(list) => { list.scrollTop = 0; }")
    page.evaluate(NEXT_FRAME)
    script.turn("newer", 84.0, 84.5, "words still newer")
    shown.follow()
    assert page.locator(LIST).evaluate("(list) => list.scrollTop") == 0
    assert page.locator("button", has_text="Jump to live").is_visible()


@pytest.mark.parametrize(("lang", "width"), [("en", 400), ("zh", 400), ("zh", 900)])
def test_nothing_is_cut_off(show, lang, width) -> None:
    page = show(TranscriptView(few().finish(), lang=lang), viewport={"width": width, "height": 800}).show()
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(show, theme) -> None:
    page = show(TranscriptView(few().finish())).show(theme)
    page.locator(ROWS).first.click()
    page.evaluate(NEXT_FRAME)
    assert low_contrast(page) == []


def test_fingers_get_large_targets(show) -> None:
    page = show(TranscriptView(few().finish()), has_touch=True, is_mobile=True,
                viewport={"width": 400, "height": 800}).show()
    assert small_targets(page) == []


def test_fifty_views_leave_nothing_behind(show) -> None:
    shown = show(TranscriptView(many(60).finish()))
    page = shown.show()
    page.evaluate("() => window.bare.views.pop()()")

    def one_view() -> None:
        page.evaluate("async () => { window.close_view = await window.bare.open(); }")
        shown.serve()
        page.evaluate("async () => { await window.close_view(); window.close_view = null; }")
        shown.serve()

    one_view()
    before = shown.counters()
    for _ in range(50):
        one_view()

    def grown() -> dict[str, float]:
        after = shown.counters()
        return {name: after[name] - before[name] for name in after if after[name] > before[name]}

    wait_until(lambda: not grown() or None, 10, "everything of the closed views is gone")
