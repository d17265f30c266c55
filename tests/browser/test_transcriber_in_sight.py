"""A recording that code has begun comes into sight and stays there, until somebody moves about the page."""

from __future__ import annotations

import pytest
from support.transcriber_page import Show
from support.transcribing import script
from support.view_page import NEXT_FRAME

from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = [pytest.mark.browser, pytest.mark.service]

CELLS = "(where) => document.body.insertAdjacentHTML(where, '<div style=\"height: 4000px\"></div>')"
TO_THE_END = "scrollTo(0, document.body.scrollHeight)"
TOP = "document.querySelector('.qaw-tr').getBoundingClientRect().top"


def test_a_recording_begun_by_code_comes_into_sight_and_stays_until_somebody_scrolls(
    show_transcriber: Show,
) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    page = shown.page
    for where in ("afterbegin", "beforeend"):
        page.evaluate(CELLS, where)
    shown.view.start()
    shown.until(lambda: shown.view.view.told["phase"] == "live")
    page.wait_for_function(f"{TOP} >= 0 && {TOP} < innerHeight / 2")
    page.evaluate(TO_THE_END)
    page.wait_for_function(f"{TOP} >= 0")
    page.mouse.wheel(0, 3000)
    page.wait_for_function(f"{TOP} < -1000")
    page.evaluate(TO_THE_END)
    for _ in range(3):
        page.evaluate(NEXT_FRAME)
    assert page.evaluate(TOP) < -1000
    shown.view.stop()
    shown.settled()
