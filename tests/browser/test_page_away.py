"""What a page records while kernel or network are away arrives afterwards, in order, after a reload too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.looks import cut_off, low_contrast
from support.microphone_page import REPORT, Bare, MicrophonePage
from support.notebook_page import NotebookPage
from support.record_button import press_record, shown_seconds, wait_for_phase, wait_for_seconds
from support.similarity import best_correlation
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SETUP = """
from qwen_asr_widgets import Transcriber, embedded
t = Transcriber(endpoint=embedded("script"), lang="en")
def facts():
    s, r = t.uplink.session, t.recording
    return dict(lost=s.lost, seconds=s.duration, complete=r.complete, runs=len(t.recordings))
"""

# What is sent to the kernel is lost on the way, as with a connection that is half open.
CUT = """() => {
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = () => {};
  window.mend = () => { WebSocket.prototype.send = send; };
}"""

# Timers of a minute and more run out when the test says so.
HURRY = """;(() => {
  const { setTimeout } = window;
  const late = [];
  window.setTimeout = (work, ms, ...rest) => (ms >= 60_000 ? late.push(work) : setTimeout(work, ms, ...rest));
  window.hurry = () => late.splice(0).forEach((work) => work());
})()"""
GONE = "() => { window.bare.model.send = () => { throw new Error('Cannot send'); }; }"


def tape(notebook: NotebookPage) -> np.ndarray:
    text = notebook.evaluate("t.recording.tape.read().tobytes().hex()")
    return np.frombuffer(bytes.fromhex(text), np.int16)


def complete(notebook: NotebookPage) -> dict[str, Any]:
    return wait_until(lambda: (now := notebook.evaluate("facts()"))["complete"] and now, 30)


@pytest.mark.soak
def test_what_was_recorded_while_the_network_was_away_follows_in_order_also_after_a_reload(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    """In a notebook, with its waits. In the suite the next test shows what is kept, offered after a reload,
    sent in order; ``test_microphone.py`` that what the network lost comes again; and
    ``test_transcriber_kept.py`` that a kernel takes up what the page has kept.
    """
    notebook = open_page()
    page = notebook.open("away", [SETUP, "t"])
    notebook.save()
    press_record(page)
    wait_for_seconds(page, 1.0)
    kept = page.get_by_text("s kept in this page until Python has them")
    page.evaluate(CUT)
    kept.wait_for()
    page.evaluate("() => window.mend()")
    kept.wait_for(state="hidden")
    page.evaluate(CUT)
    kept.wait_for()
    recorded = shown_seconds(page)
    page.reload(wait_until="domcontentloaded")
    notebook.wait_until_idle()
    page.get_by_role("button", name="Send to Python").last.click()  # the newest, should others be left
    facts = complete(notebook)
    assert facts["lost"] == 0 and facts["runs"] == 1 and facts["seconds"] > recorded - 0.3 > 3.0
    assert best_correlation(tape(notebook) / 32768, 16_000, spoken, 48_000) >= 0.99


def test_a_kernel_that_is_gone_takes_nothing_from_the_recording(bare: Bare) -> None:
    shown = bare(REPORT)
    page = shown.open("light")
    press_record(page)
    shown.wait_for_chunks(3)
    page.evaluate(GONE)
    page.get_by_text("s kept in this page until Python has them").wait_for()
    wait_for_seconds(page, 3.0)  # all that a page says by itself, it has tried to say
    wait_for_phase(page, "recording")
    assert low_contrast(page) == cut_off(page) == []
    press_record(page)
    page.get_by_text("The kernel cannot be reached.").wait_for()
    wait_for_phase(page, "idle")
    page.get_by_role("button", name="Send to Python").wait_for()

    page = shown.open("dark")  # another page, with a kernel
    page.set_viewport_size({"width": 416, "height": 700})
    page.get_by_text("Recorded in this browser, and not all of it is in Python yet").wait_for()
    assert low_contrast(page) == cut_off(page) == []
    page.get_by_role("button", name="Send to Python").click()
    stop, start = shown.wait_for_sent("stop"), shown.sent("start")[0]
    while (count := len(shown.sent("chunk"))) < stop["chunks"] - start["first"]:  # a part at a time
        some = {"session": start["session"], "chunks": start["first"] + count, "safe": 0}
        page.evaluate("(heard) => window.tell({ heard })", {**some, "upto": None, "over": False})
        shown.wait_for_chunks(count + 1)
    chunks = shown.sent("chunk")
    assert [one["seq"] for one in chunks] == list(range(start["first"], stop["chunks"])) and len(chunks) > 3
    assert {one["session"] for one in (start, stop, *chunks)} == {start["session"]}
    session, count = start["session"], stop["chunks"]
    heard = {"session": session, "chunks": count, "safe": count, "upto": None, "over": True}
    page.evaluate("(heard) => window.tell({ heard })", heard)

    page = shown.open("light")
    page.locator(".qaw-mic").wait_for()
    page.wait_for_function(
        "async () => (await indexedDB.databases()).length === 1"
        " && document.querySelector('.qaw-page-left').hidden"
    )


SENT = "() => window.bare.model.sent.map((m) => m.content)"
CLOSE_VIEW = "() => window.bare.views.pop()()"


def unattended(shown: MicrophonePage) -> list[dict[str, Any]]:
    """Record, lose the kernel, show another widget in its place; return what the first has sent."""
    page = shown.open("light")
    press_record(page)
    shown.wait_for_chunks(3)
    page.evaluate(GONE)
    page.get_by_text("s kept in this page until Python has them").wait_for()
    sent = page.evaluate(SENT)
    page.evaluate(CLOSE_VIEW)
    shown.state["uid"] = "another"
    shown.show_widget()
    page.get_by_text("A recording goes on in this page, without a kernel.").wait_for()
    assert low_contrast(page) == cut_off(page) == []
    return list(sent)


@pytest.mark.parametrize("button", ["Go on here", "Record"])
def test_a_recording_without_a_kernel_goes_on_in_the_next_widget_of_its_page(bare: Bare, button: str) -> None:
    shown = bare(REPORT)
    before = unattended(shown)
    page = shown.page
    page.get_by_role("button", name=button).click()
    wait_for_phase(page, "recording")
    page.get_by_text("A recording goes on in this page").wait_for(state="hidden")
    start = shown.wait_for_sent("start")
    shown.wait_for_chunks(len(before) + 5)
    press_record(page)
    wait_for_phase(page, "idle")
    chunks, stop = shown.sent("chunk"), shown.wait_for_sent("stop")
    assert {one["session"] for one in (*before, start, *chunks, stop)} == {start["session"]}
    assert [one["seq"] for one in chunks] == list(range(start["first"], stop["chunks"]))
    assert start["first"] <= 1 + max(one["seq"] for one in before if one["kind"] == "chunk")
    assert start["at"] == start["first"] * chunks[0]["rate"] // 10
    assert page.evaluate("window.runningSounds().length") == 0


def test_a_recording_without_a_kernel_can_be_stopped_and_what_was_kept_is_offered(bare: Bare) -> None:
    shown = bare(REPORT)
    unattended(shown)
    shown.page.get_by_role("button", name="Stop").click()
    shown.page.get_by_role("button", name="Send to Python").wait_for()
    shown.page.get_by_text("A recording goes on in this page").wait_for(state="hidden")
    assert shown.page.evaluate("window.runningSounds().length") == 0


def test_a_recording_without_a_kernel_that_nobody_takes_over_ends_after_a_minute(bare: Bare) -> None:
    shown = bare(REPORT + HURRY)
    unattended(shown)
    shown.page.evaluate("window.hurry()")
    shown.page.get_by_role("button", name="Send to Python").wait_for()
    assert shown.page.evaluate("window.runningSounds().length") == 0


def test_what_is_left_can_be_thrown_away(bare: Bare) -> None:
    shown = bare(REPORT)
    page = shown.open("light")
    press_record(page)
    shown.wait_for_chunks(2)
    page.evaluate(GONE)
    page.get_by_text("s kept in this page").wait_for()
    press_record(page)
    page = shown.open("light")
    page.get_by_role("button", name="Throw away").click()
    page.get_by_role("button", name="Throw away").wait_for(state="hidden")
    assert shown.wait_for_sent("stop")["reason"] == "interrupted" and shown.sent("chunk") == []
    shown.open("light").wait_for_timeout(0)
    assert page.locator(".qaw-page-left").is_hidden()
