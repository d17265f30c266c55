"""Work that takes a while, one piece after the other on a thread, so that the view stays alive."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable

from ...errors import QawError

logger = logging.getLogger("qwen_asr_widgets")


class Work:
    """Runs one task at a time on a thread of its own, in the context of the cell that began it.

    Parameters
    ----------
    failed : callable
        Told the sentence of what went wrong.

    Examples
    --------
    >>> work = Work(print)
    >>> work.start("count", lambda: print("done")) and work.join()
    done
    True
    """

    def __init__(self, failed: Callable[[str], object]) -> None:
        self._failed = failed
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self.name = ""

    @property
    def busy(self) -> bool:
        """Whether a task runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        """Whether the running task is to end early."""
        return self._cancelled.is_set()

    def start(self, name: str, task: Callable[[], object]) -> bool:
        """Begin a task; False where another still runs."""
        with self._lock:
            if self.busy:
                return False
            self._cancelled = threading.Event()
            self.name = name
            context = contextvars.copy_context()
            self._thread = threading.Thread(
                target=context.run, args=(self._run, task), name=f"qaw-tuner-{name}", daemon=True
            )
            self._thread.start()
            return True

    def cancel(self) -> None:
        """Ask the running task to end early."""
        self._cancelled.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the running task; False where it still runs."""
        with self._lock:  # a thread that is being started cannot be joined
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
        return not self.busy

    def _run(self, task: Callable[[], object]) -> None:
        try:
            task()
        except QawError as error:
            self._failed(str(error))
        except Exception as error:
            logger.exception("the tuner's %s failed", self.name)
            self._failed(f"{type(error).__name__}: {error}")
