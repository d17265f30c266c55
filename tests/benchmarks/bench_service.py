"""The embedded service at real time, by recogniser: ends (limit 60 ms), finals (0.3 s), partials, CPU.

The endpoint delay runs from the sending of the chunk that completes the silence to the arrival of
``speech_stopped``, on one clock; the bundled conversation is streamed in chunks of 20 ms. Two sessions run at
once, with a context model each, by the settings of the low latency preset; the service and its recognisers
are pinned to one core for it. CPU is the time that they used in relation to the sound, whatever else the
machine was doing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
from support.service import PATH, Client, service_process

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.service.recognizers import available
from qwen_asr_widgets.vad.turns import TurnDetection

CHUNK = 320
LIMIT_STOPPED = 0.060
LIMIT_FINAL = 0.300
PRESETS = {"low latency": TurnDetection(0.0, 400), "balanced": TurnDetection(0.2, 800)}


class Run:
    """One session at real time: when each chunk left and when each event came."""

    def __init__(self, url: str, samples: np.ndarray, detection: TurnDetection, context: str | None) -> None:
        self.sent_at: list[float] = []
        self.came: list[tuple[float, dict]] = []
        self._samples, self._detection = samples, detection
        self.client = Client(url)
        self.client.update(
            turn_detection={"type": "server_vad", "threshold": detection.threshold,
                            "silence_duration_ms": detection.silence_duration_ms},
            input_audio_transcription={"language": "en", "corpus": {"text": context} if context else None},
        )
        self.client.until("session.updated")
        self._threads = [threading.Thread(target=part) for part in (self._send, self._receive)]

    def start(self) -> None:
        """Begin to stream."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until all audio was answered."""
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        begun = time.monotonic()
        for first in range(0, len(self._samples), CHUNK):
            time.sleep(max(0.0, begun + (first + CHUNK) / 16_000 - time.monotonic()))
            self.sent_at.append(time.monotonic())
            self.client.append(self._samples[first:first + CHUNK])
        self.client.send("session.finish")

    def _receive(self) -> None:
        kind = ""
        while kind != "session.finished":
            message = self.client.until(lambda message: True, timeout=60)
            kind = message["type"]
            self.came.append((time.monotonic(), message))

    def endpoint_delays(self) -> list[float]:
        """Return seconds from the audio that completed a silence to its ``speech_stopped``."""
        delays = []
        for at, message in self.came:
            if message.get("reason") == "silence":
                last = message["audio_end_ms"] * 16 + self._detection.silence_frames * 512 - 1
                delays.append(at - self.sent_at[last // CHUNK])
        return delays

    def final_delays(self) -> list[float]:
        """Return seconds from ``speech_stopped`` to ``completed``."""
        stopped = {m["item_id"]: at for at, m in self.came if m.get("reason") == "silence"}
        return [
            at - stopped[m["item_id"]] for at, m in self.came
            if m["type"].endswith("completed") and m["item_id"] in stopped
        ]

    def partial_times(self) -> dict[str, list[float]]:
        """Return when the partial results of each utterance came, in order."""
        times: dict[str, list[float]] = {}
        for at, message in self.came:
            if message["type"].endswith("input_audio_transcription.text"):
                times.setdefault(message["item_id"], []).append(at)
        return times

    def first_partial_delays(self) -> list[float]:
        """Return seconds from the sending of an utterance's first speech to its first partial result."""
        first = self.partial_times()
        started = [message for _, message in self.came if message["type"].endswith("speech_started")]
        onsets = {message["item_id"]: message["audio_start_ms"] for message in started}
        padding = self._detection.prefix_padding_ms
        return [
            times[0] - self.sent_at[16 * (onsets[item] + padding) // CHUNK] for item, times in first.items()
        ]

    def refreshes(self) -> list[float]:
        """Return seconds between one partial result and the next."""
        return [gap for times in self.partial_times().values() for gap in np.diff(times).tolist()]


def cpu_seconds(parent: int) -> dict[int, float]:
    """Return the CPU time used so far by a process and each of its children."""
    used = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if parent in (int(stat.parent.name), int(fields[1])):
            used[int(stat.parent.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def pin(parent: int, core: int) -> None:
    """Bind a process and its children, also those to come, to one core."""
    for pid in cpu_seconds(parent):
        os.sched_setaffinity(pid, {core})


def row(name: str, delays: list[float], limit: float) -> str:
    """Return a row of the table: p50, p95, both as a share of the limit, and how many kept it."""
    p50, p95 = np.percentile(delays, [50, 95])
    kept = sum(delay <= limit for delay in delays)
    return (f"{name:44}{1e3 * p50:>7.0f} ms{1e3 * p95:>7.0f} ms{p50 / limit:>8.2f}{p95 / limit:>8.2f}"
            f"{kept:>5} of {len(delays)}")


def measure(port: int, parent: int, sessions: int, detection: TurnDetection, context: str | None) -> None:
    """Stream the conversation in so many sessions at once and print their rows."""
    samples = sample("conversation").clip.to_pcm16()
    runs = [Run(f"ws://127.0.0.1:{port}{PATH}", samples, detection, context) for _ in range(sessions)]
    begun, used = time.monotonic(), cpu_seconds(parent)
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    spent = sum(seconds - used.get(pid, 0.0) for pid, seconds in cpu_seconds(parent).items())
    cores, sound = spent / (time.monotonic() - begun), sessions * len(samples) / 16_000
    for run in runs:
        run.client.socket.close()
    stopped = [delay for run in runs for delay in run.endpoint_delays()]
    final = [delay for run in runs for delay in run.final_delays()]
    print(row("  speech_stopped after the silence", stopped, LIMIT_STOPPED), " limit 60 ms at p95")
    print(row("  final after speech_stopped", final, LIMIT_FINAL), " aim 300 ms")
    for name, found in (("first partial", Run.first_partial_delays), ("partial to partial", Run.refreshes)):
        p50, p95 = np.percentile([delay for run in runs for delay in found(run)], [50, 95])
        print(f"  {name:42}{1e3 * p50:>7.0f} ms{1e3 * p95:>7.0f} ms")
    print(f"  CPU {cores:.2f} of a core for {sessions} session(s), aim 1.00: {spent / sound:.2f} s for a"
          f" second of a session; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main() -> None:
    """Print delays and CPU of each recogniser: one session by each preset, then two with context at once."""
    context = " ".join(turn.text for turn in sample("conversation").turns[:4])
    for name in sys.argv[1:] or [name for name in available() if name in ("moonshine", "pocketsphinx")]:
        print(f"{name:44}{'p50':>10}{'p95':>10}{'/limit':>8}{'/limit':>8}{'within':>10}")
        measure_recognizer(name, context)


def measure_recognizer(recognizer: str, context: str) -> None:
    """Print the rows of one recogniser."""
    with service_process(recognizer) as (process, port):
        for name, detection in PRESETS.items():
            print(f"one session, {name} ({detection.threshold:g}, {detection.silence_duration_ms} ms)")
            measure(port, process.pid, 1, detection, None)
        if hasattr(os, "sched_setaffinity"):
            pin(process.pid, max(os.sched_getaffinity(0)))
            print("the service and its recognisers on one core from here on")
        print("two sessions with context, low latency")
        measure(port, process.pid, 2, PRESETS["low latency"], context)


if __name__ == "__main__":
    main()
