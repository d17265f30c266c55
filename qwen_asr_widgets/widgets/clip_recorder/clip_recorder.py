"""Record a clip first, transcribe it then: a thin layer over ipywebrtc's recorder."""

from __future__ import annotations

import contextvars
import importlib.util
import logging
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import traitlets
from ipywidgets.widgets.trait_types import CByteMemoryView

from ...audio.clip import AudioClip
from ...arguments import checked_keywords
from ...errors import QawError
from ..capture.capture import CaptureEnded, CaptureEvent, CaptureProblem
from ..capture.messages import StartMessage, StopMessage
from ..capture.upload import FileOpened
from ..microphone.microphone import Microphone, Uplink
from ..shared.assets import css, esm
from ..shared.comm import close_whole, free_of_subshell
from ..shared.commands import MessageError, read_message
from ..shared.locales import checked_lang, strings
from ..shared.view_widget import BaseWidget

logger = logging.getLogger("qwen_asr_widgets")

ARRIVAL_TIMEOUT = 8.0
"""Seconds to wait for the sound after the stop; it takes 0.03 to 0.14 s where nothing is wrong."""

BEGINNING_AND_END = {"start": StartMessage, "stop": StopMessage}

UNPROCESSED = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}


class ClipSound(ipywidgets.Audio):
    """Where a clip arrives. What came from a page is not sent back to it: a clip has up to 10 MB."""

    value = CByteMemoryView().tag(sync=True, echo_update=False)


@checked_keywords
class ClipRecorder(BaseWidget):
    """Record a clip of up to ten minutes in the browser; the sound comes to Python whole after the stop.

    The page starts and stops by itself, also while a cell runs, and ends a clip at ten minutes, past which a
    message would be too large to arrive. Nothing is played: neither the microphone while it records nor the
    clip afterwards. Needs PyAV, which decodes it (extra ``media``). For live recognition use `Microphone`.

    Parameters
    ----------
    lang : str
        ``"en"`` or ``"zh"``, the language of the labels; empty takes the browser's.
    arrival_timeout : float
        Seconds to wait for the sound after the stop until that counts as a failure.

    Attributes
    ----------
    clip : AudioClip or None
        The last recording, its channels averaged, or the file opened instead.
    problem : str
        Why there is no clip, as shown; empty when nothing is wrong.

    Raises
    ------
    SettingError
        ``lang`` is no language of the interface.

    Examples
    --------
    >>> recorder = ClipRecorder()
    >>> recorder                          # doctest: +SKIP
    >>> recorder.clip is None
    True
    """

    _esm = esm("clip_recorder/clip_recorder.js")
    _css = css("clip_recorder/clip_recorder.css")
    uid = traitlets.Unicode().tag(sync=True, internal=True)
    can_decode = traitlets.Bool().tag(sync=True, internal=True)
    uplink = traitlets.Instance(Microphone).tag(sync=True, internal=True, **ipywidgets.widget_serialization)
    recorder = traitlets.Instance(ipywidgets.Widget).tag(
        sync=True, internal=True, **ipywidgets.widget_serialization
    )
    _whole = False

    def __init__(self, *, lang: str = "", arrival_timeout: float = ARRIVAL_TIMEOUT) -> None:
        checked_lang(lang)
        uplink = Uplink(lang=lang)
        super().__init__(
            lang, uid=uplink.uid, uplink=uplink, recorder=_audio_recorder(),
            can_decode=importlib.util.find_spec("av") is not None,
        )
        self.clip: AudioClip | None = None
        self.problem = ""
        self.arrival_timeout = arrival_timeout
        self._arrived = threading.Event()
        self._due = False
        self._listeners: tuple[Callable[[AudioClip], None], ...] = ()
        for widget in (self, self.recorder, self.recorder.audio):
            free_of_subshell(widget)
        uplink.on_msg(self._in_order)
        uplink.subscribe(self._heard)
        self.recorder.audio.observe(self._take, "value")
        self._whole = True

    @property
    def recording(self) -> bool:
        """Whether a page records."""
        return self.uplink.state in ("recording", "paused")

    @property
    def pending(self) -> bool:
        """Whether a clip is being recorded or on its way."""
        return self._due

    def start(self) -> None:
        """Let the page that shows the widget record; of several tabs only one does."""
        self.send({"kind": "begin"})

    def stop(self) -> None:
        """Stop; the clip is there when the sound has arrived, a moment later."""
        self.send({"kind": "halt"})

    def on_clip(self, callback: Callable[[AudioClip], None]) -> None:
        """Call ``callback`` with every clip as it arrives."""
        self._listeners = (*self._listeners, callback)

    def _about(self) -> str:
        if self.recording:
            return "recording"
        return f"a clip of {self.clip.duration:.1f} s" if self.clip is not None else self.problem or "no clip"

    def close(self) -> None:
        """Take the recorder off the page and let the microphone go."""
        if self._whole:
            self._listeners = ()
            self._arrived.set()
            self.uplink.close()
            close_whole(self.recorder.audio, self.recorder.stream, self.recorder, self)

    # ---- what the page says

    def _in_order(self, _: Any, content: Any, __: Any) -> None:
        """Note beginning and end as they come in between the sounds themselves, before any thread does."""
        try:
            message = read_message(BEGINNING_AND_END, content)
        except MessageError:
            return  # anything else is read, and what is wrong logged, by the uplink's inbox
        if isinstance(message, StartMessage):
            self._arrived.clear()
            self._due, self.problem = True, ""
        elif self._due and not self._arrived.is_set():
            context = contextvars.copy_context()
            waiting = threading.Thread(target=context.run, args=(self._await,), name="qaw-clip", daemon=True)
            waiting.start()

    def _heard(self, event: CaptureEvent) -> None:
        if isinstance(event, FileOpened):
            self._load(event.data, event.name)
        elif isinstance(event, CaptureProblem):
            self._fail(event.code, event.detail)
            if not event.shown:
                told = {"kind": "refused", "client": event.client, "code": event.code}
                self.send({**told, "detail": event.detail})
        elif isinstance(event, CaptureEnded) and event.reason == "interrupted" and self._due:
            if event.session is self.uplink.session:  # not one that a reloaded page has replaced by another
                self._fail("reloaded", "")

    def _take(self, change: Any) -> None:
        """Decode what arrived, and let go of its bytes."""
        data = bytes(change["new"] or b"")
        if not data:
            return
        if self._load(data, ""):
            self.send({"kind": "arrived"})
        self.recorder.audio.value = b""

    def _load(self, data: bytes, name: str) -> bool:
        try:
            self.clip = AudioClip.load(data, channel="mean")
        except QawError as error:
            self._fail("unreadable", f"{name} {error}".strip())
            return False
        self.problem = ""
        for listener in self._listeners:
            listener(self.clip)
        self._due = False
        self._arrived.set()
        return True

    def _await(self) -> None:
        if not self._arrived.wait(self.arrival_timeout):
            self._fail("notarrived", "")

    def _fail(self, code: str, detail: str) -> None:
        words = strings(self.lang)
        told = [words.get(f"mic.problem.{code}", ""), words.get(f"mic.problem.{code}.text", ""), detail]
        self.problem = " ".join(filter(None, told))
        self._due = False
        self._arrived.set()
        logger.warning("%s", self.problem)
        self.send({"kind": "failed", "code": code, "detail": detail})


def _audio_recorder() -> Any:
    """Return ipywebrtc's recorder of the unprocessed microphone; what it records is not sent back to it."""
    from ipywebrtc import AudioRecorder, CameraStream

    stream = CameraStream(constraints={"audio": UNPROCESSED, "video": False})
    return AudioRecorder(stream=stream, audio=ClipSound(format="webm", controls=True))
