"""In Chromium: a line that carries less than the sound is told, and Opus carries all of it at one click."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.placed_words import register
from faults import proxy as line
from faults.proxy import SPAN, Fault, FaultProxy
from faults.runs import RATE, KilledService, conversation, endpoint_at
from support.looks import cut_off, low_contrast
from support.transcriber_page import Show

from qwen_asr_widgets import AudioClip, SessionConfig, TurnDetection
from qwen_asr_widgets.client import pacing, stream
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber

pytestmark = [pytest.mark.browser, pytest.mark.service]

SLOW = 16_000
"""Bytes a second: PCM in base64 takes 44,000, Opus a tenth of it."""

LESS_TIME = ((pacing, "WATCHED", 1.5), (stream, "SEND_BUFFER_BYTES", 8_192), (line, "RECEIVED", 8_192))
"""How much waits, and for how long, before a line is slow, and what the system takes before anything waits:
several times as much where nobody waits for a test."""

CONFIG = SessionConfig(turn_detection=TurnDetection(0.0, 400))


def test_on_a_line_of_16_kb_a_second_opus_is_offered_and_brings_every_word(
    show_transcriber: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    for holder, name, value in LESS_TIME:
        monkeypatch.setattr(holder, name, value)
    register(tmp_path, monkeypatch)
    service = KilledService(tmp_path, conversation(6.5), recognizer="placed-by-ear")
    always = [Fault("throttle", at, SLOW) for at in range(0, 40 * SPAN, SPAN)]
    try:
        with FaultProxy(service.address, always) as proxy:
            clip = AudioClip(service.sound.samples, RATE)
            view = Transcriber(clip, endpoint_at(proxy.port), CONFIG, pace=2.0)
            shown = show_transcriber(view)
            shown.press("Transcribe")
            shown.shows("The line is slower than the sound")
            assert low_contrast(shown.page, ".qaw-tr") == cut_off(shown.page, ".qaw-tr") == []
            shown.press("Use Opus")
            shown.hides("The line is slower than the sound")
            shown.settled()
    finally:
        service.stop()
    recording = view.recording
    assert recording.text.split() == service.sound.said and recording.complete
    formats = [recording.settings[at].config.input_audio_format for at in (0, -1)]
    assert formats == ["pcm", "opus"]
    assert [gap.why for gap in recording.gaps] == ["settings"]
    rows = shown.page.locator(".qaw-row[data-number] .qaw-text").all_inner_texts()
    assert " ".join(rows).split() == service.sound.said, "every word once in the page"
