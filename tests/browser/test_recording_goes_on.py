"""In JupyterLab: one recording with every word, through cut lines, other settings and another kernel.

One walk through everything at once, half a minute in real time (``make soak``). Each part is shown faster in
the suite: cut lines in `tests/faults/test_runs.py` and, in the page, ``test_transcriber_reconnects.py``; a
change that takes a new session there too; another kernel in ``test_transcriber_kept.py``; that nothing stays
on disk beside a saved recording in `tests/recording/test_autosave.py`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from faults.placed_words import register
from faults.proxy import Fault, FaultProxy
from faults.runs import RATE, KilledService, conversation
from support.notebook_page import NotebookPage
from support.record_button import press_record, wait_for_phase, wait_for_seconds
from support.similarity import best_correlation
from support.waiting import wait_until

from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.protocol.quirks import Quirks
from qwen_asr_widgets.recording import load_recording

pytestmark = [pytest.mark.browser, pytest.mark.service, pytest.mark.soak]

SECONDS = 22.0
PLAYED_RATE = 48_000
QUIRKS = {"finish_delay_s": 0.1}
"""The stand-in for DashScope, but that nobody waits ten seconds for the end of a session."""

CUTS = [Fault("cut", at) for at in (110_000, 330_000, 800_000)]
"""Bytes of the upload, of which a second takes 44,000; what is sent again counts too."""

SETUP = """
import sys
sys.path.insert(0, {tests!r})
from faults.runs import CONFIG, endpoint_at
from qwen_asr_widgets import Transcriber
from qwen_asr_widgets.protocol.quirks import Quirks
endpoint = endpoint_at({port}, Quirks.of("dashscope", {quirks!r}).facts)
t = Transcriber(endpoint=endpoint, config=CONFIG, lang="en")
"""

# The microphone plays a wav once, and is silent then.
PLAY = """(wav) => {
  const { mediaDevices } = navigator;
  const bytes = Uint8Array.from(atob(wav), (letter) => letter.charCodeAt(0));
  mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const buffer = await context.decodeAudioData(bytes.buffer.slice(0));
    const voice = new AudioBufferSourceNode(context, { buffer });
    const sink = context.createMediaStreamDestination();
    voice.connect(sink);
    voice.start(context.currentTime + 0.5);
    window.playing = { context, voice, sink }; // what nobody holds is collected, and its track ends
    return sink.stream;
  };
  window.endPlay = () => { delete mediaDevices.getUserMedia; delete window.playing; };
}"""

RESTART = "() => { window.jupyterapp.commands.execute('kernelmenu:restart'); }"
PROCESS = "__import__('os').getpid()"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the stand-in with a recogniser that knows the words of the sound by their places in it."""
    register(tmp_path, monkeypatch)
    running = KilledService(tmp_path, conversation(SECONDS), Quirks.of("dashscope", QUIRKS), "placed-by-ear")
    yield running
    running.stop()


def wav_of(samples: np.ndarray) -> str:
    """Return samples as a wav in base64."""
    file = io.BytesIO()
    soundfile.write(file, samples, PLAYED_RATE, format="WAV", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode()


def change_silence(notebook: NotebookPage, ms: int) -> None:
    """Ask for another silence in the page while a session stands, and wait until there is one with it."""
    live = "bool(t.model.run and t.model.run.phase == 'live')"
    wait_until(lambda: notebook.evaluate(live), 20, "a session stands")
    page = notebook.page
    field = page.get_by_role("spinbutton", name="Silence")
    if not field.is_visible():
        page.get_by_role("button", name="0.00").first.click()
    field.fill(str(ms))
    page.keyboard.press("Enter")
    in_force = "t.recording.config.turn_detection.silence_duration_ms"
    wait_until(lambda: notebook.evaluate(in_force) == ms, 20, f"a session with {ms} ms")


def restart_kernel(notebook: NotebookPage) -> None:
    """Restart the kernel by the menu, and run the notebook again."""
    before = notebook.evaluate(PROCESS)
    notebook.page.evaluate(RESTART)
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    wait_until(lambda: notebook.evaluate(PROCESS) != before, 30, "another kernel runs")
    notebook.wait_until_idle()
    notebook.run_all()


def test_one_recording_keeps_every_word_through_three_cuts_two_changes_and_another_kernel(
    open_page: Callable[..., NotebookPage], service: KilledService
) -> None:
    sound = service.sound
    played = resample(sound.samples.astype(np.float32) / 32_768, RATE, PLAYED_RATE)
    notebook = open_page()
    with FaultProxy(service.address, CUTS) as proxy:
        setup = SETUP.format(tests=str(Path(__file__).parents[1]), port=proxy.port, quirks=QUIRKS)
        page = notebook.open("goes-on", [setup, "t"])
        page.evaluate(PLAY, wav_of(played))
        press_record(page)
        proxy.wait_for_faults(1)
        change_silence(notebook, 500)
        proxy.wait_for_faults(2)
        restart_kernel(notebook)
        page.get_by_role("button", name="Go on here").click()
        wait_for_phase(page, "recording")
        change_silence(notebook, 600)
        proxy.wait_for_faults(3)
        wait_for_seconds(page, SECONDS + 1.0)
        press_record(page)
        wait_until(lambda: notebook.evaluate("t.recording.complete"), 60, "all is answered")
        page.evaluate("() => window.endPlay()")
    notebook.evaluate("str(t.recording.save('whole.qasr'))")
    recording = load_recording(notebook.path.parent / "whole.qasr")
    assert recording.text.split() == sound.said and not recording.lost
    assert best_correlation(recording.tape.read() / 32_768, RATE, played, PLAYED_RATE) >= 0.99
    held = [change.config.turn_detection for change in recording.settings_held]
    assert [detection and detection.silence_duration_ms for detection in held] == [400, 500, 600]
    assert len(recording.connections) > len(CUTS) and recording.complete
    assert list((notebook.path.parent / ".qaw").iterdir()) == [], "nothing is left on disk beside it"
    # What the kernel had still sent comes to a front end that has let go of its comms.
    notebook.errors = [error for error in notebook.errors if not error.startswith("Comm not found")]
