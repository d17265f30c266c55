"""Each fault of the proxy really happens, at its byte: seen by raw sockets and by websocket-client."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
import websocket
from faults.proxy import KINDS, SPAN, Fault, FaultProxy, FrameEdges
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_server import PATH, Peer, ScriptedServer

DATA = bytes(range(256)) * 40
AT = 4_321
QUIET = 0.15


class Echo:
    """A TCP server that sends back what it gets, and keeps what it got and how each connection ended."""

    def __enter__(self) -> Echo:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()
        self.got: list[bytearray] = []
        self.ends: list[str] = []
        self.changed = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.got.append(bytearray())
                threading.Thread(target=self._echo, args=(connection, self.got[-1]), daemon=True).start()

    def _echo(self, connection: socket.socket, got: bytearray) -> None:
        end = "end"
        with connection:
            try:
                while data := connection.recv(65_536):
                    got += data
                    with self.changed:
                        self.changed.notify_all()
                    connection.sendall(data)
            except OSError:
                end = "reset"
        with self.changed:
            self.ends.append(end)
            self.changed.notify_all()

    def wait(self, count: int, number: int = 0) -> None:
        """Wait until so many bytes have come by one connection."""
        with self.changed:
            assert self.changed.wait_for(lambda: [len(got) for got in self.got[number:]][:1] >= [count], 10)

    def wait_for_end(self) -> str:
        """Wait until the first connection has ended; return how."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.ends, 10)
        return self.ends[0]


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server


def joined(proxy: FaultProxy) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", proxy.port), 10)
    client.settimeout(10)
    return client


def received(client: socket.socket) -> bytes:
    """Return everything until the end of a connection."""
    data = b""
    while piece := client.recv(65_536):
        data += piece
    return data


def received_until_silent(client: socket.socket) -> bytes:
    """Return what comes until nothing comes for a while; the connection must not end."""
    client.settimeout(QUIET)
    data = b""
    with contextlib.suppress(TimeoutError):
        while True:
            piece = client.recv(65_536)
            assert piece
            data += piece
    return data


def test_without_a_fault_everything_passes_both_ways(echo):
    with FaultProxy(echo.address) as proxy, joined(proxy) as client:
        client.sendall(DATA)
        got = b""
        while len(got) < len(DATA):
            got += client.recv(65_536)
        assert got == bytes(echo.got[0]) == DATA and proxy.sent == len(DATA) and proxy.happened == []


def test_a_cut_ends_both_sides_after_exactly_its_byte(echo):
    with FaultProxy(echo.address, [Fault("cut", AT)]) as proxy, joined(proxy) as client:
        client.sendall(DATA)
        assert DATA.startswith(received(client))
        assert echo.wait_for_end() == "end" and bytes(echo.got[0]) == DATA[:AT]
        proxy.wait_for_faults()
        assert proxy.happened == [Fault("cut", AT)]


def test_a_reset_is_one(echo):
    with FaultProxy(echo.address, [Fault("reset", AT)]) as proxy, joined(proxy) as client:
        client.sendall(DATA[:100])
        echo.wait(100)
        client.sendall(DATA[100:])
        with pytest.raises(ConnectionResetError):
            received(client)
        assert echo.wait_for_end() == "reset" and DATA[:AT].startswith(bytes(echo.got[0]))


def test_behind_a_black_hole_nothing_passes_and_new_connections_wait_until_it_is_over(echo):
    with FaultProxy(echo.address, [Fault("black_hole", AT, 0.4)]) as proxy, joined(proxy) as client:
        began = time.monotonic()
        client.sendall(DATA)
        proxy.wait_for_faults()
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(200):
                client.send(bytes(1 << 16))
        client.settimeout(0.01)
        with joined(proxy) as other:
            other.sendall(b"so")
            assert other.recv(2) == b"so" and time.monotonic() - began >= 0.4
            assert bytes(echo.got[0]) == DATA[:AT] and not echo.ends
        with pytest.raises(TimeoutError):
            client.sendall(bytes(1 << 24))


def test_half_open_the_client_goes_on_sending_into_nothing(echo):
    with FaultProxy(echo.address, [Fault("half_open", AT)]) as proxy, joined(proxy) as client:
        client.sendall(DATA)
        echo.wait_for_end()
        client.sendall(DATA * 20)
        assert DATA.startswith(received_until_silent(client)) and DATA[:AT].startswith(bytes(echo.got[0]))
        proxy.wait_for_faults()
        assert proxy.happened == [Fault("half_open", AT)]


def test_a_throttled_line_takes_its_time_and_then_none(echo):
    with FaultProxy(echo.address, [Fault("throttle", 0, 64_000)]) as proxy, joined(proxy) as client:
        began = time.monotonic()
        client.sendall(bytes(SPAN))
        echo.wait(SPAN)
        slow = time.monotonic() - began
        client.sendall(bytes(SPAN))
        echo.wait(2 * SPAN)
        assert slow >= SPAN / 64_000 * 0.95 and time.monotonic() - began - slow < slow


def test_delays_are_those_of_the_seed_and_keep_the_order(echo):
    def told(seed: int) -> list[float]:
        with FaultProxy(echo.address, [Fault("delay", 0, 0.05)], seed) as proxy, joined(proxy) as client:
            waits = []
            for number in range(4):
                began = time.monotonic()
                client.sendall(bytes([number]))
                assert client.recv(1) == bytes([number])
                waits.append(time.monotonic() - began)
        return waits

    import random

    chance = random.Random(7)
    least = [chance.uniform(0, 0.05) + chance.uniform(0, 0.05) for _ in range(4)]
    assert all(wait >= given for wait, given in zip(told(7), least))


def test_after_a_cut_the_next_connection_is_answered_late_and_the_one_after_it_at_once(echo):
    with FaultProxy(echo.address, [Fault("slow_accept", 10, 1.0)]) as proxy:
        with joined(proxy) as client:
            client.sendall(DATA)
            received(client)
        waits = []
        for _ in range(2):
            began = time.monotonic()
            with joined(proxy) as client:
                client.sendall(b"so")
                assert client.recv(2) == b"so"
                waits.append(time.monotonic() - began)
        assert waits[0] >= 0.99 > waits[1]


def test_after_a_cut_nobody_listens_for_a_while(echo):
    with FaultProxy(echo.address, [Fault("refuse", 10, 0.3)]) as proxy:
        with joined(proxy) as client:
            client.sendall(DATA)
            received(client)
        with pytest.raises(ConnectionRefusedError):
            joined(proxy)
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(ConnectionRefusedError), joined(proxy) as client:
                client.sendall(b"so")
                assert client.recv(2) == b"so"
                break
            assert time.monotonic() < deadline


def test_what_kills_something_is_called_once_at_its_byte(echo):
    seen = []
    with FaultProxy(echo.address, [Fault("act", AT)], act=seen.append) as proxy, joined(proxy) as client:
        client.sendall(DATA)
        echo.wait(len(DATA))
        assert seen == proxy.happened == [Fault("act", AT)]


def test_two_faults_are_counted_over_all_connections(echo):
    plan = [Fault("cut", AT), Fault("cut", AT + 1_000)]
    with FaultProxy(echo.address, plan) as proxy:
        for number, stop in enumerate((AT, 1_000)):
            with joined(proxy) as client:
                client.sendall(DATA)
                received(client)
            echo.wait(stop, number)
        proxy.wait_for_faults(2)
        assert [len(got) for got in echo.got] == [AT, 1_000] and proxy.happened == plan


CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4999)


@pytest.mark.parametrize("code", CODES)
def test_a_close_frame_of_every_code_stands_between_two_frames(code):
    def flood(peer: Peer) -> None:
        peer.receive()
        for number in range(1_000):
            peer.send_raw(f"{number} " + "x" * 3_000)
        peer.drain()

    with ScriptedServer(flood) as server:
        with FaultProxy(("127.0.0.1", server.port), [Fault("close", 2_000, code)]) as proxy:
            client = websocket.create_connection(f"ws://127.0.0.1:{proxy.port}{PATH}", 10)
            client.send('{"type": "begin", "x": "' + "x" * 2_500 + '"}')
            numbers = []
            while True:
                opcode, data = client.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    break
                numbers.append(int(data.split()[0]))
            client.shutdown()
    assert data == struct.pack("!H", code) and numbers == list(range(len(numbers)))


@given(st.lists(st.sampled_from([0, 1, 125, 126, 65_535, 65_536, 70_000]), max_size=4), st.data())
def test_edges_of_frames_are_found_however_the_bytes_come(lengths, data):
    head = b"HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n"
    frames = [websocket.ABNF.create_frame(bytes(n), websocket.ABNF.OPCODE_BINARY) for n in lengths]
    for frame in frames:
        frame.mask_value = 0
    whole = [head, *(frame.format() for frame in frames)]
    text, found, edges = b"".join(whole), [], FrameEdges()
    passed = 0
    while passed < len(text):
        size = data.draw(st.integers(min(len(text) - passed, 1 + len(text) // 12), len(text) - passed))
        for part in edges.split(text[passed : passed + size]):
            passed += len(part)
            if edges.is_between:
                found.append(passed)
    ends = [sum(map(len, whole[: k + 1])) for k in range(len(whole))]
    assert found == ends


def test_every_kind_is_tried_here():
    source = open(__file__, encoding="utf-8").read()
    assert [kind for kind in KINDS if f'Fault("{kind}"' not in source] == []
