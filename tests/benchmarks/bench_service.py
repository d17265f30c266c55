"""The embedded service at real time, by recogniser: ends (limit 60 ms), finals (0.3 s), partials, CPU.

The endpoint delay runs from the sending of the chunk that completes the silence to the arrival of
``speech_stopped``, on one clock. The bundled conversation (turns of 2 to 4 s) and turns of 8, 12 and 14 s,
joined of human prompts with 0.1 s between, are streamed in chunks of 20 ms: one session by each preset, then
two at once by the settings of the low latency preset, with a context, for which the service and its
recognisers are pinned to two cores. CPU is the time that they used for a second of a session, whatever else
the machine was doing. Delays are those of the machine as it is: limits are for a quiet one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from bench_words import options_of
from numpy.typing import NDArray
from support.processes import descendants
from support.service import PATH, Client, service_process

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.vad.turns import TurnDetection

CHUNK = 320
LIMIT_STOPPED = 0.060
LIMIT_FINAL = 0.300
LOW_LATENCY, BALANCED = TurnDetection(0.0, 400), TurnDetection(0.2, 800)
JOINED = ((0, 1), (2, 3, 4, 6), (1, 5, 3))
"""Prompts that make a long turn."""


class Run:
    """One session at real time: when each chunk left and when each event came."""

    def __init__(
        self, url: str, samples: NDArray[np.int16], detection: TurnDetection, context: str | None
    ) -> None:
        self.sent_at: list[float] = []
        self.came: list[tuple[float, dict[str, Any]]] = []
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
        """Return seconds between one partial result and the next that says something else."""
        return [gap for times in self.partial_times().values() for gap in np.diff(times).tolist()]

    def most_behind(self) -> float:
        """Return the longest lag (s) that the service reported; it reports none under 3 s."""
        return max((message.get("behind_ms", 0) for _, message in self.came), default=0) / 1_000


# ---- the sound

def speech() -> NDArray[np.int16]:
    """Return short and long turns, int16 at 16 kHz, with more silence between than closes a turn."""
    pause, prompts = np.zeros(19_200, np.int16), sample("prompts")
    sound = prompts.clip.to_pcm16()
    turns = [sound[round(16_000 * turn.start):round(16_000 * turn.end)] for turn in prompts.turns]
    breath = np.zeros(1_600, np.int16)
    long = [chain.from_iterable((turns[index], breath) for index in joined) for joined in JOINED]
    return np.concatenate([
        sample("conversation").clip.to_pcm16(), *(part for turn in long for part in (pause, *turn)), pause,
    ])


# ---- the processes

def cpu_seconds(parent: int) -> dict[int, float]:
    """Return the CPU time used so far by a process and each of those below it."""
    used = {}
    for pid in (parent, *descendants(parent)):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def pin(parent: int, cores: set[int]) -> None:
    """Bind a process and those below it, also those to come, to some cores."""
    for pid in cpu_seconds(parent):
        os.sched_setaffinity(pid, cores)


# ---- the rows

def row(name: str, delays: Sequence[float], limit: float) -> str:
    """Return a row of the table: p50, p95, both as a share of the limit, and how many kept it."""
    p50, p95 = np.percentile(delays, [50, 95])
    kept = sum(delay <= limit for delay in delays)
    return (f"{name:44}{1e3 * p50:>7.0f} ms{1e3 * p95:>7.0f} ms{p50 / limit:>8.2f}{p95 / limit:>8.2f}"
            f"{kept:>5} of {len(delays)}")


def measure(port: int, parent: int, sessions: int, detection: TurnDetection, context: str | None) -> None:
    """Stream the speech in so many sessions at once and print their rows."""
    samples = speech()
    runs = [Run(f"ws://127.0.0.1:{port}{PATH}", samples, detection, context) for _ in range(sessions)]
    used = cpu_seconds(parent)
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    spent = sum(seconds - used.get(pid, 0.0) for pid, seconds in cpu_seconds(parent).items())
    for run in runs:
        run.client.socket.close()

    def of_all(measured: Callable[[Run], list[float]]) -> list[float]:
        return [delay for run in runs for delay in measured(run)]

    print(row("  speech_stopped after the silence", of_all(Run.endpoint_delays), LIMIT_STOPPED))
    print(row("  final after speech_stopped", of_all(Run.final_delays), LIMIT_FINAL))
    for name, found in (("first partial", Run.first_partial_delays), ("partial to partial", Run.refreshes)):
        p50, p95 = np.percentile(of_all(found), [50, 95])
        print(f"  {name:42}{1e3 * p50:>7.0f} ms{1e3 * p95:>7.0f} ms")
    behind = max(run.most_behind() for run in runs)
    print(f"  CPU {spent * 16_000 / sessions / len(samples):.2f} s for a second of a session; "
          f"{f'{behind:.1f} s behind at worst' if behind else 'never 3 s behind'}; "
          f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


def measure_recognizer(recognizer: str, context: str) -> None:
    """Print the rows of one recogniser."""
    with service_process(recognizer, **(options_of(recognizer) or {})) as (process, port):
        for name, detection in (("low latency", LOW_LATENCY), ("balanced", BALANCED)):
            print(f"one session, {name} ({detection.threshold:g}, {detection.silence_duration_ms} ms)")
            measure(port, process.pid, 1, detection, None)
        cores = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_setaffinity") else []
        if cores:
            pin(process.pid, set(cores))
        print(f"two sessions with context, low latency, on {len(cores) or os.cpu_count()} cores")
        measure(port, process.pid, 2, LOW_LATENCY, context)


def main() -> None:
    """Print delays and CPU of each recogniser: one session by each preset, then two with context at once."""
    context = " ".join(turn.text for turn in sample("conversation").turns[:4])
    there = [name for name in ("moonshine", "whisper", "pocketsphinx") if options_of(name) is not None]
    for name in sys.argv[1:] or there:
        print(f"{name:44}{'p50':>10}{'p95':>10}{'/limit':>8}{'/limit':>8}{'within':>10}")
        measure_recognizer(name, context)


if __name__ == "__main__":
    main()
