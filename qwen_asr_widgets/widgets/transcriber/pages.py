"""The pages of a transcriber as sources of sound: their microphone, clips they record, files they send."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..capture.capture import CaptureEvent, CaptureHeard, CaptureProblem, CaptureStarted
from ..capture.upload import FileArriving, FileOpened
from ..clip_recorder.clip_recorder import ClipRecorder
from ..microphone.microphone import Uplink, heard_state
from ..shared.throttle import Message

if TYPE_CHECKING:
    from ...audio.clip import AudioClip
    from .model import TranscriberModel

TOLD_EVERY = 4 << 20
"""Bytes after which a page is told at once; it waits when twice as many are not acknowledged."""

TOLD_AFTER = 0.1
"""Seconds after which fewer bytes are told too, for slow connections."""


class UploadProgress:
    """Decides which slices of a file are acknowledged to the page that sends it.

    Often enough for a progress bar that moves, and seldom enough for a fast connection, where slices come by
    the hundred.

    Examples
    --------
    >>> progress = UploadProgress()
    >>> [progress.tells(FileArriving("page", "a", held << 20, 9 << 20), 0.01 * held) for held in range(1, 6)]
    [True, False, False, False, True]
    """

    def __init__(self) -> None:
        self._upload = ""
        self._held = 0
        self._at = 0.0

    def tells(self, event: FileArriving, now: float) -> bool:
        """Tell whether this slice, which came at the monotonic time ``now``, is acknowledged."""
        same = event.upload == self._upload
        if same and event.held - self._held < TOLD_EVERY and now - self._at < TOLD_AFTER:
            return False
        self._upload, self._held, self._at = event.upload, event.held, now
        return True


class ClipFirst:
    """The choice to record a whole clip first and transcribe it then, and the recorder for it.

    The recorder is made when it is first wanted.

    Parameters
    ----------
    given : ClipRecorder or None
        A recorder that the user made: clips are then recorded from the start, and `close` leaves it open.
    lang : str
        See `ClipRecorder`.
    brought : callable
        Given each clip as it arrives.
    begun : callable
        Told when a page has begun to record a clip, or has said why it cannot.
    """

    def __init__(
        self, given: ClipRecorder | None, lang: str, brought: Callable[[AudioClip], None],
        begun: Callable[[], None],
    ) -> None:
        self.chosen = given is not None
        self.recorder: ClipRecorder | None = None
        self._lang = lang
        self._brought = brought
        self._begun = begun
        self._own = given is None
        if given is not None:
            self._use(given)

    @property
    def pending(self) -> bool:
        """Whether a clip is being recorded or on its way."""
        return self.recorder is not None and self.recorder.pending

    @property
    def problem(self) -> str:
        """Why the last clip did not come."""
        return self.recorder.problem if self.recorder is not None else ""

    def choose(self, chosen: bool) -> None:
        """Let Record record a clip first, or sound as it is spoken."""
        if chosen:
            self.make()
        self.chosen = chosen

    def make(self) -> None:
        """Have a recorder ready, also for pages whose kernel hears nothing while a cell runs."""
        if self.recorder is None:
            self._use(ClipRecorder(lang=self._lang))

    def state(self) -> dict[str, Any]:
        """Return what a view needs to record with it."""
        return {"clips": self.chosen, "clip_uid": self.recorder.uid if self.recorder is not None else ""}

    def close(self) -> None:
        """Close the recorder, if it was made here."""
        if self.recorder is not None and self._own:
            self.recorder.close()

    def _use(self, recorder: ClipRecorder) -> None:
        self.recorder = recorder
        recorder.on_clip(self._brought)
        recorder.uplink.subscribe(self._heard)

    def _heard(self, event: CaptureEvent) -> None:
        if isinstance(event, (CaptureStarted, CaptureProblem)):
            self._begun()


class Pages:
    """Asks pages to record, takes what they record and send, and tells each what concerns it alone.

    Kernel to page: ``call`` (who can record?), ``begin`` (to the first page that answered), ``halt``,
    ``hold`` and ``go`` to the page that records, ``heard`` says how much of its sound has come, ``refused``
    goes to one that may not record, ``taken`` and ``opened`` to one that sends a file.

    Parameters
    ----------
    model : TranscriberModel
        Given what is recorded and sent.
    uplink : Uplink
        The way of a page's sound to Python.
    clips : ClipFirst
        Recording first and transcribing then.
    tell : callable
        Sends the content of one message to all pages.
    tell_state : callable
        Tells all pages the state, where it has changed.

    Attributes
    ----------
    called : bool
        Whether a page was asked to record and none has begun, nor said why it cannot.
    """

    def __init__(
        self, model: TranscriberModel, uplink: Uplink, clips: ClipFirst,
        tell: Callable[[dict[str, Any]], None], tell_state: Callable[[], None],
    ) -> None:
        self.uplink = uplink
        self.clips = clips
        self.called = False
        self._model = model
        self._tell = tell
        self._tell_state = tell_state
        self._token = 0
        self._progress = UploadProgress()
        uplink.subscribe(self._hear)

    @property
    def recorder(self) -> str:
        """The page that records, empty where none does."""
        session = self.uplink.session
        return session.client if session is not None and session.state != "ended" else ""

    @property
    def awaited(self) -> bool:
        """Whether a page is still to begin a recording, or to bring a clip."""
        return self.called or self.clips.pending

    def state(self) -> dict[str, Any]:
        """Return the part of the view's state that says which page records, and whether it can be reached."""
        beside, session = self.uplink.hears_beside_cells, self.uplink.session
        away = session is not None and session.away
        return {**self.clips.state(), "recorder": self.recorder, "away": away, "beside_cells": beside}

    # ---- recording

    def call(self) -> None:
        """Ask the pages to record; those that open later are asked too."""
        self._token += 1
        self.called = True
        for content, _ in self.welcome():
            self._tell(content)

    def welcome(self) -> list[Message]:
        """Return the messages for a page that has just opened: the request to record, if there is one."""
        return [({"kind": "call", "token": self._token}, [])] if self.called else []

    def let_record(self, view: str, token: int) -> None:
        """Let the first view that answers record."""
        if self.called and token == self._token:
            self._token += 1
            self._tell({"kind": "begin", "view": view})

    def answered(self) -> None:
        """Note that a page has begun to record, or cannot."""
        self.called = False

    def halt(self) -> None:
        """End the recording of the page that records, also where it is away; no page is asked any more."""
        self.called = False
        self._tell({"kind": "halt"})
        session = self.uplink.session
        if session is not None and session.away:
            self.uplink.inbox.give_up()

    def hold(self) -> None:
        """Let the page that records pause."""
        self._tell({"kind": "hold"})

    def go_on(self) -> None:
        """Let the page that records go on."""
        self._tell({"kind": "go"})

    # ---- what they send

    def _hear(self, event: CaptureEvent) -> None:
        try:
            self._take(event)
        finally:  # and not before: until its run has begun, only this says that something is to come
            if isinstance(event, (CaptureStarted, CaptureProblem)):
                self.answered()

    def _take(self, event: CaptureEvent) -> None:
        if isinstance(event, CaptureProblem) and not event.shown:
            about = {"client": event.client, "code": event.code, "detail": event.detail}
            self._tell({"kind": "refused", **about})
        if isinstance(event, CaptureHeard):
            self._tell({"kind": "heard", **heard_state(self._model.safe(event))})
        elif isinstance(event, FileArriving):
            if self._progress.tells(event, time.monotonic()):
                self._tell_of(event, "taken", bytes=event.held)
        elif isinstance(event, FileOpened):
            self._open(event)
        else:
            self._model.hear(event)

    def _open(self, file: FileOpened) -> None:
        self._tell_of(file, "taken", bytes=len(file.data))
        try:
            self._model.open(file)
            self._tell_state()
        finally:  # after the state: what the page shows next is what came of it
            self._tell_of(file, "opened")

    def _tell_of(self, file: FileArriving | FileOpened, kind: str, **more: int) -> None:
        self._tell({"kind": kind, "client": file.client, "upload": file.upload, **more})

    def close(self) -> None:
        """Let microphone and clip recorder go."""
        self.uplink.close()
        self.clips.close()
