"""In Chromium: a Transcriber whose connection is cut says what happens, goes on by itself and shows where."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
from support.looks import cut_off, low_contrast, small_targets
from support.scripted_server import Peer, ScriptedServer
from support.tone_service import RATE, ToneService, drop, talk
from support.transcriber_page import Show

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.resume_plan import WARM_UP
from qwen_asr_widgets.client.retry import Retry
from qwen_asr_widgets.protocol.cloud_facts import DOCUMENTED
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.vad.turns import TurnDetection
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = pytest.mark.browser

TALK = talk(2, 3, 1, 4, 2)
WORDS = [f"w{number}" for number in range(1, 13)]
CLIP = AudioClip(TALK.astype(np.float32) / 32_768, RATE)
CONFIG = SessionConfig(turn_detection=TurnDetection(0.0, 600))


class FixedSettings(Endpoint):
    """An endpoint whose service takes no settings midway."""

    @property
    def facts(self):
        return dataclasses.replace(DOCUMENTED, update_midway=False)


@pytest.mark.parametrize("theme, width", [("light", 760), ("dark", 416)])
def test_it_says_that_it_reconnects_and_that_the_sound_is_kept(
    show_transcriber: Show, theme: str, width: int
) -> None:
    service, away = ToneService((4.0, drop)), threading.Event()
    away.set()

    def script(peer: Peer) -> None:
        if service.sessions and away.is_set():
            drop(peer)
        else:
            service(peer)

    with ScriptedServer(script) as server:
        view = Transcriber(
            CLIP, Endpoint(server.url), CONFIG, pace=4.0, retry=Retry(first=0.05, longest=0.2)
        )
        viewport, phone = {"width": width, "height": 900}, width == 416
        shown = show_transcriber(view, theme=theme, viewport=viewport, has_touch=phone, is_mobile=phone)
        shown.press("Transcribe")
        shown.shows("your sound is kept")
        shown.shows("to be heard again")
        assert view.model.run.outage is not None
        assert shown.page.get_by_role("button", name="Try now").is_visible()
        assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
        assert not phone or small_targets(shown.page) == []
        away.clear()
        shown.hides("your sound is kept")
        shown.settled()
        shown.shows("w11 w12")
        shown.shows("heard again after a lost connection")
    recording = view.recording
    assert recording.text.split() == WORDS and recording.complete
    assert {gap.why for gap in recording.gaps} == {"lost"} and len(recording.gaps) >= 1


def test_try_again_sends_what_has_no_final_and_what_the_detector_must_know(show_transcriber: Show) -> None:
    service = ToneService((6.0, drop))
    with ScriptedServer(service) as server:
        view = Transcriber(CLIP, Endpoint(server.url), CONFIG, pace=8.0, retry=Retry(patience=0))
        shown = show_transcriber(view)
        shown.press("Transcribe")
        shown.shows("The connection to the service was lost.")
        answered = [one for one in view.recording.utterances if one.status == "final"]
        said = " ".join(one.text for one in answered).split()
        assert said and said == WORDS[: len(said)] and len(said) < len(WORDS)
        shown.press("Try again")
        shown.settled()
    again = service.sessions[1].audio
    start = len(TALK) - len(again)
    end = answered[-1].end
    assert end is not None and end <= view.recording.gaps[-1].start <= end + 0.6  # the silence after a turn
    assert start / RATE == pytest.approx(max(0.0, end - WARM_UP), abs=0.6)
    assert np.array_equal(again, TALK[start:]) and np.array_equal(view.recording.tape.read(), TALK)
    assert view.recording.text.split() == WORDS and view.recording.complete
    rows = shown.page.locator(".qaw-row[data-number] .qaw-text").all_inner_texts()
    assert " ".join(rows).split() == WORDS, "every word once in the page"


def test_a_change_of_settings_that_takes_a_new_session_is_said_beforehand_and_marked(
    show_transcriber: Show,
) -> None:
    service = ToneService(update_midway=False)
    with ScriptedServer(service) as server:
        view = Transcriber(CLIP, FixedSettings(server.url), CONFIG, pace=2.0)
        shown = show_transcriber(view)
        shown.press("Transcribe")
        shown.press("0.00")
        shown.shows("a change takes a new session with this service: about 0.4 s, nothing is lost")
        shown.page.get_by_role("spinbutton", name="Silence").fill("400")
        shown.page.keyboard.press("Enter")
        shown.until(lambda: len(service.sessions) == 2)
        shown.settled()
    recording = view.recording
    assert recording.text.split() == WORDS and [len(updates) for updates in service.updates] == [1, 1]
    assert [gap.why for gap in recording.gaps] == ["settings"]
    assert recording.config.turn_detection == TurnDetection(0.0, 400)
