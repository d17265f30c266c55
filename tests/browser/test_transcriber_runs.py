"""What one does with a transcriber's page: files, settings, Commit, run again, save."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.looks import cut_off, low_contrast
from support.painted import NOTE_TEXTS, SERVICE, WAIT, painted
from support.record_button import press_record, wait_for_seconds
from support.recordings import three_turns
from support.transcriber_page import Show
from support.transcribing import script, spoken_words

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser


def test_the_sample_is_one_click_away(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script(), pace=None))
    shown.shows("36 s of two people talking")
    shown.page.get_by_role("button", name="Try the sample").click()
    shown.settled()
    assert len(shown.view.recording.utterances) == len(sample("conversation").turns)
    shown.shows("as fast as possible")


def test_settings_by_keyboard_take_effect_midway_and_are_marked(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation"), script(), pace=2.0))
    shown.page.get_by_role("button", name="Transcribe", exact=True).click()
    shown.until(lambda: shown.view.recording is not None and shown.view.recording.sent_duration > 0.5)
    shown.press("Threshold")
    shown.page.get_by_role("slider", name="Threshold").focus()
    shown.page.evaluate(NOTE_TEXTS)
    shown.page.keyboard.press("ArrowRight")
    shown.until(lambda: len(shown.view.recording.settings) == 2)
    assert shown.view.recording.settings[1].config.turn_detection.threshold == pytest.approx(0.21)
    shown.shows("0.21")
    shown.page.keyboard.press("Escape")
    assert shown.page.evaluate("document.activeElement.textContent").startswith("Threshold 0.21")
    noted = "window.drawnTexts.some(({ text }) => text === '0.21 · 800 ms')"
    shown.until(lambda: shown.page.evaluate(noted), what="the mark stands on the time axis")
    shown.page.get_by_role("button", name="Stop").click()
    shown.settled()


def test_a_file_says_how_far_it_is_and_how_fast_it_goes(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation"), script(), pace=4.0))
    shown.press("Transcribe")
    shown.shows("/ 0:36 · 4 × real time")
    bar = shown.page.get_by_role("progressbar")
    early = shown.until(lambda: float(bar.get_attribute("value") or 0))
    shown.until(lambda: float(bar.get_attribute("value")) > early + 0.1)
    shown.press("Stop")
    shown.settled()
    assert not bar.is_visible() and shown.view.recording.sent_duration < 36


def test_an_utterance_ends_at_the_press_of_commit_in_manual_mode(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    assert not shown.page.get_by_role("button", name="Commit").is_visible()
    shown.press("0.20")
    shown.page.get_by_role("radio", name="You").check()
    shown.until(lambda: shown.view.config.turn_detection is None)
    press_record(shown.page)
    shown.shows("Sound is gathered until you press Commit: 0:01 so far.")
    for count in (1, 2):
        wait_for_seconds(shown.page, 1.6 * count)
        shown.until(lambda: shown.page.get_by_role("button", name="Commit").is_visible())
        shown.press("Commit")
        shown.until(lambda: len(shown.view.recording.utterances) == count)
        shown.until(lambda: shown.page.locator(f".qaw-row[data-number='{count}']").count())
    press_record(shown.page)
    shown.settled()
    assert {one.ended_by for one in shown.view.recording.utterances} == {"commit"}
    shown.hides("Sound is gathered")
    shown.shows("after Commit")
    assert not shown.page.get_by_role("button", name="Commit").is_visible()


def test_turns_found_on_this_computer_are_chosen_before_a_run_and_hold_for_it(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation"), script(), pace=8.0))
    shown.press("0.20")
    shown.page.get_by_role("radio", name="This computer").check()
    shown.shows("0.20 · 800 ms · turns found here")
    shown.press("Transcribe")
    shown.shows("hold for the whole run")
    shown.shows("can be chosen before a recording only")
    for role, name in (("slider", "Threshold"), ("radio", "You"), ("button", "Low latency")):
        assert shown.page.get_by_role(role, name=name).first.is_disabled()
    shown.settled()
    recording = shown.view.recording
    assert recording.info.turn_taking == "client"
    assert len(recording.turns) == len(sample("conversation").turns)
    assert shown.page.locator(".qaw-row[data-number]").count() == len(recording.turns)
    assert shown.page.get_by_role("radio", name="The service").is_enabled()


def test_that_audio_leaves_this_computer_is_said_at_first_use_with_the_price_and_its_source(
    show_transcriber: Show,
) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    sentence = shown.page.get_by_text("Audio leaves this computer: it is sent to the chosen service (dash")
    assert sentence.filter(visible=True).count() == 0
    shown.press("Offline: script")
    for name, price in (("Beijing", "0.0198 CNY / 0.0028 USD"), ("Singapore", "0.0396 CNY / 0.0054 USD")):
        option = shown.page.locator("label", has_text=f"DashScope {name}")
        assert f"{price} a minute as listed [doc: DashScope price page" in option.text_content()
        assert "read on 2026-11-22" in option.text_content()
    shown.page.get_by_text("DashScope Singapore").click()
    shown.until(lambda: sentence.filter(visible=True).count() == 1)
    shown.press("DashScope Singapore")
    shown.until(lambda: sentence.filter(visible=True).count() == 1)
    shown.press("Understood")
    assert sentence.filter(visible=True).count() == 0


def test_run_again_shows_both_runs_with_their_waits_one_above_the_other(show_transcriber: Show) -> None:
    talk = sample("conversation").clip[:5.0]
    shown = show_transcriber(Transcriber(talk, script(words=spoken_words())))
    shown.press("Transcribe")
    shown.settled()
    one = painted(shown.page, WAIT)
    assert one > 0 and painted(shown.page, SERVICE) == 0
    shown.press("Threshold")
    shown.page.get_by_role("button", name="Low latency").click()
    shown.press("Run again with")
    shown.shows("The same sound with what is set above: Threshold 0.00 · silence 400 ms, Offline: script.")
    shown.page.get_by_role("button", name="Run again", exact=True).click()
    shown.until(lambda: len(shown.view.recordings) == 2)
    shown.settled()
    rows = shown.page.locator(".qaw-compared tbody tr").all_text_contents()
    assert [row[:6] for row in rows] == ["Before", "Nowemb"]
    assert painted(shown.page, SERVICE) > 100 and painted(shown.page, WAIT) > one  # both runs' bars
    shown.press("Run again with")
    shown.page.get_by_role("combobox", name="Pace").select_option("")
    shown.page.get_by_role("button", name="Run again", exact=True).click()
    shown.until(lambda: len(shown.view.recordings) == 3)
    shown.settled()
    assert shown.view.recording.info.pace is None


def test_every_format_is_saved_and_the_picture_copied_at_16_to_9(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(three_turns()), permissions=["clipboard-read", "clipboard-write"])
    shown.press("Save")
    files = {}
    shown.page.get_by_text("More formats").click()
    for ending in ("qasr", "srt", "vtt", "html", "json", "wav", "eaf"):
        with shown.page.expect_download() as download:
            shown.page.get_by_role("button", name=re.compile(rf"^\.{ending} ")).click()
            shown.until(lambda: shown.page.get_by_text("Saved", exact=True).is_visible())
        assert download.value.suggested_filename == f"made-by-hand.{ending}"
        files[ending] = download.value.path().read_bytes()
    assert "audio.flac" in zipfile.ZipFile(io.BytesIO(files["qasr"])).namelist()
    assert b"-->" in files["srt"] and files["vtt"].startswith(b"WEBVTT") and files["wav"][:4] == b"RIFF"
    assert b"every blue band" in files["html"] and b"every blue band" in files["eaf"]
    assert len(json.loads(files["json"])["utterances"]) == 3
    shown.page.get_by_role("button", name="Copy picture (16:9)").click()
    shown.until(lambda: shown.page.locator(".qaw-drawer").get_by_text("Copied").is_visible(), 30)
    size = """async () => {
      const [item] = await navigator.clipboard.read();
      const { width, height } = await createImageBitmap(await item.getType('image/png'));
      return [width, height];
    }"""
    assert shown.page.evaluate(size) == [1920, 1080]


@pytest.mark.parametrize(("theme", "width"), [("light", 900), ("dark", 420)])
def test_a_file_is_also_written_beside_the_notebook_and_said_where(
    show_transcriber: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str, width: int
) -> None:
    monkeypatch.chdir(tmp_path)
    transcriber = Transcriber(three_turns())
    shown = show_transcriber(transcriber, theme=theme, viewport={"width": width, "height": 900})
    shown.press("Save")
    shown.page.get_by_label("Also into the notebook's folder").check()
    with shown.page.expect_download() as download:
        shown.page.get_by_role("button", name=re.compile(r"^\.srt ")).click()
        shown.shows(f"Saved, also as {tmp_path / 'made-by-hand.srt'}")
    assert (tmp_path / "made-by-hand.srt").read_bytes() == download.value.path().read_bytes()
    assert low_contrast(shown.page, ".qaw-tr") == [] and cut_off(shown.page, ".qaw-drawer") == []
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_stays_in_the_saved_notebook_is_a_switch_beside_what_can_be_saved(
    show_transcriber: Show,
) -> None:
    shown = show_transcriber(Transcriber(three_turns()))
    shown.press("Save")
    keep = shown.page.get_by_role("checkbox", name="Keep in the saved notebook")
    assert keep.is_checked()
    keep.uncheck()
    shown.until(lambda: shown.view.save_outputs is False)
    keep.check()
    shown.until(lambda: shown.view.save_outputs is True)


@pytest.mark.parametrize("width", [900, 400])
def test_the_channel_of_a_file_is_chosen_before_it_is_transcribed(show_transcriber: Show, width: int) -> None:
    viewport = {"width": width + 16, "height": 900}
    shown = show_transcriber(Transcriber(endpoint=script(), pace=None), viewport=viewport)
    left = sample("conversation").clip[:4.0].samples
    data = io.BytesIO()
    soundfile.write(data, np.stack([left, left[::-1]], axis=1), 16_000, format="WAV")
    with shown.page.expect_file_chooser() as chooser:
        shown.press("Open a file…")
    chooser.value.set_files({"name": "call.wav", "mimeType": "audio/wav", "buffer": data.getvalue()})
    shown.shows("The file's 2 channels differ")
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    choice = shown.page.get_by_role("combobox", name="Channel")
    assert choice.locator("option").all_text_contents() == ["Mean of all", "Left", "Right"]
    assert shown.view.recording is None
    choice.select_option("Right")
    shown.until(lambda: shown.view.model.sound.clip.channel == 1)
    shown.press("Transcribe")
    shown.until(lambda: shown.view.recording is not None)
    shown.settled()
    assert shown.view.recording.info.channel == 1 and choice.input_value() == "1"
