"""Record a clip in a real notebook, with the real ipywebrtc: the clip is the sound, and nothing is played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.looks import cut_off
from support.notebook_page import NotebookPage
from support.record_button import record_for
from support.similarity import best_correlation
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SETUP = """
from qwen_asr_widgets.widgets.clip_recorder.clip_recorder import ClipRecorder
recorder = ClipRecorder()
recorder
"""

# Sound that plays: media elements that reach the loudspeaker.
WATCH_PLAYING = """() => {
  window.played = [];
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    window.played.push(this.outerHTML);
    return play.call(this);
  };
  const over = new AbortController();
  const note = (event) => window.played.push(event.target.outerHTML);
  document.addEventListener('play', note, { capture: true, signal: over.signal });
  window.watchNoMore = () => { HTMLMediaElement.prototype.play = play; over.abort(); };
}"""


def test_a_recorded_clip_is_the_sound_and_nothing_is_played(
    open_page: Callable[..., NotebookPage], spoken: np.ndarray
) -> None:
    notebook = open_page()
    notebook.visit(notebook.server.write("clip", [SETUP]))
    page = notebook.page
    page.evaluate(WATCH_PLAYING)
    notebook.run_all()
    for number in (1, 2):
        record_for(page, 1.0)
        page.get_by_text("Recorded 0:0").wait_for()
        encoded = notebook.evaluate("recorder.clip.to_pcm16().tobytes().hex()")
        samples = np.frombuffer(bytes.fromhex(encoded), np.int16)
        rate = notebook.evaluate("recorder.clip.sample_rate")
        assert len(samples) >= 0.5 * rate, number
        # Opus keeps the sound but not the samples, so the bound is lower than for the live path.
        assert best_correlation(samples / 32768, rate, spoken, 48_000) >= 0.95
    assert page.evaluate("() => { window.watchNoMore(); return window.played; }") == []
    assert notebook.evaluate("[recorder.recording, recorder.pending, recorder.problem]") == [False, False, ""]


def test_a_clip_is_recorded_and_taken_while_a_cell_runs(open_page: Callable[..., NotebookPage]) -> None:
    notebook = open_page()
    page = notebook.open("clip-busy", [SETUP])
    notebook.append_cell("import threading\nwhile recorder.clip is None: threading.Event().wait(0.05)")
    notebook.run_all(wait=False)
    page.wait_for_function(f"() => {notebook.KERNEL}.status === 'busy'")
    record_for(page, 0.8)
    page.get_by_text("Recorded 0:0").wait_for()
    notebook.wait_until_idle()
    assert notebook.evaluate("recorder.clip.duration") >= 0.5


def test_a_denied_permission_is_said_in_the_page_and_known_in_python(
    open_page: Callable[..., NotebookPage],
) -> None:
    notebook = open_page(microphone=False)
    page = notebook.open("clip-denied", [SETUP])
    page.get_by_role("button", name="Record a clip").click()
    page.get_by_text("The browser was not allowed to use the microphone.").wait_for()
    assert "not allowed" in wait_until(lambda: notebook.evaluate("recorder.problem"))
    assert cut_off(page, ".qaw-clip") == []
