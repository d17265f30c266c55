"""A part of the sound on the transcriber's page: selected on the overview, transcribed, looped, saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.looks import cut_off, low_contrast
from support.recordings import three_turns
from support.transcriber_page import Show, TranscriberPage
from support.transcribing import script
from support.view_page import NEXT_FRAME

from qwen_asr_widgets import AudioClip
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser


def drag(shown: TranscriberPage, start: float, end: float) -> None:
    """Drag over the strip between two shares of its width."""
    box = shown.page.locator(".qaw-overview").bounding_box()
    y = box["y"] + box["height"] / 2
    shown.page.mouse.move(box["x"] + start * box["width"], y)
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    shown.page.mouse.up()
    shown.page.evaluate(NEXT_FRAME)


@pytest.mark.parametrize("width, theme", [(1400, "light"), (420, "dark")])
def test_a_stretch_is_selected_looped_saved_and_transcribed(
    show_transcriber: Show, width: int, theme: str
) -> None:
    whole = three_turns()
    viewport = {"width": width, "height": 1000}
    shown = show_transcriber(Transcriber(whole, script(), pace=None), theme=theme, viewport=viewport)
    page = shown.page
    bar = page.get_by_role("group", name="Selected part")
    assert not bar.is_visible()
    drag(shown, 0.4, 0.6)
    seconds = [float(page.get_by_role("spinbutton", name=name).input_value()) for name in ("From", "to")]
    assert seconds == pytest.approx([0.4 * 12, 0.6 * 12], abs=0.3)
    page.get_by_role("spinbutton", name="From").fill("5")
    page.get_by_role("spinbutton", name="to", exact=True).fill("5.3")
    page.keyboard.press("Enter")
    shown.shows("0.30 s")
    below = page.locator(".qaw-transcript").bounding_box()["y"]
    assert bar.bounding_box()["y"] < below, "it stands right under the waveform"
    assert cut_off(page) == low_contrast(page) == []
    loop = page.get_by_role("button", name="Loop")
    loop.click()
    asked: list[int] = []
    take = shown.view.page.take

    def note(widget: object, content: dict, buffers: list) -> None:
        asked.extend([content["start"]] if content["kind"] == "audio" else [])
        take(widget, content, buffers)

    shown.view._msg_callbacks.callbacks[:] = [note]
    shown.until(lambda: asked.count(80_000) >= 2, what="it is played again and again")
    loop.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as .wav").click()
        shown.until(lambda: page.get_by_text("Saved", exact=True).filter(visible=True).count())
    samples, _ = soundfile.read(download.value.path(), dtype="int16")
    assert np.array_equal(samples, whole.tape.read()[80_000:84_800])
    page.get_by_role("button", name="Transcribe this part").click()
    shown.until(lambda: len(shown.view.recordings) == 2)
    shown.settled()
    shown.shows("A part is shown: 0:05.0 to 0:05.3 of made by hand.")
    assert shown.view.recording.duration == pytest.approx(0.3) and not bar.is_visible()
    assert cut_off(page) == low_contrast(page) == []
    page.get_by_role("button", name="Back to the whole").click()
    shown.until(lambda: shown.view.recording is whole)
    page.locator(".qaw-row[data-number='2']").click()
    page.locator(".qaw-plot").press("r")
    assert page.get_by_role("spinbutton", name="From").input_value() == "5.0", "the turn that is selected"
    page.get_by_role("button", name="Clear").click()
    assert not bar.is_visible()


@pytest.mark.parametrize("width, theme", [(900, "dark"), (420, "light")])
def test_a_long_file_asks_how_and_how_much_of_it(
    show_transcriber: Show, tmp_path: Path, width: int, theme: str
) -> None:
    file = tmp_path / "lecture.flac"
    AudioClip(np.zeros(8_000 * 600, np.float32), 8_000).save(file)
    viewport = {"width": width, "height": 900}
    shown = show_transcriber(Transcriber(endpoint=script()), theme=theme, viewport=viewport)
    page = shown.page
    with page.expect_file_chooser() as chooser:
        shown.press("Open a file…")
    chooser.value.set_files(file)
    shown.shows("lecture.flac is 10:00 long. How shall it be transcribed?")
    pace = page.get_by_role("combobox", name="Pace").filter(visible=True)
    assert pace.locator("option").all_text_contents() == [
        "real time: takes 10:00", "2 × real time: takes 5:00", "4 × real time: takes 2:30",
        "as fast as the recogniser takes it",
    ]
    assert page.get_by_role("button", name="Transcribe", exact=True).filter(visible=True).count() == 1
    page.get_by_role("checkbox", name="All of it").uncheck()
    question = page.get_by_role("group", name="Before a long sound is transcribed")
    question.get_by_role("spinbutton", name="From").fill("30")
    question.get_by_role("spinbutton", name="to").fill("32")
    pace.select_option("")
    assert pace.locator("option").first.text_content() == "real time: takes 0:02"
    assert cut_off(page) == low_contrast(page) == []
    question.get_by_role("button", name="Transcribe").click()
    shown.until(lambda: shown.view.recording is not None)
    shown.settled()
    assert shown.view.recording.duration == pytest.approx(2.0) and shown.view.recording.info.pace is None
