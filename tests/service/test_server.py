"""The embedded service as a process: who may come in, what stays apart, and how it ends."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support.processes import descendants, is_running
from support.service import KEY, PATH, Client, service, service_process
from support.waiting import wait_until
from websockets.exceptions import InvalidStatus

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import EndpointError
from qwen_asr_widgets.protocol.codec import MAX_APPEND_CHARS
from qwen_asr_widgets.service.operation.access import Access
from qwen_asr_widgets.service.server import Service
from qwen_asr_widgets.vad.scoring.scores import speech_scores
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns

pytestmark = pytest.mark.service

TALK = sample("conversation").clip.to_pcm16()
SPEECH = TALK[:70_000]
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}


@pytest.fixture(scope="module")
def url():
    with service("script") as address:
        yield address


def test_a_session_runs_from_created_to_finished(url):
    with Client(url) as client:
        client.until("session.created")
        client.update(turn_detection=BRIEF)
        client.append(SPEECH)
        kinds = [message["type"].rpartition(".")[2] for message in client.finish()]
    texts = kinds.count("text")
    assert texts > 3
    assert [kind for kind in kinds if kind != "text"] == [
        "created", "updated", "speech_started", "speech_stopped", "committed", "created", "completed",
        "finished",
    ]
    assert client.of_type("completed")[0]["transcript"] == "two three four five six seven"


@pytest.mark.parametrize("chunk", [2 * 317, 2 * 1_600, 2 * 80_000])
def test_turns_equal_those_of_the_tuner_to_the_frame(url, chunk):
    clip = AudioClip(TALK.astype(np.float32) / 32_768, 16_000)
    turns = detect_turns(speech_scores(clip), TurnDetection(0.0, 400))
    with Client(url) as client:
        client.update(turn_detection=BRIEF)
        client.append(TALK, chunk)
        client.finish()
    started, stopped = client.of_type("speech_started"), client.of_type("speech_stopped")
    found = [(a["audio_onset_ms"], a["audio_start_ms"], b["audio_end_ms"]) for a, b in zip(started, stopped)]
    assert found == [(round(1e3 * t.onset), round(1e3 * t.start), round(1e3 * t.end)) for t in turns]


@pytest.mark.parametrize(("status", "path", "key", "headers"), [
    (401, PATH, "wrong", {}),
    (404, "/elsewhere", KEY, {}),
    (403, PATH, KEY, {"Origin": "https://evil.org"}),
])
def test_a_wrong_key_path_or_origin_is_refused_in_the_handshake(url, status, path, key, headers):
    with pytest.raises(InvalidStatus) as refused:
        Client(url.replace(PATH, path), key, origin=headers.get("Origin"))
    assert refused.value.response.status_code == status


def test_the_service_listens_on_this_machine_only():
    import asyncio

    with pytest.raises(EndpointError, match="0.0.0.0"):
        asyncio.run(Service.start(Access.by_key("key", "0.0.0.0"), "script"))


def test_an_append_over_15_mib_is_an_error_and_the_session_goes_on(url):
    with Client(url) as client:
        client.send("input_audio_buffer.append", audio="A" * (MAX_APPEND_CHARS + 4))
        error = client.until("error")["error"]
        assert error["code"] == "audio_too_large" and error["event_id"] == "event_input_audio_buffer.append"
        client.finish()


def test_a_large_append_keeps_no_other_session_waiting(url):
    with Client(url) as large, Client(url) as small:
        small.until("session.created")
        samples = np.tile(TALK, 10)[:5_800_000]
        large.send("input_audio_buffer.append", audio=base64.b64encode(samples.tobytes()).decode())
        answered = 0
        while not large.of_type("speech_started"):
            small.update()
            small.until("session.updated")
            answered += 1
            try:
                large.received.append(json.loads(large.socket.recv(0)))
            except TimeoutError:
                continue
        for _ in range(5):
            small.update()
            small.until("session.updated", timeout=5)
        stopped_before = len(large.of_type("speech_stopped"))
        large.finish()
    assert len(large.of_type("speech_stopped")) > stopped_before + 20
    assert answered >= 1


def test_two_sessions_at_once_have_their_own_items(url):
    with Client(url) as one, Client(url) as other:
        for client in (one, other):
            client.update(turn_detection=BRIEF)
        for piece in np.array_split(SPEECH, 10):
            one.append(piece)
            other.append(piece)
        one.finish()
        other.finish()
    assert one.of_type("completed")[0]["transcript"] == other.of_type("completed")[0]["transcript"] != ""
    assert one.of_type("completed")[0]["item_id"] != other.of_type("completed")[0]["item_id"]


def test_a_client_that_vanishes_takes_its_recogniser_along():
    with service_process("script") as (process, port):
        client = Client(f"ws://127.0.0.1:{port}{PATH}")
        client.until("session.created")
        assert len(descendants(process.pid)) == 1, "who sends no sound has no recogniser"
        client.append(SPEECH)
        wait_until(lambda: len(descendants(process.pid)) == 2, what="a worker and a spare run")
        client.socket.socket.close()
        wait_until(lambda: len(descendants(process.pid)) == 1, what="only the spare is left")
        with Client(f"ws://127.0.0.1:{port}{PATH}") as again:
            again.append(SPEECH)
            assert again.finish()[-1]["type"] == "session.finished"


def test_a_recogniser_that_dies_fails_its_item_and_the_session_goes_on():
    with service("script", crash_at=2.0) as url, Client(url) as client:
        client.update(turn_detection=BRIEF)
        client.append(SPEECH)
        client.until(lambda message: message["type"].endswith("failed"))
        client.append(TALK[len(SPEECH):150_000])
        client.finish()
    failed, completed = client.of_type("failed"), client.of_type("completed")
    assert [m["error"]["code"] for m in failed] == ["recognizer_lost"]
    assert "code 70" in failed[0]["error"]["message"]
    assert len(completed) == 1 and completed[0]["transcript"]
    assert completed[0]["item_id"] == client.of_type("speech_started")[1]["item_id"]


def test_a_recogniser_that_raises_fails_its_item_alone():
    with service("script", fail_at=2.0) as url, Client(url) as client:
        client.update(turn_detection=BRIEF)
        client.append(TALK[:150_000])
        client.finish()
    assert len(client.of_type("failed")) == 1 and len(client.of_type("completed")) == 1
    assert "2 s" in client.of_type("failed")[0]["error"]["message"]


def test_options_a_recogniser_does_not_take_are_named_at_the_start():
    process = subprocess.run(
        [sys.executable, "-m", "qwen_asr_widgets.service"], capture_output=True, timeout=60, text=True,
        input=json.dumps({"key": KEY, "recognizer": "script", "options": {"voice": "deep"}}) + "\n",
    )
    assert process.returncode == 1 and "voice" in json.loads(process.stdout)["error"]
    assert "voice" in process.stderr and "Traceback" not in process.stderr


def test_a_recogniser_that_does_not_exist_is_named_at_the_start():
    process = subprocess.run(
        [sys.executable, "-m", "qwen_asr_widgets.service"], capture_output=True, timeout=60, text=True,
        input=json.dumps({"key": KEY, "recognizer": "wibble"}) + "\n",
    )
    assert process.returncode == 1 and "'wibble'" in json.loads(process.stdout)["error"]


SERVE = ["-m", "qwen_asr_widgets", "serve", "--recognizer", "script"]


@pytest.mark.parametrize("given", [None, "my-own-key"])
def test_serve_tells_address_and_key_and_ends_with_ctrl_c(given):
    environment = {**os.environ, **({"QWEN_ASR_WIDGETS_KEY": given} if given else {})}
    process = subprocess.Popen(
        [sys.executable, *SERVE], stdout=subprocess.PIPE, text=True, env=environment
    )
    url = process.stdout.readline().split()[-1]
    said = process.stdout.readline()
    key = given or said.split()[-1]
    with Client(url, key) as client:
        assert client.finish()[-1]["type"] == "session.finished"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert given is None or given not in said
    process.stdout.close()


PARENT = """
import json, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "qwen_asr_widgets.service"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, start_new_session=True)
child.stdin.write(b'{"key": "k", "recognizer": "script"}\\n'); child.stdin.flush()
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
def test_service_and_recognisers_are_gone_when_the_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    workers = wait_until(lambda: descendants(child), what="the spare recogniser runs")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    assert wait_until(lambda: not any(map(is_running, [child, *workers])), what="all processes are gone")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
def test_the_key_is_in_no_argument_no_environment_and_no_log(tmp_path):
    log = tmp_path / "stderr.log"
    with log.open("wb") as stderr, service_process("script", stderr=stderr) as (process, port):
        with pytest.raises(InvalidStatus):
            Client(f"ws://127.0.0.1:{port}{PATH}", key="not-" + KEY)
        with Client(f"ws://127.0.0.1:{port}{PATH}") as client:
            client.append(SPEECH)
            client.finish()
            for pid in [process.pid, *descendants(process.pid)]:
                for name in ("cmdline", "environ"):
                    assert KEY.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert KEY.encode() not in log.read_bytes()


def test_the_key_is_not_logged_even_at_debug(caplog):
    import asyncio

    async def one_session():
        service = await Service.start(Access.by_key(KEY), "script")
        try:
            await asyncio.to_thread(session, service.url)
        finally:
            await service.close()
        return repr(service)

    def session(url):
        with Client(url) as client:
            client.finish()

    caplog.set_level("DEBUG")
    shown = asyncio.run(one_session())
    assert KEY not in shown
    ours = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert not [record for record in ours if KEY in record.getMessage()]
    assert not [record for record in ours if record.name.startswith("websockets")]


def test_many_sessions_one_after_the_other_leave_nothing_behind():
    with service_process("script") as (process, port):
        ended = []
        for _ in range(4):
            with Client(f"ws://127.0.0.1:{port}{PATH}") as client:
                ended.append(client.finish()[-1]["type"])
        assert ended == ["session.finished"] * 4
        assert wait_until(lambda: len(descendants(process.pid)) == 1, what="only the spare is left")


def test_sessions_in_parallel_threads_all_finish(url):
    done = []

    def run():
        with Client(url) as client:
            client.update(turn_detection=None)
            client.append(SPEECH)
            client.send("input_audio_buffer.commit")
            client.finish()
            done.append(client.of_type("completed")[0]["transcript"])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == ["one two three four five six seven eight"] * 4
