"""A recogniser that is behind: it is said, partials are left out before finals, it is not taken for dead."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from support.scripted_server import ScriptedServer, created, updated
from support.service import KEY, Client

import qwen_asr_widgets as qaw
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.stream import AudioStream
from qwen_asr_widgets.protocol import events as ev
from qwen_asr_widgets.protocol.codec import read_server
from qwen_asr_widgets.protocol.session import Session
from qwen_asr_widgets.service import client_connection
from qwen_asr_widgets.service.operation.access import Access
from qwen_asr_widgets.service.recognizers.base import Hypothesis
from qwen_asr_widgets.service.server import Service
from qwen_asr_widgets.service.workers.decoder import UtteranceDecoder
from qwen_asr_widgets.service.workers.messages import (
    FinalText, FinishUtterance, PartialText, StartUtterance, UtteranceAudio,
)

SPEECH = qaw.sample("conversation").clip.to_pcm16()[:70_000]
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}


@pytest.fixture
def slow_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service in this process whose recogniser needs 0.5 s for a second of sound, and says so soon."""
    monkeypatch.setattr(client_connection, "REPORT_SECONDS", 0.05)
    monkeypatch.setattr(client_connection, "BEHIND_SECONDS", 0.5)
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    service = loop.run_until_complete(Service.start(Access.by_key(KEY), "script", {"cost": 0.5}))

    async def serve() -> None:
        await stopped.wait()
        await service.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    yield service.url
    loop.call_soon_threadsafe(stopped.set)
    thread.join(20)
    loop.close()


@pytest.mark.service
def test_it_says_how_far_behind_it_is_and_gives_every_final(slow_service: str) -> None:
    with Client(slow_service) as client:
        client.update(turn_detection=BRIEF)
        client.append(SPEECH)
        client.finish()
    told = [message["behind_ms"] for message in client.of_type("recognizer.behind")]
    assert len(told) > 5 and 1_000 < max(told) < 5_000
    assert client.of_type("completed")[0]["transcript"] == "two three four five six seven"
    session = Session()
    session.send(ev.SessionUpdate({}), 0.0)
    for message in client.received:
        if message["type"] == "session.finished":
            session.send(ev.FinishSession(), 0.0)
        session.receive(read_server(message), 0.0)
    assert session.violations == () and session.finished


@pytest.mark.service
def test_it_says_so_while_it_works_on_one_large_append(slow_service: str) -> None:
    with Client(slow_service) as client:
        client.update(turn_detection=None)
        audio = base64.b64encode(np.zeros(400_000, np.int16).tobytes()).decode()
        client.send("input_audio_buffer.append", audio=audio)
        client.until("recognizer.behind")
        client.send("input_audio_buffer.clear")
        client.until("input_audio_buffer.cleared")
        client.until(lambda message: message.get("behind_ms") == 0)


class Costly:
    """A recogniser whose partials cost, and which notes how many were asked for."""

    engine, languages, costly_partials, can_finish_early = "costly", None, True, False

    def __init__(self) -> None:
        self.heard = self.partials = 0

    def configure(self, language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        return ()

    def start(self, first_sample: int) -> None:
        self.heard = 0

    def accept(self, samples: np.ndarray) -> None:
        self.heard += len(samples)

    def partial(self) -> Hypothesis:
        self.partials += 1
        return Hypothesis(draft=str(self.heard))

    def finish(self) -> str:
        return f"all {self.heard}"


@pytest.mark.parametrize(("seconds", "steps", "partials"), [(0.6, 3, 2), (12.0, 50, 0)])
def test_partials_are_left_out_before_finals(seconds: float, steps: int, partials: int) -> None:
    recognizer, results = Costly(), []
    decoder = UtteranceDecoder(recognizer, results.append)
    decoder.handle(StartUtterance("a", 0))
    decoder.handle(UtteranceAudio(np.zeros(round(16_000 * seconds), np.int16)))
    for _ in range(steps):
        decoder.work()
    shown = [result for result in results if isinstance(result, PartialText)]
    assert len(shown) == recognizer.partials == partials
    decoder.handle(FinishUtterance("a"))
    assert isinstance(results[-1], FinalText) and results[-1].text == f"all {round(16_000 * seconds)}"


def slow_to_finish(peer) -> None:
    """Say for a second that the recogniser is behind, then answer."""
    peer.send(created())
    peer.until("session.update")
    peer.send(updated())
    peer.until("session.finish")
    for left in range(8, -1, -1):
        peer.send({"type": "recognizer.behind", "behind_ms": 1_000 * left})
        time.sleep(0.1)
    peer.send({"type": "session.finished"})


def test_a_service_that_says_it_is_behind_is_waited_for() -> None:
    with ScriptedServer(slow_to_finish) as server:
        stream = AudioStream(Endpoint(server.url))
        stream.connect()
        stream.append(np.zeros(1_600, np.int16))
        stream.finish(timeout=0.5)
        assert stream.finished


def test_how_far_it_is_behind_stands_in_the_recording_until_it_has_caught_up() -> None:
    recording = qaw.Recording()
    recording.received({}, ev.SessionCreated({"id": "s"}), 0.0)
    for ms, seconds in ((7_400, 7.4), (0, 0.0)):
        recording.received({}, ev.RecognizerBehind(ms), 1.0)
        assert recording.recognizer_behind == seconds
    recording.received({}, ev.RecognizerBehind(5_000), 2.0)
    recording.closed(1006, "", 3.0)
    assert recording.recognizer_behind == 0.0 and recording.notes == ()
