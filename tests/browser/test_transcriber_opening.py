"""A file on its way from the transcriber's page: how far it is, what is held, how it is given up."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import soundfile
from support.looks import cut_off, low_contrast
from support.record_button import RECORD
from support.recordings import three_turns
from support.transcriber_page import Show, TranscriberPage
from support.transcribing import script
from support.view_page import NEXT_FRAME

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

AHEAD = 8 << 20
"""Bytes that a page sends before the kernel has taken any."""


def choose(shown: TranscriberPage, file: Path) -> None:
    """Choose a file, of which nothing is carried to the kernel yet."""
    with shown.page.expect_file_chooser() as chooser:
        shown.page.get_by_role("button", name="Open a file…").click()
    chooser.value.set_files(file)  # by its path: handed over as bytes, 10 MB take the driver seconds


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wav larger than what may be ahead of the kernel's word."""
    file = tmp_path_factory.mktemp("files") / "talk.wav"
    clip = sample("conversation").clip[:6.2].resample(192_000)
    soundfile.write(file, clip.samples, clip.sample_rate, subtype="DOUBLE")
    assert file.stat().st_size > AHEAD + (1 << 20)
    return file


def disabled(shown: TranscriberPage, name: str) -> bool:
    return bool(shown.page.get_by_role("button", name=name).first.is_disabled())


DRAG = """([kind, text, name]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  data.items.add(new File([bytes], name));
  const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  window.escaped ??= [];
  document.addEventListener(kind, (one) => window.escaped.push(one.type), { once: true });
  return document.querySelector('.qaw-tr-empty, .qaw-tr-stage').dispatchEvent(event);
}"""


def test_a_file_dropped_onto_the_widget_is_opened_and_no_one_else_takes_it(
    show_transcriber: Show, tmp_path: Path
) -> None:
    shown = show_transcriber(Transcriber(endpoint=script(), pace=None))
    file = tmp_path / "dropped.wav"
    sample("conversation").clip[:3.0].save(file)
    data = base64.b64encode(file.read_bytes()).decode()
    over = shown.page.get_by_text("Drop it to open it")
    for kind in ("dragenter", "dragover"):
        assert shown.page.evaluate(DRAG, [kind, data, "dropped.wav"]) is False, "the page lets it be dropped"
    assert over.is_visible()
    shown.page.evaluate(DRAG, ["drop", data, "dropped.wav"])
    assert not over.is_visible() and shown.page.evaluate("window.escaped") == []
    shown.until(lambda: shown.view.recording is not None, what="it is transcribed")
    shown.settled()
    assert shown.view.recording.info.name == "dropped.wav"


def test_a_file_that_is_read_says_so_and_holds_what_would_collide(show_transcriber: Show, talk: Path) -> None:
    before = three_turns()
    shown = show_transcriber(Transcriber(before, script(), pace=None))
    choose(shown, talk)
    line = shown.page.get_by_role("status").get_by_text("Reading talk.wav… It is transcribed as soon as")
    line.wait_for()
    assert shown.page.get_by_text("0 %", exact=True).is_visible()
    assert disabled(shown, "Record") and disabled(shown, "Run again with")
    assert not shown.page.get_by_role("button", name="Open a file…").is_visible()
    for width in (900, 400):
        shown.page.set_viewport_size({"width": width + 16, "height": 900})
        shown.page.evaluate(NEXT_FRAME)
        assert cut_off(shown.page, ".qaw-tr") == low_contrast(shown.page, ".qaw-tr") == []
    bar = shown.page.get_by_role("progressbar")
    shown.until(lambda: float(bar.get_attribute("value") or 0) > 0.0)
    assert float(bar.get_attribute("value") or 0) < 1.0
    shown.until(lambda: shown.view.recording is not before)
    shown.settled()
    assert shown.view.recording.info.name == "talk.wav"
    assert not line.is_visible() and not disabled(shown, "Record") and not disabled(shown, "Run again with")


def test_a_file_is_given_up_and_what_was_there_stays(show_transcriber: Show, tmp_path: Path) -> None:
    before = three_turns()
    shown = show_transcriber(Transcriber(before, script(), pace=None))
    wrong, right = tmp_path / "wrong.wav", tmp_path / "right.wav"
    wrong.write_bytes(bytes(AHEAD + 1))
    sample("conversation").clip[:3.0].save(right)
    choose(shown, wrong)
    shown.page.get_by_text("Reading wrong.wav").wait_for()
    shown.page.get_by_role("button", name="Cancel").click()
    assert not shown.page.get_by_text("Reading wrong.wav").is_visible()
    assert shown.page.evaluate("document.activeElement.textContent") == "Open a file…"
    shown.until(lambda: not shown.view.uplink.inbox.receiver.waits)
    assert shown.view.recording is before and shown.view.model.notice is None
    choose(shown, right)
    shown.until(lambda: shown.view.recording is not before)
    shown.settled()


def test_what_is_transcribed_from_a_file_says_so_and_how_long_it_takes(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation"), script(), pace=4.0))
    shown.press("Transcribe")
    shown.shows("Transcribing conversation.flac at 4 × real time: this takes 0:09.")
    shown.press("Stop")
    shown.settled()
    assert not shown.page.get_by_text("Transcribing").is_visible()


def rows(page: Any) -> list[float]:
    """Return where the rows of the bar begin, from above."""
    tops = page.locator(".qaw-tr-bar button:visible").evaluate_all(
        "(all) => all.map((one) => Math.round(one.getBoundingClientRect().top))"
    )
    return sorted(set(tops))


def test_at_its_usual_width_the_bar_is_one_row_before_and_after_a_run(show_transcriber: Show) -> None:
    for widget in (Transcriber(), Transcriber(sample("conversation"), script()), Transcriber(three_turns())):
        assert len(rows(show_transcriber(widget, viewport={"width": 900, "height": 700}).page)) == 1


def test_the_narrow_bar_has_three_rows_that_begin_at_its_left_edge(show_transcriber: Show) -> None:
    for widget in (Transcriber(), Transcriber(sample("conversation"), script()), Transcriber(three_turns())):
        shown = show_transcriber(widget)
        for width in (400, 310):
            shown.page.set_viewport_size({"width": width, "height": 900})
            shown.page.evaluate(NEXT_FRAME)
            assert len(rows(shown.page)) <= 3
            left = shown.page.locator(".qaw-tr-bar").bounding_box()["x"]
            firsts = shown.page.locator(".qaw-tr-bar button:visible").evaluate_all(
                "(all) => all.map((one) => one.getBoundingClientRect())"
                ".map(({ top, left }) => [Math.round(top), left])"
            )
            for top in rows(shown.page):
                assert min(x for y, x in firsts if y == top) - left < 10
        assert shown.page.locator(RECORD).is_visible()
