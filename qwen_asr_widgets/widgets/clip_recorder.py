"""Record a clip first, transcribe it then: a thin layer over ipywebrtc's recorder."""

from __future__ import annotations

import contextvars
import html
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets

from ..audio.clip import AudioClip
from ..errors import AudioError, SettingError
from .assets import strings
from .closing import close_whole

logger = logging.getLogger("qwen_asr_widgets")

WARN_AFTER = 540.0
"""Seconds after which the widget warns."""

LONGEST = 600.0
"""Seconds a clip may safely have: at about 648 s its message exceeds 10 MiB and arrives empty."""

ARRIVAL_TIMEOUT = 8.0
"""Seconds to wait for the sound after the stop; it takes 0.03 to 0.14 s where nothing is wrong."""

TICK = 0.5


class ClipRecorder(ipywidgets.HBox):
    """Record a clip of up to ten minutes in the browser; the sound comes to Python after the stop.

    Nothing is played: neither the microphone while it records nor the clip afterwards. For live
    recognition use `Microphone`.

    Parameters
    ----------
    lang : str
        ``"en"`` or ``"zh"``, the language of the labels.
    arrival_timeout : float
        Seconds to wait for the sound after the stop until that counts as a failure.

    Attributes
    ----------
    clip : AudioClip or None
        The last recording, its channels averaged.
    problem : str
        Why there is no clip, as shown; empty when nothing is wrong.

    Examples
    --------
    >>> recorder = ClipRecorder()
    >>> recorder                          # doctest: +SKIP
    >>> recorder.clip is None
    True
    """

    _parts: tuple[ipywidgets.Widget, ...] = ()

    def __init__(self, *, lang: str = "en", arrival_timeout: float = ARRIVAL_TIMEOUT) -> None:
        from ipywebrtc import AudioRecorder, CameraStream

        if lang not in ("en", "zh"):
            raise SettingError(f"lang is {lang!r}; give 'en' or 'zh'.", "lang")
        self.clip: AudioClip | None = None
        self.problem = ""
        self.arrival_timeout = arrival_timeout
        self._words = strings(lang)
        unprocessed = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
        self._stream = CameraStream(constraints={"audio": unprocessed, "video": False})
        self._recorder = AudioRecorder(stream=self._stream)
        self._button = ipywidgets.Button(description=self._words["clip.record"], icon="circle")
        # A label would cut long messages off; this one wraps them, and gets them escaped.
        self._text = ipywidgets.HTML(layout={"flex": "1 1 240px"})
        self._say(self._words["clip.ready"])
        self._started_at: float | None = None
        self._listeners: tuple[Callable[[AudioClip], None], ...] = ()
        self._arrived = threading.Event()
        self._over = threading.Event()
        self._button.on_click(self._press)
        self._recorder.audio.observe(self._take, "value")
        self._parts = (self._recorder.audio, self._recorder, self._stream, self._button, self._text)
        super().__init__([self._button, self._text], layout={"flex_flow": "row wrap"})

    @property
    def recording(self) -> bool:
        """Whether the recorder was started and not stopped since."""
        return self._started_at is not None

    def start(self) -> None:
        """Start to record; does nothing while it records."""
        if self.recording:
            return
        self.problem = ""
        self._arrived.clear()
        self._over = threading.Event()
        self._started_at = time.monotonic()
        self._recorder.recording = True
        self._button.description, self._button.icon = self._words["clip.stop"], "stop"
        self._beside(self._count, self._over)

    def stop(self) -> None:
        """Stop; the clip is there when the sound has arrived, a moment later."""
        if self._started_at is None:
            return
        seconds, self._started_at = time.monotonic() - self._started_at, None
        self._over.set()
        self._say(self._words["clip.waiting"])
        self._recorder.recording = False
        self._button.description, self._button.icon = self._words["clip.record"], "circle"
        self._beside(self._await, seconds)

    def on_clip(self, callback: Callable[[AudioClip], None]) -> None:
        """Call ``callback`` with every clip as it arrives."""
        self._listeners = (*self._listeners, callback)

    def close(self) -> None:
        """Take the recorder off the page and let the microphone go."""
        self._started_at = None
        self._listeners = ()
        close_whole(*self._parts, self)

    def _press(self, _: Any) -> None:
        if self.recording:
            self.stop()
        else:
            self.start()

    def _beside(self, work: Callable[..., None], *arguments: Any) -> None:
        """Run something on a thread that may write traits: some kernels look for the cell in its context."""
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(work, *arguments), name="qaw-clip-recorder", daemon=True
        )
        thread.start()

    def _count(self, over: threading.Event) -> None:
        """Show the time until the stop, with a warning before the limit."""
        while not over.wait(TICK) and self._started_at is not None:
            seconds = time.monotonic() - self._started_at
            key = "clip.long" if seconds >= WARN_AFTER else "clip.recording"
            self._say(self._words[key].format(time=_clock(seconds)))

    def _take(self, change: Any) -> None:
        """Decode what arrived; empty bytes are what a failure in the browser looks like."""
        data = bytes(change["new"] or b"")
        if not data:
            return
        try:
            self.clip = AudioClip.load(data, channel="mean")
        except AudioError as error:
            self._fail(str(error))
        else:
            self.problem = ""
            self._say(self._words["clip.done"].format(time=_clock(self.clip.duration)))
            for listener in self._listeners:
                listener(self.clip)
        self._arrived.set()

    def _await(self, seconds: float) -> None:
        if self._arrived.wait(self.arrival_timeout) or self.recording:
            return
        key = "clip.large" if seconds >= LONGEST else "clip.nothing"
        self._fail(self._words[key].format(time=_clock(seconds)))

    def _say(self, text: str) -> None:
        self._text.value = html.escape(text, quote=False)

    def _fail(self, message: str) -> None:
        self.problem = message
        self._say(message)
        logger.warning("%s", message)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
