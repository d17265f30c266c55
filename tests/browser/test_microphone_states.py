"""Every state of the microphone's view, on a bare page: what is said, how it looks, what it leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from support.profiles import ADDRESS
from support.clip_page import ClipPage
from support.looks import cut_off, low_contrast, small_targets
from support.microphone_page import Bare
from support.record_button import RECORD, press_record, wait_for_phase
from support.waiting import wait_until

from qwen_asr_widgets.widgets.capture.capture import CaptureReceiver
from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder

pytestmark = pytest.mark.browser

REJECT = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('as told', '%s'); };"
PROBLEMS = {
    "insecure": "Object.defineProperty(window, 'isSecureContext', { value: false });"
    "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });",
    "host": "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });",
    "denied": REJECT % "NotAllowedError",
    "none": REJECT % "NotFoundError",
    "busy": REJECT % "NotReadableError",
    "device": REJECT % "OverconstrainedError",
    "worklet": "AudioWorklet.prototype.addModule = async () => { throw new Error('blocked'); };",
    "unknown": REJECT % "DataCloneError",
}
TITLES = {
    "insecure": "The browser does not allow the microphone on this page.",
    "host": "There is no microphone here.",
    "denied": "The browser was not allowed to use the microphone.",
    "none": "No microphone was found.",
    "busy": "The microphone cannot be opened.",
    "device": "The chosen microphone is not there any more.",
    "worklet": "The browser could not start its audio thread.",
    "unknown": "The recording could not be started.",
}


@pytest.mark.parametrize("code", PROBLEMS)
def test_what_stands_in_the_way_is_said_with_a_way_on(code: str, bare: Bare) -> None:
    shown = bare(PROBLEMS[code])
    page = shown.open("light")
    page.locator(RECORD).click()
    notice = page.get_by_role("alert")
    notice.get_by_text(TITLES[code], exact=True).wait_for()
    assert notice.get_by_role("button", name="Open a file…").is_visible()
    assert [message["code"] for message in shown.sent("problem")] == [code]
    assert shown.sent("start") == shown.sent("chunk") == []
    assert low_contrast(page) == []


def test_a_page_that_may_not_have_the_microphone_by_its_policy_says_so(bare: Bare) -> None:
    shown = bare()
    headers = {"Content-Type": "text/html", "Permissions-Policy": "microphone=()"}
    html = "<!doctype html><html lang=en><body></body></html>"
    shown.page.route(f"{ADDRESS}**", lambda route: route.fulfill(body=html, headers=headers))
    page = shown.open()
    press_record(page)
    page.get_by_text(TITLES["host"]).wait_for()
    assert page.get_by_role("alert").get_by_role("button").all_inner_texts() == ["Open a file…"]
    asked = "navigator.mediaDevices.getUserMedia({ audio: true }).catch((error) => error.name)"
    assert shown.errors == []  # the widget did not ask
    assert page.evaluate(asked) == "NotAllowedError"
    shown.errors.clear()


def test_clips_are_not_asked_for_either_where_the_policy_forbids_the_microphone(browser: Any) -> None:
    context = browser.new_context(locale="en-US")
    headers = {"Content-Type": "text/html", "Permissions-Policy": "microphone=()"}
    html = "<!doctype html><html lang=en><body></body></html>"
    context.route(f"{ADDRESS}**", lambda route: route.fulfill(body=html, headers=headers))
    context.add_init_script(
        "window.asked = 0; navigator.mediaDevices.getUserMedia = async () => { window.asked += 1; };"
    )
    page = context.new_page()
    page.goto(ADDRESS)
    clips = ClipPage(page, ClipRecorder())
    clips.open()
    press_record(page)
    page.get_by_text(TITLES["host"]).wait_for()
    assert page.evaluate("window.asked") == 0
    clips.recorder.close()
    context.close()


def test_a_page_from_the_browsers_cache_goes_on_where_it_was_left(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    press_record(page)
    shown.wait_for_chunks(2)
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    stop = shown.wait_for_sent("stop")
    assert stop["reason"] == "interrupted" and stop["chunks"] >= 2
    shown.wait_for_chunks(stop["chunks"] + 2)
    receiver = CaptureReceiver()
    sent = page.evaluate(
        "() => window.bare.model.sent.map((m) => [m.content, m.buffers.map((b) => [...new Uint8Array(b)])])"
    )
    for content, buffers in sent:
        receiver.receive(content, [bytes(buffer) for buffer in buffers], 0.0)
    session = receiver.session
    assert session is not None and (session.state, session.lost, session.late) == ("recording", 0, 0)


def test_the_webview_of_vs_code_is_known_by_its_body(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    page.evaluate("document.body.className = 'vscode-dark'")
    page.locator('.qaw[data-theme="dark"]').wait_for()
    press_record(page)
    page.get_by_text(TITLES["host"]).wait_for()
    assert "VS Code" in page.get_by_role("alert").inner_text()
    assert shown.sent("start") == []


def test_an_unplugged_device_ends_the_recording_and_keeps_what_was_said(bare: Bare) -> None:
    keep_track = """const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (asked) => (window.stream = await ask(asked));"""
    shown = bare(keep_track)
    page = shown.open()
    page.locator(RECORD).click()
    shown.wait_for_chunks(3)
    page.evaluate("window.stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    page.get_by_text("The microphone was unplugged.").wait_for()
    assert "recorded so far are kept" in page.get_by_role("alert").inner_text()
    (stop,) = shown.sent("stop")
    assert stop["reason"] == "unplugged"
    assert stop["chunks"] == len(shown.sent("chunk"))
    assert page.evaluate("window.stream.getAudioTracks()[0].readyState") == "ended"


def test_pausing_records_nothing_and_chunks_stay_numbered(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    page.locator(RECORD).click()
    shown.wait_for_chunks(3)
    page.get_by_role("button", name="Pause").click()
    shown.wait_for_sent("pause")
    before = page.locator(".qaw-mic-elapsed").inner_text()
    page.wait_for_function("""() => {
      const kinds = window.bare.model.sent.map((m) => m.content.kind);
      return kinds.slice(kinds.indexOf('pause')).includes('beat');
    }""")
    assert page.locator(".qaw-mic-elapsed").inner_text() == before
    assert page.get_by_role("meter").get_attribute("aria-valuenow") == "0"
    chunks = len(shown.sent("chunk"))
    page.get_by_role("button", name="Resume").click()
    shown.wait_for_chunks(chunks + 2)
    page.locator(RECORD).click()
    wait_for_phase(page, "idle")
    sent = shown.sent("chunk")
    assert [chunk["seq"] for chunk in sent] == list(range(len(sent)))
    assert shown.sent("stop")[0]["chunks"] == len(sent)


def test_a_start_taken_back_before_the_permission_leaves_nothing(bare: Bare) -> None:
    late = """const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (asked) => {
      await new Promise((allow) => { window.allow = allow; });
      return (window.given = await ask(asked));
    };"""
    shown = bare(late)
    page = shown.open()
    page.locator(RECORD).click()
    page.wait_for_function("() => window.allow")
    page.locator(RECORD).click()
    wait_for_phase(page, "idle")
    page.evaluate("window.allow()")
    page.wait_for_function("() => window.given && window.runningSounds().length === 0")
    assert shown.sent("start") == shown.sent("problem") == []
    assert not page.get_by_role("alert").is_visible()


def test_processing_is_off_until_it_is_switched_on(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    page.get_by_role("button", name="Sound settings").click()
    assert [box.is_checked() for box in page.get_by_role("checkbox").all()] == [False, False, False]
    page.get_by_label("Noise suppression").check()
    page.locator(RECORD).click()
    wait_for_phase(page, "recording")
    (start,) = shown.sent("start")
    assert start["asked"] == {"echoCancellation": False, "noiseSuppression": True, "autoGainControl": False}
    page.get_by_text("In force:").wait_for()


def test_two_views_show_one_recording_and_the_last_one_ends_it(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    page.evaluate("async () => { window.bare.views.push(await window.bare.open()); }")
    page.locator(RECORD).nth(1).click()
    page.wait_for_function("() => document.querySelectorAll('[data-phase=recording]').length === 2")
    page.evaluate("() => window.bare.views.pop()()")
    assert page.locator(f"{RECORD}[data-phase=recording]").count() == 1
    page.evaluate("() => window.bare.views.pop()()")
    assert shown.wait_for_sent("stop")["reason"] == "closed"


def test_many_views_leave_no_listener_timer_or_audio_node(bare: Bare) -> None:
    shown = bare()
    page = shown.open()
    page.evaluate("() => window.bare.views.pop()()")
    one_view = """async (record) => {
      const close = await window.bare.open();
      if (record) {
        document.querySelector('.qaw-mic-record').click();
        while (!document.querySelector('[data-phase=recording]')) await new Promise(requestAnimationFrame);
      }
      await close();
      const { sent } = window.bare.model;
      while (record && !sent.some((m) => m.content.kind === 'stop')) await new Promise(requestAnimationFrame);
      sent.length = 0;
    }"""
    for record in (True, False):
        page.evaluate(one_view, record)
    before = wait_until(lambda: (now := shown.counters())["timers"] == 0 and now, 10, every=0.5)
    for number in range(6):
        page.evaluate(one_view, number % 3 == 0)
    assert before["timers"] == before["sounds"] == 0

    def grown() -> dict[str, float]:
        """What there is more than before; a closed audio context goes a few collections later."""
        after = shown.counters()
        return {name: after[name] - before[name] for name in after if after[name] > before[name]}

    assert wait_until(lambda: not grown(), 15, "nothing is left", every=0.2), grown()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 900])
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_nothing_is_cut_off_or_faint(
    theme: str, width: int, language: str, bare: Bare
) -> None:
    shown = bare(
        live_while_busy=False, viewport={"width": width, "height": 500}, locale=language
    )
    page = shown.open(theme)
    assert page.locator(".qaw").get_attribute("data-theme") == theme
    page.locator("button[aria-expanded]").click()
    page.locator(RECORD).click()
    shown.wait_for_chunks(2)
    assert low_contrast(page) == []
    assert cut_off(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_fingers_get_large_targets(bare: Bare) -> None:
    page = bare(has_touch=True, is_mobile=True, viewport={"width": 400, "height": 700}).open("light")
    page.locator("button[aria-expanded]").click()
    assert small_targets(page) == []


def test_the_keyboard_reaches_everything_and_keys_stay_inside(bare: Bare) -> None:
    page = bare().open("light")
    listen = "document.addEventListener('keydown', (event) => window.leaked.push(event.key));"
    page.evaluate(f"window.leaked = []; {listen}")
    reached = []
    page.locator(RECORD).focus()
    for _ in range(4):
        reached.append(page.evaluate("document.activeElement.innerText.split('\\n')[0]"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") in ("solid", "auto")
        page.keyboard.press("Tab")
    assert reached == ["Record", "Default microphone", "Open a file…", "Sound settings"]
    page.locator(RECORD).focus()
    page.keyboard.press("Enter")
    wait_for_phase(page, "recording")
    assert page.evaluate("leaked") == []
