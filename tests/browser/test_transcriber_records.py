"""The transcriber's page while it records: live or a clip first, one page at a time, with what is amiss."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.record_button import RECORD, wait_for_phase, wait_for_seconds
from support.scripted_server import Peer, ScriptedServer, created, updated
from support.transcriber_page import Show, TranscriberPage
from support.transcribing import MicrophonePage, script, spoken

from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

# A microphone that shouts: a tone four times too loud.
SHOUT = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const gain = new GainNode(context, { gain: 4 });
  const out = context.createMediaStreamDestination();
  tone.connect(gain).connect(out);
  tone.start();
  return out.stream;
};"""
DENIED = """navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException('as told', 'NotAllowedError');
};"""


def choose_clips(shown: TranscriberPage) -> None:
    shown.press("Microphone")
    shown.page.get_by_text("Clip first").click()
    shown.until(lambda: shown.page.get_by_role("button", name="Record a clip").is_enabled())


def test_a_clip_is_chosen_under_the_microphone_recorded_and_transcribed(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script(), pace=None))
    choose_clips(shown)
    assert shown.page.get_by_text("up to 10 minutes").is_visible()
    assert shown.page.get_by_text("a kernel that gets no sound while a cell runs").is_visible()
    for count in (1, 2):
        shown.page.locator(RECORD).click()
        shown.shows("It is transcribed when you press Stop")
        wait_for_seconds(shown.page, 1.5)
        shown.page.locator(RECORD).click()
        shown.until(lambda: len(shown.view.recordings) == count)
        shown.settled()
    assert shown.view.recording.duration >= 1.2 and shown.view.recording.complete
    assert shown.page.locator(RECORD).text_content() == "Record a clip"
    shown.press("Microphone")
    shown.page.get_by_text("Live", exact=True).click()
    shown.page.locator(RECORD).click()
    shown.until(lambda: len(shown.view.recordings) == 3)
    shown.page.locator(RECORD).click()
    shown.settled()


def test_a_transcriber_of_a_clip_recorder_records_clips(show_transcriber: Show) -> None:
    recorder = ClipRecorder()
    shown = show_transcriber(Transcriber(recorder, script(), pace=None))
    shown.until(lambda: shown.page.get_by_role("button", name="Record a clip").is_enabled())
    shown.view.start()
    shown.until(lambda: recorder.recording)
    wait_for_seconds(shown.page, 1.0)
    shown.view.stop()
    shown.until(lambda: shown.view.recording is not None)
    shown.settled()
    assert shown.view.recording.complete and shown.view.recording.duration > 0.5
    recorder.close()


def test_what_keeps_a_clip_from_coming_stands_in_the_transcriber(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()), init_script=DENIED)
    choose_clips(shown)
    shown.page.locator(RECORD).click()
    shown.shows("The browser was not allowed to use the microphone.")
    notice = shown.page.locator(".qaw-notice").filter(visible=True)
    assert notice.get_by_role("button", name="Open a file…").is_visible()
    shown.page.get_by_text("Live", exact=True).click()
    shown.hides("The browser was not allowed to use the microphone.")


def test_ten_minutes_are_announced_and_kept_in_the_transcriber(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script(), pace=None), own=True)
    shown.page.clock.install()
    choose_clips(shown)
    shown.page.locator(RECORD).click()
    wait_for_seconds(shown.page, 0.8)
    shown.page.clock.fast_forward(540_000)
    shown.shows("Stop soon: at 10:00 the clip ends by itself")
    assert low_contrast(shown.page, ".qaw-tr") == []
    shown.page.clock.fast_forward(60_000)
    shown.until(lambda: shown.view.recording is not None)
    shown.settled()
    assert shown.view.recording.complete


def test_a_clip_too_large_is_said_in_the_transcriber(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()), init_script="window.clipBytes = 11 << 20;")
    choose_clips(shown)
    shown.page.locator(RECORD).click()
    wait_for_phase(shown.page, "recording")
    shown.page.locator(RECORD).click()
    shown.shows("The clip was too large for one message and is lost.")
    shown.until(lambda: not shown.view.pages.clips.pending)
    assert shown.view.recording is None


def test_a_front_end_without_other_widgets_records_live_only(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    shown.page.add_init_script("window.widgetManager = undefined;")
    shown.show()
    shown.press("Microphone")
    assert shown.page.get_by_text("Input device").is_visible()
    assert not shown.page.get_by_text("Clip first").is_visible()


def test_a_page_beside_one_that_records_says_so_and_can_stop_it(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    other = MicrophonePage(shown.view, "other").start()
    shown.shows("Another tab or browser is recording with this widget.")
    assert shown.page.get_by_role("button", name="Stop", exact=True).is_enabled()
    assert low_contrast(shown.page, ".qaw-tr") == []
    halts: list[Any] = []
    hear = shown.view.send
    shown.view.send = lambda content, buffers=None: (
        halts.append(content["kind"]) if content["kind"] == "halt" else hear(content, buffers)
    )
    shown.press("Stop")
    shown.until(lambda: halts)
    other.stop()
    shown.hides("Another tab or browser is recording with this widget.")
    shown.settled()
    assert shown.page.locator(RECORD).text_content() == "Record"


def test_of_two_browsers_that_record_the_second_says_that_it_is_refused(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    shown.page.locator(RECORD).click()  # its page has not heard yet that another one was first
    wait_for_phase(shown.page, "recording")
    other = MicrophonePage(shown.view, "other").start()
    other.speak(spoken(0.5))
    shown.shows("This microphone is recording in another tab or view.")
    shown.shows("Stop it there first, then try again")
    wait_for_phase(shown.page, "recording")  # the button now stops the other one
    assert shown.page.get_by_text("are kept").count() == 0
    other.stop()
    shown.settled()
    assert len(shown.view.recordings) == 1 and shown.view.recording.duration == pytest.approx(0.5)


def test_lost_sound_is_counted_and_shown_when_there_is_any(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    other = MicrophonePage(shown.view, "other").start()
    other.speak(spoken(1.0))
    shown.shows("Another tab or browser")
    assert shown.page.get_by_text("lost between").count() == 0
    other.speak(spoken(1.0), lose=(12, 13))
    shown.shows("0.2 s lost between browser and kernel")
    other.stop()
    shown.settled()
    shown.shows("0.2 s lost between browser and kernel")


def test_a_service_that_lags_behind_is_said_in_seconds(show_transcriber: Show) -> None:
    go_on = threading.Event()

    def stalling(peer: Peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        go_on.wait(60)

    with ScriptedServer(stalling, max_queue=1) as server:
        shown = show_transcriber(Transcriber(endpoint=server.url))
        other = MicrophonePage(shown.view, "other").start()
        other.speak(spoken(1.0))
        shown.until(lambda: shown.view.view.told["phase"] == "live")
        assert shown.page.get_by_text("s behind").count() == 0
        for _ in range(4):
            other.speak(spoken())
        line = shown.page.get_by_text(re.compile(r"\d+ s behind"))
        shown.until(lambda: line.count() > 0)
        shown.view.model.abandon()
        go_on.set()


def test_clipping_is_shown_while_it_lasts(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()), init_script=SHOUT)
    for clips in (False, True):
        if clips:
            choose_clips(shown)
        shown.page.locator(RECORD).click()
        shown.shows("Too loud: the sound is clipped.")
        shown.page.locator(".qaw-mic-meter[data-clipping=true]").wait_for()
        shown.page.locator(RECORD).click()
        shown.hides("Too loud: the sound is clipped.")
        shown.until(lambda: len(shown.view.recordings) == 1 + clips)
        shown.settled()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_microphones_drawer_is_legible_whole_and_in_reach_at_400_px(
    show_transcriber: Show, theme: str, lang: str
) -> None:
    phone = {"viewport": {"width": 416, "height": 900}, "has_touch": True, "is_mobile": True}
    shown = show_transcriber(Transcriber(lang=lang), theme=theme, **phone)
    shown.page.locator(".qaw-opens").first.click()
    shown.page.get_by_role("radio").last.check()
    shown.until(lambda: shown.view.pages.clips.recorder is not None)
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    assert small_targets(shown.page) == []
    assert shown.page.locator(".qaw-mic-device").bounding_box()["height"] <= 48
