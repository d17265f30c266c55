"""A lost connection: from the cut to the first word after it, how fast sound goes again, CPU while retrying.

What autosave costs and how long an hour takes to open is `bench_autosave`.
"""

from __future__ import annotations

import json
import statistics
import time

import numpy as np
from support.scripted_server import ScriptedServer
from support.tone_service import RATE, ToneService, drop, talk

from qwen_asr_widgets import Endpoint, Recording, Retry, SessionConfig, TurnDetection, transcribe
from qwen_asr_widgets.errors import QawError
from qwen_asr_widgets.recording.run import Run

CONFIG = SessionConfig(turn_detection=TurnDetection(0.0, 400))
CUTS = 9
LONG = 600
"""Seconds of sound that wait to be sent again."""


def first_word_after(cut: float) -> float:
    """Return the seconds from a cut in live speech to the first word shown after it."""
    with ScriptedServer(ToneService((cut, drop))) as server:
        recording = transcribe(talk(9), Endpoint(server.url), CONFIG, progress=False, sample_rate=RATE)
    [gap] = recording.gaps
    return next(
        timed.time for timed in recording.events
        if timed.time > gap.resumed and timed.event.type.endswith(("transcription.text", "completed"))
    ) - gap.lost


def resend_speed() -> float:
    """Return at how many times real time the sound of a long gap is sent again."""
    sound = np.tile(talk(1, 1, 1), LONG // 8)
    with ScriptedServer(ToneService((len(sound) / RATE - 1, drop)), max_queue=None) as server:
        recording = transcribe(
            sound, Endpoint(server.url), SessionConfig(turn_detection=None), pace=None, progress=False,
            sample_rate=RATE, chunk_ms=1_000,
        )
    [gap] = recording.gaps
    sent = (timed for timed in recording.events if timed.direction == "out")
    again = [timed.time for timed in sent if timed.time > gap.resumed]
    return (gap.at - gap.start) / (again[-1] - gap.resumed)


def cpu_while_retrying(seconds: float = 15.0) -> float:
    """Return the share of a core, in per cent, of a run that records while its service stays away."""
    with ScriptedServer(ToneService((0.5, drop))) as server:
        run = Run(Endpoint(server.url), Recording(CONFIG), retry=Retry())
        run.start()
        run.append(np.zeros(RATE, np.int16))
        while run.outage is None:
            time.sleep(0.01)
    began, cpu = time.monotonic(), time.process_time()
    while time.monotonic() - began < seconds:
        run.append(np.zeros(RATE // 10, np.int16))
        time.sleep(0.1)
    used = time.process_time() - cpu
    run.abort()
    run.wait(5)
    return 100 * used / seconds


def measure() -> dict[str, float]:
    """Return the figures; each cut falls at another place in a word or between two."""
    waits = [first_word_after(1.0 + 0.17 * number) for number in range(CUTS)]
    return {
        "first_word_median_s": round(statistics.median(waits), 2),
        "first_word_longest_s": round(max(waits), 2),
        "cuts": CUTS, "resend_times_real_time": round(resend_speed()),
        "retrying_percent_of_a_core": round(cpu_while_retrying(), 2),
    }


if __name__ == "__main__":
    try:
        print(json.dumps(measure()))
    except QawError as error:
        raise SystemExit(str(error)) from error
