"""What a 100 ms chunk costs the client in CPU, beside the official SDK; the sink is another process.

Columns: CPU of the sending thread and of the whole process per chunk (µs), and their ratio to the SDK's.
Each sends the same PCM as base64 the way its users do; rounds alternate so that the machine's load hits both.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SINK = """
import sys, threading
from websockets.sync.server import serve
def handle(connection):
    connection.send('{"type": "session.created", "session": {"id": "s"}}')
    for frame in connection:
        if '"session.update"' in frame[:120]:
            connection.send('{"type": "session.updated", "session": {}}')
        elif '"session.finish"' in frame[:120]:
            connection.send('{"type": "session.finished"}')
server = serve(handle, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None)
print(server.socket.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
server.serve_forever()
"""
CHUNK = np.frombuffer(os.urandom(3200), np.int16)


def official(url: str) -> tuple[Callable[[], None], Callable[[], None]]:
    from dashscope.audio.qwen_omni import OmniRealtimeCallback, OmniRealtimeConversation

    conversation = OmniRealtimeConversation("m", OmniRealtimeCallback(), url=url, api_key="sk-bench")
    conversation.connect()
    return lambda: conversation.append_audio(base64.b64encode(CHUNK.tobytes()).decode()), conversation.close


def drop_in(url: str) -> tuple[Callable[[], None], Callable[[], None]]:
    from qwen_asr_widgets import OmniRealtimeCallback, OmniRealtimeConversation

    conversation = OmniRealtimeConversation("m", OmniRealtimeCallback(), url=url, api_key="sk-bench")
    conversation.connect()
    return lambda: conversation.append_audio(base64.b64encode(CHUNK.tobytes()).decode()), conversation.close


class Silent:
    """An observer that keeps nothing."""

    def note(self, *values: Any) -> None:
        """Take anything, keep nothing."""

    opened = sent = audio_sent = received = round_trip = closed = note


def stream(url: str) -> tuple[Callable[[], None], Callable[[], None]]:
    from qwen_asr_widgets.client.endpoints import Endpoint
    from qwen_asr_widgets.client.stream import AudioStream

    audio = AudioStream(Endpoint(url), observer=Silent())
    audio.connect()
    return lambda: audio.append(CHUNK), audio.close


def measure(send: Callable[[], None], chunks: int, interval: float) -> tuple[float, float]:
    """Return CPU µs per chunk of this thread and of the process."""
    thread = 0.0
    process = time.process_time()
    for _ in range(chunks):
        begun = time.thread_time()
        send()
        thread += time.thread_time() - begun
        time.sleep(interval)
    return thread / chunks * 1e6, (time.process_time() - process) / chunks * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=400, help="chunks in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--interval", type=float, default=0.002, help="seconds between chunks")
    options = parser.parse_args()
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    sink = subprocess.Popen([sys.executable, "-c", SINK], **pipes)
    assert sink.stdin and sink.stdout
    url = f"ws://127.0.0.1:{int(sink.stdout.readline())}/api-ws/v1/realtime"
    makers = {"official SDK": official, "drop-in class": drop_in, "AudioStream": stream}
    open_ones = {name: make(url) for name, make in makers.items()}
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for name, (send, _) in open_ones.items():
        measure(send, 50, options.interval)
    for _ in range(options.rounds):
        for name, (send, _) in open_ones.items():
            results[name].append(measure(send, options.chunks, options.interval))
    for _, close in open_ones.values():
        close()
    sink.stdin.close()
    sink.wait(10)
    report(results, options.chunks * options.rounds)


def report(results: dict[str, list[tuple[float, float]]], count: int) -> None:
    """Print one row for each way of sending; the median of its rounds."""
    middle = {
        name: tuple(statistics.median(column) for column in zip(*rounds)) for name, rounds in results.items()
    }
    base = middle["official SDK"]
    print(f"client CPU per 100 ms chunk, PCM 16 kHz, n = {count} each, median of the rounds")
    print(f"{'':16}{'thread µs':>11}{'ratio':>8}{'process µs':>12}{'ratio':>8}")
    for name, (thread, process) in middle.items():
        print(f"{name:16}{thread:11.1f}{thread / base[0]:8.2f}{process:12.1f}{process / base[1]:8.2f}")


if __name__ == "__main__":
    main()
