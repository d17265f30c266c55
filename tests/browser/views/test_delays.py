"""The waits in a real browser: bars, figures, flip-book; by pointer and keys, in all widths, themes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.looks import cut_off, low_contrast
from support.recordings import Script

from qwen_asr_widgets import Recording, Transcriber, replay
from qwen_asr_widgets.widgets.transcriber import view as view_module

pytestmark = pytest.mark.browser

ROWS = ".qaw-delays-row"
LINE = ".qaw-flip-line"


@pytest.fixture(scope="module")
def recording() -> Recording:
    script = Script(14.0)
    script.recording.round_trip(0.031, 101.0)
    script.turn(
        "a", 1.0, 3.0, "so it was a bright cold day", endpoint=0.9,
        partials=[(0.5, "", "so I"), (1.0, "so", " it was"), (1.5, "so it was", " a white")],
    )
    script.recording.words_painted("a", 104.14)
    script.turn("b", 6.0, 8.0, "in April", partials=[(0.6, "in", " A pill")], endpoint=0.95, decode=0.35)
    return script.finish()


def opened(show, recording, theme="light", **options):
    shown = show(replay(recording, lang=options.pop("lang", "")), **options)
    page = shown.show(theme)
    page.locator(".qaw-replay-more button").click()
    shown.serve()
    return shown, page


def test_a_row_says_each_part_and_its_lines_can_be_turned_over(show, recording) -> None:
    shown, page = opened(show, recording)
    said = page.locator(ROWS).first.get_attribute("aria-label")
    assert said.startswith("1: 1.14 s. network, there: 15 ms, inferred; silence: 800 ms, inferred")
    assert said.endswith("decoding: 200 ms, measured; painting: 40 ms, measured")
    assert recording.utterances[0].latency.finalization == pytest.approx(1.14 - 0.04)
    assert page.get_by_text("without painting they are the finalization of the transcript").is_visible()
    assert page.locator(LINE).inner_text() == "so it was a white bright cold day"
    assert page.locator(f"{LINE} del").all_inner_texts() == [" white"]
    page.get_by_role("button", name="Previous line").click()
    assert page.locator(LINE).inner_text() == "so it was a white"
    shown.listen_for_keys()
    page.locator(".qaw-delays-list").focus()
    page.keyboard.press("ArrowDown")
    shown.serve()
    assert page.locator(".qaw-flip b").inner_text() == "Utterance 2" and shown.leaked_keys == []
    assert page.locator(f"{LINE} del").all_inner_texts() == [" A pill"]


def test_a_book_plays_to_its_last_line(show, recording) -> None:
    shown, page = opened(show, recording)
    page.locator(".qaw-flip-play").click()
    for place in ("1 of 4", "4 of 4"):
        page.locator(f".qaw-flip-slider[aria-valuetext='{place}']").wait_for(timeout=9_000)
    assert page.locator(".qaw-flip-play").inner_text() == "Play"


def test_a_transcriber_shows_them_under_its_run(show_transcriber, recording) -> None:
    shown = show_transcriber(Transcriber(recording))
    shown.press("Waits")
    shown.until(lambda: shown.page.locator(ROWS).count() == 2 and shown.page.locator(LINE).is_visible())
    shown.press("Waits")
    shown.until(lambda: not shown.page.locator(".qaw-delays").is_visible())


def test_a_page_reports_a_final_once_it_has_painted_it(show_transcriber, monkeypatch) -> None:
    script = Script(9.0).turn("a", 1.0, 2.0, "so it was")
    shown = show_transcriber(Transcriber(script.recording))
    script.turn("b", 5.0, 6.0, "in April")
    # The final came at 7.0 s.
    monkeypatch.setattr(view_module, "time", SimpleNamespace(monotonic=lambda: 107.03))
    shown.view.page.tell_changes()
    shown.until(lambda: script.recording.painted)
    assert script.recording.painted == {"b": pytest.approx(7.03)}
    assert script.recording.waterfall()[1]["painting"].seconds == pytest.approx(0.03)


@pytest.mark.parametrize(("lang", "width", "theme"), [
    ("en", 900, "light"), ("en", 420, "dark"), ("zh", 420, "light"),
])
def test_nothing_is_cut_off_or_faint(show, recording, lang, width, theme) -> None:
    _, page = opened(show, recording, theme, lang=lang, viewport={"width": width, "height": 800})
    assert cut_off(page) == [] and low_contrast(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_time_at_the_end_of_the_axis_stands_on_one_line(show) -> None:
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "so it was", endpoint=0.8, decode=0.0)
    _, page = opened(show, script.finish())
    last = page.locator(".qaw-delays-axis > span").last
    assert last.inner_text() == "0.8" and last.evaluate("one => one.offsetHeight") < 20
