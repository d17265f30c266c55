"""The page of a transcriber says what is so: paused, waiting, given up, a wrong address, what goes on."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.painted import TURN, painted
from support.record_button import RECORD, press_record, wait_for_seconds
from support.recordings import Script, three_turns
from support.scripted_server import ScriptedServer, answer_half, created, updated
from support.transcriber_page import Show, TranscriberPage
from support.transcribing import script

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import default_recognizer
from qwen_asr_widgets.client.retry import Retry
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

DEFAULT = f"{default_recognizer().capitalize()}, on this computer"
"""The row of the menu that is taken where nothing is chosen."""

PHONE = {"viewport": {"width": 416, "height": 900}, "has_touch": True, "is_mobile": True}


def dying(peer: Any) -> None:
    """Take a little sound, then break."""
    peer.send(created())
    peer.until("session.update")
    peer.send(updated())
    peer.until("input_audio_buffer.append")
    peer.close(1011)


def assert_legible(shown: TranscriberPage) -> None:
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_recording_that_is_held_up_says_so_in_a_word_and_to_screen_readers(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()), **PHONE)
    paused, spoken = shown.page.locator(".qaw-paused"), shown.page.locator(".qaw-tr-bar [role=status]")
    press_record(shown.page)
    wait_for_seconds(shown.page, 0.5)
    assert spoken.text_content() == "Recording" and not paused.is_visible()
    shown.press("Pause")
    paused.wait_for()
    assert spoken.text_content() == paused.text_content() == "Paused"
    assert not shown.page.get_by_role("meter").is_visible()
    assert_legible(shown)
    assert small_targets(shown.page) == []
    shown.press("Resume")
    paused.wait_for(state="hidden")
    assert spoken.text_content() == "Recording"
    press_record(shown.page)
    shown.settled()
    assert spoken.text_content() == ""


def test_a_file_is_held_up_from_the_page_and_from_code_and_says_so(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation"), script()))
    shown.press("Transcribe")
    shown.until(lambda: shown.view.recording is not None and shown.view.recording.duration > 0.2)
    for hold, go_on in (
        (lambda: shown.press("Pause"), lambda: shown.press("Resume")), (shown.view.pause, shown.view.resume),
    ):
        hold()
        shown.shows("Paused")
        assert shown.view.model.paced.paused and shown.page.get_by_role("button", name="Resume").is_visible()
        go_on()
        shown.hides("Paused")
        assert not shown.view.model.paced.paused
    shown.view.stop()
    shown.settled()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_need_not_wait_for_a_slow_service(show_transcriber: Show, theme: str) -> None:
    with ScriptedServer(answer_half) as server:
        shown = show_transcriber(Transcriber(endpoint=server.url), theme=theme)
        leave = shown.page.get_by_role("button", name="Stop waiting")
        press_record(shown.page)
        wait_for_seconds(shown.page, 1.0)
        shown.until(lambda: shown.view.recording and len(shown.view.recording.utterances) == 2)
        assert not leave.is_visible()
        press_record(shown.page)
        shown.shows("Waiting for the last words…")
        assert shown.page.locator(RECORD).is_disabled()
        leave.focus()
        shown.page.keyboard.press("Enter")
        shown.settled()
    shown.shows("Everything received is kept; from 0:01.7 on words may be missing")
    shown.shows("good morning")
    shown.shows("not answered")
    assert not leave.is_visible() and shown.page.evaluate("document.activeElement.textContent") == "Record"
    assert_legible(shown)
    shown.page.locator(".qaw-notice").get_by_role("button", name="Close").click()
    shown.hides("Everything received is kept")


@pytest.mark.parametrize("width", [920, 416])
def test_a_wrong_address_stays_to_be_corrected_with_what_is_wrong(show_transcriber: Show, width: int) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()), viewport={"width": width, "height": 900})
    address, other = shown.page.locator(".qaw-url"), shown.page.get_by_role("radio", name="Another address")
    shown.press("Offline: script")
    shown.page.get_by_text("Another address").click()
    address.fill("https://my.host")
    shown.page.get_by_role("radio", name="Another address").focus()
    shown.shows("Until it is corrected, sound goes to: Offline: script.")
    shown.tell_state()
    shown.serve()
    assert other.is_checked() and address.input_value() == "https://my.host"
    assert address.get_attribute("aria-invalid") == "true"
    assert shown.page.locator(".qaw-notice").filter(visible=True).count() == 0
    assert_legible(shown)
    address.fill("wss://asr.example.org/realtime")
    shown.page.keyboard.press("Enter")
    shown.hides("Until it is corrected")
    assert shown.view.model.choice.endpoint.url == "wss://asr.example.org/realtime"
    assert other.is_checked() and address.get_attribute("aria-invalid") == "false"


def test_another_address_stays_chosen_while_none_is_typed_yet(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    shown.press("Offline: script")
    shown.page.get_by_text("Another address").click()
    shown.view.page.tell_opening()
    shown.serve()
    assert shown.page.get_by_role("radio", name="Another address").is_checked()
    assert shown.page.locator(".qaw-url").is_visible()
    shown.page.get_by_role("radio", name=DEFAULT).check()
    shown.until(lambda: shown.view.model.choice.state()["id"] == "embedded")
    assert not shown.page.locator(".qaw-url").is_visible()


def test_that_the_recording_goes_on_is_said_while_it_does(show_transcriber: Show) -> None:
    with ScriptedServer(dying) as server:
        shown = show_transcriber(Transcriber(endpoint=server.url, retry=Retry(patience=0)))
        goes_on = shown.page.get_by_text("The recording goes on and is kept.")
        press_record(shown.page)
        shown.shows("The recording goes on and is kept.")
        wait_for_seconds(shown.page, 1.0)
        shown.press("Pause")
        shown.page.locator(".qaw-paused").wait_for()
        assert goes_on.count() == 0 and shown.page.get_by_text("recorded so far are kept").is_visible()
        shown.press("Resume")
        goes_on.wait_for()
        press_record(shown.page)  # the kernel has not heard of it yet
        goes_on.wait_for(state="detached")
        shown.settled()
    shown.shows("recorded so far are kept")
    assert goes_on.count() == 0


def test_the_sample_can_be_chosen_again_after_a_run(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(three_turns(), script(), pace=None))
    assert_legible(shown)
    shown.press("Try the sample")
    shown.until(lambda: len(shown.view.recordings) == 2)
    shown.settled()
    assert len(shown.view.recording.utterances) == len(sample("conversation").turns)
    assert shown.page.get_by_role("button", name="Try the sample").is_visible()


def test_milliseconds_are_a_word_in_chinese(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(three_turns(), script()), locale="zh-CN", **PHONE)
    shown.page.get_by_text("0.20 · 800 毫秒").filter(visible=True).click()
    boxes = shown.page.locator(".qaw-value-box").filter(visible=True)
    assert [box.text_content() for box in boxes.all()] == ["", "毫秒", "毫秒"]
    assert shown.page.get_by_role("slider", name="静音时长").get_attribute("aria-valuetext") == "800 毫秒"
    assert_legible(shown)


def test_first_words_that_came_while_the_sound_was_held_up_are_marked_in_no_other_turn(
    show_transcriber: Show,
) -> None:
    plays = {}
    for wait in (0.5, 4.0):
        play = Script(8.0)
        play.turn("a", 1.0, 2.0, "the words", partials=[(wait, "", "the")], endpoint=4.0)
        plays[wait] = show_transcriber(Transcriber(play.finish()))
    for wait, shown in plays.items():
        box = shown.page.locator(".qaw-plot").bounding_box()
        ticks = painted(shown.page, TURN, box=(0, 89, box["width"], 6))
        assert (ticks > 0) == (wait == 0.5)
