"""The connection: order, the bounded outbox, slow and broken networks, closing, pings, proxies."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_server import PATIENCE, Peer, ScriptedServer, greet_and_record
from support.waiting import wait_until
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from qwen_asr_widgets.client.dashscope.conversation import OmniRealtimeCallback, OmniRealtimeConversation
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.stream import AudioStream
from qwen_asr_widgets.client.websocket import frames
from qwen_asr_widgets.client.websocket.connection import Connection
from qwen_asr_widgets.client.websocket.shared_socket import SharedSocket
from qwen_asr_widgets.client.websocket.keepalive import KeepAlive
from qwen_asr_widgets.errors import ConnectFailed, NotConnected, OutboxFull


def connection(server: ScriptedServer, **options: Any) -> Connection:
    made = Connection(server.url, dict, options.pop("on_message", lambda _: None),
                      options.pop("on_closed", lambda *_: None), **options)
    made.open()
    return made


@given(payload=st.binary(max_size=300) | st.integers(65_530, 65_540).map(bytes), numpy=st.booleans())
def test_frames_are_what_an_independent_parser_reads(payload: bytes, numpy: bool) -> None:
    frame = frames.client_frame(payload)
    if numpy:
        size = len(payload)
        mask = frame[len(frame) - size - 4:len(frame) - size]
        assert frames.mask_with_numpy(payload, mask) == frame[len(frame) - size:]
    reader = StreamReader()
    reader.feed_data(frame)
    parser = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as parsed:
        next(parser)
    assert parsed.value.value == Frame(Opcode.TEXT, payload)


def test_messages_arrive_whole_and_in_order_over_a_slow_network(monkeypatch: pytest.MonkeyPatch) -> None:
    write = SharedSocket.write
    monkeypatch.setattr(SharedSocket, "write", lambda shared, data: write(shared, data[:700]))
    texts = [f'{{"type": "n{number}", "pad": "{"x" * 5_000}"}}' for number in range(40)]
    with ScriptedServer() as server:
        made = connection(server)
        sent: list[float] = []
        for text in texts:
            made.send(text, sent.append)
        server.peer().wait_for_frames(len(texts))
        made.close()
        assert server.peer().frames == texts
        assert len(sent) == len(texts) and sent == sorted(sent)
        assert made.stats.queued >= 1 and made.stats.refused == 0


def test_a_send_goes_out_on_the_callers_thread_while_nothing_waits() -> None:
    threads: list[threading.Thread] = []
    with ScriptedServer() as server:
        made = connection(server)
        for _ in range(3):
            made.send('{"type": "x"}', lambda _time: threads.append(threading.current_thread()))
        made.close()
    assert threads == [threading.current_thread()] * 3
    assert made.stats.direct == 3


def stuck(release: threading.Event) -> Any:
    """A script that takes nothing from the network until it is released."""
    def script(peer: Peer) -> None:
        assert release.wait(PATIENCE)
        greet_and_record(peer)

    return script


def test_a_full_outbox_is_an_error_after_its_deadline_and_loses_nothing_it_took() -> None:
    release = threading.Event()
    text = '{"type": "x", "pad": "' + "y" * 1_000_000 + '"}'
    with ScriptedServer(stuck(release), max_queue=1) as server:
        made = connection(server, outbox_bytes=3_000_000)
        taken = 0
        with pytest.raises(OutboxFull, match="taken nothing"):
            for _ in range(100):
                made.send(text, timeout=0.3)
                taken += 1
        assert made.stats.refused == 1
        assert made.stats.peak_bytes <= 3_000_000
        release.set()
        server.peer().wait_for_frames(taken)
        made.close()
        assert server.peer().frames == [text] * taken


def test_closing_while_the_network_is_stuck_keeps_its_deadline() -> None:
    release = threading.Event()
    closed: list[Any] = []
    with ScriptedServer(stuck(release), max_queue=1) as server:
        made = connection(server, on_closed=lambda *end: closed.append(end))
        with pytest.raises(OutboxFull):
            for _ in range(100):
                made.send("y" * 1_000_000, timeout=0.2)
        made.close(timeout=0.2)
        assert not made.is_open and closed == [(None, "")]
        release.set()


def connecting(make: Any) -> Any:
    """Connect on a thread to a host that accepts and never answers; close once it stands.

    Returns what `connect` raised.
    """
    raised: list[BaseException] = []
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connect, close = make(f"ws://127.0.0.1:{silent.getsockname()[1]}/x")

        def run() -> None:
            try:
                connect()
            except BaseException as problem:
                raised.append(problem)

        thread = threading.Thread(target=run)
        thread.start()
        with silent.accept()[0] as peer:
            assert peer.recv(1)
            close()
            close()
            thread.join(PATIENCE)
            while peer.recv(4096):
                pass
    assert not thread.is_alive()
    wait_until(lambda: set(threading.enumerate()) <= before)
    return raised


def a_connection(url: str) -> Any:
    made = Connection(url, dict, print, print, connect_timeout=3 * PATIENCE)
    return made.open, made.close


def a_stream(url: str) -> Any:
    made = AudioStream(Endpoint(url), connect_timeout=3 * PATIENCE)
    return made.connect, made.close


def a_conversation(url: str) -> Any:
    made = OmniRealtimeConversation("m", OmniRealtimeCallback(), url=url)
    return made.connect, made.close


@pytest.mark.parametrize("make", [a_connection, a_stream, a_conversation])
def test_closing_while_connecting_ends_that_at_once(make: Any) -> None:
    """The peer sees the end of it, whoever connects is told, and no thread is left."""
    (problem,) = connecting(make)
    assert isinstance(problem, ConnectFailed) and "closed while connecting" in str(problem)


@pytest.mark.parametrize("make", [a_connection, a_stream])
def test_what_was_closed_before_connecting_does_not_connect(make: Any) -> None:
    with ScriptedServer() as server:
        connect, close = make(server.url)
        close()
        with pytest.raises(NotConnected):
            connect()
        assert server.requests == []


def test_a_connection_cut_midway_ends_the_reader_and_refuses_sends() -> None:
    ended = threading.Event()
    with ScriptedServer(lambda peer: peer.drop()) as server:
        made = connection(server, on_closed=lambda *_: ended.set())
        assert ended.wait(PATIENCE)
        made.thread.join(PATIENCE)
        with pytest.raises(NotConnected, match="has ended"):
            made.send("x")


def test_the_peers_close_is_answered_and_told() -> None:
    ends: list[Any] = []
    with ScriptedServer(lambda peer: peer.close(4000, "enough")) as server:
        made = connection(server, on_closed=lambda *end: ends.append(end))
        server.peer().wait_until_ended()
        made.thread.join(PATIENCE)
    assert ends == [(4000, "enough")]


def test_a_peer_that_answers_no_ping_is_given_up() -> None:
    """A socket that shakes hands and then says nothing at all."""
    from websockets.server import ServerProtocol

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            sock, _ = listener.accept()
            protocol = ServerProtocol()
            while not (events := protocol.events_received()):
                protocol.receive_data(sock.recv(4096))
            protocol.send_response(protocol.accept(events[0]))
            for data in protocol.data_to_send():
                sock.sendall(data)
            ended.wait(PATIENCE)
            sock.close()

        threading.Thread(target=serve, daemon=True).start()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/x"
        made = Connection(url, dict, print, lambda *_: ended.set(), ping_interval=0.05, ping_timeout=0.1)
        made.open()
        assert ended.wait(PATIENCE)


@pytest.mark.parametrize("waiting", [False, True], ids=["sent at once", "from the outbox"])
def test_nobody_is_told_of_an_answer_before_what_it_answers(
    waiting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    replied, answered = threading.Event(), threading.Event()
    write, full = SharedSocket.write, iter([waiting])
    monkeypatch.setattr(
        SharedSocket, "write", lambda shared, data: 0 if next(full, False) else write(shared, data)
    )

    def script(peer: Peer) -> None:
        peer.until("question")
        peer.send({"type": "answer"})
        replied.set()
        peer.drain()

    def on_message(_: Any) -> None:
        told.append("answer")
        answered.set()

    def on_sent(_: float) -> None:
        assert replied.wait(PATIENCE)
        answered.wait(0.2)  # the time in which it came too early
        told.append("question")

    with ScriptedServer(script) as server:
        made = connection(server, on_message=on_message)
        made.send('{"type": "question"}', on_sent)
        assert answered.wait(PATIENCE)
        assert told == ["question", "answer"] and made.stats.queued == waiting
        made.close()


def test_pings_keep_an_idle_connection_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    ping, pings = KeepAlive.ping, []
    monkeypatch.setattr(KeepAlive, "ping", lambda keepalive, now: pings.append(now) or ping(keepalive, now))
    with ScriptedServer() as server:
        made = connection(server, ping_interval=0.02, ping_timeout=5.0)
        assert wait_until(lambda: len(pings) >= 5, what="each ping was answered, so that the next was sent")
        assert made.is_open and pings[4] - pings[0] < 5.0
        made.close()


def test_logs_name_host_and_path_but_never_the_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "qwen_asr_widgets")

    def fail(*_: Any) -> None:
        raise ValueError("a callback's mistake")

    with ScriptedServer(lambda peer: peer.send({"type": "x"})) as server:
        made = Connection(f"{server.url}?token=sk-planted", dict, fail, fail)
        made.open()
        made.thread.join(PATIENCE)
    shared = SharedSocket(f"{server.url}?token=sk-planted")
    shared.socket = socket.socket()
    shared.socket.close()
    shared.cut()
    texts = [record.getMessage() for record in caplog.records if record.name == "qwen_asr_widgets"]
    assert any(text.startswith("a callback for a message of 127.0.0.1:") for text in texts)
    assert any(text.startswith("a callback for the end of 127.0.0.1:") for text in texts)
    assert "had already ended" in texts[-1] and not [text for text in texts if "sk-planted" in text]


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with ScriptedServer() as server:
        for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
            for proxy in ("environment", "http://127.0.0.1:9", None):
                made = Connection(url, dict, lambda _: None, lambda *_: None, proxy=proxy)
                made.open()
                made.close()
        assert len(server.requests) == 6


@pytest.mark.parametrize("how", ["environment", "argument"])
def test_other_hosts_go_through_the_proxy_and_a_failure_names_it(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            sock, _ = listener.accept()
            asked.append(sock.recv(4096))
            sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            sock.close()

        threading.Thread(target=serve, daemon=True).start()
        proxy = f"http://user:secret-word@127.0.0.1:{listener.getsockname()[1]}"
        if how == "environment":
            monkeypatch.setenv("https_proxy", proxy)
        made = Connection("wss://asr.example.org/x", dict, print, print,
                          proxy="environment" if how == "environment" else proxy)
        with pytest.raises(ConnectFailed, match="the proxy 127.0.0.1:.*407") as caught:
            made.open()
    assert b"CONNECT asr.example.org:443" in asked[0]
    assert "secret-word" not in str(caught.value)


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with ScriptedServer(status=302) as server, pytest.raises(ConnectFailed, match="it redirects elsewhere"):
        connection(server)
    assert len(server.requests) == 1
