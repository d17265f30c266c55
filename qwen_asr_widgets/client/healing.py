"""Which lost connections may stand again by themselves, and which would be lost for the same reason again."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConnectFailed, NotConnected, OutboxFull, QawError, ServiceClosed, ServiceError

_REFUSALS = frozenset({1002, 1003, 1008, 1009, 1010, 3000, 3003})
"""Close codes that the next connection would meet again: the client is at fault, or has no right."""

_HEALING_1007 = ("traffic", "no response was generated", "idle")
_THROTTLED = ("rate limit", "try again later", "too many", "throttl", "quota")
_GIVEN_UP = "recognizer_unavailable"
"""Code with which the embedded service ends a session whose recogniser does not start, or dies repeatedly."""
_RENEWABLE = ("session expired", "session has expired", "maximum duration", "session limit")


def heals(error: QawError) -> bool:
    """Tell whether a connection that ended so may stand again by itself.

    Refused, reset, silent and throttled connections, broken TLS, a service that restarts or fails within, the
    end of a session's time: they heal. A wrong key, a model or path that is not there, refused settings, a
    recogniser that the service has given up and what the client did wrong do not.

    Examples
    --------
    >>> heals(ServiceClosed("closed", code=1011)), heals(ConnectFailed("no", status=401))
    (True, False)
    """
    if isinstance(error, ConnectFailed):
        return error.status is None or error.status == 429 or error.status >= 500
    if isinstance(error, ServiceClosed):
        return _close_heals(error.code, error.reason.lower())
    if isinstance(error, ServiceError):
        if error.code == _GIVEN_UP:
            return False
        return error.kind == "server_error" or is_throttled(error) or _says(error, _RENEWABLE)
    return isinstance(error, (NotConnected, OutboxFull))


def heals_at_first(error: QawError) -> bool:
    """Tell whether to try again although no connection stood yet.

    Where nothing listens, no name is known or no answer comes, the address is as likely to be wrong: that is
    said at once. Where somebody was there and cut it off, or said to come later, it is tried again.

    Examples
    --------
    >>> heals_at_first(ConnectFailed("nothing listens")), heals_at_first(ConnectFailed("wait", status=429))
    (False, True)
    """
    if isinstance(error, ConnectFailed):
        return heals(error) and (error.status is not None or error.cut_off)
    return heals(error)


def is_throttled(error: QawError) -> bool:
    """Tell whether the service has asked to come back later."""
    return getattr(error, "status", None) == 429 or _says(error, _THROTTLED)


def _close_heals(code: int | None, reason: str) -> bool:
    if code == 1007:
        return any(text in reason for text in _HEALING_1007)
    return code not in _REFUSALS


def _says(error: QawError, texts: Sequence[str]) -> bool:
    said = f"{error} {getattr(error, 'code', '')} {getattr(error, 'reason', '')}".lower()
    return any(text in said for text in texts)
