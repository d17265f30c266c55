"""A planted key, end to end: looked for wherever the package or its libraries could leave it."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback

import numpy as np
import psutil
import pytest
from support.scripted_server import ScriptedServer, created, updated
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.client import service_process

pytestmark = pytest.mark.service

KEY = "sk-planted-7c1e9f40"
SECOND = np.zeros(16_000, np.int16)
LOGGERS = (
    "", "qwen_asr_widgets", "websocket", "websockets", "websockets.client", "asyncio", "dashscope", "urllib3",
)


@pytest.fixture
def logged():
    """Everything any library logs at DEBUG, exceptions with their tracebacks included."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def whole_story(error: BaseException) -> str:
    """Return an exception as a debugger shows it: message, arguments, causes, and every local variable.

    The frames of this file are left out: a caller who holds the key as a variable has it there.
    """
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    told = [str(error), repr(error), repr(error.args), repr(vars(error))]
    pending = [shown]
    while pending:
        part = pending.pop()
        told += part.format_exception_only()
        told += [repr(frame.locals) for frame in part.stack if frame.filename != __file__]
        pending += [linked for linked in (part.__cause__, part.__context__) if linked is not None]
    return "\n".join(told)


def transcribed(endpoint):
    retry = qaw.Retry(patience=0.2, first=0.1)
    return qaw.transcribe(SECOND, endpoint, sample_rate=16_000, pace=None, progress=False, retry=retry)


def friendly(peer):
    peer.send(created())
    peer.send(updated(**peer.until("session.update")["session"]))
    peer.until("session.finish")
    peer.send({"type": "session.finished"})


def refusing(peer):
    peer.send(created())
    peer.until("session.update")
    peer.send({"type": "error", "error": {"type": "invalid_request_error", "code": "x", "message": "no"}})
    peer.until("never")


def leaving(peer):
    peer.send(created())
    peer.send(updated(**peer.until("session.update")["session"]))
    peer.until("input_audio_buffer.append")
    peer.close(1011, "out of order")


def test_a_whole_run_leaves_the_key_nowhere(logged, tmp_path):
    with ScriptedServer(friendly) as server:
        endpoint = qaw.Endpoint(server.url, api_key=KEY, headers={"X-Also": KEY})
        recording = transcribed(endpoint)
        assert server.peer().headers["Authorization"] == f"Bearer {KEY}"
    recording.save(tmp_path / "run.qasr")
    for ending in ("srt", "vtt", "json"):
        recording.export(tmp_path / f"run.{ending}")
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY.encode() not in written and len(logged.getvalue()) > 100
    told = [
        logged.getvalue(), repr(endpoint), str(endpoint), repr(recording), recording._repr_html_(),
        repr(recording.info), repr(recording.events), repr(recording.connections),
        recording.latency()._repr_html_(),
        repr(vars(endpoint)["api_key"]),
    ]
    assert not [text for text in told if KEY in text]
    assert KEY.encode() not in pickle.dumps(qaw.Endpoint(server.url, api_key=KEY))
    assert copy.deepcopy(endpoint).key() == copy.copy(endpoint).key() == KEY


def in_the_address(url):
    """Return an address that carries the key as password and in its query."""
    return f"{url.replace('//', f'//me:{KEY}@')}?lesson=first&token={KEY}"


def test_a_key_in_the_address_is_sent_and_left_nowhere(logged, tmp_path):
    with ScriptedServer(friendly) as server:
        endpoint = qaw.Endpoint(in_the_address(server.url))
        recording = transcribed(endpoint)
        assert server.peer().path.endswith(f"?lesson=first&token={KEY}&model=qwen3-asr-flash-realtime")
    for ending in ("qasr", "srt", "json"):
        recording.export(tmp_path / f"run.{ending}")
    assert not [path for path in tmp_path.iterdir() if KEY.encode() in path.read_bytes()]
    told = [
        logged.getvalue(), repr(endpoint), repr(recording), recording._repr_html_(), repr(recording.info),
        repr(recording.events), repr(recording.connections), repr(recording.notes),
    ]
    assert not [text for text in told if KEY in text]
    assert KEY.encode() not in pickle.dumps([endpoint, recording])


@pytest.mark.parametrize("script", [refusing, leaving])
def test_a_session_that_fails_does_not_tell_what_is_secret_in_its_address(logged, script):
    with ScriptedServer(script) as server, pytest.raises(qaw.QawError) as caught:
        transcribed(qaw.Endpoint(in_the_address(server.url)))
    error = caught.value
    told = [str(error), repr(error), repr(error.args), repr(vars(error)), logged.getvalue()]
    assert not [text for text in told if KEY in text]


@pytest.mark.parametrize("script", [refusing, leaving])
def test_a_session_that_fails_shows_no_key(logged, script):
    with ScriptedServer(script) as server, pytest.raises(qaw.QawError) as caught:
        transcribed(qaw.Endpoint(server.url, api_key=KEY))
    assert KEY not in whole_story(caught.value) + logged.getvalue()


@pytest.mark.parametrize("url", [
    "ws://127.0.0.1:9/api-ws/v1/realtime", "wss://no-such-host.invalid/realtime",
    "ws://127.0.0.1:9/realtime?x=1",
])
def test_a_connection_that_fails_shows_no_key(logged, url):
    with pytest.raises(qaw.QawError) as caught:
        transcribed(qaw.Endpoint(url, api_key=KEY))
    assert KEY not in whole_story(caught.value) + logged.getvalue()


@pytest.mark.parametrize("make", [
    lambda: qaw.Endpoint("https://no-web-socket.invalid/", api_key=KEY),
    lambda: qaw.Endpoint("ws://127.0.0.1:9/", api_key=KEY.encode()),
    lambda: qaw.dashscope("nowhere", api_key=KEY),
    lambda: qaw.dashscope("beijing", None, KEY, workspace_host=True),
    lambda: qaw.OmniRealtimeConversation(None, qaw.OmniRealtimeCallback(), api_key=KEY),
])
def test_an_address_that_cannot_be_shows_no_key_in_any_frame(make):
    with pytest.raises(qaw.QawError) as caught:
        make()
    assert KEY not in whole_story(caught.value)


@pytest.mark.parametrize("status", [401, 403, 404, 302, 500])
def test_a_refused_handshake_shows_no_key_even_where_the_service_repeats_it(logged, status):
    with ScriptedServer(friendly, status=status) as server:
        with pytest.raises(qaw.QawError) as caught:
            transcribed(qaw.Endpoint(server.url, api_key=KEY))
        callback = qaw.OmniRealtimeCallback()
        conversation = qaw.OmniRealtimeConversation("m", callback, url=server.url, api_key=KEY)
        with pytest.raises(qaw.QawError) as in_conversation:
            conversation.connect()
    told = whole_story(caught.value) + whole_story(in_conversation.value)
    assert KEY not in told + logged.getvalue() + repr(conversation) + repr(vars(conversation))


def public_words(process):
    """Return what other processes of this user can read of one; nothing where it has ended."""
    try:
        return [*process.cmdline(), *process.environ().values()]
    except psutil.NoSuchProcess:
        return []


def test_the_embedded_service_keeps_its_key_out_of_arguments_and_environments(logged, monkeypatch):
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    monkeypatch.setattr(qaw, "api_key", KEY)
    with qaw.embedded("script", words=[[0.5, "hello"]]) as endpoint:
        recording = transcribed(endpoint)
        process = endpoint._process
        own = process.key
        child = psutil.Process(process.pid)
        workers = wait_until(
            lambda: list(filter(None, map(public_words, child.children(recursive=True)))),
            what="a recogniser stands ready",
        )
        told = [word for words in (public_words(child), *workers) for word in words]
        told += [repr(endpoint), repr(process), repr(service_process._registry), logged.getvalue()]
    assert len(own) >= 32
    assert not [text for text in told if KEY in text or own in text]
    assert own.encode() not in pickle.dumps(endpoint)
    assert own not in json.dumps([dict(event.message) for event in recording.events])


def test_a_key_in_the_environment_is_used_and_shown_nowhere(logged, monkeypatch):
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    endpoint = qaw.dashscope("singapore")
    assert endpoint.key() == KEY
    assert KEY not in repr(endpoint) + repr(vars(endpoint)) + logged.getvalue()
    assert KEY.encode() not in pickle.dumps(endpoint)


def test_this_test_would_find_a_key():
    def leak(api_key):
        raise ValueError(api_key)

    with pytest.raises(ValueError) as caught:
        leak(KEY)
    assert KEY in whole_story(caught.value)
