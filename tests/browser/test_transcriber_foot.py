"""The foot of a transcriber's page: what the sound is called, how much of it went out, and who heard it."""

from __future__ import annotations

import pytest
from support.looks import cut_off, low_contrast
from support.transcriber_page import Show
from support.transcribing import script

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

NAME = "minutes of a meeting with a name that is long — <img src=x onerror=alert(1)>.wav"


def named(tmp_path, name: str = "talk.wav", seconds: float = 8.0) -> AudioClip:
    """Return the conversation's beginning as if it had come from a file of this name."""
    sample("conversation").clip[:seconds].save(tmp_path / "sound.wav")
    (tmp_path / "sound.wav").rename(tmp_path / name.replace("/", "∕"))
    return AudioClip.load(tmp_path / name)


def test_a_sound_stopped_early_says_how_much_was_sent_and_is_run_again_whole(
    show_transcriber: Show, tmp_path
) -> None:
    shown = show_transcriber(Transcriber(named(tmp_path), script()))
    shown.press("Transcribe")
    shown.until(lambda: shown.view.recording is not None and shown.view.recording.sent_duration > 1.5)
    shown.press("Stop")
    shown.settled()
    foot = shown.page.locator(".qaw-tr-foot")
    sent = f"0:{shown.view.recording.sent_duration:04.1f} of 0:08.0 were sent"
    assert sent in foot.text_content()
    shown.press("Run again with")
    shown.shows("The whole sound, 0:08.0 from its start, with what is set above")
    shown.page.get_by_role("combobox", name="Pace").select_option("")
    shown.page.get_by_role("button", name="Run again", exact=True).click()
    shown.until(lambda: len(shown.view.recordings) == 2)
    shown.settled()
    assert shown.view.recording.sent_duration == 8.0 and shown.view.recording.complete
    assert "were sent" not in foot.text_content()


@pytest.mark.parametrize("width", [920, 400])
def test_the_sounds_name_stands_as_text_and_whole_under_the_pointer(
    show_transcriber: Show, tmp_path, width: int
) -> None:
    clip = named(tmp_path, NAME)
    shown = show_transcriber(Transcriber(clip, script(), pace=None), viewport={"width": width, "height": 900})
    name = shown.page.locator(".qaw-tr-name")
    assert name.is_visible() and name.text_content() == name.get_attribute("title") == NAME
    assert not shown.page.get_by_role("button", name="Save").is_visible()
    shown.press("Transcribe")
    shown.settled()
    assert name.is_visible() and shown.page.locator(".qaw-tr img").count() == 0
    room = shown.page.locator(".qaw-tr-foot").bounding_box()
    assert name.bounding_box()["width"] <= room["width"] and name.bounding_box()["height"] < 30
    assert low_contrast(shown.page, ".qaw-tr") == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_who_heard_it_is_said_once_something_else_is_chosen(
    show_transcriber: Show, tmp_path, lang: str
) -> None:
    clip = named(tmp_path)
    shown = show_transcriber(Transcriber(clip, script(), pace=None, lang=lang), theme="dark")
    shown.press("Transcribe" if lang == "en" else "转写")
    shown.settled()
    foot = shown.page.locator(".qaw-tr-foot")
    said = {"en": "this run: embedded script", "zh": "本次结果：embedded script"}[lang]
    assert said not in foot.text_content()
    shown.view.model.choice.choose("beijing")
    shown.view.view.look_at_endpoint()
    shown.tell_state()
    shown.shows(said)
    assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
    shown.view.run_again(endpoint=script(), pace=None)
    shown.settled()
    assert said not in foot.text_content()
