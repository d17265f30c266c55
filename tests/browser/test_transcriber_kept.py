"""A recording on disk, as the page shows it: a line that says where, and the offer after a kernel's end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.notebook_page import NotebookPage
from support.record_button import press_record, wait_for_phase, wait_for_seconds
from support.recordings import three_turns
from support.similarity import best_correlation
from support.transcriber_page import Show
from support.transcribing import script
from support.waiting import wait_until

from qwen_asr_widgets.recording.autosave import Autosave
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

SETUP = """
from qwen_asr_widgets import Transcriber, embedded
t = Transcriber(endpoint=embedded("script"), lang="en")
"""
PROCESS = "__import__('os').getpid()"
SOUND = "t.recording.tape.read().tobytes().hex()"


def test_a_recording_whose_kernel_is_killed_goes_on_in_the_next_and_loses_nothing(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    page = notebook.open("killed", [SETUP, "t"])
    page.get_by_text("Record, open a file, or try the sample").wait_for()
    press_record(page)
    page.get_by_text("Also on disk, in .qaw").wait_for()
    page.locator(".qaw-row[data-number]").first.wait_for(timeout=20_000)
    wait_for_seconds(page, 3.0)
    killed = notebook.evaluate(PROCESS)
    os.kill(killed, signal.SIGKILL)
    died = page.get_by_role("button", name="Ok", exact=True)
    died.click()
    page.add_locator_handler(died, lambda: died.click())  # the front end may say it again
    wait_until(lambda: notebook.evaluate(PROCESS) != killed, 30, "another kernel runs")
    notebook.run_all()
    page.get_by_text("Not saved before the kernel ended:").wait_for()
    page.get_by_role("button", name="Go on here").click()
    wait_for_phase(page, "recording")
    page.get_by_text("s kept in this page until Python has them").wait_for(state="hidden")
    press_record(page)
    wait_until(lambda: notebook.evaluate("bool(t.recording and t.recording.complete)"), 30)
    page.locator(".qaw-row[data-number]").first.wait_for()
    assert notebook.evaluate("[len(t.recording.connections), t.recording.lost]") == [2, []]
    sound = np.frombuffer(bytes.fromhex(notebook.evaluate(SOUND)), np.int16)
    assert best_correlation(sound / 32768, 16_000, spoken, 48_000) >= 0.99
    assert page.get_by_text("Not saved before the kernel ended:").is_hidden()
    # What the kernel had still sent comes to a front end that has let go of its comms.
    notebook.errors = [error for error in notebook.errors if not error.startswith("Comm not found")]


@pytest.mark.parametrize(("theme", "lang"), [("light", "zh"), ("dark", "en")])
def test_the_offer_and_the_line_are_legible_whole_and_in_reach_at_400_px(
    show_transcriber: Show, kept_beside_no_notebook: Path, theme: str, lang: str
) -> None:
    for _ in range(2):
        with Autosave(three_turns(), kept_beside_no_notebook):
            pass
    phone = {"viewport": {"width": 416, "height": 900}, "has_touch": True, "is_mobile": True}
    shown = show_transcriber(Transcriber(endpoint=script(), lang=lang), theme=theme, **phone)
    offer, line = shown.page.locator(".qaw-tr-left"), shown.page.locator(".qaw-tr-kept")
    assert offer.get_by_role("listitem").count() == 2 and line.is_hidden()
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    assert small_targets(shown.page) == []
    offer.get_by_role("listitem").first.get_by_role("button").first.click()
    shown.until(lambda: line.is_visible() and offer.get_by_role("listitem").count() == 1)
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    assert small_targets(shown.page) == []
    offer.get_by_role("listitem").first.get_by_role("button").last.click()
    shown.until(lambda: offer.is_hidden())
    line.get_by_role("button").click()
    shown.until(lambda: line.is_hidden())
    assert list(kept_beside_no_notebook.iterdir()) == []
