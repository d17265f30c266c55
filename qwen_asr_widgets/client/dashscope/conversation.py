"""The DashScope classes, drop-in: code for ``dashscope.audio.qwen_omni`` runs with the import changed.

Where the official class is silent or wrong for speech recognition this one is better without breaking it: see
`OmniRealtimeConversation`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, List, Optional, Union

from ...arguments import checked_keywords, suggestion
from ...errors import MissingKey, NotConnected, ServiceError, SessionLost, SettingError
from ...protocol.codec import encode_append_base64, new_event_id
from ..endpoints import (
    Endpoint, facts_of, find_dashscope_key, is_dashscope_url, missing_key_message, refuse_other_protocol,
    with_model,
)
from ..keys import find_key, sealed
from ..named_endpoints import resolve_endpoint
from ..websocket.connection import Connection
from ..websocket.shared_socket import NOT_CONNECTED
from .params import (
    AudioFormat, AudioFormatConfig, MultiModality, TranscriptionParams, TranslationParams, modality_values,
    session_fields,
)
from .service_rules import explain, sdk_headers, warn_of_useless
from .session_memory import SessionMemory

logger = logging.getLogger("qwen_asr_widgets")

DEFAULT_URL = "wss://dashscope.aliyuncs.com/api-ws/v1/realtime"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"


class OmniRealtimeCallback:
    """What a conversation calls; derive from it and override what you need.

    ``on_open`` runs on the thread that connects, the others on the connection's reader thread. What a
    callback raises is logged, and the session goes on.

    Examples
    --------
    >>> from typing import Any
    >>> class Show(OmniRealtimeCallback):
    ...     def on_event(self, message: Any) -> None:
    ...         print(message["type"])
    >>> Show().on_event({"type": "session.created"})
    session.created
    """

    def on_open(self) -> None:
        """The service has accepted the connection."""

    def on_close(self, close_status_code: Any, close_msg: Any) -> None:
        """The connection has ended; None means that no close frame came, or that it gave no reason."""

    def on_event(self, message: Any) -> None:
        """An event came: the parsed message, as a dict."""


def _fact(name: str, doc: str) -> Any:
    """Return a property that reads a fact of the session under the official class's attribute name."""
    return property(lambda self: getattr(self._memory, name), doc=doc)


@checked_keywords
class OmniRealtimeConversation:
    """One realtime session, by the names of the official SDK.

    Parameters
    ----------
    model : str
        Name of the model, e.g. ``"qwen3-asr-flash-realtime"``.
    callback : OmniRealtimeCallback
        Receives the events.
    headers : dict or None
        Further headers of the handshake.
    workspace : str or None
        DashScope workspace id.
    url : str or None
        Address without the model; None is DashScope's Beijing region.
    api_key : str or None
        The key; None looks it up when connecting (``qwen_asr_widgets.api_key``, ``DASHSCOPE_API_KEY``), for
        DashScope's own hosts by ``wss://`` alone.
    additional_params : object
        Taken and not used, as in the official class.
    endpoint : Endpoint or str or None
        Ours alone, instead of ``url``: where to, with its key, headers, authority and proxy. ``"embedded"``
        needs no key and no network; a region's name or a URL is taken as well.

    Raises
    ------
    SettingError
        Model or callback is missing, or both ``url`` and ``endpoint`` are given.

    Notes
    -----
    Better than the official class: `connect` says why it failed (`ConnectFailed`, a ``TimeoutError``) and
    does not poll; the key is read when connecting and is kept in no attribute; a raising callback does
    not disturb the session; `get_last_first_text_delay` also answers for speech recognition; a connection
    lost during `end_session` is reported at once; loopback never goes through a proxy.

    Examples
    --------
    Offline, by the embedded service (here with its recogniser that says what it is told to):

    >>> import base64
    >>> from typing import Any
    >>> import qwen_asr_widgets as qaw
    >>> class Show(qaw.OmniRealtimeCallback):
    ...     def on_event(self, message: Any) -> None:
    ...         if message["type"].endswith("transcription.completed"):
    ...             print(message["transcript"])
    >>> service = qaw.embedded("script", words=[(0.4, "good"), (0.8, "morning")])
    >>> conversation = qaw.OmniRealtimeConversation(
    ...     model="qwen3-asr-flash-realtime", callback=Show(), endpoint=service)
    >>> conversation.connect()
    >>> conversation.update_session([qaw.MultiModality.TEXT], enable_turn_detection=False)
    >>> conversation.append_audio(base64.b64encode(bytes(32_000)).decode())  # 1 s
    >>> conversation.commit()
    >>> conversation.end_session()
    good morning
    >>> conversation.close()
    >>> service.stop()

    In the cloud, where the key is looked up:

    >>> conversation = OmniRealtimeConversation("qwen3-asr-flash-realtime", OmniRealtimeCallback())
    >>> conversation.url
    'wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=qwen3-asr-flash-realtime'
    """

    def __init__(
        self,
        model: Any,
        callback: OmniRealtimeCallback,
        headers: Any = None,
        workspace: Any = None,
        url: Any = None,
        api_key: Optional[str] = None,
        additional_params: Any = None,
        *,
        endpoint: Union[Endpoint, str, None] = None,
    ) -> None:
        self._key = sealed(api_key)
        del api_key  # a traceback may show what a frame holds
        self._memory = SessionMemory()
        if model is None:
            raise SettingError("model is missing; name one, such as 'qwen3-asr-flash-realtime'.", "model")
        if callback is None:
            raise SettingError("callback is missing; pass an OmniRealtimeCallback.", "callback")
        if url is not None and endpoint is not None:
            raise SettingError("url and endpoint both say where to connect; give one of them.", "endpoint")
        self._endpoint = None if endpoint is None else self._own(resolve_endpoint(endpoint), model, workspace)
        if self._endpoint is None:
            self.url = f"{DEFAULT_URL if url is None else url}?model={model}"
        else:
            self.url = with_model(self._endpoint.url, self._endpoint.model)
        self.user_headers = headers
        self.user_workspace = workspace
        self.model = model
        self.config: dict[str, Any] = {}
        self.callback = callback
        self.ws: Connection | None = None
        self.thread: threading.Thread | None = None
        self.metrics: list[Any] = []
        self.disconnect_event: threading.Event | None = None
        self._disconnect_error: Any = None

    def __repr__(self) -> str:
        connection: Connection | None = vars(self).get("ws")  # a traceback may show it half made
        is_open = connection is not None and connection.is_open
        return f"<OmniRealtimeConversation {'connected' if is_open else 'not connected'}>"

    session_id = _fact("session_id", "The id of the session; None before ``session.created``.")
    last_message = _fact("last_message", "The newest event, a dict; None before the first.")
    last_response_id = _fact("last_response_id", "The id of the newest response; None where there was none.")
    last_response_create_time = _fact(
        "last_response_create_time", "Unix time in milliseconds from which delays are measured, or None."
    )
    last_first_text_delay = _fact("last_first_text_delay", "See `get_last_first_text_delay`.")
    last_first_audio_delay = _fact("last_first_audio_delay", "See `get_last_first_audio_delay`.")

    def _own(self, endpoint: Endpoint, model: Any, workspace: Any) -> Endpoint:
        """Return the endpoint with the conversation's model, and its key and workspace if it has any."""
        return replace(
            endpoint, model=str(model), api_key=self._key or endpoint.api_key,
            workspace=endpoint.workspace if workspace is None else workspace,
        )

    @property
    def apikey(self) -> str | None:
        """The key that would be sent now; it is looked up, not kept."""
        if self._endpoint is not None:
            try:
                return self._endpoint.key()
            except MissingKey:
                return None
        if is_dashscope_url(self.url):
            return find_dashscope_key(self.url, self._key)
        return find_key(self._key)

    # ---- connection

    def connect(self) -> None:
        """Connect, wait until the service has accepted (at most 5 s), then call ``on_open``.

        The process of an embedded service is started first where it does not run.

        Raises
        ------
        ConnectFailed
            A ``TimeoutError`` that names the cause: status, DNS, TLS, refused, no answer.
        MissingKey
            DashScope wants a key and there is none.
        EndpointError
            The model of DashScope speaks another protocol.
        """
        refuse_other_protocol(self.url, str(self.model))
        if is_dashscope_url(self.url) and not self.apikey:
            raise MissingKey(missing_key_message("DashScope", self.url))
        facts = facts_of(self.url, str(self.model)) if self._endpoint is None else self._endpoint.facts
        options: dict[str, Any] = {"upload_pace": facts.upload_pace_kB_s}
        if self._endpoint is not None:
            self.url = self._endpoint.address
            options |= {"ca_file": self._endpoint.ca_file, "proxy": self._endpoint.proxy}
        self.ws = Connection(self.url, self._request_headers, self._on_message, self._on_close, **options)
        self.ws.open()
        self.thread = self.ws.thread
        self.callback.on_open()

    def _request_headers(self) -> dict[str, str]:
        from ... import __version__

        ours = {"user-agent": f"qwen-asr-widgets/{__version__}", **sdk_headers()}
        headers = {**(self.user_headers or {}), **ours}
        if self._endpoint is not None:
            return {**headers, **self._endpoint.request_headers()}
        key = self.apikey
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if self.user_workspace:
            headers["X-DashScope-WorkSpace"] = self.user_workspace
        return headers

    def close(self) -> None:
        """Close the connection and wait until ``on_close`` was called; before `connect` it does nothing."""
        if self.ws is not None:
            self.ws.close()

    def _send(self, text: str) -> None:
        if self.ws is None:
            raise NotConnected(NOT_CONNECTED)
        self.ws.send(text)

    def _send_event(self, kind: str, **content: Any) -> None:
        warn_of_useless(kind, self.model)
        try:
            text = json.dumps({"event_id": new_event_id(), "type": kind, **content})
        except (TypeError, ValueError) as problem:
            raise SettingError(f"{kind} cannot be sent: {problem}.", next(iter(content), kind)) from None
        logger.debug("sent %s", text if len(text) < 2_000 else f"{kind} ({len(text)} characters)")
        self._send(text)

    # ---- what a client sends

    def update_session(
        self,
        output_modalities: List[MultiModality],
        voice: Optional[str] = None,
        input_audio_format: AudioFormat = AudioFormat.PCM_16000HZ_MONO_16BIT,
        output_audio_format: AudioFormat = AudioFormat.PCM_24000HZ_MONO_16BIT,
        enable_input_audio_transcription: bool = True,
        input_audio_transcription_model: Optional[str] = None,
        enable_turn_detection: bool = True,
        turn_detection_type: str = "server_vad",
        prefix_padding_ms: int = 300,
        turn_detection_threshold: float = 0.2,
        turn_detection_silence_duration_ms: int = 800,
        turn_detection_param: Optional[dict[str, Any]] = None,
        translation_params: Optional[TranslationParams] = None,
        transcription_params: Optional[TranscriptionParams] = None,
        input_audio_config: Optional[AudioFormatConfig] = None,
        output_audio_config: Optional[AudioFormatConfig] = None,
        input_video_representation_compact: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        """Send the settings of the session; every call sends all of them anew.

        Parameters
        ----------
        output_modalities : list of MultiModality
            ``[MultiModality.TEXT]`` for speech recognition.
        enable_turn_detection : bool
            False is manual mode: `commit` says where an utterance ends.
        turn_detection_threshold : float
            Score in [-1, 1] from which sound counts as speech; lower is more sensitive.
        turn_detection_silence_duration_ms : int
            Milliseconds of silence that close a turn, in [200, 6000].
        prefix_padding_ms : int
            Milliseconds reported before speech begins.
        transcription_params : TranscriptionParams
            Language, context, format and rate of a speech recognition session.
        input_audio_config, output_audio_config : AudioFormatConfig
            Formats in their newer place; the older ones, also of ``transcription_params``, are then left out.
        **kwargs
            Further keys of the ``session`` object; they win over all others. One that looks like a misspelt
            parameter is sent all the same, as the official class does, and a warning is logged.

        Raises
        ------
        SettingError
            A value of the wrong type; the message names the parameter.
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "kwargs")}
        _warn_of_misspelt(kwargs, given)
        self.config = {**session_fields(**given), **kwargs}
        self._send_event("session.update", session=self.config)

    def append_audio(self, audio_b64: str) -> None:
        """Send audio, base64 of the session's format.

        Raises
        ------
        SettingError
            It is no text.
        NotConnected
            Before `connect` or after the end.
        OutboxFull
            The network took nothing for 10 s.
        """
        _check(audio_b64, str, "audio_b64", "base64 text, as base64.b64encode(data).decode() makes it")
        if audio_b64.isascii() and not audio_b64.encode("ascii").translate(None, _BASE64):
            self._send(encode_append_base64(audio_b64))
        else:
            self._send(_append("input_audio_buffer.append", "audio", audio_b64))

    def append_video(self, video_b64: str) -> None:
        """Send one picture, base64; speech recognition has no use for it."""
        _check(video_b64, str, "video_b64", "base64 text, as base64.b64encode(data).decode() makes it")
        warn_of_useless("input_image_buffer.append", self.model)
        self._send(_append("input_image_buffer.append", "image", video_b64))

    def commit(self) -> None:
        """Manual mode: what was appended is one utterance."""
        self._send_event("input_audio_buffer.commit")

    def clear_appended_audio(self) -> None:
        """Throw away what was appended and not committed."""
        self._send_event("input_audio_buffer.clear")

    def create_item(self, item: dict[str, Any]) -> None:
        """Add an item to the conversation; speech recognition has no use for it."""
        _check(item, Mapping, "item", "a dict")
        self._send_event("conversation.item.create", item=item)

    def create_response(
        self,
        instructions: Optional[str] = None,
        output_modalities: Optional[List[MultiModality]] = None,
    ) -> None:
        """Ask for a response; speech recognition answers by itself."""
        response: dict[str, Any] = {"instructions": instructions}
        if output_modalities:
            response["modalities"] = modality_values(output_modalities)
        self._send_event("response.create", response=response)

    def cancel_response(self) -> None:
        """Cancel the response in progress; the service answers with an error where there is none."""
        self._send_event("response.cancel")

    def send_raw(self, raw_data: str) -> None:
        """Send any text as it is."""
        _check(raw_data, str, "raw_data", "text")
        logger.debug("sent raw text of %d characters", len(raw_data))
        self._send(raw_data)

    def end_session(self, timeout: int = 20) -> None:
        """Ask for what is pending and wait until the session has finished.

        Parameters
        ----------
        timeout : float
            Seconds to wait.

        Raises
        ------
        ServiceError
            An ``error`` event came instead (a ``RuntimeError``); the connection is closed.
        TimeoutError
            No answer in time, or (`SessionLost`) the connection ended; it is closed.
        """
        if timeout is not None:
            _check(timeout, (int, float), "timeout", "a number of seconds")
        if self.disconnect_event is not None:
            return
        ended = self.disconnect_event = threading.Event()
        self._disconnect_error = None
        try:
            self._send_event("session.finish")
            in_time = ended.wait(timeout)
        finally:
            error, self._disconnect_error, self.disconnect_event = self._disconnect_error, None, None
        if error is None and in_time:
            return
        self.close()
        if isinstance(error, SessionLost):
            raise error
        if error is not None:
            code, param = (error.get("code"), error.get("param")) if isinstance(error, dict) else (None, None)
            raise ServiceError(f"Session ended with error: {error}", code, param)
        raise TimeoutError(f"Session end timeout after {timeout} seconds")

    def end_session_async(self) -> None:
        """Ask for what is pending and return; close the connection yourself after ``session.finished``."""
        self._send_event("session.finish")

    # ---- what is known of the session

    def get_session_id(self) -> str:
        """Return the id of the session; None before ``session.created``."""
        return self.session_id

    def get_last_message(self) -> str:
        """Return the newest event, a dict; None before the first."""
        return self.last_message

    def get_last_response_id(self) -> str:
        """Return the id of the newest response; None where there was none."""
        return self.last_response_id

    def get_last_first_text_delay(self) -> Any:
        """Return milliseconds to the first text, or None.

        From ``response.created`` to its first text. In a speech recognition session to the first partial
        result with text (or the transcript, where none came before): from ``speech_started``, in manual mode
        from ``input_audio_buffer.committed``.
        """
        return self.last_first_text_delay

    def get_last_first_audio_delay(self) -> Any:
        """Return milliseconds from ``response.created`` to its first audio, or None."""
        return self.last_first_audio_delay

    # ---- what the service sends (reader thread)

    def _on_message(self, message: str | bytes) -> None:
        if not isinstance(message, str):
            logger.error("a binary message of %d bytes came; the protocol has none", len(message))
            return
        logger.debug("received %s", message[:1024])
        try:
            event = json.loads(message)
        except ValueError:
            logger.error("a message came that is not JSON: %.200r", message)
            return
        kind = self._memory.take(event)
        if kind == "error":
            explain(event.get("error"))
        try:
            self.callback.on_event(event)
        finally:
            if self.disconnect_event is not None and kind in ("session.finished", "error"):
                self._disconnect_error = event.get("error") if kind == "error" else None
                self.disconnect_event.set()

    def _on_close(self, code: int | None, reason: str) -> None:
        ended = self.disconnect_event
        if ended is not None and not ended.is_set():
            self._disconnect_error = SessionLost(
                f"The service closed the connection (code {code}) before the session had finished."
            )
            ended.set()
        self.callback.on_close(code, reason or None)


def _check(value: Any, kind: Any, name: str, expected: str) -> None:
    """Raise `SettingError` unless an argument is of its type."""
    if not isinstance(value, kind):
        raise SettingError(f"{name} must be {expected}, not {type(value).__name__}.", name)


def _warn_of_misspelt(kwargs: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in kwargs:
        hint = suggestion(name, known)
        if hint:
            logger.warning("update_session has no parameter %r%s It is sent as a setting.", name, hint)


def _append(kind: str, name: str, text: str) -> str:
    """Return an append whose text may need escaping."""
    return json.dumps({"event_id": new_event_id(), "type": kind, name: text})


__all__ = ["OmniRealtimeCallback", "OmniRealtimeConversation"]
