"""Latencies beside a scripted server's own clock: how far what a recording says is from what happened.

The server runs in a process of its own. It notes when the append with the first and the last speech sample
arrived and when it sent each answer, on the machine's monotonic clock, which both processes share.
"""

from __future__ import annotations

import base64
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.scripted_server import Peer, ScriptedServer, created, item_events, updated  # noqa: E402

import qwen_asr_widgets as qaw  # noqa: E402

RATE = 16_000
TURNS = 8
PERIOD, ONSET, END, STOP, FINAL = 2.0, 0.4, 1.2, 1.6, 1.75
"""Seconds: one turn each PERIOD; it begins, ends, is called stopped and gets its final so far into it."""

LIMIT_MS = 10.0
DELAYS = ("first_partial", "endpoint_delay", "decode_delay", "finalization")


def script(peer: Peer, notes: list[dict[str, float]]) -> None:
    """Answer by positions in the audio, and note each moment on the server's own clock."""
    peer.send(created())
    peer.until("session.update")
    peer.send(updated())
    taken, number = 0.0, 0
    moments: dict[str, float] = {}
    while True:
        message = peer.receive()
        if message["type"] == "session.finish":
            peer.send({"type": "session.finished"})
            return
        if message["type"] == "input_audio_buffer.append":
            taken += len(base64.b64decode(message["audio"])) / 2 / RATE
            number += _answer(peer, taken, number, moments, notes)


def _answer(
    peer: Peer, taken: float, number: int, moments: dict[str, float], notes: list[dict[str, float]]
) -> int:
    """Send what is due once ``taken`` seconds have arrived; return 1 where a turn was finished."""
    start = number * PERIOD
    begin, end = round(1_000 * (start + ONSET)), round(1_000 * (start + END))
    events: list[dict[str, Any]] = item_events(f"item_{number}", "good morning", begin, end)
    events[0]["audio_onset_ms"] = begin
    steps = (
        ("first", ONSET + 1 / RATE, []), ("partial", ONSET + 0.2, events[:2]), ("last", END, []),
        ("stopped", STOP, events[2:5]), ("final", FINAL, events[5:]),
    )
    for name, due, answers in steps:
        if name not in moments and taken > start + due - 1e-9:
            peer.send(*answers)
            moments[name] = time.monotonic()
    if "final" not in moments:
        return 0
    notes.append(dict(moments))
    moments.clear()
    return 1


def serve(pipe: Any) -> None:
    """Run the server until the client has left, then hand over what it noted."""
    notes: list[dict[str, float]] = []
    with ScriptedServer(lambda peer: script(peer, notes)) as server:
        pipe.send(server.url)
        server.peer().wait_until_ended()
    pipe.send(notes)


def measured(notes: list[dict[str, float]]) -> dict[str, list[float]]:
    """Return the delays by the server's own clock, in seconds."""
    return {
        "first_partial": [note["partial"] - note["first"] for note in notes],
        "endpoint_delay": [note["stopped"] - note["last"] for note in notes],
        "decode_delay": [note["final"] - note["stopped"] for note in notes],
        "finalization": [note["final"] - note["last"] for note in notes],
    }


def main() -> None:
    """Print how far the recording's delays are from the server's."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    sound = np.zeros(round(TURNS * PERIOD * RATE), np.int16)
    recording = qaw.transcribe(
        sound, qaw.Endpoint(here.recv(), api_key="a-key"), sample_rate=RATE, progress=False, chunk_ms=20
    )
    theirs = measured(here.recv())
    process.join()
    table = recording.latency()
    print(f"{'delay':18}{'median':>10}{'off, median':>14}{'off, longest':>14}{'ratio':>8} (n = {len(table)})")
    for name in DELAYS:
        ours = np.array([getattr(row, name) for row in table])
        off = 1_000 * np.abs(ours - np.array(theirs[name]))
        print(
            f"{name:18}{1_000 * np.median(ours):>7.0f} ms{np.median(off):>11.1f} ms{off.max():>11.1f} ms"
            f"{off.max() / LIMIT_MS:>8.2f}   of the limit, {LIMIT_MS:.0f} ms"
        )


if __name__ == "__main__":
    main()
