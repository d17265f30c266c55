"""What the service has answered to a stream so far, and waiting for it.

Of settings only the first answer is waited for here; which ``session.update`` any answer belongs to is found
by `protocol.session_settings`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConnectFailed, NotConnected, QawError, ServiceClosed, ServiceError, SessionLost
from ..protocol.events import ErrorEvent, ServerEvent, SessionFinished, SessionUpdated

PATIENCE = 12
"""How many times as long as a silent one a service may take for the settings that says what it does: 60 s."""


class Answers:
    """The service's answers: the reader thread reports them, callers wait for them.

    Parameters
    ----------
    service : str
        What messages call the service.

    Attributes
    ----------
    finished : bool
        Whether the service has answered everything.

    Examples
    --------
    >>> answers = Answers("the service")
    >>> answers.take(SessionFinished())
    >>> answers.await_finish(1.0, unsent=lambda: 0)
    >>> answers.finished
    True
    """

    def __init__(self, service: str) -> None:
        self.finished = False
        self._service = service
        self._changed = threading.Condition()
        self._answered = False
        self._closed = False
        self._events = 0
        self._refusal: Mapping[str, Any] | None = None
        self._failure: QawError | None = None

    @property
    def failed(self) -> bool:
        """Whether the session has ended before it was finished."""
        return self._failure is not None

    def raise_failure(self) -> None:
        """Raise what ended the session before it was finished, if anything did."""
        if self._failure is not None:
            raise self._failure

    # ---- what comes (reader thread)

    def take(self, event: ServerEvent) -> None:
        """Take an event that came."""
        with self._changed:
            self._events += 1
            if isinstance(event, SessionUpdated):
                self._answered = True
            elif isinstance(event, SessionFinished):
                self.finished = True
            elif isinstance(event, ErrorEvent):
                self._take_error(event.error)
            self._changed.notify_all()

    def _take_error(self, error: Mapping[str, Any]) -> None:
        """A ``server_error`` ends the session; any other refuses the settings if none were confirmed yet."""
        if error.get("type") == "server_error":
            self._failure = self._failure or ServiceError.from_wire(error)
        elif not self._answered:
            self._refusal = error

    def close(self, code: int | None, reason: str, wanted: bool) -> None:
        """Record the end of the connection: a failure, unless it was closed here or all was answered."""
        with self._changed:
            self._closed = True
            if not self.finished and not wanted and self._failure is None:
                self._failure = self._why_closed(code, reason)
            self._changed.notify_all()

    def _why_closed(self, code: int | None, reason: str) -> QawError:
        """Return the failure: refused settings are the cause, whatever the close frame says."""
        if self._refusal:
            return ServiceError.from_wire(self._refusal)
        said = "without a close frame" if code is None else f"code {code}"
        return ServiceClosed(
            f"{self._service} closed the connection before the session was finished "
            f"({said}{f', {reason!r}' if reason else ''}).", code=code, reason=reason,
        )

    # ---- waiting

    def await_settings(self, timeout: float) -> None:
        """Wait until the settings are confirmed; raise what came instead.

        Parameters
        ----------
        timeout : float
            Seconds without an event that are the end; `PATIENCE` times as many are it in any case. A service
            that loads its recogniser on a busy machine says so once a second.
        """
        end = time.monotonic() + PATIENCE * timeout
        with self._changed:
            while not self._is_settled and time.monotonic() < end:
                seen = self._events
                self._changed.wait_for(lambda: self._is_settled or self._events > seen, timeout)
                if self._events == seen:
                    break
            if self._refusal:
                raise ServiceError.from_wire(self._refusal)
            self.raise_failure()
            if not self._answered:
                raise self._unconfirmed(timeout)

    @property
    def _is_settled(self) -> bool:
        """Whether the settings were answered, or cannot be any more."""
        return bool(self._answered or self._refusal or self._failure or self._closed)

    def _unconfirmed(self, timeout: float) -> ConnectFailed:
        """Return the failure of a service that is silent; one that has spoken may be asked again."""
        problem = f"{self._service} took the connection but did not confirm the settings"
        if self._events:
            return ConnectFailed(f"{problem}: it, or its recogniser, seems to be busy.", cut_off=True)
        return ConnectFailed(
            f"{problem} within {timeout:g} s. Check that it speaks the Qwen-ASR-Realtime protocol."
        )

    def await_finish(self, timeout: float, unsent: Callable[[], int]) -> None:
        """Wait until everything is answered; ``timeout`` seconds without an event or a byte sent are the end.

        Parameters
        ----------
        timeout : float
            Seconds.
        unsent : callable
            Returns how many bytes still wait to be sent.
        """
        with self._changed:
            while True:
                progress = self._events, unsent()
                done = self._changed.wait_for(
                    lambda: self.finished or self._failure or self._closed, timeout
                )
                if self.finished:
                    return
                self.raise_failure()
                if self._closed:
                    raise NotConnected("The connection was closed here before the session was finished.")
                if not done and (self._events, unsent()) == progress:
                    raise SessionLost(
                        f"{self._service} did not finish: nothing came for {timeout:g} s after "
                        "session.finish."
                    )

    def await_end(self, timeout: float) -> None:
        """Wait until a failure or the end of the connection has been reported."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._closed, timeout)
