"""Every state of the clip recorder on a bare page: ten minutes by a clock of ours, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.clip_page import ClipPage
from support.looks import cut_off, low_contrast, small_targets
from support.profiles import ADDRESS, Profile, Profiles
from support.record_button import RECORD, record_for, wait_for_seconds
from support.waiting import wait_until

from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder

pytestmark = pytest.mark.browser

REJECT = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('as told', '%s'); };"
PROBLEMS = {
    "denied": (REJECT % "NotAllowedError", "The browser was not allowed to use the microphone."),
    "none": (REJECT % "NotFoundError", "No microphone was found."),
    "insecure": (
        "Object.defineProperty(window, 'isSecureContext', { value: false });",
        "The browser does not allow the microphone on this page.",
    ),
    "format": ("MediaRecorder.isTypeSupported = () => false;", "The browser cannot record clips."),
    "silently": (
        "MediaRecorder.prototype.start = function () { throw new Error('no'); };"
        "window.addEventListener('unhandledrejection', (event) => event.preventDefault());",
        "The browser cannot record clips.",
    ),
    "noclips": ("window.withoutClips = true;", "Clips cannot be recorded here."),
}


@pytest.fixture
def show(profiles: Profiles) -> Iterator[Callable[..., ClipPage]]:
    """Open clip recorders on bare pages; errors on their consoles fail the test."""
    shown: list[tuple[ClipPage, Profile]] = []
    errors: list[str] = []

    def make(
        init_script: str = "", recorder: ClipRecorder | None = None, clock: bool = False, **options: Any
    ) -> ClipPage:
        options = {"viewport": {"width": 816, "height": 400}, "permissions": ["microphone"], **options}
        profile = profiles.take(own=clock, **options)  # a clock is the profile's
        page = profile.new_page(init_script)
        page.on("pageerror", lambda error: errors.append(str(error)))
        if clock:
            page.clock.install()
        page.goto(ADDRESS)
        clips = ClipPage(page, recorder or ClipRecorder(arrival_timeout=0.3))
        clips.open()
        shown.append((clips, profile))
        return clips

    yield make
    for clips, profile in shown:
        clips.recorder.close()
        profile.end()
    assert errors == []


def record(clips: ClipPage) -> None:
    """Record long enough for a frame of Opus."""
    clips.page.locator(RECORD).click()
    wait_for_seconds(clips.page, 0.5)


def until(clips: ClipPage, condition: Callable[[], Any]) -> Any:
    """Carry messages until a condition holds."""

    def met() -> Any:
        clips.serve()
        return condition()

    return wait_until(met)


def shows(clips: ClipPage, text: str) -> None:
    until(clips, lambda: clips.page.get_by_text(text).filter(visible=True).count())


def test_a_clip_arrives_and_is_said_to(show: Callable[..., ClipPage]) -> None:
    clips = show()
    brought: list[Any] = []
    clips.recorder.on_clip(brought.append)
    record(clips)
    until(clips, lambda: clips.recorder.recording and clips.recorder.pending)
    clips.page.locator(RECORD).click()
    shows(clips, "Recorded 0:0")
    assert brought == [clips.recorder.clip] and not clips.recorder.pending and clips.recorder.problem == ""
    assert bytes(clips.recorder.recorder.audio.value) == b""
    assert clips.page.evaluate("window.clips.camera.cameraStream") is None  # the microphone is let go


def test_it_warns_at_nine_minutes_and_ends_the_clip_at_ten(show: Callable[..., ClipPage]) -> None:
    clips = show(clock=True)
    record(clips)
    clips.page.clock.fast_forward(538_000)
    clips.page.clock.run_for(500)
    assert clips.page.get_by_text("Stop soon").count() == 0
    clips.page.clock.run_for(2_000)
    clips.page.get_by_text("Stop soon: at 10:00 the clip ends by itself").wait_for()
    assert low_contrast(clips.page) == []
    clips.page.clock.fast_forward(58_000)
    clips.page.clock.run_for(500)
    assert clips.page.locator(f"{RECORD}[data-phase=recording]").count() == 1
    clips.page.clock.run_for(3_000)
    shows(clips, "The clip ended at 10:00, its limit.")
    until(clips, lambda: clips.recorder.clip is not None)
    assert clips.recorder.problem == ""


def test_a_pause_does_not_count(show: Callable[..., ClipPage]) -> None:
    clips = show(clock=True)
    record(clips)
    clips.page.get_by_role("button", name="Pause").click()
    clips.page.clock.fast_forward(700_000)
    clips.page.clock.run_for(300)
    assert clips.page.get_by_text("Stop soon").count() == 0
    clips.page.get_by_role("button", name="Resume").click()
    clips.page.clock.run_for(500)
    clips.page.locator(RECORD).click()
    until(clips, lambda: clips.recorder.clip is not None)


def test_a_clip_too_large_for_a_message_is_named_as_that_and_not_sent(show: Callable[..., ClipPage]) -> None:
    clips = show("window.clipBytes = 10 * 2 ** 20;")
    record(clips)
    clips.page.locator(RECORD).click()
    shows(clips, "The clip was too large for one message and is lost.")
    until(clips, lambda: "too large" in clips.recorder.problem)
    assert clips.recorder.clip is None and not clips.recorder.pending
    assert clips.page.evaluate("window.clips.audio.get('value').byteLength") == 0
    assert clips.page.get_by_text("are kept").count() == 0


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_stands_in_the_way_is_said_with_a_way_on(case: str, show: Callable[..., ClipPage]) -> None:
    script, title = PROBLEMS[case]
    clips = show(script)
    clips.page.locator(RECORD).click()
    shows(clips, title)
    assert clips.page.locator(".qaw-notice").get_by_role("button", name="Open a file…").is_visible()
    until(clips, lambda: title in clips.recorder.problem)
    assert not clips.recorder.recording and low_contrast(clips.page) == []


def test_without_a_decoder_nobody_speaks_in_vain(show: Callable[..., ClipPage]) -> None:
    recorder = ClipRecorder()
    recorder.can_decode = False
    clips = show(recorder=recorder)
    clips.page.locator(RECORD).click()
    shows(clips, "The kernel cannot decode clips.")
    until(clips, lambda: 'pip install "qwen-asr-widgets[media]"' in recorder.problem)
    assert recorder.clip is None and not recorder.recording


def test_a_refusal_is_not_kept_once_the_microphone_is_allowed(show: Callable[..., ClipPage]) -> None:
    keep = "window.allow = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
    clips = show(keep + REJECT % "NotAllowedError")
    clips.page.locator(RECORD).click()
    shows(clips, "The browser was not allowed to use the microphone.")
    clips.page.evaluate("() => { navigator.mediaDevices.getUserMedia = window.allow; }")
    clips.page.get_by_role("button", name="Try again").click()
    wait_for_seconds(clips.page, 0.5)
    clips.page.locator(RECORD).click()
    until(clips, lambda: clips.recorder.clip is not None)
    assert clips.recorder.problem == ""


def test_no_sound_at_all_is_noticed(show: Callable[..., ClipPage]) -> None:
    clips = show("window.clipBytes = 0;", clock=True)
    record(clips)
    clips.page.locator(RECORD).click()
    clips.page.clock.run_for(6_000)
    shows(clips, "The browser recorded no sound.")
    until(clips, lambda: "no sound" in clips.recorder.problem)
    assert clips.recorder.clip is None


def test_what_is_no_sound_is_said_with_the_reason(show: Callable[..., ClipPage]) -> None:
    clips = show("window.clipBytes = 5000;")
    record(clips)
    clips.page.locator(RECORD).click()
    shows(clips, "The clip cannot be read.")
    assert clips.recorder.clip is None and "cannot be read" in clips.recorder.problem


def test_a_kernel_that_does_not_answer_may_be_busy_and_is_waited_for(show: Callable[..., ClipPage]) -> None:
    clips = show(clock=True)
    record(clips)
    clips.page.locator(RECORD).click()
    clips.page.get_by_text("Waiting for the sound…").wait_for()
    clips.page.clock.run_for(9_000)
    clips.page.get_by_text("it may be running a cell").wait_for()
    assert clips.page.locator(RECORD).is_disabled()
    shows(clips, "Recorded 0:0")


def test_an_unplugged_microphone_leaves_what_it_heard(show: Callable[..., ClipPage]) -> None:
    clips = show(clock=True)
    record(clips)
    clips.page.evaluate("""async () => {
      const [track] = (await window.clips.camera.captureStream()).getTracks();
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }""")
    clips.page.clock.run_for(1_000)
    shows(clips, "The microphone was unplugged.")
    until(clips, lambda: clips.recorder.clip is not None)
    assert clips.recorder.clip.duration > 0.1


def test_a_reload_says_that_the_clip_is_lost(show: Callable[..., ClipPage]) -> None:
    clips = show()
    record(clips)
    clips.serve()
    clips.page.reload()
    clips.open()
    shows(clips, "The page was reloaded while it recorded a clip.")
    until(clips, lambda: "reloaded" in clips.recorder.problem and not clips.recorder.pending)
    assert clips.recorder.clip is None


def test_code_starts_and_stops_it(show: Callable[..., ClipPage]) -> None:
    clips = show()
    clips.recorder.start()
    until(clips, lambda: clips.recorder.recording)
    wait_for_seconds(clips.page, 0.5)
    clips.recorder.stop()
    until(clips, lambda: clips.recorder.clip is not None)
    assert clips.recorder.clip.duration > 0.4 and not clips.recorder.recording


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_legible_whole_and_in_reach_in_chinese_at_400_px(
    show: Callable[..., ClipPage], theme: str
) -> None:
    size = {"viewport": {"width": 416, "height": 400}, "has_touch": True, "is_mobile": True}
    clips = show(recorder=ClipRecorder(lang="zh"), color_scheme=theme, **size)
    clips.page.get_by_text("停止后整段送达 Python").wait_for()
    for _ in range(2):
        assert low_contrast(clips.page) == cut_off(clips.page) == small_targets(clips.page) == []
        record_for(clips.page, 0.5)
        until(clips, lambda: clips.recorder.uplink.state == "stopped" and not clips.recorder.pending)
        assert clips.recorder.clip is not None
