"""Workers by fork: a process that has loaded a recogniser copies itself for each session that wants a worker.

A fork takes some 40 ms where a start takes 0.2 s of CPU, with a large model more than a second; and what was
loaded before stays in memory once, as long as nobody writes to it. A process with several threads must not be
forked (a lock that another thread holds stays locked in the copy for ever), nor one with an open connection
(two sessions would send on it): where the recogniser has either, as Moonshine, Whisper and openai do, it is
not. Nor is it elsewhere than on Linux: the system libraries of macOS do not bear it, and Windows has none.

The control socket carries, to the process, one byte with three descriptors: the pipes from which a copy
reads commands, to which it writes results, and to which its stderr goes; and back, one `ANSWER` for each
copy that has begun and for each that has ended.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import socket
import stat
import struct
import sys
from asyncio import StreamReader
from typing import BinaryIO

from ...errors import RecognizerUnavailable

ANSWER = struct.Struct("!?ii")
"""Whether a copy has ended (else it has begun), its process id, and its exit code (negative: a signal's
number)."""

UNKNOWN_CODE = -1
"""Exit code of a copy whose end nobody could tell, because the process that made it has ended before."""


# ---- in the process that forks

def is_safe_to_fork(control: socket.socket) -> bool:
    """Return whether this process has one thread and no connection but ``control`` and its standard
    streams."""
    if sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1:
        return False
    own = {0, 1, 2, control.fileno()}
    return not any(_is_socket(int(name)) for name in os.listdir("/proc/self/fd") if int(name) not in own)


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:  # that of the listing itself, closed by now
        return False


def fork_on_request(control: socket.socket) -> tuple[BinaryIO, BinaryIO] | None:
    """Fork whenever the service asks for it: return the pipes in each copy, None in the original at the
    end."""
    requests = control.fileno()
    ends, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.collect()
    gc.freeze()  # a collection in a copy would write to, and so copy, all that is shared
    while True:
        ready, _, _ = select.select([requests, ends], [], [])
        if ends in ready:
            os.read(ends, 64)
            _tell_ended(control)
        if requests in ready:
            request, received, _, _ = socket.recv_fds(control, 1, 3)
            if not request:
                return None
            pid = os.fork()
            if pid == 0:
                return _become_worker(received, control, ends, wakes)
            _close(*received)
            control.sendall(ANSWER.pack(False, pid, 0))


def _become_worker(given: list[int], control: socket.socket, *others: int) -> tuple[BinaryIO, BinaryIO]:
    """Let go, in a copy, of what belongs to the original; return the pipes to work on."""
    commands, results, errors = given
    os.dup2(errors, 2)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    control.close()
    _close(errors, *others)
    return os.fdopen(commands, "rb"), os.fdopen(results, "wb")


def _tell_ended(control: socket.socket) -> None:
    """Tell the service of every copy that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        control.sendall(ANSWER.pack(True, pid, os.waitstatus_to_exitcode(status)))


# ---- in the service

class ForkedProcess:
    """A copy, with what is used of ``asyncio.subprocess.Process``.

    Parameters
    ----------
    pid : int
        Its process id.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        """Its exit code once it has ended."""
        return self._code.result() if self._code.done() else None

    def ended(self, code: int) -> None:
        """Note that it has ended."""
        if not self._code.done():
            self._code.set_result(code)

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        return await asyncio.shield(self._code)

    def kill(self) -> None:
        """End it at once."""
        if not self._code.done():
            os.kill(self.pid, signal.SIGKILL)


Copy = tuple[ForkedProcess, StreamReader, asyncio.WriteTransport, StreamReader]
"""A copy, and the streams of its results, of its commands and of its stderr."""


class ForkControl:
    """The service's end of the control socket of a process that forks."""

    def __init__(self) -> None:
        self._socket, self._theirs = socket.socketpair()
        self._socket.setblocking(False)
        self._begun: list[asyncio.Future[ForkedProcess]] = []
        self._running: dict[int, ForkedProcess] = {}
        self._rest = b""

    @property
    def theirs(self) -> int:
        """The descriptor of the other end, to be handed to the process that is started."""
        return self._theirs.fileno()

    def started(self) -> None:
        """Listen to the process, which now has its end."""
        self._theirs.close()
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    async def fork(self) -> Copy:
        """Have a copy made.

        Raises
        ------
        RecognizerUnavailable
            The process that was to be copied has ended.
        """
        (commands, tell), (hear, results), (read, errors) = os.pipe(), os.pipe(), os.pipe()
        try:
            process = await self._ask(commands, results, errors)
        except RecognizerUnavailable:
            _close(tell, hear, read)
            raise
        return process, await _reader(hear), await _writer(tell), await _reader(read)

    async def _ask(self, *given: int) -> ForkedProcess:
        """Ask for a copy that gets these descriptors, which are closed here."""
        begun: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(self._socket, [b"f"], given)
            self._begun.append(begun)
        except OSError:
            begun.set_exception(_has_ended())
        finally:
            _close(*given)
        return await begun

    def close(self) -> None:
        """Let the process end, which its copies outlive; what becomes of them is told no more."""
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        for begun in self._begun:
            if not begun.done():
                begun.set_exception(_has_ended())
        for process in self._running.values():
            process.ended(UNKNOWN_CODE)
        self._begun.clear()
        self._running.clear()

    def _read(self) -> None:
        try:
            data = self._socket.recv(4_096)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        data = self._rest + data
        whole = len(data) // ANSWER.size * ANSWER.size
        self._rest = data[whole:]
        for has_ended, pid, code in ANSWER.iter_unpack(data[:whole]):
            if not has_ended:
                self._note_begun(ForkedProcess(pid))
            elif pid in self._running:
                self._running.pop(pid).ended(code)

    def _note_begun(self, process: ForkedProcess) -> None:
        self._running[process.pid] = process
        begun = self._begun.pop(0)
        if not begun.done():
            begun.set_result(process)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _has_ended() -> RecognizerUnavailable:
    return RecognizerUnavailable("The recogniser did not start: its process has ended.")


async def _writer(descriptor: int) -> asyncio.WriteTransport:
    """Return what writes to a pipe."""
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(
        asyncio.BaseProtocol, os.fdopen(descriptor, "wb")
    )
    return transport


async def _reader(descriptor: int) -> StreamReader:
    """Return a stream that reads a pipe."""
    stream = StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb")
    )
    return stream
