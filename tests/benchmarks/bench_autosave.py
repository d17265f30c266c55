"""What autosave costs while recording at real time, and how long an hour's recording takes to open."""

from __future__ import annotations

import json
import tempfile
import time

import numpy as np

from qwen_asr_widgets.protocol.codec import read_server
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.recording.autosave import Autosave, recover

TEXT = "conversation.item.input_audio_transcription.text"
SECONDS = 20


def grow(recording: Recording, seconds: float, pace: float | None) -> float:
    """Record chunks of 100 ms, four partials a second; return the CPU seconds of it."""
    began, cpu = time.monotonic(), time.process_time()
    chunk = np.ones(1_600, np.int16)
    for number in range(round(seconds * 10)):
        if pace is not None:
            time.sleep(max(0.0, began + number / 10 / pace - time.monotonic()))
        start = recording.tape.append(chunk)
        recording.audio_sent(start, start + 1_600, began + number / 10)
        if number % 5 < 2:
            message = {"type": TEXT, "item_id": f"item_{number // 50}", "text": "so it was ", "stash": "good"}
            recording.received(message, read_server(message), began + number / 10)
    return time.process_time() - cpu


def measure() -> dict[str, float]:
    """Return the share of a core in per cent, and the seconds to open an hour."""
    with tempfile.TemporaryDirectory() as folder:
        bare = grow(Recording(), SECONDS, 1.0)
        recording = Recording()
        with Autosave(recording, folder) as saving:
            saved = grow(recording, SECONDS, 1.0)
        saving.discard()
        with Autosave(hour := Recording(), folder):
            grow(hour, 3_600, None)
        began = time.monotonic()
        [back] = recover(folder)
        return {
            "autosave_percent_of_a_core": round(100 * (saved - bare) / SECONDS, 2),
            "open_an_hour_s": round(time.monotonic() - began, 2), "hours": back.duration / 3_600,
        }


if __name__ == "__main__":
    print(json.dumps(measure()))
