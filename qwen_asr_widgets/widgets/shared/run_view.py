"""What the views of a sound or a recording have in common: feeds, throttle, requests and answers.

The way between kernel and page, for every view of this kind:

* Page to kernel: ``{kind: "hello"}`` when a view opens or has missed something, ``bye`` when it ends,
  ``tiles`` (ranges of a level of the pyramid) and ``audio`` (samples to play).
* Kernel to page: ``run`` (utterances, lanes, marks; a snapshot, or a patch on the version before), ``sound``
  (rate and length), ``tiles`` and ``grow`` (minima and maxima as int16), ``pcm`` (int16), ``score`` (int8),
  and ``show``, ``play``, ``pause`` as commands.

Answers go to every view of the widget: each takes what it needs. Until the first ``hello`` a run under way
is told whole once a second, so that a view that opens while a cell blocks the kernel is soon up to date.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ...audio.clip import AudioClip
from ...errors import SettingError
from .closing import close_whole
from ..microphone.microphone import LANGUAGES, free_of_subshell, kernel_is_live
from .throttle import Message, Throttle
from .run_feed import Lanes, RunFeed
from .sound_feed import Sound, SoundFeed
from .saved_output import SavedOutput

if TYPE_CHECKING:
    from ...recording import Recording

logger = logging.getLogger("qwen_asr_widgets")

KEYFRAME_PERIOD = 1.0
MAX_VIEWS = 64
OPENING_WAIT = 0.8
"""Seconds a cell waits for its view to open before the picture for the saved notebook is drawn."""

_names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def source_name(source: Any) -> str:
    """Return the name under which views of one page recognise the same recording or clip."""
    return _names.setdefault(source, uuid.uuid4().hex)


class RunView(SavedOutput, anywidget.AnyWidget):
    """Base of widgets that show a sound, a recording, or both.

    Parameters
    ----------
    recording : Recording or None
        Finished or growing.
    sound : AudioClip, Tape or None
        What is drawn and played; None for a view without sound.
    title : str
        What it is called.
    lanes : dict
        Turns by role, see `RunFeed`.
    lang : str
        ``"en"`` or ``"zh"``; empty takes the browser's language.
    height : int
        CSS pixels.
    save_outputs : bool
        Whether picture and transcript stay in the saved notebook.

    Raises
    ------
    SettingError
        ``lang`` is no language of the interface, or ``height`` is no height.
    """

    lang = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(96).tag(sync=True)
    selected = traitlets.Int(None, allow_none=True).tag(sync=True)
    static_id = traitlets.Unicode("").tag(sync=True)
    save_outputs = traitlets.Bool(True).tag(sync=True)
    _throttle: Throttle | None = None

    def __init__(
        self,
        recording: Recording | None,
        sound: Sound | None,
        *,
        title: str = "",
        lanes: Lanes | None = None,
        lang: str = "",
        height: int = 96,
        save_outputs: bool = True,
    ) -> None:
        if lang not in LANGUAGES:
            raise SettingError(f"lang is {lang!r}; give 'en', 'zh' or '' for the browser's language.", "lang")
        if not isinstance(height, int) or not 40 <= height <= 2_000:
            raise SettingError(f"height is {height!r}; give 40 to 2000 CSS pixels.", "height")
        super().__init__(lang=lang, height=height, static_id=self.new_static_id(), save_outputs=save_outputs)
        shown = recording if recording is not None else sound
        self.recording = recording
        self._title = title
        self._run = RunFeed(source_name(shown), recording, title, lanes)
        self._sound = SoundFeed(sound, source_name(shown)) if sound is not None else None
        self._views: set[str] = set()
        self._greeted = False
        self._opened = threading.Event()
        self._keyframe_at = 0.0
        self._telling = threading.RLock()
        self._throttle = Throttle(self._changes, self._tell, self._has_more)
        free_of_subshell(self)
        self.on_msg(self._take)
        self.observe(lambda change: self.refresh_static(), names="save_outputs")

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        sound = self._sound.opening(self._run.growing) if self._sound else []
        return [self._run.snapshot(), *sound]

    def _take(self, widget: Any, content: Any, buffers: Any) -> None:
        """Answer a view."""
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "hello":
            self._greet(str(content.get("view", "")))
        elif kind == "bye":
            self._views.discard(str(content.get("view", "")))
        elif self._sound is not None:
            self._tell_all(self._sound.answer(content))

    def _greet(self, view: str) -> None:
        self._greeted = True
        if len(self._views) < MAX_VIEWS:
            self._views.add(view)
        with self._telling:
            self._tell_all(self.opening())
        self._opened.set()
        self._follow()

    def _let_view_open(self) -> None:
        if kernel_is_live():
            self._opened.wait(OPENING_WAIT)

    def _follow(self) -> None:
        """Keep views up to date as long as there is more to come."""
        if self._run.growing and self._throttle is not None:
            self._throttle.start()

    def _on_displayed(self) -> None:
        self._follow()

    def _has_more(self) -> bool:
        if self.comm is None or (self._greeted and not self._views):
            return False
        if self._run.growing:
            return True
        self.refresh_static()
        return False

    def _changes(self) -> list[Message]:
        """Return what the throttle is to send: what changed, or all where no view has said hello yet."""
        with self._telling:
            now = time.monotonic()
            if not self._greeted and now - self._keyframe_at >= KEYFRAME_PERIOD:
                self._keyframe_at = now
                return self.opening()
            growth = self._sound.growth() if self._sound else []
            return [*self._run.changes(), *growth]

    def _tell_all(self, messages: list[Message]) -> None:
        for content, buffers in messages:
            self._tell(content, buffers)

    def _tell(self, content: dict[str, Any], buffers: list[Any]) -> None:
        self.send(content, buffers)

    def close(self) -> None:
        """Take the widget off the page and end its thread."""
        if self._throttle is not None:
            self._throttle.stop()
        close_whole(self)

    def static_title(self) -> str:
        """Return what is shown and how long it is."""
        name = self._title or (self.recording.info.name if self.recording is not None else "") or "Recording"
        sound = self._sound.sound if self._sound else None
        seconds = sound.duration if sound is not None else self.recording.duration if self.recording else 0.0
        return f"{name} ({seconds:.1f} s)"

    def static_ready(self) -> bool:
        """Tell whether the recording, if it is one, is over."""
        return not self._run.growing


def clip_title(clip: AudioClip) -> str:
    """Return a name worth showing: a file's, not ``"array"``."""
    return "" if clip.origin.name in ("array", "bytes") else clip.origin.name
