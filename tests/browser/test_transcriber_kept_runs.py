"""The switcher of a transcriber's runs, and how few clicks lead to the same sound with other settings."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast
from support.recordings import Script, three_turns
from support.transcriber_page import Show, TranscriberPage
from support.transcribing import script

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

COUNT_CLICKS = """() => {
  window.clicks = 0;
  addEventListener('click', () => { window.clicks += 1; }, true);
}"""


def three_runs(**options: Any) -> Transcriber:
    """Return a transcriber with three runs of one sound, the second incomplete; it shows the third."""
    view = Transcriber(three_turns(), **options)
    broken = Script(12.0).turn("a", 1.0, 3.0, "so the first thing").finish()
    broken.finish(complete=False)
    for recording in (broken, three_turns()):
        view.model.show_run(view.model.runs.add(recording, view.model.sound).number)
    return view


def runs(shown: TranscriberPage) -> list[str]:
    """Return what stands on the switcher's buttons."""
    return [text.replace("\n", " ") for text in shown.page.locator(".qaw-run").all_inner_texts()]


@pytest.mark.parametrize("width, theme, lang", [
    (1400, "light", "en"), (900, "dark", "zh"), (420, "dark", "en"),
])
def test_runs_are_switched_named_pinned_and_thrown_away_after_a_question(
    show_transcriber: Show, width: int, theme: str, lang: str
) -> None:
    view = three_runs(lang=lang)
    viewport = {"width": width, "height": 1000}
    shown = show_transcriber(view, theme=theme, viewport=viewport)
    page = shown.page
    assert len(runs(shown)) == 3 and page.locator(".qaw-run[aria-pressed=true]").count() == 1
    assert cut_off(page) == low_contrast(page) == []
    if lang != "en":
        return
    page.locator(".qaw-run").nth(1).click()
    shown.until(lambda: page.locator(".qaw-row[data-number]").count() == 1, what="the second run is shown")
    assert "incomplete" in runs(shown)[1]
    assert page.get_by_role("button", name="Pin as baseline").is_disabled()
    assert "Now (incomplete)" in page.locator(".qaw-compared tbody").inner_text()
    page.locator(".qaw-run").first.click()
    shown.until(lambda: page.locator(".qaw-row[data-number]").count() == 3, what="the first run is back")
    shown.press("Pin as baseline")
    shown.until(lambda: "baseline" in runs(shown)[0], what="it is marked")
    shown.press("Name…")
    page.get_by_role("textbox", name="Name of this run").fill("balanced")
    page.keyboard.press("Enter")
    shown.until(lambda: runs(shown)[0].startswith("balanced"), what="it has its name")
    page.locator(".qaw-run").nth(2).click()
    compared = page.locator(".qaw-compared tbody")
    shown.until(lambda: "Baseline" in compared.inner_text(), what="it is compared with it")
    shown.press("Throw away…")
    question = page.get_by_role("alertdialog")
    assert "Throw away Run 3 (0:12, utterances: 3)?" in question.inner_text()
    question.get_by_role("button", name="Cancel").click()
    assert len(view.recordings) == 3 and not question.is_visible()
    shown.press("Throw away…")
    assert cut_off(page) == low_contrast(page) == []
    question.get_by_role("button", name="Throw away").click()
    shown.until(lambda: len(runs(shown)) == 2, what="it is gone")
    assert len(view.recordings) == 2


@pytest.mark.parametrize("width, theme", [(900, "light"), (420, "dark")])
def test_a_transcript_is_corrected_in_its_row_and_the_error_rate_is_stated(
    show_transcriber: Show, width: int, theme: str
) -> None:
    view = three_runs(lang="en")
    shown = show_transcriber(view, theme=theme, viewport={"width": width, "height": 1000})
    page = shown.page
    correct = page.get_by_role("button", name="Correct…")
    assert correct.is_disabled()
    row = page.locator(".qaw-row[data-number='2']")
    row.click()
    correct.click()
    field = page.get_by_role("textbox", name="What was said in row 2")
    assert field.input_value() == "every blue band is one turn"
    assert cut_off(page) == low_contrast(page) == []
    field.fill("every green band is one turn")
    page.keyboard.press("Enter")
    shown.shows("WER 3.0 % against your text (1 of 3 corrected)")
    assert "said: every green band is one turn" in row.inner_text() and not field.is_visible()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "listbox"
    assert cut_off(page) == low_contrast(page) == []
    assert "3.0 %" in page.locator(".qaw-compared tbody").inner_text()
    page.keyboard.press("F2")
    page.get_by_role("button", name="Heard rightly").click()
    shown.hides("against your text")
    assert view.corrected_text is None and "said:" not in row.inner_text()


def test_the_same_sound_with_other_settings_is_two_clicks_away(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation").clip[:3.0], script(), pace=None))
    shown.press("Transcribe")
    shown.settled()
    shown.page.evaluate(COUNT_CLICKS)
    shown.press("Run again with")
    shown.page.locator(".qaw-drawer").get_by_role("button", name="Low latency").filter(visible=True).click()
    shown.until(lambda: len(shown.view.recordings) == 2, what="it runs")
    assert shown.page.evaluate("window.clicks") <= 2
    held = shown.view.recording.config.turn_detection
    assert (held.threshold, held.silence_duration_ms) == (0.0, 400)
    shown.settled()
    shown.press("0.00")
    page = shown.page
    again = page.get_by_role("button", name="Run again with these")
    assert not again.is_visible(), "nothing was changed since"
    page.evaluate("() => { window.clicks = 0; }")
    page.locator(".qaw-drawer").get_by_role("button", name="Balanced").filter(visible=True).click()
    shown.until(again.is_visible)
    again.click()
    shown.until(lambda: len(shown.view.recordings) == 3, what="it runs once more")
    assert page.evaluate("window.clicks") <= 2, "while the settings are open"
    shown.settled()
