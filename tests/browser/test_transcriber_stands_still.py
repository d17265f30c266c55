"""While a page records nothing in it moves but waveform and words, whatever is said or opened meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast
from support.record_button import press_record, wait_for_seconds
from support.transcriber_page import Show, TranscriberPage
from support.transcribing import script
from support.view_page import DELIVER, NEXT_FRAME

from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = [pytest.mark.browser, pytest.mark.service]

WATCH = """() => {
  const FREE = '.qaw-wave, .qaw-transcript, .qaw-drawer, .qaw-notice, .qaw-tr-said > *';
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      for (const { node, previousRect, currentRect } of entry.sources) {
        const element = node?.nodeType === 1 ? node : node?.parentElement;
        if (!element?.isConnected || element.closest(FREE)) continue;
        window.shifts.push([element.className, previousRect.toJSON(), currentRect.toJSON()]);
      }
    }
  }).observe({ type: 'layout-shift' });
}"""
"""The browser itself says what has moved."""

SAID: tuple[dict[str, Any], ...] = (
    {"slow": 12},
    {"slow_line": True},
    {"slow_line": True, "outage": {"tries": 3, "waiting": 7}, "lost": 1.5, "clipped": True, "silent": 9},
    {"renewing": True},
    {"notice": {
        "id": 9, "code": "reported", "detail": "not today", "about": {}, "kept": 0, "since": 0, "unsent": 0,
    }},
    {"phase": "failed", "notice": {
        "id": 10, "code": "connect", "detail": "no route", "about": {}, "kept": 0, "since": 0, "unsent": 0,
    }},
    {},
)
"""What a kernel may say during a recording."""


def tell(shown: TranscriberPage, change: dict[str, Any]) -> None:
    """Tell the page a state that differs from the true one, as a kernel in trouble would."""
    state = {"kind": "state", **shown.view.view.told, **change}
    shown.page.evaluate(DELIVER, [[state, []]])
    shown.page.evaluate(NEXT_FRAME)


@pytest.mark.parametrize("width", [1400, 900, 420])
def test_nothing_moves_while_a_page_records_but_waveform_and_words(
    show_transcriber: Show, width: int
) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()), viewport={"width": width, "height": 1000})
    page = shown.page
    press_record(page)
    wait_for_seconds(page, 0.3)
    shown.until(lambda: shown.view.view.told["phase"] == "live")
    page.locator("[data-running=true]").wait_for()
    shown.serve()
    page.evaluate(WATCH)
    tell(shown, SAID[0])
    assert page.get_by_text("the recogniser is 12 s behind").is_visible()
    for change in SAID:
        tell(shown, change)
        assert low_contrast(page, ".qaw-tr") == [] and cut_off(page, ".qaw-tr-bar") == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("Offline: script", "0.20 · 800", "Microphone", "Microphone"):
        page.locator(f".qaw-opens:has-text('{name}'):visible").click()
        page.evaluate(NEXT_FRAME)
    shown.until(lambda: shown.view.recording and shown.view.recording.text, what="words have come")
    shown.serve()
    assert page.evaluate("shifts") == []
    press_record(page)
    shown.settled()


def test_after_a_restart_of_the_kernel_one_line_says_what_to_do(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    page = shown.page
    line = page.get_by_text("The kernel was restarted: run the cell again.")
    assert line.count() == 0
    page.evaluate("window.bare.model.trigger('comm_live_update')")  # as ipywidgets does, and nothing answers
    line.wait_for()
    shown.serve()
    line.wait_for(state="hidden")
