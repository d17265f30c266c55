"""Record-then-transcribe in a real notebook: the clip is the sound, and nothing is played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.jupyter import NotebookPage
from support.looks import cut_off
from support.similarity import best_correlation
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SETUP = """
from qwen_asr_widgets.widgets.clip_recorder import ClipRecorder
recorder = ClipRecorder(arrival_timeout=3)
recorder
"""

# Sound that plays: media elements and audio contexts that reach the loudspeaker.
WATCH_PLAYING = """(() => {
  window.played = [];
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    window.played.push(this.outerHTML);
    return play.call(this);
  };
  document.addEventListener('play', (event) => window.played.push(event.target.outerHTML), true);
})()"""


def test_a_recorded_clip_is_the_sound_and_nothing_is_played(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page(init_script=WATCH_PLAYING)
    page = notebook.open("clip", [SETUP])
    for number in (1, 2):
        page.get_by_role("button", name="Record").click()
        page.get_by_text("Recording 0:01").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Recorded 0:0").wait_for()
        encoded = notebook.evaluate("recorder.clip.to_pcm16().tobytes().hex()")
        samples = np.frombuffer(bytes.fromhex(encoded), np.int16)
        rate = notebook.evaluate("recorder.clip.sample_rate")
        assert len(samples) >= 0.5 * rate, number
        # Opus keeps the sound but not the samples, so the bound is lower than for the live path.
        assert best_correlation(samples / 32768, rate, spoken, 48_000) >= 0.95
    assert page.evaluate("window.played") == []


def test_a_denied_permission_is_detected_though_nothing_tells_python(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page(microphone=False)
    page = notebook.open("clip-denied", [SETUP])
    page.get_by_role("button", name="Record").click()
    page.get_by_text("Recording 0:01").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("No sound arrived").wait_for()
    assert "not allowed" in wait_until(lambda: notebook.evaluate("recorder.problem"))
    assert cut_off(page, ".widget-hbox") == []
    notebook.errors.clear()  # ipywebrtc's own, the very ones that never reach Python
