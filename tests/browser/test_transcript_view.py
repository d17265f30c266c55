"""The transcript in a real browser: what it shows, how long lists behave, who is told what."""

from __future__ import annotations

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.recordings import Script
from support.view_page import CHANGE_THEME, COUNT_FRAMES, NEXT_FRAME, assert_views_leave_nothing

from qwen_asr_widgets.widgets.transcript_view import TranscriptView

pytestmark = pytest.mark.browser

ROWS = ".qaw-list .qaw-row"
LIST = ".qaw-list"
EDGES = "(rows) => rows.map((row) => row.getBoundingClientRect()).map((box) => [box.top, box.bottom])"
CLIPBOARD = "({ writeText: async (text) => { window.copied = text; } })"


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


def test_language_and_emotion_stand_where_they_are_known(show) -> None:
    script = Script(12.0)
    script.turn("a", 1.0, 3.0, "", language="yue", final=False)
    script.come({"type": "conversation.item.input_audio_transcription.completed", "item_id": "a",
                 "transcript": "好开心", "language": "yue", "emotion": "happy"}, 4.0)
    script.turn("b", 6.0, 8.0, "nothing known of it", language=None)
    page = show(TranscriptView(script.finish())).show()
    chips = [row.locator(".qaw-chip").all_inner_texts() for row in page.locator(ROWS).all()]
    assert chips == [["yue", "happy", "final 1.00 s"], ["final 1.00 s"]]


def test_an_emotion_is_named_in_the_readers_language(show) -> None:
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "", final=False)
    script.come({"type": "conversation.item.input_audio_transcription.completed", "item_id": "a",
                 "transcript": "words", "language": "zh", "emotion": "surprised"}, 4.0)
    page = show(TranscriptView(script.finish(), lang="zh")).show()
    assert page.locator(".qaw-chip").all_inner_texts()[:2] == ["zh", "惊讶"]


def test_a_wait_is_split_where_the_end_of_speech_was_noticed(show) -> None:
    script = Script(12.0)
    script.turn("a", 1.0, 3.0, "words", endpoint=0.9, decode=0.3)
    page = show(TranscriptView(script.finish())).show()
    bar = page.locator(".qaw-wait-bar")
    assert bar.get_attribute("aria-label") == "endpoint delay 0.90 s, decode delay 0.30 s"
    plain, hatched = (part.bounding_box()["width"] for part in bar.locator("i").all())
    assert plain / (plain + hatched) == pytest.approx(0.75, abs=0.02)


def test_waits_that_mean_nothing_are_not_shown_and_one_sentence_says_why(show) -> None:
    script = Script(12.0, pace=None)
    script.turn("a", 1.0, 3.0, "words", partials=[(0.5, "", "w")], language="en")
    page = show(TranscriptView(script.finish())).show()
    assert page.locator(".qaw-chip").all_inner_texts() == ["en"]
    assert not page.locator(".qaw-legend").is_visible()
    foot = page.locator(".qaw-foot").inner_text()
    assert "Waits are not shown: this was sent as fast as it was taken" in foot and "median" not in foot


@pytest.mark.parametrize("width", [366, 900])
def test_the_two_parts_of_a_wait_are_named_at_every_width(show, width) -> None:
    page = show(TranscriptView(few().finish()), viewport={"width": width, "height": 800}).show()
    legend = page.locator(".qaw-legend")
    assert legend.inner_text().split("\n") == ["Latency", "endpoint delay", "decode delay"]
    assert all(swatch.is_visible() for swatch in page.locator(".qaw-legend i").all())


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


def test_every_row_is_read_whole_on_the_way_down_and_the_last_one_at_the_end(show) -> None:
    page = show(TranscriptView(many(60).finish()), viewport={"width": 400, "height": 700}).show()
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
    assert whole == set(range(1, 61))


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


def test_copying_gives_plain_lines(show) -> None:
    page = show(TranscriptView(few().finish()), permissions=["clipboard-read", "clipboard-write"]).show()
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ value: {CLIPBOARD} }})")
    page.locator("button", has_text="Copy text").click()
    page.locator("button", has_text="Copied").wait_for()
    assert page.evaluate("copied").split("\n")[0] == "0:01.1  So the first thing is the waveform."


def test_copying_works_where_the_page_has_no_clipboard_and_says_where_it_does_not(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate("document.addEventListener('copy', ({ target }) => { window.copied = target.value; })")
    page.locator("button", has_text="Copy text").click()
    page.locator("button", has_text="Copied").wait_for()
    assert page.evaluate("copied").split("\n")[2] == "0:11.0" and page.locator("textarea").count() == 0
    page.evaluate("document.execCommand = () => false")
    page.locator("button", has_text="Copied").click()
    page.locator("button", has_text="The browser refused to copy").wait_for()


@pytest.mark.parametrize("capture", [{}, {"device": "USB"}], ids=["sent", "spoken"])
def test_what_was_sent_again_is_read_from_its_top_and_what_was_spoken_from_its_end(
    show, capture: dict[str, str]
) -> None:
    script = Script(90.0, capture=capture)
    shown = show(TranscriptView(script.recording))
    page = shown.show()

    at_end = 26

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
    assert row_at_top() == (at_end, pytest.approx(0, abs=2))
    script.finish()
    shown.follow()
    assert row_at_top() == (at_end if capture else 1, pytest.approx(0, abs=2))


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
    live = page.locator("button", has_text="Jump to live")
    assert live.is_visible()
    live.click()
    page.locator(ROWS, has_text="words still newer").wait_for()
    page.evaluate(NEXT_FRAME)
    assert live.is_hidden()


@pytest.mark.parametrize(("lang", "width"), [("en", 400), ("zh", 400), ("zh", 900)])
def test_nothing_is_cut_off(show, lang, width) -> None:
    page = show(TranscriptView(few().finish(), lang=lang), viewport={"width": width, "height": 800}).show()
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


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


def test_fifty_views_leave_nothing_behind(show) -> None:
    shown = show(TranscriptView(many(60).finish()))
    page = shown.show()

    def use(number: int) -> None:
        page.locator(LIST).focus()
        page.keyboard.press("End" if number % 2 else "Home")
        page.locator(".qaw-search").fill("utterance")
        assert page.locator(ROWS).count() > 5

    assert_views_leave_nothing(shown, use)


def test_what_stays_in_the_saved_notebook_is_switched_by_keyboard(show) -> None:
    shown = show(TranscriptView(few().finish(), lang="zh"))
    page = shown.show()
    switch = page.get_by_label("保留在保存的笔记本中")
    switch.focus()
    page.keyboard.press("Space")
    shown.serve()
    assert shown.view.save_outputs is False and not switch.is_checked()
