"""What ends a run from outside: SIGTERM, as ``kill``, ``timeout``, containers and systemd send it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM break a run off as Ctrl-C does: what came is written, the service's processes end.

    Also a decorator. In threads other than the main one, which take no signals, it changes nothing.

    Examples
    --------
    >>> with sigterm_as_ctrl_c():
    ...     signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    True
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
