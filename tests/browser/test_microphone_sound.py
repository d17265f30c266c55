"""Devices and what they give, on a bare page: which one is recorded, how loud it is, what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast
from support.microphone_page import TONE, Bare
from support.record_button import press_record, wait_for_phase
from support.waiting import wait_until

pytestmark = pytest.mark.browser

PICKER = ".qaw-mic-device"

# Devices that come and go: a test sets `window.plugged` and says so.
PLUGS = """(() => {
  const device = (deviceId) => ({ kind: 'audioinput', deviceId, label: `The ${deviceId} microphone` });
  window.plugged = ['default', 'desk', 'head'];
  navigator.mediaDevices.enumerateDevices = async () => window.plugged.map(device);
  window.plug = (ids) => {
    window.plugged = ids;
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  };
})()"""


def offered(page: Any) -> list[str]:
    return [option.text_content() for option in page.locator(f"{PICKER} option").all()]


def level(page: Any) -> int:
    return int(page.get_by_role("meter").get_attribute("aria-valuenow"))


def test_the_device_that_is_picked_is_the_one_recorded(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    page.locator(f"{PICKER} option").nth(2).wait_for(state="attached")
    default, *devices = offered(page)
    assert default == "Default microphone"
    assert len(devices) == len(set(devices)) >= 2
    page.locator(PICKER).select_option(label=devices[-1])
    press_record(page)
    assert shown.wait_for_sent("start")["label"] == devices[-1]
    assert page.locator(PICKER).is_disabled()
    press_record(page)
    wait_for_phase(page, "idle")
    assert page.locator(f"{PICKER} option:checked").text_content() == devices[-1]


def test_devices_that_come_and_go_are_offered_and_the_choice_is_kept(bare: Bare) -> None:
    page = bare(PLUGS).open()
    everything = ["Default microphone", "The desk microphone", "The head microphone"]
    wait_until(lambda: offered(page) == everything)
    page.locator(PICKER).select_option("head")
    page.evaluate("plug(['default', 'desk'])")
    wait_until(lambda: offered(page) == everything[:2])
    assert page.locator(PICKER).input_value() == ""
    page.evaluate("plug(['default', 'desk', 'head', 'new'])")
    wait_until(lambda: offered(page) == [*everything, "The new microphone"])
    assert page.locator(PICKER).input_value() == "head"


def test_the_level_is_shown_and_what_is_too_loud_or_silent_is_said(bare: Bare) -> None:
    shown = bare(TONE)
    page = shown.open("light")
    press_record(page)
    shown.wait_for_chunks(2)
    wait_until(lambda: abs(level(page) - 80) <= 1)  # a quarter of full scale: 12 of the 60 dB are missing
    assert page.get_by_text("Too loud").count() == 0
    page.evaluate("gain.gain.value = 4")
    page.get_by_text("Too loud: the sound is clipped").wait_for()
    wait_until(lambda: level(page) == 100)
    assert page.locator("[data-clipping=true]").count() == 1
    assert low_contrast(page) == cut_off(page) == []
    assert any(chunk["clipped"] > 0 for chunk in shown.sent("chunk"))
    page.evaluate("gain.gain.value = 0")
    page.get_by_text("Only silence arrives").wait_for()
    assert page.get_by_text("Too loud").count() == 0
    assert level(page) == 0


def test_what_the_track_really_does_is_shown_and_told(bare: Bare) -> None:
    stubborn = """const real = MediaStreamTrack.prototype.getSettings;
    MediaStreamTrack.prototype.getSettings = function () {
      return { ...real.call(this), noiseSuppression: true, autoGainControl: undefined, channelCount: 1 };
    };"""
    shown = bare(stubborn)
    page = shown.open()
    page.get_by_role("button", name="Sound settings").click()
    press_record(page)
    start = shown.wait_for_sent("start")
    assert start["asked"]["noiseSuppression"] is False
    assert start["settings"]["noiseSuppression"] is True
    assert start["settings"]["autoGainControl"] is None
    rate = start["rate"]
    assert start["settings"]["sampleRate"] == rate >= 44_100
    said = f"In force: {rate / 1000:g} kHz, channels 1, echo off, noise on, gain unknown"
    page.get_by_text(said, exact=True).wait_for()


def test_audio_that_never_starts_is_said_and_the_device_let_go(bare: Bare) -> None:
    asleep = """const Awake = window.AudioContext;
    window.AudioContext = class extends Awake {
      constructor() { super(); this.suspend(); }
      resume() { return new Promise(() => {}); }
    };"""
    shown = bare(asleep, own=True)
    shown.page.clock.install()
    page = shown.open("light")
    press_record(page)
    wait_for_phase(page, "starting")
    wait_until(lambda: page.evaluate("window.runningSounds().length") == 1)
    page.clock.fast_forward(8_000)
    page.get_by_text("The browser's audio does not start.").wait_for()
    assert page.evaluate("window.runningSounds().length") == 0
    assert [problem["code"] for problem in shown.sent("problem")] == ["stalled"]
    assert low_contrast(page) == cut_off(page) == []
