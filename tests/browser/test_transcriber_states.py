"""The transcriber on a bare page with its Python half answering: every state, way on, size and language."""

from __future__ import annotations

from typing import Any

import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.painted import shown_range
from support.record_button import RECORD
from support.recordings import Script, three_turns
from support.scripted_server import ScriptedServer, created, greet_and_record, item_events, updated
from support.transcriber_page import Show
from support.transcribing import NOWHERE, script

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.client.embedded import default_recognizer
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.retry import Retry
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

DEFAULT = f"{default_recognizer().capitalize()}, on this computer"
"""The row of the menu that is taken where nothing is chosen."""


@pytest.mark.parametrize("width", [900, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_is_legible_whole_and_in_reach(show_transcriber: Show, theme: str, width: int) -> None:
    viewport, phone = {"width": width + 16, "height": 900}, width == 400
    shown = show_transcriber(
        Transcriber(three_turns()), theme=theme, viewport=viewport, has_touch=phone, is_mobile=phone
    )
    for name in ("0.20", "127.0.0.1", "Run again with", "Save"):
        drawer = shown.page.get_by_role("button", name=name)
        if drawer.count():
            drawer.first.click()
        assert low_contrast(shown.page, ".qaw-tr") == []
        assert cut_off(shown.page, ".qaw-tr") == []
    if width == 400:
        assert small_targets(shown.page) == []
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_speaks_chinese(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(), locale="zh-CN")
    shown.shows("请录音、打开文件或试用示例")
    assert shown.page.locator(RECORD).text_content() == "录音"
    asked = show_transcriber(Transcriber(lang="en"), locale="zh-CN")
    asked.shows("Record, open a file, or try the sample")


def test_a_denied_microphone_leaves_the_way_by_a_file(show_refused: Show, tmp_path: Any) -> None:
    shown = show_refused(Transcriber(endpoint=script(), pace=None))
    shown.page.locator(RECORD).click()
    shown.shows("The browser was not allowed to use the microphone.")
    path = tmp_path / "talk.wav"
    sample("noisy").clip.resample(192_000).save(path)
    assert path.stat().st_size > 10 << 20  # more than one message may hold
    with shown.page.expect_file_chooser() as chooser:
        shown.page.locator(".qaw-notice").get_by_text("Open a file…").first.click()
    chooser.value.set_files(path)
    shown.until(lambda: shown.view.recording is not None, 30)
    shown.settled()
    assert shown.view.recording.info.name == "talk.wav" and shown.view.recording.info.original_rate == 192_000


def test_a_file_without_sound_is_said_beside_a_way_on(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    with shown.page.expect_file_chooser() as chooser:
        shown.page.get_by_role("button", name="Open a file…").click()
    chooser.value.set_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no sound" * 99})
    shown.shows("“notes.txt” cannot be read.")
    shown.shows("notes.txt holds no sound that can be read.")
    assert shown.page.locator(".qaw-notice").get_by_role("button", name="Open a file…").is_visible()


def test_an_endpoint_that_is_down_says_so_and_another_takes_over(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(sample("conversation"), NOWHERE, pace=None))
    shown.page.get_by_role("button", name="Transcribe", exact=True).click()
    shown.shows("The recogniser cannot be reached.")
    shown.shows("The sound and everything received are kept.")
    shown.page.get_by_role("button", name="Choose another recogniser").click()
    with ScriptedServer(greet_and_record) as server:
        shown.page.get_by_text("Another address").click()
        shown.page.locator(".qaw-url").fill(server.url)
        shown.page.keyboard.press("Enter")
        shown.until(lambda: shown.view.model.choice.endpoint.url == server.url)
        shown.hides("The recogniser cannot be reached.")
        shown.shows(
            "“Try again” sends all of the sound to it: 127.0.0.1. The sound and everything received are kept."
        )
        shown.page.get_by_role("button", name="Try again").click()
        shown.until(lambda: shown.view.recording.complete, 20)
    assert shown.view.recording.sent_duration == pytest.approx(36.4, abs=0.1)


def test_a_sound_that_could_not_be_sent_is_shown_whole_at_every_attempt(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=NOWHERE))
    for attempt, name in enumerate(("Try the sample", "Try again", "Try again"), 1):
        shown.press(name)
        shown.until(lambda count=attempt: len(shown.view.recordings) == count and not shown.view.active)
        length = shown.page.locator(".qaw-plot[aria-valuemax='36.4']")
        shown.until(lambda: length.count() == 1 and shown_range(shown.page) == (0, 1), what="all is in sight")


@pytest.mark.parametrize("key, said", [
    ("sk-wrong", "The service refused the key."), (None, "This service wants a key and there is none."),
])
def test_a_key_that_is_wrong_or_missing_leads_to_the_key_field(
    show_transcriber: Show, key: str | None, said: str
) -> None:
    with ScriptedServer(greet_and_record, status=401) as server:
        given = Endpoint(server.url, api_key=key)
        shown = show_transcriber(Transcriber(sample("conversation"), given, pace=None))
        shown.page.get_by_role("button", name="Transcribe", exact=True).click()
        shown.shows(said)
    shown.page.get_by_role("button", name="Give a key").click()
    assert shown.page.evaluate("document.activeElement.type") == "password"


def test_a_service_that_dies_while_one_speaks(show_transcriber: Show) -> None:
    def dying(peer: Any) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        peer.until("input_audio_buffer.append")
        for event in item_events(text="<img src=x onerror=window.hacked=1>"):
            peer.send(event)
        peer.until("input_audio_buffer.append")
        peer.close(1011)

    with ScriptedServer(dying) as server:
        shown = show_transcriber(Transcriber(endpoint=server.url, retry=Retry(patience=0)))
        shown.page.locator(RECORD).click()
        shown.shows("The connection to the service was lost.")
        shown.shows("The recording goes on and is kept.")
        shown.shows("<img src=x onerror=window.hacked=1>")
        shown.page.locator(RECORD).click()
        shown.settled()
    assert shown.page.evaluate("window.hacked") is None
    assert shown.view.recording.duration > 0.3 and not shown.view.recording.complete


def test_a_language_that_may_not_be_understood_is_shown_with_what_to_do(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint="beijing", config=SessionConfig(language="eo")))
    shown.press("0.20")
    language = shown.page.get_by_role("combobox", name="Language")
    assert language.input_value() == "eo"
    shown.shows("“eo” is not among the languages the service documents")
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    language.select_option("zh")
    shown.hides("“eo” is not among the languages the service documents")
    assert shown.view.config.language == "zh" and language.locator("option[value=eo]").count() == 0
    shown.press("DashScope Beijing")
    shown.page.get_by_role("radio", name=DEFAULT).check()
    shown.press("0.20")
    shown.shows("The offline recogniser knows English only.")


def test_settings_a_recogniser_refuses_are_changed_and_tried_again(show_transcriber: Show) -> None:
    talk = sample("conversation").clip[:3.0]
    shown = show_transcriber(Transcriber(talk, config=SessionConfig(language="zh"), pace=None))
    shown.press("Transcribe")
    shown.shows("The recogniser does not take these settings.")
    shown.shows("knows only 'en'")
    shown.press("Change the settings")
    shown.page.get_by_role("combobox", name="Language").select_option("en")
    shown.press("Try again")
    shown.until(lambda: shown.view.recording.complete, 60)
    shown.hides("The recogniser does not take these settings.")
    assert shown.view.recording.config.language == "en" and shown.view.recording.text


def test_record_without_the_key_it_needs_asks_for_it(
    show_transcriber: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    shown = show_transcriber(Transcriber(endpoint="beijing"))
    shown.shows("Audio leaves this computer")
    shown.page.locator(RECORD).click()
    shown.page.wait_for_function("document.activeElement.type === 'password'")
    assert shown.view.recording is None


@pytest.mark.parametrize("clips", [False, True])
def test_many_views_leave_nothing_behind(show_transcriber: Show, clips: bool) -> None:
    play = Script(4.0)
    play.turn("a", 0.5, 1.5, "one")
    shown = show_transcriber(Transcriber(play.finish()))
    shown.view.pages.clips.choose(clips)
    shown.tell_state()
    shown.serve()
    again = """async () => {
      for (let k = 0; k < 4; k += 1) await (await window.bare.open())();
    }"""
    shown.page.evaluate(again)
    shown.serve()
    before = shown.counters()
    for _ in range(4):
        shown.page.evaluate(again)
    shown.serve()
    after = shown.counters()
    assert after["timers"] == before["timers"] == 0
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["sounds"] == 0


def test_the_stand_in_for_dashscope_is_chosen_and_named(show_transcriber: Show) -> None:
    shown = show_transcriber(Transcriber(endpoint=script()))
    shown.press("Offline: script")
    shown.page.get_by_role("radio", name="Stand-in for DashScope").check()
    shown.shows(f"Stand-in for DashScope: {default_recognizer()}")
    chosen = shown.view.model.choice.endpoint
    assert chosen.facts.name == "dashscope" and chosen.is_loopback
