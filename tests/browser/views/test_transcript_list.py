"""The list of a transcript in a real browser: long, growing, searched, walked by keys, hidden, closed."""

from __future__ import annotations

import pytest
from support.recordings import Script
from support.transcript_page import EDGES, LIST, ROWS, few, many
from support.view_page import CHANGE_THEME, COUNT_FRAMES, NEXT_FRAME, assert_views_leave_nothing

from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView

pytestmark = pytest.mark.browser


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


def test_every_row_is_read_whole_on_the_way_down_and_the_last_one_at_the_end(show) -> None:
    page = show(TranscriptView(many(24).finish()), viewport={"width": 400, "height": 700}).show()
    whole, before = set(), -1.0
    while (top := page.locator(LIST).evaluate("(list) => list.scrollTop")) != before:
        ((low, high),) = page.locator(LIST).evaluate_all(EDGES)
        rows = page.locator(ROWS)
        numbers = rows.evaluate_all("(rows) => rows.map((row) => Number(row.dataset.number))")
        edges = zip(numbers, rows.evaluate_all(EDGES), strict=True)
        whole |= {number for number, (upper, lower) in edges if upper >= low - 1 and lower <= high + 1}
        before = top
        page.locator(LIST).evaluate("(list) => { list.scrollTop += 90; }")
        page.evaluate(NEXT_FRAME)
    assert whole == set(range(1, 25))


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


def test_keys_walk_through_the_list_play_and_never_reach_the_page(show) -> None:
    shown = show(TranscriptView(few().finish()))
    page = shown.show()
    shown.listen_for_keys()
    page.evaluate("document.addEventListener('qaw-select', ({ detail }) => { window.chosen = detail; })")
    page.locator(LIST).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.evaluate(NEXT_FRAME)
    assert page.locator("[aria-selected='true']").get_attribute("data-number") == "2"
    active = page.locator(LIST).get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("data-number") == "2"
    assert page.evaluate("[chosen.number, chosen.play]") == [2, False]
    page.keyboard.press("Enter")
    assert page.evaluate("[chosen.number, chosen.play]") == [2, True], "waveforms of the recording play it"
    shown.serve()
    assert shown.view.selected == 2 and shown.leaked_keys == []


@pytest.mark.parametrize("capture", [{}, {"device": "USB"}], ids=["sent", "spoken"])
def test_what_was_sent_again_is_read_from_its_top_and_what_was_spoken_from_its_end(
    show, capture: dict[str, str]
) -> None:
    script = Script(90.0, capture=capture)
    shown = show(TranscriptView(script.recording))
    page = shown.show()

    def row_at_top() -> tuple[int, float]:
        page.evaluate(NEXT_FRAME)
        top = page.locator(LIST).bounding_box()["y"]
        drawn = page.locator(ROWS).all()
        rows = [(int(row.get_attribute("data-number")), row.bounding_box()) for row in drawn]
        number, box = next((number, box) for number, box in rows if box["y"] + box["height"] > top + 1)
        return number, box["y"] - top

    for k in range(33):
        text = f"utterance {k + 1} " + "and more words " * (k % 9)
        script.turn(f"t{k}", 2.0 * k + 0.2, 2.0 * k + 0.9, text)
    shown.follow()
    page.locator(f"{ROWS}[data-number='33']").wait_for()
    last, area = page.locator(ROWS).last.bounding_box(), page.locator(LIST).bounding_box()
    assert last["y"] + last["height"] <= area["y"] + area["height"] + 1, "while it grows its end is in sight"
    at_end, above = row_at_top()
    assert at_end > 20 and above == pytest.approx(0, abs=2)
    script.finish()
    shown.follow()
    assert row_at_top() == (at_end if capture else 1, pytest.approx(0, abs=2))


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
    live = page.locator("button", has_text="Jump to live")
    assert live.is_visible()
    live.click()
    page.locator(ROWS, has_text="words still newer").wait_for()
    page.evaluate(NEXT_FRAME)
    assert live.is_hidden()


def test_a_hidden_list_costs_no_frames(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    page.evaluate(COUNT_FRAMES)
    page.evaluate(CHANGE_THEME, True)
    page.evaluate("document.querySelector('.qaw').parentElement.style.display = 'none'")
    page.locator(".qaw-search").evaluate("(e) => e.dispatchEvent(new Event('input'))")
    page.evaluate(NEXT_FRAME)
    asked = page.evaluate("window.framesAsked")
    for _ in range(3):
        page.evaluate(NEXT_FRAME)
    assert page.evaluate("window.framesAsked") == asked + 6, "those of this test"


def test_many_views_leave_nothing_behind(show) -> None:
    shown = show(TranscriptView(many(60).finish()))
    page = shown.show()

    def use(number: int) -> None:
        page.locator(LIST).focus()
        page.keyboard.press("End" if number % 2 else "Home")
        page.locator(".qaw-search").fill("utterance")
        assert page.locator(ROWS).count() > 5

    assert_views_leave_nothing(shown, use)
