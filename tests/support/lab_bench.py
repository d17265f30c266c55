"""A page in JupyterLab for a benchmark: server, browser and microphone begin and end with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.resample import resample
from support.chromium import chromium
from support.jupyter_server import JupyterServer
from support.notebook_page import NotebookPage

MICROPHONE_RATE = 48_000


@contextmanager
def lab_page(spoken: AudioClip | None = None, height: int = 900) -> Iterator[NotebookPage]:
    """Open a page 1000 pixels wide and so many high; its microphone plays a clip in a loop, or silence."""
    heard = np.zeros(MICROPHONE_RATE, np.float32)
    if spoken is not None:
        heard = resample(spoken.samples, spoken.sample_rate, MICROPHONE_RATE)
    with tempfile.TemporaryDirectory(prefix="qaw-bench-", ignore_cleanup_errors=True) as folder:
        wav = Path(folder) / "microphone.wav"
        soundfile.write(wav, heard, MICROPHONE_RATE)
        server = JupyterServer(Path(folder) / "jupyter").start()
        try:
            with chromium(wav, whole=True) as browser:
                context = browser.new_context(viewport={"width": 1_000, "height": height})
                context.grant_permissions(["microphone"])
                notebook = NotebookPage(server, context)
                yield notebook
                notebook.shut_down()
        finally:
            server.stop()
