"""The protocol in a real browser: rows, an event in full, partners, filters, prediction, keys, looks."""

from __future__ import annotations

import json

import pytest
from support.looks import cut_off, low_contrast
from support.recordings import Script, three_turns
from support.view_page import NEXT_FRAME

from qwen_asr_widgets import ProtocolView, Transcriber

pytestmark = pytest.mark.browser

ROWS = ".qaw-event"
LIST = ".qaw-events"
CLIPBOARD = """Object.defineProperty(navigator, 'clipboard', {
  value: { writeText: async (text) => { window.copied = text; } },
})"""


def labels(page) -> list[str]:
    return [text.split(" ")[0] for text in page.locator(f"{ROWS} .qaw-event-label").all_inner_texts()]


def settle(shown) -> None:
    """Carry what both sides say, and wait until it is painted."""
    shown.serve()
    shown.page.evaluate(NEXT_FRAME)


def press(shown, *keys: str) -> None:
    for key in keys:
        shown.page.keyboard.press(key)
        settle(shown)


def test_rows_say_when_who_what_and_bands_their_size(show) -> None:
    page = show(ProtocolView(three_turns())).show()
    assert labels(page)[:6] == [
        "connection.opened", "session.created", "session.update", "session.updated", "…buffer.append",
        "…buffer.speech_started",
    ]
    band = page.locator(ROWS).nth(4)
    assert band.inner_text().split("\n")[1].endswith("38 ×, 3.8 s of sound, 162 kB, 1.0 × real time")
    assert band.get_attribute("aria-label").startswith("0:00.100, sent, input_audio_buffer.append, 38 ×")


def test_an_event_opens_to_its_json_with_a_line_on_every_field(show) -> None:
    shown = show(ProtocolView(three_turns()), CLIPBOARD)
    page = shown.show()
    page.locator(LIST).focus()
    press(shown, "Home", "ArrowDown", "ArrowDown", "Enter")
    detail = page.locator(".qaw-event-detail")
    fields = detail.locator(".qaw-event-field")
    assert all(note.strip() not in ("", "Not described.") for note in fields.locator("dd").all_inner_texts())
    assert "silence_duration_ms" in detail.inner_text()
    fact = "DashScope, as one client reports: A silence_duration_ms below 400 has the effect of 400."
    assert fact in detail.inner_text()
    detail.get_by_role("button", name="Copy as JSON").click()
    assert json.loads(page.evaluate("window.copied"))["type"] == "session.update"
    detail.get_by_role("button", name="Copy as Python").click()
    compile(page.evaluate("window.copied"), "copied", "exec")
    page.locator(LIST).focus()
    press(shown, "Enter")
    assert detail.count() == 0


def test_a_screen_reader_hears_each_event_what_it_answers_and_what_was_opened(show) -> None:
    shown = show(ProtocolView(three_turns()))
    page = shown.show()
    page.locator(LIST).focus()
    press(shown, "Home", "ArrowDown", "ArrowDown", "ArrowDown")
    row = page.locator(f"#{page.locator(LIST).get_attribute('aria-activedescendant')}")
    assert row.get_attribute("aria-label").endswith(", answers session.update at 0:00.000")
    assert (row.get_attribute("aria-posinset"), row.get_attribute("aria-selected")) == ("4", "true")
    assert row.get_attribute("aria-setsize") == page.get_by_text("rows: ").inner_text().split()[-1]
    press(shown, "Enter")
    spoken = page.locator(".qaw-protocol > [role=status]").inner_text()
    assert spoken == "Opened: Confirms a session.update with the whole configuration."
    snapshot = page.locator(".qaw").aria_snapshot()
    assert 'tree "What client and service said to each other"' in snapshot
    assert "Milliseconds of silence that close a turn." in snapshot, "what is in an event is read"
    press(shown, "Tab")
    assert page.evaluate("document.activeElement.textContent") == "Copy as JSON", "and reached by keys"


def test_the_strip_takes_the_colours_of_a_theme_that_come_after_its_name(show) -> None:
    """JupyterLab marks its page dark first; the colours are there when the theme is named."""
    page = show(ProtocolView(three_turns())).show()
    page.evaluate(NEXT_FRAME)
    drawn = "() => document.querySelector('.qaw canvas').toDataURL()"
    before = page.evaluate(drawn)
    page.evaluate("() => document.querySelector('.qaw').style.setProperty('--qaw-dim', 'rgb(250, 0, 0)')")
    page.evaluate(NEXT_FRAME)
    assert page.evaluate(drawn) == before
    page.evaluate("() => { document.body.dataset.jpThemeName = 'Other'; }")
    page.wait_for_function(f"(before) => ({drawn})() !== before", arg=before)


def test_the_partner_of_an_event_lights_up_and_is_reached_by_a_key(show) -> None:
    shown = show(ProtocolView(three_turns()))
    page = shown.show()
    page.locator(ROWS).nth(2).hover()
    settle(shown)
    lit = page.locator(f"{ROWS}[data-lit=true] .qaw-event-label").all_inner_texts()
    assert [text.split(" ")[0] for text in lit] == ["session.update", "session.updated"]
    page.locator(LIST).focus()
    press(shown, "Home", "ArrowDown", "ArrowDown", "p")
    assert page.locator(f"{ROWS}[aria-selected=true] b").inner_text() == "session.updated"


def test_a_filter_and_a_search_leave_what_they_name(show) -> None:
    shown = show(ProtocolView(three_turns()))
    page = shown.show()
    page.get_by_label("Events shown").select_option("words")
    settle(shown)
    assert set(labels(page)) == {"…transcription.text", "…transcription.completed"}
    page.get_by_label("Search events").fill("BLUE BAND")
    settle(shown)
    assert labels(page) == ["…transcription.completed"]
    assert "1 of" in page.locator(".qaw-protocol .qaw-bar [role=status]").inner_text()


def test_what_went_wrong_is_said_in_its_row(show) -> None:
    script = Script(3.0)
    script.turn("a", 0.5, 1.0, "so")
    script.come({"type": "input_audio_buffer.speech_stopped", "item_id": "a", "audio_end_ms": 1000}, 2.5)
    shown = show(ProtocolView(script.recording))
    page = shown.show()
    page.get_by_label("Events shown").select_option("problems")
    settle(shown)
    assert "which is final" in page.locator(f"{ROWS}.qaw-event-wrong").inner_text()


def test_the_next_event_stays_hidden_until_its_type_is_chosen(show) -> None:
    script = Script(1.0)
    script.finish()
    shown = show(ProtocolView(script.recording))
    page = shown.show()
    page.get_by_role("button", name="Predict").click()
    settle(shown)
    assert labels(page) == ["connection.opened"]
    for choice in ("session.created", "session.updated", "session.updated"):
        page.get_by_role("button", name=choice, exact=True).click()
        settle(shown)
    assert labels(page)[1:4] == ["session.created", "session.update", "session.updated"]
    assert page.locator(".qaw-exercise-said").inner_text() == "Right: session.updated."
    for choice in ("session.finish", "session.finished"):
        page.get_by_role("button", name=choice, exact=True).click()
        settle(shown)
    assert page.locator(".qaw-exercise").inner_text().endswith("That was the last event: 4 of 5 right.")


def test_a_recording_that_grows_is_followed_at_its_end(show) -> None:
    script = Script(6.0)
    shown = show(ProtocolView(script.recording, height=200))
    page = shown.show()
    script.turn("a", 1.0, 2.0, "so it was", partials=[(0.2 * k, "", "so") for k in range(1, 20)])
    shown.follow()
    settle(shown)
    assert labels(page)[-1] == "…transcription.completed"


def test_a_transcriber_has_it_as_a_part_of_its_own(show_transcriber) -> None:
    shown = show_transcriber(Transcriber(three_turns()))
    shown.press("Protocol")
    shown.until(lambda: shown.page.locator(ROWS).count() > 5)
    shown.page.locator(ROWS).nth(2).click()
    shown.until(lambda: shown.page.locator(".qaw-event-detail").count() == 1)
    shown.press("Protocol")
    shown.until(lambda: not shown.page.locator(LIST).is_visible())


@pytest.mark.parametrize(("lang", "width", "theme"), [
    ("en", 900, "light"), ("en", 400, "dark"), ("zh", 400, "light"),
])
def test_nothing_runs_off_the_page_or_is_faint(show, lang, width, theme) -> None:
    shown = show(ProtocolView(three_turns(), lang=lang), viewport={"width": width, "height": 800})
    page = shown.show(theme)
    page.locator(LIST).focus()
    press(shown, "Home", "ArrowDown", "ArrowDown", "Enter")
    page.locator(".qaw-protocol .qaw-bar [aria-pressed]").click()
    settle(shown)
    assert low_contrast(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [name for name in cut_off(page) if "qaw-event-label" not in name] == []
