"""More than a service can take: the excess is refused cleanly or slowed down, everybody else is served."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import psutil
import pytest
from support.service import KEY, PATH, Client, service_process
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import qwen_asr_widgets as qaw
from qwen_asr_widgets.errors import ConnectFailed
from qwen_asr_widgets.protocol.codec import MAX_APPEND_CHARS
from qwen_asr_widgets.service import server
from qwen_asr_widgets.service.operation.access import Access

pytestmark = pytest.mark.service

SPEECH = qaw.sample("conversation").clip.to_pcm16()[:70_000]
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}
LARGEST = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * MAX_APPEND_CHARS})


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[psutil.Process, str]]:
    with service_process("script") as (process, port):
        yield psutil.Process(process.pid), f"ws://127.0.0.1:{port}{PATH}"


def assert_is_served(url: str, within: float) -> None:
    """Run a whole session and look at its time and its words."""
    began = time.monotonic()
    with Client(url) as client:
        client.update(turn_detection=BRIEF)
        client.append(SPEECH)
        client.finish()
    assert client.of_type("completed")[0]["transcript"] == "two three four five six seven"
    assert time.monotonic() - began < within


def test_three_hundred_connections_at_once(running) -> None:
    process, url = running
    headers = {"Authorization": f"Bearer {KEY}"}
    at_once = qaw.Retry(patience=0)

    async def one(gate: asyncio.Semaphore):
        async with gate:
            return await connect(url, additional_headers=headers, proxy=None, open_timeout=60)

    async def crowd() -> tuple[list, list]:
        gate = asyncio.Semaphore(20)
        found = await asyncio.gather(*(one(gate) for _ in range(300)), return_exceptions=True)
        there = [each for each in found if not isinstance(each, BaseException)]
        for each in there[:3]:
            assert json.loads(await each.recv())["type"] == "session.created"
        with pytest.raises(ConnectFailed, match="too many connections"):
            await asyncio.to_thread(
                qaw.transcribe, SPEECH, qaw.Endpoint(url, api_key=KEY), progress=False, sample_rate=16_000,
                retry=at_once,
            )
        await asyncio.gather(*(each.close() for each in there[1:]))
        await there[0].send(json.dumps({"type": "session.finish"}))
        assert json.loads(await there[0].recv())["type"] == "session.finished"
        await there[0].close()
        return there, [each for each in found if isinstance(each, BaseException)]

    there, refused = asyncio.run(crowd())
    assert len(there) == server.MOST_CONNECTIONS and len(refused) == 300 - len(there)
    assert {type(each) for each in refused} == {InvalidStatus}
    assert {each.response.status_code for each in refused} == {429}
    assert "256 connections" in refused[0].response.body.decode()
    assert len(process.children(recursive=True)) <= 2, "nobody sent sound"
    assert_is_served(url, within=20)


def test_who_never_ends_a_handshake_is_dropped_and_the_others_are_served(monkeypatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.3)

    async def run() -> list[bytes]:
        service = await server.Service.start(Access.by_key(KEY), "script")
        with ExitStack() as opened:
            slow = [opened.enter_context(socket.create_connection(("127.0.0.1", service.port)))
                    for _ in range(30)]
            for each in slow:
                each.sendall(f"GET {PATH} HTTP/1.1\r\nHost: 127".encode())
                each.settimeout(20)
            await asyncio.to_thread(assert_is_served, service.url, 20)
            ended = [await asyncio.to_thread(each.recv, 1_000) for each in slow]
        await service.close()
        return ended

    assert all(not said or said.startswith(b"HTTP/1.1 4") for said in asyncio.run(run()))


@contextmanager
def flooding(url: str, clients: int, frames: int) -> Iterator[list[Client]]:
    """Let clients send appends of 15 MiB, one after the other, on threads of their own."""
    with ExitStack() as opened:
        flooders = [opened.enter_context(Client(url, ping_interval=None)) for _ in range(clients)]

        def flood(client: Client) -> None:
            client.update(turn_detection=None)
            for _ in range(frames):
                client.socket.send(LARGEST)
                client.send("input_audio_buffer.clear")

        threads = [threading.Thread(target=flood, args=(client,)) for client in flooders]
        for thread in threads:
            thread.start()
        yield flooders
        for thread in threads:
            thread.join(600)


def flood_and_serve(running, clients: int, frames: int, most_mb: float, within: float) -> None:
    process, url = running
    peak = 0
    with flooding(url, clients, frames) as flooders:
        for _ in range(3):
            assert_is_served(url, within)
            peak = max(peak, process.memory_info().rss)
        for client in flooders:
            client.until(lambda _: len(client.of_type("cleared")) == frames, 600)
            client.finish(600)
            assert len(client.of_type("cleared")) == frames and not client.of_type("error")
    assert peak < most_mb * 1e6, f"{peak / 1e6:.0f} MB"
    print(f"{clients} clients x {frames} frames of 15 MiB: the service had {peak / 1e6:.0f} MB")


def test_appends_of_15_mib_keep_nobody_else_from_being_served(running) -> None:
    flood_and_serve(running, clients=2, frames=1, most_mb=600, within=20)


@pytest.mark.soak
def test_a_flood_of_appends_of_15_mib(running) -> None:
    flood_and_serve(running, clients=12, frames=12, most_mb=1_500, within=60)


def storm_and_serve(running, clients: int, updates: int, within: float) -> None:
    _, url = running
    with ExitStack() as opened:
        stormers = [opened.enter_context(Client(url)) for _ in range(clients)]

        def storm(client: Client) -> None:
            for number in range(updates):
                language = ("en", "de")[number % 2]
                client.update(input_audio_transcription={"language": language})
                if number % 50 == 49:  # who never reads is not read either
                    client.until(lambda _: len(client.of_type("session.updated")) > number)
            client.finish(600)

        threads = [threading.Thread(target=storm, args=(client,)) for client in stormers]
        for thread in threads:
            thread.start()
        for _ in range(2):
            assert_is_served(url, within)
        for thread in threads:
            thread.join(600)
    for client in stormers:
        assert len(client.of_type("session.updated")) == updates and not client.of_type("error")


def test_a_storm_of_updates_is_answered_in_full_and_the_others_are_served(running) -> None:
    storm_and_serve(running, clients=3, updates=150, within=20)


@pytest.mark.soak
def test_a_storm_of_updates_from_many(running) -> None:
    storm_and_serve(running, clients=15, updates=3_000, within=60)


def test_a_frame_larger_than_any_append_is_a_close_with_a_reason(running) -> None:
    from websockets.exceptions import ConnectionClosed

    _, url = running
    with Client(url) as client, pytest.raises(ConnectionClosed) as closed:
        audio = base64.b64encode(np.zeros(9_000_000, np.int16).tobytes()).decode()
        client.send("input_audio_buffer.append", audio=audio)
        client.until("session.finished")
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
