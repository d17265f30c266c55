"""The transcriber as its views see it: what they ask for, and what they are told."""

from __future__ import annotations

import threading
import time
from typing import Any

import ipywidgets
import traitlets

from ...audio.tape import Tape
from ...audio.units import SAMPLE_RATE
from ...errors import QawError
from ...protocol.config import SessionConfig
from ..capture import capture
from ..capture.upload import FileArriving, FileOpened
from ..microphone.microphone import Microphone
from ..shared.throttle import Message, Throttle
from ..shared.run_feed import RunFeed
from ..shared.run_view import RunView, source_name
from ..shared.sound_feed import SoundFeed
from .arrivals import Arrivals
from .clips import ClipWay
from .commands import COMMANDS
from .model import Desk
from .endpoints import EndpointChoice
from .notices import notice_of
from .save import transcriber_html
from .state import LiveFeed, desk_state, figures, other_state
from ..capture.uplink import Uplink

LOOK = 0.1
"""Seconds between two looks at what nobody announces: what is behind, what a page has lost."""


class DeskView(RunView):
    """Shows what lies on a `Desk` and passes on what is asked for.

    Beside the messages of `RunView` the kernel sends ``state`` (what `desk_state` says), ``other`` (the
    run before), ``saved`` (a slice of a file), ``call``, ``begin``, ``halt``, ``hold``, ``go`` to the page
    that records, ``refused`` to one that may not, and ``taken`` and ``opened`` to one that sends a file.
    What a page may ask for stands in `COMMANDS`.

    Parameters
    ----------
    choice, config, pace, turn_taking
        See `Desk`.
    clips : ClipWay
        Recording first and transcribing then.
    **shown
        See `RunView`.
    """

    uplink = traitlets.Instance(Microphone).tag(sync=True, **ipywidgets.widget_serialization)
    uid = traitlets.Unicode().tag(sync=True)
    live_while_busy = traitlets.Bool().tag(sync=True)
    _desk: Desk | None = None

    @traitlets.default("uplink")
    def _new_uplink(self) -> Uplink:
        return Uplink(lang=self.lang)

    @traitlets.default("uid")
    def _uid_of_uplink(self) -> str:
        return str(self.uplink.uid)

    @traitlets.default("live_while_busy")
    def _live_as_uplink(self) -> bool:
        return bool(self.uplink.live_while_busy)

    def __init__(
        self, choice: EndpointChoice, config: SessionConfig, pace: float | None, clips: ClipWay,
        turn_taking: str, **shown: Any,
    ) -> None:
        super().__init__(None, Tape(SAMPLE_RATE), **shown)
        self.clips = clips
        if not self.live_while_busy:
            clips.make()
        self._sound = None
        self._told: dict[str, Any] = {}
        self._call = 0
        self._called = False
        self._counted: tuple[Any, dict[str, Any]] = (None, {})
        self._endpoint_told = choice.state()
        self._saving = threading.Lock()
        self._arrivals = Arrivals()
        throttle = self._throttle = Throttle(self._changes, self._tell, self._has_more, period=LOOK)
        self._desk = Desk(choice, config, pace, self._shown, throttle.wake, turn_taking)
        self.uplink.subscribe(self._heard)

    @property
    def desk(self) -> Desk:
        """What the widget works with."""
        assert self._desk is not None
        return self._desk

    @property
    def active(self) -> bool:
        """Whether sound or answers are still to come."""
        return self._desk is not None and self._desk.active

    # ---- what lies on the desk, and what the page that records says

    def _shown(self) -> None:
        """Follow what lies on the desk now, and tell the views."""
        desk = self.desk
        with self._telling:
            self.recording, self._title = desk.recording, desk.sound.title
            shown: Any = desk.recording if desk.recording is not None else desk.sound.clip
            source = source_name(shown)
            if desk.recording is not None:
                self._run = LiveFeed(source, desk.recording, desk.live)
            else:
                self._run = RunFeed(source, None, desk.sound.title)
            self._sound = SoundFeed(desk.recording.tape if desk.recording is not None else shown, source)
            self._counted = (None, {})
            if self._views:
                self._tell_all(self.opening())
        self._follow()

    def _heard(self, event: capture.CaptureEvent) -> None:
        try:
            self._pass_on(event)
        finally:  # and not before: until its run has begun, only this says that something is to come
            if isinstance(event, (capture.CaptureStarted, capture.CaptureProblem)):
                self._called = False

    def _pass_on(self, event: capture.CaptureEvent) -> None:
        if isinstance(event, capture.CaptureProblem) and not event.shown:
            told = {"kind": "refused", "client": event.client, "code": event.code, "detail": event.detail}
            self._tell(told, [])
        if isinstance(event, FileArriving):
            if self._arrivals.tells(event, time.monotonic()):
                self._tell_of(event, "taken", bytes=event.held)
        elif isinstance(event, FileOpened):
            self._tell_of(event, "taken", bytes=len(event.data))
            try:
                self.desk.open(event)
                self._tell_state()
            finally:  # after the state: what the page shows next is what came of it
                self._tell_of(event, "opened")
        else:
            self.desk.hear(event)

    def _tell_of(self, file: FileArriving | FileOpened, kind: str, **more: int) -> None:
        self._tell({"kind": kind, "client": file.client, "upload": file.upload, **more}, [])

    # ---- the views

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        self._told = self._state()
        other = self.desk.other
        earlier: list[Message] = [] if other is None else [(other_state(other, self._run.source), [])]
        shown = super().opening() if self._sound is not None else []
        return [({"kind": "state", **self._told}, []), *shown, *earlier]

    def _take(self, widget: Any, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        command = COMMANDS.get(str(kind))
        if command is None:
            if kind == "hello":
                self._endpoint_told = self.desk.choice.state()
            super()._take(widget, content, buffers)
            if kind == "hello" and self._called:
                self._tell({"kind": "call", "token": self._call}, [])
            return
        try:
            command(self, content, buffers)
        except QawError as problem:
            self.desk.notice = notice_of(problem)
        self._endpoint_told = self.desk.choice.state()
        self._tell_state()

    # ---- what they are told

    def _follow(self) -> None:
        if self.active and self._throttle is not None:
            self._throttle.start()

    def _has_more(self) -> bool:
        if self.comm is None:
            return False
        if self.active:
            return True
        self.refresh_static()
        return False

    def _changes(self) -> list[Message]:
        self.desk.look_for_errors()
        if self._greeted and not self._views:
            return []
        with self._telling:
            return [*self._state_changes(), *super()._changes()]

    def _tell_state(self) -> None:
        self.desk.look_for_errors()
        with self._telling:
            self._tell_all(self._state_changes())

    def _state_changes(self) -> list[Message]:
        state = self._state()
        if state == self._told:
            return []
        self._told = state
        return [({"kind": "state", **state}, [])]

    def _state(self) -> dict[str, Any]:
        session = self.uplink.session
        ours = {
            "endpoint": self._endpoint_told, "figures": self._figures(),
            "recorder": session.client if session is not None and session.state != "ended" else "",
            "beside_cells": self.uplink.hears_beside_cells,
        }
        return {**desk_state(self.desk), **self.clips.state(), **ours}

    def _figures(self) -> dict[str, Any]:
        """Return the figures of the foot, taken anew only when an utterance has changed."""
        if self.recording is None:
            return {}
        utterances = self.recording.utterances
        key = (
            len(utterances), sum(one.status == "final" for one in utterances),
            sum(one.ended_by is not None for one in utterances),
        )
        if key != self._counted[0]:
            self._counted = (key, figures(self.recording))
        return self._counted[1]

    # ---- the saved notebook

    def static_html(self) -> str:
        """Return the picture and the transcript, or what there was to hear."""
        return transcriber_html(self.recording, self.desk.sound.clip, self.static_title())

    def static_ready(self) -> bool:
        """Tell whether no run is under way."""
        return not self.active

    def refresh_static(self) -> None:
        """Bring the saved output up to date; of two threads that want to, one waits for the other."""
        with self._saving:
            super().refresh_static()
