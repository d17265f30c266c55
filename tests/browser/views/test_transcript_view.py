"""The transcript in a real browser: what its rows say, what is copied, who is told what."""

from __future__ import annotations

import numpy as np
import pytest
from support.recordings import Script
from support.transcript_page import ROWS, few
from support.view_page import NEXT_FRAME

from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView

pytestmark = pytest.mark.browser

CLIPBOARD = "({ writeText: async (text) => { window.copied = text; } })"


def test_a_row_says_when_what_and_how_long(show) -> None:
    page = show(TranscriptView(few().finish())).show()
    first = page.locator(ROWS).first.inner_text().split("\n")
    assert first == [
        "1", "0:01.1 – 0:05.2", "So the first thing is the waveform.", "en", "first partial 0.50 s",
        "finalization 1.00 s",
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
    none = "no first partial: the final came first"
    assert chips == [["yue", "happy", none, "finalization 1.00 s"], [none, "finalization 1.00 s"]]


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


def test_the_bar_of_a_wait_is_as_long_as_the_wait_and_full_from_a_second_on(show) -> None:
    script = Script(14.0)
    for item, onset, decode in (("a", 1.0, 0.1), ("b", 4.0, 0.6), ("c", 7.0, 1.4)):
        script.turn(item, onset, onset + 1.5, "words", endpoint=0.2, decode=decode)
    page = show(TranscriptView(script.finish())).show()
    bars = page.locator(".qaw-wait-bar").all()
    whole = [bar.bounding_box()["width"] for bar in bars]
    filled = [sum(part.bounding_box()["width"] for part in bar.locator("i").all()) for bar in bars]
    assert np.divide(filled, whole) == pytest.approx([0.3, 0.8, 1], abs=0.02)
    assert bars[0].get_attribute("title").endswith("A full bar is 1.00 s or more.")


def test_waits_that_mean_nothing_are_not_shown_and_one_sentence_says_why(show) -> None:
    script = Script(12.0, pace=None)
    script.turn("a", 1.0, 3.0, "words", partials=[(0.5, "", "w")], language="en")
    page = show(TranscriptView(script.finish())).show()
    assert page.locator(".qaw-chip").all_inner_texts() == ["en"]
    assert not page.locator(".qaw-legend").is_visible()
    foot = page.locator(".qaw-foot").inner_text()
    assert "Waits are not shown: this was sent as fast as it was taken" in foot and "median" not in foot


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


def test_what_stays_in_the_saved_notebook_is_switched_by_keyboard(show) -> None:
    shown = show(TranscriptView(few().finish(), lang="zh"))
    page = shown.show()
    switch = page.get_by_label("保留在保存的笔记本中")
    switch.focus()
    page.keyboard.press("Space")
    shown.serve()
    assert shown.view.save_outputs is False and not switch.is_checked()
