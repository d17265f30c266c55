"""A TCP proxy between a client and a realtime service that breaks connections on purpose, at chosen bytes.

What goes wrong is a list of `Fault` values. A fault happens when the client has sent so many bytes through
the proxy, counted over all its connections: the sound decides the moment, not the clock, so that a plan that
failed fails again. Each fault is met once::

    with FaultProxy(("127.0.0.1", port), [Fault("reset", at=40_000)]) as proxy:
        ...connect to proxy.port...
        assert proxy.happened == [Fault("reset", at=40_000)]
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "cut", "reset", "close", "black_hole", "half_open", "throttle", "delay", "slow_accept", "refuse", "act"
]
KINDS: dict[str, str] = {
    "cut": "both ends are closed, in the middle of a frame where that is where the byte is",
    "reset": "both ends are reset (RST)",
    "close": "the client gets a close frame with the code `amount`; the service's end is cut",
    "black_hole": "nothing passes any more, nor is read; for `amount` seconds new connections meet the same",
    "half_open": "the service's end is gone, the client's stays open and swallows what comes",
    "throttle": "the next `SPAN` bytes from the client pass at `amount` bytes a second",
    "delay": "the next `SPAN` bytes, of both ways together, come up to `amount` seconds later, in order",
    "slow_accept": "both ends are closed, and the next connection is answered `amount` seconds late",
    "refuse": "both ends are closed, and for `amount` seconds nobody listens",
    "act": "what the proxy was given as `act` is called: it kills something",
}
SPAN = 16_000
"""Bytes over which a line stays slow: a second at 16 kB/s."""

PIECE = 16_384
RECEIVED = 1 << 16
"""Bytes that the system takes from a client unread: behind a black hole its sending stops soon."""

PATIENCE = 20.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and when.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    at : int
        Bytes from the client after which it happens; none of those behind them passes before.
    amount : float
        What `KINDS` says; for "close" the code.
    """

    kind: Kind
    at: int
    amount: float = 0.0


class FaultProxy:
    """Listens on loopback and passes on what comes, until something goes wrong.

    Parameters
    ----------
    target : tuple of str and int, or callable
        Where the service is; called for each connection.
    faults : sequence of Fault
        What goes wrong, in the order of ``at``.
    seed : int
        Of the delays.
    act : callable, optional
        What "act" calls, with the fault.

    Attributes
    ----------
    port : int
        Where it listens.
    happened : list of Fault
        What went wrong until now.
    sent : int
        Bytes that were passed on to the service.
    connections : int
        How many were accepted.
    """

    def __init__(
        self, target: tuple[str, int] | Callable[[], tuple[str, int]], faults: Sequence[Fault] = (),
        seed: int = 0, act: Callable[[Fault], None] | None = None,
    ) -> None:
        self.target = target if callable(target) else lambda: target
        self.waiting = sorted(faults, key=lambda fault: fault.at)
        self.chance = random.Random(seed)
        self.act = act or (lambda fault: None)
        self.happened: list[Fault] = []
        self.sent = self.connections = 0
        self.dark_until = self.slow_next = 0.0
        self._changed = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self.port = 0
        self._run(self.listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def wait_for_faults(self, count: int = 1) -> None:
        """Wait until so many faults have happened."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.happened) >= count, PATIENCE), self.happened

    # ---- in the loop

    async def listen(self) -> None:
        """Listen, at the port of before where there was one."""
        listening = socket.create_server(("127.0.0.1", self.port))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listening, limit=PIECE)

    def refuse(self, seconds: float) -> None:
        """Listen no more, and again after a while."""
        self._server.close()
        self._tasks.add(asyncio.create_task(self._listen_after(seconds)))

    async def _listen_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.listen()

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._answer_late()
            service = await asyncio.open_connection(*self.target(), limit=PIECE)
            await _Link(self, (reader, writer), service).run()
        except OSError:  # nobody is there
            _reset(writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _answer_late(self) -> None:
        wait, self.slow_next = self.slow_next, 0.0
        await asyncio.sleep(max(wait, self.dark_until - self._loop.time()))

    def next_fault(self, count: int) -> Fault | None:
        """Return what happens within the next so many bytes from a client, if anything does."""
        return next((fault for fault in self.waiting if fault.at <= self.sent + count), None)

    def note(self, fault: Fault) -> None:
        """Note that a fault has happened."""
        with self._changed:
            self.happened.append(fault)
            self._changed.notify_all()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection through the proxy; it ends with the client's end, or by a fault."""

    def __init__(self, proxy: FaultProxy, client: Ends, service: Ends) -> None:
        self.proxy = proxy
        self.client, self.to_client = client
        self.service, self.to_service = service
        self.frames = FrameEdges()
        self.code = 0
        self.rate = self.delay = 0.0
        self.slowed = self.delayed = 0
        self.swallows = self.is_dark = False

    async def run(self) -> None:
        """Pass on until the client is gone or a fault has ended it."""
        down = asyncio.create_task(self._down())
        try:
            await self._up()
        except OSError:
            self.to_service.transport.abort()
        finally:
            down.cancel()
            self.to_service.close()
            self.to_client.close()

    # ---- from the client to the service: here the bytes are counted

    async def _up(self) -> None:
        named, real = (b"Host: 127.0.0.1:%d" % port for port in (self.proxy.port, self.proxy.target()[1]))
        while data := await self.client.read(PIECE):
            if data.startswith(b"GET "):  # the service wants to be called by its own port
                data = data.replace(named, real, 1)
            while data and not self.swallows:
                fault = self.proxy.next_fault(len(data))
                part = data if fault is None else data[: max(0, fault.at - self.proxy.sent)]
                self.proxy.sent += len(part)
                data = data[len(part) :]
                await self._pass(part)
                if fault in self.proxy.waiting:  # not one that came first on another connection
                    await self._happen(fault)
                    if fault.kind == "reset":
                        return

    async def _pass(self, part: bytes) -> None:
        await self._wait(len(part))
        if self.slowed > 0:
            self.slowed -= len(part)
            await asyncio.sleep(len(part) / self.rate)
        self.to_service.write(part)
        await self.to_service.drain()

    async def _wait(self, count: int) -> None:
        if self.delayed > 0:
            self.delayed -= count
            await asyncio.sleep(self.proxy.chance.uniform(0.0, self.delay))

    # ---- from the service to the client: a close frame stands between two frames

    async def _down(self) -> None:
        try:
            while data := await self.service.read(PIECE):
                await self._wait(len(data))
                for part in () if self.swallows else self.frames.split(data):
                    self.to_client.write(part)
                    if self.code and self.frames.is_between:
                        self._close()
                        break
                await self.to_client.drain()
        except ConnectionResetError:
            if not self.swallows:
                _reset(self.to_client)
        if not self.swallows:
            self.to_client.write_eof()

    def _close(self) -> None:
        """Send the close frame and end the service's side; what the client still sends is swallowed."""
        self.to_client.write(b"\x88\x02" + struct.pack("!H", self.code))
        self.code = 0
        self._end()

    # ---- what goes wrong

    async def _happen(self, fault: Fault) -> None:
        self.proxy.waiting.remove(fault)
        await getattr(self, f"_{fault.kind}_")(fault)
        self.proxy.note(fault)
        if self.is_dark:
            await asyncio.Event().wait()

    async def _act_(self, fault: Fault) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.proxy.act, fault)

    async def _throttle_(self, fault: Fault) -> None:
        self.rate, self.slowed = fault.amount, SPAN

    async def _delay_(self, fault: Fault) -> None:
        self.delay, self.delayed = fault.amount, SPAN

    async def _cut_(self, _: Fault) -> None:
        self._end()

    async def _slow_accept_(self, fault: Fault) -> None:
        self.proxy.slow_next = fault.amount
        self._end()

    async def _refuse_(self, fault: Fault) -> None:
        self.proxy.refuse(fault.amount)
        self._end()

    async def _reset_(self, _: Fault) -> None:
        self.swallows = True
        _reset(self.to_client)
        _reset(self.to_service)

    async def _close_(self, fault: Fault) -> None:
        self.code = int(fault.amount)
        if self.frames.is_between:
            self._close()

    async def _half_open_(self, _: Fault) -> None:
        self.swallows = True
        self.to_service.transport.abort()

    async def _black_hole_(self, fault: Fault) -> None:
        self.is_dark = True
        self.proxy.dark_until = asyncio.get_running_loop().time() + fault.amount
        for writer in (self.to_client, self.to_service):
            writer.transport.pause_reading()  # type: ignore[attr-defined]

    def _end(self) -> None:
        """End both sides by a FIN; until the client ends its own, what still comes is swallowed."""
        self.swallows = True
        self.to_service.write_eof()
        self.to_client.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a side by a RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


class FrameEdges:
    """Where in a service's bytes one WebSocket frame ends and the next begins.

    Examples
    --------
    >>> edges = FrameEdges()
    >>> [bytes(part) for part in edges.split(b"HTTP/1.1 101 Switching\\r\\n\\r\\n\\x81\\x02hi\\x81\\x03sh")]
    [b'HTTP/1.1 101 Switching\\r\\n\\r\\n', b'\\x81\\x02hi', b'\\x81\\x03sh']
    >>> edges.is_between
    False
    """

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._shaken = False

    @property
    def is_between(self) -> bool:
        """Whether the last byte was the last of a frame, or of the handshake."""
        return self._shaken and not self._head and not self._left

    def split(self, data: bytes) -> Iterator[bytes]:
        """Yield bytes in parts, each of which ends at an edge or where the bytes end."""
        while data:
            count = self._to_edge(data)
            yield data[:count]
            data = data[count:]

    def _to_edge(self, data: bytes) -> int:
        """Return how many of the bytes belong to the frame that is under way, and count them."""
        if not self._shaken:
            return self._shake(data)
        if not self._left:
            return self._begin(data)
        count = min(len(data), self._left)
        self._left -= count
        return count

    def _shake(self, data: bytes) -> int:
        text = self._head + data
        end = text.find(b"\r\n\r\n")
        if end < 0:
            self._head = text[-3:]
            return len(data)
        count = end + 4 - len(self._head)
        self._shaken, self._head = True, b""
        return count

    def _begin(self, data: bytes) -> int:
        """Take the head of a frame, which may come in two pieces."""
        text = self._head + data
        size = 2 + {126: 2, 127: 8}.get(text[1] & 0x7F if len(text) > 1 else 0, 0)
        if len(text) < size:
            self._head = text
            return len(data)
        length = text[1] & 0x7F
        length = int.from_bytes(text[2:size], "big") if size > 2 else length
        taken = size - len(self._head)
        self._head, self._left = b"", length
        count = min(len(data), taken + length)
        self._left -= count - taken
        return count
