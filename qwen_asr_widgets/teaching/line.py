"""A line between a client and a service on this computer that is slow, or is cut: for experiments."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from ..arguments import checked_keywords, checked_number
from ..client.endpoints import Endpoint
from ..client.named_endpoints import resolve_endpoint
from ..errors import EndpointError

PIECE = 16_384
"""Bytes that are passed on at once."""

PATIENCE = 10.0
DELAYS = (0.0, 10.0)
"""Seconds that a line may be slow by."""


class LoopbackLine:
    """A TCP line through loopback to a service on this computer; it starts with ``with``.

    Parameters
    ----------
    endpoint : Endpoint or str, optional
        The service, on this computer: by default the embedded one.
    delay : float
        Seconds, 0 to 10, by which whatever passes comes later, in each direction.

    Attributes
    ----------
    endpoint : Endpoint
        What to connect to, inside the ``with``.
    connections : int
        How many were accepted.

    Raises
    ------
    EndpointError
        The service is not on this computer.
    SettingError
        The delay is out of its range.

    Examples
    --------
    >>> import qwen_asr_widgets as qaw
    >>> second = qaw.sample("conversation").clip[:1.0]
    >>> with LoopbackLine(qaw.embedded("script"), delay=0.2) as line:
    ...     recording = qaw.transcribe(second, line.endpoint, pace=None, progress=False)
    >>> recording.complete, line.connections
    (True, 1)
    """

    @checked_keywords
    def __init__(self, endpoint: Endpoint | str | None = None, *, delay: float = 0.0) -> None:
        self._service = resolve_endpoint(endpoint)
        if not self._service.is_loopback:
            raise EndpointError(f"A line leads to a service on this computer, not to {self._service.name}.")
        self.delay = checked_number("delay", delay, *DELAYS)
        self.connections = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="qaw-line", daemon=True)

    def __enter__(self) -> LoopbackLine:
        self._port = urlsplit(self._service.address).port or 80
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0, limit=PIECE))
        port = self._server.sockets[0].getsockname()[1]
        path = urlsplit(self._service.base_url).path
        self.endpoint = Endpoint(
            f"ws://127.0.0.1:{port}{path}", self._service.key(), self._service.model,
            name=f"{self._service.name}, by a line",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def cut(self) -> None:
        """Cut every connection there is, at once and in both directions; new ones are taken."""
        self._loop.call_soon_threadsafe(self._cut)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    # ---- in the loop

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _stop(self) -> None:
        self._server.close()
        self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.connections += 1
        service, to_service = await asyncio.open_connection("127.0.0.1", self._port, limit=PIECE)
        self._open |= {to_client, to_service}
        with suppress(asyncio.CancelledError, OSError):
            await asyncio.gather(self._pass(client, to_service), self._pass(service, to_client))
        self._open -= {to_client, to_service}
        for writer in (to_client, to_service):
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes, each piece so much later; an end is passed on too."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.create_task(self._send(waiting, writer))
        data = b"-"
        while data:
            try:
                data = await reader.read(PIECE)
            except OSError:
                data = b""
            waiting.put_nowait((self._loop.time() + self.delay, self._addressed(data)))
        await sending

    def _addressed(self, data: bytes) -> bytes:
        """Return a request as the service wants it: called by its own port."""
        if not data.startswith(b"GET "):
            return data
        mine = self._server.sockets[0].getsockname()[1]
        return data.replace(b"Host: 127.0.0.1:%d" % mine, b"Host: 127.0.0.1:%d" % self._port, 1)

    async def _send(self, waiting: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - self._loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()
