"""The transcriber as its views see it: what they ask for, and what they are told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ...audio.tape import Tape
from ...audio.units import SAMPLE_RATE
from ...errors import QawError
from ...protocol.config import SessionConfig
from ..capture import capture
from ..capture.upload import FileArriving, FileOpened
from ..microphone.microphone import Microphone, Uplink
from ..shared.commands import Bare, Command, Commands
from ..shared.page_link import PageLink
from ..shared.saved_output import SavedOutput
from ..shared.shown import Shown, source_name
from ..shared.sound_messages import AudioRequest, TilesRequest
from ..shared.throttle import Message
from ..shared.view_widget import ViewWidget
from .arrivals import Arrivals
from .clips import ClipWay
from .commands import COMMANDS
from .model import Desk
from .endpoints import EndpointChoice
from .notices import notice_of
from .save import transcriber_html
from .state import LiveRunMessages, desk_state, figures, other_state

if TYPE_CHECKING:
    from ...recording import Recording

LOOK = 0.1
"""Seconds between two looks at what nobody announces: what is behind, what a page has lost."""


class DeskView(ViewWidget):
    """Shows what lies on a `Desk` and passes on what is asked for.

    Beside the messages of `Shown` the kernel sends ``state`` (what `desk_state` says), ``other`` (the
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
        See `ViewWidget`.
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
        saved = SavedOutput(
            lambda: self.shown.caption, self.static_html, lambda: not self.active, lambda: self.save_outputs
        )
        self.shown = Shown(None, Tape(SAMPLE_RATE))
        self._empty = True
        super().__init__(saved, **shown)
        self.clips = clips
        if not self.live_while_busy:
            clips.make()
        self._told: dict[str, Any] = {}
        self._call = 0
        self._called = False
        self._counted: tuple[Any, dict[str, Any]] = (None, {})
        self._endpoint_told = choice.state()
        self._arrivals = Arrivals()
        asked: Commands = {kind: Command(Bare, lambda message: None) for kind in COMMANDS}
        sound: Commands = {
            "tiles": Command(TilesRequest, lambda wanted: self.shown.tiles(wanted)),
            "audio": Command(AudioRequest, lambda wanted: self.shown.audio(wanted)),
        }
        self.page = PageLink(
            self, self, {**asked, **sound}, rested=saved.refresh, welcome=self._welcome, while_unseen=True,
            period=LOOK,
        )
        self.on_msg(self._take)
        self._desk = Desk(choice, config, pace, self._shown, self.page.throttle.wake, turn_taking)
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
        with self.page.order:
            sound: Any = desk.recording.tape if desk.recording is not None else desk.sound.clip
            run = None
            if desk.recording is not None:
                run = LiveRunMessages(source_name(desk.recording), desk.recording, desk.live)
            self.shown = Shown(desk.recording, sound, desk.sound.title, run=run)
            self._empty = False
            self._counted = (None, {})
            self.page.tell_opening()
        self.page.follow()

    def _heard(self, event: capture.CaptureEvent) -> None:
        try:
            self._pass_on(event)
        finally:  # and not before: until its run has begun, only this says that something is to come
            if isinstance(event, (capture.CaptureStarted, capture.CaptureProblem)):
                self._called = False

    def _pass_on(self, event: capture.CaptureEvent) -> None:
        if isinstance(event, capture.CaptureProblem) and not event.shown:
            told = {"kind": "refused", "client": event.client, "code": event.code, "detail": event.detail}
            self.page.tell(told, [])
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
        self.page.tell({"kind": kind, "client": file.client, "upload": file.upload, **more}, [])

    # ---- the views

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        self._told = self._state()
        other = self.desk.other
        earlier: list[Message] = [] if other is None else [(other_state(other, self.shown.run.source), [])]
        shown = [] if self._empty else self.shown.opening()
        return [({"kind": "state", **self._told}, []), *shown, *earlier]

    def changes(self) -> list[Message]:
        """Return what has changed since views were told last."""
        return [*self._state_changes(), *([] if self._empty else self.shown.changes())]

    @property
    def growing(self) -> bool:
        """Whether more is to come; looks for errors on the way, as no lock is held here."""
        self.desk.look_for_errors()
        return self.active

    @property
    def recording(self) -> Recording | None:
        """The present run, also while it grows."""
        return self.shown.recording

    def _welcome(self) -> list[Message]:
        """Return what a view is told that has just opened."""
        self._endpoint_told = self.desk.choice.state()
        call: list[Message] = [({"kind": "call", "token": self._call}, [])] if self._called else []
        return [*self.opening(), *call]

    def _take(self, widget: Any, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        command = COMMANDS.get(str(kind))
        if command is None:
            return
        try:
            command(self, content, buffers)
        except QawError as problem:
            self.desk.notice = notice_of(problem)
        self._endpoint_told = self.desk.choice.state()
        self._tell_state()

    # ---- what they are told

    def _tell_state(self) -> None:
        self.desk.look_for_errors()
        with self.page.order:
            self.page.tell_all(self._state_changes())

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
        return transcriber_html(self.recording, self.desk.sound.clip, self.shown.caption)
